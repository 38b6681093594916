/* SPDX-License-Identifier: MIT */
#include "store/store_jobs.h"
#include "../support/store_fixture.h"
#include "base/clock.h"
#include <sys/wait.h>

struct got {
    struct sw_job at[2000];
    int n;
};

static void keep(void *ctx, struct sw_job *j)
{
    struct got *g = ctx;
    g->at[g->n++] = *j;
}

static void forget(struct got *g)
{
    for (int i = 0; i < g->n; i++) sw_job_clear(&g->at[i]);
    g->n = 0;
}

static int64_t add(struct fixture *f, int64_t person, const char *name, int64_t due, int urgency)
{
    const struct sw_job_new j = {person, due, "sync", name, "{}", urgency, false};
    int64_t id;
    OK(sw_job_add(f->s, &j, &id, &f->err));
    return id;
}

/* Claims at data time now and real time real with a lease of 1,000 ms. */
static int claim(struct fixture *f, struct got *g, int64_t now, int64_t real, int most)
{
    int from = g->n;
    OK(sw_job_claim(f->s, now, real, 1000, 0, most, "{}", keep, g, &f->err));
    return g->n - from;
}

static void only_due_jobs_are_claimed_by_urgency_then_due(void **state)
{
    static const char *const want[] = {"c", "b", "a", "e", "d"};
    struct fixture *f = *state;
    struct got g = {.n = 0};
    add(f, f->me, "d", 10, 2), add(f, f->me, "a", 30, 0), add(f, f->me, "b", 20, 0), add(f, f->me, "later", 101, 0), add(f, f->me, "c", 90, -1), add(f, f->me, "e", 100, 1);
    assert_int_equal(claim(f, &g, 100, 0, 2), 2);
    assert_int_equal(claim(f, &g, 100, 0, 10), 3);
    for (int i = 0; i < 5; i++) assert_string_equal(g.at[i].name, want[i]);
    assert_int_equal(claim(f, &g, 100, 0, 10), 0);
    assert_int_equal(claim(f, &g, 101, 0, 10), 1);
    forget(&g);
}

static void a_job_asked_for_while_it_runs_runs_again_if_it_says_so(void **state)
{
    struct fixture *f = *state;
    struct got g = {.n = 0};
    for (int again = 0; again < 2; again++) {
        struct sw_job_new j = {f->me, 5, "watch", "watch", "{}", 0, again != 0};
        int64_t id, same;
        OK(sw_job_add(f->s, &j, &id, &f->err));
        assert_int_equal(claim(f, &g, 10, 0, 1), 1);
        OK(sw_job_add(f->s, &j, &same, &f->err));
        assert_int_equal(same, id);
        assert_int_equal(claim(f, &g, 10, 0, 1), 0);
        OK(sw_job_done(f->s, id, g.at[0].generation, 7, "ok", "{}", &f->err));
        forget(&g);
        assert_int_equal(claim(f, &g, 10, 0, 1), again);
        if (again) OK(sw_job_done(f->s, id, g.at[0].generation, 7, "ok", "{}", &f->err));
        assert_int_equal(claim(f, &g, 10, 0, 1), 0);
        forget(&g);
    }
    assert_int_equal(count_of(f, "SELECT count(*) FROM run"), 3);
}

static void who_lost_the_lease_can_no_longer_finish(void **state)
{
    struct fixture *f = *state;
    struct got g = {.n = 0};
    struct sw_job *old, *now;
    add(f, f->me, "x", 0, 0);
    claim(f, &g, 0, 0, 1);
    assert_int_equal(claim(f, &g, 0, 1000, 1), 0); /* the lease holds to its last millisecond */
    assert_int_equal(claim(f, &g, 0, 1001, 1), 1);
    old = &g.at[0], now = &g.at[1];
    assert_true(now->id == old->id && now->generation == old->generation + 1 && now->attempts == 2);
    assert_int_equal(sw_job_check(f->s, old->id, old->generation, NULL), SW_E_CONFLICT);
    assert_int_equal(sw_job_extend(f->s, old->id, old->generation, 9000, "", NULL), SW_E_CONFLICT);
    assert_int_equal(sw_job_done(f->s, old->id, old->generation, 0, "ok", "{}", NULL), SW_E_CONFLICT);
    assert_int_equal(sw_job_retry(f->s, old->id, old->generation, 5, "x", NULL), SW_E_CONFLICT);
    assert_int_equal(sw_job_release(f->s, old->id, old->generation, NULL), SW_E_CONFLICT);
    assert_int_equal(count_of(f, "SELECT count(*) FROM run"), 0);
    OK(sw_job_check(f->s, now->id, now->generation, &f->err));
    OK(sw_job_extend(f->s, now->id, now->generation, 9000, "half", &f->err));
    assert_int_equal(claim(f, &g, 0, 9000, 1), 0);
    OK(sw_job_done(f->s, now->id, now->generation, 7, "ok", "{}", &f->err));
    assert_int_equal(sw_job_done(f->s, now->id, now->generation, 7, "ok", "{}", NULL), SW_E_CONFLICT);
    assert_int_equal(count_of(f, "SELECT count(*) FROM run"), 1);
    assert_int_equal(count_of(f, "SELECT count(*) FROM job"), 0);
    forget(&g);
}

