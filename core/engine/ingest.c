/* SPDX-License-Identifier: MIT */
#include "engine/ingest.h"
#include "base/alloc.h"
#include "store/store_undo.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_REASONS = 100, MAX_OFFSET = 16 * 60 };

void sw_counts_clear(struct sw_counts *c)
{
    sw_map_clear(&c->reasons);
    *c = (struct sw_counts){0};
}

void sw_counts_reject(struct sw_counts *c, int64_t n, const char *fmt, ...)
{
    char text[200];
    intptr_t had = 0;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    c->rejected += n;
    if (!sw_map_get(&c->reasons, text, strlen(text), &had) && c->reasons.n >= MAX_REASONS) return;
    sw_map_set(&c->reasons, text, strlen(text), had + (intptr_t)n);
}

void sw_counts_add(struct sw_counts *into, const struct sw_counts *from)
{
    int64_t rejected = into->rejected + from->rejected; /* those past the most reasons, too */
    into->added += from->added;
    into->changed += from->changed;
    into->same += from->same;
    for (size_t i = 0; i < from->reasons.cap; i++)
        if (from->reasons.slot[i].key)
            sw_counts_reject(into, from->reasons.slot[i].value, "%s", from->reasons.slot[i].key);
    into->rejected = rejected;
}

static bool time_ok(int64_t start_ms, int64_t dur_ms)
{
    return start_ms >= SW_TIME_MIN_MS && start_ms < SW_TIME_MAX_MS && dur_ms >= 0 &&
           dur_ms <= 400 * SW_DAY_MS;
}

/* An instant without a zone, or with one that cannot be, gets its day from the user's zone. */
static int32_t settled_offset(const struct sw_who *who, int64_t start_ms, int16_t stated)
{
    if (stated > -MAX_OFFSET && stated < MAX_OFFSET) return stated;
    return sw_tz_offset(who->zone, start_ms) / 60;
}

/* As llround does, without a call for each sample. */
static inline int64_t whole(double v)
{
    int64_t n = (int64_t)v;
    double rest = v - (double)n;
    return rest >= 0.5 ? n + 1 : rest <= -0.5 ? n - 1 : n;
}

static int column_samples(const struct sw_who *who, const struct sw_column *col,
                          const struct sw_column_map *map, struct sw_samples *out,
                          struct sw_counts *counts)
{
    const struct sw_metric *m = map->metric;
    int64_t low = 0, high = 0, when = 0;
    sw_grow((void **)&out->at, &out->cap, out->n + col->n, sizeof *out->at);
    for (size_t i = 0; i < col->n; i++) {
        double v = map->from_duration ? (double)col->dur_ms[i] / 60000
                                      : col->value[i] * map->convert.factor + map->convert.shift;
        struct sw_sample x = {col->start_ms[i], col->dur_ms[i], 0, 0};
        if (!time_ok(x.start_ms, x.dur_ms)) {
            when++;
            continue;
        }
        if (!(v >= m->min) || !(v <= m->max)) {
            v > m->max ? high++ : low++;
            continue;
        }
        x.value = whole(v * m->scale);
        x.offset_min = settled_offset(who, x.start_ms, col->offset_min[i]);
        out->at[out->n++] = x;
    }
    if (low) sw_counts_reject(counts, low, "%s below %g %s", m->name, m->min, m->unit);
    if (high) sw_counts_reject(counts, high, "%s above %g %s", m->name, m->max, m->unit);
    if (when)
        sw_counts_reject(counts, when, "%s at a time outside 1900 to 2079 or of an absurd length",
                         m->name);
    return 0;
}

int sw_ingest_column(struct sw_store *s, const struct sw_who *who, const struct sw_column *col,
                     int64_t origin_id, const struct sw_column_map *map, struct sw_counts *counts,
                     struct sw_err *err)
{
    struct sw_samples x = {0};
    struct sw_merge stat = {0, 0, 0};
    int64_t series;
    int rc = column_samples(who, col, map, &x, counts);
    if (!rc && x.n) {
        sw_samples_sort(&x);
        rc = sw_series_find(s, who->id, map->metric->name, origin_id, true, &series, err);
        if (!rc) rc = sw_series_write(s, who->id, map->metric, series, &x, &stat, err);
    }
    counts->added += (int64_t)stat.added;
    counts->changed += (int64_t)stat.changed;
    counts->same += (int64_t)stat.same;
    sw_samples_clear(&x);
    return rc;
}

