/* SPDX-License-Identifier: MIT
 * The half of sw.store that asks about samples: days, hours, explanations, raw values, series,
 * origins. What each function gives stands at the head of lua_store.c. */
#include "base/alloc.h"
#include "base/json.h"
#include "engine/timeline.h"
#include "script/query.h"
#include "store/store_origins.h"
#include <string.h>

static void put_rollup(struct sw_buf *b, const char *key, int64_t at, const struct sw_rollup *r)
{
    sw_json_item(b);
    sw_json_put_int(b, key, at);
    sw_json_put_int(b, "n", r->n);
    sw_json_put_num(b, "sum", r->sum);
    sw_json_put_num(b, "min", r->min);
    sw_json_put_num(b, "max", r->max);
    sw_json_put_num(b, "last", r->last);
    sw_buf_byte(b, '}');
}

static void put_day(void *ctx, int64_t day, const struct sw_rollup *r)
{
    put_rollup(ctx, "day", day, r);
}

static int write_daily(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    int64_t id;
    int rc = sw_series_find(s, a->i[0], a->s[0], a->i[3], false, &id, err);
    sw_buf_byte(&a->out, '[');
    if (!rc) rc = sw_rollup_range(s, id, a->i[1], a->i[2], put_day, &a->out, err);
    sw_buf_byte(&a->out, ']');
    return rc == SW_E_NOTFOUND ? 0 : rc;
}

static void add_day(void *ctx, int64_t day, int64_t n, double sum)
{
    double *all = ctx;
    (void)day, (void)n;
    *all += sum;
}

static int write_total(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    int64_t id;
    double sum = 0;
    int rc = sw_series_find(s, a->i[0], a->s[0], SW_ORIGIN_MERGED, false, &id, err);
    if (!rc) rc = sw_rollup_sums(s, id, a->i[1], a->i[2], add_day, &sum, err);
    sw_json_num(&a->out, sum);
    return rc == SW_E_NOTFOUND ? 0 : rc;
}

static int l_total(lua_State *L)
{
    struct sw_query *a = sw_query_new(L, write_total);
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 2));
    a->i[1] = luaL_checkinteger(L, 3);
    a->i[2] = luaL_checkinteger(L, 4);
    return sw_query_go(L, a);
}

static int l_daily(lua_State *L)
{
    struct sw_query *a = sw_query_new(L, write_daily);
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 2));
    a->i[1] = luaL_checkinteger(L, 3);
    a->i[2] = luaL_checkinteger(L, 4);
    a->i[3] = luaL_optinteger(L, 5, 0);
    return sw_query_go(L, a);
}

struct hour_sum {
    struct sw_rollup r[30]; /* a local day has 23 to 25 hours, a travelling one more */
    int64_t newest_ms[30];
    int64_t day_start;
    int64_t until_ms; /* what was measured by then */
};

/* Steps come an origin after the other; the last one is that which starts last, as it is of a day. */
static void add_step(struct sw_rollup *r, int64_t *newest_ms, const struct sw_timeline_step *t)
{
    double last = r->last, v = t->value * t->share;
    bool is_newest = !r->n || t->start_ms > *newest_ms || (t->start_ms == *newest_ms && v >= last);
    sw_rollup_add(r, v);
    if (is_newest) *newest_ms = t->start_ms;
    else r->last = last;
}

static void add_hour(void *ctx, const struct sw_timeline_step *t)
{
    struct hour_sum *h = ctx;
    int64_t local = t->start_ms + (int64_t)t->offset_min * 60000,
            k = (local - h->day_start) / 3600000;
    if (t->stated || t->start_ms + t->dur_ms > h->until_ms) return;
    if (t->share > 0 && k >= 0 && k < 30) add_step(&h->r[k], &h->newest_ms[k], t);
}

static const struct sw_metric *metric_of(struct sw_query *a, struct sw_err *err)
{
    const struct sw_metric *m = sw_metrics_get(a->engine->metrics, a->s[0]);
    if (!m) sw_fail(err, SW_E_NOTFOUND, "there is no metric '%.60s'", a->s[0]);
    return m;
}

