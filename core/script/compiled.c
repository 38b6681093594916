/* SPDX-License-Identifier: MIT
 * The file: a line with the release of Lua, then a record for each module in the order of their names, then
 * the chunks. Records have fixed places, so that one is found without reading the others. */
#include "script/compiled.h"
#include "base/alloc.h"
#include "base/buf.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 88, DEPTH = 4, FILE_MOST = 64 << 20 };

struct head {
    char magic[24]; /* "syncwell 1 Lua 5.4.4" */
    uint64_t n;
};

struct record {
    char name[NAME_MAX_BYTES]; /* "cli/status" */
    int64_t mtime_s, mtime_ns;
    uint64_t size, at, len; /* of the source; of the chunk in the file */
};

struct sw_compiled {
    char *share;
    int fd; /* chunks are read when they are wanted: a mapping would count as memory for years */
    struct record *list;
    size_t n;
};

static struct head head_of(uint64_t n)
{
    struct head h = {.n = n};
    snprintf(h.magic, sizeof h.magic, "syncwell 1 %s", LUA_RELEASE);
    return h;
}

/* ---- writing ---- */

struct writing {
    lua_State *L;
    const char *share;
    struct sw_buf records, chunks;
    size_t n;
};

static int append(lua_State *L, const void *p, size_t n, void *to)
{
    (void)L;
    sw_buf_put(to, p, n);
    return 0;
}

static int load_named(lua_State *L, const char *path, const char *name)
{
    char chunk[NAME_MAX_BYTES + 16];
    char *source;
    struct stat st;
    int rc = LUA_ERRFILE, fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return rc;
    snprintf(chunk, sizeof chunk, "@lua/%s.lua", name);
    if (!fstat(fd, &st) && st.st_size < FILE_MOST) {
        source = sw_alloc((size_t)st.st_size + 1);
        if (read(fd, source, (size_t)st.st_size) == st.st_size)
            rc = luaL_loadbufferx(L, source, (size_t)st.st_size, chunk, "t");
        sw_free(source);
    }
    close(fd);
    return rc;
}

static void add_file(struct writing *w, const char *path, const char *name)
{
    struct record r = {.at = w->chunks.len};
    struct stat st;
    if (strlen(name) >= sizeof r.name || stat(path, &st)) return;
    if (load_named(w->L, path, name) == LUA_OK) {
        lua_dump(w->L, append, &w->chunks, 0);
        memcpy(r.name, name, strlen(name));
        r.mtime_s = st.st_mtim.tv_sec, r.mtime_ns = st.st_mtim.tv_nsec;
        r.size = (uint64_t)st.st_size, r.len = w->chunks.len - r.at;
        sw_buf_put(&w->records, &r, sizeof r);
        w->n++;
    }
    lua_settop(w->L, 0);
}

static void add_folder(struct writing *w, const char *under, int depth);

/* A file or folder `entry` of the folder share/lua/<under>. */
static void add_entry(struct writing *w, const char *under, const char *entry, int depth)
{
    const char *dot = strrchr(entry, '.');
    char name[NAME_MAX_BYTES], path[1300];
    int n = snprintf(name, sizeof name, "%s%s%.*s", under, *under ? "/" : "",
                     (int)(dot ? dot - entry : (long)strlen(entry)), entry);
    if (*entry == '.' || n < 0 || (size_t)n >= sizeof name) return;
    if (!dot && depth < DEPTH) add_folder(w, name, depth + 1);
    if (!dot || strcmp(dot, ".lua")) return;
    n = snprintf(path, sizeof path, "%s/lua/%s.lua", w->share, name);
    if (n > 0 && (size_t)n < sizeof path) add_file(w, path, name);
}

/* What workers are given is text, and stays out. */
static void add_folder(struct writing *w, const char *under, int depth)
{
    static const char *const left_out[] = {"box", "meta", "new"};
    char dir[1300];
    struct dirent **e = NULL;
    int n;
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (!strcmp(under, left_out[i])) return;
    n = snprintf(dir, sizeof dir, "%s/lua/%s", w->share, under);
    if (n < 0 || (size_t)n >= sizeof dir) return;
    n = scandir(dir, &e, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        add_entry(w, under, e[i]->d_name, depth);
        free(e[i]);
    }
    free(e);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct record *)a)->name, ((const struct record *)b)->name);
}

static int write_all(const struct writing *w, const char *out, struct sw_err *err)
{
    struct head h = head_of(w->n);
    struct record *r = (struct record *)(void *)w->records.data;
    char temp[1100];
    FILE *f;
    int bad;
    for (size_t i = 0; i < w->n; i++) r[i].at += sizeof h + w->n * sizeof *r;
    qsort(r, w->n, sizeof *r, by_name);
    snprintf(temp, sizeof temp, "%s.%ld", out, (long)getpid());
    f = fopen(temp, "wb");
    if (!f) return sw_fail(err, SW_E_IO, "cannot write %s: %s", temp, strerror(errno));
    fwrite(&h, sizeof h, 1, f);
    fwrite(r, sizeof *r, w->n, f);
    fwrite(w->chunks.data, 1, w->chunks.len, f);
    bad = fchmod(fileno(f), 0644) | ferror(f);
    if (fclose(f) || bad || rename(temp, out)) {
        unlink(temp);
        return sw_fail(err, SW_E_IO, "cannot write %s: %s", out, strerror(errno));
    }
    return SW_OK;
}

