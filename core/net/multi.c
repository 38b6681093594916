/* SPDX-License-Identifier: MIT
 * libcurl's multi interface tells which sockets and which timer to watch, libuv watches, and both meet
 * in drive(). */
#include <curl/curl.h>
#include <uv.h>
#include "net/multi.h"
#include "base/alloc.h"

struct sock {
    uv_poll_t poll;
    struct sw_multi *multi;
    curl_socket_t fd;
};

static void drive(struct sw_multi *m, curl_socket_t fd, int events)
{
    CURLMsg *msg;
    int running, left;
    curl_multi_socket_action(m->curl, fd, events, &running);
    while ((msg = curl_multi_info_read(m->curl, &left))) {
        struct sw_transfer *t = NULL;
        if (msg->msg != CURLMSG_DONE) continue;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
        t->done(t, msg->data.result);
    }
}

static void on_poll(uv_poll_t *p, int status, int events)
{
    struct sock *s = p->data;
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    drive(s->multi, s->fd, status < 0 ? CURL_CSELECT_ERR : flags);
}

static void on_timer(uv_timer_t *t)
{
    drive(t->data, CURL_SOCKET_TIMEOUT, 0);
}

static int want_timer(CURLM *curl, long ms, void *ctx)
{
    struct sw_multi *m = ctx;
    (void)curl;
    if (ms < 0) uv_timer_stop(&m->timer);
    else uv_timer_start(&m->timer, on_timer, (uint64_t)ms, 0);
    return 0;
}

static void handle_closed(struct sw_multi *m)
{
    if (--m->handles > 0) return;
    curl_global_cleanup();
    m->closed(m);
}

static void timer_closed(uv_handle_t *t)
{
    handle_closed(t->data);
}

static void sock_closed(uv_handle_t *p)
{
    struct sock *s = p->data;
    struct sw_multi *m = s->multi;
    sw_free(s);
    handle_closed(m);
}

/* A watcher of its own each time libcurl asks: one kept for later would, when closed, stop whoever
 * else has the number by then. */
static struct sock *new_sock(struct sw_multi *m, curl_socket_t fd)
{
    struct sock *s = sw_zalloc(sizeof *s);
    s->multi = m;
    s->fd = fd;
    s->poll.data = s;
    if (uv_poll_init(m->loop, &s->poll, fd) != 0) {
        sw_free(s);
        return NULL;
    }
    m->handles++;
    return s;
}

static int want_socket(CURL *e, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct sw_multi *m = ctx;
    struct sock *s = socket_ctx;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    (void)e;
    if (what == CURL_POLL_REMOVE) {
        if (s) uv_close((uv_handle_t *)&s->poll, sock_closed);
        curl_multi_assign(m->curl, fd, NULL);
        return 0;
    }
    if (!s && !(s = new_sock(m, fd))) return -1;
    curl_multi_assign(m->curl, fd, s);
    return uv_poll_start(&s->poll, events, on_poll) == 0 ? 0 : -1;
}

int sw_multi_open(struct sw_multi *m, uv_loop_t *loop, struct sw_err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(m->curl = curl_multi_init()))
        return sw_fail(err, SW_E_INTERNAL, "libcurl could not be started");
    m->loop = loop;
    m->handles = 1;
    uv_timer_init(loop, &m->timer); /* cannot fail */
    m->timer.data = m;
    curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
    curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, want_timer);
    curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
    return SW_OK;
}

void sw_multi_close(struct sw_multi *m, void (*closed)(struct sw_multi *m))
{
    m->closed = closed;
    curl_multi_cleanup(m->curl);
    uv_close((uv_handle_t *)&m->timer, timer_closed);
}
