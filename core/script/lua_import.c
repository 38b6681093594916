/* SPDX-License-Identifier: MIT
 * sw.import: file decoders for trusted Lua.
 *   sniff(path) -> format | nil, message, code               (first 4 KiB, judged by content)
 *   open(path [, format]) -> decoder | nil, message, code     a plain file
 *   zip(path), tar(path) -> archive | nil, message, code      archive:entries() -> {{name, size, wanted, outside}}
 *                                                             archive:open(index) -> decoder (one entry at a time)
 *                                                             archive:is_stream(), archive:damage() -> text | nil
 *                                                             archive:close()
 *   number(text, comma) -> a figure as people's tables write it, nil where there is none (codec/rows.h)
 * Files may be gzip'd; a SQLite database inside an archive is read from a copy that is gone at once.
 * Formats of many shapes ("csv", "json", "sqlite") are told first what their rows mean:
 *   d:head() -> table | nil, message, code   what the file shows; nil for formats of one shape
 *   d:plan(text) -> true | nil, message, code
 * An archive within an archive: d:format() is "zip", d:archive() -> archive | nil, message, code
 * A decoder gives its file slice by slice, each decoded in a pool task:
 *   d:next() -> true (a slice is there) | false (the end) | nil, message, code
 *   d:ended() -> true when the slice that is there is the last one
 *   d:format()   d:columns() -> {{type, unit, origin, n}}   d:messages() -> list   d:origins() -> list
 *   d:report() -> {rejected, reasons = {text = n}, notes = {text}}   d:bytes() -> read so far   d:close()
 * Column values never become Lua values: they go to the store by sw.txn. */
#include "base/alloc.h"
#include "codec/decode.h"
#include "codec/rows.h"
#include "codec/tar.h"
#include "codec/zip.h"
#include "script/import_db.h"
#include "script/import_input.h"
#include "script/lua_batch.h"
#include "script/task.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define DECODER "syncwell.decoder"
#define ARCHIVE "syncwell.archive"
enum { ROWS = 16384, PEEK = 4096 };

