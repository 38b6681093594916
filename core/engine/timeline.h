/* SPDX-License-Identifier: MIT
 * One truth from many origins. For a day and a metric, origins are taken in order of standing; each
 * sample counts as far as no better origin was present at that time. Presence of an origin is all it
 * recorded, of whatever metric, with gaps up to half an hour closed: a watch that was worn and saw no
 * step outranks the phone that rode along. Sleep is taken per night from the best member that knows
 * stages. Totals that services state compete as totals only: the best standing one of an amount counts
 * where no better origin has samples and all samples together say less (some of them did not come).
 * Results are roll-ups of the merged series. */
#ifndef SW_ENGINE_TIMELINE_H
#define SW_ENGINE_TIMELINE_H
#include "engine/ingest.h"

struct sw_timeline_step { /* one sample of the day, or a total stated for it, and what became of it */
    int64_t origin_id;
    int64_t start_ms, dur_ms;
    int offset_min;
    double value;   /* as the origin said it */
    double share;   /* 0 passed over .. 1 used whole */
    int64_t behind; /* origin that was better where share is below 1, else 0 */
    bool stated;    /* a total of the day: no time, and where it is used no sample counts */
};
typedef void (*sw_timeline_sink)(void *ctx, const struct sw_timeline_step *step);

/* The merged roll-up of a local day, n = 0 when there is none. sink may be NULL. */
int sw_timeline_day(struct sw_store *s, const struct sw_metrics *all, const struct sw_who *who,
                    const struct sw_metric *m, int64_t day, struct sw_rollup *out,
                    sw_timeline_sink sink, void *ctx, struct sw_err *err);

/* Compute marked days again, at most `most`; *left says whether marks remain. Write transaction. */
int sw_timeline_settle(struct sw_store *s, const struct sw_metrics *all, const struct sw_who *who,
                       int most, bool *left, struct sw_err *err);
#endif
