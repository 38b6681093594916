/* SPDX-License-Identifier: MIT */
#include "store/store_raw.h"
#include "base/crypto.h"
#include "store/store_sync.h"
#include "store/store_undo.h"
#include "../support/store_fixture.h"

static const struct sw_raw_caps roomy = {INT64_MAX, INT64_MAX};

static int put(struct fixture *f, const char *resource, int64_t at, const char *body, size_t n, const struct sw_raw_caps *caps)
{
    struct sw_raw r = {.connection_id = f->connection, .resource = resource, .op = "page", .page = "", .item = "",
                       .parts = "[]", .mapping = "m1", .first_day = 10, .last_day = 12, .last_ms = at};
    return sw_raw_put(f->s, f->me, &r, body, n, caps, &f->err);
}

static void text(struct fixture *f, const char *resource, int64_t at, const char *body)
{
    OK(put(f, resource, at, body, strlen(body), &roomy));
}

struct seen {
    struct sw_raw r;
    char resource[40], mapping[40];
    int n;
};

static void each(void *ctx, const struct sw_raw *r)
{
    struct seen *s = ctx;
    s->r = *r;
    snprintf(s->resource, sizeof s->resource, "%s", r->resource);
    snprintf(s->mapping, sizeof s->mapping, "%s", r->mapping);
    s->n++;
}

static struct seen last(struct fixture *f, const struct sw_raw_filter *filter)
{
    struct seen s = {.n = 0};
    OK(sw_raw_list(f->s, f->me, filter, each, &s, &f->err));
    return s;
}

static const struct sw_raw_filter all = {.since_ms = INT64_MIN, .limit = 1000};

static void a_body_is_kept_once_and_comes_back_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct sw_buf b;
    static char big[300000];
    for (size_t i = 0; i < sizeof big; i++) big[i] = "{\"a\":[1,2,3]}"[i % 13];
    sw_buf_init(&b, 1 << 20);
    OK(put(f, "x", 1000, big, sizeof big, &roomy));
    OK(put(f, "x", 2000, big, sizeof big, &roomy));
    OK(put(f, "y", 3000, big, sizeof big, &roomy));
    struct seen s = last(f, &all);
    assert_int_equal(s.n, 2);
    assert_string_equal(s.resource, "y");
    assert_int_equal(count_of(f, "SELECT count(*) FROM raw_body"), 1);
    assert_true(s.r.stored < (int64_t)sizeof big / 50 && s.r.bytes == (int64_t)sizeof big);
    assert_int_equal(sw_raw_body(f->s, f->me, s.r.body_id, &b, &f->err), 1);
    assert_int_equal(b.len, sizeof big);
    assert_memory_equal(b.data, big, sizeof big);
    assert_int_equal(sw_raw_body(f->s, f->me + 1, s.r.body_id, &b, &f->err), 0);
    s = last(f, &(struct sw_raw_filter){.resource = "x", .since_ms = INT64_MIN, .limit = 9});
    assert_int_equal(s.r.times, 2);
    assert_int_equal(s.r.first_ms, 1000);
    assert_int_equal(s.r.last_ms, 2000);
    sw_buf_clear(&b);
}

static void a_damaged_body_is_told_and_never_given(void **state)
{
    struct fixture *f = *state;
    struct sw_buf b;
    sw_buf_init(&b, 1 << 20);
    text(f, "x", 1000, "{\"a\":1}");
    struct seen s = last(f, &all);
    OK(sw_run(f->s, &f->err, "UPDATE raw_body SET data = (SELECT data FROM raw_body WHERE id = $1), bytes = bytes - 1", "i", s.r.body_id));
    assert_int_equal(sw_raw_body(f->s, f->me, s.r.body_id, &b, &f->err), SW_E_BAD);
    assert_int_equal(b.len, 0);
    sw_err_clear(&f->err);
    /* another body's bytes under this name */
    text(f, "x", 2000, "{\"a\":2}");
    OK(sw_run(f->s, &f->err, "UPDATE raw_body SET bytes = 7, data = (SELECT data FROM raw_body WHERE id <> $1) WHERE id = $1", "i", s.r.body_id));
    assert_int_equal(sw_raw_body(f->s, f->me, s.r.body_id, &b, &f->err), SW_E_BAD);
    sw_err_clear(&f->err);
    sw_buf_clear(&b);
}

