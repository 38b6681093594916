/* SPDX-License-Identifier: MIT
 * The HTTP server as http_server.c, http_server_conn.c, http_server_req.c and http_server_reply.c share
 * it. It holds libuv's handles by value: each file includes uv.h before it. */
#ifndef SW_NET_HTTP_SERVER_PRIV_H
#define SW_NET_HTTP_SERVER_PRIV_H
#ifndef UV_H
#error "uv.h comes first"
#endif
#include "base/buf.h"
#include "net/http_ask.h"
#include "net/http_server.h"
#include <netinet/in.h>

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;

enum sw_http_phase {
    SW_CONN_HEAD, /* between requests or in the midst of a head */
    SW_CONN_BODY,
    SW_CONN_ASKED, /* with the handler, or a stream */
    SW_CONN_SEND,
    SW_CONN_LINGER /* refused: what still comes is read and dropped */
};

struct sw_http_conn {
    struct sw_http_conn *next, *prev;
    struct sw_http_server *server;
    struct sw_http_req *req; /* the one under way, or NULL */
    enum sw_http_phase phase;
    int64_t since_ms; /* start of the phase, loop time */
    uint64_t bytes;   /* to be moved, or moved, in this phase */
    int fd;
    char peer[INET6_ADDRSTRLEN];
};

struct sw_http_server {
    uv_loop_t *loop;
    struct MHD_Daemon *mhd;
    struct sw_http_server_config c;
    struct sw_http_conn *conns;
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
    struct sw_http_conn *conn;     /* NULL: the connection let go */
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

/* ---- http_server.c ---- */

/* Is there something for libmicrohttpd to do that no descriptor tells of? */
bool sw_http_server_work_left(struct sw_http_server *s);
/* The last step of closing; s is freed when libuv has let go of its handles. */
void sw_http_server_finish_close(struct sw_http_server *s);

/* ---- http_server_conn.c ---- */

/* Another phase of its life, each with a time limit of its own. */
void sw_http_conn_enter(struct sw_http_conn *cn, enum sw_http_phase phase);
/* Answer outside libmicrohttpd; the connection is of no more use. */
void sw_http_conn_refuse(struct sw_http_conn *cn, int status);
const char *sw_http_reason(int status); /* "Not Found"; static text */
void sw_http_server_log(struct sw_http_server *s, const struct sw_http_access *a);
void sw_http_on_sweep(uv_timer_t *h);

/* ---- http_server_req.c ---- */

/* The handler has let go. */
void sw_http_req_release(struct sw_http_req *r);
/* Nobody waits with the handler any more: the count of those is one less. */
void sw_http_req_wait_over(struct sw_http_req *r);
/* Let libmicrohttpd go on with it, if it was suspended. */
void sw_http_req_resume(struct sw_http_req *r);

/* ---- http_server_reply.c ---- */

/* Answer with a problem document; the handler may still hold the request. */
void sw_http_req_set_problem(struct sw_http_req *r, int status, const char *title,
                             const char *detail, bool close_after);

/* ---- libmicrohttpd's callbacks; its header comes first where they are used ---- */

#ifdef MHD_VERSION
enum MHD_Result sw_http_req_suspend(struct sw_http_req *r);
void sw_http_on_connection(void *cls, struct MHD_Connection *mhd, void **slot,
                           enum MHD_ConnectionNotificationCode what);
enum MHD_Result sw_http_on_mhd(void *cls, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *data, size_t *n,
                               void **slot);
void sw_http_on_completed(void *cls, struct MHD_Connection *mhd, void **slot,
                          enum MHD_RequestTerminationCode why);
#endif
#endif
