/* SPDX-License-Identifier: MIT
 * Streams by libcurl's CONNECT_ONLY: it resolves, connects and does TLS, then hands out the socket,
 * which we poll ourselves. Each stream has a multi of its own: in a shared one libcurl would look
 * through the connections it keeps before it opens another, and close those that have bytes to read or
 * are two minutes old, a stream's too.
 *
 * All work is done in step(), which runs from the poll handle and from one timer that carries every
 * deadline, so that no callback is called from inside a call of its owner's. */
#include <curl/curl.h>
#include <uv.h>
#include "net/stream.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "net/multi.h"
#include "net/url.h"
#include <assert.h>
#include <string.h>

#define READ_BLOCK 16384

struct op {
    bool active;
    int64_t deadline_ms; /* monotonic; 0: libcurl watches the time */
    struct sw_stream_on on;
};

struct sw_stream {
    struct sw_transfer t; /* t.code and t.err: why the stream is of no use any more */
    struct sw_multi multi;
    uv_timer_t timer;
    uv_poll_t poll;
    int parts;  /* multi and handles, not closed yet, and a step under way */
    bool added; /* the easy handle is in the multi */
    bool connected, polling, closing;
    struct op opening, sending, receiving;
    struct sw_buf in, out;
    size_t want;
};

/* ---- ending operations ---- */

static void end(struct op *o, enum sw_http_code code, const char *error)
{
    struct sw_stream_on on = o->on;
    o->active = false;
    on.done(on.ctx, code, error);
}

/* The stream is broken: end one operation after the other, as long as nobody closes it meanwhile. */
static void end_all(struct sw_stream *s)
{
    struct op *each[] = {&s->opening, &s->sending, &s->receiving};
    for (size_t i = 0; i < 3; i++)
        if (!s->closing && each[i]->active) end(each[i], s->t.code, s->t.err.text);
}

static bool late(const struct op *o)
{
    return o->active && o->deadline_ms && sw_mono_ms() >= o->deadline_ms;
}

static void end_late(struct sw_stream *s)
{
    if (!s->closing && late(&s->sending)) { /* half a message may be out: nothing can follow it */
        sw_transfer_stop(&s->t, SW_HTTP_TIMEOUT, "the other side took no bytes in time");
        end_all(s);
    }
    if (!s->closing && late(&s->receiving))
        end(&s->receiving, SW_HTTP_TIMEOUT, "the other side sent nothing in time");
}

/* ---- moving bytes ---- */

static void push(struct sw_stream *s)
{
    size_t n;
    while (s->out.len > 0) {
        CURLcode rc = curl_easy_send(s->t.easy, s->out.data, s->out.len, &n);
        if (rc == CURLE_AGAIN) return;
        if (rc != CURLE_OK) {
            sw_transfer_explain(&s->t, rc);
            return;
        }
        sw_buf_cut(&s->out, n);
    }
    end(&s->sending, SW_HTTP_OK, "");
}

static void pull(struct sw_stream *s)
{
    size_t n;
    while (s->in.len < s->want) {
        CURLcode rc = curl_easy_recv(s->t.easy, sw_buf_room(&s->in, READ_BLOCK), READ_BLOCK, &n);
        if (rc == CURLE_AGAIN) return;
        if (rc != CURLE_OK) sw_transfer_explain(&s->t, rc);
        else if (n == 0)
            sw_transfer_stop(&s->t, SW_HTTP_NETWORK, "the other side closed the connection");
        if (s->t.code != SW_HTTP_OK) return;
        s->in.len += n;
    }
    end(&s->receiving, SW_HTTP_OK, "");
}

static void on_poll(uv_poll_t *p, int status, int events);
static void on_timer(uv_timer_t *t);

static int watch(struct sw_stream *s)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (curl_easy_getinfo(s->t.easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
        fd == CURL_SOCKET_BAD || uv_poll_init(s->multi.loop, &s->poll, fd) != 0)
        return SW_E_IO;
    s->poll.data = s;
    s->polling = true;
    s->parts++;
    return SW_OK;
}

