/* SPDX-License-Identifier: MIT
 * Apple Health's export.xml, one pass, nothing allocated per record: the scanner gives
 * spans, what repeats from record to record (type, unit, source, device, day) is looked up
 * only when its bytes change. No XML parser is used, because real exports are not XML: one
 * iOS version wrote a document type that is not well formed, and texts hold bytes XML
 * forbids. Fragments without a root and the compact dates of iOS 8 are read as well. Beats
 * of heart rate variability, clinical records and the person's characteristics are not
 * read; repeats are left to the store, which knows identity. */
#include "base/alloc.h"
#include "base/json.h"
#include "codec/apple_scan.h"
#include "codec/apple_sleep.h"
#include "codec/apple_source.h"
#include "codec/apple_workout.h"
#include "codec/decode.h"
#include "codec/text.h"
#include <string.h>

enum { MAX_TYPES = 4096, MAX_SOURCES = 4096, TEXT_MAX = 300 };

enum attr { TYPE, SOURCE, DEVICE, UNIT, START, END, VALUE, N_ATTRS };

struct memo { /* the raw bytes looked up last */
    struct sw_buf raw;
    bool valid;
};

struct type_count {
    char *name;
    size_t n;
};

struct apple {
    struct sw_apple_scan scan;
    struct sw_batch *out;
    struct sw_apple_sleep sleep;
    struct sw_apple_group workout, correlation;
    struct memo type_memo, unit_memo, source_memo;
    struct sw_map sources; /* raw source and device -> origin */
    struct sw_map types;   /* type -> index into counts */
    struct type_count *counts;
    size_t n_counts, cap_counts, type_index;
    char type[TEXT_MAX], unit[TEXT_MAX];
    size_t type_len;
    bool category;
    int origin;
    char day_text[10]; /* of the date read last */
    int64_t day_ms;
    size_t records, nested, workouts, summaries, correlations;
    bool root, root_closed;
};

/* true if raw is what the memo holds; otherwise it holds it from now on. */
static bool same(struct memo *m, struct sw_span a, struct sw_span b)
{
    if (m->valid && m->raw.len == a.n + b.n + 1 && !memcmp(m->raw.data, a.p, a.n) &&
        m->raw.data[a.n] == 1 && !memcmp(m->raw.data + a.n + 1, b.p, b.n))
        return true;
    sw_buf_reset(&m->raw);
    sw_buf_put(&m->raw, a.p, a.n);
    sw_buf_byte(&m->raw, 1);
    sw_buf_put(&m->raw, b.p, b.n);
    m->valid = !m->raw.over;
    m->raw.over = false;
    return false;
}

static const struct sw_span none = {"", 0};

static int origin_of(struct apple *a, struct sw_span source, struct sw_span device)
{
    intptr_t at;
    struct memo *m = &a->source_memo;
    if (!source.p) source = none;
    if (!device.p) device = none;
    if (same(m, source, device)) return a->origin;
    if (m->valid && sw_map_get(&a->sources, m->raw.data, m->raw.len, &at))
        return a->origin = (int)at;
    a->origin = sw_apple_source(a->out, source, device);
    if (m->valid && a->sources.n < MAX_SOURCES)
        sw_map_set(&a->sources, m->raw.data, m->raw.len, a->origin);
    return a->origin;
}

static void count_type(struct apple *a)
{
    intptr_t at;
    if (!sw_map_get(&a->types, a->type, a->type_len, &at)) {
        if (a->n_counts == MAX_TYPES)
            at = 0;
        else {
            sw_grow((void **)&a->counts, &a->cap_counts, a->n_counts + 1,
                    sizeof *a->counts);
            at = (intptr_t)a->n_counts++;
            a->counts[at] = (struct type_count){sw_strdup(a->type), 0};
            sw_map_set(&a->types, a->type, a->type_len, at);
        }
    }
    a->type_index = (size_t)at;
}

static void take_type(struct apple *a, struct sw_span raw)
{
    if (same(&a->type_memo, raw, none)) return;
    a->type_len = sw_apple_text(raw, a->type, TEXT_MAX / 2);
    a->category = !strncmp(a->type, "HKCategoryType", 14);
    count_type(a);
}

