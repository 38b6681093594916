/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/alloc.h"
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sw_buf_init(struct sw_buf *b, size_t max_bytes)
{
    *b = (struct sw_buf){.max = max_bytes};
}

void sw_buf_clear(struct sw_buf *b)
{
    sw_free(b->data);
    sw_buf_init(b, b->max);
}

void sw_buf_reset(struct sw_buf *b)
{
    b->len = 0;
    b->over = false;
    if (b->data) b->data[0] = 0;
}

char *sw_buf_take(struct sw_buf *b)
{
    char *s = b->data ? (char *)b->data : sw_strdup("");
    b->data = NULL;
    sw_buf_init(b, b->max);
    return s;
}

uint8_t *sw_buf_room(struct sw_buf *b, size_t n)
{
    if (b->over || n > b->max || b->len > b->max - n) {
        b->over = true;
        return NULL;
    }
    if (b->len + n + 1 > b->cap) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap < b->len + n + 1) cap *= 2;
        if (cap > b->max + 1) cap = b->max + 1;
        b->data = sw_realloc(b->data, cap);
        b->cap = cap;
    }
    return b->data + b->len;
}

void sw_buf_expect(struct sw_buf *b, size_t bytes)
{
    if (bytes > b->max || bytes < b->cap) return;
    b->data = sw_realloc(b->data, bytes + 1);
    b->data[b->len] = 0;
    b->cap = bytes + 1;
}

void sw_buf_put_slowly(struct sw_buf *b, const void *p, size_t n)
{
    uint8_t *to = sw_buf_room(b, n);
    if (!to) return;
    if (n) memcpy(to, p, n);
    b->len += n;
    b->data[b->len] = 0;
}

void sw_buf_puts(struct sw_buf *b, const char *s)
{
    sw_buf_put(b, s, strlen(s));
}
void sw_buf_printf(struct sw_buf *b, const char *fmt, ...)
{
    va_list ap, again;
    int n;
    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n > 0 && sw_buf_room(b, (size_t)n)) {
        vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

static inline void put_le(struct sw_buf *b, uint64_t v, int bytes)
{
    uint8_t t[8];
    for (int i = 0; i < bytes; i++) t[i] = (uint8_t)(v >> (8 * i));
    sw_buf_put(b, t, (size_t)bytes);
}

void sw_buf_u16(struct sw_buf *b, uint16_t v)
{
    put_le(b, v, 2);
}
void sw_buf_u32(struct sw_buf *b, uint32_t v)
{
    put_le(b, v, 4);
}
void sw_buf_u64(struct sw_buf *b, uint64_t v)
{
    v = htole64(v);
    sw_buf_put(b, &v, sizeof v);
}

void sw_buf_f64(struct sw_buf *b, double v)
{
    uint64_t u;
    memcpy(&u, &v, 8);
    sw_buf_u64(b, u);
}

void sw_buf_long_varint(struct sw_buf *b, uint64_t v)
{
    uint8_t t[10];
    size_t n = 0;
    while (v >= 0x80) {
        t[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    t[n++] = (uint8_t)v;
    sw_buf_put(b, t, n);
}

void sw_buf_zigzag(struct sw_buf *b, int64_t v)
{
    sw_buf_varint(b, ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0));
}

void sw_buf_cut(struct sw_buf *b, size_t n)
{
    if (n >= b->len) {
        b->len = 0;
    } else {
        memmove(b->data, b->data + n, b->len - n);
        b->len -= n;
    }
    if (b->data) b->data[b->len] = 0;
}

const uint8_t *sw_rd_bytes(struct sw_rd *r, size_t n)
{
    const uint8_t *p = r->p;
    if (r->bad || n > sw_rd_left(r)) {
        r->bad = true;
        r->p = r->end;
        return NULL;
    }
    r->p += n;
    return p;
}

uint64_t sw_rd_little(struct sw_rd *r, size_t n)
{
    const uint8_t *p = sw_rd_bytes(r, n);
    uint64_t v = 0;
    if (!p) return 0;
    for (size_t i = 0; i < n; i++) v |= (uint64_t)p[i] << (8 * i);
    return v;
}

uint16_t sw_rd_u16(struct sw_rd *r)
{
    return (uint16_t)sw_rd_little(r, 2);
}
uint64_t sw_rd_u64(struct sw_rd *r)
{
    return sw_rd_little(r, 8);
}

double sw_rd_f64(struct sw_rd *r)
{
    uint64_t u = sw_rd_little(r, 8);
    double v;
    memcpy(&v, &u, 8);
    return v;
}

uint64_t sw_rd_long_varint(struct sw_rd *r)
{
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint8_t c = sw_rd_byte(r);
        if (shift == 63 && c > 1) r->bad = true;
        v |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80)) return v;
    }
    r->bad = true;
    return 0;
}
