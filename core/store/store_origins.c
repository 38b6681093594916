/* SPDX-License-Identifier: MIT */
#include "store/store_origins.h"
#include "base/alloc.h"
#include "base/tz.h"
#include "store/store_erase.h"
#include "store/store_records.h"
#include "store/store_series.h"
#include <stdio.h>
#include <string.h>

struct held { /* a series of an origin */
    int64_t id;
    char metric[64];
};
struct held_list {
    struct held *at;
    size_t n, cap;
};

static int is_own(struct sw_store *s, int64_t person, int64_t origin, struct sw_err *err)
{
    int64_t ignored;
    int rc = sw_ask_int(s, err, &ignored, "SELECT 1 FROM origin WHERE id = $1 AND person_id = $2", "ii",
                        origin, person);
    return rc ? (rc < 0 ? rc : 0) : sw_fail(err, SW_E_NOTFOUND, "there is no such origin");
}

static void keep(void *ctx, int64_t id, const char *metric)
{
    struct held_list *l = ctx;
    sw_grow((void **)&l->at, &l->cap, l->n + 1, sizeof *l->at);
    l->at[l->n].id = id;
    snprintf(l->at[l->n++].metric, sizeof l->at->metric, "%s", metric);
}

/* --- rank --- */

static int mark_series(struct sw_store *s, int64_t person, const char *metric, int64_t origin,
                       struct sw_err *err)
{
    struct held_list l = {0};
    int rc = sw_series_of_origin(s, person, origin, keep, &l, err);
    for (size_t i = 0; i < l.n && !rc; i++)
        if (!*metric || !strcmp(metric, l.at[i].metric))
            rc = sw_series_mark(s, person, l.at[i].metric, l.at[i].id, err);
    sw_free(l.at);
    return rc;
}

/* Every day that the origin has a part in: samples, totals, nights (and those beside them). */
static int mark_all(struct sw_store *s, int64_t person, const char *metric, int64_t origin,
                    struct sw_err *err)
{
    bool nights = !*metric || !strcmp(metric, "sleep");
    int rc = mark_series(s, person, metric, origin, err);
    if (!rc)
        rc = sw_run(s, err,
                    "INSERT INTO dirty (person_id, metric, day) SELECT DISTINCT person_id, metric, day FROM day_total "
                    "WHERE person_id = $1 AND origin_id = $2 AND ($3 = '' OR metric = $3) "
                    "ON CONFLICT (person_id, metric, day) DO NOTHING",
                    "iis", person, origin, metric);
    for (int64_t by = -1; by <= 1 && !rc && nights; by++)
        rc = sw_run(s, err,
                    "INSERT INTO dirty (person_id, metric, day) SELECT DISTINCT person_id, 'sleep_duration', day + $3 "
                    "FROM record WHERE person_id = $1 AND origin_id = $2 AND kind = 'sleep' "
                    "ON CONFLICT (person_id, metric, day) DO NOTHING",
                    "iii", person, origin, by);
    return rc;
}

static int ranked(struct sw_store *s, int64_t person, const char *metric, int64_t **out, size_t *n,
                  struct sw_err *err)
{
    size_t cap = 0;
    struct sw_q *q = sw_ask(s, err, "SELECT origin_id FROM origin_rank WHERE person_id = $1 AND metric = $2 "
                            "ORDER BY place", "is", person, metric);
    int rc = q ? 0 : SW_E_INTERNAL;
    *n = 0;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        sw_grow((void **)out, &cap, *n + 1, sizeof **out);
        (*out)[(*n)++] = sw_q_int(q, 0);
    }
    return rc;
}

