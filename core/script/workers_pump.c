/* SPDX-License-Identifier: MIT
 * Scheduling of the pool. Jobs wait per package; a package whose worker is free gets a batch, users
 * in turn, at most max_running workers at a time, and an idle worker makes room for one that is
 * needed. A package whose runs have all been short lately need not wait behind long ones: as many
 * workers again may run for such, and the kernel divides the cores. No more workers are started than
 * can soon be fed, or those of busy strangers would drive out the ones that are used often.
 * The tick is the watchdog: it measures CPU time since a worker last made progress that we can
 * check, a result or a call of a run it was given; the worker's shared page only chooses the
 * budget. What a worker killed here leaves is not settled here, but when its socket ends. */
#include <uv.h>
#include "script/workers_pool.h"
#include "box/spawner.h"
#include <stdio.h>
#include <time.h>

#define BATCH_MAX     64
#define LIGHT_MAX     512   /* of runs known to take a few microseconds */
#define BATCH_BYTES   (192u * 1024u)
#define BATCH_US      20000 /* aim of a batch, so that users take turns quickly */
#define TICK_MS       50
#define STILL_MS      1000
#define MOVED_NS      2000000
#define SHORT_NS      20000000            /* CPU time of a run that holds nobody up */
#define LONG_MS       30000               /* a longer one is held against its package for this long */
#define START_MS      10000               /* from request to hello */
#define RETIRE_CPU_NS (60ll * 1000000000) /* half of the worker's RLIMIT_CPU */

/* The loop stays alive for us only while there is work. */
static void set_alive(struct sw_workers *pool)
{
    bool busy = false, live = pool->stats.live > 0;
    for (struct sw_package *p = pool->packages; p && !busy; p = p->next)
        busy = p->queue.n || (p->worker && p->worker->flight.n);
    if (pool->closing) return;
    if (!busy && !live) {
        uv_timer_stop(&pool->tick);
        return;
    }
    if (busy) uv_ref((uv_handle_t *)&pool->tick);
    else uv_unref((uv_handle_t *)&pool->tick);
}

static size_t batch_size(const struct sw_package *p)
{
    int64_t n = p->avg_us > 0 ? BATCH_US / p->avg_us : BATCH_MAX;
    if (!p->known) return 1; /* nobody knows yet what a run of it costs */
    return n < 1 ? 1 : n > LIGHT_MAX ? LIGHT_MAX : (size_t)n;
}

static int64_t cpu_of(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0) return -1;
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The watchdog measures from here. */
static void mark(struct sw_worker *w, int64_t cpu_ns)
{
    if (cpu_ns >= 0) w->cpu_mark_ns = cpu_ns;
    w->wall_mark_ms = uv_now(w->pool->loop);
}

static void fly(struct sw_workers *pool, struct sw_worker *w, struct sw_job *j)
{
    j->n = ++pool->last_n;
    sw_jobs_push(&w->flight, j);
}

/* Runs that came alone, in one frame. */
static void put_runs(struct sw_workers *pool, struct sw_worker *w, size_t most)
{
    struct sw_buf *b = &w->out;
    struct sw_job *j;
    size_t map, at = sw_worker_message(b, "run", &map), list, n = 0;
    sw_val_key(b, "runs");
    list = sw_val_open(b, SW_V_ARR);
    for (; n < most && (j = w->p->queue.first) && !j->batch; n++) {
        if (n && b->len - at + j->spec.len + 64 > BATCH_BYTES) break;
        sw_jobs_pop(&w->p->queue);
        fly(pool, w, j);
        sw_job_write(j, b);
    }
    sw_val_close(b, list, n);
    sw_val_close(b, map, 2);
    sw_frame_end(b, at, NULL); /* fits: a spec is capped below a frame */
}

/* Runs of the batch that is next, with consecutive numbers. */
static void put_batch(struct sw_workers *pool, struct sw_worker *w, size_t most)
{
    struct sw_buf *b = &w->out;
    struct sw_job *j = w->p->queue.first;
    const struct sw_job_batch *batch = j->batch;
    size_t map, at = sw_worker_message(b, "batch", &map), list, n = 0;
    sw_val_key(b, "n");
    sw_val_int(b, (int64_t)pool->last_n + 1);
    sw_val_key(b, "cpu_ms");
    sw_val_int(b, j->cpu_ms);
    sw_val_key(b, "head");
    sw_val_span(b, batch->head);
    sw_val_key(b, "names");
    sw_val_span(b, batch->names);
    sw_val_key(b, "items");
    list = sw_val_open(b, SW_V_ARR);
    for (; n < most && (j = w->p->queue.first) && j->batch == batch; n++) {
        if (n && b->len - at + sw_rd_left(&j->item) + 64 > BATCH_BYTES) break;
        sw_jobs_pop(&w->p->queue);
        fly(pool, w, j);
        sw_val_str(b, (const char *)j->item.p, sw_rd_left(&j->item));
    }
    sw_val_close(b, list, n);
    sw_val_close(b, map, 6);
    sw_frame_end(b, at, NULL);
}

