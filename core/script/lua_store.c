/* SPDX-License-Identifier: MIT
 * sw.store: questions to the reader. Each waits, runs in its own snapshot on the reader thread, which
 * writes the answer as JSON text; the loop turns that into a Lua value. Failures: nil, message, code.
 * `who` is a person's number, instants are UTC ms, days count from 1970-01-01.
 *   person(name) -> {id, name, zone} | nil          people() -> list
 *   doc(who, kind, name) -> {name, at, revision, body} | nil
 *   docs(who, kind, {from, to, newest, limit, prefix = of the name}) -> list of the same
 *   records(who, {kind, from, to, first_day, last_day, group, id, limit, deleted}) -> list; deleted: those too
 *   records(who, {connection, external, kind}) -> list: what a service calls it
 *   records(who, {by_hand = "edit:"}) -> list: those written by hand under names that begin so
 *     bare: without the segments of their bodies, which most questions need not
 *   count(who, kind, from, to, until) -> {over, open}: groups that were over by then, and those that in part were
 *   kinds(who) -> list of the kinds of records there are      types(who, kind) -> list of their types
 *   daily(who, metric, first_day, last_day, origin = 0 merged) -> list of {day, n, sum, min, max, last}
 *   total(who, metric, first_day, last_day) -> what these days come to, 0 without any
 *   hours(who, zone, metric, first_day, last_day [, until]) -> the same with hour = local start of the hour, ms
 *   day_until(who, zone, metric, day, ms) -> {sampled, rows}: the day as far as it was known at an instant
 *   explain(who, zone, metric, day) -> list of {origin, start, dur, offset, value, share, behind}
 *   raw(who, metric, from, to, origin = 0 all [, first_day, last_day]) -> JSON lines text, how many
 *   bounds(who, metric, day, until [, least]) -> {first, last, pauses} | nil: of the local day's samples that
 *     begin before `until`, ms: where the first begins, where the last ends, and each instant behind which
 *     none began for more than `least` ms
 *   raw_items, raw_body, raw_totals: what services gave, lua_store_raw.c
 *   rows(...), totals(who): everything for those who take it elsewhere, lua_store_export.c
 *   series(who) -> list of {metric, origin, chunks, samples}      origins(who) -> list
 *   jobs(who) -> list        next_due() -> ms | nil        runs(who, limit) -> list
 *   runs_old(who, before) -> are there some to forget?
 *   dirty(who) -> count      counts(who) -> {records, samples, ...}
 *   dump(all) -> true: canonical dump to standard output          wake() -> number */
#include "base/alloc.h"
#include "base/json.h"
#include "engine/timeline.h"
#include "script/query.h"
#include "store/dump.h"
#include "store/store_jobs.h"
#include <math.h>
#include <string.h>

/* --- people, documents --- */

static int write_people(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err, "SELECT id, name, zone FROM person WHERE $1 = '' OR name = $1 ORDER BY name", "s",
        a->s[0]);
    static const char columns[] = "id:i name:s zone:s";
    return a->i[0] ? sw_json_list(&a->out, q, columns, err) : sw_json_rows(&a->out, q, columns, err);
}

static int l_person(lua_State *L)
{
    struct sw_query *a = sw_query_new(L, write_people);
    a->s[0] = sw_strdup(luaL_checkstring(L, 1));
    return sw_query_go(L, a);
}

static int l_people(lua_State *L)
{
    struct sw_query *a = sw_query_new(L, write_people);
    a->s[0] = sw_strdup("");
    a->i[0] = 1;
    return sw_query_go(L, a);
}

static void put_doc(void *ctx, const struct sw_doc *d)
{
    struct sw_buf *b = ctx;
    sw_json_item(b);
    sw_json_put_text(b, "name", d->name);
    sw_json_put_int(b, "at", d->at_ms);
    sw_json_put_int(b, "revision", d->revision);
    sw_json_key(b, "body");
    sw_buf_put(b, d->body, d->body_n);
    sw_buf_byte(b, '}');
}

static int write_doc(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    int rc = sw_doc_get(s, a->i[0], a->s[0], a->s[1], put_doc, &a->out, err);
    return rc < 0 ? rc : 0;
}

static int write_docs(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    int rc;
    sw_buf_byte(&a->out, '[');
    rc = sw_doc_list(s, a->i[0], a->s[0],
                     &(struct sw_doc_filter){a->s[1], a->i[1], a->i[2], a->i[4], a->i[3] != 0},
                     put_doc, &a->out, err);
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int l_doc(lua_State *L)
{
    struct sw_query *a = sw_query_new(L, write_doc);
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 2));
    a->s[1] = sw_strdup(luaL_checkstring(L, 3));
    return sw_query_go(L, a);
}

