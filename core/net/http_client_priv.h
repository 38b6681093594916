/* SPDX-License-Identifier: MIT
 * The client and its calls as http_client.c and http_call.c share them. */
#ifndef SW_NET_HTTP_CLIENT_PRIV_H
#define SW_NET_HTTP_CLIENT_PRIV_H
#include "net/http_message.h"
#include "net/multi.h"

enum sw_http_stage { SW_CALL_NEW, SW_CALL_RUNNING, SW_CALL_ENDED };

struct sw_http_call {
    struct sw_transfer t;
    struct sw_http *http;
    struct sw_http_call *prev, *next; /* in http->live, or next in http->pool */
    struct sw_http_call *todo_next;   /* in http->todo while queued */
    enum sw_http_stage stage;
    bool queued, cancelled;
    struct sw_http_on on;
    CURLU *url; /* of the hop under way */
    struct sw_http_out out;
    struct curl_slist *lines; /* of the hop, for libcurl */
    bool no_redirects;
    int64_t deadline_ms;         /* monotonic */
    size_t max_body, body_bytes; /* of the hop's answer, decoded */
    struct sw_buf body;          /* collected */
    struct sw_http_head head;
    bool swallow; /* a redirect's own body */
    int status, redirects;
};

struct sw_http {
    struct sw_multi multi;
    uv_timer_t later; /* works off todo */
    int parts;        /* not closed yet */
    struct sw_http_call *live, *pool;
    struct sw_http_call *todo, **todo_end; /* new and cancelled calls, in their order */
    int n_pool;
    bool closing;
    char *user_agent, *ca_file;
    struct sw_transfer_config transfer;
    long low_speed_s;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

/* A fresh call, from the pool if it has one. */
struct sw_http_call *sw_http_call_get(struct sw_http *h);
/* Copy and check all of the request; c->t.code says what is wrong. */
void sw_http_call_take(struct sw_http_call *c, const struct sw_http_request *q);
/* Send the hop that c->url and c->out describe. */
void sw_http_call_launch(struct sw_http_call *c);
/* Tell the caller and put the call away. */
void sw_http_call_finish(struct sw_http_call *c);
void sw_http_call_free(struct sw_http_call *c);
#endif
