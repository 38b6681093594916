/* SPDX-License-Identifier: MIT
 * Parts of a day in which origins stand in another order than in the rest of it ("the ring from 22:00 to
 * 07:00", store/store_origins.h). A day is cut where any of them begins or ends; each part is then merged by
 * itself. Times are ms since local midnight by the clock of the data, so a day of 23 hours has its parts too. */
#ifndef SW_ENGINE_DAY_PARTS_H
#define SW_ENGINE_DAY_PARTS_H
#include "store/store_origins.h"

struct sw_day_part {
    int64_t from_ms, to_ms; /* the last one has no end: what began that day belongs to it */
};

/* The parts in order, at least one; out has room for 2 * n + 1. Gives how many. */
size_t sw_day_parts(const struct sw_hours_rank *rank, size_t n, struct sw_day_part *out);
/* How an origin stands in a part: `standing` where nothing is said of it there. */
int sw_day_part_standing(const struct sw_hours_rank *rank, size_t n, const struct sw_day_part *part,
                         int64_t origin, int standing);
/* What of a sample lies in the part: false, or the piece of it in its place. One that is not `spread` over
 * its time belongs whole to the part in which it begins. */
bool sw_day_part_clip(const struct sw_day_part *part, bool spread, int64_t *start_ms, int64_t *dur_ms);
#endif