/* Poll for what is still wanted and come back at the next deadline. */
static void rearm(struct sw_stream *s)
{
    const struct op *each[] = {&s->sending, &s->receiving};
    int events = (s->sending.active ? UV_WRITABLE : 0) | (s->receiving.active ? UV_READABLE : 0);
    int64_t now = sw_mono_ms(), wait = -1;
    for (size_t i = 0; i < 2; i++) {
        int64_t left = each[i]->deadline_ms > now ? each[i]->deadline_ms - now : 0;
        if (each[i]->active && (wait < 0 || left < wait)) wait = left;
    }
    if (s->polling && events) uv_poll_start(&s->poll, events, on_poll);
    else if (s->polling) uv_poll_stop(&s->poll);
    if (wait >= 0) uv_timer_start(&s->timer, on_timer, (uint64_t)wait, 0);
}

static void part_closed(struct sw_stream *s)
{
    if (--s->parts > 0) return;
    sw_buf_clear(&s->in);
    sw_buf_clear(&s->out);
    sw_free(s->t.origins);
    sw_free(s);
}

/* A done may close the stream and even run the loop: it is freed at the end, not under our feet. */
static void step(struct sw_stream *s)
{
    s->parts++;
    if (s->opening.active && s->connected && s->t.code == SW_HTTP_OK) {
        if (watch(s) == SW_OK) end(&s->opening, SW_HTTP_OK, "");
        else sw_transfer_stop(&s->t, SW_HTTP_NETWORK, "the connection cannot be watched");
    }
    if (!s->closing && s->sending.active && s->t.code == SW_HTTP_OK) push(s);
    if (!s->closing && s->receiving.active && s->t.code == SW_HTTP_OK) pull(s);
    if (!s->closing && s->t.code != SW_HTTP_OK) end_all(s);
    end_late(s);
    if (!s->closing) rearm(s);
    part_closed(s);
}

static void on_poll(uv_poll_t *p, int status, int events)
{
    (void)status, (void)events; /* reading and writing will tell */
    step(p->data);
}

static void on_timer(uv_timer_t *t)
{
    step(t->data);
}

static void step_soon(struct sw_stream *s)
{
    uv_timer_start(&s->timer, on_timer, 0, 0);
}

/* ---- opening and closing ---- */

static void on_connected(struct sw_transfer *t, CURLcode rc)
{
    struct sw_stream *s = (struct sw_stream *)t; /* its first member */
    if (rc == CURLE_OK) s->connected = true;
    else sw_transfer_explain(t, rc);
    step_soon(s); /* not here: a closed stream would take the multi from under its own feet */
}

