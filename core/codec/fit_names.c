/* SPDX-License-Identifier: MIT */
/* Enumerations of the FIT profile as plain tables, ascending by number, found by bisection.
 * Names are the profile's own in snake_case; product names are written as people know them.
 * Products and makers that are missing keep their number. Regional variants share the name
 * of the device they are. */
#include "codec/fit_profile.h"
#define COUNT(a) (sizeof(a) / sizeof *(a))
#define ENUM(id, prefix, ...)                                                              \
    static const struct sw_fit_name id##_list[] = {__VA_ARGS__};                           \
    const struct sw_fit_enum id = {prefix, id##_list, COUNT(id##_list)}

ENUM(sw_fit_sports, "sport", {0, "generic"}, {1, "running"}, {2, "cycling"},
     {3, "transition"}, {4, "fitness_equipment"}, {5, "swimming"}, {6, "basketball"},
     {7, "soccer"}, {8, "tennis"}, {9, "american_football"}, {10, "training"},
     {11, "walking"}, {12, "cross_country_skiing"}, {13, "alpine_skiing"},
     {14, "snowboarding"}, {15, "rowing"}, {16, "mountaineering"}, {17, "hiking"},
     {18, "multisport"}, {19, "paddling"}, {20, "flying"}, {21, "e_biking"},
     {22, "motorcycling"}, {23, "boating"}, {24, "driving"}, {25, "golf"},
     {26, "hang_gliding"}, {27, "horseback_riding"}, {28, "hunting"}, {29, "fishing"},
     {30, "inline_skating"}, {31, "rock_climbing"}, {32, "sailing"}, {33, "ice_skating"},
     {34, "sky_diving"}, {35, "snowshoeing"}, {36, "snowmobiling"},
     {37, "stand_up_paddleboarding"}, {38, "surfing"}, {39, "wakeboarding"},
     {40, "water_skiing"}, {41, "kayaking"}, {42, "rafting"}, {43, "windsurfing"},
     {44, "kitesurfing"}, {45, "tactical"}, {46, "jumpmaster"}, {47, "boxing"},
     {48, "floor_climbing"}, {49, "baseball"}, {53, "diving"}, {62, "hiit"}, {64, "racket"},
     {65, "wheelchair_push_walk"}, {66, "wheelchair_push_run"}, {67, "meditation"},
     {69, "disc_golf"}, {71, "cricket"}, {72, "rugby"}, {73, "hockey"}, {74, "lacrosse"},
     {75, "volleyball"}, {76, "water_tubing"}, {77, "wakesurfing"},
     {80, "mixed_martial_arts"}, {82, "snorkeling"}, {83, "dance"}, {84, "jump_rope"});

ENUM(sw_fit_sub_sports, "sub_sport", {0, "generic"}, {1, "treadmill"}, {2, "street"},
     {3, "trail"}, {4, "track"}, {5, "spin"}, {6, "indoor_cycling"}, {7, "road"},
     {8, "mountain"}, {9, "downhill"}, {10, "recumbent"}, {11, "cyclocross"},
     {12, "hand_cycling"}, {13, "track_cycling"}, {14, "indoor_rowing"}, {15, "elliptical"},
     {16, "stair_climbing"}, {17, "lap_swimming"}, {18, "open_water"},
     {19, "flexibility_training"}, {20, "strength_training"}, {21, "warm_up"},
     {22, "match"}, {23, "exercise"}, {24, "challenge"}, {25, "indoor_skiing"},
     {26, "cardio_training"}, {27, "indoor_walking"}, {28, "e_bike_fitness"}, {29, "bmx"},
     {30, "casual_walking"}, {31, "speed_walking"}, {32, "bike_to_run_transition"},
     {33, "run_to_bike_transition"}, {34, "swim_to_bike_transition"}, {35, "atv"},
     {36, "motocross"}, {37, "backcountry"}, {38, "resort"}, {39, "rc_drone"},
     {40, "wingsuit"}, {41, "whitewater"}, {42, "skate_skiing"}, {43, "yoga"},
     {44, "pilates"}, {45, "indoor_running"}, {46, "gravel_cycling"},
     {47, "e_bike_mountain"}, {48, "commuting"}, {49, "mixed_surface"}, {50, "navigate"},
     {51, "track_me"}, {52, "map"}, {53, "single_gas_diving"}, {54, "multi_gas_diving"},
     {55, "gauge_diving"}, {56, "apnea_diving"}, {57, "apnea_hunting"},
     {58, "virtual_activity"}, {59, "obstacle"}, {62, "breathing"}, {65, "sail_race"},
     {67, "ultra"}, {68, "indoor_climbing"}, {69, "bouldering"}, {70, "hiit"},
     {73, "amrap"}, {74, "emom"}, {75, "tabata"}, {84, "pickleball"}, {85, "padel"},
     {86, "indoor_wheelchair_walk"}, {87, "indoor_wheelchair_run"},
     {88, "indoor_hand_cycling"}, {94, "squash"}, {95, "badminton"}, {96, "racquetball"},
     {97, "table_tennis"});

ENUM(sw_fit_makers, "maker", {1, "garmin"}, {2, "garmin_fr405_antfs"}, {3, "zephyr"},
     {6, "srm"}, {7, "quarq"}, {8, "ibike"}, {9, "saris"}, {11, "tanita"},
     {13, "dynastream_oem"}, {15, "dynastream"}, {16, "timex"}, {19, "beurer"},
     {20, "cardiosport"}, {21, "a_and_d"}, {23, "suunto"}, {31, "dexcom"},
     {32, "wahoo_fitness"}, {33, "octane_fitness"}, {38, "osynce"}, {40, "concept2"},
     {41, "shimano"}, {45, "xplova"}, {48, "pioneer"}, {51, "4iiiis"}, {52, "seiko_epson"},
     {60, "rotor"}, {61, "geonaute"}, {63, "specialized"}, {67, "bkool"}, {68, "cateye"},
     {69, "stages_cycling"}, {70, "sigmasport"}, {71, "tomtom"}, {73, "wattbike"},
     {76, "moxy"}, {77, "ciclosport"}, {80, "lifebeam"}, {81, "bontrager"}, {83, "scosche"},
     {84, "magura"}, {86, "elite"}, {87, "nielsen_kellerman"}, {89, "tacx"}, {95, "stryd"},
     {96, "icg"}, {98, "bsx_athletics"}, {99, "look"}, {100, "campagnolo_srl"},
     {101, "body_bike_smart"}, {105, "cosinuss"}, {107, "magene"}, {111, "technogym"},
     {112, "bryton_sensors"}, {115, "igpsport"}, {116, "thinkrider"}, {118, "waterrower"},
     {122, "johnson_health_tech"}, {123, "polar_electro"}, {127, "leomo"},
     {128, "ifit_com"}, {132, "cycplus"}, {135, "coospo"}, {137, "bosch"},
     {255, "development"}, {258, "lezyne"}, {260, "zwift"}, {261, "watteam"},
     {262, "recon"}, {263, "favero_electronics"}, {265, "strava"}, {266, "precor"},
     {267, "bryton"}, {268, "sram"}, {276, "life_time_fitness"}, {279, "cycliq"},
     {281, "trainer_road"}, {282, "the_sufferfest"}, {284, "virtualtraining"},
     {289, "hammerhead"}, {290, "kinetic_by_kurt"}, {293, "jetblack"}, {294, "coros"},
     {299, "mahle_ebikemotion"}, {300, "nurvv"}, {303, "greenteg"}, {305, "whoop"},
     {307, "onelap"}, {308, "monark_exercise"}, {309, "form"}, {310, "decathlon"},
     {315, "rgt_cycling"}, {326, "nike"}, {331, "mywhoosh"});

ENUM(sw_fit_file_types, "file", {1, "device"}, {2, "settings"}, {3, "sport"},
     {4, "activity"}, {5, "workout"}, {6, "course"}, {7, "schedules"}, {9, "weight"},
     {10, "totals"}, {11, "goals"}, {14, "blood_pressure"}, {15, "monitoring_a"},
     {20, "activity_summary"}, {28, "monitoring_daily"}, {32, "monitoring_b"},
     {34, "segment"}, {35, "segment_list"}, {40, "exd_configuration"}, {44, "metrics"},
     {49, "sleep"}, {68, "hrv_status"});

ENUM(sw_fit_events, "event", {0, "timer"}, {3, "workout"}, {4, "workout_step"},
     {5, "power_down"}, {6, "power_up"}, {7, "off_course"}, {8, "session"}, {9, "lap"},
     {10, "course_point"}, {11, "battery"}, {12, "virtual_partner_pace"},
     {13, "hr_high_alert"}, {14, "hr_low_alert"}, {15, "speed_high_alert"},
     {16, "speed_low_alert"}, {17, "cad_high_alert"}, {18, "cad_low_alert"},
     {19, "power_high_alert"}, {20, "power_low_alert"}, {21, "recovery_hr"},
     {22, "battery_low"}, {23, "time_duration_alert"}, {24, "distance_duration_alert"},
     {25, "calorie_duration_alert"}, {26, "activity"}, {27, "fitness_equipment"},
     {28, "length"}, {32, "user_marker"}, {33, "sport_point"}, {36, "calibration"},
     {42, "front_gear_change"}, {43, "rear_gear_change"}, {44, "rider_position_change"},
     {45, "elev_high_alert"}, {46, "elev_low_alert"}, {47, "comm_timeout"}, {74, "sleep"});

ENUM(sw_fit_event_types, "event_type", {0, "start"}, {1, "stop"}, {3, "marker"},
     {4, "stop_all"}, {8, "stop_disable"}, {9, "stop_disable_all"});

ENUM(sw_fit_strokes, "stroke", {0, "freestyle"}, {1, "backstroke"}, {2, "breaststroke"},
     {3, "butterfly"}, {4, "drill"}, {5, "mixed"}, {6, "im"});

ENUM(sw_fit_lap_triggers, "trigger", {0, "manual"}, {1, "time"}, {2, "distance"},
     {3, "position_start"}, {4, "position_lap"}, {5, "position_waypoint"},
     {6, "position_marked"}, {7, "session_end"}, {8, "fitness_equipment"});

ENUM(sw_fit_session_triggers, "trigger", {0, "activity_end"}, {1, "manual"},
     {2, "auto_multi_sport"}, {3, "fitness_equipment"});

ENUM(sw_fit_length_types, "length", {0, "idle"}, {1, "active"});
ENUM(sw_fit_genders, "gender", {0, "female"}, {1, "male"});
ENUM(sw_fit_sleep_levels, "level", {0, "unmeasurable"}, {1, "awake"}, {2, "light"},
     {3, "deep"}, {4, "rem"});
ENUM(sw_fit_hrv_states, "status", {0, "none"}, {1, "poor"}, {2, "low"}, {3, "unbalanced"},
     {4, "balanced"});
ENUM(sw_fit_set_types, "set", {0, "rest"}, {1, "active"});

ENUM(sw_fit_activity_types, "activity", {0, "generic"}, {1, "running"}, {2, "cycling"},
     {3, "transition"}, {4, "fitness_equipment"}, {5, "swimming"}, {6, "walking"},
     {8, "sedentary"}, {254, "all"});

ENUM(sw_fit_pressure_states, "status", {0, "no_error"}, {1, "error_incomplete_data"},
     {2, "error_no_measurement"}, {3, "error_data_out_of_range"},
     {4, "error_irregular_heart_rate"});

/* clang-format off */
static const struct sw_fit_product garmin[] = {
    {1, "HRM1", 'h'}, {717, "Forerunner 405", 'w'}, {782, "Forerunner 50", 'w'},
    {988, "Forerunner 60", 'w'}, {1018, "Forerunner 310XT", 'w'}, {1036, "Edge 500", 'b'},
    {1124, "Forerunner 110", 'w'}, {1169, "Edge 800", 'b'}, {1325, "Edge 200", 'b'},
    {1328, "Forerunner 910XT", 'w'}, {1345, "Forerunner 610", 'w'},
    {1436, "Forerunner 70", 'w'}, {1446, "Forerunner 310XT", 'w'},
    {1482, "Forerunner 10", 'w'}, {1499, "Swim", 'w'}, {1551, "fenix", 'w'},
    {1561, "Edge 510", 'b'}, {1567, "Edge 810", 'b'}, {1623, "Forerunner 620", 'w'},
    {1632, "Forerunner 220", 'w'}, {1736, "Edge Touring", 'b'}, {1743, "HRM-Tri", 'h'},
    {1752, "HRM-Run", 'h'}, {1765, "Forerunner 920XT", 'w'}, {1836, "Edge 1000", 'b'},
    {1837, "vivofit", 'r'}, {1903, "Forerunner 15", 'w'}, {1907, "vivoactive", 'w'},
    {1956, "vivosmart", 'r'}, {1967, "fenix 2", 'w'}, {1988, "epix", 'w'},
    {2050, "fenix 3", 'w'}, {2067, "Edge 520", 'b'}, {2147, "Edge 25", 'b'},
    {2148, "Forerunner 25", 'w'}, {2150, "vivofit 2", 'r'}, {2153, "Forerunner 225", 'w'},
    {2156, "Forerunner 630", 'w'}, {2157, "Forerunner 230", 'w'},
    {2158, "Forerunner 735XT", 'w'}, {2204, "Edge Explore 1000", 'b'},
    {2238, "Edge 20", 'b'}, {2271, "vivosmart 2", 'r'}, {2327, "HRM4-Run", 'h'},
    {2337, "vivoactive HR", 'w'}, {2347, "vivosmart GPS HR", 'r'},
    {2348, "vivosmart HR", 'r'}, {2368, "vivomove", 'w'}, {2406, "vivofit 3", 'r'},
    {2413, "fenix 3 HR", 'w'}, {2429, "Index Smart Scale", 's'},
    {2431, "Forerunner 235", 'w'}, {2432, "fenix 3 Chronos", 'w'},
    {2503, "Forerunner 35", 'w'}, {2530, "Edge 820", 'b'}, {2531, "Edge Explore 820", 'b'},
    {2544, "fenix 5S", 'w'}, {2604, "fenix 5X", 'w'}, {2622, "vivosmart 3", 'r'},
    {2623, "vivosport", 'r'}, {2691, "Forerunner 935", 'w'}, {2697, "fenix 5", 'w'},
    {2700, "vivoactive 3", 'w'}, {2713, "Edge 1030", 'b'}, {2772, "vivomove HR", 'w'},
    {2859, "Descent", 'w'}, {2877, "vivofit 4", 'r'}, {2886, "Forerunner 645", 'w'},
    {2888, "Forerunner 645 Music", 'w'}, {2900, "fenix 5S Plus", 'w'},
    {2909, "Edge 130", 'b'}, {2927, "vivosmart 4", 'r'}, {2988, "vivoactive 3 Music", 'w'},
    {3011, "Edge Explore", 'b'}, {3076, "Forerunner 245", 'w'},
    {3077, "Forerunner 245 Music", 'w'}, {3110, "fenix 5 Plus", 'w'},
    {3111, "fenix 5X Plus", 'w'}, {3112, "Edge 520 Plus", 'b'},
    {3113, "Forerunner 945", 'w'}, {3121, "Edge 530", 'b'}, {3122, "Edge 830", 'b'},
    {3126, "Instinct Esports", 'w'}, {3224, "vivoactive 4S", 'w'},
    {3225, "vivoactive 4", 'w'}, {3226, "Venu", 'w'}, {3251, "MARQ Athlete", 'w'},
    {3258, "Descent Mk2", 'w'}, {3282, "Forerunner 45", 'w'}, {3287, "fenix 6S Sport", 'w'},
    {3288, "fenix 6S", 'w'}, {3289, "fenix 6 Sport", 'w'}, {3290, "fenix 6", 'w'},
    {3291, "fenix 6X", 'w'}, {3299, "HRM-Dual", 'h'}, {3300, "HRM-Pro", 'h'},
    {3405, "Swim 2", 'w'}, {3466, "Instinct Solar", 'w'}, {3542, "Descent Mk2S", 'w'},
    {3558, "Edge 130 Plus", 'b'}, {3570, "Edge 1030 Plus", 'b'},
    {3589, "Forerunner 745", 'w'}, {3600, "Venu Sq", 'w'}, {3615, "Lily", 'w'},
    {3638, "Enduro", 'w'}, {3652, "Forerunner 945 LTE", 'w'}, {3703, "Venu 2", 'w'},
    {3704, "Venu 2S", 'w'}, {3843, "Edge 1040", 'b'}, {3851, "Venu 2 Plus", 'w'},
    {3869, "Forerunner 55", 'w'}, {3888, "Instinct 2", 'w'}, {3905, "fenix 7S", 'w'},
    {3906, "fenix 7", 'w'}, {3907, "fenix 7X", 'w'}, {3943, "epix (Gen 2)", 'w'},
    {3990, "Forerunner 255 Music", 'w'}, {3991, "Forerunner 255S Music", 'w'},
    {3992, "Forerunner 255", 'w'}, {3993, "Forerunner 255S", 'w'},
    {4024, "Forerunner 955", 'w'}, {4061, "Edge 540", 'b'}, {4062, "Edge 840", 'b'},
    {4063, "vivosmart 5", 'r'}, {4115, "Venu Sq 2", 'w'}, {4130, "HRM-Pro Plus", 'h'},
    {4155, "Instinct Crossover", 'w'}, {4169, "Edge Explore 2", 'b'},
    {4257, "Forerunner 265", 'w'}, {4258, "Forerunner 265S", 'w'}, {4260, "Venu 3", 'w'},
    {4261, "Venu 3S", 'w'}, {4312, "epix Pro 42", 'w'}, {4313, "epix Pro 47", 'w'},
    {4314, "epix Pro 51", 'w'}, {4315, "Forerunner 965", 'w'}, {4341, "Enduro 2", 'w'},
    {4374, "fenix 7S Pro", 'w'}, {4375, "fenix 7 Pro", 'w'}, {4376, "fenix 7X Pro", 'w'},
    {4380, "Lily 2", 'w'}, {4394, "Instinct 2X", 'w'}, {4426, "vivoactive 5", 'w'},
    {4432, "Forerunner 165", 'w'}, {4433, "Forerunner 165 Music", 'w'},
    {4440, "Edge 1050", 'b'}, {4446, "HRM-Fit", 'h'}, {4536, "fenix 8", 'w'},
    {4575, "Enduro 3", 'w'}, {65534, "Connect", '-'}};
/* clang-format on */

const char *sw_fit_named(const struct sw_fit_enum *e, uint32_t v)
{
    size_t lo = 0, hi = e->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (e->list[mid].num < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < e->n && e->list[lo].num == v ? e->list[lo].name : NULL;
}

const struct sw_fit_product *sw_fit_garmin(uint32_t num)
{
    for (size_t i = 0; i < COUNT(garmin); i++)
        if (garmin[i].num == num) return &garmin[i];
    return NULL;
}
