/* SPDX-License-Identifier: MIT */
#include "box/spawner.h"
#include "base/alloc.h"
#include "box/worker.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct spawner {
    int control, signals;
    const struct sw_confine *c;
    pid_t *pids; /* living workers */
    size_t n, cap;
};

static void forget(struct spawner *s, pid_t pid)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->pids[i] == pid) s->pids[i--] = s->pids[--s->n];
}

static void reap(struct spawner *s)
{
    struct signalfd_siginfo si;
    pid_t pid;
    while (read(s->signals, &si, sizeof si) == sizeof si) continue;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) forget(s, pid);
}

/* A page whose size nobody can change: the engine maps it and must never fault on it. */
static int make_page(void)
{
    int fd = memfd_create("syncwell-run", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return -1;
    if (ftruncate(fd, SW_SHARED_PAGE_BYTES) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void answer(struct spawner *s, struct sw_spawn_answer a, const int *fds)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(SW_SPAWN_FDS * sizeof(int))];
    } control = {0};
    struct iovec iov = {&a, sizeof a};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fds) {
        struct cmsghdr *h;
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof control.bytes;
        h = CMSG_FIRSTHDR(&msg);
        h->cmsg_level = SOL_SOCKET;
        h->cmsg_type = SCM_RIGHTS;
        h->cmsg_len = CMSG_LEN(SW_SPAWN_FDS * sizeof(int));
        memcpy(CMSG_DATA(h), fds, SW_SPAWN_FDS * sizeof(int));
    }
    while (sendmsg(s->control, &msg, MSG_NOSIGNAL) < 0 && errno == EINTR) continue;
}

static void become_worker(const struct spawner *s, int sock, int page, pid_t parent)
{
    sigset_t none;
    void *p = mmap(NULL, SW_SHARED_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    _exit(p == MAP_FAILED ? 1 : sw_worker_run(s->c, sock, p, parent));
}

static int open_all(int pair[2], int *page)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) return -1;
    for (int i = 0; i < 2; i++) /* as far as the kernel lets it: a document in fewer turns */
        setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &(int){SW_FRAME_CREDIT}, sizeof(int));
    *page = make_page();
    if (*page >= 0) return 0;
    close(pair[0]);
    close(pair[1]);
    return -1;
}

static void spawn(struct spawner *s, uint64_t id)
{
    struct sw_spawn_answer a = {.id = id};
    int pair[2], page, fds[SW_SPAWN_FDS];
    pid_t parent = getpid(), pid;
    if (open_all(pair, &page) < 0) {
        a.error = errno;
        answer(s, a, NULL);
        return;
    }
    pid = fork();
    if (pid == 0) become_worker(s, pair[1], page, parent);
    fds[SW_SPAWN_SOCKET] = pair[0];
    fds[SW_SPAWN_PAGE] = page;
    fds[SW_SPAWN_PIDFD] = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (pid > 0 && fds[SW_SPAWN_PIDFD] >= 0) {
        sw_grow((void **)&s->pids, &s->cap, s->n + 1, sizeof *s->pids);
        s->pids[s->n++] = pid;
        a.pid = pid;
        answer(s, a, fds);
        close(fds[SW_SPAWN_PIDFD]);
    } else {
        a.error = errno;
        if (pid > 0) kill(pid, SIGKILL);
        answer(s, a, NULL);
    }
    close(pair[0]);
    close(pair[1]);
    close(page);
}

/* false when the engine is gone */
static bool serve(struct spawner *s)
{
    struct sw_spawn_request rq;
    ssize_t n = recv(s->control, &rq, sizeof rq, 0);
    if (n < 0) return errno == EINTR || errno == EAGAIN;
    if (n == 0) return false;
    if (n == sizeof rq) spawn(s, rq.id);
    return true;
}

int sw_spawner_run(int control_fd, const struct sw_confine *c)
{
    struct spawner s = {.control = control_fd, .c = c};
    sigset_t child;
    bool alive = true;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* Ctrl-C is for the engine; it ends us by closing the socket */
    s.signals = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
    fcntl(control_fd, F_SETFD, FD_CLOEXEC);
    while (alive) {
        struct pollfd p[2] = {{.fd = control_fd, .events = POLLIN}, {.fd = s.signals, .events = POLLIN}};
        if (poll(p, 2, -1) < 0 && errno != EINTR) break;
        if (p[1].revents) reap(&s);
        if (p[0].revents) alive = serve(&s);
    }
    for (size_t i = 0; i < s.n; i++) kill(s.pids[i], SIGKILL);
    while (waitpid(-1, NULL, 0) > 0) continue;
    sw_free(s.pids);
    return 0;
}
