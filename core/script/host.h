/* SPDX-License-Identifier: MIT
 * The host of trusted Lua: one lua_State on the loop thread. C enters Lua by one name, lua/boot.lua,
 * which returns a table of doors. Whatever waits runs in a task (a coroutine); primitives that take
 * time yield it and the loop resumes it. */
#ifndef SW_SCRIPT_HOST_H
#define SW_SCRIPT_HOST_H
#include "engine/engine.h"
#include <lua.h>

struct sw_host;

/* Load lua/boot.lua from the engine's share folder. box_path: the syncwell-box binary. NULL and a
 * sentence when it does not load. The host borrows the engine. */
struct sw_host *sw_host_new(struct sw_engine *e, const char *box_path, struct sw_err *err);
void sw_host_free(struct sw_host *h);
/* Enter door `name` with the words of argv as a task and run the loop until it ends. Gives what the
 * door returned as a number, 1 if it raised an error (which is printed). */
int sw_host_run(struct sw_host *h, const char *door, int argc, char **argv);
/* Who reads a line from the person: given by app/, so that line editing stays out of here. The
 * function gives a line without its break, freed by the host with free(), or NULL at the end. */
void sw_host_set_reader(struct sw_host *h, char *(*read_line)(const char *prompt));
char *sw_host_read_line(struct sw_host *h, const char *prompt); /* caller frees with free() */
lua_State *sw_host_state(struct sw_host *h);
#endif
