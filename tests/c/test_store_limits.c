/* SPDX-License-Identifier: MIT */
#include "store/store_limits.h"
#include "../support/store_fixture.h"

enum { MOST_SPENT = 20000 };
static const int64_t T0 = INT64_C(1772323200000); /* 2026-03-01 */

static int64_t spend(struct fixture *f, const struct sw_limit *l, size_t n, int64_t at)
{
    int64_t wait = -1;
    OK(sw_limit_spend(f->s, l, n, 1, at, &wait, &f->err));
    return wait;
}

static int64_t used(struct fixture *f, const struct sw_limit *l, int64_t at)
{
    int64_t n = -1;
    OK(sw_limit_used(f->s, l, at, &n, &f->err));
    return n;
}

/* No window of any position holds more than `most` of the given instants. */
static void never_exceeded(const struct sw_limit *l, const int64_t *at, size_t n)
{
    for (size_t i = 0, from = 0; i < n; i++) {
        if (l->aligned) while (at[from] / l->period_ms != at[i] / l->period_ms) from++;
        else while (at[i] - at[from] >= l->period_ms) from++;
        if ((int64_t)(i - from + 1) > l->most)
            fail_msg("%s: %zu in the window that ends at %lld", l->name, i - from + 1, (long long)at[i]);
    }
}

/* Bursts, pauses and callers that come back when they were told to, for a fake week. */
static void simulate(struct fixture *f, const struct sw_limit *l, size_t n_limits, uint64_t seed)
{
    static int64_t at[MOST_SPENT];
    int64_t now = T0 + 12345, end = T0 + 7 * SW_DAY_MS, refused = 0;
    size_t n = 0;
    while (now < end && n < MOST_SPENT) {
        int64_t wait = spend(f, l, n_limits, now);
        if (!wait) at[n++] = now;
        else refused++;
        if (wait < 0) fail_msg("a wait of %lld", (long long)wait);
        if (wait && rnd(&seed) % 4) now += wait; /* the fourth is impatient */
        else if (rnd(&seed) % 200) now += (int64_t)(rnd(&seed) % (uint64_t)(l->period_ms / l->most + 1));
        else now += (int64_t)(rnd(&seed) % (uint64_t)(l->period_ms * 2));
    }
    for (size_t i = 0; i < n_limits; i++) never_exceeded(&l[i], at, n);
    if (n < 500 || refused < 10) fail_msg("%s: only %zu spent, %lld refused", l->name, n, (long long)refused);
}

static void no_window_ever_holds_more_than_its_limit(void **state)
{
    struct fixture *f = *state;
    static const struct sw_limit limits[] = {
        {"sliding", 60, 60000, false, 0}, {"aligned", 100, 900000, true, 0},
        {"odd", 7, 1009, false, 0},       {"tiny", 3, 15, false, 0},
    };
    for (uint64_t i = 0; i < 4; i++) simulate(f, &limits[i], 1, 77 + i);
}

static void two_limits_hold_at_once(void **state)
{
    struct fixture *f = *state;
    const struct sw_limit l[] = {{"q", 100, 900000, true, 0}, {"d", 1000, SW_DAY_MS, true, 0}, {"s", 20, 60000, false, 0}};
    simulate(f, l, 3, 4711);
}

static void all_is_spent_or_nothing(void **state)
{
    struct fixture *f = *state;
    const struct sw_limit l[] = {{"wide", 100, 60000, true, 0}, {"narrow", 1, 60000, true, 0}};
    assert_int_equal(spend(f, l, 2, T0), 0);
    assert_int_equal(spend(f, l, 2, T0 + 1000), 59000); /* told exactly when the window ends */
    assert_int_equal(used(f, &l[0], T0 + 1000), 1);
    assert_int_equal(spend(f, l, 2, T0 + 60000), 0);
}

static void who_waits_as_told_is_let_through(void **state)
{
    struct fixture *f = *state;
    const struct sw_limit l = {"w", 5, 60000, false, 0};
    int64_t now = T0 + 7, wait;
    for (int i = 0; i < 5; i++) assert_int_equal(spend(f, &l, 1, now + i * 1000), 0);
    now += 5000;
    wait = spend(f, &l, 1, now);
    assert_true(wait > 0 && wait <= 62000 - 5000); /* the first was spent 5 s ago; two sixtieths at the ends */
    assert_true(spend(f, &l, 1, now + wait - 1) > 0);
    assert_int_equal(spend(f, &l, 1, now + wait), 0);
}

