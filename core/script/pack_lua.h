/* SPDX-License-Identifier: MIT
 * Events of trusted Lua as a batch for a box (box/packed.h). */
#ifndef SW_SCRIPT_PACK_LUA_H
#define SW_SCRIPT_PACK_LUA_H
#include "box/packed.h"
#include "script/workers.h"
#include <lua.h>

struct sw_pack {
    struct sw_pack_names names;
    struct sw_buf items, head, list; /* list: the names, written */
    uint32_t *ends;
    size_t n;
};

/* Pack the list { { event = table, at = ms, key = text }... } at idx, with the map at head. Free with
 * clear whatever it gives. 0; SW_E_BAD or SW_E_LIMIT: what is no plain data, or too large. */
int sw_pack_events(lua_State *L, int head, int idx, struct sw_pack *p, struct sw_err *err);
void sw_pack_clear(struct sw_pack *p);
struct sw_batch_spec sw_pack_spec(const struct sw_pack *p, uint32_t cpu_ms);
#endif
