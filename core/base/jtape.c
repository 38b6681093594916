/* SPDX-License-Identifier: MIT
 * One pass over the text, an explicit stack of open containers, one 16-byte node per value. Strings
 * are skipped eight bytes at a time while they hold nothing special; numbers are checked by the
 * grammar and converted only when asked for. It does not unescape, intern or build trees: that is
 * what makes it fast. */
#include "base/jtape.h"
#include "base/alloc.h"
#include "base/json.h"
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT ((size_t)1 << 30)

struct scan {
    const unsigned char *p, *end, *text;
    struct sw_jtape *t;
    const char *what; /* what was expected when it stopped */
};

void sw_jtape_init(struct sw_jtape *t)
{
    *t = (struct sw_jtape){0};
}

void sw_jtape_clear(struct sw_jtape *t)
{
    sw_free(t->node);
    sw_jtape_init(t);
}

static inline struct sw_jnode *push(struct scan *s, uint8_t kind, const unsigned char *at)
{
    struct sw_jtape *t = s->t;
    struct sw_jnode *n;
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 256;
        t->node = sw_realloc(t->node, t->cap * sizeof *t->node);
    }
    n = &t->node[t->n++];
    *n = (struct sw_jnode){(uint32_t)(at - s->text), 0, t->n, kind, 0};
    return n;
}

static inline void skip_blank(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
}

/* Non-zero if any of the eight bytes is a quote, backslash, control or not ASCII; the lowest set bit is in
 * the first that is (what a borrow sets beside it lies higher). */
static inline uint64_t special(const unsigned char *p)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    uint64_t v, q, b;
    memcpy(&v, p, sizeof v);
    v = le64toh(v);
    q = v ^ (ones * '"');
    b = v ^ (ones * '\\');
    return (((q - ones) & ~q) | ((b - ones) & ~b) | (v - ones * 0x20) | v) & high;
}

static bool hex4(const unsigned char *p, unsigned *out)
{
    unsigned v = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = p[i], d;
        if (c >= '0' && c <= '9') d = c - '0';
        else if ((c | 32) >= 'a' && (c | 32) <= 'f') d = (c | 32) - 'a' + 10;
        else return false;
        v = v << 4 | d;
    }
    *out = v;
    return true;
}

/* p stands behind the backslash; false when the escape is not one of RFC 8259 or half a surrogate. */
static bool skip_escape(struct scan *s)
{
    unsigned u, lo;
    if (s->p >= s->end) return false;
    if (*s->p != 'u') return strchr("\"\\/bfnrt", *s->p) && *s->p && s->p++;
    if (s->end - s->p < 5 || !hex4(s->p + 1, &u)) return false;
    s->p += 5;
    if (u < 0xd800 || u > 0xdfff) return true;
    if (u > 0xdbff || s->end - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u') return false;
    if (!hex4(s->p + 2, &lo) || lo < 0xdc00 || lo > 0xdfff) return false;
    s->p += 6;
    return true;
}

/* Skips a run of bytes outside ASCII; false when they are no UTF-8. */
static bool skip_utf8(struct scan *s)
{
    const unsigned char *q = s->p;
    size_t n;
    while (q < s->end && *q >= 0x80) q++;
    n = (size_t)(q - s->p);
    if (sw_utf8_valid((const char *)s->p, n) != n) return false;
    s->p = q;
    return true;
}

/* p stands behind the opening quote. */
static bool string(struct scan *s)
{
    const unsigned char *from = s->p;
    struct sw_jnode *n = push(s, SW_JSTR, from);
    for (;;) {
        while (s->end - s->p >= 8) {
            uint64_t found = special(s->p);
            s->p += found ? (unsigned)__builtin_ctzll(found) / 8 : 8;
            if (found) break;
        }
        if (s->p >= s->end) return s->what = "the closing quote of a string", false;
        if (*s->p == '"') break;
        if (*s->p == '\\') {
            s->p++;
            n->escaped = 1;
            if (!skip_escape(s)) return s->what = "a valid escape", false;
        } else if (*s->p < 0x20) {
            return s->what = "no control byte in a string", false;
        } else if (*s->p >= 0x80) {
            if (!skip_utf8(s)) return s->what = "valid UTF-8", false;
        } else {
            s->p++;
        }
    }
    n->len = (uint32_t)(s->p - from);
    s->p++;
    return true;
}

static inline bool digits(struct scan *s)
{
    const unsigned char *from = s->p;
    while (s->p < s->end && (unsigned)(*s->p - '0') < 10) s->p++;
    return s->p > from;
}

static bool number(struct scan *s)
{
    const unsigned char *from = s->p;
    uint8_t kind = SW_JINT;
    s->what = "a number";
    if (*s->p == '-') s->p++;
    if (s->p < s->end && *s->p == '0') s->p++;
    else if (!digits(s)) return false;
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        kind = SW_JREAL;
        if (!digits(s)) return false;
    }
    if (s->p < s->end && (*s->p | 32) == 'e') {
        s->p++;
        kind = SW_JREAL;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-')) s->p++;
        if (!digits(s)) return false;
    }
    push(s, kind, from)->len = (uint32_t)(s->p - from);
    return true;
}

