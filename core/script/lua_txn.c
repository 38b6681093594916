/* SPDX-License-Identifier: MIT
 * sw.txn: everything that writes. new(who, name, zone) collects operations; commit() runs them in one
 * savepoint of the writer's group, in order, and gives a list with one result an operation, or
 * nil, message, code: then none of them happened.
 *   t:doc(kind, name, body text [, {at, mode = "new", revision}])      t:doc_delete(kind, name)
 *   t:person(name, zone) -> id      t:connection(provider, name) -> id
 *   t:origin{provider, name, maker, model, kind, ident} -> id
 *   t:columns(decoder, provider, index, {metric, scale, from_duration, unit}) -> counts
 *   t:samples(metric, origin id, {{start, dur, value, offset}...}) -> counts
 *   t:record(table with body text and an origin as in t:origin) -> {what, group, new_group, revision, id}
 *   t:record_delete(id) -> {group, was_last}      t:day_total(metric, day, origin, value, unit) -> what
 *   t:erase(metric, from, to) -> how many          t:settle(most) -> true while days are left
 *   t:job{kind, name, due, payload, urgency} -> id
 *   t:claim{now, lease, only, most, owner} -> list of jobs; only = -1: the job added before it here
 *   t:job_check(id, gen)  t:job_extend(id, gen, until, progress)  t:job_done(id, gen, outcome, body)
 *   t:job_retry(id, gen, due, failure)   t:job_release(id, gen)   t:sweep()
 *   t:dispatch(live_after ms): one job "dispatch" with the events of the records before it, if any */
#include "base/alloc.h"
#include "base/json.h"
#include "engine/timeline.h"
#include "script/lua_batch.h"
#include "script/task.h"
#include "store/store_jobs.h"
#include <string.h>

#define TXN "syncwell.txn"
enum { TEXTS = 12, ORIGIN = 6 /* texts from here on describe an origin */, NUMBERS = 12 };

struct txn;
struct op {
    int (*run)(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err); /* writer thread */
    char *s[TEXTS];
    size_t n[TEXTS];
    int64_t i[NUMBERS];
    double r;
    struct sw_samples samples;
    const struct sw_column *col;    /* borrowed: the decoder is kept by the transaction's user value */
    const struct sw_metric *metric;
    struct sw_column_map map;
    struct sw_buf out;              /* result as JSON text; empty: true */
    int64_t made;                   /* id an operation produced, for later ones */
};

struct txn {
    struct sw_work work;
    struct sw_wait wait;
    struct sw_engine *engine;
    struct sw_who who;
    char *name;
    struct op **op;
    size_t n_op, cap_op;
    struct sw_buf events;           /* JSON list of what records caused, for dispatch */
    bool busy;
};

static struct txn *check(lua_State *L)
{
    struct txn *t = luaL_checkudata(L, 1, TXN);
    if (t->busy) luaL_error(L, "transaction was committed already");
    return t;
}

static struct op *add(lua_State *L, int (*run)(struct sw_store *, struct txn *, struct op *, struct sw_err *))
{
    struct txn *t = check(L);
    struct op *o = sw_zalloc(sizeof *o);
    o->run = run;
    sw_buf_init(&o->out, (size_t)64 << 20);
    sw_grow((void **)&t->op, &t->cap_op, t->n_op + 1, sizeof *t->op);
    t->op[t->n_op++] = o;
    return o;
}

static void keep(struct op *o, int k, const char *s, size_t n)
{
    o->s[k] = sw_strndup(s, n);
    o->n[k] = n;
}

static void arg_text(lua_State *L, struct op *o, int k, int arg)
{
    size_t n;
    const char *s = luaL_checklstring(L, arg, &n);
    keep(o, k, s, n);
}

/* Field of the table at arg as text; fallback NULL makes it required. */
static void field_text(lua_State *L, struct op *o, int k, int arg, const char *name, const char *fallback)
{
    size_t n;
    const char *s;
    lua_getfield(L, arg, name);
    if (lua_isnil(L, -1) && !fallback) luaL_error(L, "'%s' is missing", name);
    s = luaL_optlstring(L, -1, fallback, &n);
    keep(o, k, s, n);
    lua_pop(L, 1);
}

