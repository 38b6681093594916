/* SPDX-License-Identifier: MIT */
/* FIT messages of days and bodies: monitoring, stress, SpO2, respiration, sleep, HRV,
 * scales and blood pressure. Monitoring counts cycles, metres and kilocalories up through
 * the day, separately for each kind of activity; they become amounts per interval that
 * never overlap. Sleep levels hold from their time to the next. A negative or zero reading
 * means "not measured" and is left out; a reading the device itself calls wrong is
 * rejected. No averages and no scores are computed here. */
#include "base/alloc.h"
#include "base/json.h"
#include "codec/fit_gather.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS, DISTANCE, CALORIES, ASCENT, DESCENT };
enum { WALKING = 6, RUNNING = 1, SLEEP_EVENT = 74, MAX_LEVELS = 100000 };
static const int total_column[SW_FIT_TOTALS_KEPT] = {
    SW_FIT_C_STEPS, SW_FIT_C_DAY_DISTANCE, SW_FIT_C_ACTIVE_CALORIES, SW_FIT_C_DAY_ASCENT,
    SW_FIT_C_DAY_DESCENT};

static void close_interval(struct sw_fit_gather *g, int which)
{
    struct sw_fit_total *t = &g->total[which];
    if (t->open > 0) {
        int64_t from = t->from_ms && t->from_ms < t->open_ms ? t->from_ms : t->open_ms;
        sw_fit_hold(g, total_column[which], from, t->open_ms - from, t->open);
    }
    if (t->open_ms) t->from_ms = t->open_ms;
    t->open = 0;
    t->open_ms = 0;
}

/* What a counter added since it was last seen. The first value of a file that starts inside
 * a day repeats what earlier files told, so it only sets the base; a counter that appears
 * later, or in a file from midnight on, counts from zero; one that falls was reset. */
static void count_up(struct sw_fit_gather *g, int which, unsigned kind, int64_t ms,
                     double value)
{
    struct sw_fit_total *t = &g->total[which];
    bool base_only = !t->seen[kind] && !g->from_midnight && ms <= g->day_start_ms;
    double delta = t->seen[kind] && value >= t->last[kind] ? value - t->last[kind] : value;
    if (t->open_ms && t->open_ms != ms) close_interval(g, which);
    if (!t->from_ms) t->from_ms = g->day_start_ms;
    t->seen[kind] = true;
    t->last[kind] = value;
    t->open_ms = ms;
    if (!base_only) t->open += delta;
}

static unsigned activity_kind(const struct sw_fit_msg *m)
{
    double v;
    if (sw_fit_get(m, 5, &v)) return sw_fit_u32(v) % SW_FIT_ACTIVITIES;
    if (sw_fit_get(m, 24, &v)) return sw_fit_u32(v) & 31;
    return 0;
}

/* Most rows hold only the low 16 bits of their time: forwards from the last one, wrapping.
 */
static bool day_time(struct sw_fit_gather *g, const struct sw_fit_msg *m, int64_t *ms)
{
    double low;
    if (m->has_time)
        g->day_time = m->time;
    else if (sw_fit_get(m, 26, &low) && g->last_time)
        g->day_time += (sw_fit_u32(low) - g->day_time) & 0xffff;
    else
        return false;
    *ms = sw_fit_ms(g->day_time);
    return g->day_time >= SW_FIT_MIN_DATE && g->day_time <= SW_FIT_MAX_DATE;
}

static void monitoring(struct sw_fit_gather *g, const struct sw_fit_msg *m,
                       struct sw_batch *out)
{
    unsigned kind = activity_kind(m);
    int64_t ms;
    double v;
    if (!day_time(g, m, &ms)) {
        sw_batch_reject(out, "monitoring without a usable time");
        return;
    }
    if (!g->day_start_ms) g->day_start_ms = ms;
    if (sw_fit_get(m, 27, &v) && v > 0) sw_fit_hold(g, SW_FIT_C_DAY_HEART_RATE, ms, 0, v);
    if ((sw_fit_get(m, 3, &v) || sw_fit_get(m, 9, &v)) &&
        (kind == WALKING || kind == RUNNING))
        count_up(g, STEPS, kind, ms, v * 2);
    if (sw_fit_get(m, 2, &v) || sw_fit_get(m, 8, &v)) count_up(g, DISTANCE, kind, ms, v);
    if (sw_fit_get(m, 19, &v)) count_up(g, CALORIES, kind, ms, v);
    if (sw_fit_get(m, 31, &v)) count_up(g, ASCENT, kind, ms, v);
    if (sw_fit_get(m, 32, &v)) count_up(g, DESCENT, kind, ms, v);
}

static void monitoring_info(struct sw_fit_gather *g, const struct sw_fit_msg *m,
                            struct sw_batch *out)
{
    double local;
    int64_t ms;
    if (!sw_fit_when(m, out, &ms)) return;
    g->day_time = m->time;
    g->day_start_ms = ms;
    g->from_midnight = sw_fit_get(m, 0, &local) && fmod(local, 86400) == 0;
    sw_fit_local_time(g, m, 0, false, out);
}

