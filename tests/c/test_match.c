/* SPDX-License-Identifier: MIT */
#include "model/match.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MIN INT64_C(60000)

static void pairs_match_or_not(void **state)
{
    static const struct {
        const char *what;
        struct sw_match_side a, b;
        bool match;
    } rows[] = {
        {"one run seen by watch and bike computer", {"workout", "running", 0, 60 * MIN, 1, false}, {"workout", "trail_running", MIN / 2, 60 * MIN, 2, false}, true},
        {"a run and its plain workout", {"workout", "running", 0, 60 * MIN, 1, false}, {"workout", "workout", 0, 58 * MIN, 2, false}, true},
        {"a run and a row at the same time", {"workout", "running", 0, 60 * MIN, 1, false}, {"workout", "rowing", 0, 60 * MIN, 2, false}, false},
        {"morning and evening run", {"workout", "running", 0, 60 * MIN, 1, false}, {"workout", "running", 600 * MIN, 660 * MIN, 2, false}, false},
        {"back to back runs", {"workout", "running", 0, 60 * MIN, 1, false}, {"workout", "running", 60 * MIN, 120 * MIN, 2, false}, false},
        {"the same run an hour off, zone unknown", {"workout", "running", 0, 60 * MIN, 1, true}, {"workout", "running", 60 * MIN, 120 * MIN, 2, false}, true},
        {"and a second late", {"workout", "running", 0, 60 * MIN, 1, true}, {"workout", "running", 60 * MIN + 1000, 120 * MIN, 2, false}, true},
        {"or a second early", {"workout", "running", 0, 60 * MIN, 1, true}, {"workout", "running", 60 * MIN - 1000, 120 * MIN, 2, false}, true},
        {"an hour off with zones known", {"workout", "running", 0, 60 * MIN, 1, false}, {"workout", "running", 60 * MIN, 120 * MIN, 2, false}, false},
        {"ten minutes off, zone unknown", {"workout", "running", 0, 30 * MIN, 1, true}, {"workout", "running", 40 * MIN, 70 * MIN, 2, false}, false},
        {"two nights by the clock, zone unknown", {"sleep", "", 0, 480 * MIN, 1, true}, {"sleep", "", 1440 * MIN, 1920 * MIN, 2, false}, false},
        {"a night told by the clock of another continent", {"sleep", "", 0, 480 * MIN, 1, true}, {"sleep", "", 570 * MIN, 1050 * MIN, 2, false}, true},
        {"in bed holds asleep", {"sleep", "sleep", 0, 480 * MIN, 1, false}, {"sleep", "sleep", 100 * MIN, 400 * MIN, 2, false}, true},
        {"a nap is not the night", {"sleep", "sleep", 0, 480 * MIN, 1, false}, {"sleep", "sleep", 900 * MIN, 960 * MIN, 2, false}, false},
        {"unlike kinds", {"sleep", "", 0, 60 * MIN, 1, false}, {"workout", "", 0, 60 * MIN, 2, false}, false},
        {"two weighings of one minute", {"measurement", "", 0, 0, 1, false}, {"measurement", "", 30000, 30000, 2, false}, true},
        {"two notes of one minute and one origin", {"note", "", 0, 0, 1, false}, {"note", "", 30000, 30000, 1, false}, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double score = sw_match_score(&rows[i].a, &rows[i].b);
        if ((score >= SW_MATCH_ENOUGH) != rows[i].match) fail_msg("%s: %g", rows[i].what, score);
    }
}

static void scores_are_symmetric_and_within_0_and_1(void **state)
{
    static const char *const kind[] = {"workout", "sleep"}, *const type[] = {"running", "trail_running", "", "rowing"};
    uint64_t x = 5;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        struct sw_match_side s[2];
        double ab, ba;
        for (int k = 0; k < 2; k++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            s[k] = (struct sw_match_side){kind[x >> 60 & 1], type[x >> 58 & 3], (int64_t)(x >> 40 & 0xff) * 5 * MIN + (int64_t)(x >> 50 & 3) * 700, 0,
                                          (int64_t)(x >> 57 & 1), (x >> 56 & 1) != 0};
            s[k].finish_ms = s[k].start_ms + (int64_t)(x >> 33 & 31) * 200000;
        }
        ab = sw_match_score(&s[0], &s[1]);
        ba = sw_match_score(&s[1], &s[0]);
        if (ab != ba || !(ab >= 0 && ab <= 1)) fail_msg("step %d: %g and %g", i, ab, ba);
    }
}

static void types_of_one_family_are_compatible(void **state)
{
    static const struct {
        const char *a, *b;
        bool ok;
    } rows[] = {{"running", "treadmill_running", true}, {"cycling", "road_biking", true}, {"ride", "cycling", true},   {"swimming", "open_water_swimming", true},
                {"hiking", "walking", true},            {"", "yoga", true},                {"other", "rowing", true},   {"rowing", "running", false},
                {"swimming", "cycling", false},         {"tennis", "tennis", true},        {"tennis", "padel", false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(sw_match_types(rows[i].a, rows[i].b), rows[i].ok);
        assert_int_equal(sw_match_types(rows[i].b, rows[i].a), rows[i].ok);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_match_or_not),
        cmocka_unit_test(scores_are_symmetric_and_within_0_and_1),
        cmocka_unit_test(types_of_one_family_are_compatible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
