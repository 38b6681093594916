/* SPDX-License-Identifier: MIT
 * The pool of boxes seen from outside: the header's functions, its users and packages, its birth and
 * its end. What is asked is put down here and the pump woken; workers_pump.c decides who works when,
 * workers_link.c speaks with one worker, workers_spawn.c gets new ones, workers_death.c settles what
 * a lost one leaves, workers_queue.c keeps the jobs. Nothing here waits, and nothing here reads a
 * script. */
#include <uv.h>
#include "script/workers_pool.h"
#include "base/alloc.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUEUE_MAX 100000 /* runs waiting in a package */

static void free_pool(struct sw_workers *pool)
{
    struct sw_package *p;
    struct sw_user *u;
    while ((p = pool->packages)) {
        pool->packages = p->next;
        sw_package_free(p);
    }
    while ((u = pool->users)) {
        pool->users = u->next;
        sw_free(u->name);
        sw_free(u);
    }
    for (size_t i = 0; i < pool->n_lib; i++) {
        sw_free((char *)pool->lib[i].name);
        sw_free((char *)pool->lib[i].source);
    }
    sw_free(pool->lib);
    sw_free(pool->box_path);
    if (pool->done) pool->done(pool->done_ctx);
    sw_free(pool);
}

void sw_workers_handle_closed(struct sw_workers *pool)
{
    if (--pool->handles == 0 && pool->closing) free_pool(pool);
}

static void on_tick_closed(uv_handle_t *h)
{
    sw_workers_handle_closed(h->data);
}

static int copy_library(struct sw_workers *pool, const struct sw_workers_config *c,
                        struct sw_err *err)
{
    pool->lib = sw_zalloc((c->n_library + 1) * sizeof *pool->lib);
    for (size_t i = 0; i < c->n_library; i++) {
        if (c->library[i].bytes > SW_FRAME_MAX - 1024)
            return sw_fail(err, SW_E_LIMIT, "%s: a library file too large", c->library[i].name);
        pool->lib[i] = (struct sw_workers_file){
            sw_strdup(c->library[i].name), sw_strndup(c->library[i].source, c->library[i].bytes),
            c->library[i].bytes};
        pool->n_lib++;
    }
    return SW_OK;
}

static void set_defaults(struct sw_workers *pool, const struct sw_workers_config *c)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    pool->c = *c;
    pool->c.library = NULL;
    pool->c.box_path = NULL;
    if (c->max_live <= 0) pool->c.max_live = 16;
    if (c->max_running <= 0) pool->c.max_running = cores > 0 ? (int)cores : 1;
    if (!c->memory_bytes) pool->c.memory_bytes = 32u << 20;
    if (!c->idle_ms) pool->c.idle_ms = 60000;
    if (!c->uid) pool->c.uid = 65534;
    if (!c->gid) pool->c.gid = 65534;
    snprintf(pool->confinement, sizeof pool->confinement, "not started");
}

struct sw_workers *sw_workers_new(struct uv_loop_s *loop, const struct sw_workers_config *c,
                                  struct sw_err *err)
{
    struct sw_workers *pool = sw_zalloc(sizeof *pool);
    char path[PATH_MAX];
    pool->loop = loop;
    pool->control_fd = -1;
    set_defaults(pool, c);
    if (!c->box_path || !realpath(c->box_path, path) || access(path, X_OK) < 0) {
        sw_fail(err, SW_E_NOTFOUND, "the box for scripts is not there: %s",
                c->box_path ? c->box_path : "");
        free_pool(pool);
        return NULL;
    }
    pool->box_path = sw_strdup(path);
    if (copy_library(pool, c, err) < 0) {
        free_pool(pool);
        return NULL;
    }
    sw_workers_init_tick(pool);
    return pool;
}

void sw_workers_close(struct sw_workers *pool, void (*done)(void *ctx), void *ctx)
{
    if (!pool) return;
    pool->closing = true;
    pool->done = done;
    pool->done_ctx = ctx;
    while (pool->workers) {
        sw_worker_kill(pool->workers);
        sw_worker_release(pool->workers);
    }
    sw_workers_stop_spawner(pool);
    uv_close((uv_handle_t *)&pool->tick, on_tick_closed);
}

