/* SPDX-License-Identifier: MIT
 * What a handler does with a request: read it, answer it, or answer with a stream. An answer is noted
 * in the request and handed to libmicrohttpd when that asks for it. */
#include <microhttpd.h>
#include <uv.h>
#include "net/http_server_priv.h"
#include "net/http_text.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define STREAM_BLOCK (16u * 1024u)

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
    sw_http_req_resume(r);
}

void sw_http_req_set_problem(struct sw_http_req *r, int status, const char *title,
                             const char *detail, bool close_after)
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
        sw_http_req_set_problem(r, 500, sw_http_reason(500), NULL, false);
    } else {
        struct MHD_Response *m = bytes_response(body, n, mode);
        add_headers(m, headers, n ? "application/json" : NULL);
        set_answer(r, status, m, n);
    }
    sw_http_req_wait_over(r);
    sw_http_req_release(r);
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
    if (!rc) sw_http_req_set_problem(r, status, title, detail, false);
    sw_http_req_wait_over(r);
    sw_http_req_release(r);
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
    sw_http_req_suspend(r);
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
        sw_http_req_set_problem(r, 500, sw_http_reason(500), NULL, false);
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
    sw_http_req_wait_over(r);
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
    sw_http_req_resume(r);
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
        if (r->streaming) sw_http_conn_enter(r->conn, SW_CONN_SEND);
        sw_http_req_resume(r);
    }
    sw_http_req_release(r);
}

/* ---- reading a request ---- */

const char *sw_http_req_method(const struct sw_http_req *r)
{
    return r->ask->head ? "GET" : r->ask->method;
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
