/* SPDX-License-Identifier: MIT
 * Batches: many events for one rule in one frame. Each event is a run with its number in the shared
 * page, its budget, its error and its result, as if it had come alone; what they share is decoded
 * once. Runs that end well leave their coroutine to the next; one that waits or fails keeps it.
 * Results are packed: a byte for a run that has nothing to tell, a mark and a map for the others.
 * What a rule asks to be done goes straight into that map, encoded when it asks.
 * CPU time is not read per run: the tick notes when it first sees one (limits.h). */
#include "box/box_priv.h"
#include "base/alloc.h"
#include "box/event.h"
#include "box/frame_lua.h"
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

enum { LARGE_BYTES = 4 << 20, YOUNG_BYTES = 384 * 1024, HOLD_BYTES = 32 * 1024, MAX_ACTIONS = 200, MAX_TEXT = 4096 };

/* ---- what the library is given ---- */

static struct sw_run *current_run(lua_State *L)
{
    struct sw_run *r = sw_box_of(L)->now;
    if (!r || !r->batch) luaL_error(L, "a rule acts only while it runs");
    return r;
}

/* event(): of the current run */
static int core_event(lua_State *L)
{
    struct sw_run *r = current_run(L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->batch->block);
    sw_event_push(L, -1, r->event.fields);
    return 1;
}

/* instant(): of the current run, ms */
static int core_instant(lua_State *L)
{
    struct sw_box *b = sw_box_of(L);
    lua_pushinteger(L, b->now ? (lua_Integer)b->now->at : 0);
    return 1;
}

/* Begin an action in the run's list: { action, occurrence, args. Its end follows, or take_back. */
static size_t begin_action(lua_State *L, struct sw_run *r, const char *name, size_t n,
                           lua_Integer id)
{
    struct sw_buf *b = &r->actions;
    size_t at;
    luaL_argcheck(L, id >= 0 && id < SW_BOX_ACTIONS, 2, "no such action");
    if (r->n_actions >= MAX_ACTIONS)
        luaL_error(L, "more than %d actions in one firing", MAX_ACTIONS);
    at = sw_val_open(b, SW_V_MAP);
    sw_val_keyn(b, "action", 6);
    sw_val_str(b, name, n);
    sw_val_keyn(b, "occurrence", 10);
    sw_val_int(b, r->count[id] + 1);
    sw_val_keyn(b, "args", 4);
    sw_val_close(b, at, 3);
    return at - 5;
}

static void take_back(struct sw_run *r, size_t from)
{
    r->actions.len = from;
    r->actions.over = false;
}

static int end_action(lua_State *L, struct sw_run *r, size_t from, lua_Integer id)
{
    if (r->actions.over) {
        take_back(r, from);
        return luaL_error(L, "more than %d KB of data", SW_BOX_OUTPUT_MAX / 1024);
    }
    r->n_actions++;
    r->count[id]++;
    return 0;
}

/* act(name, id, args): args are plain data */
static int core_act(lua_State *L)
{
    struct sw_run *r = current_run(L);
    struct sw_err err = SW_ERR_INIT;
    size_t n, from;
    const char *name = luaL_checklstring(L, 1, &n);
    lua_Integer id = luaL_checkinteger(L, 2);
    from = begin_action(L, r, name, n, id);
    if (sw_frame_encode(L, 3, &r->actions, SW_ENCODE_STRICT, &err) < 0) {
        take_back(r, from);
        return luaL_error(L, "ctx.%s: %s", name, err.text);
    }
    return end_action(L, r, from, id);
}

/* The members of the table at 1 if all of them are texts that may be there: their number. plain:
 * index of a table of names; those that must be there are true in it. -1: somebody has to look. */
static int put_texts(lua_State *L, struct sw_buf *b, int plain, lua_Integer required)
{
    int n = 0;
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        size_t len, key_len;
        const char *s, *key;
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING) return -1;
        s = lua_tolstring(L, -1, &len);
        key = lua_tolstring(L, -2, &key_len);
        lua_pushvalue(L, -2);
        if (len > MAX_TEXT || lua_rawget(L, plain) == LUA_TNIL) return -1;
        required -= lua_toboolean(L, -1);
        lua_pop(L, 1);
        sw_val_keyn(b, key, key_len);
        sw_val_str(b, s, len);
        n++;
    }
    return required == 0 ? n : -1;
}

/* An action of a rule that was granted it. upvalues: name, id, names of its texts (true: must be
 * there), how many must, the function that words what is wrong and handles all else. */