static void take_unit(struct apple *a, struct sw_span raw)
{
    if (!raw.p) raw = none;
    if (!same(&a->unit_memo, raw, none)) sw_apple_text(raw, a->unit, TEXT_MAX);
}

static int two(const char *p)
{
    return (p[0] - '0') * 10 + (p[1] - '0');
}

static bool digits(const char *p, const char *mask)
{
    for (; *mask; mask++, p++)
        if (*mask == '0' ? (unsigned char)(*p - '0') > 9 : *p != *mask) return false;
    return true;
}

/* The usual form of a date by position, with its day from the record before; anything else
 * goes to the general reader. */
static int read_time(struct apple *a, struct sw_span raw, struct sw_text_time *t)
{
    const char *p = raw.p;
    int offset;
    if (raw.n != 25 || memcmp(p, a->day_text, 10) || !digits(p + 10, " 00:00:00 ") ||
        !digits(p + 21, "0000") || (p[20] != '+' && p[20] != '-')) {
        int rc = sw_text_time(p, raw.n, t);
        if (rc || raw.n != 25 || t->offset_min == SW_OFFSET_NONE) return rc;
        if (!digits(p, "0000-00-00")) return rc;
        memcpy(a->day_text, p, 10);
        a->day_ms =
            sw_text_days(two(p) * 100 + two(p + 2), two(p + 5), two(p + 8)) * 86400000;
        return 0;
    }
    offset = two(p + 21) * 60 + two(p + 23);
    if (two(p + 11) > 24 || two(p + 14) > 59 || two(p + 17) > 60 || offset > 18 * 60)
        return SW_E_BAD;
    if (p[20] == '-') offset = -offset;
    t->known = true;
    t->offset_min = (int16_t)offset;
    t->ms = a->day_ms +
            ((two(p + 11) * 60 + two(p + 14) - offset) * 60 + two(p + 17)) * (int64_t)1000;
    return 0;
}

/* The slot of an attribute called name, -1 if it is not used. */
static int slot_of(struct sw_span name)
{
    static const struct {
        const char *name;
        size_t n;
        int slot;
    } slots[] = {{"startDate", 9, START}, {"endDate", 7, END},        {"value", 5, VALUE},
                 {"type", 4, TYPE},       {"sourceName", 10, SOURCE}, {"unit", 4, UNIT},
                 {"device", 6, DEVICE},   {"source", 6, SOURCE}};
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++)
        if (slots[i].n == name.n && !memcmp(slots[i].name, name.p, name.n))
            return slots[i].slot;
    return -1;
}

/* Sort a record's attributes into slots by name. */
static void pick(const struct sw_apple_tag *tag, struct sw_span *v)
{
    memset(v, 0, N_ATTRS * sizeof *v);
    for (int i = 0; i < tag->n; i++) {
        int at = slot_of(tag->attr[i].name);
        if (at >= 0) v[at] = tag->attr[i].value;
    }
    if (!v[VALUE].p) v[VALUE] = sw_apple_attr(tag, "sum"); /* iOS 8 wrote aggregates */
    if (!v[VALUE].p) v[VALUE] = sw_apple_attr(tag, "average");
}

/* Start and end of a record. A missing end is the start. NULL, or the reason to refuse it.
 */
static const char *read_span(struct apple *a, const struct sw_span *v,
                             struct sw_text_time *start, struct sw_text_time *end)
{
    int rc;
    if (!v[START].p) return "record without a start";
    rc = read_time(a, v[START], start);
    if (rc) return sw_text_time_reason(rc);
    *end = *start;
    if (!v[END].p) return NULL;
    rc = read_time(a, v[END], end);
    if (rc) return sw_text_time_reason(rc);
    return end->ms < start->ms ? "ends before it starts" : NULL;
}

static void category_sample(struct apple *a, struct sw_span value,
                            const struct sw_text_time *start,
                            const struct sw_text_time *end)
{
    char type[TEXT_MAX];
    int stage;
    memcpy(type, a->type, a->type_len + 1);
    if (value.p && value.n) {
        type[a->type_len] = ':';
        sw_apple_text(value, type + a->type_len + 1, sizeof type - a->type_len - 1);
    }
    sw_batch_add(a->out, type, a->unit, a->origin, start->ms, end->ms - start->ms, 1,
                 start->offset_min);
    if (strcmp(a->type, "HKCategoryTypeIdentifierSleepAnalysis") || !value.p) return;
    stage = sw_apple_stage_of(value.p, value.n);
    if (stage < 0) {
        sw_batch_reject(a->out, "unknown sleep value");
        return;
    }
    sw_apple_sleep_add(&a->sleep, &(struct sw_apple_segment){
                                      start->ms, end->ms, a->origin, start->offset_min,
                                      end->offset_min, (int16_t)stage});
}

