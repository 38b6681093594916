/* SPDX-License-Identifier: MIT
 * One opened home: its database threads, clock, metrics, zones and log. Created once per process on
 * the loop thread and handed down; nothing here is global. */
#ifndef SW_ENGINE_ENGINE_H
#define SW_ENGINE_ENGINE_H
#include "base/clock.h"
#include "base/log.h"
#include "base/tz.h"
#include "model/metric.h"
#include "engine/vault.h"
#include "store/worker.h"

struct sw_slow { /* a statement of the store that took SW_SLOW_MS or longer */
    char sql[200];
    int64_t count, worst_ms;
};

struct sw_engine {
    uv_loop_t *loop;       /* borrowed */
    char *share;           /* folder that holds lua/, schema/, rules/ ... */
    char *home;            /* the user's data folder, NULL until opened */
    struct sw_clock clock; /* data time */
    struct sw_log log;
    struct sw_vault vault;             /* opened on first use */
    struct sw_metrics *metrics;        /* filled at boot, read only once a store is open */
    struct sw_worker *writer, *reader; /* NULL until opened */
    struct sw_slow slow[32]; /* those beyond it are only logged */
    int n_slow;
    struct sw_tz *zone[64];            /* loaded zones, kept until the end */
    int n_zones;
};

/* Never NULL. The loop is borrowed, share is copied. */
struct sw_engine *sw_engine_new(uv_loop_t *loop, const char *share);
/* Open the store at url; home must exist. */
int sw_engine_open(struct sw_engine *e, const char *home, const char *url, struct sw_err *err);
void sw_engine_free(struct sw_engine *e); /* drains the database threads */
/* A zone by name, cached; NULL and a sentence if unknown. Loop thread; the zone may then be read anywhere. */
const struct sw_tz *sw_engine_zone(struct sw_engine *e, const char *name, struct sw_err *err);
#endif
