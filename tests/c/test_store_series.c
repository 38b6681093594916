/* SPDX-License-Identifier: MIT
 * The store beside a plain table of everything that was written: after any mixture of writes, late
 * arrivals, corrections and erasures samples and roll-ups must be what the table says. */
#include "store/store_series.h"
#include "../support/store_fixture.h"
#include "base/alloc.h"
#include <math.h>

#define DAY0 INT64_C(19700) /* 2023-12-09 */
#define T0 (DAY0 * SW_DAY_MS)
#define MIN INT64_C(60000)

static struct sw_samples read_all(struct fixture *f, const struct sw_metric *m, int64_t series)
{
    struct sw_samples x = {0};
    OK(sw_series_read(f->s, m, series, INT64_MIN, INT64_MAX, &x, &f->err));
    return x;
}

static int64_t day_of(const struct sw_sample *x) { return sw_floor_day(x->start_ms + x->offset_min * MIN); }

/* Roll-ups as stored against those of the samples given. */
static void check_rollups(struct fixture *f, const struct sw_metric *m, int64_t series, const struct sw_samples *x, const char *what)
{
    int64_t rows = 0;
    for (int64_t day = DAY0 - 70; day < DAY0 + 70; day++) {
        struct sw_rollup want = {0}, got = {0};
        int rc;
        for (size_t i = 0; i < x->n; i++)
            if (day_of(&x->at[i]) == day) sw_rollup_add(&want, (double)x->at[i].value / m->scale);
        rc = sw_rollup_get(f->s, series, day, &got, &f->err);
        if (rc != (want.n > 0)) fail_msg("%s: day %lld: roll-up %d, %lld samples", what, (long long)day, rc, (long long)want.n);
        if (rc && (got.n != want.n || fabs(got.sum - want.sum) > 1e-9 || got.min != want.min || got.max != want.max || got.last != want.last))
            fail_msg("%s: day %lld: n %lld sum %g, wanted %lld %g", what, (long long)day, (long long)got.n, got.sum, (long long)want.n, want.sum);
        rows += rc;
    }
    assert_int_equal(rows, count_of(f, "SELECT count(*) FROM rollup"));
}

enum { SLOTS = 600 };
struct model { /* slot i: start T0 + i*97 min, alternating durations; value < 0: absent */
    struct sw_sample at[SLOTS];
    bool there[SLOTS];
};

static void model_step(struct fixture *f, const struct sw_metric *m, int64_t series, struct model *t, uint64_t *x, const char *what)
{
    struct sw_samples in = {0};
    struct sw_merge stat;
    size_t added = 0, changed = 0, same = 0;
    bool told[SLOTS] = {false};
    uint64_t n = rnd(x) % 4 ? 1 + rnd(x) % 4 : rnd(x) % 200, base = rnd(x) % SLOTS;
    for (uint64_t i = 0; i < n; i++) told[(base + rnd(x) % (rnd(x) % 2 ? 20 : SLOTS)) % SLOTS] = true;
    for (int i = 0; i < SLOTS; i++) {
        struct sw_sample e = {T0 + (i / 2) * 97 * MIN, i % 2 * 5 * MIN, (int64_t)(rnd(x) % 4) * 150, (int32_t)(rnd(x) % 3) * 300 - 300};
        if (!told[i]) continue;
        sw_samples_push(&in, &e);
        if (!t->there[i]) added++;
        else if (t->at[i].value != e.value) changed++;
        else same++;
        if (!t->there[i] || t->at[i].value != e.value) t->at[i] = e; /* a known value keeps the offset told first */
        t->there[i] = true;
    }
    OK(sw_series_write(f->s, f->me, m, series, &in, &stat, &f->err));
    if (stat.added != added || stat.changed != changed || stat.same != same)
        fail_msg("%s: %zu/%zu/%zu, wanted %zu/%zu/%zu", what, stat.added, stat.changed, stat.same, added, changed, same);
    sw_samples_clear(&in);
}

