/* SPDX-License-Identifier: MIT
 * A growing run of bytes, born with a hard cap. Writing past the cap sets `over` and drops the
 * bytes; check it once at the end instead of after each write. Little-endian integers, LEB128
 * varints. The struct is embedded and owned by whoever declared it. */
#ifndef SW_BASE_BUF_H
#define SW_BASE_BUF_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sw_buf {
    uint8_t *data; /* always NUL-terminated beyond len once anything was written */
    size_t len;    /* bytes in use */
    size_t cap;    /* bytes allocated */
    size_t max;    /* hard cap in bytes */
    bool over;     /* something did not fit */
};

/* Empty, without memory yet. */
void sw_buf_init(struct sw_buf *b, size_t max_bytes);
void sw_buf_clear(struct sw_buf *b); /* frees; the cap stays */
void sw_buf_reset(struct sw_buf *b); /* len = 0, memory kept */
char *sw_buf_take(struct sw_buf *b); /* moves the bytes out, terminated; caller frees */
uint8_t *sw_buf_room(struct sw_buf *b,
                     size_t n); /* n writable bytes at the end, NULL if over; not counted yet */
/* So many bytes in all are to come: take memory for just those. Beyond the cap, or once more is there: nothing. */
void sw_buf_expect(struct sw_buf *b, size_t bytes);
static inline uint8_t *sw_buf_quick(struct sw_buf *b, size_t n) /* the same, where there mostly is room */
{
    return !b->over && n < b->cap - b->len ? b->data + b->len : sw_buf_room(b, n);
}
static inline void sw_buf_end(struct sw_buf *b, uint8_t *end) /* what was written there ends here */
{
    b->len = (size_t)(end - b->data);
    *end = 0;
}
/* The part of sw_buf_put that allocates. */
void sw_buf_put_slowly(struct sw_buf *b, const void *p, size_t n);
static inline void sw_buf_put(struct sw_buf *b, const void *p, size_t n)
{
    if (b->over || n >= b->cap - b->len) { /* a buffer is never allocated beyond its cap */
        sw_buf_put_slowly(b, p, n);
        return;
    }
    if (n) memcpy(b->data + b->len, p, n);
    b->len += n;
    b->data[b->len] = 0;
}
/* Text without its NUL; a byte; formatted text; little-endian numbers; LEB128 and zig-zag. */
void sw_buf_puts(struct sw_buf *b, const char *s);
static inline void sw_buf_byte(struct sw_buf *b, uint8_t c)
{
    sw_buf_put(b, &c, 1);
}
void sw_buf_printf(struct sw_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sw_buf_u16(struct sw_buf *b, uint16_t v);
void sw_buf_u32(struct sw_buf *b, uint32_t v);
void sw_buf_u64(struct sw_buf *b, uint64_t v);
void sw_buf_f64(struct sw_buf *b, double v);
void sw_buf_long_varint(struct sw_buf *b, uint64_t v);
static inline void sw_buf_varint(struct sw_buf *b, uint64_t v)
{
    if (v < 0x80) sw_buf_byte(b, (uint8_t)v);
    else sw_buf_long_varint(b, v);
}
void sw_buf_zigzag(struct sw_buf *b, int64_t v);
void sw_buf_cut(struct sw_buf *b, size_t n); /* drops the first n bytes */
static inline const char *sw_buf_str(const struct sw_buf *b)
{
    return b->data ? (const char *)b->data : "";
}

/* A reader over bytes somebody else owns. Reading past the end sets `bad` and gives zeroes. */
struct sw_rd {
    const uint8_t *p, *end;
    bool bad;
};
static inline struct sw_rd sw_rd_of(const void *p, size_t n)
{
    return (struct sw_rd){p, p ? (const uint8_t *)p + n : NULL, false};
}
static inline size_t sw_rd_left(const struct sw_rd *r)
{
    return (size_t)(r->end - r->p);
}
uint64_t sw_rd_little(struct sw_rd *r, size_t bytes); /* up to 8 */
static inline uint8_t sw_rd_byte(struct sw_rd *r)
{
    return !r->bad && r->p < r->end ? *r->p++ : (uint8_t)sw_rd_little(r, 1);
}
/* Little-endian numbers and LEB128, as sw_buf writes them. */
uint16_t sw_rd_u16(struct sw_rd *r);
static inline uint32_t sw_rd_u32(struct sw_rd *r)
{
    const uint8_t *p = r->p;
    if (r->bad || r->end - p < 4) return (uint32_t)sw_rd_little(r, 4);
    r->p += 4;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
uint64_t sw_rd_u64(struct sw_rd *r);
double sw_rd_f64(struct sw_rd *r);
uint64_t sw_rd_long_varint(struct sw_rd *r);
static inline uint64_t sw_rd_varint(struct sw_rd *r)
{
    return !r->bad && r->p < r->end && *r->p < 0x80 ? *r->p++ : sw_rd_long_varint(r);
}
static inline int64_t sw_rd_zigzag(struct sw_rd *r)
{
    uint64_t v = sw_rd_varint(r);
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}
const uint8_t *sw_rd_bytes(struct sw_rd *r, size_t n); /* NULL when fewer are left */
#endif
