/* SPDX-License-Identifier: MIT */
/* Messages and fields of the FIT profile that carry a person's data: one table per
 * message, one row per field. Scale and offset follow the profile's rule value = raw /
 * scale - offset. Session and lap share most names under different numbers, so each
 * keeps its own table. Not here: settings of devices, course points, menus, and
 * everything else nobody would look up in a health record. */
#include "codec/fit_profile.h"
#define COUNT(a) (sizeof(a) / sizeof *(a))
/* clang-format off: rows of tables, as many to a line as fit */
#define N(num, name) {num, SW_FIT_NUM, 1, 0, name, NULL}
#define S(num, name, scale) {num, SW_FIT_NUM, scale, 0, name, NULL}
#define ALT(num, name) {num, SW_FIT_NUM, 5, 500, name, NULL}
#define T(num, name) {num, SW_FIT_TIME, 1, 0, name, NULL}
#define L(num, name) {num, SW_FIT_LOCAL, 1, 0, name, NULL}
#define E(num, name, names) {num, SW_FIT_ENUM, 1, 0, name, &names}
#define X(num, name) {num, SW_FIT_TEXT, 1, 0, name, NULL}
#define D(num, name) {num, SW_FIT_DEGREES, 1, 0, name, NULL}

static const struct sw_fit_field file_id[] = {
    E(0, "type", sw_fit_file_types), E(1, "manufacturer", sw_fit_makers), N(2, "product"),
    N(3, "serial_number"), T(4, "time_created"), N(5, "number"), X(8, "product_name")};

static const struct sw_fit_field user_profile[] = {
    X(0, "friendly_name"), E(1, "gender", sw_fit_genders), N(2, "age"), S(3, "height", 100),
    S(4, "weight", 10), N(8, "resting_heart_rate"), N(11, "default_max_heart_rate"),
    N(22, "local_id")};

static const struct sw_fit_field sport[] = {
    E(0, "sport", sw_fit_sports), E(1, "sub_sport", sw_fit_sub_sports), X(3, "name")};

static const struct sw_fit_field session[] = {
    E(0, "event", sw_fit_events), E(1, "event_type", sw_fit_event_types),
    T(2, "start_time"),
    D(3, "start_position_lat"), D(4, "start_position_long"), E(5, "sport", sw_fit_sports),
    E(6, "sub_sport", sw_fit_sub_sports), S(7, "total_elapsed_time", 1000),
    S(8, "total_timer_time", 1000), S(9, "total_distance", 100), N(10, "total_cycles"),
    N(11, "total_calories"), N(13, "total_fat_calories"), S(14, "avg_speed", 1000),
    S(15, "max_speed", 1000), N(16, "avg_heart_rate"), N(17, "max_heart_rate"),
    N(18, "avg_cadence"),
    N(19, "max_cadence"), N(20, "avg_power"), N(21, "max_power"), N(22, "total_ascent"),
    N(23, "total_descent"), S(24, "total_training_effect", 10), N(25, "first_lap_index"),
    N(26, "num_laps"), E(28, "trigger", sw_fit_session_triggers), N(33, "num_lengths"),
    N(34, "normalized_power"), S(35, "training_stress_score", 10),
    S(36, "intensity_factor", 1000),
    D(38, "end_position_lat"), D(39, "end_position_long"), S(41, "avg_stroke_count", 10),
    S(42, "avg_stroke_distance", 100), E(43, "swim_stroke", sw_fit_strokes),
    S(44, "pool_length", 100),
    N(45, "threshold_power"), N(47, "num_active_lengths"), N(48, "total_work"),
    ALT(49, "avg_altitude"),
    ALT(50, "max_altitude"), N(57, "avg_temperature"), N(58, "max_temperature"),
    S(59, "total_moving_time", 1000), N(64, "min_heart_rate"), ALT(71, "min_altitude"),
    S(92, "avg_fractional_cadence", 128), S(93, "max_fractional_cadence", 128),
    X(110, "sport_profile_name"), N(111, "sport_index"), S(124, "enhanced_avg_speed", 1000),
    S(125, "enhanced_max_speed", 1000), ALT(126, "enhanced_avg_altitude"),
    ALT(127, "enhanced_min_altitude"), ALT(128, "enhanced_max_altitude"),
    S(137, "total_anaerobic_training_effect", 10), N(147, "avg_respiration_rate"),
    N(148, "max_respiration_rate"), N(149, "min_respiration_rate"),
    S(168, "training_load_peak", 65536),
    S(169, "enhanced_avg_respiration_rate", 100),
    S(170, "enhanced_max_respiration_rate", 100),
    S(180, "enhanced_min_respiration_rate", 100)};

