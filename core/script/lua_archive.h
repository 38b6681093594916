/* SPDX-License-Identifier: MIT
 * A file that is being decoded, and the archives that hold more of them: lua_import.c has the former,
 * lua_archive.c the latter, and an entry of the one begins as the other. Inside of sw.import only; what Lua
 * sees of both stands at the head of lua_import.c. */
#ifndef SW_SCRIPT_LUA_ARCHIVE_H
#define SW_SCRIPT_LUA_ARCHIVE_H
#include "codec/decode.h"
#include "script/import_input.h"
#include "script/task.h"

struct sw_import_db;

struct sw_decoding { /* a userdata; its user value is the archive it comes from */
    uv_work_t work;
    struct sw_wait wait;
    const struct sw_decoder *kind;
    void *state;
    struct sw_batch batch;
    struct sw_import_input in;
    char *path;              /* of a database that is a plain file, or NULL */
    struct sw_import_db *db; /* opened by the first head */
    struct sw_zip *inner;    /* archive within the archive, until it is handed over */
    struct sw_buf seen;      /* what head found */
    size_t at;               /* the entry of a stream on the way to which it is */
    int self;                /* until then: its place in the registry */
    bool busy, ended;
    int rc;
    struct sw_err err;
};

struct sw_decoding *sw_decoding_check(lua_State *L); /* argument 1, neither busy nor closed */
struct sw_decoding *sw_decoding_push(lua_State *L);
/* Look at the first bytes and pick the decoder: what Lua is given, and how many. Closes on failure. */
int sw_decoding_start(lua_State *L, struct sw_decoding *d, const char *format, const char *name);
/* Hand it to the pool: `work` there, `after` back on the loop, which wakes whoever waits. `what` names what
 * is waited for where Lua cannot wait. Yields. */
int sw_decoding_work(lua_State *L, struct sw_decoding *d, const char *what, uv_work_cb work, uv_after_work_cb after);
bool sw_decoding_is_archive(const struct sw_decoding *d);

/* Functions for Lua: zip(path), tar(path), and decoder:archive(). */
int sw_archive_zip(lua_State *L);
int sw_archive_tar(lua_State *L);
int sw_archive_inner(lua_State *L);
void sw_archive_class(lua_State *L);

/* A metatable of that name: methods by __index, `close` also when it is collected. */
void sw_lua_class(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction close);
#endif
