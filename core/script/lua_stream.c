/* SPDX-License-Identifier: MIT
 * sw.stream: bytes over TCP or TLS for trusted Lua, which decides where they may go: the place of the
 * URL it names, and only public addresses unless it says that an administrator wrote the URL.
 *   open{url = "tcp://host:port" | "tls://host:port", timeout_s, administrator, ca_file} -> stream   waits
 *   stream:send(bytes, timeout_s) -> true                                                            waits
 *   stream:recv(n_min, timeout_s) -> bytes, at least n_min (1) of them, all that is there            waits
 *   stream:close()      also when it goes out of a <close> scope, or is collected
 * Each fails with nil, message, code    code: network timeout tls refused bad_url too_large cancelled */
#include "net/stream.h"
#include "base/alloc.h"
#include "script/task.h"
#include <string.h>

#define STREAM "syncwell.stream"

struct stream {
    struct sw_stream *s; /* NULL: closed */
    bool sending, receiving;
    bool closed; /* by Lua, while somebody still waits on it */
};

struct waiting {
    struct sw_wait w;
    struct stream *u; /* on the waiting coroutine's stack, so it stays */
    bool *busy;       /* the one of u, NULL while opening */
};

static void let_go(struct stream *u)
{
    if (!u->s || u->sending || u->receiving) return;
    sw_stream_close(u->s);
    u->s = NULL;
}

/* Push what failed and wake the task; `n` values of success are on top otherwise. */
static void wake(struct waiting *waiting, enum sw_http_code code, const char *error, int n)
{
    struct sw_wait w = waiting->w;
    if (waiting->busy) *waiting->busy = false;
    if (waiting->u->closed) let_go(waiting->u);
    sw_free(waiting);
    if (code != SW_HTTP_OK) {
        lua_pushnil(w.co);
        lua_pushstring(w.co, error);
        lua_pushstring(w.co, sw_http_code_name(code));
        n = 3;
    }
    sw_wake(&w, n);
}

static struct sw_stream_on wait_on(lua_State *L, struct stream *u, bool *busy, const char *what,
                                   void (*done)(void *ctx, enum sw_http_code code,
                                                const char *error))
{
    struct waiting *w = sw_alloc(sizeof *w);
    *w = (struct waiting){sw_task_begin(L, what), u, busy};
    if (busy) *busy = true;
    return (struct sw_stream_on){done, w};
}

static long milliseconds(lua_State *L, int at, double otherwise_s)
{
    lua_Number s = luaL_optnumber(L, at, otherwise_s);
    luaL_argcheck(L, s > 0 && s <= 86400, at, "a time is between 0 and 86400 s");
    return (long)(s * 1000) + 1;
}

static void on_opened(void *ctx, enum sw_http_code code, const char *error)
{
    struct waiting *w = ctx;
    lua_State *L = w->w.co;
    if (code == SW_HTTP_OK) lua_pushvalue(L, 2); /* the frame of l_open is still there */
    else let_go(w->u);
    wake(w, code, error, 1);
}

static int l_open(lua_State *L)
{
    struct sw_stream_request q = {0};
    struct sw_origin origin;
    struct sw_err err = SW_ERR_INIT;
    struct stream *u;
    size_t n;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    u = lua_newuserdatauv(L, sizeof *u, 0);
    *u = (struct stream){0};
    luaL_setmetatable(L, STREAM);
    lua_getfield(L, 1, "url"), q.url = luaL_checklstring(L, -1, &n);
    lua_getfield(L, 1, "timeout_s"), q.timeout_ms = milliseconds(L, -1, 10);
    lua_getfield(L, 1, "ca_file"), q.ca_file = luaL_optstring(L, -1, NULL);
    lua_getfield(L, 1, "administrator");
    if (strlen(q.url) != n) return luaL_error(L, "a URL has no NUL in it");
    if (sw_stream_origin(q.url, &origin, &err)) return sw_push_err(L, err.code, &err);
    q.allowed = &origin, q.n_allowed = 1;
    if (lua_toboolean(L, -1)) q.local = &origin, q.n_local = 1;
    struct sw_stream_on on = wait_on(L, u, NULL, "a connection", on_opened);
    u->s = sw_stream_open((struct uv_loop_s *)sw_lua_engine(L)->loop, &q, &on);
    return sw_task_yield(L);
}

static struct stream *check(lua_State *L)
{
    struct stream *u = luaL_checkudata(L, 1, STREAM);
    luaL_argcheck(L, u->s && !u->closed, 1, "the stream is closed");
    return u;
}

static void on_sent(void *ctx, enum sw_http_code code, const char *error)
{
    struct waiting *w = ctx;
    lua_pushboolean(w->w.co, 1);
    wake(w, code, error, 1);
}

static int l_send(lua_State *L)
{
    struct stream *u = check(L);
    size_t n;
    const char *p = luaL_checklstring(L, 2, &n);
    long timeout_ms = milliseconds(L, 3, 60);
    luaL_argcheck(L, n <= SW_STREAM_MAX, 2, "more bytes than one send may have");
    if (u->sending) return luaL_error(L, "another task is sending on this stream");
    struct sw_stream_on on = wait_on(L, u, &u->sending, "a stream", on_sent);
    sw_stream_send(u->s, p, n, timeout_ms, &on);
    return sw_task_yield(L);
}

static void on_received(void *ctx, enum sw_http_code code, const char *error)
{
    struct waiting *w = ctx;
    luaL_Buffer b;
    size_t n = sw_stream_available(w->u->s);
    if (code == SW_HTTP_OK) {
        char *p = luaL_buffinitsize(w->w.co, &b, n);
        luaL_pushresultsize(&b, sw_stream_take(w->u->s, p, n));
    }
    wake(w, code, error, 1);
}

static int l_recv(lua_State *L)
{
    struct stream *u = check(L);
    lua_Integer n = luaL_optinteger(L, 2, 1);
    long timeout_ms = milliseconds(L, 3, 60);
    luaL_argcheck(L, n >= 1 && n <= (lua_Integer)SW_STREAM_MAX, 2, "not in 1 to 1048576");
    if (u->receiving) return luaL_error(L, "another task is receiving on this stream");
    struct sw_stream_on on = wait_on(L, u, &u->receiving, "a stream", on_received);
    sw_stream_recv(u->s, (size_t)n, timeout_ms, &on);
    return sw_task_yield(L);
}

/* Whoever waits on it wakes with "cancelled"; the last of them closes it. */
static int l_close(lua_State *L)
{
    struct stream *u = luaL_checkudata(L, 1, STREAM);
    u->closed = true;
    if (u->s && (u->sending || u->receiving)) sw_stream_cancel(u->s);
    let_go(u);
    return 0;
}

/* At the end of the state nobody is left to be woken, whatever the marks say. */
static int l_gc(lua_State *L)
{
    struct stream *u = luaL_checkudata(L, 1, STREAM);
    u->sending = u->receiving = false;
    let_go(u);
    return 0;
}

int sw_open_stream(lua_State *L)
{
    static const luaL_Reg f[] = {{"open", l_open}, {NULL, NULL}};
    static const luaL_Reg methods[] = {
        {"send", l_send}, {"recv", l_recv}, {"close", l_close}, {NULL, NULL}};
    static const luaL_Reg meta[] = {
        {"__gc", l_gc}, {"__close", l_close}, {"__index", NULL}, {NULL, NULL}};
    luaL_newmetatable(L, STREAM);
    luaL_setfuncs(L, meta, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlib(L, f);
    return 1;
}
