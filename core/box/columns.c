/* SPDX-License-Identifier: MIT
 * From a list in a JSON document to columns of samples, without a Lua call per sample.
 *   columns(node, spec, from [, most]) -> { n, start, dur, value, offset, next, rejected = { reason = count } }
 * `node` is the list; `from` the element to begin with (from 1), `next` where to go on, nil at its end.
 * start, dur (ms, 8 bytes each), value (8 bytes) and offset (minutes, 2 bytes; -32768: unknown) are packed
 * little-endian. spec, paths being texts such as "value.amount":
 *   time, clock       path and kind of the time: iso (default), unix, unix_ms, local (a wall clock)
 *   finish | seconds  path of the end, of the same kind, or of the length in seconds; neither: an instant
 *   offset            path of minutes east of UTC, where the time does not carry it
 *   value             path of a number, or of a text that is one; absent or null: no sample. Or a
 *                     function(element), which gives a number, or nil for no sample
 *   length            seconds of each, where the element does not say
 *   where, is         path and text: other elements are passed over; "" means absent or no text.
 *                     where may be a table of several: { type = "steps", ["source.name"] = "Watch" }
 *   min, max          values beyond are codes of the service, not figures: rejected
 *   times, values     two lists beside each other instead: times count seconds from base (ms);
 *   element           of each value that is a list itself, from 1: [52.1, 4.9]
 *   zone              { { from_ms, offset_min } ... } of the user, for wall clocks */
#include "base/tz.h"
#include "box/limits.h"
#include "box/tape.h"
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 8192, LOOKS = 1024, ZONES = 64, REASONS = 6, WHERES = 4, NO_OFFSET = -32768 };
enum clock_kind { ISO, UNIX, UNIX_MS, LOCAL };
enum reason { NO_TIME, BAD_TIME, BAD_VALUE, BAD_SPAN, CODE, NOT_READ };
static const char *const reason_text[] = {"without a time", "with a time that is none",
                                          "with a value that is no number",
                                          "that ends before it starts",
                                          "with a value that is a code of the service",
                                          "that the script's function stumbled over"};

struct change {
    int64_t from_ms;
    int offset_min;
};

struct spec {
    const struct sw_tape *doc;
    const char *time, *finish, *seconds, *offset, *value;
    const char *where[WHERES], *is[WHERES];
    int n_where;
    double min, max;
    enum clock_kind clock;
    struct change zone[ZONES];
    int n_zone;
    lua_State *L;
    int function;               /* index of what gives the value; 0: a path does */
    int document, type;         /* with a function: indexes of the document and of nodes' metatable */
    uint32_t time_at, value_at; /* walking two lists: their next elements */
    bool beside;
    uint32_t element;
    int64_t base_ms, length_ms;
};

struct rows {
    struct sw_buf start, dur, value, offset;
    size_t n, rejected[REASONS];
    bool calling; /* the script's function is under way */
};

static const char *text_field(lua_State *L, const char *name)
{
    const char *s;
    lua_getfield(L, 2, name);
    s = lua_isnil(L, -1) ? NULL : luaL_checkstring(L, -1);
    return s; /* stays on the stack, so it stays valid */
}

/* A number within +-most, so that no sum below overflows; 0 for what is none. */
static double bounded(lua_State *L, int idx, double most)
{
    double v = luaL_checknumber(L, idx);
    return v != v ? 0 : fmin(fmax(v, -most), most);
}

static void read_zone(lua_State *L, struct spec *s)
{
    lua_getfield(L, 2, "zone");
    if (!lua_istable(L, -1)) return;
    for (lua_Integer i = 1; s->n_zone < ZONES && lua_geti(L, -1, i) == LUA_TTABLE; i++) {
        lua_geti(L, -1, 1);
        lua_geti(L, -2, 2);
        s->zone[s->n_zone++] = (struct change){(int64_t)bounded(L, -2, 1e15), (int)bounded(L, -1, 1000)};
        lua_pop(L, 3);
    }
    lua_pop(L, 1);
}

