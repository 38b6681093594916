/* SPDX-License-Identifier: MIT
 * What the library needs for runs that are continued later (lua/box/steps.lua): a run that
 * ends in its middle, a short text that stands for arguments, and a clock that goes on. A
 * stopped run ends well: what stands in its `out` is its result, its coroutine is dropped.
 * No script can catch that, since nothing is raised. Which steps there are and what they
 * give is not known here. */
#include "box/box_priv.h"
#include "box/sandbox.h"
#include <lauxlib.h>
#include <stdio.h>

static int never(lua_State *L, int status, lua_KContext k)
{
    (void)status;
    (void)k;
    return luaL_error(L, "a run that was stopped cannot go on");
}

/* stop(what): the run ends here; never comes back */
static int core_stop(lua_State *L)
{
    struct sw_box *b = sw_box_of(L);
    const char *what = luaL_checkstring(L, 1);
    if (!b->now) return luaL_error(L, "%s: nothing waits while a file is loaded", what);
    if (!lua_isyieldable(L)) return sw_box_refuse_waiting(L, what);
    b->now->stopped = true;
    sw_sandbox_set_waiting(L, 1);
    return lua_yieldk(L, 0, 0, never);
}

/* digest(text): sixteen digits, the same ones for the same text on every machine */
static int core_digest(lua_State *L)
{
    struct sw_random r = {0};
    char hex[17];
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    sw_random_seed(&r, s, n);
    snprintf(hex, sizeof hex, "%016llx", (unsigned long long)sw_random_next(&r));
    lua_pushstring(L, hex);
    return 1;
}

/* go_on(ms): from now on it is this instant for the current run */
static int core_go_on(lua_State *L)
{
    struct sw_box *b = sw_box_of(L);
    if (b->now) b->now->at = luaL_checkinteger(L, 1);
    return 0;
}

void sw_box_push_steps_core(lua_State *L)
{
    static const luaL_Reg core[] = {
        {"stop", core_stop}, {"digest", core_digest}, {"go_on", core_go_on}, {NULL, NULL}};
    luaL_setfuncs(L, core, 0);
}
