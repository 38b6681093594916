/* SPDX-License-Identifier: MIT */
#include "codec/rows.h"
#include "../support/feed.h"
#include "base/alloc.h"
#include "codec/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <uchar.h>
#include <cmocka.h>

/* A file through its decoder with a plan, in slices. */
static int feed_planned(const struct sw_decoder *dec, const char *plan, const char *text,
                        size_t slice, struct sw_batch *out, struct sw_err *err)
{
    void *d = dec->open();
    size_t n = strlen(text);
    int rc = dec->plan(d, plan, strlen(plan), err);
    sw_batch_init(out);
    for (size_t i = 0; i < n && rc >= 0; i += slice)
        rc = dec->feed(d, (const uint8_t *)text + i, n - i < slice ? n - i : slice, out, err);
    if (rc >= 0) rc = dec->finish(d, out, err);
    dec->close(d);
    return rc;
}

static void figures_are_read_as_people_write_them(void **state)
{
    static const struct {
        const char *text;
        bool comma;
        int got;
        double value;
    } rows[] = {
        {"78.4", false, 1, 78.4},       {" 78,4 ", true, 1, 78.4}, {"1,050.0", false, 1, 1050},
        {"1.050,5", true, 1, 1050.5},   {"-275.85", false, 1, -275.85},
        {"1\xe2\x80\xaf" "234,5", true, 1, 1234.5}, {"12\xc2\xa0" "345", true, 1, 12345},
        {"1\xe2\x80\x99" "234.5", false, 1, 1234.5}, {"12.345", true, 1, 12345}, {"12.34", true, 1, 12.34},
        {"1 234 567", false, 1, 1234567}, {"1,05", false, -1, 0},  {"", false, 0, 0},
        {"--", false, 0, 0},            {"null", false, 0, 0},     {"NaN", false, 0, 0},
        {"121/78", false, -1, 0},       {"12kg", false, -1, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_cell c = {rows[i].text, strlen(rows[i].text)};
        double v = 0;
        assert_int_equal(sw_rows_num(c, rows[i].comma, &v), rows[i].got);
        assert_true(v == rows[i].value);
    }
}

static void times_are_read_in_the_order_that_is_said(void **state)
{
    static const struct {
        const char *text;
        enum sw_rows_order order;
        enum sw_rows_clock clock;
        int rc;
        int64_t ms;
        int offset;
    } rows[] = {
        {"03/04/24 05:15:00", SW_ROWS_MDY, SW_ROWS_UTC, 0, 1709529300000, SW_OFFSET_NONE},
        {"03.04.2024 5:15", SW_ROWS_DMY, SW_ROWS_UTC, 0, 1712121300000, SW_OFFSET_NONE},
        {"3/4/2024, 12:05:09 AM", SW_ROWS_MDY, SW_ROWS_UTC, 0, 1709510709000, SW_OFFSET_NONE},
        {"3/4/2024 12:05 p.m.", SW_ROWS_MDY, SW_ROWS_UTC, 0, 1709553900000, SW_OFFSET_NONE},
        {"2024-03-04 00:00:00.250-05:00", SW_ROWS_YMD, SW_ROWS_STATED, 0, 1709528400250, -300},
        {"2024-03-04T07:26:00Z", SW_ROWS_YMD, SW_ROWS_WALL, 0, 1709537160000, SW_OFFSET_NONE},
        {"2024-03-04", SW_ROWS_YMD, SW_ROWS_WALL, 0, 1709510400000, SW_OFFSET_NONE},
        {"1709604000000000001", SW_ROWS_NS, SW_ROWS_UTC, 0, 1709604000000, SW_OFFSET_NONE},
        {"1709604000.5", SW_ROWS_S, SW_ROWS_UTC, 0, 1709604000500, SW_OFFSET_NONE},
        {"1709766000000.0", SW_ROWS_MS, SW_ROWS_UTC, 0, 1709766000000, SW_OFFSET_NONE},
        {"01/01/70 00:00:00", SW_ROWS_MDY, SW_ROWS_UTC, 0, 0, SW_OFFSET_NONE}, /* a clock never set */
        {"01/19/38 03:14:08", SW_ROWS_MDY, SW_ROWS_UTC, 0, 2147483648000, SW_OFFSET_NONE},
        {"12/31/99 00:00:00", SW_ROWS_MDY, SW_ROWS_UTC, 0, 946598400000, SW_OFFSET_NONE},
        {"03/04/24", SW_ROWS_YMD, SW_ROWS_UTC, SW_E_BAD, 0, 0},
        {"2023-02-29", SW_ROWS_YMD, SW_ROWS_UTC, SW_E_BAD, 0, 0},
        {"99999999999999", SW_ROWS_S, SW_ROWS_UTC, SW_E_LIMIT, 0, 0},
        {"yesterday", SW_ROWS_YMD, SW_ROWS_UTC, SW_E_BAD, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_text_time t = {0};
        bool day_only;
        int rc = sw_rows_time(rows[i].text, strlen(rows[i].text), rows[i].order, rows[i].clock, &t,
                              &day_only);
        assert_int_equal(rc, rows[i].rc);
        if (rc) continue;
        assert_int_equal(t.ms, rows[i].ms);
        assert_int_equal(t.offset_min, rows[i].offset);
    }
}

#define TIMED(clock)                                                                             \
    "{\"zone\":\"America/New_York\",\"skip\":1,\"tables\":[{\"name\":\"r\",\"fields\":["         \
    "{\"key\":\"t\",\"at\":0},{\"key\":\"v\",\"at\":1},{\"key\":\"w\",\"at\":2}],"               \
    "\"start\":{\"fields\":[0],\"clock\":\"" clock "\"},\"message\":true,"                       \
    "\"values\":[{\"type\":\"v\",\"field\":1,\"unit\":\"kg\",\"skip_zero\":true}]}]}"

static void a_table_is_read_whatever_its_line_ends_and_slices(void **state)
{
    static const char *const files[] = {
        "t,v,w\n2024-03-04 12:00:00,78.5,\"a, \"\"b\"\"\nc\"\n2024-03-05 12:00:00,0,x\n",
        "\xef\xbb\xbft,v,w\r\n2024-03-04 12:00:00,78.5,\"a, \"\"b\"\"\nc\"\r\n\r\n2024-03-05 12:00:00,0,x",
        "t;v;w\r2024-03-04 12:00:00;78.5;\"a, \"\"b\"\"\nc\"\r2024-03-05 12:00:00;0;x;more;\r",
        "t\tv\tw\n2024-03-04 12:00:00\t78.5\t\"a, \"\"b\"\"\nc\"\n2024-03-05 12:00:00\t0\tx\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (size_t slice = 16; slice < 200; slice += 61) {
            struct sw_batch b;
            assert_int_equal(feed_planned(&sw_decoder_csv, TIMED("wall"), files[i], slice, &b, NULL),
                             0);
            assert_int_equal(b.n_messages, 2);
            assert_int_equal(column_of(&b, "v")->n, 1); /* the second is 0: not measured */
            assert_int_equal(column_of(&b, "v")->start_ms[0], 1709571600000); /* noon there */
            assert_int_equal(column_of(&b, "v")->offset_min[0], SW_OFFSET_NONE);
            assert_true(says(&b, "\"w\":\"a, \\\"b\\\"\\nc\""));
            sw_batch_clear(&b);
        }
}

static void a_damaged_table_keeps_what_precedes_and_says_so(void **state)
{
    struct sw_batch b;
    (void)state;
    feed_planned(&sw_decoder_csv, TIMED("utc"),
                 "t,v\n2024-03-04 12:00:00,78\nnonsense,79\n2024-03-05 12:00:00,7x\n2024-03-06 12:00:00\n"
                 "\"2024-03-07,80\n2024-03-08 12:00:00,81\n",
                 1000, &b, NULL);
    assert_int_equal(column_of(&b, "v")->n, 1);
    assert_int_equal(b.rejected, 2);
    assert_non_null(strstr(sw_buf_str(&b.notes), "ends inside quotes"));
    sw_batch_clear(&b);
}

/* What a table says, whatever it is written in: its head as JSON, and its rows. */
static void meant(const char *p, size_t n, size_t slice, const char *head)
{
    const char *plan = "{\"zone\":\"UTC\",\"skip\":1,\"tables\":[{\"name\":\"r\",\"message\":true,\"fields\":["
                       "{\"key\":\"t\",\"at\":0},{\"key\":\"note\",\"at\":1}],\"start\":{\"fields\":[0],\"order\":\"dmy\"}}]}";
    void *d = sw_decoder_csv.open();
    struct sw_batch b;
    struct sw_err err = SW_ERR_INIT;
    struct sw_buf seen;
    sw_batch_init(&b), sw_buf_init(&seen, 1 << 16);
    sw_decoder_csv.head((const uint8_t *)p, n, &seen);
    assert_string_equal(sw_buf_str(&seen), head);
    assert_int_equal(sw_decoder_csv.plan(d, plan, strlen(plan), &err), 0);
    for (size_t i = 0; i < n; i += slice)
        assert_int_equal(sw_decoder_csv.feed(d, (const uint8_t *)p + i, n - i < slice ? n - i : slice, &b, &err), 0);
    assert_int_equal(sw_decoder_csv.finish(d, &b, &err), 0);
    assert_int_equal(b.n_messages, 1);
    assert_true(says(&b, "Läufe über 3 km – „gut“ \xf0\x9f\x8f\x83"));
    sw_decoder_csv.close(d);
    sw_batch_clear(&b), sw_buf_clear(&seen);
}

static void a_table_of_an_old_spreadsheet_says_what_it_was_meant_to(void **state)
{
    static const char16_t wide[] = u"\ufeffDatum;Bemerkung\r\n31.03.2024;Läufe über 3 km – „gut“ \U0001f3c3\r\n";
    const char *head = "{\"delimiter\":\";\",\"rows\":[[\"Datum\",\"Bemerkung\"],"
                       "[\"31.03.2024\",\"Läufe über 3 km – „gut“ \xf0\x9f\x8f\x83\"]]}";
    size_t n = sizeof wide - sizeof *wide;
    uint8_t big[sizeof wide], little[sizeof wide];
    (void)state;
    for (size_t i = 0; i < n / 2; i++) {
        big[2 * i] = little[2 * i + 1] = (uint8_t)(wide[i] >> 8);
        big[2 * i + 1] = little[2 * i] = (uint8_t)wide[i];
    }
    for (size_t slice = 33; slice < 2000; slice *= 13) {
        meant((const char *)little, n, slice, head);
        meant((const char *)big, n, slice, head);
        meant((const char *)little + 2, n - 2, slice, head);
        meant((const char *)big + 2, n - 2, slice, head);
    }
}

static void a_cell_that_is_no_utf_8_is_one_of_windows(void **state)
{
    static const char text[] = "Gewicht;Gr\xf6\xdf" "e;Notiz\n80,5;\x80 5;\x93so\x94 \x81\n81;\"M\xfcsli; \xe0 la\";M\xc3\xbcsli";
    struct sw_buf b;
    (void)state;
    sw_buf_init(&b, 1 << 16);
    sw_decoder_csv.head((const uint8_t *)text, sizeof text - 1, &b);
    assert_string_equal(sw_buf_str(&b), "{\"delimiter\":\";\",\"rows\":[[\"Gewicht\",\"Größe\",\"Notiz\"],[\"80,5\",\"€ 5\",\"“so” \xef\xbf\xbd\"],"
                                        "[\"81\",\"Müsli; à la\",\"Müsli\"]]}");
    sw_buf_clear(&b);
}

static void a_row_without_an_end_costs_itself_only(void **state)
{
    size_t n = (3 << 20) + 100;
    char *text = sw_alloc(n + 1);
    struct sw_batch b;
    (void)state;
    memset(text, 'x', n);
    memcpy(text, "t,v\n", 4);
    memcpy(text + n - 27, "\n2024-03-04 12:00:00,78.50\n", 27);
    text[n] = 0;
    assert_int_equal(feed_planned(&sw_decoder_csv, TIMED("utc"), text, 1 << 20, &b, NULL), 0);
    assert_int_equal(column_of(&b, "v")->n, 1);
    assert_int_equal(b.rejected, 1);
    sw_batch_clear(&b);
    sw_free(text);
}

static void a_row_of_half_a_million_cells_is_one_row(void **state)
{
    static const char row[] = "2024-03-04 12:00:00,78.50\n";
    size_t n = 4 + (1 << 20) - 8 + sizeof row;
    char *text = sw_alloc(n + 1);
    struct sw_batch b;
    intptr_t times = 0;
    (void)state;
    memcpy(text, "t,v\n", 4);
    for (size_t i = 4; i < n; i++) text[i] = i % 2 ? ',' : '\xe4';
    memcpy(text + n - sizeof row, "\n", 1);
    memcpy(text + n - sizeof row + 1, row, sizeof row - 1);
    text[n] = 0;
    assert_int_equal(feed_planned(&sw_decoder_csv, TIMED("utc"), text, 1 << 20, &b, NULL), 0);
    assert_int_equal(column_of(&b, "v")->n, 1);
    assert_false(sw_map_get(&b.reasons, "a row longer than 1 MiB", 23, &times));
    assert_int_equal(b.rejected, 1); /* it has no time */
    sw_batch_clear(&b);
    sw_free(text);
}

#define LISTS                                                                                      \
    "{\"zone\":\"Europe/Berlin\",\"tables\":[{\"name\":\"n\",\"list\":\".sleep[]\",\"fields\":["    \
    "{\"key\":\"id\",\"path\":\"id\"},{\"path\":\"at\"},{\"path\":\"hr.items\"},"                   \
    "{\"path\":\"hr.interval\"}],\"start\":{\"fields\":[1]},\"message\":true,\"data\":true,"       \
    "\"where\":[{\"field\":0,\"is\":\"gone\",\"differs\":true}],"                                  \
    "\"arrays\":[{\"type\":\"hr\",\"field\":2,\"lasts\":3}]},"                                     \
    "{\"name\":\"m\",\"list\":\"[].inner[]\",\"fields\":[{\"path\":\"at\"},{\"path\":\"v\"}],"     \
    "\"start\":{\"fields\":[0],\"order\":\"ns\"},\"values\":[{\"type\":\"v\",\"field\":1}]}]}"

static void lists_are_found_by_their_place_in_the_file(void **state)
{
    static const char text[] =
        "{ \"head\": {\"sleep\": [{\"id\": \"not this\"}]}, \"sleep\": [\n"
        " {\"id\": \"a\\u00e9\", \"at\": \"2024-03-04T01:00:00+01:00\","
        "  \"hr\": {\"interval\": 300, \"items\": [null, 51, 52.5]}},\n"
        " {\"id\": \"gone\", \"at\": \"2024-03-04T02:00:00+01:00\"} ] }";
    struct sw_batch b;
    (void)state;
    for (size_t slice = 1; slice < 64; slice += 9) {
        const struct sw_column *c;
        assert_int_equal(feed_planned(&sw_decoder_json, LISTS, text, slice, &b, NULL), 0);
        assert_int_equal(b.n_messages, 1);
        assert_true(says(&b, "\"id\":\"a\xc3\xa9\""));
        assert_true(says(&b, "\"data\":{\"id\":\"a\\u00e9\",\"at\":"));
        c = column_of(&b, "hr");
        assert_int_equal(c->n, 2);
        assert_int_equal(c->start_ms[0], 1709510700000); /* the gap counts as time */
        assert_int_equal(c->offset_min[0], 60);
        assert_true(c->value[1] == 52.5);
        sw_batch_clear(&b);
    }
}

static void nanoseconds_stay_exact_and_inner_lists_are_reached(void **state)
{
    struct sw_batch b;
    (void)state;
    feed_planned(&sw_decoder_json, LISTS,
                 "[{\"inner\":[{\"at\":1709604000001999999,\"v\":\"378\"},{\"at\":\"x\",\"v\":1}]}]", 1000,
                 &b, NULL);
    assert_int_equal(column_of(&b, "v")->start_ms[0], 1709604000001);
    assert_true(column_of(&b, "v")->value[0] == 378);
    assert_int_equal(b.rejected, 1);
    sw_batch_clear(&b);
}

static void damaged_json_keeps_what_precedes_and_says_so(void **state)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_planned(&sw_decoder_json, LISTS, "[{\"inner\":[{\"at\":1,\"v\":2},{\"at\":1,\"v\":", 7, &b,
                                  &err),
                     0);
    assert_int_equal(column_of(&b, "v")->n, 1);
    assert_non_null(strstr(sw_buf_str(&b.notes), "ends in the middle"));
    sw_batch_clear(&b);
    assert_int_equal(
        feed_planned(&sw_decoder_json, LISTS, "[{\"inner\":[{\"at\":1,\"v\":2}]}]]", 1000, &b, &err), SW_E_BAD);
    assert_int_equal(column_of(&b, "v")->n, 1);
    assert_non_null(strstr(err.text, "too many"));
    sw_batch_clear(&b);
    feed_planned(&sw_decoder_json, LISTS, "[{\"inner\":[{at:1},{\"at\":1,\"v\":2}]}]", 1000, &b, NULL);
    assert_int_equal(b.rejected, 1);
    assert_int_equal(column_of(&b, "v")->n, 1);
    sw_batch_clear(&b);
}

