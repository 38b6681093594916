/* SPDX-License-Identifier: MIT */
/* Handing a FIT file over once it is complete: heart rate sent after a swim is spread over
 * the records by time, the offset and the device are settled, then come one record_summary
 * per session, one file_end, and all samples as columns. A workout can so be built even
 * from a file that lost its session. The summary describes what the records say; whether to
 * believe it or the session is decided in lua/import/fit.lua. */
#include "base/json.h"
#include "codec/fit_gather.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEAT_HOLDS_MS = 5000, MAX_BEATS = 100, ASCENT_STEP_M = 3 };

static const struct {
    const char *type, *unit;
} column[SW_FIT_COLUMNS] = {{"record.heart_rate", "bpm"},
                            {"record.speed", "m/s"},
                            {"record.cadence", "rpm"},
                            {"record.power", "W"},
                            {"record.altitude", "m"},
                            {"record.latitude", "deg"},
                            {"record.longitude", "deg"},
                            {"record.distance", "m"},
                            {"record.temperature", "degC"},
                            {"record.respiration_rate", "/min"},
                            {"record.rr_interval", "ms"},
                            {"record.vertical_speed", "m/s"},
                            {"record.grade", "%"},
                            {"record.vertical_oscillation", "mm"},
                            {"record.stance_time", "ms"},
                            {"record.stance_time_percent", "%"},
                            {"record.stance_time_balance", "%"},
                            {"record.vertical_ratio", "%"},
                            {"record.step_length", "mm"},
                            {"record.saturated_hemoglobin", "%"},
                            {"record.total_hemoglobin", "g/dL"},
                            {"record.depth", "m"},
                            {"record.core_temperature", "degC"},
                            {"record.current_stress", ""},
                            {"monitoring.heart_rate", "bpm"},
                            {"monitoring.steps", ""},
                            {"monitoring.distance", "m"},
                            {"monitoring.active_calories", "kcal"},
                            {"monitoring.ascent", "m"},
                            {"monitoring.descent", "m"},
                            {"monitoring.resting_heart_rate", "bpm"},
                            {"stress.level", ""},
                            {"spo2.value", "%"},
                            {"respiration.rate", "/min"},
                            {"hrv.rmssd", "ms"},
                            {"weight.weight", "kg"},
                            {"weight.percent_fat", "%"},
                            {"weight.percent_hydration", "%"},
                            {"weight.bone_mass", "kg"},
                            {"weight.muscle_mass", "kg"},
                            {"weight.bmi", "kg/m2"},
                            {"weight.basal_met", "kcal"},
                            {"weight.visceral_fat_rating", ""},
                            {"blood_pressure.systolic", "mm[Hg]"},
                            {"blood_pressure.diastolic", "mm[Hg]"},
                            {"blood_pressure.pulse", "bpm"},
                            {"max_met.vo2max", "mL/kg/min"}};

/* Index of the last beat not after ms, 0 if there is none. */
static size_t beat_before(const struct sw_fit_gather *g, int64_t ms)
{
    size_t lo = 0, hi = g->n_beat;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (g->beat[mid].ms <= ms)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? lo - 1 : 0;
}

/* Mean of a heart rate that holds from each beat to the next, at most five seconds, over
 * (from, to]. 0 when nothing was measured. */
static uint16_t mean_over(const struct sw_fit_gather *g, int64_t from, int64_t to)
{
    double sum = 0, weight = 0, last = 0;
    size_t first = beat_before(g, from);
    for (size_t i = first; i < g->n_beat && g->beat[i].ms <= to && i < first + MAX_BEATS;
         i++) {
        int64_t a = g->beat[i].ms > from ? g->beat[i].ms : from;
        int64_t b = i + 1 < g->n_beat && g->beat[i + 1].ms < to ? g->beat[i + 1].ms : to;
        if (b > g->beat[i].ms + BEAT_HOLDS_MS) b = g->beat[i].ms + BEAT_HOLDS_MS;
        if (g->beat[i].ms > from) last = g->beat[i].bpm;
        if (b <= a) continue;
        sum += (double)g->beat[i].bpm * (double)(b - a);
        weight += (double)(b - a);
    }
    return (uint16_t)lround(weight > 0 ? sum / weight : last);
}

