/* SPDX-License-Identifier: MIT
 * Statements in the order in which rows hang on each other, so that none is left without what it hangs on.
 * A table that holds something of a person and is not named here is found by the erasure's test, which looks
 * for a person's words in every table. */
#include "store/store_erase.h"
#include "base/alloc.h"
#include "base/tz.h"
#include "store/store_raw.h"
#include "store/store_series.h"
#include "store/store_sync.h"
#include <stdio.h>

struct one { /* a series that goes */
    int64_t id;
    char metric[64];
};
struct ones {
    struct one *at;
    size_t n, cap;
};

/* Those of the person, of one provider's devices or (provider "") all. */
static int list_series(struct sw_store *s, int64_t person, const char *provider, struct ones *out,
                       struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err,
                            "SELECT series.id, series.metric FROM series LEFT JOIN origin ON origin.id = series.origin_id "
                            "WHERE series.person_id = $1 AND ($2 = '' OR origin.provider = $2) ORDER BY series.id",
                            "is", person, provider);
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        sw_grow((void **)&out->at, &out->cap, out->n + 1, sizeof *out->at);
        out->at[out->n].id = sw_q_int(q, 0);
        snprintf(out->at[out->n++].metric, sizeof out->at->metric, "%s", sw_q_text(q, 1, NULL));
    }
    return rc;
}

static int drop_series(struct sw_store *s, int64_t id, struct sw_err *err)
{
    int64_t from = id << 16, to = (id + 1) << 16;
    int rc = sw_run(s, err, "DELETE FROM chunk WHERE id >= $1 AND id < $2", "ii", from, to);
    if (!rc) rc = sw_run(s, err, "DELETE FROM rollup WHERE id >= $1 AND id < $2", "ii", from, to);
    if (!rc) rc = sw_run(s, err, "DELETE FROM tail WHERE series_id = $1", "i", id);
    if (!rc) rc = sw_run(s, err, "DELETE FROM undo WHERE kind = 'samples' AND ref = $1", "i", id);
    return rc ? rc : sw_run(s, err, "DELETE FROM series WHERE id = $1", "i", id);
}

int sw_erase_person(struct sw_store *s, int64_t person, struct sw_err *err)
{
    static const char *const sql[] = {
        "DELETE FROM coverage WHERE connection_id IN (SELECT id FROM connection WHERE person_id = $1)",
        "DELETE FROM dirty WHERE person_id = $1",
        "DELETE FROM day_total WHERE person_id = $1",
        "DELETE FROM record WHERE person_id = $1",
        "DELETE FROM undo WHERE person_id = $1",
        "DELETE FROM undo_record WHERE person_id = $1",
        "DELETE FROM doc WHERE person_id = $1",
        "DELETE FROM job WHERE person_id = $1",
        "DELETE FROM due WHERE person_id = $1",
        "DELETE FROM run WHERE person_id = $1",
        "DELETE FROM secret WHERE person_id = $1",
        "DELETE FROM origin_rank WHERE person_id = $1",
        "DELETE FROM origin_hours WHERE person_id = $1",
        "DELETE FROM origin WHERE person_id = $1",
        "DELETE FROM connection WHERE person_id = $1",
        "DELETE FROM person WHERE id = $1",
    };
    struct ones l = {0};
    int rc = list_series(s, person, "", &l, err);
    for (size_t i = 0; i < l.n && !rc; i++) rc = drop_series(s, l.at[i].id, err);
    if (!rc) rc = sw_raw_erase(s, person, 0, err);
    for (size_t i = 0; i < sizeof sql / sizeof *sql && !rc; i++) rc = sw_run(s, err, sql[i], "i", person);
    sw_free(l.at);
    return rc;
}

int sw_erase_series(struct sw_store *s, int64_t person, int64_t id, const char *metric, struct sw_err *err)
{
    int rc = sw_series_mark(s, person, metric, id, err);
    return rc ? rc : drop_series(s, id, err);
}

static int erase_samples(struct sw_store *s, int64_t person, const char *provider, struct sw_err *err)
{
    struct ones l = {0};
    int rc = list_series(s, person, provider, &l, err);
    for (size_t i = 0; i < l.n && !rc; i++) rc = sw_erase_series(s, person, l.at[i].id, l.at[i].metric, err);
    if (!rc)
        rc = sw_run(s, err,
                    "DELETE FROM day_total WHERE person_id = $1 AND origin_id IN (SELECT id FROM origin WHERE provider = $2)",
                    "is", person, provider);
    if (!rc)
        rc = sw_run(s, err,
                    "DELETE FROM undo WHERE person_id = $1 AND kind = 'total' AND ref IN (SELECT id FROM origin WHERE "
                    "provider = $2)",
                    "is", person, provider);
    sw_free(l.at);
    return rc;
}

