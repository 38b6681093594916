/* SPDX-License-Identifier: MIT */
#include "store/store_groups.h"
#include "base/crypto.h"
#include "model/match.h"
#include "store/store_docs.h"
#include "store/store_undo.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen {
    double best;     /* score of the best match */
    int64_t group;   /* and its group, 0: none */
    double own;      /* score of the best match in r's own group */
    bool touched;    /* a person edited r's own group */
    int64_t members; /* of r's own group, without r */
};

/* All around r that lives, scored against it. */
static int look(struct sw_store *s, int64_t person, const struct sw_record *r, struct seen *out,
                struct sw_err *err)
{
    int64_t reach = SW_MATCH_REACH_MS;
    struct sw_match_side me = {r->kind,      r->type,      r->start_ms,
                               r->finish_ms, r->origin_id, !strcmp(r->zone_from, "unknown")};
    struct sw_q *q = sw_ask(
        s, err,
        "SELECT id, type, start_ms, finish_ms, origin_id, zone_from, group_id FROM record WHERE person_id = $1 "
        "AND kind = $2 AND start_ms >= $3 AND start_ms <= $4 AND state <> 'deleted' ORDER BY start_ms, id",
        "isii", person, r->kind, r->start_ms - reach, r->start_ms + reach);
    int rc = q ? 0 : SW_E_INTERNAL;
    *out = (struct seen){0};
    while (q && (rc = sw_q_next(q, err)) > 0) {
        struct sw_match_side it = {r->kind,        sw_q_text(q, 1, NULL),
                                   sw_q_int(q, 2), sw_q_int(q, 3),
                                   sw_q_int(q, 4), !strcmp(sw_q_text(q, 5, NULL), "unknown")};
        double score = sw_q_int(q, 0) == r->id ? 0 : sw_match_score(&me, &it);
        if (score > out->own && sw_q_int(q, 6) == r->group_id) out->own = score;
        if (score >= SW_MATCH_ENOUGH && score > out->best)
            out->best = score, out->group = sw_q_int(q, 6);
    }
    return rc;
}

int sw_group_find(struct sw_store *s, int64_t person, const struct sw_record *r, int64_t *group,
                  struct sw_err *err)
{
    struct seen seen;
    int rc = look(s, person, r, &seen, err);
    *group = seen.group;
    return rc;
}

static void keep_id(void *ctx, const struct sw_doc *d)
{
    *(int64_t *)ctx = (int64_t)strtoll(d->body, NULL, 10);
}

static const char *hex(char out[32], int64_t id)
{
    snprintf(out, 32, "%llx", (unsigned long long)id);
    return out;
}

int sw_group_chosen(struct sw_store *s, int64_t person, int64_t id, int64_t *group, struct sw_err *err)
{
    char name[32];
    int rc;
    *group = 0;
    rc = sw_doc_get(s, person, SW_GROUP_CHOICE, hex(name, id), keep_id, group, err);
    return rc < 0 ? rc : 0;
}

int sw_group_living(struct sw_store *s, int64_t person, int64_t group, int64_t *n, struct sw_err *err)
{
    int rc = sw_ask_int(
        s, err, n,
        "SELECT count(*) FROM record WHERE group_id = $1 AND person_id = $2 AND state <> 'deleted'", "ii", group,
        person);
    return rc < 0 ? rc : 0;
}

/* Who else lives in r's group, and whether one of them is an edit by hand. */
static int company(struct sw_store *s, int64_t person, const struct sw_record *r, struct seen *out,
                   struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err, "SELECT external_id FROM record WHERE group_id = $1 AND person_id = $2 AND id <> $3 AND state <> 'deleted'",
        "iii", r->group_id, person, r->id);
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        out->members++;
        out->touched |= !strncmp(sw_q_text(q, 0, NULL), SW_GROUP_LAYER, strlen(SW_GROUP_LAYER));
    }
    return rc;
}

/* A name that no group has: the record's own, unless others were left behind under it. */
static int own_name(struct sw_store *s, int64_t person, const struct sw_record *r, int64_t *out,
                    struct sw_err *err)
{
    char key[64], name[32];
    int64_t there;
    int rc = sw_ask_int(s, err, &there,
                        "SELECT 1 FROM record WHERE group_id = $1 AND person_id = $2 AND id <> $3 LIMIT 1", "iii", r->id,
                        person, r->id);
    if (rc) {
        int n = snprintf(key, sizeof key, "split%c%llx%c%llx", 1, (unsigned long long)r->id, 1,
                         (unsigned long long)r->group_id);
        *out = sw_id_of(key, (size_t)n);
        return rc < 0 ? rc : 0;
    }
    *out = r->id; /* it led elsewhere while the record was elsewhere */
    rc = sw_undo_doc_was(s, person, SW_GROUP_ALIAS, hex(name, r->id), err);
    return rc ? rc : sw_doc_delete(s, person, SW_GROUP_ALIAS, name, err);
}

static int leave_name(struct sw_store *s, int64_t person, int64_t from, int64_t to, struct sw_err *err)
{
    char name[32], body[32];
    int n = snprintf(body, sizeof body, "%lld", (long long)to);
    int rc = sw_undo_doc_was(s, person, SW_GROUP_ALIAS, hex(name, from), err);
    return rc ? rc : sw_doc_put(s, person, SW_GROUP_ALIAS, name, 0, body, (size_t)n, SW_DOC_ANY, 0, err);
}

static int move(struct sw_store *s, struct sw_record *r, int64_t to, struct sw_err *err)
{
    int rc = sw_undo_move(s, r->id, r->group_id, to, err);
    if (!rc) rc = sw_run(s, err, "UPDATE record SET group_id = $2 WHERE id = $1", "ii", r->id, to);
    r->group_id = to;
    return rc;
}

int sw_group_again(struct sw_store *s, int64_t person, struct sw_record *r, bool *alone, struct sw_err *err)
{
    struct seen seen;
    int64_t chosen, from = r->group_id, to;
    int rc = sw_group_chosen(s, person, r->id, &chosen, err);
    if (rc || chosen || !strncmp(r->external_id, SW_GROUP_LAYER, strlen(SW_GROUP_LAYER))) return rc;
    rc = look(s, person, r, &seen, err);
    if (!rc) rc = company(s, person, r, &seen, err);
    if (rc || seen.touched || seen.own >= SW_MATCH_ENOUGH) return rc;
    if (seen.group) {
        rc = move(s, r, seen.group, err);
        return rc || seen.members ? rc : leave_name(s, person, from, seen.group, err);
    }
    if (seen.own > 0 || !seen.members) return 0;
    *alone = true;
    rc = own_name(s, person, r, &to, err);
    return rc ? rc : move(s, r, to, err);
}
