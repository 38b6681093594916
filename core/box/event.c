/* SPDX-License-Identifier: MIT */
#include "box/event.h"
#include "box/frame_lua.h"
#include <lauxlib.h>
#include <string.h>

static const char meta_key = 'm'; /* registry: the metatable of events */

struct block {
    const char **name; /* by id: Lua's own texts, so that equal short ones are the same pointer */
    bool *slow;        /* by id: the reader wants to see it */
    uint32_t *ends;    /* of items in bytes */
    uint8_t *bytes;
    size_t n_names, n;
};

struct event {
    struct block *block; /* kept alive by the user value */
    uint32_t from, to;   /* of its fields in the block's bytes: each run has one, so it is small */
};

static size_t list_head(struct sw_rd *r)
{
    struct sw_val v;
    return r->p && sw_val_next(r, &v) && v.kind == SW_V_ARR ? v.n : 0;
}

static struct block *make_block(lua_State *L, size_t names, size_t n, size_t bytes)
{
    size_t head = sizeof(struct block), words = names * sizeof(char *), flags = (names + 7) / 8 * 8;
    char *p = lua_newuserdatauv(L, head + words + flags + n * sizeof(uint32_t) + bytes, 1);
    struct block *k = (struct block *)(void *)p;
    *k = (struct block){.n_names = names, .n = n};
    k->name = (const char **)(void *)(p + head);
    k->slow = (bool *)(p + head + words);
    k->ends = (uint32_t *)(void *)(p + head + words + flags);
    k->bytes = (uint8_t *)(k->ends + n);
    return k;
}

/* The names as a table, the block's user value, and as pointers into it. slow: index of the table of
 * names for the reader. */
static void take_names(lua_State *L, struct block *k, struct sw_rd names, int slow)
{
    lua_createtable(L, (int)k->n_names, 0);
    for (size_t i = 0; i < k->n_names; i++) {
        sw_frame_push(L, &names);
        k->name[i] = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
        lua_pushvalue(L, -1);
        k->slow[i] = lua_rawget(L, slow) != LUA_TNIL;
        lua_pop(L, 1);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setiuservalue(L, -2, 1);
}

bool sw_event_push_block(lua_State *L, struct sw_rd names, struct sw_rd items)
{
    size_t n_names = list_head(&names), n = list_head(&items), at = 0;
    struct sw_val v;
    struct block *k;
    int slow;
    if (!n || n_names > SW_PACK_NAMES) return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &meta_key);
    lua_getfield(L, -1, "slow");
    lua_remove(L, -2);
    slow = lua_gettop(L);
    k = make_block(L, n_names, n, sw_rd_left(&items));
    for (size_t i = 0; i < n; i++) {
        if (!sw_val_next(&items, &v) || v.kind != SW_V_STR) return false;
        memcpy(k->bytes + at, v.s, v.n);
        k->ends[i] = (uint32_t)(at += v.n);
    }
    take_names(L, k, names, slow);
    lua_remove(L, slow);
    return true;
}

size_t sw_event_count(lua_State *L, int block)
{
    return ((struct block *)lua_touserdata(L, block))->n;
}

struct sw_rd sw_event_item(lua_State *L, int block, size_t i)
{
    const struct block *k = lua_touserdata(L, block);
    size_t from = i ? k->ends[i - 1] : 0;
    return sw_rd_of(k->bytes + from, k->ends[i] - from);
}

void sw_event_push(lua_State *L, int block, struct sw_rd item)
{
    struct event *e;
    struct sw_packed p;
    block = lua_absindex(L, block);
    e = lua_newuserdatauv(L, sizeof *e, 1);
    e->block = lua_touserdata(L, block);
    e->from = e->to = 0;
    if (sw_packed_open(item, &p)) {
        e->from = (uint32_t)(p.fields.p - e->block->bytes);
        e->to = e->from + (uint32_t)sw_rd_left(&p.fields);
    }
    lua_pushvalue(L, block);
    lua_setiuservalue(L, -2, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &meta_key);
    lua_setmetatable(L, -2);
}

static struct sw_rd fields_of(const struct event *e)
{
    return sw_rd_of(e->block->bytes + e->from, e->to - e->from);
}