struct decoder {
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

static struct decoder *check(lua_State *L)
{
    struct decoder *d = luaL_checkudata(L, 1, DECODER);
    if (d->busy) luaL_error(L, "decoder is busy");
    if (!d->kind) luaL_error(L, "decoder is closed");
    return d;
}

struct sw_batch *sw_check_batch(lua_State *L, int i)
{
    struct decoder *d = luaL_checkudata(L, i, DECODER);
    if (d->busy || !d->kind) luaL_error(L, "decoder is busy or closed");
    return &d->batch;
}

static void close_input(struct decoder *d)
{
    sw_input_close(&d->in);
    sw_import_db_close(d->db);
    sw_zip_close(d->inner);
    sw_buf_clear(&d->seen);
    sw_batch_clear(&d->batch);
    sw_free(d->path);
    d->db = NULL;
    d->inner = NULL;
    d->path = NULL;
}

/* Not read from the first byte to the last: a database is asked, an archive within one is opened. */
static const struct sw_decoder kind_sqlite = {.name = "sqlite"}, kind_zip = {.name = "zip"},
                               kind_tar = {.name = "tar"};

static void decode_db(struct decoder *d)
{
    while (!d->ended && d->batch.rows < ROWS && d->batch.n_messages < 2000) {
        d->rc = sw_import_db_next(d->db, 1024, &d->batch, &d->err);
        d->ended = d->rc <= 0;
    }
}

/* What is at its end needs no more than its last batch: many of them may wait for their commit. */
static void rest(struct decoder *d)
{
    int64_t bytes = d->in.bytes;
    if (d->kind->close) d->kind->close(d->state);
    d->state = NULL;
    sw_input_close(&d->in);
    d->in.bytes = bytes;
}

/* Feed slices until there are enough rows or the input ends. Runs in the pool. */
static void decode(uv_work_t *w)
{
    struct decoder *d = w->data;
    sw_batch_reset(&d->batch);
    if (d->db) {
        decode_db(d);
        return;
    }
    while (!d->ended && d->batch.rows < ROWS && d->batch.n_messages < 2000) {
        ssize_t n = sw_input_take(&d->in, &d->err);
        /* what came before stays: a broken archive entry is damage, not the end of the world */
        if (n < 0) {
            sw_batch_note(&d->batch, "%s", d->err.text);
            sw_err_clear(&d->err);
            n = 0;
        }
        if (n > 0) d->rc = d->kind->feed(d->state, d->in.buf, (size_t)n, &d->batch, &d->err);
        if (n == 0 || d->rc < 0) {
            int rc = d->kind->finish(d->state, &d->batch, d->rc < 0 ? NULL : &d->err);
            d->ended = true;
            if (d->rc >= 0) d->rc = rc;
            else if (rc >= 0) { /* it kept something: report the damage as a note */
                sw_batch_note(&d->batch, "%s", d->err.text);
                sw_err_clear(&d->err);
                d->rc = 0;
            }
        }
    }
    if (d->ended) rest(d);
}

static void decoded(uv_work_t *w, int status)
{
    struct decoder *d = w->data;
    struct sw_wait wait = d->wait;
    bool rows = d->batch.rows || d->batch.n_messages;
    int n = 1;
    (void)status;
    d->busy = false;
    if (d->rc < 0 && !rows) n = sw_push_err(wait.co, d->rc, &d->err);
    else lua_pushboolean(wait.co, rows || !d->ended);
    sw_wake(&wait, n);
}

static int l_next(lua_State *L)
{
    struct decoder *d = check(L);
    if (d->ended) {
        sw_batch_reset(&d->batch);
        if (d->rc < 0) return sw_push_err(L, d->rc, &d->err);
        lua_pushboolean(L, 0);
        return 1;
    }
    d->wait = sw_task_begin(L, "a file");
    d->busy = true;
    d->work.data = d;
    uv_queue_work(sw_lua_engine(L)->loop, &d->work, decode, decoded);
    return sw_task_yield(L);
}

static int l_ended(lua_State *L)
{
    struct decoder *d = check(L);
    lua_pushboolean(L, d->ended && d->rc >= 0);
    return 1;
}

static int l_format(lua_State *L)
{
    lua_pushstring(L, check(L)->kind->name);
    return 1;
}

static void look(uv_work_t *w)
{
    struct decoder *d = w->data;
    char path[64] = "";
    sw_buf_reset(&d->seen);
    d->rc = 0;
    if (!d->db && !d->path) d->rc = sw_input_copy(&d->in, path, &d->err);
    if (!d->db && !d->rc) d->rc = sw_import_db_open(d->path ? d->path : path, &d->db, &d->err);
    if (*path) unlink(path);
    if (!d->rc) d->rc = sw_import_db_head(d->db, &d->seen, &d->err);
}

static void looked(uv_work_t *w, int status)
{
    struct decoder *d = w->data;
    struct sw_wait wait = d->wait;
    int n = 1;
    (void)status;
    d->busy = false;
    if (d->rc < 0) n = sw_push_err(wait.co, d->rc, &d->err);
    else n = sw_push_json(wait.co, sw_buf_str(&d->seen), d->seen.len);
    sw_wake(&wait, n);
}

static int l_head(lua_State *L)
{
    struct decoder *d = check(L);
    if (d->kind != &kind_sqlite && !d->kind->head) return 0;
    if (d->kind != &kind_sqlite) {
        sw_buf_reset(&d->seen);
        d->kind->head(d->in.buf, d->in.have < SW_HEAD_BYTES ? d->in.have : SW_HEAD_BYTES, &d->seen);
        return sw_push_json(L, sw_buf_str(&d->seen), d->seen.len);
    }
    d->wait = sw_task_begin(L, "a database");
    d->busy = true;
    d->work.data = d;
    uv_queue_work(sw_lua_engine(L)->loop, &d->work, look, looked);
    return sw_task_yield(L);
}

static int l_plan(lua_State *L)
{
    struct decoder *d = check(L);
    struct sw_err err = SW_ERR_INIT;
    size_t n;
    const char *text = luaL_checklstring(L, 2, &n);
    int rc;
    if (d->kind == &kind_sqlite && !d->db)
        return luaL_error(L, "a database is looked at before it is planned");
    if (!d->db && !d->kind->plan) return luaL_error(L, "this format has no plan");
    rc = d->db ? sw_import_db_plan(d->db, text, n, &err) : d->kind->plan(d->state, text, n, &err);
    if (rc) return sw_push_err(L, rc, &err);
    lua_pushboolean(L, 1);
    return 1;
}

static int l_columns(lua_State *L)
{
    struct sw_batch *b = &check(L)->batch;
    int k = 0;
    lua_newtable(L);
    for (size_t i = 0; i < b->n_col; i++) {
        struct sw_column *c = &b->col[i];
        if (!c->n) continue;
        lua_createtable(L, 0, 5);
        lua_pushinteger(L, (lua_Integer)i), lua_setfield(L, -2, "index");
        lua_pushstring(L, c->type), lua_setfield(L, -2, "type");
        lua_pushstring(L, c->unit), lua_setfield(L, -2, "unit");
        lua_pushinteger(L, c->origin), lua_setfield(L, -2, "origin");
        lua_pushinteger(L, (lua_Integer)c->n), lua_setfield(L, -2, "n");
        lua_rawseti(L, -2, ++k);
    }
    return 1;
}

static int l_messages(lua_State *L)
{
    struct sw_batch *b = &check(L)->batch;
    const char *p = sw_buf_str(&b->messages), *end = p + b->messages.len;
    int k = 0;
    lua_newtable(L);
    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        int n = sw_push_json(L, p, (size_t)((nl ? nl : end) - p));
        if (n != 1)
            return luaL_error(L, "a decoder wrote a message that is not JSON: %s",
                              lua_tostring(L, -2));
        lua_rawseti(L, -2, ++k);
        p = nl ? nl + 1 : end;
    }
    return 1;
}

