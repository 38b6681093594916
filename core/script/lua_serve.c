/* SPDX-License-Identifier: MIT
 * sw.serve: the HTTP server for trusted Lua.
 *   listen(address, f) -> port | nil, message, code
 *       f(request, answer) runs as a task per request; request = {method, path, query, headers, body,
 *       peer}; answer(status, headers, body) once, now or later. One that never answers gives a 500.
 *   stats() -> {requests, refused, gone, connections}       close() */
#include "net/http_server.h"
#include "base/alloc.h"
#include "script/task.h"
#include <string.h>

#define ANSWER "syncwell.answer"
enum { MAX_FIELDS = 32 };
#define MAX_BODY ((size_t)33 << 20) /* what phones post */
static const char SERVER = 0; /* registry key of the one server */

struct server {
    struct sw_http_server *http;
    struct sw_host *host;
    lua_State *L; /* main state */
    int handler;  /* registry reference */
};

struct answer {
    struct sw_http_req *req; /* NULL once answered */
};

static struct server *server_of(lua_State *L)
{
    struct server *s;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &SERVER);
    s = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return s;
}

static void push_fields(lua_State *L, const struct sw_http_field *f, size_t n, bool lower)
{
    lua_createtable(L, 0, (int)n);
    for (size_t i = n; i > 0; i--) { /* backwards: the first of equal names stays */
        char name[128];
        size_t k = 0;
        for (; f[i - 1].name[k] && k < sizeof name - 1; k++) {
            char c = f[i - 1].name[k];
            name[k] = lower && c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
        }
        lua_pushlstring(L, name, k);
        lua_pushstring(L, f[i - 1].value);
        lua_rawset(L, -3);
    }
}

static void push_request(lua_State *L, struct sw_http_req *r)
{
    size_t n;
    const struct sw_http_field *f;
    const char *body;
    lua_createtable(L, 0, 6);
    lua_pushstring(L, sw_http_req_method(r)), lua_setfield(L, -2, "method");
    lua_pushstring(L, sw_http_req_path(r)), lua_setfield(L, -2, "path");
    lua_pushstring(L, sw_http_req_peer(r)), lua_setfield(L, -2, "peer");
    body = sw_http_req_body(r, &n);
    sw_lua_make_room(L, n);
    lua_pushlstring(L, n ? body : "", n), lua_setfield(L, -2, "body");
    f = sw_http_req_queries(r, &n);
    push_fields(L, f, n, false), lua_setfield(L, -2, "query");
    f = sw_http_req_headers(r, &n);
    push_fields(L, f, n, true), lua_setfield(L, -2, "headers");
}

static void on_request(void *ctx, struct sw_http_req *r)
{
    struct server *s = ctx;
    lua_State *L = s->L;
    struct answer *a;
    lua_getglobal(L, "sw");
    lua_getfield(L, -1, "spawn");
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->handler);
    push_request(L, r);
    a = lua_newuserdatauv(L, sizeof *a, 0);
    a->req = r;
    luaL_setmetatable(L, ANSWER);
    if (lua_pcall(L, 3, 0, 0)) lua_pop(L, 1); /* the answer's end of life sends the 500 */
    lua_pop(L, 1);
}

static int l_answer(lua_State *L)
{
    struct answer *a = luaL_checkudata(L, 1, ANSWER);
    struct sw_http_field field[MAX_FIELDS + 1];
    int status = (int)luaL_checkinteger(L, 2), n = 0;
    size_t bytes;
    const char *body = luaL_optlstring(L, 4, "", &bytes);
    if (!a->req) return luaL_error(L, "this request was answered already");
    if (lua_istable(L, 3))
        for (lua_pushnil(L); lua_next(L, 3) && n < MAX_FIELDS; lua_pop(L, 1))
            field[n++] = (struct sw_http_field){luaL_checkstring(L, -2), luaL_checkstring(L, -1)};
    field[n] = (struct sw_http_field){NULL, NULL};
    sw_http_reply(a->req, status, field, body, bytes);
    a->req = NULL;
    return 0;
}

static int l_answer_gc(lua_State *L)
{
    struct answer *a = luaL_checkudata(L, 1, ANSWER);
    if (a->req) sw_http_problem(a->req, 500, "Internal error", NULL);
    a->req = NULL;
    return 0;
}

static int l_listen(lua_State *L)
{
    struct server *s = server_of(L);
    struct sw_http_server_config c = {
        .listen = luaL_checkstring(L, 1), .on_request = on_request, .ctx = s,
        .max_body_bytes = MAX_BODY};
    struct sw_err err = SW_ERR_INIT;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (s->http) return luaL_error(L, "the server listens already");
    s->http = sw_http_server_new((struct uv_loop_s *)sw_lua_engine(L)->loop, &c, &err);
    if (!s->http) return sw_push_err(L, err.code, &err);
    lua_settop(L, 2);
    s->handler = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushinteger(L, sw_http_server_port(s->http));
    return 1;
}

static int l_stats(lua_State *L)
{
    struct server *s = server_of(L);
    struct sw_http_server_stats st = {0};
    if (s->http) sw_http_server_stats(s->http, &st);
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, (lua_Integer)st.requests), lua_setfield(L, -2, "requests");
    lua_pushinteger(L, (lua_Integer)st.refused), lua_setfield(L, -2, "refused");
    lua_pushinteger(L, (lua_Integer)st.gone), lua_setfield(L, -2, "gone");
    lua_pushinteger(L, st.connections), lua_setfield(L, -2, "connections");
    return 1;
}

static void on_closed(void *ctx)
{
    *(bool *)ctx = true;
}

static int close_server(lua_State *L, struct server *s)
{
    bool closed = false;
    if (!s->http) return 0;
    lua_gc(L, LUA_GCCOLLECT); /* answers nobody holds any more are owed still */
    sw_http_server_close(s->http, on_closed, &closed);
    s->http = NULL;
    while (!closed && uv_run(sw_lua_engine(L)->loop, UV_RUN_ONCE)) continue;
    return 0;
}

static int l_close(lua_State *L)
{
    return close_server(L, server_of(L));
}
static int l_gc(lua_State *L)
{
    return close_server(L, lua_touserdata(L, 1));
}

int sw_open_serve(lua_State *L)
{
    static const luaL_Reg f[] = {
        {"listen", l_listen}, {"stats", l_stats}, {"close", l_close}, {NULL, NULL}};
    struct server *s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (struct server){NULL, sw_lua_host(L), L, LUA_NOREF};
    lua_newtable(L);
    lua_pushcfunction(L, l_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &SERVER);
    luaL_newmetatable(L, ANSWER);
    lua_pushcfunction(L, l_answer);
    lua_setfield(L, -2, "__call");
    lua_pushcfunction(L, l_answer_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_newlib(L, f);
    return 1;
}
