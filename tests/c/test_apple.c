/* SPDX-License-Identifier: MIT */
#include "codec/apple_scan.h"
#include "../support/feed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define WATCH "&lt;&lt;HKDevice: 0x2819&gt;, name:Apple Watch, manufacturer:Apple Inc., model:Watch, " \
              "hardware:Watch6,2, software:9.3&gt;"
#define RECORD(type, source, rest) "<Record type=\"" type "\" sourceName=\"" source "\" " rest "/>\n"
#define WHEN(a, b) "startDate=\"2024-03-01 " a " +0200\" endDate=\"2024-03-01 " b " +0200\""
#define SLEEP(a, b, v) RECORD("HKCategoryTypeIdentifierSleepAnalysis", "Watch", \
                              WHEN(a, b) " value=\"HKCategoryValueSleepAnalysis" v "\"")
#define STEPS "HKQuantityTypeIdentifierStepCount"
#define ROOT(x) "<HealthData locale=\"en_US\">" x "</HealthData>"

static void a_record_is_a_sample_with_its_unit_offset_and_length(void **state)
{
    static const char text[] = ROOT(RECORD(STEPS, "Robin", "unit=\"count\" " WHEN("07:08:09", "07:09:09")
                                           " value=\"42\""));
    struct sw_batch b;
    const struct sw_column *c;
    (void)state;
    for (size_t slice = 1; slice < sizeof text; slice += 7) {
        assert_int_equal(feed_bytes(&sw_decoder_apple, text, sizeof text - 1, slice, &b, NULL), 0);
        c = column_of(&b, STEPS);
        assert_int_equal(c->n, 1);
        assert_string_equal(c->unit, "count");
        assert_int_equal(c->start_ms[0], 1709269689000);
        assert_int_equal(c->dur_ms[0], 60000);
        assert_int_equal(c->offset_min[0], 120);
        assert_true(c->value[0] == 42);
        sw_batch_clear(&b);
    }
}

static void a_category_is_named_with_its_value(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_apple, ROOT(RECORD("HKCategoryTypeIdentifierMindfulSession", "Calm",
        WHEN("07:00:00", "07:10:00") " value=\"HKCategoryValueNotApplicable\"")), &b, NULL), 0);
    assert_non_null(column_of(&b, "HKCategoryTypeIdentifierMindfulSession:HKCategoryValueNotApplicable"));
    sw_batch_clear(&b);
}

static void a_torn_document_type_and_forbidden_bytes_lose_nothing(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_apple, "<?xml version=\"1.0\"?>\n<!DOCTYPE HealthData [\n"
        "<!-- a > b ] -->\n<!ELEMENT Record ((A|B)*>\n<!ATTLIST Record type CDATA #REQUIRED>\n]>\n"
        ROOT(RECORD(STEPS, "Ro\x0b" "bin", WHEN("07:00:00", "07:00:00") " value=\"1\"")), &b, NULL), 0);
    assert_int_equal(b.rows, 1);
    assert_string_equal(b.origins[0].name, "Robin");
    assert_int_equal(b.notes.len, 0);
    sw_batch_clear(&b);
}

static void a_document_type_without_end_gives_way_at_the_root(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_apple, "<!DOCTYPE HealthData [ <!ELEMENT x (\n"
        ROOT(RECORD(STEPS, "R", WHEN("07:00:00", "07:00:00") " value=\"1\"")), &b, NULL), 0);
    assert_int_equal(b.rows, 1);
    sw_batch_clear(&b);
}

static void fragments_without_a_root_are_read(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_apple, RECORD(STEPS, "R", WHEN("07:00:00", "07:00:00") " value=\"1\"")
        RECORD(STEPS, "R", "value=\"2\" " WHEN("08:00:00", "08:00:00")), &b, NULL), 0);
    assert_int_equal(column_of(&b, STEPS)->n, 2);
    sw_batch_clear(&b);
}

static void blanks_in_attribute_names_and_compact_dates_of_ios_8_are_read(void **state)
{
    static const char text[] = "<HealthData><Record type=\"" STEPS "\" source Name='Old phone' unit=\"count\" "
        "start Date=\"20140921070848+0100\" endDate=\"20140921070848+0100\" sum=\"9\"/></HealthData>";
    struct sw_batch b;
    (void)state;
    for (size_t slice = 1; slice < sizeof text; slice += 3) {
        assert_int_equal(feed_bytes(&sw_decoder_apple, text, sizeof text - 1, slice, &b, NULL), 0);
        assert_int_equal(column_of(&b, STEPS)->start_ms[0], 1411279728000);
        assert_string_equal(b.origins[0].name, "Old phone");
        sw_batch_clear(&b);
    }
}