static void equal_rows_of_one_time_stay_two(void **state)
{
    struct sw_batch b;
    (void)state;
    feed_planned(&sw_decoder_csv,
                 "{\"skip\":1,\"tables\":[{\"name\":\"r\",\"fields\":[{\"at\":0},{\"at\":1}],\"apart\":true,"
                 "\"start\":{\"fields\":[0]},\"values\":[{\"type\":\"v\",\"field\":1}]}]}",
                 "d,v\n2024-01-01,8\n2024-01-01,8\n2024-01-02,8\n", 1000, &b, NULL);
    assert_int_equal(column_of(&b, "v")->n, 3);
    assert_int_equal(column_of(&b, "v")->start_ms[1] - column_of(&b, "v")->start_ms[0], 1);
    assert_int_equal(column_of(&b, "v")->start_ms[2] % 1000, 0);
    sw_batch_clear(&b);
}

static void a_plan_that_names_no_field_is_refused(void **state)
{
    static const char *const bad[] = {
        "[]", "{", "{\"zone\":\"Nowhere/Land\",\"tables\":[]}",
        "{\"tables\":[{\"name\":\"r\",\"fields\":[],\"start\":{\"fields\":[0]}}]}",
        "{\"tables\":[{\"name\":\"r\",\"fields\":[{\"at\":0}],\"values\":[{\"type\":\"v\",\"field\":-1}]}]}"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sw_err err = SW_ERR_INIT;
        struct sw_rows_plan *p;
        assert_int_equal(sw_rows_open(bad[i], strlen(bad[i]), &p, &err), SW_E_BAD);
        assert_true(strlen(err.text) > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_read_as_people_write_them),
        cmocka_unit_test(times_are_read_in_the_order_that_is_said),
        cmocka_unit_test(a_table_is_read_whatever_its_line_ends_and_slices),
        cmocka_unit_test(a_damaged_table_keeps_what_precedes_and_says_so),
        cmocka_unit_test(a_table_of_an_old_spreadsheet_says_what_it_was_meant_to),
        cmocka_unit_test(a_cell_that_is_no_utf_8_is_one_of_windows),
        cmocka_unit_test(a_row_without_an_end_costs_itself_only),
        cmocka_unit_test(a_row_of_half_a_million_cells_is_one_row),
        cmocka_unit_test(lists_are_found_by_their_place_in_the_file),
        cmocka_unit_test(nanoseconds_stay_exact_and_inner_lists_are_reached),
        cmocka_unit_test(damaged_json_keeps_what_precedes_and_says_so),
        cmocka_unit_test(equal_rows_of_one_time_stay_two),
        cmocka_unit_test(a_plan_that_names_no_field_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
