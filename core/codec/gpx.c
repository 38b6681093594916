/* SPDX-License-Identifier: MIT
 * GPX 1.0 and 1.1. Points stream through: a sample leaves as soon as a point of another
 * time closes, a track's summary is kept in running sums and leaves as a message when the
 * track closes, so memory does not grow with the file. Distance is the haversine sum inside
 * segments: the gap between two segments is a pause. Extension elements are known by their local name
 * wherever they stand inside a point, because writers put them under any namespace, or
 * none. Waypoints are counted only; maps, links and styling are not read. A route, or a
 * track without any time, is a plan and says so. */
#include "base/alloc.h"
#include "base/json.h"
#include "codec/decode.h"
#include "codec/text.h"
#include "codec/xml.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_NAME = 200, MAX_SEGMENTS = 20000, MAX_SAME = 1000 };
#define EARTH_M 6371000.0
#define CLIMB_M 3.0 /* smaller rises are noise of the barometer */

enum field { HR, CAD, POWER, SPEED, TEMP, ELE, LAT, LON, N_FIELDS };

static const struct {
    const char *type, *unit;
} columns[N_FIELDS] = {
    {"trkpt.heart_rate", "bpm"}, {"trkpt.cadence", "rpm"},      {"trkpt.power", "W"},
    {"trkpt.speed", "m/s"},      {"trkpt.temperature", "degC"}, {"trkpt.altitude", "m"},
    {"trkpt.latitude", "deg"},   {"trkpt.longitude", "deg"},
};

struct stat {
    long n;
    double sum, max;
};

struct segment {
    long points;
    int64_t first_ms, last_ms;
    double distance_m;
};

struct track {
    char name[MAX_NAME], type[MAX_NAME];
    bool route, zone_unknown;
    long points, timed, backward;
    int64_t first_ms, last_ms, prev_ms;
    int16_t first_offset, last_offset;
    double distance_m, ascent_m;
    struct stat hr;
    struct segment seg;
    long segments;
    struct sw_buf segment_json;
};

struct point {
    bool has_time;
    struct sw_text_time t;
    double v[N_FIELDS];
};

struct gpx {
    struct sw_xml *xml;
    struct sw_batch *out; /* of the call under way */
    struct track track;
    struct point pt;
    struct point *held; /* points of one time, not yet given away */
    size_t n_held, cap_held;
    bool in_track, in_point, broken, root, out_of_order;
    double prev_lat, prev_lon, climb_from; /* NAN at the start of a segment */
    char creator[MAX_NAME], version[16];
    int origin;
    int column[N_FIELDS]; /* index in this call's batch and 1; 0: not asked for yet */
    long waypoints, tracks;
};

/* Most names differ in their first letter. */
static inline bool is(const char *name, const char *word)
{
    return name[0] == word[0] && !strcmp(name, word);
}

static void copy(char *to, const char *s)
{
    size_t n = strlen(s);
    if (n >= MAX_NAME) n = MAX_NAME - 1;
    memcpy(to, s, n);
    to[n] = 0;
}

static double haversine_m(double lat1, double lon1, double lat2, double lon2)
{
    double r = acos(-1) / 180, p = sin((lat2 - lat1) * r / 2),
           l = sin((lon2 - lon1) * r / 2);
    double a = p * p + cos(lat1 * r) * cos(lat2 * r) * l * l;
    return 2 * EARTH_M * asin(sqrt(a > 1 ? 1 : a));
}

static void begin_segment(struct gpx *g)
{
    g->track.seg = (struct segment){0};
    g->prev_lat = g->prev_lon = g->climb_from = NAN;
}

static void begin_track(struct gpx *g, bool route)
{
    struct sw_buf keep = g->track.segment_json;
    sw_buf_reset(&keep);
    g->track = (struct track){.route = route, .segment_json = keep};
    g->in_track = true;
    begin_segment(g);
}

static void end_segment(struct gpx *g)
{
    struct track *t = &g->track;
    struct segment *s = &t->seg;
    struct sw_buf *b = &t->segment_json;
    if (t->segments++ >= MAX_SEGMENTS) return;
    if (b->len) sw_buf_byte(b, ',');
    sw_buf_byte(b, '{');
    sw_text_put_int(b, "points", s->points);
    sw_text_put_num(b, "distance_m", s->distance_m);
    if (s->last_ms || s->first_ms) {
        sw_text_put_int(b, "start_ms", s->first_ms);
        sw_text_put_int(b, "finish_ms", s->last_ms);
    }
    sw_buf_byte(b, '}');
    begin_segment(g);
}

