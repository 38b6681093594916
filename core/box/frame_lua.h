/* SPDX-License-Identifier: MIT
 * Lua values to and from the frame encoding (box/frame.h). Tables with keys 1..n are arrays, with
 * text keys maps; an empty table is an empty array. Metatables are not consulted. */
#ifndef SW_BOX_FRAME_LUA_H
#define SW_BOX_FRAME_LUA_H
#include "box/frame.h"
#include <lua.h>

enum sw_encode_flags {
    SW_ENCODE_STRICT = 0,
    SW_ENCODE_DECLARATION = 1, /* functions become true: what a script declares, without its code */
};

/* Append the value at idx. 0; SW_E_BAD: not plain data, err says where; SW_E_LIMIT: depth or b->max.
 * The stack is left as it was. Raises nothing. */
int sw_frame_encode(lua_State *L, int idx, struct sw_buf *b, int flags, struct sw_err *err);

/* Push the next value of r (checked before) on the stack; nil when r is at its end or damaged.
 * Raises only Lua's memory error, so call it protected in a limited state. */
void sw_frame_push(lua_State *L, struct sw_rd *r);
#endif