static int64_t field_int(lua_State *L, int arg, const char *name, int64_t fallback)
{
    int64_t v = fallback;
    lua_getfield(L, arg, name);
    if (!lua_isnil(L, -1)) v = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : (int64_t)luaL_checknumber(L, -1);
    lua_pop(L, 1);
    return v;
}

/* --- documents and people --- */

static int run_doc(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    return sw_doc_put(s, t->who.id, o->s[0], o->s[1], o->i[0], o->s[2], o->n[2], (enum sw_doc_mode)o->i[1], o->i[2], err);
}

static int l_doc(lua_State *L)
{
    struct op *o = add(L, run_doc);
    arg_text(L, o, 0, 2);
    arg_text(L, o, 1, 3);
    arg_text(L, o, 2, 4);
    o->i[0] = check(L)->who.now_ms;
    if (lua_istable(L, 5)) {
        o->i[0] = field_int(L, 5, "at", o->i[0]);
        lua_getfield(L, 5, "mode");
        if (lua_isstring(L, -1) && !strcmp(lua_tostring(L, -1), "new")) o->i[1] = SW_DOC_NEW;
        o->i[2] = field_int(L, 5, "revision", 0);
        if (o->i[2]) o->i[1] = SW_DOC_REVISION;
    }
    return 0;
}

static int run_doc_delete(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    return sw_doc_delete(s, t->who.id, o->s[0], o->s[1], err);
}

static int l_doc_delete(lua_State *L)
{
    struct op *o = add(L, run_doc_delete);
    arg_text(L, o, 0, 2);
    arg_text(L, o, 1, 3);
    return 0;
}

static int run_person(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    int rc = sw_person_add(s, o->s[0], o->s[1], t->who.now_ms, &o->made, err);
    if (!rc && o->i[0]) rc = sw_person_set_zone(s, o->made, o->s[1], err);
    sw_json_int(&o->out, o->made);
    return rc;
}

static int l_person(lua_State *L)
{
    struct op *o = add(L, run_person);
    arg_text(L, o, 0, 2);
    arg_text(L, o, 1, 3);
    o->i[0] = lua_toboolean(L, 4);
    return 0;
}

static int run_connection(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    int rc = sw_connection_id(s, t->who.id, o->s[0], o->s[1], t->who.now_ms, &o->made, err);
    sw_json_int(&o->out, o->made);
    return rc;
}

static int l_connection(lua_State *L)
{
    struct op *o = add(L, run_connection);
    arg_text(L, o, 0, 2);
    arg_text(L, o, 1, 3);
    return 0;
}

/* The id of the origin in the texts from ORIGIN on, into made. */
static int find_origin(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    char **x = o->s + ORIGIN;
    struct sw_origin d = {x[0], x[1], x[2], x[3], x[4], x[5]};
    return sw_origin_id(s, t->who.id, t->who.name, &d, &o->made, err);
}

static void read_origin(lua_State *L, struct op *o, int arg)
{
    static const char *const names[] = {"provider", "name", "maker", "model", "kind", "ident"};
    luaL_checktype(L, arg, LUA_TTABLE);
    for (int i = 0; i < 6; i++) field_text(L, o, ORIGIN + i, arg, names[i], i ? "" : NULL);
}

static int run_origin(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    int rc = find_origin(s, t, o, err);
    sw_json_int(&o->out, o->made);
    return rc;
}

static int l_origin(lua_State *L)
{
    read_origin(L, add(L, run_origin), 2);
    return 0;
}

/* --- data --- */

static void put_counts(struct sw_buf *b, const struct sw_counts *c)
{
    sw_buf_printf(b, "{\"new\":%lld,\"updated\":%lld,\"unchanged\":%lld,\"rejected\":%lld,\"reasons\":{", (long long)c->added,
                  (long long)c->changed, (long long)c->same, (long long)c->rejected);
    for (size_t i = 0; i < c->reasons.cap; i++) {
        const struct sw_map_slot *s = &c->reasons.slot[i];
        if (!s->key) continue;
        sw_json_key(b, s->key);
        sw_json_int(b, s->value);
    }
    sw_buf_puts(b, "}}");
}

