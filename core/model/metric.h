/* SPDX-License-Identifier: MIT
 * The metric registry. Rows come from lua/metrics/<family>.lua at start and never change after, so
 * any thread may read it without a lock. */
#ifndef SW_MODEL_METRIC_H
#define SW_MODEL_METRIC_H
#include "base/err.h"
#include "base/map.h"
#include <stdbool.h>
#include <stdint.h>

enum sw_metric_kind {
    SW_INSTANT,    /* a value at a time: heart rate, weight */
    SW_INTERVAL,   /* a value over a time that must not be added up: sleep score */
    SW_CUMULATIVE, /* an amount over a time that adds up: steps, energy */
    SW_CATEGORY    /* a code */
};
enum sw_aggregate { SW_AGG_SUM, SW_AGG_MEAN, SW_AGG_MIN, SW_AGG_MAX, SW_AGG_LAST };

struct sw_metric {
    char *name;  /* "heart_rate" */
    char *unit;  /* UCUM: "/min" */
    char *title; /* "Heart rate" */
    enum sw_metric_kind kind;
    enum sw_aggregate daily; /* what one day's value is */
    double min, max;         /* plausible range, in the unit */
    double scale;            /* stored integer = round(value x scale); a power of ten */
    bool month_chunks;       /* sparse: one chunk a month, else one a UTC day */
    bool by_value;           /* two samples of one time with unlike values are two (foods) */
};

struct sw_metrics {
    struct sw_metric **row;
    size_t n, cap;
    struct sw_map by_name;
};

/* Empty. Written at boot, then read by every thread. */
struct sw_metrics *sw_metrics_new(void);
void sw_metrics_free(struct sw_metrics *m);
/* Copies the row. SW_E_BAD when the name is taken, the unit unknown or the range empty. */
int sw_metrics_add(struct sw_metrics *m, const struct sw_metric *row, struct sw_err *err);
const struct sw_metric *sw_metrics_get(const struct sw_metrics *m,
                                       const char *name); /* NULL if unknown */
const char *sw_metric_kind_name(enum sw_metric_kind k);
const char *sw_aggregate_name(enum sw_aggregate a);
int sw_metric_kind_of(const char *name); /* -1 if unknown */
int sw_aggregate_of(const char *name);   /* -1 if unknown */
#endif
