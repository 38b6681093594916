/* SPDX-License-Identifier: MIT */
#include "store/store_docs.h"
#include "../support/store_fixture.h"

struct seen {
    char text[400];
    int64_t revision;
};

static void note(void *ctx, const struct sw_doc *d)
{
    struct seen *s = ctx;
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%s=%.*s@%d ", d->name, (int)d->body_n, d->body, (int)d->at_ms);
    s->revision = d->revision;
}

static int put(struct fixture *f, const char *name, int64_t at, const char *body, enum sw_doc_mode mode, int64_t revision)
{
    return sw_doc_put(f->s, f->me, "k", name, at, body, strlen(body), mode, revision, NULL);
}

static int64_t get(struct fixture *f, const char *name)
{
    struct seen s = {.revision = 0};
    OK(sw_doc_get(f->s, f->me, "k", name, note, &s, &f->err));
    return s.revision;
}

static void a_write_can_ask_for_newness_or_a_revision(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(put(f, "a", 1, "1", SW_DOC_REVISION, 1), SW_E_CONFLICT);
    assert_int_equal(put(f, "a", 1, "1", SW_DOC_NEW, 0), 0);
    assert_int_equal(put(f, "a", 1, "2", SW_DOC_NEW, 0), SW_E_CONFLICT);
    assert_int_equal(get(f, "a"), 1);
    assert_int_equal(put(f, "a", 1, "3", SW_DOC_REVISION, 1), 0);
    assert_int_equal(put(f, "a", 1, "4", SW_DOC_REVISION, 1), SW_E_CONFLICT);
    assert_int_equal(get(f, "a"), 2);
    assert_int_equal(put(f, "a", 1, "5", SW_DOC_ANY, 0), 0);
    assert_int_equal(get(f, "a"), 3);
    OK(sw_doc_delete(f->s, f->me, "k", "a", &f->err));
    assert_int_equal(get(f, "a"), 0);
    assert_int_equal(put(f, "a", 1, "6", SW_DOC_ANY, 0), 0);
    assert_int_equal(get(f, "a"), 1);
}

static void lists_are_half_open_ordered_and_limited(void **state)
{
    static const struct {
        struct sw_doc_filter ask;
        const char *want;
    } rows[] = {{{NULL, 0, 100, 9, false}, "c=3@10 a=1@20 b=2@20 d=4@30 "},
                {{NULL, 0, 100, 9, true}, "d=4@30 b=2@20 a=1@20 c=3@10 "},
                {{"", 10, 30, 9, false}, "c=3@10 a=1@20 b=2@20 "},
                {{NULL, 0, 100, 2, false}, "c=3@10 a=1@20 "},
                {{NULL, 0, 100, 1, true}, "d=4@30 "},
                {{NULL, 50, 10, 9, false}, ""}};
    struct fixture *f = *state;
    put(f, "b", 20, "2", SW_DOC_NEW, 0), put(f, "a", 20, "1", SW_DOC_NEW, 0), put(f, "d", 30, "4", SW_DOC_NEW, 0), put(f, "c", 10, "3", SW_DOC_NEW, 0);
    OK(sw_doc_put(f->s, f->me, "other", "x", 20, "9", 1, SW_DOC_NEW, 0, &f->err));
    OK(sw_doc_put(f->s, f->me + 1, "k", "y", 20, "9", 1, SW_DOC_NEW, 0, &f->err));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen s = {.revision = 0};
        OK(sw_doc_list(f->s, f->me, "k", &rows[i].ask, note, &s, &f->err));
        assert_string_equal(s.text, rows[i].want);
    }
}

static void lists_by_the_beginning_of_the_name_have_what_begins_so_and_nothing_else(void **state)
{
    static const struct {
        struct sw_doc_filter ask;
        const char *want;
    } rows[] = {{{"r|", 0, 100, 9, false}, "r|b=2@20 r|a=1@30 "},   {{"r|", 0, 100, 9, true}, "r|a=1@30 r|b=2@20 "},
                {{"r|", 0, 30, 9, false}, "r|b=2@20 "},             {{"r|", 0, 100, 1, true}, "r|a=1@30 "},
                {{"r|b", 0, 100, 9, false}, "r|b=2@20 "},           {{"r", 0, 100, 9, false}, "r=5@10 r2|a=4@15 r|b=2@20 r|a=1@30 "},
                {{"\xc3\xa9", 0, 100, 9, false}, "\xc3\xa9|=6@40 "}, {{"s", 0, 100, 9, false}, ""}};
    struct fixture *f = *state;
    put(f, "r|a", 30, "1", SW_DOC_NEW, 0), put(f, "r|b", 20, "2", SW_DOC_NEW, 0), put(f, "r2|a", 15, "4", SW_DOC_NEW, 0);
    put(f, "r", 10, "5", SW_DOC_NEW, 0), put(f, "\xc3\xa9|", 40, "6", SW_DOC_NEW, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct seen s = {.revision = 0};
        OK(sw_doc_list(f->s, f->me, "k", &rows[i].ask, note, &s, &f->err));
        assert_string_equal(s.text, rows[i].want);
    }
}

static void people_connections_and_origins_are_made_once_with_the_same_ids(void **state)
{
    struct fixture *f = *state;
    struct sw_person p;
    int64_t id, again;
    OK(sw_person_add(f->s, "me", "Asia/Tokyo", 5, &id, &f->err));
    assert_int_equal(id, f->me);
    assert_int_equal(sw_person_get(f->s, "me", &p, &f->err), 1);
    assert_string_equal(p.zone, "Europe/Berlin"); /* the first word stands */
    OK(sw_person_set_zone(f->s, id, "UTC", &f->err));
    assert_int_equal(sw_person_get(f->s, "me", &p, &f->err), 1);
    assert_string_equal(p.zone, "UTC");
    assert_int_equal(sw_person_get(f->s, "you", &p, &f->err), 0);
    OK(sw_connection_id(f->s, f->me, "test", "main", 9, &again, &f->err));
    assert_int_equal(again, f->connection);
    assert_int_equal(add_origin(f, "Watch", "watch"), f->watch);
}

static void an_origin_with_a_serial_number_survives_a_new_name(void **state)
{
    struct fixture *f = *state;
    struct sw_origin o = {"apple", "Robin's Watch", "apple", "Watch6,1", "watch", "SN1"};
    int64_t a, b, c;
    OK(sw_origin_id(f->s, f->me, "me", &o, &a, &f->err));
    o.name = "Watch of Robin", o.model = "Watch7,1";
    OK(sw_origin_id(f->s, f->me, "me", &o, &b, &f->err));
    o.ident = "";
    OK(sw_origin_id(f->s, f->me, "me", &o, &c, &f->err));
    assert_true(a == b && a != c);
}

static void what_is_worn_stands_before_what_is_carried(void **state)
{
    static const char *const order[] = {"manual", "watch", "ring", "band", "strap", "bike", "scale", "phone", "app", ""};
    (void)state;
    for (size_t i = 1; i < sizeof order / sizeof *order; i++) assert_true(sw_origin_standing(order[i - 1]) < sw_origin_standing(order[i]));
    assert_int_equal(sw_origin_standing("toaster"), sw_origin_standing(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_write_can_ask_for_newness_or_a_revision),
        TEST(lists_are_half_open_ordered_and_limited),
        TEST(lists_by_the_beginning_of_the_name_have_what_begins_so_and_nothing_else),
        TEST(people_connections_and_origins_are_made_once_with_the_same_ids),
        TEST(an_origin_with_a_serial_number_survives_a_new_name),
        TEST(what_is_worn_stands_before_what_is_carried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
