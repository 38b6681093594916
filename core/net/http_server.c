/* SPDX-License-Identifier: MIT
 * libmicrohttpd without threads: its epoll descriptor is polled by the libuv loop, and a prepare
 * handle runs it again while it says that work is left. One struct per connection knows which phase
 * it is in and since when; a sweep, running only while connections are open, enforces the time
 * limits of every phase (libmicrohttpd's own timeout is one of idleness, which a client that sends
 * a byte now and then never meets) and asks whether clients that wait are still there (a suspended
 * connection is in nobody's epoll set). A request belongs to two parties, the connection and the
 * handler, and is freed when both have let go. What is refused before a handler sees it is answered
 * by bytes written straight to the socket, which is then half-closed and drained for a second: so
 * one way serves heads, bodies that are too long in mid-flight and clients that are too slow.
 * Malformed heads and oversized ones (400, 414, 431) are answered by libmicrohttpd itself. */
#include "net/http_server.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "net/http_ask.h"
#include "net/http_listen.h"
#include "net/http_text.h"
#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>
#include <microhttpd.h>

#define HEAD_BYTES    (32u * 1024u) /* libmicrohttpd's pool a connection: head and write buffer */
#define BODIES_FACTOR 16            /* all bodies under way: at most this many full ones */
#define BYTES_PER_MS  8             /* slowest transfer that is let go on */
#define LINGER_MS     1000
#define CLOSE_MS      2000
#define TICK_MAX_MS   500
#define STREAM_BLOCK  (16u * 1024u)
#define GONE_STATUS   499

enum phase {
    HEAD, /* between requests or in the midst of a head */
    BODY,
    ASKED, /* with the handler, or a stream */
    SEND,
    LINGER /* refused: what still comes is read and dropped */
};

struct conn {
    struct conn *next, *prev;
    struct sw_http_server *server;
    struct sw_http_req *req; /* the one under way, or NULL */
    enum phase phase;
    int64_t since_ms; /* start of the phase, loop time */
    uint64_t bytes;   /* to be moved, or moved, in this phase */
    int fd;
    char peer[INET6_ADDRSTRLEN];
};

struct sw_http_server {
    uv_loop_t *loop;
    struct MHD_Daemon *mhd;
    struct sw_http_server_config c;
    struct conn *conns;
    struct sw_http_server_stats stats;
    size_t body_bytes, body_bytes_max; /* of all bodies in memory */
    uv_poll_t poll;
    uv_prepare_t prepare;
    uv_idle_t idle;
    uv_timer_t sweep;
    int handles; /* open ones */
    int listen_fd, port;
    unsigned tick_ms;
    bool closing, stopped;
    bool again; /* the library has work that it does not tell of */
    int64_t close_by_ms;
    void (*done)(void *ctx);
    void *done_ctx;
};

struct sw_http_req {
    struct sw_http_server *server; /* valid while conn is */
    struct conn *conn;             /* NULL: the connection let go */
    struct MHD_Connection *mhd;    /* valid while conn is */
    struct MHD_Response *response; /* an answer not handed to libmicrohttpd yet */
    int status;
    bool held;    /* the handler owes an answer */
    bool asked;   /* on_request has run */
    bool waiting; /* counted as such */
    bool suspended;
    bool answered; /* somebody gave the answer */
    bool refused, gone;
    bool streaming, ended;
    void (*on_gone)(void *ctx, struct sw_http_req *r);
    void *gone_ctx;
    struct sw_http_ask *ask;
    struct sw_buf out; /* what a stream has queued */
    uint64_t reply_bytes;
    int64_t start_ms;
    char peer[INET6_ADDRSTRLEN];
};

/* ---- the loop ---- */

static void finish_close(struct sw_http_server *s);

static bool work_left(struct sw_http_server *s)
{
    MHD_UNSIGNED_LONG_LONG ms;
    return s->again || (MHD_get_timeout(s->mhd, &ms) == MHD_YES && ms == 0);
}

static void run(struct sw_http_server *s)
{
    if (s->stopped) return;
    s->again = false;
    MHD_run(s->mhd);
    if (s->closing && !s->conns) finish_close(s);
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
    for (int i = 0; i < 4 && !s->stopped && work_left(s); i++) run(s);
    if (s->stopped) return;
    if (work_left(s)) uv_idle_start(&s->idle, on_idle);
    else uv_idle_stop(&s->idle);
}

