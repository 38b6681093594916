/* SPDX-License-Identifier: MIT
 * Rows into samples and messages by a plan. A wall clock without a zone is read in the person's
 * zone and carries no offset: the file did not say where they were, and nothing pretends it did.
 * Neither metrics nor ranges are known here. */
#include "codec/rows.h"
#include "base/jtape.h"
#include "base/json.h"
#include "codec/text.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_TIME = 80, MAX_UNIT = 40, MAX_ARRAY = 100000 };

/* --- figures --- */

static struct sw_cell trimmed(struct sw_cell c)
{
    while (c.n && isspace((unsigned char)*c.p)) c.p++, c.n--;
    while (c.n && isspace((unsigned char)c.p[c.n - 1])) c.n--;
    return c;
}

static bool nothing(struct sw_cell c)
{
    static const char *const words[] = {"-", "--", "null", "nan", "n/a", "none"};
    if (!c.p || !c.n) return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == c.n && !strncasecmp(words[i], c.p, c.n)) return true;
    return false;
}

/* Three digits and then no digit follow the separator at p. */
static bool thousands(const char *p, const char *end)
{
    for (int i = 1; i <= 3; i++)
        if (p + i >= end || !isdigit((unsigned char)p[i])) return false;
    return p + 4 >= end || !isdigit((unsigned char)p[4]);
}

/* Bytes of what may stand between thousands at p, 0 if it is something else: a blank may be one that
 * does not break, wide or narrow. */
static size_t separator(const char *p, const char *end, bool comma)
{
    if (*p == (comma ? '.' : ',') || *p == '\'' || *p == ' ') return 1;
    if (end - p > 2 && !memcmp(p, "\xc2\xa0", 2)) return 2;
    if (end - p > 3 && (!memcmp(p, "\xe2\x80\xaf", 3) || !memcmp(p, "\xe2\x80\x99", 3))) return 3;
    return 0;
}

int sw_rows_num(struct sw_cell c, bool comma, double *out)
{
    char t[64];
    size_t k = 0;
    c = trimmed(c);
    if (nothing(c)) return 0;
    if (c.n >= sizeof t) return -1;
    for (const char *p = c.p, *end = c.p + c.n; p < end; p++) {
        size_t n = separator(p, end, comma);
        if (n && p > c.p && thousands(p + n - 1, end)) p += n - 1;
        else t[k++] = comma && *p == ',' ? '.' : *p;
    }
    return sw_text_num(t, k, out) ? 1 : -1;
}

/* --- times --- */

struct parts {
    int v[3], digits[3], n; /* numbers of the date as they stand */
    int h, m, s;
    const char *rest; /* fraction and zone */
    bool day_only;
};

static const char *number(const char *p, const char *end, int most, int *out, int *digits)
{
    int v = 0, n = 0;
    for (; p < end && n < most && isdigit((unsigned char)*p); p++, n++) v = v * 10 + (*p - '0');
    *out = v;
    *digits = n;
    return p;
}

static const char *read_clock(const char *p, const char *end, struct parts *t)
{
    int digits;
    p = number(p, end, 2, &t->h, &digits);
    if (!digits || p >= end || *p != ':') return NULL;
    p = number(p + 1, end, 2, &t->m, &digits);
    if (digits != 2) return NULL;
    if (p < end && *p == ':') p = number(p + 1, end, 2, &t->s, &digits);
    return digits == 2 ? p : NULL;
}

/* " PM", "a.m.": moves the hour; gives what follows. */
static const char *half_day(const char *p, const char *end, struct parts *t)
{
    const char *q = p;
    bool pm;
    while (q < end && (isspace((unsigned char)*q) || (unsigned char)*q >= 0x80)) q++;
    if (q >= end || !strchr("aApP", *q)) return p;
    pm = *q == 'p' || *q == 'P';
    for (q++; q < end && strchr(".mM ", *q); q++)
        ;
    if (t->h > 12 || t->h == 0) return q; /* "13:05 PM": the hour says it already */
    t->h = t->h % 12 + (pm ? 12 : 0);
    return q;
}

