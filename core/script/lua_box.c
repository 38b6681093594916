/* SPDX-License-Identifier: MIT
 * sw.box: the pool of boxes for trusted Lua. The pool is made on first use with the library files
 * of lua/box.
 *   configure{memory_mb, allow_unconfined}            before the first use, or after close
 *   load(user, package, {{name, source}...}) -> {{name, ok, out, error}...}       waits
 *   run(user, package, {{spec, cpu_ms}...} [, on_call]) -> {{ok, killed, unserved, cpu_us, out,
 *                      error}...} in order; waits. unserved: no worker could be had. on_call(call, index, name, args) runs as a task for each thing
 *                      run `index` asks of the engine, and must reply; without it asking is refused
 *   pack({{event, at, key}...}) -> those events as bytes, for one batch or many
 *   batch(user, package, head, events, cpu_ms [, on_call]) -> as run; one rule over many events, a list
 *                      or a pack: head = { script, params, user, zone ... }; results of runs that had
 *                      nothing to tell are one and the same table, with out.fired = false, and took
 *                      results.quiet_us together; results.told lists the indexes of the others,
 *                      results.failed says whether one of them failed. on_call(nil, index) says that a run
 *                      is over which asked for something, while others of its batch are not
 *   plain(out, allowed, texts) -> is it a clean key and actions of texts alone, each in allowed = { name =
 *                      the argument that it needs, or true }, each argument's name in texts?
 *   body(call, text)   a document that goes with the reply to come, read there by core.json()
 *   reply(call, ok, value | text)
 *   identity() -> a text that changes with the box's program
 *   confinement() -> text        stats() -> table
 *   pid(user, package)           of the worker that serves it, nil if none does
 *   interrupt(user, package) -> whether something of it ran, which then fails with "stopped"
 *   close()            waits until every worker has ended; not while runs are under way */
#include "base/alloc.h"
#include "base/log.h"
#include "box/frame_lua.h"
#include "script/outcome.h"
#include "script/pack_lua.h"
#include "script/task.h"
#include "script/workers.h"
#include "script/workers_host.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_LIBRARY = 64, MAX_RUNS = 10000, WORDS_MOST = 8192 };
#define SPEC_MOST ((size_t)256 << 10)
static const char POOL = 0;

struct pool {
    struct sw_workers *workers;
    size_t memory_bytes;
    size_t busy; /* loads and runs under way */
    bool unconfined;
    struct sw_host *host;
    lua_State *main;
};

struct gather { /* results of one load or run call, until the last one is in */
    struct sw_wait wait;
    size_t want, have;
    int list;    /* registry reference of the result list */
    int handler; /* of on_call, or LUA_NOREF */
    int quiet;   /* what stands for a run of a batch that had nothing to tell, or LUA_NOREF */
    int told;    /* of a batch: indexes of the other runs */
    bool *asked; /* of a batch: runs that asked for something; their end is told to the handler */
    size_t n_told;
    int64_t quiet_us; /* CPU time of the quiet ones */
    bool failed;      /* one of them did */
    struct pool *pool;
};

static struct pool *pool_of(lua_State *L)
{
    struct pool *p;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &POOL);
    p = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return p;
}

static char *slurp(const char *path, size_t *n)
{
    struct sw_buf b;
    FILE *f = fopen(path, "re");
    uint8_t *to;
    if (!f) return NULL;
    sw_buf_init(&b, 1 << 20);
    while ((to = sw_buf_room(&b, 4096)) && (*n = fread(to, 1, 4096, f)) > 0) b.len += *n;
    fclose(f);
    *n = b.len;
    sw_buf_byte(&b, 0);
    return sw_buf_take(&b);
}

