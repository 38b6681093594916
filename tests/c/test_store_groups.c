/* SPDX-License-Identifier: MIT */
#include "store/store_groups.h"
#include "../support/store_fixture.h"

#define T0  INT64_C(1717225200000) /* 2024-06-01T07:00:00Z */
#define MIN INT64_C(60000)

static struct sw_put_result put(struct fixture *f, const char *id, int64_t origin, int64_t start_min, int64_t minutes)
{
    struct sw_record r = {.start_ms = T0 + start_min * MIN, .finish_ms = T0 + (start_min + minutes) * MIN, .day = sw_floor_day(T0),
                          .connection_id = f->connection, .origin_id = origin, .kind = "workout", .type = "cycling", .external_id = id,
                          .zone_from = "device", .state = "final", .body = "{}", .body_n = 2};
    struct sw_put_result out;
    OK(sw_record_put(f->s, f->me, "me", &r, &out, &f->err));
    return out;
}

static int64_t groups(struct fixture *f) { return count_of(f, "SELECT count(DISTINCT group_id) FROM record"); }

static void a_ride_told_of_while_it_was_on_joins_its_event_when_it_grows(void **state)
{
    struct fixture *f = *state;
    struct sw_put_result early = put(f, "1", f->app, 0, 5), whole = put(f, "2", f->watch, 0, 80), late;
    assert_int_equal(groups(f), 2);
    late = put(f, "1", f->app, 0, 79);
    assert_int_equal(late.what, SW_PUT_CHANGED);
    assert_false(late.new_group);
    assert_true(late.group_id == whole.group_id && late.group_id != early.group_id);
    assert_int_equal(groups(f), 1);
    assert_int_equal(count_of(f, "SELECT count(*) FROM doc WHERE kind = 'group_alias'"), 1);
}

static void a_change_that_still_resembles_its_event_keeps_it(void **state)
{
    struct fixture *f = *state;
    int64_t group = put(f, "1", f->app, 0, 60).group_id;
    assert_true(put(f, "2", f->watch, 0, 60).group_id == group);
    assert_true(put(f, "1", f->app, 0, 10).group_id == group);
    assert_int_equal(groups(f), 1);
}

static void a_ride_that_is_moved_to_another_time_is_an_event_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct sw_put_result moved, back;
    int64_t group = put(f, "1", f->app, 0, 60).group_id;
    put(f, "2", f->watch, 0, 60);
    moved = put(f, "1", f->app, 600, 60);
    assert_true(moved.new_group && moved.group_id != group);
    back = put(f, "1", f->app, 0, 60);
    assert_true(!back.new_group && back.group_id == group);
    moved = put(f, "2", f->watch, 600, 60); /* the name is its own now: nobody was left behind under it */
    assert_true(moved.new_group && moved.group_id != group);
    assert_int_equal(groups(f), 2);
}

static void what_a_person_decided_or_edited_stays_where_it_is(void **state)
{
    struct fixture *f = *state;
    int64_t a = put(f, "1", f->app, 0, 5).group_id, b = put(f, "3", f->phone, 900, 5).group_id;
    char name[32], body[32];
    snprintf(name, sizeof name, "%llx", (unsigned long long)a), snprintf(body, sizeof body, "%lld", (long long)a);
    OK(sw_doc_put(f->s, f->me, SW_GROUP_CHOICE, name, 0, body, strlen(body), SW_DOC_ANY, 0, &f->err));
    struct sw_record layer = {.start_ms = T0 + 900 * MIN, .finish_ms = T0 + 905 * MIN, .connection_id = f->connection, .origin_id = f->app,
                              .kind = "workout", .type = "cycling", .external_id = "edit:x", .zone_from = "user", .state = "final",
                              .body = "{}", .body_n = 2, .into_group = b};
    struct sw_put_result out;
    OK(sw_record_put(f->s, f->me, "me", &layer, &out, &f->err));
    put(f, "2", f->watch, 0, 80), put(f, "4", f->watch, 900, 80);
    assert_true(put(f, "1", f->app, 0, 80).group_id == a);
    assert_true(put(f, "3", f->phone, 900, 80).group_id == b);
    assert_int_equal(groups(f), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_ride_told_of_while_it_was_on_joins_its_event_when_it_grows),
        TEST(a_change_that_still_resembles_its_event_keeps_it),
        TEST(a_ride_that_is_moved_to_another_time_is_an_event_of_its_own),
        TEST(what_a_person_decided_or_edited_stays_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
