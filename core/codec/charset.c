/* SPDX-License-Identifier: MIT */
#include "codec/charset.h"
#include <stdbool.h>

enum { NO_CHARACTER = 0xfffd };

static void put_character(struct sw_buf *b, uint32_t c)
{
    uint8_t t[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; c >>= 6) t[i] = (uint8_t)(0x80 | (c & 0x3f));
    t[0] = (uint8_t)(lead[n] | c);
    sw_buf_put(b, t, n);
}

/* ---- UTF-16 ---- */

static void put_unit(struct sw_charset *c, uint16_t unit, struct sw_buf *out)
{
    bool first = unit >= 0xd800 && unit < 0xdc00, second = unit >= 0xdc00 && unit < 0xe000;
    if (c->high && second) {
        put_character(out, 0x10000 + ((uint32_t)(c->high - 0xd800) << 10) + (unit - 0xdc00u));
        c->high = 0;
        return;
    }
    if (c->high) put_character(out, NO_CHARACTER);
    c->high = first ? unit : 0;
    if (!first) put_character(out, second ? NO_CHARACTER : unit);
}

static void put_wide(struct sw_charset *c, const uint8_t *p, size_t n, struct sw_buf *out)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t before = c->held[0];
        c->held[0] = p[i];
        c->n_held = !c->n_held;
        if (c->n_held) continue;
        put_unit(c, (uint16_t)(c->kind == SW_CHARSET_BIG ? before << 8 | p[i] : p[i] << 8 | before), out);
    }
}

/* A mark says it; without one the halves of plain letters that are nought do. */
static enum sw_charset_kind kind_of(const uint8_t *p, size_t n)
{
    if (n >= 2 && p[0] == 0xff && p[1] == 0xfe) return SW_CHARSET_LITTLE;
    if (n >= 2 && p[0] == 0xfe && p[1] == 0xff) return SW_CHARSET_BIG;
    if (n == 4 && p[0] && !p[1] && p[2] && !p[3]) return SW_CHARSET_LITTLE;
    if (n == 4 && !p[0] && p[1] && !p[2] && p[3]) return SW_CHARSET_BIG;
    return SW_CHARSET_BYTES;
}

static void decide(struct sw_charset *c, struct sw_buf *out)
{
    uint8_t first[sizeof c->held];
    size_t n = c->n_held;
    memcpy(first, c->held, n);
    c->kind = kind_of(first, n);
    c->n_held = 0;
    sw_charset_put(c, first, n, out);
}

void sw_charset_put(struct sw_charset *c, const uint8_t *p, size_t n, struct sw_buf *out)
{
    while (c->kind == SW_CHARSET_LOOKING && n) {
        c->held[c->n_held++] = *p++;
        n--;
        if (c->n_held == sizeof c->held) decide(c, out);
    }
    if (!n) return;
    if (c->kind == SW_CHARSET_BYTES) sw_buf_put(out, p, n);
    else put_wide(c, p, n, out);
}

void sw_charset_end(struct sw_charset *c, struct sw_buf *out)
{
    if (c->kind == SW_CHARSET_LOOKING) decide(c, out);
    if (c->kind == SW_CHARSET_BYTES || !(c->high || c->n_held)) return;
    put_character(out, NO_CHARACTER);
    c->high = 0;
    c->n_held = 0;
}

/* ---- Windows-1252 ---- */

void sw_charset_windows(const char *s, size_t n, struct sw_buf *out)
{
    static const uint16_t high[32] = { /* of 0x80 to 0x9f; 0: none, as in Latin-1 */
        0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0, 0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178};
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)s[i];
        uint32_t special = c >= 0x80 && c < 0xa0 ? high[c - 0x80] : c;
        put_character(out, special ? special : NO_CHARACTER);
    }
}
