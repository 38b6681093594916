/* SPDX-License-Identifier: MIT */
#include "store/store_records.h"
#include "../support/store_fixture.h"

#define T0 INT64_C(1717225200000) /* 2024-06-01T07:00:00Z */
#define MIN INT64_C(60000)

static struct sw_record workout(struct fixture *f, const char *id, const char *type, int64_t start, int64_t minutes, int64_t origin)
{
    return (struct sw_record){.start_ms = start, .finish_ms = start + minutes * MIN, .day = sw_floor_day(start), .connection_id = f->connection,
                              .origin_id = origin, .kind = "workout", .type = type, .external_id = id, .zone_from = "device", .state = "final",
                              .body = "{}", .body_n = 2};
}

static struct sw_put_result put(struct fixture *f, struct sw_record *r)
{
    struct sw_put_result out;
    OK(sw_record_put(f->s, f->me, "me", r, &out, &f->err));
    return out;
}

static void identity_is_connection_kind_and_external_id(void **state)
{
    struct fixture *f = *state;
    struct sw_record a = workout(f, "1", "running", T0, 60, f->watch), b = a, c = a;
    int64_t other;
    assert_int_equal(put(f, &a).what, SW_PUT_NEW);
    assert_int_equal(put(f, &b).what, SW_PUT_SAME);
    assert_true(a.id == b.id);
    c.external_id = "2";
    assert_int_equal(put(f, &c).what, SW_PUT_NEW);
    OK(sw_connection_id(f->s, f->me, "test", "second", 0, &other, &f->err));
    b.connection_id = other;
    assert_int_equal(put(f, &b).what, SW_PUT_NEW);
    assert_true(a.id != b.id && a.id != c.id);
}

static void unchanged_content_costs_no_revision_and_any_change_does(void **state)
{
    struct fixture *f = *state;
    struct sw_record r = workout(f, "1", "running", T0, 60, f->watch);
    struct sw_put_result p;
    int64_t revision = 1;
    assert_int_equal(put(f, &r).revision, 1);
    for (int field = 0; field < 8; field++) {
        switch (field) {
        case 0: r.start_ms++; break;
        case 1: r.finish_ms++; break;
        case 2: r.offset_start = 60; break;
        case 3: r.type = "cycling"; break;
        case 4: r.body = "{\"a\":1}", r.body_n = 7; break;
        case 5: r.zone_from = "user"; break;
        case 6: r.day++; break;
        default: r.origin_id = f->phone;
        }
        p = put(f, &r);
        assert_int_equal(p.what, SW_PUT_CHANGED);
        assert_int_equal(p.revision, ++revision);
        assert_int_equal(put(f, &r).what, SW_PUT_SAME);
    }
    assert_int_equal(count_of(f, "SELECT revision FROM record"), revision);
    assert_int_equal(count_of(f, "SELECT count(*) FROM record"), 1);
}

static void say(struct sw_record *r, const char *body)
{
    r->body = body;
    r->body_n = strlen(body);
}

static void an_older_word_of_its_service_does_not_undo_a_newer_one(void **state)
{
    static const struct {
        const char *body;
        enum sw_put what;
    } told[] = {
        {"{\"attributes\":{\"modified_ms\":2000,\"name\":\"b\"}}", SW_PUT_NEW},
        {"{\"attributes\":{\"modified_ms\":1999,\"name\":\"a\"}}", SW_PUT_SAME},
        {"{\"attributes\":{\"modified_ms\":2000,\"name\":\"same moment\"}}", SW_PUT_CHANGED},
        {"{\"attributes\":{\"modified_ms\":2001,\"name\":\"c\"}}", SW_PUT_CHANGED},
        {"{\"attributes\":{\"name\":\"says nothing of it\"}}", SW_PUT_CHANGED},
        {"{\"attributes\":{\"modified_ms\":1,\"name\":\"d\"}}", SW_PUT_CHANGED},
        {"[\"attributes\"]", SW_PUT_CHANGED},
        {"{\"attributes\":{\"modified_ms\":\"1\"}}", SW_PUT_CHANGED},
    };
    struct fixture *f = *state;
    struct sw_record r = workout(f, "1", "running", 0, 60, f->watch);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        say(&r, told[i].body);
        assert_int_equal(put(f, &r).what, told[i].what);
    }
}

