/* SPDX-License-Identifier: MIT
 * sw.fs: files for trusted Lua. Failures are nil, message, code.
 *   read(path [, most bytes]) -> text          write(path, text [, mode]) -> true   (atomic: new file, fsync, rename)
 *   tail(path, bytes) -> the last bytes of a file; "" when there is none
 *   append(path, text) -> true                 stat(path) -> {size, mtime_ms, inode, kind = "file"|"dir"|"other"}
 *   list(path) -> sorted names                 mkdir(path) -> true (with parents)
 *   remove(path) -> true                       remove_tree(path) -> true            temp_dir() -> path
 *   writer(path) -> file written beside `path` and renamed at its end, lua_fs_writer.c
 *   rename(from, to) -> true        and the folder of `to` on the disk
 *   lock(path [, wait]) -> handle | nil, message, "busy"    one process at a time; handle:close(), or its end, frees it
 *   real(path) -> absolute path
 *   stamp(path) -> a text that changes when a .lua file beneath the folder does; "0" without such files */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"
#include "script/task.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define READ_MOST ((size_t)256 << 20)
#define STAMP_DEPTH 6 /* folders within folders */

static int fail(lua_State *L, const char *verb, const char *path)
{
    struct sw_err err = SW_ERR_INIT;
    int e = errno, code = e == ENOENT                 ? SW_E_NOTFOUND
                          : e == ENOSPC || e == EROFS ? SW_E_FULL
                                                      : SW_E_IO;
    sw_fail(&err, code, "cannot %s %s: %s", verb, path,
            e == ENOSPC ? "the disk is full" : strerror(e));
    return sw_push_err(L, code, &err);
}

static int ok(lua_State *L)
{
    lua_pushboolean(L, 1);
    return 1;
}

static int l_read(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    size_t most = (size_t)luaL_optinteger(L, 2, (lua_Integer)READ_MOST), first = 65536;
    struct sw_buf b;
    struct stat st;
    FILE *f = fopen(path, "rbe");
    if (!f) return fail(L, "read", path);
    if (!fstat(fileno(f), &st) && st.st_size > 0 && (uint64_t)st.st_size < most) first = (size_t)st.st_size + 1;
    sw_buf_init(&b, most);
    while (b.len < most) { /* all at once, and then its end; what is no file or grows meanwhile in parts */
        size_t step = b.len ? 65536 : first, want = most - b.len < step ? most - b.len : step;
        uint8_t *to = sw_buf_room(&b, want);
        size_t n = to ? fread(to, 1, want, f) : 0;
        b.len += n;
        if (!n) break;
    }
    if (ferror(f)) {
        fclose(f);
        sw_buf_clear(&b);
        return fail(L, "read", path);
    }
    fclose(f);
    lua_pushlstring(L, b.len ? (const char *)b.data : "", b.len);
    sw_buf_clear(&b);
    return 1;
}

static int l_tail(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    lua_Integer most = luaL_checkinteger(L, 2);
    FILE *f = fopen(path, "rbe");
    luaL_Buffer b;
    char *to;
    luaL_argcheck(L, most > 0 && most <= 1 << 24, 2, "1 byte to 16 MiB");
    if (!f && errno == ENOENT) {
        lua_pushliteral(L, "");
        return 1;
    }
    if (!f) return fail(L, "read", path);
    if (fseeko(f, -(off_t)most, SEEK_END) < 0) rewind(f);
    to = luaL_buffinitsize(L, &b, (size_t)most);
    luaL_pushresultsize(&b, fread(to, 1, (size_t)most, f));
    fclose(f);
    return 1;
}

static int l_write(lua_State *L)
{
    size_t n;
    const char *path = luaL_checkstring(L, 1), *s = luaL_checklstring(L, 2, &n), *tmp;
    int mode = (int)luaL_optinteger(L, 3, 0644), fd, bad;
    /* a daemon and a command may both write */
    tmp = lua_pushfstring(L, "%s.%d.new", path, (int)getpid());
    fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) return fail(L, "write", path);
    bad = sw_write_all(fd, s, n) || fsync(fd);
    bad |= close(fd) < 0;
    if (bad || rename(tmp, path) < 0) {
        int e = errno;
        unlink(tmp);
        errno = e;
        return fail(L, "write", path);
    }
    return ok(L);
}

static int l_append(lua_State *L)
{
    size_t n;
    const char *path = luaL_checkstring(L, 1), *s = luaL_checklstring(L, 2, &n);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), bad;
    if (fd < 0) return fail(L, "write", path);
    bad = sw_write_all(fd, s, n) || fsync(fd);
    bad |= close(fd) < 0;
    return bad ? fail(L, "write", path) : ok(L);
}

static int l_stat(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct stat st;
    if (stat(path, &st) < 0) return fail(L, "open", path);
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, (lua_Integer)st.st_ino);
    lua_setfield(L, -2, "inode");
    lua_pushinteger(L, st.st_size);
    lua_setfield(L, -2, "size");
    lua_pushinteger(L, (lua_Integer)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
    lua_setfield(L, -2, "mtime_ms");
    lua_pushstring(L, S_ISDIR(st.st_mode) ? "dir" : S_ISREG(st.st_mode) ? "file" : "other");
    lua_setfield(L, -2, "kind");
    return 1;
}

