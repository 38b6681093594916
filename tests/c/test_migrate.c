/* SPDX-License-Identifier: MIT */
#include "store/migrate.h"
#include "engine/check.h"
#include "engine/timeline.h"
#include "store/dump.h"
#include "store/store_sync.h"
#include "../support/store_fixture.h"
#include <sys/stat.h>
#include <sys/wait.h>

static void write_sql(struct fixture *f, int version, const char *sql)
{
    char path[160];
    FILE *file;
    snprintf(path, sizeof path, "%s/schema", f->dir);
    mkdir(path, 0700);
    snprintf(f->schema, sizeof f->schema, "%s", path);
    snprintf(path, sizeof path, "%s/schema/%03d.sql", f->dir, version);
    file = fopen(path, "w");
    fputs(sql, file);
    fclose(file);
}

static int bare(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    fixture_folder(f);
    *state = f;
    return 0;
}

static int bare_down(void **state)
{
    struct fixture *f = *state;
    sw_store_close(f->s);
    remove_folder(f->dir);
    free(f);
    return 0;
}

static void reopen(struct fixture *f)
{
    sw_store_close(f->s);
    f->s = NULL;
    OK(sw_store_open(f->url, f->schema, false, &f->s, &f->err));
}

static void every_step_is_made_once_and_in_order(void **state)
{
    struct fixture *f = *state;
    write_sql(f, 1, "CREATE TABLE a (id {key}, x {blob} NOT NULL); INSERT INTO a (id, x) VALUES (1, 'one')");
    reopen(f);
    write_sql(f, 2, "CREATE TABLE b (p BIGINT NOT NULL, q BIGINT NOT NULL, PRIMARY KEY (p, q)) {end}; INSERT INTO b (p, q) SELECT id, 7 FROM a");
    reopen(f), reopen(f);
    assert_int_equal(count_of(f, "SELECT count(*) FROM a"), 1);
    assert_int_equal(count_of(f, "SELECT q FROM b"), 7);
    assert_int_equal(count_of(f, "SELECT next FROM schema_version WHERE name = 'schema'"), 2);
}

static void a_database_of_a_newer_program_is_refused_with_the_sentence(void **state)
{
    struct fixture *f = *state;
    struct sw_err err = SW_ERR_INIT;
    struct sw_store *s = NULL;
    reopen(f);
    OK(sw_store_exec(f->s, "UPDATE schema_version SET next = 999", &f->err));
    for (int read_only = 0; read_only < 2; read_only++) {
        sw_err_clear(&err);
        assert_int_equal(sw_store_open(f->url, f->schema, read_only, &s, &err), SW_E_NEWER);
        assert_non_null(strstr(err.text, "has schema 999"));
        assert_non_null(strstr(err.text, "use a newer syncwell"));
    }
    assert_int_equal(count_of(f, "SELECT next FROM schema_version"), 999);
}

static void an_older_database_is_not_touched_by_a_reader(void **state)
{
    struct fixture *f = *state;
    struct sw_store *s = NULL;
    write_sql(f, 1, "CREATE TABLE a (id {key})");
    reopen(f);
    write_sql(f, 2, "CREATE TABLE b (id {key})");
    assert_int_equal(sw_store_open(f->url, f->schema, true, &s, NULL), SW_E_BAD);
    assert_int_equal(count_of(f, "SELECT next FROM schema_version"), 1);
}

static void a_step_that_fails_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct sw_store *s = NULL;
    write_sql(f, 1, "CREATE TABLE a (id {key})");
    reopen(f);
    write_sql(f, 2, "CREATE TABLE b (id {key}); INSERT INTO b (id) VALUES (1); INSERT INTO nowhere (id) VALUES (1)");
    assert_true(sw_store_open(f->url, f->schema, false, &s, NULL) < 0);
    assert_int_equal(count_of(f, "SELECT count(*) FROM sqlite_master WHERE name = 'b'"), 0);
    assert_int_equal(count_of(f, "SELECT next FROM schema_version"), 1);
    write_sql(f, 2, "CREATE TABLE b (id {key})");
    reopen(f);
    assert_int_equal(count_of(f, "SELECT next FROM schema_version"), 2);
}

static void without_schema_files_nothing_is_opened(void **state)
{
    struct fixture *f = *state;
    struct sw_store *s = NULL;
    struct sw_err err = SW_ERR_INIT;
    assert_int_equal(sw_store_open(f->url, "/nonexistent", false, &s, &err), SW_E_IO);
    assert_non_null(strstr(err.text, "incomplete"));
}

