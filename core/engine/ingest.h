/* SPDX-License-Identifier: MIT
 * The ingest path on the database thread: a decoded column becomes samples of one series, a mapped
 * record becomes a row in a group. Values are converted and range-checked here, once, with a reason
 * for each that is refused. Everything expects the writer's transaction. */
#ifndef SW_ENGINE_INGEST_H
#define SW_ENGINE_INGEST_H
#include "base/map.h"
#include "base/tz.h"
#include "codec/batch.h"
#include "model/metric.h"
#include "model/unit.h"
#include "store/store_docs.h"
#include "store/store_records.h"
#include "store/store_series.h"

struct sw_who { /* whose data; borrowed for the length of a call */
    int64_t id;
    const char *name;
    const struct sw_tz *zone; /* home zone: used where data carries no offset of its own */
    int64_t now_ms;           /* data time */
};

struct sw_counts { /* what became of values and records; init to zeroes, clear after */
    int64_t added, changed, same, rejected;
    struct sw_map reasons; /* reason -> how many */
};
/* Frees the reasons; {0} is an empty one. Reject counts n more under a reason in words. */
void sw_counts_clear(struct sw_counts *c);
void sw_counts_reject(struct sw_counts *c, int64_t n, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void sw_counts_add(struct sw_counts *into, const struct sw_counts *from);

struct sw_column_map { /* how a column is to be read */
    const struct sw_metric *metric;
    struct sw_convert convert; /* value in the column -> value in the metric's unit */
    bool from_duration;        /* the value is the duration in minutes, whatever the column says */
};
/* Store a column of an origin. Rows out of range or out of time are refused and counted. */
int sw_ingest_column(struct sw_store *s, const struct sw_who *who, const struct sw_column *col,
                     int64_t origin_id, const struct sw_column_map *map, struct sw_counts *counts,
                     struct sw_err *err);
/* Take the samples of such a column out again, as far as they stand there with these values. */
int sw_ingest_column_gone(struct sw_store *s, const struct sw_who *who, const struct sw_column *col,
                          int64_t origin_id, const struct sw_column_map *map, int64_t *gone, struct sw_err *err);
/* The total that this origin stated for the day is no total of it: deleted while it is still that. */
int sw_ingest_total_gone(struct sw_store *s, const struct sw_who *who, const struct sw_metric *m, int64_t day,
                         int64_t origin_id, double total, bool *gone, struct sw_err *err);
/* Store a record; SW_PUT_SAME costs no write. Sleep marks its night to be computed again. */
int sw_ingest_record(struct sw_store *s, const struct sw_who *who, struct sw_record *r,
                     struct sw_put_result *out, struct sw_err *err);
/* The same for one that another home of this person had (sw_record_restore). */
int sw_ingest_restore(struct sw_store *s, const struct sw_who *who, struct sw_record *r,
                      struct sw_put_result *out, struct sw_err *err);
/* Delete a record (sw_record_delete); a deleted sleep marks its night. */
int sw_ingest_delete(struct sw_store *s, const struct sw_who *who, int64_t id, bool *was_last,
                     int64_t *group, struct sw_err *err);
/* Put a record into another group, or all of one group; nights are marked. *moved: how many. */
int sw_ingest_move(struct sw_store *s, const struct sw_who *who, int64_t id, int64_t group, int64_t *moved,
                   struct sw_err *err);
int sw_ingest_join(struct sw_store *s, const struct sw_who *who, int64_t from, int64_t to, int64_t *moved,
                   struct sw_err *err);
/* A total stated for a day, in the metric's unit. *what says new, changed or same. */
int sw_ingest_day_total(struct sw_store *s, const struct sw_who *who, const struct sw_metric *m,
                        int64_t day, int64_t origin_id, double total, enum sw_put *what,
                        struct sw_err *err);

/* The same from a service that may send a truncated day later: no amount is no news (a zero never
 * replaces a figure), and a fall of more than a fifth on a day that is over is held until it is sent a
 * second time. *held says so. */
int sw_ingest_doubted_total(struct sw_store *s, const struct sw_who *who, const struct sw_metric *m,
                            int64_t day, int64_t origin_id, double total, bool *held,
                            enum sw_put *what, struct sw_err *err);

#define SW_SLEEP_MARK "sleep_duration" /* the metric whose dirty day stands for the whole night */
#endif
