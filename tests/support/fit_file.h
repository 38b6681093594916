/* SPDX-License-Identifier: MIT */
/* For the tests of the FIT decoder: a writer that makes files byte by byte, so that each
 * quirk stands alone, and a reader that runs the decoder over them. All functions are
 * inline: each test uses some. */
#ifndef SW_TESTS_FIT_FILE_H
#define SW_TESTS_FIT_FILE_H
#include "base/buf.h"
#include "codec/decode.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    T0 = 1000000000,
    U8 = 2,
    S8 = 1,
    U16 = 0x84,
    U32 = 0x86,
    S32 = 0x85,
    STR = 7,
    BYTES = 0x0d,
    U8Z = 0x0a,
    F32 = 0x88
};
#define MS(t) (((int64_t)(t) + 631065600) * 1000)

/* --- a writer --- */

struct out {
    struct sw_buf b;
    size_t start; /* of the open segment */
    bool big;
};

static inline uint16_t crc16(const uint8_t *p, size_t n)
{
    unsigned c = 0;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xa001 : c >> 1;
    }
    return (uint16_t)c;
}

static inline void num(struct out *o, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        sw_buf_byte(&o->b, (uint8_t)(v >> 8 * (o->big ? bytes - 1 - i : i)));
}

static inline void begin(struct out *o, uint8_t header)
{
    o->start = o->b.len;
    sw_buf_byte(&o->b, header);
    sw_buf_put(&o->b, "\x20\x6c\x08\0\0\0\0.FIT\0", header - 1u);
}

static inline void end(struct out *o)
{
    uint8_t *h = o->b.data + o->start;
    uint32_t n = (uint32_t)(o->b.len - o->start - h[0]);
    for (int i = 0; i < 4; i++) h[4 + i] = (uint8_t)(n >> 8 * i);
    sw_buf_u16(&o->b, crc16(h, o->b.len - o->start));
}

/* define(o, local, global, n, num, size, base, ...) */
static inline void define(struct out *o, int local, unsigned global, int n, ...)
{
    va_list ap;
    sw_buf_byte(&o->b, (uint8_t)(0x40 | local));
    sw_buf_byte(&o->b, 0);
    sw_buf_byte(&o->b, o->big);
    num(o, global, 2);
    sw_buf_byte(&o->b, (uint8_t)n);
    va_start(ap, n);
    for (int i = 0; i < 3 * n; i++) sw_buf_byte(&o->b, (uint8_t)va_arg(ap, int));
    va_end(ap);
}

static inline void head(struct out *o, int byte)
{
    sw_buf_byte(&o->b, (uint8_t)byte);
}

static inline void file_id(struct out *o, unsigned type)
{
    define(o, 0, 0, 4, 0, 1, 0, 1, 2, U16, 2, 2, U16, 4, 4, U32);
    head(o, 0), num(o, type, 1), num(o, 1, 2), num(o, 3113, 2), num(o, T0, 4);
}

/* A record definition with time and heart rate under local 1, and one such record. */
static inline void define_record(struct out *o)
{
    define(o, 1, 20, 2, 253, 4, U32, 3, 1, U8);
}
static inline void record(struct out *o, uint32_t t, unsigned bpm)
{
    head(o, 1), num(o, t, 4), num(o, bpm, 1);
}

/* --- a reader --- */

struct got {
    struct sw_batch b;
    struct sw_err err;
    struct sw_buf messages;
    int rc;
};

static inline void decode(struct got *g, const uint8_t *p, size_t n, size_t slice)
{
    void *d = sw_decoder_fit.open();
    memset(g, 0, sizeof *g);
    sw_batch_init(&g->b);
    for (size_t i = 0; i < n && g->rc >= 0; i += slice)
        g->rc =
            sw_decoder_fit.feed(d, p + i, n - i < slice ? n - i : slice, &g->b, &g->err);
    if (g->rc >= 0) g->rc = sw_decoder_fit.finish(d, &g->b, &g->err);
    sw_decoder_fit.close(d);
}

static inline void decode_out(struct got *g, struct out *o)
{
    decode(g, o->b.data, o->b.len, 1 << 20);
}

static inline void done(struct got *g, struct out *o)
{
    sw_batch_clear(&g->b);
    if (o) sw_buf_clear(&o->b);
}

static inline const struct sw_column *col(const struct got *g, const char *type)
{
    for (size_t i = 0; i < g->b.n_col; i++)
        if (!strcmp(g->b.col[i].type, type) && g->b.col[i].n) return &g->b.col[i];
    return NULL;
}

static inline bool says(const struct got *g, const char *text)
{
    return strstr(sw_buf_str(&g->b.messages), text) != NULL;
}
static inline bool notes(const struct got *g, const char *text)
{
    return strstr(sw_buf_str(&g->b.notes), text) != NULL;
}
static inline struct out fresh(void)
{
    struct out o = {.big = false};
    sw_buf_init(&o.b, 1 << 20);
    return o;
}
#endif
