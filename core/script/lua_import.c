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
#include "script/import_db.h"
#include "script/lua_archive.h"
#include "script/lua_batch.h"
#include "script/task.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define DECODER "syncwell.decoder"
enum { ROWS = 16384, PEEK = 4096 };

struct sw_decoding *sw_decoding_check(lua_State *L)
{
    struct sw_decoding *d = luaL_checkudata(L, 1, DECODER);
    if (d->busy) luaL_error(L, "decoder is busy");
    if (!d->kind) luaL_error(L, "decoder is closed");
    return d;
}

struct sw_batch *sw_check_batch(lua_State *L, int i)
{
    struct sw_decoding *d = luaL_checkudata(L, i, DECODER);
    if (d->busy || !d->kind) luaL_error(L, "decoder is busy or closed");
    return &d->batch;
}

static void close_input(struct sw_decoding *d)
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

static void decode_db(struct sw_decoding *d)
{
    while (!d->ended && d->batch.rows < ROWS && d->batch.n_messages < 2000) {
        d->rc = sw_import_db_next(d->db, 1024, &d->batch, &d->err);
        d->ended = d->rc <= 0;
    }
}

/* What is at its end needs no more than its last batch: many of them may wait for their commit. */
static void rest(struct sw_decoding *d)
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
    struct sw_decoding *d = w->data;
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
    struct sw_decoding *d = w->data;
    struct sw_wait wait = d->wait;
    bool rows = d->batch.rows || d->batch.n_messages;
    int n = 1;
    (void)status;
    d->busy = false;
    if (d->rc < 0 && !rows) n = sw_push_err(wait.co, d->rc, &d->err);
    else lua_pushboolean(wait.co, rows || !d->ended);
    sw_wake(&wait, n);
}

int sw_decoding_work(lua_State *L, struct sw_decoding *d, const char *what, uv_work_cb work, uv_after_work_cb after)
{
    d->wait = sw_task_begin(L, what);
    d->busy = true;
    d->work.data = d;
    uv_queue_work(sw_lua_engine(L)->loop, &d->work, work, after);
    return sw_task_yield(L);
}

static int l_next(lua_State *L)
{
    struct sw_decoding *d = sw_decoding_check(L);
    if (d->ended) {
        sw_batch_reset(&d->batch);
        if (d->rc < 0) return sw_push_err(L, d->rc, &d->err);
        lua_pushboolean(L, 0);
        return 1;
    }
    return sw_decoding_work(L, d, "a file", decode, decoded);
}

static int l_ended(lua_State *L)
{
    struct sw_decoding *d = sw_decoding_check(L);
    lua_pushboolean(L, d->ended && d->rc >= 0);
    return 1;
}

static int l_format(lua_State *L)
{
    lua_pushstring(L, sw_decoding_check(L)->kind->name);
    return 1;
}

static void look(uv_work_t *w)
{
    struct sw_decoding *d = w->data;
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
    struct sw_decoding *d = w->data;
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
    struct sw_decoding *d = sw_decoding_check(L);
    if (d->kind != &kind_sqlite && !d->kind->head) return 0;
    if (d->kind != &kind_sqlite) {
        sw_buf_reset(&d->seen);
        d->kind->head(d->in.buf, d->in.have < SW_HEAD_BYTES ? d->in.have : SW_HEAD_BYTES, &d->seen);
        return sw_push_json(L, sw_buf_str(&d->seen), d->seen.len);
    }
    return sw_decoding_work(L, d, "a database", look, looked);
}

static int l_plan(lua_State *L)
{
    struct sw_decoding *d = sw_decoding_check(L);
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
    struct sw_batch *b = &sw_decoding_check(L)->batch;
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
    struct sw_batch *b = &sw_decoding_check(L)->batch;
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
    struct sw_batch *b = &sw_decoding_check(L)->batch;
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
    struct sw_batch *b = &sw_decoding_check(L)->batch;
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
    lua_pushinteger(L, sw_decoding_check(L)->in.bytes);
    return 1;
}

static int l_close(lua_State *L)
{
    struct sw_decoding *d = luaL_checkudata(L, 1, DECODER);
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
int sw_decoding_start(lua_State *L, struct sw_decoding *d, const char *format, const char *name)
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

struct sw_decoding *sw_decoding_push(lua_State *L)
{
    struct sw_decoding *d = lua_newuserdatauv(L, sizeof *d, 1);
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
    struct sw_decoding *d = sw_decoding_push(L);
    d->in.fd = open(path, O_RDONLY | O_CLOEXEC);
    if (d->in.fd < 0) {
        sw_fail(&d->err, errno == ENOENT ? SW_E_NOTFOUND : SW_E_IO, "cannot open %s: %s", path,
                strerror(errno));
        return sw_push_err(L, d->err.code, &d->err);
    }
    d->path = sw_strdup(path);
    sw_input_fit(&d->in, SW_INPUT_SLICE);
    return sw_decoding_start(L, d, format, path);
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

bool sw_decoding_is_archive(const struct sw_decoding *d)
{
    return d->kind == &kind_zip;
}

int sw_open_import(lua_State *L)
{
    static const luaL_Reg decoder[] = {
        {"head", l_head},     {"plan", l_plan},       {"archive", sw_archive_inner},   {"next", l_next},
        {"ended", l_ended},   {"format", l_format},   {"columns", l_columns},   {"messages", l_messages},
        {"origins", l_origins}, {"report", l_report}, {"bytes", l_bytes},       {"close", l_close},
        {NULL, NULL}};
    static const luaL_Reg f[] = {
        {"sniff", l_sniff}, {"open", l_open},     {"zip", sw_archive_zip},
        {"tar", sw_archive_tar},     {"number", l_number}, {NULL, NULL}};
    sw_lua_class(L, DECODER, decoder, l_close);
    sw_archive_class(L);
    luaL_newlib(L, f);
    return 1;
}
