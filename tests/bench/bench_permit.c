/* SPDX-License-Identifier: MIT */
#include "bench_permit.h"
#include "base/clock.h"
#include "bench.h"
#include "store/store_limits.h"
#include "store/worker.h"
#include <stdio.h>
#include <stdlib.h>

struct bench_permits {
    struct sw_worker *writer;
};

struct permit {
    struct sw_work work;
    void (*go)(void *ctx);
    void *ctx;
    int64_t wait_ms;
};

struct bench_permits *bench_permits_open(struct uv_loop_s *loop, const char *home, const char *schema)
{
    struct bench_permits *p = calloc(1, sizeof *p);
    struct sw_err err = SW_ERR_INIT;
    char url[4096];
    snprintf(url, sizeof url, "sqlite:%s/syncwell.db", home);
    p->writer = sw_worker_new(loop, url, schema, true, &err);
    if (!p->writer) bench_die("store", &err);
    return p;
}

static int spend(struct sw_store *s, struct sw_work *w, struct sw_err *err)
{
    static const struct sw_limit limits[] = {{"bench/1/all/900000", 100000000, 900000, true, 0},
                                             {"bench/1/all/86400000", 100000000, 86400000, true, 0}};
    struct permit *p = (struct permit *)w;
    int64_t now = sw_wall_ms(), until;
    int rc = sw_hold_get(s, "bench/1", now, &until, err);
    return rc ? rc : sw_limit_spend(s, limits, 2, 1, now, &p->wait_ms, err);
}

static void spent(struct sw_work *w)
{
    struct permit *p = (struct permit *)w;
    if (w->rc || p->wait_ms) bench_die("no permit", &w->err);
    p->go(p->ctx);
    free(p);
}

void bench_permit(struct bench_permits *b, void (*go)(void *ctx), void *ctx)
{
    struct permit *p = calloc(1, sizeof *p);
    p->work.run = spend, p->work.done = spent, p->go = go, p->ctx = ctx;
    sw_worker_submit(b->writer, &p->work);
}

void bench_permits_close(struct bench_permits *p)
{
    sw_worker_free(p->writer);
    free(p);
}
