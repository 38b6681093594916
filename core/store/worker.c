/* SPDX-License-Identifier: MIT */
#include "store/worker.h"
#include "base/alloc.h"
#include "base/clock.h"
#include <stdio.h>
#include <string.h>

enum { GROUP_MOST = 1000, GROUP_MS = 10, SLOW_MOST = 16, SLOW_TEXT = 200 };

struct queue {
    struct sw_work *first, *last;
};

struct slow { /* a statement that took long and was not told of yet */
    char sql[SLOW_TEXT];
    int64_t ms;
};

struct sw_worker {
    uv_thread_t thread;
    uv_mutex_t lock;
    uv_cond_t wake;
    uv_async_t answer; /* loop thread: deliver `finished` */
    struct queue waiting, finished;
    struct slow slow[SLOW_MOST]; /* under the lock; those beyond it are passed over */
    int n_slow;
    void (*on_slow)(void *ctx, const char *sql, int64_t ms);
    void *slow_ctx;
    size_t pending; /* loop thread only */
    bool writer, stop, opened;
    struct sw_store *store;
    char *url, *schema_dir;
    struct sw_err open_err;
};

static void push(struct queue *q, struct sw_work *w)
{
    w->next = NULL;
    if (q->last) q->last->next = w;
    else q->first = w;
    q->last = w;
}

static struct sw_work *pop(struct queue *q)
{
    struct sw_work *w = q->first;
    if (!w) return NULL;
    q->first = w->next;
    if (!q->first) q->last = NULL;
    return w;
}

/* Next request, waiting for one if `wait`; NULL when none is there or the worker stops. */
static struct sw_work *take(struct sw_worker *w, bool wait)
{
    struct sw_work *x;
    uv_mutex_lock(&w->lock);
    while (wait && !w->waiting.first && !w->stop) uv_cond_wait(&w->wake, &w->lock);
    x = pop(&w->waiting);
    uv_mutex_unlock(&w->lock);
    return x;
}

static void answer(struct sw_worker *w, struct queue *done)
{
    uv_mutex_lock(&w->lock);
    for (struct sw_work *x; (x = pop(done));) push(&w->finished, x);
    uv_mutex_unlock(&w->lock);
    uv_async_send(&w->answer);
}

/* 0, or why the whole group is gone: an error such as a full disk can end the transaction under us,
 * and a savepoint outside of one would commit on its own. */
static int run_in_savepoint(struct sw_store *s, struct sw_work *x, struct sw_err *err)
{
    int rc = sw_store_exec(s, "SAVEPOINT one", err);
    if (rc) return rc;
    x->rc = x->run(s, x, &x->err);
    if (x->rc < 0 || x->discard) rc = sw_store_exec(s, "ROLLBACK TO one", NULL);
    if (!rc) rc = sw_store_exec(s, "RELEASE one", NULL);
    if (rc && x->rc < 0) return sw_fail(err, x->rc, "%s", x->err.text);
    return rc ? sw_fail(err, rc, "the database ended the transaction") : 0;
}

/* One transaction for all that waits. A failure of BEGIN or COMMIT is everybody's failure. */
static void write_group(struct sw_worker *w, struct sw_work *first)
{
    struct queue done = {0};
    struct sw_err err = SW_ERR_INIT;
    int64_t until = sw_mono_ms() + GROUP_MS;
    int n = 0, rc = sw_store_begin(w->store, true, &err);
    for (struct sw_work *x = first; x;
         x = x->more || (n < GROUP_MOST && sw_mono_ms() < until) ? take(w, false) : NULL) {
        if (!rc && (rc = run_in_savepoint(w->store, x, &err))) sw_store_rollback(w->store);
        push(&done, x);
        n++;
    }
    if (!rc) rc = sw_store_commit(w->store, &err);
    for (struct sw_work *x = done.first; rc && x; x = x->next) {
        if (x->rc < 0) continue;
        x->rc = rc;
        x->err = err;
    }
    answer(w, &done);
}

static void read_one(struct sw_worker *w, struct sw_work *x)
{
    struct queue done = {0};
    x->rc = sw_store_begin(w->store, false, &x->err);
    if (!x->rc) x->rc = x->run(w->store, x, &x->err);
    sw_store_rollback(w->store);
    push(&done, x);
    answer(w, &done);
}

