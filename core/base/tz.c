/* SPDX-License-Identifier: MIT
 * TZif (RFC 8536) version 2+ with the POSIX rule in the footer for years beyond the table. The
 * table is searched by bisection. Leap seconds ("right/" zones) are not supported: their files are
 * refused. */
#include "base/tz.h"
#include "base/alloc.h"
#include "base/buf.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int64_t sw_day_of_date(int year, int month, int day)
{
    int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400, doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct sw_date sw_date_of_day(int64_t day)
{
    int64_t z = day + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    return (struct sw_date){(int)(yoe + era * 400 + (month <= 2)), month,
                            (int)(doy - (153 * mp + 2) / 5 + 1)};
}

int64_t sw_floor_day(int64_t local_ms)
{
    return local_ms >= 0 ? local_ms / SW_DAY_MS : -((-local_ms + SW_DAY_MS - 1) / SW_DAY_MS);
}

int sw_weekday(int64_t day)
{
    return (int)(((day + 3) % 7 + 7) % 7);
}

/* One half of a POSIX rule: Mm.w.d/time, Jn or n. */
struct rule {
    char kind; /* 'M', 'J' or 'D' */
    int month, week, wday, day;
    int at_s; /* seconds after local midnight, may be negative or beyond a day */
};

struct sw_tz {
    char *name;
    size_t n;        /* transitions */
    int64_t *at_s;   /* instant of each, ascending */
    int32_t *off_s;  /* offset from then on */
    int32_t first_s; /* offset before the first */
    bool has_rule, has_dst;
    int32_t std_s, dst_s;
    struct rule start, end;
};

static bool rule_number(const char **p, int *out)
{
    char *end;
    long v = (unsigned)(**p - '0') < 10 ? strtol(*p, &end, 10) : -1;
    if (v < 0 || v > 366) return false;
    *p = end;
    *out = (int)v;
    return true;
}

static bool rule_hms(const char **p, int *out)
{
    int part[3] = {0, 0, 0}, sign = 1;
    if (**p == '-' || **p == '+') sign = *(*p)++ == '-' ? -1 : 1;
    for (int i = 0; i < 3; i++) {
        if (!rule_number(p, &part[i])) return false;
        if (**p != ':') break;
        (*p)++;
    }
    if (part[0] > 167 || part[1] > 59 || part[2] > 59)
        return false; /* RFC 8536: -167 to 167 hours */
    *out = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
    return true;
}

static bool rule_name(const char **p)
{
    const char *s = *p;
    if (*s == '<') {
        while (*s && *s != '>') s++;
        if (!*s) return false;
        *p = s + 1;
        return true;
    }
    while ((*s | 32) >= 'a' && (*s | 32) <= 'z') s++;
    if (s - *p < 3) return false;
    *p = s;
    return true;
}

static bool rule_date(const char **p, struct rule *r)
{
    *r = (struct rule){.kind = 'D', .at_s = 7200};
    if (*(*p)++ != ',') return false;
    if (**p == 'M') {
        r->kind = *(*p)++;
        if (!rule_number(p, &r->month) || *(*p)++ != '.' || !rule_number(p, &r->week) ||
            *(*p)++ != '.' || !rule_number(p, &r->wday))
            return false;
        if (r->month < 1 || r->month > 12 || r->week < 1 || r->week > 5 || r->wday < 0 ||
            r->wday > 6)
            return false;
    } else {
        if (**p == 'J') r->kind = *(*p)++;
        if (!rule_number(p, &r->day)) return false;
    }
    if (**p != '/') return true;
    (*p)++;
    return rule_hms(p, &r->at_s);
}

/* The footer: "CET-1CEST,M3.5.0,M10.5.0/3". Offsets there are west of UTC. */
static bool parse_rule(struct sw_tz *z, const char *s)
{
    int west;
    if (!rule_name(&s) || !rule_hms(&s, &west)) return false;
    z->has_rule = true;
    z->std_s = -west;
    if (!*s) return true;
    if (!rule_name(&s)) return false;
    z->dst_s = z->std_s + 3600;
    if (*s != ',') {
        if (!rule_hms(&s, &west)) return false;
        z->dst_s = -west;
    }
    z->has_dst = true;
    return rule_date(&s, &z->start) && rule_date(&s, &z->end) && !*s;
}

static int64_t rule_local_s(const struct rule *r, int year)
{
    int64_t first, day;
    if (r->kind == 'M') {
        int len = (int)(sw_day_of_date(year + (r->month == 12), r->month % 12 + 1, 1) -
                        sw_day_of_date(year, r->month, 1));
        int want = (r->wday + 6) % 7, d;
        first = sw_day_of_date(year, r->month, 1);
        d = (want - sw_weekday(first) + 7) % 7 + 7 * (r->week - 1);
        while (d >= len) d -= 7;
        day = first + d;
    } else {
        bool leap = year % 4 == 0 && (year % 100 || year % 400 == 0);
        first = sw_day_of_date(year, 1, 1);
        day = first + r->day - (r->kind == 'J' ? 1 : 0) +
              (r->kind == 'J' && leap && r->day >= 60 ? 1 : 0);
    }
    return day * 86400 + r->at_s;
}

static int rule_offset(const struct sw_tz *z, int64_t t)
{
    int year;
    int64_t a, b;
    if (!z->has_dst) return z->std_s;
    year = sw_date_of_day(sw_floor_day((t + z->std_s) * 1000)).year;
    a = rule_local_s(&z->start, year) - z->std_s;
    b = rule_local_s(&z->end, year) - z->dst_s;
    if (a < b) return t >= a && t < b ? z->dst_s : z->std_s;
    return t >= a || t < b ? z->dst_s : z->std_s;
}

static uint64_t be(const uint8_t *p, int n)
{
    uint64_t v = 0;
    for (int i = 0; i < n; i++) v = v << 8 | p[i];
    return v;
}

struct tz_head {
    uint32_t isut, isstd, leap, time, type, chars;
};

static bool read_head(struct sw_rd *r, struct tz_head *h)
{
    const uint8_t *p = sw_rd_bytes(r, 44);
    if (!p || memcmp(p, "TZif", 4)) return false;
    *h = (struct tz_head){(uint32_t)be(p + 20, 4), (uint32_t)be(p + 24, 4),
                          (uint32_t)be(p + 28, 4), (uint32_t)be(p + 32, 4),
                          (uint32_t)be(p + 36, 4), (uint32_t)be(p + 40, 4)};
    return h->isut <= 1000 && h->isstd <= 1000 && h->leap <= 1000 && h->time <= 100000 &&
           h->type >= 1 && h->type <= 256 && h->chars <= 4096;
}

static bool offset_ok(int32_t s)
{
    return s > -93600 && s < 93600;
}

static bool read_table(struct sw_tz *z, struct sw_rd *r, const struct tz_head *h)
{
    const uint8_t *times = sw_rd_bytes(r, (size_t)h->time * 8), *idx = sw_rd_bytes(r, h->time);
    const uint8_t *types = sw_rd_bytes(r, (size_t)h->type * 6);
    sw_rd_bytes(r, h->chars + (size_t)h->leap * 12 + h->isstd + h->isut);
    if (r->bad || h->leap) return false;
    z->n = h->time;
    z->at_s = sw_alloc((z->n + 1) * sizeof *z->at_s);
    z->off_s = sw_alloc((z->n + 1) * sizeof *z->off_s);
    z->first_s = (int32_t)be(types, 4);
    for (size_t i = 0; i < z->n; i++) {
        if (idx[i] >= h->type) return false;
        z->at_s[i] = (int64_t)be(times + 8 * i, 8);
        z->off_s[i] = (int32_t)be(types + 6 * idx[i], 4);
        if (!offset_ok(z->off_s[i]) || (i && z->at_s[i] <= z->at_s[i - 1])) return false;
    }
    return offset_ok(z->first_s);
}

/* The old part of the file, the table of 64-bit times, the rule for the years after it. */
static bool read_zone(struct sw_tz *z, const uint8_t *p, size_t n)
{
    struct sw_rd r = sw_rd_of(p, n);
    struct tz_head h;
    char footer[128];
    size_t left;
    if (!read_head(&r, &h)) return false;
    sw_rd_bytes(&r, (size_t)h.time * 5 + (size_t)h.type * 6 + h.chars + (size_t)h.leap * 8 +
                        h.isstd + h.isut);
    if (!read_head(&r, &h) || !read_table(z, &r, &h)) return false;
    left = sw_rd_left(&r);
    if (left < 2 || left >= sizeof footer || r.p[0] != '\n' || r.p[left - 1] != '\n') return false;
    memcpy(footer, r.p + 1, left - 2);
    footer[left - 2] = 0;
    if (*footer && !parse_rule(z, footer)) return false;
    return offset_ok(z->std_s) && offset_ok(z->dst_s);
}

struct sw_tz *sw_tz_parse(const char *name, const uint8_t *p, size_t n, struct sw_err *err)
{
    struct sw_tz *z = sw_zalloc(sizeof *z);
    z->name = sw_strdup(name);
    if (read_zone(z, p, n)) return z;
    sw_tz_close(z);
    sw_fail(err, SW_E_BAD, "the time zone file of '%s' is damaged or of an old kind", name);
    return NULL;
}

static bool plain_name(const char *s)
{
    if (!*s || strlen(s) > 64 || *s == '/' || strstr(s, "..")) return false;
    return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/") ==
           strlen(s);
}

struct sw_tz *sw_tz_open(const char *name, struct sw_err *err)
{
    char path[128];
    uint8_t image[65536];
    size_t n;
    FILE *f;
    if (!plain_name(name)) {
        sw_fail(err, SW_E_BAD, "'%.60s' is not a time zone name (like Europe/Berlin)", name);
        return NULL;
    }
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    f = fopen(path, "rbe");
    if (!f && !strcmp(name, "UTC")) { /* known even on a machine without tzdata */
        struct sw_tz *z = sw_zalloc(sizeof *z);
        z->name = sw_strdup("UTC");
        return z;
    }
    if (!f) {
        sw_fail(err, SW_E_NOTFOUND, "time zone '%s' is not known here (is tzdata installed?)",
                name);
        return NULL;
    }
    n = fread(image, 1, sizeof image, f);
    fclose(f);
    return sw_tz_parse(name, image, n, err);
}

void sw_tz_close(struct sw_tz *z)
{
    if (!z) return;
    sw_free(z->name);
    sw_free(z->at_s);
    sw_free(z->off_s);
    sw_free(z);
}

const char *sw_tz_name(const struct sw_tz *z)
{
    return z->name;
}

int sw_tz_offset(const struct sw_tz *z, int64_t utc_ms)
{
    int64_t t = utc_ms >= 0 ? utc_ms / 1000 : -((-utc_ms + 999) / 1000);
    size_t lo = 0, hi = z->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (z->at_s[mid] <= t) lo = mid + 1;
        else hi = mid;
    }
    if (lo == z->n && z->has_rule) return rule_offset(z, t);
    return lo ? z->off_s[lo - 1] : z->first_s;
}

