/* SPDX-License-Identifier: MIT
 * The hot paths of the XML decoders: an export has several million numbers and dates.
 * Numbers whose digits make at most 2^53 are exact by one division, as ten to the 22nd is still
 * exact; others go to strtod. It does not read words, currency, or decimal commas. */
#include "codec/text.h"
#include "base/err.h"
#include "base/json.h"
#include "codec/batch.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct cursor {
    const char *p, *end;
};

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct cursor trim(const char *s, size_t n)
{
    struct cursor c = {s, s + n};
    while (c.p < c.end && blank(*c.p)) c.p++;
    while (c.end > c.p && blank(c.end[-1])) c.end--;
    return c;
}

static bool slow_num(struct cursor c, double *out)
{
    char t[128], *stop;
    size_t n = (size_t)(c.end - c.p);
    if (!n || n >= sizeof t) return false;
    for (size_t i = 0; i < n; i++)
        if (!strchr("+-.0123456789eE", c.p[i]) || !c.p[i]) return false;
    memcpy(t, c.p, n);
    t[n] = 0;
    *out = strtod(t, &stop);
    return !*stop && isfinite(*out);
}

bool sw_text_num(const char *s, size_t n, double *out)
{
    static const double ten[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                 1e16, 1e17, 1e18};
    struct cursor c = trim(s, n);
    const char *p = c.p;
    uint64_t m = 0;
    int digits = 0, after = 0;
    bool minus = false, point = false;
    if (p < c.end && (*p == '-' || *p == '+')) minus = *p++ == '-';
    for (; p < c.end; p++) {
        if (digit(*p) && digits < 18) {
            m = m * 10 + (uint64_t)(*p - '0');
            digits++;
            after += point;
        } else if (*p == '.' && !point) {
            point = true;
        } else {
            return slow_num(c, out);
        }
    }
    if (!digits) return false;
    if (m > UINT64_C(1) << 53) return slow_num(c, out);
    *out = (double)m / ten[after];
    if (minus) *out = -*out;
    return true;
}

