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

int sw_engine_open(struct sw_engine *e, const char *home, const char *url, struct sw_err *err)
{
    char schema[1024];
    snprintf(schema, sizeof schema, "%s/schema", e->share);
    e->home = sw_strdup(home);
    e->writer = sw_worker_new(e->loop, url, schema, true, err);
    if (e->writer) e->reader = sw_worker_new(e->loop, url, schema, false, err);
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
