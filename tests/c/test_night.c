/* SPDX-License-Identifier: MIT */
#include "engine/night.h"
#include "../support/store_fixture.h"
#include <math.h>

#define DAY INT64_C(19700) /* the day of waking */
#define MIN INT64_C(60000)
#define AT(h, m) (DAY * SW_DAY_MS + ((h) * 60 + (m)) * MIN) /* hours may be negative: the evening before */

struct told {
    int64_t origin, from, to;
    const char *body;
};

static void tell(struct fixture *f, const char *id, const struct told *t)
{
    struct sw_record r = {.start_ms = t->from, .finish_ms = t->to, .day = sw_floor_day(t->to), .connection_id = f->connection, .origin_id = t->origin,
                          .kind = "sleep", .type = "", .external_id = id, .zone_from = "device", .state = "final", .body = t->body, .body_n = strlen(t->body)};
    struct sw_put_result p;
    OK(sw_ingest_record(f->s, &f->who, &r, &p, &f->err));
}

/* Minutes of a nightly metric, -1 when there is none. */
static double value(struct fixture *f, const char *metric, int64_t day)
{
    struct sw_rollup r;
    int64_t series;
    OK(sw_series_find(f->s, f->me, metric, SW_ORIGIN_MERGED, true, &series, &f->err));
    return sw_rollup_get(f->s, series, day, &r, &f->err) > 0 ? r.sum : -1;
}

static void check(struct fixture *f, const char *what, double asleep, double in_bed, double deep, double efficiency)
{
    const struct {
        const char *metric;
        double want;
    } rows[] = {{SW_SLEEP_MARK, asleep}, {"sleep_in_bed", in_bed}, {"sleep_deep", deep}, {"sleep_efficiency", efficiency}};
    OK(sw_night_settle(f->s, &f->who, DAY, &f->err));
    for (int i = 0; i < 4; i++) {
        double got = value(f, rows[i].metric, DAY);
        if (fabs(got - rows[i].want) > 1e-9) fail_msg("%s: %s is %g, wanted %g", what, rows[i].metric, got, rows[i].want);
    }
}

static void forget(struct fixture *f) { OK(sw_store_exec(f->s, "DELETE FROM record", &f->err)); }

/* Every order of arrival gives the same night. */
static void in_every_order(struct fixture *f, const char *what, const struct told *t, int n, double asleep, double in_bed, double deep, double efficiency)
{
    static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int o = 0; o < 6; o++) {
        for (int k = 0; k < 3; k++) {
            char id[8];
            int i = order[o][k];
            snprintf(id, sizeof id, "r%d", i);
            if (i < n) tell(f, id, &t[i]);
        }
        check(f, what, asleep, in_bed, deep, efficiency);
        forget(f);
    }
}