static bool read_date(const char **at, const char *end, struct parts *t)
{
    const char *p = *at;
    for (t->n = 0; t->n < 3; t->n++) {
        p = number(p, end, 4, &t->v[t->n], &t->digits[t->n]);
        if (!t->digits[t->n]) return false;
        if (t->n < 2 && (p >= end || !strchr("-/.", *p))) return false;
        if (t->n < 2) p++;
    }
    while (p < end && (isspace((unsigned char)*p) || *p == 'T' || *p == ',')) p++;
    *at = p;
    return true;
}

static int in_order(const struct parts *t, enum sw_rows_order order, int *y, int *m, int *d)
{
    bool year_first = t->digits[0] == 4; /* a year is a year wherever it stands */
    int first = t->v[0], second = t->v[1];
    *y = year_first ? t->v[0] : t->v[2];
    if (!year_first && t->digits[2] == 2) *y += *y < 70 ? 2000 : 1900; /* as everybody's clocks do */
    *m = year_first ? second : order == SW_ROWS_DMY ? second : first;
    *d = year_first ? t->v[2] : order == SW_ROWS_DMY ? first : second;
    return year_first || order != SW_ROWS_YMD ? 0 : SW_E_BAD;
}

static int civil_time(const char *s, size_t n, enum sw_rows_order order, enum sw_rows_clock clock,
                      struct sw_text_time *out, bool *day_only)
{
    struct parts t = {0};
    const char *p = s, *end = s + n;
    char text[MAX_TIME * 2];
    int y, m, d, rc;
    if (!read_date(&p, end, &t)) return sw_text_time(s, n, out);
    rc = in_order(&t, order, &y, &m, &d);
    *day_only = p >= end;
    if (!rc && p < end) p = read_clock(p, end, &t);
    if (rc || !p) return SW_E_BAD;
    t.rest = p;
    if (p < end && (*p == '.' || *p == ','))
        for (p++; p < end && isdigit((unsigned char)*p); p++)
            ;
    n = (size_t)(p - t.rest);
    p = half_day(p, end, &t);
    if (clock == SW_ROWS_WALL) p = end;
    snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d:%02d%.*s%.*s", y, m, d, t.h, t.m, t.s,
             (int)(n < 12 ? n : 12), t.rest, (int)(end - p < 16 ? end - p : 16), p);
    return sw_text_time(text, strlen(text), out);
}

static int counted_time(const char *s, size_t n, enum sw_rows_order order, struct sw_text_time *out)
{
    char t[32], *stop;
    long long v;
    double real;
    if (!n || n >= sizeof t) return SW_E_BAD;
    memcpy(t, s, n);
    t[n] = 0;
    v = strtoll(t, &stop, 10); /* nanoseconds are beyond what a double holds exactly */
    if (*stop) {
        if (!sw_text_num(s, n, &real) || fabs(real) > 9e18) return SW_E_BAD;
        if (order == SW_ROWS_S) real *= 1000, order = SW_ROWS_MS;
        v = llround(real);
    }
    if (order == SW_ROWS_S && llabs(v) > (1LL << 40)) return SW_E_LIMIT;
    out->ms = order == SW_ROWS_S ? v * 1000 : order == SW_ROWS_NS ? v / 1000000 : v;
    out->offset_min = SW_OFFSET_NONE;
    out->known = true;
    return out->ms < SW_TIME_MIN_MS || out->ms > SW_TIME_MAX_MS ? SW_E_LIMIT : 0;
}

int sw_rows_time(const char *s, size_t n, enum sw_rows_order order, enum sw_rows_clock clock,
                 struct sw_text_time *out, bool *day_only)
{
    struct sw_cell c = trimmed((struct sw_cell){s, n});
    *day_only = false;
    if (c.n >= MAX_TIME) return SW_E_BAD;
    if (order >= SW_ROWS_S) return counted_time(c.p, c.n, order, out);
    return civil_time(c.p, c.n, order, clock, out, day_only);
}

/* --- a row --- */

