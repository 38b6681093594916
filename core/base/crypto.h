/* SPDX-License-Identifier: MIT
 * Hashes, random bytes and sealing, by libsodium; BLAKE2b wherever the choice is ours. SHA-1, which
 * services still ask for, is libcrypto's. */
#ifndef SW_BASE_CRYPTO_H
#define SW_BASE_CRYPTO_H
#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_HASH_BYTES 32

int sw_crypto_init(void); /* once per process, before anything else here; 0 or SW_E_INTERNAL */

struct sw_hash { /* streaming BLAKE2b-256 */
    _Alignas(64) unsigned char state[384];
};
/* Begin, take bytes in, give the digest; the state is the caller's and of no use after the end. */
void sw_hash_start(struct sw_hash *h);
void sw_hash_add(struct sw_hash *h, const void *p, size_t n);
void sw_hash_end(struct sw_hash *h, uint8_t out[SW_HASH_BYTES]);

void sw_hash_hex(const void *p, size_t n, char out[2 * SW_HASH_BYTES + 1]); /* whole text at once */
void sw_hex(const uint8_t *p, size_t n, char *out); /* 2n characters and NUL */
/* Identity of data: a positive 63-bit id from the bytes of its key. Same key, same id, in any home. */
int64_t sw_id_of(const void *key, size_t n);
void sw_random(void *p, size_t n);

/* What services ask for. */
void sw_sha256(const void *p, size_t n, uint8_t out[32]);
void sw_hmac_sha256(const void *key, size_t key_n, const void *p, size_t n, uint8_t out[32]);
void sw_sha1(const void *p, size_t n, uint8_t out[20]);
bool sw_crypto_equal(const void *a, const void *b, size_t n); /* takes as long whatever differs */

/* Base64, or with url set its URL-safe alphabet without padding. Appended to b. */
void sw_base64(struct sw_buf *b, const void *p, size_t n, bool url);
/* Either alphabet, padded or not. 0, or SW_E_BAD. Appended to b. */
int sw_unbase64(struct sw_buf *b, const char *p, size_t n);

/* Sealing (XChaCha20-Poly1305 with a random nonce): what is opened is what was sealed under this key
 * for this purpose `ad`, or nothing. Appended to out as bytes. */
#define SW_KEY_BYTES 32
void sw_seal(const uint8_t key[SW_KEY_BYTES], const char *ad, const void *p, size_t n,
             struct sw_buf *out);
int sw_unseal(const uint8_t key[SW_KEY_BYTES], const char *ad, const void *p, size_t n,
              struct sw_buf *out); /* 0, or SW_E_DENIED */
/* A key from words a person remembers (Argon2id, 64 MiB, takes a moment). 0, or SW_E_LIMIT without memory. */
#define SW_SALT_BYTES 16
int sw_key_of_words(const char *words, size_t n, const uint8_t salt[SW_SALT_BYTES],
                    uint8_t key[SW_KEY_BYTES]);
/* Overwrites a secret, also where a compiler sees that nobody reads it again. */
void sw_wipe(void *p, size_t n);
int sw_unhex(const char *hex, size_t n, struct sw_buf *out); /* 0, or SW_E_BAD */
#endif