static void a_failed_job_waits_is_given_up_and_starts_afresh(void **state)
{
    struct fixture *f = *state;
    struct got g = {.n = 0};
    int64_t id = add(f, f->me, "x", 0, 0), due;
    claim(f, &g, 0, 0, 1);
    OK(sw_job_retry(f->s, id, g.at[0].generation, 500, "no answer", &f->err));
    assert_int_equal(claim(f, &g, 499, 0, 1), 0);
    assert_int_equal(claim(f, &g, 500, 0, 1), 1);
    assert_string_equal(g.at[1].failure, "no answer");
    OK(sw_job_retry(f->s, id, g.at[1].generation, -1, "gone", &f->err));
    assert_int_equal(claim(f, &g, INT64_MAX, INT64_MAX / 2, 1), 0);
    assert_int_equal(sw_job_next_due(f->s, 0, &due, &f->err), 0);
    assert_int_equal(add(f, f->me, "x", 900, 0), id); /* asked for again: at its new time, with new attempts */
    assert_int_equal(claim(f, &g, 899, 0, 1), 0);
    assert_int_equal(claim(f, &g, 900, 0, 1), 1);
    assert_int_equal(g.at[2].attempts, 1);
    forget(&g);
}

static void jobs_of_one_name_are_one_at_the_earlier_time(void **state)
{
    struct fixture *f = *state;
    struct got g = {.n = 0};
    int64_t id = add(f, f->me, "x", 100, 0);
    assert_int_equal(add(f, f->me, "x", 50, 0), id);
    assert_int_equal(add(f, f->me, "x", 200, 0), id);
    assert_true(add(f, f->me, NULL, 1000, 0) != add(f, f->me, NULL, 1000, 0)); /* without a name each is its own */
    assert_true(add(f, f->me + 1, "x", 1000, 0) != id);
    assert_int_equal(claim(f, &g, 49, 0, 9), 0);
    assert_int_equal(claim(f, &g, 50, 0, 9), 1);
    forget(&g);
}

static void a_released_lease_costs_no_attempt(void **state)
{
    struct fixture *f = *state;
    struct got g = {.n = 0};
    add(f, f->me, "x", 0, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(claim(f, &g, 0, 0, 1), 1);
        assert_int_equal(g.at[i].attempts, 1);
        OK(sw_job_release(f->s, g.at[i].id, g.at[i].generation, &f->err));
    }
    forget(&g);
}

static void one_job_can_be_claimed_by_its_number(void **state)
{
    struct fixture *f = *state;
    struct got g = {.n = 0};
    int64_t id;
    add(f, f->me, "a", 0, 0);
    id = add(f, f->me, "b", 0, 5);
    OK(sw_job_claim(f->s, 0, 0, 1000, id, 10, "{}", keep, &g, &f->err));
    assert_int_equal(g.n, 1);
    assert_int_equal(g.at[0].id, id);
    OK(sw_job_claim(f->s, 0, 0, 1000, 777, 10, "{}", keep, &g, &f->err));
    assert_int_equal(g.n, 1);
    forget(&g);
}

static void everybody_gets_a_turn_beside_many_busy_people(void **state)
{
    struct fixture *f = *state;
    struct got g = {.n = 0};
    for (int p = 1; p <= 100; p++) add(f, p, "long", p, 0);
    assert_int_equal(claim(f, &g, 1000, 0, 200), 100);
    add(f, 500, "mine", 900, 0); /* everybody else is at work with an older due time */
    assert_int_equal(claim(f, &g, 1000, 0, 200), 1);
    forget(&g);
}

/* The hint of a person may be early, never late; 0 jobs need none. */
static int64_t late_hints(struct fixture *f)
{
    return count_of(f, "SELECT count(*) FROM job WHERE state < 2 AND NOT EXISTS (SELECT 1 FROM due WHERE due.person_id = job.person_id AND due.due_ms <= job.due_ms)");
}

static void hints_are_never_late(void **state)
{
    struct fixture *f = *state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t x = seed * 0x9e3779b97f4a7c15u;
        struct got g = {.n = 0};
        int64_t now = 0;
        for (int step = 0; step < 80; step++) {
            char name[16];
            struct sw_job *j = g.n ? &g.at[rnd(&x) % (uint64_t)g.n] : NULL;
            snprintf(name, sizeof name, "n%d", (int)(rnd(&x) % 6));
            now += (int64_t)(rnd(&x) % 50);
            switch (rnd(&x) % 6) {
            case 0: case 1: add(f, (int64_t)(rnd(&x) % 3) + 1, name, now + (int64_t)(rnd(&x) % 300) - 100, 0); break;
            case 2: claim(f, &g, now, now, 2); break;
            case 3: if (j) sw_job_retry(f->s, j->id, j->generation, rnd(&x) % 4 ? now + 40 : -1, "x", NULL); break;
            case 4: if (j) sw_job_release(f->s, j->id, j->generation, NULL); break;
            default: if (j && !sw_job_check(f->s, j->id, j->generation, NULL)) sw_job_done(f->s, j->id, j->generation, 0, "ok", "{}", NULL);
            }
            if (late_hints(f)) fail_msg("seed %d step %d: a hint is late", (int)seed, step);
        }
        forget(&g);
    }
}