static int run_columns(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    struct sw_counts c = {0};
    int rc = find_origin(s, t, o, err);
    if (!rc) rc = sw_ingest_column(s, &t->who, o->col, o->made, &o->map, &c, err);
    put_counts(&o->out, &c);
    sw_counts_clear(&c);
    return rc;
}

static const struct sw_metric *check_metric(lua_State *L, const char *name)
{
    const struct sw_metric *m = sw_metrics_get(sw_lua_engine(L)->metrics, name);
    if (!m) luaL_error(L, "there is no metric '%s'", name);
    return m;
}

/* The map of a column: metric, unit conversion with an optional extra factor. Raises if units do not fit. */
static void read_map(lua_State *L, int arg, const char *unit, struct sw_column_map *map)
{
    lua_getfield(L, arg, "metric");
    map->metric = check_metric(L, luaL_checkstring(L, -1));
    lua_getfield(L, arg, "unit");
    if (lua_isstring(L, -1)) unit = lua_tostring(L, -1);
    if (!sw_unit_convert(unit, map->metric->unit, &map->convert))
        luaL_error(L, "unit '%s' does not fit %s (%s)", unit, map->metric->name, map->metric->unit);
    lua_getfield(L, arg, "scale");
    map->convert.factor *= luaL_optnumber(L, -1, 1);
    lua_getfield(L, arg, "from_duration");
    map->from_duration = lua_toboolean(L, -1);
    lua_pop(L, 4);
}

static int l_columns(lua_State *L)
{
    struct sw_batch *b = sw_check_batch(L, 2);
    const char *provider = luaL_checkstring(L, 3);
    lua_Integer k = luaL_checkinteger(L, 4);
    struct sw_column_map map;
    struct op *o;
    const struct sw_origin_desc *d;
    luaL_argcheck(L, k >= 0 && (size_t)k < b->n_col, 4, "no such column");
    luaL_checktype(L, 5, LUA_TTABLE);
    read_map(L, 5, b->col[k].unit, &map);
    o = add(L, run_columns);
    o->col = &b->col[k];
    o->map = map;
    d = &b->origins[o->col->origin];
    const char *text[] = {provider, d->name, d->maker, d->model, d->kind, d->ident};
    for (int i = 0; i < 6; i++) keep(o, ORIGIN + i, text[i], strlen(text[i]));
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, 1, 1); /* the decoder stays alive until the commit is done */
    return 0;
}

static int run_samples(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    struct sw_counts c = {0};
    struct sw_merge m = {0, 0, 0};
    int64_t series;
    int rc = sw_series_find(s, t->who.id, o->metric->name, o->i[0], true, &series, err);
    sw_samples_sort(&o->samples);
    if (!rc) rc = sw_series_write(s, t->who.id, o->metric, series, &o->samples, &m, err);
    c.added = (int64_t)m.added, c.changed = (int64_t)m.changed, c.same = (int64_t)m.same, c.rejected = o->i[1];
    put_counts(&o->out, &c);
    return rc;
}

static int l_samples(lua_State *L)
{
    struct op *o = add(L, run_samples);
    o->metric = check_metric(L, luaL_checkstring(L, 2));
    o->i[0] = luaL_checkinteger(L, 3);
    luaL_checktype(L, 4, LUA_TTABLE);
    for (lua_Integer k = 1; lua_geti(L, 4, k) == LUA_TTABLE; k++) {
        double v;
        struct sw_sample x = {0};
        for (int i = 1; i <= 4; i++) lua_geti(L, 5, i);
        x.start_ms = luaL_checkinteger(L, 6);
        x.dur_ms = luaL_checkinteger(L, 7);
        v = luaL_checknumber(L, 8);
        x.offset_min = (int32_t)luaL_checkinteger(L, 9);
        x.value = (int64_t)(v * o->metric->scale + (v < 0 ? -0.5 : 0.5));
        if (v >= o->metric->min && v <= o->metric->max && x.start_ms >= SW_TIME_MIN_MS && x.start_ms < SW_TIME_MAX_MS) sw_samples_push(&o->samples, &x);
        else o->i[1]++;
        lua_settop(L, 4);
    }
    return 0;
}

