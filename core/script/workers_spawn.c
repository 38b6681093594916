/* SPDX-License-Identifier: MIT
 * Where workers come from. One spawner process, the box's binary, makes them on request; a worker's
 * socket, shared page and pidfd come back over its control socket, and with them the record made at
 * the request becomes a worker with a poll of its own. When the spawner goes, the workers it had not
 * delivered are lost; the next request starts another. It does not decide when one is needed. */
#include <uv.h>
#include "script/workers_pool.h"
#include "base/alloc.h"
#include "box/spawner.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OUT_MAX (48u << 20) /* waiting for credit or the kernel, per worker */

static void on_control_closed(uv_handle_t *h)
{
    struct sw_workers *pool = h->data;
    pool->control_open = false;
    sw_workers_handle_closed(pool);
}

static void on_process_closed(uv_handle_t *h)
{
    struct sw_workers *pool = h->data;
    pool->process_open = false;
    sw_workers_handle_closed(pool);
}

static void spawner_gone(struct sw_workers *pool)
{
    if (pool->control_fd < 0) return;
    uv_close((uv_handle_t *)&pool->control, on_control_closed);
    close(pool->control_fd);
    pool->control_fd = -1;
    pool->spawner_failures++;
    for (struct sw_worker *w = pool->workers, *next; w; w = next) {
        next = w->next;
        if (w->state == SW_WORKER_STARTING && !w->polling) sw_worker_gone(w);
    }
}

void sw_workers_stop_spawner(struct sw_workers *pool)
{
    if (pool->control_fd >= 0) {
        close(pool->control_fd);
        pool->control_fd = -1;
        uv_close((uv_handle_t *)&pool->control, on_control_closed);
    }
    if (pool->process_open)
        uv_ref((uv_handle_t *)&pool->process); /* wait for it: no child is left */
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
    sw_worker_send_library(w);
    sw_worker_flush(w); /* starts the polling too */
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
    if (w) sw_worker_gone(w);
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
    sw_workers_leave(pool);
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

int sw_workers_start_spawner(struct sw_workers *pool)
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

void sw_workers_request(struct sw_workers *pool, struct sw_package *p)
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
        sw_worker_release(w);
    }
}
