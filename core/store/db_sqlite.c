/* SPDX-License-Identifier: MIT
 * SQLite behind the driver table. WAL, synchronous FULL: a commit that was answered is on disk.
 * Placeholders are bound by name, since SQLite numbers $n by first appearance. */
#include "store/db.h"
#include "base/buf.h"
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { BUSY_MS = 15000, BUSY_STEP_MS = 10 };

static int code_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return SW_E_BUSY;
    case SQLITE_FULL:
    case SQLITE_READONLY: return SW_E_FULL;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_PERM: return SW_E_IO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return SW_E_BAD;
    case SQLITE_CONSTRAINT: return SW_E_CONFLICT;
    default: return SW_E_INTERNAL;
    }
}

static int fail(sqlite3 *db, int rc, struct sw_err *err)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return sw_fail(
            err, SW_E_FULL,
            "the disk is full: the last step was undone and nothing is lost; make room and run it again");
    case SQLITE_READONLY:
        return sw_fail(err, SW_E_FULL,
                       "the database cannot be written: its folder or file is read-only");
    case SQLITE_CANTOPEN:
        return sw_fail(
            err, SW_E_IO,
            "the database cannot be opened: check that the folder exists and is writable");
    case SQLITE_BUSY:
        return sw_fail(err, SW_E_BUSY,
                       "another process holds the database; it did not let go within %d s",
                       BUSY_MS / 1000);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return sw_fail(err, SW_E_BAD,
                       "the database file is damaged or is no database; restore a backup");
    default:
        return sw_fail(err, code_of(rc), "database: %s",
                       db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
    }
}

