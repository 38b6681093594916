/* SPDX-License-Identifier: MIT
 * Roll-ups: of each local day that a write touched, computed anew from the samples around it, never counted up,
 * so that they cannot drift. Days that lie close together are read at once. */
#include "store/store_series_priv.h"
#include "base/alloc.h"
#include <stdlib.h>

enum { RUN_GAP = 3 };

void sw_rollup_add(struct sw_rollup *r, double v)
{
    if (!r->n || v < r->min) r->min = v;
    if (!r->n || v > r->max) r->max = v;
    r->sum += v;
    r->last = v;
    r->n++;
}

/* n, total, low, high, newest of the present row, from column col on. */
static struct sw_rollup read_rollup(struct sw_q *q, int col)
{
    return (struct sw_rollup){sw_q_int(q, col), sw_q_real(q, col + 1), sw_q_real(q, col + 2),
                              sw_q_real(q, col + 3), sw_q_real(q, col + 4)};
}

int sw_rollup_get(struct sw_store *s, int64_t series, int64_t day, struct sw_rollup *out,
                  struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err, "SELECT n, total, low, high, newest FROM rollup WHERE id = $1",
                            "i", sw_series_key(series, day));
    int rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    if (rc <= 0) return rc;
    *out = read_rollup(q, 0);
    sw_q_stop(q);
    return 1;
}

int sw_rollup_put(struct sw_store *s, int64_t series, int64_t day, const struct sw_rollup *r,
                  struct sw_err *err)
{
    if (!r->n) return sw_run(s, err, "DELETE FROM rollup WHERE id = $1", "i", sw_series_key(series, day));
    return sw_run(
        s, err,
        "INSERT INTO rollup (id, n, total, low, high, newest) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) "
        "DO UPDATE SET n = excluded.n, total = excluded.total, low = excluded.low, high = excluded.high, "
        "newest = excluded.newest",
        "iirrrr", sw_series_key(series, day), r->n, r->sum, r->min, r->max, r->last);
}

int sw_rollup_range(struct sw_store *s, int64_t series, int64_t first, int64_t last,
                    void (*each)(void *ctx, int64_t day, const struct sw_rollup *r), void *ctx,
                    struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err,
        "SELECT id, n, total, low, high, newest FROM rollup WHERE id >= $1 AND id <= $2 ORDER BY id",
        "ii", sw_series_key(series, first), sw_series_key(series, last));
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        struct sw_rollup r = read_rollup(q, 1);
        each(ctx, sw_series_key_day(sw_q_int(q, 0)), &r);
    }
    return rc;
}

int sw_rollup_sums(struct sw_store *s, int64_t series, int64_t first, int64_t last,
                   void (*each)(void *ctx, int64_t day, int64_t n, double sum), void *ctx, struct sw_err *err)
{
    struct sw_q *q =
        sw_ask(s, err, "SELECT id, n, total FROM rollup WHERE id >= $1 AND id <= $2 ORDER BY id", "ii",
               sw_series_key(series, first), sw_series_key(series, last));
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0)
        each(ctx, sw_series_key_day(sw_q_int(q, 0)), sw_q_int(q, 1), sw_q_real(q, 2));
    return rc;
}

int sw_dirty_mark(struct sw_store *s, int64_t person, const char *metric, int64_t day,
                  struct sw_err *err)
{
    return sw_run(
        s, err,
        "INSERT INTO dirty (person_id, metric, day) VALUES ($1, $2, $3) ON CONFLICT (person_id, metric, day) "
        "DO NOTHING",
        "isi", person, metric, day);
}

void sw_days_push(struct sw_days *d, int64_t day)
{
    if (d->n && d->at[d->n - 1] == day) return;
    sw_grow((void **)&d->at, &d->cap, d->n + 1, sizeof *d->at);
    d->at[d->n++] = day;
}

