/* SPDX-License-Identifier: MIT
 * Events on their way to one rule, many in a frame: what they have in common is said once. Field
 * names stand in a list of the batch and an event refers to them by position, so a reader finds a
 * field without decoding the others. An item is: its instant, its key (empty: none), then pairs of
 * a name and a value of the frame encoding; after a mark follow the pairs of its attributes. A name
 * is one byte; what no longer fits the list is spelled out. Engine and box share this; a reader
 * stays inside its span whatever it holds. */
#ifndef SW_BOX_PACKED_H
#define SW_BOX_PACKED_H
#include "box/frame.h"

#define SW_PACK_NAMES 250 /* in the list of a batch */

struct sw_pack_names { /* borrowed texts, alive as long as the list is written */
    const char *s[SW_PACK_NAMES];
    size_t len[SW_PACK_NAMES];
    size_t n,
        next; /* next: the likely one, since events of a kind have their fields in one order */
};

void sw_pack_begin(struct sw_buf *b, int64_t at, const char *key, size_t n_key);
void sw_pack_name(struct sw_buf *b, struct sw_pack_names *names, const char *s,
                  size_t n);               /* then its value */
void sw_pack_attributes(struct sw_buf *b); /* from here on */
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

bool sw_packed_open(struct sw_rd item, struct sw_packed *p);
/* The next field; false at the end or on damage. */
bool sw_packed_next(struct sw_rd *r, struct sw_pack_field *f);
/* Note where each value lies, from `base`: place[id], for ids below n; the first of a name counts.
 * Places that are not touched stay as they are. */
void sw_packed_places(struct sw_rd fields, const uint8_t *base, uint32_t *place, size_t n);
/* The value of a field or attribute: by id, or by name when id is negative. */
bool sw_packed_find(struct sw_rd fields, int id, const char *s, size_t n, struct sw_rd *value);
#endif
