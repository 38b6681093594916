/* SPDX-License-Identifier: MIT */
/* Taking FIT messages in: record samples, developer fields, RR intervals, and the heart
 * rate that swim straps deliver afterwards in segments of their own. Structured messages
 * pass through at once, samples are held until fit_summary.c hands them over. Zero heart
 * rate and the position 0, 0 are no readings. A record whose time is no date still counts
 * for the summary of its session, because the totals stay true when the clock is wrong. It
 * does not smooth, fill or correct anything. */
#include "codec/fit_gather.h"
#include "base/alloc.h"
#include "base/json.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RR_DRIFT_MS = 5000, MAX_SESSIONS = 100 };

/* Record fields that go into a column as they are. */
static const struct {
    uint8_t num, to;
} plain[] = {{7, SW_FIT_C_POWER},           {13, SW_FIT_C_TEMPERATURE},
             {32, SW_FIT_C_VERTICAL_SPEED}, {9, SW_FIT_C_GRADE},
             {39, SW_FIT_C_OSCILLATION},    {41, SW_FIT_C_STANCE},
             {40, SW_FIT_C_STANCE_PERCENT}, {84, SW_FIT_C_STANCE_BALANCE},
             {83, SW_FIT_C_VERTICAL_RATIO}, {85, SW_FIT_C_STEP_LENGTH},
             {57, SW_FIT_C_SMO2},           {54, SW_FIT_C_THB},
             {92, SW_FIT_C_DEPTH},          {139, SW_FIT_C_CORE_TEMPERATURE},
             {116, SW_FIT_C_CURRENT_STRESS}};

void sw_fit_gather_fresh(struct sw_fit_gather *g)
{
    g->content = g->damaged = false;
    g->type = -1;
    g->created_ms = 0;
    g->dated = false;
    g->undated = 0;
    g->file = g->creator = (struct sw_fit_device){-1, -1, -1, ""};
    g->offset_min = SW_OFFSET_NONE;
    g->offset_sure = false;
    g->n_rec = g->zero_bpm = g->n_session = g->n_beat = g->n_level = g->n_mark = 0;
    g->beat_origin_s = -1;
    g->event_ts = 0;
    g->rr_clock_ms = 0;
    g->person_seen = g->from_midnight = false;
    g->low_distance = g->last_time = g->day_time = 0;
    g->day_start_ms = 0;
    memset(g->total, 0, sizeof g->total);
    memset(g->count, 0, sizeof g->count);
    sw_buf_reset(&g->scores);
}

void sw_fit_gather_init(struct sw_fit_gather *g)
{
    memset(g, 0, sizeof *g);
    sw_buf_init(&g->scores, 4096);
    sw_fit_gather_fresh(g);
}

static void free_held(struct sw_fit_held *h)
{
    sw_free(h->ms);
    sw_free(h->dur_ms);
    sw_free(h->value);
    *h = (struct sw_fit_held){0};
}

void sw_fit_gather_forget(struct sw_fit_gather *g)
{
    for (size_t i = 0; i < g->n_dev; i++) {
        free_held(&g->dev[i]->held);
        sw_free(g->dev[i]->type);
        sw_free(g->dev[i]->unit);
        sw_free(g->dev[i]);
    }
    g->n_dev = 0;
}

void sw_fit_gather_clear(struct sw_fit_gather *g)
{
    for (int i = 0; i < SW_FIT_COLUMNS; i++) free_held(&g->col[i]);
    sw_fit_gather_forget(g);
    sw_free(g->rec_ms);
    sw_free(g->rec_bpm);
    sw_free(g->session);
    sw_free(g->beat);
    sw_free(g->level);
    sw_free(g->mark);
    sw_buf_clear(&g->scores);
}

void sw_fit_gather_segment(struct sw_fit_gather *g)
{
    g->fresh = true;
}
void sw_fit_gather_damaged(struct sw_fit_gather *g)
{
    g->damaged = true;
}
bool sw_fit_gather_any(const struct sw_fit_gather *g)
{
    return g->any;
}

static void widen(struct sw_fit_held *h)
{
    h->cap = h->cap ? h->cap * 2 : 256;
    h->ms = sw_realloc(h->ms, h->cap * sizeof *h->ms);
    h->dur_ms = sw_realloc(h->dur_ms, h->cap * sizeof *h->dur_ms);
    h->value = sw_realloc(h->value, h->cap * sizeof *h->value);
}