static void model_erase(struct fixture *f, const struct sw_metric *m, int64_t series, struct model *t, uint64_t *x)
{
    int64_t from = T0 + (int64_t)(rnd(x) % 28000) * MIN, to = from + (int64_t)(rnd(x) % 3000) * MIN, erased, want = 0;
    for (int i = 0; i < SLOTS; i++)
        if (t->there[i] && t->at[i].start_ms >= from && t->at[i].start_ms < to) t->there[i] = false, want++;
    OK(sw_series_erase(f->s, f->me, m, series, from, to, &erased, &f->err));
    assert_int_equal(erased, want);
}

static void check_model(struct fixture *f, const struct sw_metric *m, int64_t series, const struct model *t, const char *what)
{
    struct sw_samples got = read_all(f, m, series), want = {0};
    for (int i = 0; i < SLOTS; i++)
        if (t->there[i]) sw_samples_push(&want, &t->at[i]);
    if (got.n != want.n) fail_msg("%s: %zu samples, wanted %zu", what, got.n, want.n);
    for (size_t i = 0; i < got.n; i++)
        if (sw_sample_cmp(&got.at[i], &want.at[i])) fail_msg("%s: sample %zu differs", what, i);
    check_rollups(f, m, series, &want, what);
    sw_samples_clear(&got), sw_samples_clear(&want);
}

static void rollups_and_samples_follow_any_mixture_of_changes(void **state)
{
    struct fixture *f = *state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        const struct sw_metric *m = seed % 2 ? f->heart : f->weight;
        uint64_t x = seed * 0x9e3779b97f4a7c15u;
        int64_t series = series_of(f, m, (int64_t)(1000 + seed)), n;
        struct model t = {0};
        char what[64];
        for (int step = 0; step < 60; step++) {
            snprintf(what, sizeof what, "seed %d step %d", (int)seed, step);
            if (rnd(&x) % 8 == 0) model_erase(f, m, series, &t, &x);
            else model_step(f, m, series, &t, &x, what);
            if (rnd(&x) % 10 == 0) OK(sw_series_fold(f->s, m, series, &f->err));
            check_model(f, m, series, &t, what);
        }
        print_message("seed %d: 60 steps\n", (int)seed);
        OK(sw_series_erase(f->s, f->me, m, series, T0, T0 + 100 * SW_DAY_MS, &n, &f->err)); /* the next seed counts its own */
        assert_int_equal(count_of(f, "SELECT count(*) FROM rollup"), 0);
        assert_int_equal(count_of(f, "SELECT count(*) FROM chunk"), 0);
    }
}

static void trickled_samples_fold_to_what_one_write_gives(void **state)
{
    struct fixture *f = *state;
    int64_t a = series_of(f, f->heart, f->watch), b = series_of(f, f->heart, f->phone);
    struct sw_samples all = {0}, x, y;
    struct sw_merge stat;
    int64_t most = 0;
    for (int i = 0; i < 300; i++) {
        struct sw_sample e = {T0 + i * MIN, 0, 6000 + i * 10, 60};
        struct sw_samples one = {&e, 1, 1};
        int64_t tail;
        sw_samples_push(&all, &e);
        OK(sw_series_write(f->s, f->me, f->heart, a, &one, &stat, &f->err));
        tail = count_of(f, "SELECT count(*) FROM tail");
        if (tail > most) most = tail;
    }
    assert_true(most > 10 && most < 50);
    OK(sw_series_write(f->s, f->me, f->heart, b, &all, &stat, &f->err));
    for (int round = 0; round < 2; round++) {
        x = read_all(f, f->heart, a), y = read_all(f, f->heart, b);
        assert_int_equal(x.n, y.n);
        for (size_t i = 0; i < x.n; i++) assert_int_equal(sw_sample_cmp(&x.at[i], &y.at[i]), 0);
        sw_samples_clear(&x), sw_samples_clear(&y);
        OK(sw_series_fold(f->s, f->heart, a, &f->err));
    }
    assert_int_equal(count_of(f, "SELECT count(*) FROM tail"), 0);
    assert_int_equal(count_of(f, "SELECT count(*) FROM (SELECT data FROM chunk GROUP BY data) d"), 1);
    sw_samples_clear(&all);
}

