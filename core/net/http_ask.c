/* SPDX-License-Identifier: MIT
 * One allocation a request: the struct, its fields, their text. Query and path are decoded here,
 * once; whatever two readers could understand differently (two lengths, a length beside chunks, two
 * hosts) is refused, because a proxy in front may be the other reader. */
#include "net/http_ask.h"
#include "base/alloc.h"
#include "net/http_target.h"
#include <string.h>
#include <strings.h>

#define FIELDS_MAX 128 /* headers, and query parameters */

struct sw_http_ask *sw_http_ask_new(size_t n_header, size_t n_query, size_t bytes, size_t max_body)
{
    struct sw_http_ask *a = sw_alloc(sizeof *a + (n_header + n_query) * sizeof *a->query + bytes);
    *a = (struct sw_http_ask){.path = "-"};
    a->header = (struct sw_http_field *)(a + 1);
    a->query = a->header + n_header;
    a->end = (char *)(a->query + n_query);
    sw_buf_init(&a->body, max_body);
    return a;
}

void sw_http_ask_free(struct sw_http_ask *a)
{
    sw_buf_clear(&a->body);
    sw_free(a);
}

static char *copy_text(struct sw_http_ask *a, const char *p, size_t n)
{
    char *to = a->end;
    if (n) memcpy(to, p, n);
    to[n] = 0;
    a->end += n + 1;
    return to;
}

static char *decode_text(struct sw_http_ask *a, const char *p, size_t n)
{
    char *to = a->end;
    long k = sw_http_unescape(p ? p : "", n, to);
    if (k < 0) a->bad = true;
    else a->end += k + 1;
    return k < 0 ? "" : to;
}

void sw_http_ask_header(struct sw_http_ask *a, const char *k, size_t kn, const char *v, size_t vn)
{
    struct sw_http_field *f = &a->header[a->n_header++];
    if (!sw_http_is_token(k, kn) || !sw_http_is_field_value(v, vn)) a->bad = true;
    f->name = copy_text(a, k, kn);
    f->value = copy_text(a, v, vn);
    a->hosts += !strcasecmp(f->name, "Host");
    a->lengths += !strcasecmp(f->name, "Content-Length");
    if (strcasecmp(f->name, "Transfer-Encoding")) return;
    a->chunked++;
    if (strcasecmp(f->value, "chunked")) a->bad = true; /* no other coding is undone here */
}

void sw_http_ask_query(struct sw_http_ask *a, const char *k, size_t kn, const char *v, size_t vn)
{
    struct sw_http_field *f = &a->query[a->n_query++];
    f->name = decode_text(a, k, kn);
    f->value = decode_text(a, v, vn);
}

static const char *known_method(const char *m)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(m, known[i])) return known[i];
    return NULL;
}

int sw_http_ask_finish(struct sw_http_ask *a, const char *method, const char *path)
{
    int status = sw_http_path(path, a->end);
    if (status) return status;
    a->path = a->end;
    a->method = known_method(method);
    a->head = a->method && !strcmp(a->method, "HEAD");
    if (a->n_query > FIELDS_MAX) return 400;
    if (a->n_header > FIELDS_MAX) return 431;
    if (a->bad || a->hosts > 1 || a->lengths > 1 || a->chunked > 1 || (a->lengths && a->chunked))
        return 400;
    return a->method ? 0 : 501;
}

const char *sw_http_ask_find(const struct sw_http_field *f, size_t n, const char *name,
                             bool any_case)
{
    for (size_t i = 0; i < n; i++)
        if (any_case ? !strcasecmp(f[i].name, name) : !strcmp(f[i].name, name)) return f[i].value;
    return NULL;
}
