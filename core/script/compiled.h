/* SPDX-License-Identifier: MIT
 * Trusted Lua compiled ahead: half of what a short command costs is parsing a hundred files. One file beside
 * them holds their bytecode with the time and size of each; a file that is newer, longer or not in it is read
 * as source, so editing one needs no step in between. It belongs to the program as the files do, and to the
 * Lua it was made by: another release of Lua does not read it. Scripts of strangers are never bytecode. */
#ifndef SW_SCRIPT_COMPILED_H
#define SW_SCRIPT_COMPILED_H
#include "base/err.h"
#include <lua.h>

#define SW_COMPILED_NAME "lua.compiled" /* in the share folder */

/* Compile what is below share/lua into `out`, written beside it and renamed. A file that does not parse is
 * left out: it says so when it is used. */
int sw_compiled_write(const char *share, const char *out, struct sw_err *err);

struct sw_compiled;
/* The compiled file of a share folder; NULL when there is none that this Lua reads. */
struct sw_compiled *sw_compiled_open(const char *share);
void sw_compiled_free(struct sw_compiled *c);
/* Push the chunk of share/lua/<name>.lua ("cli/status") and give 1; 0 and nothing pushed when the file itself
 * has to be read. */
int sw_compiled_push(lua_State *L, const struct sw_compiled *c, const char *name);
/* Let `require` look there first. Lives as long as the state. */
void sw_compiled_search(lua_State *L, const struct sw_compiled *c);
#endif
