/* SPDX-License-Identifier: MIT
 * The standard library as strangers' scripts see it: our own versions of every function that loops
 * in C, catches errors, shows addresses or reaches outside. Each opener pushes one table; the box's
 * Lua library (lua/box) copies them into the environment of each script. Needs limits in L. */
#ifndef SW_BOX_SANDBOX_H
#define SW_BOX_SANDBOX_H
#include <lua.h>
#include <stddef.h>

void sw_sandbox_open(lua_State *L);           /* pushes { base, string, table, coroutine, math, utf8 } */
void sw_sandbox_push_string(lua_State *L);    /* also locks the metatable of strings */
void sw_sandbox_push_table(lua_State *L);
void sw_sandbox_push_coroutine(lua_State *L);
/* Pushes the script's line that called into the library, "rules/x.lua:7:", and its number; or "" alone.
 * Gives how many it pushed. */
int sw_sandbox_where(lua_State *L);
/* find, match, gmatch, gsub: the step-counted matcher */
void sw_sandbox_set_matchers(lua_State *L, int table);

void sw_sandbox_set_random(lua_State *L); /* random, randomseed into the table on top */
void sw_sandbox_set_seed(lua_State *L);   /* seed(text) into the table on top */

/* Push the text of the value at idx: honours __tostring, never shows an address. */
const char *sw_sandbox_tolstring(lua_State *L, int idx, size_t *len);

/* A function yields with this set while it waits for the engine; coroutine functions of the sandbox
 * pass such a yield up to the run, so a script may wait inside its own coroutines. */
void sw_sandbox_set_waiting(lua_State *L, int waiting);
#endif