static int l_docs(lua_State *L)
{
    struct sw_query *a = sw_query_new(L, write_docs);
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 2));
    a->i[1] = sw_query_opt(L, 3, "from", INT64_MIN / 2);
    a->i[2] = sw_query_opt(L, 3, "to", INT64_MAX / 2);
    a->i[4] = sw_query_opt(L, 3, "limit", 1000000);
    if (lua_istable(L, 3)) {
        lua_getfield(L, 3, "newest");
        a->i[3] = lua_toboolean(L, -1);
        lua_getfield(L, 3, "prefix");
        if (lua_isstring(L, -1)) a->s[1] = sw_strdup(lua_tostring(L, -1));
    }
    return sw_query_go(L, a);
}

/* --- records --- */

static void put_record_head(struct sw_buf *b, const struct sw_record *r)
{
    sw_json_item(b);
    sw_json_put_int(b, "id", r->id);
    sw_json_put_text(b, "kind", r->kind);
    sw_json_put_text(b, "type", r->type);
    sw_json_put_int(b, "start", r->start_ms);
    sw_json_put_int(b, "finish", r->finish_ms);
    sw_json_put_int(b, "offset_start", r->offset_start);
    sw_json_put_int(b, "offset_finish", r->offset_finish);
    sw_json_put_int(b, "day", r->day);
    sw_json_put_text(b, "zone_from", r->zone_from);
    sw_json_put_text(b, "provider", r->provider);
    sw_json_put_int(b, "connection", r->connection_id);
    sw_json_put_int(b, "origin_id", r->origin_id);
    sw_json_put_text(b, "origin", r->origin_name);
    sw_json_put_text(b, "maker", r->origin_maker);
    sw_json_put_text(b, "class", r->origin_class);
    sw_json_put_int(b, "standing", r->standing);
    sw_json_put_int(b, "group", r->group_id);
    sw_json_put_int(b, "revision", r->revision);
    sw_json_put_text(b, "external_id", r->external_id);
    sw_json_put_text(b, "connection_name", r->connection_name);
    if (r->may_return) sw_json_put_int(b, "may_return", 1);
    sw_json_put_text(b, "state", r->state);
    sw_json_key(b, "body");
}

static void put_record(void *ctx, const struct sw_record *r)
{
    put_record_head(ctx, r);
    sw_buf_put(ctx, r->body, r->body_n);
    sw_buf_byte(ctx, '}');
}

static void put_bare(void *ctx, const struct sw_record *r)
{
    put_record_head(ctx, r);
    sw_json_without(ctx, r->body, r->body_n, "segments");
    sw_buf_byte(ctx, '}');
}

enum { DELETED = 1, BARE = 2 };

static int write_records(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    struct sw_record_filter f = {.kind = a->s[0],
                                 .from_ms = a->i[1],
                                 .to_ms = a->i[2],
                                 .first_day = a->i[3],
                                 .last_day = a->i[4],
                                 .group_id = a->i[5],
                                 .id = a->i[6],
                                 .limit = a->i[7],
                                 .connection_id = a->i[8],
                                 .external_id = a->s[1],
                                 .by_hand = a->s[2],
                                 .deleted = a->flags & DELETED};
    int rc;
    sw_buf_byte(&a->out, '[');
    rc = sw_record_list(s, a->i[0], &f, a->flags & BARE ? put_bare : put_record, &a->out, err);
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int l_records(lua_State *L)
{
    struct sw_query *a = sw_query_new(L, write_records);
    a->i[0] = luaL_checkinteger(L, 1);
    a->i[1] = sw_query_opt(L, 2, "from", SW_TIME_MIN_MS);
    a->i[2] = sw_query_opt(L, 2, "to", SW_TIME_MAX_MS);
    a->i[3] = sw_query_opt(L, 2, "first_day", 1);
    a->i[4] = sw_query_opt(L, 2, "last_day", 0);
    a->i[5] = sw_query_opt(L, 2, "group", 0);
    a->i[6] = sw_query_opt(L, 2, "id", 0);
    a->i[7] = sw_query_opt(L, 2, "limit", 1000000);
    a->i[8] = sw_query_opt(L, 2, "connection", 0);
    if (lua_istable(L, 2)) {
        lua_getfield(L, 2, "kind");
        a->s[0] = sw_strdup(lua_tostring(L, -1));
        lua_getfield(L, 2, "external");
        a->s[1] = lua_isstring(L, -1) ? sw_strdup(lua_tostring(L, -1)) : NULL;
        lua_getfield(L, 2, "by_hand");
        a->s[2] = lua_isstring(L, -1) ? sw_strdup(lua_tostring(L, -1)) : NULL;
        lua_getfield(L, 2, "deleted");
        a->flags |= lua_toboolean(L, -1) ? DELETED : 0;
        lua_getfield(L, 2, "bare");
        a->flags |= lua_toboolean(L, -1) ? BARE : 0;
    }
    return sw_query_go(L, a);
}

static int write_types(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err,
                            "SELECT DISTINCT type FROM record WHERE person_id = $1 AND kind = $2 "
                            "AND state <> 'deleted' ORDER BY type",
                            "is", a->i[0], a->s[0]);
    int rc = q ? 0 : SW_E_INTERNAL;
    sw_buf_byte(&a->out, '[');
    while (q && (rc = sw_q_next(q, err)) > 0) {
        size_t n;
        const char *type = sw_q_text(q, 0, &n);
        if (a->out.len > 1) sw_buf_byte(&a->out, ',');
        sw_json_str(&a->out, type, n);
    }
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int l_types(lua_State *L)
{
    struct sw_query *a = sw_query_new(L, write_types);
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 2));
    return sw_query_go(L, a);
}

