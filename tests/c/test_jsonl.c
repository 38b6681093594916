/* SPDX-License-Identifier: MIT */
#include "../support/feed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define FIRST  "{\"line\":\"syncwell\",\"version\":1}\n"
#define ORIGIN "{\"line\":\"origin\",\"id\":\"a\",\"provider\":\"file\",\"name\":\"W\\u00e4tch\",\"class\":\"watch\"}\n"
#define HEAD   "{\"line\":\"samples\",\"metric\":\"steps\",\"unit\":\"{step}\",\"origin\":\"a\",\"at\":["

static void samples_keep_time_offset_length_and_value(void **state)
{
    struct sw_batch b;
    struct sw_err err = SW_ERR_INIT;
    const struct sw_column *c;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_syncwell, FIRST ORIGIN HEAD "[\"1970-01-01T01:00:01.5+01:00\",60000,12.25],"
                               "[\"1969-12-31T23:59:59Z\",0,-3]]}\n", &b, &err), 0);
    c = column_of(&b, "steps:file");
    assert_non_null(c);
    assert_int_equal(c->n, 2);
    assert_string_equal(c->unit, "{step}");
    assert_int_equal(c->start_ms[0], 1500);
    assert_int_equal(c->dur_ms[0], 60000);
    assert_true(c->value[0] == 12.25 && c->value[1] == -3);
    assert_int_equal(c->offset_min[0], 60);
    assert_int_equal(c->start_ms[1], -1000);
    assert_int_equal(c->offset_min[1], 0);
    assert_string_equal(b.origins[c->origin].name, "W\xc3\xa4tch");
    assert_string_equal(b.origins[c->origin].kind, "watch");
    sw_batch_clear(&b);
}

static void origins_of_two_providers_with_one_name_stay_two_columns(void **state)
{
    struct sw_batch b;
    struct sw_err err = SW_ERR_INIT;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_syncwell, FIRST ORIGIN
                               "{\"line\":\"origin\",\"id\":\"b\",\"provider\":\"other\",\"name\":\"W\\u00e4tch\",\"class\":\"watch\"}\n" HEAD
                               "[\"2024-01-01T00:00:00Z\",0,1]]}\n"
                               "{\"line\":\"samples\",\"metric\":\"steps\",\"unit\":\"{step}\",\"origin\":\"b\",\"at\":[[\"2024-01-01T00:00:00Z\",0,2]]}\n",
                               &b, &err), 0);
    assert_int_equal(column_of(&b, "steps:file")->n, 1);
    assert_int_equal(column_of(&b, "steps:other")->n, 1);
    sw_batch_clear(&b);
}

static void other_lines_become_messages_with_origin_and_provider(void **state)
{
    struct sw_batch b;
    struct sw_err err = SW_ERR_INIT;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_syncwell, FIRST ORIGIN "{\"line\":\"record\",\"origin\":\"a\",\"x\":[1,{}]}\r\n\n", &b, &err), 0);
    assert_true(says(&b, "{\"message\":\"record\",\"origin\":0,\"provider\":\"file\",\"data\":{\"line\":\"record\",\"origin\":\"a\",\"x\":[1,{}]}}"));
    sw_batch_clear(&b);
}

static void a_damaged_line_costs_that_line_and_is_told(void **state)
{
    static const char *const bad[] = {"{\"line\":", "[1,2]\n", "text\n", HEAD "[\"yesterday\",0,1]]}\n", HEAD "[\"2024-01-01T00:00:00\",0,1]]}\n",
                                      HEAD "[\"2024-01-01T00:00:00Z\",0.5,1]]}\n", HEAD "[\"2024-01-01T00:00:00Z\",0,\"1\"]]}\n", HEAD "[\"2024-01-01T00:00:00Z\",[],1]]}\n",
                                      "{\"line\":\"samples\",\"metric\":\"steps\",\"origin\":\"z\",\"at\":[]}\n", "{\"line\":\"samples\",\"origin\":\"a\"}\n"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sw_batch b;
        struct sw_err err = SW_ERR_INIT;
        char text[2000];
        snprintf(text, sizeof text, "%s%s%s[\"2024-01-01T00:00:00Z\",0,1]]}\n%s", FIRST, ORIGIN, HEAD, bad[i]);
        assert_int_equal(feed_text(&sw_decoder_syncwell, text, &b, &err), 0);
        assert_int_equal(b.rows, 1);
        assert_int_equal(b.rejected, 1);
        assert_non_null(strstr(sw_buf_str(&b.notes), "line 4: "));
        sw_batch_clear(&b);
    }
}

static void a_line_over_sixteen_mebibytes_is_passed_over(void **state)
{
    size_t n = ((size_t)16 << 20) + 10, head = strlen(FIRST ORIGIN);
    char *text = malloc(n + 2000);
    struct sw_batch b;
    struct sw_err err = SW_ERR_INIT;
    (void)state;
    memcpy(text, FIRST ORIGIN, head);
    memset(text + head, ' ', n);
    strcpy(text + head + n, "x\n" HEAD "[\"2024-01-01T00:00:00Z\",0,1]]}\n");
    assert_int_equal(feed_text(&sw_decoder_syncwell, text, &b, &err), 0);
    assert_int_equal(b.rows, 1);
    assert_non_null(strstr(sw_buf_str(&b.notes), "longer than 16 MiB"));
    sw_batch_clear(&b);
    free(text);
}

static void what_is_no_export_or_a_newer_one_is_refused_with_a_sentence(void **state)
{
    static const char *const rows[][2] = {{"", "not an export"}, {"{}\n", "not an export"}, {"nothing\n", "not an export"}, {ORIGIN, "not an export"},
                                          {"{\"line\":\"syncwell\",\"version\":2}\n", "newer SyncWell (format 2)"},
                                          {"{\"line\":\"syncwell\",\"version\":\"1\"}\n", "not an export"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_batch b;
        struct sw_err err = SW_ERR_INIT;
        assert_int_equal(feed_text(&sw_decoder_syncwell, rows[i][0], &b, &err), SW_E_BAD);
        assert_non_null(strstr(err.text, rows[i][1]));
        sw_batch_clear(&b);
    }
}

static void slices_do_not_matter(void **state)
{
    static const char text[] = FIRST ORIGIN HEAD "[\"2024-01-01T00:00:00Z\",0,1],[\"2024-01-01T00:00:05Z\",0,2]]}\n{\"line\":\"record\",\"origin\":\"a\"}\noops";
    (void)state;
    for (size_t slice = 1; slice < sizeof text; slice++) {
        struct sw_batch b;
        struct sw_err err = SW_ERR_INIT;
        assert_int_equal(feed_bytes(&sw_decoder_syncwell, text, sizeof text - 1, slice, &b, &err), 0);
        assert_int_equal(b.rows, 2);
        assert_int_equal(b.n_messages, 2);
        assert_int_equal(b.rejected, 1);
        sw_batch_clear(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_keep_time_offset_length_and_value),
        cmocka_unit_test(origins_of_two_providers_with_one_name_stay_two_columns),
        cmocka_unit_test(other_lines_become_messages_with_origin_and_provider),
        cmocka_unit_test(a_damaged_line_costs_that_line_and_is_told),
        cmocka_unit_test(a_line_over_sixteen_mebibytes_is_passed_over),
        cmocka_unit_test(what_is_no_export_or_a_newer_one_is_refused_with_a_sentence),
        cmocka_unit_test(slices_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
