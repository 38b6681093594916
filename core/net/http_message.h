/* SPDX-License-Identifier: MIT
 * The two halves of an exchange as plain data: a request's own copy, which changes when a redirect
 * is followed, and the head of an answer as its lines come in. No sockets and no libcurl. Both
 * structs are embedded in the client's call and live as long as it. */
#ifndef SW_NET_HTTP_MESSAGE_H
#define SW_NET_HTTP_MESSAGE_H
#include "net/http_client.h"

#define SW_HTTP_MAX_HEAD (64u << 10) /* bytes of headers, either way */

struct sw_http_line {
    char *text;         /* "name: value" as libcurl wants it */
    enum sw_http_kind kind;
};
struct sw_http_out {
    char method[20];
    struct sw_http_line *line;
    size_t n_lines;
    char *body;
    size_t body_bytes;
    bool has_body;
};
/* Copy and check method, headers and body of q into the empty o. SW_E_BAD, SW_E_DENIED, SW_E_LIMIT. */
int sw_http_out_take(struct sw_http_out *o, const struct sw_http_request *q, struct sw_err *err);
void sw_http_out_clear(struct sw_http_out *o);
bool sw_http_out_has(const struct sw_http_out *o, const char *name);
/* Does this method go out with a length even when the body is empty? */
bool sw_http_out_posts(const struct sw_http_out *o);
/* A redirect with this status: 303, and 301 and 302 after a POST, go on as GET without the body. */
void sw_http_out_redirect(struct sw_http_out *o, int status);
/* The origin changes: only the engine's own headers go on. */
void sw_http_out_leave_home(struct sw_http_out *o);

struct sw_http_head {
    struct sw_buf text; /* name NUL value NUL ... of the latest answer */
    size_t n;           /* headers in it */
    size_t bytes;       /* lines seen, those thrown away included */
    bool over;          /* the blank line came: what follows are trailers */
};
/* Empty; reset keeps the memory. */
void sw_http_head_init(struct sw_http_head *h);
void sw_http_head_reset(struct sw_http_head *h);
/* One line with its end. 1: the blank line, the head is complete; 0; SW_E_LIMIT: too many. A status
 * line starts anew, so that interim answers leave nothing; trailers are dropped. */
int sw_http_head_line(struct sw_http_head *h, const char *p, size_t n);
/* The first value of this name (any case), NULL when absent. */
const char *sw_http_head_find(const struct sw_http_head *h, const char *name);
/* All of it as an array of h->n; caller frees the array, the text stays in h. */
struct sw_http_header *sw_http_head_list(const struct sw_http_head *h);
#endif