/* `serve` and `work` may start together on a fresh home. */
static void processes_that_open_a_fresh_file_together_all_succeed(void **state)
{
    struct fixture *f = *state;
    for (int round = 0; round < 8; round++) {
        char url[160];
        int status, failed = 0, fd[2];
        snprintf(url, sizeof url, "sqlite:%s/race%d.db", f->dir, round);
        assert_int_equal(pipe(fd), 0);
        for (int i = 0; i < 4; i++)
            if (!fork()) {
                struct sw_store *s;
                struct sw_err err = SW_ERR_INIT;
                char go;
                close(fd[1]);
                if (read(fd[0], &go, 1) < 0) _exit(2); /* all start when the pipe closes */
                if (sw_store_open(url, f->schema, false, &s, &err)) {
                    print_error("%s\n", err.text);
                    _exit(3);
                }
                sw_store_close(s);
                _exit(0);
            }
        close(fd[0]), close(fd[1]);
        for (int i = 0; i < 4; i++) {
            wait(&status);
            failed += status != 0;
        }
        assert_int_equal(failed, 0);
    }
}

/* Schema files 1 to newest of the program, as a program of that time had them. */
static int copy_schema(struct fixture *f, const char *from, int newest)
{
    char path[600], text[65536];
    int n = 0;
    for (int v = 1; v <= newest; v++) {
        FILE *in;
        size_t len;
        snprintf(path, sizeof path, "%s/%03d.sql", from, v);
        in = fopen(path, "r");
        if (!in) break;
        len = fread(text, 1, sizeof text - 1, in);
        text[len] = 0;
        fclose(in);
        write_sql(f, v, text);
        n++;
    }
    return n;
}

static void keep_finding(void *ctx, const struct sw_finding *found)
{
    print_error("%s: %s\n", found->what, found->text);
    ++*(int *)ctx;
}

/* What a program of the first version could write: samples in chunk and tail, a month's chunk, records of one
 * event, a total, a document, a job; from the second on credentials and the ledger. */
static void fill(struct fixture *f, int version)
{
    struct sw_put_result out;
    struct sw_samples x = {0};
    struct sw_merge stat;
    enum sw_put what;
    begin(f);
    OK(sw_person_add(f->s, "me", "Europe/Berlin", 0, &f->me, &f->err));
    OK(sw_connection_id(f->s, f->me, "test", "main", 0, &f->connection, &f->err));
    f->watch = add_origin(f, "Watch", "watch"), f->phone = add_origin(f, "Phone", "phone");
    f->who = (struct sw_who){f->me, "me", NULL, 0};
    for (int i = 0; i < 100; i++) {
        struct sw_sample one = {20000 * SW_DAY_MS + i * 60000, 60000, 100 * i, 60};
        sw_samples_push(&x, &one);
    }
    OK(sw_series_write(f->s, f->me, f->steps, series_of(f, f->steps, f->watch), &x, &stat, &f->err));
    put_one(f, f->steps, f->watch, 20000 * SW_DAY_MS + 1, 0, 5, 60);
    put_one(f, f->weight, f->phone, 20000 * SW_DAY_MS, 0, 81, 60);
    sw_samples_clear(&x);
    for (int i = 0; i < 2; i++) {
        struct sw_record r = {.kind = "workout", .type = "running", .external_id = i ? "b" : "a", .zone_from = "device",
                              .state = "final", .body = "{\"attributes\":{},\"segments\":[]}", .body_n = 31,
                              .start_ms = 20000 * SW_DAY_MS, .finish_ms = 20000 * SW_DAY_MS + 3600000, .day = 20000,
                              .connection_id = f->connection, .origin_id = i ? f->watch : f->phone};
        OK(sw_ingest_record(f->s, &f->who, &r, &out, &f->err));
    }
    OK(sw_ingest_day_total(f->s, &f->who, f->steps, 20001, f->phone, 4321, &what, &f->err));
    OK(sw_doc_put(f->s, f->me, "setting", "a", 0, "{}", 2, SW_DOC_NEW, 0, &f->err));
    OK(sw_store_exec(f->s, "INSERT INTO job (id, person_id, kind, name, state, urgency, due_ms, lease_ms, generation, attempts, "
                           "payload, progress, failure) SELECT 9, id, 'x', 'x', 0, 0, 0, 0, 0, 0, '', '', '' FROM person", &f->err));
    if (version >= 2) {
        OK(sw_secret_put(f->s, f->me, "token", "abcd", 0, 0, &f->err));
        OK(sw_store_exec(f->s, "INSERT INTO coverage (connection_id, resource, day, state, attempts, at_ms, next_ms, reason) "
                               "SELECT id, 'r', 1, 2, 0, 0, 0, '' FROM connection", &f->err));
    }
    commit(f);
}

