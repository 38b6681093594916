/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "base/jtape.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <math.h>
#include <jansson.h>

static void strings_are_valid_json_whatever_the_bytes(void **state)
{
    uint64_t x = 11;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char raw[24];
        struct sw_buf b;
        json_t *j;
        for (size_t k = 0; k < sizeof raw; k++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            raw[k] = (x >> 62) ? (char)(x >> 40) : "\"\\\n\x01\x7f\xc3\xa9\xed\xa0"[(x >> 50) % 9];
        }
        sw_buf_init(&b, 1000);
        sw_json_str(&b, raw, i % 25);
        j = json_loadb(sw_buf_str(&b), b.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        if (!j) fail_msg("step %d: %s", i, sw_buf_str(&b));
        json_decref(j);
        sw_buf_clear(&b);
    }
}

static void valid_text_survives_a_round_trip(void **state)
{
    static const char text[] = "a\"b\\c\nd\te\r\x01\x1f\x7f /\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    struct sw_buf b, back;
    struct sw_jtape t;
    (void)state;
    sw_buf_init(&b, 1000);
    sw_buf_init(&back, 1000);
    sw_jtape_init(&t);
    sw_json_str(&b, text, sizeof text); /* with its NUL */
    assert_int_equal(sw_jtape_parse(&t, sw_buf_str(&b), b.len, NULL), 0);
    assert_true(sw_jtape_str(&t, 0, &back));
    assert_int_equal(back.len, sizeof text);
    assert_memory_equal(back.data, text, sizeof text);
    sw_jtape_clear(&t);
    sw_buf_clear(&b);
    sw_buf_clear(&back);
}

static void numbers_are_short_and_read_back_the_same(void **state)
{
    static const struct {
        double v;
        const char *text;
    } rows[] = {{0, "0"}, {-0.0, "0"}, {1, "1"}, {-1.5, "-1.5"}, {0.1, "0.1"}, {1.0 / 3, "0.3333333333333333"}, {1e15, "1e+15"}, {123456789012345, "123456789012345"},
                {1e300, "1e+300"}, {5e-324, "4.94065645841247e-324"}, {NAN, "null"}, {INFINITY, "null"}, {-INFINITY, "null"}, {72.3, "72.3"}};
    uint64_t x = 3;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_buf b;
        sw_buf_init(&b, 100);
        sw_json_num(&b, rows[i].v);
        assert_string_equal(sw_buf_str(&b), rows[i].text);
        sw_buf_clear(&b);
    }
    for (int i = 0; i < 50000; i++) {
        struct sw_buf b;
        double v;
        x = x * 6364136223846793005u + 1442695040888963407u;
        memcpy(&v, &x, sizeof v);
        if (!isfinite(v)) continue;
        sw_buf_init(&b, 100);
        sw_json_num(&b, v);
        assert_true(strtod(sw_buf_str(&b), NULL) == v);
        sw_buf_clear(&b);
    }
}

static void keys_get_their_commas(void **state)
{
    struct sw_buf b;
    (void)state;
    sw_buf_init(&b, 100);
    sw_buf_byte(&b, '{');
    sw_json_key(&b, "a{"), sw_json_int(&b, INT64_MIN);
    sw_json_key(&b, "b"), sw_json_str(&b, "{", 1);
    sw_json_key(&b, "c"), sw_buf_puts(&b, "{}");
    sw_buf_byte(&b, '}');
    assert_string_equal(sw_buf_str(&b), "{\"a{\":-9223372036854775808,\"b\":\"{\",\"c\":{}}");
    sw_buf_clear(&b);
}

static void the_valid_prefix_of_utf8_is_measured(void **state)
{
    static const struct {
        const char *s;
        size_t valid;
    } rows[] = {{"abc", 3}, {"\xc3\xa9", 2}, {"a\xff", 1}, {"\xc0\x80", 0}, {"\xc1\xbf", 0}, {"\xe0\x80\x80", 0}, {"\xed\xa0\x80", 0}, {"\xed\x9f\xbf", 3},
                {"\xf0\x80\x80\x80", 0}, {"\xf4\x8f\xbf\xbf", 4}, {"\xf4\x90\x80\x80", 0}, {"\xf5\x80\x80\x80", 0}, {"a\xe2\x82", 1}, {"\x80", 0}, {"\xc3(", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) assert_int_equal(sw_utf8_valid(rows[i].s, strlen(rows[i].s)), rows[i].valid);
}

static void an_object_goes_without_one_of_its_members(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"{\"a\":1,\"segments\":[{\"segments\":2}],\"b\":{\"segments\":3}}", "{\"a\":1,\"b\":{\"segments\":3}}"},
        {"{\"segments\":[1,\"]},{\\\"\"],\"a\":\"x\"}", "{\"a\":\"x\"}"},
        {"{\"a\":\",\\\"segments\\\":\", \"segments\" : null}", "{\"a\":\",\\\"segments\\\":\"}"},
        {"{\"segments\":[]}", "{}"},
        {"{\"segment\":1,\"segmentss\":2}", "{\"segment\":1,\"segmentss\":2}"},
        {"{}", "{}"},
        {"[1]", "[1]"},
        {"", ""},
        {"{\"a\":1,\"segments\":[1,2", "{\"a\":1"},
        {"{\"a\":\"\\", "{\"a\":\"\\"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i].text);
        char *exact = malloc(n ? n : 1); /* no byte behind its end may be read */
        struct sw_buf b;
        memcpy(exact, rows[i].text, n);
        sw_buf_init(&b, 1000);
        sw_json_without(&b, exact, n, "segments");
        if (strcmp(sw_buf_str(&b), rows[i].want)) fail_msg("row %zu: %s", i, sw_buf_str(&b));
        sw_buf_clear(&b);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_valid_json_whatever_the_bytes),
        cmocka_unit_test(valid_text_survives_a_round_trip),
        cmocka_unit_test(numbers_are_short_and_read_back_the_same),
        cmocka_unit_test(keys_get_their_commas),
        cmocka_unit_test(an_object_goes_without_one_of_its_members),
        cmocka_unit_test(the_valid_prefix_of_utf8_is_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
