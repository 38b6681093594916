/* SPDX-License-Identifier: MIT
 * Two levels: `due` says whose jobs may be due, then that person's jobs are taken. A due row may be
 * early, never late: it is written after the job and set again after each claim. */
#include "store/store_jobs.h"
#include "base/alloc.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 64 };
#define JOB_COLUMNS                                                                                \
    "id, person_id, kind, name, state, urgency, due_ms, generation, attempts, payload, progress, failure"

void sw_job_clear(struct sw_job *j)
{
    sw_free(j->kind);
    sw_free(j->name);
    sw_free(j->payload);
    sw_free(j->progress);
    sw_free(j->failure);
    *j = (struct sw_job){0};
}

static struct sw_job read_job(struct sw_q *q)
{
    return (struct sw_job){.id = sw_q_int(q, 0),
                           .person_id = sw_q_int(q, 1),
                           .kind = sw_strdup(sw_q_text(q, 2, NULL)),
                           .name = sw_strdup(sw_q_text(q, 3, NULL)),
                           .state = (enum sw_job_state)sw_q_int(q, 4),
                           .urgency = (int)sw_q_int(q, 5),
                           .due_ms = sw_q_int(q, 6),
                           .generation = sw_q_int(q, 7),
                           .attempts = (int)sw_q_int(q, 8),
                           .payload = sw_strdup(sw_q_text(q, 9, NULL)),
                           .progress = sw_strdup(sw_q_text(q, 10, NULL)),
                           .failure = sw_strdup(sw_q_text(q, 11, NULL))};
}

static int hint(struct sw_store *s, int64_t person, int64_t due_ms, struct sw_err *err)
{
    return sw_run(
        s, err,
        "INSERT INTO due (person_id, due_ms) VALUES ($1, $2) ON CONFLICT (person_id) DO UPDATE SET "
        "due_ms = CASE WHEN excluded.due_ms < due.due_ms THEN excluded.due_ms ELSE due.due_ms END",
        "ii", person, due_ms);
}

/* In the place of a failure: the job was asked for while it ran. */
#define AGAIN "again"

int sw_job_add(struct sw_store *s, const struct sw_job_new *j, int64_t *id, struct sw_err *err)
{
    char number[32];
    int64_t n;
    int rc = sw_store_number(s, "job", &n, err);
    if (rc) return rc;
    snprintf(number, sizeof number, "#%lld", (long long)n);
    rc = sw_ask_int(
        s, err, id,
        "INSERT INTO job (id, person_id, kind, name, state, urgency, due_ms, lease_ms, generation, attempts, payload, progress, failure) "
        "VALUES ($1, $2, $3, $4, 0, $5, $6, 0, 0, 0, $7, '', '') ON CONFLICT (person_id, kind, name) DO UPDATE SET "
        "due_ms = CASE WHEN job.state = 2 OR excluded.due_ms < job.due_ms THEN excluded.due_ms ELSE job.due_ms END, "
        "payload = CASE WHEN job.state = 2 THEN excluded.payload ELSE job.payload END, "
        "attempts = CASE WHEN job.state = 2 THEN 0 ELSE job.attempts END, "
        "failure = CASE WHEN job.state = 1 AND $8 = 1 THEN '" AGAIN "' ELSE job.failure END, "
        "state = CASE WHEN job.state = 2 THEN 0 ELSE job.state END RETURNING id",
        "iissiisi", n, j->person_id, j->kind, j->name ? j->name : number, (int64_t)j->urgency,
        j->due_ms, j->payload, (int64_t)j->again);
    if (rc <= 0) return rc ? rc : SW_E_INTERNAL;
    return hint(s, j->person_id, j->due_ms, err);
}

struct claimed {
    struct sw_job *at;
    size_t n, cap;
};

/* A claim costs the same whatever waits behind it: job_turn is in the order of claiming. The sum keeps
 * SQLite from another index, by which it would sort all that wait. */
#define CLAIM(which)                                                                               \
    "UPDATE job SET state = 1, lease_ms = $1, generation = generation + 1, attempts = attempts + 1, progress = $7 WHERE id IN " \
    "(SELECT j.id FROM job j WHERE j.person_id = $2 AND j.state + 0 < 2 AND j.due_ms <= $3 AND (j.state = 0 OR j.lease_ms < $4) " \
    "AND " which " ORDER BY j.urgency, j.due_ms, j.id LIMIT $6) RETURNING " JOB_COLUMNS