/* The library files of lua/box by their names without .lua. */
static size_t library(const char *share, struct sw_workers_file *out)
{
    char dir[1024], path[1400];
    struct dirent **e;
    size_t k = 0;
    int n;
    snprintf(dir, sizeof dir, "%s/lua/box", share);
    n = scandir(dir, &e, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        size_t len = strlen(e[i]->d_name);
        if (len > 4 && !strcmp(e[i]->d_name + len - 4, ".lua") && k < MAX_LIBRARY) {
            snprintf(path, sizeof path, "%s/%s", dir, e[i]->d_name);
            out[k].source = slurp(path, &out[k].bytes);
            out[k].name = sw_strndup(e[i]->d_name, len - 4);
            if (out[k].source) k++;
        }
        free(e[i]);
    }
    if (n >= 0) free(e);
    return k;
}

static struct sw_workers *workers(lua_State *L)
{
    struct pool *p = pool_of(L);
    struct sw_engine *e = sw_lua_engine(L);
    struct sw_workers_file lib[MAX_LIBRARY];
    struct sw_workers_config c = {.box_path = sw_host_box_path(p->host),
                                  .library = lib,
                                  .memory_bytes = p->memory_bytes,
                                  .allow_unconfined = p->unconfined};
    struct sw_err err = SW_ERR_INIT;
    if (p->workers) return p->workers;
    c.n_library = library(e->share, lib);
    p->workers = sw_workers_new((struct uv_loop_s *)e->loop, &c, &err);
    for (size_t i = 0; i < c.n_library; i++) {
        sw_free((void *)(uintptr_t)lib[i].name);
        sw_free((void *)(uintptr_t)lib[i].source);
    }
    if (!p->workers) luaL_error(L, "%s", err.text);
    return p->workers;
}

static void push_rd(lua_State *L, struct sw_rd r)
{
    if (r.p && sw_rd_left(&r)) sw_frame_push(L, &r);
    else lua_pushnil(L);
}

static void gather_free(lua_State *L, struct gather *g)
{
    luaL_unref(L, LUA_REGISTRYINDEX, g->list);
    luaL_unref(L, LUA_REGISTRYINDEX, g->handler);
    luaL_unref(L, LUA_REGISTRYINDEX, g->quiet);
    luaL_unref(L, LUA_REGISTRYINDEX, g->told);
    g->pool->busy--;
    sw_free(g->asked);
    sw_free(g);
}

/* The words of an error come from a worker: cleaned and cut before any of us shows them. */
static void clean_word(lua_State *L, const char *key, size_t most, int one_line)
{
    struct sw_buf b;
    size_t n;
    const char *s;
    if (lua_getfield(L, -1, key) == LUA_TSTRING) {
        s = lua_tolstring(L, -1, &n);
        sw_buf_init(&b, 3 * most + 16);
        sw_text_clean(&b, s, n < most ? n : most, one_line);
        lua_pushlstring(L, sw_buf_str(&b), b.len);
        sw_buf_clear(&b);
    } else {
        lua_pushnil(L);
    }
    lua_setfield(L, -3, key);
    lua_pop(L, 1);
}

static void push_error(lua_State *L, struct sw_rd r)
{
    push_rd(L, r);
    if (!lua_istable(L, -1)) return;
    clean_word(L, "message", WORDS_MOST, 1);
    clean_word(L, "text", WORDS_MOST, 0);
    clean_word(L, "script", 60, 1);
    clean_word(L, "hint", WORDS_MOST, 1);
    lua_getfield(L, -1, "line");
    if (!lua_isinteger(L, -1)) lua_pushnil(L), lua_setfield(L, -3, "line");
    lua_pop(L, 1);
}

static void push_result(lua_State *L, const struct sw_run_result *r)
{
    lua_createtable(L, 0, 4);
    lua_pushboolean(L, r->ok), lua_setfield(L, -2, "ok");
    if (r->killed) lua_pushboolean(L, 1), lua_setfield(L, -2, "killed");
    if (r->unserved) lua_pushboolean(L, 1), lua_setfield(L, -2, "unserved");
    lua_pushinteger(L, r->cpu_us), lua_setfield(L, -2, "cpu_us");
    if (r->name) lua_pushstring(L, r->name), lua_setfield(L, -2, "name");
    push_rd(L, r->out), lua_setfield(L, -2, "out");
    if (!r->ok) push_error(L, r->error), lua_setfield(L, -2, "error");
}

