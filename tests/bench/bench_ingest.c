/* SPDX-License-Identifier: MIT
 * G5: pages of a provider's response from bytes to stored, deduplicated, rolled up, settled.
 *   bench_ingest HOME SCHEMA PAGES_DIR
 * The path is the engine's own: tape, a declared map, a column, the ingest functions, one transaction
 * a page with the dispatch job of what was new. Reading the files is not timed, opening the home is
 * not either: neither is in the references. What a home holds afterwards is counted and not timed. */
#include "base/alloc.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/jtape.h"
#include "bench_home.h"
#include "store/store_jobs.h"
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct series_map { /* how a page's items become samples */
    const char *items, *time, *value;
};
static const struct series_map heart_rate_map = {"data", "timestamp", "bpm"};

struct job {
    struct bench_home home;
    struct sw_jtape tape;
    struct sw_batch batch;
    struct sw_buf body;
    struct sw_counts counts;
    int64_t records_new;
};

static int64_t time_of(const struct sw_jtape *t, uint32_t i, int *offset_min)
{
    const struct sw_jnode *n = &t->node[i];
    int64_t ms;
    if (n->kind != SW_JSTR || sw_iso_parse(t->text + n->at, n->len, &ms, offset_min) != n->len) bench_die("a time is none", NULL);
    return ms;
}

static void map_series(struct job *j, const struct series_map *map)
{
    const struct sw_jtape *t = &j->tape;
    uint32_t list = sw_jtape_get(t, 0, map->items), x = list + 1;
    sw_batch_reset(&j->batch);
    for (uint32_t i = 0; i < t->node[list].len; i++, x = t->node[x].next) {
        double value;
        int offset;
        int64_t ms = time_of(t, sw_jtape_get(t, x, map->time), &offset);
        if (sw_jtape_num(t, sw_jtape_get(t, x, map->value), &value))
            sw_batch_add(&j->batch, "heart_rate", "/min", 0, ms, 0, value, (int16_t)offset);
    }
}

/* Copy a member as it stands: values of a valid document are valid JSON. */
static void copy(struct job *j, uint32_t from, const char *name, const char *as)
{
    uint32_t i = sw_jtape_get(&j->tape, from, name);
    const struct sw_jnode *n = &j->tape.node[i];
    bool text = n->kind == SW_JSTR;
    if (!i) return;
    sw_json_key(&j->body, as);
    if (text) sw_buf_byte(&j->body, '"');
    sw_buf_put(&j->body, j->tape.text + n->at, n->len);
    if (text) sw_buf_byte(&j->body, '"');
}

static void map_splits(struct job *j, uint32_t list)
{
    uint32_t x = list + 1;
    for (uint32_t i = 0; list && i < j->tape.node[list].len; i++, x = j->tape.node[x].next) {
        sw_buf_puts(&j->body, i ? ",{" : "{");
        copy(j, x, "distance", "distance_m");
        copy(j, x, "elapsed_time", "elapsed_s");
        copy(j, x, "average_heartrate", "heart_rate");
        sw_buf_byte(&j->body, '}');
    }
}

static void map_activity(struct job *j, uint32_t x)
{
    sw_buf_reset(&j->body);
    sw_buf_puts(&j->body, "{\"attributes\":{");
    copy(j, x, "total_elevation_gain", "ascent_m");
    copy(j, x, "distance", "distance_m");
    copy(j, x, "elapsed_time", "elapsed_s");
    copy(j, x, "average_heartrate", "heart_rate");
    copy(j, x, "name", "name");
    copy(j, sw_jtape_get(&j->tape, x, "map"), "summary_polyline", "polyline");
    sw_buf_puts(&j->body, "},\"segments\":[");
    map_splits(j, sw_jtape_get(&j->tape, x, "splits_metric"));
    sw_buf_puts(&j->body, "]}");
}

static void put_activity(struct job *j, uint32_t x)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_put_result put;
    const struct sw_jtape *t = &j->tape;
    int64_t id = 0, elapsed_s = 0;
    int offset;
    char key[32];
    struct sw_record r = {.start_ms = time_of(t, sw_jtape_get(t, x, "start_date"), &offset)};
    sw_jtape_int(t, sw_jtape_get(t, x, "id"), &id);
    sw_jtape_int(t, sw_jtape_get(t, x, "elapsed_time"), &elapsed_s);
    snprintf(key, sizeof key, "%" PRId64, id);
    map_activity(j, x);
    r.finish_ms = r.start_ms + elapsed_s * 1000;
    r.day = sw_floor_day(r.start_ms);
    r.connection_id = j->home.connection;
    r.origin_id = j->home.origin;
    r.kind = "workout", r.type = "running", r.external_id = key, r.zone_from = "provider", r.state = "final";
    r.body = sw_buf_str(&j->body), r.body_n = j->body.len;
    if (sw_ingest_record(j->home.store, &j->home.who, &r, &put, &err)) bench_die("record", &err);
    j->records_new += put.what == SW_PUT_NEW;
}

