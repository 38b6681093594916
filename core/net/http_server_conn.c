/* SPDX-License-Identifier: MIT
 * The HTTP server's connections. One struct per connection knows which phase it is in and since when;
 * a sweep, running only while connections are open, enforces the time limits of every phase
 * (libmicrohttpd's own timeout is one of idleness, which a client that sends a byte now and then never
 * meets) and asks whether clients that wait are still there (a suspended connection is in nobody's
 * epoll set). What is refused before a handler sees it is answered by bytes written straight to the
 * socket, which is then half-closed and drained for a second: so one way serves heads, bodies that
 * are too long in mid-flight and clients that are too slow. */
#include <microhttpd.h>
#include <uv.h>
#include "net/http_server_priv.h"
#include "base/alloc.h"
#include "net/http_listen.h"
#include "net/http_text.h"
#include <assert.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define BYTES_PER_MS 8 /* slowest transfer that is let go on */
#define LINGER_MS    1000
#define PRESSED_MS   2000 /* for a head or a next request while others wait to get in */

/* ---- what is refused ---- */

void sw_http_conn_enter(struct sw_http_conn *cn, enum sw_http_phase phase)
{
    cn->phase = phase;
    cn->since_ms = (int64_t)uv_now(cn->server->loop);
    cn->bytes = 0;
}

const char *sw_http_reason(int status)
{
    const char *text = MHD_get_reason_phrase_for((unsigned)status);
    return text ? text : "Unknown";
}

void sw_http_server_log(struct sw_http_server *s, const struct sw_http_access *a)
{
    if (s->c.on_access) s->c.on_access(s->c.ctx, a);
}

/* Answer outside libmicrohttpd; the connection is of no more use. */
void sw_http_conn_refuse(struct sw_http_conn *cn, int status)
{
    struct sw_http_req *r = cn->req;
    struct sw_buf b;
    size_t n;
    sw_buf_init(&b, 4096);
    n = sw_http_write_refusal(&b, status, sw_http_reason(status));
    /* A fresh or drained socket takes it whole; whoever does not read it loses only the reason. */
    if (send(cn->fd, b.data, b.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) shutdown(cn->fd, SHUT_RDWR);
    else shutdown(cn->fd, SHUT_WR);
    cn->server->stats.refused++;
    if (r) {
        r->refused = true;
        r->status = status;
        r->reply_bytes = n;
        cn->server->body_bytes -= r->ask->body.len;
        sw_buf_clear(&r->ask->body);
    } else {
        sw_http_server_log(cn->server,
                           &(struct sw_http_access){cn->peer, "-", "-", status, 0, n, 0});
    }
    sw_buf_clear(&b);
    sw_http_conn_enter(cn, SW_CONN_LINGER);
}

/* ---- opening and closing ---- */

static struct sw_http_conn *conn_new(struct sw_http_server *s, struct MHD_Connection *mhd)
{
    struct sw_http_conn *cn = sw_zalloc(sizeof *cn);
    cn->server = s;
    cn->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    sw_http_peer_text(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr,
                      cn->peer);
    sw_http_conn_enter(cn, SW_CONN_HEAD);
    if (s->conns) s->conns->prev = cn;
    else uv_timer_start(&s->sweep, sw_http_on_sweep, s->tick_ms, s->tick_ms);
    cn->next = s->conns;
    s->conns = cn;
    s->stats.connections++;
    return cn;
}

static void conn_free(struct sw_http_conn *cn)
{
    struct sw_http_server *s = cn->server;
    assert(!cn->req);
    s->again = true; /* listening may begin again: we could have been at the limit */
    if (cn->prev) cn->prev->next = cn->next;
    else s->conns = cn->next;
    if (cn->next) cn->next->prev = cn->prev;
    s->stats.connections--;
    if (!s->conns && !s->closing) uv_timer_stop(&s->sweep);
    sw_free(cn);
}

void sw_http_on_connection(void *cls, struct MHD_Connection *mhd, void **slot,
                           enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED) *slot = conn_new(cls, mhd);
    else conn_free(*slot);
}

/* ---- the sweep ---- */

static void conn_gone(struct sw_http_conn *cn)
{
    struct sw_http_req *r = cn->req;
    if (!r || !r->suspended) return;
    r->gone = true;
    sw_http_req_resume(r);
}

/* Did anything arrive since the phase began? Decides between a reason and a silent close. */
static bool said_something(const struct sw_http_conn *cn, int64_t age_ms)
{
    struct tcp_info info;
    socklen_t n = sizeof info;
    if (getsockopt(cn->fd, IPPROTO_TCP, TCP_INFO, &info, &n)) return false;
    return (int64_t)info.tcpi_last_data_recv + 20 < age_ms;
}

/* The library reads until a read comes short and then waits for an edge, so it misses an end that
 * arrived together with the last bytes. */
static bool ended_unseen(const struct sw_http_conn *cn)
{
    char c;
    return !sw_http_server_work_left(cn->server) &&
           recv(cn->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Whoever has not asked yet has the place of somebody who may have to: with all places taken they are cut off
 * early, so that slow or idle clients cannot hold the door for half a minute. */
static void sweep_head(struct sw_http_conn *cn, int64_t age)
{
    const struct sw_http_server *s = cn->server;
    bool pressed = s->stats.connections >= s->c.max_connections && age > PRESSED_MS;
    if (ended_unseen(cn) || pressed) shutdown(cn->fd, SHUT_RDWR);
    else if (age > s->c.idle_ms) {
        if (said_something(cn, age)) sw_http_conn_refuse(cn, 408);
        shutdown(cn->fd, SHUT_RDWR);
    }
}

static void sweep_conn(struct sw_http_conn *cn, int64_t now)
{
    int64_t age = now - cn->since_ms, idle = cn->server->c.idle_ms;
    int64_t moving = idle + (int64_t)(cn->bytes / BYTES_PER_MS);
    struct pollfd p = {.fd = cn->fd, .events = POLLRDHUP};
    switch (cn->phase) {
    case SW_CONN_HEAD: sweep_head(cn, age); break;
    case SW_CONN_BODY:
        if (ended_unseen(cn)) shutdown(cn->fd, SHUT_RDWR);
        else if (age > moving) sw_http_conn_refuse(cn, 408);
        break;
    case SW_CONN_ASKED:
        if (poll(&p, 1, 0) > 0) conn_gone(cn);
        break;
    case SW_CONN_SEND:
        if (age > moving) shutdown(cn->fd, SHUT_RDWR);
        break;
    case SW_CONN_LINGER:
        if (age > LINGER_MS || ended_unseen(cn)) shutdown(cn->fd, SHUT_RDWR);
        break;
    }
}

void sw_http_on_sweep(uv_timer_t *h)
{
    struct sw_http_server *s = h->data;
    int64_t now = (int64_t)uv_now(s->loop);
    for (struct sw_http_conn *cn = s->conns; cn; cn = cn->next) sweep_conn(cn, now);
    if (s->closing && (!s->conns || now > s->close_by_ms)) sw_http_server_finish_close(s);
}
