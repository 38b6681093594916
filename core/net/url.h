/* SPDX-License-Identifier: MIT
 * Reading a URL into libcurl's form and the origin that the guard compares. Pure. */
#ifndef SW_NET_URL_H
#define SW_NET_URL_H
#ifndef CURLINC_CURL_H
#error "curl/curl.h comes first"
#endif
#include "net/guard.h"

/* Set u, empty or holding the URL that `text` may be relative to, and its origin. SW_E_BAD with a
 * sentence: another protocol, a user in it, an odd host; a path where only HTTP has one. */
int sw_url_read(CURLU *u, const char *text, enum sw_protocol p, struct sw_origin *o,
                struct sw_err *err);
/* Only the origin. */
int sw_url_origin(const char *text, enum sw_protocol p, struct sw_origin *o, struct sw_err *err);
#endif
