/* SPDX-License-Identifier: MIT
 * Text of instants and days: the writing and reading half of base/tz.h. */
#include "base/tz.h"
#include <stdio.h>

void sw_iso_format(int64_t utc_ms, int offset_min, char out[40])
{
    int64_t local = utc_ms + (int64_t)offset_min * 60000, day = sw_floor_day(local);
    int ms = (int)(local - day * SW_DAY_MS), o = offset_min < 0 ? -offset_min : offset_min;
    struct sw_date d = sw_date_of_day(day);
    int n = snprintf(out, 40, "%04d-%02d-%02dT%02d:%02d:%02d", d.year % 10000, d.month, d.day,
                     ms / 3600000, ms / 60000 % 60, ms / 1000 % 60);
    if (ms % 1000) n += snprintf(out + n, 40 - (size_t)n, ".%03d", ms % 1000);
    if (offset_min == 0) snprintf(out + n, 40 - (size_t)n, "Z");
    else
        snprintf(out + n, 40 - (size_t)n, "%c%02d:%02d", offset_min < 0 ? '-' : '+', o / 60 % 100,
                 o % 60);
}

void sw_day_format(int64_t day, char out[16])
{
    struct sw_date d = sw_date_of_day(day);
    snprintf(out, 16, "%04d-%02d-%02d", d.year % 10000, d.month, d.day);
}

struct cursor {
    const char *p, *end;
};

static bool two(struct cursor *c, int *out)
{
    if (c->end - c->p < 2 || (unsigned)(c->p[0] - '0') > 9 || (unsigned)(c->p[1] - '0') > 9)
        return false;
    *out = (c->p[0] - '0') * 10 + (c->p[1] - '0');
    c->p += 2;
    return true;
}

static bool skip(struct cursor *c, char ch)
{
    if (c->p >= c->end || *c->p != ch) return false;
    c->p++;
    return true;
}

static int month_len(int y, int m)
{
    static const int8_t len[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = y % 4 == 0 && (y % 100 || y % 400 == 0);
    return len[m - 1] + (m == 2 && leap);
}

static bool read_date(struct cursor *c, int64_t *day)
{
    int hi, lo, m, d, y;
    bool dashes;
    if (!two(c, &hi) || !two(c, &lo)) return false;
    y = hi * 100 + lo;
    dashes = skip(c, '-');
    if (!two(c, &m) || (dashes && !skip(c, '-')) || !two(c, &d)) return false;
    if (m < 1 || m > 12 || d < 1 || (d > 28 && d > month_len(y, m))) return false;
    *day = sw_day_of_date(y, m, d);
    return true;
}

/* hh:mm[:ss[.fff]] with or without colons; 24:00 and a leap second are accepted as the next instant. */
static bool read_clock(struct cursor *c, int64_t *ms)
{
    int h, m, s = 0, scale = 100;
    bool colons;
    *ms = 0;
    if (!two(c, &h)) return false;
    colons = skip(c, ':');
    if (!two(c, &m)) return false;
    if (colons ? skip(c, ':') : (c->p < c->end && (unsigned)(*c->p - '0') < 10)) {
        if (!two(c, &s)) return false;
        if (c->end - c->p > 1 && (unsigned)(c->p[1] - '0') < 10 && (skip(c, '.') || skip(c, ',')))
            for (; c->p < c->end && (unsigned)(*c->p - '0') < 10; c->p++, scale /= 10)
                *ms += (*c->p - '0') * scale;
    }
    if (h > 24 || m > 59 || s > 60 || (h == 24 && (m || s || *ms))) return false;
    *ms += ((int64_t)h * 3600 + m * 60 + s) * 1000;
    return true;
}

/* Leaves the cursor alone and gives "no zone" when none follows. */
static void read_zone(struct cursor *c, int *offset_min)
{
    struct cursor t = *c;
    int h, m = 0, sign;
    *offset_min = INT16_MIN;
    if (t.p < t.end && *t.p == ' ') t.p++;
    if (t.p >= t.end) return;
    if (*t.p == 'Z' || *t.p == 'z') {
        t.p++;
        *offset_min = 0;
        *c = t;
        return;
    }
    if (*t.p != '+' && *t.p != '-') return;
    sign = *t.p++ == '-' ? -1 : 1;
    if (!two(&t, &h)) return;
    skip(&t, ':');
    if (!two(&t, &m)) m = 0;
    if (h > 15 || m > 59) return;
    *offset_min = sign * (h * 60 + m);
    *c = t;
}

size_t sw_iso_parse(const char *s, size_t n, int64_t *utc_ms, int *offset_min)
{
    struct cursor c = {s, s + n};
    int64_t day, ms = 0, t;
    if (!read_date(&c, &day)) return 0;
    *offset_min = INT16_MIN;
    if (c.p + 1 < c.end && (*c.p == 'T' || *c.p == 't' || *c.p == ' ') &&
        (unsigned)(c.p[1] - '0') < 10) {
        c.p++;
        if (!read_clock(&c, &ms)) return 0;
        read_zone(&c, offset_min);
    }
    t = day * SW_DAY_MS + ms - (*offset_min == INT16_MIN ? 0 : (int64_t)*offset_min * 60000);
    if (t < SW_TIME_MIN_MS || t >= SW_TIME_MAX_MS) return 0;
    *utc_ms = t;
    return (size_t)(c.p - s);
}
