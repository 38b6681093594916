/* SPDX-License-Identifier: MIT
 * A chunk holds the samples of one series that start in one UTC day, or one UTC month for sparse
 * metrics. Its key packs series and day into one integer. A few late samples for a full chunk go to
 * the tail instead, since rewriting the chunk would cost more than the rows; the next larger write
 * folds them in. Roll-ups of touched local days are computed from the samples in the same
 * transaction, so they can never disagree with them. */
#include "store/store_series_priv.h"
#include "base/alloc.h"
#include "store/store_undo.h"
#include <stdlib.h>
#include <string.h>

enum { DAY_BIAS = 25567, TAIL_MOST = 50, TAIL_STEP = 4, CHUNK_FULL = 64 };
#define MAX_BLOB       ((size_t)48 << 20)

/* Days outside what 16 bits hold (1900-01-01 to 2079-06-06) are asked for, never stored: they clamp. */
int64_t sw_series_key(int64_t series, int64_t day)
{
    int64_t k = day + DAY_BIAS;
    return series << 16 | (k < 0 ? 0 : k > 0xffff ? 0xffff : k);
}

int64_t sw_series_key_day(int64_t key)
{
    return (key & 0xffff) - DAY_BIAS;
}

int64_t sw_series_chunk_end(const struct sw_metric *m, int64_t first)
{
    return m->month_chunks ? sw_series_chunk_day(m, first + 31) : first + 1;
}

int sw_series_find(struct sw_store *s, int64_t person, const char *metric, int64_t origin,
                   bool create, int64_t *id, struct sw_err *err)
{
    int rc = sw_ask_int(
        s, err, id, "SELECT id FROM series WHERE person_id = $1 AND metric = $2 AND origin_id = $3",
        "isi", person, metric, origin);
    if (rc) return rc > 0 ? 0 : rc;
    if (!create) return SW_E_NOTFOUND;
    rc = sw_store_number(s, "series", id, err);
    if (rc) return rc;
    return sw_run(s, err,
                  "INSERT INTO series (id, person_id, metric, origin_id) VALUES ($1, $2, $3, $4)",
                  "iisi", *id, person, metric, origin);
}

int sw_series_of_metric(struct sw_store *s, int64_t person, const char *metric,
                        struct sw_series_rows *out, struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err,
        "SELECT id, origin_id FROM series WHERE person_id = $1 AND metric = $2 AND origin_id <> 0 "
        "ORDER BY origin_id",
        "is", person, metric);
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        sw_grow((void **)&out->at, &out->cap, out->n + 1, sizeof *out->at);
        out->at[out->n++] = (struct sw_series_row){sw_q_int(q, 0), sw_q_int(q, 1)};
    }
    return rc;
}

int sw_series_of_origin(struct sw_store *s, int64_t person, int64_t origin,
                        void (*each)(void *ctx, int64_t id, const char *metric), void *ctx,
                        struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err,
        "SELECT id, metric FROM series WHERE origin_id = $1 AND person_id = $2 ORDER BY metric",
        "ii", origin, person);
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) each(ctx, sw_q_int(q, 0), sw_q_text(q, 1, NULL));
    return rc;
}

/* --- chunks and tails --- */

static int read_chunks(struct sw_store *s, int64_t from_key, int64_t to_key, struct sw_samples *out,
                       struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err, "SELECT data FROM chunk WHERE id >= $1 AND id < $2 ORDER BY id",
                            "ii", from_key, to_key);
    int rc = q ? 0 : SW_E_INTERNAL, bad = 0;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        size_t n;
        const void *p = sw_q_blob(q, 0, &n);
        bad = sw_series_decode(sw_store_zip(s), p, n, out, err);
        if (bad) {
            sw_q_stop(q);
            return bad;
        }
    }
    return rc;
}

static int read_tail(struct sw_store *s, int64_t series, int64_t from_ms, int64_t to_ms,
                     struct sw_samples *out, struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err,
        "SELECT start_ms, dur_ms, scaled, offset_min FROM tail WHERE series_id = $1 AND start_ms >= $2 "
        "AND start_ms < $3 ORDER BY start_ms, dur_ms, scaled",
        "iii", series, from_ms, to_ms);
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        struct sw_sample x = {sw_q_int(q, 0), sw_q_int(q, 1), sw_q_int(q, 2),
                              (int32_t)sw_q_int(q, 3)};
        sw_samples_push(out, &x);
    }
    return rc;
}

/* Everything stored for the chunks from first_day up to (not with) end_day; *tail_n says how many
 * rows of it came from the tail. */
