/* SPDX-License-Identifier: MIT */
#include "base/map.h"
#include "base/alloc.h"
#include <string.h>

/* fast, not for identity on disk */
static uint64_t hash_bytes(const void *p, size_t n)
{
    const uint8_t *s = p;
    uint64_t h = 0x9e3779b97f4a7c15u ^ n;
    while (n >= 8) {
        uint64_t k;
        memcpy(&k, s, 8);
        h = (h ^ k) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
        s += 8;
        n -= 8;
    }
    while (n--) h = (h ^ *s++) * 0x100000001b3u;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return h ^ (h >> 29);
}

void sw_map_init(struct sw_map *m)
{
    *m = (struct sw_map){0};
}

void sw_map_clear(struct sw_map *m)
{
    for (size_t i = 0; i < m->cap; i++) sw_free(m->slot[i].key);
    sw_free(m->slot);
    sw_map_init(m);
}

static struct sw_map_slot *find(const struct sw_map *m, const void *key, size_t len, uint64_t h)
{
    size_t mask = m->cap - 1;
    for (size_t i = h & mask;; i = (i + 1) & mask) {
        struct sw_map_slot *s = &m->slot[i];
        if (!s->key) return s;
        if (s->hash == h && s->len == len && !memcmp(s->key, key, len)) return s;
    }
}

static void rehash(struct sw_map *m)
{
    struct sw_map old = *m;
    m->cap = old.cap ? old.cap * 2 : 16;
    m->slot = sw_zalloc(m->cap * sizeof *m->slot);
    for (size_t i = 0; i < old.cap; i++)
        if (old.slot[i].key)
            *find(m, old.slot[i].key, old.slot[i].len, old.slot[i].hash) = old.slot[i];
    sw_free(old.slot);
}

void sw_map_set(struct sw_map *m, const void *key, size_t len, intptr_t value)
{
    uint64_t h = hash_bytes(key, len);
    struct sw_map_slot *s;
    if (m->n * 4 >= m->cap * 3) rehash(m);
    s = find(m, key, len, h);
    if (!s->key) {
        *s = (struct sw_map_slot){sw_strndup(key, len), len, h, 0};
        m->n++;
    }
    s->value = value;
}

bool sw_map_get(const struct sw_map *m, const void *key, size_t len, intptr_t *value)
{
    struct sw_map_slot *s;
    if (!m->cap) return false;
    s = find(m, key, len, hash_bytes(key, len));
    if (!s->key) return false;
    *value = s->value;
    return true;
}
