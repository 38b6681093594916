/* SPDX-License-Identifier: MIT
 * The HTTP client: start, cancel, close. libcurl must not be entered from its own callbacks, and callers
 * must not be called from inside sw_http_start; so start, cancel and close only put the call on a list
 * that the `later` timer works off. A call's own way is in http_call.c, the guard in transfer.c, libcurl
 * on the loop in multi.c.
 *
 * It deliberately has no cookies, no netrc, no proxy, no retries and no limits per service: what a
 * request costs and when it is repeated is decided above. */
#include <curl/curl.h>
#include <uv.h>
#include "net/http_client_priv.h"
#include "base/alloc.h"
#include <assert.h>

/* ---- start, cancel, close ---- */

static void free_client(struct sw_http *h)
{
    void (*closed)(void *ctx) = h->closed;
    void *ctx = h->closed_ctx;
    if (--h->parts > 0) return;
    sw_free(h->user_agent);
    sw_free(h->ca_file);
    sw_free(h);
    if (closed) closed(ctx);
}

static void later_closed(uv_handle_t *t)
{
    free_client(t->data);
}

static void multi_closed(struct sw_multi *m)
{
    free_client((struct sw_http *)m); /* its first member */
}

static void shut(struct sw_http *h)
{
    struct sw_http_call *c;
    while ((c = h->pool)) {
        h->pool = c->next;
        sw_http_call_free(c);
    }
    sw_multi_close(&h->multi, multi_closed);
    uv_close((uv_handle_t *)&h->later, later_closed);
}

/* A call that start or cancel left for us. */
static void attend(struct sw_http_call *c)
{
    c->queued = false;
    if (c->cancelled) sw_transfer_stop(&c->t, SW_HTTP_CANCELLED, "the request was cancelled");
    if (c->stage == SW_CALL_NEW && c->t.code == SW_HTTP_OK) sw_http_call_launch(c);
    if (c->t.code != SW_HTTP_OK) sw_http_call_finish(c);
}

static void on_later(uv_timer_t *t)
{
    struct sw_http *h = t->data;
    struct sw_http_call *c;
    while ((c = h->todo)) {
        h->todo = c->todo_next;
        if (!h->todo) h->todo_end = &h->todo;
        attend(c);
    }
    if (!h->closing) return;
    while ((c = h->live)) {
        sw_transfer_stop(&c->t, SW_HTTP_CANCELLED, "the request was cancelled");
        sw_http_call_finish(c);
    }
    shut(h);
}

static void do_later(struct sw_http *h, struct sw_http_call *c)
{
    if (c && !c->queued) {
        c->queued = true;
        c->todo_next = NULL;
        *h->todo_end = c;
        h->todo_end = &c->todo_next;
    }
    if (!uv_is_active((uv_handle_t *)&h->later)) uv_timer_start(&h->later, on_later, 0, 0);
}

static long or_default(long n, long otherwise)
{
    return n > 0 ? n : otherwise;
}

struct sw_http *sw_http_open(struct uv_loop_s *loop, const struct sw_http_config *c,
                             struct sw_err *err)
{
    static const struct sw_http_config none = {0};
    struct sw_http *h = sw_zalloc(sizeof *h);
    if (!c) c = &none;
    if (sw_multi_open(&h->multi, loop, err) != SW_OK) {
        sw_free(h);
        return NULL;
    }
    h->parts = 2; /* the multi and the timer */
    h->low_speed_s = or_default(c->low_speed_s, 30);
    h->user_agent = sw_strdup(c->user_agent ? c->user_agent : "SyncWell");
    h->ca_file = sw_strdup(c->ca_file);
    h->transfer = (struct sw_transfer_config){h->ca_file, or_default(c->connect_ms, 10000)};
    uv_timer_init(loop, &h->later); /* cannot fail */
    h->later.data = h;
    h->todo_end = &h->todo;
    curl_multi_setopt(h->multi.curl, CURLMOPT_MAXCONNECTS, or_default(c->max_connections, 64));
    curl_multi_setopt(h->multi.curl, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      or_default(c->max_connections, 64));
    curl_multi_setopt(h->multi.curl, CURLMOPT_MAX_HOST_CONNECTIONS, or_default(c->max_per_host, 6));
    return h;
}

void sw_http_close(struct sw_http *h, void (*done)(void *ctx), void *ctx)
{
    assert(!h->closing);
    h->closing = true;
    h->closed = done;
    h->closed_ctx = ctx;
    do_later(h, NULL);
}

struct sw_http_call *sw_http_start(struct sw_http *h, const struct sw_http_request *q,
                                   const struct sw_http_on *on)
{
    struct sw_http_call *c;
    if (h->closing) return NULL;
    c = sw_http_call_get(h);
    c->on = *on;
    sw_http_call_take(c, q);
    c->next = h->live;
    if (h->live) h->live->prev = c;
    h->live = c;
    do_later(h, c);
    return c;
}

void sw_http_cancel(struct sw_http_call *call)
{
    if (call->stage == SW_CALL_ENDED) return; /* its done is due or running */
    call->cancelled = true;
    do_later(call->http, call);
}
