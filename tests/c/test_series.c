/* SPDX-License-Identifier: MIT */
#include "codec/series.h"
#include "base/alloc.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static uint64_t rnd(uint64_t *x)
{
    *x ^= *x << 13, *x ^= *x >> 7, *x ^= *x << 17;
    return *x;
}

static void back_and_forth(const struct sw_sample *x, size_t n)
{
    struct sw_buf b;
    struct sw_samples got = {0};
    struct sw_err err = SW_ERR_INIT;
    sw_buf_init(&b, (size_t)1 << 26);
    sw_buf_puts(&b, "before"); /* it appends */
    if (sw_series_encode(NULL, x, n, &b, &err)) fail_msg("%s", err.text);
    if (sw_series_decode(NULL, b.data + 6, b.len - 6, &got, &err)) fail_msg("%s", err.text);
    assert_int_equal(got.n, n);
    for (size_t i = 0; i < n; i++)
        if (sw_sample_cmp(&got.at[i], &x[i])) fail_msg("sample %zu of %zu differs", i, n);
    sw_samples_clear(&got);
    sw_buf_clear(&b);
}

static void random_samples_come_back_exactly(void **state)
{
    uint64_t x = 0x5eed;
    size_t total = 0;
    (void)state;
    for (int round = 0; round < 600; round++) {
        struct sw_samples s = {0};
        size_t n = 1 + rnd(&x) % (round % 10 ? 200 : 5000);
        int64_t t = (int64_t)(rnd(&x) % 3000000000000u) - 1000000000000, unit = (int64_t[]){1, 1000, 60000, 7}[round % 4];
        for (size_t i = 0; i < n; i++) {
            uint64_t r = rnd(&x);
            struct sw_sample e = {t, 0, 0, (int32_t)(r >> 60) * 60 - 300};
            if (round % 3 == 1) e.dur_ms = (int64_t)(r % 100) * unit;
            if (round % 7 == 2) e.dur_ms = (int64_t)(r % 34560000000u);
            e.value = round % 5 == 0 ? (int64_t)rnd(&x) : round % 5 == 1 ? (int64_t)(r % 200) * 100 : (int64_t)(r % 1000) - 500;
            sw_samples_push(&s, &e);
            t += (int64_t)(r >> 20 & (round % 2 ? 1 : 15)) * unit;
        }
        sw_samples_sort(&s);
        back_and_forth(s.at, s.n);
        total += s.n;
        sw_samples_clear(&s);
    }
    print_message("%zu samples, seed 0x5eed\n", total);
}

static void extremes_come_back_exactly(void **state)
{
    static const struct sw_sample x[] = {
        {INT64_MIN, 0, INT64_MIN, INT32_MIN},   {INT64_MIN, INT64_MAX, INT64_MAX, INT32_MAX}, {-1, INT64_MIN, INT64_MIN + 1, -900}, {0, 0, INT64_MAX, 0},
        {0, 1, INT64_MIN, 840},                 {1, 34560000000, -1, -720},                   {INT64_MAX - 1, 0, 1000000000000000000, 1}, {INT64_MAX, 0, -1000000000000000000, -1},
    };
    (void)state;
    for (size_t a = 0; a < 8; a++)
        for (size_t n = 1; a + n <= 8; n++) back_and_forth(x + a, n);
}

static void every_changed_byte_and_every_cut_is_noticed(void **state)
{
    size_t flips = 0;
    (void)state;
    for (int dense = 0; dense < 2; dense++) {
        struct sw_samples s = {0}, got = {0};
        struct sw_buf b;
        for (int i = 0; i < (dense ? 400 : 5); i++) {
            struct sw_sample e = {1700000000000 + i * 60000, dense ? 60000 : 0, 6000 + i % 17 * 100, 60};
            sw_samples_push(&s, &e);
        }
        sw_buf_init(&b, 100000);
        assert_int_equal(sw_series_encode(NULL, s.at, s.n, &b, NULL), 0);
        for (size_t i = 0; i < b.len; i++)
            for (unsigned bits = 1; bits < 256; bits++, flips++) {
                b.data[i] ^= (uint8_t)bits;
                assert_int_equal(sw_series_decode(NULL, b.data, b.len, &got, NULL), SW_E_BAD);
                assert_int_equal(got.n, 0);
                b.data[i] ^= (uint8_t)bits;
            }
        for (size_t n = 0; n < b.len; n++) assert_int_equal(sw_series_decode(NULL, b.data, n, &got, NULL), SW_E_BAD);
        assert_int_equal(sw_series_decode(NULL, b.data, b.len, &got, NULL), 0);
        sw_buf_clear(&b);
        sw_samples_clear(&s);
        sw_samples_clear(&got);
    }
    print_message("%zu changed bytes\n", flips);
}

static void a_chunk_cannot_be_empty_or_over_its_cap(void **state)
{
    struct sw_sample one = {0, 0, 0, 0};
    struct sw_buf b;
    (void)state;
    sw_buf_init(&b, 1000);
    assert_int_equal(sw_series_encode(NULL, &one, 0, &b, NULL), SW_E_LIMIT);
    assert_int_equal(sw_series_encode(NULL, &one, SW_CHUNK_MAX_SAMPLES + 1, &b, NULL), SW_E_LIMIT);
    sw_buf_clear(&b);
    sw_buf_init(&b, 4);
    assert_int_equal(sw_series_encode(NULL, &one, 1, &b, NULL), SW_E_LIMIT);
    sw_buf_clear(&b);
}

