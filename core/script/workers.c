/* SPDX-License-Identifier: MIT
 * Scheduling and transport of the pool. One spawner process makes workers on request; a worker's
 * socket, shared page and pidfd come back over its control socket. Jobs wait per package; a package
 * whose worker is free gets a batch, users in turn, at most max_running workers at a time. Credit:
 * no more than SW_FRAME_CREDIT bytes are sent ahead of a worker's acknowledgements. The watchdog
 * measures CPU time since a worker last made progress that we can check, a result or a call of a run
 * it was given; the shared page only decides whom a death is charged to. A pidfd, not a pid, is
 * killed. Nothing here waits, and nothing here reads a script. */
#include "script/workers_priv.h"
#include "base/alloc.h"
#include "box/spawner.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define BATCH_MAX     64
#define BATCH_BYTES   (192u * 1024u)
#define BATCH_US      20000       /* aim of a batch, so that users take turns quickly */
#define OUT_MAX       (24u << 20) /* waiting for credit or the kernel, per worker */
#define TICK_MS       50
#define START_MS      10000 /* from request to hello */
#define TRIES_MAX     4     /* a run queued again more often is given up */
#define BARREN_MAX    3
#define CALLS_MAX     1000
#define RETIRE_CPU_NS (60ll * 1000000000) /* half of the worker's RLIMIT_CPU */
#define QUEUE_MAX     100000              /* runs waiting in a package */

enum state { STARTING, READY, DYING };

struct sw_worker {
    struct sw_worker *next;
    struct sw_workers *pool;
    struct sw_package *p;
    enum state state;
    uint64_t id; /* of the spawn request */
    uv_poll_t poll;
    bool polling, retiring, killed;
    char bye[200]; /* why it ended, in its own words */
    int fd, pidfd;
    pid_t pid;
    struct sw_shared_page *page;
    struct sw_jobs flight;
    struct sw_buf in, out;
    size_t out_at, unacked, owed;
    int64_t cpu_mark_ns;   /* CPU clock at the last progress */
    uint64_t wall_mark_ms; /* loop time then; or when it became idle */
};

struct sw_workers {
    uv_loop_t *loop;
    char *box_path;
    struct sw_workers_file *lib;
    size_t n_lib;
    struct sw_workers_config c;
    uv_process_t process;
    uv_poll_t control;
    uv_timer_t tick;
    int control_fd; /* -1: no spawner */
    unsigned spawner_failures;
    uint64_t last_spawn, last_n, last_call, turn;
    struct sw_user *users;
    struct sw_package *packages;
    struct sw_worker *workers;
    struct sw_workers_stats stats;
    char confinement[320];
    char refused[300]; /* why no worker can be had now; empty: they can */
    int inside;        /* callbacks of the loop on the stack: pump when it is back at 0 */
    int handles;       /* open libuv handles */
    bool control_open, process_open; /* their memory is in libuv's hands */
    bool closing;
    void (*done)(void *ctx);
    void *done_ctx;
};

static void pump(struct sw_workers *pool);
static void on_socket(uv_poll_t *h, int status, int events);
static void worker_gone(struct sw_worker *w);

/* ---- handles ---- */

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

static void handle_closed(struct sw_workers *pool)
{
    if (--pool->handles == 0 && pool->closing) free_pool(pool);
}

static void on_tick_closed(uv_handle_t *h)
{
    handle_closed(h->data);
}

static void on_control_closed(uv_handle_t *h)
{
    struct sw_workers *pool = h->data;
    pool->control_open = false;
    handle_closed(pool);
}

static void on_process_closed(uv_handle_t *h)
{
    struct sw_workers *pool = h->data;
    pool->process_open = false;
    handle_closed(pool);
}

static void on_worker_closed(uv_handle_t *h)
{
    struct sw_worker *w = h->data;
    struct sw_workers *pool = w->pool;
    close(w->fd);
    sw_free(w);
    handle_closed(pool);
}

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

