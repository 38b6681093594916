/* SPDX-License-Identifier: MIT
 * A box: the Lua state of one package and the runs in it. Each run is a coroutine that executes the
 * library's drive(run, out); what the script leaves in `out` becomes the result. A call to the
 * engine yields that coroutine, so one waiting run never delays another. Everything Lua does here
 * happens protected: a refused allocation ends a run, not the box. After one the box asks to be
 * replaced, because nobody knows what the scripts still hold. */
#include "base/alloc.h"
#include "box/box_priv.h"
#include "box/frame_lua.h"
#include "box/sandbox.h"
#include "box/tape.h"
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#define CALL_MAX     (SW_FRAME_MAX - 1024u) /* arguments of one call */
#define CALLS_MAX    1000          /* calls of one run to the engine */
#define RUNS_MAX     1024          /* runs waiting for an answer */

static const char libs_key = 'l', reply_key = 'r'; /* addresses serve as registry keys */

void sw_box_stand(struct sw_box *b, uint64_t run)
{
    if (b->page) atomic_store_explicit(&b->page->run, run, memory_order_release);
}

/* ---- what the library is given ---- */

static int core_current(lua_State *L)
{
    struct sw_box *b = sw_box_of(L);
    if (!b->now) lua_pushnil(L);
    else if (b->now->batch) sw_box_push_current(L, b->now);
    else lua_rawgeti(L, LUA_REGISTRYINDEX, b->now->cur);
    return 1;
}

static int core_cpu(lua_State *L)
{
    struct sw_box *b = sw_box_of(L);
    int64_t ns = b->now ? b->now->used_ns + sw_limits_used_ns(&b->limits) : 0;
    lua_pushnumber(L, (double)(ns / 1000000) / 1000.0); /* steps of 1 ms */
    return 1;
}

static int core_lib(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &libs_key);
    lua_pushvalue(L, 1);
    lua_rawget(L, -2);
    return 1;
}

static int finish_call(lua_State *L, int status, lua_KContext k)
{
    (void)status;
    (void)k;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &reply_key); /* { ok, value or message } */
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    return 2;
}

/* Where Lua cannot wait, with the script's own line. */
int sw_box_refuse_waiting(lua_State *L, const char *name)
{
    int n = sw_sandbox_where(L);
    const char *place = lua_tostring(L, -n);
    lua_pushfstring(L, "%s%s%s cannot be used here: a sort, gsub or metamethod is under way; ask before it",
                    place, *place ? " " : "", name);
    return lua_error(L);
}

/* call(name, arguments): ok, value or message. Yields until the engine has answered. */
static int core_call(lua_State *L)
{
    struct sw_box *b = sw_box_of(L);
    struct sw_err err = SW_ERR_INIT;
    const char *name = luaL_checkstring(L, 1);
    if (!b->now) return luaL_error(L, "nothing can be asked of the engine while a file is loaded");
    if (!lua_isyieldable(L)) return sw_box_refuse_waiting(L, name);
    if (++b->now->calls > CALLS_MAX) return luaL_error(L, "more than %d calls in one run", CALLS_MAX);
    sw_buf_clear(&b->now->body); /* of the answer before */
    sw_buf_reset(&b->call);
    if (sw_frame_encode(L, 2, &b->call, SW_ENCODE_STRICT, &err) < 0)
        return luaL_error(L, "%s: %s", name, err.text);
    snprintf(b->call_name, sizeof b->call_name, "%s", name);
    sw_sandbox_set_waiting(L, 1);
    return lua_yieldk(L, 0, 0, finish_call);
}

/* json(): the document that came with the answer; nil and a sentence when it is none. Taken once. */
static int core_json(lua_State *L)
{
    struct sw_box *b = sw_box_of(L);
    if (!b->now) return 0;
    b->ran += b->now->body.len / 1024;
    sw_box_settle_heap(b);
    return sw_tape_push(L, &b->now->body, &b->documents);
}

