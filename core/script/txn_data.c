/* SPDX-License-Identifier: MIT
 * Operations on data for sw.txn: origins, columns of a decoder, samples, records, day totals, and the
 * dispatch job that tells rules what the records caused. */
#include "base/alloc.h"
#include "base/json.h"
#include "script/lua_batch.h"
#include "script/txn.h"
#include "store/store_jobs.h"
#include <stdio.h>
#include <string.h>

/* The id of the origin in the texts from SW_TXN_ORIGIN on, into made. */
int sw_txn_find_origin(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    char **x = o->s + SW_TXN_ORIGIN;
    struct sw_origin d = {x[0], x[1], x[2], x[3], x[4], x[5]};
    return sw_origin_id(s, t->who.id, t->who.name, &d, &o->made, err);
}

void sw_txn_read_origin(lua_State *L, struct sw_op *o, int arg)
{
    static const char *const names[] = {"provider", "name", "maker", "model", "kind", "ident"};
    luaL_checktype(L, arg, LUA_TTABLE);
    for (int i = 0; i < 6; i++) sw_txn_field(L, o, SW_TXN_ORIGIN + i, arg, names[i], i ? "" : NULL);
}

static int run_origin(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    int rc = sw_txn_find_origin(s, t, o, err);
    sw_json_int(&o->out, o->made);
    return rc;
}

static int l_origin(lua_State *L)
{
    sw_txn_read_origin(L, sw_txn_add(L, run_origin), 2);
    return 0;
}

void sw_txn_put_counts(struct sw_buf *b, const struct sw_counts *c)
{
    sw_buf_printf(
        b, "{\"new\":%lld,\"updated\":%lld,\"unchanged\":%lld,\"rejected\":%lld,\"reasons\":{",
        (long long)c->added, (long long)c->changed, (long long)c->same, (long long)c->rejected);
    for (size_t i = 0; i < c->reasons.cap; i++) {
        const struct sw_map_slot *s = &c->reasons.slot[i];
        if (!s->key) continue;
        sw_json_key(b, s->key);
        sw_json_int(b, s->value);
    }
    sw_buf_puts(b, "}}");
}

static int run_columns(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    struct sw_counts c = {0};
    int rc = sw_txn_find_origin(s, t, o, err);
    if (!rc) rc = sw_ingest_column(s, &t->who, o->col, o->made, &o->map, &c, err);
    sw_txn_put_counts(&o->out, &c);
    sw_counts_add(&t->counts, &c);
    sw_counts_clear(&c);
    return rc;
}

void sw_txn_count(struct sw_txn *t, enum sw_put what)
{
    int64_t *n[] = {&t->counts.added, &t->counts.changed, &t->counts.same};
    ++*n[what];
}

const struct sw_metric *sw_txn_metric(lua_State *L, const char *name)
{
    const struct sw_metric *m = sw_metrics_get(sw_lua_engine(L)->metrics, name);
    if (!m) luaL_error(L, "there is no metric '%s'", name);
    return m;
}

/* The map of a column: metric, unit conversion with an optional extra factor. Raises if units do not fit. */
void sw_txn_read_map(lua_State *L, int arg, const char *unit, struct sw_column_map *map)
{
    lua_getfield(L, arg, "metric");
    map->metric = sw_txn_metric(L, luaL_checkstring(L, -1));
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
    struct sw_op *o;
    const struct sw_origin_desc *d;
    luaL_argcheck(L, k >= 0 && (size_t)k < b->n_col, 4, "no such column");
    luaL_checktype(L, 5, LUA_TTABLE);
    sw_txn_read_map(L, 5, b->col[k].unit, &map);
    o = sw_txn_add(L, run_columns);
    o->col = &b->col[k];
    o->map = map;
    d = &b->origins[o->col->origin];
    const char *text[] = {provider, d->name, d->maker, d->model, d->kind, d->ident};
    for (int i = 0; i < 6; i++) sw_txn_keep(o, SW_TXN_ORIGIN + i, text[i], strlen(text[i]));
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, 1, SW_TXN_DECODER); /* the decoder stays alive until the commit is done */
    return 0;
}

