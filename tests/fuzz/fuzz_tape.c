/* SPDX-License-Identifier: MIT
 * Any bytes as an answer with a spec: one line "clock time value more" of paths, then JSON. What parses is
 * walked, looked up and turned into columns, whose four texts must agree in length. */
#include "box/limits.h"
#include "box/tape.h"
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sw_tape_account documents;

static void set(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

/* The spec's line to a table: every word has a place, a missing one leaves its default. */
static void push_spec(lua_State *L, const char *line)
{
    static const char *const names[] = {"time", "value", "finish", "seconds", "offset", "where", "is"};
    static const char *const clocks[] = {"iso", "unix", "unix_ms", "local"};
    char copy[256], *save = NULL, *word;
    size_t k = 0;
    snprintf(copy, sizeof copy, "%s", line);
    lua_newtable(L);
    set(L, "time", "t");
    set(L, "value", "v");
    word = strtok_r(copy, " ", &save);
    set(L, "clock", clocks[word ? (unsigned char)*word % 4 : 0]);
    while ((word = strtok_r(NULL, " ", &save)) && k < 7) set(L, names[k++], word);
    luaL_dostring(L, "return { { -2e12, 60 }, { 1774746000000, 120 }, { 1792890000000, 60 } }");
    lua_setfield(L, -2, "zone");
}

static size_t length_of(lua_State *L, const char *name)
{
    size_t n;
    lua_getfield(L, -1, name);
    n = lua_rawlen(L, -1);
    lua_pop(L, 1);
    return n;
}

static int work(lua_State *L)
{
    struct sw_buf *text = lua_touserdata(L, 1);
    const char *line = lua_touserdata(L, 2);
    lua_settop(L, 0);
    if (sw_tape_push(L, text, &documents) != 1 || lua_type(L, 1) != LUA_TUSERDATA) return 0;
    lua_pushcfunction(L, sw_tape_at);
    lua_pushvalue(L, 1);
    lua_pushstring(L, line);
    lua_call(L, 2, 0);
    for (lua_Integer from = 1, calls = 0; from && calls < 20; calls++) {
        lua_pushcfunction(L, sw_tape_columns);
        lua_pushvalue(L, 1);
        push_spec(L, line);
        lua_pushinteger(L, from);
        lua_pushinteger(L, 3);
        lua_call(L, 4, 1);
        lua_getfield(L, -1, "n");
        size_t n = (size_t)lua_tointeger(L, -1) * 8;
        lua_pop(L, 1);
        if (length_of(L, "start") != n || length_of(L, "dur") != n || length_of(L, "value") != n || length_of(L, "offset") * 4 != n) abort();
        lua_getfield(L, -1, "next");
        if (lua_tointeger(L, -1) && lua_tointeger(L, -1) <= from) abort();
        from = lua_tointeger(L, -1);
        lua_settop(L, 1);
    }
    lua_setglobal(L, "d");
    if (luaL_dostring(L, "local function walk(n, deep) for k, v in pairs(n) do assert(v ~= nil) local _ = n[k], #n, tostring(n)\n"
                         " if type(v) == 'userdata' and deep < 8 then walk(v, deep + 1) end end end walk(d, 0)")) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
        abort();
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_limits limits;
    lua_State *L = sw_limits_new(&limits, 32u << 20);
    const uint8_t *end = memchr(data, '\n', size < 250 ? size : 250);
    char line[256] = "";
    struct sw_buf text;
    if (!end || size > 1 << 16) {
        sw_limits_free(&limits);
        return 0;
    }
    memcpy(line, data, (size_t)(end - data));
    sw_buf_init(&text, SW_TAPE_BODY);
    sw_buf_put(&text, end + 1, size - (size_t)(end + 1 - data));
    luaL_openlibs(L);
    lua_pushcfunction(L, work);
    lua_pushlightuserdata(L, &text);
    lua_pushlightuserdata(L, line);
    lua_pcall(L, 2, 0, 0);
    sw_buf_clear(&text);
    sw_limits_free(&limits);
    if (documents.kept) abort();
    return 0;
}
