/* SPDX-License-Identifier: MIT
 * Coroutine <-> loop. A primitive that waits creates a sw_wait, hands it to whatever will finish it
 * and returns sw_task_wait(L, w); later, on the loop thread, the finisher pushes results onto w->co
 * and calls sw_wake. A task that is gone makes sw_wake drop the results. */
#ifndef SW_SCRIPT_TASK_H
#define SW_SCRIPT_TASK_H
#include "script/host.h"
#include <lauxlib.h>
#include <stdbool.h>

struct sw_wait {
    struct sw_host *host;
    lua_State *co; /* where results are pushed; valid until sw_wake */
    int ref;       /* keeps co alive */
};

/* Start a wait for the running coroutine; raises a clear error where Lua cannot wait. */
struct sw_wait sw_task_begin(lua_State *L, const char *what);
/* Last statement of the primitive: yields. */
int sw_task_yield(lua_State *L);
/* Resume the coroutine with the `n` values on top of w->co. Ends the wait. */
void sw_wake(struct sw_wait *w, int n);
/* Push nil, message, code name: the one convention for expected failure. Gives 3. */
int sw_push_err(lua_State *L, int code, const struct sw_err *err);

/* A text of so many bytes that came from outside is about to be pushed: those that came
 * before may go first. */
void sw_lua_make_room(lua_State *L, size_t bytes);

/* Whose state this is; borrowed, never NULL. */
struct sw_engine *sw_lua_engine(lua_State *L);
struct sw_host *sw_lua_host(lua_State *L);

/* What host.c opens; each pushes one table. */
int sw_open_json(lua_State *L);
int sw_open_time(lua_State *L);
int sw_open_fs(lua_State *L);
void sw_open_fs_writer(lua_State *L); /* into the library on the top */
int sw_open_sys(lua_State *L);
int sw_open_store(lua_State *L);
int sw_open_txn(lua_State *L);
int sw_open_import(lua_State *L);
int sw_open_box(lua_State *L);
int sw_open_ical(lua_State *L);
int sw_open_qr(lua_State *L);
int sw_open_http(lua_State *L);
int sw_open_serve(lua_State *L);
int sw_open_crypto(lua_State *L);
int sw_open_stream(lua_State *L);
int sw_open_smtp(lua_State *L);
int sw_open_care(lua_State *L);

/* lua_json.c: push the JSON text as a Lua value (null is absent), or nil, message, code. */
int sw_push_json(lua_State *L, const char *text, size_t n);
#endif