static int act_plainly(lua_State *L)
{
    struct sw_run *r = current_run(L);
    size_t n, from, map;
    const char *name = lua_tolstring(L, lua_upvalueindex(1), &n);
    lua_Integer id = lua_tointeger(L, lua_upvalueindex(2));
    int members = -1;
    if (lua_type(L, 1) == LUA_TTABLE && !lua_getmetatable(L, 1)) {
        lua_settop(L, 1);
        from = begin_action(L, r, name, n, id);
        map = sw_val_open(&r->actions, SW_V_MAP);
        members = put_texts(L, &r->actions, lua_upvalueindex(3),
                            lua_tointeger(L, lua_upvalueindex(4)));
        if (members > 0) {
            sw_val_close(&r->actions, map, (size_t)members);
            return end_action(L, r, from, id);
        }
        take_back(r, from);
    }
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(5));
    lua_insert(L, 1);
    lua_call(L, 1, 0);
    return 0;
}

static int core_action(lua_State *L)
{
    lua_Integer required = 0;
    luaL_checktype(L, 1, LUA_TSTRING);
    luaL_checkinteger(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    luaL_checktype(L, 4, LUA_TFUNCTION);
    lua_settop(L, 4);
    for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1)) required += lua_toboolean(L, -1);
    lua_pushinteger(L, required);
    lua_insert(L, 4);
    lua_pushcclosure(L, act_plainly, 5);
    return 1;
}

void sw_box_push_batch_core(lua_State *L)
{
    static const luaL_Reg core[] = {{"event", core_event},
                                    {"instant", core_instant},
                                    {"act", core_act},
                                    {"action", core_action},
                                    {"event_open", sw_event_core_open},
                                    {"raw", sw_event_core_raw},
                                    {"data", sw_event_core_data},
                                    {NULL, NULL}};
    luaL_setfuncs(L, core, 0);
}

/* Push { run, out } of a run of a batch: its `run` is what they share, and its own instant. */
void sw_box_push_current(lua_State *L, struct sw_run *r)
{
    if (r->cur == LUA_NOREF) {
        lua_createtable(L, 0, 2);
        lua_createtable(L, 0, 1);
        lua_pushinteger(L, r->at);
        lua_setfield(L, -2, "at");
        lua_createtable(L, 0, 1);
        lua_rawgeti(L, LUA_REGISTRYINDEX, r->batch->head);
        lua_setfield(L, -2, "__index");
        lua_setmetatable(L, -2);
        lua_setfield(L, -2, "run");
        lua_newtable(L);
        lua_setfield(L, -2, "out");
        r->cur = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->cur);
}

/* ---- results ---- */

int sw_box_send_packed(struct sw_box *b, struct sw_err *err)
{
    struct sw_buf f;
    size_t at, map;
    int64_t used;
    int rc;
    if (!b->packed_n) return SW_OK;
    used = sw_limits_cpu_ns() - b->packed_since;
    sw_buf_init(&f, SW_FRAME_MAX + 4);
    at = sw_frame_begin(&f);
    map = sw_val_open(&f, SW_V_MAP);
    sw_val_key(&f, "op");
    sw_val_text(&f, "results");
    sw_val_key(&f, "run");
    sw_val_int(&f, (int64_t)b->packed_first);
    sw_val_key(&f, "n");
    sw_val_int(&f, (int64_t)b->packed_n);
    sw_val_key(&f, "cpu_ns");
    sw_val_int(&f, used / (int64_t)b->packed_n);
    sw_val_key(&f, "packed");
    sw_val_str(&f, (const char *)b->packed.data, b->packed.len);
    sw_val_close(&f, map, 5);
    rc = sw_frame_end(&f, at, err);
    if (rc == SW_OK) rc = b->send(b->ctx, &f);
    sw_buf_clear(&f);
    sw_buf_reset(&b->packed);
    b->packed_n = 0;
    b->packed_since += used;
    return rc;
}

static int collect_out(lua_State *L)
{
    struct sw_buf *out = lua_touserdata(L, 1);
    struct sw_run *r = sw_box_of(L)->now;
    struct sw_err err = SW_ERR_INIT;
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->cur);
    lua_getfield(L, -1, "out");
    if (sw_frame_encode(L, -1, out, SW_ENCODE_STRICT, &err) < 0)
        return luaL_error(L, "%s", err.text);
    return 0;
}

const char *sw_box_key_of(const struct sw_run *r, char *text, size_t size, size_t *n)
{
    struct sw_val v;
    if (r->event.n_key) return *n = r->event.n_key, r->event.key;
    if (sw_event_key(r->batch->events, r->event.fields, &v)) return *n = v.n, v.s;
    *n = (size_t)snprintf(text, size, "%lld", (long long)r->at);
    return text;
}

