/* SPDX-License-Identifier: MIT
 * One easy handle of libcurl's under the guard: where it may go, what it reached, how it ended. It is
 * embedded in a request, a stream or a mail, which set further options, give the handle to a
 * sw_multi and are called back by done. Thread: the loop's. */
#ifndef SW_NET_TRANSFER_H
#define SW_NET_TRANSFER_H
#ifndef CURLINC_CURL_H
#error "curl/curl.h comes first"
#endif
#include "net/http_client.h"

struct sw_transfer_config {
    const char *ca_file; /* PEM of trusted authorities; NULL: the system's */
    long connect_ms;
};

struct sw_transfer {
    CURL *easy;
    /* libcurl is through with the handle, which is still in the multi. */
    void (*done)(struct sw_transfer *t, CURLcode rc);
    struct sw_origin origin;
    bool has_origin;
    bool local;                /* this hop may reach local addresses */
    bool sent;                 /* a connection stood: something may have left */
    struct sw_origin *origins; /* copies: n_allowed, then n_local; freed by the owner */
    size_t n_allowed, n_local;
    enum sw_http_code code; /* decided by us; SW_HTTP_OK: ask libcurl */
    struct sw_err err;
    char said[CURL_ERROR_SIZE];
};

/* Make t->easy, guarded, without proxy, TLS 1.2 at least. NULL: libcurl gave none. */
CURL *sw_transfer_easy(struct sw_transfer *t, const struct sw_transfer_config *c);
/* Copy the places it may go to. */
void sw_transfer_set_origins(struct sw_transfer *t, const struct sw_origin *allowed,
                             size_t n_allowed, const struct sw_origin *local, size_t n_local);
/* May it go to t->origin? SW_E_DENIED with t->code and t->err set. */
int sw_transfer_admit(struct sw_transfer *t);
/* End it for a reason of ours; the first one counts. */
void sw_transfer_stop(struct sw_transfer *t, enum sw_http_code code, const char *why);
/* Set t->code and t->err by libcurl's code and words, unless our own reason came first. */
void sw_transfer_explain(struct sw_transfer *t, CURLcode rc);
#endif
