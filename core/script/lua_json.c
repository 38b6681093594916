/* SPDX-License-Identifier: MIT
 * sw.json: decode(text) -> value | nil, message, code; encode(value [, pretty]) -> text.
 * JSON null reads as nil; sw.json.null writes null; sw.json.list(t) makes an empty table an array.
 * Members are written in the order of their names, so equal values give equal texts. */
#include "base/json.h"
#include "base/jtape.h"
#include "script/task.h"
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 64 };
#define MAX_TEXT ((size_t)64 << 20)
static const char LIST_MARK = 0; /* its address marks list metatables in the registry */

static void push_node(lua_State *L, const struct sw_jtape *t, uint32_t *i);

static void push_string(lua_State *L, const struct sw_jtape *t, uint32_t i)
{
    const struct sw_jnode *n = &t->node[i];
    struct sw_buf b;
    if (!n->escaped) {
        lua_pushlstring(L, t->text + n->at, n->len);
        return;
    }
    sw_buf_init(&b, n->len + 8u);
    sw_jtape_str(t, i, &b);
    lua_pushlstring(L, sw_buf_str(&b), b.len);
    sw_buf_clear(&b);
}

static void push_array(lua_State *L, const struct sw_jtape *t, uint32_t *i)
{
    uint32_t count = t->node[*i].len;
    lua_createtable(L, (int)(count > 1000000 ? 1000000 : count), 0);
    luaL_checkstack(L, 4, "JSON");
    (*i)++;
    for (uint32_t k = 1; k <= count; k++) {
        push_node(L, t, i);
        lua_rawseti(L, -2, k);
    }
}

static void push_object(lua_State *L, const struct sw_jtape *t, uint32_t *i)
{
    uint32_t count = t->node[*i].len;
    lua_createtable(L, 0, (int)(count > 1000000 ? 1000000 : count));
    luaL_checkstack(L, 4, "JSON");
    (*i)++;
    for (uint32_t k = 0; k < count; k++) {
        push_string(L, t, (*i)++);
        push_node(L, t, i);
        lua_rawset(L, -3);
    }
}

static void push_node(lua_State *L, const struct sw_jtape *t, uint32_t *i)
{
    int64_t v;
    double d;
    switch (t->node[*i].kind) {
    case SW_JARR: push_array(L, t, i); return;
    case SW_JOBJ: push_object(L, t, i); return;
    case SW_JSTR: push_string(L, t, *i); break;
    case SW_JTRUE: lua_pushboolean(L, 1); break;
    case SW_JFALSE: lua_pushboolean(L, 0); break;
    case SW_JINT:
    case SW_JREAL:
        if (sw_jtape_int(t, *i, &v)) lua_pushinteger(L, v);
        else lua_pushnumber(L, sw_jtape_num(t, *i, &d) ? d : 0);
        break;
    default: lua_pushnil(L);
    }
    (*i)++;
}

int sw_push_json(lua_State *L, const char *text, size_t n)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_jtape t;
    uint32_t i = 0;
    int rc;
    sw_jtape_init(&t);
    rc = sw_jtape_parse(&t, text, n, &err);
    if (!rc) push_node(L, &t, &i);
    sw_jtape_clear(&t);
    return rc ? sw_push_err(L, rc, &err) : 1;
}

static int l_decode(lua_State *L)
{
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    return sw_push_json(L, s, n);
}

struct out {
    lua_State *L;
    struct sw_buf b;
    int pretty;
};

static void put_value(struct out *o, int depth);

static void newline(struct out *o, int depth)
{
    if (!o->pretty) return;
    sw_buf_byte(&o->b, '\n');
    for (int i = 0; i < depth; i++) sw_buf_puts(&o->b, "  ");
}

static int is_list(lua_State *L)
{
    int yes;
    if (lua_rawlen(L, -1) > 0) return 1;
    if (!lua_getmetatable(L, -1)) return 0;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &LIST_MARK);
    yes = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return yes;
}

static void put_list(struct out *o, int depth)
{
    size_t n = lua_rawlen(o->L, -1);
    sw_buf_byte(&o->b, '[');
    for (size_t i = 1; i <= n; i++) {
        if (i > 1) sw_buf_byte(&o->b, ',');
        newline(o, depth + 1);
        lua_rawgeti(o->L, -1, (lua_Integer)i);
        put_value(o, depth + 1);
        lua_pop(o->L, 1);
    }
    if (n) newline(o, depth);
    sw_buf_byte(&o->b, ']');
}