static void texts_of_any_length_are_stored_and_told_apart(void **state)
{
    struct fixture *f = *state;
    char type[2001], one[2001], two[2001];
    struct sw_record a, b;
    memset(type, 't', 2000), memset(one, 'x', 2000), memset(two, 'x', 2000);
    type[2000] = one[2000] = two[2000] = 0;
    two[1999] = 'y';
    a = workout(f, one, type, T0, 60, f->watch), b = workout(f, two, type, T0 + 600 * MIN, 60, f->watch);
    assert_int_equal(put(f, &a).what, SW_PUT_NEW);
    assert_int_equal(put(f, &b).what, SW_PUT_NEW);
    assert_true(a.id != b.id);
    type[1999] = 'u';
    assert_int_equal(put(f, &a).what, SW_PUT_CHANGED);
}

static void one_event_told_three_times_is_one_group_in_any_order(void **state)
{
    static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct fixture *f = *state;
    for (int o = 0; o < 6; o++) {
        int64_t day = T0 + o * 7 * SW_DAY_MS;
        struct sw_record r[3] = {workout(f, NULL, "running", day, 60, f->watch),                 /* FIT: to the second */
                                 workout(f, NULL, "running", day + 400, 60, f->phone),            /* TCX: fractions */
                                 workout(f, NULL, "workout", day - 30000, 61, f->app)};           /* Apple: a little wider */
        int fresh = 0;
        for (int k = 0; k < 3; k++) {
            char id[16];
            snprintf(id, sizeof id, "%d-%d", o, order[o][k]);
            r[order[o][k]].external_id = id;
            fresh += put(f, &r[order[o][k]]).new_group;
        }
        assert_int_equal(fresh, 1);
        assert_true(r[0].group_id == r[1].group_id && r[1].group_id == r[2].group_id);
    }
}

static void two_workouts_of_one_day_stay_two(void **state)
{
    struct fixture *f = *state;
    struct sw_record a = workout(f, "a", "running", T0, 45, f->watch), b = workout(f, "b", "running", T0 + 600 * MIN, 45, f->watch),
                     c = workout(f, "c", "running", T0 + 46 * MIN, 45, f->phone), d = workout(f, "d", "rowing", T0, 45, f->phone);
    assert_true(put(f, &a).new_group && put(f, &b).new_group && put(f, &c).new_group && put(f, &d).new_group);
}

static void in_bed_and_stages_of_one_night_are_one_group_in_any_order(void **state)
{
    struct fixture *f = *state;
    for (int first = 0; first < 2; first++) {
        int64_t night = T0 + first * 7 * SW_DAY_MS;
        struct sw_record bed = workout(f, first ? "b1" : "b0", "sleep", night, 500, f->phone), asleep = workout(f, first ? "s1" : "s0", "sleep", night + 30 * MIN, 400, f->watch),
                         nap = workout(f, first ? "n1" : "n0", "sleep", night + 900 * MIN, 60, f->watch);
        bed.kind = asleep.kind = nap.kind = "sleep";
        put(f, first ? &bed : &asleep);
        assert_false(put(f, first ? &asleep : &bed).new_group);
        assert_true(bed.group_id == asleep.group_id);
        assert_true(put(f, &nap).new_group);
    }
}

static void groups_of_other_people_are_not_joined(void **state)
{
    struct fixture *f = *state;
    struct sw_record a = workout(f, "a", "running", T0, 60, f->watch), b = workout(f, "b", "running", T0, 60, f->phone);
    struct sw_put_result p;
    int64_t you;
    put(f, &a);
    OK(sw_person_add(f->s, "you", "UTC", 0, &you, &f->err));
    OK(sw_connection_id(f->s, you, "test", "main", 0, &b.connection_id, &f->err));
    OK(sw_record_put(f->s, you, "you", &b, &p, &f->err));
    assert_true(p.new_group);
}

