/* SPDX-License-Identifier: MIT
 * The pool and its workers as workers.c, workers_pump.c, workers_link.c, workers_spawn.c and
 * workers_death.c share them. They hold libuv's handles by value, and libuv's header is at home in
 * those files only, not in a header: each includes it before this one. Packages and jobs, which know
 * no libuv, are in workers_priv.h. */
#ifndef SW_SCRIPT_WORKERS_POOL_H
#define SW_SCRIPT_WORKERS_POOL_H
#ifndef UV_H
#error "uv.h comes first"
#endif
#include "script/workers_priv.h"

#define SW_WORKERS_BODY  (32u << 20)  /* of a document that goes with an answer */
#define SW_WORKERS_PIECE (192u << 10) /* of it in one frame */
#define SW_WORKERS_BARREN_MAX 3 /* workers or spawners lost in a row before we give up */

enum sw_worker_state { SW_WORKER_STARTING, SW_WORKER_READY, SW_WORKER_DYING };

struct sw_worker {
    struct sw_worker *next;
    struct sw_workers *pool;
    struct sw_package *p;
    enum sw_worker_state state;
    uint64_t id; /* of the spawn request */
    uv_poll_t poll;
    bool polling, retiring, killed;
    bool advanced; /* a result or a call was read since its clock was looked at */
    char bye[200]; /* why it ended, in its own words */
    int fd, pidfd;
    pid_t pid;
    struct sw_shared_page *page;
    struct sw_jobs flight;
    struct sw_buf in, out;
    size_t out_at, unacked, owed;
    int64_t cpu_mark_ns;   /* CPU clock at the last progress */
    uint64_t wall_mark_ms; /* loop time then; or when it became idle */
    int64_t cpu_seen_ns;   /* CPU clock when it was last seen to move, */
    uint64_t moved_ms;     /* and the loop time of that */
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

/* ---- workers.c ---- */

/* A handle of the pool is closed; the last one of a closing pool frees it. */
void sw_workers_handle_closed(struct sw_workers *pool);

/* ---- workers_pump.c ---- */

/* Start, feed and retire workers as far as the limits allow. May give results (of refused runs). */
void sw_workers_pump(struct sw_workers *pool);
/* End of a callback of the loop that began with pool->inside++: the outermost one pumps. */
void sw_workers_leave(struct sw_workers *pool);
/* Open the pool's timer, stopped; the pump starts it when there is something to watch. */
void sw_workers_init_tick(struct sw_workers *pool);
/* Workers that execute a run now, those that only wait for an answer not counted. */
int sw_workers_count_running(const struct sw_workers *pool);
/* Whether one of its runs executes, and is not waiting for an answer. */
bool sw_worker_running(const struct sw_worker *w);
/* It did something that we can check: the watchdog measures from here. */
void sw_worker_progress(struct sw_worker *w);

/* ---- workers_link.c ---- */

/* Open a frame with a map {op = ...}: returns the frame's mark, and the map's in *map. */
size_t sw_worker_message(struct sw_buf *b, const char *op, size_t *map);
/* Send what credit and the kernel allow of w->out, and poll for what it waits for then. */
void sw_worker_flush(struct sw_worker *w);
/* Write the library and the start message to w->out; not flushed. */
void sw_worker_send_library(struct sw_worker *w);
/* Answer the open call of j, a run of w; value is copied. */
void sw_worker_reply(struct sw_worker *w, struct sw_job *j, bool ok, struct sw_rd value);
/* A piece of the document that goes with the answer to come; not flushed. */
void sw_worker_body(struct sw_worker *w, const struct sw_job *j, const char *p, size_t n, size_t whole);
/* The same as reply with a text: why there is no answer. */
void sw_worker_refuse(struct sw_worker *w, struct sw_job *j, const char *text);

/* ---- workers_spawn.c ---- */

/* 0: it runs. SW_E_BUSY: the last one is still closing, try later. SW_E_IO: pool->refused says why. */
int sw_workers_start_spawner(struct sw_workers *pool);
/* Close its control socket, which ends it; the loop stays alive until it is reaped. */
void sw_workers_stop_spawner(struct sw_workers *pool);
/* Ask the running spawner for a worker for p. If that fails p->barren counts it. */
void sw_workers_request(struct sw_workers *pool, struct sw_package *p);

/* ---- workers_death.c ---- */

/* Kill the process, by its pidfd; w stays until its socket's end is read or it is released. */
void sw_worker_kill(struct sw_worker *w);
/* End the run it executes (box/limits.h); only once it is ready, before it would die of it. */
void sw_worker_interrupt(struct sw_worker *w);
/* Let go of everything; the memory goes when libuv has let go of the handle. Drops its runs. */
void sw_worker_release(struct sw_worker *w);
/* End a worker that has nothing under way. */
void sw_worker_stop(struct sw_worker *w);
/* It is lost: charge the run it stood in, queue the others again, release it. Gives results. */
void sw_worker_gone(struct sw_worker *w);
#endif