static bool room(struct sw_fit_gather *g)
{
    if (g->rows >= SW_FIT_MAX_ROWS)
        g->full = true;
    else
        g->rows++;
    return !g->full;
}

static void hold_in(struct sw_fit_gather *g, struct sw_fit_held *h, int64_t ms,
                    int64_t dur_ms, double value)
{
    if (!room(g)) return;
    if (h->n == h->cap) widen(h);
    h->ms[h->n] = ms;
    h->dur_ms[h->n] = dur_ms > INT32_MAX ? INT32_MAX : (int32_t)dur_ms;
    h->value[h->n++] = value;
}

void sw_fit_hold(struct sw_fit_gather *g, int to, int64_t ms, int64_t dur_ms, double value)
{
    hold_in(g, &g->col[to], ms, dur_ms, value);
}

bool sw_fit_when(const struct sw_fit_msg *m, struct sw_batch *out, int64_t *ms)
{
    const char *why = NULL;
    *ms = sw_fit_ms(m->time);
    if (!m->has_time)
        why = "no timestamp";
    else if (m->time < SW_FIT_MIN_DATE)
        why = "time counts from power-on, the clock was not set";
    else if (m->time > SW_FIT_MAX_DATE)
        why = "time after 2079";
    if (why && out) sw_batch_reject(out, why);
    return !why;
}

/* An offset is believed when it is near a whole quarter of an hour and such a zone exists.
 */
void sw_fit_local_time(struct sw_fit_gather *g, const struct sw_fit_msg *m, uint8_t num,
                       bool sure, struct sw_batch *out)
{
    double local, minutes;
    if (!m->has_time || !sw_fit_get(m, num, &local) || (g->offset_sure && !sure)) return;
    minutes = round((local - m->time) / 900) * 15;
    if (minutes < -12 * 60 || minutes > 14 * 60 ||
        fabs(local - m->time - minutes * 60) > 60) {
        if (sure)
            sw_batch_note(
                out,
                "the local time in the file makes no sense; its zone is taken as unknown");
        return;
    }
    g->offset_min = (int16_t)minutes;
    g->offset_sure = sure;
}

/* Speed and distance in 3 bytes: 12 bits of 1/100 m/s, then 12 bits of 1/16 m that wrap. */
static void compressed(struct sw_fit_gather *g, const struct sw_fit_msg *m, int64_t ms)
{
    const struct sw_fit_slot *s = sw_fit_find(m->def, 8);
    const uint8_t *p = s ? m->p + s->at : NULL;
    uint32_t speed, low;
    if (!s || s->size != 3 || (p[0] & p[1] & p[2]) == 0xff) return;
    speed = p[0] | (p[1] & 15u) << 8;
    low = p[1] >> 4 | (uint32_t)p[2] << 4;
    g->low_distance += (low - g->low_distance) & 0xfff;
    if (!sw_fit_has(m, 6) && !sw_fit_has(m, 73) && speed != 0xfff)
        sw_fit_hold(g, SW_FIT_C_SPEED, ms, 0, speed / 100.0);
    if (!sw_fit_has(m, 5)) sw_fit_hold(g, SW_FIT_C_DISTANCE, ms, 0, g->low_distance / 16.0);
}

static void position(struct sw_fit_gather *g, const struct sw_fit_msg *m, int64_t ms)
{
    double lat, lon;
    if (!sw_fit_get(m, 0, &lat) || !sw_fit_get(m, 1, &lon)) return;
    if ((lat == 0 && lon == 0) || fabs(lat) > 90) return;
    sw_fit_hold(g, SW_FIT_C_LATITUDE, ms, 0, lat);
    sw_fit_hold(g, SW_FIT_C_LONGITUDE, ms, 0, lon);
}

static struct sw_fit_described *described(struct sw_fit_gather *g, uint8_t index,
                                          uint8_t num)
{
    for (size_t i = g->n_dev; i-- > 0;)
        if (g->dev[i]->index == index && g->dev[i]->num == num) return g->dev[i];
    return NULL;
}

