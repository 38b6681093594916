/* SPDX-License-Identifier: MIT
 * What a client asked for: method, path, query, headers and body, copied into one block that lives
 * as long as the request. The server measures first and adds then; finishing gives the verdict. */
#ifndef SW_NET_HTTP_ASK_H
#define SW_NET_HTTP_ASK_H
#include "base/buf.h"
#include "net/http_server.h"

struct sw_http_ask {
    const char *method, *path;      /* method: one of ours, NULL if unknown; path: "-" if refused */
    struct sw_http_field *query, *header;
    size_t n_query, n_header;
    struct sw_buf body;
    bool head;                      /* the method is HEAD */
    bool bad;                       /* a field that could not be read */
    unsigned hosts, lengths, chunked; /* how often these headers came */
    char *end;                      /* of the text so far */
};

/* Room for that many fields and for bytes: of every name and value, NUL included, and of the path
 * and three more. Free it with sw_http_ask_free. */
struct sw_http_ask *sw_http_ask_new(size_t n_header, size_t n_query, size_t bytes, size_t max_body);
void sw_http_ask_free(struct sw_http_ask *a);
void sw_http_ask_header(struct sw_http_ask *a, const char *k, size_t kn, const char *v, size_t vn);
void sw_http_ask_query(struct sw_http_ask *a, const char *k, size_t kn, const char *v, size_t vn); /* still encoded */
/* Set method and path. 0, or the status the request is refused with: 400, 414, 431 or 501. */
int sw_http_ask_finish(struct sw_http_ask *a, const char *method, const char *path);
const char *sw_http_ask_find(const struct sw_http_field *f, size_t n, const char *name, bool any_case); /* or NULL */
#endif
