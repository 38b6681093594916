/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "store/migrate.h"
#include "../support/store_fixture.h"
#include <ctype.h>
#include <dirent.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define NUMBERS "SELECT number FROM numbers ORDER BY number"

static void fill(struct fixture *f, int n)
{
    OK(sw_store_exec(f->s, "CREATE TABLE numbers (number BIGINT NOT NULL PRIMARY KEY, word TEXT, bytes BLOB, real DOUBLE PRECISION)", &f->err));
    for (int64_t i = 0; i < n; i++) OK(sw_run(f->s, &f->err, "INSERT INTO numbers (number) VALUES ($1)", "i", i));
}

static void a_statement_in_use_is_not_used_twice(void **state)
{
    struct fixture *f = *state;
    static const char sql[] = NUMBERS;
    struct sw_err err = SW_ERR_INIT;
    struct sw_q *q;
    int64_t n;
    fill(f, 5);
    q = sw_ask(f->s, &f->err, sql, "");
    assert_int_equal(sw_q_next(q, &f->err), 1);
    assert_null(sw_ask(f->s, &err, sql, ""));
    assert_int_equal(err.code, SW_E_INTERNAL);
    assert_non_null(strstr(err.text, "in use"));
    assert_int_equal(sw_ask_int(f->s, NULL, &n, sql, ""), SW_E_INTERNAL);
    assert_int_equal(sw_run(f->s, NULL, sql, ""), SW_E_INTERNAL);
    assert_int_equal(sw_q_next(q, &f->err), 1); /* the refused ones did not disturb it */
    assert_int_equal(sw_q_int(q, 0), 1);
    sw_q_stop(q);
    assert_ptr_equal(sw_ask(f->s, &f->err, sql, ""), q);
    n = 0;
    while (sw_q_next(q, &f->err) > 0) assert_int_equal(sw_q_int(q, 0), n++);
    assert_int_equal(n, 5);
    assert_int_equal(sw_ask_int(f->s, &f->err, &n, sql, ""), 1);
    assert_int_equal(sw_ask_int(f->s, &f->err, &n, sql, ""), 1);
}

static void values_of_every_kind_come_back(void **state)
{
    static const char nul[] = "a\0b";
    struct fixture *f = *state;
    struct sw_q *q;
    size_t n;
    fill(f, 0);
    OK(sw_run(f->s, &f->err, "INSERT INTO numbers (word, number, bytes, real) VALUES ($2, $1, $4, $3)", "itrb", INT64_MIN, "x", (size_t)1, 1.5, nul, sizeof nul));
    OK(sw_run(f->s, &f->err, "INSERT INTO numbers (word, number, bytes, real) VALUES ($2, $1, $4, $3)", "isrs", INT64_MAX, NULL, -0.25, NULL));
    q = sw_ask(f->s, &f->err, "SELECT number, word, bytes, real FROM numbers ORDER BY number", "");
    assert_int_equal(sw_q_next(q, &f->err), 1);
    assert_true(sw_q_int(q, 0) == INT64_MIN && sw_q_real(q, 3) == 1.5);
    assert_string_equal(sw_q_text(q, 1, &n), "x");
    assert_memory_equal(sw_q_blob(q, 2, &n), nul, sizeof nul);
    assert_int_equal(n, sizeof nul);
    assert_int_equal(sw_q_next(q, &f->err), 1);
    assert_true(sw_q_int(q, 0) == INT64_MAX && sw_q_real(q, 3) == -0.25);
    assert_string_equal(sw_q_text(q, 1, &n), "");
    assert_int_equal(n, 0);
    sw_q_stop(q);
}