static void developer(struct sw_fit_gather *g, const struct sw_fit_msg *m, int64_t ms)
{
    for (size_t i = 0; i < m->def->n_dev; i++) {
        const struct sw_fit_dev *f = &m->def->dev[i];
        struct sw_fit_described *d = described(g, f->index, f->num);
        double v;
        if (d && sw_fit_number(m->p + f->at, d->base, f->size, m->def->big, &v))
            hold_in(g, &d->held, ms, 0, v / d->scale - d->offset);
    }
}

static void push_record(struct sw_fit_gather *g, const struct sw_fit_msg *m, int64_t ms)
{
    double bpm = sw_fit_or(m, 3, 0);
    if (!room(g)) return;
    sw_grow((void **)&g->rec_ms, &g->cap_rec, g->n_rec + 1, sizeof *g->rec_ms);
    sw_grow((void **)&g->rec_bpm, &g->cap_bpm, g->n_rec + 1, sizeof *g->rec_bpm);
    g->rec_ms[g->n_rec] = ms;
    g->rec_bpm[g->n_rec++] = bpm > 0 && bpm < 1000 ? (uint16_t)bpm : 0;
    g->zero_bpm += sw_fit_has(m, 3) && bpm == 0;
}

/* A record whose time is no date still counts for the summary. Whether its samples are kept
 * is known at the end of the file: see fit_summary.c. */
static void record(struct sw_fit_gather *g, const struct sw_fit_msg *m,
                   struct sw_batch *out)
{
    int64_t ms = sw_fit_ms(m->time);
    double v;
    if (m->has_time && m->time < SW_FIT_MIN_DATE) {
        g->undated++;
    } else if (!sw_fit_when(m, out, &ms)) {
        if (m->has_time) return;
        ms = SW_FIT_NO_TIME;
    }
    push_record(g, m, ms);
    position(g, m, ms);
    if (sw_fit_get(m, 73, &v) || sw_fit_get(m, 6, &v))
        sw_fit_hold(g, SW_FIT_C_SPEED, ms, 0, v);
    if (sw_fit_get(m, 78, &v) || sw_fit_get(m, 2, &v))
        sw_fit_hold(g, SW_FIT_C_ALTITUDE, ms, 0, v);
    if (sw_fit_get(m, 5, &v)) sw_fit_hold(g, SW_FIT_C_DISTANCE, ms, 0, v);
    if (sw_fit_get(m, 4, &v))
        sw_fit_hold(g, SW_FIT_C_CADENCE, ms, 0, v + sw_fit_or(m, 53, 0));
    else if (sw_fit_get(m, 52, &v))
        sw_fit_hold(g, SW_FIT_C_CADENCE, ms, 0, v);
    if ((sw_fit_get(m, 108, &v) || sw_fit_get(m, 99, &v)) && v > 0)
        sw_fit_hold(g, SW_FIT_C_RESPIRATION, ms, 0, v);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (sw_fit_has(m, plain[i].num))
            sw_fit_hold(g, plain[i].to, ms, 0, m->v[plain[i].num]);
    if (sw_fit_has(m, 8) || sw_fit_find(m->def, 8)) compressed(g, m, ms);
    if (m->def->n_dev) developer(g, m, ms);
}

/* RR intervals have no times of their own: they follow one another, tied to the last
 * record. */
static void intervals(struct sw_fit_gather *g, const struct sw_fit_msg *m)
{
    const struct sw_fit_slot *s = sw_fit_find(m->def, 0);
    double now = g->last_time ? (double)sw_fit_ms(g->last_time) : 0, raw;
    if (!s) return;
    if (fabs(g->rr_clock_ms - now) > RR_DRIFT_MS) g->rr_clock_ms = now;
    for (size_t i = 0; i < s->count; i++) {
        if (!sw_fit_raw(m, s, i, &raw) || raw <= 0 || raw > 60000) continue;
        sw_fit_hold(g, SW_FIT_C_RR, now > 0 ? (int64_t)g->rr_clock_ms : SW_FIT_NO_TIME,
                    (int64_t)raw, raw);
        g->rr_clock_ms += raw;
    }
}