static void a_device_pointer_does_not_split_an_origin(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_apple, ROOT(
        "<Record type=\"a\" sourceName=\"My Apple\xc2\xa0Watch\" device=\"" WATCH "\" " WHEN("07:00:00", "07:00:00")
        " value=\"1\"/><Record type=\"a\" sourceName=\"My Apple\xc2\xa0Watch\" device=\"&lt;&lt;HKDevice: 0x77&gt;, "
        "name:Apple Watch, manufacturer:Apple Inc., model:Watch, software:10.0&gt;\" " WHEN("07:00:00", "07:00:00")
        " value=\"1\"/>" RECORD("a", "My Apple\xc2\xa0Watch", WHEN("07:00:00", "07:00:00") " value=\"1\"")), &b, NULL), 0);
    assert_int_equal(b.n_origins, 1);
    assert_string_equal(b.origins[0].kind, "watch");
    assert_string_equal(b.origins[0].maker, "apple");
    assert_string_equal(b.origins[0].model, "Watch");
    sw_batch_clear(&b);
}

static void what_cannot_be_stored_is_counted_with_a_reason(void **state)
{
    static const struct {
        const char *record, *reason;
    } rows[] = {
        {RECORD(STEPS, "R", WHEN("07:00:00", "07:00:00") " value=\"many\""), "value is not a number"},
        {RECORD(STEPS, "R", WHEN("07:00:00", "06:00:00") " value=\"1\""), "ends before it starts"},
        {RECORD(STEPS, "R", "value=\"1\""), "record without a start"},
        {RECORD(STEPS, "R", "startDate=\"1899-01-01 00:00:00 +0000\" value=\"1\""), "date outside 1900 to 2079"},
        {"<Record value=\"1\"/>", "record without a type"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_batch b;
        intptr_t n = 0;
        assert_int_equal(feed_text(&sw_decoder_apple, rows[i].record, &b, NULL), 0);
        assert_int_equal(b.rows, 0);
        assert_true(sw_map_get(&b.reasons, rows[i].reason, strlen(rows[i].reason), &n));
        sw_batch_clear(&b);
    }
}

static void members_of_a_correlation_are_counted_as_nested_and_make_a_meal(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_apple, ROOT("<Correlation type=\"HKCorrelationTypeIdentifierFood\" "
        "sourceName=\"Diary\" " WHEN("12:00:00", "12:00:00") "><MetadataEntry key=\"HKFoodType\" value=\"Oats &amp; "
        "milk\"/>" RECORD("HKQuantityTypeIdentifierDietaryProtein", "Diary", "unit=\"g\" " WHEN("12:00:00", "12:00:00")
        " value=\"19.4\"") "</Correlation>"), &b, NULL), 0);
    assert_true(says(&b, "\"message\":\"meal\""));
    assert_true(says(&b, "\"HKFoodType\":\"Oats & milk\""));
    assert_true(says(&b, "\"value\":19.4"));
    assert_true(says(&b, "\"nested\":1"));
    sw_batch_clear(&b);
}

static void a_workout_keeps_its_parts_and_counts_a_nested_activity_once(void **state)
{
    struct sw_batch b;
    const char *sum;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_apple, ROOT("<Workout workoutActivityType=\"HKWorkoutActivityTypeRunning\" "
        "duration=\"30\" durationUnit=\"min\" sourceName=\"W\" " WHEN("18:00:00", "18:30:00") ">"
        "<MetadataEntry key=\"HKTimeZone\" value=\"Europe/Paris\"/>"
        "<WorkoutEvent type=\"HKWorkoutEventTypeLap\" date=\"2024-03-01 18:05:00 +0200\" duration=\"1.5\" "
        "durationUnit=\"min\"><MetadataEntry key=\"HKSWOLFScore\" value=\"9\"/></WorkoutEvent>"
        "<WorkoutActivity uuid=\"x\" " WHEN("18:00:00", "18:30:00") "><WorkoutStatistics type=\"E\" sum=\"5\" "
        "unit=\"kcal\"/></WorkoutActivity><WorkoutStatistics type=\"E\" sum=\"5\" unit=\"kcal\"/>"
        "<WorkoutRoute><MetadataEntry key=\"k\" value=\"v\"/><FileReference path=\"/r.gpx\"/></WorkoutRoute></Workout>"),
        &b, NULL), 0);
    assert_true(says(&b, "\"routes\":[\"/r.gpx\"]"));
    assert_true(says(&b, "\"duration_s\":90"));
    assert_true(says(&b, "\"metadata\":{\"HKTimeZone\":\"Europe/Paris\"}"));
    sum = strstr(sw_buf_str(&b.messages), "\"sum\":5");
    assert_non_null(sum);
    assert_null(strstr(sum + 1, "\"sum\":5"));
    sw_batch_clear(&b);
}

