/* SPDX-License-Identifier: MIT
 * The journal is read from its end. A row is done and deleted in one transaction, so a kill between two parts
 * of a long undo goes on where it stopped. */
#include "engine/undo.h"
#include "base/alloc.h"
#include "store/store_undo.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row { /* one of the journal, copied: its statement must not stay open while others write */
    int64_t seq, ref, day;
    char kind[16], name[1200];
    struct sw_buf old, fresh;
};

static void row_clear(struct row *r)
{
    sw_buf_clear(&r->old);
    sw_buf_clear(&r->fresh);
}

static void keep_blob(struct sw_buf *b, struct sw_q *q, int col)
{
    size_t n;
    const void *p = sw_q_blob(q, col, &n);
    sw_buf_init(b, n + 1);
    if (n) sw_buf_put(b, p, n);
}

/* 1 and the last row of the run, 0 when there is none. */
static int last_row(struct sw_store *s, int64_t person, int64_t run, struct row *r, struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err,
                            "SELECT seq, kind, ref, name, day, old, fresh FROM undo WHERE person_id = $1 AND "
                            "run_id = $2 ORDER BY seq DESC LIMIT 1",
                            "ii", person, run);
    int rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    if (rc <= 0) return rc;
    *r = (struct row){.seq = sw_q_int(q, 0), .ref = sw_q_int(q, 2), .day = sw_q_int(q, 4)};
    snprintf(r->kind, sizeof r->kind, "%s", sw_q_text(q, 1, NULL));
    snprintf(r->name, sizeof r->name, "%s", sw_q_text(q, 3, NULL));
    keep_blob(&r->old, q, 5);
    keep_blob(&r->fresh, q, 6);
    sw_q_stop(q);
    return 1;
}

/* --- samples --- */

struct metric_name {
    char text[64];
};

static int metric_of(struct sw_store *s, int64_t person, int64_t series, struct metric_name *out,
                     struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err, "SELECT metric FROM series WHERE id = $1 AND person_id = $2", "ii", series,
                            person);
    int rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    if (rc <= 0) return rc;
    snprintf(out->text, sizeof out->text, "%s", sw_q_text(q, 0, NULL));
    sw_q_stop(q);
    return 1;
}

/* What the run removed comes back where nothing stands by now. */
static int put_missing(struct sw_store *s, const struct sw_who *who, const struct sw_metric *m, int64_t series,
                       const struct sw_samples *old, int64_t *back, struct sw_err *err)
{
    struct sw_samples have = {0}, put = {0};
    struct sw_merge stat = {0, 0, 0};
    size_t k = 0;
    int rc = sw_series_read(s, m, series, old->at[0].start_ms, old->at[old->n - 1].start_ms + 1, &have, err);
    for (size_t i = 0; i < old->n && !rc; i++) {
        const struct sw_sample *x = &old->at[i];
        while (k < have.n && (have.at[k].start_ms < x->start_ms ||
                              (have.at[k].start_ms == x->start_ms && have.at[k].dur_ms < x->dur_ms)))
            k++;
        if (m->by_value || k == have.n || have.at[k].start_ms != x->start_ms || have.at[k].dur_ms != x->dur_ms)
            sw_samples_push(&put, x);
    }
    if (!rc && put.n) rc = sw_series_write(s, who->id, m, series, &put, &stat, err);
    *back = (int64_t)(stat.added + stat.changed);
    sw_samples_clear(&have), sw_samples_clear(&put);
    return rc;
}

