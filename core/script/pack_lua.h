/* SPDX-License-Identifier: MIT
 * Events of trusted Lua as a batch for a box (box/packed.h). */
#ifndef SW_SCRIPT_PACK_LUA_H
#define SW_SCRIPT_PACK_LUA_H
#include "box/packed.h"
#include "script/workers.h"
#include <lua.h>

struct sw_pack;

/* Pack the list { { event = table, at = ms, key = text }... } at idx and push it as a userdata that
 * holds all of it: it may serve several rules. 0; SW_E_BAD or SW_E_LIMIT and nothing pushed: what is no
 * plain data, or too large. */
int sw_pack_push(lua_State *L, int idx, struct sw_err *err);
/* Events that were packed; NULL when there are none at idx. */
const struct sw_pack *sw_pack_at(lua_State *L, int idx);
size_t sw_pack_count(const struct sw_pack *p);
/* As a batch with this head; borrows both. */
struct sw_batch_spec sw_pack_spec(const struct sw_pack *p, struct sw_rd head, uint32_t cpu_ms);
#endif
