/* SPDX-License-Identifier: MIT
 * sw.http: outgoing requests for trusted Lua, which decides where they may go: the origin of the URL
 * it names, and only public addresses unless it says that an administrator wrote the URL.
 *   request{url, method, headers = {name = value}, body, timeout_ms, max_bytes, administrator, redirects}
 *     -> {status, headers, body, redirects}                                          waits
 *     | nil, message, code, sent    code: network timeout broken tls too_large refused bad_url ...
 *   redirects = false hands a redirect out as the answer.
 *   sent says whether something may have reached the server: repeat a write with care. */
#include "net/http_client.h"
#include "base/alloc.h"
#include "script/task.h"
#include <string.h>

enum { MAX_HEADERS = 64 };
static const char CLIENT = 0; /* registry key of the one client */

struct client {
    struct sw_http *http;
};

static struct sw_http *client_of(lua_State *L)
{
    struct client *c;
    struct sw_err err = SW_ERR_INIT;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &CLIENT);
    c = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (!c->http) c->http = sw_http_open((struct uv_loop_s *)sw_lua_engine(L)->loop, NULL, &err);
    if (!c->http) luaL_error(L, "%s", err.text);
    return c->http;
}

static void push_headers(lua_State *L, const struct sw_http_reply *r)
{
    lua_createtable(L, 0, (int)r->n_headers);
    for (size_t i = 0; i < r->n_headers; i++) {
        lua_pushlstring(L, r->headers[i].name, r->headers[i].name_len);
        lua_pushlstring(L, r->headers[i].value, r->headers[i].value_len);
        lua_rawset(L, -3);
    }
}

static void on_done(void *ctx, const struct sw_http_reply *r)
{
    struct sw_wait *waiting = ctx, w = *waiting;
    lua_State *L = w.co;
    int n = 1;
    sw_free(waiting);
    if (r->code == SW_HTTP_OK) {
        sw_lua_make_room(L, r->body->len);
        lua_createtable(L, 0, 4);
        lua_pushinteger(L, r->status), lua_setfield(L, -2, "status");
        lua_pushinteger(L, r->redirects), lua_setfield(L, -2, "redirects");
        lua_pushlstring(L, sw_buf_str(r->body), r->body->len), lua_setfield(L, -2, "body");
        push_headers(L, r), lua_setfield(L, -2, "headers");
    } else {
        lua_pushnil(L);
        lua_pushstring(L, r->error);
        lua_pushstring(L, sw_http_code_name(r->code));
        lua_pushboolean(L, r->sent);
        n = 4;
    }
    sw_wake(&w, n);
}

static const char *field(lua_State *L, const char *name, const char *fallback, size_t *n)
{
    const char *s;
    lua_getfield(L, 1, name);
    s = lua_isnil(L, -1) ? fallback : luaL_checklstring(L, -1, n);
    return s; /* the field stays on the stack, so the text stays valid */
}

static size_t read_headers(lua_State *L, struct sw_http_header *out)
{
    size_t n = 0;
    lua_getfield(L, 1, "headers");
    if (!lua_istable(L, -1)) return 0;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (n == MAX_HEADERS) luaL_error(L, "more than %d headers", MAX_HEADERS);
        out[n].name = luaL_checklstring(L, -2, &out[n].name_len);
        out[n].value = luaL_checklstring(L, -1, &out[n].value_len);
        out[n++].kind = SW_HTTP_SECRET; /* dropped when a redirect leaves the origin */
    }
    return n;
}

static int l_request(lua_State *L)
{
    struct sw_http *http = client_of(L);
    struct sw_http_header headers[MAX_HEADERS];
    struct sw_http_request q = {.headers = headers};
    struct sw_origin origin;
    struct sw_err err = SW_ERR_INIT;
    struct sw_wait *w;
    size_t ignored, url_len = 0;
    luaL_checktype(L, 1, LUA_TTABLE);
    q.url = field(L, "url", NULL, &url_len);
    if (!q.url) return luaL_error(L, "'url' is missing");
    if (strlen(q.url) != url_len) return luaL_error(L, "a URL has no NUL in it");
    q.method = field(L, "method", NULL, &ignored);
    q.body = field(L, "body", NULL, &q.body_bytes);
    lua_getfield(L, 1, "timeout_ms"), q.timeout_ms = (long)luaL_optinteger(L, -1, 0);
    lua_getfield(L, 1, "max_bytes"), q.max_body_bytes = (size_t)luaL_optinteger(L, -1, 0);
    q.n_headers = read_headers(L, headers);
    if (sw_http_origin(q.url, &origin, &err)) return sw_push_err(L, err.code, &err);
    q.allowed = &origin, q.n_allowed = 1;
    lua_getfield(L, 1, "administrator");
    if (lua_toboolean(L, -1)) q.local = &origin, q.n_local = 1;
    lua_getfield(L, 1, "redirects");
    q.no_redirects = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
    w = sw_alloc(sizeof *w);
    *w = sw_task_begin(L, "an answer");
    struct sw_http_on on = {NULL, on_done, w};
    sw_http_start(http, &q, &on);
    return sw_task_yield(L);
}

static void on_closed(void *ctx)
{
    *(bool *)ctx = true;
}

static int l_gc(lua_State *L)
{
    struct client *c = lua_touserdata(L, 1);
    bool closed = false;
    if (!c->http) return 0;
    sw_http_close(c->http, on_closed, &closed);
    c->http = NULL;
    while (!closed && uv_run(sw_lua_engine(L)->loop, UV_RUN_ONCE)) continue;
    return 0;
}

int sw_open_http(lua_State *L)
{
    static const luaL_Reg f[] = {{"request", l_request}, {NULL, NULL}};
    struct client *c = lua_newuserdatauv(L, sizeof *c, 0);
    c->http = NULL;
    lua_newtable(L);
    lua_pushcfunction(L, l_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &CLIENT);
    luaL_newlib(L, f);
    return 1;
}
