/* SPDX-License-Identifier: MIT
 * What the benchmark programs share: CPU time, whole files, a home to write to, the declared metric.
 * Each program prints one line of JSON; whatever fails ends the program with a sentence. */
#ifndef SW_BENCH_H
#define SW_BENCH_H
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

double bench_cpu(void);     /* user + system seconds of this process, all threads */
void bench_die(const char *what, const struct sw_err *err) __attribute__((noreturn)); /* err may be NULL */
char *bench_read(const char *path, size_t *n);  /* whole file; caller frees */
/* Open the home in folder dir, made when absent, with one person, connection and origin. Its zone
 * is UTC, so that days are the same as in a reference that divides. */
void bench_home_open(struct bench_home *h, const char *dir, const char *schema_dir, bool read_only);
void bench_home_close(struct bench_home *h);
void bench_settle(struct bench_home *h);        /* merged days, as the engine does when a job ends */
#endif