static bool word(struct scan *s, const char *w, size_t n, uint8_t kind)
{
    s->what = "a value";
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, w, n)) return false;
    push(s, kind, s->p)->len = (uint32_t)n;
    s->p += n;
    return true;
}

static bool scalar(struct scan *s)
{
    switch (*s->p) {
    case '"': s->p++; return string(s);
    case 't': return word(s, "true", 4, SW_JTRUE);
    case 'f': return word(s, "false", 5, SW_JFALSE);
    case 'n': return word(s, "null", 4, SW_JNULL);
    default: break;
    }
    if (*s->p == '-' || (unsigned)(*s->p - '0') < 10) return number(s);
    s->what = "a value";
    return false;
}

static bool key(struct scan *s)
{
    skip_blank(s);
    s->what = "a member name in quotes";
    if (s->p >= s->end || *s->p != '"') return false;
    s->p++;
    if (!string(s)) return false;
    skip_blank(s);
    s->what = "a colon after the member name";
    if (s->p >= s->end || *s->p != ':') return false;
    s->p++;
    return true;
}

struct open_box {
    uint32_t node, count;
};

/* Close every container that ends here; false on a syntax error. *depth 0 means the text is done. */
static bool close_or_comma(struct scan *s, struct open_box *stack, int *depth)
{
    while (*depth) {
        struct open_box *top = &stack[*depth - 1];
        bool obj = s->t->node[top->node].kind == SW_JOBJ;
        skip_blank(s);
        s->what = obj ? "a comma or }" : "a comma or ]";
        if (s->p >= s->end) return false;
        if (*s->p == ',') {
            s->p++;
            return !obj || key(s);
        }
        if (*s->p != (obj ? '}' : ']')) return false;
        s->p++;
        s->t->node[top->node].len = top->count;
        s->t->node[top->node].next = s->t->n;
        (*depth)--;
    }
    return true;
}

/* 1 done, 0 syntax error, -1 too deep */
static int scan_text(struct scan *s)
{
    struct open_box stack[SW_JTAPE_MAX_DEPTH];
    int depth = 0;
    for (;;) {
        skip_blank(s);
        s->what = "a value";
        if (s->p >= s->end) return 0;
        if (depth) stack[depth - 1].count++;
        if (*s->p == '{' || *s->p == '[') {
            bool obj = *s->p == '{';
            if (depth == SW_JTAPE_MAX_DEPTH) return -1;
            stack[depth++] = (struct open_box){s->t->n, 0};
            push(s, obj ? SW_JOBJ : SW_JARR, s->p++);
            skip_blank(s);
            if (s->p < s->end && *s->p == (obj ? '}' : ']')) {
                if (!close_or_comma(s, stack, &depth)) return 0;
            } else {
                if (obj && !key(s)) return 0;
                continue;
            }
        } else if (!scalar(s) || !close_or_comma(s, stack, &depth)) {
            return 0;
        }
        if (!depth) return 1;
    }
}

