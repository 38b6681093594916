/* SPDX-License-Identifier: MIT */
#include "script/pack_lua.h"
#include "base/alloc.h"
#include "box/frame_lua.h"
#include <lauxlib.h>
#include <string.h>

#define ITEMS_MAX ((size_t)256 << 20)
static const char META[] = "sw.events";

struct packing { /* while it grows */
    struct sw_pack_names names;
    struct sw_buf items, list; /* list: the names, written */
    uint32_t *ends;
};

struct sw_pack { /* behind the ends: the list of names, then the items */
    size_t n, names;
    uint32_t ends[];
};

static uint8_t *names_of(struct sw_pack *p)
{
    return (uint8_t *)(p->ends + p->n);
}

static int bad_key(struct sw_err *err)
{
    return sw_fail(err, SW_E_BAD, "a field of an event has no name");
}

/* The value on top: most are scalars, which need no look at depth or stack. */
static int put_value(lua_State *L, int type, struct sw_buf *b, struct sw_err *err)
{
    size_t n;
    const char *s;
    switch (type) {
    case LUA_TSTRING:
        s = lua_tolstring(L, -1, &n);
        sw_val_str(b, s, n);
        return SW_OK;
    case LUA_TBOOLEAN: sw_val_bool(b, lua_toboolean(L, -1)); return SW_OK;
    case LUA_TNUMBER:
        if (lua_isinteger(L, -1)) {
            sw_val_int(b, lua_tointeger(L, -1));
            return SW_OK;
        } /* fall through */
    default: return sw_frame_encode(L, -1, b, SW_ENCODE_STRICT, err);
    }
}

/* Fields of the table on top but `attributes`, which stays for later: *attributes says that it is there. */
static int put_fields(lua_State *L, struct packing *p, bool inner, bool *attributes,
                      struct sw_err *err)
{
    int t = lua_gettop(L), rc = 0;
    for (lua_pushnil(L); !rc && lua_next(L, t); lua_settop(L, t + 1)) {
        size_t n;
        const char *s = lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &n) : NULL;
        int type = lua_type(L, -1);
        if (!s) return bad_key(err);
        if (type == LUA_TTABLE && !inner && n == 10 && !memcmp(s, "attributes", 10)) {
            *attributes = true;
            continue;
        }
        sw_pack_name(&p->items, &p->names, s, n);
        rc = put_value(L, type, &p->items, err);
    }
    return rc;
}

/* The event on top: its fields, then those of its attributes. */
static int put_event(lua_State *L, struct packing *p, struct sw_err *err)
{
    bool attributes = false;
    int rc;
    if (lua_type(L, -1) != LUA_TTABLE) return sw_fail(err, SW_E_BAD, "an event is a table");
    rc = put_fields(L, p, false, &attributes, err);
    if (rc || !attributes) return rc;
    sw_pack_attributes(&p->items);
    lua_getfield(L, -1, "attributes");
    return put_fields(L, p, true, &attributes, err);
}

static int put_item(lua_State *L, struct packing *p, struct sw_err *err)
{
    size_t n = 0;
    const char *key;
    int t = lua_gettop(L), rc;
    if (lua_type(L, t) != LUA_TTABLE)
        return sw_fail(err, SW_E_BAD, "an event of a batch is a table");
    lua_getfield(L, t, "at");
    lua_getfield(L, t, "key");
    key = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &n) : "";
    sw_pack_begin(&p->items, &p->names, (int64_t)lua_tonumber(L, t + 1), key, n);
    lua_getfield(L, t, "event");
    rc = put_event(L, p, err);
    sw_pack_end(&p->items, &p->names);
    return rc;
}

static int pack_all(lua_State *L, int idx, size_t n, struct packing *p, struct sw_err *err)
{
    int top = lua_gettop(L), rc = 0;
    for (size_t i = 0; i < n && !rc; i++) {
        lua_rawgeti(L, idx, (lua_Integer)i + 1);
        rc = put_item(L, p, err);
        lua_settop(L, top);
        if (!rc && p->items.over) rc = sw_fail(err, SW_E_LIMIT, "too many events at a time");
        p->ends[i] = (uint32_t)p->items.len;
    }
    sw_pack_write_names(&p->list, &p->names);
    return rc;
}

/* One userdata for all of it: the collector knows its size, and nothing else has to be freed. */
static void push_whole(lua_State *L, const struct packing *from, size_t n)
{
    size_t ends = n * sizeof(uint32_t);
    struct sw_pack *p =
        lua_newuserdatauv(L, sizeof *p + ends + from->list.len + from->items.len, 0);
    *p = (struct sw_pack){n, from->list.len};
    memcpy(p->ends, from->ends, ends);
    memcpy(names_of(p), from->list.data, from->list.len);
    memcpy(names_of(p) + from->list.len, from->items.data, from->items.len);
    luaL_newmetatable(L, META);
    lua_setmetatable(L, -2);
}

int sw_pack_push(lua_State *L, int idx, struct sw_err *err)
{
    struct packing p = {0};
    size_t n = lua_rawlen(L, idx);
    int rc;
    sw_buf_init(&p.items, ITEMS_MAX);
    sw_buf_init(&p.list, SW_FRAME_MAX);
    p.ends = sw_alloc((n + 1) * sizeof *p.ends);
    rc = pack_all(L, lua_absindex(L, idx), n, &p, err);
    if (!rc) push_whole(L, &p, n);
    sw_buf_clear(&p.items);
    sw_buf_clear(&p.list);
    sw_free(p.ends);
    return rc;
}

const struct sw_pack *sw_pack_at(lua_State *L, int idx)
{
    return luaL_testudata(L, idx, META);
}

size_t sw_pack_count(const struct sw_pack *p)
{
    return p->n;
}

struct sw_batch_spec sw_pack_spec(const struct sw_pack *p, struct sw_rd head, uint32_t cpu_ms)
{
    uint8_t *names = names_of((struct sw_pack *)(uintptr_t)p);
    return (struct sw_batch_spec){
        head, sw_rd_of(names, p->names), names + p->names, p->ends, p->n, cpu_ms};
}
