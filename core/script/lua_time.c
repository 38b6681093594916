/* SPDX-License-Identifier: MIT
 * sw.time: instants are UTC milliseconds, offsets minutes east, days counted from 1970-01-01.
 *   now() data time   wall() real time   mono() for measuring   cpu() seconds used by the process
 *   iso(ms, offset) -> text            parse(text) -> ms, offset | nil (no zone) ; nil if it is no time
 *   day_text(day) -> "2024-03-01"      date(day) -> year, month, day, weekday (0 Monday)
 *   day(year, month, day) -> day       day_of(ms, offset) -> day
 *   offset(zone, ms) -> minutes        utc(zone, local_ms) -> ms      day_start(zone, day) -> ms
 *   zone_ok(name) -> true | nil, message      local_zone() -> name */
#include "base/tz.h"
#include "script/task.h"

static int l_now(lua_State *L)
{
    lua_pushinteger(L, sw_clock_now(&sw_lua_engine(L)->clock));
    return 1;
}

static int l_wall(lua_State *L)
{
    lua_pushinteger(L, sw_wall_ms());
    return 1;
}

static int l_mono(lua_State *L)
{
    lua_pushinteger(L, sw_mono_ms());
    return 1;
}

static int l_cpu(lua_State *L)
{
    lua_pushnumber(L, sw_cpu_seconds());
    return 1;
}

/* set(ms) makes data time stand still there; set(nil) lets it run again. */
static int l_set(lua_State *L)
{
    struct sw_clock *c = &sw_lua_engine(L)->clock;
    c->fixed = !lua_isnoneornil(L, 1);
    if (c->fixed) c->fixed_ms = luaL_checkinteger(L, 1);
    return 0;
}

static int l_iso(lua_State *L)
{
    char out[40];
    sw_iso_format(luaL_checkinteger(L, 1), (int)luaL_optinteger(L, 2, 0), out);
    lua_pushstring(L, out);
    return 1;
}

static int l_parse(lua_State *L)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    int64_t ms;
    int offset;
    size_t used = sw_iso_parse(s, n, &ms, &offset);
    if (!used || used != n) return 0;
    lua_pushinteger(L, ms);
    if (offset == INT16_MIN) return 1;
    lua_pushinteger(L, offset);
    return 2;
}

static int l_day_text(lua_State *L)
{
    char out[16];
    sw_day_format(luaL_checkinteger(L, 1), out);
    lua_pushstring(L, out);
    return 1;
}

static int l_date(lua_State *L)
{
    int64_t day = luaL_checkinteger(L, 1);
    struct sw_date d = sw_date_of_day(day);
    lua_pushinteger(L, d.year);
    lua_pushinteger(L, d.month);
    lua_pushinteger(L, d.day);
    lua_pushinteger(L, sw_weekday(day));
    return 4;
}

static int l_day(lua_State *L)
{
    lua_pushinteger(L, sw_day_of_date((int)luaL_checkinteger(L, 1), (int)luaL_checkinteger(L, 2),
                                      (int)luaL_checkinteger(L, 3)));
    return 1;
}

static int l_day_of(lua_State *L)
{
    lua_pushinteger(L, sw_floor_day(luaL_checkinteger(L, 1) + luaL_optinteger(L, 2, 0) * 60000));
    return 1;
}

static const struct sw_tz *check_zone(lua_State *L)
{
    struct sw_err err = SW_ERR_INIT;
    const struct sw_tz *z = sw_engine_zone(sw_lua_engine(L), luaL_checkstring(L, 1), &err);
    if (!z) luaL_error(L, "%s", err.text);
    return z;
}

static int l_offset(lua_State *L)
{
    lua_pushinteger(L, sw_tz_offset(check_zone(L), luaL_checkinteger(L, 2)) / 60);
    return 1;
}

static int l_utc(lua_State *L)
{
    lua_pushinteger(L, sw_tz_utc(check_zone(L), luaL_checkinteger(L, 2)));
    return 1;
}

static int l_day_start(lua_State *L)
{
    lua_pushinteger(L, sw_tz_day_start(check_zone(L), luaL_checkinteger(L, 2)));
    return 1;
}

static int l_zone_ok(lua_State *L)
{
    struct sw_err err = SW_ERR_INIT;
    if (!sw_engine_zone(sw_lua_engine(L), luaL_checkstring(L, 1), &err))
        return sw_push_err(L, err.code, &err);
    lua_pushboolean(L, 1);
    return 1;
}

static int l_local_zone(lua_State *L)
{
    lua_pushstring(L, sw_tz_local_name());
    return 1;
}

int sw_open_time(lua_State *L)
{
    static const luaL_Reg f[] = {{"now", l_now},
                                 {"wall", l_wall},
                                 {"mono", l_mono},
                                 {"cpu", l_cpu},
                                 {"set", l_set},
                                 {"iso", l_iso},
                                 {"parse", l_parse},
                                 {"day_text", l_day_text},
                                 {"date", l_date},
                                 {"day", l_day},
                                 {"day_of", l_day_of},
                                 {"offset", l_offset},
                                 {"utc", l_utc},
                                 {"day_start", l_day_start},
                                 {"zone_ok", l_zone_ok},
                                 {"local_zone", l_local_zone},
                                 {NULL, NULL}};
    luaL_newlib(L, f);
    return 1;
}
