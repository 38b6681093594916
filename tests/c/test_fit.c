/* SPDX-License-Identifier: MIT */
/* The framing and the values of FIT files, quirk by quirk, on files written here. Real
 * files are compared by tests/support/check_fit.py; here they only have to decode alike in
 * any slicing. */
#include "../support/fit_file.h"
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <dirent.h>
#include <cmocka.h>

/* --- framing --- */

static struct out small_file(uint8_t header)
{
    struct out o = fresh();
    begin(&o, header);
    file_id(&o, 4);
    define_record(&o);
    for (unsigned i = 0; i < 10; i++) record(&o, T0 + i, 100 + i);
    end(&o);
    return o;
}

static void headers_of_12_and_14_bytes_are_read(void **s)
{
    (void)s;
    for (uint8_t h = 12; h <= 14; h += 2) {
        struct out o = small_file(h);
        struct got g;
        decode_out(&g, &o);
        assert_int_equal(g.rc, 0);
        assert_int_equal(col(&g, "record.heart_rate")->n, 10);
        assert_int_equal(col(&g, "record.heart_rate")->start_ms[9], MS(T0 + 9));
        assert_int_equal(g.b.notes.len, 0);
        assert_string_equal(g.b.origins[0].name, "Forerunner 945");
        done(&g, &o);
    }
}

static void any_slicing_gives_the_same_result(void **s)
{
    struct out o = small_file(14);
    struct got whole;
    (void)s;
    decode_out(&whole, &o);
    for (size_t slice = 1; slice < 40; slice++) {
        struct got g;
        decode(&g, o.b.data, o.b.len, slice);
        assert_string_equal(sw_buf_str(&g.b.messages), sw_buf_str(&whole.b.messages));
        assert_int_equal(g.b.rows, whole.b.rows);
        done(&g, NULL);
    }
    done(&whole, &o);
}

static void a_wrong_checksum_is_a_note_and_the_data_is_kept(void **s)
{
    struct out o = small_file(14);
    struct got g;
    (void)s;
    o.b.data[o.b.len - 1] ^= 1;
    decode_out(&g, &o);
    assert_int_equal(col(&g, "record.heart_rate")->n, 10);
    assert_true(notes(&g, "checksum"));
    done(&g, &o);
}

static void a_cut_file_keeps_what_precedes_the_cut(void **s)
{
    struct out o = small_file(14);
    (void)s;
    for (size_t n = 0; n < o.b.len; n++) {
        struct got g;
        decode(&g, o.b.data, n, 1 << 20);
        assert_true(g.rc < 0 ? g.err.text[0] : g.b.notes.len > 0);
        if (n + 9 > o.b.len) assert_true(col(&g, "record.heart_rate")->n >= 9);
        done(&g, NULL);
    }
    sw_buf_clear(&o.b);
}

static void a_foreign_file_is_refused_in_one_sentence(void **s)
{
    static const struct {
        const char *bytes, *says;
    } t[] = {{"", "empty"},
             {"<?xml version", "XML"},
             {"{\"a\":1}", "JSON"},
             {"PK\3\4zzzzzzzzz", "zip"},
             {"hello, this is text", "text"},
             {"\x0e\x10\x01\x01\x01\x01\x01\x01NOPE", "binary"}};
    (void)s;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct got g;
        decode(&g, (const uint8_t *)t[i].bytes, strlen(t[i].bytes), 1 << 20);
        assert_true(g.rc < 0);
        assert_non_null(strstr(g.err.text, "not a FIT file"));
        assert_non_null(strstr(g.err.text, t[i].says));
        done(&g, NULL);
    }
}

static void a_file_that_was_never_closed_is_read_to_its_end(void **s)
{
    struct out o = small_file(12);
    struct got g;
    (void)s;
    memset(o.b.data + 4, 0, 4);
    decode(&g, o.b.data, o.b.len - 2, 1 << 20);
    assert_int_equal(g.rc, 0);
    assert_int_equal(col(&g, "record.heart_rate")->n, 10);
    assert_true(notes(&g, "never closed"));
    done(&g, &o);
}

static void chained_files_start_without_definitions(void **s)
{
    struct out o = small_file(14);
    struct got g;
    (void)s;
    begin(&o, 14);
    record(&o, T0 + 20, 99);
    end(&o);
    begin(&o, 14);
    file_id(&o, 4);
    define_record(&o);
    record(&o, T0 + 30, 99);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(col(&g, "record.heart_rate")->n, 11);
    assert_true(notes(&g, "part 2: a message without a definition"));
    done(&g, &o);
}

/* --- values --- */

static void byte_order_is_swapped_by_type_and_may_change_between_definitions(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    o.big = true;
    define(&o, 1, 20, 3, 253, 4, U32, 7, 2, U16, 5, 4, U32);
    head(&o, 1), num(&o, T0, 4), num(&o, 250, 2), num(&o, 12345, 4);
    o.big = false;
    define(&o, 2, 20, 3, 253, 4, U32, 7, 2, U16, 5, 4, U32);
    head(&o, 2), num(&o, T0 + 1, 4), num(&o, 260, 2), num(&o, 12445, 4);
    end(&o);
    decode_out(&g, &o);
    assert_true(col(&g, "record.power")->value[0] == 250 &&
                col(&g, "record.power")->value[1] == 260);
    assert_true(col(&g, "record.distance")->value[0] == 123.45);
    done(&g, &o);
}

