/* SPDX-License-Identifier: MIT */
#include "base/tz.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <time.h>
#include <unistd.h>

#define HOUR INT64_C(3600000)
#define FROM_YEAR 1970
#define TO_YEAR 2100

static const char *const zones[] = {
    "Europe/Berlin",   "Europe/London",     "Europe/Dublin",     "America/New_York",   "America/St_Johns",  "America/Sao_Paulo",  "America/Caracas",
    "America/Santiago", "America/Nuuk",     "Asia/Kolkata",      "Asia/Kathmandu",     "Asia/Tehran",       "Asia/Pyongyang",     "Asia/Gaza",
    "Australia/Lord_Howe", "Australia/Adelaide", "Pacific/Apia", "Pacific/Chatham",    "Pacific/Kiritimati", "Africa/Casablanca", "Antarctica/Troll", "UTC",
};
enum { ZONES = sizeof zones / sizeof *zones };

static int64_t utc_of(int y, int mo, int d, int h, int mi) { return sw_day_of_date(y, mo, d) * SW_DAY_MS + h * HOUR + mi * 60000; }

static struct sw_tz *zone(const char *name)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_tz *z = sw_tz_open(name, &err);
    if (!z && err.code == SW_E_NOTFOUND) return NULL; /* no tzdata, or an older one */
    if (!z) fail_msg("%s", err.text);
    return z;
}

/* The C library is the second opinion: its own reader of the same files. */
static void offsets_agree_with_the_c_library_from_1970_to_2100(void **state)
{
    size_t checked = 0;
    int seen = 0;
    (void)state;
    for (int i = 0; i < ZONES; i++) {
        struct sw_tz *z = zone(zones[i]);
        int64_t step = 6 * 3600 + 1234, last = sw_day_of_date(TO_YEAR, 1, 1) * 86400;
        if (!z) continue;
        setenv("TZ", zones[i], 1);
        tzset();
        for (int64_t t = sw_day_of_date(FROM_YEAR, 1, 1) * 86400; t < last; t += step, checked++) {
            time_t tt = (time_t)t;
            struct tm tm;
            localtime_r(&tt, &tm);
            if (tm.tm_gmtoff != sw_tz_offset(z, t * 1000))
                fail_msg("%s at %lld: %ld, ours %d", zones[i], (long long)t, tm.tm_gmtoff, sw_tz_offset(z, t * 1000));
        }
        seen++;
        sw_tz_close(z);
    }
    unsetenv("TZ");
    tzset();
    if (!seen) {
        print_message("skipped: no time zone files here\n");
        skip();
    }
    print_message("%d zones, %zu instants\n", seen, checked);
}

/* Every change of offset that zdump tells, to the second. */
static void changes_agree_with_zdump_to_the_second(void **state)
{
    static const char *const month = "JanFebMarAprMayJunJulAugSepOctNovDec";
    size_t lines = 0;
    (void)state;
    for (int i = 0; i < ZONES; i++) {
        struct sw_tz *z = zone(zones[i]);
        char cmd[128], line[300];
        FILE *f;
        if (!z) continue;
        snprintf(cmd, sizeof cmd, "zdump -v -c %d,%d %s 2>/dev/null", FROM_YEAR, TO_YEAR, zones[i]);
        f = popen(cmd, "r");
        while (f && fgets(line, sizeof line, f)) {
            char name[80], mon[4];
            int d, h, mi, s, y;
            long off;
            const char *g = strstr(line, "gmtoff=");
            if (sscanf(line, "%79s %*3s %3s %d %d:%d:%d %d UT", name, mon, &d, &h, &mi, &s, &y) != 7 || !g || y < 1900 || y > 2200) continue;
            off = strtol(g + 7, NULL, 10);
            int64_t t = sw_day_of_date(y, (int)(strstr(month, mon) - month) / 3 + 1, d) * 86400 + h * 3600 + mi * 60 + s;
            if (sw_tz_offset(z, t * 1000) != off || sw_tz_offset(z, t * 1000 + 999) != off) fail_msg("%s: ours %d", line, sw_tz_offset(z, t * 1000));
            lines++;
        }
        if (f) pclose(f);
        sw_tz_close(z);
    }
    if (!lines) {
        print_message("skipped: no zdump here\n");
        skip();
    }
    print_message("%zu lines of zdump\n", lines);
}