static int undo_samples(struct sw_store *s, const struct sw_metrics *metrics, const struct sw_who *who,
                        const struct row *r, struct sw_undone *out, struct sw_err *err)
{
    struct sw_samples old = {0}, fresh = {0};
    struct metric_name name = {""};
    int64_t gone = 0;
    int rc = metric_of(s, who->id, r->ref, &name, err);
    const struct sw_metric *m = sw_metrics_get(metrics, name.text);
    if (rc <= 0 || !m) return rc < 0 ? rc : 0; /* erased since */
    rc = 0;
    if (r->old.len) rc = sw_series_decode(sw_store_zip(s), r->old.data, r->old.len, &old, err);
    if (!rc && r->fresh.len) rc = sw_series_decode(sw_store_zip(s), r->fresh.data, r->fresh.len, &fresh, err);
    if (!rc && fresh.n) rc = sw_series_take_back(s, who->id, m, r->ref, &old, &fresh, &gone, err);
    else if (!rc && old.n) rc = put_missing(s, who, m, r->ref, &old, &gone, err);
    out->samples += gone;
    out->kept += (int64_t)(fresh.n ? fresh.n : old.n) - gone;
    sw_samples_clear(&old), sw_samples_clear(&fresh);
    return rc;
}

/* --- totals and documents --- */

/* A total that the run took away comes back unless there is one by now. */
static int total_back(struct sw_store *s, const struct sw_who *who, const struct row *r, double old,
                      struct sw_undone *out, struct sw_err *err)
{
    int64_t made;
    int rc = sw_ask_int(s, err, &made,
                        "INSERT INTO day_total (person_id, metric, day, origin_id, total) VALUES ($1, $2, $3, $4, $5) "
                        "ON CONFLICT (person_id, metric, day, origin_id) DO NOTHING RETURNING day",
                        "isiir", who->id, r->name, r->day, r->ref, old);
    if (rc < 0) return rc;
    if (rc) out->totals++;
    else out->kept++;
    return sw_dirty_mark(s, who->id, r->name, r->day, err);
}

static int undo_total(struct sw_store *s, const struct sw_who *who, const struct row *r,
                      struct sw_undone *out, struct sw_err *err)
{
    double old = 0, fresh = 0;
    int64_t same;
    int rc;
    if (!r->fresh.len && r->old.len == sizeof old) {
        memcpy(&old, r->old.data, sizeof old);
        return total_back(s, who, r, old, out, err);
    }
    if (r->fresh.len == sizeof fresh) memcpy(&fresh, r->fresh.data, sizeof fresh);
    if (r->old.len == sizeof old) memcpy(&old, r->old.data, sizeof old);
    rc = sw_ask_int(s, err, &same,
                    "SELECT 1 FROM day_total WHERE person_id = $1 AND metric = $2 AND day = $3 AND origin_id = $4 "
                    "AND total = $5",
                    "isiir", who->id, r->name, r->day, r->ref, fresh);
    if (rc <= 0) {
        out->kept++;
        return rc;
    }
    out->totals++;
    if (r->old.len)
        rc = sw_run(s, err,
                    "UPDATE day_total SET total = $5 WHERE person_id = $1 AND metric = $2 AND day = $3 AND "
                    "origin_id = $4",
                    "isiir", who->id, r->name, r->day, r->ref, old);
    else
        rc = sw_run(s, err,
                    "DELETE FROM day_total WHERE person_id = $1 AND metric = $2 AND day = $3 AND origin_id = $4",
                    "isii", who->id, r->name, r->day, r->ref);
    return rc ? rc : sw_dirty_mark(s, who->id, r->name, r->day, err);
}

static int undo_doc(struct sw_store *s, const struct sw_who *who, struct row *r, struct sw_err *err)
{
    char *cut = strchr(r->name, '\n');
    if (!cut) return 0;
    *cut = 0;
    if (r->old.len)
        return sw_doc_put(s, who->id, r->name, cut + 1, who->now_ms, sw_buf_str(&r->old), r->old.len, SW_DOC_ANY, 0,
                          err);
    return sw_doc_delete(s, who->id, r->name, cut + 1, err);
}

static int undo_raw(struct sw_store *s, const struct sw_who *who, const struct row *r, struct sw_err *err)
{
    return sw_run(s, err,
                  "UPDATE raw_item SET mapping = $3, item = $4, run_id = 0 WHERE id = $1 AND person_id = $2", "iiss",
                  r->ref, who->id, r->name, sw_buf_str(&r->old));
}

