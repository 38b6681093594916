/* SPDX-License-Identifier: MIT
 * Hashes and random bytes, by libsodium. BLAKE2b throughout. */
#ifndef SW_BASE_CRYPTO_H
#define SW_BASE_CRYPTO_H
#include <stddef.h>
#include <stdint.h>

#define SW_HASH_BYTES 32

int sw_crypto_init(void); /* once per process, before anything else here; 0 or SW_E_INTERNAL */

struct sw_hash { /* streaming BLAKE2b-256 */
    _Alignas(64) unsigned char state[384];
};
void sw_hash_start(struct sw_hash *h);
void sw_hash_add(struct sw_hash *h, const void *p, size_t n);
void sw_hash_end(struct sw_hash *h, uint8_t out[SW_HASH_BYTES]);

void sw_hash_hex(const void *p, size_t n, char out[2 * SW_HASH_BYTES + 1]); /* whole text at once */
void sw_hex(const uint8_t *p, size_t n, char *out); /* 2n characters and NUL */
/* Identity of data: a positive 63-bit id from the bytes of its key. Same key, same id, in any home. */
int64_t sw_id_of(const void *key, size_t n);
void sw_random(void *p, size_t n);
#endif