static void sample(struct sw_fit_gather *g, const struct sw_fit_msg *m, uint8_t num,
                   int column, struct sw_batch *out)
{
    int64_t ms;
    double v;
    if (sw_fit_get(m, num, &v) && v > 0 && sw_fit_when(m, out, &ms))
        sw_fit_hold(g, column, ms, 0, v);
}

/* stress_level keeps its time in a field of its own; 0 is a real value, below is not
 * measured */
static void stress(struct sw_fit_gather *g, const struct sw_fit_msg *m,
                   struct sw_batch *out)
{
    double v, t;
    if (!sw_fit_get(m, 0, &v) || v < 0) return;
    if (!sw_fit_get(m, 1, &t)) t = m->has_time ? m->time : 0;
    if (t < SW_FIT_MIN_DATE || t > SW_FIT_MAX_DATE)
        sw_batch_reject(out, "stress without a usable time");
    else
        sw_fit_hold(g, SW_FIT_C_STRESS, sw_fit_ms(sw_fit_u32(t)), 0, v);
}

static void weight(struct sw_fit_gather *g, const struct sw_fit_msg *m,
                   struct sw_batch *out)
{
    static const struct {
        uint8_t num;
        int column;
    } part[] = {{0, SW_FIT_C_WEIGHT},    {1, SW_FIT_C_FAT},    {2, SW_FIT_C_WATER},
                {4, SW_FIT_C_BONE},      {5, SW_FIT_C_MUSCLE}, {7, SW_FIT_C_BASAL},
                {11, SW_FIT_C_VISCERAL}, {13, SW_FIT_C_BMI}};
    double person = sw_fit_or(m, 12, 0);
    int64_t ms;
    if (!g->person_seen) g->person = person;
    g->person_seen = true;
    if (person != g->person) {
        sw_batch_reject(out, "measurement of another user of the scale");
        return;
    }
    if (sw_fit_has(m, 0) && m->v[0] > 655.3) {
        sw_batch_reject(out, "the scale was still calculating");
        return;
    }
    if (!sw_fit_when(m, out, &ms)) return;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        if (sw_fit_has(m, part[i].num))
            sw_fit_hold(g, part[i].column, ms, 0, m->v[part[i].num]);
}

static void blood_pressure(struct sw_fit_gather *g, const struct sw_fit_msg *m,
                           struct sw_batch *out)
{
    int64_t ms;
    if (sw_fit_or(m, 8, 0) != 0) {
        sw_batch_reject(out, "blood pressure measurement ended with an error");
        return;
    }
    if (!sw_fit_when(m, out, &ms)) return;
    if (sw_fit_has(m, 0)) sw_fit_hold(g, SW_FIT_C_SYSTOLIC, ms, 0, m->v[0]);
    if (sw_fit_has(m, 1)) sw_fit_hold(g, SW_FIT_C_DIASTOLIC, ms, 0, m->v[1]);
    if (sw_fit_has(m, 6)) sw_fit_hold(g, SW_FIT_C_PULSE, ms, 0, m->v[6]);
}

static void push_level(struct sw_fit_level **list, size_t *n, size_t *cap, int64_t ms,
                       double level)
{
    if (*n >= MAX_LEVELS) return;
    sw_grow((void **)list, cap, *n + 1, sizeof **list);
    (*list)[(*n)++] = (struct sw_fit_level){ms, (uint8_t)sw_fit_u32(level)};
}

static void sleep_level(struct sw_fit_gather *g, const struct sw_fit_msg *m,
                        struct sw_batch *out)
{
    int64_t ms;
    double v;
    if (sw_fit_get(m, 0, &v) && sw_fit_when(m, out, &ms))
        push_level(&g->level, &g->n_level, &g->cap_level, ms, v);
}

static void sleep_event(struct sw_fit_gather *g, const struct sw_fit_msg *m)
{
    double type = sw_fit_or(m, 1, 255);
    int64_t ms;
    if (sw_fit_or(m, 0, 255) == SLEEP_EVENT && type <= 1 && sw_fit_when(m, NULL, &ms))
        push_level(&g->mark, &g->n_mark, &g->cap_mark, ms, type);
}

static void scores(struct sw_fit_gather *g, const struct sw_fit_msg *m)
{
    sw_buf_reset(&g->scores);
    sw_buf_byte(&g->scores, '{');
    sw_fit_json(m, &g->scores);
    sw_buf_byte(&g->scores, '}');
}