static void dump_to(struct fixture *f, const char *name, char *text, size_t room)
{
    char path[160];
    FILE *in;
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    FILE *out = fopen(path, "w");
    OK(sw_dump(f->s, f->metrics, true, fileno(out), &f->err));
    fclose(out);
    in = fopen(path, "r");
    text[fread(text, 1, room - 1, in)] = 0;
    fclose(in);
}

/* A home of an earlier version is filled by the program of today, so what that asks for is lent to it. */
static void lend(struct fixture *f, int version, bool lent)
{
    static const struct {
        int since;
        const char *sql[2];
    } what[] = {
        {7, {"CREATE TABLE origin_rank (person_id INT, metric TEXT, origin_id INT, place INT)", "DROP TABLE origin_rank"}},
        {7, {"ALTER TABLE origin ADD COLUMN merged_into BIGINT NOT NULL DEFAULT 0", "ALTER TABLE origin DROP COLUMN merged_into"}},
        {8, {"CREATE TABLE origin_hours (person_id INT, metric TEXT, from_min INT, to_min INT, origin_id INT, place INT)",
             "DROP TABLE origin_hours"}},
    };
    for (size_t i = 0; i < sizeof what / sizeof *what; i++)
        if (version < what[i].since) OK(sw_store_exec(f->s, what[i].sql[!lent], &f->err));
}

static void a_database_of_every_earlier_version_keeps_all_that_was_in_it(void **state)
{
    struct fixture *f = *state;
    char program[512];
    static char before[1 << 18], after[1 << 18];
    int newest;
    strcpy(program, f->schema);
    f->metrics = sw_metrics_new();
    f->steps = add_metric(f, "steps", "{step}", SW_CUMULATIVE, SW_AGG_SUM, false, false);
    f->weight = add_metric(f, "weight", "kg", SW_INSTANT, SW_AGG_LAST, true, false);
    newest = copy_schema(f, program, 999);
    assert_true(newest >= 4);
    for (int v = 1; v < newest; v++) {
        struct sw_check_counts n = {0};
        int found = 0;
        bool left = true;
        remove_folder(f->dir), mkdir(f->dir, 0700);
        copy_schema(f, program, v);
        reopen(f);
        assert_int_equal(count_of(f, "SELECT next FROM schema_version WHERE name = 'schema'"), v);
        lend(f, v, true);
        fill(f, v);
        dump_to(f, "before", before, sizeof before);
        reopen(f); /* statements at rest hold tables too */
        lend(f, v, false);
        strcpy(f->schema, program);
        reopen(f);
        assert_int_equal(count_of(f, "SELECT next FROM schema_version WHERE name = 'schema'"), newest);
        dump_to(f, "after", after, sizeof after);
        assert_true(strlen(before) > 2000);
        assert_string_equal(before, after);
        assert_int_equal(count_of(f, "SELECT count(*) FROM secret"), v >= 2);
        begin(f);
        while (left) OK(sw_timeline_settle(f->s, f->metrics, &f->who, 100, &left, &f->err));
        OK(sw_check(f->s, f->metrics, keep_finding, &found, &n, NULL, &f->err));
        commit(f);
        assert_int_equal(found, 0);
        sw_store_close(f->s), f->s = NULL;
        snprintf(f->schema, sizeof f->schema, "%s", program);
    }
    sw_metrics_free(f->metrics);
}

#define BARE(name) cmocka_unit_test_setup_teardown(name, bare, bare_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE(every_step_is_made_once_and_in_order),
        BARE(a_database_of_every_earlier_version_keeps_all_that_was_in_it),
        BARE(a_database_of_a_newer_program_is_refused_with_the_sentence),
        BARE(an_older_database_is_not_touched_by_a_reader),
        BARE(a_step_that_fails_leaves_nothing),
        BARE(without_schema_files_nothing_is_opened),
        BARE(processes_that_open_a_fresh_file_together_all_succeed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
