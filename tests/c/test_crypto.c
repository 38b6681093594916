/* SPDX-License-Identifier: MIT */
#include "base/crypto.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* BLAKE2b-256 of the empty text and of "abc", as b2sum -l 256 prints them. */
static void hashes_are_blake2b(void **state)
{
    static const struct {
        const char *text, *hex;
    } rows[] = {{"", "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"},
                {"abc", "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char hex[2 * SW_HASH_BYTES + 1];
        sw_hash_hex(rows[i].text, strlen(rows[i].text), hex);
        assert_string_equal(hex, rows[i].hex);
    }
}

static void pieces_hash_like_the_whole(void **state)
{
    char text[5000], whole[65], hex[65];
    uint8_t out[SW_HASH_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)(i * 7 >> 2);
    sw_hash_hex(text, sizeof text, whole);
    for (size_t step = 1; step < 600; step += 61) {
        struct sw_hash h;
        sw_hash_start(&h);
        for (size_t at = 0; at < sizeof text; at += step) sw_hash_add(&h, text + at, at + step > sizeof text ? sizeof text - at : step);
        sw_hash_end(&h, out);
        sw_hex(out, sizeof out, hex);
        assert_string_equal(hex, whole);
    }
}

static void ids_are_positive_and_stable(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        int64_t id = sw_id_of(&i, sizeof i);
        assert_true(id > 0);
        assert_true(id == sw_id_of(&i, sizeof i));
    }
    assert_true(sw_id_of("a", 1) != sw_id_of("a", 2));
}

static void random_bytes_differ(void **state)
{
    uint8_t a[32] = {0}, b[32] = {0};
    (void)state;
    sw_random(a, sizeof a);
    sw_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_blake2b),
        cmocka_unit_test(pieces_hash_like_the_whole),
        cmocka_unit_test(ids_are_positive_and_stable),
        cmocka_unit_test(random_bytes_differ),
    };
    if (sw_crypto_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
