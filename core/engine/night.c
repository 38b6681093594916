/* SPDX-License-Identifier: MIT
 * Each group of sleep records is one night in bed. Its stages come from the origin of best standing
 * that knows how long the person was asleep, its time in bed from the longest in-bed any member
 * states. Sleeps of one origin that follow each other (a broken night) add up, in one group or in
 * several: whether one in-bed joined them depends on the order of arrival, the sum must not. */
#include "engine/night.h"
#include "base/alloc.h"
#include "base/jtape.h"
#include <string.h>

enum { ASLEEP, IN_BED, AWAKE, LIGHT, DEEP, REM, PARTS, MAX_GROUPS = 64 };

static const char *const attribute[PARTS] = {"asleep_s", "in_bed_s", "awake_s",
                                             "light_s",  "deep_s",   "rem_s"};
const char *const sw_night_metric[SW_NIGHT_METRICS] = {SW_SLEEP_MARK, "sleep_in_bed", "sleep_awake",
                                                       "sleep_light", "sleep_deep",   "sleep_rem",
                                                       "sleep_efficiency"};

struct sleep_group {
    int64_t group, day;
    int standing; /* of the member the stages come from; 1000 while none */
    bool nap;
    int64_t origin, until_ms; /* of the members summed up in part */
    double part[PARTS];       /* seconds; negative: unknown */
};
struct night {
    struct sleep_group g[MAX_GROUPS];
    int n;
};

static double number(const struct sw_jtape *t, uint32_t attributes, const char *name)
{
    double v = -1;
    uint32_t i = sw_jtape_get(t, attributes, name);
    if (i) sw_jtape_num(t, i, &v);
    return v;
}

static struct sleep_group *group_of(struct night *n, int64_t id)
{
    for (int i = 0; i < n->n; i++)
        if (n->g[i].group == id) return &n->g[i];
    if (n->n == MAX_GROUPS) return NULL;
    n->g[n->n] = (struct sleep_group){
        .group = id, .standing = 1000, .part = {-1, -1, -1, -1, -1, -1}};
    return &n->g[n->n++];
}

/* Members come in the order of their starts. */
static void take_stages(struct sleep_group *g, const struct sw_record *r, const struct sw_jtape *t,
                        uint32_t a, bool nap)
{
    bool better = r->standing < g->standing;
    if (!better && (r->origin_id != g->origin || r->start_ms < g->until_ms || nap != g->nap ||
                    r->day != g->day))
        return;
    for (int i = 0; i < PARTS; i++) {
        double v = number(t, a, attribute[i]);
        if (i == IN_BED) continue;
        if (better) g->part[i] = v;
        else if (v >= 0) g->part[i] = (g->part[i] < 0 ? 0 : g->part[i]) + v;
    }
    g->standing = r->standing;
    g->origin = r->origin_id;
    g->until_ms = r->finish_ms;
    g->day = r->day;
    g->nap = nap;
}

static void add_member(void *ctx, const struct sw_record *r)
{
    struct sleep_group *g = group_of(ctx, r->group_id);
    struct sw_jtape t;
    uint32_t a;
    bool nap = false;
    double in_bed;
    sw_jtape_init(&t);
    if (g && !sw_jtape_parse(&t, r->body, r->body_n, NULL) &&
        (a = sw_jtape_get(&t, 0, "attributes"))) {
        uint32_t k = sw_jtape_get(&t, a, "nap");
        if (k) sw_jtape_bool(&t, k, &nap);
        if (g->standing == 1000) g->day = r->day, g->nap = nap;
        in_bed = number(&t, a, "in_bed_s");
        if (number(&t, a, "asleep_s") >= 0) take_stages(g, r, &t, a, nap);
        if (in_bed > g->part[IN_BED]) g->part[IN_BED] = in_bed;
    }
    sw_jtape_clear(&t);
}

int sw_night_values(struct sw_store *s, const struct sw_who *who, int64_t day,
                    struct sw_rollup out[SW_NIGHT_METRICS], struct sw_err *err)
{
    struct night n = {.n = 0};
    struct sw_record_filter f = {.kind = "sleep",
                                 .from_ms = (day - 3) * SW_DAY_MS,
                                 .to_ms = (day + 3) * SW_DAY_MS,
                                 .first_day = day - 1,
                                 .last_day = day + 1,
                                 .limit = 1000};
    double sum[PARTS] = {-1, -1, -1, -1, -1, -1}, slept = 0,
           lain = 0; /* the last two: where both are known */
    int rc = sw_record_list(s, who->id, &f, add_member, &n, err);
    for (int g = 0; g < n.n && !rc; g++) {
        const double *part = n.g[g].part;
        if (n.g[g].day != day || n.g[g].nap) continue;
        for (int i = 0; i < PARTS; i++)
            if (part[i] >= 0) sum[i] = (sum[i] < 0 ? 0 : sum[i]) + part[i];
        if (part[ASLEEP] >= 0 && part[IN_BED] > 0) slept += part[ASLEEP], lain += part[IN_BED];
    }
    memset(out, 0, SW_NIGHT_METRICS * sizeof *out);
    for (int i = 0; i < PARTS; i++)
        if (sum[i] >= 0) sw_rollup_add(&out[i], sum[i] / 60);
    if (lain > 0) sw_rollup_add(&out[PARTS], 100 * slept / lain);
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