static bool is_map(struct sw_rd r)
{
    struct sw_val v;
    return r.p && sw_val_next(&r, &v) && v.kind == SW_V_MAP;
}

/* Push what came of one run of a batch, and note its place unless it is quiet. */
static void push_batched(lua_State *L, struct gather *g, const struct sw_run_result *r)
{
    if (r->ok && !is_map(r->out)) {
        g->quiet_us += r->cpu_us;
        lua_rawgeti(L, LUA_REGISTRYINDEX, g->quiet);
        return;
    }
    g->failed |= !r->ok;
    lua_rawgeti(L, LUA_REGISTRYINDEX, g->told);
    lua_pushinteger(L, (lua_Integer)r->tag + 1);
    lua_rawseti(L, -2, (lua_Integer)++g->n_told);
    lua_pop(L, 1);
    push_result(L, r);
}

/* What a batch came to, beside its results in the list on top. */
static void put_sums(lua_State *L, const struct gather *g)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, g->told);
    lua_setfield(L, -2, "told");
    lua_pushboolean(L, g->failed);
    lua_setfield(L, -2, "failed");
    lua_pushinteger(L, (lua_Integer)g->quiet_us);
    lua_setfield(L, -2, "quiet_us");
}

/* handler(call, index, name, args) as a task; with a call of 0 it is told nil: this run is over. */
static int spawn_handler(lua_State *L, const struct gather *g, uint64_t call, uint64_t tag, const char *name,
                         struct sw_rd args)
{
    lua_getglobal(L, "sw");
    lua_getfield(L, -1, "spawn");
    lua_remove(L, -2);
    lua_rawgeti(L, LUA_REGISTRYINDEX, g->handler);
    if (call) lua_pushinteger(L, (lua_Integer)call);
    else lua_pushnil(L);
    lua_pushinteger(L, (lua_Integer)tag + 1);
    lua_pushstring(L, name);
    push_rd(L, args);
    if (lua_pcall(L, 5, 0, 0) == LUA_OK) return SW_OK;
    lua_pop(L, 1);
    return SW_E_INTERNAL;
}

static void on_result(void *ctx, const struct sw_run_result *r)
{
    struct gather *g = ctx;
    struct sw_wait w = g->wait;
    lua_State *L = g->wait.co;
    lua_rawgeti(L, LUA_REGISTRYINDEX, g->list);
    if (g->quiet != LUA_NOREF) push_batched(L, g, r);
    else push_result(L, r);
    lua_rawseti(L, -2, (lua_Integer)r->tag + 1);
    if (++g->have < g->want) {
        lua_pop(L, 1);
        if (g->asked && g->asked[r->tag]) spawn_handler(g->pool->main, g, 0, r->tag, NULL, sw_rd_of(NULL, 0));
        return;
    }
    if (g->quiet != LUA_NOREF) put_sums(L, g);
    gather_free(L, g);
    sw_wake(&w, 1);
}

/* A script waits for an answer. */
static void on_call(void *ctx, const struct sw_run_call *c)
{
    struct gather *g = ctx;
    if (g->asked) g->asked[c->tag] = true;
    if (spawn_handler(g->pool->main, g, c->call, c->tag, c->name, c->args))
        sw_workers_reply(g->pool->workers, c->call, false, sw_rd_of(NULL, 0), NULL);
}

static struct gather *gather_new(lua_State *L, size_t want)
{
    struct gather *g = sw_zalloc(sizeof *g);
    g->pool = pool_of(L);
    g->pool->busy++;
    g->want = want;
    g->handler = g->quiet = g->told = LUA_NOREF;
    lua_createtable(L, (int)want, 0);
    g->list = luaL_ref(L, LUA_REGISTRYINDEX);
    g->wait = sw_task_begin(L, "a script");
    return g;
}