/* text(most): its first bytes as they are */
static int core_text(lua_State *L)
{
    struct sw_box *b = sw_box_of(L);
    lua_Integer most = luaL_optinteger(L, 1, 65536);
    size_t n = b->now ? b->now->body.len : 0;
    if (most >= 0 && n > (size_t)most) n = (size_t)most;
    lua_pushlstring(L, n ? sw_buf_str(&b->now->body) : "", n);
    return 1;
}

static int push_core(lua_State *L)
{
    static const luaL_Reg core[] = {{"current", core_current}, {"cpu", core_cpu}, {"lib", core_lib},
        {"call", core_call}, {"json", core_json}, {"text", core_text}, {"at", sw_tape_at}, {"list", sw_tape_list},
        {"columns", sw_tape_columns},
        {"drop", sw_tape_drop}, {NULL, NULL}};
    luaL_newlib(L, core);
    sw_box_push_batch_core(L);
    sw_box_push_steps_core(L);
    sw_sandbox_set_seed(L);
    sw_sandbox_open(L);
    lua_setfield(L, -2, "sandbox");
    return 1;
}

/* ---- set-up ---- */

static int prepare(lua_State *L)
{
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &libs_key);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &reply_key);
    sw_sandbox_set_waiting(L, 0);
    return 0;
}

struct sw_box *sw_box_new(size_t memory_bytes, struct sw_shared_page *page, sw_box_send_fn *send,
                          void *ctx)
{
    struct sw_box *b = sw_zalloc(sizeof *b);
    b->L = sw_limits_new(&b->limits, memory_bytes);
    b->page = page;
    b->send = send;
    b->ctx = ctx;
    b->cap = RUNS_MAX;
    b->runs = sw_zalloc(RUNS_MAX * sizeof *b->runs);
    sw_buf_init(&b->call, CALL_MAX);
    sw_buf_init(&b->packed, SW_FRAME_MAX - 1024);
    b->spare = LUA_NOREF;
    for (size_t i = 0; i < b->cap; i++) {
        sw_buf_init(&b->runs[i].body, SW_TAPE_BODY);
        sw_buf_init(&b->runs[i].actions, SW_BOX_OUTPUT_MAX);
    }
    if (b->L) {
        lua_pushcfunction(b->L, prepare);
        if (lua_pcall(b->L, 0, 0, 0) == LUA_OK) return b;
    }
    sw_box_free(b);
    return NULL;
}

void sw_box_free(struct sw_box *b)
{
    if (!b) return;
    sw_limits_free(&b->limits);
    for (size_t i = 0; i < b->cap; i++) {
        if (b->runs[i].batch && !--b->runs[i].batch->users) sw_free(b->runs[i].batch);
        sw_buf_clear(&b->runs[i].body);
        sw_buf_clear(&b->runs[i].actions);
    }
    sw_buf_clear(&b->call);
    sw_buf_clear(&b->packed);
    sw_free(b->runs);
    sw_free(b);
}

static int set_lib(lua_State *L)
{
    struct sw_rd *frame = lua_touserdata(L, 1);
    const char *name, *source;
    size_t n_name, n_source;
    if (!sw_val_get_str(*frame, "name", &name, &n_name) ||
        !sw_val_get_str(*frame, "source", &source, &n_source))
        return luaL_error(L, "lib: name or source missing");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &libs_key);
    lua_pushlstring(L, name, n_name);
    lua_pushlstring(L, source, n_source);
    lua_rawset(L, -3);
    return 0;
}

/* The library's init.lua is a chunk called with the core; it returns drive, explain and enter. */
static int open_library(lua_State *L)
{
    struct sw_box *b = sw_box_of(L);
    size_t n;
    const char *s;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &libs_key);
    lua_getfield(L, -1, "init");
    if (!(s = lua_tolstring(L, -1, &n))) return luaL_error(L, "init: the library is missing");
    if (luaL_loadbufferx(L, s, n, "=syncwell/init.lua", "t") != LUA_OK) return lua_error(L);
    push_core(L);
    lua_call(L, 1, 3);
    b->enter = luaL_ref(L, LUA_REGISTRYINDEX);
    b->explain = luaL_ref(L, LUA_REGISTRYINDEX);
    b->drive = luaL_ref(L, LUA_REGISTRYINDEX);
    b->ready = true;
    return 0;
}