struct row {
    const struct sw_rows_table *t;
    const struct sw_cell *cell;
    struct sw_batch *out;
    int origin;
    int64_t start_ms, finish_ms;
    int16_t offset, finish_offset;
    bool timed;
};

static bool same(struct sw_cell c, const char *text)
{
    c = trimmed(c);
    return c.p && strlen(text) == c.n && !memcmp(text, c.p, c.n);
}

static int origin_of(const struct row *r)
{
    char text[5][208];
    const char *part[5];
    for (int i = 0; i < 5; i++) {
        int f = r->t->origin_field[i];
        struct sw_cell c = f < 0 ? (struct sw_cell){0} : trimmed(r->cell[f]);
        part[i] = r->t->origin[i];
        if (nothing(c)) continue;
        snprintf(text[i], sizeof text[i], "%.*s", (int)(c.n < 200 ? c.n : 200), c.p);
        part[i] = text[i];
    }
    if (!part[1] && part[0]) part[1] = sw_text_maker(part[0]);
    if (part[0] == text[0] && part[3] != text[3] && *sw_text_kind(part[0]))
        part[3] = sw_text_kind(part[0]); /* a row's own device, where its name tells more than the table */
    return sw_batch_origin(r->out, &(struct sw_origin_desc){(char *)part[0], (char *)part[1],
                                                            (char *)part[2], (char *)part[3],
                                                            (char *)part[4]});
}

/* Minutes east from "UTC-0500", "+01:00" or a number of seconds. */
static int16_t stated_offset(const struct sw_rows_table *t, struct sw_cell c)
{
    double v;
    int h = 0, m = 0, sign = 1;
    c = trimmed(c);
    if (t->offset_s) {
        if (sw_rows_num(c, false, &v) != 1 || fabs(v) > 18 * 3600) return SW_OFFSET_NONE;
        return (int16_t)lround(v / 60);
    }
    while (c.n && !strchr("+-", *c.p)) c.p++, c.n--;
    if (c.n < 3 || c.n > 6) return SW_OFFSET_NONE;
    sign = *c.p == '-' ? -1 : 1;
    for (size_t i = 1, k = 0; i < c.n; i++) {
        if (c.p[i] == ':') continue;
        if (!isdigit((unsigned char)c.p[i])) return SW_OFFSET_NONE;
        if (k++ < 2) h = h * 10 + (c.p[i] - '0');
        else m = m * 10 + (c.p[i] - '0');
    }
    return h > 18 || m > 59 ? SW_OFFSET_NONE : (int16_t)(sign * (h * 60 + m));
}

static size_t joined(const struct row *r, const struct sw_rows_when *w, char *to)
{
    size_t k = 0;
    if (r->t->day) k = (size_t)snprintf(to, MAX_TIME, "%.20s ", r->t->day);
    for (int i = 0; i < w->n; i++) {
        struct sw_cell c = w->field[i] < 0 ? (struct sw_cell){0} : trimmed(r->cell[w->field[i]]);
        if (nothing(c)) continue;
        if (k + c.n + 2 > MAX_TIME) return 0;
        if (i) to[k++] = ' ';
        memcpy(to + k, c.p, c.n);
        k += c.n;
    }
    return k;
}

/* 1 read, 0 the cells are empty, negative: why it cannot be read. */
static int instant(const struct row *r, const struct sw_rows_when *w, int offset_field, int64_t *ms,
                   int16_t *offset)
{
    char text[MAX_TIME];
    struct sw_text_time t;
    bool day_only;
    size_t n = joined(r, w, text);
    int rc;
    if (!n) return 0;
    rc = sw_rows_time(text, n, w->order, w->clock, &t, &day_only);
    if (rc) return rc;
    /* "+0000" of a service that writes all in UTC does not say where the person was */
    *offset = w->clock == SW_ROWS_UTC ? SW_OFFSET_NONE : t.offset_min;
    if (offset_field >= 0) *offset = stated_offset(r->t, r->cell[offset_field]);
    *ms = t.known || w->clock == SW_ROWS_UTC ? t.ms : sw_tz_utc(r->t->zone, t.ms);
    return 1;
}

