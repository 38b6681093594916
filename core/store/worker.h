/* SPDX-License-Identifier: MIT
 * A database thread: it owns one store and works off a queue. The writer groups requests into one
 * transaction (at most 1,000 or 10 ms), a savepoint each, so one that fails rolls back alone; replies
 * leave only after COMMIT. The reader runs each request in its own snapshot. Requests are submitted
 * and answered on the loop thread. */
#ifndef SW_STORE_WORKER_H
#define SW_STORE_WORKER_H
#include "store/store.h"
#include <uv.h>

struct sw_work { /* embedded in the caller's request; alive until done() */
    int (*run)(struct sw_store *s, struct sw_work *w,
               struct sw_err *err);  /* on the database thread */
    void (*done)(struct sw_work *w); /* on the loop thread */
    bool more;                       /* the next one belongs into the same transaction, however long it takes */
    bool discard;                    /* run it, then take it back: to see what it would do */
    int rc;                          /* result of run, or why the commit failed */
    struct sw_err err;
    struct sw_work *next; /* the queue's */
};

struct sw_worker;
/* Open the store on its own thread; waits until it is open. NULL and a sentence when it cannot be. */
struct sw_worker *sw_worker_new(uv_loop_t *loop, const char *url, const char *schema_dir,
                                bool writer, struct sw_err *err);
/* Told on the loop thread of statements that took long (sw_store_on_slow). */
void sw_worker_on_slow(struct sw_worker *w, void (*slow)(void *ctx, const char *sql, int64_t ms),
                       void *ctx);
void sw_worker_submit(struct sw_worker *w, struct sw_work *work);
/* n of them for one commit, each in its savepoint. On a reader they are only in order. */
void sw_worker_submit_all(struct sw_worker *w, struct sw_work *const *work, size_t n);
size_t sw_worker_pending(const struct sw_worker *w); /* submitted and not yet answered */
/* Finish what is queued, end the thread, close the store. Answers of the rest are still delivered. */
void sw_worker_free(struct sw_worker *w);
#endif
