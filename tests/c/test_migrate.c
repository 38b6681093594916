/* SPDX-License-Identifier: MIT */
#include "store/migrate.h"
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

#define BARE(name) cmocka_unit_test_setup_teardown(name, bare, bare_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE(every_step_is_made_once_and_in_order),
        BARE(a_database_of_a_newer_program_is_refused_with_the_sentence),
        BARE(an_older_database_is_not_touched_by_a_reader),
        BARE(a_step_that_fails_leaves_nothing),
        BARE(without_schema_files_nothing_is_opened),
        BARE(processes_that_open_a_fresh_file_together_all_succeed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
