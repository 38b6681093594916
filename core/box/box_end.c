/* SPDX-License-Identifier: MIT
 * The end of a run, or of a stretch of it: its output, or what went wrong in words, or the call by which it
 * waits, goes to the engine, and its place to the next. */
#include "box/box_priv.h"
#include "box/frame_lua.h"
#include "box/sandbox.h"
#include <lauxlib.h>
#include <stdio.h>

#define HOST_SLACK (4u << 20)  /* memory for our own work after a run has used its share up */
#define EXPLAIN_NS 100000000   /* CPU for wording an error */

struct ending {
    struct sw_run *r;
    int status;
    bool expired;
    struct sw_buf out, error;
    struct sw_err err;
};

static void error_text(struct sw_buf *b, const char *text, const char *script, int line)
{
    size_t at = sw_val_open(b, SW_V_MAP), n = 2;
    char full[700];
    snprintf(full, sizeof full, "%s:%d: %s", script, line, text);
    sw_val_key(b, "message");
    sw_val_text(b, text);
    sw_val_key(b, "text");
    sw_val_text(b, line ? full : text);
    if (line) {
        sw_val_key(b, "script");
        sw_val_text(b, script);
        sw_val_key(b, "line");
        sw_val_int(b, line);
        n += 2;
    }
    sw_val_close(b, at, n);
}

static int collect_output(lua_State *L)
{
    struct ending *e = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->r->cur);
    lua_getfield(L, -1, "out");
    if (sw_frame_encode(L, -1, &e->out, SW_ENCODE_STRICT, &e->err) < 0) {
        sw_buf_reset(&e->out);
        sw_val_nil(&e->out);
    }
    return 0;
}

/* The library words the error: place, source line, hint. */
static int word_error(lua_State *L)
{
    struct ending *e = lua_touserdata(L, 1);
    struct sw_box *b = sw_box_of(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->explain);
    lua_pushvalue(e->r->co, -1);
    lua_xmove(e->r->co, L, 1);
    lua_call(L, 1, 1);
    if (sw_frame_encode(L, -1, &e->error, SW_ENCODE_STRICT, NULL) < 0) return luaL_error(L, "?");
    return 0;
}

static void describe(struct sw_box *b, struct ending *e)
{
    char text[160];
    if (e->expired && b->limits.stopped) {
        error_text(&e->error, "stopped", b->limits.where, b->limits.where_line);
    } else if (e->expired) {
        snprintf(text, sizeof text, "stopped: used more than %lld ms of CPU time",
                 (long long)(e->r->budget_ns / 1000000));
        error_text(&e->error, text, b->limits.where, b->limits.where_line);
    } else if (e->status == LUA_ERRMEM) {
        snprintf(text, sizeof text, "stopped: used more than %zu MB of memory",
                 (b->limits.mem_max - HOST_SLACK) >> 20);
        error_text(&e->error, text, b->limits.where, b->limits.where_line);
    } else if (e->err.code) {
        error_text(&e->error, e->err.text, "", 0);
    } else {
        int rc;
        sw_limits_begin(&b->limits, b->L, EXPLAIN_NS);
        rc = sw_box_protect(b, word_error, e, NULL);
        sw_limits_end(&b->limits);
        if (rc == SW_OK) return;
        sw_buf_reset(&e->error);
        error_text(&e->error, "the script failed with an error that cannot be shown", "", 0);
    }
}

static int send_result(struct sw_box *b, struct ending *e, bool ok, struct sw_err *err)
{
    struct sw_buf f;
    size_t at, map, n = 5;
    int rc;
    sw_buf_init(&f, SW_FRAME_MAX + 4);
    at = sw_frame_begin(&f);
    map = sw_val_open(&f, SW_V_MAP);
    sw_val_key(&f, "op");
    sw_val_text(&f, "result");
    sw_val_key(&f, "run");
    sw_val_int(&f, (int64_t)e->r->n);
    sw_val_key(&f, "ok");
    sw_val_bool(&f, ok);
    sw_val_key(&f, "cpu_us");
    sw_val_int(&f, e->r->used_ns / 1000);
    sw_val_key(&f, "out");
    sw_val_span(&f, sw_rd_of(e->out.data, e->out.len));
    if (!ok) {
        sw_val_key(&f, "error");
        sw_val_span(&f, sw_rd_of(e->error.data, e->error.len));
        n++;
    }
    sw_val_close(&f, map, n);
    rc = sw_frame_end(&f, at, err);
    if (rc == SW_OK) rc = b->send(b->ctx, &f);
    sw_buf_clear(&f);
    return rc;
}

