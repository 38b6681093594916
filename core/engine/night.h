/* SPDX-License-Identifier: MIT
 * Nights: the daily sleep metrics (sleep_duration, its stages, in bed, efficiency) computed from the
 * sleep records of a day. In bed and asleep are never added up; naps are left out. */
#ifndef SW_ENGINE_NIGHT_H
#define SW_ENGINE_NIGHT_H
#include "engine/ingest.h"

#define SW_NIGHT_METRICS 7
extern const char *const sw_night_metric[SW_NIGHT_METRICS];
/* The roll-ups of that night in the order of sw_night_metric; n = 0 where nothing is known. */
int sw_night_values(struct sw_store *s, const struct sw_who *who, int64_t day,
                    struct sw_rollup out[SW_NIGHT_METRICS], struct sw_err *err);
/* Recompute the merged sleep roll-ups of the night that ended on `day`. Write transaction. */
int sw_night_settle(struct sw_store *s, const struct sw_who *who, int64_t day, struct sw_err *err);
#endif
