/* SPDX-License-Identifier: MIT
 * What an outgoing request may touch: pure functions, no sockets, no state. An address is judged by
 * its number at the moment of connecting, so odd spellings and names that change their answer do
 * not matter; an origin is compared after it was parsed once; header lines are held to the grammar,
 * because libcurl does not. Thread: any. */
#ifndef SW_NET_GUARD_H
#define SW_NET_GUARD_H
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

enum sw_addr_kind {
    SW_ADDR_PUBLIC, /* anybody's: may be connected to */
    SW_ADDR_LOCAL,  /* somebody's own network: only where an administrator listed the origin */
    SW_ADDR_NEVER   /* no host at all: unspecified, multicast, documentation, reserved ... */
};
/* Kind of a numeric IPv4 or IPv6 address; IPv4 inside IPv6 (mapped, NAT64, 6to4, Teredo, ISATAP) is
 * judged by what it holds. *what (when not NULL) gets words for a sentence, "a loopback address";
 * static text. Other families are SW_ADDR_NEVER. */
enum sw_addr_kind sw_guard_address(const struct sockaddr *sa, const char **what);
/* The same for the text of an address, "10.0.0.1" or "fe80::1". What is no address is SW_ADDR_NEVER. */
enum sw_addr_kind sw_guard_address_text(const char *text, const char **what);
/* An address on the open internet, which needs no permission. */
bool sw_guard_is_public(const struct sockaddr *sa);

enum sw_protocol { SW_PROTO_HTTP, SW_PROTO_STREAM, SW_PROTO_MAIL };
/* "http", "https"; "tcp", "tls"; "smtp", "smtps": static text. */
const char *sw_protocol_scheme(enum sw_protocol p, bool tls);

#define SW_ORIGIN_TEXT 280
struct sw_origin {
    char host[256];     /* lower case; an IP literal in its shortest form, without brackets */
    uint16_t port;      /* never 0 */
    bool tls;           /* from the first byte on: https, tls, smtps */
    bool literal;       /* the host is an address, not a name */
    enum sw_protocol protocol;
};
/* Same protocol, host and port; one of a list. */
bool sw_origin_equal(const struct sw_origin *a, const struct sw_origin *b);
bool sw_origin_in(const struct sw_origin *o, const struct sw_origin *list, size_t n);
/* "https://host" with ":port" unless it is HTTP's own; out holds SW_ORIGIN_TEXT bytes. */
void sw_origin_text(const struct sw_origin *o, char *out);
/* Check a host as the URL parser gave it (brackets allowed), fold it into o->host and o->literal.
 * SW_E_BAD when it is neither a plain ASCII name nor an address in an ordinary spelling. */
int sw_origin_set_host(struct sw_origin *o, const char *host, struct sw_err *err);

/* May a script send this header line? SW_E_BAD: not a token, or a value with control bytes;
 * SW_E_DENIED: the engine's own (Host, Content-Length, Connection, Proxy-* ...). */
int sw_guard_header(const char *name, size_t name_len, const char *value, size_t value_len,
                    struct sw_err *err);
/* Upper-case token of at most 16 letters, not CONNECT or TRACE. SW_E_BAD or SW_E_DENIED. */
int sw_guard_method(const char *method, struct sw_err *err);
#endif
