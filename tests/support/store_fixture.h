/* SPDX-License-Identifier: MIT
 * A fresh SQLite store in a folder of its own, with one person, a few origins and metrics registered
 * from C. Everything runs inside one write transaction unless a test ends it. */
#ifndef SW_TESTS_STORE_FIXTURE_H
#define SW_TESTS_STORE_FIXTURE_H
#include "base/crypto.h"
#include "base/tz.h"
#include "engine/ingest.h"
#include "model/metric.h"
#include "store/store.h"
#include "store/store_docs.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define OK(call) ok((call), &f->err, #call, __LINE__)

struct fixture {
    char dir[64], url[96], schema[512];
    struct sw_store *s;
    struct sw_metrics *metrics;
    const struct sw_metric *steps, *heart, *weight, *food;  /* day, day, month chunks, month by value */
    int64_t me, connection, watch, phone, app;
    struct sw_tz *zone;
    struct sw_who who;
    struct sw_err err;
};

static inline void ok(int rc, struct sw_err *err, const char *what, int line)
{
    if (rc < 0) fail_msg("line %d: %s: %d %s", line, what, rc, err->text);
}

static inline uint64_t rnd(uint64_t *x)
{
    *x ^= *x << 13, *x ^= *x >> 7, *x ^= *x << 17;
    return *x;
}

static inline const struct sw_metric *add_metric(struct fixture *f, const char *name, const char *unit, enum sw_metric_kind kind, enum sw_aggregate daily,
                                                 bool month, bool by_value)
{
    const struct sw_metric m = {(char *)name, (char *)unit, NULL, kind, daily, 0, 1e6, 100, month, by_value};
    OK(sw_metrics_add(f->metrics, &m, &f->err));
    return sw_metrics_get(f->metrics, name);
}

static inline int64_t add_origin(struct fixture *f, const char *name, const char *kind)
{
    const struct sw_origin o = {"test", name, "maker", "model", kind, ""};
    int64_t id;
    OK(sw_origin_id(f->s, f->me, "me", &o, &id, &f->err));
    return id;
}

static inline void begin(struct fixture *f) { OK(sw_store_begin(f->s, true, &f->err)); }
static inline void commit(struct fixture *f) { OK(sw_store_commit(f->s, &f->err)); }

static inline void fixture_folder(struct fixture *f)
{
    const char *root = getenv("SW_ROOT");
    strcpy(f->dir, "/tmp/sw-store-XXXXXX");
    if (!mkdtemp(f->dir)) abort();
    snprintf(f->url, sizeof f->url, "sqlite:%s/a.db", f->dir);
    snprintf(f->schema, sizeof f->schema, "%s/core/store/schema", root ? root : ".");
}

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (sw_crypto_init()) return -1;
    fixture_folder(f);
    f->metrics = sw_metrics_new();
    f->steps = add_metric(f, "steps", "{step}", SW_CUMULATIVE, SW_AGG_SUM, false, false);
    f->heart = add_metric(f, "heart_rate", "/min", SW_INSTANT, SW_AGG_MEAN, false, false);
    f->weight = add_metric(f, "weight", "kg", SW_INSTANT, SW_AGG_LAST, true, false);
    f->food = add_metric(f, "protein", "g", SW_CUMULATIVE, SW_AGG_SUM, true, true);
    add_metric(f, SW_SLEEP_MARK, "min", SW_INTERVAL, SW_AGG_SUM, true, false);
    OK(sw_store_open(f->url, f->schema, false, &f->s, &f->err));
    begin(f);
    OK(sw_person_add(f->s, "me", "Europe/Berlin", 0, &f->me, &f->err));
    OK(sw_connection_id(f->s, f->me, "test", "main", 0, &f->connection, &f->err));
    f->watch = add_origin(f, "Watch", "watch");
    f->phone = add_origin(f, "Phone", "phone");
    f->app = add_origin(f, "App", "app");
    f->zone = sw_tz_open("UTC", &f->err);
    f->who = (struct sw_who){f->me, "me", f->zone, 0};
    *state = f;
    return 0;
}

static inline void remove_folder(const char *dir)
{
    char cmd[128];
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
    if (system(cmd)) return;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;
    sw_store_rollback(f->s);
    sw_store_close(f->s);
    sw_metrics_free(f->metrics);
    sw_tz_close(f->zone);
    remove_folder(f->dir);
    free(f);
    return 0;
}

static inline int64_t count_of(struct fixture *f, const char *sql)
{
    int64_t n = -1;
    OK(sw_ask_int(f->s, &f->err, &n, sql, ""));
    return n;
}

static inline int64_t series_of(struct fixture *f, const struct sw_metric *m, int64_t origin)
{
    int64_t id;
    OK(sw_series_find(f->s, f->me, m->name, origin, true, &id, &f->err));
    return id;
}

/* One sample straight into a series. */
static inline struct sw_merge put_one(struct fixture *f, const struct sw_metric *m, int64_t origin, int64_t start_ms, int64_t dur_ms, double value, int offset)
{
    struct sw_sample x = {start_ms, dur_ms, (int64_t)(value * m->scale + 0.5), offset};
    struct sw_samples in = {&x, 1, 1};
    struct sw_merge stat;
    OK(sw_series_write(f->s, f->me, m, series_of(f, m, origin), &in, &stat, &f->err));
    return stat;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#endif