static struct sw_user *user_named(struct sw_workers *pool, const char *name)
{
    struct sw_user *u = pool->users;
    while (u && strcmp(u->name, name) != 0) u = u->next;
    if (u) return u;
    u = sw_zalloc(sizeof *u);
    u->name = sw_strdup(name);
    u->next = pool->users;
    return pool->users = u;
}

static struct sw_package *find_package(const struct sw_workers *pool, const char *user,
                                       const char *name)
{
    struct sw_package *p = pool->packages;
    while (p && (strcmp(p->name, name) != 0 || strcmp(p->user->name, user) != 0)) p = p->next;
    return p;
}

static struct sw_package *package_named(struct sw_workers *pool, const char *user, const char *name)
{
    struct sw_package *p = find_package(pool, user, name);
    if (p) return p;
    p = sw_package_new(name, user_named(pool, user));
    p->next = pool->packages;
    return pool->packages = p;
}

/* Called from outside: start what can be started, but give results only from the loop. */
static void wake(struct sw_workers *pool)
{
    if (pool->inside) return;
    if (!pool->refused[0]) {
        sw_workers_pump(pool);
        return;
    }
    uv_timer_again(&pool->tick);
    uv_ref((uv_handle_t *)&pool->tick);
}

int sw_workers_load(struct sw_workers *pool, const char *user, const char *package,
                    const struct sw_workers_file *files, size_t n, const struct sw_workers_on *on,
                    struct sw_err *err)
{
    struct sw_package *p = package_named(pool, user, package);
    int rc = sw_package_set_files(p, files, n, on, err);
    if (rc < 0) return rc;
    sw_package_queue_loads(p);
    /* a worker that has scripts finishes what it has; the next one starts with the new files */
    if (p->worker && p->worker->state != SW_WORKER_STARTING) p->worker->retiring = true;
    wake(pool);
    return SW_OK;
}

static int check_spec(const struct sw_run_spec *s, struct sw_err *err)
{
    struct sw_rd r = s->spec;
    struct sw_val v;
    int rc = sw_val_check(r, err);
    if (rc < 0) return rc;
    if (!sw_val_next(&r, &v) || v.kind != SW_V_MAP) return sw_fail(err, SW_E_BAD, "a run is a map");
    if (sw_rd_left(&s->spec) > SW_FRAME_MAX - 2048)
        return sw_fail(err, SW_E_LIMIT, "a run's data is over %u KiB", SW_FRAME_MAX / 1024);
    return SW_OK;
}

int sw_workers_run(struct sw_workers *pool, const char *user, const char *package,
                   const struct sw_run_spec *runs, size_t n, const struct sw_workers_on *on,
                   struct sw_err *err)
{
    struct sw_package *p = package_named(pool, user, package);
    if (p->queue.n + n > QUEUE_MAX)
        return sw_fail(err, SW_E_LIMIT, "%zu runs wait already for %s", p->queue.n, package);
    for (size_t i = 0; i < n; i++) {
        int rc = check_spec(&runs[i], err);
        if (rc < 0) return rc;
    }
    for (size_t i = 0; i < n; i++) {
        struct sw_job *j = sw_job_new(on, runs[i].tag, runs[i].cpu_ms ? runs[i].cpu_ms : 200);
        sw_val_span(&j->spec, runs[i].spec);
        sw_jobs_push(&p->queue, j);
    }
    wake(pool);
    return SW_OK;
}