int64_t sw_tz_utc(const struct sw_tz *z, int64_t local_ms)
{
    int64_t before = (int64_t)sw_tz_offset(z, local_ms - SW_DAY_MS) * 1000;
    int64_t after = (int64_t)sw_tz_offset(z, local_ms + SW_DAY_MS) * 1000;
    int64_t a = local_ms - before, b = local_ms - after;
    bool a_ok = (int64_t)sw_tz_offset(z, a) * 1000 == before;
    bool b_ok = (int64_t)sw_tz_offset(z, b) * 1000 == after;
    if (a_ok && b_ok) return a < b ? a : b;
    if (a_ok || b_ok) return a_ok ? a : b;
    return a; /* skipped: the old offset read forward lands behind the gap */
}

int64_t sw_tz_day_start(const struct sw_tz *z, int64_t day)
{
    return sw_tz_utc(z, day * SW_DAY_MS);
}

const char *sw_tz_local_name(void)
{
    static char name[128];
    const char *tz = getenv("TZ"), *p;
    ssize_t n;
    if (tz && *tz == ':') tz++;
    if (tz && plain_name(tz) && strchr(tz, '/')) {
        snprintf(name, sizeof name, "%s", tz);
        return name;
    }
    n = readlink("/etc/localtime", name, sizeof name - 1);
    if (n <= 0) return "UTC";
    name[n] = 0;
    p = strstr(name, "zoneinfo/");
    if (!p || !plain_name(p + 9)) return "UTC";
    return !strcmp(p + 9, "Etc/UTC") || !strcmp(p + 9, "Universal") ? "UTC" : p + 9;
}