static int refuse(lua_State *L, struct gather *g, int rc, const struct sw_err *err)
{
    luaL_unref(L, LUA_REGISTRYINDEX, g->wait.ref);
    gather_free(L, g);
    return sw_push_err(L, rc, err);
}

static int l_load(lua_State *L)
{
    const char *user = luaL_checkstring(L, 1), *package = luaL_checkstring(L, 2);
    struct sw_workers *w = workers(L);
    size_t n = (size_t)luaL_len(L, 3);
    struct sw_workers_file *file = lua_newuserdatauv(L, (n + 1) * sizeof *file, 0);
    struct sw_workers_on on = {on_result, NULL, NULL};
    struct sw_err err = SW_ERR_INIT;
    int rc;
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, 3, (lua_Integer)i + 1);
        lua_getfield(L, -1, "name");
        lua_getfield(L, -2, "source");
        file[i] = (struct sw_workers_file){luaL_checkstring(L, -2), luaL_checkstring(L, -1), 0};
        lua_tolstring(L, -1, &file[i].bytes);
        lua_pop(L, 3); /* the argument keeps the texts */
    }
    on.ctx = gather_new(L, n);
    rc = sw_workers_load(w, user, package, file, n, &on, &err);
    if (rc) return refuse(L, on.ctx, rc, &err);
    return sw_task_yield(L);
}

static int encode_specs(lua_State *L, struct sw_run_spec *spec, struct sw_buf *b, size_t n,
                        struct sw_err *err)
{
    int rc = 0;
    for (size_t i = 0; i < n && !rc; i++) {
        lua_rawgeti(L, 3, (lua_Integer)i + 1);
        lua_getfield(L, -1, "spec");
        sw_buf_init(&b[i], SPEC_MOST);
        rc = sw_frame_encode(L, -1, &b[i], SW_ENCODE_STRICT, err);
        lua_getfield(L, -2, "cpu_ms");
        spec[i] = (struct sw_run_spec){i, sw_rd_of(b[i].data, b[i].len),
                                       (uint32_t)lua_tointeger(L, -1)};
        lua_pop(L, 3);
    }
    return rc;
}

static int l_run(lua_State *L)
{
    const char *user = luaL_checkstring(L, 1), *package = luaL_checkstring(L, 2);
    struct sw_workers *w = workers(L);
    size_t n = (size_t)luaL_len(L, 3);
    struct sw_workers_on on = {on_result, lua_isfunction(L, 4) ? on_call : NULL, NULL};
    struct sw_err err = SW_ERR_INIT;
    struct sw_run_spec *spec;
    struct gather *g;
    struct sw_buf *b;
    int rc;
    luaL_argcheck(L, n >= 1 && n <= MAX_RUNS, 3, "1 to 10000 runs");
    spec = sw_zalloc(n * sizeof *spec);
    b = sw_zalloc(n * sizeof *b);
    rc = encode_specs(L, spec, b, n, &err);
    on.ctx = g = gather_new(L, n);
    if (on.call) {
        lua_pushvalue(L, 4);
        g->handler = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    if (!rc) rc = sw_workers_run(w, user, package, spec, n, &on, &err);
    for (size_t i = 0; i < n; i++) sw_buf_clear(&b[i]);
    sw_free(b);
    sw_free(spec);
    if (rc) return refuse(L, on.ctx, rc, &err);
    return sw_task_yield(L);
}

static void push_quiet(lua_State *L)
{
    lua_createtable(L, 0, 2);
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "ok");
    lua_createtable(L, 0, 1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "fired");
    lua_setfield(L, -2, "out");
}

static int l_pack(lua_State *L)
{
    struct sw_err err = SW_ERR_INIT;
    int rc;
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argcheck(L, lua_rawlen(L, 1) >= 1 && lua_rawlen(L, 1) <= MAX_RUNS, 1, "1 to 10000 events");
    rc = sw_pack_push(L, 1, &err);
    return rc ? sw_push_err(L, rc, &err) : 1;
}

