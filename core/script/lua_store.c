/* SPDX-License-Identifier: MIT
 * sw.store: questions to the reader. Each waits, runs in its own snapshot on the reader thread, which
 * writes the answer as JSON text; the loop turns that into a Lua value. Failures: nil, message, code.
 * `who` is a person's number, instants are UTC ms, days count from 1970-01-01.
 *   person(name) -> {id, name, zone} | nil          people() -> list
 *   doc(who, kind, name) -> {name, at, revision, body} | nil
 *   docs(who, kind, {from, to, newest, limit}) -> list of the same
 *   records(who, {kind, from, to, first_day, last_day, group, id, limit}) -> list
 *   daily(who, metric, first_day, last_day, origin = 0 merged) -> list of {day, n, sum, min, max, last}
 *   hours(who, zone, metric, first_day, last_day) -> the same with hour = local start of the hour, ms
 *   explain(who, zone, metric, day) -> list of {origin, start, dur, offset, value, share, behind}
 *   raw(who, metric, from, to, origin = 0 all) -> JSON lines text, how many
 *   series(who) -> list of {metric, origin, chunks, samples}      origins(who) -> list
 *   jobs(who) -> list        next_due() -> ms | nil        runs(who, limit) -> list
 *   dirty(who) -> count      counts(who) -> {records, samples, ...}
 *   dump(all) -> true: canonical dump to standard output          wake() -> number */
#include "base/alloc.h"
#include "base/json.h"
#include "engine/timeline.h"
#include "script/task.h"
#include "store/dump.h"
#include "store/store_jobs.h"
#include <math.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MOST ((size_t)512 << 20)

struct ask {
    struct sw_work work;
    struct sw_wait wait;
    struct sw_engine *engine;
    int (*write)(struct sw_store *s, struct ask *a, struct sw_err *err); /* on the reader thread, into out */
    struct sw_buf out;
    bool plain;             /* out is text for Lua, not JSON */
    int64_t i[8];
    char *s[3];
    const struct sw_tz *zone;
};

static int on_reader(struct sw_store *s, struct sw_work *w, struct sw_err *err)
{
    struct ask *a = (struct ask *)w;
    int rc = a->write(s, a, err);
    return rc ? rc : a->out.over ? sw_fail(err, SW_E_LIMIT, "the answer is over 512 MiB: ask for a shorter span") : 0;
}

static void answered(struct sw_work *w)
{
    struct ask *a = (struct ask *)w;
    struct sw_wait wait = a->wait;
    int n = 1;
    if (w->rc < 0) {
        n = sw_push_err(wait.co, w->rc, &w->err);
    } else if (a->plain) {
        lua_pushlstring(wait.co, sw_buf_str(&a->out), a->out.len);
        lua_pushinteger(wait.co, a->i[7]);
        n = 2;
    } else {
        n = sw_push_json(wait.co, a->out.len ? sw_buf_str(&a->out) : "null", a->out.len ? a->out.len : 4);
    }
    for (int i = 0; i < 3; i++) sw_free(a->s[i]);
    sw_buf_clear(&a->out);
    sw_free(a);
    sw_wake(&wait, n);
}

static struct ask *ask_new(lua_State *L, int (*write)(struct sw_store *, struct ask *, struct sw_err *))
{
    struct ask *a;
    struct sw_engine *e = sw_lua_engine(L);
    if (!e->reader) luaL_error(L, "no home is open");
    a = sw_zalloc(sizeof *a);
    a->engine = e;
    a->write = write;
    a->work.run = on_reader;
    a->work.done = answered;
    sw_buf_init(&a->out, ANSWER_MOST);
    return a;
}

static int ask_go(lua_State *L, struct ask *a)
{
    a->wait = sw_task_begin(L, "the store");
    sw_worker_submit(a->engine->reader, &a->work);
    return sw_task_yield(L);
}

