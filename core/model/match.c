/* SPDX-License-Identifier: MIT */
#include "model/match.h"
#include <stddef.h>
#include <string.h>

#define DAY_MS (24 * INT64_C(3600000))

static bool any_sport(const char *t)
{
    static const char *const generic[] = {
        "", "other", "workout", "generic", "training", "fitness_equipment", "multisport"};
    for (size_t i = 0; i < sizeof generic / sizeof *generic; i++)
        if (!strcmp(generic[i], t)) return true;
    return false;
}

/* The family a type belongs to: the word all its members contain, or the type itself. */
static const char *family(const char *t)
{
    static const char *const word[][2] = {
        {"run", "run"},    {"treadmill", "run"}, {"cycl", "bike"},    {"bik", "bike"},
        {"ride", "bike"},  {"swim", "swim"},     {"walk", "walk"},    {"hik", "walk"},
        {"ski", "ski"},    {"row", "row"},       {"strength", "gym"}, {"yoga", "gym"},
        {"cardio", "gym"}, {"pilates", "gym"},   {"paddl", "paddle"}, {"surf", "surf"}};
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        if (strstr(t, word[i][0])) return word[i][1];
    return t;
}

bool sw_match_types(const char *a, const char *b)
{
    return !strcmp(a, b) || any_sport(a) || any_sport(b) || !strcmp(family(a), family(b));
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}
static int64_t apart(int64_t a, int64_t b)
{
    return a < b ? b - a : a - b;
}

/* Same minute and second, whole or half hours apart, equally long: one of them guessed its zone. Whole days
 * are no zone's mistake. */
static bool zone_mistake(const struct sw_match_side *a, const struct sw_match_side *b)
{
    int64_t gap = apart(a->start_ms, b->start_ms), la = a->finish_ms - a->start_ms,
            lb = b->finish_ms - b->start_ms;
    int64_t off = least(gap % 1800000, 1800000 - gap % 1800000); /* a second early or late */
    if (a->origin_id == b->origin_id || !(a->zone_unknown || b->zone_unknown)) return false;
    return gap <= SW_MATCH_REACH_MS && off < 2000 && (gap < 2000 || apart(gap, DAY_MS) >= 2000) &&
           apart(la, lb) <= most(30000, least(la, lb) / 50);
}

double sw_match_score(const struct sw_match_side *a, const struct sw_match_side *b)
{
    int64_t la = a->finish_ms - a->start_ms, lb = b->finish_ms - b->start_ms,
            gap = apart(a->start_ms, b->start_ms);
    int64_t both = least(a->finish_ms, b->finish_ms) - most(a->start_ms, b->start_ms);
    double share, near;
    if (strcmp(a->kind, b->kind) || !sw_match_types(a->type, b->type)) return 0;
    if (zone_mistake(a, b)) /* of several the nearest: who sleeps by the clock has one every night */
        return 0.8 - 0.15 * (double)gap / (double)SW_MATCH_REACH_MS;
    if (la <= 0 || lb <= 0) /* one origin tells two meals or notes of a minute because there were two */
        return gap <= 60000 && la <= 0 && lb <= 0 && a->origin_id != b->origin_id ? 0.9 : 0;
    if (both <= 0) return 0;
    if (!strcmp(a->kind, "sleep"))
        return (double)both / (double)least(la, lb); /* in bed holds asleep */
    share = (double)both / (double)(la + lb - both);
    near = gap >= 180000 ? 0 : 1 - (double)gap / 180000;
    return 0.75 * share + 0.25 * near;
}