/* Keep the text at idx in the table at `in`, whatever the script's function does to where it was. */
static const char *kept_text(lua_State *L, int idx, int in)
{
    lua_pushvalue(L, idx);
    lua_rawseti(L, in, (lua_Integer)lua_rawlen(L, in) + 1);
    return lua_tostring(L, idx);
}

static void read_wheres(lua_State *L, struct spec *s)
{
    int in;
    lua_newtable(L);
    in = lua_gettop(L);
    if (lua_getfield(L, 2, "where") != LUA_TTABLE) {
        lua_pop(L, 1);
        s->where[0] = text_field(L, "where");
        s->is[0] = text_field(L, "is");
        s->n_where = s->where[0] ? 1 : 0;
        return;
    }
    for (lua_pushnil(L); lua_next(L, -2) && s->n_where < WHERES; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "columns: 'where' has paths and texts");
        s->where[s->n_where] = kept_text(L, lua_gettop(L) - 1, in);
        s->is[s->n_where++] = kept_text(L, lua_gettop(L), in);
    }
}

static double limit_field(lua_State *L, const char *name, double otherwise)
{
    double v = lua_getfield(L, 2, name) == LUA_TNIL ? otherwise : luaL_checknumber(L, -1);
    lua_pop(L, 1);
    return v;
}

static void read_lists(lua_State *L, struct spec *s)
{
    const struct sw_tape_node *times, *values;
    lua_getfield(L, 2, "times");
    if (lua_isnil(L, -1)) return;
    times = sw_tape_check(L, -1);
    lua_getfield(L, 2, "values");
    values = sw_tape_check(L, -1);
    if (times->doc != s->doc || values->doc != s->doc)
        luaL_error(L, "times and values come from two answers");
    s->beside = true;
    s->time_at = times->at;
    s->value_at = values->at;
    lua_getfield(L, 2, "base");
    s->base_ms = (int64_t)bounded(L, -1, 1e15);
    lua_getfield(L, 2, "element");
    s->element = (uint32_t)luaL_optinteger(L, -1, 0);
}

static void read_spec(lua_State *L, struct spec *s)
{
    static const char *const kinds[] = {"iso", "unix", "unix_ms", "local", NULL};
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checkstack(L, 30, NULL);
    s->time = text_field(L, "time");
    s->finish = text_field(L, "finish");
    s->seconds = text_field(L, "seconds");
    s->offset = text_field(L, "offset");
    if (lua_getfield(L, 2, "value") == LUA_TFUNCTION) s->function = lua_gettop(L);
    else s->value = text_field(L, "value");
    read_wheres(L, s);
    s->min = limit_field(L, "min", -HUGE_VAL);
    s->max = limit_field(L, "max", HUGE_VAL);
    lua_getfield(L, 2, "length");
    s->length_ms = (int64_t)(fmin(fmax(luaL_optnumber(L, -1, 0), 0), 4e7) * 1000);
    lua_getfield(L, 2, "clock");
    s->clock = (enum clock_kind)luaL_checkoption(L, -1, "iso", kinds);
    read_zone(L, s);
    read_lists(L, s);
    if (!s->beside && (!s->time || !(s->value || s->function))) luaL_error(L, "columns: 'time' or 'value' is missing");
    if (!s->function) return;
    lua_getiuservalue(L, 1, 1);
    lua_getmetatable(L, 1);
    s->document = lua_gettop(L) - 1;
    s->type = lua_gettop(L);
}

static int zone_offset(const struct spec *s, int64_t utc_ms)
{
    int offset = s->n_zone ? s->zone[0].offset_min : 0;
    for (int i = 0; i < s->n_zone && s->zone[i].from_ms <= utc_ms; i++) offset = s->zone[i].offset_min;
    return offset;
}

/* Instant of a wall-clock time as sw_tz_utc gives it: the first where it occurs twice, moved forward by
 * the gap where it is skipped. */
static int64_t from_local(const struct spec *s, int64_t local_ms)
{
    int before = zone_offset(s, local_ms - 43200000);
    int64_t first = local_ms - (int64_t)before * 60000, second;
    int after = zone_offset(s, first);
    if (after == before) return first;
    second = local_ms - (int64_t)after * 60000;
    return zone_offset(s, second) == after ? second : first;
}