int64_t sw_text_days(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year, era, yoe, doy;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* Exactly n digits, or -1. */
static int fixed(struct cursor *c, int n)
{
    int v = 0;
    if (c->end - c->p < n) return -1;
    for (int i = 0; i < n; i++) {
        if (!digit(c->p[i])) return -1;
        v = v * 10 + (c->p[i] - '0');
    }
    c->p += n;
    return v;
}

static bool skip(struct cursor *c, char a, char b)
{
    if (c->p < c->end && (*c->p == a || *c->p == b)) {
        c->p++;
        return true;
    }
    return false;
}

static int month_days(int y, int m)
{
    static const char len[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return m == 2 && y % 4 == 0 && (y % 100 || y % 400 == 0) ? 29 : len[m - 1];
}

static int read_date(struct cursor *c, int64_t *days)
{
    int y = fixed(c, 4), m, d;
    skip(c, '-', '/');
    m = fixed(c, 2);
    skip(c, '-', '/');
    d = fixed(c, 2);
    if (y < 0 || m < 1 || m > 12 || d < 1 || d > month_days(y, m)) return SW_E_BAD;
    if (y < 1900 || y > 2079) return SW_E_LIMIT;
    *days = sw_text_days(y, m, d);
    return 0;
}

static int read_clock(struct cursor *c, int64_t *ms)
{
    int h = fixed(c, 2), m, s = 0, scale = 100;
    skip(c, ':', ':');
    m = fixed(c, 2);
    if (skip(c, ':', ':') || (c->p < c->end && digit(*c->p))) s = fixed(c, 2);
    if (h < 0 || h > 24 || m < 0 || m > 59 || s < 0 || s > 60) return SW_E_BAD;
    *ms = ((h * 60 + m) * 60 + s) * (int64_t)1000;
    if (!skip(c, '.', ',')) return 0;
    for (; c->p < c->end && digit(*c->p); c->p++, scale /= 10) *ms += (*c->p - '0') * scale;
    return 0;
}

static int read_zone(struct cursor *c, struct sw_text_time *out)
{
    int h, m = 0, minus;
    *out = (struct sw_text_time){out->ms, SW_OFFSET_NONE, false};
    while (c->p < c->end && blank(*c->p)) c->p++;
    if (c->p == c->end) return 0;
    out->known = true;
    if (skip(c, 'Z', 'z')) return c->p == c->end ? 0 : SW_E_BAD;
    if (*c->p != '+' && *c->p != '-') return SW_E_BAD;
    minus = *c->p++ == '-';
    h = fixed(c, 2);
    skip(c, ':', ':');
    if (c->p < c->end) m = fixed(c, 2);
    if (h < 0 || h > 18 || m < 0 || m > 59 || c->p != c->end) return SW_E_BAD;
    out->offset_min = (int16_t)(minus ? -(h * 60 + m) : h * 60 + m);
    out->ms -= out->offset_min * (int64_t)60000;
    return 0;
}

int sw_text_time(const char *s, size_t n, struct sw_text_time *out)
{
    struct cursor c = trim(s, n);
    int64_t days, ms;
    int rc = read_date(&c, &days);
    if (rc) return rc;
    skip(&c, 'T', 't');
    while (c.p < c.end && blank(*c.p)) c.p++;
    if (read_clock(&c, &ms)) return SW_E_BAD;
    out->ms = days * 86400000 + ms;
    return read_zone(&c, out);
}

const char *sw_text_time_reason(int code)
{
    return code == SW_E_LIMIT ? "date outside 1900 to 2079" : "time cannot be read";
}

/* Words in the names of devices and programs. kind: what such a thing is, "" where a maker's name alone
 * does not tell. The longer word of a maker comes first. */
struct known_name {
    const char *word, *maker, *kind;
};
static const struct known_name known_names[] = {
    {"samsung", "samsung", ""}, /* before "edge", which one of its phones is called */
    {"huawei", "huawei", ""},
    {"forerunner", "garmin", "watch"},
    {"fenix", "garmin", "watch"},
    {"f\xc4\x93nix", "garmin", "watch"},
    {"instinct", "garmin", "watch"},
    {"venu", "garmin", "watch"},
    {"epix", "garmin", "watch"},
    {"enduro", "garmin", "watch"},
    {"v\xc3\xadvo", "garmin", "watch"},
    {"vivo", "garmin", "watch"},
    {"edge", "garmin", "bike"},
    {"garmin", "garmin", ""},
    {"apple watch", "apple", "watch"},
    {"apple", "apple", ""},
    {"elemnt", "wahoo", "bike"},
    {"wahoo", "wahoo", ""},
    {"suunto", "suunto", "watch"},
    {"polar", "polar", ""},
    {"coros", "coros", "watch"},
    {"strava", "strava", "app"},
    {"komoot", "komoot", "app"},
    {"mobiletrack", "fitbit", "phone"}, /* Fitbit's name of the telephone's own steps */
    {"fitbit app", "fitbit", "app"},
    {"fitbit", "fitbit", ""},
    {"google health app", "google", "app"},
    {"phone health", "", "phone"}, /* what came to Google Health from a telephone's own store */
    {"fit health connect", "google", "app"}, /* a copy of what the telephone counted */
    {"renpho", "renpho", "scale"},
    {"zwift", "zwift", "app"},
    {"nike", "nike", "app"},
    {"withings", "withings", ""},
    {"hammerhead", "hammerhead", "bike"},
    {"amazfit", "amazfit", "watch"},
    {"opentracks", "opentracks", "app"},
    {"oura", "oura", "ring"},
};

static const struct known_name *known_name(const char *name)
{
    for (size_t i = 0; i < sizeof known_names / sizeof *known_names; i++)
        for (const char *p = name; *p; p++)
            if (!strncasecmp(p, known_names[i].word, strlen(known_names[i].word)) &&
                (p == name || !isalpha((unsigned char)p[-1])))
                return &known_names[i];
    return NULL;
}

const char *sw_text_maker(const char *name)
{
    const struct known_name *k = known_name(name);
    return k ? k->maker : "";
}

const char *sw_text_kind(const char *name)
{
    const struct known_name *k = known_name(name);
    return k ? k->kind : "";
}

void sw_text_put_num(struct sw_buf *b, const char *key, double v)
{
    if (!isfinite(v)) return;
    sw_json_key(b, key);
    sw_json_num(b, v);
}

void sw_text_put_int(struct sw_buf *b, const char *key, int64_t v)
{
    sw_json_key(b, key);
    sw_json_int(b, v);
}

void sw_text_put_str(struct sw_buf *b, const char *key, const char *s)
{
    if (!s || !*s) return;
    sw_json_key(b, key);
    sw_json_str(b, s, strlen(s));
}

void sw_text_put_offset(struct sw_buf *b, const char *key, int16_t offset_min)
{
    if (offset_min != SW_OFFSET_NONE) sw_text_put_int(b, key, offset_min);
}

int64_t sw_text_spread(int64_t ms, size_t i, size_t n)
{
    return ms % 1000 ? ms : ms + (int64_t)(i * 1000 / n);
}