static const struct sw_fit_field lap[] = {
    E(0, "event", sw_fit_events), E(1, "event_type", sw_fit_event_types),
    T(2, "start_time"),
    D(3, "start_position_lat"), D(4, "start_position_long"), D(5, "end_position_lat"),
    D(6, "end_position_long"), S(7, "total_elapsed_time", 1000),
    S(8, "total_timer_time", 1000),
    S(9, "total_distance", 100), N(10, "total_cycles"), N(11, "total_calories"),
    N(12, "total_fat_calories"), S(13, "avg_speed", 1000), S(14, "max_speed", 1000),
    N(15, "avg_heart_rate"), N(16, "max_heart_rate"), N(17, "avg_cadence"),
    N(18, "max_cadence"),
    N(19, "avg_power"), N(20, "max_power"), N(21, "total_ascent"), N(22, "total_descent"),
    E(24, "lap_trigger", sw_fit_lap_triggers), E(25, "sport", sw_fit_sports),
    N(32, "num_lengths"),
    N(33, "normalized_power"), N(35, "first_length_index"),
    S(37, "avg_stroke_distance", 100),
    E(38, "swim_stroke", sw_fit_strokes), E(39, "sub_sport", sw_fit_sub_sports),
    N(40, "num_active_lengths"), N(41, "total_work"), ALT(42, "avg_altitude"),
    ALT(43, "max_altitude"),
    N(50, "avg_temperature"), S(52, "total_moving_time", 1000), N(63, "min_heart_rate"),
    S(80, "avg_fractional_cadence", 128), S(110, "enhanced_avg_speed", 1000),
    S(111, "enhanced_max_speed", 1000), ALT(112, "enhanced_avg_altitude"),
    ALT(114, "enhanced_max_altitude")};

static const struct sw_fit_field record[] = {
    D(0, "position_lat"), D(1, "position_long"), ALT(2, "altitude"), N(3, "heart_rate"),
    N(4, "cadence"),
    S(5, "distance", 100), S(6, "speed", 1000), N(7, "power"),
    N(8, "compressed_speed_distance"),
    S(9, "grade", 100), S(12, "cycle_length", 100), N(13, "temperature"), N(18, "cycles"),
    N(19, "total_cycles"), N(28, "compressed_accumulated_power"),
    N(29, "accumulated_power"),
    N(30, "left_right_balance"), N(31, "gps_accuracy"), S(32, "vertical_speed", 1000),
    N(33, "calories"),
    S(39, "vertical_oscillation", 10), S(40, "stance_time_percent", 100),
    S(41, "stance_time", 10),
    E(42, "activity_type", sw_fit_activity_types), S(52, "cadence256", 256),
    S(53, "fractional_cadence", 128), S(54, "total_hemoglobin_conc", 100),
    S(57, "saturated_hemoglobin_percent", 10), S(73, "enhanced_speed", 1000),
    ALT(78, "enhanced_altitude"), S(83, "vertical_ratio", 100),
    S(84, "stance_time_balance", 100),
    S(85, "step_length", 10), S(87, "cycle_length16", 100), S(92, "depth", 1000),
    N(99, "respiration_rate"), S(108, "enhanced_respiration_rate", 100),
    S(116, "current_stress", 100),
    S(139, "core_temperature", 100)};

static const struct sw_fit_field event[] = {
    E(0, "event", sw_fit_events), E(1, "event_type", sw_fit_event_types), N(2, "data16"),
    N(3, "data"),
    N(4, "event_group")};

static const struct sw_fit_field device_info[] = {
    N(0, "device_index"), N(1, "device_type"), E(2, "manufacturer", sw_fit_makers),
    N(3, "serial_number"),
    N(4, "product"), S(5, "software_version", 100), X(27, "product_name")};

static const struct sw_fit_field workout[] = {
    E(4, "sport", sw_fit_sports), N(6, "num_valid_steps"), X(8, "wkt_name"),
    E(11, "sub_sport", sw_fit_sub_sports)};
static const struct sw_fit_field workout_step[] = {X(0, "wkt_step_name"), X(8, "notes")};
static const struct sw_fit_field course[] = {E(4, "sport", sw_fit_sports), X(5, "name")};
static const struct sw_fit_field totals[] = {
    N(0, "timer_time"), N(1, "distance"), N(2, "calories"),
    E(3, "sport", sw_fit_sports), N(4, "elapsed_time"), N(5, "sessions"),
    N(6, "active_time")};