static int write_hours(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    const struct sw_metric *m = metric_of(a, err);
    struct sw_who who = {a->i[0], "", a->zone, 0};
    int rc = m ? 0 : SW_E_NOTFOUND;
    sw_buf_byte(&a->out, '[');
    for (int64_t day = a->i[1]; day <= a->i[2] && !rc; day++) {
        struct hour_sum h = {.day_start = day * SW_DAY_MS, .until_ms = a->i[3]};
        struct sw_rollup whole;
        rc = sw_timeline_day(s, a->engine->metrics, &who, m, day, &whole, add_hour, &h, err);
        for (int k = 0; k < 30 && !rc; k++)
            if (h.r[k].n) put_rollup(&a->out, "hour", h.day_start + k * INT64_C(3600000), &h.r[k]);
    }
    sw_buf_byte(&a->out, ']');
    return rc;
}

struct until_sum {
    struct sw_rollup r;
    int64_t until_ms, newest_ms;
    bool any; /* there are samples at all */
};

/* What is measured over a span is known when the span is over. */
static void add_until(void *ctx, const struct sw_timeline_step *t)
{
    struct until_sum *u = ctx;
    if (t->stated) return; /* nobody knows when of the day it was */
    u->any = true;
    if (t->share > 0 && t->start_ms + t->dur_ms <= u->until_ms) add_step(&u->r, &u->newest_ms, t);
}

static int write_day_until(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    const struct sw_metric *m = metric_of(a, err);
    struct sw_who who = {a->i[0], "", a->zone, 0};
    struct until_sum u = {.until_ms = a->i[2]};
    struct sw_rollup whole;
    int rc = m ? sw_timeline_day(s, a->engine->metrics, &who, m, a->i[1], &whole, add_until, &u, err)
               : SW_E_NOTFOUND;
    sw_buf_printf(&a->out, "{\"sampled\":%s,\"rows\":[", u.any ? "true" : "false");
    if (!rc && u.r.n) put_rollup(&a->out, "day", a->i[1], &u.r);
    sw_buf_puts(&a->out, "]}");
    return rc;
}

static const struct sw_tz *check_zone(lua_State *L, int arg)
{
    struct sw_err err = SW_ERR_INIT;
    const struct sw_tz *z = sw_engine_zone(sw_lua_engine(L), luaL_checkstring(L, arg), &err);
    if (!z) luaL_error(L, "%s", err.text);
    return z;
}

static int l_hours(lua_State *L)
{
    const struct sw_tz *z = check_zone(L, 2);
    struct sw_query *a = sw_query_new(L, write_hours);
    a->zone = z;
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 3));
    a->i[1] = luaL_checkinteger(L, 4);
    a->i[2] = luaL_checkinteger(L, 5);
    a->i[3] = luaL_optinteger(L, 6, INT64_MAX);
    return sw_query_go(L, a);
}

static int l_day_until(lua_State *L)
{
    const struct sw_tz *z = check_zone(L, 2);
    struct sw_query *a = sw_query_new(L, write_day_until);
    a->zone = z;
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 3));
    a->i[1] = luaL_checkinteger(L, 4);
    a->i[2] = luaL_checkinteger(L, 5);
    return sw_query_go(L, a);
}

static void put_step(void *ctx, const struct sw_timeline_step *t)
{
    struct sw_buf *b = ctx;
    sw_json_item(b);
    sw_json_put_int(b, "origin", t->origin_id);
    sw_json_put_int(b, "start", t->start_ms);
    sw_json_put_int(b, "dur", t->dur_ms);
    sw_json_put_int(b, "offset", t->offset_min);
    sw_json_put_num(b, "value", t->value);
    sw_json_put_num(b, "share", t->share);
    sw_json_put_int(b, "behind", t->behind);
    sw_buf_puts(b, t->stated ? ",\"stated\":true}" : ",\"stated\":false}");
}

