/* SPDX-License-Identifier: MIT
 * Reading a plan: the JSON that lua/shapes.lua makes of a table's description. Everything in
 * it was checked there against what people may write; here only numbers of fields are checked,
 * since they index cells. Members that are not known are passed over. */
#include "base/alloc.h"
#include "base/jtape.h"
#include "codec/rows.h"
#include <string.h>

struct reading {
    struct sw_jtape t;
    struct sw_rows_plan *p;
    bool bad; /* a field number without a field */
};

static void *zeroed(size_t n, size_t size)
{
    return sw_zalloc((n ? n : 1) * size);
}

static char *text(const struct sw_jtape *t, uint32_t at)
{
    struct sw_buf b;
    char *s;
    if (!at || t->node[at].kind != SW_JSTR) return NULL;
    sw_buf_init(&b, 1 << 20);
    sw_jtape_str(t, at, &b);
    s = sw_strndup(sw_buf_str(&b), b.len);
    sw_buf_clear(&b);
    return s;
}

static char *member(const struct sw_jtape *t, uint32_t obj, const char *key)
{
    return text(t, sw_jtape_get(t, obj, key));
}

static bool flag(const struct sw_jtape *t, uint32_t obj, const char *key)
{
    bool v = false;
    uint32_t at = sw_jtape_get(t, obj, key);
    if (at) sw_jtape_bool(t, at, &v);
    return v;
}

/* Number of a field, -1 if the member is absent. */
static int field_of(struct reading *r, const struct sw_rows_table *row, uint32_t at)
{
    int64_t v;
    if (!at) return -1;
    if (sw_jtape_int(&r->t, at, &v) && v >= 0 && v < (int64_t)row->n_field) return (int)v;
    r->bad = true;
    return -1;
}

static int field_member(struct reading *r, const struct sw_rows_table *row, uint32_t obj,
                        const char *key)
{
    return field_of(r, row, sw_jtape_get(&r->t, obj, key));
}

/* Members of a list member; 0 when there is none. *first is the first of them. */
static size_t list(const struct sw_jtape *t, uint32_t obj, const char *key, uint32_t *first)
{
    uint32_t at = sw_jtape_get(t, obj, key);
    if (!at || t->node[at].kind != SW_JARR) return 0;
    *first = at + 1;
    return t->node[at].len;
}

static void read_fields(struct reading *r, struct sw_rows_table *row, uint32_t obj)
{
    uint32_t at = 0;
    size_t n = list(&r->t, obj, "fields", &at);
    if (n > SW_ROWS_MAX_FIELDS) n = SW_ROWS_MAX_FIELDS;
    row->field = zeroed(n, sizeof *row->field);
    row->n_field = n;
    for (size_t i = 0; i < n; i++, at = r->t.node[at].next) {
        int64_t v = -1;
        uint32_t cell = sw_jtape_get(&r->t, at, "at");
        row->field[i].key = member(&r->t, at, "key");
        row->field[i].path = member(&r->t, at, "path");
        if (cell) sw_jtape_int(&r->t, cell, &v);
        row->field[i].at = v < 0 || v > 100000 ? -1 : (int)v;
    }
}

static void read_test(struct reading *r, const struct sw_rows_table *row, uint32_t at,
                      struct sw_rows_test *out)
{
    out->field = field_member(r, row, at, "field");
    out->is = member(&r->t, at, "is");
    out->differs = flag(&r->t, at, "differs");
    if (out->field < 0 || !out->is) r->bad = true;
}

static void read_where(struct reading *r, struct sw_rows_table *row, uint32_t obj)
{
    uint32_t at = 0;
    size_t n = list(&r->t, obj, "where", &at);
    row->where = zeroed(n, sizeof *row->where);
    row->n_where = n;
    for (size_t i = 0; i < n; i++, at = r->t.node[at].next) read_test(r, row, at, &row->where[i]);
}

