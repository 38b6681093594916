/* SPDX-License-Identifier: MIT
 * What store_series.c (chunks, tails, reading and writing) and store_rollups.c (days of it) share. */
#ifndef SW_STORE_STORE_SERIES_PRIV_H
#define SW_STORE_STORE_SERIES_PRIV_H
#include "base/tz.h"
#include "store/store_series.h"

#define SW_OFFSET_SPAN_MS (16 * INT64_C(3600000)) /* no zone is further from UTC */

/* First UTC day of the chunk that a sample of that UTC day belongs to, and of the next chunk. */
static inline int64_t sw_series_chunk_day(const struct sw_metric *m, int64_t day)
{
    return m->month_chunks ? day - sw_date_of_day(day).day + 1 : day;
}

/* The local day of a sample. */
static inline int64_t sw_sample_day(const struct sw_sample *x)
{
    return sw_floor_day(x->start_ms + (int64_t)x->offset_min * 60000);
}

/* The same where most lie on the day of the one before. */
static inline int64_t sw_sample_day_after(const struct sw_sample *x, int64_t last)
{
    int64_t ms = x->start_ms + (int64_t)x->offset_min * 60000 - last * SW_DAY_MS;
    return ms >= 0 && ms < SW_DAY_MS ? last : sw_sample_day(x);
}

/* Local days that a write touched, in any order. */
struct sw_days {
    int64_t *at;
    size_t n, cap;
    const struct sw_samples *written; /* all samples of a write into chunks that were not there; or NULL */
};

/* One more day, unless it is the one before. */
void sw_days_push(struct sw_days *d, int64_t day);
/* Roll-ups of these days from their samples, and their marks; sorts them. */
int sw_series_roll_up(struct sw_store *s, int64_t person, const struct sw_metric *m, int64_t series,
                      struct sw_days *d, struct sw_err *err);
#endif