static const struct sw_fit_field activity[] = {
    S(0, "total_timer_time", 1000), N(1, "num_sessions"), N(2, "type"),
    E(3, "event", sw_fit_events),
    E(4, "event_type", sw_fit_event_types), L(5, "local_timestamp")};

static const struct sw_fit_field length[] = {
    E(0, "event", sw_fit_events), E(1, "event_type", sw_fit_event_types),
    T(2, "start_time"),
    S(3, "total_elapsed_time", 1000), S(4, "total_timer_time", 1000), N(5, "total_strokes"),
    S(6, "avg_speed", 1000), E(7, "swim_stroke", sw_fit_strokes),
    N(9, "avg_swimming_cadence"),
    N(11, "total_calories"), E(12, "length_type", sw_fit_length_types)};

static const struct sw_fit_field set[] = {
    S(0, "duration", 1000), N(3, "repetitions"), S(4, "weight", 16),
    E(5, "set_type", sw_fit_set_types),
    T(6, "start_time"), N(7, "category"), N(10, "message_index")};

static const struct sw_fit_field weight[] = {
    S(0, "weight", 100), S(1, "percent_fat", 100), S(2, "percent_hydration", 100),
    S(3, "visceral_fat_mass", 100), S(4, "bone_mass", 100), S(5, "muscle_mass", 100),
    S(7, "basal_met", 4),
    N(8, "physique_rating"), S(9, "active_met", 4), N(10, "metabolic_age"),
    N(11, "visceral_fat_rating"),
    N(12, "user_profile_index"), S(13, "bmi", 10)};

static const struct sw_fit_field blood_pressure[] = {
    N(0, "systolic_pressure"), N(1, "diastolic_pressure"), N(2, "mean_arterial_pressure"),
    N(6, "heart_rate"), E(8, "status", sw_fit_pressure_states), N(9, "user_profile_index")};

static const struct sw_fit_field monitoring[] = {
    N(1, "calories"), S(2, "distance", 100), S(3, "cycles", 2), S(4, "active_time", 1000),
    E(5, "activity_type", sw_fit_activity_types), S(8, "distance_16", 0.01),
    S(9, "cycles_16", 2),
    L(11, "local_timestamp"), S(12, "temperature", 100), N(19, "active_calories"),
    N(24, "current_activity_type_intensity"), N(26, "timestamp_16"), N(27, "heart_rate"),
    S(31, "ascent", 1000), S(32, "descent", 1000), N(33, "moderate_activity_minutes"),
    N(34, "vigorous_activity_minutes")};
static const struct sw_fit_field monitoring_info[] = {
    L(0, "local_timestamp"), E(1, "activity_type", sw_fit_activity_types),
    S(3, "cycles_to_distance", 5000),
    S(4, "cycles_to_calories", 5000), N(5, "resting_metabolic_rate")};
static const struct sw_fit_field monitoring_hr[] = {
    N(0, "resting_heart_rate"), N(1, "current_day_resting_heart_rate")};

static const struct sw_fit_field hrv[] = {S(0, "time", 1000)};
static const struct sw_fit_field hr[] = {
    S(0, "fractional_timestamp", 32768), S(1, "time256", 256), N(6, "filtered_bpm"),
    S(9, "event_timestamp", 1024), N(10, "event_timestamp_12")};
static const struct sw_fit_field time_correlation[] = {L(3, "local_timestamp")};
static const struct sw_fit_field field_description[] = {
    N(0, "developer_data_index"), N(1, "field_definition_number"), N(2, "fit_base_type_id"),
    X(3, "field_name"), N(6, "scale"), N(7, "offset"), X(8, "units"),
    N(14, "native_mesg_num"),
    N(15, "native_field_num")};
static const struct sw_fit_field developer_id[] = {
    N(2, "manufacturer_id"), N(3, "developer_data_index")};
static const struct sw_fit_field stress[] = {
    N(0, "stress_level_value"), T(1, "stress_level_time")};
static const struct sw_fit_field max_met[] = {
    T(0, "update_time"), S(2, "vo2_max", 10), E(5, "sport", sw_fit_sports)};
static const struct sw_fit_field spo2[] = {
    N(0, "reading_spo2"), N(1, "reading_confidence"), N(2, "mode")};
