/* SPDX-License-Identifier: MIT
 * sw.qr: rows(text) -> list of rows, '#' a dark module and ' ' a light one; nil, message, code for a
 * text that is too long */
#include "codec/qr.h"
#include "script/task.h"

static int l_rows(lua_State *L)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_buf b;
    sw_buf_init(&b, 1 << 20);
    int width = sw_qr_draw(luaL_checkstring(L, 1), &b, &err);
    if (width < 0) {
        sw_buf_clear(&b);
        return sw_push_err(L, width, &err);
    }
    lua_createtable(L, width, 0);
    for (int y = 0; y < width; y++) {
        lua_pushlstring(L, (const char *)b.data + (size_t)y * ((size_t)width + 1), (size_t)width);
        lua_rawseti(L, -2, y + 1);
    }
    sw_buf_clear(&b);
    return 1;
}

int sw_open_qr(lua_State *L)
{
    static const luaL_Reg f[] = {{"rows", l_rows}, {NULL, NULL}};
    luaL_newlib(L, f);
    return 1;
}
