/* SPDX-License-Identifier: MIT
 * What takes everything elsewhere asks of sw.store: samples written by a template, so that no Lua runs
 * per sample, and the totals services stated.
 *   rows(who, metric, origin, from, to, form) -> text, how many, next
 *     next is where to go on, `to` at the end; a text is some 1 MiB, whatever the span holds.
 *     form: { instant = template, interval = template, head =, join =, tail =, most =, factor =, shift =, seed =,
 *     first_day =, last_day = }
 *     {start} {finish} ISO times with offset; {start_ms} {duration_ms} {duration_s} {offset} {value} numbers;
 *     {uuid} an id made of seed, time and value; {brace} a brace, for texts of strangers. instant is for samples without a length, interval (else the
 *     same) for the others; groups of at most `most` rows stand between head and tail, join between rows.
 *     {value} is value x factor + shift. Samples that start together are never parted. first_day and last_day
 *     leave out samples of other local days, by their own offset.
 *   totals(who) -> list of {metric, day, origin, value} */
#include "base/alloc.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/tz.h"
#include "script/query.h"
#include "store/store_series.h"
#include <stdio.h>
#include <string.h>

enum { ENOUGH = 1 << 20, MOST_PIECES = 128 };

enum field { START, FINISH, START_MS, DURATION_MS, DURATION_S, OFFSET, VALUE, UUID, BRACE, N_FIELDS };
static const char *const field_name[N_FIELDS] = {
    "start", "finish", "start_ms", "duration_ms", "duration_s", "offset", "value", "uuid", "brace"};

struct piece { /* text, then a field */
    const char *text;
    size_t n;
    enum field field; /* N_FIELDS: none */
};
struct template {
    char *text;
    struct piece at[MOST_PIECES];
    int n;
};
struct form {
    struct template instant, interval;
    char *head, *join, *tail, *seed;
    int64_t most, first_day, last_day;
    double factor, shift;
    bool converts;
};

static void free_form(void *p)
{
    struct form *f = p;
    sw_free(f->instant.text);
    sw_free(f->interval.text);
    sw_free(f->head);
    sw_free(f->join);
    sw_free(f->tail);
    sw_free(f->seed);
    sw_free(f);
}

/* --- writing, on the reader thread --- */

static void put_value(struct sw_buf *b, const struct form *f, double v)
{
    char text[40];
    if (!f->converts) {
        sw_json_num(b, v);
        return;
    }
    snprintf(text, sizeof text, "%.12g", v * f->factor + f->shift); /* the sum's own noise stays out */
    sw_buf_puts(b, text);
}

static void put_uuid(struct sw_buf *b, const struct form *f, const struct sw_sample *e)
{
    const int64_t key[] = {e->start_ms, e->dur_ms, e->value};
    struct sw_hash h;
    uint8_t out[SW_HASH_BYTES];
    char x[33];
    sw_hash_start(&h);
    sw_hash_add(&h, f->seed, strlen(f->seed) + 1);
    sw_hash_add(&h, key, sizeof key);
    sw_hash_end(&h, out);
    out[6] = (uint8_t)((out[6] & 0x0f) | 0x80); /* RFC 9562: version 8, made by a rule of ours */
    out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
    sw_hex(out, 16, x);
    sw_buf_printf(b, "%.8s-%.4s-%.4s-%.4s-%.12s", x, x + 8, x + 12, x + 16, x + 20);
}

static void put_time(struct sw_buf *b, int64_t ms, int offset_min)
{
    char text[40];
    sw_iso_format(ms, offset_min, text);
    sw_buf_puts(b, text);
}

static void put_field(struct sw_buf *b, const struct form *f, const struct sw_metric *m,
                      const struct sw_sample *e, enum field field)
{
    switch (field) {
    case START: put_time(b, e->start_ms, e->offset_min); break;
    case FINISH: put_time(b, e->start_ms + e->dur_ms, e->offset_min); break;
    case START_MS: sw_json_int(b, e->start_ms); break;
    case DURATION_MS: sw_json_int(b, e->dur_ms); break;
    case DURATION_S: sw_json_num(b, (double)e->dur_ms / 1000); break;
    case OFFSET: sw_json_int(b, e->offset_min); break;
    case VALUE: put_value(b, f, (double)e->value / m->scale); break;
    case UUID: put_uuid(b, f, e); break;
    case BRACE: sw_buf_byte(b, '{'); break;
    case N_FIELDS: break;
    }
}

static void put_row(struct sw_buf *b, const struct form *f, const struct sw_metric *m,
                    const struct sw_sample *e)
{
    const struct template *t = e->dur_ms && f->interval.n ? &f->interval : &f->instant;
    for (int i = 0; i < t->n; i++) {
        sw_buf_put(b, t->at[i].text, t->at[i].n);
        put_field(b, f, m, e, t->at[i].field);
    }
}

static bool is_wanted(const struct form *f, const struct sw_sample *e)
{
    int64_t day = sw_floor_day(e->start_ms + (int64_t)e->offset_min * 60000);
    return day >= f->first_day && day <= f->last_day;
}

/* The samples of x from *at on, until there is enough text. */
static void put_rows(struct sw_query *a, const struct form *f, const struct sw_metric *m,
                     const struct sw_samples *x, size_t *at, int64_t *open)
{
    for (; *at < x->n; (*at)++) {
        bool apart = !*at || x->at[*at].start_ms != x->at[*at - 1].start_ms;
        if (apart && a->out.len >= ENOUGH) return;
        if (!is_wanted(f, &x->at[*at])) continue;
        if (apart && *open >= f->most) {
            sw_buf_puts(&a->out, f->tail);
            *open = 0;
        }
        sw_buf_puts(&a->out, *open ? f->join : f->head);
        put_row(&a->out, f, m, &x->at[*at]);
        ++*open;
        a->i[7]++;
    }
}

