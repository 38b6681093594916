/* SPDX-License-Identifier: MIT
 * sw.smtp: mail for trusted Lua, which decides where it may go, as sw.http does.
 *   send{url = "smtp://host:587" | "smtps://host:465", from, to = {address ...}, message,
 *        starttls = "require" (default) | "try" | "never", user, password, timeout_s, administrator, ca_file}
 *     -> true | nil, message, code                                                              waits
 *   message: RFC 5322, each line ends with CR LF. code: rejected (for good), later, network (not taken),
 *   unknown (broken off after all was sent), tls, refused (the guard), bad_url, bad_request */
#include "net/mail.h"
#include "base/alloc.h"
#include "script/task.h"
#include <string.h>

static void on_done(void *ctx, enum sw_mail_code code, const char *error)
{
    struct sw_wait *waiting = ctx, w = *waiting;
    sw_free(waiting);
    if (code == SW_MAIL_SENT) {
        lua_pushboolean(w.co, 1);
        sw_wake(&w, 1);
        return;
    }
    lua_pushnil(w.co);
    lua_pushstring(w.co, error);
    lua_pushstring(w.co, sw_mail_code_name(code));
    sw_wake(&w, 3);
}

/* The text stays on the stack; one with a NUL in it would be sent cut short. */
static const char *text(lua_State *L, const char *name)
{
    size_t n = 0;
    const char *s;
    lua_getfield(L, 1, name);
    s = luaL_optlstring(L, -1, NULL, &n);
    if (s && strlen(s) != n) luaL_error(L, "'%s' has a NUL in it", name);
    return s;
}

static size_t receivers(lua_State *L, const char **to)
{
    lua_Integer n;
    lua_getfield(L, 1, "to");
    luaL_checktype(L, -1, LUA_TTABLE);
    n = luaL_len(L, -1);
    if (n > SW_MAIL_MAX_TO) luaL_error(L, "more than %d receivers", SW_MAIL_MAX_TO);
    luaL_checkstack(L, (int)n, NULL);
    for (lua_Integer i = 0; i < n; i++) {
        size_t len;
        lua_rawgeti(L, -1 - (int)i, i + 1);
        to[i] = luaL_checklstring(L, -1, &len);
        if (strlen(to[i]) != len) luaL_error(L, "an address has a NUL in it");
    }
    return (size_t)n;
}

static int l_send(lua_State *L)
{
    static const char *const words[] = {"require", "try", "never", NULL};
    const char *to[SW_MAIL_MAX_TO];
    struct sw_mail_request q = {.to = to};
    struct sw_origin origin;
    struct sw_err err = SW_ERR_INIT;
    struct sw_wait *w;
    luaL_checktype(L, 1, LUA_TTABLE);
    q.url = text(L, "url"), q.user = text(L, "user"), q.password = text(L, "password");
    q.from = text(L, "from"), q.ca_file = text(L, "ca_file");
    lua_getfield(L, 1, "message"), q.message = luaL_checklstring(L, -1, &q.message_bytes);
    lua_getfield(L, 1, "starttls"),
        q.starttls = (enum sw_mail_tls)luaL_checkoption(L, -1, "require", words);
    lua_getfield(L, 1, "timeout_s"), q.timeout_ms = (long)(luaL_optnumber(L, -1, 60) * 1000);
    q.n_to = receivers(L, to);
    if (sw_mail_origin(q.url ? q.url : "", &origin, &err)) return sw_push_err(L, err.code, &err);
    q.allowed = &origin, q.n_allowed = 1;
    lua_getfield(L, 1, "administrator");
    if (lua_toboolean(L, -1)) q.local = &origin, q.n_local = 1;
    w = sw_alloc(sizeof *w);
    *w = sw_task_begin(L, "a mail server");
    struct sw_mail_on on = {on_done, w};
    sw_mail_send((struct uv_loop_s *)sw_lua_engine(L)->loop, &q, &on);
    return sw_task_yield(L);
}

int sw_open_smtp(lua_State *L)
{
    static const luaL_Reg f[] = {{"send", l_send}, {NULL, NULL}};
    luaL_newlib(L, f);
    return 1;
}
