/* SPDX-License-Identifier: MIT */
#include "box/packed.h"
#include <string.h>

enum { SPELLED = 254, ATTRIBUTES = 255 };

void sw_pack_begin(struct sw_buf *b, struct sw_pack_names *names, int64_t at, const char *key,
                   size_t n_key)
{
    names->next = names->places = 0;
    names->from = b->len;
    sw_buf_u64(b, (uint64_t)at);
    sw_val_keyn(b, key, n_key);
}

static int find_id(struct sw_pack_names *names, const char *s, size_t n)
{
    size_t i;
    for (i = 0; i < names->n; i++)
        if (names->len[i] == n && (names->s[i] == s || !memcmp(names->s[i], s, n))) return (int)i;
    if (i == SW_PACK_NAMES) return SPELLED;
    names->s[i] = s;
    names->len[i] = n;
    names->n++;
    return (int)i;
}

/* The first of a name counts, since the event's own stand before its attributes. */
static void note_place(struct sw_pack_names *names, size_t id, size_t at)
{
    uint16_t place = at <= UINT16_MAX ? (uint16_t)at : 0;
    while (names->places < id) names->place[names->places++] = 0;
    if (names->places == id) names->place[names->places++] = place;
    else if (!names->place[id]) names->place[id] = place;
}

void sw_pack_name(struct sw_buf *b, struct sw_pack_names *names, const char *s, size_t n)
{
    size_t next = names->next;
    bool likely = next < names->n && names->s[next] == s && names->len[next] == n;
    int id = likely ? (int)next : find_id(names, s, n);
    names->next = (size_t)id + 1;
    sw_buf_byte(b, (uint8_t)id);
    if (id == SPELLED) sw_val_keyn(b, s, n);
    else note_place(names, (size_t)id, b->len - names->from);
}

void sw_pack_end(struct sw_buf *b, struct sw_pack_names *names)
{
    size_t n = b->len - names->from <= UINT16_MAX ? names->places : 0;
    uint8_t list[2 * SW_PACK_NAMES + 1];
    for (size_t i = 0; i < n; i++) {
        list[2 * i] = (uint8_t)names->place[i];
        list[2 * i + 1] = (uint8_t)(names->place[i] >> 8);
    }
    list[2 * n] = (uint8_t)n;
    sw_buf_put(b, list, 2 * n + 1);
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
    size_t behind = 1 + 2 * sw_packed_places(item.p, item.end);
    if (sw_rd_left(&item) < 9 + behind) return false;
    item.end -= behind;
    p->at = (int64_t)sw_rd_u64(&item);
    if (!sw_val_key_next(&item, &p->key, &p->n_key)) return false;
    p->fields = item;
    return !item.bad;
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
    if (r->p >= r->end || !sw_val_skip(r)) return false;
    f->value = sw_rd_of(from, (size_t)(r->p - from));
    return true;
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