static int write_explain(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    const struct sw_metric *m = metric_of(a, err);
    struct sw_who who = {a->i[0], "", a->zone, 0};
    struct sw_rollup whole;
    int rc = m ? 0 : SW_E_NOTFOUND;
    sw_buf_byte(&a->out, '[');
    if (!rc)
        rc = sw_timeline_day(s, a->engine->metrics, &who, m, a->i[1], &whole, put_step, &a->out,
                             err);
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int l_explain(lua_State *L)
{
    const struct sw_tz *z = check_zone(L, 2);
    struct sw_query *a = sw_query_new(L, write_explain);
    a->zone = z;
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 3));
    a->i[1] = luaL_checkinteger(L, 4);
    return sw_query_go(L, a);
}

static int raw_of(struct sw_store *s, struct sw_query *a, const struct sw_metric *m,
                  const struct sw_series_row *row, struct sw_err *err)
{
    struct sw_samples x = {0};
    int rc = sw_series_read(s, m, row->id, a->i[1], a->i[2], &x, err);
    for (size_t i = 0; i < x.n && !rc; i++) {
        char from[40], to[40];
        const struct sw_sample *e = &x.at[i];
        int64_t day = sw_floor_day(e->start_ms + (int64_t)e->offset_min * 60000);
        if (day < a->i[4] || day > a->i[5]) continue;
        sw_iso_format(e->start_ms, e->offset_min, from);
        sw_iso_format(e->start_ms + e->dur_ms, e->offset_min, to);
        sw_buf_printf(&a->out, "{\"start\":\"%s\",\"finish\":\"%s\",\"value\":", from, to);
        sw_json_num(&a->out, (double)e->value / m->scale);
        sw_buf_printf(&a->out, ",\"origin_id\":\"%llx\"}\n", (unsigned long long)row->origin_id);
        a->i[7]++;
    }
    sw_samples_clear(&x);
    return rc;
}

static int write_raw(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    const struct sw_metric *m = metric_of(a, err);
    struct sw_series_rows rows = {0};
    int rc = m ? sw_series_of_metric(s, a->i[0], m->name, &rows, err) : SW_E_NOTFOUND;
    for (size_t i = 0; i < rows.n && !rc; i++)
        if (!a->i[3] || a->i[3] == rows.at[i].origin_id) rc = raw_of(s, a, m, &rows.at[i], err);
    sw_free(rows.at);
    return rc;
}

static int l_raw(lua_State *L)
{
    struct sw_query *a = sw_query_new(L, write_raw);
    a->plain = true;
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 2));
    a->i[1] = luaL_checkinteger(L, 3);
    a->i[2] = luaL_checkinteger(L, 4);
    a->i[3] = luaL_optinteger(L, 5, 0);
    a->i[4] = luaL_optinteger(L, 6, INT64_MIN);
    a->i[5] = luaL_optinteger(L, 7, INT64_MAX);
    return sw_query_go(L, a);
}

enum { AHEAD_MS = 16 * 3600000 }; /* further east than any clock */

/* Samples of a local day, which is that of their own offsets, whoever measured them. */
static int read_day(struct sw_store *s, struct sw_query *a, struct sw_samples *out, struct sw_err *err)
{
    const struct sw_metric *m = metric_of(a, err);
    struct sw_series_rows rows = {0};
    int rc = m ? sw_series_of_metric(s, a->i[0], m->name, &rows, err) : SW_E_NOTFOUND;
    for (size_t i = 0; i < rows.n && !rc; i++) {
        struct sw_samples x = {0};
        rc = sw_series_read(s, m, rows.at[i].id, a->i[1] * SW_DAY_MS - AHEAD_MS, a->i[2], &x, err);
        for (size_t k = 0; k < x.n; k++)
            if (sw_floor_day(x.at[k].start_ms + x.at[k].offset_min * INT64_C(60000)) == a->i[1])
                sw_samples_push(out, &x.at[k]);
        sw_samples_clear(&x);
    }
    sw_free(rows.at);
    sw_samples_sort(out);
    return rc;
}

/* The ends behind which none began for more than `least` ms, as a list. Gives where the last one ended. */
static int64_t put_pauses(struct sw_buf *b, const struct sw_samples *x, int64_t least)
{
    int64_t until = x->at[0].start_ms;
    sw_buf_byte(b, '[');
    for (size_t k = 0; k < x->n; k++) {
        int64_t end = x->at[k].start_ms + x->at[k].dur_ms;
        if (x->at[k].start_ms - until > least) {
            if (b->data[b->len - 1] != '[') sw_buf_byte(b, ',');
            sw_json_int(b, until);
        }
        if (end > until) until = end;
    }
    sw_buf_byte(b, ']');
    return until;
}

