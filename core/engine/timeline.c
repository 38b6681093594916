/* SPDX-License-Identifier: MIT */
#include "engine/timeline.h"
#include "base/alloc.h"
#include "engine/day_parts.h"
#include "engine/night.h"
#include "store/store_origins.h"
#include <stdlib.h>
#include <string.h>

#define GAP_MS (30 * INT64_C(60000)) /* presence: a gap up to this is no absence */
#define LONG_MS                                                                                    \
    (2 * INT64_C(3600000)) /* presence: a longer sample (a day's resting rate) proves nothing */
#define NEAR_MS (10 * INT64_C(60000))   /* instants: the same measurement within this */
#define EDGE_MS (16 * INT64_C(3600000)) /* a local day lies within its UTC day widened by this */

struct span {
    int64_t from, to;
    int64_t origin;
};
struct spans { /* sorted, not touching, after spans_close */
    struct span *at;
    size_t n, cap;
};

struct lane {
    int64_t series, origin;
    int standing;
    struct sw_rollup rollup;
};

static void spans_push(struct spans *s, int64_t from, int64_t to, int64_t origin)
{
    sw_grow((void **)&s->at, &s->cap, s->n + 1, sizeof *s->at);
    s->at[s->n++] = (struct span){from, to, origin};
}

static int span_cmp(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

/* Sort and join what overlaps or lies at most gap apart. */
static void spans_close(struct spans *s, int64_t gap)
{
    size_t k = 0;
    if (!s->n) return;
    qsort(s->at, s->n, sizeof *s->at, span_cmp);
    for (size_t i = 1; i < s->n; i++) {
        if (s->at[i].from <= s->at[k].to + gap) {
            if (s->at[i].to > s->at[k].to) s->at[k].to = s->at[i].to;
        } else {
            s->at[++k] = s->at[i];
        }
    }
    s->n = k + 1;
}

/* How much of [from, to) is covered, 0..1; an instant is covered or not. *by names a coverer. */
static double covered(const struct spans *s, int64_t from, int64_t to, int64_t *by)
{
    int64_t sum = 0;
    size_t lo = 0, hi = s->n;
    *by = 0;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (s->at[mid].to < from) lo = mid + 1;
        else hi = mid;
    }
    for (size_t i = lo; i < s->n && s->at[i].from <= to; i++) {
        int64_t a = s->at[i].from > from ? s->at[i].from : from,
                b = s->at[i].to < to ? s->at[i].to : to;
        if (b < a || (a == b && from != to)) continue; /* touching is not covering */
        *by = s->at[i].origin;
        if (from == to) return 1;
        sum += b - a;
    }
    return from == to ? 0 : (double)sum / (double)(to - from);
}

/* --- lanes: the origins that saw the metric that day --- */

static int lane_cmp(const void *a, const void *b)
{
    const struct lane *x = a, *y = b;
    if (x->standing != y->standing) return x->standing - y->standing;
    return (x->origin > y->origin) - (x->origin < y->origin);
}

static int standing_of(struct sw_store *s, int64_t origin, const struct sw_metric *m, int *out,
                       struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err, "SELECT " SW_STANDING("$2") ", o.class FROM origin o WHERE o.id = $1",
                            "is", origin, m->name);
    int rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    *out = 99;
    if (rc <= 0) return rc;
    *out = (int)sw_q_int(q, 0);
    /* on the body a scale knows better than a watch that repeats what was typed in */
    if (*out >= 0 && m->month_chunks && !strcmp(sw_q_text(q, 1, NULL), "scale")) *out = 5;
    sw_q_stop(q);
    return 0;
}

static int lanes_of(struct sw_store *s, const struct sw_who *who, const struct sw_metric *m,
                    int64_t day, struct lane **out, size_t *n, struct sw_err *err)
{
    struct sw_series_rows rows = {0};
    int rc = sw_series_of_metric(s, who->id, m->name, &rows, err);
    *out = sw_zalloc((rows.n + 1) * sizeof **out);
    *n = 0;
    for (size_t i = 0; i < rows.n && rc >= 0; i++) {
        struct lane l = {rows.at[i].id, rows.at[i].origin_id, 0, {0}};
        rc = sw_rollup_get(s, l.series, day, &l.rollup, err);
        if (rc > 0) rc = standing_of(s, l.origin, m, &l.standing, err);
        else if (!rc) continue;
        if (!rc) (*out)[(*n)++] = l;
    }
    qsort(*out, *n, sizeof **out, lane_cmp);
    sw_free(rows.at);
    return rc < 0 ? rc : 0;
}