/* ---- sending ---- */

static int64_t cpu_of(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0) return -1;
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void progress(struct sw_worker *w)
{
    int64_t cpu = cpu_of(w->pid);
    if (cpu >= 0) w->cpu_mark_ns = cpu;
    w->wall_mark_ms = uv_now(w->pool->loop);
}

static void kill_worker(struct sw_worker *w)
{
    if (w->pidfd < 0) return;
    syscall(SYS_pidfd_send_signal, w->pidfd, SIGKILL, NULL, 0);
}

static void flush_out(struct sw_worker *w)
{
    while (w->out_at < w->out.len && w->unacked < SW_FRAME_CREDIT) {
        size_t n = w->out.len - w->out_at, credit = SW_FRAME_CREDIT - w->unacked;
        ssize_t sent = send(w->fd, w->out.data + w->out_at, n < credit ? n : credit,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) break; /* full: on_socket goes on; broken: reading will tell */
        w->out_at += (size_t)sent;
        w->unacked += (size_t)sent;
    }
    if (w->out_at == w->out.len) {
        sw_buf_reset(&w->out);
        w->out_at = 0;
    } else if (w->out_at > (1u << 20)) {
        sw_buf_cut(&w->out, w->out_at);
        w->out_at = 0;
    }
    if (w->polling)
        uv_poll_start(&w->poll,
                      UV_READABLE | (w->out.len && w->unacked < SW_FRAME_CREDIT ? UV_WRITABLE : 0),
                      on_socket);
}

static size_t begin_message(struct sw_buf *b, const char *op, size_t *map)
{
    size_t at = sw_frame_begin(b);
    *map = sw_val_open(b, SW_V_MAP);
    sw_val_key(b, "op");
    sw_val_text(b, op);
    return at;
}

static void send_library(struct sw_worker *w)
{
    size_t map, at;
    for (size_t i = 0; i < w->pool->n_lib; i++) {
        at = begin_message(&w->out, "lib", &map);
        sw_val_key(&w->out, "name");
        sw_val_text(&w->out, w->pool->lib[i].name);
        sw_val_key(&w->out, "source");
        sw_val_str(&w->out, w->pool->lib[i].source, w->pool->lib[i].bytes);
        sw_val_close(&w->out, map, 3);
        sw_frame_end(&w->out, at, NULL);
    }
    at = begin_message(&w->out, "init", &map);
    sw_val_close(&w->out, map, 1);
    sw_frame_end(&w->out, at, NULL);
}

static void send_ack(struct sw_worker *w)
{
    size_t map, at = begin_message(&w->out, "ack", &map);
    sw_val_key(&w->out, "bytes");
    sw_val_int(&w->out, (int64_t)w->owed);
    sw_val_close(&w->out, map, 2);
    sw_frame_end(&w->out, at, NULL);
    w->owed = 0;
}

/* ---- dispatch ---- */

static size_t batch_size(const struct sw_package *p)
{
    int64_t n = p->avg_us > 0 ? BATCH_US / p->avg_us : BATCH_MAX;
    return n < 1 ? 1 : n > BATCH_MAX ? BATCH_MAX : (size_t)n;
}

static void dispatch(struct sw_workers *pool, struct sw_worker *w)
{
    struct sw_buf *b = &w->out;
    struct sw_package *p = w->p;
    size_t map, at = begin_message(b, "run", &map), list, n = 0, most = batch_size(p);
    sw_val_key(b, "runs");
    list = sw_val_open(b, SW_V_ARR);
    while (p->queue.first && n < most) {
        struct sw_job *j = p->queue.first;
        if (n && b->len - at + j->spec.len + 64 > BATCH_BYTES) break;
        sw_jobs_pop(&p->queue);
        j->n = ++pool->last_n;
        sw_job_write(j, b);
        sw_jobs_push(&w->flight, j);
        n++;
    }
    sw_val_close(b, list, n);
    sw_val_close(b, map, 2);
    sw_frame_end(b, at, NULL); /* fits: a spec is capped below a frame */
    p->user->turn = ++pool->turn;
    progress(w);
    flush_out(w);
}