static int write_bounds(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    struct sw_samples x = {0};
    int64_t last;
    int rc = read_day(s, a, &x, err);
    if (!rc && x.n) { /* else no answer, which is nil */
        sw_json_item(&a->out);
        sw_json_put_int(&a->out, "first", x.at[0].start_ms);
        sw_json_key(&a->out, "pauses");
        last = put_pauses(&a->out, &x, a->i[3]);
        sw_json_put_int(&a->out, "last", last);
        sw_buf_byte(&a->out, '}');
    }
    sw_samples_clear(&x);
    return rc;
}

static int l_bounds(lua_State *L)
{
    struct sw_query *a = sw_query_new(L, write_bounds);
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 2));
    a->i[1] = luaL_checkinteger(L, 3);
    a->i[2] = luaL_checkinteger(L, 4);
    a->i[3] = luaL_optinteger(L, 5, INT64_MAX);
    if (a->i[2] > (a->i[1] + 1) * SW_DAY_MS + AHEAD_MS) a->i[2] = (a->i[1] + 1) * SW_DAY_MS + AHEAD_MS;
    return sw_query_go(L, a);
}

static int write_series(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err,
        "SELECT series.metric, series.origin_id, count(chunk.id), CAST(sum(chunk.n) AS BIGINT) FROM series "
        "JOIN chunk ON chunk.id >= series.id * 65536 AND chunk.id < (series.id + 1) * 65536 WHERE series.person_id = $1 "
        "GROUP BY series.metric, series.origin_id ORDER BY series.metric, series.origin_id",
        "i", a->i[0]);
    return sw_json_list(&a->out, q, "metric:s origin:i chunks:i samples:i", err);
}

static int write_origins(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err,
        "SELECT o.id, o.provider, o.name, o.maker, o.model, o.class, o.key_text, " SW_STANDING("''") ", o.merged_into "
        "FROM origin o WHERE o.person_id = $1 ORDER BY 8, 1",
        "i", a->i[0]);
    return sw_json_list(
        &a->out, q, "id:i provider:s name:s maker:s model:s class:s key:s standing:i merged_into:i", err);
}

static int write_ranks(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err, "SELECT metric, origin_id, place, -1, -1 FROM origin_rank WHERE person_id = $1 "
                            "UNION ALL SELECT metric, origin_id, place, from_min, to_min FROM origin_hours "
                            "WHERE person_id = $1 ORDER BY 1, 4, 3", "i", a->i[0]);
    int rc = q ? 0 : SW_E_INTERNAL;
    sw_buf_byte(&a->out, '[');
    while (q && (rc = sw_q_next(q, err)) > 0) {
        sw_json_item(&a->out);
        sw_json_put_text(&a->out, "metric", sw_q_text(q, 0, NULL));
        sw_json_put_int(&a->out, "origin", sw_q_int(q, 1));
        sw_json_put_int(&a->out, "place", sw_q_int(q, 2));
        if (sw_q_int(q, 3) >= 0) {
            sw_json_put_int(&a->out, "from_min", sw_q_int(q, 3));
            sw_json_put_int(&a->out, "to_min", sw_q_int(q, 4));
        }
        sw_buf_byte(&a->out, '}');
    }
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int l_ranks(lua_State *L)
{
    return sw_query_who(L, write_ranks);
}
static int l_series(lua_State *L)
{
    return sw_query_who(L, write_series);
}
static int l_origins(lua_State *L)
{
    return sw_query_who(L, write_origins);
}

const luaL_Reg sw_store_series_functions[] = {
    {"daily", l_daily}, {"hours", l_hours}, {"day_until", l_day_until},   {"explain", l_explain},
    {"raw", l_raw},     {"series", l_series}, {"origins", l_origins},
    {"ranks", l_ranks}, {"bounds", l_bounds}, {"total", l_total},
    {NULL, NULL}};
