/* SPDX-License-Identifier: MIT
 * Ids are hashes, so that the same answer is found without reading what is there. A body's is taken of what is
 * stored, a tenth of the text: the same text is squeezed to the same bytes (after another version of zstd it
 * may be kept once more, for its days). A body is counted and
 * erased with its connection: bodies are not shared between connections. It does not know what an item
 * means; lua/raw.lua writes them and lua/remapping.lua reads them. */
#include "store/store_raw.h"
#include "base/crypto.h"
#include "codec/squeeze.h"
#include "store/store_undo.h"
#include <stdio.h>
#include <string.h>

enum { PART = 20 };

/* By the n bytes of a body as they are stored; by those of the text in homes written before. */
static int64_t body_id(int64_t connection, const void *body, size_t n)
{
    struct sw_hash h;
    uint8_t out[SW_HASH_BYTES];
    sw_hash_start(&h);
    sw_hash_add(&h, &connection, sizeof connection);
    sw_hash_add(&h, body, n);
    sw_hash_end(&h, out);
    return sw_id_of(out, sizeof out);
}

static int64_t item_id(const struct sw_raw *r)
{
    struct sw_hash h;
    uint8_t out[SW_HASH_BYTES];
    const char *const text[] = {r->resource, r->op, r->page, r->item};
    const int64_t number[] = {r->connection_id, r->body_id, r->first_day, r->last_day};
    sw_hash_start(&h);
    for (int i = 0; i < 4; i++) sw_hash_add(&h, text[i], strlen(text[i]) + 1);
    sw_hash_add(&h, number, sizeof number);
    sw_hash_end(&h, out);
    return sw_id_of(out, sizeof out);
}

/* 1 when it is new; r->body_id is set. */
static int put_body(struct sw_store *s, int64_t person, struct sw_raw *r, const void *body,
                    size_t n, struct sw_err *err)
{
    struct sw_buf small;
    int64_t made;
    int rc;
    sw_buf_init(&small, 2 * SW_SQUEEZE_MOST);
    rc = sw_squeeze(sw_store_zip(s), body, n, &small, err);
    if (!rc) {
        r->body_id = body_id(r->connection_id, small.data, small.len);
        rc = sw_ask_int(
            s, err, &made,
            "INSERT INTO raw_body (id, person_id, connection_id, bytes, stored, data) VALUES "
            "($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING RETURNING 1",
            "iiiiib", r->body_id, person, r->connection_id, (int64_t)n, (int64_t)small.len,
            small.data, small.len);
        r->stored = (int64_t)small.len;
    }
    sw_buf_clear(&small);
    return rc;
}

/* connection 0: of the person */
static int stored_bytes(struct sw_store *s, int64_t person, int64_t connection, int64_t *out,
                        struct sw_err *err)
{
    int rc = sw_ask_int(
        s, err, out,
        "SELECT coalesce(CAST(sum(stored) AS BIGINT), 0) FROM raw_body WHERE person_id = $1 AND "
        "($2 = 0 OR connection_id = $2)",
        "ii", person, connection);
    return rc < 0 ? rc : 0;
}

/* *have: less what goes with it */
static int drop(struct sw_store *s, int64_t id, int64_t body, int64_t *have, struct sw_err *err)
{
    int64_t stored = 0;
    int rc = sw_run(s, err, "DELETE FROM raw_item WHERE id = $1", "i", id);
    if (rc) return rc;
    rc = sw_ask_int(s, err, &stored,
                    "DELETE FROM raw_body WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM raw_item WHERE body_id = $1) "
                    "RETURNING stored",
                    "i", body);
    if (rc > 0) *have -= stored;
    return rc < 0 ? rc : 0;
}

struct pair {
    int64_t id, body;
};

/* The oldest, of one connection or all, last seen before `before`; at most PART, in the order of their age. */
static int oldest(struct sw_store *s, int64_t person, int64_t connection, int64_t before,
                  struct pair out[PART], int *n, struct sw_err *err)
{
    struct sw_q *q =
        connection
            ? sw_ask(s, err,
                     "SELECT id, body_id FROM raw_item WHERE connection_id = $1 AND last_ms < $2 "
                     "ORDER BY last_ms, id LIMIT 20",
                     "ii", connection, before)
            : sw_ask(s, err,
                     "SELECT id, body_id FROM raw_item WHERE person_id = $1 AND last_ms < $2 "
                     "ORDER BY last_ms, id LIMIT 20",
                     "ii", person, before);
    int rc = q ? 0 : SW_E_INTERNAL;
    *n = 0;
    while (q && *n < PART && (rc = sw_q_next(q, err)) > 0)
        out[(*n)++] = (struct pair){sw_q_int(q, 0), sw_q_int(q, 1)};
    if (q && rc > 0) sw_q_stop(q);
    return rc < 0 ? rc : 0;
}

