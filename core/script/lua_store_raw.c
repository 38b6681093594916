/* SPDX-License-Identifier: MIT
 * Questions about the raw archive for sw.store; as in lua_store.c each waits and fails with nil, message, code.
 *   raw_items(who, {connection, resource, since, limit, newest}) -> list of {id, connection, resource, op, page,
 *       item, parts, mapping, first, last, from, to, fetched, first_fetched, times, run, body, bytes, stored}:
 *       page, item and parts as values
 *   raw_body(who, body) -> text | nil                raw_totals(who, connection or 0) -> {items, stored, bytes} */
#include "base/alloc.h"
#include "base/json.h"
#include "script/query.h"
#include "store/store_raw.h"
#include <string.h>

static void put_json(struct sw_buf *b, const char *key, const char *text)
{
    if (!*text) return;
    sw_json_key(b, key);
    sw_buf_puts(b, text);
}

static void put_item(void *ctx, const struct sw_raw *r)
{
    struct sw_buf *b = ctx;
    const struct {
        const char *key;
        int64_t v;
    } ints[] = {{"id", r->id},
                {"connection", r->connection_id},
                {"body", r->body_id},
                {"first", r->first_day},
                {"last", r->last_day},
                {"from", r->from_ms},
                {"to", r->to_ms},
                {"fetched", r->last_ms},
                {"first_fetched", r->first_ms},
                {"times", r->times},
                {"run", r->run_id},
                {"bytes", r->bytes},
                {"stored", r->stored}};
    sw_json_item(b);
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
        sw_json_put_int(b, ints[i].key, ints[i].v);
    sw_json_put_text(b, "resource", r->resource);
    sw_json_put_text(b, "op", r->op);
    sw_json_put_text(b, "mapping", r->mapping);
    put_json(b, "page", r->page);
    put_json(b, "item", r->item);
    put_json(b, "parts", r->parts);
    sw_buf_byte(b, '}');
}

static int write_items(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    struct sw_raw_filter f = {.connection_id = a->i[1],
                              .resource = a->s[0],
                              .since_ms = a->i[2],
                              .limit = a->i[3],
                              .newest = a->i[4] != 0};
    int rc;
    sw_buf_byte(&a->out, '[');
    rc = sw_raw_list(s, a->i[0], &f, put_item, &a->out, err);
    sw_buf_byte(&a->out, ']');
    return rc;
}

static int l_items(lua_State *L)
{
    struct sw_query *a = sw_query_new(L, write_items);
    a->i[0] = luaL_checkinteger(L, 1);
    a->i[1] = sw_query_opt(L, 2, "connection", 0);
    a->i[2] = sw_query_opt(L, 2, "since", INT64_MIN);
    a->i[3] = sw_query_opt(L, 2, "limit", 1000000);
    if (lua_istable(L, 2)) {
        lua_getfield(L, 2, "resource");
        a->s[0] = lua_isstring(L, -1) ? sw_strdup(lua_tostring(L, -1)) : NULL;
        lua_getfield(L, 2, "newest");
        a->i[4] = lua_toboolean(L, -1);
    }
    return sw_query_go(L, a);
}

static int write_body(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    int rc = sw_raw_body(s, a->i[0], a->i[1], &a->out, err);
    a->plain = rc > 0;
    return rc < 0 ? rc : 0;
}

static int l_body(lua_State *L)
{
    return sw_query_who(L, write_body);
}

static int write_totals(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    int64_t n[3] = {0};
    int rc = sw_raw_totals(s, a->i[0], a->i[1], n, err);
    sw_buf_byte(&a->out, '{');
    sw_json_put_int(&a->out, "items", n[0]);
    sw_json_put_int(&a->out, "stored", n[1]);
    sw_json_put_int(&a->out, "bytes", n[2]);
    sw_buf_byte(&a->out, '}');
    return rc;
}

static int l_totals(lua_State *L)
{
    return sw_query_who(L, write_totals);
}

const luaL_Reg sw_store_raw_functions[] = {
    {"raw_items", l_items}, {"raw_body", l_body}, {"raw_totals", l_totals}, {NULL, NULL}};