static void a_tail_never_stands_without_its_chunk(void **state)
{
    struct fixture *f = *state;
    int64_t series = series_of(f, f->heart, f->watch), n;
    for (int i = 0; i < 70; i++) put_one(f, f->heart, f->watch, T0 + i * MIN, 0, 60, 0);
    assert_true(count_of(f, "SELECT count(*) FROM tail") > 0);
    OK(sw_series_erase(f->s, f->me, f->heart, series, T0, T0 + 66 * MIN, &n, &f->err));
    assert_int_equal(count_of(f, "SELECT count(*) FROM chunk"), 1);
    assert_int_equal(count_of(f, "SELECT count(*) FROM tail"), 0);
}

static void dense_metrics_take_a_chunk_a_day_and_sparse_ones_a_month(void **state)
{
    struct fixture *f = *state;
    for (int day = 0; day < 60; day++) { /* 2023-12-09 to 2024-02-06 */
        put_one(f, f->heart, f->watch, T0 + day * SW_DAY_MS, 0, 60, 0);
        put_one(f, f->weight, f->watch, T0 + day * SW_DAY_MS, 0, 70, 0);
    }
    assert_int_equal(count_of(f, "SELECT count(*) FROM chunk"), 60 + 3);
    assert_int_equal(count_of(f, "SELECT CAST(sum(n) AS BIGINT) FROM chunk"), 120);
}

static void a_sample_belongs_to_the_local_day_of_its_own_offset(void **state)
{
    static const struct {
        int64_t start;
        int offset;
        int64_t day;
    } rows[] = {{T0 - MIN, 0, DAY0 - 1},          {T0 - MIN, 60, DAY0},              {T0, -60, DAY0 - 1},
                {T0 + 600 * MIN, 840, DAY0 + 1},  {T0 + 599 * MIN, 840, DAY0},       {T0 + 719 * MIN, -720, DAY0 - 1},
                {T0 + 720 * MIN, -720, DAY0},     {T0 + 1440 * MIN - 1, 0, DAY0},    {T0 + 1095 * MIN, 345, DAY0 + 1}};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t origin = 5000 + (int64_t)i, marks;
        struct sw_rollup r;
        put_one(f, f->heart, origin, rows[i].start, 0, 60, rows[i].offset);
        assert_int_equal(sw_rollup_get(f->s, series_of(f, f->heart, origin), rows[i].day, &r, &f->err), 1);
        OK(sw_ask_int(f->s, &f->err, &marks, "SELECT count(*) FROM dirty WHERE day = $1", "i", rows[i].day));
        assert_int_equal(marks, 2); /* the metric's and the presence's */
        OK(sw_ask_int(f->s, &f->err, &marks, "SELECT count(*) FROM dirty", ""));
        assert_int_equal(marks, 2);
        OK(sw_store_exec(f->s, "DELETE FROM dirty", &f->err));
    }
    assert_int_equal(count_of(f, "SELECT count(*) FROM rollup"), sizeof rows / sizeof *rows);
}

static void a_correction_that_moves_the_day_leaves_nothing_behind(void **state)
{
    struct fixture *f = *state;
    int64_t series = series_of(f, f->heart, f->watch);
    struct sw_rollup r;
    put_one(f, f->heart, f->watch, T0 - MIN, 0, 60, 0);
    assert_int_equal(put_one(f, f->heart, f->watch, T0 - MIN, 0, 61, 120).changed, 1);
    assert_int_equal(sw_rollup_get(f->s, series, DAY0 - 1, &r, &f->err), 0);
    assert_int_equal(sw_rollup_get(f->s, series, DAY0, &r, &f->err), 1);
    assert_int_equal(count_of(f, "SELECT count(*) FROM dirty WHERE metric <> '" SW_PRESENCE_MARK "'"), 2);
    assert_int_equal(count_of(f, "SELECT count(*) FROM dirty WHERE metric = '" SW_PRESENCE_MARK "'"), 2);
}

