/* SPDX-License-Identifier: MIT */
#include "engine/timeline.h"
#include "../support/store_fixture.h"
#include <math.h>

#define DAY INT64_C(19700)
#define T0 (DAY * SW_DAY_MS)
#define MIN INT64_C(60000)
#define AT(h, m) (T0 + ((h) * 60 + (m)) * MIN)

static struct sw_rollup day_with(struct fixture *f, const struct sw_metric *m, sw_timeline_sink sink, void *ctx)
{
    struct sw_rollup r;
    OK(sw_timeline_day(f->s, f->metrics, &f->who, m, DAY, &r, sink, ctx, &f->err));
    return r;
}

static struct sw_rollup day(struct fixture *f, const struct sw_metric *m) { return day_with(f, m, NULL, NULL); }

/* `value` steps a minute over [from, to). */
static void walk(struct fixture *f, int64_t origin, int64_t from, int64_t to, double value)
{
    for (int64_t t = from; t < to; t += MIN) put_one(f, f->steps, origin, t, MIN, value, 0);
}

static void near(double got, double want)
{
    if (fabs(got - want) > 1e-6) fail_msg("%.9g, wanted %.9g", got, want);
}

static void one_origin_counts_as_it_is(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(day(f, f->steps).n, 0);
    walk(f, f->phone, AT(9, 0), AT(9, 10), 100);
    near(day(f, f->steps).sum, 1000);
}

static void a_watch_that_is_worn_beats_the_phone_though_it_pauses(void **state)
{
    struct fixture *f = *state;
    walk(f, f->watch, AT(9, 0), AT(9, 10), 100);
    walk(f, f->watch, AT(9, 40), AT(9, 50), 100); /* 30 min of rest: still worn */
    walk(f, f->phone, AT(9, 0), AT(9, 50), 90);
    near(day(f, f->steps).sum, 2000);
}

static void presence_is_all_an_origin_recorded(void **state)
{
    struct fixture *f = *state;
    walk(f, f->watch, AT(9, 0), AT(9, 10), 100);
    for (int h = 9; h < 12; h++)
        for (int m = 0; m < 60; m += 10) put_one(f, f->heart, f->watch, AT(h, m), 0, 60, 0);
    walk(f, f->phone, AT(11, 0), AT(11, 10), 90); /* the watch saw a pulse and no step */
    near(day(f, f->steps).sum, 1000);
}

static void a_day_long_sample_and_sparse_metrics_prove_no_presence(void **state)
{
    struct fixture *f = *state;
    walk(f, f->watch, AT(9, 0), AT(9, 10), 100);
    put_one(f, f->heart, f->watch, AT(0, 0), 1440 * MIN - 1, 60, 0);
    for (int m = 0; m < 60; m++) put_one(f, f->weight, f->watch, AT(15, m), 0, 70, 0);
    walk(f, f->phone, AT(15, 0), AT(15, 10), 90);
    near(day(f, f->steps).sum, 1900);
}

static void partial_wear_fills_from_the_phone(void **state)
{
    struct fixture *f = *state;
    walk(f, f->watch, AT(9, 0), AT(9, 10), 100);
    walk(f, f->watch, AT(12, 0), AT(12, 10), 100); /* off the wrist from 9:10 to 12:00 */
    walk(f, f->phone, AT(9, 0), AT(12, 10), 10);
    near(day(f, f->steps).sum, 2000 + 10 * 170);
}

struct steps {
    struct sw_timeline_step at[4000];
    size_t n;
};

static void note(void *ctx, const struct sw_timeline_step *s)
{
    struct steps *all = ctx;
    all->at[all->n++] = *s;
}

static void a_long_sample_counts_for_what_is_uncovered_and_says_so(void **state)
{
    struct fixture *f = *state;
    struct steps got = {.n = 0};
    struct sw_rollup r;
    walk(f, f->watch, AT(9, 0), AT(9, 15), 100);
    put_one(f, f->steps, f->phone, AT(9, 0), 60 * MIN, 600, 0);
    r = day_with(f, f->steps, note, &got);
    near(r.sum, 1500 + 450);
    near(day(f, f->steps).sum, r.sum);
    assert_int_equal(got.n, 16);
    near(got.at[15].share, 0.75);
    assert_int_equal(got.at[15].behind, f->watch);
    for (size_t i = 0; i < 15; i++) assert_true(got.at[i].share == 1 && got.at[i].behind == 0);
}

static void a_neighbour_that_only_touches_covers_nothing(void **state)
{
    struct fixture *f = *state;
    struct steps got = {.n = 0};
    put_one(f, f->steps, f->watch, AT(9, 0), 10 * MIN, 100, 0);
    put_one(f, f->steps, f->phone, AT(9, 10), 10 * MIN, 100, 0);
    near(day_with(f, f->steps, note, &got).sum, 200);
    assert_true(got.at[1].share == 1 && got.at[1].behind == 0);
}