static int load(struct sw_store *s, const struct sw_metric *m, int64_t series, int64_t first_day,
                int64_t end_day, struct sw_samples *out, size_t *tail_n, struct sw_err *err)
{
    struct sw_samples tail = {0};
    struct sw_merge ignored;
    int rc = read_chunks(s, sw_series_key(series, first_day), sw_series_key(series, end_day), out, err);
    *tail_n = 0;
    if (rc || !out->n) return rc; /* a tail never stands without its chunk */
    rc = read_tail(s, series, first_day * SW_DAY_MS, end_day * SW_DAY_MS, &tail, err);
    if (!rc && tail.n) sw_series_merge(out, &tail, m->by_value, &ignored, NULL);
    *tail_n = tail.n;
    sw_samples_clear(&tail);
    return rc;
}

static int drop_tail(struct sw_store *s, int64_t series, int64_t first_day, int64_t end_day,
                     struct sw_err *err)
{
    return sw_run(s, err,
                  "DELETE FROM tail WHERE series_id = $1 AND start_ms >= $2 AND start_ms < $3",
                  "iii", series, first_day * SW_DAY_MS, end_day * SW_DAY_MS);
}

static int put_blob(struct sw_store *s, int64_t key, size_t n, const struct sw_buf *blob,
                    struct sw_err *err)
{
    return sw_run(
        s, err,
        "INSERT INTO chunk (id, n, data) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET n = excluded.n, "
        "data = excluded.data",
        "iib", key, (int64_t)n, blob->data, blob->len);
}

static int put_chunk(struct sw_store *s, int64_t key, const struct sw_samples *x,
                     struct sw_err *err)
{
    struct sw_buf blob;
    int rc;
    if (!x->n) return sw_run(s, err, "DELETE FROM chunk WHERE id = $1", "i", key);
    sw_buf_init(&blob, MAX_BLOB);
    rc = sw_series_encode(sw_store_zip(s), x->at, x->n, &blob, err);
    if (!rc) rc = put_blob(s, key, x->n, &blob, err);
    sw_buf_clear(&blob);
    return rc;
}

/* A chunk of which all is new: packed once for the journal and itself. */
static int put_new_chunk(struct sw_store *s, int64_t series, int64_t key, const struct sw_samples *x,
                         const struct sw_samples *old, struct sw_err *err)
{
    struct sw_buf blob;
    int rc;
    sw_buf_init(&blob, MAX_BLOB);
    rc = sw_series_encode(sw_store_zip(s), x->at, x->n, &blob, err);
    if (!rc) rc = sw_undo_samples(s, series, old, x, &blob, err);
    if (!rc) rc = put_blob(s, key, x->n, &blob, err);
    sw_buf_clear(&blob);
    return rc;
}

static int put_tail(struct sw_store *s, const struct sw_metric *m, int64_t series,
                    const struct sw_samples *news, struct sw_err *err)
{
    int rc = 0;
    for (size_t i = 0; i < news->n && !rc; i++) {
        const struct sw_sample *x = &news->at[i];
        if (!m->by_value)
            rc = sw_run(s, err,
                        "DELETE FROM tail WHERE series_id = $1 AND start_ms = $2 AND dur_ms = $3",
                        "iii", series, x->start_ms, x->dur_ms);
        if (!rc)
            rc = sw_run(
                s, err,
                "INSERT INTO tail (series_id, start_ms, dur_ms, scaled, offset_min) VALUES ($1, $2, $3, $4, $5) "
                "ON CONFLICT (series_id, start_ms, dur_ms, scaled) DO NOTHING",
                "iiiii", series, x->start_ms, x->dur_ms, x->value, (int64_t)x->offset_min);
    }
    return rc;
}

/* --- reading and writing --- */

/* Callers ask for "everything" with any numbers; nothing is stored outside the border. */
static void clip(int64_t *from_ms, int64_t *to_ms)
{
    if (*from_ms < SW_TIME_MIN_MS) *from_ms = SW_TIME_MIN_MS;
    if (*to_ms > SW_TIME_MAX_MS) *to_ms = SW_TIME_MAX_MS;
    if (*to_ms < *from_ms) *to_ms = *from_ms = SW_TIME_MIN_MS;
}

/* Leave of x what starts from from_ms up to (not with) to_ms. */
static void trim(struct sw_samples *x, int64_t from_ms, int64_t to_ms)
{
    size_t a = 0, b = x->n;
    while (a < b && x->at[a].start_ms < from_ms) a++;
    while (b > a && x->at[b - 1].start_ms >= to_ms) b--;
    if (a && b > a) memmove(x->at, x->at + a, (b - a) * sizeof *x->at);
    x->n = b - a;
}