static void put_event(struct txn *t, const struct sw_record *r, const struct sw_put_result *p)
{
    struct sw_buf *b = &t->events;
    if (p->what == SW_PUT_SAME) return;
    sw_buf_puts(b, b->len ? ",{" : "{");
    sw_buf_printf(b, "\"event\":\"%s.%s\",\"group\":%lld,\"record\":%lld,\"start\":%lld,\"finish\":%lld", r->kind,
                  p->new_group ? "created" : "updated", (long long)p->group_id, (long long)r->id, (long long)r->start_ms, (long long)r->finish_ms);
    sw_buf_puts(b, "}");
}

static int run_record(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    static const char *const what[] = {"new", "updated", "unchanged"};
    struct sw_record r = {.kind = o->s[0], .type = o->s[1], .external_id = o->s[2], .zone_from = o->s[3], .state = o->s[4], .body = o->s[5],
                          .body_n = o->n[5], .start_ms = o->i[0], .finish_ms = o->i[1], .offset_start = (int)o->i[2],
                          .offset_finish = (int)o->i[3], .day = o->i[4], .connection_id = o->i[5]};
    struct sw_put_result p;
    int rc = find_origin(s, t, o, err);
    if (rc) return rc;
    r.origin_id = o->made;
    rc = sw_ingest_record(s, &t->who, &r, &p, err);
    if (rc == SW_E_BAD) { /* one impossible record does not cost the others */
        sw_buf_puts(&o->out, "{\"what\":\"rejected\",\"reason\":");
        sw_json_str(&o->out, err->text, strlen(err->text));
        sw_buf_puts(&o->out, "}");
        sw_err_clear(err);
        return 0;
    }
    if (rc) return rc;
    put_event(t, &r, &p);
    sw_buf_printf(&o->out, "{\"what\":\"%s\",\"id\":%lld,\"group\":%lld,\"revision\":%lld,\"new_group\":%s}", what[p.what], (long long)r.id,
                  (long long)p.group_id, (long long)p.revision, p.new_group ? "true" : "false");
    return 0;
}

static int l_record(lua_State *L)
{
    static const char *const texts[] = {"kind", "type", "external_id", "zone_from", "state", "body"};
    static const char *const fallback[] = {NULL, "", NULL, "provider", "final", NULL};
    static const char *const ints[] = {"start", "finish", "offset_start", "offset_finish", "day", "connection"};
    struct op *o = add(L, run_record);
    luaL_checktype(L, 2, LUA_TTABLE);
    for (int i = 0; i < 6; i++) field_text(L, o, i, 2, texts[i], fallback[i]);
    for (int i = 0; i < 6; i++) o->i[i] = field_int(L, 2, ints[i], 0);
    lua_getfield(L, 2, "origin");
    read_origin(L, o, lua_gettop(L));
    return 0;
}

static int run_record_delete(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    bool last = false;
    int64_t group = 0;
    int rc = sw_ingest_delete(s, &t->who, o->i[0], &last, &group, err);
    if (!rc && last)
        sw_buf_printf(&t->events, "%s{\"event\":\"%s.retracted\",\"group\":%lld,\"record\":%lld,\"start\":0,\"finish\":0}", t->events.len ? "," : "",
                      o->s[0], (long long)group, (long long)o->i[0]);
    sw_buf_printf(&o->out, "{\"group\":%lld,\"was_last\":%s}", (long long)group, last ? "true" : "false");
    return rc;
}

static int l_record_delete(lua_State *L)
{
    struct op *o = add(L, run_record_delete);
    o->i[0] = luaL_checkinteger(L, 2);
    arg_text(L, o, 0, 3);
    return 0;
}

