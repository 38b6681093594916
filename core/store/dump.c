/* SPDX-License-Identifier: MIT */
#include "store/dump.h"
#include "base/alloc.h"
#include "base/json.h"
#include "base/log.h"
#include "base/tz.h"
#include "store/store_series.h"
#include <errno.h>
#include <string.h>

#define LINE_MOST ((size_t)64 << 20)
#define LAST_DAY  (SW_TIME_MAX_MS / SW_DAY_MS + 1) /* beyond it a day does not fit a chunk's key */

struct out {
    struct sw_buf b;
    int fd;
};

/* A terminal must not obey what a name in it says. */
static int flush(struct out *o, struct sw_err *err)
{
    if (o->b.over)
        return sw_fail(err, SW_E_LIMIT, "a line of the dump is over %zu MiB", LINE_MOST >> 20);
    if (sw_write_shown(o->fd, sw_buf_str(&o->b), o->b.len))
        return sw_fail(err, SW_E_IO, "cannot write the dump: %s", strerror(errno));
    sw_buf_reset(&o->b);
    return 0;
}

struct table {
    const char *name, *sql;
    const char *columns[17]; /* of the line, in the statement's order; ends with NULL */
};

/* Each row a line {"table":NAME, column: value ...}. Columns holding a JSON text end in '*', integers in
 * '#', reals in '~'; the rest is text. */
static int dump_table(struct sw_store *s, struct out *o, const struct table *table, struct sw_err *err)
{
    const char *const *columns = table->columns;
    struct sw_q *q = sw_ask(s, err, table->sql, "");
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && !rc && (rc = sw_q_next(q, err)) > 0) {
        sw_buf_puts(&o->b, "{\"table\":");
        sw_json_str(&o->b, table->name, strlen(table->name));
        for (int i = 0; columns[i]; i++) {
            size_t n, len = strlen(columns[i]);
            char kind = columns[i][len - 1];
            const char *t = strchr("#~", kind) ? "" : sw_q_text(q, i, &n);
            bool marked = strchr("*#~", kind) != NULL;
            sw_buf_byte(&o->b, ',');
            sw_json_str(&o->b, columns[i], len - marked);
            sw_buf_byte(&o->b, ':');
            if (kind == '#') sw_json_int(&o->b, sw_q_int(q, i));
            else if (kind == '~') sw_json_num(&o->b, sw_q_real(q, i));
            else if (kind == '*') sw_buf_put(&o->b, t, n);
            else sw_json_str(&o->b, t, n);
        }
        sw_buf_puts(&o->b, "}\n");
        rc = o->b.len > (1 << 16) ? flush(o, err) : 0;
        if (rc) sw_q_stop(q);
    }
    return rc < 0 ? rc : flush(o, err);
}

struct series {
    int64_t id, origin;
    char *person, *metric, *origin_key;
};
struct series_list {
    struct series *at;
    size_t n, cap;
};

static int list_series(struct sw_store *s, struct series_list *l, struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err,
        "SELECT series.id, person.name, series.metric, coalesce(origin.key_text, ''), series.origin_id FROM series JOIN person ON "
        "person.id = series.person_id LEFT JOIN origin ON origin.id = series.origin_id ORDER BY person.name, series.metric, "
        "coalesce(origin.key_text, ''), series.origin_id",
        "");
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        sw_grow((void **)&l->at, &l->cap, l->n + 1, sizeof *l->at);
        l->at[l->n++] = (struct series){
            sw_q_int(q, 0), sw_q_int(q, 4), sw_strdup(sw_q_text(q, 1, NULL)),
            sw_strdup(sw_q_text(q, 2, NULL)), sw_strdup(sw_q_text(q, 3, NULL))};
    }
    return rc;
}

