/* SPDX-License-Identifier: MIT
 * Each group of sleep records is one time in bed, of the day and the sort (night or nap) that its best member
 * says: the one of best standing that knows how long the person was asleep, the longest of equals. Groups of
 * one night that overlap are one as well: which of them a record joined depends on the order of arrival, and
 * nobody sleeps twice at once. Of such a stretch the origin of the best member gives the stages and the
 * origin that states most the time in bed; sleeps of one origin that follow each other (a broken night) add
 * up. What a person set by hand stands instead. Nothing here decides what is a nap. */
#include "engine/night.h"
#include "base/alloc.h"
#include "base/jtape.h"
#include "store/store_groups.h"
#include <string.h>

enum { ASLEEP, IN_BED, AWAKE, LIGHT, DEEP, REM, PARTS, MOST = 1000 };

static const char *const attribute[PARTS] = {"asleep_s", "in_bed_s", "awake_s",
                                             "light_s",  "deep_s",   "rem_s"};
const char *const sw_night_metric[SW_NIGHT_METRICS] = {SW_SLEEP_MARK, "sleep_in_bed", "sleep_awake",
                                                       "sleep_light", "sleep_deep",   "sleep_rem",
                                                       "sleep_efficiency"};

struct slept {
    int64_t group, origin, start_ms, finish_ms, day;
    int standing;
    bool nap, layer; /* layer: what a person set of its group */
    bool counted;    /* scratch of take() */
    double part[PARTS]; /* seconds; negative: unknown */
};
struct night {
    struct slept *at; /* in the order of their starts */
    size_t n, cap;
};

static double number(const struct sw_jtape *t, uint32_t attributes, const char *name)
{
    double v = -1;
    uint32_t i = sw_jtape_get(t, attributes, name);
    if (i) sw_jtape_num(t, i, &v);
    return v;
}

static void add_member(void *ctx, const struct sw_record *r)
{
    struct night *n = ctx;
    struct slept x = {r->group_id, r->origin_id, r->start_ms, r->finish_ms, r->day, r->standing, false,
                      !strncmp(r->external_id, SW_GROUP_LAYER, strlen(SW_GROUP_LAYER)), false, {0}};
    struct sw_jtape t;
    uint32_t a;
    sw_jtape_init(&t);
    if (!sw_jtape_parse(&t, r->body, r->body_n, NULL) && (a = sw_jtape_get(&t, 0, "attributes"))) {
        uint32_t k = sw_jtape_get(&t, a, "nap");
        if (k) sw_jtape_bool(&t, k, &x.nap);
        for (int i = 0; i < PARTS; i++) x.part[i] = number(&t, a, attribute[i]);
        sw_grow((void **)&n->at, &n->cap, n->n + 1, sizeof *n->at);
        n->at[n->n++] = x;
    }
    sw_jtape_clear(&t);
}

/* Whose stages count, of two members of one stretch. */
static bool is_better(const struct slept *a, const struct slept *b)
{
    bool knows = a->part[ASLEEP] >= 0;
    if (!b || a->layer != b->layer) return !b || !a->layer;
    if (knows != (b->part[ASLEEP] >= 0)) return knows;
    if (a->standing != b->standing && knows) return a->standing < b->standing;
    return knows && a->part[ASLEEP] > b->part[ASLEEP];
}

/* The best member of a group, or NULL. */
static const struct slept *best_of(const struct night *n, int64_t group)
{
    const struct slept *best = NULL;
    for (size_t i = 0; i < n->n; i++)
        if (n->at[i].group == group && is_better(&n->at[i], best)) best = &n->at[i];
    return best;
}

/* Only groups whose best member says that they are of this night stay, their members with them. An in-bed
 * that joined the group of a nap and is none itself stays on its own: it may be that of the night as well. */
static void keep_night(struct night *n, int64_t day)
{
    size_t kept = 0;
    struct slept *all = sw_alloc((n->n + 1) * sizeof *all);
    const struct night was = {all, n->n, 0};
    for (size_t i = 0; i < n->n; i++) all[i] = n->at[i];
    for (size_t i = 0; i < was.n; i++) {
        const struct slept *best = best_of(&was, all[i].group);
        bool apart = best->nap && !all[i].nap && !all[i].layer;
        if ((apart ? all[i].day : best->day) != day || (best->nap && !apart)) continue;
        n->at[kept] = all[i];
        if (apart) n->at[kept].group = -1 - (int64_t)i; /* no group is called so */
        kept++;
    }
    n->n = kept;
    sw_free(all);
}

static void rename_group(struct night *n, int64_t from, int64_t to)
{
    for (size_t i = 0; i < n->n; i++)
        if (n->at[i].group == from) n->at[i].group = to;
}

static bool overlap(const struct slept *a, const struct slept *b)
{
    return a->start_ms < b->finish_ms && b->start_ms < a->finish_ms;
}