static void push_beat(struct sw_fit_gather *g, double bpm)
{
    double s = g->beat_origin_s + g->event_ts / 1024.0;
    if (g->beat_origin_s < 0 || bpm <= 0 || bpm > 254 || !room(g)) return;
    sw_grow((void **)&g->beat, &g->cap_beat, g->n_beat + 1, sizeof *g->beat);
    g->beat[g->n_beat++] =
        (struct sw_fit_beat){(int64_t)((s + SW_FIT_EPOCH_S) * 1000), (uint8_t)bpm};
}

/* Event times are 32-bit, or 12-bit steps from the one before, two of them in three bytes.
 */
static bool next_event(struct sw_fit_gather *g, const struct sw_fit_msg *m,
                       const struct sw_fit_slot *full, const struct sw_fit_slot *steps,
                       size_t i)
{
    double raw;
    if (full && sw_fit_raw(m, full, i, &raw)) {
        g->event_ts = sw_fit_u32(raw);
        return true;
    }
    if (steps && i / 2 * 3 + 2 < steps->size) {
        const uint8_t *p = m->p + steps->at + i / 2 * 3;
        uint32_t low = i % 2 ? p[1] >> 4 | (uint32_t)p[2] << 4 : p[0] | (p[1] & 15u) << 8;
        g->event_ts += (low - g->event_ts) & 0xfff;
        return true;
    }
    return false;
}

static void late_heart_rate(struct sw_fit_gather *g, const struct sw_fit_msg *m)
{
    const struct sw_fit_slot *bpm = sw_fit_find(m->def, 6), *full = sw_fit_find(m->def, 9);
    const struct sw_fit_slot *steps = sw_fit_find(m->def, 10);
    double raw;
    if (m->has_time && full && sw_fit_raw(m, full, 0, &raw)) {
        double part = sw_fit_or(m, 0, sw_fit_or(m, 1, 0));
        g->beat_origin_s = m->time + part - raw / 1024;
    }
    for (size_t i = 0; bpm && i < bpm->count; i++)
        if (next_event(g, m, full, steps, i) && sw_fit_raw(m, bpm, i, &raw))
            push_beat(g, raw);
}

static void column_name(char *out, size_t size, const char *name, unsigned num)
{
    size_t n = (size_t)snprintf(out, size, "record.dev.");
    for (const char *p = name; *p && n + 1 < size; p++) {
        bool letter = isalnum((unsigned char)*p);
        if (letter || out[n - 1] != '_')
            out[n++] = letter ? (char)tolower((unsigned char)*p) : '_';
    }
    out[n] = 0;
    if (!strcmp(out, "record.dev.")) snprintf(out, size, "record.dev.field_%u", num);
}

static void describe(struct sw_fit_gather *g, const struct sw_fit_msg *m)
{
    char name[80], type[100], unit[40];
    struct sw_fit_described *d;
    uint8_t index = (uint8_t)sw_fit_u32(sw_fit_or(m, 0, 0)),
            num = (uint8_t)sw_fit_u32(sw_fit_or(m, 1, 0));
    if (!sw_fit_has(m, 1) || !sw_fit_has(m, 2) || g->n_dev == SW_FIT_MAX_DEV) return;
    sw_fit_text(m, 3, name, sizeof name);
    sw_fit_text(m, 8, unit, sizeof unit);
    column_name(type, sizeof type, name, num);
    d = described(g, index, num);
    if (d && !strcmp(d->type, type)) return;
    d = g->dev[g->n_dev++] = sw_zalloc(sizeof *d);
    *d = (struct sw_fit_described){.index = index,
                                   .num = num,
                                   .type = sw_strdup(type),
                                   .unit = sw_strdup(unit),
                                   .offset = sw_fit_or(m, 7, 0)};
    d->base = (uint8_t)sw_fit_u32(m->v[2]);
    d->scale = sw_fit_or(m, 6, 1);
    if (d->scale == 0) d->scale = 1;
}

static void device_of(struct sw_fit_device *d, const struct sw_fit_msg *m, uint8_t maker,
                      uint8_t product, uint8_t serial, uint8_t name)
{
    d->manufacturer = sw_fit_or(m, maker, -1);
    d->product = sw_fit_or(m, product, -1);
    d->serial = sw_fit_or(m, serial, -1);
    sw_fit_text(m, name, d->name, sizeof d->name);
}

