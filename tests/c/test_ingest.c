/* SPDX-License-Identifier: MIT */
#include "engine/ingest.h"
#include "../support/store_fixture.h"
#include <math.h>

#define T0 INT64_C(1717225200000) /* 2024-06-01T07:00:00Z */
#define MIN INT64_C(60000)

static struct sw_counts column(struct fixture *f, struct sw_column col, const struct sw_metric *m, const char *unit, bool from_duration)
{
    struct sw_column_map map = {.metric = m, .from_duration = from_duration};
    struct sw_counts c = {0};
    assert_true(sw_unit_convert(unit, m->unit, &map.convert));
    OK(sw_ingest_column(f->s, &f->who, &col, f->watch, &map, &c, &f->err));
    return c;
}

static struct sw_sample only(struct fixture *f, const struct sw_metric *m)
{
    struct sw_samples x = {0};
    struct sw_sample one;
    OK(sw_series_read(f->s, m, series_of(f, m, f->watch), INT64_MIN, INT64_MAX, &x, &f->err));
    assert_int_equal(x.n, 1);
    one = x.at[0];
    sw_samples_clear(&x);
    return one;
}

static void values_are_converted_checked_and_counted_with_reasons(void **state)
{
    struct fixture *f = *state;
    int64_t start[] = {T0, T0 + MIN, T0 + 2 * MIN, T0 + 3 * MIN, SW_TIME_MAX_MS, SW_TIME_MIN_MS - 1, T0 + 6 * MIN, T0 + 7 * MIN}, dur[] = {0, 0, 0, 0, 0, 0, -1, 401 * SW_DAY_MS};
    double value[] = {1.5, -0.001, 1000001, NAN, 1, 1, 1, 1};
    int16_t offset[8] = {0};
    struct sw_counts c = column(f, (struct sw_column){.n = 8, .start_ms = start, .dur_ms = dur, .value = value, .offset_min = offset}, f->heart, "Hz", false);
    assert_int_equal(c.added, 1);
    assert_int_equal(c.rejected, 7);
    assert_int_equal(c.reasons.n, 3);
    assert_int_equal(only(f, f->heart).value, 9000); /* 1.5 a second are 90 a minute, in hundredths */
    sw_counts_clear(&c);
}

static void a_second_delivery_is_known_and_a_correction_is_a_change(void **state)
{
    struct fixture *f = *state;
    int64_t start[] = {T0 + MIN, T0}, dur[] = {0, 0}; /* out of order as files are */
    double value[] = {60, 61};
    int16_t offset[2] = {0};
    struct sw_column col = {.n = 2, .start_ms = start, .dur_ms = dur, .value = value, .offset_min = offset};
    struct sw_counts a = column(f, col, f->heart, "", false), b = column(f, col, f->heart, "", false), c;
    value[0] = 62;
    c = column(f, col, f->heart, "", false);
    assert_true(a.added == 2 && b.same == 2 && b.added == 0 && c.changed == 1 && c.same == 1);
    sw_counts_clear(&a), sw_counts_clear(&b), sw_counts_clear(&c);
}

static void days_come_from_the_stated_offset_or_the_home_zone(void **state)
{
    static const struct {
        int16_t stated;
        int want;
    } rows[] = {{60, 60}, {-300, -300}, {840, 840}, {0, 0}, {SW_OFFSET_NONE, 120}, {1200, 120}, {-32000, 120}, {960, 120}, {959, 959}};
    struct fixture *f = *state;
    struct sw_tz *berlin = sw_tz_open("Europe/Berlin", NULL);
    if (!berlin) skip();
    f->who.zone = berlin;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t start = T0, dur = 0, erased;
        double value = 60;
        int16_t offset = rows[i].stated;
        struct sw_counts c = column(f, (struct sw_column){.n = 1, .start_ms = &start, .dur_ms = &dur, .value = &value, .offset_min = &offset}, f->heart, "", false);
        struct sw_sample got = only(f, f->heart);
        assert_int_equal(got.offset_min, rows[i].want);
        assert_true(got.start_ms == T0);
        assert_int_equal(count_of(f, "SELECT count(*) FROM rollup"), 1);
        OK(sw_series_erase(f->s, f->me, f->heart, series_of(f, f->heart, f->watch), T0, T0 + 1, &erased, &f->err));
        sw_counts_clear(&c);
    }
    sw_tz_close(berlin);
}

static void a_duration_can_be_the_value(void **state)
{
    struct fixture *f = *state;
    int64_t start = T0, dur = 90 * MIN;
    double value = 12345;
    int16_t offset = 0;
    struct sw_counts c = column(f, (struct sw_column){.n = 1, .start_ms = &start, .dur_ms = &dur, .value = &value, .offset_min = &offset}, f->steps, "", true);
    assert_int_equal(only(f, f->steps).value, 9000);
    sw_counts_clear(&c);
}