static void join_overlapping(struct night *n)
{
    for (size_t i = 0; i < n->n; i++)
        for (size_t k = 0; k < i; k++)
            if (n->at[i].group != n->at[k].group && !n->at[i].layer && !n->at[k].layer &&
                overlap(&n->at[i], &n->at[k]))
                rename_group(n, n->at[i].group, n->at[k].group);
}

static bool goes_with(const struct slept *x, const struct slept *like, int by)
{
    return x->group == like->group && x->origin == like->origin && x->day == like->day && x->nap == like->nap &&
           !x->layer && x->part[by] >= 0;
}

/* What the origin of `like` says: that one, and what it tells beside it without overlap. */
static void take(struct night *n, const struct slept *like, int by, double sum[PARTS])
{
    for (int p = 0; p < PARTS; p++) sum[p] = like->part[p];
    for (size_t i = 0; i < n->n; i++) n->at[i].counted = &n->at[i] == like;
    for (size_t i = 0; i < n->n; i++) {
        struct slept *x = &n->at[i];
        bool beside = x != like && goes_with(x, like, by);
        for (size_t k = 0; k < n->n && beside; k++) beside = !n->at[k].counted || !overlap(x, &n->at[k]);
        x->counted |= beside;
        for (int p = 0; p < PARTS && beside; p++)
            if (x->part[p] >= 0) sum[p] = (sum[p] < 0 ? 0 : sum[p]) + x->part[p];
    }
}

/* Layers of a stretch, one a group that is in it. */
static void set_by_hand(const struct night *n, int64_t group, double part[PARTS])
{
    double set[PARTS] = {-1, -1, -1, -1, -1, -1};
    for (size_t i = 0; i < n->n; i++)
        for (int p = 0; p < PARTS && n->at[i].group == group && n->at[i].layer; p++)
            if (n->at[i].part[p] >= 0) set[p] = (set[p] < 0 ? 0 : set[p]) + n->at[i].part[p];
    for (int p = 0; p < PARTS; p++)
        if (set[p] >= 0) part[p] = set[p];
}

static void stretch(struct night *n, int64_t group, double part[PARTS])
{
    const struct slept *best = best_of(n, group);
    double said[PARTS], in_bed = -1;
    for (int p = 0; p < PARTS; p++) part[p] = -1;
    if (best->part[ASLEEP] >= 0 && !best->layer) take(n, best, ASLEEP, part);
    for (size_t i = 0; i < n->n; i++) {
        if (!goes_with(&n->at[i], &n->at[i], IN_BED) || n->at[i].group != group) continue;
        take(n, &n->at[i], IN_BED, said);
        if (said[IN_BED] > in_bed) in_bed = said[IN_BED];
    }
    part[IN_BED] = in_bed;
    set_by_hand(n, group, part);
}

static bool is_first(const struct night *n, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (n->at[i].group == n->at[at].group) return false;
    return true;
}

static void add_up(struct night *n, struct sw_rollup out[SW_NIGHT_METRICS])
{
    double sum[PARTS] = {-1, -1, -1, -1, -1, -1}, slept = 0, lain = 0; /* the last two: where both are known */
    memset(out, 0, SW_NIGHT_METRICS * sizeof *out);
    for (size_t i = 0; i < n->n; i++) {
        double part[PARTS];
        if (!is_first(n, i)) continue;
        stretch(n, n->at[i].group, part);
        for (int p = 0; p < PARTS; p++)
            if (part[p] >= 0) sum[p] = (sum[p] < 0 ? 0 : sum[p]) + part[p];
        if (part[ASLEEP] < 0 || part[IN_BED] <= 0) continue;
        slept += part[ASLEEP];
        lain += part[IN_BED] > part[ASLEEP] ? part[IN_BED] : part[ASLEEP];
    }
    for (int p = 0; p < PARTS; p++)
        if (sum[p] >= 0) sw_rollup_add(&out[p], sum[p] / 60);
    if (lain > 0) sw_rollup_add(&out[PARTS], 100 * slept / lain);
}

int sw_night_values(struct sw_store *s, const struct sw_who *who, int64_t day,
                    struct sw_rollup out[SW_NIGHT_METRICS], struct sw_err *err)
{
    struct night n = {0};
    struct sw_record_filter f = {.kind = "sleep",
                                 .first_day = day - 1,
                                 .last_day = day + 1,
                                 .limit = MOST};
    int rc = sw_record_list(s, who->id, &f, add_member, &n, err);
    if (!rc) keep_night(&n, day);
    if (!rc) join_overlapping(&n);
    add_up(&n, out);
    sw_free(n.at);
    return rc;
}

int sw_night_settle(struct sw_store *s, const struct sw_who *who, int64_t day, struct sw_err *err)
{
    struct sw_rollup r[SW_NIGHT_METRICS];
    int rc = sw_night_values(s, who, day, r, err);
    for (int i = 0; i < SW_NIGHT_METRICS && !rc; i++) {
        int64_t series;
        rc = sw_series_find(s, who->id, sw_night_metric[i], SW_ORIGIN_MERGED, true, &series, err);
        if (!rc) rc = sw_rollup_put(s, series, day, &r[i], err);
    }
    return rc;
}