static int claim_of(struct sw_store *s, int64_t person, int64_t now_ms, int64_t real_ms,
                    int64_t lease_ms, int64_t only_id, int most, const char *owner,
                    struct claimed *out, struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err, only_id ? CLAIM("j.id = $5") : CLAIM("$5 = 0"),
                            "iiiiiis", real_ms + lease_ms, person, now_ms, real_ms, only_id, (int64_t)most,
                            owner);
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        sw_grow((void **)&out->at, &out->cap, out->n + 1, sizeof *out->at);
        out->at[out->n++] = read_job(q);
    }
    return rc;
}

/* RETURNING promises no order. */
static int claim_cmp(const void *a, const void *b)
{
    const struct sw_job *x = a, *y = b;
    if (x->urgency != y->urgency) return x->urgency < y->urgency ? -1 : 1;
    if (x->due_ms != y->due_ms) return x->due_ms < y->due_ms ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

/* The hint of a person after a claim: the earliest job that can still be taken, by its due time or
 * by the end of somebody's lease (kept early: its own due time). */
static int rehint(struct sw_store *s, int64_t person, struct sw_err *err)
{
    int64_t due = 0, other = 0;
    static const char first[] =
        "SELECT due_ms FROM job WHERE person_id = $1 AND state = $2 ORDER BY due_ms LIMIT 1";
    int ready = sw_ask_int(s, err, &due, first, "ii", person, (int64_t)SW_JOB_READY);
    int leased = ready < 0 ? ready
                           : sw_ask_int(s, err, &other, first, "ii", person, (int64_t)SW_JOB_LEASED);
    if (leased < 0) return leased;
    if (leased && (!ready || other < due)) due = other;
    if (!ready && !leased) return sw_run(s, err, "DELETE FROM due WHERE person_id = $1", "i", person);
    return sw_run(s, err, "UPDATE due SET due_ms = $2 WHERE person_id = $1", "ii", person, due);
}

/* One page of the hints that are due; `at` holds the place the last page ended at. */
struct hints {
    struct {
        int64_t person, due_ms;
    } at[PAGE];
    int n;
};

static int next_hints(struct sw_store *s, int64_t now_ms, struct hints *h, struct sw_err *err)
{
    int64_t due = h->n ? h->at[h->n - 1].due_ms : INT64_MIN,
            person = h->n ? h->at[h->n - 1].person : 0;
    struct sw_q *q = sw_ask(
        s, err,
        "SELECT person_id, due_ms FROM due WHERE due_ms <= $1 AND (due_ms > $2 OR (due_ms = $2 AND person_id > $3)) "
        "ORDER BY due_ms, person_id LIMIT $4",
        "iiii", now_ms, due, person, (int64_t)PAGE);
    int rc = q ? 0 : SW_E_INTERNAL;
    h->n = 0;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        h->at[h->n].person = sw_q_int(q, 0);
        h->at[h->n++].due_ms = sw_q_int(q, 1);
    }
    return rc;
}

/* Whose job it is, as the only hint. */
static int hint_of_job(struct sw_store *s, int64_t id, struct hints *h, struct sw_err *err)
{
    int rc = sw_ask_int(s, err, &h->at[0].person, "SELECT person_id FROM job WHERE id = $1", "i",
                        id);
    h->n = rc > 0;
    return rc < 0 ? rc : 0;
}

int sw_job_claim(struct sw_store *s, int64_t now_ms, int64_t real_ms, int64_t lease_ms,
                 int64_t only_id, int most, const char *owner,
                 void (*each)(void *ctx, struct sw_job *j), void *ctx, struct sw_err *err)
{
    struct hints h = {.n = 0};
    struct claimed got = {0};
    int rc;
    do { /* page on: the earliest hints may all belong to people whose jobs are at work */
        rc = only_id ? hint_of_job(s, only_id, &h, err) : next_hints(s, now_ms, &h, err);
        for (int i = 0; i < h.n && !rc && (int)got.n < most; i++) {
            rc = claim_of(s, h.at[i].person, now_ms, real_ms, lease_ms, only_id, most - (int)got.n,
                          owner, &got, err);
            if (!rc) rc = rehint(s, h.at[i].person, err);
        }
    } while (!rc && h.n == PAGE && (int)got.n < most);
    if (got.n) qsort(got.at, got.n, sizeof *got.at, claim_cmp);
    for (size_t i = 0; i < got.n; i++) {
        if (rc) sw_job_clear(&got.at[i]);
        else each(ctx, &got.at[i]);
    }
    sw_free(got.at);
    return rc;
}