/* libcurl knows no such schemes: a connection of HTTP's, over which no HTTP is spoken. */
static void set_url(struct sw_transfer *t)
{
    char text[SW_ORIGIN_TEXT], url[SW_ORIGIN_TEXT + 8];
    struct sw_origin o = t->origin;
    o.protocol = SW_PROTO_HTTP;
    sw_origin_text(&o, text);
    snprintf(url, sizeof url, "%s/", text);
    curl_easy_setopt(t->easy, CURLOPT_URL, url);
    curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(t->easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(t->easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
    curl_easy_setopt(t->easy, CURLOPT_TCP_KEEPALIVE, 1L);
}

static void connect_to(struct sw_stream *s, const struct sw_stream_request *q)
{
    struct sw_transfer_config c = {q->ca_file, q->timeout_ms > 0 ? q->timeout_ms : 10000};
    struct sw_transfer *t = &s->t;
    t->done = on_connected;
    if (sw_stream_origin(q->url ? q->url : "", &t->origin, &t->err) != SW_OK) {
        t->code = SW_HTTP_BAD_URL;
        return;
    }
    sw_transfer_set_origins(t, q->allowed, q->n_allowed, q->local, q->n_local);
    if (sw_transfer_admit(t) != SW_OK) return;
    if (!sw_transfer_easy(t, &c)) {
        sw_transfer_stop(t, SW_HTTP_NETWORK, "libcurl gave no handle");
        return;
    }
    set_url(t);
    s->added = curl_multi_add_handle(s->multi.curl, t->easy) == CURLM_OK;
    if (!s->added) sw_transfer_stop(t, SW_HTTP_NETWORK, "libcurl could not take the stream");
}

int sw_stream_origin(const char *url, struct sw_origin *out, struct sw_err *err)
{
    return sw_url_origin(url, SW_PROTO_STREAM, out, err);
}

struct sw_stream *sw_stream_open(struct uv_loop_s *loop, const struct sw_stream_request *q,
                                 const struct sw_stream_on *on)
{
    struct sw_stream *s = sw_zalloc(sizeof *s);
    sw_buf_init(&s->in, SW_STREAM_MAX + 2 * READ_BLOCK);
    sw_buf_init(&s->out, SW_STREAM_MAX);
    s->opening = (struct op){true, 0, *on};
    uv_timer_init(loop, &s->timer); /* cannot fail */
    s->timer.data = s;
    s->parts = 1;
    if (sw_multi_open(&s->multi, loop, &s->t.err) != SW_OK) {
        s->t.code = SW_HTTP_NETWORK;
    } else {
        s->parts++;
        connect_to(s, q);
    }
    if (s->t.code != SW_HTTP_OK) step_soon(s);
    return s;
}

static void handle_closed(uv_handle_t *h)
{
    part_closed(h->data);
}

static void multi_closed(struct sw_multi *m)
{
    part_closed((struct sw_stream *)((char *)m - offsetof(struct sw_stream, multi)));
}

void sw_stream_close(struct sw_stream *s)
{
    assert(!s->closing);
    s->closing = true;
    if (s->polling) uv_close((uv_handle_t *)&s->poll, handle_closed); /* before libcurl closes it */
    uv_close((uv_handle_t *)&s->timer, handle_closed);
    if (s->added) curl_multi_remove_handle(s->multi.curl, s->t.easy);
    curl_easy_cleanup(s->t.easy);
    if (s->multi.curl) sw_multi_close(&s->multi, multi_closed);
}

void sw_stream_cancel(struct sw_stream *s)
{
    sw_transfer_stop(&s->t, SW_HTTP_CANCELLED, "the stream was closed");
    step_soon(s);
}

/* ---- sending and receiving ---- */

static void begin(struct sw_stream *s, struct op *o, long timeout_ms, const struct sw_stream_on *on)
{
    assert(!s->closing && !o->active);
    *o = (struct op){true, sw_mono_ms() + (timeout_ms > 0 ? timeout_ms : 60000), *on};
    step_soon(s);
}

void sw_stream_send(struct sw_stream *s, const void *p, size_t n, long timeout_ms,
                    const struct sw_stream_on *on)
{
    sw_buf_reset(&s->out);
    if (n <= SW_STREAM_MAX) sw_buf_put(&s->out, p, n);
    else sw_transfer_stop(&s->t, SW_HTTP_TOO_LARGE, "more bytes than one send may have");
    begin(s, &s->sending, timeout_ms, on);
}

void sw_stream_recv(struct sw_stream *s, size_t n_min, long timeout_ms,
                    const struct sw_stream_on *on)
{
    if (n_min > SW_STREAM_MAX)
        sw_transfer_stop(&s->t, SW_HTTP_TOO_LARGE, "more bytes than one receive may ask for");
    s->want = n_min > 0 ? n_min : 1;
    begin(s, &s->receiving, timeout_ms, on);
}

size_t sw_stream_available(const struct sw_stream *s)
{
    return s->in.len;
}

size_t sw_stream_take(struct sw_stream *s, void *to, size_t max)
{
    size_t n = s->in.len < max ? s->in.len : max;
    if (n) memcpy(to, s->in.data, n);
    sw_buf_cut(&s->in, n);
    return n;
}