static void file_id(struct sw_fit_gather *g, const struct sw_fit_msg *m)
{
    double created;
    if (g->file.manufacturer >= 0 || g->type >= 0) return;
    g->type = sw_fit_or(m, 0, -1);
    if (sw_fit_get(m, 4, &created)) {
        g->created_ms = sw_fit_ms(sw_fit_u32(created));
        g->dated |= created >= SW_FIT_MIN_DATE;
    }
    device_of(&g->file, m, 1, 2, 3, 8);
}

static void session(struct sw_fit_gather *g, const struct sw_fit_msg *m)
{
    double start, elapsed = sw_fit_or(m, 7, 0);
    int64_t ms;
    if (g->n_session == MAX_SESSIONS) return;
    if (!sw_fit_get(m, 2, &start)) start = m->has_time ? m->time - elapsed : 0;
    ms = sw_fit_ms(sw_fit_u32(start));
    g->dated |= start >= SW_FIT_MIN_DATE;
    sw_grow((void **)&g->session, &g->cap_session, g->n_session + 1, sizeof *g->session);
    g->session[g->n_session++] =
        (struct sw_fit_span){ms, ms + (int64_t)(fmin(fabs(elapsed), 1e9) * 1000)};
}

/* A gear change packs four bytes: rear number, rear teeth, front number, front teeth. */
static void gears(const struct sw_fit_msg *m, struct sw_buf *b)
{
    static const char *const part[] = {"rear_gear_num", "rear_gear", "front_gear_num",
                                       "front_gear"};
    double kind = sw_fit_or(m, 0, 255);
    uint32_t data = sw_fit_u32(sw_fit_or(m, 3, 0));
    if ((kind != 42 && kind != 43) || !sw_fit_has(m, 3)) return;
    for (int i = 0; i < 4; i++) {
        sw_json_key(b, part[i]);
        sw_json_int(b, data >> (8 * i) & 0xff);
    }
}

static void tell(struct sw_fit_gather *g, const struct sw_fit_msg *m, struct sw_batch *out)
{
    struct sw_buf *b;
    if (g->messages++ >= SW_FIT_MAX_MESSAGES) {
        if (!g->loud)
            sw_batch_note(out, "more than %d messages: the rest was left out",
                          SW_FIT_MAX_MESSAGES);
        g->loud = true;
        return;
    }
    b = sw_batch_message(out, m->def->message->name);
    if (m->has_time && !sw_fit_find(m->def, SW_FIT_TIMESTAMP)) {
        sw_json_key(b, "timestamp_ms");
        sw_json_int(b, sw_fit_ms(m->time));
    }
    sw_fit_json(m, b);
    if (m->def->global == SW_FIT_EVENT) gears(m, b);
    sw_batch_message_end(out);
}

void sw_fit_gather_take(struct sw_fit_gather *g, const struct sw_fit_msg *m,
                        struct sw_batch *out)
{
    uint16_t global = m->def->global;
    if (global == SW_FIT_FILE_ID && g->fresh && g->content) sw_fit_gather_flush(g, out);
    g->fresh = false;
    if (global < sizeof g->count / sizeof *g->count) g->count[global]++;
    if (m->has_time) {
        g->last_time = g->day_time = m->time;
        g->dated |= m->time >= SW_FIT_MIN_DATE;
    }
    if (!m->def->message) return;
    g->any = g->content = true;
    if (m->def->message->tell) tell(g, m, out);
    if (sw_fit_wellness_take(g, m, out)) return;
    switch (global) {
    case SW_FIT_RECORD: record(g, m, out); break;
    case SW_FIT_HRV: intervals(g, m); break;
    case SW_FIT_HR: late_heart_rate(g, m); break;
    case SW_FIT_SESSION: session(g, m); break;
    case SW_FIT_FILE_ID: file_id(g, m); break;
    case SW_FIT_ACTIVITY: sw_fit_local_time(g, m, 5, true, out); break;
    case SW_FIT_TIME_CORRELATION: sw_fit_local_time(g, m, 3, false, out); break;
    case SW_FIT_FIELD_DESCRIPTION: describe(g, m); break;
    case SW_FIT_DEVICE_INFO:
        if (sw_fit_or(m, 0, 255) == 0) device_of(&g->creator, m, 2, 4, 3, 27);
        break;
    default: break;
    }
}