static void dispatch(struct sw_workers *pool, struct sw_worker *w)
{
    struct sw_package *p = w->p;
    if (p->queue.first->batch) put_batch(pool, w, batch_size(p));
    else put_runs(pool, w, batch_size(p));
    p->user->turn = ++pool->turn;
    mark(w, cpu_of(w->pid));
    sw_worker_flush(w);
}

bool sw_worker_running(const struct sw_worker *w)
{
    for (const struct sw_job *j = w->flight.first; j; j = j->next)
        if (!j->call) return true;
    return false;
}

int sw_workers_count_running(const struct sw_workers *pool)
{
    int n = 0;
    for (const struct sw_worker *w = pool->workers; w; w = w->next)
        n += w->state != SW_WORKER_DYING && sw_worker_running(w);
    return n;
}

static bool can_take(const struct sw_worker *w)
{
    return w->state == SW_WORKER_READY && !w->retiring && w->flight.n < LIGHT_MAX &&
           !sw_worker_running(w);
}

static bool is_short(const struct sw_workers *pool, const struct sw_package *p)
{
    return p->known && p->long_until_ms <= uv_now(pool->loop);
}

enum candidate { WITHOUT_WORKER, WITH_WORKER, WITH_WORKER_AND_SHORT };

/* The package whose user waited longest; with a worker: it could take a batch now. */
static struct sw_package *next_package(struct sw_workers *pool, enum candidate which)
{
    struct sw_package *best = NULL;
    for (struct sw_package *p = pool->packages; p; p = p->next) {
        if (!p->queue.n || (p->worker != NULL) != (which != WITHOUT_WORKER)) continue;
        if (p->worker && !can_take(p->worker)) continue;
        if (which == WITH_WORKER_AND_SHORT && !is_short(pool, p)) continue;
        if (!best || p->user->turn < best->user->turn) best = p;
    }
    return best;
}

/* Workers that run, or will as soon as there is room. */
static int count_eager(const struct sw_workers *pool)
{
    int n = 0;
    for (const struct sw_worker *w = pool->workers; w; w = w->next)
        n += w->state == SW_WORKER_STARTING ||
             (w->state == SW_WORKER_READY &&
              (sw_worker_running(w) || (w->p->queue.n && can_take(w))));
    return n;
}

static bool evict_idle(struct sw_workers *pool)
{
    struct sw_worker *oldest = NULL;
    for (struct sw_worker *w = pool->workers; w; w = w->next) {
        if (w->state != SW_WORKER_READY || w->flight.n || w->p->queue.n) continue;
        if (!oldest || w->wall_mark_ms < oldest->wall_mark_ms) oldest = w;
    }
    if (oldest) sw_worker_stop(oldest);
    return oldest != NULL;
}

static void refuse_all(struct sw_workers *pool)
{
    for (struct sw_package *p = pool->packages; p; p = p->next) {
        for (size_t i = 0; i < p->n_files; i++)
            if (!p->files[i].reported && !p->worker)
                sw_jobs_push(&p->queue, sw_job_load(p, (int)i));
        sw_package_fail_queue(p, pool->refused);
    }
    /* what is asked later is tried afresh: the cause may be gone */
    snprintf(pool->confinement, sizeof pool->confinement, "%s", pool->refused);
    pool->refused[0] = 0;
    pool->spawner_failures = 0;
}

static void start_workers(struct sw_workers *pool)
{
    struct sw_package *p;
    int rc;
    while (count_eager(pool) < 2 * pool->c.max_running &&
           (p = next_package(pool, WITHOUT_WORKER))) {
        if (pool->stats.live >= pool->c.max_live && !evict_idle(pool)) return;
        rc = sw_workers_start_spawner(pool);
        if (rc == SW_E_BUSY) return; /* the tick tries again */
        if (rc == 0 && pool->spawner_failures < SW_WORKERS_BARREN_MAX) sw_workers_request(pool, p);
        if (rc < 0 || pool->spawner_failures >= SW_WORKERS_BARREN_MAX ||
            p->barren >= SW_WORKERS_BARREN_MAX) {
            if (!pool->refused[0])
                snprintf(pool->refused, sizeof pool->refused, "the box for scripts stops at once");
            return;
        }
    }
}