static void mistakes_are_errors_with_a_sentence(void **state)
{
    struct fixture *f = *state;
    struct sw_err err = SW_ERR_INIT;
    assert_null(sw_ask(f->s, &err, "SELECT word FROM nowhere", ""));
    if (!strstr(err.text, "nowhere")) fail_msg("%s", err.text);
    assert_null(sw_ask(f->s, NULL, "SELECT 1", "i", (int64_t)1));
    assert_int_equal(sw_run(f->s, NULL, "INSERT INTO counter (name, next) VALUES ('a', NULL)", ""), SW_E_CONFLICT);
    assert_int_equal(sw_run(f->s, NULL, "INSERT INTO counter (name, next) VALUES ('a', NULL)", ""), SW_E_CONFLICT); /* it was reset */
}

struct slow {
    int n;
    int64_t ms;
    char sql[200];
};

static void note_slow(void *ctx, const char *sql, int64_t ms)
{
    struct slow *s = ctx;
    s->n++;
    s->ms = ms;
    snprintf(s->sql, sizeof s->sql, "%s", sql);
}

/* A count that takes long whatever the machine: it is made longer until it does. */
static void a_slow_statement_is_named_without_its_values(void **state)
{
    struct fixture *f = *state;
    struct slow slow = {0};
    int64_t n, started = sw_mono_ns(), spent = 0;
    sw_store_on_slow(f->s, note_slow, &slow);
    OK(sw_ask_int(f->s, &f->err, &n, "SELECT count(*) FROM person", ""));
    if (sw_mono_ns() - started < 50000000) assert_int_equal(slow.n, 0);
    for (int64_t most = 1000000; !slow.n && most < INT64_C(100000000); most *= 2) {
        started = sw_mono_ns();
        OK(sw_ask_int(f->s, &f->err, &n,
                      "WITH RECURSIVE k(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM k WHERE x < $1) SELECT count(*) FROM k",
                      "i", most));
        spent = (sw_mono_ns() - started) / 1000000;
    }
    assert_int_equal(slow.n, 1);
    assert_true(slow.ms >= SW_SLOW_MS && slow.ms <= spent);
    assert_non_null(strstr(slow.sql, "x < $1"));
    sw_store_on_slow(f->s, NULL, NULL);
}

static void counters_count_from_one_and_roll_back(void **state)
{
    struct fixture *f = *state;
    int64_t n;
    for (int64_t i = 1; i <= 3; i++) {
        OK(sw_store_number(f->s, "test", &n, &f->err));
        assert_int_equal(n, i);
    }
    OK(sw_store_number(f->s, "other", &n, &f->err));
    assert_int_equal(n, 1);
    commit(f), begin(f);
    OK(sw_store_number(f->s, "test", &n, &f->err));
    sw_store_rollback(f->s);
    sw_store_rollback(f->s);
    begin(f);
    OK(sw_store_number(f->s, "test", &n, &f->err));
    assert_int_equal(n, 4);
}

static void a_reader_sees_nothing_uncommitted_and_keeps_its_snapshot(void **state)
{
    struct fixture *f = *state;
    struct sw_store *r;
    int64_t n = -1, wake;
    commit(f);
    OK(sw_store_open(f->url, f->schema, true, &r, &f->err));
    wake = sw_store_wake(r);
    begin(f);
    OK(sw_run(f->s, &f->err, "INSERT INTO counter (name, next) VALUES ('x', 1)", ""));
    OK(sw_ask_int(r, &f->err, &n, "SELECT count(*) FROM counter WHERE name = 'x'", ""));
    assert_int_equal(n, 0);
    OK(sw_store_begin(r, false, &f->err));
    OK(sw_ask_int(r, &f->err, &n, "SELECT count(*) FROM counter WHERE name = 'x'", ""));
    commit(f);
    OK(sw_ask_int(r, &f->err, &n, "SELECT count(*) FROM counter WHERE name = 'x'", ""));
    assert_int_equal(n, 0);
    sw_store_rollback(r);
    OK(sw_ask_int(r, &f->err, &n, "SELECT count(*) FROM counter WHERE name = 'x'", ""));
    assert_int_equal(n, 1);
    assert_true(sw_store_wake(r) != wake);
    assert_int_equal(sw_run(r, NULL, "DELETE FROM counter WHERE name = $1", "s", "x"), SW_E_FULL); /* it cannot write */
    sw_store_close(r);
}

