/* SPDX-License-Identifier: MIT */
/* What a FIT file adds up to. Messages go in as they are decoded; structured ones are
 * handed on at once, samples are held until the file they belong to is complete, because
 * the UTC offset, the device and the heart rate of a swim may all come at its end. Memory
 * is bounded by row and message caps. Used by fit.c only, one per decoder. fit_gather.c
 * takes messages, fit_wellness.c those that are no activity, fit_summary.c hands over. */
#ifndef SW_CODEC_FIT_GATHER_H
#define SW_CODEC_FIT_GATHER_H
#include "codec/batch.h"
#include "codec/fit_read.h"

/* clang-format off */
enum sw_fit_column {
    SW_FIT_C_HEART_RATE, SW_FIT_C_SPEED, SW_FIT_C_CADENCE, SW_FIT_C_POWER,
    SW_FIT_C_ALTITUDE, SW_FIT_C_LATITUDE, SW_FIT_C_LONGITUDE, SW_FIT_C_DISTANCE,
    SW_FIT_C_TEMPERATURE, SW_FIT_C_RESPIRATION, SW_FIT_C_RR, SW_FIT_C_VERTICAL_SPEED,
    SW_FIT_C_GRADE, SW_FIT_C_OSCILLATION, SW_FIT_C_STANCE, SW_FIT_C_STANCE_PERCENT,
    SW_FIT_C_STANCE_BALANCE, SW_FIT_C_VERTICAL_RATIO, SW_FIT_C_STEP_LENGTH, SW_FIT_C_SMO2,
    SW_FIT_C_THB, SW_FIT_C_DEPTH, SW_FIT_C_CORE_TEMPERATURE, SW_FIT_C_CURRENT_STRESS,
    SW_FIT_C_DAY_HEART_RATE, SW_FIT_C_STEPS, SW_FIT_C_DAY_DISTANCE,
    SW_FIT_C_ACTIVE_CALORIES, SW_FIT_C_DAY_ASCENT, SW_FIT_C_DAY_DESCENT, SW_FIT_C_RESTING,
    SW_FIT_C_STRESS, SW_FIT_C_SPO2, SW_FIT_C_DAY_RESPIRATION, SW_FIT_C_RMSSD,
    SW_FIT_C_WEIGHT, SW_FIT_C_FAT, SW_FIT_C_WATER, SW_FIT_C_BONE, SW_FIT_C_MUSCLE,
    SW_FIT_C_BMI, SW_FIT_C_BASAL, SW_FIT_C_VISCERAL, SW_FIT_C_SYSTOLIC,
    SW_FIT_C_DIASTOLIC, SW_FIT_C_PULSE, SW_FIT_C_VO2MAX, SW_FIT_COLUMNS
};
/* clang-format on */

#define SW_FIT_NO_TIME INT64_MIN /* a record without a timestamp */
enum {
    SW_FIT_MAX_ROWS = 5000000,
    SW_FIT_MAX_MESSAGES = 200000,
    SW_FIT_MAX_DEV = 64,
    SW_FIT_TOTALS_KEPT = 5,
    SW_FIT_ACTIVITIES = 32
};

struct sw_fit_held { /* samples of one column */
    size_t n, cap;
    int64_t *ms;
    int32_t *dur_ms;
    double *value;
};

struct sw_fit_described { /* a developer field that described itself */
    uint8_t index, num, base;
    double scale, offset;
    char *type, *unit; /* "record.dev.form_power" */
    struct sw_fit_held held;
};

struct sw_fit_device {
    double manufacturer, product, serial; /* -1: not said */
    char name[64];
};

struct sw_fit_beat { /* heart rate of a strap, sent after the swim */
    int64_t ms;
    uint8_t bpm;
};

struct sw_fit_span {
    int64_t start_ms, end_ms;
};

struct sw_fit_level { /* a sleep level holds from here to the next */
    int64_t ms;
    uint8_t level;
};

/* A counter that grows through the day, one per kind of activity, turned into amounts per
 * interval: `open` collects what several kinds add at one instant. */
