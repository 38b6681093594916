/* SPDX-License-Identifier: MIT */
#include "model/unit.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <math.h>

static void known_pairs_convert_to_known_numbers(void **state)
{
    static const struct {
        const char *from, *to;
        double in, out;
    } rows[] = {
        {"km", "m", 1.5, 1500},        {"mi", "m", 1, 1609.344},       {"ft", "m", 100, 30.48},      {"in", "cm", 1, 2.54},
        {"lb", "kg", 150, 68.0388555}, {"st", "kg", 10, 63.5029318},   {"oz", "g", 1, 28.349523125}, {"mcg", "mg", 250, 0.25},
        {"kJ", "kcal", 4.184, 1},      {"Cal", "kcal", 7, 7},          {"cal", "kcal", 1000, 1},     {"degF", "Cel", 98.6, 37},
        {"degF", "Cel", -40, -40},     {"K", "Cel", 310.15, 37},       {"Cel", "degF", 100, 212},    {"ratio", "%", 0.97, 97},
        {"mmol/L", "mg/dL", 5.5, 99.0858}, {"kPa", "mmHg", 16, 120.00985213530662}, {"h", "min", 1.5, 90}, {"ms", "s", 250, 0.25},
        {"count/s", "/min", 1.2, 72},  {"km/h", "m/s", 36, 10},        {"mph", "m/s", 10, 4.4704},   {"L", "mL", 1.5, 1500},
        {"fl_oz_us", "mL", 8, 236.5882365}, {"", "kg", 3, 3},          {"bpm", "/min", 60, 60},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_convert c, back;
        double v;
        assert_true(sw_unit_convert(rows[i].from, rows[i].to, &c));
        v = rows[i].in * c.factor + c.shift;
        if (fabs(v - rows[i].out) > 1e-9 * fmax(1, fabs(rows[i].out))) fail_msg("%s to %s: %.12g", rows[i].from, rows[i].to, v);
        if (!*rows[i].from) continue;
        assert_true(sw_unit_convert(rows[i].to, rows[i].from, &back));
        assert_true(fabs(v * back.factor + back.shift - rows[i].in) < 1e-9 * fmax(1, fabs(rows[i].in)));
    }
}

static void unlike_quantities_and_unknown_units_do_not_convert(void **state)
{
    static const char *const pair[][2] = {{"kg", "m"},     {"kcal", "%"}, {"mg/dL", "mg"}, {"mmol/L", "mL"}, {"furlong", "m"},
                                          {"m", "furlong"}, {"KM", "m"},   {"count", "/min"}, {"Cel", "kcal"}};
    struct sw_convert c;
    (void)state;
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++) assert_false(sw_unit_convert(pair[i][0], pair[i][1], &c));
    assert_false(sw_unit_known("furlong"));
    assert_true(sw_unit_known("mL/min\xc2\xb7kg"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_pairs_convert_to_known_numbers),
        cmocka_unit_test(unlike_quantities_and_unknown_units_do_not_convert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