static void on_record(struct apple *a, const struct sw_apple_tag *tag)
{
    struct sw_span v[N_ATTRS];
    struct sw_text_time start, end;
    const char *bad;
    double value;
    pick(tag, v);
    a->records++;
    if (a->correlation.open) a->nested++;
    if (!v[TYPE].p) {
        sw_batch_reject(a->out, "record without a type");
        return;
    }
    take_type(a, v[TYPE]);
    a->counts[a->type_index].n++;
    take_unit(a, v[UNIT]);
    a->origin = origin_of(a, v[SOURCE], v[DEVICE]);
    bad = read_span(a, v, &start, &end);
    if (bad) {
        sw_batch_reject(a->out, bad);
    } else if (a->category) {
        category_sample(a, v[VALUE], &start, &end);
    } else if (!v[VALUE].p || !sw_text_num(v[VALUE].p, v[VALUE].n, &value)) {
        sw_batch_reject(a->out, "value is not a number");
    } else {
        sw_batch_add(a->out, a->type, a->unit, a->origin, start.ms, end.ms - start.ms,
                     value, start.offset_min);
        if (a->correlation.open)
            sw_apple_group_member(&a->correlation, a->type, value, a->unit);
    }
}

static void end_workout(struct apple *a)
{
    if (a->workout.open) sw_apple_group_end(&a->workout, "workout", a->out);
}

/* Blood pressure needs no message: its members are samples. */
static void end_correlation(struct apple *a)
{
    if (a->correlation.open && a->correlation.food)
        sw_apple_group_end(&a->correlation, "meal", a->out);
    a->correlation.open = false;
}

static void on_group(struct apple *a, const struct sw_apple_tag *tag,
                     struct sw_apple_group *g, void (*end)(struct apple *))
{
    struct sw_apple_span when;
    if (tag->opens) {
        end(a); /* one that was never closed */
        if (!sw_apple_when(tag, a->out, &when)) return;
        if (when.has_finish && when.finish.ms < when.start.ms) {
            sw_batch_reject(a->out, "ends before it starts");
            return;
        }
        sw_apple_group_begin(
            g, tag, &when,
            origin_of(a, sw_apple_attr(tag, "sourceName"), sw_apple_attr(tag, "device")));
    }
    if (tag->closes) end(a);
}

static void on_summary(struct apple *a, const struct sw_apple_tag *tag)
{
    static const struct sw_origin_desc health = {"Apple Health", "apple", "", "app", ""};
    int origin =
        sw_batch_origin(a->out, &health); /* a total over all of the person's devices */
    struct sw_buf *b = sw_batch_message(a->out, "activity_summary");
    sw_text_put_int(b, "origin", origin);
    sw_buf_puts(b, ",\"attributes\":{");
    sw_apple_put_attributes(b, tag);
    sw_buf_byte(b, '}');
    sw_batch_message_end(a->out);
    a->summaries++;
}

static void on_export_date(struct apple *a, const struct sw_apple_tag *tag)
{
    struct sw_span value = sw_apple_attr(tag, "value");
    struct sw_text_time t;
    struct sw_buf *b;
    if (!value.p || sw_text_time(value.p, value.n, &t)) return;
    b = sw_batch_message(a->out, "export");
    sw_text_put_int(b, "exported_ms", t.ms);
    sw_text_put_offset(b, "offset", t.offset_min);
    sw_batch_message_end(a->out);
}

static void on_root(struct apple *a, const struct sw_apple_tag *tag)
{
    if (tag->opens) a->root = true;
    if (tag->closes) a->root_closed = true;
}

