/* SPDX-License-Identifier: MIT */
#include "engine/check.h"
#include "engine/timeline.h"
#include "../support/store_fixture.h"

struct seen {
    int n, mendable;
    char what[16][16];
};

static void note(void *ctx, const struct sw_finding *f)
{
    struct seen *s = ctx;
    assert_true(strlen(f->text) > 10);
    if (s->n < 16) snprintf(s->what[s->n], sizeof s->what[0], "%s", f->what);
    s->n++;
    s->mendable += f->mend != NULL;
}

static struct seen look(struct fixture *f)
{
    struct seen s = {0};
    struct sw_check_counts n = {0};
    OK(sw_check(f->s, f->metrics, note, &s, &n, NULL, &f->err));
    assert_int_equal(n.findings, s.n);
    return s;
}

#define DAY INT64_C(86400000)

/* Three days of two origins, an item of a month's chunk, late samples in a tail, two records of one event. */
static void fill(struct fixture *f)
{
    struct sw_samples x = {0};
    struct sw_merge stat;
    bool left = true;
    for (int i = 0; i < 400; i++) {
        struct sw_sample one = {20000 * DAY + i * 600000, 60000, 100 * (i % 37), i < 200 ? 60 : 120};
        sw_samples_push(&x, &one);
    }
    OK(sw_series_write(f->s, f->me, f->steps, series_of(f, f->steps, f->watch), &x, &stat, &f->err));
    OK(sw_series_write(f->s, f->me, f->heart, series_of(f, f->heart, f->watch), &x, &stat, &f->err));
    x.n = 150;
    OK(sw_series_write(f->s, f->me, f->steps, series_of(f, f->steps, f->phone), &x, &stat, &f->err));
    sw_samples_clear(&x);
    put_one(f, f->weight, f->app, 20001 * DAY, 0, 81, 60);
    put_one(f, f->steps, f->watch, 20000 * DAY + 1234, 0, 5, 60); /* late: a row of the tail */
    for (int i = 0; i < 2; i++) {
        struct sw_record r = {.kind = "workout", .type = "running", .external_id = i ? "b" : "a", .zone_from = "device",
                              .state = "final", .body = "{\"attributes\":{},\"segments\":[]}", .body_n = 31,
                              .start_ms = 20000 * DAY, .finish_ms = 20000 * DAY + 3600000, .day = 20000,
                              .connection_id = f->connection, .origin_id = i ? f->watch : f->phone};
        struct sw_put_result out;
        OK(sw_ingest_record(f->s, &f->who, &r, &out, &f->err));
    }
    while (left) OK(sw_timeline_settle(f->s, f->metrics, &f->who, 100, &left, &f->err));
    assert_true(count_of(f, "SELECT count(*) FROM tail") > 0);
    assert_int_equal(look(f).n, 0);
}

static void every_changed_byte_of_every_chunk_is_found(void **state)
{
    struct fixture *f = *state;
    int64_t ids[32], bytes = 0;
    int n = 0;
    fill(f);
    struct sw_q *q = sw_ask(f->s, &f->err, "SELECT id FROM chunk ORDER BY id", "");
    while (sw_q_next(q, &f->err) > 0 && n < 32) ids[n++] = sw_q_int(q, 0);
    assert_true(n >= 6);
    for (int i = 0; i < n; i++) {
        uint8_t blob[8192];
        size_t len;
        const void *p;
        q = sw_ask(f->s, &f->err, "SELECT data FROM chunk WHERE id = $1", "i", ids[i]);
        assert_int_equal(sw_q_next(q, &f->err), 1);
        p = sw_q_blob(q, 0, &len);
        assert_true(len < sizeof blob);
        memcpy(blob, p, len);
        sw_q_stop(q);
        for (size_t k = 0; k < len; k++, bytes++) {
            struct seen s;
            blob[k] ^= (uint8_t)(1 << (k % 8));
            OK(sw_run(f->s, &f->err, "UPDATE chunk SET data = $2 WHERE id = $1", "ib", ids[i], blob, len));
            s = look(f);
            assert_int_equal(s.n, 1);
            assert_string_equal(s.what[0], "chunk");
            blob[k] ^= (uint8_t)(1 << (k % 8));
        }
        OK(sw_run(f->s, &f->err, "UPDATE chunk SET data = $2 WHERE id = $1", "ib", ids[i], blob, len));
    }
    print_message("%d chunks, %d bytes, each changed byte found\n", n, (int)bytes);
    assert_int_equal(look(f).n, 0);
}

static void mend_all(struct fixture *f);

static void wrong_figures_of_days_are_found_and_can_be_computed_again(void **state)
{
    static const char *const harm[] = {"UPDATE rollup SET total = total + 1 WHERE id = (SELECT min(id) FROM rollup)",
                                       "UPDATE rollup SET newest = newest + 1 WHERE id = (SELECT min(id) FROM rollup)",
                                       "DELETE FROM rollup WHERE id = (SELECT max(id) FROM rollup)",
                                       "DELETE FROM rollup",
                                       "UPDATE rollup SET n = n + 1"};
    struct fixture *f = *state;
    fill(f);
    for (size_t i = 0; i < sizeof harm / sizeof *harm; i++) {
        struct seen s;
        OK(sw_store_exec(f->s, harm[i], &f->err));
        s = look(f);
        assert_true(s.n > 0);
        assert_int_equal(s.mendable, s.n);
        mend_all(f);
        assert_int_equal(look(f).n, 0);
    }
}