static int64_t opt_field(lua_State *L, int t, const char *name, int64_t fallback)
{
    int64_t v = fallback;
    if (!lua_istable(L, t)) return v;
    lua_getfield(L, t, name);
    if (lua_isinteger(L, -1)) v = lua_tointeger(L, -1);
    else if (!lua_isnil(L, -1)) v = (int64_t)fmax(-9e18, fmin(9e18, luaL_checknumber(L, -1))); /* a rule may ask for anything */
    lua_pop(L, 1);
    return v;
}

/* --- JSON helpers --- */

static void item(struct sw_buf *b)
{
    if (b->len && b->data[b->len - 1] != '[') sw_buf_byte(b, ',');
    sw_buf_byte(b, '{');
}

static void put_int(struct sw_buf *b, const char *key, int64_t v)
{
    sw_json_key(b, key);
    sw_json_int(b, v);
}

static void put_num(struct sw_buf *b, const char *key, double v)
{
    sw_json_key(b, key);
    sw_json_num(b, v);
}

static void put_text(struct sw_buf *b, const char *key, const char *v)
{
    sw_json_key(b, key);
    sw_json_str(b, v, strlen(v));
}

/* --- people, documents --- */

static int write_people(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err, "SELECT id, name, zone FROM person WHERE $1 = '' OR name = $1 ORDER BY name", "s", a->s[0]);
    int rc = q ? 0 : SW_E_INTERNAL;
    if (a->i[0]) sw_buf_byte(&a->out, '[');
    while (q && (rc = sw_q_next(q, err)) > 0) {
        item(&a->out);
        put_int(&a->out, "id", sw_q_int(q, 0));
        put_text(&a->out, "name", sw_q_text(q, 1, NULL));
        put_text(&a->out, "zone", sw_q_text(q, 2, NULL));
        sw_buf_byte(&a->out, '}');
    }
    if (a->i[0]) sw_buf_byte(&a->out, ']');
    return rc;
}

static int l_person(lua_State *L)
{
    struct ask *a = ask_new(L, write_people);
    a->s[0] = sw_strdup(luaL_checkstring(L, 1));
    return ask_go(L, a);
}

static int l_people(lua_State *L)
{
    struct ask *a = ask_new(L, write_people);
    a->s[0] = sw_strdup("");
    a->i[0] = 1;
    return ask_go(L, a);
}

static void put_doc(void *ctx, const struct sw_doc *d)
{
    struct sw_buf *b = ctx;
    item(b);
    put_text(b, "name", d->name);
    put_int(b, "at", d->at_ms);
    put_int(b, "revision", d->revision);
    sw_json_key(b, "body");
    sw_buf_put(b, d->body, d->body_n);
    sw_buf_byte(b, '}');
}

static int write_doc(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    int rc = sw_doc_get(s, a->i[0], a->s[0], a->s[1], put_doc, &a->out, err);
    return rc < 0 ? rc : 0;
}

static int write_docs(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    int rc;
    sw_buf_byte(&a->out, '[');
    rc = sw_doc_list(s, a->i[0], a->s[0], a->i[1], a->i[2], a->i[3] != 0, a->i[4], put_doc, &a->out, err);
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int l_doc(lua_State *L)
{
    struct ask *a = ask_new(L, write_doc);
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 2));
    a->s[1] = sw_strdup(luaL_checkstring(L, 3));
    return ask_go(L, a);
}

static int l_docs(lua_State *L)
{
    struct ask *a = ask_new(L, write_docs);
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 2));
    a->i[1] = opt_field(L, 3, "from", INT64_MIN / 2);
    a->i[2] = opt_field(L, 3, "to", INT64_MAX / 2);
    a->i[4] = opt_field(L, 3, "limit", 1000000);
    if (lua_istable(L, 3)) {
        lua_getfield(L, 3, "newest");
        a->i[3] = lua_toboolean(L, -1);
    }
    return ask_go(L, a);
}

/* --- records --- */

