/* SPDX-License-Identifier: MIT
 * Any bytes as what a worker sends: frames are taken off one after the other, each value walked and
 * turned into Lua, and what came out of Lua encoded again must read back. */
#include "box/frame.h"
#include "box/frame_lua.h"
#include <lauxlib.h>
#include <stdint.h>
#include <stdlib.h>

static int push(lua_State *L)
{
    struct sw_rd *r = lua_touserdata(L, 1);
    sw_frame_push(L, r);
    return 1;
}

static void through_lua(lua_State *L, struct sw_rd value)
{
    struct sw_buf b;
    sw_buf_init(&b, 2 * SW_FRAME_MAX);
    lua_pushcfunction(L, push);
    lua_pushlightuserdata(L, &value);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK && sw_frame_encode(L, -1, &b, SW_ENCODE_STRICT, NULL) == SW_OK &&
        b.len <= SW_FRAME_MAX && sw_val_check(sw_rd_of(b.data, b.len), NULL) < 0)
        abort();
    lua_settop(L, 0);
    sw_buf_clear(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lua_State *L = luaL_newstate();
    struct sw_rd value, at;
    size_t used;
    while (L && sw_frame_next(data, size, &used, &value, NULL) == 1) {
        sw_val_find(value, "run", &at);
        through_lua(L, value);
        data += used;
        size -= used;
    }
    if (L) lua_close(L);
    return 0;
}