static const struct sw_fit_field sleep_level[] = {E(0, "sleep_level", sw_fit_sleep_levels)};
static const struct sw_fit_field respiration[] = {S(0, "respiration_rate", 100)};
static const struct sw_fit_field sleep_scores[] = {
    N(0, "combined_awake_score"), N(1, "awake_time_score"), N(2, "awakenings_count_score"),
    N(3, "deep_sleep_score"), N(4, "sleep_duration_score"), N(5, "light_sleep_score"),
    N(6, "overall_sleep_score"), N(7, "sleep_quality_score"), N(8, "sleep_recovery_score"),
    N(9, "rem_sleep_score"), N(10, "sleep_restlessness_score"), N(11, "awakenings_count"),
    N(14, "interruptions_score"), S(15, "average_stress_during_sleep", 100)};
static const struct sw_fit_field hrv_status[] = {
    S(0, "weekly_average", 128), S(1, "last_night_average", 128),
    S(2, "last_night_5_min_high", 128),
    S(3, "baseline_low_upper", 128), S(4, "baseline_balanced_lower", 128),
    S(5, "baseline_balanced_upper", 128), E(6, "status", sw_fit_hrv_states)};
static const struct sw_fit_field hrv_value[] = {S(0, "value", 128)};
static const struct sw_fit_field common[] = {N(254, "message_index"), T(253, "timestamp")};

#define M(num, tell, name, fields) {num, tell, name, fields, COUNT(fields)}
static const struct sw_fit_message messages[] = {
    M(SW_FIT_RECORD, false, "record", record),
    M(SW_FIT_MONITORING, false, "monitoring", monitoring),
    M(SW_FIT_HR, false, "hr", hr),
    M(SW_FIT_HRV, false, "hrv", hrv),
    M(SW_FIT_FILE_ID, true, "file_id", file_id),
    M(SW_FIT_USER_PROFILE, true, "user_profile", user_profile),
    M(SW_FIT_SPORT, true, "sport", sport),
    M(SW_FIT_SESSION, true, "session", session),
    M(SW_FIT_LAP, true, "lap", lap),
    M(SW_FIT_EVENT, true, "event", event),
    M(SW_FIT_DEVICE_INFO, true, "device_info", device_info),
    M(SW_FIT_WORKOUT, true, "workout", workout),
    M(SW_FIT_WORKOUT_STEP, true, "workout_step", workout_step),
    M(SW_FIT_COURSE, true, "course", course),
    M(SW_FIT_TOTALS, true, "totals", totals),
    M(SW_FIT_WEIGHT, true, "weight_scale", weight),
    M(SW_FIT_ACTIVITY, true, "activity", activity),
    M(SW_FIT_BLOOD_PRESSURE, true, "blood_pressure", blood_pressure),
    M(SW_FIT_LENGTH, true, "length", length),
    M(SW_FIT_MONITORING_INFO, true, "monitoring_info", monitoring_info),
    M(SW_FIT_TIME_CORRELATION, false, "timestamp_correlation", time_correlation),
    M(SW_FIT_FIELD_DESCRIPTION, true, "field_description", field_description),
    M(SW_FIT_DEVELOPER_ID, false, "developer_data_id", developer_id),
    M(SW_FIT_MONITORING_HR, false, "monitoring_hr_data", monitoring_hr),
    M(SW_FIT_SET, true, "set", set),
    M(SW_FIT_STRESS, false, "stress_level", stress),
    M(SW_FIT_MAX_MET, true, "max_met_data", max_met),
    M(SW_FIT_SPO2, false, "spo2_data", spo2),
    M(SW_FIT_SLEEP_LEVEL, false, "sleep_level", sleep_level),
    M(SW_FIT_RESPIRATION, false, "respiration_rate", respiration),
    M(SW_FIT_SLEEP_SCORES, false, "sleep_assessment", sleep_scores),
    M(SW_FIT_HRV_STATUS, true, "hrv_status_summary", hrv_status),
    M(SW_FIT_HRV_VALUE, false, "hrv_value", hrv_value)};

/* clang-format on */

const struct sw_fit_message *sw_fit_message(uint16_t num)
{
    for (size_t i = 0; i < COUNT(messages); i++)
        if (messages[i].num == num) return &messages[i];
    return NULL;
}

const struct sw_fit_field *sw_fit_field(const struct sw_fit_message *m, uint8_t num)
{
    for (size_t i = 0; m && i < m->n; i++)
        if (m->field[i].num == num) return &m->field[i];
    return num == 253 ? &common[1] : num == 254 ? &common[0] : NULL;
}
