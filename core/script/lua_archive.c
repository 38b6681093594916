/* SPDX-License-Identifier: MIT
 * Archives for sw.import: zip is read in any order and listed at once, tar is a stream, so that listing it
 * and going to an entry are tasks of the pool. No entry is written anywhere but an archive within one. */
#include "script/lua_archive.h"
#include "base/alloc.h"
#include "codec/tar.h"
#include "codec/zip.h"
#include <string.h>
#include <unistd.h>

#define ARCHIVE "syncwell.archive"

struct archive { /* one of the two, none when it is closed */
    struct sw_zip *zip;
    struct sw_tar *tar;
};

static struct archive *check_archive(lua_State *L)
{
    struct archive *a = luaL_checkudata(L, 1, ARCHIVE);
    if (!a->zip && !a->tar) luaL_error(L, "archive is closed");
    return a;
}

static const char *entry_name(const struct archive *a, size_t i)
{
    return a->zip ? sw_zip_name(a->zip, i) : sw_tar_name(a->tar, i);
}

static struct archive *push_archive(lua_State *L)
{
    struct archive *a = lua_newuserdatauv(L, sizeof *a, 0);
    *a = (struct archive){NULL, NULL};
    luaL_setmetatable(L, ARCHIVE);
    return a;
}

int sw_archive_zip(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct archive *a = push_archive(L);
    struct sw_err err = SW_ERR_INIT;
    int rc = sw_zip_open(path, &a->zip, &err);
    return rc ? sw_push_err(L, rc, &err) : 1;
}

struct listing { /* of a tar, which is read to its end for it */
    uv_work_t work;
    struct sw_wait wait;
    char *path;
    struct sw_tar *tar;
    int rc;
    struct sw_err err;
};

static void list(uv_work_t *w)
{
    struct listing *l = w->data;
    l->rc = sw_tar_open(l->path, &l->tar, &l->err);
}

static void listed(uv_work_t *w, int status)
{
    struct listing *l = w->data;
    struct sw_wait wait = l->wait;
    int n = 1;
    (void)status;
    if (l->rc) n = sw_push_err(wait.co, l->rc, &l->err);
    else push_archive(wait.co)->tar = l->tar;
    sw_free(l->path);
    sw_free(l);
    sw_wake(&wait, n);
}

int sw_archive_tar(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct listing *l = sw_zalloc(sizeof *l);
    l->path = sw_strdup(path);
    l->wait = sw_task_begin(L, "an archive");
    l->work.data = l;
    uv_queue_work(sw_lua_engine(L)->loop, &l->work, list, listed);
    return sw_task_yield(L);
}

static void unpack(uv_work_t *w)
{
    struct sw_decoding *d = w->data;
    char path[64] = "";
    d->rc = sw_input_copy(&d->in, path, &d->err);
    if (!d->rc) d->rc = sw_zip_open(path, &d->inner, &d->err);
    if (*path) unlink(path);
}

static void unpacked(uv_work_t *w, int status)
{
    struct sw_decoding *d = w->data;
    struct sw_wait wait = d->wait;
    int n = 1;
    (void)status;
    d->busy = false;
    if (d->rc < 0) n = sw_push_err(wait.co, d->rc, &d->err);
    else {
        push_archive(wait.co)->zip = d->inner;
        d->inner = NULL;
    }
    sw_wake(&wait, n);
}

/* An entry that is an archive itself, from a copy that is gone at once. */
int sw_archive_inner(lua_State *L)
{
    struct sw_decoding *d = sw_decoding_check(L);
    if (!sw_decoding_is_archive(d)) return luaL_error(L, "this is no archive");
    return sw_decoding_work(L, d, "an archive", unpack, unpacked);
}

/* A name as archives write it: made by Windows, its strokes lean the other way. */
static void push_name(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    if (strchr(name, '\\')) {
        luaL_gsub(L, name, "\\", "/");
        lua_remove(L, -2);
    }
    lua_setfield(L, -2, "name");
}

static int l_entries(lua_State *L)
{
    struct archive *a = check_archive(L);
    size_t n = a->zip ? sw_zip_count(a->zip) : sw_tar_count(a->tar);
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        const char *name = entry_name(a, i);
        uint64_t size = a->zip ? sw_zip_size(a->zip, i) : sw_tar_size(a->tar, i);
        lua_createtable(L, 0, 4);
        push_name(L, name);
        lua_pushboolean(L, sw_zip_wanted(name)), lua_setfield(L, -2, "wanted");
        lua_pushboolean(L, sw_zip_outside(name)), lua_setfield(L, -2, "outside");
        lua_pushinteger(L, (lua_Integer)size), lua_setfield(L, -2, "size");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* What stands before an entry of a stream is read to reach it: in the pool. */
static void reach(uv_work_t *w)
{
    struct sw_decoding *d = w->data;
    d->rc = sw_tar_enter(d->in.tar, d->at, &d->err);
}

static void reached(uv_work_t *w, int status)
{
    struct sw_decoding *d = w->data;
    struct sw_wait wait = d->wait;
    int rc = d->rc;
    (void)status;
    d->busy = false;
    d->rc = 0;
    lua_rawgeti(wait.co, LUA_REGISTRYINDEX, d->self);
    luaL_unref(wait.co, LUA_REGISTRYINDEX, d->self);
    sw_wake(&wait, rc ? sw_push_err(wait.co, rc, &d->err)
                      : sw_decoding_start(wait.co, d, NULL, sw_tar_name(d->in.tar, d->at)));
}

static int reach_entry(lua_State *L, struct sw_decoding *d, struct sw_tar *tar, size_t i)
{
    d->in.tar = tar;
    d->at = i;
    d->self = luaL_ref(L, LUA_REGISTRYINDEX);
    return sw_decoding_work(L, d, "an archive", reach, reached);
}

static int l_entry_open(lua_State *L)
{
    struct archive *a = check_archive(L);
    lua_Integer i = luaL_checkinteger(L, 2);
    size_t n = a->zip ? sw_zip_count(a->zip) : sw_tar_count(a->tar);
    struct sw_decoding *d;
    int rc;
    luaL_argcheck(L, i >= 1 && (size_t)i <= n, 2, "no such entry");
    d = sw_decoding_push(L);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1); /* the archive outlives its entries */
    if (a->tar) return reach_entry(L, d, a->tar, (size_t)i - 1);
    rc = sw_zip_enter(a->zip, (size_t)i - 1, &d->err);
    if (rc) return sw_push_err(L, rc, &d->err);
    d->in.zip = a->zip;
    return sw_decoding_start(L, d, NULL, sw_zip_name(a->zip, (size_t)i - 1));
}

static int l_is_stream(lua_State *L)
{
    lua_pushboolean(L, check_archive(L)->tar != NULL);
    return 1;
}

static int l_damage(lua_State *L)
{
    struct archive *a = check_archive(L);
    lua_pushstring(L, a->tar ? sw_tar_damage(a->tar) : NULL);
    return 1;
}

static int l_archive_close(lua_State *L)
{
    struct archive *a = luaL_checkudata(L, 1, ARCHIVE);
    sw_zip_close(a->zip);
    sw_tar_close(a->tar);
    *a = (struct archive){NULL, NULL};
    return 0;
}

void sw_lua_class(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction close)
{
    luaL_newmetatable(L, name);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, close);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}

void sw_archive_class(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"entries", l_entries}, {"open", l_entry_open}, {"is_stream", l_is_stream},
        {"damage", l_damage},   {"close", l_archive_close}, {NULL, NULL}};
    sw_lua_class(L, ARCHIVE, methods, l_archive_close);
}
