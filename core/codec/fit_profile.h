/* SPDX-License-Identifier: MIT */
/* What the numbers in a FIT file mean: names, scales, offsets and enumerations of the
 * messages that hold a person's data. A message or field that is not listed is skipped
 * by its size; an enumeration value that is not listed keeps its number ("sport_63"),
 * because devices outgrow any table. Constant data, any thread. Looked up once per
 * definition message, never per sample. */
#ifndef SW_CODEC_FIT_PROFILE_H
#define SW_CODEC_FIT_PROFILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
enum sw_fit_global {
    SW_FIT_FILE_ID = 0, SW_FIT_USER_PROFILE = 3, SW_FIT_SPORT = 12, SW_FIT_SESSION = 18,
    SW_FIT_LAP = 19, SW_FIT_RECORD = 20, SW_FIT_EVENT = 21, SW_FIT_DEVICE_INFO = 23,
    SW_FIT_WORKOUT = 26, SW_FIT_WORKOUT_STEP = 27, SW_FIT_WEIGHT = 30, SW_FIT_COURSE = 31,
    SW_FIT_TOTALS = 33, SW_FIT_ACTIVITY = 34, SW_FIT_BLOOD_PRESSURE = 51, SW_FIT_MONITORING = 55,
    SW_FIT_HRV = 78, SW_FIT_LENGTH = 101, SW_FIT_MONITORING_INFO = 103, SW_FIT_HR = 132,
    SW_FIT_TIME_CORRELATION = 162, SW_FIT_FIELD_DESCRIPTION = 206, SW_FIT_DEVELOPER_ID = 207,
    SW_FIT_MONITORING_HR = 211, SW_FIT_SET = 225, SW_FIT_STRESS = 227, SW_FIT_MAX_MET = 229,
    SW_FIT_SPO2 = 269, SW_FIT_SLEEP_LEVEL = 275, SW_FIT_RESPIRATION = 297,
    SW_FIT_SLEEP_SCORES = 346, SW_FIT_HRV_STATUS = 370, SW_FIT_HRV_VALUE = 371
};
/* clang-format on */

enum sw_fit_kind {
    SW_FIT_NUM,     /* value = raw / scale - offset */
    SW_FIT_TIME,    /* seconds since 1989-12-31T00:00:00Z */
    SW_FIT_LOCAL,   /* the same clock, read off a wall */
    SW_FIT_ENUM,    /* a number with a name */
    SW_FIT_TEXT,
    SW_FIT_DEGREES  /* semicircles */
};

struct sw_fit_name {
    uint32_t num;
    const char *name;
};

struct sw_fit_enum {
    const char *prefix;                 /* "sport": an unknown 63 becomes "sport_63" */
    const struct sw_fit_name *list;     /* ascending by number */
    size_t n;
};

struct sw_fit_field {
    uint8_t num;
    uint8_t kind;                       /* enum sw_fit_kind */
    double scale, offset;
    const char *name;                   /* snake_case */
    const struct sw_fit_enum *names;    /* of SW_FIT_ENUM, else NULL */
};

struct sw_fit_message {
    uint16_t num;
    bool tell;                          /* handed over as a structured message */
    const char *name;
    const struct sw_fit_field *field;
    size_t n;
};

struct sw_fit_product {
    uint16_t num;
    const char *name;                   /* "Forerunner 945" */
    char kind;                          /* watch, ring or band, bike, scale, heart strap, - */
};

/* The message with this global number, NULL if it is not one of ours. */
const struct sw_fit_message *sw_fit_message(uint16_t num);
/* Its field, NULL if unknown. Field 253 (timestamp) and 254 (message index) exist in all. */
const struct sw_fit_field *sw_fit_field(const struct sw_fit_message *m, uint8_t num);
/* Name of value v, NULL if it has none. */
const char *sw_fit_named(const struct sw_fit_enum *e, uint32_t v);
/* A product of Garmin by its number, NULL if it is not in the table. */
const struct sw_fit_product *sw_fit_garmin(uint32_t num);

extern const struct sw_fit_enum sw_fit_sports, sw_fit_sub_sports, sw_fit_makers,
    sw_fit_file_types, sw_fit_events, sw_fit_event_types, sw_fit_strokes,
    sw_fit_lap_triggers, sw_fit_session_triggers, sw_fit_length_types, sw_fit_genders,
    sw_fit_sleep_levels, sw_fit_hrv_states, sw_fit_activity_types, sw_fit_pressure_states,
    sw_fit_set_types;
#endif
