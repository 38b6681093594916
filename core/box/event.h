/* SPDX-License-Identifier: MIT
 * The event of a run of a batch, as its rule holds it: a userdata over the packed bytes, which reads
 * a field when the script asks for it. Plain fields are answered here; times, quantities and names
 * that are not there go to the library's reader (lua/box/event.lua). It keeps the bytes alive, so a
 * rule that holds on to an event holds that event and no other. */
#ifndef SW_BOX_EVENT_H
#define SW_BOX_EVENT_H
#include "box/packed.h"
#include <lua.h>

/* All of these may raise Lua's memory error: call them protected. */

struct sw_events; /* the items of a batch, alive as long as their metatable is */

/* Copy the items of a batch, with the names they refer to, and push the metatable of their events. items:
 * a list of texts, names: a list of texts; NULL and nothing pushed when either is none. */
struct sw_events *sw_event_push_block(lua_State *L, struct sw_rd names, struct sw_rd items);
size_t sw_event_count(const struct sw_events *k);
/* Item i, borrowed. */
struct sw_rd sw_event_item(const struct sw_events *k, size_t i);
/* Push event i, which still has to be given that metatable. */
void sw_event_push(lua_State *L, const struct sw_events *k, size_t i);
/* What identifies event i: its group, else its id. false: it has neither. */
bool sw_event_key(const struct sw_events *k, size_t i, struct sw_val *v);

/* For the library: event_open(read, slow) takes the reader and a table of names it wants to see itself
 * whatever is there; raw(w, name) a field as it came; data(w) the whole event as tables, nil when w
 * is no event of a batch. */
int sw_event_core_open(lua_State *L);
int sw_event_core_raw(lua_State *L);
int sw_event_core_data(lua_State *L);
#endif
