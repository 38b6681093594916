/* SPDX-License-Identifier: MIT
 * Requests and heads of answers as data. Header lines are checked and put into libcurl's spelling
 * once, when the request is copied; what a redirect takes away is really freed, so it cannot come
 * back on a later hop. It deliberately knows nothing of URLs and connections. */
#include "net/http_message.h"
#include "base/alloc.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MAX_HEADERS_OUT 64
#define MAX_HEADERS_IN 256
#define MAX_BODY_OUT (64u << 20)

const char *sw_http_code_name(enum sw_http_code code)
{
    static const char *const names[] = {"ok", "network", "timeout", "broken", "tls", "too_large",
                                        "refused", "bad_url", "bad_request", "cancelled"};
    return (size_t)code < sizeof names / sizeof *names ? names[code] : "unknown";
}

bool sw_http_again(enum sw_http_code code)
{
    return code == SW_HTTP_NETWORK || code == SW_HTTP_TIMEOUT || code == SW_HTTP_BROKEN ||
           code == SW_HTTP_CANCELLED;
}

const char *sw_http_header(const struct sw_http_reply *r, const char *name)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (strcasecmp(r->headers[i].name, name) == 0) return r->headers[i].value;
    return NULL;
}

/* ---- out ---- */

/* The line as libcurl wants it: "Name:" would mean "leave it out", "Name;" is an empty value. */
static char *spell(const char *name, size_t name_len, const char *value, size_t value_len)
{
    size_t at = 0;
    char *text = sw_alloc(name_len + value_len + 3);
    while (at < value_len && (value[at] == ' ' || value[at] == '\t')) at++;
    if (at == value_len) sprintf(text, "%.*s;", (int)name_len, name);
    else sprintf(text, "%.*s: %.*s", (int)name_len, name, (int)(value_len - at), value + at);
    return text;
}

static int take_headers(struct sw_http_out *o, const struct sw_http_request *q, struct sw_err *err)
{
    size_t total = 0;
    if (q->n_headers > MAX_HEADERS_OUT)
        return sw_fail(err, SW_E_LIMIT, "more than %d headers", MAX_HEADERS_OUT);
    o->line = sw_zalloc((q->n_headers + 1) * sizeof *o->line);
    for (size_t i = 0; i < q->n_headers; i++) {
        const struct sw_http_header *in = &q->headers[i];
        size_t name = in->name_len ? in->name_len : strlen(in->name);
        size_t value = in->value_len ? in->value_len : strlen(in->value);
        int rc = sw_guard_header(in->name, name, in->value, value, err);
        if (rc != SW_OK) return rc;
        if ((total += name + value + 4) > SW_HTTP_MAX_HEAD)
            return sw_fail(err, SW_E_LIMIT, "the headers are larger than %u bytes", SW_HTTP_MAX_HEAD);
        o->line[i].text = spell(in->name, name, in->value, value);
        o->line[i].kind = in->kind;
        o->n_lines++;
    }
    return SW_OK;
}

static int take_body(struct sw_http_out *o, const struct sw_http_request *q, struct sw_err *err)
{
    o->has_body = q->body_bytes > 0;
    if (!o->has_body) return SW_OK;
    if (q->body_bytes > MAX_BODY_OUT)
        return sw_fail(err, SW_E_LIMIT, "the body is larger than %u bytes", MAX_BODY_OUT);
    if (strcmp(o->method, "HEAD") == 0) return sw_fail(err, SW_E_BAD, "a HEAD request has no body");
    o->body = sw_alloc(q->body_bytes);
    o->body_bytes = q->body_bytes;
    memcpy(o->body, q->body, q->body_bytes);
    return SW_OK;
}

int sw_http_out_take(struct sw_http_out *o, const struct sw_http_request *q, struct sw_err *err)
{
    const char *method = q->method ? q->method : "GET";
    int rc = sw_guard_method(method, err);
    if (rc != SW_OK) return rc;
    strcpy(o->method, method); /* at most 16 letters */
    rc = take_headers(o, q, err);
    return rc == SW_OK ? take_body(o, q, err) : rc;
}

