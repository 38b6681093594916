/* SPDX-License-Identifier: MIT */
#include "model/metric.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <math.h>

static struct sw_metric row(const char *name, const char *unit, double min, double max, double scale)
{
    return (struct sw_metric){.name = (char *)name, .unit = (char *)unit, .kind = SW_INSTANT, .daily = SW_AGG_MEAN, .min = min, .max = max, .scale = scale};
}

static void good_rows_are_copied_and_found(void **state)
{
    struct sw_metrics *m = sw_metrics_new();
    char name[] = "heart_rate";
    struct sw_metric r = row(name, "/min", 20, 260, 100);
    const struct sw_metric *got;
    (void)state;
    assert_int_equal(sw_metrics_add(m, &r, NULL), 0);
    name[0] = 'X';
    got = sw_metrics_get(m, "heart_rate");
    assert_non_null(got);
    assert_string_equal(got->title, "heart_rate");
    assert_null(sw_metrics_get(m, "heart"));
    sw_metrics_free(m);
    sw_metrics_free(NULL);
}

static void bad_rows_are_refused_with_a_sentence(void **state)
{
    const struct sw_metric bad[] = {
        row("taken", "/min", 0, 1, 1),     row("unit", "furlong", 0, 1, 1), row("range", "m", 1, 1, 1),  row("range", "m", 2, 1, 1),
        row("range", "m", NAN, 1, 1),      row("scale", "m", 0, 1, 0),      row("scale", "m", 0, 1, -10), row("scale", "m", 0, 1, 7),
        row("scale", "m", 0, 1, 0.1),      row("scale", "m", 0, 1, 1e10),   row("scale", "m", 0, 1, NAN),
    };
    struct sw_metrics *m = sw_metrics_new();
    struct sw_metric good = row("taken", "/min", 0, 1, 1);
    (void)state;
    assert_int_equal(sw_metrics_add(m, &good, NULL), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sw_err err = SW_ERR_INIT;
        assert_int_equal(sw_metrics_add(m, &bad[i], &err), SW_E_BAD);
        assert_non_null(strstr(err.text, bad[i].name));
    }
    assert_int_equal(m->n, 1);
    sw_metrics_free(m);
}

static void every_power_of_ten_up_to_a_billion_is_a_scale(void **state)
{
    struct sw_metrics *m = sw_metrics_new();
    double scale = 1;
    char name[8];
    (void)state;
    for (int i = 0; i <= 9; i++, scale *= 10) {
        struct sw_metric r;
        snprintf(name, sizeof name, "m%d", i);
        r = row(name, "m", 0, 1, scale);
        assert_int_equal(sw_metrics_add(m, &r, NULL), 0);
    }
    sw_metrics_free(m);
}

static void names_of_kinds_and_aggregates_go_both_ways(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) assert_int_equal(sw_metric_kind_of(sw_metric_kind_name((enum sw_metric_kind)k)), k);
    for (int a = 0; a < 5; a++) assert_int_equal(sw_aggregate_of(sw_aggregate_name((enum sw_aggregate)a)), a);
    assert_int_equal(sw_metric_kind_of("sum"), -1);
    assert_int_equal(sw_aggregate_of("instant"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_rows_are_copied_and_found),
        cmocka_unit_test(bad_rows_are_refused_with_a_sentence),
        cmocka_unit_test(every_power_of_ten_up_to_a_billion_is_a_scale),
        cmocka_unit_test(names_of_kinds_and_aggregates_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
