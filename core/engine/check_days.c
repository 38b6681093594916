/* SPDX-License-Identifier: MIT
 * The merged days: computed once more by the timeline, and by the nights for what nights give, and compared
 * with what stands there. Days that wait to be computed again are passed over. A metric of the nights that
 * an origin also measures by itself has two makers of its days; it is left to them. */
#include "engine/check_priv.h"
#include "base/alloc.h"
#include "engine/night.h"
#include "engine/timeline.h"
#include <stdio.h>
#include <string.h>

struct person {
    struct sw_who who;
    char name[80];
};

static bool of_nights(const char *metric)
{
    for (int i = 0; i < SW_NIGHT_METRICS; i++)
        if (!strcmp(sw_night_metric[i], metric)) return true;
    return false;
}

static int is_marked(struct check *c, int64_t person, const char *metric, int64_t day, struct sw_err *err)
{
    int64_t n = 0;
    int rc = sw_ask_int(c->s, err, &n,
                        "SELECT count(*) FROM dirty WHERE person_id = $1 AND day = $3 AND "
                        "(metric = $2 OR metric = '" SW_PRESENCE_MARK "' OR metric = '" SW_SLEEP_MARK "')",
                        "isi", person, metric, day);
    return rc < 0 ? rc : n > 0;
}

static int compare(struct check *c, const struct person *p, const char *metric, int64_t day,
                   const struct sw_rollup *have, const struct sw_rollup *want, struct sw_err *err)
{
    struct sw_date d = sw_date_of_day(day);
    int marked;
    if (sw_check_same(have, want)) return 0;
    marked = is_marked(c, p->who.id, metric, day, err);
    if (marked) return marked < 0 ? marked : 0;
    sw_check_say(c,
                 &(struct sw_finding){.what = "merged", .mend = "merged", .person = p->who.id,
                                      .metric = metric, .day = day},
                 "%s of %s on %04d-%02d-%02d, put together from all origins, %s", metric, p->name, d.year,
                 d.month, d.day,
                 !have->n   ? "is missing"
                 : !want->n ? "stands there though no origin knows of it"
                            : "is not what the origins say now");
    return 0;
}

/* Days that an origin of the metric knows, or a total was stated for. */
static int add_days(struct check *c, const struct person *p, const char *metric, struct day_rolls *days,
                    bool *measured, struct sw_err *err)
{
    struct sw_series_rows rows = {0};
    int rc = sw_series_of_metric(c->s, p->who.id, metric, &rows, err);
    *measured = rows.n > 0;
    for (size_t i = 0; i < rows.n && !rc; i++) {
        struct day_rolls one = {0};
        rc = sw_check_stored(c, rows.at[i].id, &one, err);
        for (size_t k = 0; k < one.n; k++) sw_check_day(days, one.at[k].day);
        sw_free(one.at);
    }
    struct sw_q *q = rc ? NULL
                        : sw_ask(c->s, err,
                                 "SELECT day FROM day_total WHERE person_id = $1 AND metric = $2 ORDER BY day",
                                 "is", p->who.id, metric);
    while (q && (rc = sw_q_next(q, err)) > 0) {
        sw_check_day(days, sw_q_int(q, 0));
        *measured = true;
    }
    sw_free(rows.at);
    return rc;
}

/* A day that cannot be computed since a chunk is damaged: the chunk was told of already. */
static int forgive(int rc, struct sw_err *err)
{
    if (rc != SW_E_BAD) return rc;
    sw_err_clear(err);
    return 0;
}

