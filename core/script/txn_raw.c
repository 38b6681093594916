/* SPDX-License-Identifier: MIT
 * Operations of sw.txn on the raw archive (store/store_raw.h).
 *   t:raw({connection, resource, op, page, item, parts, first, last, from, to, mapping}, body, {connection, person})
 *                                        one run with its answers; the last are the caps in bytes
 *   t:raw_mapped(id, mapping, run, item) a remap read it
 *   t:raw_prune(before ms, {connection, person}, most) -> {gone, left} */
#include "base/json.h"
#include "script/txn.h"
#include "store/store_raw.h"

enum { BODY = 6 }; /* texts 0 to 5 are the item's */

static int run_raw(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    struct sw_raw r = {.resource = o->s[0],
                       .op = o->s[1],
                       .page = o->s[2],
                       .item = o->s[3],
                       .parts = o->s[4],
                       .mapping = o->s[5],
                       .connection_id = o->i[0],
                       .first_day = o->i[1],
                       .last_day = o->i[2],
                       .from_ms = o->i[3],
                       .to_ms = o->i[4],
                       .last_ms = t->who.now_ms};
    struct sw_raw_caps caps = {o->i[5], o->i[6]};
    return sw_raw_put(s, t->who.id, &r, o->held, o->n[BODY], &caps, err);
}

static void read_caps(lua_State *L, int arg, struct sw_op *o, int k)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    o->i[k] = sw_txn_field_int(L, arg, "connection", INT64_MAX);
    o->i[k + 1] = sw_txn_field_int(L, arg, "person", INT64_MAX);
}

static int l_raw(lua_State *L)
{
    static const char *const texts[] = {"resource", "op", "page", "item", "parts", "mapping"};
    static const char *const ints[] = {"connection", "first", "last", "from", "to"};
    struct sw_op *o = sw_txn_add(L, run_raw);
    luaL_checktype(L, 2, LUA_TTABLE);
    for (int i = 0; i < 6; i++) sw_txn_field(L, o, i, 2, texts[i], "");
    for (int i = 0; i < 5; i++) o->i[i] = sw_txn_field_int(L, 2, ints[i], 0);
    sw_txn_hold(L, o, BODY, 3);
    read_caps(L, 4, o, 5);
    return 0;
}

static int run_mapped(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    return sw_raw_mapped(s, t->who.id, o->i[0], o->s[0], o->i[1], o->s[1], err);
}

static int l_mapped(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_mapped);
    o->i[0] = luaL_checkinteger(L, 2);
    sw_txn_arg(L, o, 0, 3);
    o->i[1] = luaL_checkinteger(L, 4);
    sw_txn_arg(L, o, 1, 5);
    return 0;
}

static int run_prune(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    struct sw_raw_caps caps = {o->i[1], o->i[2]};
    int64_t gone = 0;
    int rc = sw_raw_prune(s, t->who.id, o->i[0], &caps, o->i[3], &gone, err);
    sw_buf_printf(&o->out, "{\"gone\":%lld,\"left\":%s}", (long long)gone,
                  rc > 0 ? "true" : "false");
    return rc < 0 ? rc : 0;
}

static int l_prune(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_prune);
    o->i[0] = luaL_checkinteger(L, 2);
    read_caps(L, 3, o, 1);
    o->i[3] = luaL_checkinteger(L, 4);
    return 0;
}

const luaL_Reg sw_txn_raw_methods[] = {
    {"raw", l_raw}, {"raw_mapped", l_mapped}, {"raw_prune", l_prune}, {NULL, NULL}};
