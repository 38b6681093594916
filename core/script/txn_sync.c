/* SPDX-License-Identifier: MIT
 * Operations on connections for sw.txn: their state and credentials, limits and leases, the coverage
 * ledger, and columns of samples that a provider script packed. */
#include "base/alloc.h"
#include "base/json.h"
#include "script/txn.h"
#include "store/store_limits.h"
#include "store/store_sync.h"
#include <endian.h>
#include <stdio.h>
#include <string.h>

enum { MAX_LIMITS = 8, MAX_ROWS = 1 << 20 };

/* --- connections and credentials --- */

static int run_connection_set(struct sw_store *s, struct sw_txn *t, struct sw_op *o,
                              struct sw_err *err)
{
    return sw_connection_set(s, t->who.id, o->i[0], o->s[0], o->s[1], err);
}

/* t:connection_set(id, state, body text) */
static int l_connection_set(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_connection_set);
    o->i[0] = luaL_checkinteger(L, 2);
    sw_txn_arg(L, o, 0, 3);
    sw_txn_arg(L, o, 1, 4);
    return 0;
}

static int run_connection_remove(struct sw_store *s, struct sw_txn *t, struct sw_op *o,
                                 struct sw_err *err)
{
    return sw_connection_remove(s, t->who.id, o->i[0], err);
}

static int l_connection_remove(lua_State *L)
{
    sw_txn_add(L, run_connection_remove)->i[0] = luaL_checkinteger(L, 2);
    return 0;
}

static int run_secret(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    return sw_secret_put(s, t->who.id, o->s[0], o->s[1], t->who.now_ms, o->i[0], err);
}

/* t:secret(name, sealed hex [, revision it must have]) */
static int l_secret(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_secret);
    sw_txn_arg(L, o, 0, 2);
    sw_txn_arg(L, o, 1, 3);
    o->i[0] = luaL_optinteger(L, 4, 0);
    return 0;
}

static int run_secret_delete(struct sw_store *s, struct sw_txn *t, struct sw_op *o,
                             struct sw_err *err)
{
    return sw_secret_delete(s, t->who.id, o->s[0], err);
}

static int l_secret_delete(lua_State *L)
{
    sw_txn_arg(L, sw_txn_add(L, run_secret_delete), 0, 2);
    return 0;
}

/* --- leases and limits --- */

static int run_lease(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    char holder[128];
    int64_t real = sw_wall_ms();
    int rc = sw_lease_take(s, o->s[0], o->s[1], real, real + o->i[0], holder, sizeof holder, err);
    (void)t;
    if (rc > 0) sw_json_str(&o->out, holder, strlen(holder));
    else if (!rc) sw_buf_puts(&o->out, "true");
    return rc < 0 ? rc : 0;
}

/* t:lease(name, holder, ms) -> true: it is ours; else the name of who has it */
static int l_lease(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_lease);
    sw_txn_arg(L, o, 0, 2);
    sw_txn_arg(L, o, 1, 3);
    o->i[0] = luaL_checkinteger(L, 4);
    return 0;
}

static int run_lease_drop(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    (void)t;
    return sw_lease_drop(s, o->s[0], o->s[1], err);
}

static int l_lease_drop(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_lease_drop);
    sw_txn_arg(L, o, 0, 2);
    sw_txn_arg(L, o, 1, 3);
    return 0;
}

static void read_limit(lua_State *L, struct sw_op *o, int k, struct sw_limit *l)
{
    int at = lua_gettop(L);
    luaL_checktype(L, at, LUA_TTABLE);
    sw_txn_field(L, o, k, at, "name", NULL);
    l->most = sw_txn_field_int(L, at, "most", 0);
    l->period_ms = sw_txn_field_int(L, at, "period_ms", 0);
    l->reserve = sw_txn_field_int(L, at, "reserve", 0);
    lua_getfield(L, at, "aligned");
    l->aligned = lua_toboolean(L, -1);
    lua_pop(L, 1);
    if (l->most < 1 || l->period_ms < 1) luaL_error(L, "a limit needs 'most' and 'period_ms'");
}

/* The limits of an operation travel as bytes in text 8, their names in texts 0 to 7. */
static size_t limits_of(struct sw_op *o, struct sw_limit *l)
{
    size_t n = o->n[MAX_LIMITS] / sizeof *l;
    memcpy(l, o->s[MAX_LIMITS], n * sizeof *l);
    for (size_t i = 0; i < n; i++) l[i].name = o->s[i];
    return n;
}

static int run_spend(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    struct sw_limit l[MAX_LIMITS];
    size_t n = limits_of(o, l);
    int64_t wait = 0, until = 0;
    int rc = sw_hold_get(s, o->s[9], t->who.now_ms, &until, err);
    if (!rc && until) wait = until - t->who.now_ms;
    else if (!rc) rc = sw_limit_spend(s, l, n, o->i[0], t->who.now_ms, &wait, err);
    sw_json_int(&o->out, wait);
    return rc;
}

