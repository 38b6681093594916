/* SPDX-License-Identifier: MIT
 * Request targets. A path is decoded exactly once and judged after decoding, so that an escaped
 * slash or dot cannot slip past the rules. It does not normalise: a path with "." or ".." segments
 * is refused, never repaired. */
#include "net/http_target.h"
#include "base/json.h"
#include <string.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

long sw_http_unescape(const char *raw, size_t n, char *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)raw[i];
        if (c == '%') {
            int hi = n - i > 2 ? hex(raw[i + 1]) : -1, lo = n - i > 2 ? hex(raw[i + 2]) : -1;
            if (hi < 0 || lo < 0) return -1;
            c = (unsigned char)(hi << 4 | lo);
            i += 2;
        }
        if (c < 0x20 || c == 0x7f) return -1;
        out[k++] = (char)c;
    }
    out[k] = 0;
    return sw_utf8_valid(out, k) == k ? (long)k : -1;
}

static bool dots(const char *s, size_t n)
{
    return (n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.');
}

/* Where the path of an absolute target begins; the target itself when it is in origin form. */
static const char *origin_form(const char *raw)
{
    const char *host = !strncmp(raw, "http://", 7)    ? raw + 7
                       : !strncmp(raw, "https://", 8) ? raw + 8
                                                      : NULL;
    if (!host) return raw;
    return host[strcspn(host, "/")] ? host + strcspn(host, "/") : "/";
}

int sw_http_path(const char *raw, char *out)
{
    const char *from = origin_form(raw);
    long n;
    if (from[0] != '/') return 400;
    if (strlen(from) > 3 * SW_HTTP_PATH_MAX) return 414;
    n = sw_http_unescape(from, strlen(from), out);
    if (n < 0 || strchr(out, '\\')) return 400;
    if (n > SW_HTTP_PATH_MAX) return 414;
    for (const char *s = out; s; s = strchr(s, '/')) {
        s++;
        if (dots(s, strcspn(s, "/"))) return 400;
    }
    return 0;
}

bool sw_http_is_token(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && (!c || !strchr("!#$%&'*+-.^_`|~", c))) return false;
    }
    return n > 0;
}

bool sw_http_is_field_value(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
    }
    return true;
}