static bool lasts(const struct row *r, int64_t *ms)
{
    double v;
    if (r->t->lasts_field < 0) {
        *ms = r->t->lasts_ms;
        return true;
    }
    if (sw_rows_num(r->cell[r->t->lasts_field], r->t->comma, &v) != 1) return false;
    v *= r->t->lasts_factor;
    if (v < 0 || v > 1e12) return false;
    *ms = llround(v);
    return true;
}

static void whole_day(struct row *r)
{
    int64_t local = r->start_ms + (int64_t)sw_tz_offset(r->t->zone, r->start_ms) * 1000;
    r->finish_ms = sw_tz_day_start(r->t->zone, sw_floor_day(local) + 1);
}

static int span(struct row *r)
{
    int64_t ms = 0;
    int rc = instant(r, &r->t->start, r->t->offset_field, &r->start_ms, &r->offset);
    if (rc != 1) return rc;
    r->finish_ms = r->start_ms;
    r->finish_offset = r->offset;
    if (r->t->finish.n) {
        int at = r->t->finish_offset_field < 0 ? r->t->offset_field : r->t->finish_offset_field;
        rc = instant(r, &r->t->finish, at, &r->finish_ms, &r->finish_offset);
        if (rc < 0) return rc;
        /* clocks without a date: midnight is the end of the day */
        if (r->t->day && r->finish_ms <= r->start_ms) r->finish_ms += SW_DAY_MS;
    } else if (r->t->lasts_day) {
        whole_day(r);
    } else if (lasts(r, &ms)) {
        r->finish_ms = r->start_ms + ms;
    }
    if (r->finish_ms < r->start_ms) r->finish_ms = r->start_ms;
    r->timed = true;
    return 1;
}

static struct sw_cell side(struct sw_cell c, int part)
{
    const char *slash = part && c.p ? memchr(c.p, '/', c.n) : NULL;
    if (!part || !c.p) return c;
    if (!slash) return (struct sw_cell){0};
    if (part == 1) return (struct sw_cell){c.p, (size_t)(slash - c.p)};
    return (struct sw_cell){slash + 1, (size_t)(c.p + c.n - slash - 1)};
}

static const char *unit_of(const struct row *r, const struct sw_rows_value *v, char *to)
{
    struct sw_cell c = v->unit_field < 0 ? (struct sw_cell){0} : trimmed(r->cell[v->unit_field]);
    if (nothing(c) || c.n >= MAX_UNIT) return v->unit ? v->unit : "";
    memcpy(to, c.p, c.n);
    to[c.n] = 0;
    return to;
}

static void put_value(const struct row *r, const struct sw_rows_value *v)
{
    char unit[MAX_UNIT];
    double x;
    int got;
    if (v->only.field >= 0 && !same(r->cell[v->only.field], v->only.is)) return;
    got = sw_rows_num(side(r->cell[v->field], v->part), r->t->comma, &x);
    if (got < 0) sw_batch_reject(r->out, "value is not a number");
    if (got != 1 || (v->skip_zero && x <= 0)) return;
    sw_batch_add(r->out, v->type, unit_of(r, v, unit), r->origin, r->start_ms,
                 r->finish_ms - r->start_ms, x, r->offset);
}