/* --- presence --- */

struct presence {
    struct sw_store *s;
    const struct sw_metrics *all;
    int64_t from, to, origin;
    struct sw_series_rows series;
    const struct sw_metric *metric[64];
};

static void note_series(void *ctx, int64_t id, const char *metric)
{
    struct presence *p = ctx;
    const struct sw_metric *m = sw_metrics_get(p->all, metric);
    if (!m || p->series.n == 64) return;
    p->metric[p->series.n] = m;
    sw_grow((void **)&p->series.at, &p->series.cap, p->series.n + 1, sizeof *p->series.at);
    p->series.at[p->series.n++] = (struct sw_series_row){id, p->origin};
}

static int add_presence(struct sw_store *s, const struct sw_metrics *all, const struct sw_who *who,
                        int64_t origin, int64_t day, struct spans *cover, struct sw_err *err)
{
    struct presence p = {.s = s,
                         .all = all,
                         .from = day * SW_DAY_MS - EDGE_MS,
                         .to = (day + 1) * SW_DAY_MS + EDGE_MS,
                         .origin = origin};
    struct spans own = {0};
    int rc = sw_series_of_origin(s, who->id, origin, note_series, &p, err);
    for (size_t i = 0; i < p.series.n && !rc; i++) {
        struct sw_samples x = {0};
        if (!p.metric[i]->month_chunks)
            rc = sw_series_read(s, p.metric[i], p.series.at[i].id, p.from, p.to, &x, err);
        for (size_t k = 0; k < x.n; k++)
            if (x.at[k].dur_ms <= LONG_MS)
                spans_push(&own, x.at[k].start_ms, x.at[k].start_ms + x.at[k].dur_ms, origin);
        sw_samples_clear(&x);
    }
    spans_close(&own, GAP_MS);
    for (size_t i = 0; i < own.n; i++) spans_push(cover, own.at[i].from, own.at[i].to, origin);
    spans_close(cover, 0);
    sw_free(own.at);
    sw_free(p.series.at);
    return rc;
}

/* --- one day --- */

struct used {
    int64_t start_ms;
    double value;
};
struct used_list {
    struct used *at;
    size_t n, cap;
};

