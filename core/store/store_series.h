/* SPDX-License-Identifier: MIT
 * Dense samples: chunks, tails, daily roll-ups, and the marks of merged days to compute again. All
 * writing functions expect to run inside a write transaction. Days are local days of the data
 * (start plus its own offset), counted from 1970-01-01. */
#ifndef SW_STORE_SERIES_H
#define SW_STORE_SERIES_H
#include "codec/series.h"
#include "model/metric.h"
#include "store/store.h"

#define SW_ORIGIN_MERGED 0 /* origin id of the view over all origins */

struct sw_rollup { /* values in the metric's unit */
    int64_t n;
    double sum, min, max, last;
};
struct sw_series_row {
    int64_t id, origin_id;
};
struct sw_series_rows {
    struct sw_series_row *at;
    size_t n, cap;
};

/* The key of a chunk or roll-up, and the day in it. The first UTC day after the chunk that starts on `first`. */
int64_t sw_series_key(int64_t series, int64_t day);
int64_t sw_series_key_day(int64_t key);
int64_t sw_series_chunk_end(const struct sw_metric *m, int64_t first);

/* Id of the series (person, metric, origin). 0, or SW_E_NOTFOUND when absent and not to be made. */
int sw_series_find(struct sw_store *s, int64_t person, const char *metric, int64_t origin,
                   bool create, int64_t *id, struct sw_err *err);
/* Series of a metric over its origins (the merged one left out), ordered by origin id. Caller frees at. */
int sw_series_of_metric(struct sw_store *s, int64_t person, const char *metric,
                        struct sw_series_rows *out, struct sw_err *err);
/* Series of an origin with the names of their metrics: calls each(ctx, series id, metric). */
int sw_series_of_origin(struct sw_store *s, int64_t person, int64_t origin,
                        void (*each)(void *ctx, int64_t id, const char *metric), void *ctx,
                        struct sw_err *err);

/* Merge sorted samples into a series, recompute its roll-ups of the days that changed and mark those
 * days of the merged view. stat says what was new, changed or known. */
int sw_series_write(struct sw_store *s, int64_t person, const struct sw_metric *m, int64_t series,
                    const struct sw_samples *in, struct sw_merge *stat, struct sw_err *err);
/* Take samples of one chunk out again as far as they still stand there, and put `old` where it stood before
 * them. *gone: how many. */
int sw_series_take_back(struct sw_store *s, int64_t person, const struct sw_metric *m, int64_t series,
                        const struct sw_samples *old, const struct sw_samples *fresh, int64_t *gone,
                        struct sw_err *err);
/* Take sorted samples out of the series as far as they stand there with these values. *gone: how many. */
int sw_series_remove(struct sw_store *s, int64_t person, const struct sw_metric *m, int64_t series,
                     const struct sw_samples *x, int64_t *gone, struct sw_err *err);
/* Append the samples that start in [from_ms, to_ms), sorted. */
int sw_series_read(struct sw_store *s, const struct sw_metric *m, int64_t series, int64_t from_ms,
                   int64_t to_ms, struct sw_samples *out, struct sw_err *err);
/* Where stored samples that start at from_ms or later begin: 1 and the span of the first chunk that may hold
 * some, so that a long series is read piece by piece; 0 when there are none. */
int sw_series_span(struct sw_store *s, const struct sw_metric *m, int64_t series, int64_t from_ms,
                   int64_t *start_ms, int64_t *end_ms, struct sw_err *err);
/* Take every sample that starts in [from_ms, to_ms) out again; roll-ups and marks follow. */
int sw_series_erase(struct sw_store *s, int64_t person, const struct sw_metric *m, int64_t series,
                    int64_t from_ms, int64_t to_ms, int64_t *erased, struct sw_err *err);
/* Mark the merged days that the series has a part in, and what its presence may decide there. */
int sw_series_mark(struct sw_store *s, int64_t person, const char *metric, int64_t series, struct sw_err *err);
/* Fold all tails of the series into their chunks. */
int sw_series_fold(struct sw_store *s, const struct sw_metric *m, int64_t series,
                   struct sw_err *err);

/* Compute a day's roll-up from its samples again, and mark the merged day. */
int sw_series_rollup_again(struct sw_store *s, int64_t person, const struct sw_metric *m, int64_t series,
                           int64_t day, struct sw_err *err);

/* 1 and *out when the day has a roll-up, else 0. */
int sw_rollup_get(struct sw_store *s, int64_t series, int64_t day, struct sw_rollup *out,
                  struct sw_err *err);
int sw_rollup_put(struct sw_store *s, int64_t series, int64_t day, const struct sw_rollup *r,
                  struct sw_err *err); /* n 0 deletes */
/* Days from first to last with a roll-up, in order. */
int sw_rollup_range(struct sw_store *s, int64_t series, int64_t first, int64_t last,
                    void (*each)(void *ctx, int64_t day, const struct sw_rollup *r), void *ctx,
                    struct sw_err *err);
/* The same for who wants totals or means: reading two figures of a day takes half the time of five. */
int sw_rollup_sums(struct sw_store *s, int64_t series, int64_t first, int64_t last,
                   void (*each)(void *ctx, int64_t day, int64_t n, double sum), void *ctx, struct sw_err *err);
void sw_rollup_add(struct sw_rollup *r, double value); /* one more value, in time order */

/* The mark of a day on which an origin recorded something that shows its presence: what it was not the
 * first to see may have to be merged again, whatever the metric. */
#define SW_PRESENCE_MARK "@presence"
int sw_dirty_mark(struct sw_store *s, int64_t person, const char *metric, int64_t day,
                  struct sw_err *err);
#endif