static bool running(const struct sw_worker *w)
{
    for (const struct sw_job *j = w->flight.first; j; j = j->next)
        if (!j->call) return true;
    return false;
}

static int count_running(const struct sw_workers *pool)
{
    int n = 0;
    for (const struct sw_worker *w = pool->workers; w; w = w->next)
        n += w->state != DYING && running(w);
    return n;
}

/* The package whose user waited longest; with_worker: its worker could take a batch now. */
static struct sw_package *next_package(struct sw_workers *pool, bool with_worker)
{
    struct sw_package *best = NULL;
    for (struct sw_package *p = pool->packages; p; p = p->next) {
        struct sw_worker *w = p->worker;
        if (!p->queue.n || (w != NULL) != with_worker) continue;
        if (w && (w->state != READY || w->retiring || w->flight.n >= BATCH_MAX * 4 || running(w)))
            continue;
        if (!best || p->user->turn < best->user->turn) best = p;
    }
    return best;
}

/* ---- death ---- */

static void unlink_worker(struct sw_worker *w)
{
    struct sw_worker **at = &w->pool->workers;
    while (*at && *at != w) at = &(*at)->next;
    if (*at) *at = w->next;
    if (w->p && w->p->worker == w) w->p->worker = NULL;
    w->pool->stats.live--;
}

/* Let go of everything; the memory goes when libuv has let go of the handle. */
static void release(struct sw_worker *w)
{
    unlink_worker(w);
    sw_jobs_clear(&w->flight);
    sw_buf_clear(&w->in);
    sw_buf_clear(&w->out);
    if (w->page) munmap(w->page, SW_SHARED_PAGE_BYTES);
    if (w->pidfd >= 0) close(w->pidfd);
    w->page = NULL;
    w->pidfd = -1;
    w->state = DYING;
    if (!w->polling) {
        sw_free(w);
        return;
    }
    w->polling = false;
    uv_close((uv_handle_t *)&w->poll, on_worker_closed);
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
    sw_job_fail(j, w->p, true, text);
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
        if (j->file >= 0 || ++j->tries > TRIES_MAX || p->barren >= BARREN_MAX) {
            if (j->file < 0 || p->barren >= BARREN_MAX) sw_job_fail(j, p, true, why);
            sw_job_free(j);
            continue;
        }
        pool->stats.requeued++;
        sw_jobs_push(&keep, j);
    }
    while ((j = sw_jobs_pop(&p->queue))) sw_jobs_push(&keep, j);
    while ((j = sw_jobs_pop(&keep))) sw_jobs_push(&p->queue, j);
}

static void fail_queue(struct sw_package *p, const char *text)
{
    struct sw_jobs q = p->queue;
    struct sw_job *j;
    if (q.n == 0) return;
    if (q.n && q.last == &p->queue.first) q.last = &q.first;
    sw_jobs_init(&p->queue);
    while ((j = sw_jobs_pop(&q))) {
        sw_job_fail(j, p, false, text);
        sw_job_free(j);
    }
}

static void worker_gone(struct sw_worker *w)
{
    struct sw_workers *pool = w->pool;
    struct sw_package *p = w->p;
    struct sw_jobs flight;
    struct sw_job *guilty = culprit(w);
    char why[300];
    snprintf(why, sizeof why, "stopped: its worker was lost again and again%s%s",
             w->bye[0] ? ": " : "", w->bye);
    kill_worker(w); /* it closed its socket, or broke the protocol: either way it has to go */
    if (guilty) {
        charge(w, guilty);
        p->barren = 0;
    } else if (w->flight.n || w->state == STARTING) {
        p->barren++;
    }
    sw_jobs_init(&flight);
    for (struct sw_job *j; (j = sw_jobs_pop(&w->flight));) sw_jobs_push(&flight, j);
    release(w);
    queue_again(pool, p, &flight, why);
    if (p->barren < BARREN_MAX) return;
    fail_queue(p, "stopped: no worker stays alive for this package");
    p->barren = 0;
}