static void an_invalid_value_is_absent_for_each_type(void **s)
{
    static const struct {
        int base, size;
        uint64_t invalid;
    } t[] = {{U8, 1, 0xff},        {S8, 1, 0x7f},        {U16, 2, 0xffff},
             {0x83, 2, 0x7fff},    {U32, 4, 0xffffffff}, {S32, 4, 0x7fffffff},
             {F32, 4, 0xffffffff}, {U8Z, 1, 0},          {0x8b, 2, 0},
             {0x8c, 4, 0},         {0x8e, 8, INT64_MAX}, {0x8f, 8, UINT64_MAX},
             {0x89, 8, UINT64_MAX}};
    (void)s;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct out o = fresh();
        struct got g;
        begin(&o, 14);
        file_id(&o, 4);
        define(&o, 1, 20, 2, 253, 4, U32, 7, t[i].size, t[i].base);
        head(&o, 1), num(&o, T0, 4), num(&o, t[i].invalid, (size_t)t[i].size);
        head(&o, 1), num(&o, T0, 4),
            num(&o,
                t[i].base == F32    ? 0x42c80000
                : t[i].base == 0x89 ? 0x4059000000000000
                                    : 100,
                (size_t)t[i].size);
        end(&o);
        decode_out(&g, &o);
        assert_int_equal(col(&g, "record.power")->n, 1);
        assert_true(col(&g, "record.power")->value[0] == 100);
        done(&g, &o);
    }
}

static void a_field_of_odd_size_is_skipped_and_the_rest_stays_aligned(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 1, 20, 3, 253, 4, U32, 7, 3, U16, 3, 1, U8);
    head(&o, 1), num(&o, T0, 4), num(&o, 0x010203, 3), num(&o, 77, 1);
    end(&o);
    decode_out(&g, &o);
    assert_null(col(&g, "record.power"));
    assert_true(col(&g, "record.heart_rate")->value[0] == 77);
    done(&g, &o);
}

static void a_string_without_its_zero_is_cut_at_its_size(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 1, 12, 2, 3, 4, STR, 0, 1, 0);
    head(&o, 1), sw_buf_puts(&o.b, "Swim"), num(&o, 5, 1);
    end(&o);
    decode_out(&g, &o);
    assert_true(says(&g, "\"name\":\"Swim\",\"sport\":\"swimming\""));
    done(&g, &o);
}

static void an_unknown_sport_keeps_its_number(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 1, 18, 2, 2, 4, U32, 5, 1, 0);
    head(&o, 1), num(&o, T0, 4), num(&o, 63, 1);
    end(&o);
    decode_out(&g, &o);
    assert_true(says(&g, "\"sport\":\"sport_63\""));
    done(&g, &o);
}

static void compressed_timestamps_roll_over(void **s)
{
    static const unsigned step[] = {1, 3, 31, 30, 5};
    uint32_t t = T0, want[5];
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define_record(&o);
    record(&o, t, 90);
    define(&o, 2, 20, 1, 3, 1, U8);
    for (size_t i = 0; i < 5; i++) {
        want[i] = t += step[i];
        head(&o, (int)(0x80 | 2 << 5 | (t & 31))), num(&o, 100, 1);
    }
    end(&o);
    decode_out(&g, &o);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(col(&g, "record.heart_rate")->start_ms[i + 1], MS(want[i]));
    done(&g, &o);
}

static void compressed_speed_and_distance_accumulate(void **s)
{
    uint32_t far = 0;
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 1, 20, 2, 253, 4, U32, 8, 3, BYTES);
    for (unsigned i = 0; i < 6; i++) {
        far += 1000;
        head(&o, 1), num(&o, T0 + i, 4), num(&o, 345 | (far & 0xfff) << 12, 3);
    }
    head(&o, 1), num(&o, T0 + 9, 4), num(&o, 0xffffff, 3);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(col(&g, "record.distance")->n, 6);
    assert_true(col(&g, "record.distance")->value[5] == 6000 / 16.0);
    assert_true(col(&g, "record.speed")->value[0] == 3.45);
    done(&g, &o);
}

static void enhanced_fields_win_over_short_ones(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 1, 20, 5, 253, 4, U32, 2, 2, U16, 78, 4, U32, 6, 2, U16, 73, 4, U32);
    head(&o, 1), num(&o, T0, 4), num(&o, 2600, 2), num(&o, 2522, 4), num(&o, 0xffff, 2),
        num(&o, 70123, 4);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(col(&g, "record.altitude")->n, 1);
    assert_true(col(&g, "record.altitude")->value[0] == 4.4);
    assert_true(col(&g, "record.speed")->value[0] == 70.123);
    done(&g, &o);
}

