/* SPDX-License-Identifier: MIT
 * Texts of the HTTP server's answers: problem documents, whole refusals, events, and which headers a
 * handler may send. Pure. */
#ifndef SW_NET_HTTP_TEXT_H
#define SW_NET_HTTP_TEXT_H
#include "base/buf.h"
#include "net/http_server.h"

extern const struct sw_http_field sw_http_safe[];   /* sent unless named by the handler; ends with NULL */

bool sw_http_named(const struct sw_http_field *headers, const char *name);      /* NULL list: no */
bool sw_http_sendable(const struct sw_http_field *headers); /* well-formed and none of the server's own */
void sw_http_write_problem(struct sw_buf *b, int status, const char *title, const char *detail);
/* A complete answer that ends the connection. Gives the bytes of its body. */
size_t sw_http_write_refusal(struct sw_buf *b, int status, const char *reason);
/* One event of an event stream; event may be NULL. Line breaks in it are left out; in data they
 * begin a new data line. */
void sw_http_write_event(struct sw_buf *b, const char *event, const char *data, size_t n);
#endif
