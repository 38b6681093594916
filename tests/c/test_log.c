/* SPDX-License-Identifier: MIT */
#include "base/jtape.h"
#include "base/log.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>

static void nothing_that_steers_a_terminal_passes(void **state)
{
    static const struct {
        const char *in, *one_line, *lines;
    } rows[] = {
        {"plain", "plain", "plain"},
        {"a\nb\tc", "a b c", "a\nb\tc"},
        {"a\r\nb", "a  b", "a \nb"},
        {"\x1b[31mred", "[31mred", "[31mred"},
        {"a\x7f" "b", "ab", "ab"},
        {"\xc3\xa9\xc3\xa9", "\xc3\xa9\xc3\xa9", "\xc3\xa9\xc3\xa9"},
        {"\xc2\x85", "", ""},
        {"\xc2\x9b\xc2\x9b" "31m", "31m", "31m"},             /* C1 in pairs */
        {"\xc3\xa9\xc2\x9b", "\xc3\xa9", "\xc3\xa9"},         /* C1 behind a letter of two bytes */
        {"\xd8\x9c\xd8\x9c", "", ""},                         /* Arabic letter marks */
        {"x\xe2\x80\xaey", "xy", "xy"},                       /* right-to-left override */
        {"\xe2\x81\xa6z\xe2\x81\xa9", "z", "z"},
        {"\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xff\xc3", "\xef\xbf\xbd\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_buf b;
        sw_buf_init(&b, 1000);
        sw_text_clean(&b, rows[i].in, strlen(rows[i].in), 1);
        assert_string_equal(sw_buf_str(&b), rows[i].one_line);
        sw_buf_reset(&b);
        sw_text_clean(&b, rows[i].in, strlen(rows[i].in), 0);
        assert_string_equal(sw_buf_str(&b), rows[i].lines);
        sw_buf_clear(&b);
    }
}

static void a_terminal_gets_our_colours_and_nothing_else_it_would_obey(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"a\nb\tc\r", "a\nb\tc\r"},
        {"\x1b[31mred\x1b[0m \x1b[97;40mx\x1b[K", "\x1b[31mred\x1b[0m \x1b[97;40mx\x1b[K"},
        {"\x1b[2Jx\x1b[H", "[2Jx[H"},
        {"\x1b]0;title\x07", "]0;title"},
        {"\x1b[31", "[31"},
        {"\x1b[1111111111111m", "[1111111111111m"},
        {"\x1b", ""},
        {"\xc2\x9b" "2J\xe2\x80\xae\x08", "2J"},
        {"\xc3\xa9\xff", "\xc3\xa9\xef\xbf\xbd"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_buf b;
        sw_buf_init(&b, 1000);
        sw_text_for_terminal(&b, rows[i].in, strlen(rows[i].in));
        assert_string_equal(sw_buf_str(&b), rows[i].out);
        sw_buf_clear(&b);
    }
}

static size_t logged(int terminal, enum sw_log_level floor, enum sw_log_level level, const char *text, char *out, size_t size)
{
    int fd[2];
    struct sw_log l = {.level = floor, .terminal = terminal};
    ssize_t n;
    assert_int_equal(pipe(fd), 0);
    l.fd = fd[1];
    sw_log_line(&l, level, "test", "%s", text);
    close(fd[1]);
    n = read(fd[0], out, size - 1);
    close(fd[0]);
    out[n > 0 ? n : 0] = 0;
    return (size_t)(n > 0 ? n : 0);
}

static void a_line_is_one_json_object_whatever_the_text(void **state)
{
    static const char *const texts[] = {"ok", "quote \" and \\", "two\nlines", "\x01\x02", "\xff\xfe", ""};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char line[4000];
        size_t n = logged(0, SW_LOG_INFO, SW_LOG_WARN, texts[i], line, sizeof line);
        struct sw_jtape t;
        sw_jtape_init(&t);
        assert_int_equal(line[n - 1], '\n');
        assert_null(memchr(line, '\n', n - 1));
        assert_int_equal(sw_jtape_parse(&t, line, n, NULL), 0);
        assert_true(sw_jtape_eq(&t, sw_jtape_get(&t, 0, "level"), "warn"));
        assert_int_not_equal(sw_jtape_get(&t, 0, "text"), 0);
        sw_jtape_clear(&t);
    }
}

static void lines_below_the_level_are_dropped_and_terminals_get_words(void **state)
{
    char line[4000];
    (void)state;
    assert_int_equal(logged(0, SW_LOG_WARN, SW_LOG_INFO, "x", line, sizeof line), 0);
    assert_true(logged(1, SW_LOG_WARN, SW_LOG_ERROR, "no room", line, sizeof line) > 0);
    assert_non_null(strstr(line, "error test: no room\n"));
    sw_log_line(NULL, SW_LOG_ERROR, "test", "no logger, no crash");
}

static void a_closed_standard_error_costs_nothing(void **state)
{
    struct sw_log l = {.level = SW_LOG_DEBUG, .fd = -1};
    (void)state;
    sw_log_line(&l, SW_LOG_ERROR, "test", "nobody reads this"); /* the leak check of the build looks on */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_that_steers_a_terminal_passes),
        cmocka_unit_test(a_line_is_one_json_object_whatever_the_text),
        cmocka_unit_test(lines_below_the_level_are_dropped_and_terminals_get_words),
        cmocka_unit_test(a_terminal_gets_our_colours_and_nothing_else_it_would_obey),
        cmocka_unit_test(a_closed_standard_error_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