static void put_times(struct sw_buf *b, const struct track *t)
{
    if (!t->timed) return;
    sw_text_put_int(b, "start_ms", t->first_ms);
    sw_text_put_int(b, "finish_ms", t->last_ms);
    sw_text_put_offset(b, "offset_start", t->first_offset);
    sw_text_put_offset(b, "offset_finish", t->last_offset);
    if (t->zone_unknown) sw_text_put_str(b, "zone", "unknown");
    sw_text_put_int(b, "backward_steps", t->backward);
}

/* Asked for by its name once a slice. */
static int column_of(struct gpx *g, int field)
{
    if (!g->column[field])
        g->column[field] =
            1 + sw_batch_column(g->out, columns[field].type, columns[field].unit, g->origin);
    return g->column[field] - 1;
}

static void release(struct gpx *g)
{
    for (size_t k = 0; k < g->n_held; k++) {
        const struct point *p = &g->held[k];
        int64_t ms = sw_text_spread(p->t.ms, k, g->n_held);
        for (int i = 0; i < N_FIELDS; i++)
            if (!isnan(p->v[i]))
                sw_batch_push(g->out, column_of(g, i), ms, 0, p->v[i], p->t.offset_min);
    }
    g->n_held = 0;
}

static void hold(struct gpx *g, const struct point *p)
{
    if (g->n_held && (g->held[0].t.ms != p->t.ms || g->n_held == MAX_SAME)) release(g);
    sw_grow((void **)&g->held, &g->cap_held, g->n_held + 1, sizeof *g->held);
    g->held[g->n_held++] = *p;
}

static void end_track(struct gpx *g)
{
    struct track *t = &g->track;
    struct sw_buf *b;
    release(g);
    b = sw_batch_message(g->out, "track");
    sw_text_put_str(b, "name", t->name);
    sw_text_put_str(b, "type", t->type);
    sw_text_put_str(b, "creator", g->creator);
    sw_text_put_int(b, "origin", g->origin);
    if (t->route) sw_buf_puts(b, ",\"route\":true");
    if (!t->timed) sw_buf_puts(b, ",\"planned\":true");
    sw_text_put_int(b, "points", t->points);
    sw_text_put_int(b, "timed_points", t->timed);
    put_times(b, t);
    sw_text_put_num(b, "distance_m", t->distance_m);
    sw_text_put_num(b, "ascent_m", t->ascent_m);
    if (t->hr.n) {
        sw_text_put_num(b, "hr_mean", t->hr.sum / (double)t->hr.n);
        sw_text_put_num(b, "hr_max", t->hr.max);
        sw_text_put_int(b, "hr_samples", t->hr.n);
    }
    sw_buf_puts(b, ",\"segments\":[");
    sw_buf_put(b, sw_buf_str(&t->segment_json), t->segment_json.len);
    sw_buf_byte(b, ']');
    sw_batch_message_end(g->out);
    g->in_track = false;
    g->tracks++;
}

static void climb(struct gpx *g, double ele)
{
    if (isnan(g->climb_from)) g->climb_from = ele;
    if (fabs(ele - g->climb_from) < CLIMB_M) return;
    if (ele > g->climb_from) g->track.ascent_m += ele - g->climb_from;
    g->climb_from = ele;
}

static void move(struct gpx *g, double lat, double lon)
{
    double m = isnan(g->prev_lat) ? 0 : haversine_m(g->prev_lat, g->prev_lon, lat, lon);
    g->track.distance_m += m;
    g->track.seg.distance_m += m;
    g->prev_lat = lat;
    g->prev_lon = lon;
}

static void clock_in(struct track *t, const struct sw_text_time *at)
{
    struct segment *s = &t->seg;
    bool first = !t->timed++;
    if (first || at->ms < t->first_ms) {
        t->first_ms = at->ms;
        t->first_offset = at->offset_min;
    }
    if (first || at->ms > t->last_ms) {
        t->last_ms = at->ms;
        t->last_offset = at->offset_min;
    }
    if (!first && at->ms < t->prev_ms) t->backward++;
    t->prev_ms = at->ms;
    t->zone_unknown |= !at->known;
    if (!s->first_ms || at->ms < s->first_ms) s->first_ms = at->ms;
    if (!s->last_ms || at->ms > s->last_ms) s->last_ms = at->ms;
}

static void check_ranges(struct gpx *g)
{
    double *v = g->pt.v;
    if (!(fabs(v[LAT]) <= 90 && fabs(v[LON]) <= 180)) {
        if (!isnan(v[LAT]) &&
            !isnan(v[LON])) { /* OpenTracks marks a pause by latitude 100 */
            sw_batch_reject(g->out, "position outside the globe");
            g->prev_lat = g->prev_lon = NAN;
        }
        v[LAT] = v[LON] = NAN;
    }
    if (v[HR] <= 0) v[HR] = NAN; /* writers put 0 for no reading */
}

