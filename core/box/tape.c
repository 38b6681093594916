/* SPDX-License-Identifier: MIT */
#include "box/tape.h"
#include "base/alloc.h"
#include "box/limits.h"
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define DOC  "syncwell.document"
#define NODE "syncwell.json"
#define CHECK_EVERY 4096 /* elements passed over between two looks at the clock */
#define LOOSE_BYTES ((size_t)3 << 20) /* of documents, before it is asked who reads them */

static void push_value(lua_State *L, int doc_idx, const struct sw_tape *d, uint32_t at);

static const char node_key = 'n'; /* registry: the metatable of nodes, found without its name */

/* The library has let go of a page that was read. */
static struct sw_tape_node *still_there(lua_State *L, struct sw_tape_node *n)
{
    if (!n->doc->tape.node) luaL_error(L, "this answer went with its page: keep its values, not the answer itself");
    return n;
}

struct sw_tape_node *sw_tape_check(lua_State *L, int idx)
{
    struct sw_tape_node *n = lua_touserdata(L, idx);
    if (n && lua_getmetatable(L, idx)) {
        bool ours;
        lua_rawgetp(L, LUA_REGISTRYINDEX, &node_key);
        ours = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
        if (ours) return still_there(L, n);
    }
    return still_there(L, luaL_checkudata(L, idx, NODE)); /* which says what it is instead */
}

/* Is the name at i the n bytes of key? Names with an escape are rare. */
static bool is_name(const struct sw_jtape *t, uint32_t i, const char *key, size_t n)
{
    const struct sw_jnode *name = &t->node[i];
    struct sw_buf b;
    bool same;
    if (!name->escaped) return name->len == n && !memcmp(t->text + name->at, key, n);
    sw_buf_init(&b, (size_t)name->len + 8);
    sw_jtape_str(t, i, &b);
    same = b.len == n && !memcmp(sw_buf_str(&b), key, n);
    sw_buf_clear(&b);
    return same;
}

/* The value of member `key`; 0 when absent. The last of equal keys wins. */
static uint32_t member(const struct sw_jtape *t, uint32_t obj, const char *key, size_t n)
{
    uint32_t found = 0, i = obj + 1;
    if (t->node[obj].kind != SW_JOBJ) return 0;
    for (uint32_t k = 0; k < t->node[obj].len; k++) {
        if (is_name(t, i, key, n)) found = i + 1;
        i = t->node[i + 1].next;
    }
    return found;
}

/* Element `index` (from 0) of the list; looking in order costs one step each. */
static uint32_t element(lua_State *L, struct sw_tape_node *n, uint32_t index)
{
    const struct sw_jtape *t = &n->doc->tape;
    uint32_t k = 0, at = n->at + 1;
    if (t->node[n->at].kind != SW_JARR || index >= t->node[n->at].len) return 0;
    if (n->next_at && index >= n->next_index) k = n->next_index, at = n->next_at;
    for (; k < index; k++) {
        at = t->node[at].next;
        if (k % CHECK_EVERY == 0) sw_limits_check(L);
    }
    n->next_index = index;
    n->next_at = at;
    return at;
}

bool sw_tape_find(const struct sw_tape *d, uint32_t at, const char *path, uint32_t *out)
{
    while (*path) {
        const char *dot = strchrnul(path, '.');
        size_t n = (size_t)(dot - path);
        const struct sw_jnode *node = &d->tape.node[at];
        uint32_t next = 0;
        if (node->kind == SW_JOBJ) {
            next = member(&d->tape, at, path, n);
        } else if (node->kind == SW_JARR) {
            char *end;
            unsigned long i = strtoul(path, &end, 10);
            if (end != dot || !n || i >= node->len) return false;
            for (next = at + 1; i > 0; i--) next = d->tape.node[next].next;
        }
        if (!next) return false;
        at = next;
        path += n + (path[n] == '.');
    }
    *out = at;
    return d->tape.node[at].kind != SW_JNULL;
}

static void push_text(lua_State *L, const struct sw_jtape *t, uint32_t at)
{
    const struct sw_jnode *n = &t->node[at];
    struct sw_buf b;
    if (!n->escaped) {
        lua_pushlstring(L, t->text + n->at, n->len);
        return;
    }
    sw_buf_init(&b, (size_t)n->len + 1);
    sw_jtape_str(t, at, &b);
    lua_pushlstring(L, sw_buf_str(&b), b.len); /* a refused allocation here leaks b; the run ends */
    sw_buf_clear(&b);
}