static int day_cmp(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void days_unique(struct sw_days *d)
{
    size_t k = 0;
    if (!d->n) return;
    qsort(d->at, d->n, sizeof *d->at, day_cmp);
    for (size_t i = 1; i < d->n; i++)
        if (d->at[i] != d->at[k]) d->at[++k] = d->at[i];
    d->n = k + 1;
}

/* Chunks of one metric that the samples of x from from_ms up to (not with) to_ms lie in. */
static int64_t chunks_of(const struct sw_metric *m, const struct sw_samples *x, int64_t from_ms, int64_t to_ms)
{
    int64_t n = 0, end_ms = INT64_MIN;
    for (size_t i = 0; i < x->n && x->at[i].start_ms < to_ms; i++) {
        if (x->at[i].start_ms < from_ms || x->at[i].start_ms < end_ms) continue;
        end_ms = sw_series_chunk_end(m, sw_series_chunk_day(m, sw_floor_day(x->at[i].start_ms))) * SW_DAY_MS;
        n++;
    }
    return n;
}

/* Where nothing but what was just written stands around the days, nothing needs to be read: *out then borrows
 * it. Else all that stands there is read into *own. */
static int samples_around(struct sw_store *s, const struct sw_metric *m, int64_t series, const struct sw_days *d,
                          int64_t from_ms, int64_t to_ms, struct sw_samples *own,
                          const struct sw_samples **out, struct sw_err *err)
{
    int64_t first = sw_series_chunk_day(m, sw_floor_day(from_ms)), there = 0,
            end = sw_series_chunk_end(m, sw_series_chunk_day(m, sw_floor_day(to_ms - 1)));
    int rc = 0;
    *out = d->written;
    if (d->written)
        rc = sw_ask_int(s, err, &there, "SELECT count(*) FROM chunk WHERE id >= $1 AND id < $2", "ii",
                        sw_series_key(series, first), sw_series_key(series, end));
    if (rc < 0) return rc;
    if (d->written && there == chunks_of(m, d->written, first * SW_DAY_MS, end * SW_DAY_MS)) return 0;
    *out = own;
    return sw_series_read(s, m, series, from_ms, to_ms, own, err);
}

/* Roll-ups of days[a..b) from the samples around them; the days lie close together. */
static int rollup_run(struct sw_store *s, int64_t person, const struct sw_metric *m, int64_t series,
                      const struct sw_days *d, size_t a, size_t b, struct sw_err *err)
{
    struct sw_samples own = {0};
    const struct sw_samples *x = NULL;
    struct sw_rollup *r = sw_zalloc((b - a) * sizeof *r);
    int64_t from = d->at[a] * SW_DAY_MS - SW_OFFSET_SPAN_MS,
            to = (d->at[b - 1] + 1) * SW_DAY_MS + SW_OFFSET_SPAN_MS;
    int rc = samples_around(s, m, series, d, from, to, &own, &x, err);
    const int64_t *hit = NULL;
    int64_t day = 0;
    for (size_t i = 0; !rc && i < x->n; i++) {
        day = sw_sample_day_after(&x->at[i], day);
        if (!hit || *hit != day) hit = bsearch(&day, d->at + a, b - a, sizeof day, day_cmp);
        if (hit) sw_rollup_add(&r[hit - (d->at + a)], (double)x->at[i].value / m->scale);
    }
    for (size_t i = a; i < b && !rc; i++) {
        rc = sw_rollup_put(s, series, d->at[i], &r[i - a], err);
        if (!rc) rc = sw_dirty_mark(s, person, m->name, d->at[i], err);
        if (!rc && !m->month_chunks) rc = sw_dirty_mark(s, person, SW_PRESENCE_MARK, d->at[i], err);
    }
    sw_free(r);
    sw_samples_clear(&own);
    return rc;
}

int sw_series_roll_up(struct sw_store *s, int64_t person, const struct sw_metric *m,
                       int64_t series, struct sw_days *d, struct sw_err *err)
{
    int rc = 0;
    days_unique(d);
    for (size_t a = 0, b; a < d->n && !rc; a = b) {
        for (b = a + 1; b < d->n && d->at[b] - d->at[b - 1] <= RUN_GAP && b - a < 64; b++) continue;
        rc = rollup_run(s, person, m, series, d, a, b, err);
    }
    return rc;
}

int sw_series_rollup_again(struct sw_store *s, int64_t person, const struct sw_metric *m, int64_t series,
                           int64_t day, struct sw_err *err)
{
    struct sw_days d = {&day, 1, 1, NULL};
    return sw_series_roll_up(s, person, m, series, &d, err);
}

static void keep_day(void *ctx, int64_t day, const struct sw_rollup *r)
{
    (void)r;
    sw_days_push(ctx, day);
}

int sw_series_mark(struct sw_store *s, int64_t person, const char *metric, int64_t series, struct sw_err *err)
{
    struct sw_days d = {0};
    int rc = sw_rollup_range(s, series, SW_TIME_MIN_MS / SW_DAY_MS, SW_TIME_MAX_MS / SW_DAY_MS, keep_day, &d, err);
    for (size_t i = 0; i < d.n && !rc; i++) {
        rc = sw_dirty_mark(s, person, metric, d.at[i], err);
        if (!rc) rc = sw_dirty_mark(s, person, SW_PRESENCE_MARK, d.at[i], err);
    }
    sw_free(d.at);
    return rc;
}
