/* SPDX-License-Identifier: MIT
 * The table library of scripts. Every loop looks whether the run has expired, because __len lets a
 * table claim any length. sort is a merge sort over a raw copy: stable, never out of bounds with a
 * comparison that contradicts itself; numbers in their own order are sorted outside Lua. */
#include "box/limits.h"
#include "box/sandbox.h"
#include <lauxlib.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

static lua_Integer length(lua_State *L, int t)
{
    luaL_checktype(L, t, LUA_TTABLE);
    return luaL_len(L, t);
}

/* t[from..from+n) to t[to..]; overlapping allowed */
static void shift(lua_State *L, int src, int dst, lua_Integer from, lua_Integer to, lua_Integer n)
{
    bool up = to > from && to < from + n && src == dst;
    for (lua_Integer i = 0; i < n; i++) {
        lua_Integer k = up ? n - 1 - i : i;
        sw_limits_check(L);
        lua_geti(L, src, from + k);
        lua_seti(L, dst, to + k);
    }
}

static int tab_insert(lua_State *L)
{
    lua_Integer n = length(L, 1), at = n + 1;
    switch (lua_gettop(L)) {
    case 2: break;
    case 3:
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, at >= 1 && at <= n + 1, 2, "position out of bounds");
        shift(L, 1, 1, at, at + 1, n + 1 - at);
        break;
    default: return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    lua_seti(L, 1, at);
    return 0;
}

static int tab_remove(lua_State *L)
{
    lua_Integer n = length(L, 1), at = luaL_optinteger(L, 2, n);
    if (lua_gettop(L) > 1 && n + 1 != at)
        luaL_argcheck(L, (at >= 1 && at <= n + 1) || (n == 0 && at == 0), 2, "position out of bounds");
    lua_geti(L, 1, at);
    if (at < n) shift(L, 1, 1, at + 1, at, n - at);
    if (n > 0 || at > 0) {
        lua_pushnil(L);
        lua_seti(L, 1, at < n ? n : at);
    }
    return 1;
}

static int tab_move(lua_State *L)
{
    lua_Integer f = luaL_checkinteger(L, 2), e = luaL_checkinteger(L, 3), t = luaL_checkinteger(L, 4);
    int dst = lua_isnoneornil(L, 5) ? 1 : 5;
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, dst, LUA_TTABLE);
    if (e >= f) {
        luaL_argcheck(L, f > 0 || e < LUA_MAXINTEGER + f, 3, "too many elements to move");
        luaL_argcheck(L, t <= LUA_MAXINTEGER - (e - f), 4, "destination wrap around");
        if (dst == 5 && lua_rawequal(L, 1, 5)) dst = 1;
        shift(L, 1, dst, f, t, e - f + 1);
    }
    lua_pushvalue(L, dst);
    return 1;
}

static int tab_concat(lua_State *L)
{
    lua_Integer last = length(L, 1), i;
    size_t nsep;
    const char *sep = luaL_optlstring(L, 2, "", &nsep);
    luaL_Buffer b;
    i = luaL_optinteger(L, 3, 1);
    last = luaL_optinteger(L, 4, last);
    luaL_buffinit(L, &b);
    while (i <= last) {
        sw_limits_check(L);
        lua_geti(L, 1, i);
        if (!lua_isstring(L, -1))
            return luaL_error(L, "invalid value (a %s) at index %I in table for 'concat'",
                              luaL_typename(L, -1), (LUAI_UACINT)i);
        luaL_addvalue(&b);
        if (i++ == last) break;
        luaL_addlstring(&b, sep, nsep);
    }
    luaL_pushresult(&b);
    return 1;
}

static int tab_pack(lua_State *L)
{
    int n = lua_gettop(L);
    lua_createtable(L, n, 1);
    lua_insert(L, 1);
    for (int i = n; i >= 1; i--) lua_seti(L, 1, i);
    lua_pushinteger(L, n);
    lua_setfield(L, 1, "n");
    return 1;
}

static int tab_unpack(lua_State *L)
{
    lua_Integer i = luaL_optinteger(L, 2, 1), e;
    e = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
    if (i > e) return 0;
    if ((lua_Unsigned)e - (lua_Unsigned)i >= 250000 || !lua_checkstack(L, (int)(e - i) + 1))
        return luaL_error(L, "too many results to unpack");
    for (lua_Integer k = i; k <= e; k++) {
        sw_limits_check(L);
        lua_geti(L, 1, k);
        if (k == e) break;
    }
    return (int)(e - i) + 1;
}

/* sort: 1 the table, 2 comparison or nil, 3 and 4 raw copies to merge between */
static bool less(lua_State *L, int a, int b)
{
    bool yes;
    sw_limits_check(L);
    if (lua_isnil(L, 2)) return lua_compare(L, a, b, LUA_OPLT);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, a < 0 ? a - 1 : a);
    lua_pushvalue(L, b < 0 ? b - 2 : b);
    lua_call(L, 2, 1);
    yes = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return yes;
}