struct told { /* of a group whose last member went */
    void (*gone)(void *ctx, const char *kind, int64_t group, int64_t id);
    void *ctx;
};

static int undo_move(struct sw_store *s, const struct sw_who *who, const struct row *r, const struct told *told,
                     struct sw_undone *out, struct sw_err *err)
{
    int64_t group = strtoll(r->name, NULL, 10), moved = 0, living = 1;
    char kind[64] = "";
    struct sw_q *q = sw_ask(s, err, "SELECT kind FROM record WHERE id = $1 AND person_id = $2 AND group_id = $3", "iii",
                            r->ref, who->id, group);
    int rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    if (rc <= 0) {
        out->kept += !rc;
        return rc;
    }
    snprintf(kind, sizeof kind, "%s", sw_q_text(q, 0, NULL));
    sw_q_stop(q);
    rc = sw_ingest_move(s, who, r->ref, r->day, &moved, err);
    if (!rc)
        rc = sw_ask_int(s, err, &living,
                        "SELECT count(*) FROM record WHERE group_id = $1 AND person_id = $2 AND state <> 'deleted'",
                        "ii", group, who->id);
    if (rc > 0 && !living) told->gone(told->ctx, kind, group, r->ref);
    out->records += moved;
    return rc < 0 ? rc : 0;
}

static int undo_row(struct sw_store *s, const struct sw_metrics *metrics, const struct sw_who *who, int64_t run,
                    struct row *r, const struct told *told, struct sw_undone *out, struct sw_err *err)
{
    int rc = 0;
    if (!strcmp(r->kind, "samples")) rc = undo_samples(s, metrics, who, r, out, err);
    else if (!strcmp(r->kind, "total")) rc = undo_total(s, who, r, out, err);
    else if (!strcmp(r->kind, "doc")) rc = undo_doc(s, who, r, err);
    else if (!strcmp(r->kind, "raw")) rc = undo_raw(s, who, r, err);
    else if (!strcmp(r->kind, "move")) rc = undo_move(s, who, r, told, out, err);
    return rc ? rc
              : sw_run(s, err, "DELETE FROM undo WHERE person_id = $1 AND run_id = $2 AND seq = $3", "iii", who->id,
                       run, r->seq);
}

/* --- records --- */

struct was {
    int64_t id, fresh_revision, day, group;
    int64_t was_revision; /* before the run; 0: not known */
    bool there;
    char kind[64];
};

static int next_record(struct sw_store *s, int64_t person, int64_t run, struct was *w, struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err,
                            "SELECT id, was, fresh_revision, day FROM undo_record WHERE person_id = $1 AND "
                            "run_id = $2 ORDER BY id LIMIT 1",
                            "ii", person, run);
    int rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    if (rc <= 0) return rc;
    *w = (struct was){.id = sw_q_int(q, 0), .there = sw_q_int(q, 1) != 0, .fresh_revision = sw_q_int(q, 2),
                      .day = sw_q_int(q, 3)};
    if (sw_q_int(q, 1) < 0) w->was_revision = -sw_q_int(q, 1);
    sw_q_stop(q);
    return 1;
}

/* 1 when the record stands as the run left it; its kind, group and the day it has now. */
static int is_unchanged(struct sw_store *s, int64_t person, struct was *w, int64_t *day_now, struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err,
                            "SELECT kind, group_id, day FROM record WHERE id = $1 AND person_id = $2 AND revision = $3",
                            "iii", w->id, person, w->fresh_revision);
    int rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    if (rc <= 0) return rc;
    snprintf(w->kind, sizeof w->kind, "%s", sw_q_text(q, 0, NULL));
    w->group = sw_q_int(q, 1);
    *day_now = sw_q_int(q, 2);
    sw_q_stop(q);
    return 1;
}