static void on_tag(void *ctx, const struct sw_apple_tag *tag)
{
    struct apple *a = ctx;
    struct sw_span name = tag->name;
    if (sw_span_is(name, "Record")) {
        if (tag->opens) on_record(a, tag);
    } else if (sw_span_is(name, "Workout")) {
        if (tag->opens) a->workouts++;
        on_group(a, tag, &a->workout, end_workout);
    } else if (sw_span_is(name, "Correlation")) {
        if (tag->opens) a->correlations++;
        on_group(a, tag, &a->correlation, end_correlation);
    } else if (a->workout.open) {
        sw_apple_group_child(&a->workout, tag, a->out);
    } else if (a->correlation.open) {
        sw_apple_group_child(&a->correlation, tag, a->out);
    } else if (tag->opens && sw_span_is(name, "ActivitySummary")) {
        on_summary(a, tag);
    } else if (tag->opens && sw_span_is(name, "ExportDate")) {
        on_export_date(a, tag);
    } else if (sw_span_is(name, "HealthData")) {
        on_root(a, tag);
    }
}

static void *apple_open(void)
{
    struct apple *a = sw_zalloc(sizeof *a);
    sw_apple_scan_init(&a->scan);
    sw_apple_group_init(&a->workout);
    sw_apple_group_init(&a->correlation);
    sw_buf_init(&a->type_memo.raw, 4096);
    sw_buf_init(&a->unit_memo.raw, 4096);
    sw_buf_init(&a->source_memo.raw, 4096);
    sw_map_init(&a->sources);
    sw_map_init(&a->types);
    return a;
}

static int apple_feed(void *d, const uint8_t *p, size_t n, struct sw_batch *out,
                      struct sw_err *err)
{
    struct apple *a = d;
    (void)err;
    a->out = out;
    sw_apple_scan_feed(&a->scan, p, n, on_tag, a);
    return 0;
}

static void put_counts(struct apple *a)
{
    struct sw_buf *b = sw_batch_message(a->out, "counts");
    sw_text_put_int(b, "records", (int64_t)a->records);
    sw_text_put_int(b, "nested", (int64_t)a->nested);
    sw_text_put_int(b, "correlations", (int64_t)a->correlations);
    sw_text_put_int(b, "workouts", (int64_t)a->workouts);
    sw_text_put_int(b, "activity_summaries", (int64_t)a->summaries);
    sw_buf_puts(b, ",\"by_type\":{");
    for (size_t i = 0; i < a->n_counts; i++)
        sw_text_put_int(b, a->counts[i].name, (int64_t)a->counts[i].n);
    sw_buf_byte(b, '}');
    sw_batch_message_end(a->out);
}

static void note_damage(struct apple *a)
{
    bool torn = sw_apple_scan_open_end(&a->scan) || a->workout.open || a->correlation.open;
    if (torn || (a->root && !a->root_closed))
        sw_batch_note(a->out,
                      "the export is cut short; what stands before the cut is kept");
    if (a->scan.lost)
        sw_batch_note(a->out, "%zu damaged tags could not be read and are left out",
                      a->scan.lost);
}

static int apple_finish(void *d, struct sw_batch *out, struct sw_err *err)
{
    struct apple *a = d;
    a->out = out;
    if (!a->root && !a->records && !a->workouts && !a->summaries && !a->correlations)
        return sw_fail(err, SW_E_BAD,
                       "not an Apple Health export: no HealthData element, no records");
    note_damage(a);
    end_workout(a);
    end_correlation(a);
    sw_apple_sleep_emit(&a->sleep, out);
    put_counts(a);
    return 0;
}

static void apple_close(void *d)
{
    struct apple *a = d;
    sw_apple_scan_clear(&a->scan);
    sw_apple_sleep_clear(&a->sleep);
    sw_apple_group_clear(&a->workout);
    sw_apple_group_clear(&a->correlation);
    sw_buf_clear(&a->type_memo.raw);
    sw_buf_clear(&a->unit_memo.raw);
    sw_buf_clear(&a->source_memo.raw);
    sw_map_clear(&a->sources);
    sw_map_clear(&a->types);
    for (size_t i = 0; i < a->n_counts; i++) sw_free(a->counts[i].name);
    sw_free(a->counts);
    sw_free(a);
}

const struct sw_decoder sw_decoder_apple = {"apple", apple_open, apple_feed, apple_finish,
                                            apple_close, NULL, NULL};
