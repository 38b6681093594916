/* SPDX-License-Identifier: MIT
 * sw.fs.writer(path) -> w | nil, message, code: a long file, written piece by piece beside its name and
 * renamed at the end, so that nobody ever reads half of it.
 *   w:put(text) -> true     w:finish() -> true: on disk under its name     w:drop(): nothing stays
 * One that is not finished is dropped when it is collected. Only its owner may read the file. */
#include "base/alloc.h"
#include "base/log.h"
#include "script/task.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WRITER "syncwell.writer"

struct writer {
    int fd; /* -1: finished or dropped */
    char *path, *beside;
};

static int failed(lua_State *L, const char *path, int e)
{
    struct sw_err err = SW_ERR_INIT;
    int code = e == ENOSPC || e == EROFS ? SW_E_FULL : SW_E_IO;
    sw_fail(&err, code, "cannot write %s: %s", path,
            e == ENOSPC ? "the disk is full" : strerror(e));
    return sw_push_err(L, code, &err);
}

static struct writer *check(lua_State *L)
{
    struct writer *w = luaL_checkudata(L, 1, WRITER);
    if (w->fd < 0) luaL_error(L, "the file is finished");
    return w;
}

static void drop(struct writer *w)
{
    if (w->fd >= 0) {
        close(w->fd);
        unlink(w->beside);
    }
    w->fd = -1;
    sw_free(w->path);
    sw_free(w->beside);
    w->path = w->beside = NULL;
}

static int l_put(lua_State *L)
{
    struct writer *w = check(L);
    size_t n;
    const char *s = luaL_checklstring(L, 2, &n);
    if (sw_write_all(w->fd, s, n)) return failed(L, w->path, errno);
    lua_pushboolean(L, 1);
    return 1;
}

static int l_finish(lua_State *L)
{
    struct writer *w = check(L);
    int n = 1;
    if (fsync(w->fd) < 0 || rename(w->beside, w->path) < 0) {
        n = failed(L, w->path, errno);
    } else {
        close(w->fd);
        w->fd = -1;
        lua_pushboolean(L, 1);
    }
    drop(w);
    return n;
}

static int l_drop(lua_State *L)
{
    drop(luaL_checkudata(L, 1, WRITER));
    return 0;
}

static int l_writer(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct writer *w = lua_newuserdatauv(L, sizeof *w, 0);
    *w = (struct writer){-1, NULL, NULL};
    luaL_setmetatable(L, WRITER);
    w->path = sw_strdup(path);
    w->beside = sw_strdup(lua_pushfstring(L, "%s.%d.part", path, (int)getpid()));
    lua_pop(L, 1);
    w->fd = open(w->beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return w->fd < 0 ? failed(L, path, errno) : 1;
}

/* Adds writer to the library on the stack's top. */
void sw_open_fs_writer(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"put", l_put}, {"finish", l_finish}, {"drop", l_drop}, {NULL, NULL}};
    luaL_newmetatable(L, WRITER);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_drop);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, l_drop);
    lua_setfield(L, -2, "__close");
    lua_pop(L, 1);
    lua_pushcfunction(L, l_writer);
    lua_setfield(L, -2, "writer");
}
