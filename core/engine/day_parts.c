/* SPDX-License-Identifier: MIT */
#include "engine/day_parts.h"
#include <stdlib.h>

enum { MINUTE_MS = 60000 };

static int cut_cmp(const void *a, const void *b)
{
    const struct sw_day_part *x = a, *y = b;
    return (x->from_ms > y->from_ms) - (x->from_ms < y->from_ms);
}

size_t sw_day_parts(const struct sw_hours_rank *rank, size_t n, struct sw_day_part *out)
{
    size_t cuts = 0, parts = 0;
    out[cuts++].from_ms = 0;
    for (size_t i = 0; i < n; i++) {
        out[cuts++].from_ms = (int64_t)rank[i].part.from_min * MINUTE_MS;
        out[cuts++].from_ms = (int64_t)rank[i].part.to_min * MINUTE_MS;
    }
    qsort(out, cuts, sizeof *out, cut_cmp);
    for (size_t i = 1; i < cuts; i++)
        if (out[i].from_ms != out[parts].from_ms) out[++parts].from_ms = out[i].from_ms;
    for (size_t i = 0; i <= parts; i++) out[i].to_ms = i < parts ? out[i + 1].from_ms : INT64_MAX;
    return parts + 1;
}

/* A part lies in these hours whole or not at all. */
static bool is_in(const struct sw_day_part *part, struct sw_hours hours)
{
    int64_t minute = part->from_ms / MINUTE_MS;
    if (hours.from_min < hours.to_min) return minute >= hours.from_min && minute < hours.to_min;
    return minute >= hours.from_min || minute < hours.to_min;
}

int sw_day_part_standing(const struct sw_hours_rank *rank, size_t n, const struct sw_day_part *part,
                         int64_t origin, int standing)
{
    for (size_t i = 0; i < n; i++)
        if (rank[i].origin == origin && rank[i].standing < standing && is_in(part, rank[i].part))
            standing = rank[i].standing;
    return standing;
}

bool sw_day_part_clip(const struct sw_day_part *part, bool spread, int64_t *start_ms, int64_t *dur_ms)
{
    int64_t from = *start_ms, to = from + *dur_ms;
    if (!spread || *dur_ms == 0) return from >= part->from_ms && from < part->to_ms;
    if (from < part->from_ms) from = part->from_ms;
    if (to > part->to_ms) to = part->to_ms;
    *start_ms = from;
    *dur_ms = to - from;
    return to > from;
}