static bool number_at(const struct sw_tape *d, uint32_t at, double *out)
{
    const struct sw_jnode *n = &d->tape.node[at];
    char text[64], *end;
    if (sw_jtape_num(&d->tape, at, out)) return true;
    if (n->kind != SW_JSTR || n->len == 0 || n->len >= sizeof text || n->escaped) return false;
    memcpy(text, d->tape.text + n->at, n->len);
    text[n->len] = 0;
    if (strspn(text, "0123456789+-.eE") != n->len) return false; /* no blanks, no hexadecimal */
    *out = strtod(text, &end);
    return end != text && !*end && isfinite(*out);
}

static bool iso_at(const struct spec *s, uint32_t at, int64_t *ms, int *offset)
{
    const struct sw_jnode *n = &s->doc->tape.node[at];
    const char *text = s->doc->tape.text + n->at;
    int minutes = NO_OFFSET;
    int64_t utc;
    if (n->kind != SW_JSTR || n->escaped || sw_iso_parse(text, n->len, &utc, &minutes) != n->len)
        return false;
    if (s->clock == LOCAL && minutes != NO_OFFSET) { /* local text that ends in a false Z */
        utc += (int64_t)minutes * 60000;
        minutes = NO_OFFSET;
    }
    *ms = minutes == NO_OFFSET ? from_local(s, utc) : utc;
    if (minutes == NO_OFFSET) *offset = zone_offset(s, *ms);
    else if (minutes != 0) *offset = minutes; /* "Z" says when, not where */
    return true;
}

static bool time_at(const struct spec *s, uint32_t at, int64_t *ms, int *offset)
{
    double v;
    if (s->clock == ISO || s->clock == LOCAL) return iso_at(s, at, ms, offset);
    if (!number_at(s->doc, at, &v)) return false;
    if (s->clock == UNIX) v *= 1000;
    if (!(fabs(v) < 1e15)) return false;
    *ms = llround(v);
    return true;
}

static void push_row(struct rows *r, int64_t start, int64_t dur, double value, int offset)
{
    sw_buf_u64(&r->start, (uint64_t)start);
    sw_buf_u64(&r->dur, (uint64_t)dur);
    sw_buf_f64(&r->value, value);
    sw_buf_u16(&r->offset, (uint16_t)(int16_t)offset);
    r->n++;
}

static bool passes(const struct spec *s, uint32_t item)
{
    for (int i = 0; i < s->n_where; i++) {
        const char *is = s->is[i] ? s->is[i] : "";
        uint32_t at;
        bool there = sw_tape_find(s->doc, item, s->where[i], &at) &&
                     s->doc->tape.node[at].kind == SW_JSTR;
        if (there ? !sw_jtape_eq(&s->doc->tape, at, is) : *is != 0) return false;
    }
    return true;
}

/* The length of an element: 0 and true for an instant; false when it cannot be. */
static bool length_of(const struct spec *s, uint32_t item, int64_t start, int64_t *dur)
{
    uint32_t at;
    int64_t end;
    int ignored;
    double v;
    *dur = s->length_ms;
    if (s->finish && sw_tape_find(s->doc, item, s->finish, &at)) {
        if (!time_at(s, at, &end, &ignored)) return false;
        *dur = end - start;
    } else if (s->seconds && sw_tape_find(s->doc, item, s->seconds, &at)) {
        if (!number_at(s->doc, at, &v) || !(fabs(v) < 1e9)) return false;
        *dur = llround(v * 1000);
    }
    return *dur >= 0;
}

/* The value of an element by the script's function: 1, 0 for none, -1 after counting what was wrong. What the
 * function raises passes through (walk_called). */
static int called_value(const struct spec *s, struct rows *r, uint32_t item, double *value)
{
    lua_State *L = s->L;
    int there = 0, number;
    lua_pushvalue(L, s->function);
    sw_tape_push_of(L, s->doc, s->document, s->type, item);
    r->calling = true;
    lua_call(L, 1, 1);
    r->calling = false;
    if (!lua_isnil(L, -1)) {
        *value = lua_tonumberx(L, -1, &number);
        there = number && isfinite(*value) ? 1 : -1;
        r->rejected[BAD_VALUE] += there < 0;
    }
    lua_pop(L, 1);
    return there;
}