/* By definition: the first instant whose local time is local_ms; within +-1 day, steps of 5 min. */
static int64_t by_search(const struct sw_tz *z, int64_t local_ms, int64_t fine)
{
    for (int64_t t = local_ms - 16 * HOUR; t <= local_ms + 16 * HOUR; t += fine)
        if (t + sw_tz_offset(z, t) * INT64_C(1000) == local_ms) return t;
    return INT64_MIN;
}

static void wall_clocks_are_found_skipped_and_doubled_ones_too(void **state)
{
    size_t found = 0, skipped = 0, doubled = 0;
    (void)state;
    for (int i = 0; i < ZONES; i++) {
        struct sw_tz *z = zone(zones[i]);
        int64_t last = sw_day_of_date(2060, 1, 1) * SW_DAY_MS;
        if (!z) continue;
        for (int64_t t = sw_day_of_date(1975, 1, 1) * SW_DAY_MS; t < last; t += SW_DAY_MS) {
            if (sw_tz_offset(z, t) == sw_tz_offset(z, t + SW_DAY_MS)) continue;
            for (int64_t local = t + sw_tz_offset(z, t) * INT64_C(1000) - 3 * HOUR; local < t + 42 * HOUR; local += HOUR / 2) {
                int64_t want = by_search(z, local, 5 * 60000), got = sw_tz_utc(z, local);
                if (want == INT64_MIN) { /* in the gap: read with the offset before it */
                    int64_t back = got + sw_tz_offset(z, got) * INT64_C(1000);
                    if (back <= local || got != local - sw_tz_offset(z, got - (back - local)) * INT64_C(1000))
                        fail_msg("%s local %lld in a gap: %lld", zones[i], (long long)local, (long long)got);
                    skipped++;
                    continue;
                }
                if (want != got) fail_msg("%s local %lld: %lld, ours %lld", zones[i], (long long)local, (long long)want, (long long)got);
                found++;
                for (int64_t later = want + 5 * 60000; later <= want + 25 * HOUR; later += 5 * 60000)
                    if (later + sw_tz_offset(z, later) * INT64_C(1000) == local) {
                        doubled++;
                        break;
                    }
            }
        }
        sw_tz_close(z);
    }
    if (!found) skip();
    print_message("%zu found, %zu skipped, %zu doubled\n", found, skipped, doubled);
    assert_true(skipped > 100 && doubled > 100);
}

static void known_days_have_their_known_lengths(void **state)
{
    static const struct {
        const char *zone;
        int y, m, d, minutes;
    } rows[] = {
        {"Europe/Berlin", 2024, 3, 31, 23 * 60},    {"Europe/Berlin", 2024, 10, 27, 25 * 60},     {"Europe/Berlin", 2024, 6, 1, 24 * 60},
        {"America/New_York", 2026, 3, 8, 23 * 60},  {"America/New_York", 2026, 11, 1, 25 * 60},   {"America/Sao_Paulo", 2018, 11, 4, 23 * 60},
        {"America/Sao_Paulo", 2018, 2, 17, 25 * 60}, {"Australia/Lord_Howe", 2024, 4, 7, 24 * 60 + 30}, {"Australia/Lord_Howe", 2024, 10, 6, 23 * 60 + 30},
        {"Pacific/Apia", 2011, 12, 29, 24 * 60},    {"Pacific/Apia", 2011, 12, 30, 0},            {"Pacific/Apia", 2011, 12, 31, 24 * 60},
        {"Asia/Pyongyang", 2018, 5, 4, 23 * 60 + 30}, {"Europe/Berlin", 2090, 3, 26, 23 * 60},    {"America/Caracas", 2016, 5, 1, 23 * 60 + 30},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_tz *z = zone(rows[i].zone);
        int64_t day = sw_day_of_date(rows[i].y, rows[i].m, rows[i].d);
        if (!z) continue;
        if ((sw_tz_day_start(z, day + 1) - sw_tz_day_start(z, day)) / 60000 != rows[i].minutes)
            fail_msg("%s %d-%02d-%02d: %lld min", rows[i].zone, rows[i].y, rows[i].m, rows[i].d,
                     (long long)(sw_tz_day_start(z, day + 1) - sw_tz_day_start(z, day)) / 60000);
        sw_tz_close(z);
    }
}