static int run_samples(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    struct sw_counts c = {0};
    struct sw_merge m = {0, 0, 0};
    int64_t series;
    int rc = sw_series_find(s, t->who.id, o->metric->name, o->i[0], true, &series, err);
    sw_samples_sort(&o->samples);
    if (!rc) rc = sw_series_write(s, t->who.id, o->metric, series, &o->samples, &m, err);
    c.added = (int64_t)m.added, c.changed = (int64_t)m.changed, c.same = (int64_t)m.same,
    c.rejected = o->i[1];
    sw_txn_put_counts(&o->out, &c);
    return rc;
}

static int run_samples_gone(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    int64_t series, gone = 0;
    int rc = sw_series_find(s, t->who.id, o->metric->name, o->i[0], false, &series, err);
    sw_samples_sort(&o->samples);
    if (!rc && o->samples.n) rc = sw_series_remove(s, t->who.id, o->metric, series, &o->samples, &gone, err);
    sw_json_int(&o->out, gone);
    return rc == SW_E_NOTFOUND ? 0 : rc;
}

static void read_samples(lua_State *L, struct sw_op *o)
{
    o->metric = sw_txn_metric(L, luaL_checkstring(L, 2));
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
        if (v >= o->metric->min && v <= o->metric->max && x.start_ms >= SW_TIME_MIN_MS &&
            x.start_ms < SW_TIME_MAX_MS)
            sw_samples_push(&o->samples, &x);
        else o->i[1]++;
        lua_settop(L, 4);
    }
}

static int l_samples(lua_State *L)
{
    read_samples(L, sw_txn_add(L, run_samples));
    return 0;
}

static int l_samples_gone(lua_State *L)
{
    read_samples(L, sw_txn_add(L, run_samples_gone));
    return 0;
}

static void put_event(struct sw_txn *t, const struct sw_record *r, const struct sw_put_result *p)
{
    struct sw_buf *b = &t->events;
    if (p->what == SW_PUT_SAME) return;
    sw_buf_puts(b, b->len ? ",{" : "{");
    sw_buf_printf(
        b, "\"event\":\"%s.%s\",\"group\":%lld,\"record\":%lld,\"start\":%lld,\"finish\":%lld",
        r->kind, p->new_group ? "created" : "updated", (long long)p->group_id, (long long)r->id,
        (long long)r->start_ms, (long long)r->finish_ms);
    sw_buf_puts(b, "}");
}

static int run_event(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    (void)s, (void)err;
    if (t->events.len) sw_buf_puts(&t->events, ",");
    sw_buf_put(&t->events, o->s[0], o->n[0]);
    return 0;
}

/* t:event(JSON text {event, group, data}): something that happened and is no record */
static int l_event(lua_State *L)
{
    sw_txn_arg(L, sw_txn_add(L, run_event), 0, 2);
    return 0;
}

static struct sw_record record_of(const struct sw_op *o)
{
    return (struct sw_record){.kind = o->s[0],
                              .type = o->s[1],
                              .external_id = o->s[2],
                              .zone_from = o->s[3],
                              .state = o->s[4],
                              .body = o->s[5],
                              .body_n = o->n[5],
                              .start_ms = o->i[0],
                              .finish_ms = o->i[1],
                              .offset_start = (int)o->i[2],
                              .offset_finish = (int)o->i[3],
                              .day = o->i[4],
                              .connection_id = o->i[5],
                              .origin_id = o->made,
                              .id = o->i[7],
                              .group_id = o->i[8],
                              .into_group = o->i[11],
                              .revision = o->i[9],
                              .may_return = o->i[10] != 0};
}

static int run_record(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    static const char *const what[] = {"new", "updated", "unchanged"};
    struct sw_record r;
    struct sw_put_result p;
    int rc = sw_txn_find_origin(s, t, o, err);
    if (rc) return rc;
    r = record_of(o);
    rc = (o->i[6] ? sw_ingest_restore : sw_ingest_record)(s, &t->who, &r, &p, err);
    if (rc == SW_E_BAD) { /* one impossible record does not cost the others */
        sw_buf_puts(&o->out, "{\"what\":\"rejected\",\"reason\":");
        sw_json_str(&o->out, err->text, strlen(err->text));
        sw_buf_puts(&o->out, "}");
        sw_counts_reject(&t->counts, 1, "%s", err->text);
        sw_err_clear(err);
        return 0;
    }
    if (rc) return rc;
    o->changed = p.what != SW_PUT_SAME;
    put_event(t, &r, &p);
    sw_txn_count(t, p.what);
    sw_buf_printf(&o->out,
                  "{\"what\":\"%s\",\"id\":%lld,\"group\":%lld,\"revision\":%lld,\"new_group\":%s}",
                  what[p.what], (long long)r.id, (long long)p.group_id, (long long)p.revision,
                  p.new_group ? "true" : "false");
    return 0;
}

