/* SPDX-License-Identifier: MIT
 * G14, its reading part: the daily values of many metrics over years, and the work they are read for.
 *   bench_days fill HOME SCHEMA METRICS DAYS       one value a day and metric, stored and settled
 *   bench_days read HOME SCHEMA METRICS DAYS ROUNDS
 *   bench_days correlate METRICS DAYS LAGS         exact rank correlations of every pair at each lag,
 *                                                  from arrays: nothing is read */
#include "base/alloc.h"
#include "bench_home.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_DAY = 16436 }; /* 2015-01-01 */

static double value_of(int metric, int day)
{
    return 60 + metric % 7 + 20 * sin(day * (0.01 + metric * 0.003)) + (day * 7919 + metric * 104729) % 97 * 0.1;
}

static const struct sw_metric *metric(struct bench_home *h, int i)
{
    struct sw_err err = SW_ERR_INIT;
    char name[32], unit[] = "1", title[] = "A daily figure";
    struct sw_metric row = {.name = name, .unit = unit, .title = title, .kind = SW_INSTANT, .daily = SW_AGG_MEAN,
                            .min = -1000, .max = 1000, .scale = 100};
    snprintf(name, sizeof name, "figure_%d", i);
    if (!sw_metrics_get(h->metrics, name) && sw_metrics_add(h->metrics, &row, &err)) bench_die("metrics", &err);
    return sw_metrics_get(h->metrics, name);
}

static void fill(struct bench_home *h, int metrics, int days)
{
    struct sw_err err = SW_ERR_INIT;
    for (int m = 0; m < metrics; m++) {
        struct sw_batch batch;
        struct sw_counts counts = {0};
        struct sw_column_map map = {.metric = metric(h, m), .convert = {1, 0}};
        sw_batch_init(&batch);
        for (int d = 0; d < days; d++)
            sw_batch_add(&batch, map.metric->name, "", 0, (int64_t)(FIRST_DAY + d) * 86400000 + 43200000, 0, value_of(m, d), 0);
        if (sw_store_begin(h->store, true, &err) ||
            sw_ingest_column(h->store, &h->who, &batch.col[0], h->origin, &map, &counts, &err) || sw_store_commit(h->store, &err))
            bench_die("fill", &err);
        sw_counts_clear(&counts);
        sw_batch_clear(&batch);
    }
    bench_settle(h);
    printf("{\"check\": %d}\n", metrics * days);
}

struct reading {
    double *to;
    int64_t first, n;
};

static void take_day(void *ctx, int64_t day, int64_t n, double sum)
{
    struct reading *x = ctx;
    x->to[day - x->first] = sum / (double)n;
    x->n++;
}

static void read_all(struct bench_home *h, int metrics, int days, int rounds)
{
    struct sw_err err = SW_ERR_INIT;
    struct reading x = {sw_alloc((size_t)days * sizeof(double)), FIRST_DAY, 0};
    double began = 0;
    for (int round = -1; round < rounds; round++) { /* the first one warms the page cache */
        if (round == 0) began = bench_cpu();
        x.n = 0;
        for (int m = 0; m < metrics; m++) {
            int64_t id;
            if (sw_series_find(h->store, h->who.id, metric(h, m)->name, SW_ORIGIN_MERGED, false, &id, &err) ||
                sw_rollup_sums(h->store, id, FIRST_DAY, FIRST_DAY + days - 1, take_day, &x, &err))
                bench_die("read", &err);
            if (fabs(x.to[days / 2] - value_of(m, days / 2)) > 0.01) bench_die("another value came back", NULL);
        }
    }
    printf("{\"check\": %lld, \"cpu_s\": %.9f}\n", (long long)x.n, (bench_cpu() - began) / rounds);
    sw_free(x.to);
}

/* ---- what they are read for ---- */

static const double *sorting;

static int by_value(const void *a, const void *b)
{
    double x = sorting[*(const int *)a], y = sorting[*(const int *)b];
    return (x > y) - (x < y);
}

/* Ranks with ties shared. */
static void rank(const double *v, int n, int *order, double *to)
{
    for (int i = 0; i < n; i++) order[i] = i;
    sorting = v;
    qsort(order, (size_t)n, sizeof *order, by_value);
    for (int i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && v[order[j]] == v[order[i]]; j++) continue;
        for (int k = i; k < j; k++) to[order[k]] = (i + j - 1) / 2.0;
    }
}

static double pearson(const double *x, const double *y, int n)
{
    double sx = 0, sy = 0, xx = 0, yy = 0, xy = 0;
    for (int i = 0; i < n; i++) {
        sx += x[i], sy += y[i];
        xx += x[i] * x[i], yy += y[i] * y[i], xy += x[i] * y[i];
    }
    return (xy - sx * sy / n) / sqrt((xx - sx * sx / n) * (yy - sy * sy / n));
}

/* Each metric's ranks at each lag, over the days that overlap: those before the end, and those after
 * the beginning. */
static void rank_all(int metrics, int days, int lags, double *heads, double *tails)
{
    double *v = sw_alloc((size_t)days * sizeof *v);
    int *order = sw_alloc((size_t)days * sizeof *order);
    for (int m = 0; m < metrics; m++) {
        for (int d = 0; d < days; d++) v[d] = value_of(m, d);
        for (int lag = 0; lag < lags; lag++) {
            size_t at = ((size_t)m * (size_t)lags + (size_t)lag) * (size_t)days;
            rank(v, days - lag, order, heads + at);
            rank(v + lag, days - lag, order, tails + at);
        }
    }
    sw_free(v), sw_free(order);
}

static void correlate(int metrics, int days, int lags)
{
    size_t each = (size_t)lags * (size_t)days, all = (size_t)metrics * each;
    double *heads = sw_alloc(all * sizeof *heads), *tails = sw_alloc(all * sizeof *tails), sum = 0, began = bench_cpu();
    int n = 0;
    rank_all(metrics, days, lags, heads, tails);
    for (int a = 0; a < metrics; a++)
        for (int b = a + 1; b < metrics; b++)
            for (int lag = 0; lag < lags; lag++, n++) {
                size_t at = (size_t)lag * (size_t)days;
                sum += pearson(heads + (size_t)a * each + at, tails + (size_t)b * each + at, days - lag);
            }
    printf("{\"check\": %d, \"cpu_s\": %.9f, \"sum\": %.9f}\n", n, bench_cpu() - began, sum);
    sw_free(heads), sw_free(tails);
}

int main(int argc, char **argv)
{
    struct bench_home h = {0};
    if (argc == 5 && !strcmp(argv[1], "correlate")) return correlate(atoi(argv[2]), atoi(argv[3]), atoi(argv[4])), 0;
    if (argc < 6) bench_die("usage: bench_days fill|read HOME SCHEMA METRICS DAYS [ROUNDS] | correlate METRICS DAYS LAGS", NULL);
    bench_home_open(&h, argv[2], argv[3], strcmp(argv[1], "fill") != 0);
    if (!strcmp(argv[1], "fill")) fill(&h, atoi(argv[4]), atoi(argv[5]));
    else if (argc == 7) read_all(&h, atoi(argv[4]), atoi(argv[5]), atoi(argv[6]));
    bench_home_close(&h);
    return 0;
}
