/* SPDX-License-Identifier: MIT
 * G13: N jobs added, claimed and completed, each completion a line of history.
 *   bench_jobs ours HOME SCHEMA N    the store's queue on its writer thread: every add and every
 *                                    completion is a request of its own, grouped into commits there;
 *                                    claims take 100
 *   bench_jobs floor DB N            straight-line SQLite, synchronous FULL, a transaction a step
 * Before and after: no job may be left, each must have run once. */
#include "base/alloc.h"
#include "base/clock.h"
#include "bench.h"
#include "store/store_docs.h"
#include "store/store_jobs.h"
#include "store/worker.h"
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CLAIM = 100, AHEAD = 1000 };

struct line {
    uv_loop_t loop;
    struct sw_worker *writer;
    int64_t person;
    long most, added, asked, claimed, done;
    bool claiming;
    unsigned char *times; /* per job: how often it ran */
};

struct step {
    struct sw_work work;
    struct line *l;
    long k;
    int64_t id, generation;
};

struct claim {
    struct sw_work work;
    struct line *l;
    struct sw_job job[CLAIM];
    int n;
};

static void go_on(struct line *l);

static int make_person(struct sw_store *s, struct sw_work *w, struct sw_err *err)
{
    return sw_person_add(s, "me", "UTC", 1, &((struct step *)w)->l->person, err);
}

static int add(struct sw_store *s, struct sw_work *w, struct sw_err *err)
{
    struct step *x = (struct step *)w;
    char payload[40];
    struct sw_job_new j = {.person_id = x->l->person, .due_ms = 1, .kind = "bench", .payload = payload};
    snprintf(payload, sizeof payload, "{\"k\":%ld}", x->k);
    return sw_job_add(s, &j, &x->id, err);
}

static void stepped(struct sw_work *w, long *count)
{
    struct step *x = (struct step *)w;
    if (w->rc) bench_die("step", &w->err);
    (*count)++;
    go_on(x->l);
    free(x);
}

static void on_added(struct sw_work *w)
{
    stepped(w, &((struct step *)w)->l->added);
}

static void on_finished(struct sw_work *w)
{
    stepped(w, &((struct step *)w)->l->done);
}

static void keep(void *ctx, struct sw_job *j)
{
    struct claim *c = ctx;
    c->job[c->n++] = *j;
}

static int claim(struct sw_store *s, struct sw_work *w, struct sw_err *err)
{
    struct claim *c = (struct claim *)w;
    return sw_job_claim(s, 2, sw_wall_ms(), 30000, 0, CLAIM, "{\"pid\":1,\"text\":\"started\"}", keep, c, err);
}

static int finish(struct sw_store *s, struct sw_work *w, struct sw_err *err)
{
    struct step *x = (struct step *)w;
    return sw_job_done(s, x->id, x->generation, 2, "done", "{}", err);
}

static void submit(struct line *l, int (*run)(struct sw_store *, struct sw_work *, struct sw_err *),
                   void (*done)(struct sw_work *), long k, const struct sw_job *j)
{
    struct step *x = calloc(1, sizeof *x);
    x->work.run = run, x->work.done = done, x->l = l, x->k = k;
    if (j) x->id = j->id, x->generation = j->generation;
    sw_worker_submit(l->writer, &x->work);
}

/* Doing a job is counting it; then it is completed. */
static void on_claimed(struct sw_work *w)
{
    struct claim *c = (struct claim *)w;
    struct line *l = c->l;
    if (w->rc) bench_die("claim", &w->err);
    l->claiming = false;
    l->claimed += c->n;
    for (int i = 0; i < c->n; i++) {
        long k = strtol(c->job[i].payload + 5, NULL, 10);
        l->times[k]++;
        submit(l, finish, on_finished, k, &c->job[i]);
        sw_job_clear(&c->job[i]);
    }
    free(c);
    go_on(l);
}

/* Keep up to AHEAD additions under way, and one claim as long as something is there to claim. */
static void go_on(struct line *l)
{
    struct claim *c;
    while (l->asked < l->most && l->asked - l->added < AHEAD) submit(l, add, on_added, l->asked, NULL), l->asked++;
    if (l->claiming || l->claimed == l->added) return;
    l->claiming = true;
    c = calloc(1, sizeof *c);
    c->work.run = claim, c->work.done = on_claimed, c->l = l;
    sw_worker_submit(l->writer, &c->work);
}

static void nothing(struct sw_work *w)
{
    if (w->rc) bench_die("person", &w->err);
}