/* t:restore: where l_record keeps the connection's id, this one makes the connection. */
static int run_restore(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    int rc = sw_connection_id(s, t->who.id, o->s[SW_TXN_ORIGIN], o->s[SW_TXN_MORE], t->who.now_ms,
                              &o->i[5], err);
    return rc ? rc : run_record(s, t, o, err);
}

static void read_record(lua_State *L, struct sw_op *o)
{
    static const char *const texts[] = {"kind",      "type",  "external_id",
                                        "zone_from", "state", "body"};
    static const char *const fallback[] = {NULL, "", NULL, "provider", "final", NULL};
    static const char *const ints[] = {"start",         "finish", "offset_start",
                                       "offset_finish", "day",    "connection"};
    luaL_checktype(L, 2, LUA_TTABLE);
    for (int i = 0; i < 6; i++) sw_txn_field(L, o, i, 2, texts[i], fallback[i]);
    for (int i = 0; i < 6; i++) o->i[i] = sw_txn_field_int(L, 2, ints[i], 0);
    o->i[11] = sw_txn_field_int(L, 2, "into_group", 0);
    lua_getfield(L, 2, "origin");
    sw_txn_read_origin(L, o, lua_gettop(L));
}

/* Arguments come from files: one that raises leaves an operation without `run`, which is none. */
static int l_record(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, NULL);
    read_record(L, o);
    o->run = run_record;
    return 0;
}

static int l_restore(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, NULL);
    read_record(L, o);
    sw_txn_field(L, o, SW_TXN_MORE, 2, "connection_name", NULL);
    o->i[6] = 1;
    o->i[7] = sw_txn_field_int(L, 2, "id", 0);
    o->i[8] = sw_txn_field_int(L, 2, "group", 0);
    o->i[9] = sw_txn_field_int(L, 2, "revision", 0);
    o->i[10] = sw_txn_field_int(L, 2, "may_return", 0);
    o->run = run_restore;
    return 0;
}

static int run_record_delete(struct sw_store *s, struct sw_txn *t, struct sw_op *o,
                             struct sw_err *err)
{
    bool last = false;
    int64_t group = 0;
    int rc = sw_ingest_delete(s, &t->who, o->i[0], &last, &group, err);
    if (!rc && o->i[1]) rc = sw_record_may_return(s, t->who.id, o->i[0], err);
    if (!rc && last)
        sw_buf_printf(
            &t->events,
            "%s{\"event\":\"%s.retracted\",\"group\":%lld,\"record\":%lld,\"start\":0,\"finish\":0}",
            t->events.len ? "," : "", o->s[0], (long long)group, (long long)o->i[0]);
    sw_buf_printf(&o->out, "{\"group\":%lld,\"was_last\":%s}", (long long)group,
                  last ? "true" : "false");
    return rc;
}

static int l_record_delete(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_record_delete);
    o->i[0] = luaL_checkinteger(L, 2);
    sw_txn_arg(L, o, 0, 3);
    o->i[1] = lua_toboolean(L, 4);
    return 0;
}

static int run_move(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    int64_t moved = 0;
    int rc = (o->i[2] ? sw_ingest_join : sw_ingest_move)(s, &t->who, o->i[0], o->i[1], &moved, err);
    sw_json_int(&o->out, moved);
    return rc;
}

/* t:group_move(record, group), t:group_join(group, into group) -> how many records moved */
static int l_move(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_move);
    o->i[0] = luaL_checkinteger(L, 2);
    o->i[1] = luaL_checkinteger(L, 3);
    return 0;
}

static int l_join(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_move);
    o->i[0] = luaL_checkinteger(L, 2);
    o->i[1] = luaL_checkinteger(L, 3);
    o->i[2] = 1;
    return 0;
}