static void measurements_within_ten_minutes_count_once(void **state)
{
    static const struct {
        int minutes;
        int64_t n;
    } rows[] = {{0, 1}, {9, 1}, {10, 1}, {11, 2}, {-10, 1}, {-11, 2}};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[16];
        int64_t erased;
        snprintf(name, sizeof name, "P%zu", i);
        int64_t phone = add_origin(f, name, "phone");
        put_one(f, f->heart, f->watch, AT(9, 0), 0, 60, 0);
        put_one(f, f->heart, phone, AT(9, rows[i].minutes), 0, 80, 0);
        struct sw_rollup r = day(f, f->heart);
        assert_int_equal(r.n, rows[i].n);
        if (r.n == 1) near(r.sum, 60);
        OK(sw_series_erase(f->s, f->me, f->heart, series_of(f, f->heart, phone), T0, T0 + SW_DAY_MS, &erased, &f->err));
    }
}

static void a_scale_beats_the_watch_on_body_weight(void **state)
{
    struct fixture *f = *state;
    int64_t scale = add_origin(f, "Scale", "scale");
    put_one(f, f->weight, f->watch, AT(7, 0), 0, 71, 0);
    put_one(f, f->weight, scale, AT(7, 1), 0, 70.5, 0);
    near(day(f, f->weight).last, 70.5);
    assert_int_equal(day(f, f->weight).n, 1);
}

static void day_totals_compete_as_totals(void **state)
{
    struct fixture *f = *state;
    struct steps got = {.n = 0};
    enum sw_put what;
    OK(sw_ingest_day_total(f->s, &f->who, f->steps, DAY, f->phone, 5000, &what, &f->err));
    OK(sw_ingest_day_total(f->s, &f->who, f->steps, DAY, f->watch, 6000, &what, &f->err));
    OK(sw_ingest_day_total(f->s, &f->who, f->steps, DAY + 1, f->watch, 1, &what, &f->err));
    near(day(f, f->steps).sum, 6000);
    walk(f, f->phone, AT(9, 0), AT(9, 10), 100);
    near(day(f, f->steps).sum, 6000); /* ten minutes of a phone are not more than the watch's day */
    walk(f, f->watch, AT(10, 0), AT(10, 10), 100);
    near(day_with(f, f->steps, note, &got).sum, 6000); /* nor is what has come of the watch's own */
    assert_int_equal(got.n, 22);
    assert_true(got.at[20].stated && got.at[20].share == 1 && got.at[20].origin_id == f->watch);
    assert_true(got.at[21].stated && got.at[21].share == 0 && got.at[21].behind == f->watch);
    walk(f, f->watch, AT(12, 0), AT(13, 0), 100);
    near(day(f, f->steps).sum, 8000); /* a total of before, and a phone that fills in: the samples are more */
}

static void a_total_of_a_lesser_origin_does_not_override_samples(void **state)
{
    struct fixture *f = *state;
    enum sw_put what;
    walk(f, f->watch, AT(9, 0), AT(9, 10), 100);
    OK(sw_ingest_day_total(f->s, &f->who, f->steps, DAY, f->app, 90000, &what, &f->err));
    near(day(f, f->steps).sum, 1000);
    put_one(f, f->heart, f->app, AT(9, 0), 0, 60, 0); /* figures that are no amounts: samples alone */
    OK(sw_ingest_day_total(f->s, &f->who, f->heart, DAY, f->watch, 70, &what, &f->err));
    near(day(f, f->heart).sum, 60);
}

static void origins_of_equal_standing_keep_one_order(void **state)
{
    struct fixture *f = *state;
    int64_t a = add_origin(f, "W-a", "watch"), b = add_origin(f, "W-b", "watch"), first = a < b ? a : b;
    walk(f, b, AT(9, 0), AT(9, 10), 3), walk(f, a, AT(9, 0), AT(9, 10), 5);
    near(day(f, f->steps).sum, first == a ? 50 : 30);
    walk(f, b, AT(10, 0), AT(10, 1), 3), walk(f, a, AT(10, 0), AT(10, 1), 5); /* later arrivals change nothing about it */
    near(day(f, f->steps).sum, first == a ? 55 : 33);
}

static void local_days_take_their_samples_by_offset(void **state)
{
    struct fixture *f = *state;
    put_one(f, f->steps, f->watch, AT(23, 30), 10 * MIN, 7, 60);   /* next local day */
    put_one(f, f->steps, f->watch, AT(-1, 30), 10 * MIN, 11, 60);  /* this local day */
    put_one(f, f->steps, f->phone, AT(12, 0), 10 * MIN, 13, -780); /* the day before */
    near(day(f, f->steps).sum, 11);
}

/* Anything three origins may say of a day, in samples and as totals: the merged total lies between what the
 * best standing one says and the sum of all. */