static int used_cmp(const void *a, const void *b)
{
    const struct used *x = a, *y = b;
    if (x->start_ms != y->start_ms) return x->start_ms < y->start_ms ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

struct merging {
    struct sw_store *s;
    const struct sw_metrics *all;
    const struct sw_who *who;
    const struct sw_metric *m;
    int64_t day;
    struct sw_day_part part;
    struct spans cover; /* where better origins were, in this part */
    struct used_list used;
    bool parted; /* not every part of the day has the same order */
    sw_timeline_sink sink;
    void *ctx;
};

/* What an origin's sample adds: as far as no better one was there. false: it belongs elsewhere. */
static bool take_sample(struct merging *g, const struct lane *l, const struct sw_sample *e,
                        struct sw_timeline_step *step)
{
    bool spread = g->m->kind == SW_CUMULATIVE;
    int64_t midnight = g->day * SW_DAY_MS - (int64_t)e->offset_min * 60000;
    int64_t start = e->start_ms - midnight, dur = e->dur_ms;
    if (start < 0 || start >= SW_DAY_MS || !sw_day_part_clip(&g->part, spread, &start, &dur)) return false;
    *step = (struct sw_timeline_step){l->origin, midnight + start, dur, e->offset_min,
                                      (double)e->value / g->m->scale, 1, 0, false};
    if (dur < e->dur_ms && spread) step->value *= (double)dur / (double)e->dur_ms;
    step->share = 1 - covered(&g->cover, step->start_ms, step->start_ms + (spread ? dur : 0), &step->behind);
    if (step->share <= 0) return true;
    sw_grow((void **)&g->used.at, &g->used.cap, g->used.n + 1, sizeof *g->used.at);
    g->used.at[g->used.n++] = (struct used){step->start_ms, step->value * (spread ? step->share : 1)};
    return true;
}

static int take_lane(struct merging *g, const struct lane *l, struct spans *near, struct sw_err *err)
{
    struct sw_samples x = {0};
    int rc = sw_series_read(g->s, g->m, l->series, g->day * SW_DAY_MS - EDGE_MS,
                            (g->day + 1) * SW_DAY_MS + EDGE_MS, &x, err);
    for (size_t i = 0; i < x.n && !rc; i++) {
        const struct sw_sample *e = &x.at[i];
        struct sw_timeline_step step;
        if (!take_sample(g, l, e, &step)) continue;
        if (g->m->kind != SW_CUMULATIVE)
            spans_push(near, e->start_ms - NEAR_MS, e->start_ms + e->dur_ms + NEAR_MS, l->origin);
        if (g->sink) g->sink(g->ctx, &step);
    }
    sw_samples_clear(&x);
    return rc;
}

/* Totals stated for the day, best standing first. The first of them counts where there are no samples, or
 * where it speaks for no lesser origin than theirs and they say less than it: then some did not come. It is
 * of a whole day, so it says nothing against parts that were asked of another origin. */
static int take_totals(const struct merging *g, const struct lane *best, struct sw_rollup *out, struct sw_err *err)
{
    int64_t ahead = best ? best->origin : 0;
    bool amounts = g->m->kind == SW_CUMULATIVE && !g->parted;
    struct sw_q *q = sw_ask(
        g->s, err,
        "SELECT d.total, " SW_STANDING("d.metric") ", o.id FROM day_total d JOIN origin o ON o.id = d.origin_id "
        "WHERE d.person_id = $1 AND d.metric = $2 AND d.day = $3 ORDER BY 2, 3",
        "isi", g->who->id, g->m->name, g->day);
    int rc = q ? 0 : SW_E_INTERNAL;
    for (bool first = true; q && (rc = sw_q_next(q, err)) > 0; first = false) {
        struct sw_timeline_step step = {.origin_id = sw_q_int(q, 2), .value = sw_q_real(q, 0), .stated = true};
        bool rivals = !best || (amounts && sw_q_int(q, 1) <= best->standing && step.value > out->sum);
        if (first && rivals) {
            *out = (struct sw_rollup){0};
            sw_rollup_add(out, step.value);
            step.share = 1;
            ahead = step.origin_id;
        } else step.behind = ahead;
        if (g->sink) g->sink(g->ctx, &step);
    }
    return rc;
}

static void sort_used(struct used_list *u)
{
    for (size_t i = 1; i < u->n; i++)
        if (used_cmp(&u->at[i - 1], &u->at[i]) > 0) {
            qsort(u->at, u->n, sizeof *u->at, used_cmp);
            return;
        }
}

/* One part of the day: its lanes, the best one first. */
static int merge_part(struct merging *g, const struct lane *lane, size_t n, struct sw_err *err)
{
    int rc = 0;
    g->cover.n = 0;
    for (size_t i = 0; i < n && !rc; i++) {
        struct spans near = {0};
        rc = take_lane(g, &lane[i], &near, err);
        if (!rc && i + 1 < n && g->m->kind == SW_CUMULATIVE && !g->m->month_chunks)
            rc = add_presence(g->s, g->all, g->who, lane[i].origin, g->day, &g->cover, err);
        for (size_t k = 0; k < near.n; k++)
            spans_push(&g->cover, near.at[k].from, near.at[k].to, near.at[k].origin);
        spans_close(&g->cover, 0);
        sw_free(near.at);
    }
    return rc;
}

/* Ranks of origins that saw nothing that day cut nothing, and where one was alone no rank does. */
static size_t ranks_that_matter(struct sw_hours_rank *rank, size_t n_rank, const struct lane *lane, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n_rank && n > 1; i++)
        for (size_t k = 0; k < n; k++)
            if (lane[k].origin == rank[i].origin) {
                rank[kept++] = rank[i];
                break;
            }
    return kept;
}

static int merge_parts(struct merging *g, struct lane *lane, size_t n, struct sw_err *err)
{
    struct sw_hours_rank *rank;
    struct sw_day_part *part;
    struct lane *own;
    size_t n_rank, parts;
    int rc = sw_origin_hours(g->s, g->who->id, g->m->name, &rank, &n_rank, err);
    part = sw_alloc((2 * n_rank + 1) * sizeof *part);
    own = sw_alloc(n * sizeof *own);
    n_rank = ranks_that_matter(rank, n_rank, lane, n);
    parts = sw_day_parts(rank, n_rank, part);
    for (size_t k = 0; k < parts && !rc; k++) {
        g->part = part[k];
        memcpy(own, lane, n * sizeof *own);
        for (size_t i = 0; i < n; i++) {
            own[i].standing = sw_day_part_standing(rank, n_rank, &part[k], own[i].origin, own[i].standing);
            g->parted |= own[i].standing != lane[i].standing;
        }
        if (n_rank) qsort(own, n, sizeof *own, lane_cmp);
        rc = merge_part(g, own, n, err);
    }
    sw_free(rank), sw_free(part), sw_free(own);
    return rc;
}