/* Others between them change what the squeezer remembers, never what it makes. */
static void the_same_text_is_known_again_whatever_came_between(void **state)
{
    struct fixture *f = *state;
    char noise[5000];
    for (int i = 0; i < 40; i++) {
        text(f, "x", 1000 + i, "{\"data\":[{\"t\":\"2024-03-10T00:00:00Z\",\"v\":61},{\"t\":\"2024-03-10T00:01:00Z\",\"v\":62}]}");
        for (size_t k = 0; k < sizeof noise; k++) noise[k] = (char)('a' + (k * (size_t)(i + 3) >> 4) % 26);
        OK(put(f, "x", 1000 + i, noise, (size_t)(i + 1) * 120, &roomy));
    }
    assert_int_equal(count_of(f, "SELECT count(*) FROM raw_body"), 41);
    assert_int_equal(count_of(f, "SELECT max(times) FROM raw_item"), 40);
}

static void a_body_that_is_called_by_its_text_is_given_too(void **state)
{
    static const char body[] = "{\"a\":1,\"b\":[1,2,3]}";
    struct fixture *f = *state;
    struct sw_hash h;
    struct sw_buf b;
    uint8_t sum[SW_HASH_BYTES];
    int64_t id;
    sw_buf_init(&b, 1000);
    text(f, "x", 1000, body);
    sw_hash_start(&h);
    sw_hash_add(&h, &f->connection, sizeof f->connection);
    sw_hash_add(&h, body, strlen(body));
    sw_hash_end(&h, sum);
    id = sw_id_of(sum, sizeof sum);
    OK(sw_run(f->s, &f->err, "UPDATE raw_body SET id = $1", "i", id));
    assert_int_equal(sw_raw_body(f->s, f->me, id, &b, &f->err), 1);
    assert_string_equal(sw_buf_str(&b), body);
    OK(sw_run(f->s, &f->err, "UPDATE raw_body SET id = $1", "i", id + 1));
    assert_int_equal(sw_raw_body(f->s, f->me, id + 1, &b, &f->err), SW_E_BAD);
    sw_err_clear(&f->err);
    sw_buf_clear(&b);
}

static void the_oldest_go_by_age_and_a_body_goes_with_its_last_item(void **state)
{
    struct fixture *f = *state;
    int64_t gone;
    text(f, "x", 1000, "one"), text(f, "y", 9000, "one"), text(f, "x", 2000, "two"), text(f, "x", 8000, "three");
    assert_int_equal(sw_raw_prune(f->s, f->me, 5000, &roomy, 100, &gone, &f->err), 0);
    assert_int_equal(gone, 2);
    assert_int_equal(count_of(f, "SELECT count(*) FROM raw_body"), 2);
    assert_int_equal(count_of(f, "SELECT count(*) FROM raw_item"), 2);
    assert_int_equal(sw_raw_prune(f->s, f->me, INT64_MAX, &roomy, 100, &gone, &f->err), 0);
    assert_int_equal(count_of(f, "SELECT count(*) FROM raw_body") + count_of(f, "SELECT count(*) FROM raw_item"), 0);
}

static void a_prune_of_many_comes_in_parts(void **state)
{
    struct fixture *f = *state;
    int64_t gone, sum = 0;
    int rounds = 0, rc;
    for (int i = 0; i < 250; i++) {
        char body[40];
        snprintf(body, sizeof body, "{\"n\":%d}", i);
        text(f, "x", i, body);
    }
    do {
        rc = sw_raw_prune(f->s, f->me, 1000, &roomy, 60, &gone, &f->err);
        assert_true(rc >= 0 && gone <= 80);
        sum += gone;
        rounds++;
    } while (rc > 0);
    assert_int_equal(sum, 250);
    assert_true(rounds > 2);
}

