/* SPDX-License-Identifier: MIT */
#include "store/store_sync.h"
#include "../support/store_fixture.h"

static void mark(struct fixture *f, int64_t first, int64_t last, enum sw_coverage s, const char *reason)
{
    struct sw_coverage_mark m = {f->connection, "steps", first, last, s, 1000 + first, 0, reason};
    OK(sw_coverage_put(f->s, &m, &f->err));
}

static void each(void *ctx, const char *resource, int64_t first, int64_t last, enum sw_coverage s, int64_t attempts, int64_t at, const char *reason)
{
    char line[200];
    (void)at;
    snprintf(line, sizeof line, "%s %lld-%lld %s %lld%s%s\n", resource, (long long)first, (long long)last, sw_coverage_name(s), (long long)attempts,
             *reason ? " " : "", reason);
    strcat(ctx, line);
}

static void ledger_is(struct fixture *f, const char *want)
{
    char text[2000] = "";
    OK(sw_coverage_list(f->s, f->connection, each, text, &f->err));
    assert_string_equal(text, want);
}

static void days_of_one_state_are_one_run(void **state)
{
    struct fixture *f = *state;
    mark(f, 10, 14, SW_RECEIVED, "");
    mark(f, 15, 16, SW_RECEIVED, "");
    mark(f, 18, 18, SW_RECEIVED, "");
    mark(f, 12, 12, SW_EMPTY, "");
    ledger_is(f, "steps 10-11 received 0\nsteps 12-12 empty 0\nsteps 13-16 received 0\nsteps 18-18 received 0\n");
}

static void nothing_but_an_answer_replaces_what_was_received(void **state)
{
    struct fixture *f = *state;
    static const enum sw_coverage others[] = {SW_WANTED, SW_REQUESTED, SW_FAILED, SW_UNOBTAINABLE};
    for (size_t i = 0; i < 4; i++) {
        mark(f, 10, 11, SW_RECEIVED, "");
        mark(f, 12, 12, SW_EMPTY, "");
        mark(f, 10, 12, others[i], "");
        ledger_is(f, others[i] == SW_FAILED ? "steps 10-11 received 1\nsteps 12-12 empty 1\n"
                                            : "steps 10-11 received 0\nsteps 12-12 empty 0\n");
    }
}

static void failures_count_until_an_answer_comes(void **state)
{
    struct fixture *f = *state;
    mark(f, 10, 10, SW_WANTED, "");
    mark(f, 10, 11, SW_FAILED, "no answer");
    mark(f, 10, 11, SW_FAILED, "no answer");
    ledger_is(f, "steps 10-11 failed 2 no answer\n");
    mark(f, 10, 11, SW_RECEIVED, "");
    ledger_is(f, "steps 10-11 received 0\n");
}

static void a_credential_changes_only_for_who_read_it_last(void **state)
{
    struct fixture *f = *state;
    OK(sw_secret_put(f->s, f->me, "connection:1", "aa", 1, 0, &f->err));
    OK(sw_secret_put(f->s, f->me, "connection:1", "bb", 2, 1, &f->err));
    assert_int_equal(sw_secret_put(f->s, f->me, "connection:1", "cc", 3, 1, &f->err), SW_E_CONFLICT);
    assert_int_equal(count_of(f, "SELECT count(*) FROM secret WHERE sealed = 'bb' AND revision = 2"), 1);
    f->err = (struct sw_err)SW_ERR_INIT;
    assert_int_equal(sw_secret_put(f->s, f->me + 1, "connection:1", "dd", 3, 2, &f->err), SW_E_CONFLICT);
}

