/* SPDX-License-Identifier: MIT
 * What a rule of a batch asks to be done: each action goes into its run's list as it will travel, encoded when
 * it is asked for. Most are a few texts; those are checked and put together here from prepared bytes, and all
 * else goes to the library (lua/box/context.lua), which also words what is wrong. */
#include "box/box_priv.h"
#include "box/frame_lua.h"
#include <lauxlib.h>
#include <string.h>

enum {
    MAX_ACTIONS = 200,
    MAX_TEXT = 4096,
    MAX_NAME = 40 /* of an action and its texts: Lua's short ones */
};

/* An action as it begins in the run's list: { action, args, occurrence }. */
static void put_head(struct sw_buf *b, const char *name, size_t n)
{
    sw_val_close(b, sw_val_open(b, SW_V_MAP), 3);
    sw_val_keyn(b, "action", 6);
    sw_val_str(b, name, n);
    sw_val_keyn(b, "args", 4);
}

static size_t begin_action(lua_State *L, struct sw_run *r)
{
    if (r->n_actions >= MAX_ACTIONS)
        luaL_error(L, "more than %d actions in one firing", MAX_ACTIONS);
    return r->actions.len;
}

static void take_back(struct sw_run *r, size_t from)
{
    r->actions.len = from;
    r->actions.over = false;
}

static int end_action(lua_State *L, struct sw_run *r, size_t from, lua_Integer id)
{
    static const uint8_t tail[] = {10, 'o', 'c', 'c', 'u', 'r', 'r', 'e', 'n', 'c', 'e'};
    sw_buf_put(&r->actions, tail, sizeof tail);
    sw_val_int(&r->actions, r->count[id] + 1);
    if (r->actions.over) {
        take_back(r, from);
        return luaL_error(L, "more than %d KB of data", SW_BOX_OUTPUT_MAX / 1024);
    }
    r->n_actions++;
    r->count[id]++;
    return 0;
}

int sw_box_act(lua_State *L)
{
    struct sw_run *r = sw_box_current_run(L);
    struct sw_err err = SW_ERR_INIT;
    size_t n, from;
    const char *name = luaL_checklstring(L, 1, &n);
    lua_Integer id = luaL_checkinteger(L, 2);
    luaL_argcheck(L, id >= 0 && id < SW_BOX_ACTIONS, 2, "no such action");
    from = begin_action(L, r);
    put_head(&r->actions, name, n);
    if (sw_frame_encode(L, 3, &r->actions, SW_ENCODE_STRICT, &err) < 0) {
        take_back(r, from);
        return luaL_error(L, "ctx.%s: %s", name, err.text);
    }
    return end_action(L, r, from, id);
}

/* An action that a rule was granted, as far as texts are enough for it. The first upvalue of its function;
 * the others are the table of the names, which keeps them alive, and the function that words what is
 * wrong and handles all else. */
struct plain_text {
    const void *name; /* Lua's own text: the same short one is the same pointer */
    uint8_t key[MAX_NAME + 2]; /* as it stands in a map, and the kind of its value */
    uint8_t n_key;
    bool required;
};

struct plain_action {
    lua_Integer id;
    uint8_t head[96];
    size_t n_head, n;
    int required; /* so many of them */
    struct plain_text text[];
};

static const struct plain_text *find_text(const struct plain_action *a, const void *name)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->text[i].name == name) return &a->text[i];
    return NULL;
}

/* Key and value, in one piece. */
static void put_text(struct sw_buf *b, const struct plain_text *t, const char *s, size_t n)
{
    uint8_t *p = sw_buf_quick(b, sizeof t->key + 2 + n);
    if (!p) return;
    memcpy(p, t->key, sizeof t->key); /* all of it: a known size needs no call */
    p += t->n_key;
    if (n >= 0x80) *p++ = (uint8_t)(n | 0x80); /* at most MAX_TEXT: two bytes say it */
    *p++ = (uint8_t)(n >= 0x80 ? n >> 7 : n);
    memcpy(p, s, n);
    sw_buf_end(b, p + n);
}

/* The members of the table at 1 if all of them are texts that may be there, and those there that must:
 * their number. -1: somebody has to look. */
static int put_texts(lua_State *L, struct sw_buf *b, const struct plain_action *a)
{
    int n = 0, required = a->required;
    for (lua_pushnil(L); lua_next(L, 1); lua_settop(L, 2), n++) {
        const struct plain_text *t = find_text(a, lua_topointer(L, 2));
        size_t len;
        const char *s = t && lua_type(L, 3) == LUA_TSTRING ? lua_tolstring(L, 3, &len) : NULL;
        if (!s || len > MAX_TEXT) return -1;
        required -= t->required;
        put_text(b, t, s, len);
    }
    return required == 0 ? n : -1;
}

static int act_plainly(lua_State *L)
{
    const struct plain_action *a = lua_touserdata(L, lua_upvalueindex(1));
    if (lua_type(L, 1) == LUA_TTABLE && !lua_getmetatable(L, 1)) {
        struct sw_run *r = sw_box_current_run(L);
        size_t from = begin_action(L, r), map;
        int members;
        lua_settop(L, 1);
        sw_buf_put(&r->actions, a->head, a->n_head);
        map = r->actions.len;
        members = put_texts(L, &r->actions, a);
        sw_val_close(&r->actions, map, (size_t)members);
        if (members > 0) return end_action(L, r, from, a->id);
        take_back(r, from);
    }
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(3));
    lua_insert(L, 1);
    lua_call(L, 1, 0);
    return 0;
}

/* The name below the top, and whether it must be there. */
static void take_text(lua_State *L, struct plain_action *a)
{
    size_t n;
    const char *name = luaL_checklstring(L, -2, &n);
    struct plain_text *t = &a->text[a->n];
    luaL_argcheck(L, n <= MAX_NAME, 3, "a name is too long");
    *t = (struct plain_text){.name = lua_topointer(L, -2), .required = lua_toboolean(L, -1)};
    t->key[t->n_key++] = (uint8_t)n;
    memcpy(t->key + t->n_key, name, n);
    t->n_key += (uint8_t)n;
    t->key[t->n_key++] = SW_V_STR;
    a->required += t->required;
    a->n++;
}

static void take_head(struct plain_action *a, const char *name, size_t n)
{
    struct sw_buf b;
    sw_buf_init(&b, sizeof a->head);
    put_head(&b, name, n);
    sw_val_open(&b, SW_V_MAP);
    a->n_head = b.len;
    memcpy(a->head, b.data, b.len);
    sw_buf_clear(&b);
}

int sw_box_action(lua_State *L)
{
    struct plain_action *a;
    lua_Integer id = luaL_checkinteger(L, 2);
    size_t n, count = 0;
    const char *name = luaL_checklstring(L, 1, &n);
    luaL_argcheck(L, n <= MAX_NAME, 1, "too long");
    luaL_argcheck(L, id >= 0 && id < SW_BOX_ACTIONS, 2, "no such action");
    luaL_checktype(L, 3, LUA_TTABLE);
    luaL_checktype(L, 4, LUA_TFUNCTION);
    lua_settop(L, 4);
    for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1)) count++;
    a = lua_newuserdatauv(L, sizeof *a + count * sizeof *a->text, 0);
    *a = (struct plain_action){.id = id};
    take_head(a, name, n);
    for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1)) take_text(L, a);
    lua_replace(L, 2);
    lua_pushvalue(L, 2);
    lua_replace(L, 1);
    lua_remove(L, 2);
    lua_pushcclosure(L, act_plainly, 3);
    return 1;
}