static void put_key(struct sw_box *b, const struct sw_run *r, lua_State *co)
{
    char text[32];
    size_t n;
    const char *s = lua_type(co, -1) == LUA_TSTRING ? lua_tolstring(co, -1, &n)
                                                    : sw_box_key_of(r, text, sizeof text, &n);
    sw_val_keyn(&b->packed, "key", 3);
    sw_val_str(&b->packed, s, n > 200 ? 200 : n);
}

static void put_map(struct sw_box *b, struct sw_run *r, lua_State *co, bool fired, struct sw_rd out)
{
    struct sw_buf *p = &b->packed;
    struct sw_val v = {0};
    size_t at = sw_val_open(p, SW_V_MAP), n = 1;
    sw_val_keyn(p, "fired", 5);
    sw_val_bool(p, fired);
    if (fired) put_key(b, r, co), n++;
    if (fired && r->n_actions) {
        size_t list;
        sw_val_keyn(p, "actions", 7);
        list = sw_val_open(p, SW_V_ARR);
        sw_buf_put(p, r->actions.data, r->actions.len);
        sw_val_close(p, list, r->n_actions);
        n++;
    }
    if (out.p && sw_val_next(&out, &v) && v.kind == SW_V_MAP) {
        sw_buf_put(p, out.p, sw_rd_left(&out));
        n += v.n;
    }
    sw_val_close(p, at, n);
}

bool sw_box_pack_result(struct sw_box *b, struct sw_run *r, lua_State *co)
{
    bool fired = !r->stopped && lua_gettop(co) >= 2 && lua_toboolean(co, -2);
    struct sw_buf out;
    int rc = SW_OK;
    sw_buf_init(&out, SW_BOX_OUTPUT_MAX);
    b->now = r;
    if (r->cur != LUA_NOREF) rc = sw_box_protect(b, collect_out, &out, &b->fault);
    b->now = NULL;
    if (rc == SW_OK && r->actions.len + out.len > SW_BOX_OUTPUT_MAX)
        rc = sw_fail(&b->fault, SW_E_LIMIT, "more than %d KB of data", SW_BOX_OUTPUT_MAX / 1024);
    if (rc == SW_OK) {
        if (!b->packed_n++) b->packed_first = r->n;
        sw_buf_byte(&b->packed, fired || out.len > 5);
        if (fired || out.len > 5) put_map(b, r, co, fired, sw_rd_of(out.data, out.len));
    }
    sw_buf_clear(&out);
    return rc == SW_OK;
}

/* ---- running ---- */

void sw_box_leave_batch(struct sw_box *b, struct sw_batch *batch)
{
    if (--batch->users) return;
    luaL_unref(b->L, LUA_REGISTRYINDEX, batch->head);
    luaL_unref(b->L, LUA_REGISTRYINDEX, batch->block);
    sw_free(batch);
}

struct opening {
    struct sw_batch *batch;
    struct sw_rd head, names, items;
    struct sw_box *box;
    size_t n;
};

