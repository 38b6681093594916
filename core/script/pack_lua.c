/* SPDX-License-Identifier: MIT */
#include "script/pack_lua.h"
#include "base/alloc.h"
#include "box/frame_lua.h"
#include <string.h>

#define ITEMS_MAX ((size_t)256 << 20)

static int bad_key(struct sw_err *err)
{
    return sw_fail(err, SW_E_BAD, "a field of an event has no name");
}

/* Fields of the table on top but `attributes`, which stays for later: its index, 0 when it has none. */
static int put_fields(lua_State *L, struct sw_pack *p, bool inner, int *attributes,
                      struct sw_err *err)
{
    int t = lua_gettop(L), rc = 0;
    for (lua_pushnil(L); !rc && lua_next(L, t); lua_settop(L, t + 1)) {
        size_t n;
        const char *s = lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &n) : NULL;
        if (!s) return bad_key(err);
        if (!inner && n == 10 && !memcmp(s, "attributes", 10) && lua_type(L, -1) == LUA_TTABLE) {
            *attributes = 1;
            continue;
        }
        sw_pack_name(&p->items, &p->names, s, n);
        rc = sw_frame_encode(L, -1, &p->items, SW_ENCODE_STRICT, err);
    }
    return rc;
}

/* The event on top: its fields, then those of its attributes. */
static int put_event(lua_State *L, struct sw_pack *p, struct sw_err *err)
{
    int attributes = 0, rc;
    if (lua_type(L, -1) != LUA_TTABLE) return sw_fail(err, SW_E_BAD, "an event is a table");
    rc = put_fields(L, p, false, &attributes, err);
    if (rc || !attributes) return rc;
    sw_pack_attributes(&p->items);
    lua_getfield(L, -1, "attributes");
    return put_fields(L, p, true, &attributes, err);
}

static int put_item(lua_State *L, struct sw_pack *p, struct sw_err *err)
{
    size_t n = 0;
    const char *key;
    int t = lua_gettop(L);
    if (lua_type(L, t) != LUA_TTABLE)
        return sw_fail(err, SW_E_BAD, "an event of a batch is a table");
    lua_getfield(L, t, "at");
    lua_getfield(L, t, "key");
    key = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &n) : "";
    sw_pack_begin(&p->items, (int64_t)lua_tonumber(L, t + 1), key, n);
    lua_getfield(L, t, "event");
    return put_event(L, p, err);
}

int sw_pack_events(lua_State *L, int head, int idx, struct sw_pack *p, struct sw_err *err)
{
    size_t n = lua_rawlen(L, idx);
    int top = lua_gettop(L), rc;
    memset(p, 0, sizeof *p);
    sw_buf_init(&p->items, ITEMS_MAX);
    sw_buf_init(&p->head, SW_FRAME_MAX);
    sw_buf_init(&p->list, SW_FRAME_MAX);
    p->ends = sw_alloc((n + 1) * sizeof *p->ends);
    rc = sw_frame_encode(L, head, &p->head, SW_ENCODE_STRICT, err);
    for (; p->n < n && !rc; p->n++) {
        p->names.next = 0;
        lua_rawgeti(L, idx, (lua_Integer)p->n + 1);
        rc = put_item(L, p, err);
        lua_settop(L, top);
        if (!rc && p->items.over) rc = sw_fail(err, SW_E_LIMIT, "too many events at a time");
        p->ends[p->n] = (uint32_t)p->items.len;
    }
    sw_pack_write_names(&p->list, &p->names);
    return rc;
}

void sw_pack_clear(struct sw_pack *p)
{
    sw_buf_clear(&p->items);
    sw_buf_clear(&p->head);
    sw_buf_clear(&p->list);
    sw_free(p->ends);
}

struct sw_batch_spec sw_pack_spec(const struct sw_pack *p, uint32_t cpu_ms)
{
    return (struct sw_batch_spec){sw_rd_of(p->head.data, p->head.len),
                                  sw_rd_of(p->list.data, p->list.len),
                                  p->items.data,
                                  p->ends,
                                  p->n,
                                  cpu_ms};
}