static int run_day_total(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    static const char *const what[] = {"\"new\"", "\"updated\"", "\"unchanged\""};
    enum sw_put p;
    int rc;
    if (o->r < o->metric->min || o->r > o->metric->max * 100) {
        sw_buf_puts(&o->out, "\"rejected\"");
        sw_counts_reject(&t->counts, 1, "a day's %s that cannot be", o->metric->name);
        return 0;
    }
    rc = sw_txn_find_origin(s, t, o, err);
    if (!rc) rc = sw_ingest_day_total(s, &t->who, o->metric, o->i[0], o->made, o->r, &p, err);
    if (!rc) sw_buf_puts(&o->out, what[p]);
    if (!rc) sw_txn_count(t, p);
    return rc;
}

static int l_day_total(lua_State *L)
{
    struct sw_convert c;
    const struct sw_metric *m = sw_txn_metric(L, luaL_checkstring(L, 2));
    const char *unit = luaL_optstring(L, 6, "");
    struct sw_op *o;
    if (!sw_unit_convert(unit, m->unit, &c))
        return luaL_error(L, "unit '%s' does not fit %s", unit, m->name);
    o = sw_txn_add(L, NULL);
    o->metric = m;
    o->i[0] = luaL_checkinteger(L, 3);
    sw_txn_read_origin(L, o, 4);
    o->r = luaL_checknumber(L, 5) * c.factor + c.shift;
    o->run = run_day_total;
    return 0;
}

static int run_erase(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
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
    struct sw_op *o = sw_txn_add(L, run_erase);
    o->metric = sw_txn_metric(L, luaL_checkstring(L, 2));
    o->i[0] = luaL_checkinteger(L, 3);
    o->i[1] = luaL_checkinteger(L, 4);
    o->i[2] = luaL_optinteger(L, 5, 0);
    return 0;
}

static int run_again(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    int64_t series;
    int rc = o->i[0] ? sw_series_find(s, t->who.id, o->metric->name, o->i[0], false, &series, err) : 0;
    if (!rc && o->i[0]) rc = sw_series_rollup_again(s, t->who.id, o->metric, series, o->i[1], err);
    if (!rc) rc = sw_dirty_mark(s, t->who.id, o->metric->name, o->i[1], err);
    return rc == SW_E_NOTFOUND ? 0 : rc;
}

/* t:again(metric, origin, day): the day's figures of an origin, and of all together when settled */
static int l_again(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_again);
    o->metric = sw_txn_metric(L, luaL_checkstring(L, 2));
    o->i[0] = luaL_checkinteger(L, 3);
    o->i[1] = luaL_checkinteger(L, 4);
    return 0;
}

static int run_settle(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    bool left = false;
    int rc = sw_timeline_settle(s, t->engine->metrics, &t->who, (int)o->i[0], &left, err);
    sw_buf_puts(&o->out, left ? "true" : "false");
    return rc;
}

static int l_settle(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_settle);
    o->i[0] = luaL_optinteger(L, 2, 200);
    return 0;
}

static int run_dispatch(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    struct sw_job_new j = {.person_id = t->who.id, .due_ms = t->who.now_ms, .kind = "dispatch"};
    struct sw_buf b;
    int rc;
    if (!t->events.len) return 0;
    sw_buf_init(&b, t->events.len + 200);
    sw_buf_printf(&b, "{\"live_after\":%lld,\"at\":%lld,\"events\":[", (long long)o->i[0],
                  (long long)t->who.now_ms);
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
    struct sw_op *o = sw_txn_add(L, run_dispatch);
    o->i[0] = luaL_checkinteger(L, 2);
    return 0;
}

const luaL_Reg sw_txn_data_methods[] = {{"group_move", l_move},
                                        {"group_join", l_join},
                                        {"origin", l_origin},
                                        {"columns", l_columns},
                                        {"samples", l_samples},
                                        {"samples_gone", l_samples_gone},
                                        {"record", l_record},
                                        {"restore", l_restore},
                                        {"record_delete", l_record_delete},
                                        {"day_total", l_day_total},
                                        {"erase", l_erase},
                                        {"again", l_again},
                                        {"settle", l_settle},
                                        {"dispatch", l_dispatch},
                                        {"event", l_event},
                                        {NULL, NULL}};
