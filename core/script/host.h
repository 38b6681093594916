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
/* What may stand at the end of a line that is being typed: a list of texts ended by NULL, each and the
 * list freed by the caller with free(). `word` is the part that they replace. NULL: nothing. */
struct sw_completer {
    char **(*words)(void *ctx, const char *line, const char *word);
    void *ctx;
};
/* Who reads a line from the person: given by app/, so that line editing stays out of here. Gives a
 * line without its break, freed by the host with free(), or NULL at the end. `help` may be NULL. */
typedef char *sw_line_reader(const char *prompt, const struct sw_completer *help);
void sw_host_set_reader(struct sw_host *h, sw_line_reader *reader);
/* caller frees with free() */
char *sw_host_read_line(struct sw_host *h, const char *prompt, const struct sw_completer *help);
lua_State *sw_host_state(struct sw_host *h);
#endif