struct sw_fit_total {
    double last[SW_FIT_ACTIVITIES];
    bool seen[SW_FIT_ACTIVITIES];
    double open;
    int64_t open_ms, from_ms; /* end of the open interval, its start; 0: none */
};

struct sw_fit_gather {
    bool fresh;               /* no message since the last header */
    bool any;                 /* a message of ours was seen, whole file */
    bool content;             /* the same, since the last flush */
    bool damaged, full, loud; /* loud: the message cap was told */
    double type;              /* file_id.type, -1 if not said */
    int64_t created_ms;
    bool dated;     /* a message or the file itself has a date, not only a time since power-on */
    size_t undated; /* records with a time since power-on */
    struct sw_fit_device file, creator; /* from file_id; from device_info 0 */
    int16_t offset_min;
    bool offset_sure; /* from the activity itself */
    size_t rows, messages;
    struct sw_fit_held col[SW_FIT_COLUMNS];
    struct sw_fit_described *dev[SW_FIT_MAX_DEV];
    size_t n_dev;
    int64_t *rec_ms;   /* one per record message */
    uint16_t *rec_bpm; /* its own heart rate, 0: none */
    size_t n_rec, cap_rec, cap_bpm, zero_bpm;
    struct sw_fit_span *session;
    size_t n_session, cap_session;
    struct sw_fit_beat *beat;
    size_t n_beat, cap_beat;
    uint32_t event_ts;     /* 1/1024 s, accumulated over 12-bit steps */
    double beat_origin_s;  /* FIT seconds at event time 0; < 0: not known yet */
    double rr_clock_ms;    /* where the next RR interval starts; 0: not known */
    uint32_t last_time;    /* last full time seen, FIT seconds */
    uint32_t low_distance; /* compressed_speed_distance, accumulated, 1/16 m */
    bool person_seen; /* scales with several users: the first one counts */
    double person;
    uint32_t day_time;    /* base of timestamp_16 */
    int64_t day_start_ms; /* from monitoring_info; 0: unknown */
    bool from_midnight;
    struct sw_fit_total total[SW_FIT_TOTALS_KEPT];
    struct sw_fit_level *level;
    size_t n_level, cap_level;
    struct sw_fit_level *mark; /* sleep events: level 0 start, 1 stop */
    size_t n_mark, cap_mark;
    struct sw_buf scores; /* members of the sleep assessment */
    uint32_t count[512];  /* messages by global number */
};

void sw_fit_gather_init(struct sw_fit_gather *g);
void sw_fit_gather_clear(struct sw_fit_gather *g);
/* A header begins: its messages belong to what is held unless they start with a file_id. */
void sw_fit_gather_segment(struct sw_fit_gather *g);
void sw_fit_gather_damaged(struct sw_fit_gather *g);
void sw_fit_gather_take(struct sw_fit_gather *g, const struct sw_fit_msg *m,
                        struct sw_batch *out);
/* Hand over what is held and be ready for the next file of the chain. */
void sw_fit_gather_flush(struct sw_fit_gather *g, struct sw_batch *out);
/* A message that means something was seen. */
bool sw_fit_gather_any(const struct sw_fit_gather *g);

/* Between fit_gather.c, fit_summary.c and fit_wellness.c. */
/* Forget all of the last file but its columns; free its developer fields. */
void sw_fit_gather_fresh(struct sw_fit_gather *g);
void sw_fit_gather_forget(struct sw_fit_gather *g);
void sw_fit_hold(struct sw_fit_gather *g, int column, int64_t ms, int64_t dur_ms,
                 double value);
/* The message's time in Unix ms; false (and a reject unless `out` is NULL) when it is no
 * date. */
bool sw_fit_when(const struct sw_fit_msg *m, struct sw_batch *out, int64_t *ms);
void sw_fit_local_time(struct sw_fit_gather *g, const struct sw_fit_msg *m, uint8_t num,
                       bool sure, struct sw_batch *out);
/* True when the message was one of the body or the day rather than of an activity. */
bool sw_fit_wellness_take(struct sw_fit_gather *g, const struct sw_fit_msg *m,
                          struct sw_batch *out);
void sw_fit_wellness_flush(struct sw_fit_gather *g, int origin, struct sw_batch *out);
#endif