/* ---- what a worker says ---- */

static void take_result(struct sw_worker *w, struct sw_rd frame)
{
    struct sw_run_result r = {0};
    struct sw_package *p = w->p;
    struct sw_job *j;
    struct sw_val v;
    struct sw_rd error;
    int64_t n = 0;
    if (!sw_val_get_int(frame, "run", &n) || !(j = sw_jobs_take(&w->flight, (uint64_t)n))) return;
    progress(w);
    p->barren = 0;
    sw_val_get_bool(frame, "ok", &r.ok);
    if (sw_val_get_int(frame, "cpu_us", &r.cpu_us) && (r.cpu_us < 0 || r.cpu_us > INT_MAX))
        r.cpu_us = 0;
    if (!sw_val_find(frame, "out", &r.out)) r.out = sw_rd_of(NULL, 0);
    if (!r.ok && (!sw_val_find(frame, "error", &r.error) ||
                  (error = r.error, !sw_val_next(&error, &v)) || v.kind != SW_V_MAP)) {
        sw_job_fail(j, p, false, "the run failed without a reason");
    } else {
        p->avg_us = p->avg_us ? (p->avg_us * 7 + r.cpu_us) / 8 : r.cpu_us;
        w->pool->stats.runs++;
        sw_job_give(j, p, &r);
    }
    sw_job_free(j);
}

static void queue_reply(struct sw_worker *w, struct sw_job *j, bool ok, struct sw_rd value)
{
    size_t map, at = begin_message(&w->out, "reply", &map);
    sw_val_key(&w->out, "call");
    sw_val_int(&w->out, j->their_call);
    sw_val_key(&w->out, "ok");
    sw_val_bool(&w->out, ok);
    sw_val_key(&w->out, "value");
    sw_val_span(&w->out, value);
    sw_val_close(&w->out, map, 4);
    sw_frame_end(&w->out, at, NULL);
    if (!running(w)) progress(w);
    j->call = 0;
    flush_out(w);
}

static void refuse_call(struct sw_worker *w, struct sw_job *j, const char *text)
{
    struct sw_buf b;
    sw_buf_init(&b, 512);
    sw_val_text(&b, text);
    queue_reply(w, j, false, sw_rd_of(b.data, b.len));
    sw_buf_clear(&b);
}

/* false: no honest worker says this */
static bool take_call(struct sw_worker *w, struct sw_rd frame)
{
    struct sw_run_call c = {.user = w->p->user->name, .package = w->p->name};
    struct sw_job *j = w->flight.first;
    int64_t n, theirs;
    const char *name;
    size_t len;
    char text[64];
    if (!sw_val_get_int(frame, "run", &n) || !sw_val_get_int(frame, "call", &theirs) ||
        theirs <= 0 || !sw_val_get_str(frame, "name", &name, &len) || len == 0 ||
        len >= sizeof text || memchr(name, 0, len) || !sw_val_find(frame, "args", &c.args))
        return false;
    while (j && j->n != (uint64_t)n) j = j->next;
    if (!j || j->call || ++j->calls > CALLS_MAX) return false;
    memcpy(text, name, len);
    text[len] = 0;
    j->call = ++w->pool->last_call;
    j->their_call = theirs;
    progress(w);
    c.call = j->call;
    c.tag = j->tag;
    c.name = text;
    if (j->file >= 0 || !j->on.call) refuse_call(w, j, "nothing can be asked of the engine here");
    else j->on.call(j->on.ctx, &c);
    return true;
}

