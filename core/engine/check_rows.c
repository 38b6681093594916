/* SPDX-License-Identifier: MIT
 * Records with the hash that was stored beside them, the members of groups, the ledger of days, and rows
 * that belong to something that is no longer there. A record whose connection was removed is no orphan: what
 * a connection brought stays when it goes. */
#include "engine/check_priv.h"
#include "base/jtape.h"
#include <string.h>

static bool body_is_json(const struct sw_record *r)
{
    struct sw_jtape t;
    int rc;
    sw_jtape_init(&t);
    rc = sw_jtape_parse(&t, r->body, r->body_n, NULL);
    sw_jtape_clear(&t);
    return rc == 0;
}

/* A deleted record's hash is of what it was before; 0 says that it may come again. */
static void look_at_record(struct check *c, struct sw_q *q)
{
    struct sw_record r = {.id = sw_q_int(q, 0),
                          .start_ms = sw_q_int(q, 1),
                          .finish_ms = sw_q_int(q, 2),
                          .offset_start = (int)sw_q_int(q, 3),
                          .offset_finish = (int)sw_q_int(q, 4),
                          .day = sw_q_int(q, 5),
                          .origin_id = sw_q_int(q, 6),
                          .kind = sw_q_text(q, 7, NULL),
                          .type = sw_q_text(q, 8, NULL),
                          .zone_from = sw_q_text(q, 9, NULL),
                          .state = sw_q_text(q, 10, NULL)};
    int64_t content = sw_q_int(q, 12);
    bool gone = !strcmp(r.state, "deleted");
    r.body = sw_q_text(q, 11, &r.body_n);
    c->n->records++;
    sw_check_step(c, 1);
    if (!body_is_json(&r))
        sw_check_say(c, &(struct sw_finding){.what = "record"}, "the %s %llx cannot be read: restore a backup",
                     r.kind, (unsigned long long)r.id);
    else if (!gone && content && content != sw_record_content(&r))
        sw_check_say(c, &(struct sw_finding){.what = "record"},
                     "the %s %llx is not what was stored: import or sync it again, or restore a backup",
                     r.kind, (unsigned long long)r.id);
}

int sw_check_records(struct check *c, struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        c->s, err,
        "SELECT id, start_ms, finish_ms, offset_start, offset_finish, day, origin_id, kind, type, zone_from, state, "
        "body, content FROM record ORDER BY id",
        "");
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) look_at_record(c, q);
    return rc;
}