/* Behind what is there already. */
static int append(struct sw_store *s, const struct sw_metric *m, int64_t series, int64_t from_ms,
                  int64_t to_ms, struct sw_samples *out, struct sw_err *err)
{
    struct sw_samples x = {0};
    int rc = sw_series_read(s, m, series, from_ms, to_ms, &x, err);
    if (!rc && x.n) {
        sw_grow((void **)&out->at, &out->cap, out->n + x.n, sizeof *out->at);
        memcpy(out->at + out->n, x.at, x.n * sizeof *x.at);
        out->n += x.n;
    }
    sw_samples_clear(&x);
    return rc;
}

int sw_series_read(struct sw_store *s, const struct sw_metric *m, int64_t series, int64_t from_ms,
                   int64_t to_ms, struct sw_samples *out, struct sw_err *err)
{
    size_t tail_n;
    int rc;
    if (out->n) return append(s, m, series, from_ms, to_ms, out, err);
    clip(&from_ms, &to_ms);
    if (to_ms <= from_ms) return 0;
    rc = load(s, m, series, sw_series_chunk_day(m, sw_floor_day(from_ms)),
              sw_series_chunk_end(m, sw_series_chunk_day(m, sw_floor_day(to_ms - 1))), out, &tail_n, err);
    trim(out, from_ms, rc ? from_ms : to_ms);
    return rc;
}

/* A tail never stands without its chunk, so the chunks' keys tell where there is something. */
int sw_series_span(struct sw_store *s, const struct sw_metric *m, int64_t series, int64_t from_ms,
                   int64_t *start_ms, int64_t *end_ms, struct sw_err *err)
{
    int64_t end = SW_TIME_MAX_MS, key, day;
    int rc;
    clip(&from_ms, &end);
    if (from_ms >= end) return 0;
    rc = sw_ask_int(s, err, &key,
                    "SELECT id FROM chunk WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 1", "ii",
                    sw_series_key(series, sw_series_chunk_day(m, sw_floor_day(from_ms))), (series + 1) << 16);
    if (rc <= 0) return rc;
    day = sw_series_key_day(key);
    *start_ms = day * SW_DAY_MS;
    *end_ms = sw_series_chunk_end(m, day) * SW_DAY_MS;
    return 1;
}

/* A corrected sample may come with another offset: the day it is leaving changes too. */
static void touch_left_days(const struct sw_samples *have, const struct sw_samples *in,
                            struct sw_days *touched)
{
    for (size_t i = 0, k = 0; i < have->n && k < in->n;) {
        const struct sw_sample *a = &have->at[i], *b = &in->at[k];
        int64_t c = a->start_ms != b->start_ms ? a->start_ms - b->start_ms : a->dur_ms - b->dur_ms;
        if (!c && a->offset_min != b->offset_min && a->value != b->value)
            sw_days_push(touched, sw_sample_day(a));
        if (c < 0) i++;
        else k++;
    }
}

/* Those of `have` (sorted) in whose place a sample of `in` (sorted) comes. */
static void replaced(const struct sw_samples *have, const struct sw_samples *in, struct sw_samples *out)
{
    for (size_t i = 0, k = 0; i < have->n && k < in->n;) {
        const struct sw_sample *a = &have->at[i], *b = &in->at[k];
        int64_t c = a->start_ms != b->start_ms ? a->start_ms - b->start_ms : a->dur_ms - b->dur_ms;
        if (!c && a->value != b->value) sw_samples_push(out, a);
        if (c <= 0) i++;
        else k++;
    }
}

/* No sample of x (sorted) is there twice. */
static bool distinct(const struct sw_metric *m, const struct sw_samples *x)
{
    for (size_t i = 1; i < x->n; i++) {
        const struct sw_sample *a = &x->at[i - 1], *b = &x->at[i];
        if (a->start_ms == b->start_ms && a->dur_ms == b->dur_ms && (!m->by_value || a->value == b->value))
            return false;
    }
    return true;
}

/* A chunk where none was: nothing to merge with, and what can be undone is the chunk itself. */
static int write_fresh(struct sw_store *s, int64_t key, int64_t series, const struct sw_samples *in,
                       struct sw_merge *stat, struct sw_days *touched, struct sw_err *err)
{
    const struct sw_samples none = {0};
    int64_t day = 0;
    *stat = (struct sw_merge){.added = in->n};
    for (size_t i = 0; i < in->n; i++) sw_days_push(touched, day = sw_sample_day_after(&in->at[i], day));
    return sw_undo_on(s) ? put_new_chunk(s, series, key, in, &none, err) : put_chunk(s, key, in, err);
}

