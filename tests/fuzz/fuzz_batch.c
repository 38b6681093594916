/* SPDX-License-Identifier: MIT
 * Any bytes as what the engine sends a worker, above all batches of events: a box in this process, with a rule
 * that reads its event in every way, is fed one frame. It may refuse it and end; it may not step outside. */
#include "../support/box_library.h"
#include "box/worker.h"

/* The box stays from input to input, in pages that the sanitizer does not look into. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static const char RULE[] =
    "local sw = require 'syncwell'\n"
    "return sw.rule { on = 'workout.created', uses = { 'notify' },\n"
    "  when = function(w) return w.sport ~= 'none' end,\n"
    "  run = function(w, ctx)\n"
    "    local e, d = w.elapsed, w.distance\n"
    "    ctx.log(w.id, w.group, e, d, w.finish, w.day, tostring(w))\n"
    "    for k, v in pairs(w.attributes or {}) do ctx.log(k, v) end\n"
    "    ctx.notify { text = 'after ' .. tostring(w.sport), title = w.kind }\n"
    "    ctx.notify { text = '{e}', values = { e = w.elapsed_s or 0 }, id = 'x' }\n"
    "  end }\n";

static int on_send(void *ctx, const struct sw_buf *frames)
{
    size_t used, at = 0;
    struct sw_rd value;
    (void)ctx;
    while (at < frames->len) { /* what it says is sound */
        if (sw_frame_next((const uint8_t *)frames->data + at, frames->len - at, &used, &value, NULL) != 1) abort();
        at += used;
    }
    return 0;
}

static void feed(struct sw_box *box, struct sw_buf *b, size_t map, size_t n)
{
    struct sw_err err = SW_ERR_INIT;
    sw_val_close(b, map, n);
    if (sw_box_feed(box, sw_rd_of(b->data, b->len), &err) < 0) abort();
    sw_buf_reset(b);
}

static size_t begin(struct sw_buf *b, const char *op)
{
    size_t map = sw_val_open(b, SW_V_MAP);
    sw_val_key(b, "op"), sw_val_text(b, op);
    return map;
}

static void load_rule(struct sw_box *box, struct sw_buf *b)
{
    size_t map = begin(b, "run"), list, run;
    sw_val_key(b, "runs");
    list = sw_val_open(b, SW_V_ARR);
    run = sw_val_open(b, SW_V_MAP);
    sw_val_key(b, "n"), sw_val_int(b, 1);
    sw_val_key(b, "cpu_ms"), sw_val_int(b, 2000);
    sw_val_key(b, "op"), sw_val_text(b, "load");
    sw_val_key(b, "script"), sw_val_text(b, "rules/x.lua");
    sw_val_key(b, "source"), sw_val_text(b, RULE);
    sw_val_close(b, run, 5);
    sw_val_close(b, list, 1);
    feed(box, b, map, 2);
}

static struct sw_box *open_box(void)
{
    static struct sw_workers_file lib[SW_TEST_LIBRARY_MAX];
    static size_t n;
    struct sw_box *box = sw_box_new(8u << 20, NULL, on_send, NULL);
    struct sw_buf b;
    if (!box) abort();
    sw_buf_init(&b, SW_FRAME_MAX);
    if (!n) n = sw_test_library(lib);
    for (size_t i = 0; i < n; i++) {
        size_t map = begin(&b, "lib");
        sw_val_key(&b, "name"), sw_val_text(&b, lib[i].name);
        sw_val_key(&b, "source"), sw_val_str(&b, lib[i].source, lib[i].bytes);
        feed(box, &b, map, 3);
    }
    feed(box, &b, begin(&b, "init"), 1);
    load_rule(box, &b);
    sw_buf_clear(&b);
    return box;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sw_box *box;
    static int fed;
    struct sw_err err = SW_ERR_INIT;
    struct sw_rd value;
    size_t used;
    if (sw_frame_next(data, size, &used, &value, NULL) != 1) return 0;
    if (!box) box = open_box();
    if (sw_box_feed(box, value, &err) < 0 || ++fed % 2000 == 0) {
        sw_box_free(box);
        box = NULL;
    }
    return 0;
}
