/* SPDX-License-Identifier: MIT
 * Do two records describe the same real event? A score from 0 to 1 by overlap, closeness of starts
 * and compatibility of types. Pure and symmetric. */
#ifndef SW_MODEL_MATCH_H
#define SW_MODEL_MATCH_H
#include <stdbool.h>
#include <stdint.h>

#define SW_MATCH_ENOUGH 0.6 /* from here on two records are one event */

struct sw_match_side {
    const char *kind, *type;     /* "workout", "running" */
    int64_t start_ms, finish_ms; /* UTC */
    int64_t origin_id;
    bool zone_unknown; /* start is a wall clock read as if UTC */
};

/* From 0 (two events) to 1 (one): three quarters are the time they share of all they cover, one how near their starts
 * are; of nights it is the part of the shorter that lies in the other. 0 where kinds or types do not fit. */
double sw_match_score(const struct sw_match_side *a, const struct sw_match_side *b);
/* "trail_running" and "running" are compatible, "workout" with everything, "rowing" not with "running". */
bool sw_match_types(const char *a, const char *b);
#define SW_MATCH_REACH_MS (38 * INT64_C(3600000)) /* how far starts may lie apart at all */
#endif