static void head(struct out *o, const char *table, const struct series *x)
{
    sw_buf_puts(&o->b, "{\"table\":");
    sw_json_str(&o->b, table, strlen(table));
    sw_json_key(&o->b, "person"), sw_json_str(&o->b, x->person, strlen(x->person));
    sw_json_key(&o->b, "metric"), sw_json_str(&o->b, x->metric, strlen(x->metric));
    sw_json_key(&o->b, "origin"), sw_json_str(&o->b, x->origin_key, strlen(x->origin_key));
}

static void put_rollup(void *ctx, int64_t day, const struct sw_rollup *r)
{
    struct out *o = ((void **)ctx)[0];
    const double v[] = {r->sum, r->min, r->max, r->last};
    static const char *const key[] = {"sum", "min", "max", "last"};
    head(o, "rollup", ((void **)ctx)[1]);
    sw_json_key(&o->b, "day"), sw_json_int(&o->b, day);
    sw_json_key(&o->b, "n"), sw_json_int(&o->b, r->n);
    for (int i = 0; i < 4; i++) sw_json_key(&o->b, key[i]), sw_json_num(&o->b, v[i]);
    sw_buf_puts(&o->b, "}\n");
}

static int put_samples(struct out *o, const struct series *x, const struct sw_samples *v,
                       struct sw_err *err)
{
    int rc = 0;
    head(o, "samples", x);
    sw_json_key(&o->b, "at");
    sw_buf_byte(&o->b, '[');
    for (size_t i = 0; i < v->n && !rc; i++) {
        sw_buf_printf(&o->b, "%s[%lld,%lld,%lld,%d]", i ? "," : "", (long long)v->at[i].start_ms,
                      (long long)v->at[i].dur_ms, (long long)v->at[i].value,
                      (int)v->at[i].offset_min);
        if (o->b.len > (1 << 16)) rc = flush(o, err);
    }
    sw_buf_puts(&o->b, "]}\n");
    return rc;
}

/* Samples a month at a time, so that memory stays small. */
static int dump_samples(struct sw_store *s, struct out *o, const struct sw_metric *m,
                        const struct series *x, struct sw_err *err)
{
    struct sw_date d = {1900, 1, 1};
    int64_t first;
    int rc = sw_ask_int(s, err, &first,
                        "SELECT id FROM chunk WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 1", "ii",
                        x->id << 16, (x->id + 1) << 16);
    if (rc <= 0) return rc; /* a tail never exists without its chunk */
    d = sw_date_of_day((first & 0xffff) - 25567);
    for (rc = 0; sw_day_of_date(d.year, d.month, 1) < LAST_DAY && !rc;) {
        int64_t from = sw_day_of_date(d.year, d.month, 1) * SW_DAY_MS, left;
        struct sw_samples v = {0};
        if (++d.month > 12) d.month = 1, d.year++;
        rc = sw_series_read(s, m, x->id, from, sw_day_of_date(d.year, d.month, 1) * SW_DAY_MS, &v,
                            err);
        if (!rc && v.n) rc = put_samples(o, x, &v, err);
        if (!v.n && !rc && sw_day_of_date(d.year, d.month, 1) < LAST_DAY) {
            rc = sw_ask_int(s, err, &left,
                            "SELECT id FROM chunk WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 1",
                            "ii", x->id << 16 | (sw_day_of_date(d.year, d.month, 1) + 25567),
                            (x->id + 1) << 16);
            if (!rc) break;
            if (rc > 0) d = sw_date_of_day((left & 0xffff) - 25567), rc = 0;
        }
        sw_samples_clear(&v);
        if (!rc && o->b.len > (1 << 16)) rc = flush(o, err);
    }
    return rc;
}