static void deletion_tells_when_the_last_member_goes(void **state)
{
    struct fixture *f = *state;
    struct sw_record a = workout(f, "a", "running", T0, 60, f->watch), b = workout(f, "b", "running", T0, 60, f->phone), c = workout(f, "c", "running", T0, 60, f->app);
    bool last = true;
    int64_t group = 0;
    put(f, &a), put(f, &b);
    OK(sw_record_delete(f->s, f->me, a.id, &last, &group, &f->err));
    assert_false(last);
    assert_true(group == a.group_id);
    assert_int_equal(sw_record_delete(f->s, f->me, a.id, &last, &group, NULL), SW_E_NOTFOUND);
    assert_int_equal(sw_record_delete(f->s, f->me + 1, b.id, &last, &group, NULL), SW_E_NOTFOUND);
    OK(sw_record_delete(f->s, f->me, b.id, &last, &group, &f->err));
    assert_true(last);
    assert_true(put(f, &c).new_group); /* the dead join nobody */
}

static void collect(void *ctx, const struct sw_record *r)
{
    char *out = ctx;
    strcat(out, r->external_id);
}

static void what_a_person_deleted_stays_so_whatever_its_service_says(void **state)
{
    struct fixture *f = *state;
    struct sw_record a = workout(f, "a", "running", T0, 60, f->watch), b = workout(f, "b", "running", T0 + 5 * SW_DAY_MS, 60, f->watch);
    const struct sw_record_filter all = {.to_ms = INT64_MAX, .first_day = 1, .limit = 10};
    char living[10] = "";
    bool last;
    int64_t group;
    put(f, &a), put(f, &b);
    OK(sw_record_delete(f->s, f->me, a.id, &last, &group, &f->err));
    assert_int_equal(put(f, &a).what, SW_PUT_SAME);
    a.finish_ms += MIN; /* edited there */
    assert_int_equal(put(f, &a).what, SW_PUT_SAME);
    OK(sw_record_delete(f->s, f->me, b.id, &last, &group, &f->err));
    OK(sw_record_may_return(f->s, f->me, b.id, &f->err)); /* its service dropped it, and has it again */
    assert_int_equal(put(f, &b).what, SW_PUT_CHANGED);
    OK(sw_record_list(f->s, f->me, &all, collect, living, &f->err));
    assert_string_equal(living, "b");
    b.finish_ms += MIN;
    assert_int_equal(put(f, &b).what, SW_PUT_CHANGED);
}

