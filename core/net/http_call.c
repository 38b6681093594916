/* SPDX-License-Identifier: MIT
 * One request of the HTTP client, hop by hop. A call owns an easy handle whose fixed options are set
 * once; finished calls wait in a pool with their handle, so a request costs a dozen options and a URL. */
#include <curl/curl.h>
#include <uv.h>
#include "net/http_client_priv.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "net/url.h"
#include <string.h>

#define KEEP_CALLS 32          /* finished calls kept with their handle */
#define KEEP_BODY  (64u << 10) /* memory of a collected body kept with them */

/* ---- what comes in ---- */

/* ---- what comes in ---- */

static bool is_redirect(const struct sw_http_call *c)
{
    return !c->no_redirects && (c->status == 301 || c->status == 302 || c->status == 303 ||
                                c->status == 307 || c->status == 308);
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
    struct sw_http_call *c = ctx;
    long status = 0;
    int rc = sw_http_head_line(&c->head, p, size * n);
    if (rc < 0) {
        sw_transfer_stop(&c->t, SW_HTTP_TOO_LARGE, "the answer has too many headers");
        return 0;
    }
    if (rc == 1) {
        curl_easy_getinfo(c->t.easy, CURLINFO_RESPONSE_CODE, &status);
        c->status = (int)status;
        c->swallow = is_redirect(c) && sw_http_head_find(&c->head, "Location");
    }
    return size * n;
}

/* Decoded bytes of a body. */
static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    struct sw_http_call *c = ctx;
    n *= size;
    if (c->cancelled) sw_transfer_stop(&c->t, SW_HTTP_CANCELLED, "the request was cancelled");
    if (n > c->max_body - c->body_bytes)
        sw_transfer_stop(&c->t, SW_HTTP_TOO_LARGE, "the answer is larger than allowed");
    if (c->t.code != SW_HTTP_OK) return CURL_WRITEFUNC_ERROR;
    c->body_bytes += n;
    if (c->swallow || n == 0) return n;
    if (!c->on.body) sw_buf_put(&c->body, p, n);
    else if (c->on.body(c->on.ctx, c->status, (const uint8_t *)p, n) != 0)
        sw_transfer_stop(&c->t, SW_HTTP_CANCELLED, "the receiver wanted no more");
    return c->t.code == SW_HTTP_OK ? n : CURL_WRITEFUNC_ERROR;
}

/* ---- a call's memory ---- */

static void hop_done(struct sw_transfer *t, CURLcode rc);

static void make_easy(struct sw_http_call *c)
{
    CURL *e = sw_transfer_easy(&c->t, &c->http->transfer);
    c->t.done = hop_done;
    if (!e) return;
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(e, CURLOPT_USERAGENT, c->http->user_agent);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 10L);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, c->http->low_speed_s);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
}

static void clear_call(struct sw_http_call *c)
{
    sw_http_out_clear(&c->out);
    sw_free(c->t.origins);
    curl_slist_free_all(c->lines);
    curl_url_cleanup(c->url);
    if (c->body.cap > KEEP_BODY) sw_buf_clear(&c->body);
}

void sw_http_call_free(struct sw_http_call *c)
{
    curl_easy_cleanup(c->t.easy);
    sw_buf_clear(&c->body);
    sw_buf_clear(&c->head.text);
    sw_free(c);
}

/* Give the call back: its handle and buffers wait for the next one. */
static void put_call(struct sw_http_call *c)
{
    struct sw_http *h = c->http;
    struct sw_http_call kept = {
        .http = h, .t = {.easy = c->t.easy, .done = hop_done}, .next = h->pool};
    clear_call(c);
    if (!c->t.easy || h->closing || h->n_pool >= KEEP_CALLS) {
        sw_http_call_free(c);
        return;
    }
    kept.body = c->body;
    kept.head = c->head;
    *c = kept;
    h->pool = c;
    h->n_pool++;
}

struct sw_http_call *sw_http_call_get(struct sw_http *h)
{
    struct sw_http_call *c = h->pool;
    if (c) {
        h->pool = c->next;
        h->n_pool--;
        c->next = NULL;
        sw_buf_reset(&c->body);
        sw_http_head_reset(&c->head);
        return c;
    }
    c = sw_zalloc(sizeof *c);
    c->http = h;
    make_easy(c);
    sw_buf_init(&c->body, SW_HTTP_MAX_BODY);
    sw_http_head_init(&c->head);
    return c;
}

/* ---- what goes out ---- */

void sw_http_call_take(struct sw_http_call *c, const struct sw_http_request *q)
{
    c->no_redirects = q->no_redirects;
    c->max_body = q->max_body_bytes ? q->max_body_bytes : SW_HTTP_MAX_BODY;
    c->body.max = c->max_body;
    c->deadline_ms = sw_mono_ms() + (q->timeout_ms > 0 ? q->timeout_ms : 60000);
    sw_transfer_set_origins(&c->t, q->allowed, q->n_allowed, q->local, q->n_local);
    c->t.code = SW_HTTP_BAD_REQUEST;
    if (sw_http_out_take(&c->out, q, &c->t.err) != SW_OK) return;
    c->t.code = SW_HTTP_BAD_URL;
    c->url = curl_url();
    if (!c->url || !c->t.easy) sw_fail(&c->t.err, SW_E_INTERNAL, "libcurl gave no handle");
    else if (sw_url_read(c->url, q->url ? q->url : "", SW_PROTO_HTTP, &c->t.origin, &c->t.err) == SW_OK &&
             sw_transfer_admit(&c->t) == SW_OK)
        c->t.code = SW_HTTP_OK;
}