/* t:spend(hold name, { {name, most, period_ms, aligned, reserve} ... }, count) -> ms to wait, 0: spent */
static int l_spend(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_spend);
    struct sw_limit l[MAX_LIMITS] = {0};
    int n = 0;
    sw_txn_arg(L, o, 9, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    while (n < MAX_LIMITS && lua_geti(L, 3, n + 1) == LUA_TTABLE) {
        read_limit(L, o, n, &l[n]);
        n++;
        lua_pop(L, 1);
    }
    sw_txn_keep(o, MAX_LIMITS, (const char *)l, (size_t)n * sizeof *l);
    o->i[0] = luaL_optinteger(L, 4, 1);
    return 0;
}

static int run_limit_seen(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    struct sw_limit l[MAX_LIMITS];
    limits_of(o, l);
    return sw_limit_seen(s, l, o->i[0], t->who.now_ms, err);
}

/* t:limit_seen(limit, used): what the service says is used up */
static int l_limit_seen(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_limit_seen);
    struct sw_limit l = {0};
    o->i[0] = luaL_checkinteger(L, 3);
    lua_settop(L, 2);
    read_limit(L, o, 0, &l);
    sw_txn_keep(o, MAX_LIMITS, (const char *)&l, sizeof l);
    return 0;
}

static int run_hold(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    (void)t;
    return sw_hold_put(s, o->s[0], o->i[0], o->s[1], err);
}

/* t:hold(name, until ms, reason) */
static int l_hold(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_hold);
    sw_txn_arg(L, o, 0, 2);
    o->i[0] = luaL_checkinteger(L, 3);
    sw_txn_arg(L, o, 1, 4);
    return 0;
}

/* --- the coverage ledger --- */

static int run_coverage(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    struct sw_coverage_mark m = {o->i[0],       o->s[0], o->i[1], o->i[2], (enum sw_coverage)o->i[3],
                                 t->who.now_ms, o->i[4], o->s[1]};
    return sw_coverage_put(s, &m, err);
}

/* t:coverage{connection, resource, first, last, state, next, reason}: days first to last */
static int l_coverage(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_coverage);
    int state;
    luaL_checktype(L, 2, LUA_TTABLE);
    sw_txn_field(L, o, 0, 2, "resource", NULL);
    sw_txn_field(L, o, 1, 2, "reason", "");
    sw_txn_field(L, o, 2, 2, "state", NULL);
    state = sw_coverage_of(o->s[2]);
    if (state < 0) return luaL_error(L, "'%s' is no state of coverage", o->s[2]);
    o->i[0] = sw_txn_field_int(L, 2, "connection", 0);
    o->i[1] = sw_txn_field_int(L, 2, "first", 0);
    o->i[2] = sw_txn_field_int(L, 2, "last", -1);
    o->i[3] = state;
    o->i[4] = sw_txn_field_int(L, 2, "next", 0);
    return 0;
}

/* --- columns a provider script packed --- */

static uint64_t little64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

static int16_t little16(const char *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return (int16_t)le16toh(v);
}

/* Rows of the packed texts 0..3 (start, duration, value, offset) as a column; finite values only. */
static size_t unpack(const struct sw_op *o, struct sw_column *c)
{
    size_t n = o->n[0] / 8, bad = 0;
    c->start_ms = sw_alloc(n * 8 + 8), c->dur_ms = sw_alloc(n * 8 + 8);
    c->value = sw_alloc(n * 8 + 8), c->offset_min = sw_alloc(n * 2 + 8);
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = little64(o->s[2] + 8 * i);
        double v;
        memcpy(&v, &bits, sizeof v);
        c->start_ms[c->n] = (int64_t)little64(o->s[0] + 8 * i);
        c->dur_ms[c->n] = (int64_t)little64(o->s[1] + 8 * i);
        c->offset_min[c->n] = little16(o->s[3] + 2 * i);
        c->value[c->n] = v;
        if (v - v == 0) c->n++;
        else bad++;
    }
    return bad;
}

static int run_packed(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    struct sw_counts counts = {0};
    struct sw_column c = {0};
    size_t bad = unpack(o, &c);
    int rc = sw_txn_find_origin(s, t, o, err);
    if (bad) sw_counts_reject(&counts, (int64_t)bad, "%s that is no number", o->map.metric->name);
    if (!rc) rc = sw_ingest_column(s, &t->who, &c, o->made, &o->map, &counts, err);
    sw_txn_put_counts(&o->out, &counts);
    sw_counts_clear(&counts);
    sw_free(c.start_ms), sw_free(c.dur_ms), sw_free(c.value), sw_free(c.offset_min);
    return rc;
}

