/* SPDX-License-Identifier: MIT
 * Records by identity: put, restored, deleted, visited. Which group a record belongs to is found by
 * store_groups.c. Nothing is ever merged in place: members stay as their origins told them, so a group
 * can be split again. */
#include "store/store_records.h"
#include "base/alloc.h"
#include "store/store_origins.h"
#include "base/crypto.h"
#include "base/jtape.h"
#include "store/store_groups.h"
#include "store/store_undo.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t sw_record_content(const struct sw_record *r)
{
    struct sw_hash h;
    uint8_t out[SW_HASH_BYTES];
    const char *const text[] = {r->kind, r->type, r->zone_from, r->state};
    const int64_t number[] = {r->start_ms,      r->finish_ms, r->offset_start,
                              r->offset_finish, r->day,       r->origin_id};
    int64_t v;
    sw_hash_start(&h);
    for (int i = 0; i < 4; i++)
        sw_hash_add(&h, text[i], strlen(text[i]) + 1); /* of any length, so each ends in its NUL */
    sw_hash_add(&h, number, sizeof number);
    sw_hash_add(&h, r->body, r->body_n);
    sw_hash_end(&h, out);
    memcpy(&v, out, sizeof v);
    return v & INT64_MAX;
}

/* The connection's id is itself a hash of its person, provider and name. */
static void identity(const char *person, struct sw_record *r)
{
    char key[1000], hex[2 * SW_HASH_BYTES + 1];
    const char *external = r->external_id;
    int n;
    if (strlen(external) > 200) { /* cut, two long ones could be one */
        sw_hash_hex(external, strlen(external), hex);
        external = hex;
    }
    n = snprintf(key, sizeof key, "record%c%.64s%c%llx%c%.60s%c%.200s", 1, person, 1,
                 (unsigned long long)r->connection_id, 1, r->kind, 1, external);
    r->id = sw_id_of(key, (size_t)n);
}

static int insert(struct sw_store *s, int64_t person, const struct sw_record *r, int64_t content,
                  struct sw_err *err)
{
    return sw_run(
        s, err,
        "INSERT INTO record (id, person_id, kind, type, start_ms, finish_ms, offset_start, offset_finish, zone_from, day, "
        "connection_id, external_id, origin_id, group_id, revision, state, content, body) VALUES ($1, $2, $3, $4, $5, $6, $7, "
        "$8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        "iissiiiisiisiiisit", r->id, person, r->kind, r->type, r->start_ms, r->finish_ms,
        (int64_t)r->offset_start, (int64_t)r->offset_finish, r->zone_from, r->day, r->connection_id,
        r->external_id, r->origin_id, r->group_id, r->revision, r->state, content, r->body, r->body_n);
}

/* What its person decided wins over what it looks like. */
static int insert_new(struct sw_store *s, int64_t person, struct sw_record *r, int64_t content,
                      struct sw_put_result *out, struct sw_err *err)
{
    int64_t group = r->into_group, chosen = 0, members = 1;
    int rc = group ? 0 : sw_group_chosen(s, person, r->id, &chosen, err);
    if (!rc && chosen) group = chosen, rc = sw_group_living(s, person, chosen, &members, err);
    else if (!rc && !group) rc = sw_group_find(s, person, r, &group, err);
    if (!rc) rc = sw_undo_record(s, r->id, false, 1, err);
    if (rc) return rc;
    *out = (struct sw_put_result){SW_PUT_NEW, !group || !members, group ? group : r->id, 1, r->day};
    r->group_id = out->group_id;
    r->revision = 1;
    return insert(s, person, r, content, err);
}

static int update(struct sw_store *s, struct sw_record *r, int64_t content, struct sw_err *err)
{
    return sw_run(
        s, err,
        "UPDATE record SET type = $2, start_ms = $3, finish_ms = $4, offset_start = $5, offset_finish = $6, zone_from = $7, "
        "day = $8, origin_id = $9, state = $10, content = $11, body = $12, revision = revision + 1 WHERE id = $1",
        "isiiiisiisit", r->id, r->type, r->start_ms, r->finish_ms, (int64_t)r->offset_start,
        (int64_t)r->offset_finish, r->zone_from, r->day, r->origin_id, r->state, content, r->body,
        r->body_n);
}

