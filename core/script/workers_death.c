/* SPDX-License-Identifier: MIT
 * How a worker ends, and who pays. The run it stood in by its shared page is charged: that one fails,
 * and a script whose load it was is not loaded again. Its other runs are queued again in their order,
 * a few times at most, and a package whose workers all die without one result fails what it has. A
 * pidfd, not a pid, is killed. When a worker has to end is decided elsewhere. */
#include <uv.h>
#include "script/workers_pool.h"
#include "base/alloc.h"
#include "box/spawner.h"
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRIES_MAX 4 /* a run queued again more often is given up */

static void send_signal(const struct sw_worker *w, int signal)
{
    if (w->pidfd < 0) return;
    syscall(SYS_pidfd_send_signal, w->pidfd, signal, NULL, 0);
}

void sw_worker_kill(struct sw_worker *w) { send_signal(w, SIGKILL); }

void sw_worker_interrupt(struct sw_worker *w) { send_signal(w, SIGUSR1); }

static void unlink_worker(struct sw_worker *w)
{
    struct sw_worker **at = &w->pool->workers;
    while (*at && *at != w) at = &(*at)->next;
    if (*at) *at = w->next;
    if (w->p && w->p->worker == w) w->p->worker = NULL;
    w->pool->stats.live--;
}

static void on_worker_closed(uv_handle_t *h)
{
    struct sw_worker *w = h->data;
    struct sw_workers *pool = w->pool;
    close(w->fd);
    sw_free(w);
    sw_workers_handle_closed(pool);
}

void sw_worker_release(struct sw_worker *w)
{
    unlink_worker(w);
    sw_jobs_clear(&w->flight);
    sw_buf_clear(&w->in);
    sw_buf_clear(&w->out);
    if (w->page) munmap(w->page, SW_SHARED_PAGE_BYTES);
    if (w->pidfd >= 0) close(w->pidfd);
    w->page = NULL;
    w->pidfd = -1;
    w->state = SW_WORKER_DYING;
    if (!w->polling) {
        sw_free(w);
        return;
    }
    w->polling = false;
    uv_close((uv_handle_t *)&w->poll, on_worker_closed);
}

void sw_worker_stop(struct sw_worker *w)
{
    w->pool->stats.retired++;
    sw_worker_kill(w);
    sw_worker_release(w);
}

/* The run the worker stood in; if it says nothing useful, the first that was not waiting. */
static struct sw_job *culprit(struct sw_worker *w)
{
    uint64_t n = w->page ? atomic_load_explicit(&w->page->run, memory_order_acquire) : 0;
    struct sw_job *j = n ? sw_jobs_take(&w->flight, n) : NULL;
    if (j || !w->killed) return j;
    for (j = w->flight.first; j && j->call; j = j->next) continue;
    return j ? sw_jobs_take(&w->flight, j->n) : NULL;
}

static void charge(struct sw_worker *w, struct sw_job *j)
{
    struct sw_pfile *f = sw_package_file(w->p, j);
    char text[120];
    if (w->killed)
        snprintf(text, sizeof text, "stopped: did not react to its limit of %u ms of CPU time",
                 j->cpu_ms);
    else snprintf(text, sizeof text, "stopped: the script crashed its worker");
    if (f) f->poisoned = true;
    if (w->killed) w->pool->stats.killed++;
    else w->pool->stats.crashed++;
    sw_job_fail(j, w->p, SW_END_KILLED, text);
    sw_job_free(j);
}

/* Put back what was under way, in its order. Loads are made anew with the next worker. */
static void queue_again(struct sw_workers *pool, struct sw_package *p, struct sw_jobs *flight,
                        const char *why)
{
    struct sw_jobs keep;
    struct sw_job *j;
    sw_jobs_init(&keep);
    while ((j = sw_jobs_pop(flight))) {
        j->call = 0;
        if (j->file >= 0 || ++j->tries > TRIES_MAX || p->barren >= SW_WORKERS_BARREN_MAX) {
            if (p->barren >= SW_WORKERS_BARREN_MAX) sw_job_fail(j, p, SW_END_UNSERVED, why);
            else if (j->file < 0) sw_job_fail(j, p, SW_END_KILLED, why);
            sw_job_free(j);
            continue;
        }
        pool->stats.requeued++;
        sw_jobs_push(&keep, j);
    }
    while ((j = sw_jobs_pop(&p->queue))) sw_jobs_push(&keep, j);
    while ((j = sw_jobs_pop(&keep))) sw_jobs_push(&p->queue, j);
}

void sw_worker_gone(struct sw_worker *w)
{
    struct sw_workers *pool = w->pool;
    struct sw_package *p = w->p;
    struct sw_jobs flight;
    struct sw_job *guilty = culprit(w);
    char why[300];
    snprintf(why, sizeof why, "stopped: its worker was lost again and again%s%s",
             w->bye[0] ? ": " : "", w->bye);
    sw_worker_kill(w); /* it closed its socket, or broke the protocol: either way it has to go */
    if (guilty) {
        charge(w, guilty);
        p->barren = 0;
    } else if (w->flight.n || w->state == SW_WORKER_STARTING) {
        p->barren++;
    }
    sw_jobs_init(&flight);
    for (struct sw_job *j; (j = sw_jobs_pop(&w->flight));) sw_jobs_push(&flight, j);
    sw_worker_release(w);
    queue_again(pool, p, &flight, why);
    if (p->barren < SW_WORKERS_BARREN_MAX) return;
    sw_package_fail_queue(p, "stopped: no worker stays alive for this package");
    p->barren = 0;
}
