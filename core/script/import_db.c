/* SPDX-License-Identifier: MIT
 * Each table of the plan is one question (its "sql", made by lua/import from names it knows, never
 * from names in the file); each row of the answer goes to the plan (codec/rows.h). Values become
 * text on the way, bytes become hex, so that a cell is a cell whatever it came from. Only tables that
 * store their rows are seen, none that computes them or is made up by a module. At most 50
 * million rows are read: nobody's phone has more, and a damaged tree may have no end. */
#include "script/import_db.h"
#include "base/alloc.h"
#include "base/json.h"
#include "codec/rows.h"
#include "store/db.h"
#include <stdio.h>
#include <string.h>

enum { MAX_TABLES = 2000 };
#define MAX_ROWS INT64_C(50000000)

struct sw_import_db {
    const struct sw_db *db;
    void *conn, *stmt;
    struct sw_rows_plan *plan;
    size_t table; /* of the plan, being read */
    int64_t rows;
    bool checked;
    struct sw_cell cell[SW_ROWS_MAX_FIELDS];
    struct sw_buf text[SW_ROWS_MAX_FIELDS];
};

int sw_import_db_open(const char *path, struct sw_import_db **out, struct sw_err *err)
{
    struct sw_import_db *d = sw_zalloc(sizeof *d);
    int rc;
    d->db = &sw_db_sqlite;
    for (int i = 0; i < SW_ROWS_MAX_FIELDS; i++) sw_buf_init(&d->text[i], 32 << 20);
    rc = d->db->open(path, SW_DB_FOREIGN, &d->conn, NULL);
    if (rc) {
        sw_import_db_close(d);
        return sw_fail(err, SW_E_BAD,
                       "the SQLite database cannot be opened: it is damaged or cut off");
    }
    *out = d;
    return 0;
}

void sw_import_db_close(struct sw_import_db *d)
{
    if (!d) return;
    if (d->stmt) d->db->finalize(d->stmt);
    if (d->conn) d->db->close(d->conn);
    sw_rows_close(d->plan);
    for (int i = 0; i < SW_ROWS_MAX_FIELDS; i++) sw_buf_clear(&d->text[i]);
    sw_free(d);
}

static void put_text(struct sw_buf *b, const struct sw_db_val *v)
{
    if (v->type == SW_DB_TEXT) sw_json_str(b, v->p, v->n);
    else sw_buf_puts(b, "\"\"");
}

static void put_column(struct sw_buf *b, const struct sw_db_val *table,
                       const struct sw_db_val *column, struct sw_buf *last)
{
    bool same = last->len == table->n && !memcmp(last->data, table->p, table->n);
    if (!same || !last->len) {
        if (last->len) sw_buf_puts(b, "],");
        put_text(b, table);
        sw_buf_puts(b, ":[");
        sw_buf_reset(last);
        sw_buf_put(last, table->p, table->n);
    } else {
        sw_buf_byte(b, ',');
    }
    put_text(b, column);
}

/* The expression of a computed column runs where its rows are read or checked, for as long as its writer
 * likes. No app's export has one. */
static int refuse_computed(struct sw_import_db *d, struct sw_err *err)
{
    struct sw_db_val name;
    void *st = d->db->prepare(d->conn,
                              "SELECT m.name FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c "
                              "WHERE m.type = 'table' AND m.rootpage > 0 AND c.hidden > 1 LIMIT 1",
                              NULL);
    int rc = st ? d->db->step(st, NULL) : -1;
    if (rc == 1) {
        d->db->column(st, 0, SW_DB_NULL, &name);
        rc = sw_fail(err, SW_E_BAD,
                     "the SQLite database is refused: its table %.60s computes what is read of it, "
                     "which no app's export does",
                     name.type == SW_DB_TEXT ? (const char *)name.p : "");
    } else if (rc < 0) {
        rc = sw_fail(err, SW_E_BAD, "the SQLite database is damaged: its tables cannot be listed");
    }
    if (st) d->db->finalize(st);
    return rc;
}

