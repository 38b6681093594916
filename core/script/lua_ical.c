/* SPDX-License-Identifier: MIT
 * sw.ical: write(name, {{uid, title, text, start, dur_s, stamp, sequence,
 * todo, done}...}) -> iCalendar text */
#include "codec/ical.h"
#include "base/alloc.h"
#include "script/task.h"

static const char *text_of(lua_State *L, const char *key)
{
    lua_getfield(L, -1, key);
    const char *s = lua_tostring(L, -1);
    lua_pop(L, 1); /* the list keeps the string alive */
    return s;
}

static int64_t int_of(lua_State *L, const char *key)
{
    lua_getfield(L, -1, key);
    int64_t v = (int64_t)lua_tonumber(L, -1);
    lua_pop(L, 1);
    return v;
}

static int flag_of(lua_State *L, const char *key)
{
    lua_getfield(L, -1, key);
    int yes = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return yes;
}

static int l_write(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    size_t n;
    struct sw_ical_event *e;
    struct sw_buf out;
    struct sw_err err = SW_ERR_INIT;
    int rc;
    luaL_checktype(L, 2, LUA_TTABLE);
    n = lua_rawlen(L, 2);
    e = lua_newuserdatauv(L, (n + 1) * sizeof *e, 0);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        luaL_checktype(L, -1, LUA_TTABLE);
        e[i] = (struct sw_ical_event){
            text_of(L, "uid"),  text_of(L, "title"), text_of(L, "text"),        int_of(L, "start"),
            int_of(L, "dur_s"), int_of(L, "stamp"),  (int)int_of(L, "sequence"),
            flag_of(L, "todo"), int_of(L, "done")};
        if (!e[i].uid) return luaL_error(L, "calendar entry %d has no uid", (int)i + 1);
        lua_pop(L, 1);
    }
    sw_buf_init(&out, (size_t)64 << 20);
    rc = sw_ical_write(e, n, name, &out, &err);
    if (!rc) lua_pushlstring(L, sw_buf_str(&out), out.len);
    sw_buf_clear(&out);
    return rc ? sw_push_err(L, rc, &err) : 1;
}

int sw_open_ical(lua_State *L)
{
    static const luaL_Reg f[] = {{"write", l_write}, {NULL, NULL}};
    luaL_newlib(L, f);
    return 1;
}
