/* SPDX-License-Identifier: MIT
 * Events on their way to one rule, many in a frame: what they have in common is said once. Field
 * names stand in a list of the batch and an event refers to them by position. An item is: its instant
 * (eight bytes), its key (empty: none), then pairs of a name and a value of the frame encoding; after
 * a mark follow the pairs of its attributes. A name is one byte; what no longer fits the list is
 * spelled out. At its end stands where the value of each name lies (two bytes each, from the item's
 * beginning; 0: it has none) and the number of them: one event is packed once and read by many
 * rules, each of which finds a field without passing over the others. An item too long for two
 * bytes has no such list. Engine and box share this; a reader stays inside its span whatever it
 * holds. */
#ifndef SW_BOX_PACKED_H
#define SW_BOX_PACKED_H
#include "box/frame.h"

#define SW_PACK_NAMES 250 /* in the list of a batch */

struct sw_pack_names { /* borrowed texts, alive as long as the list is written; of a batch */
    const char *s[SW_PACK_NAMES];
    size_t len[SW_PACK_NAMES];
    size_t n,
        next; /* next: the likely one, since events of a kind have their fields in one order */
    uint16_t place[SW_PACK_NAMES]; /* of the item being written */
    size_t from, places;           /* where it begins, how many names it has places of */
};

/* An item: its instant (UTC ms) and key, then fields, then attributes, each a name and its value. Names that are new
 * are added to `names`, which goes out beside the items (sw_pack_write_names). */
void sw_pack_begin(struct sw_buf *b, struct sw_pack_names *names, int64_t at, const char *key,
                   size_t n_key);
void sw_pack_name(struct sw_buf *b, struct sw_pack_names *names, const char *s,
                  size_t n);               /* then its value */
void sw_pack_attributes(struct sw_buf *b); /* from here on */
void sw_pack_end(struct sw_buf *b, struct sw_pack_names *names);
void sw_pack_write_names(struct sw_buf *b,
                         const struct sw_pack_names *names); /* as a list of texts */

struct sw_packed {
    int64_t at;      /* ms */
    const char *key; /* not terminated */
    size_t n_key;
    struct sw_rd fields;
};

struct sw_pack_field {
    int id; /* in the list of names; negative: spelled out in s, n */
    const char *s;
    size_t n;
    bool attribute; /* kept from call to call: begin with false */
    struct sw_rd value;
};

/* Its head; false when it is no item. What is given is borrowed from it. */
bool sw_packed_open(struct sw_rd item, struct sw_packed *p);
/* The next field; false at the end or on damage. */
bool sw_packed_next(struct sw_rd *r, struct sw_pack_field *f);
/* The value of a field or attribute: by id, or by name when id is negative. */
bool sw_packed_find(struct sw_rd fields, int id, const char *s, size_t n, struct sw_rd *value);
/* The same by id alone, without a pass: from there to the end of the fields. NULL: it has none, or the
 * item has no list of places (sw_packed_places says). p..end: a whole item. */
static inline size_t sw_packed_places(const uint8_t *p, const uint8_t *end)
{
    return end > p && (size_t)(end - p) > 2 * (size_t)end[-1] ? end[-1] : 0;
}
static inline const uint8_t *sw_packed_place(const uint8_t *p, const uint8_t *end, size_t id)
{
    size_t n = sw_packed_places(p, end), at;
    const uint8_t *list = end - 1 - 2 * n;
    if (id >= n) return NULL;
    at = list[2 * id] | (size_t)list[2 * id + 1] << 8;
    return at && at < (size_t)(list - p) ? p + at : NULL;
}
#endif