/* Summing up reads an entry a body, so it is done again only when a 256th of a cap has come. */
static bool is_due(struct sw_store *s, const struct sw_raw *r, const struct sw_raw_caps *caps)
{
    int64_t *unsummed = sw_store_unsummed(s, r->connection_id);
    int64_t cap = caps->connection < caps->person ? caps->connection : caps->person;
    if (*unsummed >= 0 && (*unsummed += r->stored) < cap / 256) return false;
    *unsummed = 0;
    return true;
}

/* Oldest items go until the rest fits; 1 when there was no time for all. */
static int fit(struct sw_store *s, int64_t person, int64_t connection, int64_t cap, int64_t most,
               int64_t *gone, struct sw_err *err)
{
    struct pair p[PART];
    int64_t have = 0, began = *gone;
    int n = 0, rc = stored_bytes(s, person, connection, &have, err);
    while (!rc && have > cap) {
        if (*gone - began >= most) return 1;
        rc = oldest(s, person, connection, INT64_MAX, p, &n, err);
        for (int i = 0; i < n && !rc; i++) {
            rc = drop(s, p[i].id, p[i].body, &have, err);
            ++*gone;
            if (have <= cap) break;
        }
        if (!n) break;
    }
    return rc;
}

static int put_item(struct sw_store *s, int64_t person, const struct sw_raw *r, struct sw_err *err)
{
    return sw_run(
        s, err,
        "INSERT INTO raw_item (id, person_id, connection_id, resource, op, page, item, parts, first_day, "
        "last_day, from_ms, to_ms, body_id, mapping, first_ms, last_ms, times, run_id) VALUES ($1, $2, $3, $4, "
        "$5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, 1, 0) ON CONFLICT (id) DO UPDATE SET "
        "parts = excluded.parts, from_ms = excluded.from_ms, to_ms = excluded.to_ms, "
        "mapping = excluded.mapping, last_ms = excluded.last_ms, times = raw_item.times + 1, run_id = 0",
        "iiisssssiiiiisi", item_id(r), person, r->connection_id, r->resource, r->op, r->page,
        r->item, r->parts, r->first_day, r->last_day, r->from_ms, r->to_ms, r->body_id, r->mapping,
        r->last_ms);
}

int sw_raw_put(struct sw_store *s, int64_t person, const struct sw_raw *given, const void *body,
               size_t n, const struct sw_raw_caps *caps, struct sw_err *err)
{
    struct sw_raw r = *given;
    int64_t gone = 0;
    int fresh, rc;
    if ((fresh = put_body(s, person, &r, body, n, err)) < 0) return fresh;
    rc = put_item(s, person, &r, err);
    if (rc || !fresh || !is_due(s, &r, caps)) return rc;
    rc = fit(s, person, r.connection_id, caps->connection, INT64_MAX, &gone, err);
    if (!rc) rc = fit(s, person, 0, caps->person, INT64_MAX, &gone, err);
    return rc < 0 ? rc : 0;
}

int sw_raw_body(struct sw_store *s, int64_t person, int64_t id, struct sw_buf *out,
                struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err, "SELECT connection_id, bytes, data FROM raw_body WHERE id = $1 AND person_id = $2",
        "ii", id, person);
    int rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    size_t n, at = out->len;
    int64_t connection;
    const void *p;
    if (rc <= 0) return rc;
    connection = sw_q_int(q, 0);
    p = sw_q_blob(q, 2, &n);
    rc = sw_unsqueeze(sw_store_zip(s), p, n, (size_t)sw_q_int(q, 1), out, err);
    if (!rc && body_id(connection, p, n) != id && body_id(connection, out->data + at, out->len - at) != id)
        rc = sw_fail(err, SW_E_BAD, "a kept text is damaged");
    sw_q_stop(q);
    return rc ? rc : 1;
}

#define LIST                                                                                                       \
    "SELECT i.id, i.connection_id, i.body_id, i.resource, i.op, i.page, i.item, i.parts, i.mapping, i.first_day, " \
    "i.last_day, i.from_ms, i.to_ms, i.first_ms, i.last_ms, i.times, i.run_id, b.bytes, b.stored FROM raw_item i " \
    "JOIN raw_body b ON b.id = i.body_id WHERE i.person_id = $1 AND ($2 = 0 OR i.connection_id = $2) AND "         \
    "($3 = '' OR i.resource = $3) AND i.last_ms >= $4 ORDER BY i.last_ms"