static int run_packed_gone(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    struct sw_column c = {0};
    int64_t gone = 0;
    int rc = sw_txn_find_origin(s, t, o, err);
    unpack(o, &c);
    if (!rc) rc = sw_ingest_column_gone(s, &t->who, &c, o->made, &o->map, &gone, err);
    sw_json_int(&o->out, gone);
    sw_free(c.start_ms), sw_free(c.dur_ms), sw_free(c.value), sw_free(c.offset_min);
    return rc;
}

/* t:packed({metric, unit, start, dur, value, offset}, origin) -> counts as t:columns gives them.
 * t:packed_gone(the same): take them out again while they stand there -> how many
 * The texts come from a stranger's script: lengths must agree, or SW_E_BAD is the answer. */
static int add_packed(lua_State *L, sw_op_run *run)
{
    struct sw_op *o = sw_txn_add(L, run);
    luaL_checktype(L, 2, LUA_TTABLE);
    sw_txn_field(L, o, 0, 2, "start", NULL);
    sw_txn_field(L, o, 1, 2, "dur", NULL);
    sw_txn_field(L, o, 2, 2, "value", NULL);
    sw_txn_field(L, o, 3, 2, "offset", NULL);
    if (o->n[0] % 8 || o->n[0] > MAX_ROWS * 8 || o->n[1] != o->n[0] || o->n[2] != o->n[0] ||
        o->n[3] * 4 != o->n[0])
        return luaL_error(L, "packed columns of unlike lengths");
    sw_txn_read_map(L, 2, "", &o->map);
    sw_txn_read_origin(L, o, 3);
    return 0;
}

static int l_packed(lua_State *L)
{
    return add_packed(L, run_packed);
}

static int l_packed_gone(lua_State *L)
{
    return add_packed(L, run_packed_gone);
}

/* t:day_total_guarded(metric, day, origin, value, unit): a fall of more than a fifth is not believed
 * the first time; the answer is then "held". */
static int run_guarded(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    static const char *const what[] = {"\"new\"", "\"updated\"", "\"unchanged\""};
    enum sw_put p = SW_PUT_SAME;
    bool held = false;
    int rc;
    if (!(o->r >= o->metric->min) || o->r > o->metric->max * 100) {
        sw_buf_puts(&o->out, "\"rejected\"");
        sw_counts_reject(&t->counts, 1, "a day's %s that cannot be", o->metric->name);
        return 0;
    }
    rc = sw_txn_find_origin(s, t, o, err);
    if (!rc) rc = sw_ingest_doubted_total(s, &t->who, o->metric, o->i[0], o->made, o->r, &held, &p, err);
    if (rc) return rc;
    sw_buf_puts(&o->out, held ? "\"held\"" : what[p]);
    if (held) sw_counts_reject(&t->counts, 1, "a day's %s much lower than what is known: that stays", o->metric->name);
    else sw_txn_count(t, p);
    return 0;
}

static int run_total_gone(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    bool gone = false;
    int rc = sw_txn_find_origin(s, t, o, err);
    if (!rc) rc = sw_ingest_total_gone(s, &t->who, o->metric, o->i[0], o->made, o->r, &gone, err);
    sw_json_int(&o->out, gone);
    return rc;
}

static int add_total(lua_State *L, sw_op_run *run)
{
    struct sw_convert c;
    const struct sw_metric *m = sw_txn_metric(L, luaL_checkstring(L, 2));
    const char *unit = luaL_optstring(L, 6, "");
    struct sw_op *o;
    if (!sw_unit_convert(unit, m->unit, &c))
        return luaL_error(L, "unit '%s' does not fit %s (%s)", unit, m->name, m->unit);
    o = sw_txn_add(L, run);
    o->metric = m;
    o->i[0] = luaL_checkinteger(L, 3);
    sw_txn_read_origin(L, o, 4);
    o->r = luaL_checknumber(L, 5) * c.factor + c.shift;
    return 0;
}

static int l_guarded(lua_State *L)
{
    return add_total(L, run_guarded);
}

/* t:total_gone(the same): no total of that day any more, while it is still this one -> 1 or 0 */
static int l_total_gone(lua_State *L)
{
    return add_total(L, run_total_gone);
}

const luaL_Reg sw_txn_sync_methods[] = {{"connection_set", l_connection_set},
                                        {"connection_remove", l_connection_remove},
                                        {"secret", l_secret},
                                        {"secret_delete", l_secret_delete},
                                        {"lease", l_lease},
                                        {"lease_drop", l_lease_drop},
                                        {"spend", l_spend},
                                        {"limit_seen", l_limit_seen},
                                        {"hold", l_hold},
                                        {"coverage", l_coverage},
                                        {"packed", l_packed},
                                        {"packed_gone", l_packed_gone},
                                        {"day_total_guarded", l_guarded},
                                        {"total_gone", l_total_gone},
                                        {NULL, NULL}};