static void a_regular_minute_costs_little(void **state)
{
    struct sw_samples s = {0};
    struct sw_buf b;
    (void)state;
    for (int i = 0; i < 1440; i++) {
        struct sw_sample e = {1700000000000 + i * 60000, 60000, 7200, 60};
        sw_samples_push(&s, &e);
    }
    sw_buf_init(&b, 100000);
    assert_int_equal(sw_series_encode(NULL, s.at, s.n, &b, NULL), 0);
    assert_true(b.len < 80);
    sw_buf_clear(&b);
    sw_samples_clear(&s);
}

/* --- merge --- */

static struct sw_samples list(const int64_t (*row)[3], size_t n)
{
    struct sw_samples s = {0};
    for (size_t i = 0; i < n; i++) {
        struct sw_sample e = {row[i][0], row[i][1], row[i][2], 0};
        sw_samples_push(&s, &e);
    }
    sw_samples_sort(&s);
    return s;
}

static void a_merge_says_what_is_new_changed_and_known(void **state)
{
    static const int64_t have[][3] = {{10, 0, 1}, {20, 0, 2}, {30, 5, 3}, {40, 0, 4}}, in[][3] = {{5, 0, 9}, {20, 0, 2}, {30, 5, 7}, {30, 6, 3}, {40, 0, 4}, {50, 0, 5}};
    struct sw_samples h = list(have, 4), i = list(in, 6), news = {0};
    struct sw_merge stat;
    (void)state;
    sw_series_merge(&h, &i, false, &stat, &news);
    assert_int_equal(stat.added, 3);
    assert_int_equal(stat.changed, 1);
    assert_int_equal(stat.same, 2);
    assert_int_equal(h.n, 7);
    assert_int_equal(news.n, 4);
    assert_true(news.at[1].start_ms == 30 && news.at[1].value == 7);
    sw_series_merge(&h, &i, false, &stat, NULL); /* again: nothing is news */
    assert_true(stat.added == 0 && stat.changed == 0 && stat.same == 6);
    sw_samples_clear(&h), sw_samples_clear(&i), sw_samples_clear(&news);
}

static void samples_told_apart_by_value_are_never_changed(void **state)
{
    static const int64_t have[][3] = {{10, 0, 1}, {10, 0, 2}}, in[][3] = {{10, 0, 2}, {10, 0, 3}, {10, 0, 3}};
    struct sw_samples h = list(have, 2), i = list(in, 3);
    struct sw_merge stat;
    (void)state;
    sw_series_merge(&h, &i, true, &stat, NULL);
    assert_true(stat.added == 1 && stat.changed == 0 && stat.same == 2 && h.n == 3);
    sw_samples_clear(&h), sw_samples_clear(&i);
}

static void one_time_twice_in_a_delivery_counts_once(void **state)
{
    static const int64_t in[][3] = {{10, 0, 1}, {10, 0, 2}, {10, 0, 3}, {11, 0, 1}};
    struct sw_samples h = {0}, i = list(in, 4);
    struct sw_merge stat;
    (void)state;
    sw_series_merge(&h, &i, false, &stat, NULL);
    assert_true(h.n == 2 && h.at[0].value == 3 && stat.added == 2 && stat.same == 2);
    sw_samples_clear(&h), sw_samples_clear(&i);
}

static void random_merges_agree_with_a_plain_table(void **state)
{
    enum { SLOTS = 60 };
    uint64_t x = 4711;
    (void)state;
    for (int round = 0; round < 2000; round++) {
        int64_t table[SLOTS];
        struct sw_samples have = {0};
        memset(table, -1, sizeof table);
        for (int step = 0; step < 5; step++) {
            int64_t told[SLOTS];
            struct sw_samples in = {0}, news = {0};
            struct sw_merge stat;
            size_t added = 0, changed = 0, same = 0, k = 0;
            memset(told, -1, sizeof told);
            for (uint64_t n = rnd(&x) % 20; n; n--) told[rnd(&x) % SLOTS] = (int64_t)(rnd(&x) % 3);
            for (int i = 0; i < SLOTS; i++) {
                struct sw_sample e = {i / 2, i % 2, told[i], 0};
                if (told[i] < 0) continue;
                sw_samples_push(&in, &e);
                if (table[i] < 0) added++;
                else if (table[i] != told[i]) changed++;
                else same++;
                table[i] = told[i];
            }
            sw_series_merge(&have, &in, false, &stat, &news);
            if (stat.added != added || stat.changed != changed || stat.same != same || news.n != added + changed) fail_msg("seed 4711 round %d", round);
            for (int i = 0; i < SLOTS; i++) {
                if (table[i] < 0) continue;
                assert_true(have.at[k].start_ms == i / 2 && have.at[k].dur_ms == i % 2 && have.at[k].value == table[i]);
                k++;
            }
            assert_int_equal(k, have.n);
            sw_samples_clear(&in), sw_samples_clear(&news);
        }
        sw_samples_clear(&have);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_samples_come_back_exactly),
        cmocka_unit_test(extremes_come_back_exactly),
        cmocka_unit_test(every_changed_byte_and_every_cut_is_noticed),
        cmocka_unit_test(a_chunk_cannot_be_empty_or_over_its_cap),
        cmocka_unit_test(a_regular_minute_costs_little),
        cmocka_unit_test(a_merge_says_what_is_new_changed_and_known),
        cmocka_unit_test(samples_told_apart_by_value_are_never_changed),
        cmocka_unit_test(one_time_twice_in_a_delivery_counts_once),
        cmocka_unit_test(random_merges_agree_with_a_plain_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
