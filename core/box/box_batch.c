/* SPDX-License-Identifier: MIT
 * Batches: many events for one rule in one frame. Each event is a run with its number in the shared
 * page, its budget, its error and its result, as if it had come alone; what they share is decoded
 * once. Runs that end well leave their coroutine to the next; one that waits or fails keeps it.
 * Results are packed: a byte for a run that has nothing to tell, a mark and a map for the others.
 * What a rule asks to be done goes straight into that map (box_actions.c).
 * CPU time is not read per run: the tick notes when it first sees one (limits.h). */
#include "box/box_priv.h"
#include "base/alloc.h"
#include "base/slab.h"
#include "box/event.h"
#include "box/frame_lua.h"
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

enum {
    LARGE_BYTES = 4 << 20,
    YOUNG_BYTES = 384 * 1024,
    MANY_RUNS = 1000,
    HOLD_BYTES = 32 * 1024,
};

/* ---- what the library is given ---- */

struct sw_run *sw_box_current_run(lua_State *L)
{
    struct sw_run *r = sw_box_of(L)->now;
    if (!r || !r->batch) luaL_error(L, "a rule acts only while it runs");
    return r;
}

static void push_event(lua_State *L, const struct sw_run *r)
{
    sw_event_push(L, r->batch->events, r->item);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->batch->meta);
    lua_setmetatable(L, -2);
}

/* event(): of the current run */
static int core_event(lua_State *L)
{
    push_event(L, sw_box_current_run(L));
    return 1;
}

