/* SPDX-License-Identifier: MIT */
/* Definitions and messages. A definition is compiled once: each field gets its offset, its
 * base type and its row in the profile, so that decoding a message is one pass without
 * look-ups. Numbers are swapped by base type in the byte order of their definition. A field
 * whose size is not a multiple of its type, or whose type is unknown, is skipped by size:
 * some devices write such. It does not know what a message means; that is fit_gather.c. */
#include "codec/fit_read.h"
#include "base/json.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    BASE_ENUM,
    BASE_S8,
    BASE_U8,
    BASE_S16,
    BASE_U16,
    BASE_S32,
    BASE_U32,
    BASE_TEXT,
    BASE_F32,
    BASE_F64,
    BASE_U8Z,
    BASE_U16Z,
    BASE_U32Z,
    BASE_BYTE,
    BASE_S64,
    BASE_U64,
    BASE_U64Z,
    BASES
};

static const uint8_t widths[BASES] = {1, 1, 1, 2, 2, 4, 4, 1, 4, 8, 1, 2, 4, 1, 8, 8, 8};

static uint64_t load(const uint8_t *p, size_t n, bool big)
{
    uint64_t v = 0;
    if (n == 1) return *p;
    if (n == 2) return big ? (uint64_t)p[0] << 8 | p[1] : (uint64_t)p[1] << 8 | p[0];
    if (big) {
        for (size_t i = 0; i < n; i++) v = v << 8 | p[i];
    } else {
        for (size_t i = n; i-- > 0;) v = v << 8 | p[i];
    }
    return v;
}

static bool real32(uint32_t bits, double *out)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    *out = (double)f;
    return bits != UINT32_MAX && isfinite(f);
}

static bool real64(uint64_t bits, double *out)
{
    memcpy(out, &bits, sizeof *out);
    return bits != UINT64_MAX && isfinite(*out);
}

/* The invalid value differs by type: all ones, the largest signed number, or zero for the z
 * types. */
static bool element(const uint8_t *p, uint8_t base, bool big, double *out)
{
    size_t bits = widths[base] * 8u;
    uint64_t v = load(p, widths[base], big);
    switch (base) {
    case BASE_S8:
    case BASE_S16:
    case BASE_S32:
    case BASE_S64:
        *out = (double)((int64_t)(v << (64 - bits)) >> (64 - bits));
        return v != UINT64_MAX >> (65 - bits);
    case BASE_U8Z:
    case BASE_U16Z:
    case BASE_U32Z:
    case BASE_U64Z: *out = (double)v; return v != 0;
    case BASE_F32: return real32((uint32_t)v, out);
    case BASE_F64: return real64(v, out);
    case BASE_TEXT: return false;
    default: *out = (double)v; return v != UINT64_MAX >> (64 - bits);
    }
}

bool sw_fit_number(const uint8_t *p, uint8_t base, size_t size, bool big, double *out)
{
    base &= 0x1f;
    return base < BASES && size == widths[base] && element(p, base, big, out);
}

static void compile(struct sw_fit_slot *s, const uint8_t *p, uint32_t at,
                    const struct sw_fit_message *message)
{
    uint8_t base = p[2] & 0x1f;
    bool whole = base < BASES && p[1] && p[1] % widths[base] == 0;
    *s = (struct sw_fit_slot){.num = p[0], .size = p[1], .at = (uint16_t)at};
    s->base = base < BASES ? base : BASE_BYTE;
    s->count = whole ? (uint8_t)(p[1] / widths[base]) : 0;
    s->field = sw_fit_field(message, p[0]);
}

/* A field defined twice counts once, or its name would come twice in a message. */
static bool repeated(const struct sw_fit_def *d, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (d->slot[k].num == d->slot[i].num) return true;
    return false;
}

size_t sw_fit_define(struct sw_fit_def *d, const uint8_t *p, size_t n, bool developer)
{
    size_t need = n < 5 ? 5 : 5 + 3u * p[4], fields = need;
    uint32_t at = 0;
    if (n < need || (developer && n < need + 1)) return 0;
    if (developer) need += 1 + 3u * p[fields];
    if (n < need) return 0;
    d->known = true;
    d->big = p[1] != 0;
    d->global = (uint16_t)load(p + 2, 2, d->big);
    d->message = sw_fit_message(d->global);
    d->n = p[4];
    d->n_dev = developer ? p[fields] : 0;
    for (size_t i = 0; i < d->n; i++) {
        compile(&d->slot[i], p + 5 + 3 * i, at, d->message);
        if (repeated(d, i)) d->slot[i].field = NULL;
        at += d->slot[i].size;
    }
    for (size_t i = 0; i < d->n_dev; i++) {
        const uint8_t *f = p + fields + 1 + 3 * i;
        d->dev[i] = (struct sw_fit_dev){f[0], f[1], f[2], at};
        at += f[1];
    }
    d->bytes = at;
    return need;
}

