/* SPDX-License-Identifier: MIT
 * The sandbox's basic functions. pcall and xpcall hand an expired run's error on instead of
 * catching it; the message handler of a script is never called for it, because Lua runs handlers
 * of a hook's error with hooks off. setmetatable refuses what Lua 5.4.4 cannot do safely. load
 * takes text only. What has no danger in it is taken from Lua's own library. */
#include "box/limits.h"
#include "box/sandbox.h"
#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#define MAX_SOURCE  (64 * 1024)
#define CATCH_DEPTH 2000 /* calls on the stack above which pcall refuses */

static int finish_pcall(lua_State *L, int status, lua_KContext extra)
{
    if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - (int)extra;
    sw_limits_check(L);
    lua_pushboolean(L, 0);
    lua_pushvalue(L, -2);
    return 2;
}

/* Every caught error looks at all calls below it, so an expiry that passes through catches at all depths
 * would cost their square: catching is for shallow stacks. */
static void check_depth(lua_State *L)
{
    lua_Debug ar;
    if (lua_getstack(L, CATCH_DEPTH, &ar))
        luaL_error(L, "stack overflow: errors can be caught within %d calls", CATCH_DEPTH);
}

static int base_pcall(lua_State *L)
{
    check_depth(L);
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    return finish_pcall(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_pcall), 0);
}

static int guarded_handler(lua_State *L)
{
    if (sw_limits_of(L)->expired) return 1;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

static int base_xpcall(lua_State *L)
{
    int n = lua_gettop(L);
    check_depth(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, guarded_handler, 1);
    lua_replace(L, 2);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);
    return finish_pcall(L, lua_pcallk(L, n - 2, LUA_MULTRET, 2, 2, finish_pcall), 2);
}

/* Finalizers run with hooks off; weak tables and __concat corrupt memory in Lua 5.4.4. */
static int base_setmetatable(lua_State *L)
{
    static const char *const refused[] = {"__gc", "__mode", "__concat", NULL};
    int type = lua_type(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    for (int i = 0; type == LUA_TTABLE && refused[i]; i++) {
        lua_pushstring(L, refused[i]);
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "a metatable with %s is not allowed in scripts", refused[i]);
        lua_pop(L, 1);
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int base_getmetatable(lua_State *L)
{
    luaL_checkany(L, 1);
    if (lua_type(L, 1) != LUA_TTABLE) {
        lua_pushboolean(L, 0);
        return 1;
    }
    if (!lua_getmetatable(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    luaL_getmetafield(L, 1, "__metatable");
    return 1;
}

const char *sw_sandbox_tolstring(lua_State *L, int idx, size_t *len)
{
    idx = lua_absindex(L, idx);
    if (luaL_callmeta(L, idx, "__tostring")) {
        if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "'__tostring' must return a string");
        return lua_tolstring(L, -1, len);
    }
    switch (lua_type(L, idx)) {
    case LUA_TNUMBER:
    case LUA_TSTRING:
        lua_pushvalue(L, idx);
        break;
    case LUA_TBOOLEAN: lua_pushstring(L, lua_toboolean(L, idx) ? "true" : "false"); break;
    default: lua_pushstring(L, luaL_typename(L, idx)); break;
    }
    return lua_tolstring(L, -1, len);
}

static int base_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    sw_sandbox_tolstring(L, 1, NULL);
    return 1;
}

/* load_text(source, chunk name, env): a function, or nil and the parser's message */
static int base_load_text(lua_State *L)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    const char *name = luaL_checkstring(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    if (n > MAX_SOURCE) {
        lua_pushnil(L);
        lua_pushfstring(L, "%s: the source is over %d KB", name + (*name == '='), MAX_SOURCE / 1024);
        return 2;
    }
    if (luaL_loadbufferx(L, s, n, name, "t") != LUA_OK) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    lua_pushvalue(L, 3);
    if (!lua_setupvalue(L, -2, 1)) lua_pop(L, 1);
    return 1;
}

/* The script's line that called into the library: "rules/x.lua:7:", for messages */
int sw_sandbox_where(lua_State *L)
{
    lua_Debug ar;
    for (int level = 1; level < 60 && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0 || strncmp(ar.source, "=syncwell/", 10) == 0) continue;
        lua_pushfstring(L, "%s:%d:", ar.short_src, ar.currentline);
        lua_pushinteger(L, ar.currentline);
        return 2;
    }
    lua_pushstring(L, "");
    return 1;
}

static void take(lua_State *L, int from, const char *const *names)
{
    for (; *names; names++) {
        lua_getfield(L, from, *names);
        lua_setfield(L, -2, *names);
    }
}

/* One table of the listed functions of a standard library that stays out of reach itself. */
static void push_subset(lua_State *L, const char *lib, lua_CFunction open, const char *const *names)
{
    luaL_requiref(L, lib, open, 0);
    lua_newtable(L);
    take(L, lua_gettop(L) - 1, names);
    lua_remove(L, -2);
}

static void push_base(lua_State *L)
{
    static const char *const safe[] = {"assert", "error", "ipairs", "next", "pairs", "select",
        "tonumber", "type", "rawequal", "rawget", "rawlen", "rawset", "_VERSION", NULL};
    static const luaL_Reg own[] = {{"pcall", base_pcall}, {"xpcall", base_xpcall},
        {"setmetatable", base_setmetatable}, {"getmetatable", base_getmetatable},
        {"tostring", base_tostring}, {"load_text", base_load_text}, {"where", sw_sandbox_where},
        {NULL, NULL}};
    push_subset(L, LUA_GNAME, luaopen_base, safe);
    luaL_setfuncs(L, own, 0);
}

void sw_sandbox_open(lua_State *L)
{
    static const char *const math[] = {"abs", "ceil", "cos", "deg", "exp", "floor", "fmod", "huge",
        "log", "max", "maxinteger", "min", "mininteger", "modf", "pi", "rad",
        "sin", "sqrt", "tan", "tointeger", "type", "ult", "acos", "asin", "atan", NULL};
    static const char *const utf8[] = {"char", "charpattern", "codepoint", "codes", "len", "offset",
        NULL};
    lua_newtable(L);
    push_base(L);
    lua_setfield(L, -2, "base");
    sw_sandbox_push_string(L);
    lua_setfield(L, -2, "string");
    sw_sandbox_push_table(L);
    lua_setfield(L, -2, "table");
    sw_sandbox_push_coroutine(L);
    lua_setfield(L, -2, "coroutine");
    push_subset(L, LUA_MATHLIBNAME, luaopen_math, math);
    sw_sandbox_set_random(L);
    lua_setfield(L, -2, "math");
    push_subset(L, LUA_UTF8LIBNAME, luaopen_utf8, utf8);
    lua_setfield(L, -2, "utf8");
}