static int run_day_total(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    static const char *const what[] = {"\"new\"", "\"updated\"", "\"unchanged\""};
    enum sw_put p;
    int rc;
    if (o->r < o->metric->min || o->r > o->metric->max * 100) {
        sw_buf_puts(&o->out, "\"rejected\"");
        return 0;
    }
    rc = find_origin(s, t, o, err);
    if (!rc) rc = sw_ingest_day_total(s, &t->who, o->metric, o->i[0], o->made, o->r, &p, err);
    if (!rc) sw_buf_puts(&o->out, what[p]);
    return rc;
}

static int l_day_total(lua_State *L)
{
    struct sw_convert c;
    const struct sw_metric *m = check_metric(L, luaL_checkstring(L, 2));
    const char *unit = luaL_optstring(L, 6, "");
    struct op *o;
    if (!sw_unit_convert(unit, m->unit, &c)) return luaL_error(L, "unit '%s' does not fit %s", unit, m->name);
    o = add(L, run_day_total);
    o->metric = m;
    o->i[0] = luaL_checkinteger(L, 3);
    read_origin(L, o, 4);
    o->r = luaL_checknumber(L, 5) * c.factor + c.shift;
    return 0;
}

static int run_erase(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    struct sw_series_rows rows = {0};
    int64_t sum = 0, n;
    int rc = sw_series_of_metric(s, t->who.id, o->metric->name, &rows, err);
    for (size_t k = 0; k < rows.n && !rc; k++) {
        if (o->i[2] && rows.at[k].origin_id != o->i[2]) continue;
        rc = sw_series_erase(s, t->who.id, o->metric, rows.at[k].id, o->i[0], o->i[1], &n, err);
        sum += n;
    }
    sw_json_int(&o->out, sum);
    sw_free(rows.at);
    return rc;
}

static int l_erase(lua_State *L)
{
    struct op *o = add(L, run_erase);
    o->metric = check_metric(L, luaL_checkstring(L, 2));
    o->i[0] = luaL_checkinteger(L, 3);
    o->i[1] = luaL_checkinteger(L, 4);
    o->i[2] = luaL_optinteger(L, 5, 0);
    return 0;
}

static int run_settle(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    bool left = false;
    int rc = sw_timeline_settle(s, t->engine->metrics, &t->who, (int)o->i[0], &left, err);
    sw_buf_puts(&o->out, left ? "true" : "false");
    return rc;
}

static int l_settle(lua_State *L)
{
    struct op *o = add(L, run_settle);
    o->i[0] = luaL_optinteger(L, 2, 200);
    return 0;
}

/* --- jobs --- */

static int run_job(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    struct sw_job_new j = {t->who.id, o->i[0], o->s[0], o->n[1] ? o->s[1] : NULL, o->s[2], (int)o->i[1]};
    int rc = sw_job_add(s, &j, &o->made, err);
    sw_json_int(&o->out, o->made);
    return rc;
}

static int l_job(lua_State *L)
{
    struct op *o = add(L, run_job);
    luaL_checktype(L, 2, LUA_TTABLE);
    field_text(L, o, 0, 2, "kind", NULL);
    field_text(L, o, 1, 2, "name", "");
    field_text(L, o, 2, 2, "payload", "{}");
    o->i[0] = field_int(L, 2, "due", check(L)->who.now_ms);
    o->i[1] = field_int(L, 2, "urgency", 0);
    return 0;
}

static void put_claimed(void *ctx, struct sw_job *j)
{
    struct sw_buf *b = ctx;
    sw_buf_puts(b, b->data[b->len - 1] == '[' ? "{" : ",{");
    sw_buf_printf(b, "\"id\":%lld,\"person\":%lld,\"generation\":%lld,\"due\":%lld,\"attempts\":%d", (long long)j->id, (long long)j->person_id,
                  (long long)j->generation, (long long)j->due_ms, j->attempts);
    sw_json_key(b, "kind"), sw_json_str(b, j->kind, strlen(j->kind));
    sw_json_key(b, "name"), sw_json_str(b, j->name, strlen(j->name));
    sw_json_key(b, "progress"), sw_json_str(b, j->progress, strlen(j->progress));
    sw_json_key(b, "payload"), sw_buf_puts(b, j->payload);
    sw_buf_puts(b, "}");
    sw_job_clear(j);
}