static int db_exec(void *conn, const char *sql, struct sw_err *err)
{
    int rc = sqlite3_exec(conn, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : fail(conn, rc, err);
}

/* The first switch to WAL gives up at once when another process makes the same switch: SQLite's own
 * waiting does not apply to it. */
static int enter_wal(sqlite3 *db, struct sw_err *err)
{
    int rc = SQLITE_BUSY;
    for (int waited = 0; rc == SQLITE_BUSY && waited < BUSY_MS; waited += BUSY_STEP_MS) {
        if (waited) sqlite3_sleep(BUSY_STEP_MS);
        rc = sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
    }
    return rc == SQLITE_OK ? 0 : fail(db, rc, err);
}

/* "file:/path?immutable=1" with what has a meaning in a URI escaped. */
static void foreign_uri(const char *path, struct sw_buf *uri)
{
    sw_buf_puts(uri, "file:");
    for (; *path; path++)
        if (strchr("%?#", *path)) sw_buf_printf(uri, "%%%02x", (unsigned char)*path);
        else sw_buf_byte(uri, (uint8_t)*path);
    sw_buf_puts(uri, "?immutable=1");
}

static int open_foreign(const char *path, void **conn, struct sw_err *err)
{
    static const int off[] = {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER,
                              SQLITE_DBCONFIG_ENABLE_VIEW};
    struct sw_buf uri;
    sqlite3 *db = NULL;
    int rc;
    sw_buf_init(&uri, 16384);
    foreign_uri(path, &uri);
    rc = sqlite3_open_v2(sw_buf_str(&uri), &db,
                         SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
    sw_buf_clear(&uri);
    if (rc == SQLITE_OK) {
        for (size_t i = 0; i < sizeof off / sizeof *off; i++)
            sqlite3_db_config(db, off[i], 0, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 16 << 20);
        rc = sqlite3_exec(db, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0", NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK) {
        fail(db, rc, err);
        sqlite3_close(db);
        return code_of(rc);
    }
    *conn = db;
    return 0;
}

static int db_open(const char *path, enum sw_db_mode mode, void **conn, struct sw_err *err)
{
    sqlite3 *db = NULL;
    bool read_only = mode != SW_DB_WRITE;
    int flags = SQLITE_OPEN_NOMUTEX |
                (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    int rc;
    if (mode == SW_DB_FOREIGN) return open_foreign(path, conn, err);
    rc = sqlite3_open_v2(path, &db, flags, NULL);
    if (rc != SQLITE_OK) {
        fail(db, rc, err);
        sqlite3_close(db);
        return code_of(rc);
    }
    sqlite3_extended_result_codes(db, 0);
    sqlite3_busy_timeout(db, BUSY_MS);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    rc = read_only ? 0 : enter_wal(db, err);
    if (!rc)
        rc = read_only ? db_exec(db, "PRAGMA cache_size=-4000", err)
                       : db_exec(db,
                                 "PRAGMA synchronous=FULL; PRAGMA cache_size=-8000;"
                                 "PRAGMA wal_autocheckpoint=2000; PRAGMA temp_store=MEMORY",
                                 err);
    if (rc) {
        sqlite3_close(db);
        return rc;
    }
    *conn = db;
    return 0;
}

static void db_close(void *conn)
{
    sqlite3_close(conn);
}

static void *db_prepare(void *conn, const char *sql, struct sw_err *err)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v3(conn, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);
    if (rc == SQLITE_OK) return st;
    fail(conn, rc, err);
    return NULL;
}

static int db_bind(void *stmt, int param, const struct sw_db_val *v)
{
    char name[8];
    int at, rc = SQLITE_OK;
    snprintf(name, sizeof name, "$%d", param);
    at = sqlite3_bind_parameter_index(stmt, name);
    if (!at) return SW_E_INTERNAL;
    switch (v->type) {
    case SW_DB_NULL: rc = sqlite3_bind_null(stmt, at); break;
    case SW_DB_INT: rc = sqlite3_bind_int64(stmt, at, v->i); break;
    case SW_DB_REAL: rc = sqlite3_bind_double(stmt, at, v->r); break;
    case SW_DB_TEXT:
        rc = sqlite3_bind_text64(stmt, at, v->p, v->n, SQLITE_STATIC, SQLITE_UTF8);
        break;
    case SW_DB_BLOB: rc = sqlite3_bind_blob64(stmt, at, v->p, v->n, SQLITE_STATIC); break;
    }
    return rc == SQLITE_OK ? 0 : SW_E_INTERNAL;
}

static int db_step(void *stmt, struct sw_err *err)
{
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) return 1;
    if (rc == SQLITE_DONE) {
        sqlite3_reset(stmt);
        return 0;
    }
    fail(sqlite3_db_handle(stmt), rc, err);
    sqlite3_reset(stmt);
    return code_of(rc);
}

/* One look at the column: the sqlite3_column_ functions each do their own. The connection is used by one
 * thread only (NOMUTEX), so a value may be read without protection. */
static void db_column(void *stmt, int col, struct sw_db_val *out)
{
    sqlite3_value *v = sqlite3_column_value(stmt, col);
    *out = (struct sw_db_val){SW_DB_NULL, 0, 0, NULL, 0};
    switch (sqlite3_value_type(v)) {
    case SQLITE_INTEGER:
        out->type = SW_DB_INT;
        out->i = sqlite3_value_int64(v);
        out->r = (double)out->i;
        break;
    case SQLITE_FLOAT:
        out->type = SW_DB_REAL;
        out->r = sqlite3_value_double(v);
        out->i = out->r > -9.2e18 && out->r < 9.2e18 ? (int64_t)out->r
                                                     : 0; /* asked for as an integer by mistake */
        break;
    case SQLITE_TEXT:
        out->type = SW_DB_TEXT;
        out->p = sqlite3_value_text(v);
        out->n = (size_t)sqlite3_value_bytes(v);
        break;
    case SQLITE_BLOB:
        out->type = SW_DB_BLOB;
        out->p = sqlite3_value_blob(v);
        out->n = (size_t)sqlite3_value_bytes(v);
        break;
    default: break;
    }
}

static void db_finalize(void *stmt)
{
    sqlite3_finalize(stmt);
}
static const char *db_last_error(void *conn)
{
    return sqlite3_errmsg(conn);
}

static int64_t db_wake(void *conn)
{
    sqlite3_stmt *st = NULL;
    int64_t v = 0;
    if (sqlite3_prepare_v2(conn, "PRAGMA data_version", -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        v = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return v;
}

const struct sw_db sw_db_sqlite = {
    .dialect = {"sqlite", "BEGIN IMMEDIATE", "", "BLOB", "INTEGER NOT NULL PRIMARY KEY",
                "WITHOUT ROWID",
                {"date(", " * 86400, 'unixepoch')"},
                {"datetime(", " / 1000, 'unixepoch')"}},
    .open = db_open,
    .close = db_close,
    .exec = db_exec,
    .prepare = db_prepare,
    .bind = db_bind,
    .step = db_step,
    .column = db_column,
    .finalize = db_finalize,
    .last_error = db_last_error,
    .wake = db_wake,
};
