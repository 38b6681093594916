/* SPDX-License-Identifier: MIT
 * G8: samples that arrive late, into days that are stored already.
 *   bench_late HOME SCHEMA N ROUNDS    N samples into each of ROUNDS days, a commit a day, between the
 *                                      minutes that bench_store filled; settling them is said apart */
#include "bench_home.h"
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_DAY = 16436, DAY_MS = 86400000, MINUTE_MS = 60000 }; /* 2015-01-01 */

static void arrive(struct bench_home *h, int64_t day, int n)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_batch batch;
    struct sw_counts counts = {0};
    struct sw_column_map map = {.metric = h->heart_rate, .convert = {1, 0}};
    sw_batch_init(&batch);
    for (int i = 0; i < n; i++)
        sw_batch_add(&batch, "heart_rate", "", 0, day * DAY_MS + (int64_t)i * 1440 / n * MINUTE_MS + 1000 + i % 7 * 1000, 0, 61 + i % 40, 0);
    if (sw_store_begin(h->store, true, &err) ||
        sw_ingest_column(h->store, &h->who, &batch.col[0], h->origin, &map, &counts, &err) || sw_store_commit(h->store, &err))
        bench_die("late", &err);
    if (counts.added != n) bench_die("late: not every sample was new", NULL);
    sw_counts_clear(&counts);
    sw_batch_clear(&batch);
}

int main(int argc, char **argv)
{
    struct bench_home h = {0};
    int n, rounds;
    double stored = 0, settled = 0;
    if (argc != 5 || (n = atoi(argv[3])) < 1 || n > 1440 || (rounds = atoi(argv[4])) < 1)
        bench_die("usage: bench_late HOME SCHEMA N ROUNDS", NULL);
    bench_home_open(&h, argv[1], argv[2], false);
    for (int i = -1; i < rounds; i++) { /* the first one warms the statements */
        double began = bench_cpu(), between;
        arrive(&h, FIRST_DAY + 10 + i * 3, n);
        between = bench_cpu();
        bench_settle(&h);
        if (i < 0) continue;
        stored += between - began;
        settled += bench_cpu() - between;
    }
    printf("{\"check\": %d, \"cpu_s\": %.9f, \"settle_s\": %.9f}\n", n * rounds, stored / rounds, settled / rounds);
    bench_home_close(&h);
    return 0;
}