static void lists_filter_and_sort(void **state)
{
    struct fixture *f = *state;
    struct sw_record a = workout(f, "a", "running", T0, 60, f->watch), b = workout(f, "b", "rowing", T0 + SW_DAY_MS, 60, f->watch), s = workout(f, "s", "", T0 + MIN, 60, f->watch),
                     d = workout(f, "d", "rowing", T0 + 2 * SW_DAY_MS, 60, f->watch);
    bool last;
    int64_t group;
    s.kind = "sleep";
    put(f, &b), put(f, &d), put(f, &s), put(f, &a);
    OK(sw_record_delete(f->s, f->me, d.id, &last, &group, &f->err));
    const struct {
        struct sw_record_filter filter;
        const char *want;
    } rows[] = {
        {{.from_ms = 0, .to_ms = INT64_MAX, .first_day = 1, .limit = 10}, "asb"},
        {{.from_ms = 0, .to_ms = INT64_MAX, .first_day = 1, .limit = 2}, "as"},
        {{.kind = "workout", .from_ms = 0, .to_ms = INT64_MAX, .first_day = 1, .limit = 10}, "ab"},
        {{.from_ms = T0 + 1, .to_ms = T0 + MIN, .first_day = 1, .limit = 10}, ""},
        {{.from_ms = T0, .to_ms = T0 + MIN, .first_day = 1, .limit = 10}, "a"},
        {{.first_day = a.day + 1, .last_day = a.day + 1, .limit = 10}, "b"},
        {{.first_day = a.day, .last_day = a.day + 9, .limit = 10}, "asb"},
        {{.group_id = b.group_id, .limit = 10}, "b"},
        {{.id = a.id, .limit = 10}, "a"},
        {{.id = d.id, .limit = 10}, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char got[32] = "";
        OK(sw_record_list(f->s, f->me, &rows[i].filter, collect, got, &f->err));
        if (strcmp(got, rows[i].want)) fail_msg("row %zu: %s", i, got);
    }
}

static struct sw_put_result restore(struct fixture *f, struct sw_record *r)
{
    struct sw_put_result out;
    OK(sw_record_restore(f->s, f->me, "me", r, &out, &f->err));
    return out;
}

static void a_restored_record_has_the_group_revision_and_state_it_had(void **state)
{
    struct fixture *f = *state;
    struct sw_record a = workout(f, "1", "running", T0, 60, f->watch), b = workout(f, "2", "running", T0, 60, f->phone), gone = a;
    put(f, &a), put(f, &b);
    assert_true(b.group_id == a.id); /* one event, so matching would find it again */
    OK(sw_store_exec(f->s, "DELETE FROM record", &f->err));
    b.group_id = b.id, b.revision = 7;
    assert_true(restore(f, &a).new_group);
    assert_int_equal(restore(f, &b).revision, 7);
    assert_int_equal(count_of(f, "SELECT count(*) FROM record WHERE group_id = id"), 2);
    assert_int_equal(count_of(f, "SELECT sum(revision) FROM record"), 8);
    assert_int_equal(put(f, &b).what, SW_PUT_SAME); /* what its service says again is no change */
    gone.external_id = "3", gone.state = "deleted", gone.id = gone.group_id = gone.revision = 1;
    restore(f, &gone); /* not its id here: the hash of its identity wins */
    assert_true(gone.id != 1);
}

static void a_restored_deletion_keeps_the_record_away_unless_its_service_dropped_it(void **state)
{
    for (int may = 0; may < 2; may++) {
        struct fixture *f = *state;
        struct sw_record r = workout(f, may ? "b" : "a", "running", T0, 60, f->watch);
        put(f, &r);
        OK(sw_store_exec(f->s, "DELETE FROM record", &f->err));
        r.revision = 2, r.state = "deleted", r.may_return = may != 0;
        assert_int_equal(restore(f, &r).what, SW_PUT_NEW);
        r.state = "final";
        assert_int_equal(put(f, &r).what, may ? SW_PUT_CHANGED : SW_PUT_SAME);
    }
}

static void a_record_known_here_is_put_not_restored(void **state)
{
    struct fixture *f = *state;
    struct sw_record r = workout(f, "1", "running", T0, 60, f->watch), old;
    put(f, &r);
    old = r;
    r.type = "cycling";
    put(f, &r);
    old.revision = 9, old.group_id = 12345;
    assert_int_equal(restore(f, &old).revision, 3);
    assert_int_equal(count_of(f, "SELECT count(*) FROM record WHERE group_id = 12345"), 0);
}

static void count_row(void *ctx, const struct sw_record *r)
{
    int *n = ctx;
    n[0]++;
    n[1] += !strcmp(r->state, "deleted");
    n[2] += r->may_return;
}

static void deleted_records_are_listed_when_they_are_asked_for(void **state)
{
    struct fixture *f = *state;
    struct sw_record a = workout(f, "1", "running", T0, 60, f->watch), b = workout(f, "2", "running", T0 + 600 * MIN, 60, f->watch);
    struct sw_record_filter filter = {.from_ms = 0, .to_ms = INT64_MAX, .first_day = 1, .limit = 10};
    bool last;
    int64_t group;
    int n[3] = {0, 0, 0};
    put(f, &a), put(f, &b);
    OK(sw_record_delete(f->s, f->me, b.id, &last, &group, &f->err));
    OK(sw_record_may_return(f->s, f->me, b.id, &f->err));
    OK(sw_record_list(f->s, f->me, &filter, count_row, n, &f->err));
    assert_true(n[0] == 1 && n[1] == 0);
    filter.deleted = true;
    n[0] = 0;
    OK(sw_record_list(f->s, f->me, &filter, count_row, n, &f->err));
    assert_true(n[0] == 2 && n[1] == 1 && n[2] == 1);
}

static void note_group(void *ctx, int64_t group)
{
    *(int64_t *)ctx = group;
}

static void events_are_counted_by_when_their_members_were_over(void **state)
{
    struct fixture *f = *state;
    struct sw_record a = workout(f, "a", "running", T0, 60, f->watch), twin = workout(f, "b", "running", T0 + MIN, 62, f->phone),
                     later = workout(f, "c", "rowing", T0 + SW_DAY_MS, 60, f->watch);
    const struct sw_record_filter all = {.kind = "workout", .from_ms = 0, .to_ms = INT64_MAX};
    const struct {
        int64_t until, over;
        bool open;
    } rows[] = {{T0, 0, false}, {a.finish_ms, 0, true}, {twin.finish_ms, 1, false}, {later.finish_ms, 2, false}};
    put(f, &a), put(f, &twin), put(f, &later);
    assert_true(a.group_id == twin.group_id);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t over, open = 0;
        OK(sw_record_count(f->s, f->me, &all, rows[i].until, &over, note_group, &open, &f->err));
        assert_int_equal(over, rows[i].over);
        assert_true(open == (rows[i].open ? a.group_id : 0));
    }
}

