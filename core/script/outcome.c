/* SPDX-License-Identifier: MIT
 * Most firings are a key and a message or two, made of texts alone. To see that here costs a tenth of what
 * asking each of the questions in Lua does; whoever is told false asks them all (lua/firing.lua). Nothing is
 * believed: what is not one of the few shapes known here is not plain. */
#include "script/outcome.h"
#include "base/secrets.h"
#include "script/host.h"
#include "script/task.h"
#include <lauxlib.h>

enum { OUT = 1, ALLOWED, TEXTS, TEXT_MOST = 65536 };

/* The text on top goes into names and logs as it is. */
static bool is_key(lua_State *L)
{
    size_t n;
    const char *s = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &n) : NULL;
    return s && sw_secrets_plain(&sw_lua_engine(L)->vault.known, s, n);
}

/* The arguments on top: texts under names that are texts in every action. */
static bool are_texts(lua_State *L)
{
    int args = lua_gettop(L);
    bool good = lua_type(L, args) == LUA_TTABLE;
    if (!good) return false;
    for (lua_pushnil(L); good && lua_next(L, args);) {
        good = lua_type(L, -1) == LUA_TSTRING && lua_rawlen(L, -1) <= TEXT_MOST;
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        good = good && lua_rawget(L, TEXTS) != LUA_TNIL;
        lua_pop(L, 1);
    }
    lua_settop(L, args);
    return good;
}

/* The action on top: allowed[its name] is the argument that it needs, or true. */
static bool is_allowed(lua_State *L)
{
    int action = lua_gettop(L), needed;
    if (lua_type(L, action) != LUA_TTABLE || lua_getfield(L, action, "action") != LUA_TSTRING) return false;
    needed = lua_rawget(L, ALLOWED);
    if (needed == LUA_TNIL) return false;
    lua_getfield(L, action, "args");
    if (!are_texts(L)) return false;
    if (needed != LUA_TSTRING) return true;
    lua_pushvalue(L, action + 1);
    return lua_rawget(L, action + 2) != LUA_TNIL;
}

/* The list of actions on top. */
static bool are_allowed(lua_State *L)
{
    int list = lua_gettop(L);
    bool good = lua_type(L, list) == LUA_TTABLE;
    size_t n = good ? lua_rawlen(L, list) : 0;
    for (size_t i = 1; good && i <= n; i++) {
        lua_rawgeti(L, list, (lua_Integer)i);
        good = is_allowed(L);
        lua_settop(L, list);
    }
    return good;
}

int sw_outcome_plain(lua_State *L)
{
    bool good = lua_type(L, OUT) == LUA_TTABLE;
    luaL_checktype(L, ALLOWED, LUA_TTABLE);
    luaL_checktype(L, TEXTS, LUA_TTABLE);
    lua_settop(L, TEXTS);
    good = good && lua_getfield(L, OUT, "key") && is_key(L);
    good = good && lua_getfield(L, OUT, "log") == LUA_TNIL;
    good = good && (lua_getfield(L, OUT, "actions") == LUA_TNIL || are_allowed(L));
    lua_pushboolean(L, good);
    return 1;
}