static void over_a_cap_the_oldest_of_the_connection_go_at_once(void **state)
{
    struct fixture *f = *state;
    uint8_t noise[10000];
    const struct sw_raw_caps caps = {35000, INT64_MAX}, both = {INT64_MAX, 15000};
    for (int i = 0; i < 6; i++) {
        sw_random(noise, sizeof noise); /* does not get smaller */
        OK(put(f, "x", 1000 + i, (char *)noise, sizeof noise, &caps));
    }
    assert_int_equal(count_of(f, "SELECT count(*) FROM raw_body"), 3);
    assert_int_equal(count_of(f, "SELECT min(last_ms) FROM raw_item"), 1003);
    sw_random(noise, sizeof noise);
    OK(put(f, "x", 2000, (char *)noise, sizeof noise, &both));
    assert_int_equal(count_of(f, "SELECT count(*) FROM raw_body"), 1);
    assert_int_equal(count_of(f, "SELECT max(last_ms) FROM raw_item"), 2000);
}

static void a_cap_is_held_within_a_256th_of_it(void **state)
{
    struct fixture *f = *state;
    uint8_t noise[500];
    const struct sw_raw_caps caps = {300000, INT64_MAX};
    int64_t most = 0, now;
    for (int i = 0; i < 1500; i++) {
        sw_random(noise, sizeof noise);
        OK(put(f, "x", 1000 + i, (char *)noise, sizeof noise, &caps));
        now = count_of(f, "SELECT sum(stored) FROM raw_body");
        if (now > most) most = now;
    }
    assert_true(most > 300000 && most < 300000 + 300000 / 256 + 2 * (int64_t)sizeof noise);
    assert_int_equal(count_of(f, "SELECT max(last_ms) FROM raw_item"), 2499);
}

static void it_goes_with_its_connection_and_with_its_person(void **state)
{
    struct fixture *f = *state;
    int64_t first = f->connection;
    text(f, "x", 1000, "one");
    OK(sw_connection_id(f->s, f->me, "other", "main", 0, &f->connection, &f->err));
    text(f, "x", 1000, "one");
    assert_int_equal(count_of(f, "SELECT count(*) FROM raw_body"), 2);
    OK(sw_connection_remove(f->s, f->me, first, &f->err));
    assert_int_equal(count_of(f, "SELECT count(*) FROM raw_body"), 1);
    assert_int_equal(count_of(f, "SELECT count(*) FROM raw_item"), 1);
    OK(sw_raw_erase(f->s, f->me, 0, &f->err));
    assert_int_equal(count_of(f, "SELECT count(*) FROM raw_body") + count_of(f, "SELECT count(*) FROM raw_item"), 0);
}

static void a_mapping_is_noted_where_a_run_is(void **state)
{
    struct fixture *f = *state;
    text(f, "x", 1000, "one");
    struct seen s = last(f, &all);
    sw_undo_begin(f->s, f->me, 5);
    OK(sw_raw_mapped(f->s, f->me, s.r.id, "m2", 5, "", &f->err));
    OK(sw_raw_mapped(f->s, f->me, s.r.id, "m2", 6, "", &f->err));
    sw_undo_begin(f->s, 0, 0);
    s = last(f, &all);
    assert_string_equal(s.mapping, "m2");
    assert_int_equal(s.r.run_id, 6);
    assert_int_equal(count_of(f, "SELECT count(*) FROM undo WHERE kind = 'raw' AND name = 'm1'"), 1);
    /* seen again: read by the mapping of that time */
    text(f, "x", 2000, "one");
    s = last(f, &all);
    assert_string_equal(s.mapping, "m1");
    assert_int_equal(s.r.run_id, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_body_is_kept_once_and_comes_back_as_it_was),
        TEST(a_damaged_body_is_told_and_never_given),
        TEST(the_same_text_is_known_again_whatever_came_between),
        TEST(a_body_that_is_called_by_its_text_is_given_too),
        TEST(the_oldest_go_by_age_and_a_body_goes_with_its_last_item),
        TEST(a_prune_of_many_comes_in_parts),
        TEST(over_a_cap_the_oldest_of_the_connection_go_at_once),
        TEST(a_cap_is_held_within_a_256th_of_it),
        TEST(it_goes_with_its_connection_and_with_its_person),
        TEST(a_mapping_is_noted_where_a_run_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