/* Its position in the names; -1 when it is none of them. Short texts are the same only if they are
 * one; longer ones are compared. */
static int find_name(const struct block *k, const char *s, size_t n)
{
    for (size_t i = 0; i < k->n_names; i++)
        if (k->name[i] == s || (n > 40 && !strcmp(k->name[i], s))) return (int)i;
    return -1;
}

/* Push the table of the attributes; nil when there are none. */
static void push_part(lua_State *L, const struct block *k, struct sw_rd fields, bool attributes)
{
    struct sw_pack_field f = {0};
    lua_newtable(L);
    while (sw_packed_next(&fields, &f)) {
        if (f.attribute != attributes) continue;
        if (f.id < 0) lua_pushlstring(L, f.s, f.n);
        else if ((size_t)f.id < k->n_names) lua_pushstring(L, k->name[f.id]);
        else continue;
        sw_frame_push(L, &f.value);
        lua_rawset(L, -3);
    }
}

static int push_field(lua_State *L, const struct block *k, struct sw_rd fields, const char *s,
                      size_t n, int id)
{
    struct sw_rd value;
    if (sw_packed_find(fields, id, s, n, &value)) sw_frame_push(L, &value);
    else if (!strcmp(s, "attributes")) push_part(L, k, fields, true);
    else lua_pushnil(L);
    return 1;
}

bool sw_event_find(lua_State *L, int block, struct sw_rd fields, const char *name,
                   struct sw_rd *value)
{
    const struct block *k;
    int id = -1;
    lua_rawgeti(L, LUA_REGISTRYINDEX, block);
    k = lua_touserdata(L, -1);
    lua_pop(L, 1);
    for (size_t i = 0; i < k->n_names && id < 0; i++)
        if (!strcmp(k->name[i], name)) id = (int)i;
    return sw_packed_find(fields, id, name, strlen(name), value);
}

/* The event at index 1; NULL when it is none. */
static struct event *event_at(lua_State *L, int meta)
{
    if (lua_type(L, 1) != LUA_TUSERDATA || !lua_getmetatable(L, 1)) return NULL;
    if (!lua_rawequal(L, -1, meta)) return NULL;
    lua_pop(L, 1);
    return lua_touserdata(L, 1);
}

/* upvalues: the metatable, the reader */
static int event_index(lua_State *L)
{
    struct event *e = event_at(L, lua_upvalueindex(1));
    struct sw_rd value;
    if (!e) return luaL_error(L, "an event is read with a dot");
    if (lua_type(L, 2) == LUA_TSTRING) {
        size_t n;
        const char *s = lua_tolstring(L, 2, &n);
        int id = find_name(e->block, s, n);
        if (id >= 0 && !e->block->slow[id] && sw_packed_find(fields_of(e), id, s, n, &value) &&
            *value.p != SW_V_NIL) {
            sw_frame_push(L, &value);
            return 1;
        }
    }
    lua_settop(L, 2);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 1);
    lua_call(L, 2, 1);
    return 1;
}

int sw_event_core_open(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TTABLE); /* the rest of the metatable */
    lua_settop(L, 3);
    lua_pushvalue(L, 3);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, event_index, 2);
    lua_setfield(L, 3, "__index");
    lua_pushvalue(L, 2);
    lua_setfield(L, 3, "slow");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &meta_key);
    return 0;
}

static struct event *check_event(lua_State *L)
{
    struct event *e;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &meta_key);
    lua_insert(L, 2);
    e = event_at(L, 2);
    lua_remove(L, 2);
    return e;
}

int sw_event_core_raw(lua_State *L)
{
    struct event *e = check_event(L);
    size_t n;
    const char *s = luaL_checklstring(L, 2, &n);
    if (!e) return luaL_error(L, "no event");
    return push_field(L, e->block, fields_of(e), s, n, find_name(e->block, s, n));
}

int sw_event_core_data(lua_State *L)
{
    struct event *e = check_event(L);
    if (!e) return 0;
    push_part(L, e->block, fields_of(e), false);
    push_part(L, e->block, fields_of(e), true);
    lua_setfield(L, -2, "attributes");
    return 1;
}