int sw_box_protect(struct sw_box *b, lua_CFunction f, void *arg, struct sw_err *err)
{
    int rc = SW_OK;
    if (!lua_checkstack(b->L, 8)) return sw_fail(err, SW_E_LIMIT, "no stack left");
    lua_pushcfunction(b->L, f);
    lua_pushlightuserdata(b->L, arg);
    if (lua_pcall(b->L, 1, 0, 0) != LUA_OK) {
        const char *s = lua_type(b->L, -1) == LUA_TSTRING ? lua_tostring(b->L, -1) : "an error";
        rc = sw_fail(err, SW_E_BAD, "%s", s);
        lua_pop(b->L, 1);
    }
    return rc;
}

/* ---- running ---- */

static int resume(struct sw_box *b, struct sw_run *r, int args, struct sw_err *err)
{
    int64_t before;
    int status, n, rc;
    bool expired;
    sw_box_stand(b, r->n);
    b->now = r;
    before = sw_limits_begin(&b->limits, r->co, r->budget_ns - r->used_ns);
    status = lua_resume(r->co, b->L, args, &n);
    expired = b->limits.expired;
    if (status == LUA_ERRMEM) sw_limits_note(r->co);
    r->used_ns += sw_limits_cpu_ns() - before;
    sw_limits_end(&b->limits);
    b->now = NULL;
    if (r->batch && status == LUA_OK && !expired) rc = sw_box_finish_waited(b, r, err);
    else rc = sw_box_after(b, r, status, expired, err);
    sw_box_stand(b, 0);
    return rc;
}

struct starting {
    struct sw_run *r;
    struct sw_rd spec;
};

static int set_up_run(lua_State *L)
{
    struct starting *s = lua_touserdata(L, 1);
    struct sw_box *b = sw_box_of(L);
    lua_createtable(L, 0, 2);
    sw_frame_push(L, &s->spec);
    lua_setfield(L, -2, "run");
    lua_newtable(L);
    lua_setfield(L, -2, "out");
    lua_pushvalue(L, -1);
    s->r->cur = luaL_ref(L, LUA_REGISTRYINDEX);
    s->r->co = lua_newthread(L);
    lua_pushvalue(L, -1);
    s->r->thread = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_rawgeti(s->r->co, LUA_REGISTRYINDEX, b->drive);
    lua_getfield(L, -2, "run");
    lua_getfield(L, -3, "out");
    lua_xmove(L, s->r->co, 2);
    return 0;
}

struct sw_run *sw_box_free_slot(struct sw_box *b)
{
    for (size_t i = 0; i < b->cap; i++)
        if (b->runs[i].n == 0) return &b->runs[i];
    return NULL;
}

static int start(struct sw_box *b, struct sw_rd spec, struct sw_err *err)
{
    int64_t n, ms;
    struct sw_run *r = sw_box_free_slot(b);
    struct starting s = {r, spec};
    if (!r) return sw_fail(err, SW_E_LIMIT, "more than %d runs at a time", RUNS_MAX);
    if (!sw_val_get_int(spec, "n", &n) || n <= 0 || !sw_val_get_int(spec, "cpu_ms", &ms) || ms <= 0 ||
        ms > 3600000)
        return sw_fail(err, SW_E_BAD, "a run without number or budget");
    r->n = (uint64_t)n;
    r->thread = r->cur = LUA_NOREF;
    r->budget_ns = ms * 1000000;
    r->calls = 0;
    r->used_ns = r->at = 0;
    sw_val_get_int(spec, "at", &r->at);
    sw_box_stand(b, r->n);
    if (sw_box_protect(b, set_up_run, &s, NULL) < 0) return sw_box_finish(b, r, LUA_ERRMEM, false, err);
    return resume(b, r, 2, err);
}