static int write_rows(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    const struct form *f = a->more;
    const struct sw_metric *m = sw_metrics_get(a->engine->metrics, a->s[0]);
    int64_t series, from = a->i[2], to = a->i[3], start, end, open = 0;
    int rc = m ? sw_series_find(s, a->i[0], a->s[0], a->i[1], false, &series, err) : SW_E_NOTFOUND;
    a->i[8] = to;
    if (rc == SW_E_NOTFOUND) return 0; /* nothing there is no failure */
    while (!rc && from < to && a->out.len < ENOUGH) {
        struct sw_samples x = {0};
        size_t at = 0;
        rc = sw_series_span(s, m, series, from, &start, &end, err);
        if (rc <= 0 || start >= to) {
            from = to;
            break;
        }
        rc = sw_series_read(s, m, series, start > from ? start : from, end < to ? end : to, &x, err);
        if (!rc) put_rows(a, f, m, &x, &at, &open);
        from = at < x.n ? x.at[at].start_ms : end;
        sw_samples_clear(&x);
    }
    a->i[8] = from < to ? from : to;
    if (open) sw_buf_puts(&a->out, f->tail);
    return rc < 0 ? rc : 0;
}

/* --- asking --- */

static enum field field_of(const char *s, size_t n)
{
    for (int i = 0; i < N_FIELDS; i++)
        if (strlen(field_name[i]) == n && !memcmp(field_name[i], s, n)) return (enum field)i;
    return N_FIELDS;
}

/* Braces that hold no field's name are text: JSON is full of them. False when there are too many pieces. */
static bool parse(struct template *t, const char *text)
{
    const char *from, *p, *end;
    t->text = sw_strdup(text);
    from = t->text;
    for (p = from; (p = strchr(p, '{')); ) {
        enum field f = (end = strchr(p, '}')) ? field_of(p + 1, (size_t)(end - p - 1)) : N_FIELDS;
        if (f == N_FIELDS) {
            p++;
            continue;
        }
        if (t->n == MOST_PIECES - 1) return false;
        t->at[t->n++] = (struct piece){from, (size_t)(p - from), f};
        from = p = end + 1;
    }
    t->at[t->n++] = (struct piece){from, strlen(from), N_FIELDS};
    return true;
}

static char *text_of(lua_State *L, int arg, const char *name)
{
    char *text;
    lua_getfield(L, arg, name);
    text = sw_strdup(luaL_optstring(L, -1, ""));
    lua_pop(L, 1);
    return text;
}

static double number_of(lua_State *L, int arg, const char *name, double fallback)
{
    double v;
    lua_getfield(L, arg, name);
    v = luaL_optnumber(L, -1, fallback);
    lua_pop(L, 1);
    return v;
}

static struct form *read_form(lua_State *L, int arg)
{
    struct form *f = sw_zalloc(sizeof *f);
    char *instant = text_of(L, arg, "instant"), *interval = text_of(L, arg, "interval");
    bool fits = parse(&f->instant, instant) && (!*interval || parse(&f->interval, interval));
    sw_free(instant);
    sw_free(interval);
    f->head = text_of(L, arg, "head");
    f->join = text_of(L, arg, "join");
    f->tail = text_of(L, arg, "tail");
    f->seed = text_of(L, arg, "seed");
    f->most = (int64_t)number_of(L, arg, "most", 1e15);
    f->first_day = (int64_t)number_of(L, arg, "first_day", -1e15);
    f->last_day = (int64_t)number_of(L, arg, "last_day", 1e15);
    f->factor = number_of(L, arg, "factor", 1);
    f->shift = number_of(L, arg, "shift", 0);
    f->converts = f->factor != 1 || f->shift != 0;
    if (fits) return f;
    free_form(f);
    luaL_error(L, "a row has at most %d fields", MOST_PIECES - 1);
    return NULL;
}

static int l_rows(lua_State *L)
{
    int64_t who = luaL_checkinteger(L, 1), origin = luaL_checkinteger(L, 3),
            from = luaL_checkinteger(L, 4), to = luaL_checkinteger(L, 5);
    const char *metric = luaL_checkstring(L, 2);
    struct form *form;
    struct sw_query *a;
    luaL_checktype(L, 6, LUA_TTABLE);
    form = read_form(L, 6);
    a = sw_query_new(L, write_rows);
    a->more = form;
    a->more_free = free_form;
    a->plain = true;
    a->s[0] = sw_strdup(metric);
    a->i[0] = who, a->i[1] = origin, a->i[2] = from, a->i[3] = to;
    return sw_query_go(L, a);
}

static int write_totals(struct sw_store *s, struct sw_query *a, struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err,
                            "SELECT metric, day, origin_id, total FROM day_total WHERE person_id = $1 "
                            "ORDER BY metric, day, origin_id",
                            "i", a->i[0]);
    return sw_json_list(&a->out, q, "metric:s day:i origin:i value:r", err);
}

static int l_totals(lua_State *L)
{
    return sw_query_who(L, write_totals);
}

const luaL_Reg sw_store_export_functions[] = {{"rows", l_rows}, {"totals", l_totals}, {NULL, NULL}};