static void note_slow(void *ctx, const char *sql, int64_t ms)
{
    struct sw_worker *w = ctx;
    uv_mutex_lock(&w->lock);
    if (w->n_slow < SLOW_MOST) {
        struct slow *s = &w->slow[w->n_slow++];
        snprintf(s->sql, sizeof s->sql, "%s", sql);
        s->ms = ms;
    }
    uv_mutex_unlock(&w->lock);
}

static void thread_main(void *arg)
{
    struct sw_worker *w = arg;
    struct sw_work *x;
    int rc = sw_store_open(w->url, w->schema_dir, !w->writer, &w->store, &w->open_err);
    if (!rc) sw_store_on_slow(w->store, note_slow, w);
    uv_mutex_lock(&w->lock);
    w->opened = true;
    uv_cond_signal(&w->wake);
    uv_mutex_unlock(&w->lock);
    while (!rc && (x = take(w, true))) {
        if (w->writer) write_group(w, x);
        else read_one(w, x);
    }
    sw_store_close(w->store);
}

static void on_answer(uv_async_t *a)
{
    struct sw_worker *w = a->data;
    struct queue mine;
    struct slow slow[SLOW_MOST];
    int n;
    uv_mutex_lock(&w->lock);
    mine = w->finished;
    w->finished = (struct queue){0};
    n = w->n_slow;
    memcpy(slow, w->slow, (size_t)n * sizeof *slow);
    w->n_slow = 0;
    uv_mutex_unlock(&w->lock);
    for (int i = 0; w->on_slow && i < n; i++) w->on_slow(w->slow_ctx, slow[i].sql, slow[i].ms);
    for (struct sw_work *x; (x = pop(&mine));) {
        if (!--w->pending) uv_unref((uv_handle_t *)&w->answer);
        x->done(x);
    }
}

struct sw_worker *sw_worker_new(uv_loop_t *loop, const char *url, const char *schema_dir,
                                bool writer, struct sw_err *err)
{
    struct sw_worker *w = sw_zalloc(sizeof *w);
    w->writer = writer;
    w->url = sw_strdup(url);
    w->schema_dir = sw_strdup(schema_dir);
    uv_mutex_init(&w->lock);
    uv_cond_init(&w->wake);
    uv_async_init(loop, &w->answer, on_answer);
    uv_unref((uv_handle_t *)&w->answer); /* only pending requests keep the loop alive */
    w->answer.data = w;
    uv_thread_create(&w->thread, thread_main, w);
    uv_mutex_lock(&w->lock);
    while (!w->opened) uv_cond_wait(&w->wake, &w->lock);
    uv_mutex_unlock(&w->lock);
    if (!w->open_err.code) return w;
    sw_fail(err, w->open_err.code, "%s", w->open_err.text);
    sw_worker_free(w);
    return NULL;
}

void sw_worker_on_slow(struct sw_worker *w, void (*slow)(void *ctx, const char *sql, int64_t ms),
                       void *ctx)
{
    w->on_slow = slow;
    w->slow_ctx = ctx;
}

void sw_worker_submit_all(struct sw_worker *w, struct sw_work *const *work, size_t n)
{
    if (n && !w->pending) uv_ref((uv_handle_t *)&w->answer);
    w->pending += n;
    uv_mutex_lock(&w->lock);
    for (size_t i = 0; i < n; i++) {
        work[i]->rc = 0;
        work[i]->more = i + 1 < n;
        sw_err_clear(&work[i]->err);
        push(&w->waiting, work[i]);
    }
    uv_cond_signal(&w->wake);
    uv_mutex_unlock(&w->lock);
}

void sw_worker_submit(struct sw_worker *w, struct sw_work *x)
{
    sw_worker_submit_all(w, &x, 1);
}

size_t sw_worker_pending(const struct sw_worker *w)
{
    return w->pending;
}

static void on_closed(uv_handle_t *h)
{
    struct sw_worker *w = h->data;
    uv_mutex_destroy(&w->lock);
    uv_cond_destroy(&w->wake);
    sw_free(w->url);
    sw_free(w->schema_dir);
    sw_free(w);
}

void sw_worker_free(struct sw_worker *w)
{
    if (!w) return;
    uv_mutex_lock(&w->lock);
    w->stop = true;
    uv_cond_signal(&w->wake);
    uv_mutex_unlock(&w->lock);
    uv_thread_join(&w->thread);
    on_answer(&w->answer);
    uv_close((uv_handle_t *)&w->answer, on_closed);
}