static int beat_order(const void *a, const void *b)
{
    int64_t x = ((const struct sw_fit_beat *)a)->ms,
            y = ((const struct sw_fit_beat *)b)->ms;
    return x < y ? -1 : x > y;
}

static void settle_heart_rate(struct sw_fit_gather *g)
{
    int64_t before = SW_FIT_NO_TIME;
    if (g->n_beat > 1) qsort(g->beat, g->n_beat, sizeof *g->beat, beat_order);
    for (size_t i = 0; i < g->n_rec; i++) {
        int64_t to = g->rec_ms[i], from;
        uint16_t bpm = g->rec_bpm[i];
        if (!bpm && g->n_beat && to != SW_FIT_NO_TIME) {
            from = before < to && before > to - BEAT_HOLDS_MS ? before : to - 1000;
            bpm = mean_over(g, from, to);
        }
        if (bpm) sw_fit_hold(g, SW_FIT_C_HEART_RATE, to, 0, bpm);
        before = to;
    }
}

/* Zero is what some devices write when they do not know; the longitude tells. */
static void doubt_offset(struct sw_fit_gather *g, struct sw_batch *out)
{
    const struct sw_fit_held *lon = &g->col[SW_FIT_C_LONGITUDE];
    if (g->offset_min != 0 || !lon->n || fabs(lon->value[0]) < 40) return;
    sw_batch_note(
        out,
        "the file gives UTC as local time, far from there; its zone is taken as unknown");
    g->offset_min = SW_OFFSET_NONE;
}

static const char *kind_word(char c)
{
    switch (c) {
    case 'w': return "watch";
    case 'r': return "band";
    case 'b': return "bike";
    case 's': return "scale";
    case 'h': return "strap";
    default: return "";
    }
}