static void take_hello(struct sw_worker *w, struct sw_rd frame)
{
    struct sw_workers *pool = w->pool;
    bool seccomp = false, limits = false, user = false;
    int64_t uid = -1;
    const char *why;
    size_t n;
    if (sw_val_get_str(frame, "refused", &why, &n)) {
        snprintf(pool->refused, sizeof pool->refused, "%.*s", (int)(n > 280 ? 280 : n), why);
        return;
    }
    sw_val_get_bool(frame, "seccomp", &seccomp);
    sw_val_get_bool(frame, "limits", &limits);
    sw_val_get_bool(frame, "unprivileged", &user);
    sw_val_get_int(frame, "uid", &uid);
    snprintf(pool->confinement, sizeof pool->confinement, "%s, uid %lld%s, %s",
             seccomp ? "seccomp" : "NO seccomp (allowed by the administrator)", (long long)uid,
             user ? "" : " (root)", limits ? "resource limits" : "no resource limits");
    w->state = READY;
    pool->spawner_failures = 0;
}

static bool take_frame(struct sw_worker *w, struct sw_rd frame)
{
    int64_t n;
    const char *s;
    size_t len;
    if (sw_val_is(frame, "op", "ack")) {
        if (!sw_val_get_int(frame, "bytes", &n) || n <= 0 || (uint64_t)n > w->unacked) return false;
        w->unacked -= (size_t)n;
        return true;
    }
    if (sw_val_is(frame, "op", "bye")) {
        if (sw_val_get_str(frame, "text", &s, &len))
            snprintf(w->bye, sizeof w->bye, "%.*s",
                     (int)(len < sizeof w->bye ? len : sizeof w->bye - 1), s);
        return false;
    }
    if (w->state == STARTING) {
        if (!sw_val_is(frame, "op", "hello")) return false;
        take_hello(w, frame);
        return w->state == READY;
    }
    if (sw_val_is(frame, "op", "result")) {
        take_result(w, frame);
        return true;
    }
    return sw_val_is(frame, "op", "call") && take_call(w, frame);
}

/* All complete frames in w->in. false: the worker broke the protocol. */
static bool take_frames(struct sw_worker *w)
{
    size_t at = 0, used;
    bool good = true;
    while (good && !w->pool->closing) {
        struct sw_rd frame;
        int rc = sw_frame_next(w->in.data + at, w->in.len - at, &used, &frame, NULL);
        if (rc == 0) break;
        good = rc > 0 && take_frame(w, frame);
        if (good) at += used;
    }
    if (w->pool->closing) return true;
    sw_buf_cut(&w->in, at);
    w->owed += at;
    if (good && w->owed >= SW_FRAME_CREDIT / 8) send_ack(w);
    return good;
}