static int l_origins(lua_State *L)
{
    struct sw_batch *b = &check(L)->batch;
    lua_createtable(L, (int)b->n_origins, 0);
    for (size_t i = 0; i < b->n_origins; i++) {
        const struct sw_origin_desc *o = &b->origins[i];
        lua_createtable(L, 0, 5);
        lua_pushstring(L, o->name), lua_setfield(L, -2, "name");
        lua_pushstring(L, o->maker), lua_setfield(L, -2, "maker");
        lua_pushstring(L, o->model), lua_setfield(L, -2, "model");
        lua_pushstring(L, o->kind), lua_setfield(L, -2, "kind");
        lua_pushstring(L, o->ident), lua_setfield(L, -2, "ident");
        lua_rawseti(L, -2, (lua_Integer)i);
    }
    return 1;
}

static int l_report(lua_State *L)
{
    struct sw_batch *b = &check(L)->batch;
    const char *p = sw_buf_str(&b->notes), *end = p + b->notes.len, *nl;
    int k = 0;
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, (lua_Integer)b->rejected), lua_setfield(L, -2, "rejected");
    lua_newtable(L);
    for (size_t i = 0; i < b->reasons.cap; i++) {
        if (!b->reasons.slot[i].key) continue;
        lua_pushinteger(L, b->reasons.slot[i].value);
        lua_setfield(L, -2, b->reasons.slot[i].key);
    }
    lua_setfield(L, -2, "reasons");
    lua_newtable(L);
    for (; p < end && (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1) {
        lua_pushlstring(L, p, (size_t)(nl - p));
        lua_rawseti(L, -2, ++k);
    }
    lua_setfield(L, -2, "notes");
    return 1;
}

static int l_bytes(lua_State *L)
{
    lua_pushinteger(L, check(L)->in.bytes);
    return 1;
}