static int merge_lanes(struct merging *g, struct lane *lane, size_t n, struct sw_rollup *out, struct sw_err *err)
{
    int rc = merge_parts(g, lane, n, err);
    sort_used(&g->used);
    for (size_t i = 0; i < g->used.n; i++) sw_rollup_add(out, g->used.at[i].value);
    sw_free(g->used.at);
    sw_free(g->cover.at);
    return rc;
}

int sw_timeline_day(struct sw_store *s, const struct sw_metrics *all, const struct sw_who *who,
                    const struct sw_metric *m, int64_t day, struct sw_rollup *out,
                    sw_timeline_sink sink, void *ctx, struct sw_err *err)
{
    struct merging g = {.s = s, .all = all, .who = who, .m = m, .day = day, .sink = sink, .ctx = ctx};
    struct lane *lane;
    size_t n;
    int rc = lanes_of(s, who, m, day, &lane, &n, err);
    *out = (struct sw_rollup){0};
    if (!rc && n == 1 && !sink) *out = lane[0].rollup;
    else if (!rc && n) rc = merge_lanes(&g, lane, n, out, err);
    if (!rc) rc = take_totals(&g, n ? lane : NULL, out, err);
    sw_free(lane);
    return rc;
}

/* --- settling --- */

struct mark {
    char metric[64];
    int64_t day;
};

static int next_marks(struct sw_store *s, const struct sw_who *who, struct mark *mark, int most,
                      struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err, "SELECT metric, day FROM dirty WHERE person_id = $1 ORDER BY metric, day LIMIT $2",
        "ii", who->id, (int64_t)most);
    int rc = q ? 0 : SW_E_INTERNAL, n = 0;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        size_t len;
        const char *name = sw_q_text(q, 0, &len);
        if (len >= sizeof mark[n].metric) len = sizeof mark[n].metric - 1;
        memcpy(mark[n].metric, name, len);
        mark[n].metric[len] = 0;
        mark[n++].day = sw_q_int(q, 1);
    }
    return rc < 0 ? rc : n;
}

/* Presence changed on a day: mark the amounts that more than one origin saw then. */
static int spread_presence(struct sw_store *s, const struct sw_metrics *all,
                           const struct sw_who *who, int64_t day, struct sw_err *err)
{
    int rc = 0;
    for (size_t i = 0; i < all->n && !rc; i++) {
        const struct sw_metric *m = all->row[i];
        struct lane *lane;
        size_t n;
        if (m->kind != SW_CUMULATIVE || m->month_chunks) continue;
        rc = lanes_of(s, who, m, day, &lane, &n, err);
        if (!rc && n > 1) rc = sw_dirty_mark(s, who->id, m->name, day, err);
        sw_free(lane);
    }
    return rc;
}

static int settle_one(struct sw_store *s, const struct sw_metrics *all, const struct sw_who *who,
                      const struct mark *k, struct sw_err *err)
{
    const struct sw_metric *m = sw_metrics_get(all, k->metric);
    struct sw_rollup r;
    int64_t series;
    int rc = 0;
    if (!strcmp(k->metric, SW_PRESENCE_MARK)) {
        rc = spread_presence(s, all, who, k->day, err);
    } else if (m && !strcmp(m->name, SW_SLEEP_MARK)) {
        rc = sw_night_settle(s, who, k->day, err);
    } else if (m) {
        rc = sw_timeline_day(s, all, who, m, k->day, &r, NULL, NULL, err);
        if (!rc) rc = sw_series_find(s, who->id, m->name, SW_ORIGIN_MERGED, true, &series, err);
        if (!rc) rc = sw_rollup_put(s, series, k->day, &r, err);
    }
    return rc ? rc
              : sw_run(s, err,
                       "DELETE FROM dirty WHERE person_id = $1 AND metric = $2 AND day = $3", "isi",
                       who->id, k->metric, k->day);
}

int sw_timeline_settle(struct sw_store *s, const struct sw_metrics *all, const struct sw_who *who,
                       int most, bool *left, struct sw_err *err)
{
    struct mark *mark = sw_alloc((size_t)most * sizeof *mark);
    int n = next_marks(s, who, mark, most, err), rc = n < 0 ? n : 0;
    for (int i = 0; i < n && !rc; i++) rc = settle_one(s, all, who, &mark[i], err);
    *left = n == most;
    sw_free(mark);
    return rc;
}