static void push_value(lua_State *L, int doc_idx, const struct sw_tape *d, uint32_t at)
{
    struct sw_tape_node *n;
    int64_t i;
    double v;
    switch (d->tape.node[at].kind) {
    case SW_JNULL: lua_pushnil(L); return;
    case SW_JFALSE: lua_pushboolean(L, 0); return;
    case SW_JTRUE: lua_pushboolean(L, 1); return;
    case SW_JSTR: push_text(L, &d->tape, at); return;
    case SW_JINT: /* beyond 64 bits it stays a text: an id must not be rounded */
        if (sw_jtape_int(&d->tape, at, &i)) lua_pushinteger(L, i);
        else lua_pushlstring(L, d->tape.text + d->tape.node[at].at, d->tape.node[at].len);
        return;
    case SW_JREAL:
        if (sw_jtape_num(&d->tape, at, &v)) lua_pushnumber(L, v);
        else lua_pushnil(L); /* no number holds it */
        return;
    default: break;
    }
    doc_idx = lua_absindex(L, doc_idx);
    n = lua_newuserdatauv(L, sizeof *n, 1);
    *n = (struct sw_tape_node){d, at, 0, 0};
    lua_pushvalue(L, doc_idx);
    lua_setiuservalue(L, -2, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &node_key);
    lua_setmetatable(L, -2);
}

void sw_tape_push_of(lua_State *L, const struct sw_tape *d, int doc, int type, uint32_t at)
{
    struct sw_tape_node *n;
    if (d->tape.node[at].kind != SW_JOBJ) {
        push_value(L, doc, d, at);
        return;
    }
    n = lua_newuserdatauv(L, sizeof *n, 1);
    *n = (struct sw_tape_node){d, at, 0, 0};
    lua_pushvalue(L, doc);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, type);
    lua_setmetatable(L, -2);
}

/* What holds a scalar is not asked for its document. */
static int push_at(lua_State *L, int idx, const struct sw_tape *d, uint32_t at)
{
    if (d->tape.node[at].kind < SW_JARR) {
        push_value(L, idx, d, at);
        return 1;
    }
    lua_getiuservalue(L, idx, 1);
    push_value(L, -1, d, at);
    lua_remove(L, -2); /* the document, which is no script's */
    return 1;
}

/* Push the value at `at` of the document that the node at idx belongs to. */
static int push_from(lua_State *L, int idx, uint32_t at)
{
    return push_at(L, idx, sw_tape_check(L, idx)->doc, at);
}

/* As sw_tape_check, the metatable of nodes being the function's first upvalue. */
static struct sw_tape_node *own_node(lua_State *L)
{
    struct sw_tape_node *n = lua_touserdata(L, 1);
    bool ours = n && lua_getmetatable(L, 1);
    if (ours) {
        ours = lua_rawequal(L, -1, lua_upvalueindex(1));
        lua_pop(L, 1);
    }
    return ours ? still_there(L, n) : sw_tape_check(L, 1);
}

static int node_index(lua_State *L)
{
    struct sw_tape_node *n = own_node(L);
    uint32_t at = 0;
    if (lua_isinteger(L, 2)) {
        lua_Integer i = lua_tointeger(L, 2);
        if (i >= 1 && i <= UINT32_MAX) at = element(L, n, (uint32_t)i - 1);
    } else if (lua_type(L, 2) == LUA_TSTRING) {
        size_t len;
        const char *key = lua_tolstring(L, 2, &len);
        at = member(&n->doc->tape, n->at, key, len);
    }
    if (!at) return 0;
    return push_at(L, 1, n->doc, at);
}

static int node_len(lua_State *L)
{
    const struct sw_tape_node *n = sw_tape_check(L, 1);
    lua_pushinteger(L, n->doc->tape.node[n->at].len);
    return 1;
}

/* A null is nil, so it is passed over, as in a table. */
static int next_element(lua_State *L)
{
    struct sw_tape_node *n = sw_tape_check(L, 1);
    lua_Integer i = lua_tointeger(L, 2);
    uint32_t at = i >= 0 && i < UINT32_MAX ? element(L, n, (uint32_t)i) : 0;
    while (at && n->doc->tape.node[at].kind == SW_JNULL) at = element(L, n, (uint32_t)++i);
    if (!at) return 0;
    lua_pushinteger(L, i + 1);
    push_from(L, 1, at);
    return 2;
}

/* The iterator of an object keeps its place in upvalues: (at, left, object). A place means nothing in
 * another document, so it goes on with its own object only. */
static int next_member(lua_State *L)
{
    struct sw_tape_node *n = sw_tape_check(L, 1);
    uint32_t at = (uint32_t)lua_tointeger(L, lua_upvalueindex(1));
    lua_Integer left = lua_tointeger(L, lua_upvalueindex(2));
    const struct sw_jtape *t = &n->doc->tape;
    luaL_argcheck(L, lua_rawequal(L, 1, lua_upvalueindex(3)), 1, "another object than pairs was given");
    for (; left > 0 && t->node[at + 1].kind == SW_JNULL; left--) at = t->node[at + 1].next;
    if (left <= 0) return 0;
    lua_pushinteger(L, t->node[at + 1].next);
    lua_replace(L, lua_upvalueindex(1));
    lua_pushinteger(L, left - 1);
    lua_replace(L, lua_upvalueindex(2));
    push_from(L, 1, at);
    push_from(L, 1, at + 1);
    return 2;
}

