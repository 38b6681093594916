/* SPDX-License-Identifier: MIT */
#include "store/worker.h"
#include "../support/store_fixture.h"

struct request {
    struct sw_work work; /* first: the callbacks get it back */
    int64_t number;
    int (*act)(struct sw_store *s, struct request *r, struct sw_err *err);
    int64_t seen;
    bool answered;
};

static int run(struct sw_store *s, struct sw_work *w, struct sw_err *err)
{
    struct request *r = (struct request *)w;
    return r->act(s, r, err);
}

static void done(struct sw_work *w) { ((struct request *)w)->answered = true; }

static int insert(struct sw_store *s, struct request *r, struct sw_err *err)
{
    return sw_run(s, err, "INSERT INTO due (person_id, due_ms) VALUES ($1, 0)", "i", r->number);
}

static int insert_and_fail(struct sw_store *s, struct request *r, struct sw_err *err)
{
    int rc = insert(s, r, err);
    return rc ? rc : sw_fail(err, SW_E_BAD, "request %d does not want", (int)r->number);
}

/* What a full disk does: the transaction is gone when the statement returns. */
static int end_the_transaction(struct sw_store *s, struct request *r, struct sw_err *err)
{
    sw_store_exec(s, "ROLLBACK", NULL);
    return sw_fail(err, SW_E_FULL, "the disk is full, says request %d", (int)r->number);
}

static int end_it_and_say_nothing(struct sw_store *s, struct request *r, struct sw_err *err)
{
    (void)r, (void)err;
    return sw_store_exec(s, "ROLLBACK", NULL);
}

static int count(struct sw_store *s, struct request *r, struct sw_err *err)
{
    int rc = sw_ask_int(s, err, &r->seen, "SELECT count(*) FROM due", "");
    return rc < 0 ? rc : 0;
}

static int slow_insert(struct sw_store *s, struct request *r, struct sw_err *err)
{
    usleep(2000); /* so that what is submitted after it lands in one group */
    return insert(s, r, err);
}

struct desk {
    uv_loop_t loop;
    struct sw_worker *writer, *reader;
    struct request r[3000];
    int n;
};

static void open_desk(struct fixture *f, struct desk *d)
{
    memset(d, 0, sizeof *d);
    commit(f);
    uv_loop_init(&d->loop);
    d->writer = sw_worker_new(&d->loop, f->url, f->schema, true, &f->err);
    assert_non_null(d->writer);
    d->reader = sw_worker_new(&d->loop, f->url, f->schema, false, &f->err);
    assert_non_null(d->reader);
}

static struct request *submit(struct desk *d, struct sw_worker *w, int (*act)(struct sw_store *, struct request *, struct sw_err *))
{
    struct request *r = &d->r[d->n];
    *r = (struct request){.work = {.run = run, .done = done}, .number = ++d->n, .act = act};
    sw_worker_submit(w, &r->work);
    return r;
}

static void wait_all(struct desk *d)
{
    uv_run(&d->loop, UV_RUN_DEFAULT); /* ends when nothing is pending */
    assert_int_equal(sw_worker_pending(d->writer), 0);
    for (int i = 0; i < d->n; i++) assert_true(d->r[i].answered);
}

static void close_desk(struct fixture *f, struct desk *d)
{
    sw_worker_free(d->reader);
    sw_worker_free(d->writer);
    uv_run(&d->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&d->loop), 0);
    begin(f);
}

static void one_request_that_fails_rolls_back_alone(void **state)
{
    struct fixture *f = *state;
    struct desk *d = malloc(sizeof *d);
    open_desk(f, d);
    submit(d, d->writer, slow_insert);
    for (int i = 1; i < 200; i++) submit(d, d->writer, i % 50 == 7 ? insert_and_fail : insert);
    wait_all(d);
    for (int i = 0; i < 200; i++) {
        bool bad = i % 50 == 7;
        assert_int_equal(d->r[i].work.rc, bad ? SW_E_BAD : 0);
        if (bad) assert_non_null(strstr(d->r[i].work.err.text, "does not want"));
    }
    close_desk(f, d);
    assert_int_equal(count_of(f, "SELECT count(*) FROM due"), 196);
    free(d);
}

static int first_of_all(struct sw_store *s, struct request *r, struct sw_err *err)
{
    usleep(20000); /* longer than a group takes in what comes by chance */
    return sw_ask_int(s, err, &r->seen, "SELECT count(*) FROM due", "") < 0 ? SW_E_INTERNAL : insert(s, r, err);
}

static void requests_submitted_together_share_one_commit_and_fail_alone(void **state)
{
    struct fixture *f = *state;
    struct desk *d = malloc(sizeof *d);
    struct sw_work *all[40];
    open_desk(f, d);
    for (int i = 0; i < 40; i++) {
        d->r[i] = (struct request){.work = {.run = run, .done = done}, .number = i + 1,
                                   .act = i % 10 == 0 ? first_of_all : i % 10 == 3 ? insert_and_fail : insert};
        all[i] = &d->r[i].work;
    }
    /* ends the transaction of its group: all forty stand or fall with it */
    d->r[39].act = end_the_transaction;
    d->n = 40;
    sw_worker_submit_all(d->writer, all, 40);
    wait_all(d);
    for (int i = 0; i < 40; i++) assert_true(d->r[i].work.rc < 0);
    d->r[39].act = insert;
    sw_worker_submit_all(d->writer, all, 40);
    wait_all(d);
    for (int i = 0; i < 40; i++) assert_int_equal(d->r[i].work.rc, i % 10 == 3 ? SW_E_BAD : 0);
    close_desk(f, d);
    assert_int_equal(count_of(f, "SELECT count(*) FROM due"), 36);
    free(d);
}