static void what_was_written_by_hand_is_found_by_the_beginning_of_its_id(void **state)
{
    struct fixture *f = *state;
    struct sw_record a = workout(f, "edit:1", "running", T0, 60, f->watch), b = workout(f, "edit_2", "running", T0 + SW_DAY_MS, 60, f->watch),
                     c = workout(f, "edit:3", "running", T0 + 2 * SW_DAY_MS, 60, f->watch);
    const struct sw_record_filter filter = {.by_hand = "edit:", .first_day = 1};
    int n[3] = {0, 0, 0};
    OK(sw_connection_id(f->s, f->me, "manual", "manual", 0, &a.connection_id, &f->err));
    b.connection_id = a.connection_id;
    put(f, &a), put(f, &b), put(f, &c);
    OK(sw_record_list(f->s, f->me, &filter, count_row, n, &f->err));
    assert_int_equal(n[0], 1);
}

static void add_kind(void *ctx, const char *kind)
{
    strcat(strcat(ctx, kind), " ");
}

static void kinds_are_those_a_person_has(void **state)
{
    struct fixture *f = *state;
    struct sw_record a = workout(f, "a", "running", T0, 60, f->watch), b = a, c = a;
    char got[64] = "";
    OK(sw_record_kinds(f->s, f->me, add_kind, got, &f->err));
    assert_string_equal(got, "");
    b.kind = "meal", c.kind = "sleep";
    put(f, &c), put(f, &a), put(f, &b);
    OK(sw_record_kinds(f->s, f->me, add_kind, got, &f->err));
    assert_string_equal(got, "meal sleep workout ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(identity_is_connection_kind_and_external_id),
        TEST(unchanged_content_costs_no_revision_and_any_change_does),
        TEST(an_older_word_of_its_service_does_not_undo_a_newer_one),
        TEST(texts_of_any_length_are_stored_and_told_apart),
        TEST(one_event_told_three_times_is_one_group_in_any_order),
        TEST(two_workouts_of_one_day_stay_two),
        TEST(in_bed_and_stages_of_one_night_are_one_group_in_any_order),
        TEST(groups_of_other_people_are_not_joined),
        TEST(deletion_tells_when_the_last_member_goes),
        TEST(what_a_person_deleted_stays_so_whatever_its_service_says),
        TEST(lists_filter_and_sort),
        TEST(a_restored_record_has_the_group_revision_and_state_it_had),
        TEST(a_restored_deletion_keeps_the_record_away_unless_its_service_dropped_it),
        TEST(a_record_known_here_is_put_not_restored),
        TEST(deleted_records_are_listed_when_they_are_asked_for),
        TEST(events_are_counted_by_when_their_members_were_over),
        TEST(what_was_written_by_hand_is_found_by_the_beginning_of_its_id),
        TEST(kinds_are_those_a_person_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
