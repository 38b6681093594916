/* SPDX-License-Identifier: MIT */
#include "bench_home.h"
#include "base/alloc.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

double bench_cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double cpu_beneath(long pid)
{
    char path[64];
    double sum = 0;
    long child;
    FILE *f;
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", pid, pid);
    f = fopen(path, "r");
    while (f && fscanf(f, "%ld", &child) == 1) {
        struct timespec t = {0, 0};
        clockid_t clock;
        if (!clock_getcpuclockid((pid_t)child, &clock)) clock_gettime(clock, &t);
        sum += (double)t.tv_sec + (double)t.tv_nsec / 1e9 + cpu_beneath(child);
    }
    if (f) fclose(f);
    return sum;
}

double bench_children_cpu(void)
{
    return cpu_beneath(getpid());
}

void bench_die(const char *what, const struct sw_err *err)
{
    fprintf(stderr, "%s%s%s\n", what, err ? ": " : "", err ? err->text : "");
    exit(1);
}

char *bench_read(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *p;
    long size;
    if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0) bench_die(path, NULL);
    rewind(f);
    p = sw_alloc((size_t)size + 1);
    *n = fread(p, 1, (size_t)size, f);
    if (*n != (size_t)size) bench_die(path, NULL);
    fclose(f);
    return p;
}

/* The row of lua/metrics/heart.lua, so that no Lua is needed to measure the store. */
static void add_heart_rate(struct bench_home *h)
{
    struct sw_err err = SW_ERR_INIT;
    char name[] = "heart_rate", unit[] = "/min", title[] = "Heart rate";
    struct sw_metric row = {.name = name, .unit = unit, .title = title, .kind = SW_INSTANT, .daily = SW_AGG_MEAN,
                            .min = 20, .max = 260, .scale = 100};
    h->metrics = sw_metrics_new();
    if (sw_metrics_add(h->metrics, &row, &err)) bench_die("metrics", &err);
    h->heart_rate = sw_metrics_get(h->metrics, "heart_rate");
}

static void find_person(struct bench_home *h, bool read_only)
{
    static const struct sw_origin watch = {"bench", "Watch", "maker", "model", "watch", "1"};
    struct sw_err err = SW_ERR_INIT;
    struct sw_person person;
    int rc = sw_person_get(h->store, "me", &person, &err);
    h->who = (struct sw_who){person.id, "me", sw_tz_open("UTC", &err), INT64_C(1735689600000)};
    if (read_only) {
        if (rc != 1) bench_die("no person in that home", NULL);
        return;
    }
    if (sw_store_begin(h->store, true, &err)) bench_die("begin", &err);
    if (!rc) rc = sw_person_add(h->store, "me", "UTC", h->who.now_ms, &h->who.id, &err);
    if (rc >= 0) rc = sw_connection_id(h->store, h->who.id, "bench", "bench", h->who.now_ms, &h->connection, &err);
    if (!rc) rc = sw_origin_id(h->store, h->who.id, "me", &watch, &h->origin, &err);
    if (!rc) rc = sw_store_commit(h->store, &err);
    if (rc) bench_die("person", &err);
}

void bench_home_open(struct bench_home *h, const char *dir, const char *schema_dir, bool read_only)
{
    struct sw_err err = SW_ERR_INIT;
    char url[4096];
    sw_alloc_keep(); /* as the program does */
    mkdir(dir, 0700);
    snprintf(url, sizeof url, "sqlite:%s/syncwell.db", dir);
    if (sw_store_open(url, schema_dir, read_only, &h->store, &err)) bench_die("open", &err);
    add_heart_rate(h);
    find_person(h, read_only);
}

void bench_home_close(struct bench_home *h)
{
    sw_store_close(h->store);
    sw_metrics_free(h->metrics);
    sw_tz_close((struct sw_tz *)h->who.zone);
}

void bench_settle(struct bench_home *h)
{
    struct sw_err err = SW_ERR_INIT;
    bool left = true;
    while (left) {
        if (sw_store_begin(h->store, true, &err) ||
            sw_timeline_settle(h->store, h->metrics, &h->who, 300, &left, &err) || sw_store_commit(h->store, &err))
            bench_die("settle", &err);
    }
}