static int run_claim(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    int64_t only = o->i[2];
    int rc;
    for (size_t i = 0; only < 0 && i < t->n_op && t->op[i] != o; i++)
        if (t->op[i]->run == run_job) only = t->op[i]->made;
    sw_buf_puts(&o->out, "[");
    rc = sw_job_claim(s, o->i[0], sw_wall_ms(), o->i[1], only, (int)o->i[3], o->s[0], put_claimed, &o->out, err);
    sw_buf_puts(&o->out, "]");
    return rc;
}

static int l_claim(lua_State *L)
{
    struct op *o = add(L, run_claim);
    luaL_checktype(L, 2, LUA_TTABLE);
    o->i[0] = field_int(L, 2, "now", check(L)->who.now_ms);
    o->i[1] = field_int(L, 2, "lease", 30000);
    o->i[2] = field_int(L, 2, "only", 0);
    o->i[3] = field_int(L, 2, "most", 10);
    field_text(L, o, 0, 2, "owner", "");
    return 0;
}

static int run_job_check(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    (void)t;
    return sw_job_check(s, o->i[0], o->i[1], err);
}

static int run_job_extend(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    (void)t;
    return sw_job_extend(s, o->i[0], o->i[1], sw_wall_ms() + o->i[2], o->s[0], err);
}

static int run_job_done(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    return sw_job_done(s, o->i[0], o->i[1], t->who.now_ms, o->s[0], o->s[1], err);
}

static int run_job_retry(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    (void)t;
    return sw_job_retry(s, o->i[0], o->i[1], o->i[2], o->s[0], err);
}

static int run_job_release(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    (void)t;
    return sw_job_release(s, o->i[0], o->i[1], err);
}

static int run_sweep(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    (void)t, (void)o;
    return sw_job_sweep(s, err);
}

/* id, generation, then `ints` more integers and `texts` texts */
static int lease_op(lua_State *L, int (*run)(struct sw_store *, struct txn *, struct op *, struct sw_err *), int ints, int texts)
{
    struct op *o = add(L, run);
    for (int i = 0; i < 2 + ints; i++) o->i[i] = lua_isinteger(L, 2 + i) ? lua_tointeger(L, 2 + i) : (int64_t)luaL_checknumber(L, 2 + i);
    for (int i = 0; i < texts; i++) arg_text(L, o, i, 4 + ints + i);
    return 0;
}

static int l_job_check(lua_State *L) { return lease_op(L, run_job_check, 0, 0); }
static int l_job_extend(lua_State *L) { return lease_op(L, run_job_extend, 1, 1); }
static int l_job_done(lua_State *L) { return lease_op(L, run_job_done, 0, 2); }
static int l_job_retry(lua_State *L) { return lease_op(L, run_job_retry, 1, 1); }
static int l_job_release(lua_State *L) { return lease_op(L, run_job_release, 0, 0); }

static int l_sweep(lua_State *L)
{
    add(L, run_sweep);
    return 0;
}

static int run_dispatch(struct sw_store *s, struct txn *t, struct op *o, struct sw_err *err)
{
    struct sw_job_new j = {t->who.id, t->who.now_ms, "dispatch", NULL, NULL, 0};
    struct sw_buf b;
    int rc;
    if (!t->events.len) return 0;
    sw_buf_init(&b, t->events.len + 200);
    sw_buf_printf(&b, "{\"live_after\":%lld,\"at\":%lld,\"events\":[", (long long)o->i[0], (long long)t->who.now_ms);
    sw_buf_put(&b, t->events.data, t->events.len);
    sw_buf_puts(&b, "]}");
    j.payload = sw_buf_str(&b);
    rc = sw_job_add(s, &j, &o->made, err);
    sw_json_int(&o->out, o->made);
    sw_buf_clear(&b);
    sw_buf_reset(&t->events);
    return rc;
}

static int l_dispatch(lua_State *L)
{
    struct op *o = add(L, run_dispatch);
    o->i[0] = luaL_checkinteger(L, 2);
    return 0;
}