static void the_sweep_repairs_lost_and_late_hints(void **state)
{
    struct fixture *f = *state;
    struct got g = {.n = 0};
    add(f, 1, "a", 10, 0), add(f, 2, "b", 20, 0);
    OK(sw_store_exec(f->s, "DELETE FROM due WHERE person_id = 1; UPDATE due SET due_ms = 99999 WHERE person_id = 2", &f->err));
    assert_int_equal(claim(f, &g, 100, 0, 9), 0);
    OK(sw_job_sweep(f->s, &f->err));
    assert_int_equal(late_hints(f), 0);
    assert_int_equal(claim(f, &g, 100, 0, 9), 2);
    forget(&g);
}

static void next_due_tells_the_earliest_job_that_is_free(void **state)
{
    struct fixture *f = *state;
    struct got g = {.n = 0};
    int64_t due = -1;
    assert_int_equal(sw_job_next_due(f->s, 0, &due, &f->err), 0);
    add(f, 1, "a", 10, 0), add(f, 2, "b", 20, 0);
    assert_int_equal(sw_job_next_due(f->s, 0, &due, &f->err), 1);
    assert_int_equal(due, 10);
    claim(f, &g, 10, 0, 9);
    assert_int_equal(sw_job_next_due(f->s, 0, &due, &f->err), 1);
    assert_int_equal(due, 20);
    assert_int_equal(sw_job_next_due(f->s, 1001, &due, &f->err), 1);
    assert_int_equal(due, 10);
    forget(&g);
}

/* --- several processes on one file --- */

enum { CHILDREN = 3, JOBS = 300 };

/* Claims until nothing is left, one byte pair per job into the pipe. */
static void child(const char *url, const char *schema, int fd)
{
    struct sw_store *s;
    struct sw_err err = SW_ERR_INIT;
    static struct got g;
    int idle = 0;
    if (sw_store_open(url, schema, false, &s, &err)) _exit(2);
    while (idle < 3) {
        int n = g.n;
        if (sw_store_begin(s, true, &err) || sw_job_claim(s, 1000, 0, 1000000, 0, 4, "{}", keep, &g, &err) || sw_store_commit(s, &err)) _exit(3);
        idle = g.n == n ? idle + 1 : 0;
        usleep(200);
    }
    for (int i = 0; i < g.n; i++)
        if (write(fd, &g.at[i].id, sizeof g.at[i].id) != sizeof g.at[i].id) _exit(4);
    _exit(0);
}

static void processes_on_one_file_never_get_the_same_job(void **state)
{
    struct fixture *f = *state;
    int fd[2], seen[4096] = {0}, n = 0, status;
    int64_t id;
    for (int i = 0; i < JOBS; i++) add(f, i % 7 + 1, NULL, i, 0);
    commit(f);
    sw_store_close(f->s); /* a connection must not be carried over a fork */
    assert_int_equal(pipe(fd), 0);
    for (int i = 0; i < CHILDREN; i++)
        if (!fork()) child(f->url, f->schema, fd[1]);
    close(fd[1]);
    while (read(fd[0], &id, sizeof id) == sizeof id) {
        assert_true(id > 0 && id < 4096);
        assert_int_equal(seen[id]++, 0);
        n++;
    }
    close(fd[0]);
    for (int i = 0; i < CHILDREN; i++) {
        wait(&status);
        assert_int_equal(status, 0);
    }
    assert_int_equal(n, JOBS);
    OK(sw_store_open(f->url, f->schema, false, &f->s, &f->err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_due_jobs_are_claimed_by_urgency_then_due),
        TEST(a_job_asked_for_while_it_runs_runs_again_if_it_says_so),
        TEST(who_lost_the_lease_can_no_longer_finish),
        TEST(a_failed_job_waits_is_given_up_and_starts_afresh),
        TEST(jobs_of_one_name_are_one_at_the_earlier_time),
        TEST(a_released_lease_costs_no_attempt),
        TEST(one_job_can_be_claimed_by_its_number),
        TEST(everybody_gets_a_turn_beside_many_busy_people),
        TEST(hints_are_never_late),
        TEST(the_sweep_repairs_lost_and_late_hints),
        TEST(next_due_tells_the_earliest_job_that_is_free),
        TEST(processes_on_one_file_never_get_the_same_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
