/* SPDX-License-Identifier: MIT
 * Taking a run back: what it added goes, what it replaced stands there again. What was changed once more
 * since then is left as it is and counted. Roll-ups, nights and marks follow. */
#ifndef SW_ENGINE_UNDO_H
#define SW_ENGINE_UNDO_H
#include "engine/ingest.h"

struct sw_undone {
    int64_t records, samples, totals; /* taken back */
    int64_t kept;                     /* changed since, so left */
    bool left;                        /* there is more of the run: ask again */
};

/* At most `most` rows of the run's journal, which they leave. gone(ctx, kind, group, record) is called for a
 * group that has no living member any more. Write transaction. */
int sw_undo_run(struct sw_store *s, const struct sw_metrics *metrics, const struct sw_who *who, int64_t run,
                int64_t most, struct sw_undone *out,
                void (*gone)(void *ctx, const char *kind, int64_t group, int64_t id), void *ctx,
                struct sw_err *err);
#endif
