/* SPDX-License-Identifier: MIT
 * Operations of sw.txn on origins (store/store_origins.h).
 *   t:origin_rank(metric | "", { origin id, ... })   these before all others, the first best; {}: none
 *   t:origin_rank(metric | "", {...}, from_min, to_min)   for this part of each day (minutes of it) alone
 *   t:origin_merge(from, into)                       what the one has is the other's from now on */
#include "script/txn.h"
#include "store/store_origins.h"

enum { RANKED_MOST = SW_TXN_NUMBERS - 3, DAY_MINUTES = 1440 };

static int run_rank(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    const int64_t *origin = o->i + 3;
    size_t n = (size_t)o->i[0];
    struct sw_hours part = {(int)o->i[1], (int)o->i[2]};
    return part.from_min < 0 ? sw_origin_rank(s, t->who.id, o->s[0], origin, n, err)
                             : sw_origin_rank_hours(s, t->who.id, o->s[0], part, origin, n, err);
}

/* The optional minute at index i; -1: none. */
static int64_t minute_at(lua_State *L, int i)
{
    lua_Integer v = luaL_optinteger(L, i, -1);
    luaL_argcheck(L, v < DAY_MINUTES && (v >= 0 || lua_isnoneornil(L, i)), i, "a minute of the day is 0 to 1439");
    return v;
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
    o->i[1] = minute_at(L, 4);
    o->i[2] = minute_at(L, 5);
    luaL_argcheck(L, (o->i[1] < 0) == (o->i[2] < 0), 5, "a part of the day has two ends");
    for (lua_Integer i = 1; i <= n; i++) {
        lua_geti(L, 3, i);
        o->i[i + 2] = luaL_checkinteger(L, -1);
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