static void a_transaction_that_ends_under_the_group_is_everybodys_failure(void **state)
{
    int (*const end[])(struct sw_store *, struct request *, struct sw_err *) = {end_the_transaction, end_it_and_say_nothing};
    struct fixture *f = *state;
    struct desk *d = malloc(sizeof *d);
    for (int k = 0; k < 2; k++) {
        int64_t before = count_of(f, "SELECT count(*) FROM due");
        int ok = 0;
        open_desk(f, d);
        d->n = k * 1000;
        for (int i = 0; i < k * 1000; i++) d->r[i].answered = true;
        submit(d, d->writer, slow_insert);
        for (int i = 1; i < 100; i++) submit(d, d->writer, i == 50 ? end[k] : insert);
        wait_all(d);
        for (int i = k * 1000; i < d->n; i++) ok += d->r[i].work.rc >= 0;
        close_desk(f, d);
        /* the reply and the disk agree, in whatever groups the requests ran */
        if (count_of(f, "SELECT count(*) FROM due") != before + ok) fail_msg("case %d: %d said yes, %d rows", k, ok, (int)(count_of(f, "SELECT count(*) FROM due") - before));
        assert_true(d->r[k * 1000 + 50].work.rc < 0);
        assert_true(ok < 100);
    }
    free(d);
}

/* A deferred foreign key is checked by COMMIT alone. */
static void a_commit_that_fails_leaves_nothing_and_ends_the_transaction(void **state)
{
    struct fixture *f = *state;
    OK(sw_store_exec(f->s, "CREATE TABLE parent (id BIGINT NOT NULL PRIMARY KEY); CREATE TABLE child (id BIGINT NOT NULL REFERENCES parent (id))", &f->err));
    commit(f);
    OK(sw_store_exec(f->s, "PRAGMA foreign_keys = ON", &f->err));
    begin(f);
    OK(sw_store_exec(f->s, "PRAGMA defer_foreign_keys = ON; INSERT INTO child (id) VALUES (5)", &f->err));
    assert_true(sw_store_commit(f->s, NULL) < 0);
    begin(f);
    assert_int_equal(count_of(f, "SELECT count(*) FROM child"), 0);
}

static void groups_larger_than_their_cap_are_all_answered(void **state)
{
    struct fixture *f = *state;
    struct desk *d = malloc(sizeof *d);
    open_desk(f, d);
    for (int i = 0; i < 3000; i++) submit(d, d->writer, insert);
    wait_all(d);
    for (int i = 0; i < 3000; i++) assert_int_equal(d->r[i].work.rc, 0);
    close_desk(f, d);
    assert_int_equal(count_of(f, "SELECT count(*) FROM due"), 3000);
    free(d);
}

static void replies_leave_after_commit(void **state)
{
    struct fixture *f = *state;
    struct desk *d = malloc(sizeof *d);
    open_desk(f, d);
    for (int i = 1; i <= 20; i++) {
        struct request *r;
        submit(d, d->writer, insert);
        wait_all(d);
        r = submit(d, d->reader, count);
        wait_all(d);
        assert_int_equal(r->work.rc, 0);
        assert_int_equal(r->seen, i); /* what was answered is seen by the other connection */
    }
    close_desk(f, d);
    free(d);
}

static void a_reader_cannot_write_and_one_failure_does_not_stick(void **state)
{
    struct fixture *f = *state;
    struct desk *d = malloc(sizeof *d);
    struct request *bad, *good;
    open_desk(f, d);
    bad = submit(d, d->reader, insert);
    good = submit(d, d->reader, count);
    wait_all(d);
    assert_int_equal(bad->work.rc, SW_E_FULL);
    assert_int_equal(good->work.rc, 0);
    assert_int_equal(good->seen, 0);
    close_desk(f, d);
    free(d);
}

static void freeing_finishes_what_is_queued(void **state)
{
    struct fixture *f = *state;
    struct desk *d = malloc(sizeof *d);
    open_desk(f, d);
    for (int i = 0; i < 500; i++) submit(d, d->writer, insert);
    close_desk(f, d);
    for (int i = 0; i < 500; i++) assert_true(d->r[i].answered && d->r[i].work.rc == 0);
    assert_int_equal(count_of(f, "SELECT count(*) FROM due"), 500);
    free(d);
}

static void a_store_that_cannot_be_opened_says_why(void **state)
{
    struct fixture *f = *state;
    struct sw_err err = SW_ERR_INIT;
    uv_loop_t loop;
    uv_loop_init(&loop);
    assert_null(sw_worker_new(&loop, "sqlite:/nonexistent/x.db", f->schema, true, &err));
    assert_int_equal(err.code, SW_E_IO);
    assert_true(strlen(err.text) > 10);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    sw_worker_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_request_that_fails_rolls_back_alone),
        TEST(requests_submitted_together_share_one_commit_and_fail_alone),
        TEST(a_transaction_that_ends_under_the_group_is_everybodys_failure),
        TEST(a_commit_that_fails_leaves_nothing_and_ends_the_transaction),
        TEST(groups_larger_than_their_cap_are_all_answered),
        TEST(replies_leave_after_commit),
        TEST(a_reader_cannot_write_and_one_failure_does_not_stick),
        TEST(freeing_finishes_what_is_queued),
        TEST(a_store_that_cannot_be_opened_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