/* What makers who build one sort of thing build; nobody else's kind is guessed. */
static const char *kind_of_maker(const char *maker)
{
    static const struct {
        const char *maker, *kind;
    } known[] = {
        {"zwift", "app"},       {"strava", "app"},          {"trainer_road", "app"},
        {"mywhoosh", "app"},    {"rgt_cycling", "app"},     {"suunto", "watch"},
        {"coros", "watch"},     {"polar_electro", "watch"}, {"wahoo_fitness", "bike"},
        {"hammerhead", "bike"}, {"bryton", "bike"},         {"sigmasport", "bike"},
        {"lezyne", "bike"},     {"igpsport", "bike"},       {"tanita", "scale"},
        {"whoop", "band"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(known[i].maker, maker)) return known[i].kind;
    return "";
}

/* "nielsen_kellerman" as people write it */
static void pretty(char *out, size_t size, const char *word)
{
    size_t n = 0;
    for (; word[n] && n + 1 < size; n++) {
        bool first = n == 0 || word[n - 1] == '_';
        out[n] = word[n] == '_' ? ' '
                 : first        ? (char)toupper((unsigned char)word[n])
                                : word[n];
    }
    out[n] = 0;
}

static bool real_serial(double v)
{
    return v > 0 && v != INT32_MAX && v != UINT32_MAX;
}

static int origin(const struct sw_fit_gather *g, struct sw_batch *out)
{
    const struct sw_fit_device *d = g->file.manufacturer >= 0 ? &g->file : &g->creator;
    double serial = g->file.serial >= 0 ? g->file.serial : g->creator.serial;
    const char *given = g->file.name[0] ? g->file.name : g->creator.name;
    const struct sw_fit_product *p = NULL;
    const char *kind;
    char maker[48] = "", model[24] = "", ident[24] = "", name[96] = "", buf[48];
    if (d->manufacturer > 0)
        snprintf(
            maker, sizeof maker, "%s",
            sw_fit_label(&sw_fit_makers, sw_fit_u32(d->manufacturer), buf, sizeof buf));
    if (d->manufacturer == 1 || d->manufacturer == 15)
        p = sw_fit_garmin(sw_fit_u32(d->product));
    if (d->product > 0) snprintf(model, sizeof model, "%.0f", d->product);
    if (real_serial(serial)) snprintf(ident, sizeof ident, "%.0f", serial);
    pretty(buf, sizeof buf, maker);
    if (*given)
        snprintf(name, sizeof name, "%s", given);
    else if (p)
        snprintf(name, sizeof name, "%s", p->name);
    else
        snprintf(name, sizeof name, "%s%s%s", buf, *maker && *model ? " " : "", model);
    kind = p ? kind_word(p->kind) : kind_of_maker(maker);
    return sw_batch_origin(
        out, &(struct sw_origin_desc){name, maker, model, (char *)kind, ident});
}

/* Records belong to the session begun last before them; what precedes the first goes with
 * it. */
static struct sw_fit_span window(const struct sw_fit_gather *g, size_t s)
{
    struct sw_fit_span w = {INT64_MIN, INT64_MAX};
    bool first = true;
    for (size_t i = 0; i < g->n_session; i++) {
        int64_t own = g->session[s].start_ms, other = g->session[i].start_ms;
        if (other > own || (other == own && i > s)) {
            if (other < w.end_ms) w.end_ms = other;
        } else if (i != s) {
            first = false;
        }
    }
    if (!first) w.start_ms = g->session[s].start_ms;
    return w;
}

static bool within(const struct sw_fit_span *w, int64_t ms)
{
    return ms >= w->start_ms && ms < w->end_ms;
}

static void summary_of(const struct sw_fit_gather *g, const struct sw_fit_span *w,
                       int which, const char *key, struct sw_buf *b)
{
    const struct sw_fit_held *h = &g->col[which];
    double sum = 0, lo = INFINITY, hi = -INFINITY;
    size_t n = 0;
    for (size_t i = 0; i < h->n; i++) {
        if (!within(w, h->ms[i])) continue;
        n++;
        sum += h->value[i];
        if (h->value[i] < lo) lo = h->value[i];
        if (h->value[i] > hi) hi = h->value[i];
    }
    if (!n) return;
    sw_json_key(b, key);
    sw_buf_byte(b, '{');
    sw_json_key(b, "n"), sw_json_int(b, (int64_t)n);
    sw_json_key(b, "mean"), sw_json_num(b, sum / (double)n);
    sw_json_key(b, "min"), sw_json_num(b, lo);
    sw_json_key(b, "max"), sw_json_num(b, hi);
    sw_buf_byte(b, '}');
}

/* Climb counted in steps of some metres, so that the barometer's noise does not add up. */
static double ascent(const struct sw_fit_gather *g, const struct sw_fit_span *w)
{
    const struct sw_fit_held *h = &g->col[SW_FIT_C_ALTITUDE];
    double base = NAN, sum = 0;
    for (size_t i = 0; i < h->n; i++) {
        if (!within(w, h->ms[i])) continue;
        if (isnan(base) || h->value[i] < base) base = h->value[i];
        if (h->value[i] < base + ASCENT_STEP_M) continue;
        sum += h->value[i] - base;
        base = h->value[i];
    }
    return sum;
}

/* Seconds since power-on are no dates beside dates. In a file that has no other they are what
 * its device went by: a day of 1990, kept as it is stated. */
static int64_t first_time(const struct sw_fit_gather *g)
{
    return sw_fit_ms(g->dated ? SW_FIT_MIN_DATE : 0);
}

static size_t records_of(const struct sw_fit_gather *g, const struct sw_fit_span *w,
                         struct sw_fit_span *span)
{
    size_t n = 0;
    *span = (struct sw_fit_span){INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < g->n_rec; i++) {
        int64_t ms = g->rec_ms[i];
        if (!within(w, ms)) continue;
        n++;
        if (ms < first_time(g)) continue;
        if (ms < span->start_ms) span->start_ms = ms;
        if (ms > span->end_ms) span->end_ms = ms;
    }
    return n;
}

static void distance(const struct sw_fit_gather *g, const struct sw_fit_span *w,
                     struct sw_buf *b)
{
    const struct sw_fit_held *h = &g->col[SW_FIT_C_DISTANCE];
    double lo = INFINITY, hi = -INFINITY;
    for (size_t i = 0; i < h->n; i++) {
        if (!within(w, h->ms[i])) continue;
        if (h->value[i] < lo) lo = h->value[i];
        if (h->value[i] > hi) hi = h->value[i];
    }
    if (hi < lo) return;
    sw_json_key(b, "distance_m"), sw_json_num(b, g->n_session > 1 ? hi - lo : hi);
    sw_json_key(b, "distance_first_m"), sw_json_num(b, lo);
    sw_json_key(b, "distance_last_m"), sw_json_num(b, hi);
}

static void record_summary(const struct sw_fit_gather *g, size_t s, struct sw_batch *out)
{
    struct sw_fit_span w = window(g, s), span;
    size_t n = records_of(g, &w, &span);
    struct sw_buf *b;
    if (!n) return;
    b = sw_batch_message(out, "record_summary");
    if (g->n_session) sw_json_key(b, "session"), sw_json_int(b, (int64_t)s);
    sw_json_key(b, "n"), sw_json_int(b, (int64_t)n);
    if (span.start_ms <= span.end_ms) {
        sw_json_key(b, "first_ms"), sw_json_int(b, span.start_ms);
        sw_json_key(b, "last_ms"), sw_json_int(b, span.end_ms);
    }
    distance(g, &w, b);
    if (g->col[SW_FIT_C_ALTITUDE].n)
        sw_json_key(b, "ascent_m"), sw_json_num(b, ascent(g, &w));
    summary_of(g, &w, SW_FIT_C_HEART_RATE, "heart_rate", b);
    summary_of(g, &w, SW_FIT_C_SPEED, "speed", b);
    summary_of(g, &w, SW_FIT_C_CADENCE, "cadence", b);
    summary_of(g, &w, SW_FIT_C_POWER, "power", b);
    summary_of(g, &w, SW_FIT_C_ALTITUDE, "altitude", b);
    summary_of(g, &w, SW_FIT_C_TEMPERATURE, "temperature", b);
    summary_of(g, &w, SW_FIT_C_LATITUDE, "latitude", b);
    summary_of(g, &w, SW_FIT_C_LONGITUDE, "longitude", b);
    summary_of(g, &w, SW_FIT_C_RR, "rr_interval", b);
    sw_batch_message_end(out);
}

static void counts(const struct sw_fit_gather *g, struct sw_buf *b)
{
    sw_json_key(b, "counts");
    sw_buf_byte(b, '{');
    for (uint16_t i = 0; i < sizeof g->count / sizeof *g->count; i++) {
        const struct sw_fit_message *m = g->count[i] ? sw_fit_message(i) : NULL;
        if (m) sw_json_key(b, m->name), sw_json_int(b, g->count[i]);
    }
    sw_buf_byte(b, '}');
}

static void file_end(const struct sw_fit_gather *g, int from, struct sw_batch *out)
{
    struct sw_buf *b = sw_batch_message(out, "file_end");
    char buf[32];
    if (g->type >= 0) {
        const char *word =
            sw_fit_label(&sw_fit_file_types, sw_fit_u32(g->type), buf, sizeof buf);
        sw_json_key(b, "type"), sw_json_str(b, word, strlen(word));
    }
    sw_json_key(b, "origin"), sw_json_int(b, from);
    sw_json_key(b, "device"),
        sw_json_str(b, out->origins[from].name, strlen(out->origins[from].name));
    sw_json_key(b, "maker"),
        sw_json_str(b, out->origins[from].maker, strlen(out->origins[from].maker));
    sw_json_key(b, "model"),
        sw_json_str(b, out->origins[from].model, strlen(out->origins[from].model));
    sw_json_key(b, "ident"),
        sw_json_str(b, out->origins[from].ident, strlen(out->origins[from].ident));
    if (g->created_ms) sw_json_key(b, "time_created_ms"), sw_json_int(b, g->created_ms);
    if (g->offset_min != SW_OFFSET_NONE)
        sw_json_key(b, "offset_min"), sw_json_int(b, g->offset_min);
    sw_json_key(b, "records"), sw_json_int(b, (int64_t)g->n_rec);
    sw_json_key(b, "dated"), sw_buf_puts(b, g->dated ? "true" : "false");
    sw_json_key(b, "heart_rate_zero"), sw_json_int(b, (int64_t)g->zero_bpm);
    sw_json_key(b, "damaged"), sw_buf_puts(b, g->damaged ? "true" : "false");
    counts(g, b);
    sw_batch_message_end(out);
}

/* Courses, workout plans and segments have records too, but nobody did what they say. */
static bool planned(const struct sw_fit_gather *g)
{
    return g->type == 5 || g->type == 6 || g->type == 34 || g->type == 35;
}

/* Times are whole seconds: records of the same second follow one another within it. */
static void spread(struct sw_fit_held *h)
{
    for (size_t i = 0, end; i < h->n; i = end) {
        for (end = i + 1; end < h->n && h->ms[end] == h->ms[i];) end++;
        if (h->ms[i] == SW_FIT_NO_TIME) continue;
        for (size_t k = i + 1; k < end; k++)
            h->ms[k] += (int64_t)((k - i) * 1000 / (end - i));
    }
}

static void give(const struct sw_fit_gather *g, struct sw_fit_held *h, const char *type,
                 const char *unit, int from, struct sw_batch *out)
{
    int64_t first = first_time(g);
    int to = h->n ? sw_batch_column(out, type, unit, from) : -1;
    if (h->n) sw_batch_room(out, to, h->n);
    for (size_t i = 0; i < h->n; i++)
        if (h->ms[i] >= first)
            sw_batch_push(out, to, h->ms[i], h->dur_ms[i], h->value[i], g->offset_min);
    h->n = 0;
}

static void give_all(struct sw_fit_gather *g, int from, struct sw_batch *out)
{
    bool plan = planned(g);
    for (int i = 0; i < SW_FIT_COLUMNS; i++) {
        if (plan) g->col[i].n = 0;
        if (i < SW_FIT_C_DAY_HEART_RATE && i != SW_FIT_C_RR) spread(&g->col[i]);
        give(g, &g->col[i], column[i].type, column[i].unit, from, out);
    }
    for (size_t i = 0; i < g->n_dev; i++) {
        if (plan) g->dev[i]->held.n = 0;
        spread(&g->dev[i]->held);
        give(g, &g->dev[i]->held, g->dev[i]->type, g->dev[i]->unit, from, out);
    }
}

static void judge_undated(const struct sw_fit_gather *g, struct sw_batch *out)
{
    for (size_t i = 0; g->dated && i < g->undated; i++)
        sw_batch_reject(out, "time counts from power-on, the clock was not set");
    if (!g->dated && g->undated)
        sw_batch_note(
            out, "its clock was never set and counts from 1989-12-31: dates are as the file "
                 "states them");
}

void sw_fit_gather_flush(struct sw_fit_gather *g, struct sw_batch *out)
{
    int from;
    if (!g->content) return;
    judge_undated(g, out);
    settle_heart_rate(g);
    doubt_offset(g, out);
    from = origin(g, out);
    sw_fit_wellness_flush(g, from, out);
    for (size_t s = 0; s < (g->n_session ? g->n_session : 1); s++)
        record_summary(g, s, out);
    file_end(g, from, out);
    give_all(g, from, out);
    if (g->full)
        sw_batch_note(out, "more than %d samples: the rest was left out", SW_FIT_MAX_ROWS);
    g->full = false;
    g->rows = 0;
    sw_fit_gather_forget(g);
    sw_fit_gather_fresh(g);
}
