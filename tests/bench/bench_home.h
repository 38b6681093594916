/* SPDX-License-Identifier: MIT
 * A home to write to, with one person, connection and origin and the declared metric. */
#ifndef SW_BENCH_HOME_H
#define SW_BENCH_HOME_H
#include "bench.h"
#include "engine/ingest.h"
#include "engine/timeline.h"
#include "store/store.h"

struct bench_home {
    struct sw_store *store;
    struct sw_metrics *metrics;
    const struct sw_metric *heart_rate;
    struct sw_who who;
    int64_t origin, connection;
};

/* Open the home in folder dir, made when absent, with one person, connection and origin. Its zone
 * is UTC, so that days are the same as in a reference that divides. */
void bench_home_open(struct bench_home *h, const char *dir, const char *schema_dir, bool read_only);
void bench_home_close(struct bench_home *h);
void bench_settle(struct bench_home *h);        /* merged days, as the engine does when a job ends */
#endif
