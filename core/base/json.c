/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include <ctype.h>
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

/* How many bytes from s on stand for themselves. */
static size_t plain(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n && s[i] >= 0x20 && s[i] < 0x7f && s[i] != '"' && s[i] != '\\') i++;
    return i;
}

void sw_json_str(struct sw_buf *b, const char *s, size_t n)
{
    sw_buf_byte(b, '"');
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        size_t k = plain(s + i, n - i);
        if (!k) k = utf8_seq((const unsigned char *)s + i, n - i);
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

/* Digits of v before `end`; where they begin. */
static char *digits(char *end, uint64_t v)
{
    do *--end = (char)('0' + v % 10);
    while (v /= 10);
    return end;
}

void sw_json_int(struct sw_buf *b, int64_t v)
{
    char t[24], *end = t + sizeof t, *p = digits(end, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
    if (v < 0) *--p = '-';
    sw_buf_put(b, p, (size_t)(end - p));
}

/* Numbers of up to three decimals, as nearly all are. 15 digits name a double, so these are the ones that the
 * longer way would find. */
static bool put_thousandths(struct sw_buf *b, double v)
{
    double scaled = v * 1000;
    char t[32], *end = t + sizeof t, *p = end;
    int64_t k;
    if (!(fabs(scaled) < 1e15)) return false;
    k = (int64_t)(scaled + (v < 0 ? -0.5 : 0.5));
    if ((double)k / 1000 != v || k == 0) return false;
    p = digits(end, (uint64_t)(k < 0 ? -k : k) % 1000 + 1000); /* the 1 keeps zeroes and gives way to the point */
    *p = '.';
    while (end[-1] == '0') end--;
    p = digits(p, (uint64_t)(k < 0 ? -k : k) / 1000);
    if (k < 0) *--p = '-';
    sw_buf_put(b, p, (size_t)(end - p));
    return true;
}

void sw_json_num(struct sw_buf *b, double v)
{
    char t[40];
    if (!isfinite(v)) {
        sw_buf_puts(b, "null");
    } else if (v == floor(v) && fabs(v) < 1e15) {
        sw_json_int(b, (int64_t)v);
    } else if (!put_thousandths(b, v)) {
        for (int p = 15; p <= 17; p++) {
            snprintf(t, sizeof t, "%.*g", p, v);
            if (strtod(t, NULL) == v) break;
        }
        sw_buf_puts(b, t);
    }
}

void sw_json_key(struct sw_buf *b, const char *key)
{
    if (b->len && b->data[b->len - 1] != '{') sw_buf_byte(b, ',');
    sw_json_str(b, key, strlen(key));
    sw_buf_byte(b, ':');
}

/* Where the member that begins at `at` ends: at the comma or the brace behind it, or the end of the text. */
static size_t member_end(const char *text, size_t n, size_t at)
{
    bool quoted = false;
    int depth = 0;
    for (; at < n; at++) {
        char c = text[at];
        if (quoted) {
            if (c == '\\') at++;
            else quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']' || c == ',') && depth == 0) {
            return at;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return n;
}

static bool is_called(const char *member, size_t n, const char *key)
{
    size_t len = strlen(key);
    while (n && isspace((unsigned char)*member)) member++, n--;
    return n > len + 1 && member[0] == '"' && !memcmp(member + 1, key, len) && member[len + 1] == '"';
}

void sw_json_without(struct sw_buf *b, const char *text, size_t n, const char *key)
{
    size_t at = 1, end;
    bool any = false;
    if (!n || text[0] != '{') {
        sw_buf_put(b, text, n);
        return;
    }
    sw_buf_byte(b, '{');
    for (; at < n; at = end + 1) {
        end = member_end(text, n, at);
        if (!is_called(text + at, end - at, key)) {
            if (any) sw_buf_byte(b, ',');
            sw_buf_put(b, text + at, end - at);
            any = true;
        }
        if (end >= n || text[end] != ',') {
            sw_buf_put(b, text + end, n - end);
            return;
        }
    }
}
