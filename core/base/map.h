/* SPDX-License-Identifier: MIT
 * A hash map from byte strings to one machine word, and an interner on top of it. Keys are copied.
 * Open addressing, no removal: it serves dictionaries that live as long as one job. */
#ifndef SW_BASE_MAP_H
#define SW_BASE_MAP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_map_slot {
    char *key; /* NULL: free */
    size_t len;
    uint64_t hash;
    intptr_t value;
};
struct sw_map {
    struct sw_map_slot *slot;
    size_t cap, n;
};

/* Empty, without memory of its own. Keys are copied; set replaces; get is false when the key is not there. */
void sw_map_init(struct sw_map *m);
void sw_map_clear(struct sw_map *m); /* frees keys and table */
void sw_map_set(struct sw_map *m, const void *key, size_t len, intptr_t value);
bool sw_map_get(const struct sw_map *m, const void *key, size_t len, intptr_t *value);
#endif
