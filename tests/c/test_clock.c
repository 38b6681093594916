/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <time.h>

static void data_time_can_stand_still(void **state)
{
    struct sw_clock c = {true, 1234567890123};
    (void)state;
    assert_true(sw_clock_now(&c) == 1234567890123);
    c.fixed = false;
    assert_true(llabs(sw_clock_now(&c) - (int64_t)time(NULL) * 1000) < 5000);
}

static void real_time_agrees_with_the_system_and_never_goes_back(void **state)
{
    int64_t last = sw_mono_ms();
    (void)state;
    assert_true(llabs(sw_wall_ms() - (int64_t)time(NULL) * 1000) < 5000);
    for (int i = 0; i < 1000; i++) {
        int64_t now = sw_mono_ms();
        assert_true(now >= last);
        last = now;
    }
    assert_true(sw_cpu_seconds() > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_time_can_stand_still),
        cmocka_unit_test(real_time_agrees_with_the_system_and_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