/* The heads of both halves stand at 5 and 6, so that each element is fetched once. */
static void merge(lua_State *L, int src, int dst, lua_Integer lo, lua_Integer mid, lua_Integer hi)
{
    lua_Integer a = lo, b = mid;
    lua_settop(L, 4);
    lua_rawgeti(L, src, a);
    lua_rawgeti(L, src, b);
    for (lua_Integer k = lo; k < hi; k++) {
        bool right = a >= mid || (b < hi && less(L, 6, 5));
        sw_limits_check(L);
        lua_pushvalue(L, right ? 6 : 5);
        lua_rawseti(L, dst, k);
        lua_rawgeti(L, src, right ? ++b : ++a);
        lua_replace(L, right ? 6 : 5);
    }
}

static int merge_all(lua_State *L, lua_Integer n)
{
    int src = 3, dst = 4;
    for (lua_Integer width = 1; width < n; width *= 2) {
        for (lua_Integer lo = 1; lo <= n; lo += 2 * width) {
            lua_Integer mid = lo + width > n ? n + 1 : lo + width;
            lua_Integer hi = mid + width > n ? n + 1 : mid + width;
            merge(L, src, dst, lo, mid, hi);
        }
        src = 7 - src;
        dst = 7 - dst;
    }
    return src;
}

/* Floats as integers of the same order; its own inverse. */
static int64_t flip(int64_t bits) { return bits < 0 ? bits ^ INT64_MAX : bits; }

static void merge_keys(lua_State *L, const int64_t *src, int64_t *dst, size_t n, size_t width)
{
    for (size_t lo = 0; lo < n; lo += 2 * width) {
        size_t mid = lo + width < n ? lo + width : n, hi = mid + width < n ? mid + width : n;
        size_t a = lo, b = mid;
        sw_limits_check(L);
        for (size_t k = lo; k < hi; k++)
            dst[k] = a < mid && (b >= hi || src[a] <= src[b]) ? src[a++] : src[b++];
    }
}

/* Element i of the table at 1 as a key: false when it is no number of that kind. */
static bool key_at(lua_State *L, size_t i, bool whole, int64_t *key)
{
    bool fits = lua_rawgeti(L, 1, (lua_Integer)i + 1) == LUA_TNUMBER && (bool)lua_isinteger(L, -1) == whole;
    lua_Number d = whole ? 0 : lua_tonumber(L, -1);
    if (whole) *key = lua_tointeger(L, -1);
    else memcpy(key, &d, sizeof d), *key = flip(*key);
    lua_pop(L, 1);
    return fits && d == d;
}

/* A list of whole numbers, or of floats, in their own order. false: it is something else. */
static bool sort_numbers(lua_State *L, size_t n)
{
    int64_t *keys, *other, *swap;
    bool whole;
    if (!lua_isnil(L, 2) || lua_getmetatable(L, 1) || n != lua_rawlen(L, 1)) return false;
    lua_rawgeti(L, 1, 1);
    whole = lua_isinteger(L, -1);
    lua_pop(L, 1);
    keys = lua_newuserdatauv(L, 2 * n * sizeof *keys, 0);
    other = keys + n;
    for (size_t i = 0; i < n; i++) {
        sw_limits_check(L);
        if (!key_at(L, i, whole, &keys[i])) return false;
    }
    for (size_t width = 1; width < n; width *= 2) {
        merge_keys(L, keys, other, n, width);
        swap = keys, keys = other, other = swap;
    }
    for (size_t i = 0; i < n; i++) {
        lua_Number d;
        if (whole) lua_pushinteger(L, keys[i]);
        else keys[i] = flip(keys[i]), memcpy(&d, &keys[i], sizeof d), lua_pushnumber(L, d);
        lua_rawseti(L, 1, (lua_Integer)i + 1);
    }
    return true;
}

static int tab_sort(lua_State *L)
{
    lua_Integer n = length(L, 1);
    int sorted;
    if (n < 2) return 0;
    luaL_argcheck(L, n < INT_MAX / 4, 1, "array too big");
    if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    if (sort_numbers(L, (size_t)n)) return 0;
    lua_settop(L, 2);
    lua_newtable(L); /* grows as it fills: the length may be a lie of __len */
    lua_newtable(L);
    for (lua_Integer i = 1; i <= n; i++) {
        sw_limits_check(L);
        lua_geti(L, 1, i);
        lua_rawseti(L, 3, i);
    }
    sorted = merge_all(L, n);
    for (lua_Integer i = 1; i <= n; i++) {
        sw_limits_check(L);
        lua_rawgeti(L, sorted, i);
        lua_seti(L, 1, i);
    }
    return 0;
}

void sw_sandbox_push_table(lua_State *L)
{
    static const luaL_Reg own[] = {{"concat", tab_concat}, {"insert", tab_insert}, {"move", tab_move},
        {"pack", tab_pack}, {"remove", tab_remove}, {"sort", tab_sort}, {"unpack", tab_unpack},
        {NULL, NULL}};
    luaL_newlib(L, own);
}