/* ---- requests ---- */

static void req_free(struct sw_http_req *r)
{
    assert(!r->conn && !r->held);
    sw_http_ask_free(r->ask);
    sw_buf_clear(&r->out);
    sw_free(r);
}

static void wait_over(struct sw_http_req *r)
{
    if (r->waiting) r->server->stats.waiting--;
    r->waiting = false;
}

/* The handler has let go. */
static void req_release(struct sw_http_req *r)
{
    assert(r->held);
    r->held = false;
    if (!r->conn) req_free(r);
}

static void req_resume(struct sw_http_req *r)
{
    if (!r->suspended) return;
    r->suspended = false;
    r->server->again = true;
    MHD_resume_connection(r->mhd);
}

static enum MHD_Result req_suspend(struct sw_http_req *r)
{
    r->suspended = true;
    MHD_suspend_connection(r->mhd);
    return MHD_YES;
}

struct measure {
    size_t n_query, n_header, bytes;
};

static enum MHD_Result measure_one(void *cls, enum MHD_ValueKind kind, const char *k, size_t kn,
                                   const char *v, size_t vn)
{
    struct measure *m = cls;
    (void)k, (void)v;
    if (kind == MHD_HEADER_KIND) m->n_header++;
    else m->n_query++;
    m->bytes += kn + vn + 2;
    return MHD_YES;
}

static enum MHD_Result copy_one(void *cls, enum MHD_ValueKind kind, const char *k, size_t kn,
                                const char *v, size_t vn)
{
    if (kind == MHD_HEADER_KIND) sw_http_ask_header(cls, k, kn, v, vn);
    else sw_http_ask_query(cls, k, kn, v, vn);
    return MHD_YES;
}

/* *status becomes 0 or what the request is refused with. */
static struct sw_http_req *req_new(struct conn *cn, struct MHD_Connection *mhd, const char *url,
                                   const char *method, int *status)
{
    struct measure m = {0, 0, strlen(url) + 3};
    struct sw_http_req *r = sw_zalloc(sizeof *r);
    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, measure_one, &m);
    MHD_get_connection_values_n(mhd, MHD_GET_ARGUMENT_KIND, measure_one, &m);
    r->server = cn->server;
    r->conn = cn;
    r->mhd = mhd;
    r->start_ms = sw_mono_ms();
    memcpy(r->peer, cn->peer, sizeof r->peer);
    r->ask = sw_http_ask_new(m.n_header, m.n_query, m.bytes, cn->server->c.max_body_bytes);
    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, copy_one, r->ask);
    MHD_get_connection_values_n(mhd, MHD_GET_ARGUMENT_KIND, copy_one, r->ask);
    *status = sw_http_ask_finish(r->ask, method, url);
    return r;
}

/* ---- what is refused ---- */

static void enter(struct conn *cn, enum phase phase)
{
    cn->phase = phase;
    cn->since_ms = (int64_t)uv_now(cn->server->loop);
    cn->bytes = 0;
}

static const char *reason(int status)
{
    const char *text = MHD_get_reason_phrase_for((unsigned)status);
    return text ? text : "Unknown";
}

static void log_access(struct sw_http_server *s, const struct sw_http_access *a)
{
    if (s->c.on_access) s->c.on_access(s->c.ctx, a);
}

/* Answer outside libmicrohttpd; the connection is of no more use. */
static void refuse(struct conn *cn, int status)
{
    struct sw_http_req *r = cn->req;
    struct sw_buf b;
    size_t n;
    sw_buf_init(&b, 4096);
    n = sw_http_write_refusal(&b, status, reason(status));
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
        log_access(cn->server, &(struct sw_http_access){cn->peer, "-", "-", status, 0, n, 0});
    }
    sw_buf_clear(&b);
    enter(cn, LINGER);
}

/* ---- libmicrohttpd's callbacks ---- */

static enum MHD_Result queue_response(struct sw_http_req *r)
{
    enum MHD_Result ok = MHD_queue_response(r->mhd, (unsigned)r->status, r->response);
    MHD_destroy_response(r->response);
    r->response = NULL;
    if (!r->streaming) enter(r->conn, SEND);
    r->conn->bytes = r->reply_bytes;
    return ok;
}