static void end_point(struct gpx *g)
{
    struct track *t = &g->track;
    struct point *p = &g->pt;
    g->in_point = false;
    check_ranges(g);
    t->points++;
    t->seg.points++;
    if (!isnan(p->v[LAT])) move(g, p->v[LAT], p->v[LON]);
    if (t->route) return;
    if (!isnan(p->v[ELE])) climb(g, p->v[ELE]);
    if (!isnan(p->v[HR])) {
        t->hr.sum += p->v[HR];
        if (!t->hr.n++ || p->v[HR] > t->hr.max) t->hr.max = p->v[HR];
    }
    if (!p->has_time) return;
    if (t->timed && p->t.ms < t->prev_ms) g->out_of_order = true;
    clock_in(t, &p->t);
    hold(g, p);
}

static double number(const char *s)
{
    double v;
    return s && sw_text_num(s, strlen(s), &v) ? v : NAN;
}

static void begin_point(struct gpx *g, const char **attr)
{
    g->pt = (struct point){0};
    for (int i = 0; i < N_FIELDS; i++) g->pt.v[i] = NAN;
    g->pt.v[LAT] = number(sw_xml_attr(attr, "lat"));
    g->pt.v[LON] = number(sw_xml_attr(attr, "lon"));
    g->in_point = true;
}

static void begin_root(struct gpx *g, const char **attr)
{
    const char *creator = sw_xml_attr(attr, "creator"),
               *version = sw_xml_attr(attr, "version");
    struct sw_origin_desc o = {.name = g->creator};
    g->root = true;
    copy(g->creator, creator ? creator : "");
    if (version) strncpy(g->version, version, sizeof g->version - 1);
    o.maker = (char *)sw_text_maker(g->creator);
    o.kind = (char *)sw_text_kind(g->creator);
    g->origin = sw_batch_origin(g->out, &o);
}

static void on_start(void *ctx, const char *name, const char **attr)
{
    struct gpx *g = ctx;
    if (is(name, "gpx"))
        begin_root(g, attr);
    else if (is(name, "trk"))
        begin_track(g, false);
    else if (is(name, "rte"))
        begin_track(g, true);
    else if (is(name, "trkseg"))
        begin_segment(g);
    else if (g->in_track && (is(name, "trkpt") || is(name, "rtept")))
        begin_point(g, attr);
    else if (is(name, "wpt"))
        g->waypoints++;
}