/* Read what is there, a bounded amount. false: the end, or an error. */
static bool read_some(struct sw_worker *w)
{
    for (int i = 0; i < 8; i++) {
        uint8_t *room = sw_buf_room(&w->in, 65536);
        ssize_t n = room ? recv(w->fd, room, 65536, MSG_DONTWAIT) : -1;
        if (n < 0 && room && errno == EINTR) continue;
        if (n < 0 && room && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
        if (n <= 0) return false;
        w->in.len += (size_t)n;
        if (!take_frames(w)) return false;
        if (w->pool->closing) return true;
        if (n < 65536) return true;
    }
    return true;
}

static void leave(struct sw_workers *pool)
{
    if (--pool->inside == 0 && !pool->closing) pump(pool);
}

static void on_socket(uv_poll_t *h, int status, int events)
{
    struct sw_worker *w = h->data;
    struct sw_workers *pool = w->pool;
    bool alive = status == 0;
    pool->inside++;
    if (alive && (events & UV_READABLE)) alive = read_some(w);
    if (!pool->closing) {
        if (alive) flush_out(w);
        else worker_gone(w);
    }
    leave(pool);
}

/* ---- the spawner ---- */

static void spawner_gone(struct sw_workers *pool)
{
    if (pool->control_fd < 0) return;
    uv_close((uv_handle_t *)&pool->control, on_control_closed);
    close(pool->control_fd);
    pool->control_fd = -1;
    pool->spawner_failures++;
    for (struct sw_worker *w = pool->workers, *next; w; w = next) {
        next = w->next;
        if (w->state == STARTING && !w->polling) worker_gone(w);
    }
}

static void on_spawner_exit(uv_process_t *h, int64_t status, int sig)
{
    (void)status;
    (void)sig;
    uv_close((uv_handle_t *)h, on_process_closed);
}

static bool adopt(struct sw_worker *w, pid_t pid, const int *fds)
{
    void *page = mmap(NULL, SW_SHARED_PAGE_BYTES, PROT_READ, MAP_SHARED, fds[SW_SPAWN_PAGE], 0);
    close(fds[SW_SPAWN_PAGE]);
    w->fd = fds[SW_SPAWN_SOCKET];
    w->pidfd = fds[SW_SPAWN_PIDFD];
    w->pid = pid;
    w->page = page == MAP_FAILED ? NULL : page;
    if (!w->page || uv_poll_init(w->pool->loop, &w->poll, w->fd) < 0) {
        close(w->fd);
        return false;
    }
    w->poll.data = w;
    w->polling = true;
    w->pool->handles++;
    uv_unref((uv_handle_t *)&w->poll);
    w->wall_mark_ms = uv_now(w->pool->loop);
    w->pool->stats.started++;
    send_library(w);
    flush_out(w); /* starts the polling too */
    return true;
}

static void take_answer(struct sw_workers *pool, const struct sw_spawn_answer *a, const int *fds)
{
    struct sw_worker *w = pool->workers;
    while (w && w->id != a->id) w = w->next;
    if (w && a->pid > 0 && fds && adopt(w, a->pid, fds)) return;
    if (!w && fds) {
        syscall(SYS_pidfd_send_signal, fds[SW_SPAWN_PIDFD], SIGKILL, NULL, 0);
        for (int i = 0; i < SW_SPAWN_FDS; i++) close(fds[i]);
    }
    if (w) worker_gone(w);
}

/* One answer; false when there is none, *gone tells whether there will ever be one. */
static bool read_answer(struct sw_workers *pool, bool *gone)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(SW_SPAWN_FDS * sizeof(int))];
    } control;
    struct sw_spawn_answer a;
    struct iovec iov = {&a, sizeof a};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control.bytes};
    struct cmsghdr *h;
    int fds[SW_SPAWN_FDS];
    bool have = false;
    ssize_t n = recvmsg(pool->control_fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n <= 0) {
        *gone = n == 0 || (errno != EAGAIN && errno != EINTR);
        return false;
    }
    h = CMSG_FIRSTHDR(&msg);
    if (h && h->cmsg_type == SCM_RIGHTS && h->cmsg_len == CMSG_LEN(sizeof fds)) {
        memcpy(fds, CMSG_DATA(h), sizeof fds);
        have = true;
    }
    if (n == sizeof a) take_answer(pool, &a, have ? fds : NULL);
    return true;
}

static void on_control(uv_poll_t *h, int status, int events)
{
    struct sw_workers *pool = h->data;
    bool gone = status < 0;
    (void)events;
    pool->inside++;
    while (!gone && read_answer(pool, &gone)) continue;
    if (gone) spawner_gone(pool);
    leave(pool);
}

