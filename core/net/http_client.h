/* SPDX-License-Identifier: MIT
 * Every outgoing byte: HTTP requests by libcurl on the loop, over few kept connections. A request
 * goes only to the origins it was given, only to public addresses unless an administrator listed the
 * origin, and follows at most three redirects, each checked again. Whatever happens to it, a wrong
 * URL included, it ends in exactly one call of done, which comes from the loop and never from inside
 * a call into this header. Requests are copied; replies are borrowed during done. The process must
 * ignore SIGPIPE. Thread: the loop's. */
#ifndef SW_NET_HTTP_CLIENT_H
#define SW_NET_HTTP_CLIENT_H
#include "base/buf.h"
#include "base/err.h"
#include "net/guard.h"

struct uv_loop_s;
struct sw_http;         /* the client: connections, pooled handles */
struct sw_http_call;    /* a request under way; gone after its done */

#define SW_HTTP_MAX_REDIRECTS 3
#define SW_HTTP_MAX_BODY (32u << 20) /* default cap of an answer, bytes after decompression */

enum sw_http_code {
    SW_HTTP_OK,         /* an answer came, with whatever status */
    SW_HTTP_NETWORK,    /* no name, no connection, or it broke off */
    SW_HTTP_TIMEOUT,    /* total time over, or too slow for too long */
    SW_HTTP_BROKEN,     /* the answer is no valid HTTP */
    SW_HTTP_TLS,        /* no trusted encryption with this server */
    SW_HTTP_TOO_LARGE,  /* body or headers of the answer over the cap */
    SW_HTTP_REFUSED,    /* the guard: origin not listed, address not public, redirect not allowed */
    SW_HTTP_BAD_URL,
    SW_HTTP_BAD_REQUEST,/* method, header or body that cannot be sent */
    SW_HTTP_CANCELLED
};
const char *sw_http_code_name(enum sw_http_code code);  /* "network", "too_large" ...; static text */
bool sw_http_again(enum sw_http_code code);             /* may the same request succeed later? */

enum sw_http_kind {     /* where a header comes from */
    SW_HTTP_SCRIPT,     /* a script: dropped when a redirect changes the origin */
    SW_HTTP_SECRET,     /* a credential the engine filled in: dropped likewise */
    SW_HTTP_ENGINE      /* harmless everywhere, like Accept: kept */
};
struct sw_http_header {
    const char *name, *value;
    size_t name_len, value_len; /* bytes; 0: up to the NUL. Names and values of replies have both */
    enum sw_http_kind kind;
};

struct sw_http_config { /* 0 or NULL anywhere: the default */
    const char *user_agent;     /* "SyncWell" */
    const char *ca_file;        /* PEM of trusted authorities instead of the system's */
    long max_connections;       /* 64 */
    long max_per_host;          /* 6; further requests wait, their time running */
    long connect_ms;            /* 10000 */
    long low_speed_s;           /* 30: under 10 bytes a second for so long ends in a timeout */
};

struct sw_http_request {
    const char *method;         /* NULL: GET */
    const char *url;            /* http or https, absolute, without user and password */
    const struct sw_http_header *headers;
    size_t n_headers;           /* at most 64, 64 KiB together */
    const void *body;
    size_t body_bytes;          /* at most 64 MiB; not with HEAD */
    size_t max_body_bytes;      /* of the answer after decompression; 0: SW_HTTP_MAX_BODY */
    long timeout_ms;            /* total, redirects and waiting included; 0: 60000 */
    const struct sw_origin *allowed;    /* where it may go; none: only to `local` */
    size_t n_allowed;
    const struct sw_origin *local;      /* an administrator's: may go there though the address is local */
    size_t n_local;
    bool no_redirects;          /* hand a redirect out as the answer */
};

struct sw_http_reply {
    enum sw_http_code code;
    int status;                 /* of the last answer; 0 when none came */
    const struct sw_http_header *headers;
    size_t n_headers;
    struct sw_buf *body;        /* collected; empty when on.body took the pieces; may be taken */
    const char *error;          /* one clean sentence unless SW_HTTP_OK, then "" */
    const struct sw_origin *origin; /* who answered, or should have; NULL: bad URL */
    int redirects;              /* followed */
    bool sent;                  /* something may have reached a server: repeat a write with care */
};
/* Value of the first header with this name (any case), NULL when absent. */
const char *sw_http_header(const struct sw_http_reply *r, const char *name);

struct sw_http_on {
    /* Pieces of the final answer's body, decoded. NULL: collected for done. Not 0: cancel. */
    int (*body)(void *ctx, int status, const uint8_t *p, size_t n);
    void (*done)(void *ctx, const struct sw_http_reply *r);
    void *ctx;
};

/* Origin of a URL. SW_E_BAD with a sentence: no http or https URL, a user in it, an odd host. */
int sw_http_origin(const char *url, struct sw_origin *out, struct sw_err *err);

/* A client without connections. NULL with err when libcurl or the loop refuse. Copies the config. */
struct sw_http *sw_http_open(struct uv_loop_s *loop, const struct sw_http_config *c, struct sw_err *err);
/* Requests under way end as cancelled; done (may be NULL) comes last, when the client is freed. */
void sw_http_close(struct sw_http *h, void (*done)(void *ctx), void *ctx);
/* Start a request; NULL, without done, only once the client is closing. Callable from callbacks. */
struct sw_http_call *sw_http_start(struct sw_http *h, const struct sw_http_request *q,
                                   const struct sw_http_on *on);
/* No piece of the body comes any more; done comes soon, cancelled. Callable from callbacks. */
void sw_http_cancel(struct sw_http_call *call);
#endif