/* Whoever comes back when told to spends a sliding limit almost as fast as it allows: 60 a minute. */
static void a_limit_is_used_nearly_whole(void **state)
{
    struct fixture *f = *state;
    const struct sw_limit l = {"whole", 60, 60000, false, 0};
    int64_t now = T0, wait, n = 0;
    while (now < T0 + 3600000) {
        wait = spend(f, &l, 1, now);
        n += !wait;
        now += wait ? wait : 10;
    }
    assert_true(n > 3600 * 95 / 100 && n <= 3660);
}

static void a_reserve_is_kept_back_from_polls_only(void **state)
{
    struct fixture *f = *state;
    const struct sw_limit poll = {"r", 10, 60000, true, 4}, person = {"r", 10, 60000, true, 0};
    for (int i = 0; i < 6; i++) assert_int_equal(spend(f, &poll, 1, T0), 0);
    assert_true(spend(f, &poll, 1, T0) > 0);
    for (int i = 0; i < 4; i++) assert_int_equal(spend(f, &person, 1, T0), 0);
    assert_true(spend(f, &person, 1, T0) > 0);
}

static void what_the_service_counts_is_believed_upwards(void **state)
{
    struct fixture *f = *state;
    const struct sw_limit l = {"seen", 10, 60000, true, 0};
    assert_int_equal(spend(f, &l, 1, T0), 0);
    OK(sw_limit_seen(f->s, &l, 8, T0, &f->err));
    assert_int_equal(used(f, &l, T0), 8);
    OK(sw_limit_seen(f->s, &l, 2, T0, &f->err));
    assert_int_equal(used(f, &l, T0), 8);
    assert_int_equal(used(f, &l, T0 + 60000), 0);
}

static void a_hold_only_grows_and_ends_by_itself(void **state)
{
    struct fixture *f = *state;
    int64_t until;
    OK(sw_hold_put(f->s, "h", T0 + 5000, "429", &f->err));
    OK(sw_hold_put(f->s, "h", T0 + 3000, "429", &f->err));
    OK(sw_hold_get(f->s, "h", T0, &until, &f->err));
    assert_int_equal(until, T0 + 5000);
    OK(sw_hold_get(f->s, "h", T0 + 5000, &until, &f->err));
    assert_int_equal(until, 0);
    OK(sw_hold_get(f->s, "other", T0, &until, &f->err));
    assert_int_equal(until, 0);
}

/* Whether the lease is the asker's now; another holder is named. */
static bool takes(struct fixture *f, const char *who, int64_t now, int64_t until)
{
    char other[40] = "";
    int rc = sw_lease_take(f->s, "x", who, now, until, other, sizeof other, &f->err);
    assert_true(rc == 0 || rc == 1);
    if (rc) assert_string_equal(other, strcmp(who, "a") ? "a" : "b");
    return rc == 0;
}

static void a_lease_has_one_holder_until_it_ends(void **state)
{
    struct fixture *f = *state;
    assert_true(takes(f, "a", T0, T0 + 90));
    assert_false(takes(f, "b", T0 + 90, T0 + 200));
    assert_true(takes(f, "a", T0 + 50, T0 + 140)); /* its own may be extended */
    assert_true(takes(f, "b", T0 + 141, T0 + 200));
    OK(sw_lease_drop(f->s, "x", "a", &f->err)); /* no longer its own */
    assert_false(takes(f, "a", T0 + 142, T0 + 200));
    OK(sw_lease_drop(f->s, "x", "b", &f->err));
    assert_true(takes(f, "a", T0 + 142, T0 + 200));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_window_ever_holds_more_than_its_limit),
        TEST(two_limits_hold_at_once),
        TEST(all_is_spent_or_nothing),
        TEST(who_waits_as_told_is_let_through),
        TEST(a_limit_is_used_nearly_whole),
        TEST(a_reserve_is_kept_back_from_polls_only),
        TEST(what_the_service_counts_is_believed_upwards),
        TEST(a_hold_only_grows_and_ends_by_itself),
        TEST(a_lease_has_one_holder_until_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
