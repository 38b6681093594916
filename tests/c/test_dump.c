/* SPDX-License-Identifier: MIT */
#include "store/dump.h"
#include "../support/store_fixture.h"
#include "base/jtape.h"
#include "engine/timeline.h"
#include <fcntl.h>

#define T0 (INT64_C(19700) * SW_DAY_MS)
#define MIN INT64_C(60000)

static char *dump_of(struct fixture *f, bool all, size_t *n)
{
    char path[128];
    int fd;
    char *text;
    snprintf(path, sizeof path, "%s/dump", f->dir);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    OK(sw_dump(f->s, f->metrics, all, fd, &f->err));
    *n = (size_t)lseek(fd, 0, SEEK_END);
    text = malloc(*n + 1);
    assert_int_equal(pread(fd, text, *n, 0), (ssize_t)*n);
    text[*n] = 0;
    close(fd);
    return text;
}

static void settle(struct fixture *f)
{
    bool left = true;
    while (left) OK(sw_timeline_settle(f->s, f->metrics, &f->who, 100, &left, &f->err));
}

enum { DAYS = 5, PER_DAY = 150 };

/* The same data by another way: days shuffled, in one delivery or trickling in, folded or not. */
static void arrive(struct fixture *f, uint64_t way)
{
    uint64_t x = way * 0x9e3779b97f4a7c15u + 1;
    int day[DAYS];
    for (int i = 0; i < DAYS; i++) day[i] = i;
    for (int i = DAYS - 1; i > 0 && way; i--) {
        int k = (int)(rnd(&x) % (uint64_t)(i + 1)), t = day[i];
        day[i] = day[k], day[k] = t;
    }
    for (int d = 0; d < DAYS; d++) {
        int64_t from = T0 + day[d] * SW_DAY_MS;
        struct sw_sample e[PER_DAY];
        struct sw_record r = {.start_ms = from, .finish_ms = from + 30 * MIN, .day = 19700 + day[d], .connection_id = f->connection, .origin_id = f->watch, .kind = "workout",
                              .type = "running", .zone_from = "device", .state = "final", .body = "{\"a\":1}", .body_n = 7};
        struct sw_put_result p;
        struct sw_merge stat;
        char id[8];
        enum sw_put what;
        snprintf(id, sizeof id, "w%d", day[d]);
        r.external_id = id;
        for (int i = 0; i < PER_DAY; i++) e[i] = (struct sw_sample){from + i * 5 * MIN, 0, 6000 + (i * 37 + day[d]) % 100 * 100, 60};
        for (int a = 0, b; a < PER_DAY; a = b) {
            b = way % 2 ? a + 1 + (int)(rnd(&x) % 3) : PER_DAY;
            if (b > PER_DAY) b = PER_DAY;
            struct sw_samples part = {e + a, (size_t)(b - a), (size_t)(b - a)};
            OK(sw_series_write(f->s, f->me, f->heart, series_of(f, f->heart, f->watch), &part, &stat, &f->err));
        }
        put_one(f, f->weight, f->phone, from, 0, 70 + day[d], 60);
        OK(sw_ingest_record(f->s, &f->who, &r, &p, &f->err));
        OK(sw_ingest_day_total(f->s, &f->who, f->steps, 19700 + day[d], f->phone, 1000 + day[d], &what, &f->err));
        OK(sw_doc_put(f->s, f->me, "note", id, (int64_t)rnd(&x) >> 20, "{}", 2, SW_DOC_ANY, 0, &f->err));
        if (way % 3 == 1) settle(f);
    }
    if (way % 4 == 3) OK(sw_series_fold(f->s, f->heart, series_of(f, f->heart, f->watch), &f->err));
    settle(f);
}

static void the_same_data_by_any_path_gives_the_same_bytes(void **state)
{
    char *first = NULL;
    size_t n0 = 0;
    (void)state;
    for (uint64_t way = 0; way < 8; way++) {
        void *home;
        struct fixture *f;
        size_t n;
        char *text;
        assert_int_equal(set_up(&home), 0);
        f = home;
        if (way == 5) series_of(f, f->food, f->app); /* interned numbers differ, names do not */
        arrive(f, way);
        if (way == 1) assert_true(count_of(f, "SELECT count(*) FROM tail") > 0);
        text = dump_of(f, false, &n);
        if (!first) first = text, n0 = n;
        else if (n != n0 || memcmp(first, text, n)) {
            size_t at = 0;
            while (at < n && first[at] == text[at]) at++;
            fail_msg("way %d differs at byte %zu:\n%.200s\n%.200s", (int)way, at, first + (at > 80 ? at - 80 : 0), text + (at > 80 ? at - 80 : 0));
        }
        if (text != first) free(text);
        tear_down(&home);
    }
    print_message("%zu bytes, 8 ways\n", n0);
    free(first);
}

static void every_line_is_json_and_queues_are_left_out(void **state)
{
    struct fixture *f = *state;
    struct sw_jtape t;
    size_t n, all_n, lines = 0;
    char *text, *all;
    arrive(f, 1);
    OK(sw_store_exec(f->s, "INSERT INTO job VALUES (1, 1, 'sync', 'x', 0, 0, 0, 0, 0, 0, '{}', '', '')", &f->err));
    OK(sw_doc_put(f->s, f->me, ".attempt", "x", 0, "{}", 2, SW_DOC_ANY, 0, &f->err));
    text = dump_of(f, false, &n), all = dump_of(f, true, &all_n);
    sw_jtape_init(&t);
    for (char *p = all; *p; p = strchr(p, '\n') + 1, lines++) assert_int_equal(sw_jtape_parse(&t, p, (size_t)(strchr(p, '\n') - p), &f->err), 0);
    assert_true(lines > 30);
    assert_null(strstr(text, "\"job\""));
    assert_null(strstr(text, ".attempt"));
    assert_non_null(strstr(all, "\"job\""));
    assert_non_null(strstr(text, "\"samples\""));
    sw_jtape_clear(&t);
    free(text), free(all);
}

static void the_whole_range_of_time_is_dumped_and_it_ends(void **state)
{
    static const int64_t at[] = {SW_TIME_MIN_MS, -1, 0, T0, SW_TIME_MAX_MS - 40 * SW_DAY_MS, SW_TIME_MAX_MS - 1};
    struct fixture *f = *state;
    size_t n;
    char *text;
    int lines = 0;
    for (int64_t origin = 1; origin <= 3; origin++) /* odd and even numbers of series */
        for (size_t i = 0; i < sizeof at / sizeof *at; i++) put_one(f, i % 2 ? f->heart : f->weight, 100 + origin, at[i], 0, 60, 0);
    text = dump_of(f, false, &n);
    for (char *p = text; (p = strstr(p, "\"table\":\"samples\"")); p++) lines++;
    assert_int_equal(lines, 3 * 6);
    free(text);
}

static void a_dump_that_cannot_be_written_says_so(void **state)
{
    struct fixture *f = *state;
    int fd = open("/dev/full", O_WRONLY);
    struct sw_err err = SW_ERR_INIT;
    if (fd < 0) skip();
    arrive(f, 0);
    assert_int_equal(sw_dump(f->s, f->metrics, false, fd, &err), SW_E_IO);
    close(fd);
    assert_int_equal(sw_dump(f->s, f->metrics, false, -1, NULL), SW_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_data_by_any_path_gives_the_same_bytes),
        TEST(every_line_is_json_and_queues_are_left_out),
        TEST(the_whole_range_of_time_is_dumped_and_it_ends),
        TEST(a_dump_that_cannot_be_written_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