static int check_batch(const struct sw_batch_spec *s, struct sw_err *err)
{
    const struct sw_run_spec head = {.spec = s->head};
    size_t shared = sw_rd_left(&s->head) + sw_rd_left(&s->names), from = 0;
    int rc = check_spec(&head, err);
    if (rc < 0) return rc;
    if ((rc = sw_val_check(s->names, err)) < 0) return rc;
    for (size_t i = 0; i < s->n; from = s->ends[i++]) {
        if (s->ends[i] < from) return sw_fail(err, SW_E_BAD, "items of a batch overlap");
        if (shared + s->ends[i] - from > SW_FRAME_MAX - 2048)
            return sw_fail(err, SW_E_LIMIT, "a run's data is over %u KiB", SW_FRAME_MAX / 1024);
    }
    return SW_OK;
}

int sw_workers_batch(struct sw_workers *pool, const char *user, const char *package,
                     const struct sw_batch_spec *s, const struct sw_workers_on *on, struct sw_err *err)
{
    struct sw_package *p = package_named(pool, user, package);
    struct sw_job_batch *b;
    int rc = check_batch(s, err);
    if (rc < 0) return rc;
    if (!s->n || p->queue.n + s->n > QUEUE_MAX)
        return sw_fail(err, SW_E_LIMIT, "%zu runs wait already for %s", p->queue.n, package);
    b = sw_job_batch_new(on, s);
    for (size_t i = 0; i < s->n; i++) sw_jobs_push(&p->queue, &b->job[i]);
    wake(pool);
    return SW_OK;
}

/* The worker whose run made this call, and the run in *job; NULL when it is over. */
static struct sw_worker *caller(struct sw_workers *pool, uint64_t call, struct sw_job **job)
{
    for (struct sw_worker *w = call ? pool->workers : NULL; w; w = w->next) {
        if (w->state != SW_WORKER_READY) continue;
        for (struct sw_job *j = w->flight.first; j; j = j->next)
            if (j->call == call) return *job = j, w;
    }
    return NULL;
}

int sw_workers_body(struct sw_workers *pool, uint64_t call, const char *body, size_t n,
                    struct sw_err *err)
{
    struct sw_job *j;
    struct sw_worker *w = caller(pool, call, &j);
    if (!w) return sw_fail(err, SW_E_NOTFOUND, "no run waits for that answer");
    if (n > SW_WORKERS_BODY)
        return sw_fail(err, SW_E_LIMIT, "the answer is over %u MiB", SW_WORKERS_BODY >> 20);
    for (size_t at = 0; at < n; at += SW_WORKERS_PIECE)
        sw_worker_body(w, j, body + at, n - at < SW_WORKERS_PIECE ? n - at : SW_WORKERS_PIECE, n);
    sw_worker_flush(w);
    return SW_OK;
}

int sw_workers_reply(struct sw_workers *pool, uint64_t call, bool ok, struct sw_rd value,
                     struct sw_err *err)
{
    struct sw_job *j;
    struct sw_worker *w = caller(pool, call, &j);
    if (!w) return sw_fail(err, SW_E_NOTFOUND, "no run waits for that answer");
    if (sw_rd_left(&value) > SW_FRAME_MAX - 256) {
        sw_worker_refuse(
            w, j, "the answer is too large for one reply: ask for less, or page through it");
        return sw_fail(err, SW_E_LIMIT, "an answer over %u KiB", SW_FRAME_MAX / 1024);
    }
    sw_worker_reply(w, j, ok, value);
    return SW_OK;
}

const char *sw_workers_confinement(const struct sw_workers *pool)
{
    return pool->refused[0] ? pool->refused : pool->confinement;
}

pid_t sw_workers_pid(const struct sw_workers *pool, const char *user, const char *package)
{
    const struct sw_package *p = find_package(pool, user, package);
    return p && p->worker ? p->worker->pid : 0;
}

bool sw_workers_interrupt(struct sw_workers *pool, const char *user, const char *package)
{
    const struct sw_package *p = find_package(pool, user, package);
    if (!p || !p->worker || p->worker->state != SW_WORKER_READY || !sw_worker_running(p->worker))
        return false;
    sw_worker_interrupt(p->worker);
    return true;
}

void sw_workers_get_stats(const struct sw_workers *pool, struct sw_workers_stats *s)
{
    *s = pool->stats;
    s->running = sw_workers_count_running(pool);
}