int sw_raw_list(struct sw_store *s, int64_t person, const struct sw_raw_filter *f,
                void (*each)(void *ctx, const struct sw_raw *r), void *ctx, struct sw_err *err)
{
    const char *resource = f->resource ? f->resource : "";
    struct sw_q *q = f->newest ? sw_ask(s, err, LIST " DESC, i.id DESC LIMIT $5", "iisii", person,
                                        f->connection_id, resource, f->since_ms, f->limit)
                               : sw_ask(s, err, LIST ", i.id LIMIT $5", "iisii", person,
                                        f->connection_id, resource, f->since_ms, f->limit);
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        struct sw_raw r = {.id = sw_q_int(q, 0),
                           .connection_id = sw_q_int(q, 1),
                           .body_id = sw_q_int(q, 2),
                           .resource = sw_q_text(q, 3, NULL),
                           .op = sw_q_text(q, 4, NULL),
                           .page = sw_q_text(q, 5, NULL),
                           .item = sw_q_text(q, 6, NULL),
                           .parts = sw_q_text(q, 7, NULL),
                           .mapping = sw_q_text(q, 8, NULL),
                           .first_day = sw_q_int(q, 9),
                           .last_day = sw_q_int(q, 10),
                           .from_ms = sw_q_int(q, 11),
                           .to_ms = sw_q_int(q, 12),
                           .first_ms = sw_q_int(q, 13),
                           .last_ms = sw_q_int(q, 14),
                           .times = sw_q_int(q, 15),
                           .run_id = sw_q_int(q, 16),
                           .bytes = sw_q_int(q, 17),
                           .stored = sw_q_int(q, 18)};
        each(ctx, &r);
    }
    return rc;
}

int sw_raw_totals(struct sw_store *s, int64_t person, int64_t connection, int64_t out[3],
                  struct sw_err *err)
{
    static const char *const sql[] = {
        "SELECT count(*) FROM raw_item WHERE person_id = $1 AND ($2 = 0 OR connection_id = $2)",
        "SELECT coalesce(CAST(sum(stored) AS BIGINT), 0) FROM raw_body WHERE person_id = $1 AND ($2 = 0 OR connection_id = $2)",
        "SELECT coalesce(CAST(sum(bytes) AS BIGINT), 0) FROM raw_body WHERE person_id = $1 AND ($2 = 0 OR connection_id = $2)",
    };
    int rc = 0;
    for (int i = 0; i < 3 && rc >= 0; i++)
        rc = sw_ask_int(s, err, &out[i], sql[i], "ii", person, connection);
    return rc < 0 ? rc : 0;
}

int sw_raw_mapped(struct sw_store *s, int64_t person, int64_t id, const char *mapping, int64_t run,
                  const char *item, struct sw_err *err)
{
    struct sw_buf old;
    char had[100];
    int rc;
    struct sw_q *q = sw_ask(s, err,
                            "SELECT mapping, item FROM raw_item WHERE id = $1 AND person_id = $2",
                            "ii", id, person);
    if ((rc = q ? sw_q_next(q, err) : SW_E_INTERNAL) <= 0) return rc; /* forgotten meanwhile */
    sw_buf_init(&old, 1 << 20);
    snprintf(had, sizeof had, "%s", sw_q_text(q, 0, NULL));
    sw_buf_puts(&old, sw_q_text(q, 1, NULL));
    sw_q_stop(q);
    rc = 0;
    if (strcmp(had, mapping) || strcmp(sw_buf_str(&old), item))
        rc = sw_undo_raw(s, id, had, sw_buf_str(&old), err);
    if (!rc)
        rc = sw_run(s, err,
                    "UPDATE raw_item SET mapping = $2, run_id = $3, item = $4 WHERE id = $1",
                    "isis", id, mapping, run, item);
    sw_buf_clear(&old);
    return rc;
}

int sw_raw_prune(struct sw_store *s, int64_t person, int64_t before_ms,
                 const struct sw_raw_caps *caps, int64_t most, int64_t *gone, struct sw_err *err)
{
    struct pair p[PART];
    int64_t have = 0;
    int n = 1, rc = 0;
    *gone = 0;
    while (!rc && n && *gone < most) {
        rc = oldest(s, person, 0, before_ms, p, &n, err);
        for (int i = 0; i < n && !rc; i++, ++*gone) rc = drop(s, p[i].id, p[i].body, &have, err);
    }
    if (rc || n) return rc ? rc : 1;
    return fit(s, person, 0, caps->person, most, gone, err);
}

int sw_raw_erase(struct sw_store *s, int64_t person, int64_t connection, struct sw_err *err)
{
    int rc = sw_run(s, err,
                    "DELETE FROM raw_item WHERE person_id = $1 AND ($2 = 0 OR connection_id = $2)",
                    "ii", person, connection);
    return rc ? rc
              : sw_run(
                    s, err,
                    "DELETE FROM raw_body WHERE person_id = $1 AND ($2 = 0 OR connection_id = $2)",
                    "ii", person, connection);
}
