/* SPDX-License-Identifier: MIT
 * G1: one rule over N events of which each fires.
 *   bench_rules worker BOX LIBRARY RULE N    batches of 500 to a real worker, results gathered
 *   bench_rules bare RULE N                  lua_pcall of the rule's functions in a plain program:
 *                                            prepared tables, no limits, nothing checked
 *   bench_rules plain FILE                   G3: a script in plain Lua, which gives a number */
#include "base/alloc.h"
#include "bench.h"
#include "box/packed.h"
#include "script/workers.h"
#include <dirent.h>
#include <lauxlib.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { BATCH = 500, MAX_LIBRARY = 64 };
#define AT INT64_C(1772323200000)

/* ---- through a worker ---- */

struct dispatch {
    uv_loop_t loop;
    struct sw_workers *pool;
    long fired, done, failed;
    int64_t stated_us;
};

static void on_loaded(void *ctx, const struct sw_run_result *r)
{
    struct dispatch *d = ctx;
    d->done++;
    d->failed += !r->ok;
}

static void on_result(void *ctx, const struct sw_run_result *r)
{
    struct dispatch *d = ctx;
    struct sw_rd actions;
    bool fired = false;
    d->done++;
    d->stated_us += r->cpu_us;
    if (r->ok && sw_val_get_bool(r->out, "fired", &fired) && fired && sw_val_find(r->out, "actions", &actions)) d->fired++;
}

struct batch {
    struct sw_pack_names names;
    struct sw_buf head, list, items;
    uint32_t ends[BATCH];
};

static void text(struct batch *k, const char *name, const char *value)
{
    sw_pack_name(&k->items, &k->names, name, strlen(name));
    sw_val_text(&k->items, value);
}

static void number(struct batch *k, const char *name, int64_t value)
{
    sw_pack_name(&k->items, &k->names, name, strlen(name));
    sw_val_int(&k->items, value);
}

/* What rules.evaluate sends for a workout. */
static void put_event(struct batch *k, long n)
{
    char id[32];
    snprintf(id, sizeof id, "g%ld", n);
    sw_pack_begin(&k->items, &k->names, AT, "", 0);
    text(k, "id", id), text(k, "group", id), text(k, "kind", "workout"), text(k, "day", "2026-03-01");
    number(k, "start", AT - 5400000), number(k, "finish", AT), number(k, "offset_start", 60), number(k, "offset_finish", 60);
    text(k, "provider", "garmin"), text(k, "live", "live");
    sw_pack_attributes(&k->items);
    text(k, "sport", "running"), number(k, "elapsed_s", 5400), number(k, "distance_m", 15000), number(k, "hr_avg", 141);
    sw_pack_end(&k->items, &k->names);
}

static void put_head(struct sw_buf *b)
{
    size_t at = sw_val_open(b, SW_V_MAP);
    sw_val_key(b, "script"), sw_val_text(b, "rule.lua");
    sw_val_key(b, "user"), sw_val_text(b, "me");
    sw_val_key(b, "offset_min"), sw_val_int(b, 60);
    sw_val_close(b, at, 3);
}

static void wait_for(struct dispatch *d, long n)
{
    while (d->done < n && uv_run(&d->loop, UV_RUN_ONCE)) continue;
    if (d->done < n) bench_die("no worker answers", NULL);
}

static void send_batch(struct dispatch *d, struct batch *k, long from, long n)
{
    struct sw_workers_on on = {on_result, NULL, d};
    struct sw_batch_spec spec = {.items = k->items.data, .ends = k->ends, .n = (size_t)n, .cpu_ms = 200};
    struct sw_err err = SW_ERR_INIT;
    k->names.n = 0;
    sw_buf_reset(&k->items), sw_buf_reset(&k->head), sw_buf_reset(&k->list);
    for (long i = 0; i < n; i++) {
        put_event(k, from + i);
        k->ends[i] = (uint32_t)k->items.len;
    }
    put_head(&k->head);
    sw_pack_write_names(&k->list, &k->names);
    spec.items = k->items.data;
    spec.head = sw_rd_of(k->head.data, k->head.len);
    spec.names = sw_rd_of(k->list.data, k->list.len);
    if (sw_workers_batch(d->pool, "me", "bench", &spec, &on, &err)) bench_die("run", &err);
}

static size_t library(const char *dir, struct sw_workers_file *out)
{
    struct dirent *e;
    size_t k = 0;
    DIR *d = opendir(dir);
    while (d && k < MAX_LIBRARY && (e = readdir(d))) {
        char path[4096], *dot = strrchr(e->d_name, '.');
        if (!dot || strcmp(dot, ".lua")) continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        out[k].source = bench_read(path, &out[k].bytes);
        out[k++].name = sw_strndup(e->d_name, (size_t)(dot - e->d_name));
    }
    if (d) closedir(d);
    return k;
}

