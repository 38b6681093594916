/* SPDX-License-Identifier: MIT */
#include "box/event.h"
#include "box/frame_lua.h"
#include <lauxlib.h>
#include <string.h>

static const char meta_key = 'm'; /* registry: the metatable of events */

struct sw_events {
    const char **name; /* by id: Lua's own texts, so that equal short ones are the same pointer */
    bool *slow;        /* by id: the reader wants to see it */
    uint32_t *ends;    /* of items in bytes */
    uint8_t *bytes;
    size_t n_names, n;
    int key[2];      /* positions of what identifies an event in the names, -1: not there */
    uint32_t seen;   /* where the fields begin whose places are known; UINT32_MAX: none are */
    uint32_t *place; /* by id: where its value lies in bytes, UINT32_MAX: nowhere */
};

struct event {
    struct sw_events *block; /* kept alive by the user value */
    uint32_t from, to;   /* of its fields in the block's bytes: each run has one, so it is small */
};

static size_t list_head(struct sw_rd *r)
{
    struct sw_val v;
    return r->p && sw_val_next(r, &v) && v.kind == SW_V_ARR ? v.n : 0;
}

static struct sw_events *make_block(lua_State *L, size_t names, size_t n, size_t bytes)
{
    size_t head = sizeof(struct sw_events), words = names * sizeof(char *), flags = (names + 7) / 8 * 8;
    char *p = lua_newuserdatauv(L, head + words + flags + (names + n) * sizeof(uint32_t) + bytes, 1);
    struct sw_events *k = (struct sw_events *)(void *)p;
    *k = (struct sw_events){.n_names = names, .n = n, .key = {-1, -1}, .seen = UINT32_MAX};
    k->name = (const char **)(void *)(p + head);
    k->slow = (bool *)(p + head + words);
    k->place = (uint32_t *)(void *)(p + head + words + flags);
    k->ends = k->place + names;
    k->bytes = (uint8_t *)(k->ends + n);
    return k;
}

/* The names as a table, the block's user value, and as pointers into it. slow: index of the table of
 * names for the reader. */
static void note_key(struct sw_events *k, int i)
{
    static const char *const names[] = {"group", "id"};
    for (int n = 0; n < 2; n++)
        if (!strcmp(k->name[i], names[n])) k->key[n] = i;
}

static void take_names(lua_State *L, struct sw_events *k, struct sw_rd names, int slow)
{
    lua_createtable(L, (int)k->n_names, 0);
    for (size_t i = 0; i < k->n_names; i++) {
        sw_frame_push(L, &names);
        k->name[i] = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
        note_key(k, (int)i);
        lua_pushvalue(L, -1);
        k->slow[i] = lua_rawget(L, slow) != LUA_TNIL;
        lua_pop(L, 1);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setiuservalue(L, -2, 1);
}

struct sw_events *sw_event_push_block(lua_State *L, struct sw_rd names, struct sw_rd items)
{
    size_t n_names = list_head(&names), n = list_head(&items), at = 0;
    struct sw_val v;
    struct sw_events *k;
    int slow;
    if (!n || n_names > SW_PACK_NAMES) return NULL;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &meta_key);
    lua_getfield(L, -1, "slow");
    lua_remove(L, -2);
    slow = lua_gettop(L);
    k = make_block(L, n_names, n, sw_rd_left(&items));
    for (size_t i = 0; i < n; i++) {
        if (!sw_val_next(&items, &v) || v.kind != SW_V_STR) {
            lua_settop(L, slow - 1);
            return NULL;
        }
        memcpy(k->bytes + at, v.s, v.n);
        k->ends[i] = (uint32_t)(at += v.n);
    }
    take_names(L, k, names, slow);
    lua_remove(L, slow);
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

void sw_event_push(lua_State *L, int block, struct sw_rd fields)
{
    struct event *e;
    block = lua_absindex(L, block);
    e = lua_newuserdatauv(L, sizeof *e, 1);
    e->block = lua_touserdata(L, block);
    e->from = (uint32_t)(fields.p - e->block->bytes);
    e->to = e->from + (uint32_t)sw_rd_left(&fields);
    lua_pushvalue(L, block);
    lua_setiuservalue(L, -2, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &meta_key);
    lua_setmetatable(L, -2);
}

/* Where the values of these fields lie: a rule reads several, so all are passed over once. */
static void see(struct sw_events *k, struct sw_rd fields)
{
    k->seen = (uint32_t)(fields.p - k->bytes);
    memset(k->place, 0xff, k->n_names * sizeof *k->place);
    sw_packed_places(fields, k->bytes, k->place, k->n_names);
}

/* The value of the name with this position, or what follows from it on; false: not there. */
static bool find_field(struct sw_events *k, struct sw_rd fields, int id, struct sw_rd *value)
{
    if (k->seen != (uint32_t)(fields.p - k->bytes)) see(k, fields);
    if (k->place[id] == UINT32_MAX) return false;
    *value = sw_rd_of(k->bytes + k->place[id], (size_t)(fields.end - k->bytes) - k->place[id]);
    return true;
}

bool sw_event_key(struct sw_events *k, struct sw_rd fields, struct sw_val *v)
{
    struct sw_rd value;
    for (int n = 0; n < 2; n++)
        if (k->key[n] >= 0 && find_field(k, fields, k->key[n], &value) && sw_val_next(&value, v) &&
            v->kind == SW_V_STR)
            return true;
    return false;
}

static struct sw_rd fields_of(const struct event *e)
{
    return sw_rd_of(e->block->bytes + e->from, e->to - e->from);
}

/* Its position in the names; -1 when it is none of them. Short texts are the same only if they are
 * one; longer ones are compared. */
static int find_name(const struct sw_events *k, const char *s, size_t n)
{
    for (size_t i = 0; i < k->n_names; i++)
        if (k->name[i] == s || (n > 40 && !strcmp(k->name[i], s))) return (int)i;
    return -1;
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

static int push_field(lua_State *L, const struct sw_events *k, struct sw_rd fields, const char *s,
                      size_t n, int id)
{
    struct sw_rd value;
    if (sw_packed_find(fields, id, s, n, &value)) sw_frame_push(L, &value);
    else if (!strcmp(s, "attributes")) push_part(L, k, fields, true);
    else lua_pushnil(L);
    return 1;
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
        if (id >= 0 && !e->block->slow[id] && find_field(e->block, fields_of(e), id, &value) &&
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