int sw_origin_rank(struct sw_store *s, int64_t person, const char *metric, const int64_t *origin,
                   size_t n, struct sw_err *err)
{
    int64_t *before = NULL;
    size_t n_before;
    int rc = ranked(s, person, metric, &before, &n_before, err);
    for (size_t i = 0; i < n_before && !rc; i++) rc = mark_all(s, person, metric, before[i], err);
    if (!rc)
        rc = sw_run(s, err, "DELETE FROM origin_rank WHERE person_id = $1 AND metric = $2", "is", person,
                    metric);
    for (size_t i = 0; i < n && !rc; i++) {
        rc = is_own(s, person, origin[i], err);
        if (!rc)
            rc = sw_run(s, err, "INSERT INTO origin_rank (person_id, metric, origin_id, place) "
                        "VALUES ($1, $2, $3, $4) ON CONFLICT (person_id, metric, origin_id) DO NOTHING",
                        "isii", person, metric, origin[i], (int64_t)i + 1);
        if (!rc) rc = mark_all(s, person, metric, origin[i], err);
    }
    sw_free(before);
    return rc;
}

/* --- parts of the day --- */

static bool within(struct sw_hours part, int64_t minute)
{
    if (part.from_min < part.to_min) return minute >= part.from_min && minute < part.to_min;
    return minute >= part.from_min || minute < part.to_min;
}

static bool overlap(struct sw_hours a, struct sw_hours b)
{
    return within(a, b.from_min) || within(b, a.from_min);
}

/* Forget what is ranked for this part, or say that another one is in its way. */
static int clear_part(struct sw_store *s, int64_t person, const char *metric, struct sw_hours part,
                      struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err, "SELECT from_min, to_min, origin_id FROM origin_hours WHERE person_id = $1 "
                            "AND metric = $2", "is", person, metric);
    struct held_list was = {0};
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        struct sw_hours other = {(int)sw_q_int(q, 0), (int)sw_q_int(q, 1)};
        if (other.from_min == part.from_min && other.to_min == part.to_min) {
            keep(&was, sw_q_int(q, 2), metric);
        } else if (overlap(part, other)) {
            rc = sw_fail(err, SW_E_BAD, "%02d:%02d to %02d:%02d is ranked already and overlaps: unrank it first",
                         other.from_min / 60, other.from_min % 60, other.to_min / 60, other.to_min % 60);
            sw_q_stop(q);
            break;
        }
    }
    for (size_t i = 0; i < was.n && !rc; i++) rc = mark_all(s, person, metric, was.at[i].id, err);
    sw_free(was.at);
    return rc ? rc
              : sw_run(s, err, "DELETE FROM origin_hours WHERE person_id = $1 AND metric = $2 AND from_min = $3 "
                       "AND to_min = $4", "isii", person, metric, (int64_t)part.from_min, (int64_t)part.to_min);
}

int sw_origin_rank_hours(struct sw_store *s, int64_t person, const char *metric, struct sw_hours part,
                         const int64_t *origin, size_t n, struct sw_err *err)
{
    int rc = clear_part(s, person, metric, part, err);
    for (size_t i = 0; i < n && !rc; i++) {
        rc = is_own(s, person, origin[i], err);
        if (!rc)
            rc = sw_run(s, err, "INSERT INTO origin_hours (person_id, metric, from_min, to_min, origin_id, place) "
                        "VALUES ($1, $2, $3, $4, $5, $6) "
                        "ON CONFLICT (person_id, metric, from_min, to_min, origin_id) DO NOTHING",
                        "isiiii", person, metric, (int64_t)part.from_min, (int64_t)part.to_min, origin[i],
                        (int64_t)i + 1);
        if (!rc) rc = mark_all(s, person, metric, origin[i], err);
    }
    return rc;
}

int sw_origin_hours(struct sw_store *s, int64_t person, const char *metric, struct sw_hours_rank **out,
                    size_t *n, struct sw_err *err)
{
    size_t cap = 0;
    struct sw_q *q = sw_ask(s, err, "SELECT from_min, to_min, origin_id, CASE WHEN metric = '' THEN place - 1500 "
                            "ELSE place - 2000 END FROM origin_hours WHERE person_id = $1 AND metric IN ('', $2) "
                            "ORDER BY 1, 2, 4", "is", person, metric);
    int rc = q ? 0 : SW_E_INTERNAL;
    *out = NULL, *n = 0;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        sw_grow((void **)out, &cap, *n + 1, sizeof **out);
        (*out)[(*n)++] = (struct sw_hours_rank){
            {(int)sw_q_int(q, 0), (int)sw_q_int(q, 1)}, sw_q_int(q, 2), (int)sw_q_int(q, 3)};
    }
    return rc;
}

