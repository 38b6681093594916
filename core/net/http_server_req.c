/* SPDX-License-Identifier: MIT
 * A request's way from libmicrohttpd to the handler. A request belongs to two parties, the connection
 * and the handler, and is freed when both have let go. Malformed heads and oversized ones (400, 414,
 * 431) are answered by libmicrohttpd itself and never get here. */
#include <microhttpd.h>
#include <uv.h>
#include "net/http_server_priv.h"
#include "base/alloc.h"
#include "base/clock.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define GONE_STATUS 499

/* ---- requests ---- */

static void req_free(struct sw_http_req *r)
{
    assert(!r->conn && !r->held);
    sw_http_ask_free(r->ask);
    sw_buf_clear(&r->out);
    sw_free(r);
}

void sw_http_req_wait_over(struct sw_http_req *r)
{
    if (r->waiting) r->server->stats.waiting--;
    r->waiting = false;
}

/* The handler has let go. */
void sw_http_req_release(struct sw_http_req *r)
{
    assert(r->held);
    r->held = false;
    if (!r->conn) req_free(r);
}

void sw_http_req_resume(struct sw_http_req *r)
{
    if (!r->suspended) return;
    r->suspended = false;
    r->server->again = true;
    MHD_resume_connection(r->mhd);
}

enum MHD_Result sw_http_req_suspend(struct sw_http_req *r)
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
static struct sw_http_req *req_new(struct sw_http_conn *cn, struct MHD_Connection *mhd,
                                   const char *url, const char *method, int *status)
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

/* ---- libmicrohttpd's callbacks ---- */

static enum MHD_Result queue_response(struct sw_http_req *r)
{
    enum MHD_Result ok = MHD_queue_response(r->mhd, (unsigned)r->status, r->response);
    MHD_destroy_response(r->response);
    r->response = NULL;
    if (!r->streaming) sw_http_conn_enter(r->conn, SW_CONN_SEND);
    r->conn->bytes = r->reply_bytes;
    return ok;
}

static enum MHD_Result req_begin(struct sw_http_conn *cn, struct MHD_Connection *mhd,
                                 const char *url, const char *method, void **slot)
{
    struct sw_http_server *s = cn->server;
    int status;
    struct sw_http_req *r = cn->req = *slot = req_new(cn, mhd, url, method, &status);
    const char *length = r->ask->lengths ? sw_http_req_header(r, "Content-Length") : NULL;
    sw_http_conn_enter(cn, SW_CONN_BODY);
    if (!status && length && strtoull(length, NULL, 10) > s->c.max_body_bytes) status = 413;
    if (!status && s->closing) status = 503;
    if (status) sw_http_conn_refuse(cn, status);
    return MHD_YES;
}

static void take_body(struct sw_http_req *r, const char *data, size_t n)
{
    struct sw_http_server *s = r->server;
    struct sw_http_conn *cn = r->conn;
    cn->bytes += n;
    if (r->refused) {
        if (cn->bytes > s->c.max_body_bytes) shutdown(cn->fd, SHUT_RDWR);
        return;
    }
    if (s->body_bytes + n > s->body_bytes_max) {
        sw_http_conn_refuse(cn, 503);
        return;
    }
    sw_buf_put(&r->ask->body, data, n);
    if (r->ask->body.over) sw_http_conn_refuse(cn, 413);
    else s->body_bytes += n;
}

static enum MHD_Result req_answer(struct sw_http_req *r)
{
    struct sw_http_server *s = r->server;
    if (r->refused || r->gone) return MHD_NO;
    if (!r->asked) {
        r->asked = r->held = true;
        sw_http_conn_enter(r->conn, SW_CONN_ASKED);
        s->stats.requests++;
        s->stats.waiting++;
        r->waiting = true;
        s->c.on_request(s->c.ctx, r);
    }
    return r->response ? queue_response(r) : sw_http_req_suspend(r);
}

enum MHD_Result sw_http_on_mhd(void *cls, struct MHD_Connection *mhd, const char *url,
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
    sw_http_server_log(r->server, &a);
}

/* The connection lets go of a request: it was answered, or nobody is left to answer. */
void sw_http_on_completed(void *cls, struct MHD_Connection *mhd, void **slot,
                          enum MHD_RequestTerminationCode why)
{
    struct sw_http_server *s = cls;
    struct sw_http_req *r = *slot;
    (void)mhd;
    if (!r) return;
    *slot = NULL;
    log_request(r, r->answered && why == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    s->body_bytes -= r->ask->body.len;
    sw_http_req_wait_over(r);
    if (r->streaming) s->stats.streams--;
    if (r->asked && (r->gone || !r->answered)) s->stats.gone++;
    r->conn->req = NULL;
    if (!r->refused) sw_http_conn_enter(r->conn, SW_CONN_HEAD);
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