/* step(f): what the runs of this batch call from now on */
static int core_step(lua_State *L)
{
    struct sw_run *r = sw_box_current_run(L);
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    luaL_unref(L, LUA_REGISTRYINDEX, r->batch->step);
    r->batch->step = LUA_NOREF;
    r->batch->step = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

/* instant(): of the current run, ms */
static int core_instant(lua_State *L)
{
    struct sw_box *b = sw_box_of(L);
    lua_pushinteger(L, b->now ? (lua_Integer)b->now->at : 0);
    return 1;
}

void sw_box_push_batch_core(lua_State *L)
{
    static const luaL_Reg core[] = {{"event", core_event},
                                    {"step", core_step},
                                    {"instant", core_instant},
                                    {"act", sw_box_act},
                                    {"action", sw_box_action},
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
    if (r->n_key) return *n = r->n_key, r->key;
    if (sw_event_key(r->batch->events, r->item, &v)) return *n = v.n, v.s;
    *n = (size_t)snprintf(text, size, "%lld", (long long)r->at);
    return text;
}

static void put_key(struct sw_buf *p, const struct sw_run *r)
{
    char text[32];
    size_t n;
    const char *s = lua_type(r->co, -1) == LUA_TSTRING ? lua_tolstring(r->co, -1, &n)
                                                       : sw_box_key_of(r, text, sizeof text, &n);
    sw_val_str(p, s, n > 200 ? 200 : n);
}

/* The map of a run that fired, up to the value of `key`, and of one that did not; the number of members is
 * put in later, as that of the actions. */
static const uint8_t fired_head[] = {SW_V_MAP, 0,   0,   0,   0,         5, 'f', 'i', 'r',
                                     'e',      'd', SW_V_TRUE, 3, 'k', 'e', 'y'};
static const uint8_t quiet_head[] = {SW_V_MAP, 0,   0,   0,   0,   5,
                                     'f',      'i', 'r', 'e', 'd', SW_V_FALSE};
static const uint8_t actions_head[] = {7, 'a', 'c', 't', 'i', 'o', 'n', 's', SW_V_ARR, 0, 0, 0, 0};

static void put_map(struct sw_buf *p, struct sw_run *r, bool fired, struct sw_rd out)
{
    struct sw_val v = {0};
    size_t at = p->len + 5, n = fired ? 2 : 1;
    if (fired) {
        sw_buf_put(p, fired_head, sizeof fired_head);
        put_key(p, r);
    } else {
        sw_buf_put(p, quiet_head, sizeof quiet_head);
    }
    if (fired && r->n_actions) {
        sw_buf_put(p, actions_head, sizeof actions_head);
        sw_val_close(p, p->len, r->n_actions);
        sw_buf_put(p, r->actions.data, r->actions.len);
        n++;
    }
    if (out.p && sw_val_next(&out, &v) && v.kind == SW_V_MAP) {
        sw_buf_put(p, out.p, sw_rd_left(&out));
        n += v.n;
    }
    sw_val_close(p, at, n);
}

/* What the library left in the run's `out`. */
static int pack_out(struct sw_box *b, struct sw_run *r, struct sw_buf *out)
{
    int rc;
    b->now = r;
    rc = sw_box_protect(b, collect_out, out, &b->fault);
    b->now = NULL;
    if (rc == SW_OK && r->actions.len + out->len > SW_BOX_OUTPUT_MAX)
        rc = sw_fail(&b->fault, SW_E_LIMIT, "more than %d KB of data", SW_BOX_OUTPUT_MAX / 1024);
    return rc;
}

bool sw_box_pack_result(struct sw_box *b, struct sw_run *r)
{
    bool fired = !r->stopped && lua_toboolean(r->co, -2), tells;
    struct sw_buf out = {.max = SW_BOX_OUTPUT_MAX};
    int rc = r->cur == LUA_NOREF ? SW_OK : pack_out(b, r, &out);
    b->now = NULL;
    if (rc == SW_OK) {
        if (!b->packed_n++) b->packed_first = r->n;
        tells = fired || out.len > 5;
        sw_buf_byte(&b->packed, tells);
        if (tells) put_map(&b->packed, r, fired, sw_rd_of(out.data, out.len));
    }
    sw_buf_clear(&out);
    return rc == SW_OK;
}

/* ---- running ---- */

void sw_box_leave_batch(struct sw_box *b, struct sw_batch *batch)
{
    if (--batch->users) return;
    luaL_unref(b->L, LUA_REGISTRYINDEX, batch->head);
    luaL_unref(b->L, LUA_REGISTRYINDEX, batch->meta);
    luaL_unref(b->L, LUA_REGISTRYINDEX, batch->step);
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
    o->batch->meta = luaL_ref(L, LUA_REGISTRYINDEX);
    o->batch->head = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static int new_thread(lua_State *L)
{
    struct sw_box *b = lua_touserdata(L, 1);
    b->spare_co = lua_newthread(L);
    b->spare = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static struct sw_run *open_run(struct sw_box *b, struct sw_batch *batch, uint64_t n, size_t i)
{
    struct sw_run *r = sw_box_free_slot(b);
    struct sw_packed event = {0};
    if (!r) return NULL;
    sw_packed_open(sw_event_item(batch->events, i), &event);
    r->n = n;
    r->cur = r->thread = LUA_NOREF;
    r->calls = 0;
    r->used_ns = 0;
    r->budget_ns = batch->budget_ns;
    r->batch = batch;
    batch->users++;
    r->item = i;
    r->key = event.key;
    r->n_key = event.n_key;
    r->at = event.at;
    return r;
}

/* Over, with a result: its coroutine and its place go to the next. */
static void close_run(struct sw_box *b, struct sw_run *r)
{
    lua_settop(r->co, 0);
    b->spare = r->thread;
    if (r->cur != LUA_NOREF) luaL_unref(b->L, LUA_REGISTRYINDEX, r->cur);
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
}

static int give_two(lua_State *L, int status, lua_KContext k)
{
    (void)L, (void)status, (void)k;
    return 2;
}

/* A run on its coroutine: the rule as a function of the event. The first one makes that function. */
static int enter(lua_State *L)
{
    struct sw_box *b = sw_box_of(L);
    const struct sw_batch *batch = b->now->batch;
    bool known = batch->step != LUA_NOREF;
    lua_rawgeti(L, LUA_REGISTRYINDEX, known ? batch->step : b->enter);
    if (!known) lua_rawgeti(L, LUA_REGISTRYINDEX, batch->head);
    push_event(L, b->now);
    lua_callk(L, known ? 1 : 2, 2, 0, give_two);
    return 2;
}

static int one_run(struct sw_box *b, struct sw_run *r, struct sw_err *err)
{
    int status, n = 0;
    bool expired;
    sw_box_stand(b, r->n);
    if (b->spare == LUA_NOREF && sw_box_protect(b, new_thread, b, NULL) < 0)
        return sw_box_after(b, r, LUA_ERRMEM, false, err);
    r->thread = b->spare;
    r->co = b->spare_co;
    b->spare = LUA_NOREF;
    b->now = r;
    sw_limits_begin_unseen(&b->limits, r->co, r->budget_ns);
    lua_pushcfunction(r->co, enter);
    status = lua_resume(r->co, b->L, 0, &n);
    expired = b->limits.expired;
    if (status == LUA_OK && !expired && sw_box_pack_result(b, r)) {
        sw_limits_end(&b->limits);
        close_run(b, r);
        return SW_OK;
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

/* Rules and library are kept, and what runs make goes at once: when the heap has grown by half, and by more
 * than may be young, since it was last looked at, all of it counts as old and the collector visits what is
 * young. The look costs a full collection, so a small box first shows that it has much to do. */
void sw_box_settle_heap(struct sw_box *b)
{
    size_t used = b->limits.mem_used, young;
    if (used < LARGE_BYTES && b->ran < MANY_RUNS) return;
    if (used < b->settled + b->settled / 2 + YOUNG_BYTES) return;
    lua_gc(b->L, LUA_GCINC, 0, 0, 0);
    lua_gc(b->L, LUA_GCGEN, 0, 0);
    b->settled = b->limits.mem_used;
    young = YOUNG_BYTES / (b->settled / 100 + 1);
    lua_gc(b->L, LUA_GCGEN, young < 1 ? 1 : young > 20 ? 20 : (int)young, 0);
    lua_gc(b->L, LUA_GCSTEP, 0); /* Lua 5.4.4 waits as long as before otherwise */
    sw_slab_settle(b->limits.slab);
}

int sw_box_start_batch(struct sw_box *b, struct sw_rd frame, struct sw_err *err)
{
    struct sw_batch *batch = sw_zalloc(sizeof *batch);
    struct opening o = {.batch = batch, .box = b};
    int64_t n = 0, ms = 0;
    int rc;
    *batch = (struct sw_batch){.head = LUA_NOREF, .meta = LUA_NOREF, .step = LUA_NOREF, .users = 1};
    if (!sw_val_get_int(frame, "n", &n) || n <= 0 || !sw_val_get_int(frame, "cpu_ms", &ms) ||
        ms <= 0 || ms > 3600000 || !sw_val_find(frame, "head", &o.head) ||
        !sw_val_find(frame, "names", &o.names) || !sw_val_find(frame, "items", &o.items)) {
        sw_free(batch);
        return sw_fail(err, SW_E_BAD, "a batch without number, budget or events");
    }
    batch->budget_ns = ms * 1000000;
    sw_box_settle_heap(b);
    sw_box_stand(b, (uint64_t)n);
    rc = sw_box_protect(b, open_batch, &o, err);
    if (rc == SW_OK) rc = run_all(b, batch, (uint64_t)n, o.n, err);
    b->ran += o.n;
    sw_box_stand(b, 0);
    sw_box_leave_batch(b, batch);
    return rc;
}
