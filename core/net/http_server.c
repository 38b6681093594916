/* SPDX-License-Identifier: MIT
 * libmicrohttpd without threads: its epoll descriptor is polled by the libuv loop, and a prepare
 * handle runs it again while it says that work is left. Connections are in http_server_conn.c, the
 * way of a request to the handler in http_server_req.c, its answers in http_server_reply.c. */
#include <microhttpd.h>
#include <uv.h>
#include "net/http_server_priv.h"
#include "base/alloc.h"
#include "net/http_listen.h"
#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_BYTES    (32u * 1024u) /* libmicrohttpd's pool a connection: head and write buffer */
#define BODIES_FACTOR 4             /* all bodies under way: at most this many full ones */
#define CLOSE_MS      2000
#define TICK_MAX_MS   500

/* ---- the loop ---- */

bool sw_http_server_work_left(struct sw_http_server *s)
{
    MHD_UNSIGNED_LONG_LONG ms;
    return s->again || (MHD_get_timeout(s->mhd, &ms) == MHD_YES && ms == 0);
}

static void run(struct sw_http_server *s)
{
    if (s->stopped) return;
    s->again = false;
    MHD_run(s->mhd);
    if (s->closing && !s->conns) sw_http_server_finish_close(s);
}

static void on_poll(uv_poll_t *h, int status, int events)
{
    (void)status;
    (void)events;
    run(h->data);
}

static void on_idle(uv_idle_t *h)
{
    (void)h;
} /* its being active keeps the loop from waiting */

static void on_prepare(uv_prepare_t *h)
{
    struct sw_http_server *s = h->data;
    for (int i = 0; i < 4 && !s->stopped && sw_http_server_work_left(s); i++) run(s);
    if (s->stopped) return;
    if (sw_http_server_work_left(s)) uv_idle_start(&s->idle, on_idle);
    else uv_idle_stop(&s->idle);
}

/* ---- starting ---- */

static size_t as_it_is(void *cls, struct MHD_Connection *mhd, char *s)
{
    (void)cls, (void)mhd;
    return strlen(s); /* decoding is ours: it must see an escaped NUL */
}
static struct MHD_Daemon *start_daemon(struct sw_http_server *s)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, sw_http_on_mhd,
                            s, MHD_OPTION_LISTEN_SOCKET, s->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
                            s->c.max_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t)HEAD_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_UNESCAPE_CALLBACK, as_it_is, NULL,
                            MHD_OPTION_NOTIFY_COMPLETED, sw_http_on_completed, s,
                            MHD_OPTION_NOTIFY_CONNECTION, sw_http_on_connection, s, MHD_OPTION_END);
}

static void start_handles(struct sw_http_server *s)
{
    int fd = MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    uv_poll_init(s->loop, &s->poll, fd);
    uv_prepare_init(s->loop, &s->prepare);
    uv_idle_init(s->loop, &s->idle);
    uv_timer_init(s->loop, &s->sweep);
    s->handles = 4;
    s->poll.data = s->prepare.data = s->idle.data = s->sweep.data = s;
    uv_poll_start(&s->poll, UV_READABLE, on_poll);
    uv_prepare_start(&s->prepare, on_prepare);
    uv_unref((uv_handle_t *)&s->prepare);
}

struct sw_http_server *sw_http_server_new(struct uv_loop_s *loop,
                                          const struct sw_http_server_config *c, struct sw_err *err)
{
    struct sw_http_server *s;
    int fd = sw_http_listen(c->listen, err);
    if (fd < 0) return NULL;
    s = sw_zalloc(sizeof *s);
    s->loop = loop;
    s->c = *c;
    s->c.listen = NULL; /* not ours to keep */
    if (!s->c.max_body_bytes) s->c.max_body_bytes = 4u << 20;
    if (!s->c.max_connections) s->c.max_connections = 512;
    if (!s->c.idle_ms) s->c.idle_ms = 30000;
    s->body_bytes_max = s->c.max_body_bytes * BODIES_FACTOR;
    s->tick_ms = s->c.idle_ms / 4 < TICK_MAX_MS ? s->c.idle_ms / 4 + 1 : TICK_MAX_MS;
    s->listen_fd = fd;
    s->port = sw_http_bound_port(fd);
    s->mhd = start_daemon(s);
    if (!s->mhd) {
        sw_fail(err, SW_E_INTERNAL, "the HTTP server did not start");
        close(fd);
        sw_free(s);
        return NULL;
    }
    start_handles(s);
    return s;
}

int sw_http_server_port(const struct sw_http_server *s)
{
    return s->port;
}

void sw_http_server_stats(const struct sw_http_server *s, struct sw_http_server_stats *out)
{
    *out = s->stats;
}

/* ---- closing ---- */

static void on_handle_closed(uv_handle_t *h)
{
    struct sw_http_server *s = h->data;
    if (--s->handles) return;
    if (s->done) s->done(s->done_ctx);
    sw_free(s);
}

void sw_http_server_finish_close(struct sw_http_server *s)
{
    if (s->stopped) return;
    s->stopped = true;
    uv_close((uv_handle_t *)&s->poll, on_handle_closed); /* before its descriptor goes */
    uv_close((uv_handle_t *)&s->prepare, on_handle_closed);
    uv_close((uv_handle_t *)&s->idle, on_handle_closed);
    uv_close((uv_handle_t *)&s->sweep, on_handle_closed);
    MHD_stop_daemon(s->mhd);
}

static void close_conn(struct sw_http_conn *cn)
{
    struct sw_http_req *r = cn->req;
    if (cn->phase == SW_CONN_HEAD) {
        shutdown(cn->fd, SHUT_RDWR);
    } else if (cn->phase == SW_CONN_BODY) {
        sw_http_conn_refuse(cn, 503);
    } else if (r && r->streaming) {
        r->ended = true;
        sw_http_conn_enter(cn, SW_CONN_SEND);
        sw_http_req_resume(r);
    } else if (r && cn->phase == SW_CONN_ASKED && !r->answered) {
        sw_http_req_set_problem(r, 503, sw_http_reason(503), "The server is stopping.", true);
    }
}

void sw_http_server_close(struct sw_http_server *s, void (*done)(void *ctx), void *ctx)
{
    assert(!s->closing);
    s->closing = true;
    s->done = done;
    s->done_ctx = ctx;
    s->close_by_ms = (int64_t)uv_now(s->loop) + CLOSE_MS;
    close(MHD_quiesce_daemon(s->mhd));
    for (struct sw_http_conn *cn = s->conns; cn; cn = cn->next) close_conn(cn);
    uv_timer_start(&s->sweep, sw_http_on_sweep, 1, 20);
}