/* fs.space(path) -> bytes an ordinary user may still write there */
static int l_space(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct statvfs st;
    if (statvfs(path, &st) < 0) return fail(L, "look at", path);
    lua_pushinteger(L, (lua_Integer)st.f_bavail * (lua_Integer)st.f_frsize);
    return 1;
}

static int l_list(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct dirent **e;
    int n = scandir(path, &e, NULL, alphasort), k = 0;
    if (n < 0) return fail(L, "list", path);
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        if (strcmp(e[i]->d_name, ".") && strcmp(e[i]->d_name, "..")) {
            lua_pushstring(L, e[i]->d_name);
            lua_rawseti(L, -2, ++k);
        }
        free(e[i]);
    }
    free(e);
    return 1;
}

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
    const unsigned char *c = p;
    for (size_t i = 0; i < n; i++) h = (h ^ c[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* Sum over the .lua files beneath fd, so that the order of a folder does not matter; closes fd. */
static uint64_t stamp_of(int fd, int depth)
{
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    uint64_t sum = 0;
    struct dirent *e;
    if (!d && fd >= 0) close(fd);
    while (d && (e = readdir(d))) {
        size_t n = strlen(e->d_name);
        struct stat st;
        uint64_t h = mix(UINT64_C(0xcbf29ce484222325), e->d_name, n);
        bool script = n > 4 && !strcmp(e->d_name + n - 4, ".lua");
        if (e->d_name[0] == '.' || (!script && e->d_type == DT_REG)) continue;
        if (fstatat(fd, e->d_name, &st, 0) < 0) continue;
        if (S_ISDIR(st.st_mode)) {
            int below = depth ? openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
            sum += stamp_of(below, depth - 1) * h;
        } else if (script) {
            h = mix(h, &st.st_size, sizeof st.st_size);
            h = mix(h, &st.st_mtim, sizeof st.st_mtim);
            sum += mix(h, &st.st_ino, sizeof st.st_ino);
        }
    }
    if (d) closedir(d);
    return sum;
}

/* A text that changes when a .lua file beneath the folder does: added, removed or written. */
static int l_stamp(lua_State *L)
{
    int fd = open(luaL_checkstring(L, 1), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    lua_pushfstring(L, "%I", (LUAI_UACINT)stamp_of(fd, STAMP_DEPTH));
    return 1;
}

static int l_mkdir(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    char part[PATH_MAX];
    size_t n = strlen(path);
    if (n >= sizeof part) {
        errno = ENAMETOOLONG;
        return fail(L, "make", path);
    }
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i]) continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0700) < 0 && errno != EEXIST) return fail(L, "make", path);
    }
    return ok(L);
}

static int l_remove(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    return remove(path) < 0 ? fail(L, "remove", path) : ok(L);
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

static int l_remove_tree(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    return nftw(path, drop, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0 ? fail(L, "remove", path)
                                                                      : ok(L);
}

static int l_temp_dir(lua_State *L)
{
    char path[] = "/tmp/syncwell-XXXXXX";
    if (!mkdtemp(path)) return fail(L, "make", path);
    lua_pushstring(L, path);
    return 1;
}

static int l_real(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    char *r = realpath(path, NULL);
    if (!r) return fail(L, "open", path);
    lua_pushstring(L, r);
    free(r);
    return 1;
}

static int l_rename(lua_State *L)
{
    const char *from = luaL_checkstring(L, 1), *to = luaL_checkstring(L, 2), *slash = strrchr(to, '/');
    int fd, bad;
    if (rename(from, to)) return fail(L, "move", from);
    lua_pushlstring(L, to, slash ? (size_t)(slash - to) : 0);
    fd = open(slash ? lua_tostring(L, -1) : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bad = fd < 0 || fsync(fd);
    if (fd >= 0) close(fd);
    return bad ? fail(L, "keep", to) : ok(L);
}

#define LOCK "syncwell.lock"

static int l_lock(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    int how = LOCK_EX | (lua_toboolean(L, 2) ? 0 : LOCK_NB);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct sw_err err = SW_ERR_INIT;
    if (fd < 0) return fail(L, "lock", path);
    if (!flock(fd, how)) {
        *(int *)lua_newuserdatauv(L, sizeof fd, 0) = fd;
        luaL_setmetatable(L, LOCK);
        return 1;
    }
    close(fd);
    sw_fail(&err, SW_E_BUSY, "another process is at it (%s)", path);
    return sw_push_err(L, SW_E_BUSY, &err);
}

static int l_unlock(lua_State *L)
{
    int *fd = luaL_checkudata(L, 1, LOCK);
    if (*fd >= 0) close(*fd);
    *fd = -1;
    return 0;
}

int sw_open_fs(lua_State *L)
{
    static const luaL_Reg f[] = {
        {"read", l_read},         {"tail", l_tail},     {"write", l_write},
        {"append", l_append},     {"stat", l_stat}, {"space", l_space},     {"list", l_list},
        {"mkdir", l_mkdir},       {"remove", l_remove}, {"remove_tree", l_remove_tree},
        {"temp_dir", l_temp_dir}, {"real", l_real},     {"stamp", l_stamp},
        {"rename", l_rename},     {"lock", l_lock},     {NULL, NULL}};
    luaL_newmetatable(L, LOCK);
    lua_newtable(L);
    lua_pushcfunction(L, l_unlock), lua_setfield(L, -2, "close");
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_unlock), lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_newlib(L, f);
    sw_open_fs_writer(L);
    return 1;
}
