/* SPDX-License-Identifier: MIT
 * One connection to the store and its cached statements. Statements are C string literals and are
 * cached by address. A store belongs to one thread; the writer's lives in store/worker.c. */
#ifndef SW_STORE_STORE_H
#define SW_STORE_STORE_H
#include "base/buf.h"
#include "base/err.h"
#include "store/db.h"
#include <stdarg.h>

struct sw_store;
struct sw_squeezer; /* codec/squeeze.h */
struct sw_q;          /* a prepared statement in use */

/* Open, and for writers migrate with the numbered files of schema_dir. SW_E_NEWER when a newer
 * program wrote it. read_only stores skip migration but check the version. */
int sw_store_open(const char *url, const char *schema_dir, bool read_only, struct sw_store **out,
                  struct sw_err *err);
void sw_store_close(struct sw_store *s);
/* Bytes kept of a connection's answers since they were last summed up; -1: they never were by this store. For
 * store_raw.c; several connections may share one. */
int64_t *sw_store_unsummed(struct sw_store *s, int64_t connection);
struct sw_squeezer *sw_store_zip(struct sw_store *s); /* borrowed; for what is squeezed on this thread */
const struct sw_dialect *sw_store_dialect(const struct sw_store *s);
int64_t sw_store_wake(struct sw_store *s); /* changes when another process committed */

/* One transaction at a time; a writing one waits up to 15 s for another process (SW_E_BUSY). A commit that gave 0 is
 * on disk. */
int sw_store_begin(struct sw_store *s, bool write, struct sw_err *err);
int sw_store_commit(struct sw_store *s, struct sw_err *err);
void sw_store_rollback(struct sw_store *s); /* harmless outside a transaction */
int sw_store_exec(struct sw_store *s, const char *sql, struct sw_err *err);

/* Bind and get ready to step. `types`, one letter a parameter: i int64_t, r double, s const char *
 * (NULL binds null), t const char * and size_t, b const void * and size_t. NULL on error. Bytes
 * must live until the statement is done. */
struct sw_q *sw_ask(struct sw_store *s, struct sw_err *err, const char *sql, const char *types,
                    ...);
/* The same for a statement without rows. Gives 0 or an error. */
int sw_run(struct sw_store *s, struct sw_err *err, const char *sql, const char *types, ...);
/* A statement that must give exactly one integer: 1 and *out, 0 when there is no row, or an error. */
int sw_ask_int(struct sw_store *s, struct sw_err *err, int64_t *out, const char *sql,
               const char *types, ...);

int sw_q_next(
    struct sw_q *q,
    struct sw_err *err); /* 1 row, 0 end, negative error; after the end it may be asked again */
void sw_q_stop(struct sw_q *q); /* stop before the end */
int64_t sw_q_int(struct sw_q *q, int col);
double sw_q_real(struct sw_q *q, int col);
const char *sw_q_text(struct sw_q *q, int col,
                      size_t *n); /* borrowed until the next step; "" for null */
const void *sw_q_blob(struct sw_q *q, int col, size_t *n);

/* A consistent copy as a file of its own. Outside a transaction. */
int sw_store_copy(struct sw_store *s, const char *to, const struct sw_progress *progress,
                  struct sw_err *err);
/* Damage in the file's structure: each(ctx, sentence). */
int sw_store_integrity(struct sw_store *s, void (*each)(void *ctx, const char *finding), void *ctx,
                       struct sw_err *err);
/* Write the file anew, so that nothing deleted is left in it. Outside a transaction. */
int sw_store_compact(struct sw_store *s, struct sw_err *err);
/* 0 when no other process has the store at url open, and its log is in its file; SW_E_BUSY otherwise. */
int sw_store_alone(const char *url, struct sw_err *err);

/* Called on the store's thread for each statement that took SW_SLOW_MS or longer; the time its caller spent
 * between rows is not counted. The text has no values in it. */
#define SW_SLOW_MS 100
void sw_store_on_slow(struct sw_store *s, void (*slow)(void *ctx, const char *sql, int64_t ms),
                      void *ctx);

/* Whose run is noted for undo, if any (store/store_undo.h). */
struct sw_undo_mark {
    int64_t person, run; /* run 0: nothing is noted */
};
struct sw_undo_mark *sw_store_undo(struct sw_store *s);

/* The next number of a named counter (series, job, run), from 1. Inside a write transaction. */
int sw_store_number(struct sw_store *s, const char *name, int64_t *out, struct sw_err *err);
#endif
