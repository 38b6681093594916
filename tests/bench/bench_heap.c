/* SPDX-License-Identifier: MIT
 * G2: what rules take of a box's Lua heap, in this process.
 *   bench_heap LIBRARY RULE N     loads N copies of the rule, collects, divides */
#include "bench.h"
#include "box/box_priv.h"
#include "../support/box_library.h"

static int drop(void *ctx, const struct sw_buf *frames)
{
    long *failed = ctx;
    bool ok = true;
    sw_val_get_bool(sw_rd_of(frames->data + 4, frames->len - 4), "ok", &ok);
    *failed += !ok;
    return 0;
}

static void feed(struct sw_box *box, struct sw_buf *b, size_t map, size_t n)
{
    struct sw_err err = SW_ERR_INIT;
    sw_val_close(b, map, n);
    if (sw_box_feed(box, sw_rd_of(b->data, b->len), &err)) bench_die("box", &err);
    sw_buf_reset(b);
}

static size_t begin(struct sw_buf *b, const char *op)
{
    size_t map = sw_val_open(b, SW_V_MAP);
    sw_val_key(b, "op");
    sw_val_text(b, op);
    return map;
}

static void member(struct sw_buf *b, const char *key, const char *s, size_t n)
{
    sw_val_key(b, key);
    sw_val_str(b, s, n);
}

static void feed_library(struct sw_box *box, struct sw_buf *b, const char *dir)
{
    struct sw_workers_file lib[SW_TEST_LIBRARY_MAX];
    size_t n, map;
    setenv("SW_ROOT", dir, 1);
    n = sw_test_library(lib);
    for (size_t i = 0; i < n; i++) {
        map = begin(b, "lib");
        member(b, "name", lib[i].name, strlen(lib[i].name));
        member(b, "source", lib[i].source, lib[i].bytes);
        feed(box, b, map, 3);
    }
    feed(box, b, begin(b, "init"), 1);
    sw_test_library_free(lib, n);
}

static void load(struct sw_box *box, struct sw_buf *b, const char *source, size_t bytes, long i)
{
    char name[64];
    size_t map = begin(b, "run"), list, run;
    snprintf(name, sizeof name, "rules/automations/rule%ld.lua", i);
    sw_val_key(b, "runs");
    list = sw_val_open(b, SW_V_ARR);
    run = sw_val_open(b, SW_V_MAP);
    sw_val_key(b, "n"), sw_val_int(b, i + 1);
    sw_val_key(b, "cpu_ms"), sw_val_int(b, 1000);
    member(b, "op", "load", 4);
    member(b, "script", name, strlen(name));
    member(b, "source", source, bytes);
    sw_val_close(b, run, 5);
    sw_val_close(b, list, 1);
    feed(box, b, map, 2);
}

int main(int argc, char **argv)
{
    long failed = 0, n = argc == 4 ? atol(argv[3]) : 0;
    struct sw_box *box;
    struct sw_buf b;
    size_t bytes, before;
    char *source;
    if (argc != 4 || n < 1) bench_die("bench_heap ROOT RULE N", NULL);
    source = bench_read(argv[2], &bytes);
    sw_buf_init(&b, SW_FRAME_MAX);
    box = sw_box_new((size_t)1 << 30, NULL, drop, &failed);
    feed_library(box, &b, argv[1]);
    load(box, &b, source, bytes, 0);
    lua_gc(box->L, LUA_GCCOLLECT);
    before = box->limits.mem_used;
    for (long i = 1; i <= n; i++) load(box, &b, source, bytes, i);
    lua_gc(box->L, LUA_GCCOLLECT);
    if (failed) bench_die("a rule does not load", NULL);
    printf("{\"check\": %ld, \"bytes\": %.1f}\n", n, (double)(box->limits.mem_used - before) / (double)n);
    sw_box_free(box);
    sw_buf_clear(&b);
    free(source);
    return 0;
}