int sw_compiled_write(const char *share, const char *out, struct sw_err *err)
{
    struct writing w = {.L = luaL_newstate(), .share = share};
    int rc;
    if (!w.L) abort(); /* as sw_alloc does */
    sw_buf_init(&w.records, FILE_MOST);
    sw_buf_init(&w.chunks, FILE_MOST);
    add_folder(&w, "", 0);
    rc = w.n && !w.chunks.over ? write_all(&w, out, err)
                               : sw_fail(err, SW_E_NOTFOUND, "there is no Lua below %s", share);
    sw_buf_clear(&w.records);
    sw_buf_clear(&w.chunks);
    lua_close(w.L);
    return rc;
}

/* ---- reading ---- */

static bool read_at(int fd, void *to, size_t n, uint64_t at)
{
    return pread(fd, to, n, (off_t)at) == (ssize_t)n;
}

static bool read_list(struct sw_compiled *c)
{
    struct head h, ours;
    struct stat st;
    uint64_t len;
    if (fstat(c->fd, &st) || st.st_size > FILE_MOST || !read_at(c->fd, &h, sizeof h, 0)) return false;
    len = (uint64_t)st.st_size;
    ours = head_of(h.n);
    if (memcmp(&h, &ours, sizeof h) || h.n > (len - sizeof h) / sizeof *c->list) return false;
    c->list = sw_alloc(h.n * sizeof *c->list + 1);
    c->n = h.n;
    if (!read_at(c->fd, c->list, c->n * sizeof *c->list, sizeof h)) return false;
    for (size_t i = 0; i < c->n; i++) {
        const struct record *r = &c->list[i];
        if (r->name[NAME_MAX_BYTES - 1] || r->at > len || r->len > len - r->at) return false;
    }
    return true;
}

struct sw_compiled *sw_compiled_open(const char *share)
{
    struct sw_compiled *c = sw_zalloc(sizeof *c);
    char path[1100];
    snprintf(path, sizeof path, "%s/" SW_COMPILED_NAME, share);
    c->share = sw_strdup(share);
    c->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (c->fd >= 0 && read_list(c)) return c;
    sw_compiled_free(c);
    return NULL;
}

void sw_compiled_free(struct sw_compiled *c)
{
    if (!c) return;
    if (c->fd >= 0) close(c->fd);
    sw_free(c->list);
    sw_free(c->share);
    sw_free(c);
}

/* A copy may have lost the parts of a second. */
static bool is_as_it_was(const struct record *r, const struct stat *st)
{
    return (uint64_t)st->st_size == r->size && st->st_mtim.tv_sec == r->mtime_s &&
           (st->st_mtim.tv_nsec == r->mtime_ns || st->st_mtim.tv_nsec == 0);
}

static int load_chunk(lua_State *L, const struct sw_compiled *c, const struct record *r, const char *name)
{
    char *chunk = sw_alloc(r->len + 1);
    int rc = LUA_ERRFILE;
    if (read_at(c->fd, chunk, r->len, r->at)) {
        rc = luaL_loadbufferx(L, chunk, r->len, name, "b");
        if (rc != LUA_OK) lua_pop(L, 1);
    }
    sw_free(chunk);
    return rc == LUA_OK;
}

int sw_compiled_push(lua_State *L, const struct sw_compiled *c, const char *name)
{
    struct record key = {0};
    const struct record *r;
    char path[1300];
    struct stat st;
    if (!c || strlen(name) >= sizeof key.name) return 0;
    memcpy(key.name, name, strlen(name));
    r = bsearch(&key, c->list, c->n, sizeof key, by_name);
    snprintf(path, sizeof path, "%s/lua/%s.lua", c->share, name);
    if (!r || stat(path, &st) || !is_as_it_was(r, &st)) return 0;
    return load_chunk(L, c, r, name);
}

/* upvalue: the compiled file. name -> loader, what it was found under */
static int search(lua_State *L)
{
    const struct sw_compiled *c = lua_touserdata(L, lua_upvalueindex(1));
    const char *name = luaL_gsub(L, luaL_checkstring(L, 1), ".", "/");
    if (!sw_compiled_push(L, c, name)) {
        name = lua_pushfstring(L, "%s/init", name);
        if (!sw_compiled_push(L, c, name)) return 0;
    }
    lua_pushstring(L, name);
    return 2;
}

void sw_compiled_search(lua_State *L, const struct sw_compiled *c)
{
    if (!c) return;
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchers");
    for (lua_Integer i = luaL_len(L, -1); i >= 2; i--) { /* behind what was preloaded */
        lua_geti(L, -1, i);
        lua_seti(L, -2, i + 1);
    }
    lua_pushlightuserdata(L, (void *)(uintptr_t)c);
    lua_pushcclosure(L, search, 1);
    lua_seti(L, -2, 2);
    lua_pop(L, 2);
}
