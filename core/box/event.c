/* SPDX-License-Identifier: MIT */
#include "box/event.h"
#include "box/frame_lua.h"
#include <lauxlib.h>
#include <string.h>

static const char meta_key = 'm'; /* registry: what metatables of events are made from; in them: their block */
static const char slow_key = 's'; /* registry: names the reader wants to see */

enum { SLOTS = 512 }; /* more than twice as many as there are names */

struct sw_events {
    const char **name; /* by id: Lua's own texts, so that equal short ones are the same pointer */
    bool *slow;        /* by id: the reader wants to see it */
    uint32_t *ends;    /* of items in bytes */
    uint8_t *bytes;
    size_t n_names, n;
    int key[2];          /* positions of what identifies an event in the names, -1: not there */
    uint8_t slot[SLOTS]; /* by a name's address: its id and one, 0: free */
};

struct event {
    const void *mark;        /* of an event: &meta_key */
    const struct sw_events *block; /* kept alive by the metatable */
    uint32_t from, to;       /* of its item in the block's bytes: each run has one, so it is small */
};

static size_t list_head(struct sw_rd *r)
{
    struct sw_val v;
    return r->p && sw_val_next(r, &v) && v.kind == SW_V_ARR ? v.n : 0;
}

static struct sw_events *make_block(lua_State *L, size_t names, size_t n, size_t bytes)
{
    size_t head = sizeof(struct sw_events), words = names * sizeof(char *), flags = (names + 7) / 8 * 8;
    char *p = lua_newuserdatauv(L, head + words + flags + n * sizeof(uint32_t) + bytes, 1);
    struct sw_events *k = (struct sw_events *)(void *)p;
    *k = (struct sw_events){.n_names = names, .n = n, .key = {-1, -1}};
    k->name = (const char **)(void *)(p + head);
    k->slow = (bool *)(p + head + words);
    k->ends = (uint32_t *)(void *)(p + head + words + flags);
    k->bytes = (uint8_t *)(k->ends + n);
    return k;
}

static size_t slot_of(const char *name)
{
    uintptr_t a = (uintptr_t)name;
    return (a >> 4 ^ a >> 13) % SLOTS;
}

static void note_slot(struct sw_events *k, size_t id)
{
    size_t i = slot_of(k->name[id]);
    while (k->slot[i]) i = (i + 1) % SLOTS;
    k->slot[i] = (uint8_t)(id + 1);
}

static void note_key(struct sw_events *k, int i)
{
    static const char *const names[] = {"group", "id"};
    for (int n = 0; n < 2; n++)
        if (!strcmp(k->name[i], names[n])) k->key[n] = i;
}

/* The names as a table, the block's user value, and as pointers into it. slow: index of the table of
 * names for the reader. */
static void take_names(lua_State *L, struct sw_events *k, struct sw_rd names, int slow)
{
    lua_createtable(L, (int)k->n_names, 0);
    for (size_t i = 0; i < k->n_names; i++) {
        sw_frame_push(L, &names);
        k->name[i] = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
        note_key(k, (int)i);
        note_slot(k, i);
        lua_pushvalue(L, -1);
        k->slow[i] = lua_rawget(L, slow) != LUA_TNIL;
        lua_pop(L, 1);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setiuservalue(L, -2, 1);
}

/* The metatable of a block's events, which keeps it alive; the block is on top and goes. */
static void push_meta(lua_State *L)
{
    lua_createtable(L, 0, 5);
    lua_insert(L, -2);
    lua_rawsetp(L, -2, &meta_key);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &meta_key);
    for (lua_pushnil(L); lua_next(L, -2);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -5);
    }
    lua_pop(L, 1);
}

static bool take_items(struct sw_events *k, struct sw_rd items)
{
    struct sw_val v;
    size_t at = 0;
    for (size_t i = 0; i < k->n; i++) {
        if (!sw_val_next(&items, &v) || v.kind != SW_V_STR) return false;
        memcpy(k->bytes + at, v.s, v.n);
        k->ends[i] = (uint32_t)(at += v.n);
    }
    return true;
}

struct sw_events *sw_event_push_block(lua_State *L, struct sw_rd names, struct sw_rd items)
{
    size_t n_names = list_head(&names), n = list_head(&items);
    struct sw_events *k;
    int top = lua_gettop(L);
    if (!n || n_names > SW_PACK_NAMES) return NULL;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &slow_key);
    k = make_block(L, n_names, n, sw_rd_left(&items));
    if (!take_items(k, items)) {
        lua_settop(L, top);
        return NULL;
    }
    take_names(L, k, names, top + 1);
    lua_remove(L, top + 1);
    push_meta(L);
    return k;
}

size_t sw_event_count(const struct sw_events *k)
{
    return k->n;
}

struct sw_rd sw_event_item(const struct sw_events *k, size_t i)
{
    size_t from = i ? k->ends[i - 1] : 0;
    return sw_rd_of(k->bytes + from, k->ends[i] - from);
}

void sw_event_push(lua_State *L, const struct sw_events *k, size_t i)
{
    struct event *e = lua_newuserdatauv(L, sizeof *e, 0);
    *e = (struct event){&meta_key, k, i ? k->ends[i - 1] : 0, k->ends[i]};
}

