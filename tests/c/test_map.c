/* SPDX-License-Identifier: MIT */
#include "base/map.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void ten_thousand_keys_are_found_again(void **state)
{
    struct sw_map m;
    char key[32];
    intptr_t v;
    (void)state;
    sw_map_init(&m);
    for (int i = 0; i < 10000; i++) sw_map_set(&m, key, (size_t)snprintf(key, sizeof key, "key-%d", i), i);
    assert_int_equal(m.n, 10000);
    for (int i = 0; i < 10000; i++) {
        assert_true(sw_map_get(&m, key, (size_t)snprintf(key, sizeof key, "key-%d", i), &v));
        assert_int_equal(v, i);
    }
    assert_false(sw_map_get(&m, "key-10000", 9, &v));
    sw_map_clear(&m);
    assert_false(sw_map_get(&m, "key-1", 5, &v));
}

static void setting_again_replaces_the_value(void **state)
{
    struct sw_map m;
    intptr_t v = 0;
    (void)state;
    sw_map_init(&m);
    for (int i = 0; i < 100; i++) sw_map_set(&m, "a", 1, i);
    assert_int_equal(m.n, 1);
    assert_true(sw_map_get(&m, "a", 1, &v));
    assert_int_equal(v, 99);
    sw_map_clear(&m);
}

static void keys_are_bytes_with_a_length(void **state)
{
    static const struct {
        const char *p;
        size_t n;
    } keys[] = {{"", 0}, {"\0", 1}, {"\0\0", 2}, {"a", 1}, {"a\0", 2}, {"a\0b", 3}, {"12345678", 8}, {"123456789", 9}};
    struct sw_map m;
    intptr_t v;
    (void)state;
    sw_map_init(&m);
    for (int i = 0; i < 8; i++) sw_map_set(&m, keys[i].p, keys[i].n, i);
    assert_int_equal(m.n, 8);
    for (int i = 0; i < 8; i++) {
        assert_true(sw_map_get(&m, keys[i].p, keys[i].n, &v));
        assert_int_equal(v, i);
    }
    sw_map_clear(&m);
}

static void the_map_keeps_its_own_copy_of_a_key(void **state)
{
    struct sw_map m;
    char key[] = "abc";
    intptr_t v;
    (void)state;
    sw_map_init(&m);
    sw_map_set(&m, key, 3, 7);
    key[0] = 'x';
    assert_true(sw_map_get(&m, "abc", 3, &v));
    assert_false(sw_map_get(&m, key, 3, &v));
    sw_map_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_keys_are_found_again),
        cmocka_unit_test(setting_again_replaces_the_value),
        cmocka_unit_test(keys_are_bytes_with_a_length),
        cmocka_unit_test(the_map_keeps_its_own_copy_of_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