static int list_tables(struct sw_import_db *d, struct sw_buf *out, struct sw_err *err)
{
    struct sw_db_val table, column;
    struct sw_buf last;
    int rc, n = 0;
    void *st = d->db->prepare(d->conn,
                              "SELECT m.name, c.name FROM sqlite_master m "
                              "JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.rootpage > 0 "
                              "ORDER BY 1",
                              NULL);
    if (!st)
        return sw_fail(err, SW_E_BAD,
                       "the SQLite database is damaged: its tables cannot be listed");
    sw_buf_init(&last, 1 << 20);
    sw_buf_puts(out, "{\"tables\":{");
    while ((rc = d->db->step(st, NULL)) == 1 && n++ < MAX_TABLES * 20) {
        d->db->column(st, 0, SW_DB_NULL, &table);
        d->db->column(st, 1, SW_DB_NULL, &column);
        if (table.type == SW_DB_TEXT && table.n && table.n < 1000)
            put_column(out, &table, &column, &last);
    }
    sw_buf_puts(out, last.len ? "]}}" : "}}");
    sw_buf_clear(&last);
    d->db->finalize(st);
    if (rc < 0)
        return sw_fail(err, SW_E_BAD, "the SQLite database is damaged: its tables cannot be listed");
    return out->over ? sw_fail(err, SW_E_LIMIT,
                               "the SQLite database is refused: its tables have too many or too long names")
                     : 0;
}

int sw_import_db_head(struct sw_import_db *d, struct sw_buf *out, struct sw_err *err)
{
    int rc = refuse_computed(d, err);
    return rc ? rc : list_tables(d, out, err);
}

int sw_import_db_plan(struct sw_import_db *d, const char *json, size_t n, struct sw_err *err)
{
    struct sw_rows_plan *p;
    int rc = sw_rows_open(json, n, &p, err);
    if (rc) return rc;
    sw_rows_close(d->plan);
    d->plan = p;
    return 0;
}

/* Pages that contradict each other are worth a word; what can be read is read. */
static void check(struct sw_import_db *d, struct sw_batch *out)
{
    struct sw_db_val v = {0};
    void *st = d->db->prepare(d->conn, "PRAGMA quick_check(1)", NULL);
    bool ok = st && d->db->step(st, NULL) == 1;
    if (ok) d->db->column(st, 0, SW_DB_NULL, &v);
    ok = ok && v.type == SW_DB_TEXT && v.n == 2 && !memcmp(v.p, "ok", 2);
    if (!ok) sw_batch_note(out, "the SQLite database is damaged: what can be read of it is kept");
    if (st) d->db->finalize(st);
    d->checked = true;
}

static struct sw_cell cell_of(const struct sw_db_val *v, struct sw_buf *text)
{
    const uint8_t *p = v->p;
    sw_buf_reset(text);
    switch (v->type) {
    case SW_DB_NULL: return (struct sw_cell){0};
    case SW_DB_INT: sw_json_int(text, v->i); break;
    case SW_DB_REAL: sw_json_num(text, v->r); break;
    case SW_DB_TEXT: sw_buf_put(text, v->p, v->n); break;
    case SW_DB_BLOB:
        for (size_t i = 0; i < v->n && i < 64; i++) sw_buf_printf(text, "%02x", p[i]);
    }
    return (struct sw_cell){sw_buf_str(text), text->len};
}

static void put_row(struct sw_import_db *d, struct sw_rows_table *t, struct sw_batch *out)
{
    struct sw_db_val v;
    for (size_t i = 0; i < t->n_field; i++) {
        d->db->column(d->stmt, (int)i, SW_DB_NULL, &v);
        d->cell[i] = cell_of(&v, &d->text[i]);
    }
    sw_rows_put(t, d->cell, (struct sw_cell){0}, out);
}

static void table_end(struct sw_import_db *d)
{
    if (d->stmt) d->db->finalize(d->stmt);
    d->stmt = NULL;
    d->table++;
}

/* One row of the table being read; the next table after its last one. */
static void advance(struct sw_import_db *d, struct sw_batch *out)
{
    struct sw_rows_table *t = &d->plan->table[d->table];
    int rc = -1;
    if (!d->stmt && t->sql) d->stmt = d->db->prepare(d->conn, t->sql, NULL);
    if (d->stmt) rc = d->db->step(d->stmt, NULL);
    if (rc == 1 && d->rows++ < MAX_ROWS) {
        put_row(d, t, out);
        return;
    }
    if (rc < 0)
        sw_batch_note(out, "the table %s is damaged: rows before the damage are kept", t->name);
    if (rc == 1) sw_batch_note(out, "only %lld rows are read of a database", (long long)MAX_ROWS);
    if (rc == 1) d->table = d->plan->n_table;
    table_end(d);
}

int sw_import_db_next(struct sw_import_db *d, size_t rows, struct sw_batch *out, struct sw_err *err)
{
    if (!d->plan)
        return sw_fail(err, SW_E_BAD, "nothing says what the tables of this database mean");
    if (!d->checked) check(d, out);
    for (size_t n = 0; d->table < d->plan->n_table && n < rows; n++) advance(d, out);
    return d->table < d->plan->n_table;
}