/* Index of the column an extension element belongs to, -1 if none. */
static int field_of(const char *name)
{
    static const struct {
        const char *name;
        int field;
    } known[] = {{"hr", HR},           {"heartrate", HR},       {"heartratebpm", HR},
                 {"cad", CAD},         {"cadence", CAD},        {"runcadence", CAD},
                 {"power", POWER},     {"powerinwatts", POWER}, {"watts", POWER},
                 {"speed", SPEED},     {"atemp", TEMP},         {"temp", TEMP},
                 {"temperature", TEMP}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if ((name[0] | 0x20) == known[i].name[0] && !strcasecmp(name, known[i].name))
            return known[i].field;
    return -1;
}

static void read_time(struct gpx *g, const char *text, size_t n)
{
    int rc = sw_text_time(text, n, &g->pt.t);
    g->pt.has_time = !rc;
    if (rc) sw_batch_reject(g->out, sw_text_time_reason(rc));
}

static void point_child(struct gpx *g, const char *name, const char *text, size_t n)
{
    const char *parent = sw_xml_above(g->xml, 1);
    bool direct = is(parent, "trkpt") || is(parent, "rtept");
    int f = direct && is(name, "ele") ? ELE : field_of(name);
    if (direct && is(name, "time")) read_time(g, text, n);
    if (f < 0) return;
    if (sw_text_num(text, n, &g->pt.v[f])) return;
    g->pt.v[f] = NAN;
    if (strspn(text, " \t\r\n") < n) sw_batch_reject(g->out, "value is not a number");
}

static void track_child(struct gpx *g, const char *name, const char *text)
{
    const char *parent = sw_xml_above(g->xml, 1);
    if (strcmp(parent, "trk") && strcmp(parent, "rte")) return;
    if (is(name, "name")) copy(g->track.name, text);
    if (is(name, "type")) copy(g->track.type, text);
}

static void on_end(void *ctx, const char *name, const char *text, size_t n)
{
    struct gpx *g = ctx;
    if (!g->in_track) return;
    if (is(name, "trkpt") || is(name, "rtept")) {
        if (g->in_point) end_point(g);
    } else if (g->in_point) {
        point_child(g, name, text, n);
    } else if (is(name, "trkseg")) {
        end_segment(g);
    } else if (is(name, "trk") || is(name, "rte")) {
        if (g->track.route) end_segment(g);
        end_track(g);
    } else {
        track_child(g, name, text);
    }
}

/* Put the rows of this slice in order of time where the file has them out of order. */
static int by_start(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    if (x[0] != y[0]) return x[0] < y[0] ? -1 : 1;
    return x[1] < y[1] ? -1 : 1;
}

static void sort_column(struct sw_column *c)
{
    int64_t(*key)[2] = sw_alloc(c->n * sizeof *key);
    double *value = sw_alloc(c->n * sizeof *value);
    int16_t *offset = sw_alloc(c->n * sizeof *offset);
    for (size_t i = 0; i < c->n; i++) {
        key[i][0] = c->start_ms[i];
        key[i][1] = (int64_t)i;
    }
    qsort(key, c->n, sizeof *key, by_start);
    memcpy(value, c->value, c->n * sizeof *value);
    memcpy(offset, c->offset_min, c->n * sizeof *offset);
    for (size_t i = 0; i < c->n; i++) {
        c->start_ms[i] = key[i][0];
        c->value[i] = value[key[i][1]];
        c->offset_min[i] = offset[key[i][1]];
    }
    sw_free(key);
    sw_free(value);
    sw_free(offset);
}

static void sort_rows(struct gpx *g)
{
    if (!g->out_of_order) return;
    for (size_t i = 0; i < g->out->n_col; i++)
        if (g->out->col[i].n > 1) sort_column(&g->out->col[i]);
    g->out_of_order = false;
}

static void *gpx_open(void)
{
    static const struct sw_xml_handler h = {on_start, on_end};
    struct gpx *g = sw_zalloc(sizeof *g);
    sw_buf_init(&g->track.segment_json, (size_t)4 << 20);
    g->xml = sw_xml_new(&h, g);
    return g;
}

/* What was read of a track that the file does not finish. */
static void flush(struct gpx *g)
{
    if (!g->in_track) return;
    if (g->track.seg.points) end_segment(g);
    if (g->track.points) end_track(g);
    g->in_track = false;
}

static void damaged(struct gpx *g, const struct sw_err *cause)
{
    g->broken = true;
    flush(g);
    sw_batch_note(g->out, "%s; what stands before it is kept", cause->text);
}

static void begin_call(struct gpx *g, struct sw_batch *out)
{
    g->out = out;
    memset(g->column, 0, sizeof g->column);
}

/* Damage behind the root ends the reading, not the import: the rest is passed over. */
static int gpx_feed(void *d, const uint8_t *p, size_t n, struct sw_batch *out,
                    struct sw_err *err)
{
    struct gpx *g = d;
    struct sw_err cause = SW_ERR_INIT;
    int rc;
    begin_call(g, out);
    if (g->broken) return 0;
    rc = sw_xml_feed(g->xml, p, n, &cause);
    if (rc && !g->root) return sw_fail(err, rc, "not a GPX file: %s", cause.text);
    if (rc) damaged(g, &cause);
    sort_rows(g);
    return 0;
}

static int gpx_finish(void *d, struct sw_batch *out, struct sw_err *err)
{
    struct gpx *g = d;
    struct sw_err cause = SW_ERR_INIT;
    struct sw_buf *b;
    begin_call(g, out);
    if (!g->broken && sw_xml_finish(g->xml, &cause) && g->root) damaged(g, &cause);
    if (!g->root) return sw_fail(err, SW_E_BAD, "not a GPX file: there is no gpx element");
    sort_rows(g);
    b = sw_batch_message(out, "file");
    sw_text_put_str(b, "version", g->version);
    sw_text_put_str(b, "creator", g->creator);
    sw_text_put_int(b, "tracks", g->tracks);
    sw_text_put_int(b, "waypoints", g->waypoints);
    sw_batch_message_end(out);
    return 0;
}

static void gpx_close(void *d)
{
    struct gpx *g = d;
    sw_xml_free(g->xml);
    sw_buf_clear(&g->track.segment_json);
    sw_free(g->held);
    sw_free(g);
}

const struct sw_decoder sw_decoder_gpx = {"gpx", gpx_open, gpx_feed, gpx_finish, gpx_close, NULL, NULL};