static void retire_done(struct sw_workers *pool)
{
    for (struct sw_worker *w = pool->workers, *next; w; w = next) {
        next = w->next;
        if (w->state == SW_WORKER_READY && w->retiring && !w->flight.n) sw_worker_stop(w);
    }
}

static void dispatch_all(struct sw_workers *pool)
{
    int running = sw_workers_count_running(pool);
    struct sw_package *p;
    for (; running < pool->c.max_running && (p = next_package(pool, WITH_WORKER)); running++)
        dispatch(pool, p->worker);
    for (; running < 2 * pool->c.max_running; running++) {
        if (!(p = next_package(pool, WITH_WORKER_AND_SHORT))) break;
        dispatch(pool, p->worker);
    }
}

void sw_workers_pump(struct sw_workers *pool)
{
    pool->inside++; /* results given from here may queue more: seen by this very loop */
    retire_done(pool);
    if (pool->refused[0]) refuse_all(pool);
    else start_workers(pool);
    dispatch_all(pool);
    if (!uv_is_active((uv_handle_t *)&pool->tick) &&
        pool->stats.live + (pool->packages != NULL) > 0) {
        uv_timer_again(&pool->tick);
    }
    set_alive(pool);
    pool->inside--;
}

void sw_workers_leave(struct sw_workers *pool)
{
    if (--pool->inside == 0 && !pool->closing) sw_workers_pump(pool);
}

static void hold_against(struct sw_package *p, int64_t ns, uint64_t now_ms)
{
    if (ns > SHORT_NS) p->long_until_ms = now_ms + LONG_MS;
}

void sw_worker_progress(struct sw_worker *w)
{
    int64_t cpu = cpu_of(w->pid);
    hold_against(w->p, cpu - w->cpu_mark_ns, uv_now(w->pool->loop));
    mark(w, cpu);
}

static uint32_t budget_of(const struct sw_worker *w)
{
    uint64_t n = w->page ? atomic_load_explicit(&w->page->run, memory_order_acquire) : 0;
    uint32_t most = 0;
    for (const struct sw_job *j = w->flight.first; j; j = j->next) {
        if (j->n == n) return j->cpu_ms;
        if (!j->call && j->cpu_ms > most) most = j->cpu_ms;
    }
    return most;
}

/* Ten times the budget and a second is the ceiling of one that stands still. One that moves waits for a core
 * on a busy machine, and its CPU time judges it; but not without end. */
static bool too_long(struct sw_worker *w, int64_t cpu, uint64_t wall, uint64_t budget, uint64_t now_ms)
{
    if (cpu - w->cpu_seen_ns >= MOVED_NS) {
        w->cpu_seen_ns = cpu;
        w->moved_ms = now_ms;
    }
    return wall > budget * 10 + STILL_MS &&
           (now_ms - w->moved_ms > STILL_MS || wall > budget * 100 + STILL_MS);
}

static void watch(struct sw_worker *w, uint64_t now_ms)
{
    uint64_t wall = now_ms - w->wall_mark_ms, budget;
    int64_t cpu;
    if (w->state == SW_WORKER_STARTING) {
        if (wall > START_MS) sw_worker_gone(w);
        return;
    }
    if (w->killed) return;
    if (!w->flight.n) {
        if (wall > w->pool->c.idle_ms && !w->p->queue.n) sw_worker_stop(w);
        return;
    }
    if (!sw_worker_running(w)) return;
    budget = budget_of(w);
    cpu = cpu_of(w->pid);
    hold_against(w->p, cpu - w->cpu_mark_ns, now_ms);
    if ((cpu >= 0 && cpu - w->cpu_mark_ns > (int64_t)(budget * 3 / 2 + 200) * 1000000) ||
        too_long(w, cpu, wall, budget, now_ms)) {
        w->killed = true; /* what it wrote before is still read; then comes the end of file */
        sw_worker_kill(w);
    } else if (cpu > RETIRE_CPU_NS) {
        w->retiring = true;
    }
}

static void on_tick(uv_timer_t *t)
{
    struct sw_workers *pool = t->data;
    uint64_t now = uv_now(pool->loop);
    pool->inside++;
    for (struct sw_worker *w = pool->workers, *next; w; w = next) {
        next = w->next;
        watch(w, now);
        if (pool->closing) break;
    }
    sw_workers_leave(pool);
}

void sw_workers_init_tick(struct sw_workers *pool)
{
    uv_timer_init(pool->loop, &pool->tick);
    pool->tick.data = pool;
    pool->handles = 1;
    uv_timer_start(&pool->tick, on_tick, TICK_MS, TICK_MS);
    uv_timer_stop(&pool->tick);
}