static int put_back(struct sw_store *s, int64_t person, int64_t run, const struct was *w, struct sw_err *err)
{
    if (!w->there) return sw_run(s, err, "DELETE FROM record WHERE id = $1", "i", w->id);
    return sw_run(s, err,
                  "UPDATE record SET type = u.type, start_ms = u.start_ms, finish_ms = u.finish_ms, "
                  "offset_start = u.offset_start, offset_finish = u.offset_finish, zone_from = u.zone_from, day = u.day, "
                  "origin_id = u.origin_id, group_id = u.group_id, state = u.state, content = u.content, body = u.body, "
                  "revision = record.revision + 1 FROM undo_record u WHERE record.id = $1 AND u.id = $1 AND "
                  "u.person_id = $2 AND u.run_id = $3",
                  "iii", w->id, person, run);
}

/* The record stands again as the run before left it, so that run can be taken back in its turn. */
static int hand_back(struct sw_store *s, int64_t person, int64_t run, const struct was *w, struct sw_err *err)
{
    if (!w->was_revision) return 0;
    return sw_run(s, err,
                  "UPDATE undo_record SET fresh_revision = $5 WHERE person_id = $1 AND id = $2 AND run_id <> $3 AND "
                  "fresh_revision = $4",
                  "iiiii", person, w->id, run, w->was_revision, w->fresh_revision + 1);
}

static int marks_of_night(struct sw_store *s, const struct sw_who *who, const struct was *w, int64_t day_now,
                          struct sw_err *err)
{
    int rc = 0;
    if (strcmp(w->kind, "sleep")) return 0;
    for (int64_t d = day_now - 1; d <= day_now + 1 && !rc; d++)
        rc = sw_dirty_mark(s, who->id, SW_SLEEP_MARK, d, err);
    for (int64_t d = w->day - 1; w->there && d <= w->day + 1 && !rc; d++)
        rc = sw_dirty_mark(s, who->id, SW_SLEEP_MARK, d, err);
    return rc;
}

static int undo_record(struct sw_store *s, const struct sw_who *who, int64_t run, struct was *w,
                       struct sw_undone *out, bool *vanished, struct sw_err *err)
{
    int64_t day_now = 0, living = 0;
    int rc = is_unchanged(s, who->id, w, &day_now, err);
    *vanished = false;
    if (rc < 0) return rc;
    if (rc) {
        rc = put_back(s, who->id, run, w, err);
        if (!rc) rc = hand_back(s, who->id, run, w, err);
        if (!rc) rc = marks_of_night(s, who, w, day_now, err);
        if (!rc)
            rc = sw_ask_int(s, err, &living,
                            "SELECT count(*) FROM record WHERE group_id = $1 AND person_id = $2 AND state <> 'deleted'",
                            "ii", w->group, who->id);
        *vanished = rc > 0 && !living;
        out->records++;
    } else {
        out->kept++;
    }
    return rc < 0 ? rc
                  : sw_run(s, err, "DELETE FROM undo_record WHERE person_id = $1 AND run_id = $2 AND id = $3", "iii",
                           who->id, run, w->id);
}

int sw_undo_run(struct sw_store *s, const struct sw_metrics *metrics, const struct sw_who *who, int64_t run,
                int64_t most, struct sw_undone *out,
                void (*gone)(void *ctx, const char *kind, int64_t group, int64_t id), void *ctx,
                struct sw_err *err)
{
    const struct told told = {gone, ctx};
    int64_t n = 0;
    struct row r;
    struct was w;
    int rc = 1;
    while (n < most && (rc = last_row(s, who->id, run, &r, err)) > 0) {
        rc = undo_row(s, metrics, who, run, &r, &told, out, err);
        row_clear(&r);
        n++;
        if (rc) return rc;
    }
    while (rc >= 0 && n < most && (rc = next_record(s, who->id, run, &w, err)) > 0) {
        bool vanished;
        rc = undo_record(s, who, run, &w, out, &vanished, err);
        if (rc) return rc;
        if (vanished) gone(ctx, w.kind, w.group, w.id);
        n++;
    }
    out->left = n == most;
    return rc < 0 ? rc : 0;
}