static void build_lines(struct sw_http_call *c)
{
    curl_slist_free_all(c->lines);
    c->lines = NULL;
    for (size_t i = 0; i < c->out.n_lines; i++)
        c->lines = curl_slist_append(c->lines, c->out.line[i].text);
    c->lines = curl_slist_append(c->lines, "Expect:"); /* no waiting for a 100 */
    if (!sw_http_out_has(&c->out, "Content-Type"))
        c->lines = curl_slist_append(c->lines, "Content-Type:"); /* no guess of libcurl's */
}

static void set_method(struct sw_http_call *c)
{
    CURL *e = c->t.easy;
    const struct sw_http_out *o = &c->out;
    bool body = sw_http_out_posts(o);
    bool asks = !strcmp(o->method, "GET") || !strcmp(o->method, "HEAD");
    /* On a kept connection libcurl sends again by itself what got no answer: fine for questions only. */
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, asks ? 0L : 1L);
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, NULL);
    curl_easy_setopt(e, CURLOPT_NOBODY, 0L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
    if (body) {
        curl_easy_setopt(e, CURLOPT_POST, 1L);
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)o->body_bytes);
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, o->has_body ? o->body : "");
    }
    if (strcmp(o->method, "HEAD") == 0) curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    else if (strcmp(o->method, body ? "POST" : "GET") != 0)
        curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, o->method);
}

void sw_http_call_launch(struct sw_http_call *c)
{
    int64_t left_ms = c->deadline_ms - sw_mono_ms();
    sw_http_head_reset(&c->head);
    c->body_bytes = 0;
    c->swallow = false;
    c->status = 0;
    c->t.said[0] = 0;
    sw_err_clear(&c->t.err);
    build_lines(c);
    set_method(c);
    curl_easy_setopt(c->t.easy, CURLOPT_CURLU, c->url);
    curl_easy_setopt(c->t.easy, CURLOPT_HTTPHEADER, c->lines);
    curl_easy_setopt(c->t.easy, CURLOPT_TIMEOUT_MS, left_ms > 0 ? (long)left_ms : 1L);
    c->stage = SW_CALL_RUNNING;
    if (curl_multi_add_handle(c->http->multi.curl, c->t.easy) == CURLM_OK) return;
    c->stage = SW_CALL_ENDED;
    sw_transfer_stop(&c->t, SW_HTTP_NETWORK, "libcurl could not take the request");
}

/* ---- the end of a call ---- */

static void unlink_call(struct sw_http_call *c)
{
    if (c->prev) c->prev->next = c->next;
    else c->http->live = c->next;
    if (c->next) c->next->prev = c->prev;
}

void sw_http_call_finish(struct sw_http_call *c)
{
    struct sw_http_reply r = {.code = c->t.code,
                              .status = c->status,
                              .n_headers = c->head.n,
                              .body = &c->body,
                              .origin = c->t.has_origin ? &c->t.origin : NULL,
                              .redirects = c->redirects,
                              .sent = c->t.sent};
    struct sw_http_header *list = sw_http_head_list(&c->head);
    if (c->stage == SW_CALL_RUNNING) curl_multi_remove_handle(c->http->multi.curl, c->t.easy);
    unlink_call(c);
    c->stage = SW_CALL_ENDED;
    r.headers = list;
    if (r.code == SW_HTTP_OK) sw_err_clear(&c->t.err);
    r.error = c->t.err.text;
    c->on.done(c->on.ctx, &r);
    sw_free(list);
    put_call(c);
}

/* ---- redirects ---- */

/* Go where the answer points, if the guard lets us. Else c->t.code says why not. */
static void follow(struct sw_http_call *c, const char *location)
{
    struct sw_origin from = c->t.origin;
    bool moved;
    struct sw_err why = SW_ERR_INIT;
    if (c->redirects == SW_HTTP_MAX_REDIRECTS) {
        sw_transfer_stop(&c->t, SW_HTTP_REFUSED, "the server redirects more than three times");
        return;
    }
    if (sw_url_read(c->url, location, SW_PROTO_HTTP, &c->t.origin, &why) != SW_OK) {
        c->t.origin = from;
        c->t.code = SW_HTTP_REFUSED;
        sw_fail(&c->t.err, SW_E_DENIED, "the server redirects to a place that is not accepted: %s",
                why.text);
        return;
    }
    if (sw_transfer_admit(&c->t) != SW_OK) return;
    moved = !sw_origin_equal(&from, &c->t.origin);
    sw_http_out_redirect(&c->out, c->status);
    if (moved && c->out.has_body) {
        sw_transfer_stop(&c->t, SW_HTTP_REFUSED,
                         "the server wants the request's body sent to another place");
        return;
    }
    if (moved) sw_http_out_leave_home(&c->out);
    c->redirects++;
    sw_http_call_launch(c);
}

/* libcurl is through with the hop. */
static void hop_done(struct sw_transfer *t, CURLcode rc)
{
    struct sw_http_call *c = (struct sw_http_call *)t; /* its first member */
    const char *location = NULL;
    curl_multi_remove_handle(c->http->multi.curl, c->t.easy);
    c->stage = SW_CALL_ENDED;
    if (rc != CURLE_OK) sw_transfer_explain(&c->t, rc);
    if (c->cancelled) sw_transfer_stop(&c->t, SW_HTTP_CANCELLED, "the request was cancelled");
    if (c->t.code == SW_HTTP_OK && is_redirect(c))
        location = sw_http_head_find(&c->head, "Location");
    if (location) follow(c, location);
    if (c->stage == SW_CALL_ENDED && !c->queued) sw_http_call_finish(c);
}
