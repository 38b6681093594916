/* SPDX-License-Identifier: MIT
 * Inside sw_check: what its files hand each other. */
#ifndef SW_ENGINE_CHECK_PRIV_H
#define SW_ENGINE_CHECK_PRIV_H
#include "engine/check.h"
#include "engine/ingest.h"

struct check {
    struct sw_store *s;
    const struct sw_metrics *metrics;
    void (*each)(void *ctx, const struct sw_finding *f);
    void *ctx;
    struct sw_check_counts *n;
    const struct sw_progress *progress;
    int64_t done, total;
    char series_name[200]; /* of the series looked at: "heart_rate of Watch" */
};

struct day_roll {
    int64_t day;
    struct sw_rollup r;
};
struct day_rolls { /* by day */
    struct day_roll *at;
    size_t n, cap;
};

/* Count a finding and report it, as far as there is room; n more things were looked at (progress); are two roll-ups
 * equal but for rounding? */
void sw_check_say(struct check *c, const struct sw_finding *f, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void sw_check_step(struct check *c, int64_t n);
bool sw_check_same(const struct sw_rollup *a, const struct sw_rollup *b);
struct sw_rollup *sw_check_day(struct day_rolls *d, int64_t day); /* made where it is missing */
int sw_check_stored(struct check *c, int64_t series, struct day_rolls *out, struct sw_err *err);

int sw_check_chunks(struct check *c, struct sw_err *err);  /* check_chunks.c: chunks, tails, roll-ups */
int sw_check_merged(struct check *c, struct sw_err *err);  /* check_days.c */
int sw_check_records(struct check *c, struct sw_err *err); /* check_rows.c: records, groups, ledger, orphans */
int sw_check_rows(struct check *c, struct sw_err *err);
int sw_check_raw(struct check *c, struct sw_err *err); /* check_raw.c: what services gave */
#endif
