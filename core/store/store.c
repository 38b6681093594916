/* SPDX-License-Identifier: MIT */
#include "store/store.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/map.h"
#include "codec/series.h"
#include "store/migrate.h"
#include <string.h>

enum { TIMED_EVERY = 16 };

struct sw_q {
    struct sw_store *store;
    void *stmt;
    const char *sql; /* a literal */
    unsigned rows; /* asked for so far */
    int64_t spent_ns; /* in steps since it was asked */
    bool open; /* stepped and not at its end */
};

enum { UNSUMMED = 64 };

struct sw_store {
    const struct sw_db *db;
    void *conn;
    bool in_tx;
    struct sw_squeezer *zip;
    struct sw_undo_mark undo;
    int64_t unsummed[UNSUMMED];
    void (*slow)(void *ctx, const char *sql, int64_t ms);
    void *slow_ctx;
    struct sw_map by_sql; /* address of the literal -> struct sw_q * */
};

int sw_store_open(const char *url, const char *schema_dir, bool read_only, struct sw_store **out,
                  struct sw_err *err)
{
    const char *rest;
    const struct sw_db *db = sw_db_for(url, &rest, err);
    struct sw_store *s;
    int rc;
    if (!db) return SW_E_BAD;
    s = sw_zalloc(sizeof *s);
    s->db = db;
    s->zip = sw_squeezer_new();
    for (size_t i = 0; i < UNSUMMED; i++) s->unsummed[i] = -1;
    sw_map_init(&s->by_sql);
    rc = db->open(rest, read_only ? SW_DB_READ : SW_DB_WRITE, &s->conn, err);
    if (!rc) rc = sw_migrate(s, schema_dir, read_only, err);
    if (rc) {
        sw_store_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void sw_store_close(struct sw_store *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->by_sql.cap; i++) {
        struct sw_q *q = s->by_sql.slot[i].key ? (struct sw_q *)s->by_sql.slot[i].value : NULL;
        if (!q) continue;
        s->db->finalize(q->stmt);
        sw_free(q);
    }
    sw_map_clear(&s->by_sql);
    if (s->conn) s->db->close(s->conn);
    sw_squeezer_free(s->zip);
    sw_free(s);
}

struct sw_squeezer *sw_store_zip(struct sw_store *s)
{
    return s->zip;
}
int64_t *sw_store_unsummed(struct sw_store *s, int64_t connection)
{
    return &s->unsummed[(uint64_t)connection % UNSUMMED];
}
struct sw_undo_mark *sw_store_undo(struct sw_store *s)
{
    return &s->undo;
}
const struct sw_dialect *sw_store_dialect(const struct sw_store *s)
{
    return &s->db->dialect;
}
int64_t sw_store_wake(struct sw_store *s)
{
    return s->db->wake(s->conn);
}

void sw_store_on_slow(struct sw_store *s, void (*slow)(void *ctx, const char *sql, int64_t ms),
                      void *ctx)
{
    s->slow = slow;
    s->slow_ctx = ctx;
}

static void took(struct sw_store *s, const char *sql, int64_t ns)
{
    if (s->slow && ns >= SW_SLOW_MS * INT64_C(1000000)) s->slow(s->slow_ctx, sql, ns / 1000000);
}

int sw_store_exec(struct sw_store *s, const char *sql, struct sw_err *err)
{
    int64_t began = sw_mono_ns();
    int rc = s->db->exec(s->conn, sql, err);
    took(s, sql, sw_mono_ns() - began);
    return rc;
}

int sw_store_begin(struct sw_store *s, bool write, struct sw_err *err)
{
    int rc = sw_store_exec(s, write ? s->db->dialect.begin_write : "BEGIN", err);
    if (!rc) s->in_tx = true;
    return rc;
}

int sw_store_commit(struct sw_store *s, struct sw_err *err)
{
    int rc = sw_store_exec(s, "COMMIT", err);
    if (rc) sw_store_rollback(s);
    s->in_tx = false;
    return rc;
}

void sw_store_rollback(struct sw_store *s)
{
    if (!s->in_tx) return;
    s->db->exec(s->conn, "ROLLBACK", NULL); /* an error here means it is rolled back already */
    s->in_tx = false;
}

static struct sw_q *prepared(struct sw_store *s, const char *sql, struct sw_err *err)
{
    struct sw_q *q;
    intptr_t at;
    if (sw_map_get(&s->by_sql, &sql, sizeof sql, &at)) return (struct sw_q *)at;
    q = sw_zalloc(sizeof *q);
    q->store = s;
    q->sql = sql;
    q->stmt = s->db->prepare(s->conn, sql, err);
    if (!q->stmt) {
        sw_free(q);
        return NULL;
    }
    sw_map_set(&s->by_sql, &sql, sizeof sql, (intptr_t)q);
    return q;
}

static int bind_all(struct sw_q *q, const char *types, va_list ap)
{
    int rc = 0;
    for (int i = 1; *types && !rc; types++, i++) {
        struct sw_db_val v = {SW_DB_NULL, 0, 0, NULL, 0};
        switch (*types) {
        case 'i': v.type = SW_DB_INT, v.i = va_arg(ap, int64_t); break;
        case 'r': v.type = SW_DB_REAL, v.r = va_arg(ap, double); break;
        case 's':
            v.p = va_arg(ap, const char *);
            if (v.p) v.type = SW_DB_TEXT, v.n = strlen(v.p);
            break;
        case 't':
            v.type = SW_DB_TEXT, v.p = va_arg(ap, const char *), v.n = va_arg(ap, size_t);
            break;
        case 'b':
            v.type = SW_DB_BLOB, v.p = va_arg(ap, const void *), v.n = va_arg(ap, size_t);
            break;
        default: return SW_E_INTERNAL;
        }
        rc = q->store->db->bind(q->stmt, i, &v);
    }
    return rc;
}

static struct sw_q *ask(struct sw_store *s, struct sw_err *err, const char *sql, const char *types,
                        va_list ap)
{
    struct sw_q *q = prepared(s, sql, err);
    if (!q) return NULL;
    if (q->open) { /* a second use while the first is being read would mix them up */
        sw_fail(err, SW_E_INTERNAL, "statement is in use: %.100s", sql);
        return NULL;
    }
    if (bind_all(q, types, ap)) {
        sw_fail(err, SW_E_INTERNAL, "parameters do not fit the statement: %.100s", sql);
        return NULL;
    }
    return q;
}

struct sw_q *sw_ask(struct sw_store *s, struct sw_err *err, const char *sql, const char *types, ...)
{
    va_list ap;
    struct sw_q *q;
    va_start(ap, types);
    q = ask(s, err, sql, types, ap);
    va_end(ap);
    return q;
}

int sw_run(struct sw_store *s, struct sw_err *err, const char *sql, const char *types, ...)
{
    va_list ap;
    struct sw_q *q;
    int rc = SW_E_INTERNAL;
    va_start(ap, types);
    q = ask(s, err, sql, types, ap);
    va_end(ap);
    if (q) rc = sw_q_next(q, err);
    if (rc > 0) sw_q_stop(q);
    return rc > 0 ? 0 : rc;
}

int sw_ask_int(struct sw_store *s, struct sw_err *err, int64_t *out, const char *sql,
               const char *types, ...)
{
    va_list ap;
    struct sw_q *q;
    int rc;
    va_start(ap, types);
    q = ask(s, err, sql, types, ap);
    va_end(ap);
    if (!q) return SW_E_INTERNAL;
    rc = sw_q_next(q, err);
    if (rc <= 0) return rc;
    *out = sw_q_int(q, 0);
    sw_q_stop(q);
    return 1;
}

/* The first row, in which what is slow is done, is timed by itself, after it every sixteenth for all:
 * looking at the clock takes as long as a row. */
static int timed_step(struct sw_q *q, struct sw_err *err)
{
    int64_t began = sw_mono_ns();
    int rc = q->store->db->step(q->stmt, err);
    q->spent_ns += (sw_mono_ns() - began) * (q->rows ? TIMED_EVERY : 1);
    return rc;
}

int sw_q_next(struct sw_q *q, struct sw_err *err)
{
    bool timed = q->store->slow && q->rows % TIMED_EVERY == 0;
    int rc = timed ? timed_step(q, err) : q->store->db->step(q->stmt, err);
    q->rows++;
    q->open = rc > 0;
    if (!q->open) {
        took(q->store, q->sql, q->spent_ns);
        q->spent_ns = 0;
        q->rows = 0;
    }
    return rc;
}

void sw_q_stop(struct sw_q *q)
{
    struct sw_err ignored = SW_ERR_INIT; /* stepping on only to leave the row */
    while (q->open && sw_q_next(q, &ignored) > 0) continue;
}

static struct sw_db_val column(struct sw_q *q, int col)
{
    struct sw_db_val v;
    q->store->db->column(q->stmt, col, SW_DB_NULL, &v);
    return v;
}

int64_t sw_q_int(struct sw_q *q, int col)
{
    struct sw_db_val v;
    q->store->db->column(q->stmt, col, SW_DB_INT, &v);
    return v.i;
}
double sw_q_real(struct sw_q *q, int col)
{
    struct sw_db_val v;
    q->store->db->column(q->stmt, col, SW_DB_REAL, &v);
    return v.r;
}

const char *sw_q_text(struct sw_q *q, int col, size_t *n)
{
    struct sw_db_val v = column(q, col);
    if (n) *n = v.p ? v.n : 0;
    return v.p ? v.p : "";
}

const void *sw_q_blob(struct sw_q *q, int col, size_t *n)
{
    struct sw_db_val v = column(q, col);
    *n = v.n;
    return v.p;
}

int sw_store_copy(struct sw_store *s, const char *to, const struct sw_progress *progress,
                  struct sw_err *err)
{
    int rc = sw_store_begin(s, false, err);
    if (!rc) rc = s->db->care.copy(s->conn, to, progress, err);
    sw_store_rollback(s);
    return rc;
}

int sw_store_integrity(struct sw_store *s, void (*each)(void *ctx, const char *finding), void *ctx,
                       struct sw_err *err)
{
    return s->db->care.integrity(s->conn, each, ctx, err);
}

int sw_store_compact(struct sw_store *s, struct sw_err *err)
{
    return s->db->care.compact(s->conn, err);
}

int sw_store_alone(const char *url, struct sw_err *err)
{
    const char *rest;
    const struct sw_db *db = sw_db_for(url, &rest, err);
    void *conn = NULL;
    int rc = db ? db->open(rest, false, &conn, err) : SW_E_BAD;
    if (!rc) rc = db->care.alone(conn, err);
    if (conn) db->close(conn);
    return rc;
}

int sw_store_number(struct sw_store *s, const char *name, int64_t *out, struct sw_err *err)
{
    int rc = sw_ask_int(
        s, err, out,
        "INSERT INTO counter (name, next) VALUES ($1, 2) ON CONFLICT (name) DO UPDATE SET next = counter.next + 1 "
        "RETURNING next - 1",
        "s", name);
    return rc > 0 ? 0 : rc ? rc : SW_E_INTERNAL;
}