static void what_is_no_database_is_refused(void **state)
{
    static const char *const urls[] = {"", "a.db", "mysql:x", "sqlite:/nonexistent/folder/a.db"};
    struct fixture *f = *state;
    struct sw_store *s;
    char path[128];
    FILE *file;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct sw_err err = SW_ERR_INIT;
        assert_true(sw_store_open(urls[i], f->schema, false, &s, &err) < 0);
        assert_true(strlen(err.text) > 10);
    }
    snprintf(path, sizeof path, "%s/text.db", f->dir);
    file = fopen(path, "w");
    for (int i = 0; i < 500; i++) fputs("this is no database\n", file);
    fclose(file);
    snprintf(path, sizeof path, "sqlite:%s/text.db", f->dir);
    assert_int_equal(sw_store_open(path, f->schema, false, &s, NULL), SW_E_BAD);
}

/* A full disk: what was committed stays readable, the failed step leaves nothing. */
static void a_full_disk_leaves_the_database_whole(void **state)
{
    struct fixture *f = *state;
    char dir[128], url[160];
    struct sw_store *s;
    struct sw_err err = SW_ERR_INIT;
    int64_t sum = 0, n = 0;
    int rc = 0, groups = 0;
    static char text[20000];
    snprintf(dir, sizeof dir, "%s/tiny", f->dir);
    snprintf(url, sizeof url, "sqlite:%s/a.db", dir);
    if (mkdir(dir, 0700) || mount("tmpfs", dir, "tmpfs", 0, "size=1m")) {
        print_message("skipped: no tiny file system can be mounted here\n");
        skip();
    }
    memset(text, 'x', sizeof text - 1);
    OK(sw_store_open(url, f->schema, false, &s, &f->err));
    while (!rc && groups < 1000) {
        rc = sw_store_begin(s, true, &err);
        for (int i = 0; i < 2 && !rc; i++)
            rc = sw_run(s, &err, "INSERT INTO doc (person_id, kind, name, at_ms, revision, body) VALUES ($1, 'k', $2, 0, 1, $3)", "iss", (int64_t)groups, i ? "b" : "a", text);
        if (!rc) rc = sw_store_commit(s, &err);
        if (!rc) groups++;
    }
    sw_store_rollback(s);
    assert_int_equal(rc, SW_E_FULL);
    assert_non_null(strstr(err.text, "disk is full"));
    assert_true(groups > 3);
    OK(sw_ask_int(s, &f->err, &n, "SELECT count(*) FROM doc", ""));
    assert_int_equal(n, groups * 2);
    sw_store_close(s);
    OK(sw_store_open(url, f->schema, true, &s, &f->err));
    OK(sw_ask_int(s, &f->err, &sum, "SELECT CAST(sum(length(body)) AS BIGINT) FROM doc", ""));
    assert_int_equal(sum, groups * 2 * (int64_t)(sizeof text - 1));
    struct sw_q *q = sw_ask(s, &f->err, "PRAGMA integrity_check", "");
    assert_int_equal(sw_q_next(q, &f->err), 1);
    assert_string_equal(sw_q_text(q, 0, NULL), "ok");
    sw_q_stop(q);
    sw_store_close(s);
    umount2(dir, MNT_DETACH);
    print_message("%d groups before the disk was full\n", groups);
}

static int64_t asked(struct sw_store *s, struct fixture *f, const char *sql)
{
    int64_t n = -1;
    OK(sw_ask_int(s, &f->err, &n, sql, ""));
    return n;
}

