/* SPDX-License-Identifier: MIT */
#include "box/random.h"

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

/* splitmix64: spreads a seed over the state */
static uint64_t spread(uint64_t *x)
{
    uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void sw_random_seed(struct sw_random *r, const void *p, size_t n)
{
    const unsigned char *c = p;
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < n; i++) h = (h ^ c[i]) * UINT64_C(0x100000001b3);
    for (int i = 0; i < 4; i++) r->s[i] = spread(&h);
    r->seeded = true;
}

uint64_t sw_random_next(struct sw_random *r)
{
    uint64_t *s = r->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

double sw_random_unit(struct sw_random *r)
{
    return (double)(sw_random_next(r) >> 11) * 0x1p-53;
}

uint64_t sw_random_upto(struct sw_random *r, uint64_t most)
{
    uint64_t mask = most, v;
    for (int k = 1; k < 64; k *= 2) mask |= mask >> k;
    do v = sw_random_next(r) & mask;
    while (v > most);
    return v;
}
