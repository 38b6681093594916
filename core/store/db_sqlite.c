/* SPDX-License-Identifier: MIT
 * SQLite behind the driver table. WAL, synchronous FULL: a commit that was answered is on disk.
 * Placeholders are bound by name, since SQLite numbers $n by first appearance. */
#include "store/db.h"
#include "base/buf.h"
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
                       "the database cannot be written: the disk is full, or its folder or file is "
                       "read-only; what is in it can be read");
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
static void immutable_uri(const char *path, struct sw_buf *uri)
{
    sw_buf_puts(uri, "file:");
    for (; *path; path++)
        if (strchr("%?#", *path)) sw_buf_printf(uri, "%%%02x", (unsigned char)*path);
        else sw_buf_byte(uri, (uint8_t)*path);
    sw_buf_puts(uri, "?immutable=1");
}

static int open_immutable(const char *path, sqlite3 **db)
{
    struct sw_buf uri;
    int rc;
    sw_buf_init(&uri, 16384);
    immutable_uri(path, &uri);
    rc = sqlite3_open_v2(sw_buf_str(&uri), db,
                         SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
    sw_buf_clear(&uri);
    return rc;
}

static int open_foreign(const char *path, void **conn, struct sw_err *err)
{
    static const int off[] = {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER,
                              SQLITE_DBCONFIG_ENABLE_VIEW};
    sqlite3 *db = NULL;
    int rc = open_immutable(path, &db);
    if (rc == SQLITE_OK) {
        for (size_t i = 0; i < sizeof off / sizeof *off; i++)
            sqlite3_db_config(db, off[i], 0, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 16 << 20);
        sqlite3_drop_modules(db, NULL); /* a virtual table hands its forged insides to a module */
        rc = sqlite3_exec(db,
                          "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; "
                          "PRAGMA ignore_check_constraints=ON",
                          NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK) {
        fail(db, rc, err);
        sqlite3_close(db);
        return code_of(rc);
    }
    *conn = db;
    return 0;
}

/* A disk without room for the log and its index, or one that is read-only: what lies in the file itself can be
 * read, as long as nothing is in a log beside it (of a process that has it open, or was killed). */
static bool is_still(const char *path, int rc)
{
    struct sw_buf wal;
    struct stat st;
    bool logged;
    if ((rc != SW_E_FULL && rc != SW_E_IO) || stat(path, &st)) return false;
    sw_buf_init(&wal, 16384);
    sw_buf_printf(&wal, "%s-wal", path);
    logged = stat(sw_buf_str(&wal), &st) == 0 && st.st_size > 0;
    sw_buf_clear(&wal);
    return !logged;
}

/* A home may come out of a stranger's backup: its file brings rows, no programs of its own. */
static void distrust(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
}

static int reopen_still(const char *path, sqlite3 **db, struct sw_err *err)
{
    int rc;
    sqlite3_close(*db);
    *db = NULL;
    rc = open_immutable(path, db);
    if (rc == SQLITE_OK) distrust(*db);
    return rc == SQLITE_OK ? 0 : fail(*db, rc, err);
}

/* Its first look at the file, which makes what a log needs. */
static int begin(sqlite3 *db, bool read_only, struct sw_err *err)
{
    int rc = read_only ? db_exec(db, "SELECT 1 FROM sqlite_schema LIMIT 1", err) : enter_wal(db, err);
    if (rc) return rc;
    return db_exec(db,
                   read_only ? "PRAGMA cache_size=-4000"
                             : "PRAGMA synchronous=FULL; PRAGMA cache_size=-4000;"
                               "PRAGMA wal_autocheckpoint=2000; PRAGMA temp_store=MEMORY",
                   err);
}

static int db_open(const char *path, enum sw_db_mode mode, void **conn, struct sw_err *err)
{
    sqlite3 *db = NULL;
    bool read_only = mode != SW_DB_WRITE;
    int flags = SQLITE_OPEN_NOMUTEX |
                (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    struct sw_err first = SW_ERR_INIT;
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
    distrust(db);
    rc = begin(db, read_only, &first);
    if (rc && is_still(path, rc)) rc = reopen_still(path, &db, err);
    else if (rc) sw_fail(err, rc, "%s", first.text);
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

/* Where $param is: most statements name theirs in order, so that place is looked at first. */
static int place_of(sqlite3_stmt *stmt, int param)
{
    const char *there = sqlite3_bind_parameter_name(stmt, param);
    char name[16] = {'$', (char)('0' + param), 0};
    if (param > 9) snprintf(name, sizeof name, "$%d", param);
    return there && !strcmp(there, name) ? param : sqlite3_bind_parameter_index(stmt, name);
}

static int db_bind(void *stmt, int param, const struct sw_db_val *v)
{
    int at = place_of(stmt, param), rc = SQLITE_OK;
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

/* One look at the column, which the sqlite3_column_ functions each do for themselves. The connection is used
 * by one thread only (NOMUTEX), so a value may be read without protection. */
static void any_column(void *stmt, int col, struct sw_db_val *out)
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

static void db_column(void *stmt, int col, enum sw_db_type want, struct sw_db_val *out)
{
    if (want == SW_DB_INT) out->i = sqlite3_column_int64(stmt, col);
    else if (want == SW_DB_REAL) out->r = sqlite3_column_double(stmt, col);
    else any_column(stmt, col, out);
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

/* --- looking after the file --- */

enum { COPY_PAGES = 512 }; /* at a time: progress is told between */

static int copy_pages(sqlite3_backup *b, const struct sw_progress *p)
{
    int rc, waited = 0;
    do {
        rc = sqlite3_backup_step(b, COPY_PAGES);
        if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
            if ((waited += BUSY_STEP_MS) > BUSY_MS) return rc;
            sqlite3_sleep(BUSY_STEP_MS);
            continue;
        }
        if (p && p->tell)
            p->tell(p->ctx, sqlite3_backup_pagecount(b) - sqlite3_backup_remaining(b),
                    sqlite3_backup_pagecount(b));
    } while (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The source stands in a read transaction: what others write meanwhile does not start the copy anew, which
 * beside a busy writer would never end. */
static int db_copy(void *conn, const char *to, const struct sw_progress *progress, struct sw_err *err)
{
    sqlite3 *out = NULL;
    sqlite3_backup *b;
    int rc = sqlite3_open_v2(to, &out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL), end;
    if (rc == SQLITE_OK) rc = sqlite3_exec(conn, "SELECT 1 FROM sqlite_master LIMIT 1", NULL, NULL, NULL);
    b = rc == SQLITE_OK ? sqlite3_backup_init(out, "main", conn, "main") : NULL;
    if (rc == SQLITE_OK && !b) rc = sqlite3_errcode(out);
    if (b) {
        rc = copy_pages(b, progress);
        end = sqlite3_backup_finish(b);
        if (rc == SQLITE_OK) rc = end;
    }
    /* one file without a log beside it, whatever the mode of the original */
    if (rc == SQLITE_OK) rc = sqlite3_exec(out, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    if (rc != SQLITE_OK) rc = fail(out, rc, err);
    sqlite3_close(out);
    return rc;
}

static int db_integrity(void *conn, void (*each)(void *ctx, const char *finding), void *ctx,
                        struct sw_err *err)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(conn, "PRAGMA integrity_check(100)", -1, &st, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(st, 0);
        if (text && strcmp(text, "ok")) each(ctx, text);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(st);
    return rc == SQLITE_DONE ? 0 : fail(conn, rc, err);
}

/* VACUUM first puts what lives into a temporary database, a file without a name: in memory that would be as
 * large as the home. Where no such file can be had, memory it is. */
static int vacuum(void *conn, struct sw_err *err)
{
    int rc = sqlite3_exec(conn, "PRAGMA temp_store=FILE; VACUUM", NULL, NULL, NULL);
    int back = db_exec(conn, "PRAGMA temp_store=MEMORY", err);
    if (rc == SQLITE_CANTOPEN || rc == SQLITE_IOERR || rc == SQLITE_FULL) return db_exec(conn, "VACUUM", err);
    return rc == SQLITE_OK ? back : fail(conn, rc, err);
}

/* It writes the file anew through the log; the log keeps old pages until it is cut to nothing. */
static int db_compact(void *conn, struct sw_err *err)
{
    int rc = db_exec(conn, "PRAGMA secure_delete=ON; PRAGMA wal_checkpoint(TRUNCATE)", err), left;
    int at;
    if (!rc) rc = vacuum(conn, err);
    at = sqlite3_wal_checkpoint_v2(conn, NULL, SQLITE_CHECKPOINT_TRUNCATE, &left, NULL);
    if (!rc && at != SQLITE_OK) return fail(conn, at, err);
    return rc;
}

/* Leaving WAL takes the file for itself: SQLite refuses while any other connection has it open. */
static int db_alone(void *conn, struct sw_err *err)
{
    int rc;
    sqlite3_busy_timeout(conn, 500);
    rc = sqlite3_exec(conn, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : fail(conn, rc, err);
}

/* A home that is thrown away: a power cut may take it, so no commit waits for the disk. */
static int open_scratch(const char *path, enum sw_db_mode mode, void **conn, struct sw_err *err)
{
    int rc = db_open(path, mode, conn, err);
    return rc || mode != SW_DB_WRITE ? rc : db_exec(*conn, "PRAGMA synchronous=OFF", err);
}

/* clang-format off */
#define DRIVER(opener) \
    { \
        .dialect = {"sqlite", "BEGIN IMMEDIATE", "", "BLOB", "INTEGER NOT NULL PRIMARY KEY", \
                    "WITHOUT ROWID", \
                    {"date(", " * 86400, 'unixepoch')"}, \
                    {"datetime(", " / 1000, 'unixepoch')"}}, \
        .care = {db_copy, db_integrity, db_compact, db_alone}, \
        .open = opener, \
        .close = db_close, \
        .exec = db_exec, \
        .prepare = db_prepare, \
        .bind = db_bind, \
        .step = db_step, \
        .column = db_column, \
        .finalize = db_finalize, \
        .last_error = db_last_error, \
        .wake = db_wake, \
    }
/* clang-format on */

const struct sw_db sw_db_sqlite = DRIVER(db_open), sw_db_scratch = DRIVER(open_scratch);
