/* SPDX-License-Identifier: MIT */
#include "box/frame.h"
#include <math.h>
#include <string.h>

void sw_val_nil(struct sw_buf *b) { sw_buf_byte(b, SW_V_NIL); }
void sw_val_bool(struct sw_buf *b, bool v) { sw_buf_byte(b, v ? SW_V_TRUE : SW_V_FALSE); }

void sw_val_int(struct sw_buf *b, int64_t v)
{
    uint64_t u = ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
    uint8_t *p = sw_buf_quick(b, 11);
    if (!p) return;
    for (*p++ = SW_V_INT; u >= 0x80; u >>= 7) *p++ = (uint8_t)(u | 0x80);
    *p++ = (uint8_t)u;
    sw_buf_end(b, p);
}

void sw_val_num(struct sw_buf *b, double v)
{
    if (!isfinite(v)) {
        sw_val_nil(b);
        return;
    }
    sw_buf_byte(b, SW_V_NUM);
    sw_buf_f64(b, v);
}

void sw_val_keyn(struct sw_buf *b, const char *key, size_t n)
{
    sw_buf_varint(b, n);
    sw_buf_put(b, key, n);
}

void sw_val_key(struct sw_buf *b, const char *key) { sw_val_keyn(b, key, strlen(key)); }

void sw_val_str(struct sw_buf *b, const char *s, size_t n)
{
    uint8_t *p = n < 0x80 ? sw_buf_quick(b, n + 2) : NULL;
    if (!p) {
        sw_buf_byte(b, SW_V_STR);
        sw_val_keyn(b, s, n);
        return;
    }
    *p++ = SW_V_STR;
    *p++ = (uint8_t)n;
    if (n) memcpy(p, s, n);
    sw_buf_end(b, p + n);
}

void sw_val_text(struct sw_buf *b, const char *s) { sw_val_str(b, s, strlen(s)); }

void sw_val_span(struct sw_buf *b, struct sw_rd span)
{
    if (!span.p || sw_rd_left(&span) == 0) sw_val_nil(b);
    else sw_buf_put(b, span.p, sw_rd_left(&span));
}

size_t sw_val_open(struct sw_buf *b, enum sw_vkind kind)
{
    sw_buf_byte(b, (uint8_t)kind);
    sw_buf_u32(b, 0);
    return b->len;
}

static void patch_u32(struct sw_buf *b, size_t end, size_t v)
{
    if (b->over || end < 4 || end > b->len) return;
    for (size_t i = 0; i < 4; i++) b->data[end - 4 + i] = (uint8_t)(v >> (8 * i));
}

void sw_val_close(struct sw_buf *b, size_t at, size_t elements) { patch_u32(b, at, elements); }

static bool broken(struct sw_rd *r)
{
    r->bad = true;
    return false;
}

/* A key of under 128 bytes, as most are. */
static inline bool short_key(struct sw_rd *r, const char **key, size_t *n)
{
    if (r->bad || r->p >= r->end || *r->p >= 0x80 || *r->p >= sw_rd_left(r)) return false;
    *n = *r->p;
    *key = (const char *)r->p + 1;
    r->p += 1 + *n;
    return true;
}

bool sw_val_key_next(struct sw_rd *r, const char **key, size_t *n)
{
    uint64_t len;
    if (short_key(r, key, n)) return true;
    len = sw_rd_varint(r);
    if (r->bad || len > sw_rd_left(r)) return broken(r);
    *n = (size_t)len;
    *key = (const char *)sw_rd_bytes(r, *n);
    return !r->bad;
}

static bool read_count(struct sw_rd *r, struct sw_val *v, size_t least_bytes)
{
    v->n = sw_rd_u32(r);
    /* an element takes at least so many bytes: a count beyond that is a lie */
    if (r->bad || v->n > sw_rd_left(r) / least_bytes) return broken(r);
    return true;
}

bool sw_val_next(struct sw_rd *r, struct sw_val *v)
{
    uint8_t tag = sw_rd_byte(r);
    *v = (struct sw_val){0};
    if (r->bad || tag > SW_V_MAP) return broken(r);
    v->kind = (enum sw_vkind)tag;
    switch (v->kind) {
    case SW_V_INT:
        v->i = sw_rd_zigzag(r);
        v->d = (double)v->i;
        return !r->bad;
    case SW_V_NUM:
        v->d = sw_rd_f64(r);
        return !r->bad && (isfinite(v->d) || broken(r));
    case SW_V_STR: return sw_val_key_next(r, &v->s, &v->n);
    case SW_V_ARR: return read_count(r, v, 1);
    case SW_V_MAP: return read_count(r, v, 2);
    default: return true;
    }
}

/* Behind a scalar that is whole and finite; NULL: it is none, or damaged. */
static inline const uint8_t *behind_scalar(const uint8_t *p, const uint8_t *end)
{
    size_t left = (size_t)(end - p) - 1, n = 0;
    switch (*p++) {
    case SW_V_NIL:
    case SW_V_FALSE:
    case SW_V_TRUE: return p;
    case SW_V_NUM: return left >= 8 && ((p[7] & 0x7f) != 0x7f || p[6] < 0xf0) ? p + 8 : NULL;
    case SW_V_STR: return left && *p < 0x80 && *p < left ? p + 1 + *p : NULL;
    case SW_V_INT:
        while (n < left && n < 9 && (p[n] & 0x80)) n++;
        return n < left && n < 9 ? p + n + 1 : NULL;
    default: return NULL;
    }
}

