/* SPDX-License-Identifier: MIT
 * Garmin Training Center XML. The device's name follows an activity's points, so points are
 * held until their activity closes (at most a million) and then leave with the right
 * origin. Figures of a lap (calories, mean heart rate) stand in the lap only; they are
 * passed on and never derived from points here. Activities inside a MultiSportSession are
 * activities like any other. Courses and planned workouts are counted and otherwise left
 * alone: nobody has done them. */
#include "base/alloc.h"
#include "base/json.h"
#include "codec/decode.h"
#include "codec/text.h"
#include "codec/xml.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT = 200, MAX_POINTS = 1000000, MAX_LAPS = 20000 };
#define CLIMB_M 3.0

enum field { HR, CAD, POWER, SPEED, ALT, LAT, LON, DIST, N_FIELDS };
enum { N_COLUMNS = DIST }; /* distance runs up inside the activity: it is no sample */

static const struct {
    const char *type, *unit;
} columns[N_COLUMNS] = {
    {"trackpoint.heart_rate", "bpm"}, {"trackpoint.cadence", "rpm"},
    {"trackpoint.power", "W"},        {"trackpoint.speed", "m/s"},
    {"trackpoint.altitude", "m"},     {"trackpoint.latitude", "deg"},
    {"trackpoint.longitude", "deg"},
};

struct point {
    bool has_time;
    uint32_t order; /* in the file */
    struct sw_text_time t;
    double v[N_FIELDS];
};

struct lap {
    bool has_time;
    struct sw_text_time start;
    double seconds, distance_m, calories, avg_hr, max_hr, max_speed, cadence;
    char intensity[32], trigger[32];
    long points;
};

struct total {
    double seconds, distance_m, calories, max_hr, hr_sum, hr_seen_max, ascent_m, climb_from,
        last_m;
    long hr_n, points, timed, positions, backward_time, backward_distance, laps;
    int64_t first_ms, last_ms, prev_ms, lap_ms;
    int16_t first_offset, last_offset;
    bool zone_unknown, has_lap_time;
};

struct tcx {
    struct sw_xml *xml;
    struct sw_batch *out;
    bool root, broken, in_activity, in_lap, in_point, over;
    char sport[MAX_TEXT], id[MAX_TEXT], notes[MAX_TEXT], creator[MAX_TEXT], unit[MAX_TEXT];
    struct lap lap;
    struct point pt;
    struct total sum;
    struct sw_buf laps;
    struct point *held;
    size_t n_held, cap_held;
    long activities, planned;
};

/* Most names differ in their first letter. */
static inline bool is(const char *name, const char *word)
{
    return name[0] == word[0] && !strcmp(name, word);
}

static void copy(char *to, size_t cap, const char *s)
{
    size_t n = strlen(s);
    if (n >= cap) n = cap - 1;
    while (n && (unsigned char)s[n - 1] <= ' ') n--;
    memcpy(to, s, n);
    to[n] = 0;
}

static bool read_time(struct tcx *x, const char *s, size_t n, struct sw_text_time *t)
{
    int rc = sw_text_time(s, n, t);
    if (rc) sw_batch_reject(x->out, sw_text_time_reason(rc));
    return !rc;
}

static double number(struct tcx *x, const char *s, size_t n)
{
    double v;
    if (sw_text_num(s, n, &v)) return v;
    if (strspn(s, " \t\r\n") < n) sw_batch_reject(x->out, "value is not a number");
    return NAN;
}

static void begin_activity(struct tcx *x, const char **attr)
{
    const char *sport = sw_xml_attr(attr, "Sport");
    copy(x->sport, sizeof x->sport, sport ? sport : "");
    x->id[0] = x->notes[0] = x->creator[0] = x->unit[0] = 0;
    x->sum = (struct total){.seconds = NAN,
                            .distance_m = NAN,
                            .calories = NAN,
                            .max_hr = NAN,
                            .climb_from = NAN,
                            .last_m = NAN,
                            .first_offset = SW_OFFSET_NONE,
                            .last_offset = SW_OFFSET_NONE};
    sw_buf_reset(&x->laps);
    x->n_held = 0;
    x->over = x->in_lap = x->in_point = false;
    x->in_activity = true;
}

