/* SPDX-License-Identifier: MIT
 * The target of a request: percent-decoding and the rules a path must keep before anything else sees
 * it. Pure functions over bytes from strangers; no state, any thread. */
#ifndef SW_NET_HTTP_TARGET_H
#define SW_NET_HTTP_TARGET_H
#include <stdbool.h>
#include <stddef.h>

#define SW_HTTP_PATH_MAX 2048   /* bytes of a decoded path */

/* Decode n bytes of percent-encoded text into out (room for n + 1). Gives the decoded length, or -1
 * for a broken escape, a control byte (NUL among them) or bytes that are no UTF-8. */
long sw_http_unescape(const char *raw, size_t n, char *out);

/* Decode the path of a request line (origin form, or the absolute form of a proxy's client) into
 * out (room for strlen(raw) + 2). 0, or the status it is refused with: 400 for an escape, a byte, a
 * backslash or a "." or ".." segment that has no business there, 414 when it is too long. */
int sw_http_path(const char *raw, char *out);

bool sw_http_is_token(const char *s, size_t n);         /* a header's name or a method */
bool sw_http_is_field_value(const char *s, size_t n);   /* a header's value: no control byte but tab */
#endif