int sw_ingest_column_gone(struct sw_store *s, const struct sw_who *who, const struct sw_column *col,
                          int64_t origin_id, const struct sw_column_map *map, int64_t *gone, struct sw_err *err)
{
    struct sw_counts ignored = {0};
    struct sw_samples x = {0};
    int64_t series = 0;
    int rc = column_samples(who, col, map, &x, &ignored);
    *gone = 0;
    if (!rc && x.n) {
        sw_samples_sort(&x);
        rc = sw_series_find(s, who->id, map->metric->name, origin_id, false, &series, err);
        if (!rc) rc = sw_series_remove(s, who->id, map->metric, series, &x, gone, err);
        else if (rc == SW_E_NOTFOUND) rc = 0, sw_err_clear(err);
    }
    sw_counts_clear(&ignored);
    sw_samples_clear(&x);
    return rc;
}

static int mark_night(struct sw_store *s, const struct sw_who *who, int64_t day, struct sw_err *err)
{
    int rc = 0;
    for (int64_t d = day - 1; d <= day + 1 && !rc; d++)
        rc = sw_dirty_mark(s, who->id, SW_SLEEP_MARK, d, err);
    return rc;
}

typedef int put_record(struct sw_store *s, int64_t person, const char *person_name,
                       struct sw_record *r, struct sw_put_result *out, struct sw_err *err);

static int store_record(struct sw_store *s, const struct sw_who *who, struct sw_record *r,
                        put_record *put, struct sw_put_result *out, struct sw_err *err)
{
    int rc;
    if (!time_ok(r->start_ms, r->finish_ms - r->start_ms))
        return sw_fail(err, SW_E_BAD,
                       "%s at a time outside 1900 to 2079, or finishing before it starts", r->kind);
    rc = put(s, who->id, who->name, r, out, err);
    if (rc || out->what == SW_PUT_SAME || strcmp(r->kind, "sleep")) return rc;
    rc = mark_night(s, who, r->day, err);
    if (!rc && out->old_day != r->day) rc = mark_night(s, who, out->old_day, err);
    return rc;
}

int sw_ingest_record(struct sw_store *s, const struct sw_who *who, struct sw_record *r,
                     struct sw_put_result *out, struct sw_err *err)
{
    return store_record(s, who, r, sw_record_put, out, err);
}

int sw_ingest_restore(struct sw_store *s, const struct sw_who *who, struct sw_record *r,
                      struct sw_put_result *out, struct sw_err *err)
{
    return store_record(s, who, r, sw_record_restore, out, err);
}

int sw_ingest_delete(struct sw_store *s, const struct sw_who *who, int64_t id, bool *was_last,
                     int64_t *group, struct sw_err *err)
{
    int64_t day;
    int rc = sw_ask_int(
        s, err, &day, "SELECT day FROM record WHERE id = $1 AND person_id = $2 AND kind = 'sleep'",
        "ii", id, who->id);
    if (rc > 0) rc = mark_night(s, who, day, err);
    return rc < 0 ? rc : sw_record_delete(s, who->id, id, was_last, group, err);
}

int sw_ingest_move(struct sw_store *s, const struct sw_who *who, int64_t id, int64_t group, int64_t *moved,
                   struct sw_err *err)
{
    int64_t day;
    int rc = sw_ask_int(
        s, err, &day, "SELECT day FROM record WHERE id = $1 AND person_id = $2 AND kind = 'sleep'",
        "ii", id, who->id);
    if (rc > 0) rc = mark_night(s, who, day, err);
    if (rc >= 0) rc = sw_record_move(s, who->id, id, group, err);
    *moved += rc > 0;
    return rc < 0 ? rc : 0;
}

int sw_ingest_join(struct sw_store *s, const struct sw_who *who, int64_t from, int64_t to, int64_t *moved,
                   struct sw_err *err)
{
    int64_t id;
    int rc = 1;
    while (from != to && (rc = sw_ask_int(s, err, &id,
                                          "SELECT id FROM record WHERE group_id = $1 AND person_id = $2 ORDER BY id LIMIT 1",
                                          "ii", from, who->id)) > 0)
        if ((rc = sw_ingest_move(s, who, id, to, moved, err))) break;
    return rc < 0 ? rc : 0;
}

/* 1 and *out: the total this origin stated before; 0: none. */
static int stated_total(struct sw_store *s, const struct sw_who *who, const struct sw_metric *m,
                        int64_t day, int64_t origin_id, double *out, struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err,
        "SELECT total FROM day_total WHERE person_id = $1 AND metric = $2 AND day = $3 AND origin_id = $4",
        "isii", who->id, m->name, day, origin_id);
    int rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    if (rc <= 0) return rc;
    *out = sw_q_real(q, 0);
    sw_q_stop(q);
    return 1;
}