/* With a date line in it the day before may be a day further back; every day starts with its own first instant. */
static void every_day_starts_with_its_first_instant(void **state)
{
    (void)state;
    for (int i = 0; i < ZONES; i++) {
        struct sw_tz *z = zone(zones[i]);
        if (!z) continue;
        for (int64_t day = sw_day_of_date(1976, 1, 1); day < sw_day_of_date(2090, 1, 1); day++) {
            int64_t t = sw_tz_day_start(z, day), mine = sw_floor_day(t + sw_tz_offset(z, t) * INT64_C(1000));
            int64_t before = sw_floor_day(t - 1 + sw_tz_offset(z, t - 1) * INT64_C(1000));
            if (mine < day || mine > day + 1 || before >= day) fail_msg("%s day %lld starts at %lld", zones[i], (long long)day, (long long)t);
        }
        sw_tz_close(z);
    }
}

static void dates_and_days_go_both_ways(void **state)
{
    int64_t day = sw_day_of_date(1600, 1, 1);
    struct sw_date last = {1599, 12, 31};
    (void)state;
    assert_true(sw_day_of_date(1970, 1, 1) == 0 && sw_day_of_date(2000, 2, 29) == 11016 && sw_weekday(0) == 3 && sw_weekday(-1) == 2);
    for (; day < sw_day_of_date(2400, 1, 1); day++) {
        struct sw_date d = sw_date_of_day(day);
        assert_true(sw_day_of_date(d.year, d.month, d.day) == day);
        assert_true(d.day == 1 ? last.day >= 28 : d.day == last.day + 1);
        last = d;
    }
    assert_true(sw_floor_day(-1) == -1 && sw_floor_day(-SW_DAY_MS) == -1 && sw_floor_day(-SW_DAY_MS - 1) == -2 && sw_floor_day(0) == 0);
}

static void names_that_are_no_zone_are_refused_with_a_sentence(void **state)
{
    static const char *const bad[] = {"", "/etc/passwd", "../../etc/passwd", "Europe/../Berlin", "Europe", "Nowhere/City", "Europe/Berlin\n", "right/UTC", "zone.tab",
                                      "Xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sw_err err = SW_ERR_INIT;
        struct sw_tz *z = sw_tz_open(bad[i], &err);
        if (z) fail_msg("opened '%s'", bad[i]);
        assert_int_not_equal(err.code, 0);
        assert_true(strlen(err.text) > 10);
    }
}

/* --- images --- */

struct image {
    uint8_t at[4096];
    size_t n;
};

static void head(struct image *m, uint32_t time, uint32_t type, uint32_t chars, uint32_t leap)
{
    const uint32_t count[] = {0, 0, leap, time, type, chars};
    memset(m->at + m->n, 0, 44);
    memcpy(m->at + m->n, "TZif2", 5);
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 4; k++) m->at[m->n + 20 + (size_t)i * 4 + (size_t)k] = (uint8_t)(count[i] >> (24 - 8 * k));
    m->n += 44;
}

static void big(struct image *m, int64_t v, int bytes)
{
    for (int k = bytes - 1; k >= 0; k--) m->at[m->n++] = (uint8_t)((uint64_t)v >> (8 * k));
}

/* Two types (+1 h, +2 h), the given changes, a footer. */
static struct image build(const int64_t *at, const int *type, uint32_t n, const char *footer)
{
    struct image m = {.n = 0};
    head(&m, 0, 1, 4, 0);
    big(&m, 0, 6), memcpy(m.at + m.n, "LMT", 4), m.n += 4;
    head(&m, n, 2, 8, 0);
    for (uint32_t i = 0; i < n; i++) big(&m, at[i], 8);
    for (uint32_t i = 0; i < n; i++) m.at[m.n++] = (uint8_t)type[i];
    big(&m, 3600, 4), big(&m, 0, 2), big(&m, 7200, 4), big(&m, 0x0104, 2);
    memcpy(m.at + m.n, "CET\0CES", 8), m.n += 8;
    m.n += (size_t)snprintf((char *)m.at + m.n, 200, "\n%s\n", footer);
    return m;
}

static void an_image_of_our_own_is_read(void **state)
{
    const int64_t at[] = {1000, 2000};
    const int type[] = {1, 0};
    struct image m = build(at, type, 2, "CET-1CEST,M3.5.0,M10.5.0/3");
    struct sw_tz *z = sw_tz_parse("Own", m.at, m.n, NULL);
    (void)state;
    assert_non_null(z);
    assert_int_equal(sw_tz_offset(z, 999999), 3600);
    assert_int_equal(sw_tz_offset(z, 1000000), 7200);
    assert_int_equal(sw_tz_offset(z, utc_of(2050, 7, 1, 0, 0)), 7200);
    assert_int_equal(sw_tz_offset(z, utc_of(2050, 1, 1, 0, 0)), 3600);
    sw_tz_close(z);
}