static void put_events(struct job *j, int64_t added, int page)
{
    struct sw_err err = SW_ERR_INIT;
    const struct sw_column *c = &j->batch.col[0];
    char payload[200];
    struct sw_job_new job = {.person_id = j->home.who.id, .due_ms = j->home.who.now_ms, .kind = "dispatch", .payload = payload};
    int64_t id;
    if (!added) return;
    snprintf(payload, sizeof payload, "{\"page\":%d,\"events\":[{\"metric\":\"heart_rate\",\"from\":%" PRId64 ",\"to\":%" PRId64
             ",\"n\":%" PRId64 "}]}", page, c->start_ms[0], c->start_ms[c->n - 1], added);
    if (sw_job_add(j->home.store, &job, &id, &err)) bench_die("dispatch", &err);
}

static void ingest_page(struct job *j, const char *text, size_t n, int page)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_column_map map = {.metric = j->home.heart_rate};
    int64_t before = j->counts.added;
    uint32_t list, x;
    if (sw_jtape_parse(&j->tape, text, n, &err)) bench_die("page", &err);
    map_series(j, &heart_rate_map);
    sw_unit_convert(j->batch.col[0].unit, map.metric->unit, &map.convert);
    if (sw_store_begin(j->home.store, true, &err) ||
        sw_ingest_column(j->home.store, &j->home.who, &j->batch.col[0], j->home.origin, &map, &j->counts, &err))
        bench_die("ingest", &err);
    list = sw_jtape_get(&j->tape, 0, "activities");
    x = list + 1;
    for (uint32_t i = 0; i < j->tape.node[list].len; i++, x = j->tape.node[x].next) put_activity(j, x);
    put_events(j, j->counts.added - before, page);
    if (sw_store_commit(j->home.store, &err)) bench_die("commit", &err);
}

static int64_t ask(struct job *j, const char *sql)
{
    struct sw_err err = SW_ERR_INIT;
    int64_t out = 0;
    if (sw_ask_int(j->home.store, &err, &out, sql, "") < 0) bench_die("count", &err);
    return out;
}

static void report(struct job *j, double spent, double settled)
{
    int64_t n = ask(j, "SELECT sum(r.n) FROM rollup r JOIN series s ON s.id = r.id >> 16 WHERE s.origin_id = 0");
    int64_t sum = ask(j, "SELECT CAST(sum(r.total) AS INT) FROM rollup r JOIN series s ON s.id = r.id >> 16 WHERE s.origin_id = 0");
    printf("{\"cpu_s\":%.6f,\"settle_s\":%.6f,\"records\":%" PRId64 ",\"new\":%" PRId64 ",\"check\":\"%" PRId64 " %" PRId64
           " %" PRId64 "\"}\n", spent, settled, j->counts.added + j->counts.same + ask(j, "SELECT count(*) FROM record"),
           j->counts.added + j->records_new, n, sum, ask(j, "SELECT count(*) FROM record"));
}

int main(int argc, char **argv)
{
    struct job j = {0};
    struct dirent **name;
    double spent = 0, began;
    int n;
    if (argc != 4 || sw_crypto_init()) bench_die("usage: bench_ingest HOME SCHEMA PAGES_DIR", NULL);
    n = scandir(argv[3], &name, NULL, alphasort);
    bench_home_open(&j.home, argv[1], argv[2], false);
    sw_jtape_init(&j.tape);
    sw_batch_init(&j.batch);
    sw_buf_init(&j.body, (size_t)1 << 20);
    for (int i = 0; i < n; i++) {
        char path[4096], *text;
        size_t bytes;
        snprintf(path, sizeof path, "%s/%s", argv[3], name[i]->d_name);
        if (name[i]->d_name[0] != '.') {
            text = bench_read(path, &bytes);
            began = bench_cpu();
            ingest_page(&j, text, bytes, i);
            spent += bench_cpu() - began;
            sw_free(text);
        }
        free(name[i]);
    }
    if (n >= 0) free(name);
    began = bench_cpu();
    bench_settle(&j.home);
    report(&j, spent + bench_cpu() - began, bench_cpu() - began);
    sw_counts_clear(&j.counts);
    sw_buf_clear(&j.body);
    sw_batch_clear(&j.batch);
    sw_jtape_clear(&j.tape);
    bench_home_close(&j.home);
    return 0;
}