/* Most values are short scalars: those are passed over without a look at what they say. */
static inline bool skip_scalar(struct sw_rd *r)
{
    const uint8_t *p = !r->bad && r->p < r->end ? behind_scalar(r->p, r->end) : NULL;
    if (p) r->p = p;
    return p != NULL;
}

static bool skip_depth(struct sw_rd *r, int depth)
{
    struct sw_val v;
    const char *key;
    size_t n;
    if (skip_scalar(r)) return true;
    if (!sw_val_next(r, &v)) return false;
    if (v.kind < SW_V_ARR) return true;
    if (depth <= 0) return broken(r);
    for (size_t i = 0; i < v.n; i++) {
        if (v.kind == SW_V_MAP && !short_key(r, &key, &n) && !sw_val_key_next(r, &key, &n)) return false;
        if (!skip_scalar(r) && !skip_depth(r, depth - 1)) return false;
    }
    return true;
}

bool sw_val_skip(struct sw_rd *r) { return skip_depth(r, SW_FRAME_DEPTH); }

int sw_val_check(struct sw_rd span, struct sw_err *err)
{
    if (sw_rd_left(&span) > SW_FRAME_MAX)
        return sw_fail(err, SW_E_LIMIT, "a value of %zu bytes: at most %u are allowed",
                       sw_rd_left(&span), SW_FRAME_MAX);
    if (!sw_val_skip(&span)) return sw_fail(err, SW_E_BAD, "a damaged or too deep value");
    if (sw_rd_left(&span)) return sw_fail(err, SW_E_BAD, "bytes after the end of a value");
    return SW_OK;
}

bool sw_val_find(struct sw_rd map, const char *key, struct sw_rd *value)
{
    struct sw_val v;
    size_t want = strlen(key), n;
    const char *k;
    if (!sw_val_next(&map, &v) || v.kind != SW_V_MAP) return false;
    for (size_t i = 0; i < v.n; i++) {
        const uint8_t *from;
        if (!short_key(&map, &k, &n) && !sw_val_key_next(&map, &k, &n)) return false;
        from = map.p;
        if (!skip_scalar(&map) && !sw_val_skip(&map)) return false;
        if (n == want && memcmp(k, key, n) == 0) {
            *value = sw_rd_of(from, (size_t)(map.p - from));
            return true;
        }
    }
    return false;
}

static bool member(struct sw_rd map, const char *key, struct sw_val *v)
{
    struct sw_rd at;
    return sw_val_find(map, key, &at) && sw_val_next(&at, v);
}

bool sw_val_get_int(struct sw_rd map, const char *key, int64_t *out)
{
    struct sw_val v;
    if (!member(map, key, &v) || v.kind != SW_V_INT) return false;
    *out = v.i;
    return true;
}

bool sw_val_get_num(struct sw_rd map, const char *key, double *out)
{
    struct sw_val v;
    if (!member(map, key, &v) || (v.kind != SW_V_INT && v.kind != SW_V_NUM)) return false;
    *out = v.d;
    return true;
}

bool sw_val_get_bool(struct sw_rd map, const char *key, bool *out)
{
    struct sw_val v;
    if (!member(map, key, &v) || (v.kind != SW_V_TRUE && v.kind != SW_V_FALSE)) return false;
    *out = v.kind == SW_V_TRUE;
    return true;
}

bool sw_val_get_str(struct sw_rd map, const char *key, const char **s, size_t *n)
{
    struct sw_val v;
    if (!member(map, key, &v) || v.kind != SW_V_STR) return false;
    *s = v.s;
    *n = v.n;
    return true;
}

bool sw_val_is(struct sw_rd map, const char *key, const char *text)
{
    const char *s;
    size_t n;
    return sw_val_get_str(map, key, &s, &n) && n == strlen(text) && memcmp(s, text, n) == 0;
}

size_t sw_frame_begin(struct sw_buf *b)
{
    sw_buf_u32(b, 0);
    return b->len;
}

int sw_frame_end(struct sw_buf *b, size_t at, struct sw_err *err)
{
    if (b->over || b->len - at > SW_FRAME_MAX) {
        b->len = at >= 4 && at <= b->len ? at - 4 : b->len;
        b->over = false;
        return sw_fail(err, SW_E_LIMIT, "a message over %u KiB", SW_FRAME_MAX / 1024);
    }
    patch_u32(b, at, b->len - at);
    return SW_OK;
}

int sw_frame_next(const uint8_t *p, size_t n, size_t *used, struct sw_rd *value, struct sw_err *err)
{
    struct sw_rd r = sw_rd_of(p, n);
    uint32_t len;
    int rc;
    if (n < 4) return 0;
    len = sw_rd_u32(&r);
    if (len == 0 || len > SW_FRAME_MAX)
        return sw_fail(err, SW_E_BAD, "a frame of %u bytes: 1 to %u are allowed", len, SW_FRAME_MAX);
    if (sw_rd_left(&r) < len) return 0;
    *value = sw_rd_of(r.p, len);
    *used = 4 + (size_t)len;
    rc = sw_val_check(*value, err);
    return rc < 0 ? rc : 1;
}
