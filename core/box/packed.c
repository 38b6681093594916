/* SPDX-License-Identifier: MIT */
#include "box/packed.h"
#include <string.h>

enum { SPELLED = 254, ATTRIBUTES = 255 };

void sw_pack_begin(struct sw_buf *b, int64_t at, const char *key, size_t n_key)
{
    sw_buf_zigzag(b, at);
    sw_val_keyn(b, key, n_key);
}

static int id_of(struct sw_pack_names *names, const char *s, size_t n)
{
    size_t i = names->next;
    if (i < names->n && names->s[i] == s && names->len[i] == n) return (int)i;
    for (i = 0; i < names->n; i++)
        if (names->len[i] == n && (names->s[i] == s || !memcmp(names->s[i], s, n))) return (int)i;
    if (i == SW_PACK_NAMES) return SPELLED;
    names->s[i] = s;
    names->len[i] = n;
    names->n++;
    return (int)i;
}

void sw_pack_name(struct sw_buf *b, struct sw_pack_names *names, const char *s, size_t n)
{
    int id = id_of(names, s, n);
    names->next = (size_t)id + 1;
    sw_buf_byte(b, (uint8_t)id);
    if (id == SPELLED) sw_val_keyn(b, s, n);
}

void sw_pack_attributes(struct sw_buf *b)
{
    sw_buf_byte(b, ATTRIBUTES);
}

void sw_pack_write_names(struct sw_buf *b, const struct sw_pack_names *names)
{
    size_t at = sw_val_open(b, SW_V_ARR);
    for (size_t i = 0; i < names->n; i++) sw_val_str(b, names->s[i], names->len[i]);
    sw_val_close(b, at, names->n);
}

bool sw_packed_open(struct sw_rd item, struct sw_packed *p)
{
    p->at = sw_rd_zigzag(&item);
    if (!sw_val_key_next(&item, &p->key, &p->n_key)) return false;
    p->fields = item;
    return !item.bad;
}

/* Most values are scalars: those are passed over without a look at what they say. */
static bool skip(struct sw_rd *r)
{
    const uint8_t *p = r->p + 1;
    uint64_t n;
    switch (*r->p) {
    case SW_V_NIL:
    case SW_V_FALSE:
    case SW_V_TRUE: break;
    case SW_V_INT:
        while (p < r->end && (*p & 0x80)) p++;
        p++;
        break;
    case SW_V_NUM: p += 8; break;
    case SW_V_STR:
        if (p < r->end && *p < 0x80) {
            p += 1 + *p;
            break;
        }
        r->p++;
        n = sw_rd_varint(r);
        return sw_rd_bytes(r, (size_t)n) != NULL || (n == 0 && !r->bad);
    default: return sw_val_skip(r);
    }
    if (p > r->end) r->bad = true;
    else r->p = p;
    return !r->bad;
}

bool sw_packed_next(struct sw_rd *r, struct sw_pack_field *f)
{
    const uint8_t *from;
    while (r->p < r->end && *r->p == ATTRIBUTES) {
        f->attribute = true;
        r->p++;
    }
    if (r->bad || r->p >= r->end) return false;
    f->id = *r->p++;
    if (f->id == SPELLED) {
        f->id = -1;
        if (!sw_val_key_next(r, &f->s, &f->n)) return false;
    }
    from = r->p;
    if (r->p >= r->end || !skip(r)) return false;
    f->value = sw_rd_of(from, (size_t)(r->p - from));
    return true;
}

/* Behind a short value, which most are; NULL: somebody has to look closer. */
static inline const uint8_t *behind(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *q = p + 1;
    switch (*p) {
    case SW_V_NIL:
    case SW_V_FALSE:
    case SW_V_TRUE: return q;
    case SW_V_NUM: return end - q >= 8 ? q + 8 : NULL;
    case SW_V_STR: return q < end && *q < 0x80 && end - q > *q ? q + 1 + *q : NULL;
    case SW_V_INT:
        while (q < end && (*q & 0x80)) q++;
        return q < end ? q + 1 : NULL;
    default: return NULL;
    }
}

void sw_packed_places(struct sw_rd fields, const uint8_t *base, uint32_t *place, size_t n)
{
    struct sw_pack_field f = {0};
    const uint8_t *p = fields.p, *end = fields.end, *next;
    while (p < end) {
        if (*p == ATTRIBUTES) {
            p++;
        } else if (*p != SPELLED && end - p > 1 && (next = behind(p + 1, end))) {
            if (*p < n && place[*p] == UINT32_MAX) place[*p] = (uint32_t)(p + 1 - base);
            p = next;
        } else {
            fields.p = p;
            if (!sw_packed_next(&fields, &f)) return;
            if (f.id >= 0 && (size_t)f.id < n && place[f.id] == UINT32_MAX)
                place[f.id] = (uint32_t)(f.value.p - base);
            p = fields.p;
        }
    }
}

bool sw_packed_find(struct sw_rd fields, int id, const char *s, size_t n, struct sw_rd *value)
{
    struct sw_pack_field f = {0};
    while (sw_packed_next(&fields, &f)) {
        if (f.id != id || (id < 0 && (f.n != n || memcmp(f.s, s, n)))) continue;
        *value = f.value;
        return true;
    }
    return false;
}