static void put_record(void *ctx, const struct sw_record *r)
{
    struct sw_buf *b = ctx;
    item(b);
    put_int(b, "id", r->id);
    put_text(b, "kind", r->kind);
    put_text(b, "type", r->type);
    put_int(b, "start", r->start_ms);
    put_int(b, "finish", r->finish_ms);
    put_int(b, "offset_start", r->offset_start);
    put_int(b, "offset_finish", r->offset_finish);
    put_int(b, "day", r->day);
    put_text(b, "zone_from", r->zone_from);
    put_text(b, "provider", r->provider);
    put_int(b, "origin_id", r->origin_id);
    put_text(b, "origin", r->origin_name);
    put_text(b, "maker", r->origin_maker);
    put_text(b, "class", r->origin_class);
    put_int(b, "standing", r->standing);
    put_int(b, "group", r->group_id);
    put_int(b, "revision", r->revision);
    put_text(b, "external_id", r->external_id);
    put_text(b, "state", r->state);
    sw_json_key(b, "body");
    sw_buf_put(b, r->body, r->body_n);
    sw_buf_byte(b, '}');
}

static int write_records(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    struct sw_record_filter f = {.kind = a->s[0], .from_ms = a->i[1], .to_ms = a->i[2], .first_day = a->i[3], .last_day = a->i[4],
                                 .group_id = a->i[5], .id = a->i[6], .limit = a->i[7]};
    int rc;
    sw_buf_byte(&a->out, '[');
    rc = sw_record_list(s, a->i[0], &f, put_record, &a->out, err);
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int l_records(lua_State *L)
{
    struct ask *a = ask_new(L, write_records);
    a->i[0] = luaL_checkinteger(L, 1);
    a->i[1] = opt_field(L, 2, "from", SW_TIME_MIN_MS);
    a->i[2] = opt_field(L, 2, "to", SW_TIME_MAX_MS);
    a->i[3] = opt_field(L, 2, "first_day", 1);
    a->i[4] = opt_field(L, 2, "last_day", 0);
    a->i[5] = opt_field(L, 2, "group", 0);
    a->i[6] = opt_field(L, 2, "id", 0);
    a->i[7] = opt_field(L, 2, "limit", 1000000);
    if (lua_istable(L, 2)) {
        lua_getfield(L, 2, "kind");
        a->s[0] = sw_strdup(lua_tostring(L, -1));
    }
    return ask_go(L, a);
}

/* --- series --- */

static void put_rollup(struct sw_buf *b, const char *key, int64_t at, const struct sw_rollup *r)
{
    item(b);
    put_int(b, key, at);
    put_int(b, "n", r->n);
    put_num(b, "sum", r->sum);
    put_num(b, "min", r->min);
    put_num(b, "max", r->max);
    put_num(b, "last", r->last);
    sw_buf_byte(b, '}');
}

static void put_day(void *ctx, int64_t day, const struct sw_rollup *r) { put_rollup(ctx, "day", day, r); }

static int write_daily(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    int64_t id;
    int rc = sw_series_find(s, a->i[0], a->s[0], a->i[3], false, &id, err);
    sw_buf_byte(&a->out, '[');
    if (!rc) rc = sw_rollup_range(s, id, a->i[1], a->i[2], put_day, &a->out, err);
    sw_buf_byte(&a->out, ']');
    return rc == SW_E_NOTFOUND ? 0 : rc;
}

static int l_daily(lua_State *L)
{
    struct ask *a = ask_new(L, write_daily);
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 2));
    a->i[1] = luaL_checkinteger(L, 3);
    a->i[2] = luaL_checkinteger(L, 4);
    a->i[3] = luaL_optinteger(L, 5, 0);
    return ask_go(L, a);
}

struct hour_sum {
    struct sw_rollup r[30]; /* a local day has 23 to 25 hours, a travelling one more */
    int64_t day_start;
};

static void add_hour(void *ctx, const struct sw_timeline_step *t)
{
    struct hour_sum *h = ctx;
    int64_t local = t->start_ms + (int64_t)t->offset_min * 60000, k = (local - h->day_start) / 3600000;
    if (t->share > 0 && k >= 0 && k < 30) sw_rollup_add(&h->r[k], t->value * t->share);
}