static void sleep_is_sorted_cleared_of_repeats_and_split_into_nights(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_apple, ROOT(SLEEP("02:00:00", "03:00:00", "AsleepDeep")
        SLEEP("01:00:00", "02:00:00", "AsleepCore") SLEEP("02:00:00", "03:00:00", "AsleepDeep")
        SLEEP("04:00:00", "04:30:00", "Awake") SLEEP("06:00:00", "06:30:00", "Asleep")), &b, NULL), 0);
    assert_true(says(&b, "\"segments\":[[1709247600000,1709251200000,\"core\"],"
                         "[1709251200000,1709254800000,\"deep\"],[1709258400000,1709260200000,\"awake\"]]"));
    assert_true(says(&b, "\"segments\":[[1709265600000,1709267400000,\"asleep\"]]"));
    sw_batch_clear(&b);
}

static void a_cut_export_says_so_and_keeps_what_precedes(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_apple, "<HealthData>" RECORD(STEPS, "R", WHEN("07:00:00", "07:00:00")
        " value=\"1\"") "<Record type=\"" STEPS "\" sourceNa", &b, NULL), 0);
    assert_int_equal(b.rows, 1);
    assert_non_null(strstr(sw_buf_str(&b.notes), "cut short"));
    sw_batch_clear(&b);
}

static void a_broken_tag_costs_itself_only(void **state)
{
    struct sw_batch b;
    (void)state;
    assert_int_equal(feed_text(&sw_decoder_apple, ROOT("<Record type=x <Record <>"
        RECORD(STEPS, "R", WHEN("07:00:00", "07:00:00") " value=\"1\"")), &b, NULL), 0);
    assert_int_equal(b.rows, 1);
    assert_non_null(strstr(sw_buf_str(&b.notes), "damaged tags"));
    sw_batch_clear(&b);
}

static void entities_become_their_characters(void **state)
{
    static const struct {
        const char *raw, *text;
    } rows[] = {{"a &amp; b &lt;c&gt;", "a & b <c>"}, {"&quot;x&apos;", "\"x'"}, {"&#65;&#x42;&#xe9;", "AB\xc3\xa9"},
                {"&#11;x&#10;y", "x y"}, {"&unknown; & &;", "&unknown; & &;"}, {"&#xD800;", "&#xD800;"},
                {"a\x01" "b\nc", "ab c"}};
    char out[64];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sw_apple_text((struct sw_span){rows[i].raw, strlen(rows[i].raw)}, out, sizeof out);
        assert_string_equal(out, rows[i].text);
    }
}

static void another_document_is_no_export(void **state)
{
    struct sw_batch b;
    struct sw_err err = SW_ERR_INIT;
    (void)state;
    assert_true(feed_text(&sw_decoder_apple, "<html><body>no</body></html>", &b, &err) < 0);
    assert_non_null(strstr(err.text, "not an Apple Health export"));
    sw_batch_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_a_sample_with_its_unit_offset_and_length),
        cmocka_unit_test(a_category_is_named_with_its_value),
        cmocka_unit_test(a_torn_document_type_and_forbidden_bytes_lose_nothing),
        cmocka_unit_test(a_document_type_without_end_gives_way_at_the_root),
        cmocka_unit_test(fragments_without_a_root_are_read),
        cmocka_unit_test(blanks_in_attribute_names_and_compact_dates_of_ios_8_are_read),
        cmocka_unit_test(a_device_pointer_does_not_split_an_origin),
        cmocka_unit_test(what_cannot_be_stored_is_counted_with_a_reason),
        cmocka_unit_test(members_of_a_correlation_are_counted_as_nested_and_make_a_meal),
        cmocka_unit_test(a_workout_keeps_its_parts_and_counts_a_nested_activity_once),
        cmocka_unit_test(sleep_is_sorted_cleared_of_repeats_and_split_into_nights),
        cmocka_unit_test(a_cut_export_says_so_and_keeps_what_precedes),
        cmocka_unit_test(a_broken_tag_costs_itself_only),
        cmocka_unit_test(entities_become_their_characters),
        cmocka_unit_test(another_document_is_no_export),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