static int l_close(lua_State *L)
{
    struct decoder *d = luaL_checkudata(L, 1, DECODER);
    if (d->busy || !d->kind) return 0; /* a busy one ends with the process */
    if (d->kind->close && d->state) d->kind->close(d->state);
    d->kind = NULL;
    close_input(d);
    return 0;
}

static const struct sw_decoder *kind_of(const char *format)
{
    if (!format) return NULL;
    if (!strcmp(format, "sqlite")) return &kind_sqlite;
    if (!strcmp(format, "tar")) return &kind_tar;
    return strcmp(format, "zip") ? sw_decoder_get(format) : &kind_zip;
}

/* Look at the first bytes and pick the decoder. Closes the input on failure. */
static int start(lua_State *L, struct decoder *d, const char *format, const char *name)
{
    ssize_t n = sw_input_first(&d->in, &d->err);
    if (n >= 0) {
        if (!format)
            format = sw_sniff(d->in.buf, d->in.have < PEEK ? d->in.have : PEEK, name, &d->err);
        d->kind = kind_of(format);
        if (format && !d->kind)
            sw_fail(&d->err, SW_E_BAD, "there is no reader for the format '%.40s'", format);
    }
    if (!d->kind) {
        close_input(d);
        return sw_push_err(L, d->err.code ? d->err.code : SW_E_BAD, &d->err);
    }
    if (d->kind->open) d->state = d->kind->open();
    if (d->in.gz) {
        sw_free(d->path); /* the file itself is not what is to be opened */
        d->path = NULL;
    }
    d->ended = false;
    return 1;
}

static struct decoder *push_decoder(lua_State *L)
{
    struct decoder *d = lua_newuserdatauv(L, sizeof *d, 1);
    memset(d, 0, sizeof *d);
    d->in.fd = -1;
    sw_batch_init(&d->batch);
    sw_buf_init(&d->seen, 8 << 20);
    luaL_setmetatable(L, DECODER);
    return d;
}

static int l_open(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1), *format = luaL_optstring(L, 2, NULL);
    struct decoder *d = push_decoder(L);
    d->in.fd = open(path, O_RDONLY | O_CLOEXEC);
    if (d->in.fd < 0) {
        sw_fail(&d->err, errno == ENOENT ? SW_E_NOTFOUND : SW_E_IO, "cannot open %s: %s", path,
                strerror(errno));
        return sw_push_err(L, d->err.code, &d->err);
    }
    d->path = sw_strdup(path);
    sw_input_fit(&d->in, SW_INPUT_SLICE);
    return start(L, d, format, path);
}

static int l_sniff(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1), *format = NULL;
    struct sw_import_input in = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
    struct sw_err err = SW_ERR_INIT;
    if (in.fd < 0) {
        sw_fail(&err, errno == ENOENT ? SW_E_NOTFOUND : SW_E_IO, "cannot open %s: %s", path,
                strerror(errno));
        return sw_push_err(L, err.code, &err);
    }
    sw_input_fit(&in, PEEK);
    if (sw_input_first(&in, &err) >= 0)
        format = sw_sniff(in.buf, in.have < PEEK ? in.have : PEEK, path, &err);
    sw_input_close(&in);
    if (!format) return sw_push_err(L, err.code ? err.code : SW_E_BAD, &err);
    lua_pushstring(L, format);
    return 1;
}

static int l_number(lua_State *L)
{
    struct sw_cell c = {NULL, 0};
    double v;
    if (lua_isnoneornil(L, 1)) return 0;
    c.p = luaL_checklstring(L, 1, &c.n);
    if (sw_rows_num(c, lua_toboolean(L, 2), &v) != 1) return 0;
    if (fabs(v) < 1e15 && v == (double)(lua_Integer)v) lua_pushinteger(L, (lua_Integer)v);
    else lua_pushnumber(L, v);
    return 1;
}

/* --- archives --- */

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

