/* SPDX-License-Identifier: MIT */
#include "store/store_sync.h"
#include "store/store_raw.h"
#include <stdio.h>
#include <string.h>

static const char *const names[] = {"wanted", "requested", "received",
                                    "empty",  "failed",    "unobtainable"};

const char *sw_coverage_name(enum sw_coverage c)
{
    return names[c];
}

int sw_coverage_of(const char *name)
{
    for (int i = 0; i < 6; i++)
        if (!strcmp(names[i], name)) return i;
    return -1;
}

int sw_connection_list(struct sw_store *s, int64_t person,
                       void (*each)(void *ctx, const struct sw_connection *c), void *ctx,
                       struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err,
        "SELECT id, created_ms, provider, name, state, body FROM connection WHERE person_id = $1 "
        "ORDER BY provider, name",
        "i", person);
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        struct sw_connection c = {sw_q_int(q, 0), sw_q_int(q, 1), sw_q_text(q, 2, NULL),
                                  sw_q_text(q, 3, NULL), sw_q_text(q, 4, NULL),
                                  sw_q_text(q, 5, NULL)};
        each(ctx, &c);
    }
    return rc;
}

int sw_connection_set(struct sw_store *s, int64_t person, int64_t id, const char *state,
                      const char *body, struct sw_err *err)
{
    int64_t found;
    int rc = sw_ask_int(
        s, err, &found,
        "UPDATE connection SET state = $3, body = $4 WHERE id = $1 AND person_id = $2 RETURNING id",
        "iiss", id, person, state, body);
    if (rc) return rc < 0 ? rc : 0;
    return sw_fail(err, SW_E_NOTFOUND, "the connection is gone");
}

int sw_connection_remove(struct sw_store *s, int64_t person, int64_t id, struct sw_err *err)
{
    char name[64];
    int64_t found;
    int rc;
    snprintf(name, sizeof name, "connection:%lld", (long long)id);
    rc = sw_ask_int(s, err, &found,
                    "DELETE FROM connection WHERE id = $1 AND person_id = $2 RETURNING id", "ii", id, person);
    if (rc <= 0) return rc < 0 ? rc : sw_fail(err, SW_E_NOTFOUND, "the connection is gone");
    rc = sw_run(s, err, "DELETE FROM coverage WHERE connection_id = $1", "i", id);
    if (!rc) rc = sw_raw_erase(s, person, id, err);
    return rc ? rc : sw_secret_delete(s, person, name, err);
}

int sw_secret_put(struct sw_store *s, int64_t person, const char *name, const char *sealed,
                  int64_t at_ms, int64_t revision, struct sw_err *err)
{
    int64_t now;
    int rc;
    if (!revision)
        return sw_run(s, err,
                      "INSERT INTO secret (person_id, name, sealed, revision, at_ms) VALUES ($1, $2, $3, 1, $4) "
                      "ON CONFLICT (person_id, name) DO UPDATE SET sealed = excluded.sealed, "
                      "revision = secret.revision + 1, at_ms = excluded.at_ms",
                      "issi", person, name, sealed, at_ms);
    rc = sw_ask_int(s, err, &now,
                    "UPDATE secret SET sealed = $3, revision = revision + 1, at_ms = $4 "
                    "WHERE person_id = $1 AND name = $2 AND revision = $5 RETURNING revision",
                    "issii", person, name, sealed, at_ms, revision);
    if (rc) return rc < 0 ? rc : 0;
    return sw_fail(err, SW_E_CONFLICT, "the credential was changed meanwhile");
}

int sw_secret_delete(struct sw_store *s, int64_t person, const char *name, struct sw_err *err)
{
    return sw_run(s, err, "DELETE FROM secret WHERE person_id = $1 AND name = $2", "is", person,
                  name);
}

int sw_coverage_put(struct sw_store *s, const struct sw_coverage_mark *m, struct sw_err *err)
{
    bool known = m->state == SW_RECEIVED || m->state == SW_EMPTY, failed = m->state == SW_FAILED;
    int rc = 0;
    for (int64_t day = m->first; day <= m->last && !rc; day++)
        rc = sw_run(
            s, err,
            "INSERT INTO coverage (connection_id, resource, day, state, attempts, at_ms, next_ms, reason) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (connection_id, resource, day) "
            "DO UPDATE SET state = CASE WHEN $9 = 0 AND coverage.state IN (2, 3) THEN coverage.state "
            "ELSE excluded.state END, attempts = CASE WHEN $5 = 1 THEN coverage.attempts + 1 ELSE 0 END, "
            "at_ms = excluded.at_ms, next_ms = excluded.next_ms, reason = excluded.reason",
            "isiiiiisi", m->connection_id, m->resource, day, (int64_t)m->state, (int64_t)failed,
            m->at_ms, m->next_ms, m->reason, (int64_t)known);
    return rc;
}

struct span {
    char resource[80], reason[200];
    int64_t first, last, state, attempts, at_ms;
    bool open;
};

static void give(const struct span *p, sw_coverage_each *each, void *ctx)
{
    if (p->open)
        each(ctx, p->resource, p->first, p->last, (enum sw_coverage)p->state, p->attempts, p->at_ms,
             p->reason);
}

static bool goes_on(const struct span *p, struct sw_q *q)
{
    return p->open && !strcmp(p->resource, sw_q_text(q, 0, NULL)) && sw_q_int(q, 1) == p->last + 1 &&
           sw_q_int(q, 2) == p->state && !strcmp(p->reason, sw_q_text(q, 5, NULL));
}

int sw_coverage_list(struct sw_store *s, int64_t connection, sw_coverage_each *each, void *ctx,
                     struct sw_err *err)
{
    struct span p = {.open = false};
    struct sw_q *q = sw_ask(
        s, err,
        "SELECT resource, day, state, attempts, at_ms, reason FROM coverage WHERE connection_id = $1 "
        "ORDER BY resource, day",
        "i", connection);
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        if (!goes_on(&p, q)) {
            give(&p, each, ctx);
            p = (struct span){.first = sw_q_int(q, 1), .state = sw_q_int(q, 2), .open = true};
            snprintf(p.resource, sizeof p.resource, "%s", sw_q_text(q, 0, NULL));
            snprintf(p.reason, sizeof p.reason, "%s", sw_q_text(q, 5, NULL));
        }
        p.last = sw_q_int(q, 1);
        p.attempts = sw_q_int(q, 3);
        p.at_ms = sw_q_int(q, 4);
    }
    give(&p, each, ctx);
    return rc;
}