static int spawn_box(struct sw_workers *pool, int child_fd)
{
    char uid[16], gid[16], memory[24];
    char *args[10] = {pool->box_path, "--uid", uid, "--gid", gid, "--memory", memory, NULL};
    char *env[] = {NULL};
    uv_stdio_container_t io[4] = {{.flags = UV_IGNORE},
                                  {.flags = UV_IGNORE},
                                  {.flags = UV_INHERIT_FD, .data.fd = 2},
                                  {.flags = UV_INHERIT_FD, .data.fd = child_fd}};
    uv_process_options_t o = {.file = pool->box_path,
                              .args = args,
                              .env = env,
                              .cwd = "/",
                              .stdio = io,
                              .stdio_count = 4,
                              .exit_cb = on_spawner_exit};
    int rc;
    snprintf(uid, sizeof uid, "%u", pool->c.uid);
    snprintf(gid, sizeof gid, "%u", pool->c.gid);
    snprintf(memory, sizeof memory, "%zu", pool->c.memory_bytes);
    if (pool->c.allow_unconfined) args[7] = "--allow-unconfined";
    pool->process.data = pool;
    rc = uv_spawn(pool->loop, &pool->process, &o);
    pool->handles++;
    pool->process_open = true;
    if (rc < 0) uv_close((uv_handle_t *)&pool->process, on_process_closed);
    else uv_unref((uv_handle_t *)&pool->process);
    return rc;
}

static int start_spawner(struct sw_workers *pool)
{
    int pair[2], rc;
    if (pool->control_fd >= 0) return 0;
    if (pool->process_open || pool->control_open)
        return SW_E_BUSY; /* the last one is still closing */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return SW_E_IO;
    rc = spawn_box(pool, pair[1]);
    close(pair[1]);
    if (rc < 0 || uv_poll_init(pool->loop, &pool->control, pair[0]) < 0) {
        snprintf(pool->refused, sizeof pool->refused, "the box for scripts cannot be started: %s",
                 rc < 0 ? uv_strerror(rc) : "no poll");
        close(pair[0]);
        return SW_E_IO;
    }
    pool->handles++;
    pool->control_open = true;
    pool->control_fd = pair[0];
    pool->control.data = pool;
    uv_unref((uv_handle_t *)&pool->control);
    uv_poll_start(&pool->control, UV_READABLE, on_control);
    return 0;
}

