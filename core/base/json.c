/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the well-formed UTF-8 sequence at s, 0 if there is none (RFC 3629: no surrogates,
 * nothing overlong, nothing above U+10FFFF). */
static size_t utf8_seq(const unsigned char *s, size_t n)
{
    unsigned c = s[0], lo = 0x80, hi = 0xbf;
    size_t len;
    if (c < 0x80) return 1;
    if (c < 0xc2 || c > 0xf4) return 0;
    len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (n < len) return 0;
    if (c == 0xe0) lo = 0xa0;
    if (c == 0xed) hi = 0x9f;
    if (c == 0xf0) lo = 0x90;
    if (c == 0xf4) hi = 0x8f;
    if (s[1] < lo || s[1] > hi) return 0;
    for (size_t i = 2; i < len; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    return len;
}

size_t sw_utf8_valid(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n) {
        size_t k = utf8_seq((const unsigned char *)s + i, n - i);
        if (!k) break;
        i += k;
    }
    return i;
}

void sw_json_str(struct sw_buf *b, const char *s, size_t n)
{
    sw_buf_byte(b, '"');
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        size_t k = utf8_seq((const unsigned char *)s + i, n - i);
        if (!k) {
            sw_buf_puts(b, "\xef\xbf\xbd");
            k = 1;
        } else if (c == '"' || c == '\\') {
            sw_buf_byte(b, '\\');
            sw_buf_byte(b, c);
        } else if (c == '\n') {
            sw_buf_puts(b, "\\n");
        } else if (c < 0x20 || c == 0x7f) {
            sw_buf_printf(b, "\\u%04x", c);
        } else {
            sw_buf_put(b, s + i, k);
        }
        i += k;
    }
    sw_buf_byte(b, '"');
}

void sw_json_num(struct sw_buf *b, double v)
{
    char t[40];
    if (!isfinite(v)) {
        sw_buf_puts(b, "null");
        return;
    }
    if (v == floor(v) && fabs(v) < 1e15) {
        snprintf(t, sizeof t, "%.0f", v);
        if (!strcmp(t, "-0")) memcpy(t, "0", 2);
    } else {
        for (int p = 15; p <= 17; p++) {
            snprintf(t, sizeof t, "%.*g", p, v);
            if (strtod(t, NULL) == v) break;
        }
    }
    sw_buf_puts(b, t);
}

void sw_json_int(struct sw_buf *b, int64_t v)
{
    sw_buf_printf(b, "%" PRId64, v);
}

void sw_json_key(struct sw_buf *b, const char *key)
{
    if (b->len && b->data[b->len - 1] != '{') sw_buf_byte(b, ',');
    sw_json_str(b, key, strlen(key));
    sw_buf_byte(b, ':');
}