int sw_ingest_day_total(struct sw_store *s, const struct sw_who *who, const struct sw_metric *m,
                        int64_t day, int64_t origin_id, double total, enum sw_put *what,
                        struct sw_err *err)
{
    double had = NAN;
    int rc;
    if (!isfinite(total) || day < SW_TIME_MIN_MS / SW_DAY_MS || day > SW_TIME_MAX_MS / SW_DAY_MS)
        return sw_fail(err, SW_E_BAD,
                       "%s: a day's total must be a number, its day within 1900 to 2079", m->name);
    if ((rc = stated_total(s, who, m, day, origin_id, &had, err)) < 0) return rc;
    *what = isnan(had) ? SW_PUT_NEW : had == total ? SW_PUT_SAME : SW_PUT_CHANGED;
    if (*what == SW_PUT_SAME) return 0;
    rc = sw_undo_total(s, m->name, day, origin_id, isnan(had) ? NULL : &had, &total, err);
    if (rc) return rc;
    rc = sw_run(
        s, err,
        "INSERT INTO day_total (person_id, metric, day, origin_id, total) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (person_id, metric, day, origin_id) DO UPDATE SET total = excluded.total",
        "isiir", who->id, m->name, day, origin_id, total);
    return rc ? rc : sw_dirty_mark(s, who->id, m->name, day, err);
}

int sw_ingest_total_gone(struct sw_store *s, const struct sw_who *who, const struct sw_metric *m, int64_t day,
                         int64_t origin_id, double total, bool *gone, struct sw_err *err)
{
    double had = NAN;
    int rc = stated_total(s, who, m, day, origin_id, &had, err);
    *gone = rc > 0 && fabs(had - total) <= 1e-9 * fabs(had);
    if (rc < 0 || !*gone) return rc < 0 ? rc : 0;
    rc = sw_undo_total(s, m->name, day, origin_id, &had, NULL, err);
    if (!rc)
        rc = sw_run(s, err,
                    "DELETE FROM day_total WHERE person_id = $1 AND metric = $2 AND day = $3 AND origin_id = $4", "isii",
                    who->id, m->name, day, origin_id);
    return rc ? rc : sw_dirty_mark(s, who->id, m->name, day, err);
}

static void keep_text(void *ctx, const struct sw_doc *d)
{
    struct sw_buf *b = ctx;
    sw_buf_put(b, d->body, d->body_n);
}

/* Was this very total held before? It is remembered, so that the second time it is believed. */
static int heard_before(struct sw_store *s, const struct sw_who *who, const char *name, double total,
                        bool *before, struct sw_err *err)
{
    struct sw_buf had;
    char text[64];
    int rc;
    sw_buf_init(&had, 4096);
    snprintf(text, sizeof text, "{\"total\":%.17g}", total);
    rc = sw_doc_get(s, who->id, ".doubt", name, keep_text, &had, err);
    *before = rc > 0 && !strcmp(sw_buf_str(&had), text);
    sw_buf_clear(&had);
    if (rc < 0) return rc;
    if (*before) return sw_doc_delete(s, who->id, ".doubt", name, err);
    return sw_doc_put(s, who->id, ".doubt", name, who->now_ms, text, strlen(text), SW_DOC_ANY, 0, err);
}

int sw_ingest_doubted_total(struct sw_store *s, const struct sw_who *who, const struct sw_metric *m,
                            int64_t day, int64_t origin_id, double total, bool *held,
                            enum sw_put *what, struct sw_err *err)
{
    int64_t today = sw_floor_day(who->now_ms + (int64_t)sw_tz_offset(who->zone, who->now_ms) * 1000);
    char name[160];
    double had = 0;
    bool before = false;
    int rc = stated_total(s, who, m, day, origin_id, &had, err);
    *held = false;
    *what = SW_PUT_SAME;
    if (rc < 0 || total == 0) return rc < 0 ? rc : 0;
    snprintf(name, sizeof name, "%s|%lld|%lld", m->name, (long long)day, (long long)origin_id);
    if (rc > 0 && day < today && total < had * 0.8) {
        if ((rc = heard_before(s, who, name, total, &before, err)) < 0) return rc;
        *held = !before;
        if (*held) return 0;
    } else if (rc > 0 && (rc = sw_doc_delete(s, who->id, ".doubt", name, err)) < 0) {
        return rc; /* a good figure ends a doubt */
    }
    return sw_ingest_day_total(s, who, m, day, origin_id, total, what, err);
}
