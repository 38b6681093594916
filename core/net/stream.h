/* SPDX-License-Identifier: MIT
 * A stream of bytes over TCP or TLS, both ways, for protocols that are not HTTP. It is connected by
 * libcurl under the same guard as a request. One operation each way at a time: open, then sends and
 * receives, each of which ends in exactly one call of its done, from the loop and never from inside a
 * call into this header. Nothing is read ahead of what is asked for, so a chatty server waits in the
 * kernel. After a failure every later operation fails with the same reason. Thread: the loop's. */
#ifndef SW_NET_STREAM_H
#define SW_NET_STREAM_H
#include "net/http_client.h"

struct sw_stream;

#define SW_STREAM_MAX (1u << 20) /* bytes of one send, and of what one receive may ask for */

struct sw_stream_request {
    const char *url;                 /* "tcp://host:port" or "tls://host:port" */
    const struct sw_origin *allowed; /* where it may go; none: only to `local` */
    size_t n_allowed;
    const struct sw_origin *local;   /* an administrator's: may go there though the address is local */
    size_t n_local;
    long timeout_ms;                 /* to connect, names and TLS included; 0: 10000 */
    const char *ca_file;             /* PEM of trusted authorities; NULL: the system's */
};

/* code: SW_HTTP_OK, or why not, with one clean sentence (else ""): SW_HTTP_NETWORK when the other side
 * closed, _TIMEOUT, _TLS, _REFUSED, _BAD_URL, _TOO_LARGE, _CANCELLED. */
struct sw_stream_on {
    void (*done)(void *ctx, enum sw_http_code code, const char *error);
    void *ctx;
};

/* Origin of a stream's URL; SW_E_BAD with a sentence. */
int sw_stream_origin(const char *url, struct sw_origin *out, struct sw_err *err);
/* Connect. Whatever is wrong is told by done; closing is owed in every case. */
struct sw_stream *sw_stream_open(struct uv_loop_s *loop, const struct sw_stream_request *q,
                                 const struct sw_stream_on *on);
/* Send all of n bytes, which are copied. Done when the kernel has them. */
void sw_stream_send(struct sw_stream *s, const void *p, size_t n, long timeout_ms,
                    const struct sw_stream_on *on);
/* Done when n_min bytes (at least one) are there, or with a failure; what came stays for the next time. */
void sw_stream_recv(struct sw_stream *s, size_t n_min, long timeout_ms,
                    const struct sw_stream_on *on);
/* What is there, at most max bytes, into to; gives how many. */
size_t sw_stream_take(struct sw_stream *s, void *to, size_t max);
size_t sw_stream_available(const struct sw_stream *s);
/* Whatever is under way ends as cancelled, from the loop; so does all that is asked later. */
void sw_stream_cancel(struct sw_stream *s);
/* Close; no done is called any more. The memory goes when the loop has let go of it. */
void sw_stream_close(struct sw_stream *s);
#endif
