/* SPDX-License-Identifier: MIT
 * G6 and G7: a home with heart rate once a minute over years, and daily means from it.
 *   bench_store fill HOME SCHEMA RAW       store RAW (int64 UTC ms, double) through the ingest path
 *   bench_store rollups HOME SCHEMA DAYS ROUNDS
 *   bench_store chunks HOME SCHEMA DAYS ROUNDS ZONE
 * `chunks` decodes every sample of the window and cuts days at the zone's own midnights, which is
 * what a chart in another zone costs; a month at a time, so that it stays in the cache. */
#include "base/alloc.h"
#include "bench_home.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_DAY = 16436, STEP_DAYS = 30, READ_DAYS = 30 }; /* 2015-01-01 */

struct raw {
    int64_t start_ms;
    double value;
};

struct means {
    int64_t days, n;
    double sum;     /* of daily means */
};

static void store_step(struct bench_home *h, const struct raw *raw, size_t n)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_batch batch;
    struct sw_counts counts = {0};
    struct sw_column_map map = {.metric = h->heart_rate, .convert = {1, 0}};
    sw_batch_init(&batch);
    for (size_t i = 0; i < n; i++) sw_batch_add(&batch, "heart_rate", "", 0, raw[i].start_ms, 0, raw[i].value, 0);
    if (sw_store_begin(h->store, true, &err) ||
        sw_ingest_column(h->store, &h->who, &batch.col[0], h->origin, &map, &counts, &err) || sw_store_commit(h->store, &err))
        bench_die("fill", &err);
    if (counts.added != (int64_t)n) bench_die("fill: not every sample was new", NULL);
    sw_counts_clear(&counts);
    sw_batch_clear(&batch);
}

static void fill(struct bench_home *h, const char *path)
{
    size_t bytes, n, step = STEP_DAYS * 1440;
    char *text = bench_read(path, &bytes);
    double began = bench_cpu();
    n = bytes / sizeof(struct raw);
    for (size_t i = 0; i < n; i += step)
        store_step(h, (const struct raw *)text + i, n - i < step ? n - i : step);
    bench_settle(h);
    printf("{\"cpu_s\":%.6f,\"check\":\"%zu\"}\n", bench_cpu() - began, n);
    sw_free(text);
}

static int64_t series_of(struct bench_home *h, int64_t origin)
{
    struct sw_err err = SW_ERR_INIT;
    int64_t id;
    if (sw_series_find(h->store, h->who.id, "heart_rate", origin, false, &id, &err)) bench_die("no heart rate in that home", NULL);
    return id;
}

static void add_day(struct means *m, int64_t n, double sum)
{
    if (!n) return;
    m->days++;
    m->n += n;
    m->sum += sum / (double)n;
}

static void one_rollup(void *ctx, int64_t day, int64_t n, double sum)
{
    (void)day;
    add_day(ctx, n, sum);
}

static void from_rollups(struct bench_home *h, int days, struct means *m)
{
    struct sw_err err = SW_ERR_INIT;
    if (sw_rollup_sums(h->store, series_of(h, SW_ORIGIN_MERGED), FIRST_DAY, FIRST_DAY + days - 1, one_rollup, m, &err))
        bench_die("rollups", &err);
}

/* Days of sorted samples; the window ends with a midnight, so no day is cut in two. */
static void cut_days(const struct sw_samples *x, const struct sw_tz *zone, double scale, int64_t day, struct means *m)
{
    int64_t end = sw_tz_day_start(zone, day + 1), sum = 0, n = 0;
    for (size_t i = 0; i < x->n; i++) {
        while (x->at[i].start_ms >= end) {
            add_day(m, n, (double)sum / scale);
            sum = n = 0;
            end = sw_tz_day_start(zone, ++day + 1);
        }
        sum += x->at[i].value;
        n++;
    }
    add_day(m, n, (double)sum / scale);
}

static void from_chunks(struct bench_home *h, int days, const struct sw_tz *zone, struct means *m)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_series_rows rows = {0};
    struct sw_samples x = {0};
    if (sw_series_of_metric(h->store, h->who.id, "heart_rate", &rows, &err) || rows.n != 1) bench_die("series", &err);
    for (int64_t day = FIRST_DAY; day < FIRST_DAY + days; day += READ_DAYS) {
        int64_t last = day + READ_DAYS < FIRST_DAY + days ? day + READ_DAYS : FIRST_DAY + days;
        x.n = 0;
        if (sw_series_read(h->store, h->heart_rate, rows.at[0].id, sw_tz_day_start(zone, day), sw_tz_day_start(zone, last), &x, &err))
            bench_die("chunks", &err);
        cut_days(&x, zone, h->heart_rate->scale, day, m);
    }
    sw_samples_clear(&x);
    sw_free(rows.at);
}

static void daily(struct bench_home *h, int days, int rounds, const char *zone_name)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_tz *zone = zone_name ? sw_tz_open(zone_name, &err) : NULL;
    struct means m;
    double began = 0;
    if (zone_name && !zone) bench_die("zone", &err);
    for (int i = 0; i <= rounds; i++) { /* the first one warms the page cache */
        if (i == 1) began = bench_cpu();
        m = (struct means){0, 0, 0};
        if (zone) from_chunks(h, days, zone, &m);
        else from_rollups(h, days, &m);
    }
    printf("{\"cpu_s\":%.9f,\"check\":\"%" PRId64 " %" PRId64 " %.4f\"}\n", (bench_cpu() - began) / rounds, m.days, m.n, m.sum);
    sw_tz_close(zone);
}

int main(int argc, char **argv)
{
    struct bench_home h = {0};
    bool write = argc > 1 && !strcmp(argv[1], "fill");
    if (argc < 5) bench_die("usage: bench_store fill HOME SCHEMA RAW | rollups|chunks HOME SCHEMA DAYS ROUNDS [ZONE]", NULL);
    bench_home_open(&h, argv[2], argv[3], !write);
    if (write) fill(&h, argv[4]);
    else if (argc > 5) daily(&h, atoi(argv[4]), atoi(argv[5]), argc > 6 ? argv[6] : NULL);
    bench_home_close(&h);
    return 0;
}
