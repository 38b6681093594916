/* SPDX-License-Identifier: MIT */
#include "base/crypto.h"
#include "base/err.h"
#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(struct sw_hash) >= sizeof(crypto_generichash_state), "hash state fits");

int sw_crypto_init(void)
{
    return sodium_init() < 0 ? SW_E_INTERNAL : 0;
}

void sw_hash_start(struct sw_hash *h)
{
    crypto_generichash_init((crypto_generichash_state *)(void *)h->state, NULL, 0, SW_HASH_BYTES);
}

void sw_hash_add(struct sw_hash *h, const void *p, size_t n)
{
    crypto_generichash_update((crypto_generichash_state *)(void *)h->state, p, n);
}

void sw_hash_end(struct sw_hash *h, uint8_t out[SW_HASH_BYTES])
{
    crypto_generichash_final((crypto_generichash_state *)(void *)h->state, out, SW_HASH_BYTES);
}

void sw_hex(const uint8_t *p, size_t n, char *out)
{
    sodium_bin2hex(out, 2 * n + 1, p, n);
}

void sw_hash_hex(const void *p, size_t n, char out[2 * SW_HASH_BYTES + 1])
{
    uint8_t h[SW_HASH_BYTES];
    crypto_generichash(h, sizeof h, p, n, NULL, 0);
    sw_hex(h, sizeof h, out);
}

int64_t sw_id_of(const void *key, size_t n)
{
    uint8_t h[16];
    uint64_t v;
    crypto_generichash(h, sizeof h, key, n, NULL, 0);
    memcpy(&v, h, 8);
    v &= INT64_MAX;
    return v ? (int64_t)v : 1;
}

void sw_random(void *p, size_t n)
{
    randombytes_buf(p, n);
}