static void reasons_are_bounded(void **state)
{
    struct sw_counts c = {0};
    (void)state;
    for (int i = 0; i < 5000; i++) sw_counts_reject(&c, 2, "reason %d", i);
    assert_int_equal(c.rejected, 10000);
    assert_int_equal(c.reasons.n, 100);
    sw_counts_clear(&c);
}

static void impossible_records_are_refused(void **state)
{
    static const struct {
        int64_t start, finish;
    } rows[] = {{T0, T0 - 1}, {SW_TIME_MIN_MS - 1, T0}, {SW_TIME_MAX_MS, SW_TIME_MAX_MS + 1}, {T0, T0 + 401 * SW_DAY_MS}};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_record r = {.start_ms = rows[i].start, .finish_ms = rows[i].finish, .connection_id = f->connection, .origin_id = f->watch, .kind = "workout", .type = "",
                              .external_id = "x", .zone_from = "device", .state = "final", .body = "{}", .body_n = 2};
        struct sw_put_result p;
        struct sw_err err = SW_ERR_INIT;
        assert_int_equal(sw_ingest_record(f->s, &f->who, &r, &p, &err), SW_E_BAD);
        assert_non_null(strstr(err.text, "workout"));
    }
    assert_int_equal(count_of(f, "SELECT count(*) FROM record"), 0);
}

static void totals_are_new_known_or_changed_and_mark_their_day(void **state)
{
    struct fixture *f = *state;
    enum sw_put what;
    OK(sw_ingest_day_total(f->s, &f->who, f->steps, 19000, f->watch, 5000, &what, &f->err));
    assert_int_equal(what, SW_PUT_NEW);
    assert_int_equal(count_of(f, "SELECT count(*) FROM dirty WHERE day = 19000"), 1);
    OK(sw_store_exec(f->s, "DELETE FROM dirty", &f->err));
    OK(sw_ingest_day_total(f->s, &f->who, f->steps, 19000, f->watch, 5000, &what, &f->err));
    assert_int_equal(what, SW_PUT_SAME);
    assert_int_equal(count_of(f, "SELECT count(*) FROM dirty"), 0);
    OK(sw_ingest_day_total(f->s, &f->who, f->steps, 19000, f->watch, 5001, &what, &f->err));
    assert_int_equal(what, SW_PUT_CHANGED);
    assert_int_equal(sw_ingest_day_total(f->s, &f->who, f->steps, 19000, f->watch, NAN, &what, NULL), SW_E_BAD);
    assert_int_equal(sw_ingest_day_total(f->s, &f->who, f->steps, 19000, f->watch, INFINITY, &what, NULL), SW_E_BAD);
    assert_int_equal(sw_ingest_day_total(f->s, &f->who, f->steps, 1000000, f->watch, 1, &what, NULL), SW_E_BAD);
}

/* A stranger's columns: any bits as times, lengths, values and offsets. */
static void any_bits_are_stored_or_counted_and_never_more(void **state)
{
    enum { N = 4096 };
    struct fixture *f = *state;
    static int64_t start[N], dur[N];
    static double value[N];
    static int16_t offset[N];
    static const int64_t edge[] = {INT64_MIN, INT64_MAX, 0, -1, SW_TIME_MIN_MS, SW_TIME_MAX_MS - 1, INT64_MAX - 1, T0};
    uint64_t seed = 99;
    struct sw_counts c;
    for (int i = 0; i < N; i++) {
        uint64_t bits = rnd(&seed);
        start[i] = rnd(&seed) % 3 ? edge[rnd(&seed) % 8] : rnd(&seed) % 2 ? (int64_t)rnd(&seed) : T0 + i;
        dur[i] = rnd(&seed) % 3 ? edge[rnd(&seed) % 8] : (int64_t)(rnd(&seed) % 100000);
        memcpy(&value[i], &bits, 8);
        if (rnd(&seed) % 2) value[i] = (double)(rnd(&seed) % 200);
        offset[i] = (int16_t)rnd(&seed);
    }
    for (int k = 0; k < 3; k++) {
        const struct sw_metric *m = k == 0 ? f->heart : k == 1 ? f->steps : f->weight;
        c = column(f, (struct sw_column){.n = N, .start_ms = start, .dur_ms = dur, .value = value, .offset_min = offset}, m, m->unit, false);
        assert_true(c.added > 0 && c.rejected > N / 2 && c.added + c.changed + c.same + c.rejected <= N);
        sw_counts_clear(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_are_converted_checked_and_counted_with_reasons),
        TEST(a_second_delivery_is_known_and_a_correction_is_a_change),
        TEST(days_come_from_the_stated_offset_or_the_home_zone),
        TEST(a_duration_can_be_the_value),
        TEST(reasons_are_bounded),
        TEST(impossible_records_are_refused),
        TEST(totals_are_new_known_or_changed_and_mark_their_day),
        TEST(any_bits_are_stored_or_counted_and_never_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
