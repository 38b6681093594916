/* SPDX-License-Identifier: MIT */
#include "base/tz.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NONE INT16_MIN
#define T0 INT64_C(1710052200000) /* 2024-03-10T06:30:00Z */

static void spellings_found_in_files_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t utc_ms;
        int offset, used; /* used 0: all */
    } rows[] = {
        {"2024-03-10T06:30:00Z", T0, 0, 0},         {"2024-03-10t06:30:00z", T0, 0, 0},       {"2024-03-10 06:30:00", T0, NONE, 0},
        {"20240310T063000Z", T0, 0, 0},             {"2024-03-10T06:30Z", T0, 0, 0},          {"2024-03-10T0630Z", T0, 0, 0},
        {"2024-03-10T07:30:00+01:00", T0, 60, 0},   {"2024-03-10 07:30:00 +0100", T0, 60, 0}, {"2024-03-10T07:30:00+01", T0, 60, 0},
        {"2024-03-10 01:30:00 -0500", T0, -300, 0}, {"2024-03-10T12:15:00+05:45", T0, 345, 0}, {"2024-03-10T20:30:00+14:00", T0, 840, 0},
        {"2024-03-10T06:30:00.5Z", T0 + 500, 0, 0}, {"2024-03-10T06:30:00,25Z", T0 + 250, 0, 0},
        {"2024-03-10T06:30:00.001Z", T0 + 1, 0, 0}, {"2024-03-10T06:30:00.123456789Z", T0 + 123, 0, 0},
        {"2024-03-10T06:30:00.9999Z", T0 + 999, 0, 0}, {"2024-03-10", T0 - 23400000, NONE, 0}, {"20240310", T0 - 23400000, NONE, 0},
        {"2024-03-10T24:00:00Z", T0 - 23400000 + 86400000, 0, 0}, {"2024-03-10T06:29:60Z", T0, 0, 0},
        {"2024-02-29T00:00:00Z", INT64_C(1709164800000), 0, 0}, {"1970-01-01T00:00:00Z", 0, 0, 0},
        {"2024-03-10Tomorrow", T0 - 23400000, NONE, 10}, {"2024-03-10T06:30:00.", T0, NONE, 19}, {"2024-03-10 06:30:00 ", T0, NONE, 19},
        {"2024-03-10T06:30:00+", T0, NONE, 19},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t t = -1;
        int offset = 0;
        size_t n = strlen(rows[i].text), used = sw_iso_parse(rows[i].text, n, &t, &offset);
        if (used != (rows[i].used ? (size_t)rows[i].used : n) || t != rows[i].utc_ms || offset != rows[i].offset)
            fail_msg("%s: used %zu, %lld, %d", rows[i].text, used, (long long)t, offset);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const bad[] = {"",           "2024",       "2024-3-10",  "2024-13-01", "2024-00-10", "2024-02-30", "2023-02-29", "2100-02-29",
                                      "2024-04-31", "2024-03-00", "2024-0310",  "24-03-10",   "x2024-03-10", "2024-03-10T25:00:00Z", "2024-03-10T24:00:01Z",
                                      "2024-03-10T24:01:00Z", "2024-03-10T24:00:00.5Z", "2024-03-10T06:60:00Z", "2024-03-10T06:30:61Z", "2024-03-10T06",
                                      "2024-03-10T06:3", "2024-03-10T06:30:0", "+2024-03-10", " 2024-03-10"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t t = 42;
        int offset;
        if (sw_iso_parse(bad[i], strlen(bad[i]), &t, &offset) || t != 42) fail_msg("accepted: %s", bad[i]);
    }
}

static void only_times_of_our_range_are_accepted(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {{"1899-12-31T23:59:59Z", false}, {"1900-01-02T23:59:59Z", false}, {"1900-01-03T00:00:00Z", true}, {"1900-02-01", true},
                {"1899-06-01", false},           {"2079-06-03T23:59:59Z", true},  {"2079-06-04T00:00:00Z", false}, {"2080-01-01", false},
                {"9999-12-31", false},           {"0001-01-01", false},           {"1900-01-02T23:00:00-02:00", true}, {"2079-06-04T00:30:00+01:00", true}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t t;
        int offset;
        if ((sw_iso_parse(rows[i].text, strlen(rows[i].text), &t, &offset) > 0) != rows[i].ok) fail_msg("%s", rows[i].text);
    }
}

static void what_is_written_reads_back_the_same(void **state)
{
    static const int offset[] = {0, 60, -300, 345, -570, 840, -720, 1};
    uint64_t x = 7;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[40];
        int64_t t, back;
        int o;
        x = x * 6364136223846793005u + 1442695040888963407u;
        t = SW_TIME_MIN_MS + (int64_t)((x >> 1) % (uint64_t)(SW_TIME_MAX_MS - SW_TIME_MIN_MS));
        sw_iso_format(t, offset[i % 8], text);
        assert_int_equal(sw_iso_parse(text, strlen(text), &back, &o), strlen(text));
        assert_true(back == t && o == offset[i % 8]);
    }
}

static void formats_are_plain(void **state)
{
    char out[40];
    (void)state;
    sw_iso_format(T0, 60, out);
    assert_string_equal(out, "2024-03-10T07:30:00+01:00");
    sw_iso_format(-1, 0, out);
    assert_string_equal(out, "1969-12-31T23:59:59.999Z");
    sw_iso_format(T0, -570, out);
    assert_string_equal(out, "2024-03-09T21:00:00-09:30");
    sw_day_format(-1, out);
    assert_string_equal(out, "1969-12-31");
}

static void a_text_is_never_read_past_its_length(void **state)
{
    static const char all[] = "2024-03-10T07:30:00.123 +01:00";
    (void)state;
    for (size_t n = 0; n < sizeof all; n++) { /* an exact copy, so that the sanitizer sees one byte too many */
        char *copy = malloc(n ? n : 1);
        int64_t t;
        int o;
        memcpy(copy, all, n);
        assert_true(sw_iso_parse(copy, n, &t, &o) <= n);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_found_in_files_are_read),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(only_times_of_our_range_are_accepted),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(formats_are_plain),
        cmocka_unit_test(a_text_is_never_read_past_its_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