static int open_batch(lua_State *L)
{
    struct opening *o = lua_touserdata(L, 1);
    lua_settop(L, 0);
    sw_frame_push(L, &o->head);
    if (lua_type(L, -1) != LUA_TTABLE ||
        !(o->batch->events = sw_event_push_block(L, o->names, o->items)))
        return luaL_error(L, "a damaged batch");
    o->n = sw_event_count(o->batch->events);
    o->batch->block = luaL_ref(L, LUA_REGISTRYINDEX);
    o->batch->head = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static int new_thread(lua_State *L)
{
    struct sw_box *b = lua_touserdata(L, 1);
    lua_newthread(L);
    b->spare = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static struct sw_run *open_run(struct sw_box *b, struct sw_batch *batch, uint64_t n, size_t i)
{
    struct sw_run *r = sw_box_free_slot(b);
    struct sw_rd item = sw_event_item(batch->events, i);
    if (!r) return NULL;
    r->n = n;
    r->cur = r->thread = LUA_NOREF;
    r->calls = 0;
    r->used_ns = 0;
    r->budget_ns = batch->budget_ns;
    r->batch = batch;
    batch->users++;
    if (!sw_packed_open(item, &r->event)) r->event = (struct sw_packed){.fields = sw_rd_of(item.p, 0)};
    r->at = r->event.at;
    return r;
}

/* Over, with a result: its coroutine and its slot go to the next. */
static int close_run(struct sw_box *b, struct sw_run *r, lua_State *co)
{
    lua_settop(co, 0);
    b->spare = r->thread;
    luaL_unref(b->L, LUA_REGISTRYINDEX, r->cur);
    sw_box_leave_batch(b, r->batch);
    r->n = 0;
    r->batch = NULL;
    r->random.seeded = false;
    if (r->n_actions) {
        sw_buf_reset(&r->actions);
        r->n_actions = 0;
        memset(r->count, 0, sizeof r->count);
    }
    sw_box_consider_retiring(b);
    return SW_OK;
}

static int one_run(struct sw_box *b, struct sw_run *r, struct sw_err *err)
{
    lua_State *co;
    int status, n = 0;
    bool expired;
    sw_box_stand(b, r->n);
    if (b->spare == LUA_NOREF && sw_box_protect(b, new_thread, b, NULL) < 0)
        return sw_box_after(b, r, LUA_ERRMEM, false, err);
    r->thread = b->spare;
    b->spare = LUA_NOREF;
    lua_rawgeti(b->L, LUA_REGISTRYINDEX, r->thread);
    co = lua_tothread(b->L, -1);
    lua_rawsetp(b->L, LUA_REGISTRYINDEX, &b->limits); /* stays anchored by its reference */
    lua_rawgeti(co, LUA_REGISTRYINDEX, b->enter);
    lua_rawgeti(co, LUA_REGISTRYINDEX, r->batch->head);
    b->now = r;
    sw_limits_begin_unseen(&b->limits, co, r->budget_ns);
    status = lua_resume(co, b->L, 1, &n);
    expired = b->limits.expired;
    if (status == LUA_OK && !expired && sw_box_pack_result(b, r, co)) {
        sw_limits_end(&b->limits);
        return close_run(b, r, co);
    }
    r->used_ns = sw_limits_used_ns(&b->limits);
    sw_limits_end(&b->limits);
    b->now = NULL;
    return sw_box_after(b, r, status, expired, err);
}

static bool time_to_send(struct sw_box *b)
{
    bool ticked = b->limits.ticked;
    b->limits.ticked = 0;
    return ticked || b->packed.len > HOLD_BYTES;
}

static int run_all(struct sw_box *b, struct sw_batch *batch, uint64_t first, size_t n,
                   struct sw_err *err)
{
    int rc = SW_OK;
    b->packed_since = sw_limits_cpu_ns();
    for (size_t i = 0; rc == SW_OK && !b->retire && i < n; i++) {
        struct sw_run *r = open_run(b, batch, first + i, i);
        if (!r) return sw_fail(err, SW_E_LIMIT, "too many runs wait at a time");
        rc = one_run(b, r, err);
        if (rc == SW_OK && time_to_send(b)) rc = sw_box_send_packed(b, err);
    }
    return rc == SW_OK ? sw_box_send_packed(b, err) : rc;
}

/* A package of many rules keeps them, and what their runs make goes at once: when the heap has grown by
 * half since it was last looked at, all of it counts as old and the collector visits what is young. */
static void settle_heap(struct sw_box *b)
{
    size_t used = b->limits.mem_used, young;
    if (used < LARGE_BYTES || used < b->settled + b->settled / 2) return;
    lua_gc(b->L, LUA_GCINC, 0, 0, 0);
    lua_gc(b->L, LUA_GCGEN, 0, 0);
    b->settled = b->limits.mem_used;
    young = YOUNG_BYTES / (b->settled / 100 + 1);
    lua_gc(b->L, LUA_GCGEN, young < 1 ? 1 : young > 20 ? 20 : (int)young, 0);
    lua_gc(b->L, LUA_GCSTEP, 0); /* Lua 5.4.4 waits as long as before otherwise */
}

int sw_box_start_batch(struct sw_box *b, struct sw_rd frame, struct sw_err *err)
{
    struct sw_batch *batch = sw_zalloc(sizeof *batch);
    struct opening o = {.batch = batch, .box = b};
    int64_t n = 0, ms = 0;
    int rc;
    *batch = (struct sw_batch){.head = LUA_NOREF, .block = LUA_NOREF, .users = 1};
    if (!sw_val_get_int(frame, "n", &n) || n <= 0 || !sw_val_get_int(frame, "cpu_ms", &ms) ||
        ms <= 0 || ms > 3600000 || !sw_val_find(frame, "head", &o.head) ||
        !sw_val_find(frame, "names", &o.names) || !sw_val_find(frame, "items", &o.items)) {
        sw_free(batch);
        return sw_fail(err, SW_E_BAD, "a batch without number, budget or events");
    }
    batch->budget_ns = ms * 1000000;
    settle_heap(b);
    sw_box_stand(b, (uint64_t)n);
    rc = sw_box_protect(b, open_batch, &o, err);
    if (rc == SW_OK) rc = run_all(b, batch, (uint64_t)n, o.n, err);
    sw_box_stand(b, 0);
    sw_box_leave_batch(b, batch);
    return rc;
}