static int value_of(const struct spec *s, struct rows *r, uint32_t item, double *value)
{
    uint32_t at;
    if (s->function) return called_value(s, r, item, value);
    if (!sw_tape_find(s->doc, item, s->value, &at)) return 0;
    if (number_at(s->doc, at, value)) return 1;
    r->rejected[BAD_VALUE]++;
    return -1;
}

static void add_item(const struct spec *s, struct rows *r, uint32_t item)
{
    int64_t start, dur;
    uint32_t at;
    double value, minutes;
    int offset = NO_OFFSET;
    if (!passes(s, item) || value_of(s, r, item, &value) <= 0) return;
    if (value < s->min || value > s->max) r->rejected[CODE]++;
    else if (!sw_tape_find(s->doc, item, s->time, &at)) r->rejected[NO_TIME]++;
    else if (!time_at(s, at, &start, &offset)) r->rejected[BAD_TIME]++;
    else if (!length_of(s, item, start, &dur)) r->rejected[BAD_SPAN]++;
    else {
        if (s->offset && sw_tape_find(s->doc, item, s->offset, &at) &&
            number_at(s->doc, at, &minutes) && fabs(minutes) < 1000)
            offset = (int)minutes;
        push_row(r, start, dur, value, offset);
    }
}

static void add_beside(const struct spec *s, struct rows *r, uint32_t time, uint32_t value)
{
    const struct sw_jnode *node = s->doc->tape.node;
    double seconds, v;
    if (s->element && node[value].kind == SW_JARR) {
        uint32_t k = s->element;
        if (k > node[value].len) return;
        for (value++; k > 1; k--) value = node[value].next;
    }
    if (node[value].kind == SW_JNULL) return;
    if (!number_at(s->doc, time, &seconds) || !(fabs(seconds) < 1e9)) r->rejected[BAD_TIME]++;
    else if (!number_at(s->doc, value, &v)) r->rejected[BAD_VALUE]++;
    else if (v < s->min || v > s->max) r->rejected[CODE]++;
    else push_row(r, s->base_ms + llround(seconds * 1000), 0, v, NO_OFFSET);
}

struct passage { /* how far a walk has come; what it raises leaves it at the element */
    struct spec s;
    struct rows *r;
    uint32_t k, at;
    int64_t from;
    size_t most;
};

/* Elements until `most` rows; false at the end of the list. */
static bool walk_on(struct passage *p, uint32_t list)
{
    const struct sw_jnode *node = p->s.doc->tape.node;
    for (uint32_t n = node[list].len; p->k < n; p->k++) {
        if (p->k % LOOKS == 0) sw_limits_check(p->s.L);
        if (p->r->n >= p->most) return true;
        if (p->k >= p->from) add_item(&p->s, p->r, p->at);
        p->at = node[p->at].next;
    }
    return false;
}

static int walk_protected(lua_State *L)
{
    struct passage *p = lua_touserdata(L, 1);
    bool more = walk_on(p, (uint32_t)lua_tointeger(L, 2));
    lua_pushboolean(L, more);
    return 1;
}

/* One protected call for all elements until the function raises: that costs its element, and the walk goes
 * on behind it. */
static bool walk_called(lua_State *L, const struct spec *s, struct passage *p, uint32_t list)
{
    const int kept[] = {s->function, s->document, s->type};
    bool more;
    p->s.function = 3, p->s.document = 4, p->s.type = 5;
    for (;;) {
        lua_pushcfunction(L, walk_protected);
        lua_pushlightuserdata(L, p);
        lua_pushinteger(L, list);
        for (int i = 0; i < 3; i++) lua_pushvalue(L, kept[i]);
        if (lua_pcall(L, 5, 1, 0) == LUA_OK) break;
        sw_limits_check(L); /* an expiry is not the element's */
        if (!p->r->calling) lua_error(L);
        p->r->calling = false;
        p->r->rejected[NOT_READ]++;
        p->k++;
        p->at = s->doc->tape.node[p->at].next;
        lua_pop(L, 1);
    }
    more = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return more;
}