static const struct sw_metric *metric_of(struct ask *a, struct sw_err *err)
{
    const struct sw_metric *m = sw_metrics_get(a->engine->metrics, a->s[0]);
    if (!m) sw_fail(err, SW_E_NOTFOUND, "there is no metric '%.60s'", a->s[0]);
    return m;
}

static int write_hours(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    const struct sw_metric *m = metric_of(a, err);
    struct sw_who who = {a->i[0], "", a->zone, 0};
    int rc = m ? 0 : SW_E_NOTFOUND;
    sw_buf_byte(&a->out, '[');
    for (int64_t day = a->i[1]; day <= a->i[2] && !rc; day++) {
        struct hour_sum h = {.day_start = day * SW_DAY_MS};
        struct sw_rollup whole;
        rc = sw_timeline_day(s, a->engine->metrics, &who, m, day, &whole, add_hour, &h, err);
        for (int k = 0; k < 30 && !rc; k++)
            if (h.r[k].n) put_rollup(&a->out, "hour", h.day_start + k * INT64_C(3600000), &h.r[k]);
    }
    sw_buf_byte(&a->out, ']');
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
    struct ask *a = ask_new(L, write_hours);
    a->zone = z;
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 3));
    a->i[1] = luaL_checkinteger(L, 4);
    a->i[2] = luaL_checkinteger(L, 5);
    return ask_go(L, a);
}

static void put_step(void *ctx, const struct sw_timeline_step *t)
{
    struct sw_buf *b = ctx;
    item(b);
    put_int(b, "origin", t->origin_id);
    put_int(b, "start", t->start_ms);
    put_int(b, "dur", t->dur_ms);
    put_int(b, "offset", t->offset_min);
    put_num(b, "value", t->value);
    put_num(b, "share", t->share);
    put_int(b, "behind", t->behind);
    sw_buf_byte(b, '}');
}

static int write_explain(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    const struct sw_metric *m = metric_of(a, err);
    struct sw_who who = {a->i[0], "", a->zone, 0};
    struct sw_rollup whole;
    int rc = m ? 0 : SW_E_NOTFOUND;
    sw_buf_byte(&a->out, '[');
    if (!rc) rc = sw_timeline_day(s, a->engine->metrics, &who, m, a->i[1], &whole, put_step, &a->out, err);
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int l_explain(lua_State *L)
{
    const struct sw_tz *z = check_zone(L, 2);
    struct ask *a = ask_new(L, write_explain);
    a->zone = z;
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 3));
    a->i[1] = luaL_checkinteger(L, 4);
    return ask_go(L, a);
}

static int raw_of(struct sw_store *s, struct ask *a, const struct sw_metric *m, const struct sw_series_row *row, struct sw_err *err)
{
    struct sw_samples x = {0};
    int rc = sw_series_read(s, m, row->id, a->i[1], a->i[2], &x, err);
    for (size_t i = 0; i < x.n && !rc; i++) {
        char from[40], to[40];
        const struct sw_sample *e = &x.at[i];
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

static int write_raw(struct sw_store *s, struct ask *a, struct sw_err *err)
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
    struct ask *a = ask_new(L, write_raw);
    a->plain = true;
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 2));
    a->i[1] = luaL_checkinteger(L, 3);
    a->i[2] = luaL_checkinteger(L, 4);
    a->i[3] = luaL_optinteger(L, 5, 0);
    return ask_go(L, a);
}