static void known_samples_cost_no_write_and_no_mark(void **state)
{
    struct fixture *f = *state;
    put_one(f, f->heart, f->watch, T0, 0, 60, 0);
    OK(sw_store_exec(f->s, "DELETE FROM dirty; UPDATE chunk SET n = 77", &f->err));
    assert_int_equal(put_one(f, f->heart, f->watch, T0, 0, 60, 0).same, 1);
    assert_int_equal(count_of(f, "SELECT count(*) FROM dirty"), 0);
    assert_int_equal(count_of(f, "SELECT n FROM chunk"), 77);
}

static void two_foods_of_one_time_are_two(void **state)
{
    struct fixture *f = *state;
    struct sw_rollup r;
    put_one(f, f->food, f->app, T0, 0, 10, 0);
    assert_int_equal(put_one(f, f->food, f->app, T0, 0, 12, 0).added, 1);
    assert_int_equal(put_one(f, f->food, f->app, T0, 0, 12, 0).same, 1);
    assert_int_equal(sw_rollup_get(f->s, series_of(f, f->food, f->app), DAY0, &r, &f->err), 1);
    assert_true(r.n == 2 && r.sum == 22);
}

static void neighbours_in_key_space_never_mix(void **state)
{
    static const int64_t at[] = {SW_TIME_MIN_MS, SW_TIME_MAX_MS - 1, 0, -5, T0};
    static const int offset[] = {-959, 959, 0};
    struct fixture *f = *state;
    for (int64_t origin = 1; origin <= 6; origin++)
        for (int k = 0; k < 5; k++)
            for (int o = 0; o < 3; o++) put_one(f, origin % 2 ? f->heart : f->weight, 100 + origin, at[k] - (k == 1 ? o : -o), 0, (double)origin, offset[o]);
    for (int64_t origin = 1; origin <= 6; origin++) {
        const struct sw_metric *m = origin % 2 ? f->heart : f->weight;
        struct sw_samples x = read_all(f, m, series_of(f, m, 100 + origin));
        assert_int_equal(x.n, 15);
        for (size_t i = 0; i < x.n; i++) assert_int_equal(x.at[i].value, origin * 100);
        sw_samples_clear(&x);
    }
    assert_int_equal(count_of(f, "SELECT count(*) FROM rollup WHERE n > 3"), 0);
    assert_true(count_of(f, "SELECT CAST(sum(n) AS BIGINT) FROM rollup") == 90);
}

static void a_damaged_chunk_is_an_error_not_an_empty_day(void **state)
{
    struct fixture *f = *state;
    struct sw_samples x = {0};
    int64_t n;
    put_one(f, f->heart, f->watch, T0, 0, 60, 0);
    OK(sw_store_exec(f->s, "UPDATE chunk SET data = x'010203040506070809'", &f->err));
    assert_int_equal(sw_series_read(f->s, f->heart, series_of(f, f->heart, f->watch), T0, T0 + 1, &x, NULL), SW_E_BAD);
    assert_int_equal(sw_series_erase(f->s, f->me, f->heart, series_of(f, f->heart, f->watch), T0, T0 + 1, &n, NULL), SW_E_BAD);
    assert_int_equal(count_of(f, "SELECT count(*) FROM chunk"), 1);
    sw_samples_clear(&x);
}

