/* SPDX-License-Identifier: MIT */
/* What FIT messages add up to: times and zones, sessions, swims, days, nights and scales.
 */
#include "../support/fit_file.h"
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* --- time --- */

static void a_time_since_power_on_is_rejected_but_still_summed_up(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define_record(&o);
    record(&o, 5000, 100), record(&o, 5001, 120);
    end(&o);
    decode_out(&g, &o);
    assert_null(col(&g, "record.heart_rate"));
    assert_int_equal(g.b.rejected, 2);
    assert_true(says(&g, "\"heart_rate\":{\"n\":2,\"mean\":110"));
    done(&g, &o);
}

static void a_file_whose_clock_was_never_set_keeps_its_times(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    define_record(&o);
    record(&o, 17000000, 100), record(&o, 17000001, 120);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(col(&g, "record.heart_rate")->n, 2);
    assert_true(col(&g, "record.heart_rate")->start_ms[1] == MS(17000001));
    assert_int_equal(g.b.rejected, 0);
    assert_true(notes(&g, "never set") && says(&g, "\"dated\":false"));
    done(&g, &o);
}

static void one_date_makes_times_since_power_on_none(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    define_record(&o);
    record(&o, 5000, 100), record(&o, 5001, 120), record(&o, T0, 130);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(col(&g, "record.heart_rate")->n, 1);
    assert_true(col(&g, "record.heart_rate")->start_ms[0] == MS(T0));
    assert_int_equal(g.b.rejected, 2);
    done(&g, &o);
}

static void records_of_one_second_follow_one_another_within_it(void **s)
{
    static const int64_t at[] = {0, 250, 500, 750, 1000, 2000, 2500};
    struct out o = fresh();
    struct got g;
    const struct sw_column *c;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define_record(&o);
    for (unsigned i = 0; i < 4; i++) record(&o, T0, 100 + i);
    record(&o, T0 + 1, 104), record(&o, T0 + 2, 105), record(&o, T0 + 2, 106);
    end(&o);
    decode_out(&g, &o);
    c = col(&g, "record.heart_rate");
    assert_int_equal(c->n, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_true(c->start_ms[i] == MS(T0) + at[i]);
        assert_true(c->value[i] == 100 + (double)i);
    }
    done(&g, &o);
}

static void local_time_gives_the_offset_of_all_samples(void **s)
{
    static const struct {
        int64_t local;
        int offset;
    } t[] = {{T0 + 7200, 120},   {T0 - 12600, -210},          {T0 + 20700, 345},
             {T0 + 7195, 120},   {T0 + 1234, SW_OFFSET_NONE}, {T0 + 500000, SW_OFFSET_NONE},
             {0, SW_OFFSET_NONE}};
    (void)s;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct out o = fresh();
        struct got g;
        begin(&o, 14);
        file_id(&o, 4);
        define_record(&o);
        record(&o, T0 - 60, 100);
        define(&o, 2, 34, 2, 253, 4, U32, 5, 4, U32);
        head(&o, 2), num(&o, T0, 4), num(&o, (uint64_t)t[i].local, 4);
        end(&o);
        decode_out(&g, &o);
        assert_int_equal(col(&g, "record.heart_rate")->offset_min[0], t[i].offset);
        done(&g, &o);
    }
}

/* --- activities --- */

static void records_are_summed_up_per_session(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define_record(&o);
    for (unsigned i = 0; i < 10; i++) record(&o, T0 + i, i < 4 ? 100 : 150);
    define(&o, 2, 18, 3, 2, 4, U32, 7, 4, U32, 5, 1, 0);
    head(&o, 2), num(&o, T0, 4), num(&o, 4000, 4), num(&o, 5, 1);
    head(&o, 2), num(&o, T0 + 4, 4), num(&o, 6000, 4), num(&o, 2, 1);
    end(&o);
    decode_out(&g, &o);
    assert_true(says(&g, "\"session\":0,\"n\":4"));
    assert_true(says(&g, "\"session\":1,\"n\":6"));
    assert_true(says(&g, "\"heart_rate\":{\"n\":6,\"mean\":150"));
    done(&g, &o);
}

static void heart_rate_sent_after_a_swim_is_spread_over_its_records(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 1, 20, 1, 253, 4, U32);
    for (unsigned i = 0; i < 4; i++) head(&o, 1), num(&o, T0 + i, 4);
    end(&o);
    begin(&o, 14);
    define(&o, 1, 132, 3, 253, 4, U32, 9, 4, U32, 6, 1, U8);
    head(&o, 1), num(&o, T0, 4), num(&o, 2048, 4), num(&o, 100, 1);
    define(&o, 2, 132, 2, 10, 3, BYTES, 6, 2, U8);
    head(&o, 2), num(&o, ((2048 + 1024) & 0xfff) | ((2048 + 2048) & 0xfff) << 12, 3),
        num(&o, 110 | 120 << 8, 2);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(g.b.n_origins, 1);
    assert_int_equal(col(&g, "record.heart_rate")->n, 4);
    assert_true(col(&g, "record.heart_rate")->value[1] == 100);
    assert_true(col(&g, "record.heart_rate")->value[2] == 110);
    assert_true(col(&g, "record.heart_rate")->value[3] == 120);
    done(&g, &o);
}

static void a_course_has_records_but_no_samples(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 6);
    define_record(&o);
    record(&o, T0, 100);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(g.b.rows, 0);
    assert_true(says(&g, "\"type\":\"course\""));
    done(&g, &o);
}