static int look_at_metric(struct check *c, const struct person *p, const struct sw_metric *m,
                          struct sw_err *err)
{
    struct day_rolls have = {0}, days = {0};
    int64_t series;
    bool measured;
    int rc = sw_series_find(c->s, p->who.id, m->name, SW_ORIGIN_MERGED, false, &series, err);
    if (rc == SW_E_NOTFOUND) rc = 0;
    else if (!rc) rc = sw_check_stored(c, series, &have, err);
    for (size_t i = 0; i < have.n; i++) sw_check_day(&days, have.at[i].day);
    if (!rc) rc = add_days(c, p, m->name, &days, &measured, err);
    if (of_nights(m->name)) days.n = 0;
    for (size_t i = 0; i < days.n && !rc; i++) {
        int64_t day = days.at[i].day;
        struct sw_rollup want;
        rc = sw_timeline_day(c->s, c->metrics, &p->who, m, day, &want, NULL, NULL, err);
        if (rc) rc = forgive(rc, err);
        else rc = compare(c, p, m->name, day, sw_check_day(&have, day), &want, err);
    }
    c->n->days += (int64_t)days.n;
    sw_check_step(c, (int64_t)have.n);
    sw_free(have.at);
    sw_free(days.at);
    return rc;
}

/* Days on which a person woke, and those that have a merged figure of a night. */
static int nights_of(struct check *c, const struct person *p, struct day_rolls have[SW_NIGHT_METRICS],
                     bool skip[SW_NIGHT_METRICS], struct day_rolls *days, struct sw_err *err)
{
    struct sw_q *q;
    int rc = 0;
    for (int i = 0; i < SW_NIGHT_METRICS && !rc; i++) {
        struct day_rolls ignored = {0};
        int64_t series;
        rc = sw_series_find(c->s, p->who.id, sw_night_metric[i], SW_ORIGIN_MERGED, false, &series, err);
        if (!rc) rc = sw_check_stored(c, series, &have[i], err);
        else if (rc == SW_E_NOTFOUND) rc = 0;
        for (size_t k = 0; k < have[i].n; k++) sw_check_day(days, have[i].at[k].day);
        if (!rc) rc = add_days(c, p, sw_night_metric[i], &ignored, &skip[i], err);
        sw_free(ignored.at);
    }
    q = rc ? NULL
           : sw_ask(c->s, err,
                    "SELECT DISTINCT day FROM record WHERE person_id = $1 AND kind = 'sleep' AND "
                    "state <> 'deleted' ORDER BY day",
                    "i", p->who.id);
    while (q && (rc = sw_q_next(q, err)) > 0) sw_check_day(days, sw_q_int(q, 0));
    return rc;
}

static int look_at_nights(struct check *c, const struct person *p, struct sw_err *err)
{
    struct day_rolls have[SW_NIGHT_METRICS] = {{0}}, days = {0};
    bool skip[SW_NIGHT_METRICS] = {false};
    int rc = nights_of(c, p, have, skip, &days, err);
    for (size_t k = 0; k < days.n && !rc; k++) {
        struct sw_rollup want[SW_NIGHT_METRICS];
        rc = sw_night_values(c->s, &p->who, days.at[k].day, want, err);
        for (int i = 0; i < SW_NIGHT_METRICS && !rc; i++)
            if (!skip[i])
                rc = compare(c, p, sw_night_metric[i], days.at[k].day,
                             sw_check_day(&have[i], days.at[k].day), &want[i], err);
    }
    for (int i = 0; i < SW_NIGHT_METRICS; i++) sw_free(have[i].at);
    sw_free(days.at);
    return rc;
}

struct people {
    struct person *at;
    size_t n, cap;
};

int sw_check_merged(struct check *c, struct sw_err *err)
{
    struct people l = {0};
    struct sw_q *q = sw_ask(c->s, err, "SELECT id, name FROM person ORDER BY id", "");
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        sw_grow((void **)&l.at, &l.cap, l.n + 1, sizeof *l.at);
        l.at[l.n].who = (struct sw_who){.id = sw_q_int(q, 0), .name = ""};
        snprintf(l.at[l.n++].name, sizeof l.at->name, "%s", sw_q_text(q, 1, NULL));
    }
    for (size_t i = 0; i < l.n && !rc; i++) {
        for (size_t k = 0; k < c->metrics->n && !rc; k++)
            rc = look_at_metric(c, &l.at[i], c->metrics->row[k], err);
        if (!rc) rc = look_at_nights(c, &l.at[i], err);
    }
    sw_free(l.at);
    return rc;
}
