/* SPDX-License-Identifier: MIT
 * math.random and math.randomseed of scripts over the state of their run. A firing seeds it, when
 * the first number is drawn; what is no firing begins anywhere. */
#include "box/box_priv.h"
#include "box/sandbox.h"
#include <lauxlib.h>
#include <time.h>

static void seed_by_chance(struct sw_random *r)
{
    struct timespec t;
    uint64_t mix[3] = {(uint64_t)(uintptr_t)r, 0, 0};
    clock_gettime(CLOCK_REALTIME, &t);
    mix[1] = (uint64_t)t.tv_nsec;
    mix[2] = (uint64_t)t.tv_sec;
    sw_random_seed(r, mix, sizeof mix);
}

static struct sw_random *random_of(lua_State *L)
{
    struct sw_box *b = sw_box_of(L);
    struct sw_random *r = b->now ? &b->now->random : &b->random;
    if (r->seeded) return r;
    if (b->now && b->now->batch) {
        char text[32];
        size_t n;
        const char *s = sw_box_key_of(b->now, text, sizeof text, &n);
        sw_random_seed(r, s, n);
    } else {
        seed_by_chance(r);
    }
    return r;
}

static int rng_random(lua_State *L)
{
    struct sw_random *r = random_of(L);
    lua_Integer low = 1, high;
    switch (lua_gettop(L)) {
    case 0: lua_pushnumber(L, sw_random_unit(r)); return 1;
    case 1:
        high = luaL_checkinteger(L, 1);
        if (high == 0) {
            lua_pushinteger(L, (lua_Integer)sw_random_next(r));
            return 1;
        }
        break;
    case 2:
        low = luaL_checkinteger(L, 1);
        high = luaL_checkinteger(L, 2);
        break;
    default: return luaL_error(L, "wrong number of arguments");
    }
    luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
    lua_pushinteger(
        L, (lua_Integer)(sw_random_upto(r, (uint64_t)high - (uint64_t)low) + (uint64_t)low));
    return 1;
}

static int rng_seed(lua_State *L)
{
    struct sw_random *r = random_of(L);
    lua_Number d = luaL_optnumber(L, 1, 0);
    int whole;
    lua_Integer i = lua_tointegerx(L, 1, &whole);
    if (lua_isnoneornil(L, 1)) seed_by_chance(r);
    else if (whole) sw_random_seed(r, &i, sizeof i);
    else sw_random_seed(r, &d, sizeof d);
    return 0;
}

/* seed(text): by the engine's library, for a firing that came alone */
static int rng_seed_text(lua_State *L)
{
    struct sw_box *b = sw_box_of(L);
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    sw_random_seed(b->now ? &b->now->random : &b->random, s, n);
    return 0;
}

void sw_sandbox_set_random(lua_State *L)
{
    static const luaL_Reg own[] = {{"random", rng_random}, {"randomseed", rng_seed}, {NULL, NULL}};
    luaL_setfuncs(L, own, 0);
}

void sw_sandbox_set_seed(lua_State *L)
{
    lua_pushcfunction(L, rng_seed_text);
    lua_setfield(L, -2, "seed");
}