bool sw_fit_wellness_take(struct sw_fit_gather *g, const struct sw_fit_msg *m,
                          struct sw_batch *out)
{
    switch (m->def->global) {
    case SW_FIT_MONITORING: monitoring(g, m, out); return true;
    case SW_FIT_MONITORING_INFO: monitoring_info(g, m, out); return true;
    case SW_FIT_MONITORING_HR:
        sample(g, m, sw_fit_has(m, 1) ? 1 : 0, SW_FIT_C_RESTING, out);
        return true;
    case SW_FIT_STRESS: stress(g, m, out); return true;
    case SW_FIT_SPO2: sample(g, m, 0, SW_FIT_C_SPO2, out); return true;
    case SW_FIT_RESPIRATION: sample(g, m, 0, SW_FIT_C_DAY_RESPIRATION, out); return true;
    case SW_FIT_HRV_VALUE: sample(g, m, 0, SW_FIT_C_RMSSD, out); return true;
    case SW_FIT_MAX_MET: sample(g, m, 2, SW_FIT_C_VO2MAX, out); return true;
    case SW_FIT_WEIGHT: weight(g, m, out); return true;
    case SW_FIT_BLOOD_PRESSURE: blood_pressure(g, m, out); return true;
    case SW_FIT_SLEEP_LEVEL: sleep_level(g, m, out); return true;
    case SW_FIT_SLEEP_SCORES: scores(g, m); return true;
    case SW_FIT_EVENT: sleep_event(g, m); return false;
    default: return false;
    }
}

static int by_time(const void *a, const void *b)
{
    int64_t x = ((const struct sw_fit_level *)a)->ms,
            y = ((const struct sw_fit_level *)b)->ms;
    return x < y ? -1 : x > y;
}

static void sort_levels(struct sw_fit_level *l, size_t n)
{
    if (n > 1) qsort(l, n, sizeof *l, by_time);
}

/* When the night that begins at ms ends: its stop event, or 0 if there is none. *at is
 * where the last search ended; nights come in order. */
static int64_t stop_after(const struct sw_fit_gather *g, int64_t ms, size_t *at)
{
    for (; *at < g->n_mark; ++*at)
        if (g->mark[*at].level == 1 && g->mark[*at].ms > ms) return g->mark[*at].ms;
    return 0;
}

static void stage(struct sw_buf *b, bool first, int64_t from, int64_t to, uint8_t level)
{
    char buf[32];
    const char *name = sw_fit_label(&sw_fit_sleep_levels, level, buf, sizeof buf);
    sw_buf_puts(b, first ? "[" : ",[");
    sw_json_int(b, from);
    sw_buf_byte(b, ',');
    sw_json_int(b, to);
    sw_buf_byte(b, ',');
    sw_json_str(b, name, strlen(name));
    sw_buf_byte(b, ']');
}

/* One night: levels first .. end-1, over at finish_ms. Neighbours of one level become one
 * stage. */
static void night(struct sw_fit_gather *g, size_t first, size_t end, int64_t finish_ms,
                  int origin, struct sw_batch *out)
{
    struct sw_buf *b = sw_batch_message(out, "sleep");
    sw_json_key(b, "start_ms"), sw_json_int(b, g->level[first].ms);
    sw_json_key(b, "finish_ms"), sw_json_int(b, finish_ms);
    if (g->offset_min != SW_OFFSET_NONE)
        sw_json_key(b, "offset_min"), sw_json_int(b, g->offset_min);
    sw_json_key(b, "origin"), sw_json_int(b, origin);
    sw_json_key(b, "segments");
    sw_buf_byte(b, '[');
    for (size_t i = first, k; i < end; i = k) {
        for (k = i + 1; k < end && g->level[k].level == g->level[i].level;) k++;
        stage(b, i == first, g->level[i].ms, k < end ? g->level[k].ms : finish_ms,
              g->level[i].level);
    }
    sw_buf_byte(b, ']');
    if (g->scores.len && !g->scores.over)
        sw_json_key(b, "scores"), sw_buf_puts(b, sw_buf_str(&g->scores));
    sw_batch_message_end(out);
}

static void nights(struct sw_fit_gather *g, int origin, struct sw_batch *out)
{
    size_t mark = 0;
    sort_levels(g->level, g->n_level);
    sort_levels(g->mark, g->n_mark);
    for (size_t i = 0, k; i < g->n_level; i = k) {
        int64_t stop = stop_after(g, g->level[i].ms, &mark);
        for (k = i + 1; k < g->n_level && (!stop || g->level[k].ms < stop);) k++;
        if (!stop) {
            stop = g->level[k - 1].ms;
            sw_batch_note(out, "the sleep has no end: its last level was left out");
            if (k - i < 2) continue;
            night(g, i, k - 1, stop, origin, out);
        } else {
            night(g, i, k, stop, origin, out);
        }
    }
}

void sw_fit_wellness_flush(struct sw_fit_gather *g, int origin, struct sw_batch *out)
{
    for (int i = 0; i < SW_FIT_TOTALS_KEPT; i++) close_interval(g, i);
    nights(g, origin, out);
}