/* The value of the name with this id, or what follows from it on; false: not there. */
static bool find_field(struct sw_rd item, int id, struct sw_rd *value)
{
    const uint8_t *p = sw_packed_place(item.p, item.end, (size_t)id);
    struct sw_packed whole;
    if (p) {
        *value = sw_rd_of(p, (size_t)(item.end - p));
        return true;
    }
    return !sw_packed_places(item.p, item.end) && sw_packed_open(item, &whole) &&
           sw_packed_find(whole.fields, id, NULL, 0, value);
}

bool sw_event_key(const struct sw_events *k, size_t i, struct sw_val *v)
{
    struct sw_rd value;
    for (int n = 0; n < 2; n++)
        if (k->key[n] >= 0 && find_field(sw_event_item(k, i), k->key[n], &value) &&
            sw_val_next(&value, v) && v->kind == SW_V_STR)
            return true;
    return false;
}

static struct sw_rd item_of(const struct event *e)
{
    return sw_rd_of(e->block->bytes + e->from, e->to - e->from);
}

static struct sw_rd fields_of(const struct event *e)
{
    struct sw_packed p;
    return sw_packed_open(item_of(e), &p) ? p.fields : sw_rd_of(e->block->bytes, 0);
}

/* Its position in the names; -1 when it is none of them. Short texts are the same only if they are
 * one; a longer one is not found here. */
static int find_name(const struct sw_events *k, const char *s)
{
    for (size_t i = slot_of(s); k->slot[i]; i = (i + 1) % SLOTS)
        if (k->name[k->slot[i] - 1] == s) return k->slot[i] - 1;
    return -1;
}

/* The same for a name of any length. */
static int find_any_name(const struct sw_events *k, const char *s, size_t n)
{
    int id = find_name(k, s);
    for (size_t i = 0; id < 0 && n > 40 && i < k->n_names; i++)
        if (!strcmp(k->name[i], s)) id = (int)i;
    return id;
}

/* Push the table of the attributes; nil when there are none. */
static void push_part(lua_State *L, const struct sw_events *k, struct sw_rd fields, bool attributes)
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

static int push_field(lua_State *L, const struct event *e, const char *s, size_t n)
{
    int id = find_any_name(e->block, s, n);
    struct sw_rd value;
    bool there;
    if (id >= 0) there = find_field(item_of(e), id, &value);
    else there = e->block->n_names == SW_PACK_NAMES && sw_packed_find(fields_of(e), id, s, n, &value);
    if (there) sw_frame_push(L, &value);
    else if (!strcmp(s, "attributes")) push_part(L, e->block, fields_of(e), true);
    else lua_pushnil(L);
    return 1;
}

/* A value as it lies there: most are short. */
static void push_value(lua_State *L, struct sw_rd value)
{
    struct sw_rd r = sw_rd_of(value.p + 1, (size_t)(value.end - value.p) - 1);
    if (*value.p == SW_V_INT) lua_pushinteger(L, sw_rd_zigzag(&r));
    else if (*value.p == SW_V_STR && r.p < r.end && *r.p < 0x80 && *r.p < sw_rd_left(&r))
        lua_pushlstring(L, (const char *)r.p + 1, *r.p);
    else sw_frame_push(L, &value);
}

/* upvalue: the reader. Nothing but the metatable of events holds this, so what comes is one. */
static int event_index(lua_State *L)
{
    const struct event *e = lua_touserdata(L, 1);
    const char *s = lua_tostring(L, 2);
    struct sw_rd value;
    int id;
    if (!e || e->mark != &meta_key) return luaL_error(L, "an event is read with a dot");
    id = s ? find_name(e->block, s) : -1;
    if (id >= 0 && !e->block->slow[id] && find_field(item_of(e), id, &value) &&
        *value.p != SW_V_NIL) {
        push_value(L, value);
        return 1;
    }
    lua_settop(L, 2);
    lua_pushvalue(L, lua_upvalueindex(1));
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
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, event_index, 1);
    lua_setfield(L, 3, "__index");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &meta_key);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &slow_key);
    return 0;
}

/* The event at index 1; NULL when it is none. */
static const struct event *check_event(lua_State *L)
{
    int type;
    if (lua_type(L, 1) != LUA_TUSERDATA || !lua_getmetatable(L, 1)) return NULL;
    type = lua_rawgetp(L, -1, &meta_key);
    lua_pop(L, 2);
    return type == LUA_TUSERDATA ? lua_touserdata(L, 1) : NULL;
}

int sw_event_core_raw(lua_State *L)
{
    const struct event *e = check_event(L);
    size_t n;
    const char *s = luaL_checklstring(L, 2, &n);
    if (!e) return luaL_error(L, "no event");
    return push_field(L, e, s, n);
}

int sw_event_core_data(lua_State *L)
{
    const struct event *e = check_event(L);
    if (!e) return 0;
    push_part(L, e->block, fields_of(e), false);
    push_part(L, e->block, fields_of(e), true);
    lua_setfield(L, -2, "attributes");
    return 1;
}
