/* SPDX-License-Identifier: MIT
 * Is what is kept still what was stored? Looks at every chunk, compares roll-ups with samples and merged
 * days with the timeline, records with their own hash and their group, the ledger, what belongs to nothing,
 * and SQLite's structure. Reads only, in one snapshot (the caller's read transaction). Days that are marked
 * to be computed again are no findings. It does not mend: a finding says what would. */
#ifndef SW_ENGINE_CHECK_H
#define SW_ENGINE_CHECK_H
#include "model/metric.h"
#include "store/store.h"

struct sw_finding {
    const char *what; /* database | chunk | tail | rollup | merged | record | group | ledger | orphan */
    const char *text; /* one sentence */
    const char *mend; /* "rollup", "merged": compute the day again; NULL: cannot be computed */
    int64_t person, origin, day;
    const char *metric;
};

struct sw_check_counts {
    int64_t findings, chunks, samples, records, days;
};

#define SW_FINDINGS_MOST 1000 /* reported one by one; all are counted */

/* Read everything there is and compare it with what it must be; nothing is changed. 0 also when there are findings. */
int sw_check(struct sw_store *s, const struct sw_metrics *metrics,
             void (*each)(void *ctx, const struct sw_finding *f), void *ctx,
             struct sw_check_counts *counts, const struct sw_progress *progress, struct sw_err *err);
#endif
