/* SPDX-License-Identifier: MIT
 * Workouts changed shape over the years: totals were attributes, since iOS 16 they are
 * WorkoutStatistics children, and a WorkoutActivity repeats statistics and events of its
 * workout. So all of it is gathered side by side and what stands inside a WorkoutActivity,
 * but for the activity's own attributes, is passed over: it counts once. */
#include "codec/apple_workout.h"
#include "base/json.h"
#include <math.h>
#include <string.h>

enum { TEXT_MAX = 2048 };
#define MAX_PART ((size_t)1 << 20)

static struct sw_buf *part(struct sw_apple_group *g, int i)
{
    struct sw_buf *all[] = {&g->attributes, &g->statistics, &g->metadata, &g->events,
                            &g->routes,     &g->activities, &g->members};
    return i < (int)(sizeof all / sizeof *all) ? all[i] : NULL;
}

void sw_apple_group_init(struct sw_apple_group *g)
{
    struct sw_buf *b;
    memset(g, 0, sizeof *g);
    for (int i = 0; (b = part(g, i)); i++) sw_buf_init(b, MAX_PART + 64 * 1024);
}

void sw_apple_group_clear(struct sw_apple_group *g)
{
    struct sw_buf *b;
    for (int i = 0; (b = part(g, i)); i++) sw_buf_clear(b);
}

static bool full(const struct sw_buf *b)
{
    return b->len > MAX_PART - 32 * 1024;
}

static void comma(struct sw_buf *b)
{
    if (b->len) sw_buf_byte(b, ',');
}

static void put_key(struct sw_buf *b, struct sw_span raw)
{
    char t[TEXT_MAX];
    size_t n = sw_apple_text(raw, t, sizeof t);
    if (b->len && b->data[b->len - 1] != '{') sw_buf_byte(b, ',');
    sw_json_str(b, t, n);
    sw_buf_byte(b, ':');
}

static void put_text(struct sw_buf *b, struct sw_span raw)
{
    char t[TEXT_MAX];
    sw_json_str(b, t, sw_apple_text(raw, t, sizeof t));
}

static bool read_time(const struct sw_apple_tag *tag, const char *name,
                      struct sw_batch *out, struct sw_text_time *t)
{
    struct sw_span raw = sw_apple_attr(tag, name);
    int rc;
    if (!raw.p) return false;
    rc = sw_text_time(raw.p, raw.n, t);
    if (rc) sw_batch_reject(out, sw_text_time_reason(rc));
    return !rc;
}

bool sw_apple_when(const struct sw_apple_tag *tag, struct sw_batch *out,
                   struct sw_apple_span *when)
{
    memset(when, 0, sizeof *when);
    when->has_start = read_time(tag, "startDate", out, &when->start);
    when->has_finish = read_time(tag, "endDate", out, &when->finish);
    return when->has_start;
}

static bool own_attribute(struct sw_span name)
{
    static const char *const other[] = {"startDate",  "endDate",       "creationDate",
                                        "sourceName", "sourceVersion", "device"};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (sw_span_is(name, other[i])) return false;
    return true;
}

void sw_apple_put_attributes(struct sw_buf *b, const struct sw_apple_tag *tag)
{
    for (int i = 0; i < tag->n; i++) {
        if (!own_attribute(tag->attr[i].name) || full(b)) continue;
        put_key(b, tag->attr[i].name);
        put_text(b, tag->attr[i].value);
    }
}

void sw_apple_group_begin(struct sw_apple_group *g, const struct sw_apple_tag *tag,
                          const struct sw_apple_span *when, int origin)
{
    struct sw_span type = sw_apple_attr(tag, "type");
    struct sw_buf *b;
    for (int i = 0; (b = part(g, i)); i++) sw_buf_reset(b);
    g->open = true;
    g->in_activity = g->in_event = g->in_route = false;
    g->food = type.p && sw_span_is(type, "HKCorrelationTypeIdentifierFood");
    g->when = *when;
    g->origin = origin;
    sw_apple_put_attributes(&g->attributes, tag);
}

static void add_statistics(struct sw_apple_group *g, const struct sw_apple_tag *tag)
{
    static const char *const numbers[] = {"sum", "average", "minimum", "maximum"};
    struct sw_span type = sw_apple_attr(tag, "type"), unit = sw_apple_attr(tag, "unit");
    struct sw_buf *b = &g->statistics;
    if (!type.p || full(b)) return;
    put_key(b, type);
    sw_buf_byte(b, '{');
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sw_span raw = sw_apple_attr(tag, numbers[i]);
        double v;
        if (raw.p && sw_text_num(raw.p, raw.n, &v)) sw_text_put_num(b, numbers[i], v);
    }
    if (unit.p) {
        sw_json_key(b, "unit");
        put_text(b, unit);
    }
    sw_buf_byte(b, '}');
}

static void add_metadata(struct sw_apple_group *g, const struct sw_apple_tag *tag)
{
    struct sw_span key = sw_apple_attr(tag, "key"), value = sw_apple_attr(tag, "value");
    if (!key.p || !value.p || full(&g->metadata)) return;
    put_key(&g->metadata, key);
    put_text(&g->metadata, value);
}