static int write_series(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err, "SELECT series.metric, series.origin_id, count(chunk.id), CAST(sum(chunk.n) AS BIGINT) FROM series "
                            "JOIN chunk ON chunk.id >= series.id * 65536 AND chunk.id < (series.id + 1) * 65536 WHERE series.person_id = $1 "
                            "GROUP BY series.metric, series.origin_id ORDER BY series.metric, series.origin_id", "i", a->i[0]);
    int rc = q ? 0 : SW_E_INTERNAL;
    sw_buf_byte(&a->out, '[');
    while (q && (rc = sw_q_next(q, err)) > 0) {
        item(&a->out);
        put_text(&a->out, "metric", sw_q_text(q, 0, NULL));
        put_int(&a->out, "origin", sw_q_int(q, 1));
        put_int(&a->out, "chunks", sw_q_int(q, 2));
        put_int(&a->out, "samples", sw_q_int(q, 3));
        sw_buf_byte(&a->out, '}');
    }
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int write_origins(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err, "SELECT id, provider, name, maker, model, class, standing FROM origin WHERE person_id = $1 ORDER BY standing, id", "i", a->i[0]);
    static const char *const text[] = {"provider", "name", "maker", "model", "class"};
    int rc = q ? 0 : SW_E_INTERNAL;
    sw_buf_byte(&a->out, '[');
    while (q && (rc = sw_q_next(q, err)) > 0) {
        item(&a->out);
        put_int(&a->out, "id", sw_q_int(q, 0));
        for (int i = 0; i < 5; i++) put_text(&a->out, text[i], sw_q_text(q, i + 1, NULL));
        put_int(&a->out, "standing", sw_q_int(q, 6));
        sw_buf_byte(&a->out, '}');
    }
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int who_ask(lua_State *L, int (*write)(struct sw_store *, struct ask *, struct sw_err *))
{
    struct ask *a = ask_new(L, write);
    a->i[0] = luaL_optinteger(L, 1, 0);
    a->i[1] = luaL_optinteger(L, 2, 1000);
    return ask_go(L, a);
}

static int l_series(lua_State *L) { return who_ask(L, write_series); }
static int l_origins(lua_State *L) { return who_ask(L, write_origins); }

/* --- jobs --- */

static void put_job(void *ctx, struct sw_job *j)
{
    static const char *const states[] = {"ready", "running", "given_up"};
    struct sw_buf *b = ctx;
    item(b);
    put_int(b, "id", j->id);
    put_text(b, "kind", j->kind);
    put_text(b, "name", j->name);
    put_text(b, "state", states[j->state]);
    put_int(b, "due", j->due_ms);
    put_int(b, "attempts", j->attempts);
    put_int(b, "generation", j->generation);
    put_text(b, "progress", j->progress);
    put_text(b, "failure", j->failure);
    sw_buf_byte(b, '}');
    sw_job_clear(j);
}

