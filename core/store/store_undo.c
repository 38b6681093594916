/* SPDX-License-Identifier: MIT */
#include "store/store_undo.h"
#include "store/store_docs.h"
#include <stdio.h>
#include <string.h>

#define MAX_BLOB ((size_t)48 << 20)

void sw_undo_begin(struct sw_store *s, int64_t person, int64_t run)
{
    *sw_store_undo(s) = (struct sw_undo_mark){person, run};
}

bool sw_undo_on(const struct sw_store *s)
{
    return sw_store_undo((struct sw_store *)s)->run != 0;
}

int sw_undo_any(struct sw_store *s, int64_t person, int64_t run, struct sw_err *err)
{
    int64_t one;
    int rc = sw_ask_int(s, err, &one, "SELECT 1 FROM undo WHERE person_id = $1 AND run_id = $2 LIMIT 1", "ii", person,
                        run);
    if (rc) return rc;
    return sw_ask_int(s, err, &one, "SELECT 1 FROM undo_record WHERE person_id = $1 AND run_id = $2 LIMIT 1", "ii",
                      person, run);
}

static int note(struct sw_store *s, const char *kind, int64_t ref, const char *name, int64_t day,
                const void *old, size_t old_n, const void *fresh, size_t fresh_n, struct sw_err *err)
{
    const struct sw_undo_mark *m = sw_store_undo(s);
    return sw_run(s, err,
                  "INSERT INTO undo (person_id, run_id, seq, kind, ref, name, day, old, fresh) SELECT $1, $2, "
                  "coalesce(max(seq), 0) + 1, $3, $4, $5, $6, $7, $8 FROM undo WHERE person_id = $1 AND run_id = $2",
                  "iisisibb", m->person, m->run, kind, ref, name, day, old_n ? old : "", old_n,
                  fresh_n ? fresh : "", fresh_n);
}

int sw_undo_samples(struct sw_store *s, int64_t series, const struct sw_samples *old,
                    const struct sw_samples *fresh, const struct sw_buf *packed, struct sw_err *err)
{
    struct sw_buf a, b;
    int rc = 0;
    sw_buf_init(&a, MAX_BLOB), sw_buf_init(&b, MAX_BLOB);
    if (old->n) rc = sw_series_encode(sw_store_zip(s), old->at, old->n, &a, err);
    if (!rc && fresh->n && !packed) rc = sw_series_encode(sw_store_zip(s), fresh->at, fresh->n, &b, err);
    if (!packed) packed = &b;
    if (!rc) rc = note(s, "samples", series, "", 0, a.data, a.len, packed->data, packed->len, err);
    sw_buf_clear(&a), sw_buf_clear(&b);
    return rc;
}

#define COLUMNS                                                                                              \
    "kind, type, start_ms, finish_ms, offset_start, offset_finish, zone_from, day, connection_id, external_id, " \
    "origin_id, group_id, state, content, body"

/* `was` tells the revision before the run, negative (rows of older versions hold 1 for "there was one"). */
int sw_undo_record(struct sw_store *s, int64_t id, bool there, int64_t fresh_revision, struct sw_err *err)
{
    const struct sw_undo_mark *m = sw_store_undo(s);
    if (!m->run) return 0;
    if (there)
        return sw_run(s, err,
                      "INSERT INTO undo_record (person_id, run_id, id, was, fresh_revision, " COLUMNS ") "
                      "SELECT $1, $2, id, -revision, $4, " COLUMNS " FROM record WHERE id = $3 "
                      "ON CONFLICT (person_id, run_id, id) DO UPDATE SET fresh_revision = excluded.fresh_revision",
                      "iiii", m->person, m->run, id, fresh_revision);
    return sw_run(s, err,
                  "INSERT INTO undo_record (person_id, run_id, id, was, fresh_revision, " COLUMNS ") "
                  "VALUES ($1, $2, $3, 0, $4, '', '', 0, 0, 0, 0, '', 0, 0, '', 0, 0, '', 0, '') "
                  "ON CONFLICT (person_id, run_id, id) DO UPDATE SET fresh_revision = excluded.fresh_revision",
                  "iiii", m->person, m->run, id, fresh_revision);
}