static void nights_are_what_was_slept(void **state)
{
    struct fixture *f = *state;
    const int64_t W = f->watch, P = f->phone, A = f->app;
    const struct {
        const char *what;
        struct told t[3];
        int n;
        double asleep, in_bed, deep, efficiency;
    } rows[] = {
        {"in bed and asleep are not added up",
         {{P, AT(-2, 0), AT(6, 0), "{\"attributes\":{\"in_bed_s\":28800}}"}, {W, AT(-1, 0), AT(5, 30), "{\"attributes\":{\"asleep_s\":21600,\"deep_s\":3600}}"}},
         2, 360, 480, 60, 75},
        {"two trackers of one night count once, the better one",
         {{P, AT(-1, 10), AT(6, 0), "{\"attributes\":{\"asleep_s\":24000}}"}, {W, AT(-1, 0), AT(6, 0), "{\"attributes\":{\"asleep_s\":21600,\"deep_s\":3600}}"}},
         2, 360, -1, 60, -1},
        {"a nap is left out",
         {{W, AT(-1, 0), AT(6, 0), "{\"attributes\":{\"asleep_s\":21600}}"}, {W, AT(14, 0), AT(15, 0), "{\"attributes\":{\"asleep_s\":3000,\"nap\":true}}"}},
         2, 360, -1, -1, -1},
        {"a broken night adds up",
         {{W, AT(-1, 0), AT(2, 0), "{\"attributes\":{\"asleep_s\":9000,\"deep_s\":600}}"}, {W, AT(3, 0), AT(6, 0), "{\"attributes\":{\"asleep_s\":10200,\"deep_s\":900}}"}},
         2, 320, -1, 25, -1},
        {"a broken night under one in-bed adds up too",
         {{W, AT(-1, 0), AT(2, 0), "{\"attributes\":{\"asleep_s\":9000,\"deep_s\":600}}"}, {W, AT(3, 0), AT(6, 0), "{\"attributes\":{\"asleep_s\":10200,\"deep_s\":900}}"},
          {P, AT(-2, 0), AT(6, 0), "{\"attributes\":{\"in_bed_s\":28800}}"}},
         3, 320, 480, 25, -2},
        {"a broken night of one tracker and the whole of a better one are one night",
         {{W, AT(-1, 0), AT(6, 0), "{\"attributes\":{\"asleep_s\":24000,\"in_bed_s\":25200}}"},
          {P, AT(-1, 0), AT(2, 0), "{\"attributes\":{\"asleep_s\":10000,\"in_bed_s\":10800}}"},
          {P, AT(2, 30), AT(6, 0), "{\"attributes\":{\"asleep_s\":12000,\"in_bed_s\":12600}}"}},
         3, 400, 420, -1, 100.0 * 24000 / 25200},
        {"the parts of a broken night that a whole one bridges add up, asleep and in bed",
         {{P, AT(-1, 0), AT(6, 0), "{\"attributes\":{\"asleep_s\":24600}}"},
          {W, AT(-1, 0), AT(2, 0), "{\"attributes\":{\"asleep_s\":9000,\"in_bed_s\":10800}}"},
          {W, AT(2, 30), AT(6, 0), "{\"attributes\":{\"asleep_s\":12000,\"in_bed_s\":12600}}"}},
         3, 350, 390, -1, 100.0 * 21000 / 23400},
        {"a nap under the in-bed of its night leaves the night",
         {{P, AT(-5, 0), AT(6, 0), "{\"attributes\":{\"in_bed_s\":39600}}"},
          {W, AT(-4, 0), AT(-3, 20), "{\"attributes\":{\"asleep_s\":2400,\"nap\":true}}"},
          {W, AT(-1, 0), AT(6, 0), "{\"attributes\":{\"asleep_s\":24000}}"}},
         3, 400, 660, -1, 100.0 * 24000 / 39600},
        {"in bed alone is time in bed", {{A, AT(-1, 0), AT(6, 0), "{\"attributes\":{\"in_bed_s\":25200}}"}}, 1, -1, 420, -1, -1},
        {"no attributes, no night", {{W, AT(-1, 0), AT(6, 0), "{}"}}, 1, -1, -1, -1, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].efficiency < -1) continue;
        in_every_order(f, rows[i].what, rows[i].t, rows[i].n, rows[i].asleep, rows[i].in_bed, rows[i].deep, rows[i].efficiency);
    }
    for (int first = 0; first < 2; first++) { /* the in-bed joins one sleep or both: only sums are the same */
        const struct told *t = rows[4].t;
        if (first) tell(f, "bed", &t[2]);
        tell(f, "a", &t[0]), tell(f, "b", &t[1]);
        if (!first) tell(f, "bed", &t[2]);
        OK(sw_night_settle(f->s, &f->who, DAY, &f->err));
        assert_true(fabs(value(f, SW_SLEEP_MARK, DAY) - 320) < 1e-9 && fabs(value(f, "sleep_deep", DAY) - 25) < 1e-9 && fabs(value(f, "sleep_in_bed", DAY) - 480) < 1e-9);
        assert_true(value(f, "sleep_efficiency", DAY) <= 100);
        forget(f);
    }
}

static void efficiency_never_exceeds_the_whole(void **state)
{
    struct fixture *f = *state;
    const struct told a = {f->watch, AT(-1, 0), AT(2, 0), "{\"attributes\":{\"asleep_s\":9000,\"in_bed_s\":10000}}"},
                      b = {f->watch, AT(3, 0), AT(6, 0), "{\"attributes\":{\"asleep_s\":10200}}"};
    tell(f, "a", &a), tell(f, "b", &b);
    check(f, "one half with time in bed", 320, 10000 / 60.0, -1, 90);
}

static void a_night_that_is_taken_back_leaves_no_number(void **state)
{
    struct fixture *f = *state;
    const struct told a = {f->watch, AT(-1, 0), AT(6, 0), "{\"attributes\":{\"asleep_s\":21600}}"};
    tell(f, "a", &a);
    check(f, "there", 360, -1, -1, -1);
    OK(sw_store_exec(f->s, "UPDATE record SET state = 'deleted'", &f->err));
    check(f, "gone", -1, -1, -1, -1);
}

static void a_sleep_marks_its_night_and_the_neighbours(void **state)
{
    struct fixture *f = *state;
    const struct told a = {f->watch, AT(-1, 0), AT(6, 0), "{}"};
    tell(f, "a", &a);
    assert_int_equal(count_of(f, "SELECT count(*) FROM dirty WHERE day >= 19699 AND day <= 19701"), 3);
    OK(sw_store_exec(f->s, "DELETE FROM dirty", &f->err));
    tell(f, "a", &a);
    assert_int_equal(count_of(f, "SELECT count(*) FROM dirty"), 0);
}

static void bodies_that_are_no_json_hurt_nobody(void **state)
{
    static const char *const bodies[] = {"", "[", "[]", "{\"attributes\":7}", "{\"attributes\":{\"asleep_s\":\"x\"}}", "{\"attributes\":{\"nap\":1}}"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const struct told a = {f->watch, AT(-1, 0), AT(6, 0), bodies[i]};
        tell(f, "a", &a);
        check(f, bodies[i], -1, -1, -1, -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nights_are_what_was_slept),
        TEST(efficiency_never_exceeds_the_whole),
        TEST(a_night_that_is_taken_back_leaves_no_number),
        TEST(a_sleep_marks_its_night_and_the_neighbours),
        TEST(bodies_that_are_no_json_hurt_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