/* "[1893,1893]" with a duration each, or one duration for all; null is a gap. */
static void put_array(const struct row *r, const struct sw_rows_value *v)
{
    struct sw_jtape items, spans;
    struct sw_cell c = r->cell[v->field], d = v->lasts < 0 ? c : r->cell[v->lasts];
    int64_t at = r->start_ms;
    bool each = false;
    double one = 0;
    sw_jtape_init(&items);
    sw_jtape_init(&spans);
    items.max = spans.max = MAX_ARRAY;
    if (!c.p || !d.p || sw_jtape_parse(&items, c.p, c.n, NULL) || items.node[0].kind != SW_JARR)
        goto out;
    if (!sw_jtape_parse(&spans, d.p, d.n, NULL))
        each = spans.node[0].kind == SW_JARR && spans.node[0].len == items.node[0].len;
    if (!each && !sw_text_num(d.p, d.n, &one)) {
        sw_batch_reject(r->out, "a list of values without their durations");
        goto out;
    }
    for (uint32_t i = 1, k = 1; i < items.n; i = items.node[i].next) {
        double x, s = one;
        if (each) sw_jtape_num(&spans, k, &s), k = spans.node[k].next;
        if (!(s >= 0 && s <= 86400)) break;
        if (sw_jtape_num(&items, i, &x) && !(v->skip_zero && x <= 0))
            sw_batch_add(r->out, v->type, v->unit ? v->unit : "", r->origin, at,
                         each ? llround(s * 1000) : 0, x, r->offset);
        at += llround(s * 1000);
    }
out:
    sw_jtape_clear(&items);
    sw_jtape_clear(&spans);
}

/* JSON without the blanks between its tokens: a message is one line. */
static void put_compact(struct sw_buf *b, struct sw_cell json)
{
    bool in_text = false;
    size_t from = 0;
    for (size_t i = 0; i < json.n; i++) {
        char c = json.p[i];
        if (in_text && c == '\\') i++;
        else if (c == '"') in_text = !in_text;
        else if (!in_text && strchr(" \t\r\n", c)) {
            sw_buf_put(b, json.p + from, i - from);
            from = i + 1;
        }
    }
    sw_buf_put(b, json.p + from, json.n - from);
}

static void put_message(const struct row *r, struct sw_cell data)
{
    struct sw_buf *b = sw_batch_message(r->out, r->t->name);
    sw_text_put_int(b, "origin", r->origin);
    if (r->timed) {
        sw_text_put_int(b, "start_ms", r->start_ms);
        sw_text_put_int(b, "finish_ms", r->finish_ms);
        sw_text_put_offset(b, "offset_start", r->offset);
        sw_text_put_offset(b, "offset_finish", r->finish_offset);
    }
    for (size_t i = 0; i < r->t->n_field; i++) {
        struct sw_cell c = r->cell[i];
        if (!r->t->field[i].key || !c.p || !c.n) continue;
        sw_json_key(b, r->t->field[i].key);
        sw_json_str(b, c.p, c.n);
    }
    if (r->t->data && data.n) {
        sw_json_key(b, "data");
        put_compact(b, data);
    }
    sw_batch_message_end(r->out);
}

static bool wanted(const struct row *r)
{
    for (size_t i = 0; i < r->t->n_where; i++) {
        const struct sw_rows_test *w = &r->t->where[i];
        if (same(r->cell[w->field], w->is) == w->differs) return false;
    }
    for (size_t i = 0; i < r->t->n_field; i++)
        if (r->cell[i].p && r->cell[i].n) return true;
    return false; /* an empty line */
}

static void set_apart(struct sw_rows_table *t, struct row *r)
{
    t->same = r->start_ms == t->last_ms ? t->same + 1 : 0;
    t->last_ms = r->start_ms;
    r->start_ms += t->same;
    r->finish_ms += t->same;
}

void sw_rows_put(struct sw_rows_table *t, const struct sw_cell *cell, struct sw_cell data,
                 struct sw_batch *out)
{
    struct row r = {.t = t,
                    .cell = cell,
                    .out = out,
                    .offset = SW_OFFSET_NONE,
                    .finish_offset = SW_OFFSET_NONE};
    int rc = 0;
    if (!wanted(&r)) return;
    if (t->start.n) rc = span(&r);
    if (rc < 0) {
        sw_batch_reject(out, sw_text_time_reason(rc));
        return;
    }
    if (t->apart && r.timed) set_apart(t, &r);
    r.origin = origin_of(&r);
    for (size_t i = 0; r.timed && i < t->n_value; i++) put_value(&r, &t->value[i]);
    for (size_t i = 0; r.timed && i < t->n_array; i++) put_array(&r, &t->array[i]);
    if (t->message) put_message(&r, data);
}