/* Totals and nights that lose a part. */
static int mark(struct sw_store *s, int64_t person, int64_t id, const char *provider, struct sw_err *err)
{
    int rc = sw_run(s, err,
                    "INSERT INTO dirty (person_id, metric, day) SELECT DISTINCT $1, day_total.metric, day_total.day FROM "
                    "day_total JOIN origin ON origin.id = day_total.origin_id WHERE day_total.person_id = $1 AND "
                    "origin.provider = $2 ON CONFLICT (person_id, metric, day) DO NOTHING",
                    "is", person, provider);
    for (int64_t by = -1; by <= 1 && !rc; by++)
        rc = sw_run(s, err,
                    "INSERT INTO dirty (person_id, metric, day) SELECT DISTINCT $1, 'sleep_duration', day + $3 FROM record "
                    "WHERE person_id = $1 AND connection_id = $2 AND kind = 'sleep' "
                    "ON CONFLICT (person_id, metric, day) DO NOTHING",
                    "iii", person, id, by);
    return rc;
}

#define HOLDS_NUMBER                                                                                    \
    "(name = CAST($2 AS TEXT) OR substr(name, 1, length(CAST($2 AS TEXT)) + 1) IN (CAST($2 AS TEXT) || ':', " \
    "CAST($2 AS TEXT) || '-'))"

/* What a person wrote over its records goes with the last of them, also from the journal; the names that hold
 * its number go too: "number", "number:resource", "number-hash of what was posted". */
static int erase_rows(struct sw_store *s, int64_t person, int64_t id, struct sw_err *err)
{
    static const char *const sql[] = {
        "DELETE FROM undo_record WHERE person_id = $1 AND connection_id = $2",
        "DELETE FROM record WHERE person_id = $1 AND connection_id = $2",
        "DELETE FROM record WHERE person_id = $1 AND substr(external_id, 1, 5) = 'edit:' AND $2 <> 0 AND NOT EXISTS "
        "(SELECT 1 FROM record o WHERE o.group_id = record.group_id AND o.id <> record.id)",
        "DELETE FROM undo_record WHERE person_id = $1 AND substr(external_id, 1, 5) = 'edit:' AND $2 <> 0 AND "
        "NOT EXISTS (SELECT 1 FROM record o WHERE o.group_id = undo_record.group_id)",
        "DELETE FROM undo WHERE person_id = $1 AND kind = 'move' AND $2 <> 0 AND NOT EXISTS (SELECT 1 FROM record "
        "WHERE record.id = undo.ref)",
        "DELETE FROM doc WHERE person_id = $1 AND " HOLDS_NUMBER,
        "DELETE FROM job WHERE person_id = $1 AND " HOLDS_NUMBER,
        "DELETE FROM run WHERE person_id = $1 AND " HOLDS_NUMBER,
        "DELETE FROM secret WHERE person_id = $1 AND (name = 'in:' || CAST($2 AS TEXT))",
    };
    int rc = 0;
    for (size_t i = 0; i < sizeof sql / sizeof *sql && !rc; i++)
        rc = sw_run(s, err, sql[i], "ii", person, id);
    return rc;
}

int sw_erase_connection(struct sw_store *s, int64_t person, int64_t id, struct sw_err *err)
{
    char provider[200];
    int64_t others = 0;
    struct sw_q *q = sw_ask(s, err, "SELECT provider FROM connection WHERE id = $1 AND person_id = $2", "ii", id,
                            person);
    int rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    if (rc <= 0) return rc < 0 ? rc : sw_fail(err, SW_E_NOTFOUND, "the connection is gone");
    snprintf(provider, sizeof provider, "%s", sw_q_text(q, 0, NULL));
    sw_q_stop(q);
    rc = sw_ask_int(s, err, &others,
                    "SELECT count(*) FROM connection WHERE person_id = $1 AND provider = $2 AND id <> $3", "isi",
                    person, provider, id);
    if (rc > 0 && others)
        return sw_fail(err, SW_E_CONFLICT,
                       "another connection to %s brought samples of the same devices, which cannot be told apart: "
                       "remove the other one first, without --with-data",
                       provider);
    if (rc >= 0) rc = mark(s, person, id, provider, err);
    if (!rc) rc = erase_samples(s, person, provider, err);
    if (!rc) rc = erase_rows(s, person, id, err);
    if (!rc)
        rc = sw_run(s, err,
                    "DELETE FROM origin WHERE person_id = $1 AND provider = $2 AND NOT EXISTS (SELECT 1 FROM record "
                    "WHERE record.origin_id = origin.id)",
                    "is", person, provider);
    if (!rc) rc = sw_connection_remove(s, person, id, err);
    if (!rc)
        rc = sw_run(s, err,
                    "DELETE FROM undo WHERE person_id = $1 AND kind = 'raw' AND NOT EXISTS (SELECT 1 FROM raw_item "
                    "WHERE raw_item.id = undo.ref)",
                    "i", person);
    return rc;
}