/* Seconds in a duration attribute with its unit, NAN if there is none. */
static double duration_s(const struct sw_apple_tag *tag)
{
    struct sw_span d = sw_apple_attr(tag, "duration"),
                   u = sw_apple_attr(tag, "durationUnit");
    double v;
    if (!d.p || !sw_text_num(d.p, d.n, &v)) return NAN;
    if (u.p && sw_span_is(u, "s")) return v;
    return u.p && (sw_span_is(u, "h") || sw_span_is(u, "hr")) ? v * 3600 : v * 60;
}

static void add_event(struct sw_apple_group *g, const struct sw_apple_tag *tag,
                      struct sw_batch *out)
{
    struct sw_span type = sw_apple_attr(tag, "type");
    struct sw_text_time at;
    struct sw_buf *b = &g->events;
    if (!type.p || full(b)) return;
    comma(b);
    sw_buf_puts(b, "{\"type\":");
    put_text(b, type);
    if (read_time(tag, "date", out, &at)) sw_text_put_int(b, "at_ms", at.ms);
    sw_text_put_num(b, "duration_s", duration_s(tag));
    sw_buf_byte(b, '}');
}

static void add_route(struct sw_apple_group *g, const struct sw_apple_tag *tag)
{
    struct sw_span path = sw_apple_attr(tag, "path");
    if (!path.p || full(&g->routes)) return;
    comma(&g->routes);
    put_text(&g->routes, path);
}

static void add_activity(struct sw_apple_group *g, const struct sw_apple_tag *tag,
                         struct sw_batch *out)
{
    struct sw_apple_span when;
    struct sw_buf *b = &g->activities;
    if (full(b)) return;
    comma(b);
    sw_buf_byte(b, '{');
    if (sw_apple_when(tag, out, &when)) sw_text_put_int(b, "start_ms", when.start.ms);
    if (when.has_finish) sw_text_put_int(b, "finish_ms", when.finish.ms);
    sw_text_put_num(b, "duration_s", duration_s(tag));
    sw_json_key(b, "attributes");
    sw_buf_byte(b, '{');
    sw_apple_put_attributes(b, tag);
    sw_buf_puts(b, "}}");
}

/* Keep track of being inside an element that may hold others. */
static bool enter(bool *inside, const struct sw_apple_tag *tag, const char *name)
{
    if (!sw_span_is(tag->name, name)) return false;
    *inside = tag->opens && !tag->closes;
    return true;
}

void sw_apple_group_child(struct sw_apple_group *g, const struct sw_apple_tag *tag,
                          struct sw_batch *out)
{
    if (enter(&g->in_activity, tag, "WorkoutActivity")) {
        if (tag->opens) add_activity(g, tag, out);
    } else if (g->in_activity) {
        return;
    } else if (enter(&g->in_event, tag, "WorkoutEvent")) {
        if (tag->opens) add_event(g, tag, out);
    } else if (enter(&g->in_route, tag, "WorkoutRoute")) {
        return;
    } else if (tag->opens && sw_span_is(tag->name, "FileReference")) {
        add_route(g, tag);
    } else if (tag->opens && !g->in_event && !g->in_route) {
        if (sw_span_is(tag->name, "WorkoutStatistics")) add_statistics(g, tag);
        if (sw_span_is(tag->name, "MetadataEntry")) add_metadata(g, tag);
    }
}

void sw_apple_group_member(struct sw_apple_group *g, const char *type, double value,
                           const char *unit)
{
    struct sw_buf *b = &g->members;
    if (full(b)) return;
    comma(b);
    sw_buf_byte(b, '{');
    sw_text_put_str(b, "type", type);
    sw_text_put_num(b, "value", value);
    sw_text_put_str(b, "unit", unit);
    sw_buf_byte(b, '}');
}

static void put_part(struct sw_buf *to, const char *key, const struct sw_buf *b,
                     const char *brackets)
{
    if (!b->len) return;
    sw_json_key(to, key);
    sw_buf_byte(to, (uint8_t)brackets[0]);
    sw_buf_put(to, b->data, b->len);
    sw_buf_byte(to, (uint8_t)brackets[1]);
}

static void put_when(struct sw_buf *b, const struct sw_apple_span *w)
{
    sw_text_put_int(b, "start_ms", w->start.ms);
    sw_text_put_offset(b, "offset_start", w->start.offset_min);
    if (!w->start.known) sw_text_put_str(b, "zone", "unknown");
    if (!w->has_finish) return;
    sw_text_put_int(b, "finish_ms", w->finish.ms);
    sw_text_put_offset(b, "offset_finish", w->finish.offset_min);
}

void sw_apple_group_end(struct sw_apple_group *g, const char *message, struct sw_batch *out)
{
    struct sw_buf *b = sw_batch_message(out, message);
    sw_text_put_int(b, "origin", g->origin);
    if ((size_t)g->origin < out->n_origins)
        sw_text_put_str(b, "source", out->origins[g->origin].name);
    put_when(b, &g->when);
    put_part(b, "attributes", &g->attributes, "{}");
    put_part(b, "statistics", &g->statistics, "{}");
    put_part(b, "metadata", &g->metadata, "{}");
    put_part(b, "events", &g->events, "[]");
    put_part(b, "routes", &g->routes, "[]");
    put_part(b, "activities", &g->activities, "[]");
    put_part(b, "members", &g->members, "[]");
    sw_batch_message_end(out);
    g->open = false;
}