static int start_all(struct sw_box *b, struct sw_rd frame, struct sw_err *err)
{
    struct sw_rd list, spec;
    struct sw_val v;
    int rc = SW_OK;
    if (!b->ready) return sw_fail(err, SW_E_BAD, "runs before the library");
    if (!sw_val_find(frame, "runs", &list) || !sw_val_next(&list, &v) || v.kind != SW_V_ARR)
        return sw_fail(err, SW_E_BAD, "runs: not a list");
    for (size_t i = 0; rc == SW_OK && !b->retire && i < v.n; i++) {
        const uint8_t *from = list.p;
        if (!sw_val_skip(&list)) break;
        spec = sw_rd_of(from, (size_t)(list.p - from));
        rc = start(b, spec, err);
    }
    return rc;
}

static int set_reply(lua_State *L)
{
    struct sw_rd *frame = lua_touserdata(L, 1), value;
    bool ok = false;
    sw_val_get_bool(*frame, "ok", &ok);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &reply_key);
    lua_pushboolean(L, ok);
    lua_rawseti(L, -2, 1);
    if (sw_val_find(*frame, "value", &value)) sw_frame_push(L, &value);
    else lua_pushnil(L);
    lua_rawseti(L, -2, 2);
    return 0;
}

/* The run that waits for this answer; NULL when it has ended meanwhile. */
static struct sw_run *run_of_call(struct sw_box *b, struct sw_rd frame)
{
    int64_t call;
    if (!sw_val_get_int(frame, "call", &call) || call <= 0) return NULL;
    for (size_t i = 0; i < b->cap; i++)
        if (b->runs[i].n && b->runs[i].call == (uint64_t)call) return &b->runs[i];
    return NULL;
}

static int take_reply(struct sw_box *b, struct sw_rd frame, struct sw_err *err)
{
    struct sw_run *r = run_of_call(b, frame);
    if (!r) return SW_OK;
    r->call = 0;
    sw_box_stand(b, r->n);
    if (sw_box_protect(b, set_reply, &frame, NULL) < 0) return sw_box_finish(b, r, LUA_ERRMEM, false, err);
    return resume(b, r, 0, err);
}

/* A piece of the document that belongs to the answer to come. */
static int take_body(struct sw_box *b, struct sw_rd frame)
{
    struct sw_run *r = run_of_call(b, frame);
    const char *s;
    int64_t whole;
    size_t n;
    if (!r || !sw_val_get_str(frame, "data", &s, &n)) return SW_OK;
    if (sw_val_get_int(frame, "whole", &whole) && whole > 0) sw_buf_expect(&r->body, (size_t)whole);
    sw_buf_put(&r->body, s, n);
    return SW_OK;
}

int sw_box_feed(struct sw_box *b, struct sw_rd frame, struct sw_err *err)
{
    int rc;
    sw_limits_tick_start(&b->limits);
    if (sw_val_is(frame, "op", "run")) rc = start_all(b, frame, err);
    else if (sw_val_is(frame, "op", "batch")) rc = sw_box_start_batch(b, frame, err);
    else if (sw_val_is(frame, "op", "reply")) rc = take_reply(b, frame, err);
    else if (sw_val_is(frame, "op", "body")) rc = take_body(b, frame);
    else if (sw_val_is(frame, "op", "lib")) rc = sw_box_protect(b, set_lib, &frame, err);
    else if (sw_val_is(frame, "op", "init")) rc = sw_box_protect(b, open_library, &frame, err);
    else rc = sw_fail(err, SW_E_BAD, "an unknown message");
    sw_limits_tick_stop(&b->limits);
    if (rc == SW_OK && b->retire)
        rc = sw_fail(err, SW_E_LIMIT, "the package's memory is used up: a new worker takes over");
    return rc;
}