static void described_developer_fields_become_columns_and_others_are_skipped(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 2, 206, 5, 0, 1, U8, 1, 1, U8, 2, 1, U8, 3, 12, STR, 8, 6, STR);
    head(&o, 2), num(&o, 0, 1), num(&o, 8, 1), num(&o, U16, 1);
    sw_buf_put(&o.b, "Form Power\0\0Watts\0", 18);
    sw_buf_put(&o.b, "\x61\0\0\x14\0\x01\xfd\x04\x86\x03\x05\x03\0\x08\x02\0\x08\x02\x07",
               19);
    head(&o, 1), num(&o, T0, 4), num(&o, 0, 3), num(&o, 55, 2), num(&o, 66, 2);
    define_record(&o);
    record(&o, T0 + 1, 88);
    end(&o);
    decode_out(&g, &o);
    assert_true(col(&g, "record.dev.form_power")->value[0] == 55);
    assert_string_equal(col(&g, "record.dev.form_power")->unit, "Watts");
    assert_true(col(&g, "record.heart_rate")->value[0] == 88);
    done(&g, &o);
}

static void heart_rate_zero_and_position_zero_are_no_readings(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 1, 20, 4, 253, 4, U32, 3, 1, U8, 0, 4, S32, 1, 4, S32);
    head(&o, 1), num(&o, T0, 4), num(&o, 0, 1), num(&o, 0, 4), num(&o, 0, 4);
    head(&o, 1), num(&o, T0, 4), num(&o, 0, 1), num(&o, 1u << 29, 4),
        num(&o, 0xc0000000, 4);
    end(&o);
    decode_out(&g, &o);
    assert_null(col(&g, "record.heart_rate"));
    assert_int_equal(col(&g, "record.latitude")->n, 1);
    assert_true(col(&g, "record.latitude")->value[0] == 45);
    assert_true(col(&g, "record.longitude")->value[0] == -90);
    done(&g, &o);
}

/* --- real files --- */

static bool read_whole(const char *path, struct sw_buf *b)
{
    FILE *f = fopen(path, "rb");
    uint8_t chunk[65536];
    size_t n;
    if (!f) return false;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0) sw_buf_put(b, chunk, n);
    fclose(f);
    return true;
}

static void same_in_slices(const char *path)
{
    struct sw_buf b;
    struct got whole, cut;
    sw_buf_init(&b, 16 << 20);
    assert_true(read_whole(path, &b));
    decode(&whole, b.data, b.len, 1 << 20);
    decode(&cut, b.data, b.len, 997);
    assert_int_equal(whole.rc, cut.rc);
    assert_int_equal(whole.b.rows, cut.b.rows);
    assert_string_equal(sw_buf_str(&whole.b.messages), sw_buf_str(&cut.b.messages));
    done(&whole, NULL);
    done(&cut, NULL);
    sw_buf_clear(&b);
}

static void real_files_decode_alike_in_any_slicing(void **s)
{
    const char *shared = getenv("SW_SHARED");
    char path[1024];
    DIR *dir;
    struct dirent *e;
    (void)s;
    snprintf(path, sizeof path, "%s/samples/fit", shared ? shared : "../shared");
    dir = opendir(path);
    if (!dir) {
        print_message("skipped: no sample files at %s\n", path);
        skip();
    }
    while ((e = readdir(dir))) {
        size_t n = strlen(e->d_name);
        if (n < 4 || strcasecmp(e->d_name + n - 4, ".fit")) continue;
        snprintf(path, sizeof path, "%s/samples/fit/%.200s", shared ? shared : "../shared",
                 e->d_name);
        same_in_slices(path);
    }
    closedir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_of_12_and_14_bytes_are_read),
        cmocka_unit_test(any_slicing_gives_the_same_result),
        cmocka_unit_test(a_wrong_checksum_is_a_note_and_the_data_is_kept),
        cmocka_unit_test(a_cut_file_keeps_what_precedes_the_cut),
        cmocka_unit_test(a_foreign_file_is_refused_in_one_sentence),
        cmocka_unit_test(a_file_that_was_never_closed_is_read_to_its_end),
        cmocka_unit_test(chained_files_start_without_definitions),
        cmocka_unit_test(byte_order_is_swapped_by_type_and_may_change_between_definitions),
        cmocka_unit_test(an_invalid_value_is_absent_for_each_type),
        cmocka_unit_test(a_field_of_odd_size_is_skipped_and_the_rest_stays_aligned),
        cmocka_unit_test(a_string_without_its_zero_is_cut_at_its_size),
        cmocka_unit_test(an_unknown_sport_keeps_its_number),
        cmocka_unit_test(compressed_timestamps_roll_over),
        cmocka_unit_test(compressed_speed_and_distance_accumulate),
        cmocka_unit_test(enhanced_fields_win_over_short_ones),
        cmocka_unit_test(described_developer_fields_become_columns_and_others_are_skipped),
        cmocka_unit_test(heart_rate_zero_and_position_zero_are_no_readings),
        cmocka_unit_test(real_files_decode_alike_in_any_slicing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
