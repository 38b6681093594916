/* SPDX-License-Identifier: MIT
 * Operations of sw.txn on origins (store/store_origins.h).
 *   t:origin_rank(metric | "", { origin id, ... })   these before all others, the first best; {}: none
 *   t:origin_merge(from, into)                       what the one has is the other's from now on */
#include "script/txn.h"
#include "store/store_origins.h"

enum { RANKED_MOST = SW_TXN_NUMBERS - 1 };

static int run_rank(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    return sw_origin_rank(s, t->who.id, o->s[0], o->i + 1, (size_t)o->i[0], err);
}

static int l_rank(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_rank);
    lua_Integer n;
    sw_txn_arg(L, o, 0, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    n = luaL_len(L, 3);
    luaL_argcheck(L, n <= RANKED_MOST, 3, "too many origins in one rank");
    o->i[0] = n;
    for (lua_Integer i = 1; i <= n; i++) {
        lua_geti(L, 3, i);
        o->i[i] = luaL_checkinteger(L, -1);
        lua_pop(L, 1);
    }
    return 0;
}

static int run_merge(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    return sw_origin_merge(s, t->who.id, t->engine->metrics, o->i[0], o->i[1], err);
}

static int l_merge(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_merge);
    o->i[0] = luaL_checkinteger(L, 2);
    o->i[1] = luaL_checkinteger(L, 3);
    return 0;
}

const luaL_Reg sw_txn_origins_methods[] = {
    {"origin_rank", l_rank}, {"origin_merge", l_merge}, {NULL, NULL}};