static enum MHD_Result req_begin(struct conn *cn, struct MHD_Connection *mhd, const char *url,
                                 const char *method, void **slot)
{
    struct sw_http_server *s = cn->server;
    int status;
    struct sw_http_req *r = cn->req = *slot = req_new(cn, mhd, url, method, &status);
    const char *length = r->ask->lengths ? sw_http_req_header(r, "Content-Length") : NULL;
    enter(cn, BODY);
    if (!status && length && strtoull(length, NULL, 10) > s->c.max_body_bytes) status = 413;
    if (!status && s->closing) status = 503;
    if (status) refuse(cn, status);
    return MHD_YES;
}

static void take_body(struct sw_http_req *r, const char *data, size_t n)
{
    struct sw_http_server *s = r->server;
    struct conn *cn = r->conn;
    cn->bytes += n;
    if (r->refused) {
        if (cn->bytes > s->c.max_body_bytes) shutdown(cn->fd, SHUT_RDWR);
        return;
    }
    if (s->body_bytes + n > s->body_bytes_max) {
        refuse(cn, 503);
        return;
    }
    sw_buf_put(&r->ask->body, data, n);
    if (r->ask->body.over) refuse(cn, 413);
    else s->body_bytes += n;
}

static enum MHD_Result req_answer(struct sw_http_req *r)
{
    struct sw_http_server *s = r->server;
    if (r->refused || r->gone) return MHD_NO;
    if (!r->asked) {
        r->asked = r->held = true;
        enter(r->conn, ASKED);
        s->stats.requests++;
        s->stats.waiting++;
        r->waiting = true;
        s->c.on_request(s->c.ctx, r);
    }
    return r->response ? queue_response(r) : req_suspend(r);
}