/* Merge the samples of one chunk; days that change are added to `touched`. */
static int write_chunk(struct sw_store *s, const struct sw_metric *m, int64_t series, int64_t first,
                       int64_t end, const struct sw_samples *in, struct sw_merge *stat,
                       struct sw_days *touched, struct sw_err *err)
{
    struct sw_samples have = {0}, news = {0}, old = {0};
    size_t tail_n, before;
    bool whole;
    int rc = load(s, m, series, first, end, &have, &tail_n, err);
    if (rc) goto out;
    before = have.n;
    if (!before && distinct(m, in))
        return write_fresh(s, sw_series_key(series, first), series, in, stat, touched, err);
    touched->written = NULL;
    if (!m->by_value) touch_left_days(&have, in, touched);
    if (!m->by_value && sw_undo_on(s)) replaced(&have, in, &old);
    sw_series_merge(&have, in, m->by_value, stat, &news);
    for (size_t i = 0; i < news.n; i++) sw_days_push(touched, sw_sample_day(&news.at[i]));
    if (!news.n) goto out;
    whole = sw_undo_on(s) && news.n == have.n;
    if (sw_undo_on(s) && !whole && (rc = sw_undo_samples(s, series, &old, &news, NULL, err))) goto out;
    if (before >= CHUNK_FULL && news.n <= TAIL_STEP && tail_n + news.n < TAIL_MOST) {
        rc = put_tail(s, m, series, &news, err);
    } else {
        rc = whole ? put_new_chunk(s, series, sw_series_key(series, first), &have, &old, err)
                   : put_chunk(s, sw_series_key(series, first), &have, err);
        if (!rc && tail_n) rc = drop_tail(s, series, first, end, err);
    }
out:
    sw_samples_clear(&have);
    sw_samples_clear(&news);
    sw_samples_clear(&old);
    return rc;
}

int sw_series_write(struct sw_store *s, int64_t person, const struct sw_metric *m, int64_t series,
                    const struct sw_samples *in, struct sw_merge *stat, struct sw_err *err)
{
    struct sw_days touched = {.written = in};
    int rc = 0;
    *stat = (struct sw_merge){0, 0, 0};
    for (size_t a = 0, b; a < in->n && !rc; a = b) {
        int64_t first = sw_series_chunk_day(m, sw_floor_day(in->at[a].start_ms)),
                end = sw_series_chunk_end(m, first);
        struct sw_samples part;
        struct sw_merge one = {0, 0, 0};
        for (b = a; b < in->n && in->at[b].start_ms < end * SW_DAY_MS; b++) continue;
        part = (struct sw_samples){in->at + a, b - a, b - a};
        rc = write_chunk(s, m, series, first, end, &part, &one, &touched, err);
        stat->added += one.added;
        stat->changed += one.changed;
        stat->same += one.same;
    }
    if (!rc) rc = sw_series_roll_up(s, person, m, series, &touched, err);
    sw_free(touched.at);
    return rc;
}

static int erase_chunk(struct sw_store *s, const struct sw_metric *m, int64_t series, int64_t first,
                       int64_t from_ms, int64_t to_ms, struct sw_days *touched, int64_t *erased,
                       struct sw_err *err)
{
    struct sw_samples x = {0};
    size_t tail_n, k = 0;
    int64_t end = sw_series_chunk_end(m, first);
    int rc = load(s, m, series, first, end, &x, &tail_n, err);
    for (size_t i = 0; i < x.n; i++) {
        if (x.at[i].start_ms >= from_ms && x.at[i].start_ms < to_ms)
            sw_days_push(touched, sw_sample_day(&x.at[i]));
        else x.at[k++] = x.at[i];
    }
    if (!rc && k < x.n) {
        *erased += (int64_t)(x.n - k);
        x.n = k;
        rc = put_chunk(s, sw_series_key(series, first), &x, err);
        if (!rc) rc = drop_tail(s, series, first, end, err);
    }
    sw_samples_clear(&x);
    return rc;
}

/* x without those of `fresh` that are in it; both sorted. The identities that went are kept in `went`. */
static void without(struct sw_samples *x, const struct sw_samples *fresh, struct sw_samples *went)
{
    size_t k = 0, n = 0;
    for (size_t i = 0; i < x->n; i++) {
        while (k < fresh->n && sw_sample_cmp(&fresh->at[k], &x->at[i]) < 0) k++;
        if (k < fresh->n && !sw_sample_cmp(&fresh->at[k], &x->at[i])) sw_samples_push(went, &x->at[i]);
        else x->at[n++] = x->at[i];
    }
    x->n = n;
}

