/* SPDX-License-Identifier: MIT
 * The listening socket of the HTTP server and the text of addresses. */
#ifndef SW_NET_HTTP_LISTEN_H
#define SW_NET_HTTP_LISTEN_H
#include "base/err.h"
#include <netinet/in.h>

struct sockaddr;

/* Listen on "ADDRESS:PORT": an IPv4 literal, an IPv6 literal in brackets, or localhost; port 0 picks
 * one. A non-blocking descriptor that the caller closes, or SW_E_BAD (malformed), SW_E_BUSY (taken),
 * SW_E_DENIED, SW_E_IO with one sentence. */
int sw_http_listen(const char *text, struct sw_err *err);
int sw_http_bound_port(int fd);
/* "127.0.0.1", "::1", an IPv4 address in IPv6 clothes as IPv4, "unknown" for what is neither. */
void sw_http_peer_text(const struct sockaddr *sa, char out[INET6_ADDRSTRLEN]);
#endif
