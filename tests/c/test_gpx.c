/* SPDX-License-Identifier: MIT */
#include "codec/text.h"
#include "../support/feed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define HEAD "<?xml version=\"1.0\"?><gpx version=\"1.1\" creator=\"Garmin Connect\"><trk><name>Loop</name>" \
             "<type>running</type><trkseg>"
#define TAIL "</trkseg></trk></gpx>"

static void times_of_every_form_give_the_same_instant(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
        int offset;
        bool known;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0, SW_OFFSET_NONE, true},
        {"2000-02-29T23:59:59.250Z", 951868799250, SW_OFFSET_NONE, true},
        {"2021-01-07T21:51:59.179+01:15", 1610051819179, 75, true},
        {" 2024-03-01 07:08:09 +0200 ", 1709269689000, 120, true},
        {"2024-03-01 07:08:09 -0530", 1709296689000, -330, true},
        {"20140921070848+0100", 1411279728000, 60, true},
        {"2024-03-01T07:08:09", 1709276889000, SW_OFFSET_NONE, false},
        {"2024-03-01T07:08", 1709276880000, SW_OFFSET_NONE, false},
        {"1900-01-01T00:00:00Z", -2208988800000, SW_OFFSET_NONE, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_text_time t;
        assert_int_equal(sw_text_time(rows[i].text, strlen(rows[i].text), &t), 0);
        assert_int_equal(t.ms, rows[i].ms);
        assert_int_equal(t.offset_min, rows[i].offset);
        assert_int_equal(t.known, rows[i].known);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const bad[] = {"", "now", "2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z",
                                      "2024-01-01", "2024-01-01T25:00:00Z", "2024-01-01T00:00:00X",
                                      "2024-01-01T00:00:00+99:00", "2024-01-01T00:00:00Zjunk"};
    struct sw_text_time t;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(sw_text_time(bad[i], strlen(bad[i]), &t), SW_E_BAD);
    assert_int_equal(sw_text_time("1899-12-31T23:59:59Z", 20, &t), SW_E_LIMIT);
    assert_int_equal(sw_text_time("2080-01-01T00:00:00Z", 20, &t), SW_E_LIMIT);
}

static void numbers_are_read_as_strtod_reads_them(void **state)
{
    static const char *const good[] = {"0", "-0.5", "+3", "74", " 0.000472 ", "1e3", "-1.5E-7",
                                       "60.29198664240539", "12345678901234567890", "5."};
    static const char *const bad[] = {"", " ", ".", "-", "1,5", "nan", "inf", "0x10", "1e999", "1 2", "--1"};
    double v;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(sw_text_num(good[i], strlen(good[i]), &v));
        assert_true(v == strtod(good[i], NULL));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(sw_text_num(bad[i], strlen(bad[i]), &v));
}

static void a_track_gives_samples_and_a_summary(void **state)
{
    static const char text[] = HEAD
        "<trkpt lat=\"0\" lon=\"0\"><ele>10</ele><time>2024-05-01T10:00:00Z</time><extensions><x:TPX>"
        "<x:hr>120</x:hr><x:cad>80</x:cad></x:TPX></extensions></trkpt>"
        "<trkpt lat=\"0\" lon=\"0.001\"><ele>14</ele><time>2024-05-01T10:00:30Z</time><extensions>"
        "<heartrate>140</heartrate><power>200</power></extensions></trkpt>" TAIL;
    struct sw_batch b;
    (void)state;
    for (size_t slice = 1; slice < sizeof text; slice += 13) {
        assert_int_equal(feed_bytes(&sw_decoder_gpx, text, sizeof text - 1, slice, &b, NULL), 0);
        assert_true(says(&b, "\"name\":\"Loop\""));
        assert_true(says(&b, "\"hr_mean\":130"));
        assert_true(says(&b, "\"ascent_m\":4"));
        assert_true(says(&b, "\"distance_m\":111.19"));
        assert_false(says(&b, "planned"));
        assert_int_equal(column_of(&b, "trkpt.heart_rate")->n, 2);
        assert_int_equal(column_of(&b, "trkpt.heart_rate")->start_ms[1], 1714557630000);
        assert_int_equal(column_of(&b, "trkpt.power")->n, 1);
        assert_string_equal(b.origins[0].maker, "garmin");
        sw_batch_clear(&b);
    }
}