static void begin_lap(struct tcx *x, const char **attr)
{
    const char *start = sw_xml_attr(attr, "StartTime");
    x->lap = (struct lap){.seconds = NAN,
                          .distance_m = NAN,
                          .calories = NAN,
                          .avg_hr = NAN,
                          .max_hr = NAN,
                          .max_speed = NAN,
                          .cadence = NAN};
    x->in_lap = true;
    if (start) x->lap.has_time = read_time(x, start, strlen(start), &x->lap.start);
}

static void add(double *sum, double v)
{
    if (!isnan(v)) *sum = isnan(*sum) ? v : *sum + v;
}

static void lap_totals(struct total *s, const struct lap *l)
{
    add(&s->seconds, l->seconds);
    add(&s->distance_m, l->distance_m);
    add(&s->calories, l->calories);
    if (!(l->max_hr <= s->max_hr) && l->max_hr > 0) s->max_hr = l->max_hr;
    if (!l->has_time) return;
    s->zone_unknown |= !l->start.known;
    if (s->has_lap_time && s->lap_ms <= l->start.ms) return;
    s->has_lap_time = true;
    s->lap_ms = l->start.ms;
    if (!s->timed) s->first_offset = s->last_offset = l->start.offset_min;
}

static void end_lap(struct tcx *x)
{
    struct lap *l = &x->lap;
    struct sw_buf *b = &x->laps;
    x->in_lap = false;
    lap_totals(&x->sum, l);
    if (x->sum.laps++ >= MAX_LAPS) return;
    if (b->len) sw_buf_byte(b, ',');
    sw_buf_byte(b, '{');
    if (l->has_time) sw_text_put_int(b, "start_ms", l->start.ms);
    sw_text_put_num(b, "seconds", l->seconds);
    sw_text_put_num(b, "distance_m", l->distance_m);
    sw_text_put_num(b, "calories", l->calories);
    sw_text_put_num(b, "avg_hr", l->avg_hr);
    sw_text_put_num(b, "max_hr", l->max_hr);
    sw_text_put_num(b, "max_speed", l->max_speed);
    sw_text_put_num(b, "cadence", l->cadence);
    sw_text_put_str(b, "intensity", l->intensity);
    sw_text_put_str(b, "trigger", l->trigger);
    sw_text_put_int(b, "trackpoints", l->points);
    sw_buf_byte(b, '}');
}

static void clock_in(struct total *s, const struct sw_text_time *t)
{
    if (!s->timed || t->ms < s->first_ms) {
        s->first_ms = t->ms;
        s->first_offset = t->offset_min;
    }
    if (!s->timed || t->ms > s->last_ms) {
        s->last_ms = t->ms;
        s->last_offset = t->offset_min;
    }
    if (s->timed && t->ms < s->prev_ms) s->backward_time++;
    s->prev_ms = t->ms;
    s->timed++;
    s->zone_unknown |= !t->known;
}

static void point_totals(struct total *s, const struct point *p)
{
    double alt = p->v[ALT], m = p->v[DIST];
    s->points++;
    if (p->has_time) clock_in(s, &p->t);
    if (!isnan(p->v[LAT])) s->positions++;
    if (!isnan(p->v[HR])) {
        s->hr_sum += p->v[HR];
        s->hr_n++;
        if (p->v[HR] > s->hr_seen_max) s->hr_seen_max = p->v[HR];
    }
    if (!isnan(m)) {
        if (m < s->last_m) s->backward_distance++;
        s->last_m = m;
    }
    if (isnan(alt)) return;
    if (isnan(s->climb_from)) s->climb_from = alt;
    if (fabs(alt - s->climb_from) < CLIMB_M) return;
    if (alt > s->climb_from) s->ascent_m += alt - s->climb_from;
    s->climb_from = alt;
}