static void a_series_is_made_only_when_asked_for(void **state)
{
    struct fixture *f = *state;
    int64_t id, again;
    assert_int_equal(sw_series_find(f->s, f->me, "steps", f->app, false, &id, NULL), SW_E_NOTFOUND);
    OK(sw_series_find(f->s, f->me, "steps", f->app, true, &id, &f->err));
    OK(sw_series_find(f->s, f->me, "steps", f->app, true, &again, &f->err));
    assert_int_equal(id, again);
}

static void ranges_are_half_open(void **state)
{
    static const struct {
        int64_t from, to;
        size_t n;
    } rows[] = {{T0, T0 + 3 * MIN, 3}, {T0 + 1, T0 + 3 * MIN, 2}, {T0, T0 + 2 * MIN, 2}, {T0 + 5 * MIN, T0, 0}, {T0, T0, 0}, {INT64_MIN, INT64_MAX, 3}, {INT64_MAX, INT64_MIN, 0}};
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) put_one(f, f->heart, f->watch, T0 + i * MIN, 0, 60, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_samples x = {0};
        OK(sw_series_read(f->s, f->heart, series_of(f, f->heart, f->watch), rows[i].from, rows[i].to, &x, &f->err));
        assert_int_equal(x.n, rows[i].n);
        sw_samples_clear(&x);
    }
}

/* Piece by piece, from any time on, the spans lead through every sample once. */
static void spans_lead_through_a_series_and_leave_nothing_out(void **state)
{
    struct fixture *f = *state;
    const struct sw_metric *metrics[] = {f->heart, f->weight};
    for (int k = 0; k < 2; k++) {
        const struct sw_metric *m = metrics[k];
        struct sw_samples in = {0}, out = {0};
        struct sw_merge stat;
        int64_t series, from = INT64_MIN, start, end;
        int rc, spans = 0;
        OK(sw_series_find(f->s, f->me, m->name, f->watch, true, &series, &f->err));
        for (int i = 0; i < 40; i++) {
            struct sw_sample x = {T0 + (i * i) * 9 * 3600 * INT64_C(1000), 0, i, 60};
            sw_samples_push(&in, &x);
        }
        OK(sw_series_write(f->s, f->me, m, series, &in, &stat, &f->err));
        for (; (rc = sw_series_span(f->s, m, series, from, &start, &end, &f->err)) > 0; from = end, spans++) {
            assert_true(start < end);
            OK(sw_series_read(f->s, m, series, start, end, &out, &f->err));
        }
        OK(rc);
        assert_int_equal(out.n, in.n);
        for (size_t i = 0; i < in.n; i++) assert_int_equal(sw_sample_cmp(&out.at[i], &in.at[i]), 0);
        assert_true(k ? spans > 15 && spans < 25 : spans > 36);
        assert_int_equal(sw_series_span(f->s, m, series, in.at[39].start_ms, &start, &end, &f->err), 1);
        assert_int_equal(sw_series_span(f->s, m, series, end, &start, &end, &f->err), 0);
        assert_int_equal(sw_series_span(f->s, m, series, INT64_MAX, &start, &end, &f->err), 0);
        sw_samples_clear(&in);
        sw_samples_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rollups_and_samples_follow_any_mixture_of_changes),
        TEST(trickled_samples_fold_to_what_one_write_gives),
        TEST(a_tail_never_stands_without_its_chunk),
        TEST(dense_metrics_take_a_chunk_a_day_and_sparse_ones_a_month),
        TEST(a_sample_belongs_to_the_local_day_of_its_own_offset),
        TEST(a_correction_that_moves_the_day_leaves_nothing_behind),
        TEST(known_samples_cost_no_write_and_no_mark),
        TEST(two_foods_of_one_time_are_two),
        TEST(neighbours_in_key_space_never_mix),
        TEST(spans_lead_through_a_series_and_leave_nothing_out),
        TEST(a_damaged_chunk_is_an_error_not_an_empty_day),
        TEST(a_series_is_made_only_when_asked_for),
        TEST(ranges_are_half_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