/* --- merge --- */

/* One piece: what `to` has is written last, so it stays. */
static int move_piece(struct sw_store *s, int64_t person, const struct sw_metric *m, int64_t from,
                      int64_t to, int64_t start, int64_t end, struct sw_err *err)
{
    struct sw_samples x = {0}, own = {0};
    struct sw_merge stat;
    int rc = sw_series_read(s, m, from, start, end, &x, err);
    if (!rc) rc = sw_series_read(s, m, to, start, end, &own, err);
    if (!rc && x.n) rc = sw_series_write(s, person, m, to, &x, &stat, err);
    if (!rc && x.n && own.n) rc = sw_series_write(s, person, m, to, &own, &stat, err);
    sw_samples_clear(&x);
    sw_samples_clear(&own);
    return rc;
}

static int move_series(struct sw_store *s, int64_t person, const struct sw_metrics *all,
                       const struct held *h, int64_t into, struct sw_err *err)
{
    const struct sw_metric *m = sw_metrics_get(all, h->metric);
    int64_t to, start, end, at = SW_TIME_MIN_MS;
    int rc;
    if (!m) return sw_fail(err, SW_E_BAD, "the metric '%s' is not known any more", h->metric);
    rc = sw_series_find(s, person, h->metric, into, true, &to, err);
    while (!rc && (rc = sw_series_span(s, m, h->id, at, &start, &end, err)) > 0) {
        rc = move_piece(s, person, m, h->id, to, start, end, err);
        at = end;
    }
    return rc ? rc : sw_erase_series(s, person, h->id, h->metric, err);
}

static int move_rows(struct sw_store *s, int64_t person, int64_t from, int64_t into, struct sw_err *err)
{
    static const char *const sql[] = {
        "INSERT INTO day_total (person_id, metric, day, origin_id, total) SELECT person_id, metric, day, $3, total "
        "FROM day_total WHERE person_id = $1 AND origin_id = $2 "
        "ON CONFLICT (person_id, metric, day, origin_id) DO NOTHING",
        "DELETE FROM day_total WHERE person_id = $1 AND origin_id = $2 AND $3 <> 0",
        "DELETE FROM origin_rank WHERE person_id = $1 AND origin_id = $2 AND $3 <> 0",
        "DELETE FROM origin_hours WHERE person_id = $1 AND origin_id = $2 AND $3 <> 0",
        "UPDATE origin SET merged_into = $3 WHERE person_id = $1 AND (id = $2 OR merged_into = $2)",
    };
    int rc = sw_record_move_origin(s, person, from, into, err);
    for (size_t i = 0; i < sizeof sql / sizeof *sql && !rc; i++)
        rc = sw_run(s, err, sql[i], "iii", person, from, into);
    return rc;
}

int sw_origin_merge(struct sw_store *s, int64_t person, const struct sw_metrics *all, int64_t from,
                    int64_t into, struct sw_err *err)
{
    struct held_list l = {0};
    int64_t already = 0;
    int rc = is_own(s, person, from, err);
    if (!rc) rc = is_own(s, person, into, err);
    if (!rc) rc = sw_ask_int(s, err, &already, "SELECT merged_into FROM origin WHERE id = $1", "i", into);
    if (rc < 0) return rc;
    if (from == into || already)
        return sw_fail(err, SW_E_BAD, already ? "that origin is known as another one itself"
                                              : "an origin is itself already");
    rc = mark_all(s, person, "", from, err);
    if (!rc) rc = sw_series_of_origin(s, person, from, keep, &l, err);
    for (size_t i = 0; i < l.n && !rc; i++) rc = move_series(s, person, all, &l.at[i], into, err);
    if (!rc) rc = move_rows(s, person, from, into, err);
    if (!rc) rc = mark_all(s, person, "", into, err);
    sw_free(l.at);
    return rc;
}
