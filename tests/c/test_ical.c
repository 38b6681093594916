/* SPDX-License-Identifier: MIT */
#include "codec/ical.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, what)); p += strlen(what)) n++;
    return n;
}

static void an_entry_becomes_one_event_with_its_fields(void **state)
{
    const struct sw_ical_event e = {"abc@x", "Long run", "easy; flat, dry", 1710052200000, 3600, 1710000000000, 3, 0, 0};
    static const char *const want[] = {"BEGIN:VCALENDAR\r\n", "VERSION:2.0\r\n", "UID:abc@x\r\n", "DTSTART:20240310T063000Z\r\n", "DTEND:20240310T073000Z\r\n",
                                       "SUMMARY:Long run\r\n", "SEQUENCE:3\r\n", "DESCRIPTION:easy\\; flat\\, dry\r\n", "END:VCALENDAR\r\n", "DTSTAMP:20240309T160000Z\r\n"};
    struct sw_buf b;
    (void)state;
    sw_buf_init(&b, 10000);
    assert_int_equal(sw_ical_write(&e, 1, "Plan", &b, NULL), 0);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        if (!strstr(sw_buf_str(&b), want[i])) fail_msg("no %s in\n%s", want[i], sw_buf_str(&b));
    assert_int_equal(count(sw_buf_str(&b), "BEGIN:VEVENT"), 1);
    sw_buf_clear(&b);
}

static void a_task_has_a_date_only_if_it_is_due_and_says_when_it_was_done(void **state)
{
    static const struct sw_ical_event e[] = {
        {"open@x", "Order strips", NULL, 0, 0, 1710000000000, 0, 1, 0},
        {"done@x", "Call", NULL, 1710052200000, 0, 1710000000000, 0, 1, 1710055800000}};
    struct sw_buf b;
    const char *open, *done;
    (void)state;
    sw_buf_init(&b, 10000);
    assert_int_equal(sw_ical_write(e, 2, "Plan", &b, NULL), 0);
    assert_int_equal(count(sw_buf_str(&b), "BEGIN:VTODO"), 2);
    assert_int_equal(count(sw_buf_str(&b), "BEGIN:VEVENT") + count(sw_buf_str(&b), "DTEND"), 0);
    open = strstr(sw_buf_str(&b), "UID:open@x"), done = strstr(sw_buf_str(&b), "UID:done@x");
    assert_true(open && done && open < done);
    assert_true(strstr(open, "STATUS:NEEDS-ACTION") < done);
    assert_int_equal(count(sw_buf_str(&b), "DUE:"), 1);
    assert_non_null(strstr(done, "DUE:20240310T063000Z"));
    assert_non_null(strstr(done, "COMPLETED:20240310T073000Z"));
    assert_non_null(strstr(done, "STATUS:COMPLETED"));
    sw_buf_clear(&b);
}

static void no_text_breaks_out_of_its_line(void **state)
{
    static const char *const hostile[] = {"a\r\nBEGIN:VEVENT\r\nUID:evil", "a\nATTACH:http://x", "a\rATTACH:x", "a\\nb", "\xc3\xa9 caf\xc3\xa9", ""};
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        const struct sw_ical_event e = {"u", hostile[i], hostile[i], 0, 60, 0, 0, 0, 0};
        struct sw_buf b;
        sw_buf_init(&b, 10000);
        assert_int_equal(sw_ical_write(&e, 1, hostile[i], &b, NULL), 0);
        assert_int_equal(count(sw_buf_str(&b), "\nBEGIN:VEVENT"), 1);
        assert_int_equal(count(sw_buf_str(&b), "\nATTACH"), 0);
        assert_int_equal(count(sw_buf_str(&b), "\rATTACH"), 0);
        sw_buf_clear(&b);
    }
}

static void no_entries_make_an_empty_calendar_and_too_many_an_error(void **state)
{
    const struct sw_ical_event e = {"u", NULL, NULL, 0, 60, 0, 0, 0, 0};
    struct sw_err err = SW_ERR_INIT;
    struct sw_buf b;
    (void)state;
    sw_buf_init(&b, 10000);
    assert_int_equal(sw_ical_write(NULL, 0, "Plan", &b, NULL), 0);
    assert_int_equal(count(sw_buf_str(&b), "BEGIN:VEVENT"), 0);
    sw_buf_clear(&b);
    sw_buf_init(&b, 100);
    assert_int_equal(sw_ical_write(&e, 1, "Plan", &b, &err), SW_E_LIMIT);
    sw_buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_becomes_one_event_with_its_fields), cmocka_unit_test(a_task_has_a_date_only_if_it_is_due_and_says_when_it_was_done),
        cmocka_unit_test(no_text_breaks_out_of_its_line),
        cmocka_unit_test(no_entries_make_an_empty_calendar_and_too_many_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