static void no_distance_is_counted_across_a_pause(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_gpx, HEAD
        "<trkpt lat=\"0\" lon=\"0\"><time>2024-05-01T10:00:00Z</time></trkpt></trkseg><trkseg>"
        "<trkpt lat=\"1\" lon=\"1\"><time>2024-05-01T10:10:00Z</time></trkpt>" TAIL, &b, NULL), 0);
    assert_true(says(&b, "\"distance_m\":0"));
    sw_batch_clear(&b);
}

static void a_track_without_times_is_a_plan_and_gives_no_samples(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_gpx, HEAD "<trkpt lat=\"0\" lon=\"0\"><ele>5</ele></trkpt>" TAIL,
                               &b, NULL), 0);
    assert_true(says(&b, "\"planned\":true"));
    assert_int_equal(b.rows, 0);
    sw_batch_clear(&b);
}

static void a_time_without_zone_is_marked_unknown(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_gpx,
        HEAD "<trkpt lat=\"1\" lon=\"2\"><time>2024-05-01T10:00:00</time></trkpt>" TAIL, &b, NULL), 0);
    assert_true(says(&b, "\"zone\":\"unknown\""));
    assert_int_equal(column_of(&b, "trkpt.latitude")->offset_min[0], SW_OFFSET_NONE);
    sw_batch_clear(&b);
}

#define AT(lat, time) "<trkpt lat=\"" lat "\" lon=\"2\"><time>2024-05-01T10:00:" time "Z</time></trkpt>"

static void points_of_one_second_follow_one_another_within_it(void **state)
{
    static const char text[] = HEAD AT("1", "00") AT("2", "00") "</trkseg><trkseg>" AT("3", "01")
        AT("4", "01") AT("5", "01") AT("6", "01.5") TAIL;
    static const int64_t at[] = {0, 500, 1000, 1333, 1666, 1500};
    struct sw_batch b;
    (void)state;
    for (size_t slice = 1; slice < sizeof text; slice += 17) {
        const struct sw_column *c;
        assert_int_equal(feed_bytes(&sw_decoder_gpx, text, sizeof text - 1, slice, &b, NULL), 0);
        c = column_of(&b, "trkpt.latitude");
        assert_int_equal(c->n, 6);
        for (size_t i = 0; i < 6; i++) {
            assert_int_equal(c->start_ms[i], 1714557600000 + at[i]);
            assert_true(c->value[i] == 1 + (double)i);
        }
        assert_true(says(&b, "\"finish_ms\":1714557601500"));
        sw_batch_clear(&b);
    }
}

static void finer_times_that_repeat_stay_as_they_are(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_gpx, HEAD AT("1", "00.25") AT("2", "00.25") TAIL, &b, NULL), 0);
    assert_int_equal(column_of(&b, "trkpt.latitude")->start_ms[0], 1714557600250);
    assert_int_equal(column_of(&b, "trkpt.latitude")->start_ms[1], 1714557600250);
    sw_batch_clear(&b);
}

static void points_out_of_order_come_out_in_order(void **state)
{
    struct sw_batch b;
    const struct sw_column *c;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_gpx, HEAD
        "<trkpt lat=\"1\" lon=\"2\"><time>2024-05-01T10:00:09Z</time></trkpt>"
        "<trkpt lat=\"3\" lon=\"2\"><time>2024-05-01T10:00:01Z</time></trkpt>" TAIL, &b, NULL), 0);
    c = column_of(&b, "trkpt.latitude");
    assert_true(c->start_ms[0] < c->start_ms[1]);
    assert_true(c->value[0] == 3);
    assert_true(says(&b, "\"backward_steps\":1"));
    sw_batch_clear(&b);
}