static long ask(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    long n = -1;
    if (sqlite3_open(path, &db) == SQLITE_OK && sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        n = (long)sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return n;
}

static void say(const char *path, long n, const unsigned char *times, double cpu)
{
    long once = 0;
    for (long i = 0; i < n; i++) once += times[i] == 1;
    printf("{\"check\": \"%ld once, %ld left, %ld in history\", \"cpu_s\": %.6f}\n", once,
           ask(path, "SELECT count(*) FROM job"), ask(path, "SELECT count(*) FROM run"), cpu);
    if (once != n) bench_die("a job was lost or ran twice", NULL);
}

static void ours(const char *home, const char *schema, long n)
{
    struct line l = {.most = n, .times = sw_zalloc((size_t)n)};
    struct sw_err err = SW_ERR_INIT;
    struct step person = {.work = {.run = make_person, .done = nothing}, .l = &l};
    char path[4000], url[4096];
    double from;
    mkdir(home, 0700);
    snprintf(path, sizeof path, "%s/syncwell.db", home);
    snprintf(url, sizeof url, "sqlite:%s", path);
    uv_loop_init(&l.loop);
    l.writer = sw_worker_new(&l.loop, url, schema, true, &err);
    if (!l.writer) bench_die("store", &err);
    sw_worker_submit(l.writer, &person.work);
    uv_run(&l.loop, UV_RUN_DEFAULT);
    from = bench_cpu();
    go_on(&l);
    uv_run(&l.loop, UV_RUN_DEFAULT);
    from = bench_cpu() - from;
    sw_worker_free(l.writer);
    uv_run(&l.loop, UV_RUN_DEFAULT);
    say(path, n, l.times, from);
}

/* ---- the floor ---- */

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL)) bench_die(sqlite3_errmsg(db), NULL);
    return st;
}

static void once(sqlite3_stmt *st)
{
    if (sqlite3_step(st) != SQLITE_DONE) bench_die(sqlite3_errmsg(sqlite3_db_handle(st)), NULL);
    sqlite3_reset(st);
}

static void bare(const char *path, long n)
{
    unsigned char *times = sw_zalloc((size_t)n);
    sqlite3_stmt *insert, *take, *history, *drop;
    sqlite3 *db;
    double from;
    if (sqlite3_open(path, &db)) bench_die(path, NULL);
    if (sqlite3_exec(db,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                     "CREATE TABLE job (id INTEGER PRIMARY KEY, state INT NOT NULL, due_ms INT NOT NULL, lease_ms INT NOT NULL,"
                     " payload TEXT NOT NULL); CREATE INDEX job_due ON job (state, due_ms);"
                     "CREATE TABLE run (id INTEGER PRIMARY KEY, at_ms INT NOT NULL, outcome TEXT NOT NULL)", NULL, NULL, NULL))
        bench_die(sqlite3_errmsg(db), NULL);
    insert = prepare(db, "INSERT INTO job (id, state, due_ms, lease_ms, payload) VALUES (?1, 0, 1, 0, ?2)");
    take = prepare(db, "UPDATE job SET state = 1, lease_ms = ?1 WHERE id = (SELECT id FROM job WHERE state = 0 AND due_ms <= 2 "
                       "ORDER BY due_ms, id LIMIT 1) RETURNING id, payload");
    history = prepare(db, "INSERT INTO run (id, at_ms, outcome) VALUES (?1, 2, 'done')");
    drop = prepare(db, "DELETE FROM job WHERE id = ?1");
    from = bench_cpu();
    for (long i = 0; i < n; i++) {
        char payload[40];
        snprintf(payload, sizeof payload, "{\"k\":%ld}", i);
        sqlite3_bind_int64(insert, 1, i + 1);
        sqlite3_bind_text(insert, 2, payload, -1, SQLITE_TRANSIENT);
        once(insert);
    }
    for (long i = 0; i < n; i++) {
        int64_t id;
        sqlite3_bind_int64(take, 1, sw_wall_ms() + 30000);
        if (sqlite3_step(take) != SQLITE_ROW) bench_die("nothing to claim", NULL);
        id = sqlite3_column_int64(take, 0);
        times[strtol((const char *)sqlite3_column_text(take, 1) + 5, NULL, 10)]++;
        once(take);
        sqlite3_bind_int64(history, 1, id);
        sqlite3_bind_int64(drop, 1, id);
        sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        once(history);
        once(drop);
        if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL)) bench_die(sqlite3_errmsg(db), NULL);
    }
    from = bench_cpu() - from;
    sqlite3_finalize(insert), sqlite3_finalize(take), sqlite3_finalize(history), sqlite3_finalize(drop);
    sqlite3_close(db);
    say(path, n, times, from);
}

int main(int argc, char **argv)
{
    if (argc == 5 && !strcmp(argv[1], "ours")) ours(argv[2], argv[3], atol(argv[4]));
    else if (argc == 4 && !strcmp(argv[1], "floor")) bare(argv[2], atol(argv[3]));
    else bench_die("bench_jobs ours HOME SCHEMA N | floor DB N", NULL);
    return 0;
}