/* Of `old` what stood where one of `went` was. */
static void of_places(const struct sw_samples *old, const struct sw_samples *went, struct sw_samples *out)
{
    for (size_t i = 0, k = 0; i < old->n && k < went->n;) {
        const struct sw_sample *a = &old->at[i], *b = &went->at[k];
        int64_t c = a->start_ms != b->start_ms ? a->start_ms - b->start_ms : a->dur_ms - b->dur_ms;
        if (!c) sw_samples_push(out, a);
        if (c <= 0) i++;
        if (c >= 0) k++;
    }
}

int sw_series_take_back(struct sw_store *s, int64_t person, const struct sw_metric *m, int64_t series,
                        const struct sw_samples *old, const struct sw_samples *fresh, int64_t *gone,
                        struct sw_err *err)
{
    struct sw_samples x = {0}, went = {0}, back = {0};
    struct sw_days touched = {0};
    struct sw_merge ignored;
    size_t tail_n;
    int64_t first = sw_series_chunk_day(m, sw_floor_day(fresh->at[0].start_ms)), end = sw_series_chunk_end(m, first);
    int rc = load(s, m, series, first, end, &x, &tail_n, err);
    if (rc) goto out;
    without(&x, fresh, &went);
    of_places(old, &went, &back);
    for (size_t i = 0; i < went.n; i++) sw_days_push(&touched, sw_sample_day(&went.at[i]));
    for (size_t i = 0; i < back.n; i++) sw_days_push(&touched, sw_sample_day(&back.at[i]));
    if (back.n) sw_series_merge(&x, &back, m->by_value, &ignored, NULL);
    *gone = (int64_t)went.n;
    if (!went.n) goto out;
    if (sw_undo_on(s) && (rc = sw_undo_samples(s, series, &went, &(struct sw_samples){0}, NULL, err))) goto out;
    rc = put_chunk(s, sw_series_key(series, first), &x, err);
    if (!rc) rc = drop_tail(s, series, first, end, err);
    if (!rc) rc = sw_series_roll_up(s, person, m, series, &touched, err);
out:
    sw_samples_clear(&x), sw_samples_clear(&went), sw_samples_clear(&back);
    sw_free(touched.at);
    return rc;
}

int sw_series_remove(struct sw_store *s, int64_t person, const struct sw_metric *m, int64_t series,
                     const struct sw_samples *x, int64_t *gone, struct sw_err *err)
{
    const struct sw_samples none = {0};
    int rc = 0;
    *gone = 0;
    for (size_t a = 0, b; a < x->n && !rc; a = b) {
        int64_t end = sw_series_chunk_end(m, sw_series_chunk_day(m, sw_floor_day(x->at[a].start_ms))), n = 0;
        struct sw_samples part;
        for (b = a; b < x->n && x->at[b].start_ms < end * SW_DAY_MS; b++) continue;
        part = (struct sw_samples){x->at + a, b - a, b - a};
        rc = sw_series_take_back(s, person, m, series, &none, &part, &n, err);
        *gone += n;
    }
    return rc;
}

int sw_series_erase(struct sw_store *s, int64_t person, const struct sw_metric *m, int64_t series,
                    int64_t from_ms, int64_t to_ms, int64_t *erased, struct sw_err *err)
{
    struct sw_days touched = {0};
    int64_t day;
    int rc = 0;
    clip(&from_ms, &to_ms);
    day = sw_series_chunk_day(m, sw_floor_day(from_ms));
    *erased = 0;
    for (; day * SW_DAY_MS < to_ms && !rc; day = sw_series_chunk_end(m, day))
        rc = erase_chunk(s, m, series, day, from_ms, to_ms, &touched, erased, err);
    if (!rc) rc = sw_series_roll_up(s, person, m, series, &touched, err);
    sw_free(touched.at);
    return rc;
}

int sw_series_fold(struct sw_store *s, const struct sw_metric *m, int64_t series,
                   struct sw_err *err)
{
    int64_t start;
    int rc;
    while (
        (rc = sw_ask_int(s, err, &start,
                         "SELECT start_ms FROM tail WHERE series_id = $1 ORDER BY start_ms LIMIT 1",
                         "i", series)) > 0) {
        struct sw_samples x = {0};
        int64_t first = sw_series_chunk_day(m, sw_floor_day(start)), end = sw_series_chunk_end(m, first);
        size_t tail_n;
        rc = load(s, m, series, first, end, &x, &tail_n, err);
        if (!rc) rc = put_chunk(s, sw_series_key(series, first), &x, err);
        if (!rc) rc = drop_tail(s, series, first, end, err);
        sw_samples_clear(&x);
        if (rc) return rc;
    }
    return rc;
}