/* When its service last changed it, as it says itself (attributes.modified_ms); 0: it does not say. */
static int64_t modified_of(const char *body, size_t n)
{
    struct sw_jtape t;
    int64_t ms = 0;
    uint32_t at;
    sw_jtape_init(&t);
    if (!sw_jtape_parse(&t, body, n, NULL) && t.node[0].kind == SW_JOBJ &&
        (at = sw_jtape_get(&t, 0, "attributes")) && t.node[at].kind == SW_JOBJ &&
        (at = sw_jtape_get(&t, at, "modified_ms")))
        sw_jtape_int(&t, at, &ms);
    sw_jtape_clear(&t);
    return ms;
}

/* 1 when what is here is newer by the word of its service: exports are not read in the order they were made. */
static int is_older(struct sw_store *s, const struct sw_record *r, struct sw_err *err)
{
    int64_t stated = modified_of(r->body, r->body_n), here = 0;
    const char *body;
    struct sw_q *q;
    size_t n;
    int rc;
    if (!stated) return 0;
    q = sw_ask(s, err, "SELECT body FROM record WHERE id = $1", "i", r->id);
    rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    if (rc <= 0) return rc;
    body = sw_q_text(q, 0, &n);
    here = modified_of(body, n);
    sw_q_stop(q);
    return here > stated;
}

int sw_record_put(struct sw_store *s, int64_t person, const char *person_name, struct sw_record *r,
                  struct sw_put_result *out, struct sw_err *err)
{
    int64_t content = sw_record_content(r), had = 0;
    bool kept_out, elsewhere;
    struct sw_q *q;
    int rc;
    identity(person_name, r);
    q = sw_ask(s, err, "SELECT content, group_id, revision, day, state, start_ms, finish_ms, type FROM record WHERE id = $1",
               "i", r->id);
    rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    if (rc < 0) return rc;
    if (!rc) return insert_new(s, person, r, content, out, err);
    had = sw_q_int(q, 0);
    *out = (struct sw_put_result){SW_PUT_SAME, false, sw_q_int(q, 1), sw_q_int(q, 2),
                                  sw_q_int(q, 3)};
    /* deleted by its person: an edit does not undo that */
    kept_out = had && !strcmp(sw_q_text(q, 4, NULL), "deleted");
    elsewhere = !had || sw_q_int(q, 5) != r->start_ms || sw_q_int(q, 6) != r->finish_ms ||
                strcmp(sw_q_text(q, 7, NULL), r->type) != 0;
    sw_q_stop(q);
    r->group_id = out->group_id;
    if (had == content || kept_out) return 0;
    rc = had ? is_older(s, r, err) : 0;
    if (rc) return rc < 0 ? rc : 0;
    out->what = SW_PUT_CHANGED;
    out->revision++;
    rc = sw_undo_record(s, r->id, true, out->revision, err);
    if (!rc) rc = update(s, r, content, err);
    if (!rc && elsewhere && !r->into_group) rc = sw_group_again(s, person, r, &out->new_group, err);
    out->group_id = r->group_id;
    return rc;
}

int sw_record_restore(struct sw_store *s, int64_t person, const char *person_name,
                      struct sw_record *r, struct sw_put_result *out, struct sw_err *err)
{
    int64_t stated = r->id, known, members = 0;
    int rc;
    identity(person_name, r);
    rc = sw_ask_int(s, err, &known, "SELECT 1 FROM record WHERE id = $1", "i", r->id);
    if (rc < 0) return rc;
    if (rc || stated != r->id || r->group_id <= 0 || r->revision <= 0)
        return sw_record_put(s, person, person_name, r, out, err);
    if ((rc = sw_group_living(s, person, r->group_id, &members, err))) return rc;
    *out = (struct sw_put_result){SW_PUT_NEW, !members, r->group_id, r->revision, r->day};
    rc = sw_undo_record(s, r->id, false, r->revision, err);
    return rc ? rc : insert(s, person, r, r->may_return ? 0 : sw_record_content(r), err);
}

int sw_record_delete(struct sw_store *s, int64_t person, int64_t id, bool *was_last, int64_t *group,
                     struct sw_err *err)
{
    int64_t left, revision = 0;
    int rc = sw_ask_int(s, err, &revision, "SELECT revision FROM record WHERE id = $1 AND person_id = $2", "ii", id,
                        person);
    if (rc > 0) rc = sw_undo_record(s, id, true, revision + 1, err);
    if (rc < 0) return rc;
    rc = sw_ask_int(
        s, err, group,
        "UPDATE record SET state = 'deleted', revision = revision + 1 WHERE id = $1 AND person_id = $2 "
        "AND state <> 'deleted' RETURNING group_id",
        "ii", id, person);
    if (rc <= 0)
        return rc ? rc
                  : sw_fail(err, SW_E_NOTFOUND, "there is no record with the id %llx",
                            (long long)id);
    rc = sw_group_living(s, person, *group, &left, err);
    *was_last = !rc && left == 0;
    return rc;
}