static void end_point(struct tcx *x)
{
    struct point *p = &x->pt;
    x->in_point = false;
    if (p->v[HR] <= 0) p->v[HR] = NAN; /* 0 is no reading */
    if (!(fabs(p->v[LAT]) <= 90 && fabs(p->v[LON]) <= 180)) p->v[LAT] = p->v[LON] = NAN;
    if (x->in_lap) x->lap.points++;
    point_totals(&x->sum, p);
    if (!p->has_time) return;
    if (x->n_held == MAX_POINTS) {
        x->over = true;
        return;
    }
    sw_grow((void **)&x->held, &x->cap_held, x->n_held + 1, sizeof *x->held);
    p->order = (uint32_t)x->n_held;
    x->held[x->n_held++] = *p;
}

static int by_time(const void *va, const void *vb)
{
    const struct point *a = va, *b = vb;
    if (a->t.ms != b->t.ms) return a->t.ms < b->t.ms ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

/* to: the columns of the activity, -1 until its first value. */
static void emit_point(struct tcx *x, const struct point *p, int origin, int64_t ms, int to[])
{
    for (int f = 0; f < N_COLUMNS; f++) {
        if (isnan(p->v[f])) continue;
        if (to[f] < 0) to[f] = sw_batch_column(x->out, columns[f].type, columns[f].unit, origin);
        sw_batch_push(x->out, to[f], ms, 0, p->v[f], p->t.offset_min);
    }
}

static void emit_points(struct tcx *x, int origin)
{
    int to[N_COLUMNS];
    for (int f = 0; f < N_COLUMNS; f++) to[f] = -1;
    if (x->sum.backward_time) qsort(x->held, x->n_held, sizeof *x->held, by_time);
    for (size_t i = 0, n; i < x->n_held; i += n) {
        for (n = 1; i + n < x->n_held && x->held[i + n].t.ms == x->held[i].t.ms;) n++;
        for (size_t k = 0; k < n; k++)
            emit_point(x, &x->held[i + k], origin, sw_text_spread(x->held[i].t.ms, k, n), to);
    }
    if (x->over)
        sw_batch_note(x->out, "an activity has more than %d points: the rest is left out",
                      MAX_POINTS);
    x->n_held = 0;
}

static void put_times(struct sw_buf *b, const struct total *s)
{
    int64_t start = s->has_lap_time ? s->lap_ms : s->first_ms, finish = s->last_ms;
    if (!s->timed && !s->has_lap_time) return;
    if (s->timed && s->first_ms < start) start = s->first_ms;
    if (!s->timed) finish = start + (isnan(s->seconds) ? 0 : llround(s->seconds * 1000));
    if (finish < start) finish = start;
    sw_text_put_int(b, "start_ms", start);
    sw_text_put_int(b, "finish_ms", finish);
    sw_text_put_offset(b, "offset_start", s->first_offset);
    sw_text_put_offset(b, "offset_finish", s->last_offset);
    if (s->zone_unknown) sw_text_put_str(b, "zone", "unknown");
    if (!s->timed) return;
    sw_text_put_int(b, "first_point_ms", s->first_ms);
    sw_text_put_int(b, "last_point_ms", s->last_ms);
}

static void put_totals(struct sw_buf *b, const struct total *s)
{
    sw_text_put_num(b, "total_seconds", s->seconds);
    sw_text_put_num(b, "total_distance_m", s->distance_m);
    sw_text_put_num(b, "total_calories", s->calories);
    sw_text_put_num(b, "max_hr", s->max_hr);
    sw_text_put_num(b, "last_distance_m", s->last_m);
    if (!isnan(s->climb_from)) sw_text_put_num(b, "ascent_m", s->ascent_m);
    if (s->hr_n) {
        sw_text_put_num(b, "hr_mean", s->hr_sum / (double)s->hr_n);
        sw_text_put_num(b, "hr_max", s->hr_seen_max);
        sw_text_put_int(b, "hr_samples", s->hr_n);
    }
    sw_text_put_int(b, "trackpoints", s->points);
    sw_text_put_int(b, "timed_points", s->timed);
    sw_text_put_int(b, "positions", s->positions);
    sw_text_put_int(b, "backward_time_steps", s->backward_time);
    sw_text_put_int(b, "backward_distance_steps", s->backward_distance);
}

static void end_activity(struct tcx *x)
{
    struct sw_origin_desc o = {.name = x->creator, .ident = x->unit};
    struct sw_buf *b;
    int origin;
    o.maker = (char *)sw_text_maker(x->creator);
    if (!*o.maker && x->creator[0] && x->unit[0]) o.maker = (char *)"garmin";
    o.kind = (char *)sw_text_kind(x->creator);
    if (!*o.kind && x->unit[0]) o.kind = (char *)"watch"; /* a device with a number, worn or carried */
    origin = sw_batch_origin(x->out, &o);
    emit_points(x, origin);
    b = sw_batch_message(x->out, "activity");
    sw_text_put_str(b, "sport", x->sport);
    sw_text_put_str(b, "id", x->id);
    sw_text_put_str(b, "notes", x->notes);
    sw_text_put_str(b, "creator", x->creator);
    sw_text_put_int(b, "origin", origin);
    put_times(b, &x->sum);
    put_totals(b, &x->sum);
    sw_buf_puts(b, ",\"laps\":[");
    sw_buf_put(b, sw_buf_str(&x->laps), x->laps.len);
    sw_buf_byte(b, ']');
    sw_batch_message_end(x->out);
    x->in_activity = false;
    x->activities++;
}

static void on_start(void *ctx, const char *name, const char **attr)
{
    struct tcx *x = ctx;
    if (is(name, "TrainingCenterDatabase"))
        x->root = true;
    else if (is(name, "Activity"))
        begin_activity(x, attr);
    else if (is(name, "Course") || is(name, "Workout"))
        x->planned++;
    else if (x->in_activity && is(name, "Lap"))
        begin_lap(x, attr);
    else if (x->in_activity && is(name, "Trackpoint")) {
        x->pt = (struct point){0};
        for (int i = 0; i < N_FIELDS; i++) x->pt.v[i] = NAN;
        x->in_point = true;
    }
}

static void point_child(struct tcx *x, const char *name, const char *text, size_t n)
{
    static const struct {
        const char *name;
        int field;
    } known[] = {{"LatitudeDegrees", LAT}, {"LongitudeDegrees", LON},
                 {"AltitudeMeters", ALT},  {"DistanceMeters", DIST},
                 {"Cadence", CAD},         {"RunCadence", CAD},
                 {"Speed", SPEED},         {"Watts", POWER}};
    if (is(name, "Time")) x->pt.has_time = read_time(x, text, n, &x->pt.t);
    if (is(name, "Value") && !strcmp(sw_xml_above(x->xml, 1), "HeartRateBpm"))
        x->pt.v[HR] = number(x, text, n);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (is(name, known[i].name)) x->pt.v[known[i].field] = number(x, text, n);
}

static void lap_child(struct tcx *x, const char *name, const char *text, size_t n)
{
    struct lap *l = &x->lap;
    const char *parent = sw_xml_above(x->xml, 1);
    if (is(name, "Value")) {
        if (is(parent, "AverageHeartRateBpm")) l->avg_hr = number(x, text, n);
        if (is(parent, "MaximumHeartRateBpm")) l->max_hr = number(x, text, n);
    }
    if (strcmp(parent, "Lap")) return;
    if (is(name, "TotalTimeSeconds"))
        l->seconds = number(x, text, n);
    else if (is(name, "DistanceMeters"))
        l->distance_m = number(x, text, n);
    else if (is(name, "Calories"))
        l->calories = number(x, text, n);
    else if (is(name, "MaximumSpeed"))
        l->max_speed = number(x, text, n);
    else if (is(name, "Cadence"))
        l->cadence = number(x, text, n);
    else if (is(name, "Intensity"))
        copy(l->intensity, sizeof l->intensity, text);
    else if (is(name, "TriggerMethod"))
        copy(l->trigger, sizeof l->trigger, text);
}

static void activity_child(struct tcx *x, const char *name, const char *text)
{
    const char *parent = sw_xml_above(x->xml, 1);
    if (is(parent, "Activity")) {
        if (is(name, "Id")) copy(x->id, sizeof x->id, text);
        if (is(name, "Notes")) copy(x->notes, sizeof x->notes, text);
    } else if (is(parent, "Creator")) {
        if (is(name, "Name")) copy(x->creator, sizeof x->creator, text);
        if (is(name, "UnitId") && strcmp(text, "0"))
            copy(x->unit, sizeof x->unit, text);
    }
}

static void on_end(void *ctx, const char *name, const char *text, size_t n)
{
    struct tcx *x = ctx;
    if (!x->in_activity) return;
    if (x->in_point) {
        if (is(name, "Trackpoint"))
            end_point(x);
        else
            point_child(x, name, text, n);
    } else if (x->in_lap) {
        if (is(name, "Lap"))
            end_lap(x);
        else
            lap_child(x, name, text, n);
    } else if (is(name, "Activity")) {
        end_activity(x);
    } else {
        activity_child(x, name, text);
    }
}

static void *tcx_open(void)
{
    static const struct sw_xml_handler h = {on_start, on_end};
    struct tcx *x = sw_zalloc(sizeof *x);
    sw_buf_init(&x->laps, (size_t)8 << 20);
    x->xml = sw_xml_new(&h, x);
    return x;
}

static void damaged(struct tcx *x, const struct sw_err *cause)
{
    x->broken = true;
    if (x->in_lap) end_lap(x);
    if (x->in_activity && (x->sum.points || x->sum.laps)) end_activity(x);
    x->in_activity = false;
    sw_batch_note(x->out, "%s; what stands before it is kept", cause->text);
}

/* Damage behind the root ends the reading, not the import: the rest is passed over. */
static int tcx_feed(void *d, const uint8_t *p, size_t n, struct sw_batch *out,
                    struct sw_err *err)
{
    struct tcx *x = d;
    struct sw_err cause = SW_ERR_INIT;
    int rc;
    x->out = out;
    if (x->broken) return 0;
    rc = sw_xml_feed(x->xml, p, n, &cause);
    if (rc && !x->root) return sw_fail(err, rc, "not a TCX file: %s", cause.text);
    if (rc) damaged(x, &cause);
    return 0;
}

static int tcx_finish(void *d, struct sw_batch *out, struct sw_err *err)
{
    struct tcx *x = d;
    struct sw_err cause = SW_ERR_INIT;
    struct sw_buf *b;
    x->out = out;
    if (!x->broken && sw_xml_finish(x->xml, &cause) && x->root) damaged(x, &cause);
    if (!x->root)
        return sw_fail(err, SW_E_BAD,
                       "not a TCX file: there is no TrainingCenterDatabase element");
    b = sw_batch_message(out, "file");
    sw_text_put_int(b, "activities", x->activities);
    sw_text_put_int(b, "planned", x->planned);
    sw_batch_message_end(out);
    return 0;
}

static void tcx_close(void *d)
{
    struct tcx *x = d;
    sw_xml_free(x->xml);
    sw_buf_clear(&x->laps);
    sw_free(x->held);
    sw_free(x);
}

const struct sw_decoder sw_decoder_tcx = {"tcx", tcx_open, tcx_feed, tcx_finish, tcx_close, NULL, NULL};