/* Memory that a failed run left behind: keep the box only if most of it comes back. */
void sw_box_consider_retiring(struct sw_box *b)
{
    if (!b->limits.mem_hit && b->limits.mem_used < b->limits.mem_max / 4 * 3) return;
    lua_gc(b->L, LUA_GCCOLLECT);
    b->retire = b->limits.mem_hit || b->limits.mem_used > b->limits.mem_max / 4 * 3;
}

static void clear_run(struct sw_box *b, struct sw_run *r)
{
    luaL_unref(b->L, LUA_REGISTRYINDEX, r->thread);
    luaL_unref(b->L, LUA_REGISTRYINDEX, r->cur);
    if (r->batch) sw_box_leave_batch(b, r->batch);
    sw_buf_clear(&r->body);
    sw_buf_clear(&r->actions);
    *r = (struct sw_run){.body = r->body, .actions = r->actions};
}

int sw_box_finish(struct sw_box *b, struct sw_run *r, int status, bool expired, struct sw_err *err)
{
    struct ending e = {.r = r, .status = status, .expired = expired, .err = b->fault};
    bool hit = b->limits.mem_hit, ok = status == LUA_OK && !expired;
    int rc;
    sw_buf_init(&e.out, SW_BOX_OUTPUT_MAX);
    sw_buf_init(&e.error, SW_BOX_OUTPUT_MAX);
    b->limits.mem_max += HOST_SLACK;
    if (r->batch) {
        sw_val_nil(&e.out);
    } else if (r->cur == LUA_NOREF || sw_box_protect(b, collect_output, &e, NULL) < 0) {
        sw_buf_reset(&e.out);
        sw_val_nil(&e.out);
        if (status == LUA_OK) sw_fail(&e.err, SW_E_LIMIT, "no memory left to hand over the result");
    }
    if (e.err.code) ok = false;
    if (!ok) describe(b, &e);
    rc = send_result(b, &e, ok, err);
    clear_run(b, r);
    b->fault = (struct sw_err)SW_ERR_INIT;
    b->limits.where_line = 0;
    b->limits.mem_max -= HOST_SLACK;
    b->limits.mem_hit = hit && !ok;
    sw_box_consider_retiring(b);
    sw_buf_clear(&e.out);
    sw_buf_clear(&e.error);
    return rc;
}

static int send_call(struct sw_box *b, struct sw_run *r, struct sw_err *err)
{
    struct sw_buf f;
    size_t at, map;
    int rc;
    r->call = ++b->last_call;
    sw_buf_init(&f, SW_FRAME_MAX + 4);
    at = sw_frame_begin(&f);
    map = sw_val_open(&f, SW_V_MAP);
    sw_val_key(&f, "op");
    sw_val_text(&f, "call");
    sw_val_key(&f, "call");
    sw_val_int(&f, (int64_t)r->call);
    sw_val_key(&f, "run");
    sw_val_int(&f, (int64_t)r->n);
    sw_val_key(&f, "name");
    sw_val_text(&f, b->call_name);
    sw_val_key(&f, "args");
    sw_val_span(&f, sw_rd_of(b->call.data, b->call.len));
    sw_val_close(&f, map, 5);
    rc = sw_frame_end(&f, at, err);
    if (rc == SW_OK) rc = b->send(b->ctx, &f);
    sw_buf_clear(&f);
    return rc;
}

int sw_box_finish_waited(struct sw_box *b, struct sw_run *r, struct sw_err *err)
{
    int rc;
    b->packed_since = sw_limits_cpu_ns() - r->used_ns;
    if (!sw_box_pack_result(b, r)) return sw_box_finish(b, r, LUA_OK, false, err);
    rc = sw_box_send_packed(b, err);
    clear_run(b, r);
    sw_box_consider_retiring(b);
    return rc;
}

int sw_box_after(struct sw_box *b, struct sw_run *r, int status, bool expired, struct sw_err *err)
{
    int rc = sw_box_send_packed(b, err);
    if (rc < 0) return rc;
    if (status == LUA_YIELD && !expired) {
        sw_sandbox_set_waiting(b->L, 0);
        if (!r->stopped) return send_call(b, r, err);
        return r->batch ? sw_box_finish_waited(b, r, err) : sw_box_finish(b, r, LUA_OK, false, err);
    }
    return sw_box_finish(b, r, status, expired, err);
}