/* The events at 4, packed now unless they are. */
static int pack_events(lua_State *L, struct sw_err *err)
{
    int rc;
    if (sw_pack_at(L, 4)) return 0;
    luaL_checktype(L, 4, LUA_TTABLE);
    luaL_argcheck(L, lua_rawlen(L, 4) >= 1 && lua_rawlen(L, 4) <= MAX_RUNS, 4, "1 to 10000 events");
    rc = sw_pack_push(L, 4, err);
    if (!rc) lua_replace(L, 4);
    return rc;
}

static struct gather *gather_batch(lua_State *L, size_t n)
{
    struct gather *g = gather_new(L, n);
    push_quiet(L);
    g->quiet = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    g->told = luaL_ref(L, LUA_REGISTRYINDEX);
    if (lua_isfunction(L, 6)) {
        lua_pushvalue(L, 6);
        g->handler = luaL_ref(L, LUA_REGISTRYINDEX);
        g->asked = sw_zalloc(n * sizeof *g->asked);
    }
    return g;
}

static int l_batch(lua_State *L)
{
    const char *user = luaL_checkstring(L, 1), *package = luaL_checkstring(L, 2);
    struct sw_workers *w = workers(L);
    struct sw_workers_on on = {on_result, lua_isfunction(L, 6) ? on_call : NULL, NULL};
    struct sw_err err = SW_ERR_INIT;
    struct sw_batch_spec spec;
    const struct sw_pack *pack;
    struct sw_buf head;
    int rc;
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 6);
    rc = pack_events(L, &err);
    if (rc) return sw_push_err(L, rc, &err);
    pack = sw_pack_at(L, 4);
    sw_buf_init(&head, SPEC_MOST);
    rc = sw_frame_encode(L, 3, &head, SW_ENCODE_STRICT, &err);
    spec = sw_pack_spec(pack, sw_rd_of(head.data, head.len), (uint32_t)lua_tointeger(L, 5));
    on.ctx = gather_batch(L, sw_pack_count(pack));
    if (!rc) rc = sw_workers_batch(w, user, package, &spec, &on, &err);
    sw_buf_clear(&head);
    if (rc) return refuse(L, on.ctx, rc, &err);
    return sw_task_yield(L);
}

static int l_body(lua_State *L)
{
    struct sw_err err = SW_ERR_INIT;
    size_t n;
    const char *text = luaL_checklstring(L, 2, &n);
    int rc = sw_workers_body(workers(L), (uint64_t)luaL_checkinteger(L, 1), text, n, &err);
    if (rc) return sw_push_err(L, rc, &err);
    lua_pushboolean(L, 1);
    return 1;
}

static int l_reply(lua_State *L)
{
    struct sw_buf b;
    struct sw_err err = SW_ERR_INIT;
    uint64_t call = (uint64_t)luaL_checkinteger(L, 1);
    int rc;
    lua_settop(L, 3);
    sw_buf_init(&b, SPEC_MOST);
    rc = sw_frame_encode(L, 3, &b, SW_ENCODE_STRICT, &err);
    if (!rc)
        rc = sw_workers_reply(workers(L), call, lua_toboolean(L, 2), sw_rd_of(b.data, b.len), &err);
    sw_buf_clear(&b);
    if (rc) return sw_push_err(L, rc, &err);
    lua_pushboolean(L, 1);
    return 1;
}

static int l_configure(lua_State *L)
{
    struct pool *p = pool_of(L);
    if (p->workers) return luaL_error(L, "the box is running already");
    lua_getfield(L, 1, "memory_mb");
    p->memory_bytes = (size_t)(luaL_optnumber(L, -1, 32) * 1024 * 1024);
    lua_getfield(L, 1, "allow_unconfined");
    p->unconfined = lua_toboolean(L, -1);
    return 0;
}

static int l_confinement(lua_State *L)
{
    struct pool *p = pool_of(L);
    lua_pushstring(L, p->workers ? sw_workers_confinement(p->workers) : "not started");
    return 1;
}