static void request_worker(struct sw_workers *pool, struct sw_package *p)
{
    struct sw_worker *w = sw_zalloc(sizeof *w);
    struct sw_spawn_request rq = {.id = ++pool->last_spawn};
    w->pool = pool;
    w->p = p;
    w->id = rq.id;
    w->fd = w->pidfd = -1;
    w->wall_mark_ms = uv_now(pool->loop);
    sw_jobs_init(&w->flight);
    sw_buf_init(&w->in, 2 * SW_FRAME_MAX + 65536);
    sw_buf_init(&w->out, OUT_MAX);
    w->next = pool->workers;
    pool->workers = w;
    p->worker = w;
    pool->stats.live++;
    sw_package_queue_loads(p);
    if (send(pool->control_fd, &rq, sizeof rq, MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof rq) {
        p->barren++;
        release(w);
    }
}

/* ---- the pump ---- */

static void stop_worker(struct sw_worker *w)
{
    w->pool->stats.retired++;
    kill_worker(w);
    release(w);
}

static bool evict_idle(struct sw_workers *pool)
{
    struct sw_worker *oldest = NULL;
    for (struct sw_worker *w = pool->workers; w; w = w->next) {
        if (w->state != READY || w->flight.n || w->p->queue.n) continue;
        if (!oldest || w->wall_mark_ms < oldest->wall_mark_ms) oldest = w;
    }
    if (oldest) stop_worker(oldest);
    return oldest != NULL;
}

static void refuse_all(struct sw_workers *pool)
{
    for (struct sw_package *p = pool->packages; p; p = p->next) {
        for (size_t i = 0; i < p->n_files; i++)
            if (!p->files[i].reported && !p->worker)
                sw_jobs_push(&p->queue, sw_job_load(p, (int)i));
        fail_queue(p, pool->refused);
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
    while ((p = next_package(pool, false))) {
        if (pool->stats.live >= pool->c.max_live && !evict_idle(pool)) return;
        rc = start_spawner(pool);
        if (rc == SW_E_BUSY) return; /* the tick tries again */
        if (rc == 0 && pool->spawner_failures < BARREN_MAX) request_worker(pool, p);
        if (rc < 0 || pool->spawner_failures >= BARREN_MAX || p->barren >= BARREN_MAX) {
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
        if (w->state == READY && w->retiring && !w->flight.n) stop_worker(w);
    }
}

static void pump(struct sw_workers *pool)
{
    struct sw_package *p;
    int free_cores;
    pool->inside++; /* results given from here may queue more: seen by this very loop */
    retire_done(pool);
    if (pool->refused[0]) refuse_all(pool);
    else start_workers(pool);
    free_cores = pool->c.max_running - count_running(pool);
    while (free_cores > 0 && (p = next_package(pool, true))) {
        dispatch(pool, p->worker);
        free_cores--;
    }
    if (!uv_is_active((uv_handle_t *)&pool->tick) &&
        pool->stats.live + (pool->packages != NULL) > 0) {
        uv_timer_again(&pool->tick);
    }
    set_alive(pool);
    pool->inside--;
}

/* ---- the tick: watchdog and idle stop ---- */

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

static void watch(struct sw_worker *w, uint64_t now_ms)
{
    uint64_t wall = now_ms - w->wall_mark_ms, budget;
    int64_t cpu;
    if (w->state == STARTING) {
        if (wall > START_MS) worker_gone(w);
        return;
    }
    if (w->killed) return;
    if (!w->flight.n) {
        if (wall > w->pool->c.idle_ms && !w->p->queue.n) stop_worker(w);
        return;
    }
    if (!running(w)) return;
    budget = budget_of(w);
    cpu = cpu_of(w->pid);
    if ((cpu >= 0 && cpu - w->cpu_mark_ns > (int64_t)(budget * 3 / 2 + 200) * 1000000) ||
        wall > budget * 10 + 1000) {
        w->killed = true; /* what it wrote before is still read; then comes the end of file */
        kill_worker(w);
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
    leave(pool);
}

/* ---- the header's functions ---- */

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
    uv_timer_init(loop, &pool->tick);
    pool->tick.data = pool;
    pool->handles = 1;
    uv_timer_start(&pool->tick, on_tick, TICK_MS, TICK_MS);
    uv_timer_stop(&pool->tick);
    return pool;
}

void sw_workers_close(struct sw_workers *pool, void (*done)(void *ctx), void *ctx)
{
    if (!pool) return;
    pool->closing = true;
    pool->done = done;
    pool->done_ctx = ctx;
    while (pool->workers) {
        kill_worker(pool->workers);
        release(pool->workers);
    }
    if (pool->control_fd >= 0) {
        close(pool->control_fd);
        pool->control_fd = -1;
        uv_close((uv_handle_t *)&pool->control, on_control_closed);
    }
    if (pool->process_open)
        uv_ref((uv_handle_t *)&pool->process); /* wait for it: no child is left */
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
        pump(pool);
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
    if (p->worker && p->worker->state != STARTING) p->worker->retiring = true;
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

int sw_workers_reply(struct sw_workers *pool, uint64_t call, bool ok, struct sw_rd value,
                     struct sw_err *err)
{
    for (struct sw_worker *w = pool->workers; w; w = w->next) {
        struct sw_job *j = w->state == READY && call ? w->flight.first : NULL;
        while (j && j->call != call) j = j->next;
        if (!j) continue;
        if (sw_rd_left(&value) > SW_FRAME_MAX - 256) {
            refuse_call(w, j,
                        "the answer is too large for one reply: ask for less, or page through it");
            return sw_fail(err, SW_E_LIMIT, "an answer over %u KiB", SW_FRAME_MAX / 1024);
        }
        queue_reply(w, j, ok, value);
        return SW_OK;
    }
    return sw_fail(err, SW_E_NOTFOUND, "no run waits for that answer");
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

void sw_workers_get_stats(const struct sw_workers *pool, struct sw_workers_stats *s)
{
    *s = pool->stats;
    s->running = count_running(pool);
}