void sw_http_out_clear(struct sw_http_out *o)
{
    for (size_t i = 0; i < o->n_lines; i++) sw_free(o->line[i].text);
    sw_free(o->line);
    sw_free(o->body);
    memset(o, 0, sizeof *o);
}

bool sw_http_out_has(const struct sw_http_out *o, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < o->n_lines; i++) {
        const char *text = o->line[i].text;
        if (strncasecmp(text, name, n) == 0 && (text[n] == ':' || text[n] == ';')) return true;
    }
    return false;
}

bool sw_http_out_posts(const struct sw_http_out *o)
{
    return o->has_body || strcmp(o->method, "POST") == 0 || strcmp(o->method, "PUT") == 0 ||
           strcmp(o->method, "PATCH") == 0;
}

static bool about_body(const struct sw_http_line *l) { return strncasecmp(l->text, "content-", 8) == 0; }
static bool not_engines(const struct sw_http_line *l) { return l->kind != SW_HTTP_ENGINE; }

static void drop(struct sw_http_out *o, bool (*goes)(const struct sw_http_line *l))
{
    size_t n = 0;
    for (size_t i = 0; i < o->n_lines; i++) {
        if (goes(&o->line[i])) sw_free(o->line[i].text);
        else o->line[n++] = o->line[i];
    }
    o->n_lines = n;
}

void sw_http_out_redirect(struct sw_http_out *o, int status)
{
    bool post = strcmp(o->method, "POST") == 0;
    if (strcmp(o->method, "HEAD") == 0 || strcmp(o->method, "GET") == 0) return;
    if (status != 303 && !(post && (status == 301 || status == 302))) return;
    strcpy(o->method, "GET");
    o->has_body = false;
    o->body_bytes = 0;
    drop(o, about_body);
}

void sw_http_out_leave_home(struct sw_http_out *o) { drop(o, not_engines); }

/* ---- the head of an answer ---- */

void sw_http_head_init(struct sw_http_head *h)
{
    memset(h, 0, sizeof *h);
    sw_buf_init(&h->text, 2 * SW_HTTP_MAX_HEAD);
}

void sw_http_head_reset(struct sw_http_head *h)
{
    sw_buf_reset(&h->text);
    h->n = h->bytes = 0;
    h->over = false;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static void keep(struct sw_http_head *h, const char *p, size_t n)
{
    const char *colon = memchr(p, ':', n);
    size_t name = colon ? (size_t)(colon - p) : 0, from = name + 1;
    while (n > 0 && is_blank(p[n - 1])) n--;
    if (!name || name >= n || memchr(p, 0, n)) return;
    while (from < n && is_blank(p[from])) from++;
    sw_buf_put(&h->text, p, name);
    sw_buf_byte(&h->text, 0);
    if (from < n) sw_buf_put(&h->text, p + from, n - from);
    sw_buf_byte(&h->text, 0);
    h->n++;
}

int sw_http_head_line(struct sw_http_head *h, const char *p, size_t n)
{
    h->bytes += n;
    if (h->bytes > SW_HTTP_MAX_HEAD || h->n >= MAX_HEADERS_IN) return SW_E_LIMIT;
    if (n > 5 && memcmp(p, "HTTP/", 5) == 0) {
        sw_buf_reset(&h->text);
        h->n = 0;
        h->over = false;
    } else if (n <= 2 && !h->over) {
        h->over = true;
        return 1;
    } else if (!h->over) {
        keep(h, p, n);
    }
    return 0;
}

const char *sw_http_head_find(const struct sw_http_head *h, const char *name)
{
    const char *p = (const char *)h->text.data;
    for (size_t i = 0; i < h->n; i++) {
        const char *value = p + strlen(p) + 1;
        if (strcasecmp(p, name) == 0) return value;
        p = value + strlen(value) + 1;
    }
    return NULL;
}

struct sw_http_header *sw_http_head_list(const struct sw_http_head *h)
{
    struct sw_http_header *list = sw_zalloc((h->n + 1) * sizeof *list);
    const char *p = (const char *)h->text.data;
    for (size_t i = 0; i < h->n; i++) {
        list[i].name = p;
        list[i].name_len = strlen(p);
        list[i].value = p += list[i].name_len + 1;
        list[i].value_len = strlen(p);
        p += list[i].value_len + 1;
    }
    return list;
}