static void a_date_out_of_range_and_a_place_off_the_globe_are_counted(void **state)
{
    struct sw_batch b;
    intptr_t n = 0;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_gpx, HEAD
        "<trkpt lat=\"100\" lon=\"0\"><time>1850-05-01T10:00:00Z</time></trkpt>" TAIL, &b, NULL), 0);
    assert_int_equal(b.rejected, 2);
    assert_true(sw_map_get(&b.reasons, "date outside 1900 to 2079", 25, &n));
    sw_batch_clear(&b);
}

static void a_file_cut_in_the_middle_keeps_what_precedes(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_gpx, HEAD
        "<trkpt lat=\"1\" lon=\"2\"><time>2024-05-01T10:00:00Z</time></trkpt><trkpt la", &b, NULL), 0);
    assert_true(says(&b, "\"points\":1"));
    assert_non_null(strstr(sw_buf_str(&b.notes), "is kept"));
    sw_batch_clear(&b);
}

static void a_byte_order_mark_blanks_and_control_bytes_do_no_harm(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_gpx, "\n \xef\xbb\xbf<?xml version=\"1.0\"?><gpx><trk><name>a\x0b"
        "b</name></trk></gpx>", &b, NULL), 0);
    assert_true(says(&b, "\"name\":\"ab\""));
    sw_batch_clear(&b);
}

static void entity_declarations_and_deep_nesting_are_refused(void **state)
{
    static const char bomb[] = "<!DOCTYPE gpx [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><gpx>&b;</gpx>";
    char deep[3 * 100 + 8] = "<gpx>";
    struct sw_batch b;
    struct sw_err err = SW_ERR_INIT;
    (void)state;
    assert_true(feed_text(&sw_decoder_gpx, bomb, &b, &err) < 0);
    assert_non_null(strstr(err.text, "entities"));
    sw_batch_clear(&b);
    sw_err_clear(&err);
    for (int i = 0; i < 100; i++) strcat(deep, "<a>");
    assert_int_equal(feed_text(&sw_decoder_gpx, deep, &b, &err), 0);
    assert_non_null(strstr(sw_buf_str(&b.notes), "64 deep"));
    sw_batch_clear(&b);
}

static void another_document_is_no_gpx_file(void **state)
{
    struct sw_batch b;
    struct sw_err err = SW_ERR_INIT;
    (void)state;
    assert_true(feed_text(&sw_decoder_gpx, "<html/>", &b, &err) < 0);
    assert_non_null(strstr(err.text, "not a GPX file"));
    sw_batch_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_of_every_form_give_the_same_instant),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(numbers_are_read_as_strtod_reads_them),
        cmocka_unit_test(a_track_gives_samples_and_a_summary),
        cmocka_unit_test(no_distance_is_counted_across_a_pause),
        cmocka_unit_test(a_track_without_times_is_a_plan_and_gives_no_samples),
        cmocka_unit_test(a_time_without_zone_is_marked_unknown),
        cmocka_unit_test(points_of_one_second_follow_one_another_within_it),
        cmocka_unit_test(finer_times_that_repeat_stay_as_they_are),
        cmocka_unit_test(points_out_of_order_come_out_in_order),
        cmocka_unit_test(a_date_out_of_range_and_a_place_off_the_globe_are_counted),
        cmocka_unit_test(a_file_cut_in_the_middle_keeps_what_precedes),
        cmocka_unit_test(a_byte_order_mark_blanks_and_control_bytes_do_no_harm),
        cmocka_unit_test(entity_declarations_and_deep_nesting_are_refused),
        cmocka_unit_test(another_document_is_no_gpx_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
