/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "base/buf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void what_fits_is_kept_and_terminated(void **state)
{
    struct sw_buf b;
    (void)state;
    sw_buf_init(&b, 10);
    assert_string_equal(sw_buf_str(&b), "");
    sw_buf_puts(&b, "hello");
    sw_buf_printf(&b, "%d", 12345);
    assert_false(b.over);
    assert_string_equal(sw_buf_str(&b), "hello12345");
    sw_buf_clear(&b);
    assert_int_equal(b.max, 10);
}

static void one_byte_over_the_cap_drops_that_write_and_all_later_ones(void **state)
{
    struct sw_buf b;
    (void)state;
    sw_buf_init(&b, 10);
    sw_buf_puts(&b, "123456789");
    sw_buf_puts(&b, "ab");
    assert_true(b.over);
    sw_buf_byte(&b, 'c'); /* would fit, but the text would have a hole */
    assert_string_equal(sw_buf_str(&b), "123456789");
    sw_buf_reset(&b);
    assert_false(b.over);
    sw_buf_printf(&b, "%s", "0123456789x");
    assert_true(b.over);
    assert_int_equal(b.len, 0);
    assert_null(sw_buf_room(&b, SIZE_MAX));
    sw_buf_clear(&b);
}

static void bytes_taken_out_leave_an_empty_buffer(void **state)
{
    struct sw_buf b;
    char *s;
    (void)state;
    sw_buf_init(&b, 100);
    s = sw_buf_take(&b);
    assert_string_equal(s, "");
    sw_free(s);
    sw_buf_puts(&b, "x");
    s = sw_buf_take(&b);
    assert_string_equal(s, "x");
    assert_int_equal(b.len, 0);
    assert_int_equal(b.max, 100);
    sw_free(s);
}

static void cutting_drops_the_front(void **state)
{
    static const struct {
        size_t cut;
        const char *left;
    } rows[] = {{0, "abcdef"}, {1, "bcdef"}, {5, "f"}, {6, ""}, {99, ""}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_buf b;
        sw_buf_init(&b, 100);
        sw_buf_puts(&b, "abcdef");
        sw_buf_cut(&b, rows[i].cut);
        assert_string_equal(sw_buf_str(&b), rows[i].left);
        sw_buf_clear(&b);
    }
}

static void integers_read_back_as_written(void **state)
{
    static const int64_t v[] = {0, 1, -1, 63, 64, -64, -65, 127, 128, 16383, 16384, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, INT64_MAX - 1};
    (void)state;
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        struct sw_buf b;
        struct sw_rd r;
        sw_buf_init(&b, 100);
        sw_buf_zigzag(&b, v[i]);
        sw_buf_varint(&b, (uint64_t)v[i]);
        sw_buf_u64(&b, (uint64_t)v[i]);
        sw_buf_u32(&b, (uint32_t)v[i]);
        sw_buf_u16(&b, (uint16_t)v[i]);
        sw_buf_f64(&b, (double)v[i]);
        r = sw_rd_of(b.data, b.len);
        assert_true(sw_rd_zigzag(&r) == v[i]);
        assert_true(sw_rd_varint(&r) == (uint64_t)v[i]);
        assert_true(sw_rd_u64(&r) == (uint64_t)v[i]);
        assert_true(sw_rd_u32(&r) == (uint32_t)v[i]);
        assert_true(sw_rd_u16(&r) == (uint16_t)v[i]);
        assert_true(sw_rd_f64(&r) == (double)v[i]);
        assert_false(r.bad);
        assert_int_equal(sw_rd_left(&r), 0);
        for (size_t cut = 0; cut < b.len; cut++) { /* every shorter text is noticed somewhere */
            r = sw_rd_of(b.data, cut);
            sw_rd_zigzag(&r), sw_rd_varint(&r), sw_rd_u64(&r), sw_rd_u32(&r), sw_rd_u16(&r), sw_rd_f64(&r);
            assert_true(r.bad);
        }
        sw_buf_clear(&b);
    }
}

static void varints_that_do_not_fit_64_bits_are_bad(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        bool bad;
    } rows[] = {{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, false},
                {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, true},
                {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 11, true},
                {"\x80", 1, true},
                {"", 0, true},
                {"\x80\x00", 2, false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_rd r = sw_rd_of(rows[i].bytes, rows[i].n);
        sw_rd_varint(&r);
        assert_int_equal(r.bad, rows[i].bad);
    }
}

static void a_reader_past_its_end_stays_bad_and_gives_zeroes(void **state)
{
    struct sw_rd r = sw_rd_of("ab", 2), none = sw_rd_of(NULL, 0);
    (void)state;
    assert_null(sw_rd_bytes(&r, 3));
    assert_true(r.bad);
    assert_int_equal(sw_rd_byte(&r), 0);
    assert_null(sw_rd_bytes(&r, 0));
    assert_int_equal(sw_rd_u32(&none), 0);
    assert_true(none.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_kept_and_terminated),
        cmocka_unit_test(one_byte_over_the_cap_drops_that_write_and_all_later_ones),
        cmocka_unit_test(bytes_taken_out_leave_an_empty_buffer),
        cmocka_unit_test(cutting_drops_the_front),
        cmocka_unit_test(integers_read_back_as_written),
        cmocka_unit_test(varints_that_do_not_fit_64_bits_are_bad),
        cmocka_unit_test(a_reader_past_its_end_stays_bad_and_gives_zeroes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
