/* SPDX-License-Identifier: MIT */
#include "box/frame_lua.h"
#include <math.h>

struct enc {
    lua_State *L;
    struct sw_buf *b;
    int flags;
    struct sw_err *err;
};

static int encode(struct enc *e, int idx, int depth);

static int encode_array(struct enc *e, int t, size_t n, int depth)
{
    size_t at = sw_val_open(e->b, SW_V_ARR);
    for (size_t i = 1; i <= n && !e->b->over; i++) {
        int rc;
        lua_rawgeti(e->L, t, (lua_Integer)i);
        rc = encode(e, lua_gettop(e->L), depth + 1);
        lua_pop(e->L, 1);
        if (rc < 0) return rc;
    }
    sw_val_close(e->b, at, n);
    return SW_OK;
}

static int encode_map(struct enc *e, int t, int depth)
{
    size_t at = sw_val_open(e->b, SW_V_MAP), n = 0;
    lua_pushnil(e->L);
    while (lua_next(e->L, t)) {
        size_t len;
        int rc;
        if (lua_type(e->L, -2) != LUA_TSTRING) {
            int kind = lua_type(e->L, -2);
            lua_pop(e->L, 2);
            return sw_fail(e->err, SW_E_BAD, "a table used as data has a %s key: "
                           "keys are all texts, or 1..n without holes", lua_typename(e->L, kind));
        }
        const char *key = lua_tolstring(e->L, -2, &len);
        sw_val_keyn(e->b, key, len);
        rc = encode(e, lua_gettop(e->L), depth + 1);
        lua_pop(e->L, 1);
        if (rc < 0 || e->b->over) {
            lua_pop(e->L, 1);
            return rc;
        }
        n++;
    }
    sw_val_close(e->b, at, n);
    return SW_OK;
}

static int encode_table(struct enc *e, int t, int depth)
{
    size_t n = lua_rawlen(e->L, t), keys = 0;
    if (depth >= SW_FRAME_DEPTH)
        return sw_fail(e->err, SW_E_LIMIT, "tables nested deeper than %d (or a table that holds itself)",
                       SW_FRAME_DEPTH);
    if (n == 0) {
        lua_pushnil(e->L);
        if (!lua_next(e->L, t)) return encode_array(e, t, 0, depth);
        lua_pop(e->L, 2);
        return encode_map(e, t, depth);
    }
    for (lua_pushnil(e->L); lua_next(e->L, t); lua_pop(e->L, 1)) keys++;
    if (keys != n)
        return sw_fail(e->err, SW_E_BAD, "a table used as data mixes a list with other keys, or has holes");
    return encode_array(e, t, n, depth);
}

static int encode(struct enc *e, int idx, int depth)
{
    lua_State *L = e->L;
    int type = lua_type(L, idx);
    size_t n;
    if (!lua_checkstack(L, 8)) return sw_fail(e->err, SW_E_LIMIT, "no stack left for a value");
    switch (type) {
    case LUA_TNIL: sw_val_nil(e->b); break;
    case LUA_TBOOLEAN: sw_val_bool(e->b, lua_toboolean(L, idx)); break;
    case LUA_TSTRING: {
        const char *s = lua_tolstring(L, idx, &n);
        sw_val_str(e->b, s, n);
        break;
    }
    case LUA_TNUMBER:
        if (lua_isinteger(L, idx)) sw_val_int(e->b, lua_tointeger(L, idx));
        else if (isfinite(lua_tonumber(L, idx))) sw_val_num(e->b, lua_tonumber(L, idx));
        else return sw_fail(e->err, SW_E_BAD, "a number that is not finite");
        break;
    case LUA_TTABLE: return encode_table(e, idx, depth);
    default:
        if (type == LUA_TFUNCTION && (e->flags & SW_ENCODE_DECLARATION)) {
            sw_val_bool(e->b, true);
            break;
        }
        return sw_fail(e->err, SW_E_BAD, "a %s where plain data is needed", lua_typename(L, type));
    }
    return SW_OK;
}

int sw_frame_encode(lua_State *L, int idx, struct sw_buf *b, int flags, struct sw_err *err)
{
    struct enc e = {L, b, flags, err};
    int top = lua_gettop(L);
    int rc = encode(&e, lua_absindex(L, idx), 0);
    lua_settop(L, top);
    if (rc == SW_OK && b->over)
        rc = sw_fail(err, SW_E_LIMIT, "more than %zu KB of data", b->max / 1024);
    return rc;
}

/* A scalar that is short, as most are; it takes one place of the stack. */
static bool push_short(lua_State *L, struct sw_rd *r)
{
    int64_t i;
    if (r->bad || r->p >= r->end) return false;
    switch (*r->p) {
    case SW_V_FALSE:
    case SW_V_TRUE: lua_pushboolean(L, *r->p++ == SW_V_TRUE); return true;
    case SW_V_INT:
        r->p++;
        i = sw_rd_zigzag(r);
        if (r->bad) lua_pushnil(L);
        else lua_pushinteger(L, i);
        return true;
    case SW_V_STR:
        if (sw_rd_left(r) < 2 || r->p[1] >= 0x80 || sw_rd_left(r) < 2u + r->p[1]) return false;
        lua_pushlstring(L, (const char *)r->p + 2, r->p[1]);
        r->p += 2 + r->p[1];
        return true;
    default: return false;
    }
}

static void push_member(lua_State *L, struct sw_rd *r)
{
    if (!push_short(L, r)) sw_frame_push(L, r);
}

static void push_container(lua_State *L, struct sw_rd *r, const struct sw_val *v)
{
    /* a count is bounded by the bytes that are there, but do not let it size a table by itself */
    int hint = v->n > 1024 ? 1024 : (int)v->n;
    lua_createtable(L, v->kind == SW_V_ARR ? hint : 0, v->kind == SW_V_MAP ? hint : 0);
    for (size_t i = 0; i < v->n && !r->bad; i++) {
        if (v->kind == SW_V_MAP) {
            const char *key;
            size_t n;
            if (!sw_val_key_next(r, &key, &n)) return;
            lua_pushlstring(L, key, n);
            push_member(L, r);
            lua_rawset(L, -3);
        } else {
            push_member(L, r);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
    }
}

void sw_frame_push(lua_State *L, struct sw_rd *r)
{
    struct sw_val v;
    if (!lua_checkstack(L, 8)) r->bad = true;
    if (push_short(L, r)) return;
    if (r->bad || !sw_val_next(r, &v)) {
        r->bad = true;
        lua_pushnil(L);
        return;
    }
    switch (v.kind) {
    case SW_V_NIL: lua_pushnil(L); break;
    case SW_V_FALSE: lua_pushboolean(L, 0); break;
    case SW_V_TRUE: lua_pushboolean(L, 1); break;
    case SW_V_INT: lua_pushinteger(L, v.i); break;
    case SW_V_NUM: lua_pushnumber(L, v.d); break;
    case SW_V_STR: lua_pushlstring(L, v.s, v.n); break;
    case SW_V_ARR:
    case SW_V_MAP: push_container(L, r, &v); break;
    }
}