static void rr_intervals_follow_one_another(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define_record(&o);
    record(&o, T0, 60);
    define(&o, 2, 78, 1, 0, 6, U16);
    head(&o, 2), num(&o, 1000, 2), num(&o, 900, 2), num(&o, 0xffff, 2);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(col(&g, "record.rr_interval")->n, 2);
    assert_int_equal(col(&g, "record.rr_interval")->start_ms[1], MS(T0) + 1000);
    assert_true(col(&g, "record.rr_interval")->value[1] == 900);
    done(&g, &o);
}

/* --- days and bodies --- */

static void steps_counted_through_the_day_become_amounts_that_do_not_overlap(void **s)
{
    struct out o = fresh();
    struct got g;
    const struct sw_column *c;
    double sum = 0;
    (void)s;
    begin(&o, 14);
    file_id(&o, 32);
    define(&o, 1, 103, 2, 253, 4, U32, 0, 4, U32);
    head(&o, 1), num(&o, T0, 4), num(&o, T0 / 86400 * 86400, 4);
    define(&o, 2, 55, 3, 253, 4, U32, 5, 1, 0, 3, 4, U32);
    head(&o, 2), num(&o, T0 + 60, 4), num(&o, 6, 1), num(&o, 100, 4);
    head(&o, 2), num(&o, T0 + 60, 4), num(&o, 1, 1), num(&o, 10, 4);
    head(&o, 2), num(&o, T0 + 120, 4), num(&o, 6, 1), num(&o, 150, 4);
    head(&o, 2), num(&o, T0 + 180, 4), num(&o, 6, 1), num(&o, 20, 4);
    end(&o);
    decode_out(&g, &o);
    c = col(&g, "monitoring.steps");
    assert_int_equal(c->n, 3);
    for (size_t i = 0; i < c->n; i++) {
        sum += c->value[i];
        if (i) assert_true(c->start_ms[i - 1] + c->dur_ms[i - 1] <= c->start_ms[i]);
    }
    assert_true(c->value[0] == 110 && sum == 180);
    done(&g, &o);
}

static void sixteen_bit_times_count_on_from_the_last_full_one(void **s)
{
    struct out o = fresh();
    struct got g;
    uint32_t t = T0;
    (void)s;
    begin(&o, 14);
    file_id(&o, 32);
    define(&o, 1, 55, 2, 253, 4, U32, 27, 1, U8);
    head(&o, 1), num(&o, t, 4), num(&o, 60, 1);
    define(&o, 2, 55, 2, 26, 2, U16, 27, 1, U8);
    for (int i = 0; i < 4; i++)
        t += 40000, head(&o, 2), num(&o, t & 0xffff, 2), num(&o, i ? 60 : 0, 1);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(col(&g, "monitoring.heart_rate")->n, 4);
    assert_int_equal(col(&g, "monitoring.heart_rate")->start_ms[3], MS(t));
    done(&g, &o);
}

static void a_sleep_level_holds_until_the_next_and_the_last_until_the_stop(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 49);
    define(&o, 1, 275, 2, 253, 4, U32, 0, 1, 0);
    head(&o, 1), num(&o, T0, 4), num(&o, 2, 1);
    head(&o, 1), num(&o, T0 + 60, 4), num(&o, 3, 1);
    define(&o, 2, 21, 3, 253, 4, U32, 0, 1, 0, 1, 1, 0);
    head(&o, 2), num(&o, T0 + 100, 4), num(&o, 74, 1), num(&o, 1, 1);
    end(&o);
    decode_out(&g, &o);
    assert_true(says(&g, "\"segments\":[[1631065600000,1631065660000,\"light\"],["
                         "1631065660000,1631065700000,\"deep\"]]"));
    done(&g, &o);
}

static void a_scale_with_two_users_gives_the_samples_of_the_first(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 9);
    define(&o, 1, 30, 3, 253, 4, U32, 0, 2, U16, 12, 2, U16);
    head(&o, 1), num(&o, T0, 4), num(&o, 7580, 2), num(&o, 0, 2);
    head(&o, 1), num(&o, T0 + 60, 4), num(&o, 5820, 2), num(&o, 1, 2);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(col(&g, "weight.weight")->n, 1);
    assert_true(col(&g, "weight.weight")->value[0] == 75.8);
    assert_int_equal(g.b.rejected, 1);
    done(&g, &o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_since_power_on_is_rejected_but_still_summed_up),
        cmocka_unit_test(a_file_whose_clock_was_never_set_keeps_its_times),
        cmocka_unit_test(one_date_makes_times_since_power_on_none),
        cmocka_unit_test(records_of_one_second_follow_one_another_within_it),
        cmocka_unit_test(local_time_gives_the_offset_of_all_samples),
        cmocka_unit_test(records_are_summed_up_per_session),
        cmocka_unit_test(heart_rate_sent_after_a_swim_is_spread_over_its_records),
        cmocka_unit_test(a_course_has_records_but_no_samples),
        cmocka_unit_test(rr_intervals_follow_one_another),
        cmocka_unit_test(steps_counted_through_the_day_become_amounts_that_do_not_overlap),
        cmocka_unit_test(sixteen_bit_times_count_on_from_the_last_full_one),
        cmocka_unit_test(a_sleep_level_holds_until_the_next_and_the_last_until_the_stop),
        cmocka_unit_test(a_scale_with_two_users_gives_the_samples_of_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
