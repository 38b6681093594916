/* SPDX-License-Identifier: MIT */
#include "codec/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static void names_tell_their_maker_and_what_they_are(void **state)
{
    static const struct {
        const char *name, *maker, *kind;
    } rows[] = {
        {"Forerunner 255", "garmin", "watch"}, {"Garmin Edge 530", "garmin", "bike"},
        {"Garmin Connect", "garmin", ""},      {"f\xc4\x93nix 7", "garmin", "watch"},
        {"OpenTracks", "opentracks", "app"},   {"Samsung Galaxy S7 edge", "samsung", ""},
        {"StravaGPX Android", "strava", "app"}, {"Acme Watch", "", ""},
        {"pledge", "", ""},                    {"", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal(sw_text_maker(rows[i].name), rows[i].maker);
        assert_string_equal(sw_text_kind(rows[i].name), rows[i].kind);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_tell_their_maker_and_what_they_are)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