bool sw_fit_raw(const struct sw_fit_msg *m, const struct sw_fit_slot *s, size_t i,
                double *out)
{
    if (i >= s->count) return false;
    return element(m->p + s->at + i * widths[s->base], s->base, m->def->big, out);
}

static double scaled(const struct sw_fit_field *f, double raw)
{
    if (f->scale == 1 && f->offset == 0 && f->kind != SW_FIT_DEGREES) return raw;
    if (f->kind == SW_FIT_DEGREES) return raw * 180 / 2147483648.0;
    return (raw - f->offset * f->scale) /
           f->scale; /* this order keeps 4.4 m from being 4.399... */
}

void sw_fit_decode(struct sw_fit_msg *m, const struct sw_fit_def *d, const uint8_t *p)
{
    double raw;
    m->def = d;
    m->p = p;
    memset(m->set, 0, sizeof m->set);
    for (size_t i = 0; i < d->n; i++) {
        const struct sw_fit_slot *s = &d->slot[i];
        if (!s->field || !sw_fit_raw(m, s, 0, &raw)) continue;
        m->v[s->num] = scaled(s->field, raw);
        m->set[s->num >> 6] |= UINT64_C(1) << (s->num & 63);
    }
    m->has_time = sw_fit_has(m, SW_FIT_TIMESTAMP) && m->v[SW_FIT_TIMESTAMP] >= 0 &&
                  m->v[SW_FIT_TIMESTAMP] <= UINT32_MAX;
    m->time = m->has_time ? (uint32_t)m->v[SW_FIT_TIMESTAMP] : 0;
}

const struct sw_fit_slot *sw_fit_find(const struct sw_fit_def *d, uint8_t num)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->slot[i].num == num) return &d->slot[i];
    return NULL;
}

bool sw_fit_text(const struct sw_fit_msg *m, uint8_t num, char *out, size_t size)
{
    const struct sw_fit_slot *s = sw_fit_find(m->def, num);
    size_t n;
    *out = 0;
    if (!s || !s->size) return false;
    n = strnlen((const char *)m->p + s->at, s->size);
    if (n >= size) n = size - 1;
    n = sw_utf8_valid((const char *)m->p + s->at, n);
    memcpy(out, m->p + s->at, n);
    out[n] = 0;
    return n > 0;
}

const char *sw_fit_label(const struct sw_fit_enum *e, uint32_t v, char *buf, size_t size)
{
    const char *name = sw_fit_named(e, v);
    if (name) return name;
    snprintf(buf, size, "%s_%u", e->prefix, v);
    return buf;
}

static void json_value(const struct sw_fit_field *f, double raw, struct sw_buf *out)
{
    char buf[48];
    const char *label;
    switch (f->kind) {
    case SW_FIT_TIME:
    case SW_FIT_LOCAL: sw_json_num(out, (raw + SW_FIT_EPOCH_S) * 1000); break;
    case SW_FIT_ENUM:
        label = sw_fit_label(f->names, sw_fit_u32(raw), buf, sizeof buf);
        sw_json_str(out, label, strlen(label));
        break;
    default: sw_json_num(out, scaled(f, raw));
    }
}

/* Devices leave most array elements unused; those are null, so that the others keep their
 * place. */
static void json_array(const struct sw_fit_msg *m, const struct sw_fit_slot *s,
                       struct sw_buf *out)
{
    double raw;
    sw_buf_byte(out, '[');
    for (size_t i = 0; i < s->count; i++) {
        if (i) sw_buf_byte(out, ',');
        if (sw_fit_raw(m, s, i, &raw))
            json_value(s->field, raw, out);
        else
            sw_buf_puts(out, "null");
    }
    sw_buf_byte(out, ']');
}

static bool any_valid(const struct sw_fit_msg *m, const struct sw_fit_slot *s)
{
    double raw;
    for (size_t i = 0; i < s->count; i++)
        if (sw_fit_raw(m, s, i, &raw)) return true;
    return false;
}

static bool json_name(const struct sw_fit_field *f, struct sw_buf *out)
{
    char key[64];
    bool time = f->kind == SW_FIT_TIME || f->kind == SW_FIT_LOCAL;
    snprintf(key, sizeof key, time ? "%s_ms" : "%s", f->name);
    sw_json_key(out, key);
    return true;
}

void sw_fit_json(const struct sw_fit_msg *m, struct sw_buf *out)
{
    char text[256];
    for (size_t i = 0; i < m->def->n; i++) {
        const struct sw_fit_slot *s = &m->def->slot[i];
        double raw;
        if (!s->field) continue;
        if (s->field->kind == SW_FIT_TEXT) {
            if (sw_fit_text(m, s->num, text, sizeof text) && json_name(s->field, out))
                sw_json_str(out, text, strlen(text));
        } else if (s->count > 1) {
            if (any_valid(m, s) && json_name(s->field, out)) json_array(m, s, out);
        } else if (sw_fit_raw(m, s, 0, &raw) && json_name(s->field, out)) {
            json_value(s->field, raw, out);
        }
    }
}