struct mending {
    struct fixture *f;
    struct sw_finding at[200];
    char metric[200][32];
    int n;
};

static void keep(void *ctx, const struct sw_finding *found)
{
    struct mending *m = ctx;
    snprintf(m->metric[m->n], sizeof m->metric[0], "%s", found->metric);
    m->at[m->n++] = *found;
}

static void mend_all(struct fixture *f)
{
    for (int round = 0; round < 2; round++) {
        static struct mending m;
        struct sw_check_counts n = {0};
        bool left = true;
        m = (struct mending){.f = f};
        OK(sw_check(f->s, f->metrics, keep, &m, &n, NULL, &f->err));
        for (int i = 0; i < m.n; i++) {
            const struct sw_metric *metric = sw_metrics_get(f->metrics, m.metric[i]);
            if (m.at[i].origin)
                OK(sw_series_rollup_again(f->s, f->me, metric, series_of(f, metric, m.at[i].origin), m.at[i].day, &f->err));
            else OK(sw_dirty_mark(f->s, f->me, metric->name, m.at[i].day, &f->err));
        }
        while (left) OK(sw_timeline_settle(f->s, f->metrics, &f->who, 100, &left, &f->err));
    }
}

static void days_that_wait_to_be_computed_are_no_findings(void **state)
{
    struct fixture *f = *state;
    fill(f);
    put_one(f, f->steps, f->watch, 20010 * DAY, 60000, 77, 60);
    assert_int_equal(look(f).n, 0);
}

static void other_damage_is_named_by_its_kind(void **state)
{
    static const struct {
        const char *what, *harm;
    } rows[] = {
        {"record", "UPDATE record SET body = '{\"attributes\":{\"a\":1},\"segments\":[]}' WHERE external_id = 'a'"},
        {"record", "UPDATE record SET start_ms = start_ms + 1 WHERE external_id = 'a'"},
        {"record", "UPDATE record SET body = '{\"attributes\":' WHERE external_id = 'b'"},
        {"group", "UPDATE record SET kind = 'meal', content = 0 WHERE external_id = 'a'"},
        {"orphan", "UPDATE record SET origin_id = 4711, content = 0 WHERE external_id = 'a'"},
        {"orphan", "INSERT INTO chunk (id, n, data) VALUES (999 * 65536 + 7, 1, x'00')"},
        {"orphan", "INSERT INTO rollup (id, n, total, low, high, newest) VALUES (999 * 65536 + 7, 1, 1, 1, 1, 1)"},
        {"orphan", "UPDATE job SET person_id = 4711; INSERT INTO job (id, person_id, kind, name, state, urgency, due_ms, "
                   "lease_ms, generation, attempts, payload, progress, failure) VALUES (9, 4711, 'x', 'x', 0, 0, 0, 0, 0, 0, '', '', '')"},
        {"orphan", "INSERT INTO doc (person_id, kind, name, at_ms, revision, body) VALUES (4711, 'a', 'b', 0, 1, '{}')"},
        {"tail", "INSERT INTO tail (series_id, start_ms, dur_ms, scaled, offset_min) SELECT 999, 1, 1, 1, 0"},
        {"ledger", "INSERT INTO coverage (connection_id, resource, day, state, attempts, at_ms, next_ms, reason) "
                   "VALUES (4711, 'r', 1, 2, 0, 0, 0, '')"},
        {"chunk", "UPDATE chunk SET n = n + 1 WHERE id = (SELECT min(id) FROM chunk)"},
        {"chunk", "UPDATE chunk SET id = id + 20 WHERE id = (SELECT max(id) FROM chunk)"},
    };
    struct fixture *f = *state;
    fill(f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen s;
        OK(sw_store_exec(f->s, "SAVEPOINT harm", &f->err));
        OK(sw_store_exec(f->s, rows[i].harm, &f->err));
        s = look(f);
        if (!s.n) fail_msg("nothing was found after: %s", rows[i].harm);
        assert_string_equal(s.what[0], rows[i].what);
        OK(sw_store_exec(f->s, "ROLLBACK TO harm; RELEASE harm", &f->err));
    }
    assert_int_equal(look(f).n, 0);
}

static void a_copy_is_whole_and_a_store_in_use_is_told(void **state)
{
    struct fixture *f = *state;
    char to[160], url[200];
    struct sw_store *copy = NULL;
    int64_t n = 0;
    fill(f);
    commit(f);
    snprintf(to, sizeof to, "%s/copy.db", f->dir), snprintf(url, sizeof url, "sqlite:%s", to);
    OK(sw_store_copy(f->s, to, NULL, &f->err));
    OK(sw_store_open(url, f->schema, true, &copy, &f->err));
    OK(sw_ask_int(copy, &f->err, &n, "SELECT count(*) FROM chunk", ""));
    assert_int_equal(n, count_of(f, "SELECT count(*) FROM chunk"));
    sw_store_close(copy);
    OK(sw_store_alone(url, &f->err));
    assert_int_equal(sw_store_alone(f->url, NULL), SW_E_BUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_changed_byte_of_every_chunk_is_found),
        TEST(wrong_figures_of_days_are_found_and_can_be_computed_again),
        TEST(days_that_wait_to_be_computed_are_no_findings),
        TEST(other_damage_is_named_by_its_kind),
        TEST(a_copy_is_whole_and_a_store_in_use_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
