/* SPDX-License-Identifier: MIT */
#include "script/import_db.h"
#include "../support/feed.h"
#include "base/alloc.h"
#include "store/db.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static char path[64];

/* A database of its own at path, made by these statements. */
static void make(const char *sql)
{
    struct sw_err err = SW_ERR_INIT;
    void *conn;
    snprintf(path, sizeof path, "/tmp/sw-test-db-XXXXXX");
    close(mkstemp(path));
    assert_int_equal(sw_db_sqlite.open(path, SW_DB_WRITE, &conn, &err), 0);
    assert_int_equal(sw_db_sqlite.exec(conn, "PRAGMA journal_mode=DELETE", &err), 0);
    assert_int_equal(sw_db_sqlite.exec(conn, sql, &err), 0);
    sw_db_sqlite.close(conn);
}

#define WEIGHTS                                                                                   \
    "CREATE TABLE weight_record_table(row_id INTEGER PRIMARY KEY, uuid BLOB, time INTEGER,"       \
    " zone_offset INTEGER, weight REAL);"                                                         \
    "INSERT INTO weight_record_table VALUES(1, x'0aff', 1709553900000, -18000, 77970.5),"         \
    " (2, x'0b', 1709640300000, -18000, NULL), (3, NULL, 1709726700000, 3600, 78640);"

#define PLAN(sql)                                                                                 \
    "{\"tables\":[{\"name\":\"w\",\"sql\":\"" sql "\",\"fields\":[{\"at\":0},{\"at\":1},"          \
    "{\"at\":2},{\"key\":\"u\",\"at\":3}],\"start\":{\"fields\":[0],\"order\":\"ms\"},\"offset\":1," \
    "\"offset_s\":true,\"message\":true,\"values\":[{\"type\":\"w\",\"field\":2,\"unit\":\"g\"}]}]}"

#define ALL "SELECT time, zone_offset, weight, uuid FROM weight_record_table ORDER BY row_id"

static int read_all(const char *plan, struct sw_batch *b)
{
    struct sw_import_db *d;
    struct sw_err err = SW_ERR_INIT;
    int rc;
    assert_int_equal(sw_import_db_open(path, &d, &err), 0);
    unlink(path);
    assert_int_equal(sw_import_db_plan(d, plan, strlen(plan), &err), 0);
    sw_batch_init(b);
    while ((rc = sw_import_db_next(d, 2, b, &err)) == 1);
    sw_import_db_close(d);
    return rc;
}

static void its_tables_and_rows_are_read_as_they_lie_there(void **state)
{
    struct sw_import_db *d;
    struct sw_batch b;
    struct sw_buf head;
    (void)state;
    make(WEIGHTS "CREATE TABLE other(a, \"b \"\"x\"); CREATE VIEW v AS SELECT * FROM other");
    assert_int_equal(sw_import_db_open(path, &d, NULL), 0);
    sw_buf_init(&head, 1 << 16);
    assert_int_equal(sw_import_db_head(d, &head, NULL), 0);
    assert_string_equal(sw_buf_str(&head),
                        "{\"tables\":{\"other\":[\"a\",\"b \\\"x\"],\"weight_record_table\":"
                        "[\"row_id\",\"uuid\",\"time\",\"zone_offset\",\"weight\"]}}");
    sw_buf_clear(&head);
    sw_import_db_close(d);
    assert_int_equal(read_all(PLAN(ALL), &b), 0);
    assert_int_equal(column_of(&b, "w")->n, 2); /* NULL is absent */
    assert_true(column_of(&b, "w")->value[0] == 77970.5);
    assert_int_equal(column_of(&b, "w")->offset_min[0], -300);
    assert_int_equal(column_of(&b, "w")->offset_min[1], 60);
    assert_true(says(&b, "\"u\":\"0aff\""));
    assert_int_equal(b.n_messages, 3);
    assert_int_equal(b.notes.len, 0);
    sw_batch_clear(&b);
}

static void nothing_is_written_and_no_view_runs(void **state)
{
    struct sw_batch b;
    (void)state;
    make(WEIGHTS "ALTER TABLE weight_record_table RENAME TO hidden;"
                 "CREATE VIEW weight_record_table AS SELECT * FROM hidden");
    assert_int_equal(read_all(PLAN(ALL), &b), 0);
    assert_int_equal(b.rows, 0);
    assert_non_null(strstr(sw_buf_str(&b.notes), "the table w is damaged"));
    sw_batch_clear(&b);
    make(WEIGHTS);
    assert_int_equal(read_all(PLAN("DELETE FROM weight_record_table"), &b), 0);
    assert_int_equal(b.rows, 0);
    assert_true(b.notes.len > 0);
    sw_batch_clear(&b);
}

/* Bytes of the file from `at` on become 0xff, or are cut off. */
static void spoil(long at, long n)
{
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    if (!n) assert_int_equal(ftruncate(fileno(f), at), 0);
    fseek(f, at, SEEK_SET);
    for (long i = 0; i < n; i++) fputc(0xff, f);
    fclose(f);
}

static void damage_is_told_and_crashes_nothing(void **state)
{
    char many[400];
    (void)state;
    for (long at = 100; at < 40000; at += 1333) {
        struct sw_import_db *d;
        struct sw_err err = SW_ERR_INIT;
        struct sw_batch b;
        snprintf(many, sizeof many,
                 "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
                 "INSERT INTO weight_record_table SELECT i, zeroblob(16), 1709553900000 + i, 0, 70000 FROM n");
        make(WEIGHTS);
        {
            void *conn;
            assert_int_equal(sw_db_sqlite.open(path, SW_DB_WRITE, &conn, NULL), 0);
            assert_int_equal(sw_db_sqlite.exec(conn, many, NULL), 0);
            assert_int_equal(sw_db_sqlite.exec(conn, "PRAGMA journal_mode=DELETE", NULL), 0);
            sw_db_sqlite.close(conn);
        }
        spoil(at, at % 2 ? 200 : 0);
        if (!sw_import_db_open(path, &d, &err)) {
            sw_import_db_close(d);
            read_all(PLAN(ALL), &b);
            assert_true(b.rows <= 893);
            assert_true(b.rows == 893 || b.notes.len > 0 || b.rejected > 0);
            sw_batch_clear(&b);
        } else {
            assert_non_null(strstr(err.text, "damaged"));
        }
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_tables_and_rows_are_read_as_they_lie_there),
        cmocka_unit_test(nothing_is_written_and_no_view_runs),
        cmocka_unit_test(damage_is_told_and_crashes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