struct name { /* borrowed from the table, which holds the string */
    const char *s;
    size_t n;
};

static int name_cmp(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    int c = memcmp(x->s, y->s, x->n < y->n ? x->n : y->n);
    return c ? c : (x->n > y->n) - (x->n < y->n);
}

/* How many names the table on top has; the first `most` of them into name. */
static size_t names_of(lua_State *L, struct name *name, size_t most)
{
    size_t n = 0;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "JSON: a member name must be a string, got %s", luaL_typename(L, -2));
        if (n < most) name[n].s = lua_tolstring(L, -2, &name[n].n);
        n++;
    }
    return n;
}

static void put_object(struct out *o, int depth)
{
    lua_State *L = o->L;
    size_t n = names_of(L, NULL, 0);
    struct name *name = lua_newuserdatauv(L, (n + 1) * sizeof *name, 0);
    lua_insert(L, -2);
    names_of(L, name, n);
    qsort(name, n, sizeof *name, name_cmp);
    sw_buf_byte(&o->b, '{');
    for (size_t i = 0; i < n; i++) {
        if (i) sw_buf_byte(&o->b, ',');
        newline(o, depth + 1);
        sw_json_str(&o->b, name[i].s, name[i].n);
        sw_buf_puts(&o->b, o->pretty ? ": " : ":");
        lua_pushlstring(L, name[i].s, name[i].n);
        lua_rawget(L, -2);
        put_value(o, depth + 1);
        lua_pop(L, 1);
    }
    if (n) newline(o, depth);
    sw_buf_byte(&o->b, '}');
    lua_remove(L, -2);
}

static void put_value(struct out *o, int depth)
{
    lua_State *L = o->L;
    size_t n;
    const char *s;
    luaL_checkstack(L, 8, "JSON");
    if (depth > DEPTH) luaL_error(L, "JSON: nested deeper than %d", DEPTH);
    switch (lua_type(L, -1)) {
    case LUA_TNIL:
    case LUA_TLIGHTUSERDATA: sw_buf_puts(&o->b, "null"); break;
    case LUA_TBOOLEAN: sw_buf_puts(&o->b, lua_toboolean(L, -1) ? "true" : "false"); break;
    case LUA_TNUMBER:
        if (lua_isinteger(L, -1)) sw_json_int(&o->b, lua_tointeger(L, -1));
        else sw_json_num(&o->b, lua_tonumber(L, -1));
        break;
    case LUA_TSTRING:
        s = lua_tolstring(L, -1, &n);
        sw_json_str(&o->b, s, n);
        break;
    case LUA_TTABLE:
        if (is_list(L)) put_list(o, depth);
        else put_object(o, depth);
        break;
    default: luaL_error(L, "JSON: cannot write a %s", luaL_typename(L, -1));
    }
}

static int encode(lua_State *L)
{
    struct out *o = lua_touserdata(L, 1);
    lua_settop(L, 2);
    put_value(o, 0);
    return 0;
}

static int l_encode(lua_State *L)
{
    struct out o = {L, {0}, lua_toboolean(L, 2)};
    int rc;
    sw_buf_init(&o.b, MAX_TEXT);
    lua_settop(L, 1);
    lua_pushcfunction(L, encode); /* protected, so that the buffer is freed on an error */
    lua_pushlightuserdata(L, &o);
    lua_pushvalue(L, 1);
    rc = lua_pcall(L, 2, 0, 0);
    if (!rc && o.b.over) {
        lua_pushliteral(L, "JSON: text over 64 MiB");
        rc = 1;
    }
    if (!rc) lua_pushlstring(L, sw_buf_str(&o.b), o.b.len);
    sw_buf_clear(&o.b);
    return rc ? lua_error(L) : 1;
}

static int l_list(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) lua_newtable(L);
    else luaL_checktype(L, 1, LUA_TTABLE), lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &LIST_MARK);
    lua_setmetatable(L, -2);
    return 1;
}

int sw_open_json(lua_State *L)
{
    static const luaL_Reg f[] = {
        {"decode", l_decode}, {"encode", l_encode}, {"list", l_list}, {NULL, NULL}};
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &LIST_MARK);
    luaL_newlib(L, f);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    return 1;
}
