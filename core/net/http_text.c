/* SPDX-License-Identifier: MIT
 * A handler's headers are refused as a whole rather than repaired: one that carries a line break is
 * somebody's attempt to write a second answer. */
#include "net/http_text.h"
#include "base/json.h"
#include "net/http_target.h"
#include <string.h>
#include <strings.h>

const struct sw_http_field sw_http_safe[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Cache-Control", "no-store"},
    {"X-Frame-Options", "DENY"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Referrer-Policy", "no-referrer"},
    {NULL, NULL},
};

bool sw_http_named(const struct sw_http_field *headers, const char *name)
{
    for (const struct sw_http_field *f = headers; f && f->name; f++)
        if (!strcasecmp(f->name, name)) return true;
    return false;
}

bool sw_http_sendable(const struct sw_http_field *headers)
{
    static const char *const ours[] = {"Content-Length", "Transfer-Encoding", "Connection", "Date",
                                       "Trailer"};
    for (const struct sw_http_field *f = headers; f && f->name; f++)
        if (!f->value || !sw_http_is_token(f->name, strlen(f->name)) ||
            !sw_http_is_field_value(f->value, strlen(f->value)))
            return false;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (sw_http_named(headers, ours[i])) return false;
    return true;
}

void sw_http_write_problem(struct sw_buf *b, int status, const char *title, const char *detail)
{
    sw_buf_puts(b, "{\"type\":\"about:blank\",\"title\":");
    sw_json_str(b, title, strlen(title));
    sw_buf_printf(b, ",\"status\":%d", status);
    if (detail) {
        sw_buf_puts(b, ",\"detail\":");
        sw_json_str(b, detail, strlen(detail));
    }
    sw_buf_byte(b, '}');
}

size_t sw_http_write_refusal(struct sw_buf *b, int status, const char *reason)
{
    struct sw_buf body;
    size_t n;
    sw_buf_init(&body, 1024);
    sw_http_write_problem(&body, status, reason, NULL);
    n = body.len;
    sw_buf_printf(
        b, "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %zu\r\n",
        status, reason, n);
    for (const struct sw_http_field *f = sw_http_safe; f->name; f++)
        sw_buf_printf(b, "%s: %s\r\n", f->name, f->value);
    sw_buf_printf(b, "Connection: close\r\n%s\r\n%s", status == 503 ? "Retry-After: 5\r\n" : "",
                  sw_buf_str(&body));
    sw_buf_clear(&body);
    return n;
}

static size_t line_length(const char *s, size_t n)
{
    size_t k = 0;
    while (k < n && s[k] != '\n' && s[k] != '\r') k++;
    return k;
}

void sw_http_write_event(struct sw_buf *b, const char *event, const char *data, size_t n)
{
    size_t at = 0, k;
    if (event) {
        sw_buf_puts(b, "event: ");
        sw_buf_put(b, event, line_length(event, strlen(event)));
        sw_buf_byte(b, '\n');
    }
    do {
        k = line_length(data + at, n - at);
        sw_buf_puts(b, "data: ");
        sw_buf_put(b, data + at, k);
        sw_buf_byte(b, '\n');
        at += k;
        if (at + 1 < n && data[at] == '\r' && data[at + 1] == '\n') at++;
    } while (at++ < n);
    sw_buf_byte(b, '\n');
}