static void open_pool(struct dispatch *d, const char *box, const char *lib_dir, const char *rule)
{
    struct sw_workers_file lib[MAX_LIBRARY], file = {.name = "rule.lua"};
    struct sw_workers_config c = {.box_path = box, .library = lib};
    struct sw_workers_on on = {on_loaded, NULL, d};
    struct sw_err err = SW_ERR_INIT;
    c.n_library = library(lib_dir, lib);
    uv_loop_init(&d->loop);
    d->pool = sw_workers_new(&d->loop, &c, &err);
    if (!d->pool) bench_die("pool", &err);
    file.source = bench_read(rule, &file.bytes);
    if (sw_workers_load(d->pool, "me", "bench", &file, 1, &on, &err)) bench_die("load", &err);
    wait_for(d, 1);
    if (d->failed) bench_die("the rule does not load", NULL);
    d->done = 0;
}

static void worker(const char *box, const char *lib_dir, const char *rule, long n)
{
    struct dispatch d = {0};
    double engine, inside, engine_before, inside_before;
    struct batch k = {0};
    sw_buf_init(&k.items, 16u << 20), sw_buf_init(&k.head, 4096), sw_buf_init(&k.list, 65536);
    open_pool(&d, box, lib_dir, rule);
    engine_before = bench_cpu(), inside_before = bench_children_cpu();
    for (long i = 0; i < n; i += BATCH) {
        send_batch(&d, &k, i, n - i < BATCH ? n - i : BATCH);
        wait_for(&d, i + (n - i < BATCH ? n - i : BATCH));
    }
    engine = bench_cpu() - engine_before, inside = bench_children_cpu() - inside_before;
    printf("{\"check\": %ld, \"cpu_s\": %.6f, \"inside_s\": %.6f, \"stated_s\": %.6f}\n", d.fired, engine + inside, inside,
           (double)d.stated_us / 1e6);
    sw_workers_close(d.pool, NULL, NULL);
    uv_run(&d.loop, UV_RUN_DEFAULT);
    sw_buf_clear(&k.items), sw_buf_clear(&k.head), sw_buf_clear(&k.list);
}

/* ---- bare ---- */

static const char HARNESS[] =
    "package.loaded.syncwell = { rule = function(t) return t end, event = function(e) return e end }\n"
    "local rule, actions = dofile(...), {}\n"
    "local w = { kind = 'workout', sport = 'running', elapsed_s = 5400, distance_m = 15000, hr_avg = 141 }\n"
    "local ctx = { params = {}, notify = function(a) actions[#actions + 1] = a end }\n"
    "return function()\n"
    "  if rule.when(w, ctx) then rule.run(w, ctx) end\n"
    "  if #actions == 500 then actions = {} return 500 end\n"
    "end\n";

static void bare(const char *rule, long n)
{
    lua_State *L = luaL_newstate();
    lua_Integer fired = 0;
    double from;
    luaL_openlibs(L);
    if (luaL_loadstring(L, HARNESS)) bench_die(lua_tostring(L, -1), NULL);
    lua_pushstring(L, rule);
    if (lua_pcall(L, 1, 1, 0)) bench_die(lua_tostring(L, -1), NULL);
    from = bench_cpu();
    for (long i = 0; i < n; i++) {
        lua_pushvalue(L, -1);
        if (lua_pcall(L, 0, 1, 0)) bench_die(lua_tostring(L, -1), NULL);
        fired += lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    printf("{\"check\": %lld, \"cpu_s\": %.6f}\n", (long long)fired, bench_cpu() - from);
    lua_close(L);
}

/* ---- G3 ---- */

static void plain(const char *file)
{
    lua_State *L = luaL_newstate();
    double from;
    luaL_openlibs(L);
    if (luaL_loadfile(L, file)) bench_die(lua_tostring(L, -1), NULL);
    from = bench_cpu();
    if (lua_pcall(L, 0, 1, 0)) bench_die(lua_tostring(L, -1), NULL);
    printf("{\"check\": %lld, \"cpu_s\": %.6f}\n", (long long)lua_tointeger(L, -1), bench_cpu() - from);
    lua_close(L);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc == 6 && !strcmp(argv[1], "worker")) worker(argv[2], argv[3], argv[4], atol(argv[5]));
    else if (argc == 4 && !strcmp(argv[1], "bare")) bare(argv[2], atol(argv[3]));
    else if (argc == 3 && !strcmp(argv[1], "plain")) plain(argv[2]);
    else bench_die("bench_rules worker BOX LIBRARY RULE N | bare RULE N | plain FILE", NULL);
    return 0;
}