static void a_removed_connection_takes_its_credentials_and_ledger(void **state)
{
    struct fixture *f = *state;
    char name[64];
    snprintf(name, sizeof name, "connection:%lld", (long long)f->connection);
    OK(sw_secret_put(f->s, f->me, name, "aa", 1, 0, &f->err));
    mark(f, 1, 3, SW_RECEIVED, "");
    OK(sw_connection_remove(f->s, f->me, f->connection, &f->err));
    assert_int_equal(count_of(f, "SELECT count(*) FROM secret"), 0);
    assert_int_equal(count_of(f, "SELECT count(*) FROM coverage"), 0);
    assert_int_equal(sw_connection_set(f->s, f->me, f->connection, "active", "{}", &f->err), SW_E_NOTFOUND);
}

static void somebody_elses_connection_is_left_alone(void **state)
{
    struct fixture *f = *state;
    char name[64];
    mark(f, 1, 3, SW_RECEIVED, "");
    snprintf(name, sizeof name, "connection:%lld", (long long)f->connection);
    sw_connection_remove(f->s, f->me + 1, f->connection, NULL);
    assert_int_equal(count_of(f, "SELECT count(*) FROM connection"), 1);
    assert_int_equal(count_of(f, "SELECT count(*) FROM coverage"), 3);
}

/* --- what a service may take back --- */

static const char *total(struct fixture *f, int64_t day, double v)
{
    static const char *const words[] = {"new", "updated", "same"};
    enum sw_put what;
    bool held;
    OK(sw_ingest_doubted_total(f->s, &f->who, f->steps, day, f->phone, v, &held, &what, &f->err));
    return held ? "held" : words[what];
}

static double kept(struct fixture *f, int64_t day)
{
    int64_t n = -1;
    OK(sw_ask_int(f->s, &f->err, &n, "SELECT CAST(total AS BIGINT) FROM day_total WHERE day = $1", "i", day));
    return (double)n;
}

static void a_zero_never_replaces_a_figure(void **state)
{
    struct fixture *f = *state;
    f->who.now_ms = 20000 * SW_DAY_MS;
    assert_string_equal(total(f, 19990, 8000), "new");
    assert_string_equal(total(f, 19990, 0), "same");
    assert_string_equal(total(f, 19990, 0), "same");
    assert_true(kept(f, 19990) == 8000);
    assert_string_equal(total(f, 19991, 0), "same"); /* and makes none */
    assert_true(kept(f, 19991) == -1);
}

static void a_fall_on_a_day_that_is_over_is_believed_the_second_time(void **state)
{
    struct fixture *f = *state;
    f->who.now_ms = 20000 * SW_DAY_MS + 3600000;
    total(f, 19990, 10000);
    assert_string_equal(total(f, 19990, 8500), "updated"); /* within a fifth */
    assert_string_equal(total(f, 19990, 100), "held");
    assert_string_equal(total(f, 19990, 200), "held"); /* another figure: doubted anew */
    assert_true(kept(f, 19990) == 8500);
    assert_string_equal(total(f, 19990, 200), "updated");
    assert_string_equal(total(f, 19990, 9000), "updated"); /* rises need no proof */
    assert_string_equal(total(f, 20000, 5000), "new");
    assert_string_equal(total(f, 20000, 100), "updated"); /* today is not over */
}

static void a_doubt_ends_with_a_good_figure(void **state)
{
    struct fixture *f = *state;
    f->who.now_ms = 20000 * SW_DAY_MS;
    total(f, 19990, 10000);
    assert_string_equal(total(f, 19990, 100), "held");
    assert_string_equal(total(f, 19990, 10000), "same"); /* it was a hiccup */
    assert_string_equal(total(f, 19990, 100), "held");   /* so the next fall is the first again */
    assert_true(kept(f, 19990) == 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(days_of_one_state_are_one_run),
        TEST(nothing_but_an_answer_replaces_what_was_received),
        TEST(failures_count_until_an_answer_comes),
        TEST(a_credential_changes_only_for_who_read_it_last),
        TEST(a_removed_connection_takes_its_credentials_and_ledger),
        TEST(somebody_elses_connection_is_left_alone),
        TEST(a_zero_never_replaces_a_figure),
        TEST(a_fall_on_a_day_that_is_over_is_believed_the_second_time),
        TEST(a_doubt_ends_with_a_good_figure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