static int l_zip(lua_State *L)
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

static int l_tar(lua_State *L)
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
    struct decoder *d = w->data;
    char path[64] = "";
    d->rc = sw_input_copy(&d->in, path, &d->err);
    if (!d->rc) d->rc = sw_zip_open(path, &d->inner, &d->err);
    if (*path) unlink(path);
}

static void unpacked(uv_work_t *w, int status)
{
    struct decoder *d = w->data;
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
static int l_archive(lua_State *L)
{
    struct decoder *d = check(L);
    if (d->kind != &kind_zip) return luaL_error(L, "this is no archive");
    d->wait = sw_task_begin(L, "an archive");
    d->busy = true;
    d->work.data = d;
    uv_queue_work(sw_lua_engine(L)->loop, &d->work, unpack, unpacked);
    return sw_task_yield(L);
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
    struct decoder *d = w->data;
    d->rc = sw_tar_enter(d->in.tar, d->at, &d->err);
}

static void reached(uv_work_t *w, int status)
{
    struct decoder *d = w->data;
    struct sw_wait wait = d->wait;
    int rc = d->rc;
    (void)status;
    d->busy = false;
    d->rc = 0;
    lua_rawgeti(wait.co, LUA_REGISTRYINDEX, d->self);
    luaL_unref(wait.co, LUA_REGISTRYINDEX, d->self);
    sw_wake(&wait, rc ? sw_push_err(wait.co, rc, &d->err)
                      : start(wait.co, d, NULL, sw_tar_name(d->in.tar, d->at)));
}

static int reach_entry(lua_State *L, struct decoder *d, struct sw_tar *tar, size_t i)
{
    d->in.tar = tar;
    d->at = i;
    d->self = luaL_ref(L, LUA_REGISTRYINDEX);
    d->wait = sw_task_begin(L, "an archive");
    d->busy = true;
    d->work.data = d;
    uv_queue_work(sw_lua_engine(L)->loop, &d->work, reach, reached);
    return sw_task_yield(L);
}

static int l_entry_open(lua_State *L)
{
    struct archive *a = check_archive(L);
    lua_Integer i = luaL_checkinteger(L, 2);
    size_t n = a->zip ? sw_zip_count(a->zip) : sw_tar_count(a->tar);
    struct decoder *d;
    int rc;
    luaL_argcheck(L, i >= 1 && (size_t)i <= n, 2, "no such entry");
    d = push_decoder(L);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1); /* the archive outlives its entries */
    if (a->tar) return reach_entry(L, d, a->tar, (size_t)i - 1);
    rc = sw_zip_enter(a->zip, (size_t)i - 1, &d->err);
    if (rc) return sw_push_err(L, rc, &d->err);
    d->in.zip = a->zip;
    return start(L, d, NULL, sw_zip_name(a->zip, (size_t)i - 1));
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

static void class(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction close)
{
    luaL_newmetatable(L, name);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, close);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}

int sw_open_import(lua_State *L)
{
    static const luaL_Reg decoder[] = {
        {"head", l_head},     {"plan", l_plan},       {"archive", l_archive},   {"next", l_next},
        {"ended", l_ended},   {"format", l_format},   {"columns", l_columns},   {"messages", l_messages},
        {"origins", l_origins}, {"report", l_report}, {"bytes", l_bytes},       {"close", l_close},
        {NULL, NULL}};
    static const luaL_Reg archive[] = {
        {"entries", l_entries}, {"open", l_entry_open}, {"is_stream", l_is_stream},
        {"damage", l_damage},   {"close", l_archive_close}, {NULL, NULL}};
    static const luaL_Reg f[] = {
        {"sniff", l_sniff}, {"open", l_open},     {"zip", l_zip},
        {"tar", l_tar},     {"number", l_number}, {NULL, NULL}};
    class(L, DECODER, decoder, l_close);
    class(L, ARCHIVE, archive, l_archive_close);
    luaL_newlib(L, f);
    return 1;
}