int sw_record_move(struct sw_store *s, int64_t person, int64_t id, int64_t group, struct sw_err *err)
{
    int64_t old = 0;
    int rc = sw_ask_int(s, err, &old,
                        "SELECT group_id FROM record WHERE id = $1 AND person_id = $2 AND group_id <> $3", "iii", id,
                        person, group);
    if (rc <= 0) return rc;
    rc = sw_undo_move(s, id, old, group, err);
    if (!rc)
        rc = sw_run(s, err, "UPDATE record SET group_id = $2, revision = revision + 1 WHERE id = $1", "ii", id, group);
    return rc ? rc : 1;
}

int sw_record_may_return(struct sw_store *s, int64_t person, int64_t id, struct sw_err *err)
{
    return sw_run(s, err, "UPDATE record SET content = 0 WHERE id = $1 AND person_id = $2", "ii", id, person);
}

#define VISIT_ALL                                                                                                                              \
    "SELECT r.id, r.start_ms, r.finish_ms, r.offset_start, r.offset_finish, r.day, r.connection_id, r.origin_id, r.group_id, "                 \
    "r.revision, r.kind, r.type, r.external_id, r.zone_from, r.state, r.body, coalesce(c.provider, o.provider), o.name, o.maker, "           \
    "o.class, " SW_STANDING("r.kind") ", coalesce(c.name, ''), r.content FROM record r "                                                       \
    "LEFT JOIN connection c ON c.id = r.connection_id "                                                                                        \
    "JOIN origin o ON o.id = r.origin_id WHERE r.person_id = $1 "
#define VISIT VISIT_ALL "AND r.state <> 'deleted' "

static struct sw_record row(struct sw_q *q)
{
    struct sw_record r = {.id = sw_q_int(q, 0),
                          .start_ms = sw_q_int(q, 1),
                          .finish_ms = sw_q_int(q, 2),
                          .offset_start = (int)sw_q_int(q, 3),
                          .offset_finish = (int)sw_q_int(q, 4),
                          .day = sw_q_int(q, 5),
                          .connection_id = sw_q_int(q, 6),
                          .origin_id = sw_q_int(q, 7),
                          .group_id = sw_q_int(q, 8),
                          .revision = sw_q_int(q, 9),
                          .kind = sw_q_text(q, 10, NULL),
                          .type = sw_q_text(q, 11, NULL),
                          .external_id = sw_q_text(q, 12, NULL),
                          .zone_from = sw_q_text(q, 13, NULL),
                          .state = sw_q_text(q, 14, NULL),
                          .provider = sw_q_text(q, 16, NULL),
                          .origin_name = sw_q_text(q, 17, NULL),
                          .origin_maker = sw_q_text(q, 18, NULL),
                          .origin_class = sw_q_text(q, 19, NULL),
                          .standing = (int)sw_q_int(q, 20),
                          .connection_name = sw_q_text(q, 21, NULL),
                          .may_return = !sw_q_int(q, 22)};
    r.body = sw_q_text(q, 15, &r.body_n);
    return r;
}

/* The index on (person, kind, start) is of use only where a kind is named: where any will do, each one
 * that the person has is looked up (a step in the index a kind). */
#define KINDS                                                                                                  \
    "WITH RECURSIVE has(kind) AS (SELECT min(kind) FROM record WHERE person_id = $1 UNION ALL "                 \
    "SELECT (SELECT min(kind) FROM record WHERE person_id = $1 AND kind > has.kind) FROM has "                  \
    "WHERE has.kind IS NOT NULL) SELECT kind FROM has WHERE kind IS NOT NULL"
#define OF_KIND "AND r.kind = $2 "
#define ANY_KIND "AND $2 = '' AND r.kind IN (" KINDS ") "
#define BETWEEN "AND r.start_ms >= $3 AND r.start_ms < $4 "
#define IN_TURN "ORDER BY r.start_ms, r.id LIMIT $5"
#define ON_DAYS "AND r.day >= $6 AND r.day <= $7 "

/* Those of a span: [deleted too][of one kind]. */
static const char *const by_span[2][2] = {
    {VISIT ANY_KIND BETWEEN IN_TURN, VISIT OF_KIND BETWEEN IN_TURN},
    {VISIT_ALL ANY_KIND BETWEEN IN_TURN, VISIT_ALL OF_KIND BETWEEN IN_TURN}};