/* Elements from `from` (0 is the first) until `most` rows or looks; where to go on, or -1. */
static int64_t walk(lua_State *L, const struct spec *s, struct rows *r, struct sw_tape_node *list,
                    int64_t from, size_t most)
{
    struct passage p = {*s, r, 0, list->at + 1, from, most};
    if (s->doc->tape.node[list->at].kind != SW_JARR) return -1;
    if (list->next_at && list->next_index <= from) p.at = list->next_at, p.k = list->next_index;
    if (!(s->function ? walk_called(L, s, &p, list->at) : walk_on(&p, list->at))) return -1;
    list->next_index = p.k; /* the next call goes on from here */
    list->next_at = p.at;
    return p.k;
}

static int64_t walk_beside(lua_State *L, const struct spec *s, struct rows *r, int64_t from,
                           size_t most)
{
    const struct sw_jnode *node = s->doc->tape.node, *t = &node[s->time_at], *v = &node[s->value_at];
    uint32_t n = t->len < v->len ? t->len : v->len, time = s->time_at + 1, value = s->value_at + 1;
    if (t->kind != SW_JARR || v->kind != SW_JARR) return -1;
    for (uint32_t k = 0; k < n; k++) {
        if (k % LOOKS == 0) sw_limits_check(L);
        if (r->n >= most) return k;
        if (k >= from) add_beside(s, r, time, value);
        time = node[time].next;
        value = node[value].next;
    }
    return -1;
}

static void give(lua_State *L, struct sw_buf *b, const char *name)
{
    lua_pushlstring(L, sw_buf_str(b), b->len);
    lua_setfield(L, -2, name);
}

static void give_rows(lua_State *L, struct rows *r, int64_t next)
{
    lua_createtable(L, 0, 8);
    lua_pushinteger(L, (lua_Integer)r->n), lua_setfield(L, -2, "n");
    give(L, &r->start, "start"), give(L, &r->dur, "dur");
    give(L, &r->value, "value"), give(L, &r->offset, "offset");
    if (next >= 0) lua_pushinteger(L, next + 1), lua_setfield(L, -2, "next");
    lua_newtable(L);
    for (size_t i = 0; i < sizeof reason_text / sizeof *reason_text; i++) {
        if (!r->rejected[i]) continue;
        lua_pushinteger(L, (lua_Integer)r->rejected[i]);
        lua_setfield(L, -2, reason_text[i]);
    }
    lua_setfield(L, -2, "rejected");
}

/* The rows' memory belongs to a userdata, so that an expiry in mid-walk leaks nothing. */
static int rows_gc(lua_State *L)
{
    struct rows *r = lua_touserdata(L, 1);
    sw_buf_clear(&r->start), sw_buf_clear(&r->dur);
    sw_buf_clear(&r->value), sw_buf_clear(&r->offset);
    return 0;
}

static struct rows *new_rows(lua_State *L)
{
    struct rows *r = lua_newuserdatauv(L, sizeof *r, 0);
    *r = (struct rows){.n = 0};
    sw_buf_init(&r->start, MOST * 8 + 8), sw_buf_init(&r->dur, MOST * 8 + 8);
    sw_buf_init(&r->value, MOST * 8 + 8), sw_buf_init(&r->offset, MOST * 2 + 8);
    if (luaL_newmetatable(L, "syncwell.rows")) {
        lua_pushcfunction(L, rows_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return r;
}

int sw_tape_columns(lua_State *L)
{
    struct sw_tape_node *list = sw_tape_check(L, 1);
    lua_Integer from = luaL_optinteger(L, 3, 1), most = luaL_optinteger(L, 4, MOST);
    struct spec s = {.doc = list->doc, .L = L};
    struct rows *r;
    int64_t next;
    if (most < 1 || most > MOST) most = MOST;
    if (from < 1) from = 1;
    read_spec(L, &s);
    r = new_rows(L);
    next = s.beside ? walk_beside(L, &s, r, from - 1, (size_t)most)
                    : walk(L, &s, r, list, from - 1, (size_t)most);
    give_rows(L, r, next);
    return 1;
}
