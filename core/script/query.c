/* SPDX-License-Identifier: MIT */
#include "script/query.h"
#include "base/alloc.h"
#include "base/json.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MOST ((size_t)512 << 20)

static int on_reader(struct sw_store *s, struct sw_work *w, struct sw_err *err)
{
    struct sw_query *a = (struct sw_query *)w;
    int rc = a->write(s, a, err);
    return rc ? rc
           : a->out.over
               ? sw_fail(err, SW_E_LIMIT, "the answer is over 512 MiB: ask for a shorter span")
               : 0;
}

static void answered(struct sw_work *w)
{
    struct sw_query *a = (struct sw_query *)w;
    struct sw_wait wait = a->wait;
    int n = 1;
    if (w->rc < 0) {
        n = sw_push_err(wait.co, w->rc, &w->err);
    } else if (a->plain) {
        lua_pushlstring(wait.co, sw_buf_str(&a->out), a->out.len);
        lua_pushinteger(wait.co, a->i[7]);
        lua_pushinteger(wait.co, a->i[8]);
        n = 3;
    } else {
        n = sw_push_json(wait.co, a->out.len ? sw_buf_str(&a->out) : "null",
                         a->out.len ? a->out.len : 4);
    }
    for (int i = 0; i < 3; i++) sw_free(a->s[i]);
    if (a->more) a->more_free(a->more);
    sw_buf_clear(&a->out);
    sw_free(a);
    sw_wake(&wait, n);
}

struct sw_query *sw_query_new(lua_State *L, sw_query_write *write)
{
    struct sw_query *a;
    struct sw_engine *e = sw_lua_engine(L);
    if (!e->reader) luaL_error(L, "no home is open");
    a = sw_zalloc(sizeof *a);
    a->engine = e;
    a->write = write;
    a->work.run = on_reader;
    a->work.done = answered;
    sw_buf_init(&a->out, ANSWER_MOST);
    return a;
}

int sw_query_go(lua_State *L, struct sw_query *a)
{
    a->wait = sw_task_begin(L, "the store");
    sw_worker_submit(a->engine->reader, &a->work);
    return sw_task_yield(L);
}

int64_t sw_query_opt(lua_State *L, int t, const char *name, int64_t fallback)
{
    int64_t v = fallback;
    if (!lua_istable(L, t)) return v;
    lua_getfield(L, t, name);
    if (lua_isinteger(L, -1)) v = lua_tointeger(L, -1);
    else if (!lua_isnil(L, -1))
        v = (int64_t)fmax(-9e18,
                          fmin(9e18, luaL_checknumber(L, -1))); /* a rule may ask for anything */
    lua_pop(L, 1);
    return v;
}

int sw_query_who(lua_State *L, sw_query_write *write)
{
    struct sw_query *a = sw_query_new(L, write);
    a->i[0] = luaL_optinteger(L, 1, 0);
    a->i[1] = luaL_optinteger(L, 2, 1000);
    return sw_query_go(L, a);
}

void sw_json_item(struct sw_buf *b)
{
    if (b->len && b->data[b->len - 1] != '[') sw_buf_byte(b, ',');
    sw_buf_byte(b, '{');
}

void sw_json_put_int(struct sw_buf *b, const char *key, int64_t v)
{
    sw_json_key(b, key);
    sw_json_int(b, v);
}

void sw_json_put_num(struct sw_buf *b, const char *key, double v)
{
    sw_json_key(b, key);
    sw_json_num(b, v);
}

void sw_json_put_text(struct sw_buf *b, const char *key, const char *v)
{
    sw_json_key(b, key);
    sw_json_str(b, v, strlen(v));
}

static void put_column(struct sw_buf *b, struct sw_q *q, int col, char type)
{
    if (type == 'i') sw_json_int(b, sw_q_int(q, col));
    else if (type == 'r') sw_json_num(b, sw_q_real(q, col));
    else {
        size_t n;
        const char *text = sw_q_text(q, col, &n);
        sw_json_str(b, text, n);
    }
}

static void put_row(struct sw_buf *b, struct sw_q *q, const char *columns)
{
    sw_json_item(b);
    for (int col = 0; *columns; col++) {
        char key[32];
        size_t n = strcspn(columns, ":");
        snprintf(key, sizeof key, "%.*s", (int)n, columns);
        sw_json_key(b, key);
        put_column(b, q, col, columns[n + 1]);
        columns += n + 2;
        columns += *columns == ' ';
    }
    sw_buf_byte(b, '}');
}

int sw_json_rows(struct sw_buf *b, struct sw_q *q, const char *columns, struct sw_err *err)
{
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) put_row(b, q, columns);
    return rc;
}

int sw_json_list(struct sw_buf *b, struct sw_q *q, const char *columns, struct sw_err *err)
{
    int rc;
    sw_buf_byte(b, '[');
    rc = sw_json_rows(b, q, columns, err);
    sw_buf_byte(b, ']');
    return rc;
}