static int node_pairs(lua_State *L)
{
    const struct sw_tape_node *n = sw_tape_check(L, 1);
    const struct sw_jnode *j = &n->doc->tape.node[n->at];
    if (j->kind == SW_JARR) {
        lua_pushcfunction(L, next_element);
        lua_pushvalue(L, 1);
        lua_pushinteger(L, 0);
        return 3;
    }
    lua_pushinteger(L, n->at + 1);
    lua_pushinteger(L, j->len);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, next_member, 3);
    lua_pushvalue(L, 1);
    return 2;
}

static int node_tostring(lua_State *L)
{
    const struct sw_tape_node *n = sw_tape_check(L, 1);
    bool list = n->doc->tape.node[n->at].kind == SW_JARR;
    lua_pushfstring(L, "json %s of %d", list ? "list" : "object", (int)n->doc->tape.node[n->at].len);
    return 1;
}

static int doc_gc(lua_State *L)
{
    struct sw_tape *d = luaL_checkudata(L, 1, DOC);
    d->of->kept -= d->bytes;
    d->bytes = 0;
    sw_buf_clear(&d->text);
    sw_jtape_clear(&d->tape);
    return 0;
}

int sw_tape_drop(lua_State *L)
{
    lua_settop(L, 1);
    if (!luaL_testudata(L, 1, NODE)) return 0;
    lua_pushcfunction(L, doc_gc);
    lua_getiuservalue(L, 1, 1);
    lua_call(L, 1, 0);
    return 0;
}

static void make_types(lua_State *L)
{
    static const luaL_Reg node[] = {
        {"__len", node_len}, {"__pairs", node_pairs}, {"__tostring", node_tostring}, {NULL, NULL}};
    if (luaL_newmetatable(L, NODE)) {
        luaL_setfuncs(L, node, 0);
        lua_pushvalue(L, -1);
        lua_pushcclosure(L, node_index, 1);
        lua_setfield(L, -2, "__index");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &node_key);
    }
    if (luaL_newmetatable(L, DOC)) {
        lua_pushcfunction(L, doc_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_pop(L, 2);
}

static int refuse(lua_State *L, const struct sw_err *err)
{
    lua_pushnil(L);
    lua_pushstring(L, err->text);
    return 2;
}

/* Documents lie outside of what Lua counts, so it would let them gather up to the cap.
 * Those that are still read after a look are not looked at again before as much has come. */
static bool has_room(lua_State *L, struct sw_tape_account *of, size_t bytes)
{
    size_t look_at = of->look_at > LOOSE_BYTES ? of->look_at : LOOSE_BYTES;
    if (of->kept + bytes > look_at || of->kept + bytes > SW_TAPE_KEPT) {
        lua_gc(L, LUA_GCCOLLECT);
        of->look_at = 2 * of->kept;
    }
    return of->kept + bytes <= SW_TAPE_KEPT;
}

int sw_tape_push(lua_State *L, struct sw_buf *text, struct sw_tape_account *of)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_tape *d;
    make_types(L);
    if (!has_room(L, of, text->len)) {
        sw_fail(&err, SW_E_LIMIT, "more than %u MB of answers are kept", SW_TAPE_KEPT >> 20);
        return refuse(L, &err);
    }
    d = lua_newuserdatauv(L, sizeof *d, 0);
    *d = (struct sw_tape){.text = *text, .of = of, .tape.max = SW_TAPE_NODES};
    sw_buf_init(text, SW_TAPE_BODY);
    luaL_setmetatable(L, DOC);
    if (sw_jtape_parse(&d->tape, sw_buf_str(&d->text), d->text.len, &err) < 0) return refuse(L, &err);
    d->bytes = d->text.cap + d->tape.cap * sizeof *d->tape.node;
    of->kept += d->bytes;
    push_value(L, -1, d, 0);
    return 1;
}

int sw_tape_at(lua_State *L)
{
    struct sw_tape_node *n = sw_tape_check(L, 1);
    uint32_t at;
    if (!sw_tape_find(n->doc, n->at, luaL_checkstring(L, 2), &at)) return 0;
    return push_from(L, 1, at);
}

int sw_tape_list(lua_State *L)
{
    struct sw_tape_node *n = luaL_testudata(L, 1, NODE);
    lua_pushboolean(L, n && still_there(L, n)->doc->tape.node[n->at].kind == SW_JARR);
    return 1;
}