static int lost(struct sw_err *err, int64_t id)
{
    return sw_fail(err, SW_E_CONFLICT,
                   "the lease of job %lld was lost: another process took it over", (long long)id);
}

int sw_job_check(struct sw_store *s, int64_t id, int64_t generation, struct sw_err *err)
{
    int64_t one;
    int rc = sw_ask_int(s, err, &one,
                        "SELECT 1 FROM job WHERE id = $1 AND generation = $2 AND state = 1", "ii",
                        id, generation);
    return rc > 0 ? 0 : rc ? rc : lost(err, id);
}

int sw_job_extend(struct sw_store *s, int64_t id, int64_t generation, int64_t lease_until_ms,
                  const char *progress, struct sw_err *err)
{
    int64_t one;
    int rc = sw_ask_int(
        s, err, &one,
        "UPDATE job SET lease_ms = $3, progress = $4 WHERE id = $1 AND generation = $2 AND state = 1 RETURNING 1",
        "iiis", id, generation, lease_until_ms, progress);
    return rc > 0 ? 0 : rc ? rc : lost(err, id);
}

/* Asked for while it ran: it waits again, due as it was. 1 when it does. */
static int run_again(struct sw_store *s, int64_t id, int64_t generation, struct sw_err *err)
{
    int64_t person;
    int rc = sw_ask_int(
        s, err, &person,
        "UPDATE job SET state = 0, lease_ms = 0, attempts = 0, progress = '', failure = '' WHERE id = $1 AND generation = $2 "
        "AND state = 1 AND failure = '" AGAIN "' RETURNING person_id",
        "ii", id, generation);
    if (rc <= 0) return rc;
    rc = hint(s, person, 0, err);
    return rc ? rc : 1;
}

int sw_job_done(struct sw_store *s, int64_t id, int64_t generation, int64_t at_ms,
                const char *outcome, const char *body, struct sw_err *err)
{
    int64_t run;
    int rc = sw_store_number(s, "run", &run, err);
    if (!rc)
        rc = sw_run(
            s, err,
            "INSERT INTO run (id, person_id, kind, name, at_ms, outcome, body) SELECT $1, person_id, kind, name, $4, $5, $6 FROM job "
            "WHERE id = $2 AND generation = $3 AND state = 1",
            "iiiiss", run, id, generation, at_ms, outcome, body);
    if (!rc) rc = run_again(s, id, generation, err);
    if (rc) return rc < 0 ? rc : 0;
    rc = sw_ask_int(s, err, &run,
                    "DELETE FROM job WHERE id = $1 AND generation = $2 AND state = 1 RETURNING 1",
                    "ii", id, generation);
    return rc > 0 ? 0 : rc ? rc : lost(err, id);
}

/* Numbers of runs rise, so a later one of the same sync has a larger id. */
#define OLD_RUNS                                                                                          \
    "SELECT old.id FROM run AS old WHERE old.person_id = $1 AND old.at_ms < $2 AND (old.kind <> 'sync' "   \
    "OR EXISTS (SELECT 1 FROM run AS later WHERE later.person_id = $1 AND later.at_ms >= old.at_ms "       \
    "AND later.id > old.id AND later.kind = 'sync' AND later.name = old.name)) "                           \
    "ORDER BY old.at_ms, old.id LIMIT $3"

int sw_runs_old(struct sw_store *s, int64_t person, int64_t before_ms, struct sw_err *err)
{
    int64_t id;
    return sw_ask_int(s, err, &id, OLD_RUNS, "iii", person, before_ms, (int64_t)1);
}

int sw_runs_prune(struct sw_store *s, int64_t person, int64_t before_ms, int64_t most,
                  int64_t *gone, struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err, "DELETE FROM run WHERE id IN (" OLD_RUNS ") RETURNING id", "iii",
                            person, before_ms, most);
    int rc = q ? 0 : SW_E_INTERNAL;
    *gone = 0;
    while (q && (rc = sw_q_next(q, err)) > 0) ++*gone;
    return rc;
}