static int dump_series(struct sw_store *s, const struct sw_metrics *metrics, struct out *o,
                       struct sw_err *err)
{
    struct series_list l = {0};
    int rc = list_series(s, &l, err);
    for (size_t i = 0; i < l.n && !rc; i++) {
        struct series *x = &l.at[i];
        const struct sw_metric *m = sw_metrics_get(metrics, x->metric);
        void *ctx[] = {o, x};
        if (m && x->origin) rc = dump_samples(s, o, m, x, err);
        if (!rc) rc = sw_rollup_range(s, x->id, -25567, 40000, put_rollup, ctx, err);
        if (!rc) rc = flush(o, err);
    }
    for (size_t i = 0; i < l.n; i++) {
        sw_free(l.at[i].person);
        sw_free(l.at[i].metric);
        sw_free(l.at[i].origin_key);
    }
    sw_free(l.at);
    return rc;
}

static const struct table data[] = {
    {"person", "SELECT id, name, zone FROM person ORDER BY id", {"id#", "name", "zone"}},
    {"connection", "SELECT id, provider, name, state FROM connection ORDER BY id", {"id#", "provider", "name", "state"}},
    {"origin",
     "SELECT id, key_text, provider, name, maker, model, class, standing, merged_into FROM origin ORDER BY id",
     {"id#", "key", "provider", "name", "maker", "model", "class", "standing#", "merged_into#"}},
    {"origin_rank", "SELECT person_id, metric, origin_id, place FROM origin_rank ORDER BY person_id, metric, place",
     {"person#", "metric", "origin#", "place#"}},
    {"origin_hours",
     "SELECT person_id, metric, from_min, to_min, origin_id, place FROM origin_hours "
     "ORDER BY person_id, metric, from_min, to_min, place",
     {"person#", "metric", "from#", "to#", "origin#", "place#"}},
    {"record",
     "SELECT id, kind, type, start_ms, finish_ms, offset_start, offset_finish, zone_from, day, connection_id, "
     "external_id, origin_id, group_id, revision, state, body FROM record ORDER BY id",
     {"id#", "kind", "type", "start#", "finish#", "offset_start#", "offset_finish#", "zone_from", "day#", "connection#",
      "external_id", "origin#", "group#", "revision#", "state", "body*"}},
    {"day_total",
     "SELECT person_id, metric, day, origin_id, total FROM day_total ORDER BY person_id, metric, day, origin_id",
     {"person#", "metric", "day#", "origin#", "total~"}},
    /* kinds whose body tells of attempts or wall clocks start with a dot and are left out */
    {"doc",
     "SELECT person_id, kind, name, body FROM doc WHERE substr(kind, 1, 1) <> '.' ORDER BY person_id, kind, name",
     {"person#", "kind", "name", "body*"}},
};

static const struct table rest[] = {
    {"doc_all", "SELECT person_id, kind, name, at_ms, revision, body FROM doc ORDER BY person_id, kind, name",
     {"person#", "kind", "name", "at#", "revision#", "body*"}},
    {"job", "SELECT id, person_id, kind, name, state, due_ms, attempts, payload, failure FROM job ORDER BY id",
     {"id#", "person#", "kind", "name", "state#", "due#", "attempts#", "payload*", "failure"}},
    {"run", "SELECT id, person_id, kind, name, at_ms, outcome, body FROM run ORDER BY id",
     {"id#", "person#", "kind", "name", "at#", "outcome", "body"}},
};

static int dump_tables(struct sw_store *s, struct out *o, const struct table *t, size_t n, struct sw_err *err)
{
    int rc = 0;
    for (size_t i = 0; i < n && !rc; i++) rc = dump_table(s, o, &t[i], err);
    return rc;
}

int sw_dump(struct sw_store *s, const struct sw_metrics *metrics, bool all, int fd,
            struct sw_err *err)
{
    struct out o = {.fd = fd};
    int rc;
    sw_buf_init(&o.b, LINE_MOST);
    rc = dump_tables(s, &o, data, sizeof data / sizeof *data, err);
    if (!rc) rc = dump_series(s, metrics, &o, err);
    if (!rc && all) rc = dump_tables(s, &o, rest, sizeof rest / sizeof *rest, err);
    sw_buf_clear(&o.b);
    return rc;
}