static int syntax_error(const struct scan *s, struct sw_err *err)
{
    size_t line = 1, col = 1;
    for (const unsigned char *q = s->text; q < s->p && q < s->end; q++) {
        col++;
        if (*q == '\n') line++, col = 1;
    }
    return sw_fail(err, SW_E_BAD, "not JSON: line %zu, column %zu: expected %s%s", line, col,
                   s->what, s->p >= s->end ? ", but the text ends" : "");
}

/* No text has more values than separators and brackets, and one; those in strings count too. */
static bool too_many(const struct sw_jtape *t, const char *text, size_t n)
{
    size_t marks = 1;
    if (!t->max || n <= t->max) return false;
    for (size_t i = 0; i < n; i++)
        marks += text[i] == ',' || text[i] == ':' || text[i] == '[' || text[i] == '{';
    return marks > t->max;
}

int sw_jtape_parse(struct sw_jtape *t, const char *text, size_t n, struct sw_err *err)
{
    const unsigned char *u = (const unsigned char *)text;
    struct scan s = {u, u + n, u, t, "a value"};
    int rc;
    t->text = text;
    t->text_len = n;
    t->n = 0;
    if (n > MAX_TEXT) return sw_fail(err, SW_E_LIMIT, "JSON text of %zu bytes is over 1 GiB", n);
    if (too_many(t, text, n))
        return sw_fail(err, SW_E_LIMIT, "JSON text of more than %zu values", t->max);
    rc = scan_text(&s);
    if (rc < 0) {
        t->n = 0;
        return sw_fail(err, SW_E_LIMIT, "JSON nested deeper than %d", SW_JTAPE_MAX_DEPTH);
    }
    skip_blank(&s);
    if (rc && s.p < s.end) {
        s.what = "nothing after the value";
        rc = 0;
    }
    if (!rc) t->n = 0;
    return rc ? 0 : syntax_error(&s, err);
}

bool sw_jtape_eq(const struct sw_jtape *t, uint32_t i, const char *s)
{
    const struct sw_jnode *n = &t->node[i];
    size_t len = strlen(s);
    if (n->kind != SW_JSTR) return false;
    if (!n->escaped) return n->len == len && !memcmp(t->text + n->at, s, len);
    struct sw_buf b;
    bool same;
    sw_buf_init(&b, n->len + 8u);
    sw_jtape_str(t, i, &b);
    same = b.len == len && !memcmp(sw_buf_str(&b), s, len);
    sw_buf_clear(&b);
    return same;
}

uint32_t sw_jtape_get(const struct sw_jtape *t, uint32_t obj, const char *name)
{
    uint32_t found = 0, i = obj + 1;
    if (obj >= t->n || t->node[obj].kind != SW_JOBJ) return 0;
    for (uint32_t k = 0; k < t->node[obj].len; k++) {
        if (sw_jtape_eq(t, i, name)) found = i + 1;
        i = t->node[i + 1].next;
    }
    return found;
}

