/* SPDX-License-Identifier: MIT */
#include "../support/feed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define OPEN "<TrainingCenterDatabase><Activities>"
#define CLOSE "</Activities></TrainingCenterDatabase>"
#define POINT(time, hr) "<Trackpoint><Time>" time "</Time><HeartRateBpm><Value>" hr \
                        "</Value></HeartRateBpm><DistanceMeters>7</DistanceMeters></Trackpoint>"
#define LAP "<Lap StartTime=\"2024-05-01T10:00:00Z\"><TotalTimeSeconds>60</TotalTimeSeconds><DistanceMeters>" \
            "250.5</DistanceMeters><Calories>12</Calories><AverageHeartRateBpm><Value>130</Value>" \
            "</AverageHeartRateBpm><MaximumHeartRateBpm><Value>150</Value></MaximumHeartRateBpm><Intensity>" \
            "Active</Intensity><TriggerMethod>Manual</TriggerMethod><Track>"

static const char run[] = OPEN "<Activity Sport=\"Running\"><Id>2024-05-01T10:00:00Z</Id>" LAP
    POINT("2024-05-01T10:00:00Z", "120") POINT("2024-05-01T10:00:01Z", "124")
    "<Trackpoint><Time>2024-05-01T10:00:02Z</Time><Extensions><n:TPX><n:Speed>3.5</n:Speed><n:Watts>210"
    "</n:Watts><n:RunCadence>88</n:RunCadence></n:TPX></Extensions></Trackpoint></Track></Lap>"
    "<Creator><Name>Forerunner 15 </Name><UnitId>42</UnitId></Creator></Activity>" CLOSE;

static void an_activity_gives_laps_totals_and_samples(void **state)
{
    struct sw_batch b;
    (void)state;
    for (size_t slice = 1; slice < sizeof run; slice += 29) {
        assert_int_equal(feed_bytes(&sw_decoder_tcx, run, sizeof run - 1, slice, &b, NULL), 0);
        assert_true(says(&b, "\"sport\":\"Running\""));
        assert_true(says(&b, "\"total_distance_m\":250.5"));
        assert_true(says(&b, "\"avg_hr\":130"));
        assert_true(says(&b, "\"trackpoints\":3"));
        assert_true(says(&b, "\"trigger\":\"Manual\""));
        assert_int_equal(column_of(&b, "trackpoint.heart_rate")->n, 2);
        assert_true(column_of(&b, "trackpoint.power")->value[0] == 210);
        assert_true(column_of(&b, "trackpoint.cadence")->value[0] == 88);
        sw_batch_clear(&b);
    }
}

static void the_device_named_after_the_points_is_their_origin(void **state)
{
    struct sw_batch b;
    int origin;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_tcx, run, &b, NULL), 0);
    origin = column_of(&b, "trackpoint.heart_rate")->origin;
    assert_string_equal(b.origins[origin].name, "Forerunner 15");
    assert_string_equal(b.origins[origin].maker, "garmin");
    assert_string_equal(b.origins[origin].ident, "42");
    sw_batch_clear(&b);
}

static void a_point_that_steps_back_in_time_is_put_in_order(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_tcx, OPEN "<Activity Sport=\"Biking\">" LAP
        POINT("2024-05-01T10:00:05Z", "120") POINT("2024-05-01T10:00:01Z", "99")
        "</Track></Lap></Activity>" CLOSE, &b, NULL), 0);
    assert_true(column_of(&b, "trackpoint.heart_rate")->value[0] == 99);
    assert_true(says(&b, "\"backward_time_steps\":1"));
    sw_batch_clear(&b);
}

static void activities_of_a_multi_sport_session_are_apart(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_tcx, OPEN "<MultiSportSession><FirstSport><Activity Sport=\"Biking\">"
        "<Id>a</Id>" LAP "</Track></Lap></Activity></FirstSport><NextSport><Activity Sport=\"Running\"><Id>b</Id>"
        LAP "</Track></Lap></Activity></NextSport></MultiSportSession>" CLOSE, &b, NULL), 0);
    assert_true(says(&b, "\"activities\":2"));
    sw_batch_clear(&b);
}

static void leading_blanks_before_the_declaration_are_skipped(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_tcx, "        <?xml version=\"1.0\"?>" OPEN CLOSE, &b, NULL), 0);
    assert_true(says(&b, "\"activities\":0"));
    sw_batch_clear(&b);
}

static void a_course_is_counted_as_planned_only(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_tcx, "<TrainingCenterDatabase><Courses><Course><Track>"
        POINT("2024-05-01T10:00:05Z", "120") "</Track></Course></Courses></TrainingCenterDatabase>", &b, NULL), 0);
    assert_true(says(&b, "\"planned\":1"));
    assert_int_equal(b.rows, 0);
    sw_batch_clear(&b);
}

static void damage_keeps_the_laps_and_points_before_it(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_tcx, OPEN "<Activity Sport=\"Running\">" LAP
        POINT("2024-05-01T10:00:05Z", "120") "</Wrong>" CLOSE, &b, NULL), 0);
    assert_int_equal(column_of(&b, "trackpoint.heart_rate")->n, 1);
    assert_true(says(&b, "\"seconds\":60"));
    assert_non_null(strstr(sw_buf_str(&b.notes), "line 1"));
    sw_batch_clear(&b);
}

static void points_of_one_second_follow_one_another_within_it(void **state)
{
    struct sw_batch b;
    const struct sw_column *c;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_tcx, OPEN "<Activity Sport=\"Biking\">" LAP
        POINT("2024-05-01T10:00:05Z", "120") POINT("2024-05-01T10:00:05Z", "121")
        POINT("2024-05-01T10:00:06Z", "122") "</Track></Lap></Activity>" CLOSE, &b, NULL), 0);
    c = column_of(&b, "trackpoint.heart_rate");
    assert_int_equal(c->n, 3);
    assert_int_equal(c->start_ms[0], 1714557605000);
    assert_int_equal(c->start_ms[1], 1714557605500);
    assert_int_equal(c->start_ms[2], 1714557606000);
    assert_true(c->value[1] == 121);
    sw_batch_clear(&b);
}

static void times_without_zone_are_marked_unknown(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_tcx, OPEN "<Activity Sport=\"Other\"><Lap StartTime=\"2024-05-01T10:00:00\">"
        "<Track>" POINT("2024-05-01T10:00:05", "120") "</Track></Lap></Activity>" CLOSE, &b, NULL), 0);
    assert_true(says(&b, "\"zone\":\"unknown\""));
    sw_batch_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_activity_gives_laps_totals_and_samples),
        cmocka_unit_test(the_device_named_after_the_points_is_their_origin),
        cmocka_unit_test(a_point_that_steps_back_in_time_is_put_in_order),
        cmocka_unit_test(activities_of_a_multi_sport_session_are_apart),
        cmocka_unit_test(leading_blanks_before_the_declaration_are_skipped),
        cmocka_unit_test(a_course_is_counted_as_planned_only),
        cmocka_unit_test(damage_keeps_the_laps_and_points_before_it),
        cmocka_unit_test(points_of_one_second_follow_one_another_within_it),
        cmocka_unit_test(times_without_zone_are_marked_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
