/* SPDX-License-Identifier: MIT
 * Coroutines for scripts. They differ from Lua's in three ways: the thread that runs now is known
 * to the tick (a hook belongs to one thread), an expired coroutine expires its caller too, and a
 * coroutine that waits for the engine takes the whole run with it into the wait. There is no
 * close: nested closes overflow the C stack of Lua 5.4.4. */
#include "box/limits.h"
#include "box/sandbox.h"
#include <lauxlib.h>

static const char waiting_key = 'w'; /* its address is the registry key */

void sw_sandbox_set_waiting(lua_State *L, int waiting)
{
    lua_pushboolean(L, waiting);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &waiting_key);
}

static int is_waiting(lua_State *L)
{
    int w;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &waiting_key);
    w = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return w;
}

static lua_State *check_thread(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "coroutine");
    return co;
}

static const char *status_of(lua_State *L, lua_State *co)
{
    lua_Debug ar;
    if (L == co) return "running";
    switch (lua_status(co)) {
    case LUA_YIELD: return "suspended";
    case LUA_OK:
        if (lua_getstack(co, 0, &ar)) return "normal";
        return lua_gettop(co) == 0 ? "dead" : "suspended";
    default: return "dead";
    }
}

static int continue_resume(lua_State *L, int status, lua_KContext wrapped);

/* Move n values out of co, or the error; returns what the Lua caller gets. */
static int deliver(lua_State *L, lua_State *co, int status, int n, bool wrapped)
{
    if (status == LUA_OK || status == LUA_YIELD) {
        if (!lua_checkstack(L, n + 1)) {
            lua_pop(co, n);
            return luaL_error(L, "too many results to resume");
        }
        if (!wrapped) lua_pushboolean(L, 1);
        lua_xmove(co, L, n);
        return wrapped ? n : n + 1;
    }
    sw_limits_check(L);
    if (wrapped) {
        lua_xmove(co, L, 1);
        return lua_error(L);
    }
    lua_pushboolean(L, 0);
    lua_xmove(co, L, 1);
    return 2;
}

/* The thread stands at index 1 (resume) or in upvalue 1 (wrap); its arguments are on its stack. */
static int run_thread(lua_State *L, lua_State *co, int args, bool wrapped)
{
    struct sw_limits *m = sw_limits_of(L);
    int n = 0, status;
    m->running = co;
    sw_limits_rearm(co);
    status = lua_resume(co, L, args, &n);
    m->running = L;
    sw_limits_rearm(L);
    if (status == LUA_YIELD && is_waiting(L)) {
        if (lua_isyieldable(L)) return lua_yieldk(L, 0, wrapped, continue_resume);
        sw_sandbox_set_waiting(L, 0);
        return luaL_error(L, "cannot wait for the engine here: a sort, gsub or metamethod is under way");
    }
    return deliver(L, co, status, n, wrapped);
}

static int continue_resume(lua_State *L, int status, lua_KContext wrapped)
{
    lua_State *co = lua_tothread(L, wrapped ? lua_upvalueindex(1) : 1);
    (void)status;
    return run_thread(L, co, 0, wrapped != 0);
}

static int start(lua_State *L, lua_State *co, int args, bool wrapped)
{
    const char *state = status_of(L, co);
    if (*state != 's' || !lua_checkstack(co, args)) {
        lua_pushboolean(L, 0);
        lua_pushfstring(L, "cannot resume %s coroutine", *state == 'd' ? "dead" : "non-suspended");
        return wrapped ? luaL_error(L, "%s", lua_tostring(L, -1)) : 2;
    }
    lua_xmove(L, co, args);
    return run_thread(L, co, args, wrapped);
}

static int co_resume(lua_State *L)
{
    return start(L, check_thread(L), lua_gettop(L) - 1, false);
}

static int call_wrapped(lua_State *L)
{
    return start(L, lua_tothread(L, lua_upvalueindex(1)), lua_gettop(L), true);
}

static int co_create(lua_State *L)
{
    lua_State *co;
    luaL_checktype(L, 1, LUA_TFUNCTION);
    co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

static int co_wrap(lua_State *L)
{
    co_create(L);
    lua_pushcclosure(L, call_wrapped, 1);
    return 1;
}

static int is_base(lua_State *L)
{
    return sw_limits_of(L)->base == L;
}

static int co_yield(lua_State *L)
{
    /* the base thread of a run is not the script's to suspend */
    if (is_base(L)) return luaL_error(L, "attempt to yield from outside a coroutine");
    return lua_yield(L, lua_gettop(L));
}

static int co_status(lua_State *L)
{
    lua_pushstring(L, status_of(L, check_thread(L)));
    return 1;
}

static int co_isyieldable(lua_State *L)
{
    lua_pushboolean(L, lua_isyieldable(L) && !is_base(L));
    return 1;
}

static int co_running(lua_State *L)
{
    lua_pushthread(L);
    lua_pushboolean(L, is_base(L));
    return 2;
}

void sw_sandbox_push_coroutine(lua_State *L)
{
    static const luaL_Reg own[] = {{"create", co_create}, {"resume", co_resume}, {"wrap", co_wrap},
        {"yield", co_yield}, {"status", co_status}, {"isyieldable", co_isyieldable},
        {"running", co_running}, {NULL, NULL}};
    luaL_newlib(L, own);
}