static int write_jobs(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    int rc;
    sw_buf_byte(&a->out, '[');
    rc = sw_job_list(s, a->i[0], put_job, &a->out, err);
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int write_next_due(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    int64_t due;
    int rc = sw_job_next_due(s, sw_wall_ms(), &due, err);
    if (rc > 0) sw_json_int(&a->out, due);
    return rc < 0 ? rc : 0;
}

static int write_runs(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err, "SELECT id, kind, name, at_ms, outcome, body FROM run WHERE person_id = $1 ORDER BY id DESC LIMIT $2", "ii", a->i[0], a->i[1]);
    int rc = q ? 0 : SW_E_INTERNAL;
    sw_buf_byte(&a->out, '[');
    while (q && (rc = sw_q_next(q, err)) > 0) {
        item(&a->out);
        put_int(&a->out, "id", sw_q_int(q, 0));
        put_text(&a->out, "kind", sw_q_text(q, 1, NULL));
        put_text(&a->out, "name", sw_q_text(q, 2, NULL));
        put_int(&a->out, "at", sw_q_int(q, 3));
        put_text(&a->out, "outcome", sw_q_text(q, 4, NULL));
        put_text(&a->out, "body", sw_q_text(q, 5, NULL));
        sw_buf_byte(&a->out, '}');
    }
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int write_dirty(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    int64_t n = 0;
    int rc = sw_ask_int(s, err, &n, "SELECT count(*) FROM dirty WHERE person_id = $1", "i", a->i[0]);
    sw_json_int(&a->out, n);
    return rc < 0 ? rc : 0;
}

static int write_counts(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    static const char *const sql[] = {"SELECT count(*) FROM record WHERE person_id = $1 AND state <> 'deleted'",
                                      "SELECT count(*) FROM origin WHERE person_id = $1",
                                      "SELECT count(*) FROM job WHERE person_id = $1 AND state < 2",
                                      "SELECT count(*) FROM job WHERE person_id = $1 AND state = 2",
                                      "SELECT CAST(coalesce(sum(n), 0) AS BIGINT) FROM chunk WHERE $1 = $1"};
    static const char *const key[] = {"records", "origins", "jobs", "given_up", "samples"};
    int rc = 1;
    sw_buf_byte(&a->out, '{');
    for (int i = 0; i < 5 && rc >= 0; i++) {
        int64_t n = 0;
        rc = sw_ask_int(s, err, &n, sql[i], "i", a->i[0]);
        put_int(&a->out, key[i], n);
    }
    sw_buf_byte(&a->out, '}');
    return rc < 0 ? rc : 0;
}

static int l_jobs(lua_State *L) { return who_ask(L, write_jobs); }
static int l_next_due(lua_State *L) { return who_ask(L, write_next_due); }
static int l_runs(lua_State *L) { return who_ask(L, write_runs); }
static int l_dirty(lua_State *L) { return who_ask(L, write_dirty); }
static int l_counts(lua_State *L) { return who_ask(L, write_counts); }

static int write_dump(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    sw_buf_puts(&a->out, "true");
    return sw_dump(s, a->engine->metrics, a->i[0] != 0, 1, err);
}

static int l_dump(lua_State *L)
{
    struct ask *a = ask_new(L, write_dump);
    a->i[0] = lua_toboolean(L, 1);
    return ask_go(L, a);
}

static int write_wake(struct sw_store *s, struct ask *a, struct sw_err *err)
{
    (void)err;
    sw_json_int(&a->out, sw_store_wake(s));
    return 0;
}

static int l_wake(lua_State *L) { return who_ask(L, write_wake); }

/* metrics() -> list of the registry's rows */
static int l_metrics(lua_State *L)
{
    struct sw_metrics *all = sw_lua_engine(L)->metrics;
    lua_createtable(L, (int)all->n, 0);
    for (size_t i = 0; i < all->n; i++) {
        const struct sw_metric *m = all->row[i];
        lua_createtable(L, 0, 8);
        lua_pushstring(L, m->name), lua_setfield(L, -2, "name");
        lua_pushstring(L, m->unit), lua_setfield(L, -2, "unit");
        lua_pushstring(L, m->title), lua_setfield(L, -2, "title");
        lua_pushstring(L, sw_metric_kind_name(m->kind)), lua_setfield(L, -2, "kind");
        lua_pushstring(L, sw_aggregate_name(m->daily)), lua_setfield(L, -2, "daily");
        lua_pushnumber(L, m->min), lua_setfield(L, -2, "min");
        lua_pushnumber(L, m->max), lua_setfield(L, -2, "max");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* convert(value, from, to) -> number | nil when the units do not fit */
static int l_convert(lua_State *L)
{
    struct sw_convert c;
    if (!sw_unit_convert(luaL_checkstring(L, 2), luaL_checkstring(L, 3), &c)) return 0;
    lua_pushnumber(L, luaL_checknumber(L, 1) * c.factor + c.shift);
    return 1;
}

int sw_open_store(lua_State *L)
{
    static const luaL_Reg f[] = {{"person", l_person},   {"people", l_people},   {"doc", l_doc},         {"docs", l_docs},
                                 {"records", l_records}, {"daily", l_daily},     {"hours", l_hours},     {"explain", l_explain},
                                 {"raw", l_raw},         {"series", l_series},   {"origins", l_origins}, {"jobs", l_jobs},
                                 {"next_due", l_next_due}, {"runs", l_runs},     {"dirty", l_dirty},     {"counts", l_counts},
                                 {"dump", l_dump},       {"wake", l_wake},       {"metrics", l_metrics}, {"convert", l_convert},
                                 {NULL, NULL}};
    luaL_newlib(L, f);
    return 1;
}