int sw_job_retry(struct sw_store *s, int64_t id, int64_t generation, int64_t due_ms,
                 const char *failure, struct sw_err *err)
{
    int64_t person;
    int rc = sw_ask_int(
        s, err, &person,
        "UPDATE job SET state = $3, due_ms = $4, failure = $5, lease_ms = 0 WHERE id = $1 AND generation = $2 "
        "AND state = 1 RETURNING person_id",
        "iiiis", id, generation, (int64_t)(due_ms < 0 ? SW_JOB_GIVEN_UP : SW_JOB_READY),
        due_ms < 0 ? -due_ms : due_ms, failure);
    if (rc <= 0) return rc ? rc : lost(err, id);
    return due_ms < 0 ? 0 : hint(s, person, due_ms, err);
}

int sw_job_rest(struct sw_store *s, int64_t id, int64_t generation, int64_t due_ms, const char *why,
                struct sw_err *err)
{
    int64_t person;
    int rc = sw_ask_int(
        s, err, &person,
        "UPDATE job SET state = 0, lease_ms = 0, attempts = attempts - 1, due_ms = $3, failure = $4 WHERE id = $1 "
        "AND generation = $2 AND state = 1 RETURNING person_id",
        "iiis", id, generation, due_ms, why);
    return rc > 0 ? hint(s, person, due_ms, err) : rc ? rc : lost(err, id);
}

int sw_job_revive(struct sw_store *s, int64_t person, int64_t id, int64_t due_ms, struct sw_err *err)
{
    int64_t one;
    int rc = sw_ask_int(
        s, err, &one,
        "UPDATE job SET state = 0, attempts = 0, due_ms = $3 WHERE person_id = $1 AND id = $2 AND state = 2 RETURNING 1",
        "iii", person, id, due_ms);
    return rc > 0 ? hint(s, person, due_ms, err) : rc;
}

int sw_jobs_forget(struct sw_store *s, int64_t person, int64_t only_id, int64_t before_ms, struct sw_err *err)
{
    return sw_run(s, err,
                  "DELETE FROM job WHERE person_id = $1 AND state = 2 AND due_ms < $2 AND (id = $3 OR $3 = 0)",
                  "iii", person, before_ms, only_id);
}

int sw_job_release(struct sw_store *s, int64_t id, int64_t generation, struct sw_err *err)
{
    int64_t one;
    int rc = sw_ask_int(
        s, err, &one,
        "UPDATE job SET state = 0, lease_ms = 0, attempts = attempts - 1 WHERE id = $1 AND generation = $2 AND state = 1 "
        "RETURNING 1",
        "ii", id, generation);
    return rc > 0 ? 0 : rc ? rc : lost(err, id);
}

int sw_job_next_due(struct sw_store *s, int64_t real_ms, int64_t *due_ms, struct sw_err *err)
{
    return sw_ask_int(
        s, err, due_ms,
        "SELECT due_ms FROM job WHERE state = 0 OR (state = 1 AND lease_ms < $1) ORDER BY due_ms LIMIT 1",
        "i", real_ms);
}

int sw_job_list(struct sw_store *s, int64_t person, void (*each)(void *ctx, struct sw_job *j),
                void *ctx, struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err, "SELECT " JOB_COLUMNS " FROM job WHERE person_id = $1 ORDER BY due_ms, id", "i",
        person);
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        struct sw_job j = read_job(q);
        each(ctx, &j);
    }
    return rc;
}

int sw_job_cancel(struct sw_store *s, int64_t person, const char *kind, const char *name, struct sw_err *err)
{
    return sw_run(s, err, "DELETE FROM job WHERE person_id = $1 AND kind = $2 AND name = $3", "iss", person, kind,
                  name);
}

int sw_job_sweep(struct sw_store *s, struct sw_err *err)
{
    return sw_run(
        s, err,
        "INSERT INTO due (person_id, due_ms) SELECT person_id, CAST(min(due_ms) AS BIGINT) FROM job WHERE state < 2 GROUP BY person_id "
        "ON CONFLICT (person_id) DO UPDATE SET due_ms = CASE WHEN excluded.due_ms < due.due_ms THEN excluded.due_ms ELSE due.due_ms END",
        "");
}
