/* SPDX-License-Identifier: MIT */
#include "base/crypto.h"
#include "base/err.h"
#include "base/late.h"
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(struct sw_hash) >= sizeof(crypto_generichash_state), "hash state fits");

/* SHA-1 is asked for by few services, so this library comes late, too. */
SW_LATE(SW_LIBCRYPTO, const EVP_MD *, EVP_sha1, (void), ())
SW_LATE(SW_LIBCRYPTO, int, EVP_Digest,
        (const void *p, size_t n, unsigned char *out, unsigned *len, const EVP_MD *kind,
         ENGINE *impl),
        (p, n, out, len, kind, impl))

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

void sw_sha256(const void *p, size_t n, uint8_t out[32])
{
    crypto_hash_sha256(out, p, n);
}

void sw_hmac_sha256(const void *key, size_t key_n, const void *p, size_t n, uint8_t out[32])
{
    crypto_auth_hmacsha256_state st;
    crypto_auth_hmacsha256_init(&st, key, key_n);
    crypto_auth_hmacsha256_update(&st, p, n);
    crypto_auth_hmacsha256_final(&st, out);
}

void sw_sha1(const void *p, size_t n, uint8_t out[20])
{
    unsigned len = 0;
    memset(out, 0, 20);
    EVP_Digest(p, n, out, &len, EVP_sha1(), NULL);
}

bool sw_crypto_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

void sw_base64(struct sw_buf *b, const void *p, size_t n, bool url)
{
    int variant = url ? sodium_base64_VARIANT_URLSAFE_NO_PADDING : sodium_base64_VARIANT_ORIGINAL;
    size_t most = sodium_base64_encoded_len(n, variant);
    uint8_t *to = sw_buf_room(b, most);
    if (!to) return;
    sodium_bin2base64((char *)to, most, p, n, variant);
    b->len += strlen((char *)to);
}

int sw_unbase64(struct sw_buf *b, const char *p, size_t n)
{
    static const int variants[] = {
        sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
        sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_URLSAFE_NO_PADDING};
    uint8_t *to = sw_buf_room(b, n + 1);
    size_t got;
    for (int i = 0; to && i < 4; i++) {
        if (sodium_base642bin(to, n + 1, p, n, NULL, &got, NULL, variants[i])) continue;
        to[got] = 0; /* as everywhere in a buffer: its text ends */
        b->len += got;
        return 0;
    }
    return SW_E_BAD;
}

enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES };
_Static_assert(SW_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key fits");

void sw_seal(const uint8_t key[SW_KEY_BYTES], const char *ad, const void *p, size_t n,
             struct sw_buf *out)
{
    uint8_t *to = sw_buf_room(out, NONCE + n + TAG + 1);
    unsigned long long got = 0;
    if (!to) return;
    randombytes_buf(to, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(to + NONCE, &got, p, n, (const uint8_t *)ad, strlen(ad),
                                               NULL, to, key);
    to[NONCE + got] = 0;
    out->len += NONCE + (size_t)got;
}

int sw_unseal(const uint8_t key[SW_KEY_BYTES], const char *ad, const void *p, size_t n,
              struct sw_buf *out)
{
    const uint8_t *from = p;
    unsigned long long got = 0;
    uint8_t *to = n >= NONCE + TAG ? sw_buf_room(out, n) : NULL;
    if (!to || crypto_aead_xchacha20poly1305_ietf_decrypt(to, &got, NULL, from + NONCE, n - NONCE,
                                                          (const uint8_t *)ad, strlen(ad), from, key))
        return SW_E_DENIED;
    to[got] = 0;
    out->len += (size_t)got;
    return 0;
}

int sw_key_of_words(const char *words, size_t n, const uint8_t salt[SW_SALT_BYTES],
                    uint8_t key[SW_KEY_BYTES])
{
    _Static_assert(SW_SALT_BYTES == crypto_pwhash_SALTBYTES, "salt fits");
    return crypto_pwhash(key, SW_KEY_BYTES, words, n, salt, crypto_pwhash_OPSLIMIT_MODERATE,
                         crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13)
               ? SW_E_LIMIT
               : 0;
}

void sw_wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}

int sw_unhex(const char *hex, size_t n, struct sw_buf *out)
{
    uint8_t *to = sw_buf_room(out, n / 2 + 1);
    size_t got;
    if (!to || n % 2 || sodium_hex2bin(to, n / 2 + 1, hex, n, NULL, &got, NULL) || got != n / 2)
        return SW_E_BAD;
    to[got] = 0;
    out->len += got;
    return 0;
}