static void put_open(void *ctx, int64_t group)
{
    struct sw_buf *b = ctx;
    if (b->data[b->len - 1] != '[') sw_buf_byte(b, ',');
    sw_json_int(b, group);
}

static int write_count(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    struct sw_record_filter f = {.kind = a->s[0], .from_ms = a->i[1], .to_ms = a->i[2]};
    int64_t over;
    int rc;
    sw_buf_puts(&a->out, "{\"open\":[");
    rc = sw_record_count(s, a->i[0], &f, a->i[3], &over, put_open, &a->out, err);
    sw_buf_byte(&a->out, ']');
    sw_json_put_int(&a->out, "over", over);
    sw_buf_byte(&a->out, '}');
    return rc;
}

static int l_count(lua_State *L)
{
    struct sw_query *a = sw_query_new(L, write_count);
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 2));
    for (int i = 1; i <= 3; i++) a->i[i] = (int64_t)fmax(-9e18, fmin(9e18, luaL_checknumber(L, i + 2)));
    return sw_query_go(L, a);
}

static void put_kind(void *ctx, const char *kind)
{
    struct sw_buf *b = ctx;
    if (b->data[b->len - 1] != '[') sw_buf_byte(b, ',');
    sw_json_str(b, kind, strlen(kind));
}

static int write_kinds(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    int rc;
    sw_buf_byte(&a->out, '[');
    rc = sw_record_kinds(s, a->i[0], put_kind, &a->out, err);
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int l_kinds(lua_State *L)
{
    return sw_query_who(L, write_kinds);
}

/* --- jobs --- */

static void put_job(void *ctx, struct sw_job *j)
{
    static const char *const states[] = {"ready", "running", "given_up"};
    struct sw_buf *b = ctx;
    sw_json_item(b);
    sw_json_put_int(b, "id", j->id);
    sw_json_put_text(b, "kind", j->kind);
    sw_json_put_text(b, "name", j->name);
    sw_json_put_text(b, "state", states[j->state]);
    sw_json_put_int(b, "due", j->due_ms);
    sw_json_put_int(b, "attempts", j->attempts);
    sw_json_put_int(b, "generation", j->generation);
    sw_json_put_text(b, "progress", j->progress);
    sw_json_put_text(b, "failure", j->failure);
    sw_buf_byte(b, '}');
    sw_job_clear(j);
}

static int write_jobs(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    int rc;
    sw_buf_byte(&a->out, '[');
    rc = sw_job_list(s, a->i[0], put_job, &a->out, err);
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int write_next_due(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    int64_t due;
    int rc = sw_job_next_due(s, sw_wall_ms(), &due, err);
    if (rc > 0) sw_json_int(&a->out, due);
    return rc < 0 ? rc : 0;
}

static int write_runs_old(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    int rc = sw_runs_old(s, a->i[0], a->i[1], err);
    if (rc >= 0) sw_buf_puts(&a->out, rc ? "true" : "false");
    return rc < 0 ? rc : 0;
}

static int write_runs(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err,
        "SELECT id, kind, name, at_ms, outcome, body FROM run WHERE person_id = $1 ORDER BY id DESC LIMIT $2",
        "ii", a->i[0], a->i[1]);
    return sw_json_list(&a->out, q, "id:i kind:s name:s at:i outcome:s body:s", err);
}

static int write_dirty(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    int64_t n = 0;
    int rc = sw_ask_int(s, err, &n, "SELECT count(*) FROM dirty WHERE person_id = $1", "i",
                        a->i[0]);
    sw_json_int(&a->out, n);
    return rc < 0 ? rc : 0;
}

static int write_counts(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    static const char *const sql[] = {
        "SELECT count(*) FROM record WHERE person_id = $1 AND state <> 'deleted'",
        "SELECT count(*) FROM origin WHERE person_id = $1",
        "SELECT count(*) FROM job WHERE person_id = $1 AND state < 2",
        "SELECT count(*) FROM job WHERE person_id = $1 AND state = 2",
        "SELECT CAST(coalesce(sum(chunk.n), 0) AS BIGINT) FROM series "
        "JOIN chunk ON chunk.id >= series.id * 65536 AND chunk.id < (series.id + 1) * 65536 WHERE series.person_id = $1"};
    static const char *const key[] = {"records", "origins", "jobs", "given_up", "samples"};
    int rc = 1;
    sw_buf_byte(&a->out, '{');
    for (int i = 0; i < 5 && rc >= 0; i++) {
        int64_t n = 0;
        rc = sw_ask_int(s, err, &n, sql[i], "i", a->i[0]);
        sw_json_put_int(&a->out, key[i], n);
    }
    sw_buf_byte(&a->out, '}');
    return rc < 0 ? rc : 0;
}

static int l_jobs(lua_State *L)
{
    return sw_query_who(L, write_jobs);
}
static int l_next_due(lua_State *L)
{
    return sw_query_who(L, write_next_due);
}
static int l_runs(lua_State *L)
{
    return sw_query_who(L, write_runs);
}
static int l_runs_old(lua_State *L)
{
    return sw_query_who(L, write_runs_old);
}
static int l_dirty(lua_State *L)
{
    return sw_query_who(L, write_dirty);
}
static int l_counts(lua_State *L)
{
    return sw_query_who(L, write_counts);
}

static int write_dump(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    sw_buf_puts(&a->out, "true");
    return sw_dump(s, a->engine->metrics, a->i[0] != 0, 1, err);
}

static int l_dump(lua_State *L)
{
    struct sw_query *a = sw_query_new(L, write_dump);
    a->i[0] = lua_toboolean(L, 1);
    return sw_query_go(L, a);
}

static int write_wake(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    (void)err;
    sw_json_int(&a->out, sw_store_wake(s));
    return 0;
}

static int l_wake(lua_State *L)
{
    return sw_query_who(L, write_wake);
}

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
        lua_pushboolean(L, m->by_value), lua_setfield(L, -2, "by_value");
        lua_pushboolean(L, m->month_chunks), lua_setfield(L, -2, "sparse");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* slow() -> list of {statement, count, worst_ms} */
static int l_slow(lua_State *L)
{
    const struct sw_engine *e = sw_lua_engine(L);
    lua_createtable(L, e->n_slow, 0);
    for (int i = 0; i < e->n_slow; i++) {
        lua_createtable(L, 0, 3);
        lua_pushstring(L, e->slow[i].sql), lua_setfield(L, -2, "statement");
        lua_pushinteger(L, e->slow[i].count), lua_setfield(L, -2, "count");
        lua_pushinteger(L, e->slow[i].worst_ms), lua_setfield(L, -2, "worst_ms");
        lua_rawseti(L, -2, i + 1);
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
    static const luaL_Reg f[] = {
        {"person", l_person},     {"people", l_people},   {"doc", l_doc},
        {"docs", l_docs},         {"records", l_records}, {"jobs", l_jobs},
        {"kinds", l_kinds}, {"count", l_count},
        {"next_due", l_next_due}, {"runs", l_runs},       {"dirty", l_dirty},
        {"runs_old", l_runs_old}, {"types", l_types},
        {"counts", l_counts},     {"dump", l_dump},       {"wake", l_wake},
        {"slow", l_slow},         {"metrics", l_metrics},   {"convert", l_convert}, {NULL, NULL}};
    luaL_newlib(L, f);
    luaL_setfuncs(L, sw_store_series_functions, 0);
    luaL_setfuncs(L, sw_store_sync_functions, 0);
    luaL_setfuncs(L, sw_store_raw_functions, 0);
    luaL_setfuncs(L, sw_store_export_functions, 0);
    return 1;
}
