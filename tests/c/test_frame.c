/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "box/frame.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void sample(struct sw_buf *b)
{
    size_t map = sw_val_open(b, SW_V_MAP), arr;
    sw_val_key(b, "int");
    sw_val_int(b, INT64_MIN);
    sw_val_key(b, "num");
    sw_val_num(b, 1.5);
    sw_val_key(b, "text");
    sw_val_str(b, "a\0b", 3);
    sw_val_key(b, "yes");
    sw_val_bool(b, true);
    sw_val_key(b, "list");
    arr = sw_val_open(b, SW_V_ARR);
    sw_val_nil(b);
    sw_val_int(b, 7);
    sw_val_close(b, arr, 2);
    sw_val_close(b, map, 5);
}

static void what_is_written_reads_back(void **state)
{
    struct sw_buf b;
    struct sw_rd r, list;
    struct sw_val v;
    int64_t i;
    double d;
    bool yes;
    const char *s;
    size_t n;
    (void)state;
    sw_buf_init(&b, SW_FRAME_MAX);
    sample(&b);
    r = sw_rd_of(b.data, b.len);
    assert_int_equal(sw_val_check(r, NULL), 0);
    assert_true(sw_val_get_int(r, "int", &i) && i == INT64_MIN);
    assert_true(sw_val_get_num(r, "num", &d) && d == 1.5);
    assert_true(sw_val_get_str(r, "text", &s, &n) && n == 3 && memcmp(s, "a\0b", 3) == 0);
    assert_true(sw_val_get_bool(r, "yes", &yes) && yes);
    assert_false(sw_val_get_int(r, "num", &i));
    assert_false(sw_val_get_int(r, "absent", &i));
    assert_true(sw_val_find(r, "list", &list) && sw_val_next(&list, &v));
    assert_int_equal(v.kind, SW_V_ARR);
    assert_int_equal(v.n, 2);
    sw_buf_clear(&b);
}

static void a_frame_cut_anywhere_asks_for_more(void **state)
{
    struct sw_buf b;
    struct sw_rd r;
    size_t at, used;
    (void)state;
    sw_buf_init(&b, SW_FRAME_MAX + 4);
    at = sw_frame_begin(&b);
    sample(&b);
    assert_int_equal(sw_frame_end(&b, at, NULL), 0);
    for (size_t n = 0; n < b.len; n++) assert_int_equal(sw_frame_next(b.data, n, &used, &r, NULL), 0);
    assert_int_equal(sw_frame_next(b.data, b.len, &used, &r, NULL), 1);
    assert_int_equal(used, b.len);
    sw_buf_clear(&b);
}

static void a_changed_byte_never_reads_outside(void **state)
{
    struct sw_buf b;
    (void)state;
    sw_buf_init(&b, SW_FRAME_MAX);
    sample(&b);
    for (size_t i = 0; i < b.len; i++) {
        for (int bit = 0; bit < 256; bit++) {
            uint8_t *copy = malloc(b.len); /* exact size, so that the sanitizer sees every step outside */
            struct sw_rd list;
            memcpy(copy, b.data, b.len);
            copy[i] = (uint8_t)bit;
            sw_val_check(sw_rd_of(copy, b.len), NULL);
            sw_val_find(sw_rd_of(copy, b.len), "list", &list);
            free(copy);
        }
    }
    sw_buf_clear(&b);
}

static void hostile_values_are_refused(void **state)
{
    static const struct { const char *bytes; size_t n; } bad[] = {
        {"\x08", 1},                                  /* unknown tag */
        {"\x03", 1},                                  /* integer without bytes */
        {"\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11}, /* varint over 64 bits */
        {"\x04\0\0\0\0\0\0\xf0\x7f", 9},              /* infinity */
        {"\x04\0\0\0\0\0\0\xf8\x7f", 9},              /* not a number */
        {"\x05\x05" "abc", 5},                        /* string beyond the end */
        {"\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
        {"\x06\xff\xff\xff\xff", 5},                  /* array of four thousand million */
        {"\x07\x01\0\0\0", 5},                        /* map without its member */
        {"\x06\x01\0\0\0", 5},
        {"\x00\x00", 2},                              /* two values */
        {"", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t *copy = malloc(bad[i].n + 1);
        memcpy(copy, bad[i].bytes, bad[i].n);
        assert_true(sw_val_check(sw_rd_of(copy, bad[i].n), NULL) < 0);
        free(copy);
    }
}

static void nest(struct sw_buf *b, int depth)
{
    sw_buf_init(b, SW_FRAME_MAX);
    for (int i = 0; i < depth; i++) sw_val_close(b, sw_val_open(b, SW_V_ARR), 1);
    sw_val_nil(b);
}

static void depth_ends_at_thirty_two(void **state)
{
    struct sw_buf b;
    (void)state;
    nest(&b, SW_FRAME_DEPTH);
    assert_int_equal(sw_val_check(sw_rd_of(b.data, b.len), NULL), 0);
    sw_buf_clear(&b);
    nest(&b, SW_FRAME_DEPTH + 1);
    assert_true(sw_val_check(sw_rd_of(b.data, b.len), NULL) < 0);
    sw_buf_clear(&b);
    nest(&b, 20000);
    assert_true(sw_val_check(sw_rd_of(b.data, b.len), NULL) < 0);
    sw_buf_clear(&b);
}

static void a_frame_that_is_too_large_is_taken_back(void **state)
{
    struct sw_buf b;
    size_t at;
    char *big = calloc(1, SW_FRAME_MAX);
    (void)state;
    sw_buf_init(&b, 4 * SW_FRAME_MAX);
    at = sw_frame_begin(&b);
    sw_val_str(&b, big, SW_FRAME_MAX);
    assert_int_equal(sw_frame_end(&b, at, NULL), SW_E_LIMIT);
    assert_int_equal(b.len, 0);
    sw_buf_clear(&b);
    free(big);
}

static void lengths_outside_the_limits_are_no_frame(void **state)
{
    struct sw_rd r;
    size_t used;
    (void)state;
    assert_true(sw_frame_next((const uint8_t *)"\0\0\0\0\0", 5, &used, &r, NULL) < 0);
    assert_true(sw_frame_next((const uint8_t *)"\xff\xff\xff\xff\0", 5, &used, &r, NULL) < 0);
    assert_true(sw_frame_next((const uint8_t *)"\x01\0\0\0\x09", 5, &used, &r, NULL) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(a_frame_cut_anywhere_asks_for_more),
        cmocka_unit_test(a_changed_byte_never_reads_outside),
        cmocka_unit_test(hostile_values_are_refused),
        cmocka_unit_test(depth_ends_at_thirty_two),
        cmocka_unit_test(a_frame_that_is_too_large_is_taken_back),
        cmocka_unit_test(lengths_outside_the_limits_are_no_frame),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
