/* SPDX-License-Identifier: MIT
 * What a run in a box gave, as a table, seen quickly before anybody looks closely. Layer: script. */
#ifndef SW_SCRIPT_OUTCOME_H
#define SW_SCRIPT_OUTCOME_H
#include <lua.h>

/* plain(out, allowed, texts) -> boolean: see sw.box in lua_box.c. */
int sw_outcome_plain(lua_State *L);
#endif