static void every_cut_of_an_image_is_refused(void **state)
{
    const int64_t at[] = {1000, 2000};
    const int type[] = {1, 0};
    struct image m = build(at, type, 2, "CET-1CEST,M3.5.0,M10.5.0/3");
    (void)state;
    for (size_t n = 0; n < m.n; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        struct sw_err err = SW_ERR_INIT;
        memcpy(copy, m.at, n);
        assert_null(sw_tz_parse("Cut", copy, n, &err));
        assert_int_equal(err.code, SW_E_BAD);
        free(copy);
    }
}

static void damaged_tables_and_rules_are_refused(void **state)
{
    static const struct {
        int64_t at[2];
        int type[2];
        const char *footer;
    } rows[] = {
        {{2000, 1000}, {0, 1}, ""},  {{1000, 1000}, {0, 1}, ""},      {{1000, 2000}, {0, 2}, ""},          {{1000, 2000}, {0, 1}, "CET"},
        {{1000, 2000}, {0, 1}, "CE-1"}, {{1000, 2000}, {0, 1}, "CET-1CEST"}, {{1000, 2000}, {0, 1}, "CET-1CEST,M3.5.0"},
        {{1000, 2000}, {0, 1}, "CET-1CEST,M13.5.0,M10.5.0"}, {{1000, 2000}, {0, 1}, "CET-1CEST,M3.6.0,M10.5.0"},
        {{1000, 2000}, {0, 1}, "CET-1CEST,M3.5.7,M10.5.0"},  {{1000, 2000}, {0, 1}, "CET-1CEST,M3.5.0,M10.5.0x"},
        {{1000, 2000}, {0, 1}, "CET-9999"},                  {{1000, 2000}, {0, 1}, "CET-100"},
        {{1000, 2000}, {0, 1}, "CET-1CEST,J400,M10.5.0"},    {{1000, 2000}, {0, 1}, "CET-1CEST,M3.5.0/999,M10.5.0"},
        {{1000, 2000}, {0, 1}, "CET- 1"},                    {{1000, 2000}, {0, 1}, "<+01-1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct image m = build(rows[i].at, rows[i].type, 2, rows[i].footer);
        struct sw_tz *z = sw_tz_parse("Bad", m.at, m.n, NULL);
        if (z) fail_msg("row %zu accepted: %s", i, rows[i].footer);
    }
}

static void no_damage_of_a_real_file_leads_astray(void **state)
{
    uint8_t image[8192];
    size_t n;
    uint64_t x = 99;
    int refused = 0;
    FILE *f = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
    (void)state;
    if (!f) skip();
    n = fread(image, 1, sizeof image, f);
    fclose(f);
    for (int i = 0; i < 20000; i++) {
        uint8_t *copy = malloc(n);
        struct sw_tz *z;
        memcpy(copy, image, n);
        for (int k = 0; k < 1 + i % 4; k++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            copy[(x >> 33) % n] = (uint8_t)(x >> 20);
        }
        z = sw_tz_parse("Damaged", copy, n, NULL);
        refused += !z;
        for (int y = 1950; z && y < 2090; y += 13) {
            int off = sw_tz_offset(z, utc_of(y, 6, 1, 0, 0));
            assert_true(off > -93600 && off < 93600);
            sw_tz_utc(z, utc_of(y, 3, 31, 2, 30));
        }
        sw_tz_close(z);
        free(copy);
    }
    print_message("%d of 20000 refused, seed 99\n", refused);
    assert_true(refused > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_agree_with_the_c_library_from_1970_to_2100),
        cmocka_unit_test(changes_agree_with_zdump_to_the_second),
        cmocka_unit_test(wall_clocks_are_found_skipped_and_doubled_ones_too),
        cmocka_unit_test(known_days_have_their_known_lengths),
        cmocka_unit_test(every_day_starts_with_its_first_instant),
        cmocka_unit_test(dates_and_days_go_both_ways),
        cmocka_unit_test(names_that_are_no_zone_are_refused_with_a_sentence),
        cmocka_unit_test(an_image_of_our_own_is_read),
        cmocka_unit_test(every_cut_of_an_image_is_refused),
        cmocka_unit_test(damaged_tables_and_rules_are_refused),
        cmocka_unit_test(no_damage_of_a_real_file_leads_astray),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