static int l_identity(lua_State *L)
{
    const char *path = sw_host_box_path(pool_of(L)->host);
    struct stat st;
    if (!path || stat(path, &st) < 0) lua_pushstring(L, "none");
    else
        lua_pushfstring(L, "%s %I %I.%d", path, (LUAI_UACINT)st.st_size, (LUAI_UACINT)st.st_mtim.tv_sec,
                        (int)st.st_mtim.tv_nsec);
    return 1;
}

static int l_stats(lua_State *L)
{
    struct sw_workers_stats s = {0};
    struct pool *p = pool_of(L);
    if (p->workers) sw_workers_get_stats(p->workers, &s);
    lua_createtable(L, 0, 6);
    lua_pushinteger(L, (lua_Integer)s.started), lua_setfield(L, -2, "started");
    lua_pushinteger(L, (lua_Integer)s.killed), lua_setfield(L, -2, "killed");
    lua_pushinteger(L, (lua_Integer)s.crashed), lua_setfield(L, -2, "crashed");
    lua_pushinteger(L, (lua_Integer)s.runs), lua_setfield(L, -2, "runs");
    lua_pushinteger(L, (lua_Integer)s.requeued), lua_setfield(L, -2, "requeued");
    lua_pushinteger(L, s.live), lua_setfield(L, -2, "live");
    lua_pushinteger(L, s.running), lua_setfield(L, -2, "running");
    return 1;
}

static int l_pid(lua_State *L)
{
    const char *user = luaL_checkstring(L, 1), *package = luaL_checkstring(L, 2);
    struct pool *p = pool_of(L);
    pid_t pid = p->workers ? sw_workers_pid(p->workers, user, package) : 0;
    if (pid) lua_pushinteger(L, pid);
    else lua_pushnil(L);
    return 1;
}

static int l_interrupt(lua_State *L)
{
    const char *user = luaL_checkstring(L, 1), *package = luaL_checkstring(L, 2);
    struct pool *p = pool_of(L);
    lua_pushboolean(L, p->workers && sw_workers_interrupt(p->workers, user, package));
    return 1;
}

static void on_pool_ended(void *ctx)
{
    struct sw_wait w = *(struct sw_wait *)ctx;
    sw_free(ctx);
    sw_wake(&w, 0);
}

static int l_close(lua_State *L)
{
    struct pool *p = pool_of(L);
    struct sw_wait *w;
    if (p->busy) return luaL_error(L, "the box cannot be closed while scripts run");
    if (!p->workers) return 0;
    w = sw_alloc(sizeof *w);
    *w = sw_task_begin(L, "closing the box");
    sw_workers_close(p->workers, on_pool_ended, w);
    p->workers = NULL;
    return sw_task_yield(L);
}

static void on_closed(void *ctx)
{
    *(bool *)ctx = true;
}

/* Ends the workers with the state; runs the loop until their handles are closed. */
static int l_gc(lua_State *L)
{
    struct pool *p = lua_touserdata(L, 1);
    bool closed = false;
    if (!p->workers) return 0;
    sw_workers_close(p->workers, on_closed, &closed);
    p->workers = NULL;
    while (!closed && uv_run(sw_lua_engine(L)->loop, UV_RUN_ONCE)) continue;
    return 0;
}

int sw_open_box(lua_State *L)
{
    static const luaL_Reg f[] = {
        {"configure", l_configure}, {"load", l_load},   {"run", l_run},
        {"pack", l_pack},           {"batch", l_batch}, {"plain", sw_outcome_plain},
        {"body", l_body},           {"reply", l_reply}, {"confinement", l_confinement},
        {"identity", l_identity},   {"interrupt", l_interrupt},
        {"stats", l_stats},         {"pid", l_pid},     {"close", l_close},
        {NULL, NULL}};
    struct pool *p = lua_newuserdatauv(L, sizeof *p, 0);
    memset(p, 0, sizeof *p);
    p->host = sw_lua_host(L);
    p->main = L;
    lua_newtable(L);
    lua_pushcfunction(L, l_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &POOL);
    luaL_newlib(L, f);
    return 1;
}
