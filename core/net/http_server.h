/* SPDX-License-Identifier: MIT
 * The HTTP server: one listening address on a libuv loop, HTTP/1.1 with keep-alive, no threads. A
 * request reaches on_request once its whole body is in; everything about it is a copy that stays
 * until the handler has answered. The handler owes every request exactly one answer (a reply, a
 * problem, or a stream that it closes), now or at any later time on the loop thread, also when the
 * client has gone or the server was closed meanwhile: the answer then goes nowhere and releases the
 * request. What breaks the protocol or a limit is refused here and never gets to a handler.
 * Everything runs on the loop thread. It does not route, authenticate, serve files or speak TLS. */
#ifndef SW_NET_HTTP_SERVER_H
#define SW_NET_HTTP_SERVER_H
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uv_loop_s;
struct sw_http_server;
struct sw_http_req;

struct sw_http_field {              /* a header or a query parameter */
    const char *name, *value;       /* a list of headers to send ends with a NULL name */
};

struct sw_http_access {             /* one answered, refused or abandoned request */
    const char *peer, *method;      /* address without port; method and path are "-" if never read */
    const char *path;               /* decoded, without the query; may itself be a secret (/in/...) */
    int status;                     /* 499: the client went away first */
    uint64_t body_bytes, reply_bytes; /* reply: the body as handed over, whether or not it arrived */
    int64_t took_ms;                /* from the end of the head to the end of the reply */
};

struct sw_http_server_config {
    const char *listen;             /* "127.0.0.1:8787", "[::1]:0" (0: any free port), "localhost:80" */
    size_t max_body_bytes;          /* 0: 4 MiB */
    unsigned max_connections;       /* 0: 512; more wait in the kernel's queue */
    unsigned idle_ms;               /* 0: 30,000. For a request's head and between requests; a body
                                     * or a reply gets as much and a millisecond more per 8 bytes. With
                                     * all connections taken a head or a next request has 2,000 */
    void (*on_request)(void *ctx, struct sw_http_req *r);
    void (*on_access)(void *ctx, const struct sw_http_access *a); /* may be NULL; for the log */
    void *ctx;
};

struct sw_http_server_stats {
    uint64_t requests, refused, gone;       /* given to on_request; not given; left before the answer */
    unsigned connections, waiting, streams; /* now: open; with the handler; event streams */
};

/* Listen and serve on the loop. NULL and one sentence when the address is malformed or taken. */
struct sw_http_server *sw_http_server_new(struct uv_loop_s *loop, const struct sw_http_server_config *c,
                                          struct sw_err *err);
int sw_http_server_port(const struct sw_http_server *s);
void sw_http_server_stats(const struct sw_http_server *s, struct sw_http_server_stats *out);
/* Stop listening; requests under way are answered 503, streams end, replies being sent get two
 * seconds; then done (may be NULL) is called and the server is freed. Needs the loop to run. */
void sw_http_server_close(struct sw_http_server *s, void (*done)(void *ctx), void *ctx);

/* What was asked; valid until the handler has answered. */
const char *sw_http_req_method(const struct sw_http_req *r);    /* "GET" for HEAD too */
const char *sw_http_req_path(const struct sw_http_req *r);      /* decoded, clean UTF-8, begins with '/' */
const char *sw_http_req_query(const struct sw_http_req *r, const char *name);  /* first of them, or NULL */
const char *sw_http_req_header(const struct sw_http_req *r, const char *name); /* any case; first, or NULL */
const struct sw_http_field *sw_http_req_queries(const struct sw_http_req *r, size_t *n);
const struct sw_http_field *sw_http_req_headers(const struct sw_http_req *r, size_t *n);
const char *sw_http_req_body(const struct sw_http_req *r, size_t *n); /* terminated beyond n */
const char *sw_http_req_peer(const struct sw_http_req *r);      /* "127.0.0.1", "::1" */

/* Called at most once, on the loop, when nobody waits for the answer any more: the client closed (or
 * half-closed) its connection, or the server was closed. The answer is still owed; it may be given
 * inside fn. A waiting client's leaving is noticed within half a second. */
void sw_http_on_gone(struct sw_http_req *r, void (*fn)(void *ctx, struct sw_http_req *r), void *ctx);

/* Answer and give up the request. Headers may be NULL; the safe ones (nosniff, no-store, no framing,
 * CSP 'none', application/json) are added unless named in it. 0; SW_E_NOTFOUND when nobody waits;
 * SW_E_BAD when a header is malformed or the server's own, and the client got a 500 instead. */
int sw_http_reply(struct sw_http_req *r, int status, const struct sw_http_field *headers, const void *body, size_t n);
int sw_http_reply_static(struct sw_http_req *r, int status, const struct sw_http_field *headers,
                         const void *body, size_t n);           /* the bytes outlive the server */
int sw_http_problem(struct sw_http_req *r, int status, const char *title, const char *detail); /* detail may be NULL */

/* Answer with a stream of unknown length (text/event-stream unless headers say otherwise). The
 * request is then the stream's handle until sw_http_stream_close. max_bytes caps what waits for a
 * slow reader. 0, SW_E_NOTFOUND or SW_E_BAD as above; closing is owed in every case. */
int sw_http_stream_open(struct sw_http_req *r, const struct sw_http_field *headers, size_t max_bytes);
/* Queue bytes. 0; SW_E_LIMIT when the reader is too slow and was dropped; SW_E_NOTFOUND when gone. */
int sw_http_stream_push(struct sw_http_req *r, const void *p, size_t n);
/* Queue one event; event may be NULL; each line of the n bytes of data becomes a data line. */
int sw_http_stream_event(struct sw_http_req *r, const char *event, const char *data, size_t n);
void sw_http_stream_close(struct sw_http_req *r);   /* what is queued is still sent; the handle ends */
#endif
