/* SPDX-License-Identifier: MIT
 * Each chunk by itself first: its checksum, its order, its days. Then the roll-ups of the series, computed
 * again from chunks and tail in the order in which they were computed when they were stored; not where a
 * chunk is damaged, since what is lost there would be blamed on the roll-ups. */
#include "engine/check_priv.h"
#include "base/alloc.h"
#include <stdio.h>
#include <string.h>

struct series {
    int64_t id, person, origin;
    char metric[64], name[120];
};
struct series_list {
    struct series *at;
    size_t n, cap;
};
struct piece { /* one chunk's place */
    int64_t key, n;
};
struct pieces {
    struct piece *at;
    size_t n, cap;
};

static int list_series(struct check *c, struct series_list *l, struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        c->s, err,
        "SELECT series.id, series.person_id, series.origin_id, series.metric, coalesce(origin.name, '') FROM series "
        "LEFT JOIN origin ON origin.id = series.origin_id WHERE series.origin_id <> 0 ORDER BY series.id",
        "");
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        struct series x = {.id = sw_q_int(q, 0), .person = sw_q_int(q, 1), .origin = sw_q_int(q, 2)};
        snprintf(x.metric, sizeof x.metric, "%s", sw_q_text(q, 3, NULL));
        snprintf(x.name, sizeof x.name, "%.100s", sw_q_text(q, 4, NULL));
        sw_grow((void **)&l->at, &l->cap, l->n + 1, sizeof *l->at);
        l->at[l->n++] = x;
    }
    return rc;
}

static void day_name(int64_t day, char out[32])
{
    struct sw_date d = sw_date_of_day(day);
    snprintf(out, 32, "%04d-%02d-%02d", d.year, d.month, d.day);
}

/* What is wrong with the samples of a chunk, or NULL. */
static const char *fault_of(const struct sw_metric *m, int64_t first, int64_t n,
                            const struct sw_samples *x)
{
    int64_t from = first * SW_DAY_MS, to = sw_series_chunk_end(m, first) * SW_DAY_MS;
    if ((int64_t)x->n != n) return "holds another number of samples than is noted beside it";
    for (size_t i = 0; i < x->n; i++) {
        if (x->at[i].start_ms < from || x->at[i].start_ms >= to) return "holds a sample of another day";
        if (i && sw_sample_cmp(&x->at[i - 1], &x->at[i]) > 0) return "holds samples out of order";
    }
    return NULL;
}

static void look_at_chunk(struct check *c, const struct series *x, const struct sw_metric *m,
                          struct sw_q *q, bool *damaged)
{
    struct sw_samples v = {0};
    struct sw_err why = SW_ERR_INIT;
    size_t bytes;
    const void *blob = sw_q_blob(q, 2, &bytes);
    int64_t first = sw_series_key_day(sw_q_int(q, 0));
    const char *fault = NULL;
    char day[32];
    int rc = sw_series_decode(sw_store_zip(c->s), blob, bytes, &v, &why);
    if (!rc) fault = fault_of(m, first, sw_q_int(q, 1), &v);
    day_name(first, day);
    if (rc || fault) {
        *damaged = true;
        sw_check_say(c, &(struct sw_finding){.what = "chunk", .person = x->person, .metric = x->metric},
                     "the samples of %s by %s from %s %s: import or sync that time again, or restore a backup",
                     x->metric, x->name, day, fault ? fault : "are damaged");
    }
    c->n->chunks++;
    c->n->samples += (int64_t)v.n;
    sw_samples_clear(&v);
    sw_check_step(c, 1);
}

static int look_at_chunks(struct check *c, const struct series *x, const struct sw_metric *m,
                          struct pieces *out, bool *damaged, struct sw_err *err)
{
    struct sw_q *q = sw_ask(c->s, err,
                            "SELECT id, n, data FROM chunk WHERE id >= $1 AND id < $2 ORDER BY id", "ii",
                            x->id << 16, (x->id + 1) << 16);
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        sw_grow((void **)&out->at, &out->cap, out->n + 1, sizeof *out->at);
        out->at[out->n++] = (struct piece){sw_q_int(q, 0), sw_q_int(q, 1)};
        look_at_chunk(c, x, m, q, damaged);
    }
    return rc;
}

/* Samples and tail of one chunk's span, added to the days they belong to. */
static int add_piece(struct check *c, const struct series *x, const struct sw_metric *m, int64_t first,
                     struct day_rolls *out, struct sw_err *err)
{
    struct sw_samples v = {0};
    int rc = sw_series_read(c->s, m, x->id, first * SW_DAY_MS,
                            sw_series_chunk_end(m, first) * SW_DAY_MS, &v, err);
    for (size_t i = 0; i < v.n && !rc; i++) {
        int64_t day = sw_floor_day(v.at[i].start_ms + (int64_t)v.at[i].offset_min * 60000);
        sw_rollup_add(sw_check_day(out, day), (double)v.at[i].value / m->scale);
    }
    sw_samples_clear(&v);
    return rc;
}

static void differ(struct check *c, const struct series *x, int64_t day, const char *how)
{
    char text[32];
    day_name(day, text);
    sw_check_say(c,
                 &(struct sw_finding){.what = "rollup", .mend = "rollup", .person = x->person,
                                      .metric = x->metric, .origin = x->origin, .day = day},
                 "the day's figures of %s by %s on %s %s", x->metric, x->name, text, how);
}

/* Both lists are in the order of days. */
static void compare(struct check *c, const struct series *x, const struct day_rolls *have,
                    const struct day_rolls *want)
{
    for (size_t i = 0, k = 0; i < have->n || k < want->n;) {
        int64_t a = i < have->n ? have->at[i].day : INT64_MAX, b = k < want->n ? want->at[k].day : INT64_MAX;
        if (a < b) differ(c, x, a, "belong to no samples");
        else if (b < a) differ(c, x, b, "are missing");
        else if (!sw_check_same(&have->at[i].r, &want->at[k].r)) differ(c, x, a, "do not agree with its samples");
        i += a <= b;
        k += b <= a;
    }
}

static int look_at_series(struct check *c, const struct series *x, struct sw_err *err)
{
    const struct sw_metric *m = sw_metrics_get(c->metrics, x->metric);
    struct pieces chunks = {0};
    struct day_rolls have = {0}, want = {0};
    bool damaged = false;
    int rc = 0;
    if (!m) {
        sw_check_say(c, &(struct sw_finding){.what = "orphan"}, "there is no metric '%s' (samples of %s)",
                     x->metric, x->name);
        return 0;
    }
    rc = look_at_chunks(c, x, m, &chunks, &damaged, err);
    for (size_t i = 0; i < chunks.n && !rc && !damaged; i++)
        rc = add_piece(c, x, m, sw_series_key_day(chunks.at[i].key), &want, err);
    if (!rc && !damaged) rc = sw_check_stored(c, x->id, &have, err);
    if (!rc && !damaged) compare(c, x, &have, &want);
    c->n->days += (int64_t)have.n;
    sw_check_step(c, (int64_t)have.n);
    sw_free(chunks.at);
    sw_free(have.at);
    sw_free(want.at);
    return rc;
}

int sw_check_chunks(struct check *c, struct sw_err *err)
{
    struct series_list l = {0};
    int rc = list_series(c, &l, err);
    for (size_t i = 0; i < l.n && !rc; i++) rc = look_at_series(c, &l.at[i], err);
    sw_free(l.at);
    return rc;
}