bool sw_jtape_int(const struct sw_jtape *t, uint32_t i, int64_t *out)
{
    const struct sw_jnode *n = &t->node[i];
    const char *p = t->text + n->at, *end = p + n->len;
    bool neg = n->len && *p == '-';
    uint64_t v = 0;
    if (n->kind != SW_JINT) return false;
    for (p += neg; p < end; p++) {
        unsigned d = (unsigned)(*p - '0');
        if (v > (UINT64_MAX - d) / 10) return false;
        v = v * 10 + d;
    }
    if (v > (uint64_t)INT64_MAX + neg) return false;
    *out = neg ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

/* Digits without exponent that a double holds exactly, divided by an exact power of ten, round
 * correctly (one rounding); everything else goes to strtod. */
static bool fast_num(const char *p, size_t n, double *out)
{
    static const double ten[] = {1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                                 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16};
    const char *end = p + n;
    bool neg = *p == '-', dot = false;
    uint64_t v = 0;
    int frac = 0;
    if (n > 17) return false;
    for (p += neg; p < end; p++) {
        if (*p == '.') {
            dot = true;
        } else if ((unsigned)(*p - '0') < 10) {
            v = v * 10 + (unsigned)(*p - '0');
            frac += dot;
        } else {
            return false;
        }
    }
    if (v >> 53) return false;
    *out = (neg ? -(double)v : (double)v) / ten[frac];
    return true;
}

bool sw_jtape_num(const struct sw_jtape *t, uint32_t i, double *out)
{
    const struct sw_jnode *n = &t->node[i];
    char tmp[64], *big = NULL;
    double v;
    if (n->kind != SW_JINT && n->kind != SW_JREAL) return false;
    if (fast_num(t->text + n->at, n->len, out)) return true;
    if (n->len >= sizeof tmp) big = sw_strndup(t->text + n->at, n->len);
    else memcpy(tmp, t->text + n->at, n->len), tmp[n->len] = 0;
    v = strtod(big ? big : tmp, NULL);
    sw_free(big);
    if (!isfinite(v)) return false;
    *out = v;
    return true;
}

bool sw_jtape_bool(const struct sw_jtape *t, uint32_t i, bool *out)
{
    uint8_t k = t->node[i].kind;
    if (k != SW_JTRUE && k != SW_JFALSE) return false;
    *out = k == SW_JTRUE;
    return true;
}

static void put_utf8(struct sw_buf *b, unsigned u)
{
    if (u < 0x80) {
        sw_buf_byte(b, (uint8_t)u);
        return;
    }
    if (u < 0x800) {
        sw_buf_byte(b, (uint8_t)(0xc0 | u >> 6));
    } else if (u < 0x10000) {
        sw_buf_byte(b, (uint8_t)(0xe0 | u >> 12));
        sw_buf_byte(b, (uint8_t)(0x80 | (u >> 6 & 63)));
    } else {
        sw_buf_byte(b, (uint8_t)(0xf0 | u >> 18));
        sw_buf_byte(b, (uint8_t)(0x80 | (u >> 12 & 63)));
        sw_buf_byte(b, (uint8_t)(0x80 | (u >> 6 & 63)));
    }
    sw_buf_byte(b, (uint8_t)(0x80 | (u & 63)));
}

/* p stands behind the backslash of a validated escape; gives the byte behind it. */
static const unsigned char *unescape(struct sw_buf *b, const unsigned char *p)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *k;
    unsigned u = 0, lo = 0;
    if (*p != 'u') {
        k = strchr(from, *p);
        sw_buf_byte(b, k ? (uint8_t)to[k - from] : *p);
        return p + 1;
    }
    hex4(p + 1, &u);
    p += 5;
    if (u >= 0xd800 && u <= 0xdbff) {
        hex4(p + 2, &lo);
        u = 0x10000 + ((u - 0xd800) << 10) + (lo - 0xdc00);
        p += 6;
    }
    put_utf8(b, u);
    return p;
}

bool sw_jtape_str(const struct sw_jtape *t, uint32_t i, struct sw_buf *out)
{
    const struct sw_jnode *n = &t->node[i];
    const unsigned char *p = (const unsigned char *)t->text + n->at, *end = p + n->len;
    if (n->kind != SW_JSTR) return false;
    while (p < end) {
        const unsigned char *q = n->escaped ? memchr(p, '\\', (size_t)(end - p)) : NULL;
        sw_buf_put(out, p, (size_t)((q ? q : end) - p));
        if (!q) break;
        p = unescape(out, q + 1);
    }
    return true;
}
