/* SPDX-License-Identifier: MIT */
#include "engine/engine.h"
#include "base/alloc.h"
#include <stdio.h>
#include <string.h>

struct sw_engine *sw_engine_new(uv_loop_t *loop, const char *share)
{
    struct sw_engine *e = sw_zalloc(sizeof *e);
    e->loop = loop;
    e->share = sw_strdup(share);
    e->metrics = sw_metrics_new();
    sw_log_init(&e->log, SW_LOG_INFO);
    e->log.secrets = &e->vault.known;
    return e;
}

static void on_slow(void *ctx, const char *sql, int64_t ms)
{
    struct sw_engine *e = ctx;
    int i = 0;
    /* a slow commit is the disk's, often somebody else's doing: counted, but no line for it */
    if (strcmp(sql, "COMMIT")) sw_log_line(&e->log, SW_LOG_WARN, "store", "took %lld ms: %s", (long long)ms, sql);
    while (i < e->n_slow && strcmp(e->slow[i].sql, sql)) i++;
    if (i == 32) return;
    if (i == e->n_slow) snprintf(e->slow[e->n_slow++].sql, sizeof e->slow[0].sql, "%s", sql);
    e->slow[i].count++;
    if (ms > e->slow[i].worst_ms) e->slow[i].worst_ms = ms;
}

int sw_engine_open(struct sw_engine *e, const char *home, const char *url, struct sw_err *err)
{
    char schema[1024];
    snprintf(schema, sizeof schema, "%s/schema", e->share);
    e->home = sw_strdup(home);
    e->writer = sw_worker_new(e->loop, url, schema, true, err);
    if (e->writer) e->reader = sw_worker_new(e->loop, url, schema, false, err);
    if (e->writer) sw_worker_on_slow(e->writer, on_slow, e);
    if (e->reader) sw_worker_on_slow(e->reader, on_slow, e);
    return e->reader ? 0 : err && err->code ? err->code : SW_E_IO;
}

void sw_engine_free(struct sw_engine *e)
{
    if (!e) return;
    sw_worker_free(e->reader);
    sw_worker_free(e->writer);
    sw_metrics_free(e->metrics);
    for (int i = 0; i < e->n_zones; i++) sw_tz_close(e->zone[i]);
    sw_vault_close(&e->vault);
    sw_free(e->share);
    sw_free(e->home);
    sw_free(e);
}

const struct sw_tz *sw_engine_zone(struct sw_engine *e, const char *name, struct sw_err *err)
{
    struct sw_tz *z;
    for (int i = 0; i < e->n_zones; i++)
        if (!strcmp(sw_tz_name(e->zone[i]), name)) return e->zone[i];
    if (e->n_zones == 64) {
        sw_fail(err, SW_E_LIMIT, "more than 64 time zones in use");
        return NULL;
    }
    z = sw_tz_open(name, err);
    if (z) e->zone[e->n_zones++] = z;
    return z;
}