int sw_undo_total(struct sw_store *s, const char *metric, int64_t day, int64_t origin, const double *old,
                  const double *fresh, struct sw_err *err)
{
    if (!sw_undo_on(s)) return 0;
    return note(s, "total", origin, metric, day, old, old ? sizeof *old : 0, fresh, fresh ? sizeof *fresh : 0, err);
}

static int note_doc(struct sw_store *s, const char *kind, const char *name, const struct sw_buf *old,
                    struct sw_err *err)
{
    char both[1200];
    snprintf(both, sizeof both, "%.200s\n%.900s", kind, name);
    return note(s, "doc", 0, both, 0, old ? old->data : NULL, old ? old->len : 0, NULL, 0, err);
}

int sw_undo_doc(struct sw_store *s, const char *kind, const char *name, struct sw_err *err)
{
    return sw_undo_on(s) ? note_doc(s, kind, name, NULL, err) : 0;
}

static void keep_body(void *ctx, const struct sw_doc *d)
{
    sw_buf_put(ctx, d->body, d->body_n);
}

int sw_undo_doc_was(struct sw_store *s, int64_t person, const char *kind, const char *name, struct sw_err *err)
{
    struct sw_buf old;
    int rc;
    if (!sw_undo_on(s)) return 0;
    sw_buf_init(&old, MAX_BLOB);
    rc = sw_doc_get(s, person, kind, name, keep_body, &old, err);
    if (rc >= 0) rc = note_doc(s, kind, name, &old, err);
    sw_buf_clear(&old);
    return rc;
}

int sw_undo_move(struct sw_store *s, int64_t id, int64_t old_group, int64_t new_group, struct sw_err *err)
{
    char to[32];
    if (!sw_undo_on(s)) return 0;
    snprintf(to, sizeof to, "%lld", (long long)new_group);
    return note(s, "move", id, to, old_group, NULL, 0, NULL, 0, err);
}

int sw_undo_raw(struct sw_store *s, int64_t id, const char *old_mapping, const char *old_item,
                struct sw_err *err)
{
    return sw_undo_on(s) ? note(s, "raw", id, old_mapping, 0, old_item, strlen(old_item), NULL, 0, err) : 0;
}

/* The end of the first part, then the part: a DELETE with a LIMIT is not everybody's SQL. */
static int forget_samples(struct sw_store *s, int64_t person, int64_t run, int64_t most, struct sw_err *err)
{
    int64_t last = 0;
    int rc = sw_ask_int(s, err, &last,
                        "SELECT coalesce(max(seq), 0) FROM (SELECT seq FROM undo WHERE person_id = $1 AND run_id = $2 "
                        "ORDER BY seq LIMIT $3) AS part",
                        "iii", person, run, most);
    return rc < 0 ? rc
                  : sw_run(s, err, "DELETE FROM undo WHERE person_id = $1 AND run_id = $2 AND seq <= $3", "iii",
                           person, run, last);
}

static int forget_records(struct sw_store *s, int64_t person, int64_t run, int64_t most, struct sw_err *err)
{
    int64_t last = 0;
    int rc = sw_ask_int(s, err, &last,
                        "SELECT coalesce(max(id), 0) FROM (SELECT id FROM undo_record WHERE person_id = $1 AND "
                        "run_id = $2 ORDER BY id LIMIT $3) AS part",
                        "iii", person, run, most);
    return rc < 0 ? rc
                  : sw_run(s, err, "DELETE FROM undo_record WHERE person_id = $1 AND run_id = $2 AND id <= $3", "iii",
                           person, run, last);
}

int sw_undo_forget(struct sw_store *s, int64_t person, int64_t run, int64_t most, struct sw_err *err)
{
    int64_t left = 0;
    int rc = forget_samples(s, person, run, most, err);
    if (!rc) rc = forget_records(s, person, run, most, err);
    if (!rc)
        rc = sw_ask_int(s, err, &left,
                        "SELECT count(*) FROM (SELECT 1 FROM undo WHERE person_id = $1 AND run_id = $2 UNION ALL "
                        "SELECT 1 FROM undo_record WHERE person_id = $1 AND run_id = $2) AS rest",
                        "ii", person, run);
    return rc < 0 ? rc : left > 0;
}