static void the_day_lies_between_the_best_source_and_the_sum_of_all(void **state)
{
    struct fixture *f = *state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        const int64_t origin[] = {f->watch, f->phone, f->app};
        uint64_t x = seed * 0x9e3779b97f4a7c15u;
        double sum = 0, said[3] = {0};
        struct steps got = {.n = 0};
        struct sw_rollup r;
        enum sw_put what;
        double stated[3] = {0};
        for (int i = 0; i < 60; i++) {
            int o = (int)(rnd(&x) % 3);
            int64_t from = AT(0, 0) + (int64_t)(rnd(&x) % 1380) * MIN, dur = (int64_t)(rnd(&x) % (rnd(&x) % 3 ? 10 : 60)) * MIN;
            double v = (double)(rnd(&x) % 500);
            put_one(f, f->steps, origin[o], from, dur, v, 0);
            if (rnd(&x) % 3 == 0) put_one(f, f->heart, origin[rnd(&x) % 3], from, 0, 60, 0);
        }
        for (int o = 0; o < 3; o++) {
            struct sw_rollup one = {0};
            OK(sw_rollup_get(f->s, series_of(f, f->steps, origin[o]), DAY, &one, &f->err));
            if (rnd(&x) % 2) stated[o] = (double)(rnd(&x) % 12000);
            if (stated[o] > 0) OK(sw_ingest_day_total(f->s, &f->who, f->steps, DAY, origin[o], stated[o], &what, &f->err));
            sum += said[o] = fmax(one.sum, stated[o]);
        }
        r = day_with(f, f->steps, note, &got);
        near(day(f, f->steps).sum, r.sum);
        if (r.sum > sum + 1e-6 || r.sum < said[0] - 1e-6) fail_msg("seed %d: %g of %g, the watch alone %g", (int)seed, r.sum, sum, said[0]);
        for (size_t i = 0; i < got.n; i++) {
            if (got.at[i].stated) continue;
            assert_true(got.at[i].share >= 0 && got.at[i].share <= 1);
            assert_int_equal(got.at[i].share < 1, got.at[i].behind != 0);
        }
        for (int o = 0; o < 3; o++) {
            int64_t n;
            OK(sw_series_erase(f->s, f->me, f->steps, series_of(f, f->steps, origin[o]), T0, T0 + SW_DAY_MS, &n, &f->err));
            OK(sw_series_erase(f->s, f->me, f->heart, series_of(f, f->heart, origin[o]), T0, T0 + SW_DAY_MS, &n, &f->err));
            bool gone;
            OK(sw_ingest_total_gone(f->s, &f->who, f->steps, DAY, origin[o], stated[o], &gone, &f->err));
        }
    }
}

static void settling_works_off_the_marks_in_portions(void **state)
{
    struct fixture *f = *state;
    struct sw_rollup r;
    bool left = true;
    int64_t n;
    for (int d = 0; d < 5; d++) put_one(f, f->steps, f->watch, T0 + d * SW_DAY_MS, MIN, 10 + d, 0);
    assert_int_equal(count_of(f, "SELECT count(*) FROM dirty"), 10); /* each day's steps, each day's presence */
    OK(sw_timeline_settle(f->s, f->metrics, &f->who, 2, &left, &f->err));
    assert_true(left);
    assert_int_equal(count_of(f, "SELECT count(*) FROM dirty"), 8);
    OK(sw_timeline_settle(f->s, f->metrics, &f->who, 100, &left, &f->err));
    assert_false(left);
    for (int d = 0; d < 5; d++) {
        assert_int_equal(sw_rollup_get(f->s, series_of(f, f->steps, SW_ORIGIN_MERGED), DAY + d, &r, &f->err), 1);
        near(r.sum, 10 + d);
    }
    OK(sw_series_erase(f->s, f->me, f->steps, series_of(f, f->steps, f->watch), T0, T0 + SW_DAY_MS, &n, &f->err));
    OK(sw_timeline_settle(f->s, f->metrics, &f->who, 100, &left, &f->err));
    assert_int_equal(sw_rollup_get(f->s, series_of(f, f->steps, SW_ORIGIN_MERGED), DAY, &r, &f->err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_origin_counts_as_it_is),
        TEST(a_watch_that_is_worn_beats_the_phone_though_it_pauses),
        TEST(presence_is_all_an_origin_recorded),
        TEST(a_day_long_sample_and_sparse_metrics_prove_no_presence),
        TEST(partial_wear_fills_from_the_phone),
        TEST(a_long_sample_counts_for_what_is_uncovered_and_says_so),
        TEST(a_neighbour_that_only_touches_covers_nothing),
        TEST(measurements_within_ten_minutes_count_once),
        TEST(a_scale_beats_the_watch_on_body_weight),
        TEST(day_totals_compete_as_totals),
        TEST(a_total_of_a_lesser_origin_does_not_override_samples),
        TEST(origins_of_equal_standing_keep_one_order),
        TEST(local_days_take_their_samples_by_offset),
        TEST(the_day_lies_between_the_best_source_and_the_sum_of_all),
        TEST(settling_works_off_the_marks_in_portions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