static const char *const by_day[2] = {VISIT ANY_KIND BETWEEN ON_DAYS IN_TURN,
                                      VISIT OF_KIND BETWEEN ON_DAYS IN_TURN};

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A record starts within three days of its own day. */
static struct sw_q *on_days(struct sw_store *s, int64_t person, const struct sw_record_filter *f,
                            const char *kind, struct sw_err *err)
{
    int64_t from = (f->first_day - 3) * INT64_C(86400000), to = (f->last_day + 3) * INT64_C(86400000);
    if (f->from_ms < f->to_ms) {
        from = larger(from, f->from_ms);
        to = smaller(to, f->to_ms);
    }
    return sw_ask(s, err, by_day[*kind != 0], "isiiiii", person, kind, from, to, f->limit, f->first_day,
                  f->last_day);
}

static struct sw_q *in_span(struct sw_store *s, int64_t person, const struct sw_record_filter *f,
                            struct sw_err *err)
{
    const char *kind = f->kind ? f->kind : "";
    if (f->first_day <= f->last_day) return on_days(s, person, f, kind, err);
    return sw_ask(s, err, by_span[f->deleted][*kind != 0], "isiii", person, kind, f->from_ms, f->to_ms,
                  f->limit);
}

int sw_record_list(struct sw_store *s, int64_t person, const struct sw_record_filter *f,
                   void (*each)(void *ctx, const struct sw_record *r), void *ctx,
                   struct sw_err *err)
{
    struct sw_q *q;
    int rc;
    if (f->id) q = sw_ask(s, err, VISIT "AND r.id = $2", "ii", person, f->id);
    else if (f->external_id)
        q = sw_ask(s, err, VISIT "AND r.connection_id = $2 AND ($3 = '' OR r.kind = $3) AND r.external_id = $4",
                   "iiss", person, f->connection_id, f->kind ? f->kind : "", f->external_id);
    else if (f->group_id)
        q = sw_ask(s, err, VISIT "AND r.group_id = $2 ORDER BY r.start_ms, r.id", "ii", person,
                   f->group_id);
    else if (f->by_hand)
        q = sw_ask(s, err,
                   VISIT "AND r.connection_id IN (SELECT id FROM connection WHERE person_id = $1 AND provider = 'manual') "
                         "AND substr(r.external_id, 1, length($2)) = $2 ORDER BY r.start_ms, r.id",
                   "is", person, f->by_hand);
    else q = in_span(s, person, f, err);
    rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        struct sw_record r = row(q);
        each(ctx, &r);
    }
    return rc;
}

int sw_record_count(struct sw_store *s, int64_t person, const struct sw_record_filter *f, int64_t until_ms,
                    int64_t *over, void (*open)(void *ctx, int64_t group), void *ctx, struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err,
        "SELECT group_id, max(finish_ms) FROM record WHERE person_id = $1 AND kind = $2 AND start_ms >= $3 "
        "AND start_ms < $4 AND state <> 'deleted' GROUP BY group_id HAVING min(finish_ms) <= $5",
        "isiii", person, f->kind, f->from_ms, f->to_ms, until_ms);
    int rc = q ? 0 : SW_E_INTERNAL;
    *over = 0;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        if (sw_q_int(q, 1) <= until_ms) ++*over;
        else open(ctx, sw_q_int(q, 0));
    }
    return rc;
}

int sw_record_kinds(struct sw_store *s, int64_t person, void (*each)(void *ctx, const char *kind), void *ctx,
                    struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err, KINDS, "i", person);
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) each(ctx, sw_q_text(q, 0, NULL));
    return rc;
}

/* --- another origin --- */

struct moved {
    int64_t id, content;
};

int sw_record_move_origin(struct sw_store *s, int64_t person, int64_t from, int64_t into, struct sw_err *err)
{
    struct moved *x = NULL;
    size_t n = 0, cap = 0;
    struct sw_q *q = sw_ask(s, err, VISIT_ALL "AND r.origin_id = $2 ORDER BY r.id", "ii", person, from);
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        struct sw_record r = row(q);
        r.origin_id = into;
        sw_grow((void **)&x, &cap, n + 1, sizeof *x);
        x[n++] = (struct moved){r.id, r.may_return ? 0 : sw_record_content(&r)};
    }
    for (size_t i = 0; i < n && !rc; i++)
        rc = sw_run(s, err, "UPDATE record SET origin_id = $2, content = $3, revision = revision + 1 WHERE id = $1", "iii",
                    x[i].id, into, x[i].content);
    sw_free(x);
    return rc;
}