static enum MHD_Result on_mhd(void *cls, struct MHD_Connection *mhd, const char *url,
                              const char *method, const char *version, const char *data, size_t *n,
                              void **slot)
{
    struct sw_http_req *r = *slot;
    (void)cls, (void)version;
    if (!r) {
        const union MHD_ConnectionInfo *i = MHD_get_connection_info(
            mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        return req_begin(i->socket_context, mhd, url, method, slot);
    }
    if (*n) {
        take_body(r, data, *n);
        *n = 0;
        return MHD_YES;
    }
    return req_answer(r);
}

static void log_request(struct sw_http_req *r, bool whole)
{
    struct sw_http_access a = {
        .peer = r->peer,
        .method = r->ask->head     ? "HEAD"
                  : r->ask->method ? r->ask->method
                                   : "-",
        .path = r->ask->path,
        .status = whole || r->refused ? r->status : GONE_STATUS,
        .body_bytes = r->refused ? r->conn->bytes : r->ask->body.len,
        .reply_bytes = r->reply_bytes,
        .took_ms = sw_mono_ms() - r->start_ms,
    };
    log_access(r->server, &a);
}

/* The connection lets go of a request: it was answered, or nobody is left to answer. */
static void on_completed(void *cls, struct MHD_Connection *mhd, void **slot,
                         enum MHD_RequestTerminationCode why)
{
    struct sw_http_server *s = cls;
    struct sw_http_req *r = *slot;
    (void)mhd;
    if (!r) return;
    *slot = NULL;
    log_request(r, r->answered && why == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    s->body_bytes -= r->ask->body.len;
    wait_over(r);
    if (r->streaming) s->stats.streams--;
    if (r->asked && (r->gone || !r->answered)) s->stats.gone++;
    r->conn->req = NULL;
    if (!r->refused) enter(r->conn, HEAD);
    if (s->closing) shutdown(r->conn->fd, SHUT_RD);
    r->conn = NULL;
    r->mhd = NULL;
    if (r->response) MHD_destroy_response(r->response);
    r->response = NULL;
    if (!r->held) {
        req_free(r);
        return;
    }
    r->gone = true;
    if (r->on_gone) r->on_gone(r->gone_ctx, r);
}

static void on_sweep(uv_timer_t *h);

static struct conn *conn_new(struct sw_http_server *s, struct MHD_Connection *mhd)
{
    struct conn *cn = sw_zalloc(sizeof *cn);
    cn->server = s;
    cn->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    sw_http_peer_text(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr,
                      cn->peer);
    enter(cn, HEAD);
    if (s->conns) s->conns->prev = cn;
    else uv_timer_start(&s->sweep, on_sweep, s->tick_ms, s->tick_ms);
    cn->next = s->conns;
    s->conns = cn;
    s->stats.connections++;
    return cn;
}

static void conn_free(struct conn *cn)
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

static void on_connection(void *cls, struct MHD_Connection *mhd, void **slot,
                          enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED) *slot = conn_new(cls, mhd);
    else conn_free(*slot);
}

static size_t as_it_is(void *cls, struct MHD_Connection *mhd, char *s)
{
    (void)cls, (void)mhd;
    return strlen(s); /* decoding is ours: it must see an escaped NUL */
}

/* ---- the sweep ---- */

static void conn_gone(struct conn *cn)
{
    struct sw_http_req *r = cn->req;
    if (!r || !r->suspended) return;
    r->gone = true;
    req_resume(r);
}

/* Did anything arrive since the phase began? Decides between a reason and a silent close. */
static bool said_something(const struct conn *cn, int64_t age_ms)
{
    struct tcp_info info;
    socklen_t n = sizeof info;
    if (getsockopt(cn->fd, IPPROTO_TCP, TCP_INFO, &info, &n)) return false;
    return (int64_t)info.tcpi_last_data_recv + 20 < age_ms;
}

/* The library reads until a read comes short and then waits for an edge, so it misses an end that
 * arrived together with the last bytes. */
static bool ended_unseen(const struct conn *cn)
{
    char c;
    return !work_left(cn->server) && recv(cn->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void sweep_conn(struct conn *cn, int64_t now)
{
    int64_t age = now - cn->since_ms, idle = cn->server->c.idle_ms;
    int64_t moving = idle + (int64_t)(cn->bytes / BYTES_PER_MS);
    struct pollfd p = {.fd = cn->fd, .events = POLLRDHUP};
    switch (cn->phase) {
    case HEAD:
        if (ended_unseen(cn)) shutdown(cn->fd, SHUT_RDWR);
        if (age <= idle) break;
        if (said_something(cn, age)) refuse(cn, 408);
        shutdown(cn->fd, SHUT_RDWR);
        break;
    case BODY:
        if (ended_unseen(cn)) shutdown(cn->fd, SHUT_RDWR);
        else if (age > moving) refuse(cn, 408);
        break;
    case ASKED:
        if (poll(&p, 1, 0) > 0) conn_gone(cn);
        break;
    case SEND:
        if (age > moving) shutdown(cn->fd, SHUT_RDWR);
        break;
    case LINGER:
        if (age > LINGER_MS || ended_unseen(cn)) shutdown(cn->fd, SHUT_RDWR);
        break;
    }
}

static void on_sweep(uv_timer_t *h)
{
    struct sw_http_server *s = h->data;
    int64_t now = (int64_t)uv_now(s->loop);
    for (struct conn *cn = s->conns; cn; cn = cn->next) sweep_conn(cn, now);
    if (s->closing && (!s->conns || now > s->close_by_ms)) finish_close(s);
}

/* ---- answers ---- */

static void add_headers(struct MHD_Response *m, const struct sw_http_field *headers,
                        const char *type)
{
    for (const struct sw_http_field *f = headers; f && f->name; f++)
        MHD_add_response_header(m, f->name, f->value);
    for (const struct sw_http_field *f = sw_http_safe; f->name; f++)
        if (!sw_http_named(headers, f->name)) MHD_add_response_header(m, f->name, f->value);
    if (type && !sw_http_named(headers, "Content-Type"))
        MHD_add_response_header(m, "Content-Type", type);
}

static struct MHD_Response *bytes_response(const void *body, size_t n,
                                           enum MHD_ResponseMemoryMode mode)
{
    /* The library promises not to write to it, whatever the type says. */
    struct MHD_Response *m = MHD_create_response_from_buffer(n, (void *)(uintptr_t)(n ? body : ""),
                                                             mode);
    if (!m) abort(); /* out of memory, as in base/alloc */
    return m;
}

/* Note the answer and let it be sent. */
static void set_answer(struct sw_http_req *r, int status, struct MHD_Response *m, uint64_t bytes)
{
    r->status = status;
    r->response = m;
    r->reply_bytes = bytes;
    r->answered = true;
    req_resume(r);
}

static void set_problem(struct sw_http_req *r, int status, const char *title, const char *detail,
                        bool close_after)
{
    struct MHD_Response *m;
    struct sw_buf b;
    sw_buf_init(&b, 64 * 1024);
    sw_http_write_problem(&b, status, title, detail);
    m = bytes_response(b.data, b.len, MHD_RESPMEM_MUST_COPY);
    add_headers(m, NULL, "application/problem+json");
    if (close_after) MHD_add_response_header(m, "Connection", "close");
    if (status == 503) MHD_add_response_header(m, "Retry-After", "5");
    set_answer(r, status, m, b.len);
    sw_buf_clear(&b);
}

/* Is there anybody to answer? The handler must not have answered before. */
static bool awaited(struct sw_http_req *r)
{
    assert(r->held && !r->streaming);
    return r->conn && !r->gone && !r->answered;
}

static int reply(struct sw_http_req *r, int status, const struct sw_http_field *headers,
                 const void *body, size_t n, enum MHD_ResponseMemoryMode mode)
{
    int rc = SW_OK;
    assert(status >= 200 && status <= 599);
    if (!awaited(r)) {
        rc = SW_E_NOTFOUND;
    } else if (!sw_http_sendable(headers)) {
        rc = SW_E_BAD;
        set_problem(r, 500, reason(500), NULL, false);
    } else {
        struct MHD_Response *m = bytes_response(body, n, mode);
        add_headers(m, headers, n ? "application/json" : NULL);
        set_answer(r, status, m, n);
    }
    wait_over(r);
    req_release(r);
    return rc;
}

int sw_http_reply(struct sw_http_req *r, int status, const struct sw_http_field *headers,
                  const void *body, size_t n)
{
    return reply(r, status, headers, body, n, MHD_RESPMEM_MUST_COPY);
}

int sw_http_reply_static(struct sw_http_req *r, int status, const struct sw_http_field *headers,
                         const void *body, size_t n)
{
    return reply(r, status, headers, body, n, MHD_RESPMEM_PERSISTENT);
}

int sw_http_problem(struct sw_http_req *r, int status, const char *title, const char *detail)
{
    int rc = awaited(r) ? SW_OK : SW_E_NOTFOUND;
    if (!rc) set_problem(r, status, title, detail, false);
    wait_over(r);
    req_release(r);
    return rc;
}

void sw_http_on_gone(struct sw_http_req *r, void (*fn)(void *ctx, struct sw_http_req *r), void *ctx)
{
    r->on_gone = fn;
    r->gone_ctx = ctx;
}

/* ---- streams ---- */

static ssize_t read_stream(void *cls, uint64_t pos, char *to, size_t max)
{
    struct sw_http_req *r = cls;
    size_t n = r->out.len < max ? r->out.len : max;
    (void)pos;
    if (r->gone) return MHD_CONTENT_READER_END_WITH_ERROR;
    if (n) {
        memcpy(to, r->out.data, n);
        sw_buf_cut(&r->out, n);
        return (ssize_t)n;
    }
    if (r->ended) return MHD_CONTENT_READER_END_OF_STREAM;
    req_suspend(r);
    return 0;
}

int sw_http_stream_open(struct sw_http_req *r, const struct sw_http_field *headers,
                        size_t max_bytes)
{
    struct MHD_Response *m;
    int rc = SW_OK;
    if (!awaited(r)) {
        rc = SW_E_NOTFOUND;
    } else if (!sw_http_sendable(headers)) {
        rc = SW_E_BAD;
        set_problem(r, 500, reason(500), NULL, false);
    } else if (
        r->ask->head) { /* the library would send a last chunk even so, in the next reply's place */
        m = bytes_response(NULL, 0, MHD_RESPMEM_PERSISTENT);
        add_headers(m, headers, "text/event-stream");
        set_answer(r, 200, m, 0);
    } else {
        m = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, r, NULL);
        if (!m) abort();
        add_headers(m, headers, "text/event-stream");
        r->streaming = true;
        r->server->stats.streams++;
        set_answer(r, 200, m, 0);
    }
    wait_over(r);
    sw_buf_init(&r->out, max_bytes);
    r->ended = rc != SW_OK || r->ask->head;
    return rc;
}

int sw_http_stream_push(struct sw_http_req *r, const void *p, size_t n)
{
    assert(r->held);
    if (!r->conn || r->gone || r->ended) return SW_E_NOTFOUND;
    sw_buf_put(&r->out, p, n);
    if (r->out.over) {
        r->gone = true;
        shutdown(r->conn->fd, SHUT_RDWR);
    }
    r->reply_bytes += n;
    req_resume(r);
    return r->gone ? SW_E_LIMIT : SW_OK;
}

int sw_http_stream_event(struct sw_http_req *r, const char *event, const char *data, size_t n)
{
    struct sw_buf b;
    int rc;
    sw_buf_init(&b, n + n * 7 + 1024); /* each byte a line break, at the worst */
    sw_http_write_event(&b, event, data, n);
    rc = b.over ? SW_E_LIMIT : sw_http_stream_push(r, b.data, b.len);
    sw_buf_clear(&b);
    return rc;
}

void sw_http_stream_close(struct sw_http_req *r)
{
    r->ended = true;
    if (r->conn) {
        if (r->streaming) enter(r->conn, SEND);
        req_resume(r);
    }
    req_release(r);
}

/* ---- reading a request ---- */

const char *sw_http_req_method(const struct sw_http_req *r)
{
    return r->ask->head ? "GET" : r->ask->method;
}
bool sw_http_req_head(const struct sw_http_req *r)
{
    return r->ask->head;
}
const char *sw_http_req_path(const struct sw_http_req *r)
{
    return r->ask->path;
}
const char *sw_http_req_peer(const struct sw_http_req *r)
{
    return r->peer;
}

const char *sw_http_req_query(const struct sw_http_req *r, const char *name)
{
    return sw_http_ask_find(r->ask->query, r->ask->n_query, name, false);
}

const char *sw_http_req_header(const struct sw_http_req *r, const char *name)
{
    return sw_http_ask_find(r->ask->header, r->ask->n_header, name, true);
}

const struct sw_http_field *sw_http_req_queries(const struct sw_http_req *r, size_t *n)
{
    *n = r->ask->n_query;
    return r->ask->query;
}

const struct sw_http_field *sw_http_req_headers(const struct sw_http_req *r, size_t *n)
{
    *n = r->ask->n_header;
    return r->ask->header;
}

const char *sw_http_req_body(const struct sw_http_req *r, size_t *n)
{
    *n = r->ask->body.len;
    return sw_buf_str(&r->ask->body);
}

/* ---- starting ---- */

static struct MHD_Daemon *start_daemon(struct sw_http_server *s)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_mhd, s,
        MHD_OPTION_LISTEN_SOCKET, s->listen_fd, MHD_OPTION_CONNECTION_LIMIT, s->c.max_connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, as_it_is, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_END);
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

static void finish_close(struct sw_http_server *s)
{
    if (s->stopped) return;
    s->stopped = true;
    uv_close((uv_handle_t *)&s->poll, on_handle_closed); /* before its descriptor goes */
    uv_close((uv_handle_t *)&s->prepare, on_handle_closed);
    uv_close((uv_handle_t *)&s->idle, on_handle_closed);
    uv_close((uv_handle_t *)&s->sweep, on_handle_closed);
    MHD_stop_daemon(s->mhd);
}

static void close_conn(struct conn *cn)
{
    struct sw_http_req *r = cn->req;
    if (cn->phase == HEAD) {
        shutdown(cn->fd, SHUT_RDWR);
    } else if (cn->phase == BODY) {
        refuse(cn, 503);
    } else if (r && r->streaming) {
        r->ended = true;
        enter(cn, SEND);
        req_resume(r);
    } else if (r && cn->phase == ASKED && !r->answered) {
        set_problem(r, 503, reason(503), "The server is stopping.", true);
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
    for (struct conn *cn = s->conns; cn; cn = cn->next) close_conn(cn);
    uv_timer_start(&s->sweep, on_sweep, 1, 20);
}
