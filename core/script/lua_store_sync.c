/* SPDX-License-Identifier: MIT
 * Questions about connections for sw.store; as in lua_store.c each waits and fails with nil, message,
 * code.
 *   connections(who) -> list of {id, provider, name, state, created, body}
 *   sealed(who, name) -> {sealed, revision, at} | nil         secrets(who) -> list of {name, at}
 *   coverage(connection) -> list of {resource, first, last, state, attempts, at, reason}: runs of days
 *   limit_used(name, most, period_ms, aligned) -> requests in the window that ends now
 *   holds() -> list of {name, until, reason} that hold now */
#include "base/alloc.h"
#include "base/json.h"
#include "script/query.h"
#include "store/store_limits.h"
#include "store/store_sync.h"

static void put_connection(void *ctx, const struct sw_connection *c)
{
    struct sw_buf *b = ctx;
    sw_json_item(b);
    sw_json_put_int(b, "id", c->id);
    sw_json_put_text(b, "provider", c->provider);
    sw_json_put_text(b, "name", c->name);
    sw_json_put_text(b, "state", c->state);
    sw_json_put_int(b, "created", c->created_ms);
    sw_json_key(b, "body");
    sw_buf_puts(b, c->body);
    sw_buf_byte(b, '}');
}

static int write_connections(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    int rc;
    sw_buf_byte(&a->out, '[');
    rc = sw_connection_list(s, a->i[0], put_connection, &a->out, err);
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int l_connections(lua_State *L)
{
    return sw_query_who(L, write_connections);
}

static int write_sealed(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err, "SELECT sealed, revision, at_ms FROM secret WHERE person_id = $1 AND name = $2", "is",
        a->i[0], a->s[0]);
    int rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    if (rc <= 0) return rc;
    sw_buf_byte(&a->out, '{');
    sw_json_put_text(&a->out, "sealed", sw_q_text(q, 0, NULL));
    sw_json_put_int(&a->out, "revision", sw_q_int(q, 1));
    sw_json_put_int(&a->out, "at", sw_q_int(q, 2));
    sw_buf_byte(&a->out, '}');
    sw_q_stop(q);
    return 0;
}

static int l_sealed(lua_State *L)
{
    struct sw_query *a = sw_query_new(L, write_sealed);
    a->i[0] = luaL_checkinteger(L, 1);
    a->s[0] = sw_strdup(luaL_checkstring(L, 2));
    return sw_query_go(L, a);
}

static int write_secrets(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err, "SELECT name, at_ms FROM secret WHERE person_id = $1 ORDER BY name",
                            "i", a->i[0]);
    return sw_json_list(&a->out, q, "name:s at:i", err);
}

static int l_secrets(lua_State *L)
{
    return sw_query_who(L, write_secrets);
}

static void put_coverage(void *ctx, const char *resource, int64_t first, int64_t last,
                         enum sw_coverage state, int64_t attempts, int64_t at_ms, const char *reason)
{
    struct sw_buf *b = ctx;
    sw_json_item(b);
    sw_json_put_text(b, "resource", resource);
    sw_json_put_int(b, "first", first);
    sw_json_put_int(b, "last", last);
    sw_json_put_text(b, "state", sw_coverage_name(state));
    sw_json_put_int(b, "attempts", attempts);
    sw_json_put_int(b, "at", at_ms);
    sw_json_put_text(b, "reason", reason);
    sw_buf_byte(b, '}');
}

static int write_coverage(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    int rc;
    sw_buf_byte(&a->out, '[');
    rc = sw_coverage_list(s, a->i[0], put_coverage, &a->out, err);
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int l_coverage(lua_State *L)
{
    return sw_query_who(L, write_coverage);
}

static int write_used(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    struct sw_limit l = {a->s[0], a->i[0], a->i[1], a->i[2] != 0, 0};
    int64_t used = 0;
    int rc = sw_limit_used(s, &l, a->i[3], &used, err);
    sw_json_int(&a->out, used);
    return rc;
}

static int l_limit_used(lua_State *L)
{
    struct sw_query *a = sw_query_new(L, write_used);
    a->s[0] = sw_strdup(luaL_checkstring(L, 1));
    a->i[0] = luaL_checkinteger(L, 2);
    a->i[1] = luaL_checkinteger(L, 3);
    a->i[2] = lua_toboolean(L, 4);
    a->i[3] = sw_clock_now(&a->engine->clock);
    return sw_query_go(L, a);
}

static int write_holds(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    struct sw_q *q =
        sw_ask(s, err, "SELECT name, until_ms, reason FROM hold WHERE until_ms > $1 ORDER BY name", "i",
               sw_clock_now(&a->engine->clock));
    return sw_json_list(&a->out, q, "name:s until:i reason:s", err);
}

static int l_holds(lua_State *L)
{
    return sw_query_who(L, write_holds);
}

const luaL_Reg sw_store_sync_functions[] = {{"connections", l_connections}, {"sealed", l_sealed},
                                            {"secrets", l_secrets},         {"coverage", l_coverage},
                                            {"limit_used", l_limit_used},   {"holds", l_holds},
                                            {NULL, NULL}};
