/* SPDX-License-Identifier: MIT
 * The database driver: ten methods and a handful of words, all that differs between backends. The
 * rest of the store speaks one SQL text that is valid on all of them ($1 placeholders, ON CONFLICT
 * with a named target, RETURNING, BIGINT milliseconds). A connection belongs to one thread. */
#ifndef SW_STORE_DB_H
#define SW_STORE_DB_H
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sw_db_type { SW_DB_NULL, SW_DB_INT, SW_DB_REAL, SW_DB_TEXT, SW_DB_BLOB };

struct sw_db_val { /* bytes are borrowed: by bind until the next step, by column until then too */
    enum sw_db_type type;
    int64_t i;
    double r;
    const void *p;
    size_t n;
};

/* FOREIGN: somebody else's file. Read as it lies there (no journal, no lock), nothing in its schema is
 * trusted: no views, triggers or functions of it run, and values are capped. */
enum sw_db_mode { SW_DB_WRITE, SW_DB_READ, SW_DB_FOREIGN };

struct sw_dialect {           /* words put into statements and schema */
    const char *name;         /* "sqlite" */
    const char *begin_write;  /* "BEGIN IMMEDIATE" */
    const char *claim_suffix; /* "FOR UPDATE SKIP LOCKED" or "" */
    const char *blob;         /* schema: type of bytes */
    const char *key;          /* schema: type of a one-column BIGINT primary key */
    const char
        *table_end; /* schema: after the closing bracket of a table keyed by several columns */
    const char *date[2]; /* views: around a day's number, its text 2024-03-01 */
    const char *time[2]; /* views: around milliseconds, their text 2024-03-01 08:00:00 */
};

struct sw_progress { /* tell may be NULL; called on the thread that works */
    void (*tell)(void *ctx, int64_t done, int64_t total);
    void *ctx;
};

/* What looking after a file takes, beside the ten methods. A backend with tools of its own leaves them NULL. */
struct sw_db_care {
    /* The snapshot of the open transaction as a file of its own, safe on disk when it is done. */
    int (*copy)(void *conn, const char *to, const struct sw_progress *progress, struct sw_err *err);
    /* Calls each for every damage found in the file's structure. */
    int (*integrity)(void *conn, void (*each)(void *ctx, const char *finding), void *ctx,
                     struct sw_err *err);
    /* Write the file anew without what was deleted, so that none of it can be read from it. */
    int (*compact)(void *conn, struct sw_err *err);
    /* Bring the log into the file. SW_E_BUSY while any other process has it open. */
    int (*alone)(void *conn, struct sw_err *err);
};

struct sw_db {
    struct sw_dialect dialect;
    struct sw_db_care care;
    /* *conn is the backend's own. READ and FOREIGN open a connection that cannot write. */
    int (*open)(const char *url, enum sw_db_mode mode, void **conn, struct sw_err *err);
    void (*close)(void *conn);
    int (*exec)(void *conn, const char *sql,
                struct sw_err *err); /* one or more statements, no rows */
    void *(*prepare)(void *conn, const char *sql, struct sw_err *err);
    int (*bind)(void *stmt, int param, const struct sw_db_val *v); /* param from 1 */
    int (*step)(void *stmt,
                struct sw_err *err); /* 1 row, 0 done and reset, negative error and reset */
    /* col from 0. want INT or REAL: only out->i or out->r is set, whatever stands there (no number: 0). */
    void (*column)(void *stmt, int col, enum sw_db_type want, struct sw_db_val *out);
    void (*finalize)(void *stmt);
    const char *(*last_error)(void *conn);
    int64_t (*wake)(void *conn); /* a number that changes when another process committed */
};

extern const struct sw_db sw_db_sqlite, sw_db_scratch;

/* The driver for a URL ("sqlite:PATH", or "scratch:PATH" for one that may be lost); *rest is what follows the scheme. NULL and a sentence otherwise. */
const struct sw_db *sw_db_for(const char *url, const char **rest, struct sw_err *err);
#endif