static int word(const struct sw_jtape *t, uint32_t obj, const char *key, const char *const *words)
{
    uint32_t at = sw_jtape_get(t, obj, key);
    for (int i = 0; at && words[i]; i++)
        if (sw_jtape_eq(t, at, words[i])) return i;
    return 0;
}

static void read_when(struct reading *r, struct sw_rows_table *row, uint32_t obj, const char *key,
                      struct sw_rows_when *out)
{
    static const char *const orders[] = {"ymd", "mdy", "dmy", "s", "ms", "ns", NULL};
    static const char *const clocks[] = {"stated", "utc", "wall", NULL};
    uint32_t when = sw_jtape_get(&r->t, obj, key), at = 0;
    size_t n = when ? list(&r->t, when, "fields", &at) : 0;
    if (n > SW_ROWS_MAX_PARTS) n = SW_ROWS_MAX_PARTS;
    for (out->n = 0; out->n < (int)n; out->n++, at = r->t.node[at].next)
        out->field[out->n] = field_of(r, row, at);
    if (!n) return;
    out->order = (enum sw_rows_order)word(&r->t, when, "order", orders);
    out->clock = (enum sw_rows_clock)word(&r->t, when, "clock", clocks);
}

static void read_value(struct reading *r, const struct sw_rows_table *row, uint32_t at,
                       struct sw_rows_value *v)
{
    int64_t part = 0;
    uint32_t only = sw_jtape_get(&r->t, at, "only"), p = sw_jtape_get(&r->t, at, "part");
    v->type = member(&r->t, at, "type");
    v->unit = member(&r->t, at, "unit");
    v->field = field_member(r, row, at, "field");
    v->unit_field = field_member(r, row, at, "unit_field");
    v->lasts = field_member(r, row, at, "lasts");
    v->skip_zero = flag(&r->t, at, "skip_zero");
    if (p) sw_jtape_int(&r->t, p, &part);
    v->part = part == 1 || part == 2 ? (int)part : 0;
    v->only.field = -1;
    if (only) read_test(r, row, only, &v->only);
    if (!v->type || v->field < 0) r->bad = true;
}

static struct sw_rows_value *read_values(struct reading *r, const struct sw_rows_table *row,
                                         uint32_t obj, const char *key, size_t *n_out)
{
    uint32_t at = 0;
    size_t n = list(&r->t, obj, key, &at);
    struct sw_rows_value *v = zeroed(n, sizeof *v);
    for (size_t i = 0; i < n; i++, at = r->t.node[at].next) read_value(r, row, at, &v[i]);
    *n_out = n;
    return v;
}

static void read_origin(struct reading *r, struct sw_rows_table *row, uint32_t obj)
{
    static const char *const part[] = {"name", "maker", "model", "kind", "ident"};
    uint32_t fixed = sw_jtape_get(&r->t, obj, "origin");
    uint32_t from = sw_jtape_get(&r->t, obj, "origin_from");
    for (int i = 0; i < 5; i++) {
        row->origin[i] = fixed ? member(&r->t, fixed, part[i]) : NULL;
        row->origin_field[i] = from ? field_member(r, row, from, part[i]) : -1;
    }
}

static void read_span(struct reading *r, struct sw_rows_table *row, uint32_t obj)
{
    uint32_t factor = sw_jtape_get(&r->t, obj, "lasts_factor");
    uint32_t fixed = sw_jtape_get(&r->t, obj, "lasts_ms");
    read_when(r, row, obj, "start", &row->start);
    read_when(r, row, obj, "finish", &row->finish);
    row->offset_field = field_member(r, row, obj, "offset");
    row->finish_offset_field = field_member(r, row, obj, "offset_finish");
    row->offset_s = flag(&r->t, obj, "offset_s");
    row->lasts_field = field_member(r, row, obj, "lasts");
    row->lasts_factor = 1000;
    row->lasts_day = flag(&r->t, obj, "lasts_day");
    if (factor) sw_jtape_num(&r->t, factor, &row->lasts_factor);
    if (fixed) sw_jtape_int(&r->t, fixed, &row->lasts_ms);
}