/* --- commit --- */

static int on_writer(struct sw_store *s, struct sw_work *w, struct sw_err *err)
{
    struct txn *t = (struct txn *)w;
    int rc = 0;
    for (size_t i = 0; i < t->n_op && rc >= 0; i++) rc = t->op[i]->run(s, t, t->op[i], err);
    return rc < 0 ? rc : 0;
}

static void free_ops(struct txn *t)
{
    for (size_t i = 0; i < t->n_op; i++) {
        for (int k = 0; k < TEXTS; k++) sw_free(t->op[i]->s[k]);
        sw_samples_clear(&t->op[i]->samples);
        sw_buf_clear(&t->op[i]->out);
        sw_free(t->op[i]);
    }
    sw_free(t->op);
    t->op = NULL;
    t->n_op = t->cap_op = 0;
    sw_buf_clear(&t->events);
}

static void committed(struct sw_work *w)
{
    struct txn *t = (struct txn *)w;
    struct sw_wait wait = t->wait;
    lua_State *L = wait.co;
    int n = 1;
    if (w->rc < 0) {
        n = sw_push_err(L, w->rc, &w->err);
    } else {
        lua_createtable(L, (int)t->n_op, 0);
        for (size_t i = 0; i < t->n_op && n == 1; i++) {
            struct sw_buf *b = &t->op[i]->out;
            if (b->len) n = sw_push_json(L, sw_buf_str(b), b->len); /* 3: nil and why, as the whole answer */
            else lua_pushboolean(L, 1);
            if (n == 1) lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
    }
    free_ops(t);
    sw_wake(&wait, n);
}

static int l_commit(lua_State *L)
{
    struct txn *t = check(L);
    if (!t->engine->writer) return luaL_error(L, "no home is open");
    t->wait = sw_task_begin(L, "the store");
    t->busy = true;
    t->work.run = on_writer;
    t->work.done = committed;
    sw_worker_submit(t->engine->writer, &t->work);
    return sw_task_yield(L);
}

static int l_gc(lua_State *L)
{
    struct txn *t = luaL_checkudata(L, 1, TXN);
    free_ops(t);
    sw_free(t->name);
    t->name = NULL;
    return 0;
}

static int l_new(lua_State *L)
{
    int64_t who = luaL_optinteger(L, 1, 0);
    const char *name = luaL_optstring(L, 2, ""), *zone = luaL_optstring(L, 3, "UTC");
    struct sw_err err = SW_ERR_INIT;
    struct sw_engine *e = sw_lua_engine(L);
    const struct sw_tz *z = sw_engine_zone(e, zone, &err);
    struct txn *t;
    if (!z) return luaL_error(L, "%s", err.text);
    t = lua_newuserdatauv(L, sizeof *t, 1);
    memset(t, 0, sizeof *t);
    t->engine = e;
    t->name = sw_strdup(name);
    t->who = (struct sw_who){who, t->name, z, sw_clock_now(&e->clock)};
    sw_buf_init(&t->events, (size_t)16 << 20);
    luaL_setmetatable(L, TXN);
    return 1;
}

int sw_open_txn(lua_State *L)
{
    static const luaL_Reg methods[] = {{"doc", l_doc},           {"doc_delete", l_doc_delete}, {"person", l_person},
                                       {"connection", l_connection}, {"origin", l_origin},     {"columns", l_columns},
                                       {"samples", l_samples},   {"record", l_record},         {"record_delete", l_record_delete},
                                       {"day_total", l_day_total}, {"erase", l_erase},         {"settle", l_settle},
                                       {"job", l_job},           {"claim", l_claim},           {"job_check", l_job_check},
                                       {"job_extend", l_job_extend}, {"job_done", l_job_done}, {"job_retry", l_job_retry},
                                       {"job_release", l_job_release}, {"sweep", l_sweep},     {"dispatch", l_dispatch},
                                       {"commit", l_commit},     {NULL, NULL}};
    static const luaL_Reg f[] = {{"new", l_new}, {NULL, NULL}};
    luaL_newmetatable(L, TXN);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_newlib(L, f);
    return 1;
}