/* Each query gives up to 20 rows of one number that names what was found; its sentence says it. */
static const struct {
    const char *what, *sentence, *sql;
} rows[] = {
    {"group", "the group %llx holds records of two persons or kinds",
     "SELECT DISTINCT a.group_id FROM record a JOIN record b ON b.group_id = a.group_id "
     "WHERE a.person_id <> b.person_id OR a.kind <> b.kind LIMIT 20"},
    {"group", "the group %llx holds a record that is far from all its others",
     "SELECT DISTINCT a.group_id FROM record a WHERE a.state <> 'deleted' AND EXISTS (SELECT 1 FROM record b "
     "WHERE b.group_id = a.group_id AND b.id <> a.id AND b.state <> 'deleted') AND NOT EXISTS (SELECT 1 FROM record b "
     "WHERE b.group_id = a.group_id AND b.id <> a.id AND b.start_ms < a.start_ms + 172800000 AND "
     "b.start_ms > a.start_ms - 172800000) LIMIT 20"},
    {"ledger", "the ledger of connection %lld holds a state that does not exist",
     "SELECT DISTINCT connection_id FROM coverage WHERE state < 0 OR state > 5 OR attempts < 0 LIMIT 20"},
    {"ledger", "the ledger tells of the connection %lld, which is not there",
     "SELECT DISTINCT connection_id FROM coverage WHERE NOT EXISTS (SELECT 1 FROM connection WHERE "
     "connection.id = coverage.connection_id) LIMIT 20"},
    {"orphan", "the record %llx belongs to a person or a device that is not there",
     "SELECT id FROM record WHERE NOT EXISTS (SELECT 1 FROM person WHERE person.id = record.person_id) OR NOT EXISTS "
     "(SELECT 1 FROM origin WHERE origin.id = record.origin_id) LIMIT 20"},
    {"orphan", "the series %lld belongs to a person or a device that is not there",
     "SELECT id FROM series WHERE NOT EXISTS (SELECT 1 FROM person WHERE person.id = series.person_id) OR "
     "(origin_id <> 0 AND NOT EXISTS (SELECT 1 FROM origin WHERE origin.id = series.origin_id)) LIMIT 20"},
    {"orphan", "totals of days of the device %lld, which is not there, are kept",
     "SELECT DISTINCT origin_id FROM day_total WHERE NOT EXISTS (SELECT 1 FROM origin WHERE origin.id = "
     "day_total.origin_id) LIMIT 20"},
    {"orphan", "jobs of the person %lld, who is not there, are kept",
     "SELECT DISTINCT person_id FROM job WHERE NOT EXISTS (SELECT 1 FROM person WHERE person.id = job.person_id) LIMIT 20"},
    {"orphan", "documents of the person %lld, who is not there, are kept",
     "SELECT DISTINCT person_id FROM doc WHERE person_id <> 0 AND NOT EXISTS (SELECT 1 FROM person WHERE person.id = "
     "doc.person_id) LIMIT 20"},
    {"orphan", "credentials of the person %lld, who is not there, are kept",
     "SELECT DISTINCT person_id FROM secret WHERE person_id <> 0 AND NOT EXISTS (SELECT 1 FROM person WHERE person.id = "
     "secret.person_id) LIMIT 20"},
};

/* Series that have a row in a table keyed by series and day, and are not there: from one to the next. */
static int lost_series(struct check *c, const char *sql, const char *what, struct sw_err *err)
{
    int64_t key = 0, found;
    int rc;
    while ((rc = sw_ask_int(c->s, err, &key, sql, "i", key)) > 0) {
        int64_t series = key >> 16;
        rc = sw_ask_int(c->s, err, &found, "SELECT id FROM series WHERE id = $1", "i", series);
        if (rc < 0) return rc;
        if (!rc)
            sw_check_say(c, &(struct sw_finding){.what = "orphan"},
                         "%s of the series %lld, which is not there, are kept", what, (long long)series);
        key = (series + 1) << 16;
    }
    return rc;
}

static int lost_tails(struct check *c, struct sw_err *err)
{
    int64_t series = 0, found;
    int rc;
    while ((rc = sw_ask_int(c->s, err, &series,
                            "SELECT series_id FROM tail WHERE series_id > $1 ORDER BY series_id LIMIT 1", "i",
                            series)) > 0) {
        rc = sw_ask_int(c->s, err, &found,
                        "SELECT id FROM chunk WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 1", "ii",
                        series << 16, (series + 1) << 16);
        if (rc < 0) return rc;
        if (!rc)
            sw_check_say(c, &(struct sw_finding){.what = "tail"},
                         "late samples of the series %lld wait for a chunk that is not there", (long long)series);
    }
    return rc;
}

int sw_check_rows(struct check *c, struct sw_err *err)
{
    int rc = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && rc >= 0; i++) {
        struct sw_q *q = sw_ask(c->s, err, rows[i].sql, "");
        rc = q ? 0 : SW_E_INTERNAL;
        while (q && (rc = sw_q_next(q, err)) > 0) {
            struct sw_finding f = {.what = rows[i].what};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            sw_check_say(c, &f, rows[i].sentence, (long long)sw_q_int(q, 0));
#pragma GCC diagnostic pop
        }
    }
    if (rc >= 0)
        rc = lost_series(c, "SELECT id FROM chunk WHERE id >= $1 ORDER BY id LIMIT 1", "samples", err);
    if (rc >= 0)
        rc = lost_series(c, "SELECT id FROM rollup WHERE id >= $1 ORDER BY id LIMIT 1", "figures of days", err);
    return rc < 0 ? rc : lost_tails(c, err);
}