static void read_table(struct reading *r, struct sw_rows_table *row, uint32_t obj)
{
    row->zone = r->p->zone;
    row->comma = r->p->comma;
    row->name = member(&r->t, obj, "name");
    row->list = member(&r->t, obj, "list");
    row->sql = member(&r->t, obj, "sql");
    row->day = member(&r->t, obj, "day");
    row->message = flag(&r->t, obj, "message");
    row->data = flag(&r->t, obj, "data");
    row->apart = flag(&r->t, obj, "apart");
    read_fields(r, row, obj);
    read_where(r, row, obj);
    read_origin(r, row, obj);
    read_span(r, row, obj);
    row->value = read_values(r, row, obj, "values", &row->n_value);
    row->array = read_values(r, row, obj, "arrays", &row->n_array);
    if (!row->name) r->bad = true;
}

static int read_plan(struct reading *r, struct sw_err *err)
{
    char *zone = member(&r->t, 0, "zone"), *delimiter = member(&r->t, 0, "delimiter");
    uint32_t at = 0, skip = sw_jtape_get(&r->t, 0, "skip");
    size_t n = list(&r->t, 0, "tables", &at);
    r->p->delimiter = delimiter ? delimiter[0] : 0;
    r->p->comma = flag(&r->t, 0, "comma");
    if (skip) sw_jtape_int(&r->t, skip, &r->p->skip);
    r->p->zone = sw_tz_open(zone ? zone : "UTC", err);
    sw_free(zone);
    sw_free(delimiter);
    if (!r->p->zone) return SW_E_BAD;
    r->p->table = zeroed(n, sizeof *r->p->table);
    r->p->n_table = n;
    for (size_t i = 0; i < n; i++, at = r->t.node[at].next) read_table(r, &r->p->table[i], at);
    return r->bad ? sw_fail(err, SW_E_BAD, "the plan names a field that is not there") : 0;
}

int sw_rows_open(const char *json, size_t n, struct sw_rows_plan **out, struct sw_err *err)
{
    struct reading r = {.p = zeroed(1, sizeof *r.p)};
    int rc;
    sw_jtape_init(&r.t);
    rc = sw_jtape_parse(&r.t, json, n, err);
    if (!rc && r.t.node[0].kind != SW_JOBJ) rc = sw_fail(err, SW_E_BAD, "the plan is no object");
    if (!rc) rc = read_plan(&r, err);
    sw_jtape_clear(&r.t);
    if (rc) {
        sw_rows_close(r.p);
        return rc;
    }
    *out = r.p;
    return 0;
}

static void clear_values(struct sw_rows_value *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sw_free(v[i].type);
        sw_free(v[i].unit);
        sw_free(v[i].only.is);
    }
    sw_free(v);
}

static void clear_table(struct sw_rows_table *t)
{
    for (size_t i = 0; i < t->n_field; i++) {
        sw_free(t->field[i].key);
        sw_free(t->field[i].path);
    }
    for (size_t i = 0; i < t->n_where; i++) sw_free(t->where[i].is);
    for (int i = 0; i < 5; i++) sw_free(t->origin[i]);
    clear_values(t->value, t->n_value);
    clear_values(t->array, t->n_array);
    sw_free(t->field);
    sw_free(t->where);
    sw_free(t->name);
    sw_free(t->list);
    sw_free(t->sql);
    sw_free(t->day);
}

void sw_rows_close(struct sw_rows_plan *p)
{
    if (!p) return;
    for (size_t i = 0; i < p->n_table; i++) clear_table(&p->table[i]);
    if (p->zone) sw_tz_close(p->zone);
    sw_free(p->table);
    sw_free(p);
}
