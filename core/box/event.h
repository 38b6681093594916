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

/* Push a block: the items of a batch copied, with the names they refer to. items: a list of texts,
 * names: a list of texts; 0 on the stack changes when either is none: false. */
bool sw_event_push_block(lua_State *L, struct sw_rd names, struct sw_rd items);
size_t sw_event_count(lua_State *L, int block);
/* Item i of the block, borrowed from it. */
struct sw_rd sw_event_item(lua_State *L, int block, size_t i);
/* Push the event of an item of the block at idx. */
void sw_event_push(lua_State *L, int block, struct sw_rd item);
/* A field of an item's fields by name; block: the registry reference of its block. */
bool sw_event_find(lua_State *L, int block, struct sw_rd fields, const char *name,
                   struct sw_rd *value);

/* For the library: event_open(read, slow) takes the reader and a table of names it wants to see itself
 * whatever is there; raw(w, name) a field as it came; data(w) the whole event as tables, nil when w
 * is no event of a batch. */
int sw_event_core_open(lua_State *L);
int sw_event_core_raw(lua_State *L);
int sw_event_core_data(lua_State *L);
#endif