static void only_a_home_that_is_thrown_away_does_not_wait_for_the_disk(void **state)
{
    static const struct {
        const char *scheme;
        int64_t synchronous; /* 2 FULL, 0 OFF */
    } rows[] = {{"sqlite", 2}, {"scratch", 0}};
    struct fixture *f = *state;
    for (size_t i = 0; i < 2; i++) {
        char url[160];
        struct sw_store *s;
        snprintf(url, sizeof url, "%s:%s/sync%zu.db", rows[i].scheme, f->dir, i);
        OK(sw_store_open(url, f->schema, false, &s, &f->err));
        assert_int_equal(asked(s, f, "PRAGMA synchronous"), rows[i].synchronous);
        sw_store_close(s);
    }
}

/* A disk that takes nothing: the file is read as it stands, unless a log beside it has more. */
static void what_cannot_be_written_can_still_be_read(void **state)
{
    struct fixture *f = *state;
    char dir[128], url[160], wal[160];
    struct sw_store *s;
    struct sw_err err = SW_ERR_INIT;
    snprintf(dir, sizeof dir, "%s/still", f->dir);
    snprintf(url, sizeof url, "sqlite:%s/a.db", dir);
    snprintf(wal, sizeof wal, "%s/a.db-wal", dir);
    if (mkdir(dir, 0700) || mount("tmpfs", dir, "tmpfs", 0, "size=4m")) {
        print_message("skipped: no tiny file system can be mounted here\n");
        skip();
    }
    OK(sw_store_open(url, f->schema, false, &s, &f->err));
    OK(sw_store_begin(s, true, &f->err));
    OK(sw_run(s, &f->err, "INSERT INTO doc (person_id, kind, name, at_ms, revision, body) VALUES ($1, 'k', 'a', 0, 1, '1')", "i", (int64_t)1));
    OK(sw_store_commit(s, &f->err));
    sw_store_close(s);
    for (int with_log = 0; with_log < 2; with_log++) {
        FILE *log = with_log ? fopen(wal, "w") : NULL;
        if (log) fputs("more", log), fclose(log);
        assert_int_equal(mount(NULL, dir, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
        for (int read_only = 0; read_only < 2 && !with_log; read_only++) {
            OK(sw_store_open(url, f->schema, read_only, &s, &f->err));
            assert_int_equal(asked(s, f, "SELECT count(*) FROM doc"), 1);
            assert_int_equal(sw_run(s, &err, "DELETE FROM doc", ""), SW_E_FULL);
            assert_non_null(strstr(err.text, "can be read"));
            sw_err_clear(&err);
            sw_store_close(s);
        }
        if (with_log) assert_true(sw_store_open(url, f->schema, false, &s, &err) < 0);
        assert_int_equal(mount(NULL, dir, NULL, MS_REMOUNT, "size=4m"), 0);
    }
    umount2(dir, MNT_DETACH);
}

/* --- one SQL text for every backend: what can be checked by reading the sources --- */

struct rule {
    const char *word, *why;
};
static const struct rule forbidden[] = {
    {"ROWID", "hidden ids are SQLite's"},      {"LIKE", "case differs"},          {"GLOB", "SQLite only"},           {"PRAGMA", "driver only"},
    {"REPLACE", "SQLite only"},                {"IFNULL", "coalesce instead"},    {"AUTOINCREMENT", "ids are ours"}, {"LAST_INSERT_ROWID", "ids are ours"},
    {"JSON_EXTRACT", "no JSON in SQL"},        {"DATETIME", "times are ours"},    {"STRFTIME", "times are ours"},    {"TOTAL_CHANGES", "SQLite only"},
    {"RANDOM", "random is ours"},              {"INDEXED", "SQLite only"},        {"USING", "differs"},              {"GREATEST", "PostgreSQL only"},
    {"ILIKE", "PostgreSQL only"},              {"NOW", "times are ours"},         {"AVG", "type differs"},           {"ROUND", "rounding differs"},
    {"TRUE", "WHERE true only"},               {"NATURAL", "never"},              {"INTEGER", "32 bits elsewhere"},
};
static const char *const reserved[] = {"user", "grant", "end", "offset", "window", "desc", "column", "values", "index", "group", "order", "check", "when", "limit", "default", "to"};

struct lint {
    int statements, faults;
    bool quiet;
};

static bool has_word(const char *sql, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = sql; (p = strcasestr(p, word)); p += n)
        if ((p == sql || !(isalnum((unsigned char)p[-1]) || p[-1] == '_')) && !(isalnum((unsigned char)p[n]) || p[n] == '_')) return true;
    return false;
}

static void fault(struct lint *l, const char *file, const char *why, const char *sql)
{
    if (!l->quiet) print_error("%s: %s\n    %s\n", file, why, sql);
    l->faults++;
}

/* Text between single quotes is data, not SQL. */
static void blank_literals(char *sql)
{
    bool in = false;
    for (char *p = sql; *p; p++) {
        if (*p == '\'') in = !in;
        else if (in) *p = '_';
    }
}

static void lint_statement(struct lint *l, const char *file, char *sql)
{
    const char *p;
    l->statements++;
    blank_literals(sql);
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        if (has_word(sql, forbidden[i].word) && strcmp(forbidden[i].word, "TRUE")) fault(l, file, forbidden[i].why, sql);
    for (p = sql; (p = strstr(p, "ON CONFLICT")); p += 11)
        if (p[11] != ' ' || p[12] != '(') fault(l, file, "ON CONFLICT without a target", sql);
    if (strstr(sql, "ON CONFLICT") && !strncmp(sql, "INSERT", 6) && strstr(sql, "SELECT") && !strstr(sql, "WHERE")) fault(l, file, "INSERT ... SELECT ... ON CONFLICT needs WHERE", sql);
    if (!strncmp(sql, "DELETE", 6) && has_word(sql, "LIMIT")) fault(l, file, "DELETE ... LIMIT", sql);
    if (!strncmp(sql, "SELECT *", 8) || strstr(sql, "(SELECT *")) fault(l, file, "columns are named", sql);
    if (strchr(sql, '"')) fault(l, file, "double quotes fall back to a text", sql);
    if (strchr(sql, '?')) fault(l, file, "placeholders are $n", sql);
    if (strstr(sql, " / ")) fault(l, file, "no division in SQL", sql);
    if (strstr(sql, "<<") || strstr(sql, ">>")) fault(l, file, "key arithmetic is done in C", sql);
    for (p = sql; (p = strcasestr(p, "sum(")); p += 4)
        if (p < sql + 5 || strncasecmp(p - 5, "CAST(", 5)) fault(l, file, "a sum is cast", sql);
    if (has_word(sql, "max") && strstr(strcasestr(sql, "max"), ",") && strcasestr(sql, "max(")) {
        const char *open = strcasestr(sql, "max(");
        if (strchr(open, ',') && strchr(open, ',') < strchr(open, ')')) fault(l, file, "scalar max", sql);
    }
}

static bool is_statement(const char *s)
{
    static const char *const verb[] = {"SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "WITH "};
    for (size_t i = 0; i < sizeof verb / sizeof *verb; i++)
        if (!strncmp(s, verb[i], strlen(verb[i]))) return true;
    return false;
}

/* Neighbouring C string literals are one text; an upper-case macro between them is a blank. */
static void lint_source(struct lint *l, const char *file, const char *p)
{
    static char sql[16384];
    size_t n = 0;
    bool any = false;
    for (; *p; p++) {
        if (*p == '/' && p[1] == '*') {
            p = strstr(p, "*/");
            if (!p) break;
            p++;
        } else if (*p == '\'') {
            p += p[1] == '\\' ? 3 : 2;
        } else if (*p == '"') {
            any = true;
            for (p++; *p && *p != '"'; p++) {
                if (*p == '\\' && p[1]) p++;
                if (n < sizeof sql - 2) sql[n++] = *p;
            }
            if (!*p) break;
        } else if (isspace((unsigned char)*p) || *p == '\\') {
            continue;
        } else if (any && (isupper((unsigned char)*p) || *p == '_')) {
            if (n < sizeof sql - 2 && n && sql[n - 1] != ' ') sql[n++] = ' ';
        } else if (any) {
            sql[n] = 0;
            if (is_statement(sql)) lint_statement(l, file, sql);
            n = 0, any = false;
        }
    }
}

static char *slurp(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 1 << 18);
    if (f) {
        size_t n = fread(text, 1, (1 << 18) - 1, f);
        text[n] = 0;
        fclose(f);
    }
    return text;
}

static void lint_folder(struct lint *l, const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    char path[1024];
    assert_non_null(d);
    while ((e = readdir(d))) {
        size_t n = strlen(e->d_name);
        char *text;
        if (n < 3 || strcmp(e->d_name + n - 2, ".c") || !strncmp(e->d_name, "db_", 3)) continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        text = slurp(path);
        lint_source(l, e->d_name, text);
        free(text);
    }
    closedir(d);
}

static void every_statement_is_valid_on_every_backend_as_far_as_text_tells(void **state)
{
    const char *root = getenv("SW_ROOT");
    struct lint l = {0};
    char path[1024];
    (void)state;
    snprintf(path, sizeof path, "%s/core/store", root ? root : ".");
    lint_folder(&l, path);
    snprintf(path, sizeof path, "%s/core/engine", root ? root : ".");
    lint_folder(&l, path);
    print_message("%d statements read\n", l.statements);
    assert_true(l.statements > 60);
    assert_int_equal(l.faults, 0);
}

static void the_lint_sees_what_it_should(void **state)
{
    static const char *const bad[] = {"SELECT rowid FROM a", "SELECT a FROM b WHERE c LIKE $1", "INSERT INTO a (b) VALUES ($1) ON CONFLICT DO NOTHING", "DELETE FROM a LIMIT 5",
                                      "SELECT * FROM a", "SELECT a FROM b WHERE c = ?", "SELECT sum(a) FROM b", "SELECT max(a, b) FROM c", "SELECT a << 16 FROM b", "SELECT a / 2 FROM b"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct lint l = {.quiet = true};
        char sql[200];
        snprintf(sql, sizeof sql, "%s", bad[i]);
        lint_statement(&l, "table", sql);
        assert_true(l.faults >= 1);
    }
}

static void no_column_has_a_reserved_name_and_no_key_may_be_null(void **state)
{
    struct fixture *f = *state;
    struct sw_q *q = sw_ask(f->s, &f->err, "SELECT m.name, c.name, c.type, c.\"notnull\" FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'", "");
    int columns = 0;
    while (sw_q_next(q, &f->err) > 0) {
        const char *table = sw_q_text(q, 0, NULL), *name = sw_q_text(q, 1, NULL), *type = sw_q_text(q, 2, NULL);
        for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
            if (!strcasecmp(reserved[i], name)) fail_msg("%s.%s is a reserved word", table, name);
        if (!sw_q_int(q, 3)) fail_msg("%s.%s may be NULL", table, name);
        if ((strstr(name, "_ms") || strstr(name, "_id")) && !strcmp(type, "INT")) fail_msg("%s.%s is an INT: 32 bits elsewhere", table, name);
        columns++;
    }
    assert_true(columns > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_statement_in_use_is_not_used_twice),
        TEST(values_of_every_kind_come_back),
        TEST(mistakes_are_errors_with_a_sentence),
        TEST(a_slow_statement_is_named_without_its_values),
        TEST(counters_count_from_one_and_roll_back),
        TEST(a_reader_sees_nothing_uncommitted_and_keeps_its_snapshot),
        TEST(what_is_no_database_is_refused),
        TEST(a_full_disk_leaves_the_database_whole),
        TEST(only_a_home_that_is_thrown_away_does_not_wait_for_the_disk),
        TEST(what_cannot_be_written_can_still_be_read),
        cmocka_unit_test(every_statement_is_valid_on_every_backend_as_far_as_text_tells),
        cmocka_unit_test(the_lint_sees_what_it_should),
        TEST(no_column_has_a_reserved_name_and_no_key_may_be_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
