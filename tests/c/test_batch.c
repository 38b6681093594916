/* SPDX-License-Identifier: MIT */
#include "codec/batch.h"
#include "base/jtape.h"
#include "base/json.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <math.h>

static void samples_go_to_the_column_of_their_type_unit_and_origin(void **state)
{
    struct sw_batch b;
    struct sw_origin_desc watch = {.name = (char *)"Watch", .kind = (char *)"watch"}, phone = {.name = (char *)"Phone"};
    int w, p;
    (void)state;
    sw_batch_init(&b);
    w = sw_batch_origin(&b, &watch);
    p = sw_batch_origin(&b, &phone);
    assert_int_equal(sw_batch_origin(&b, &watch), w);
    assert_int_not_equal(w, p);
    for (int i = 0; i < 1000; i++) {
        sw_batch_add(&b, "hr", "bpm", w, i, 0, i, 60);
        sw_batch_add(&b, "hr", "bpm", p, i, 0, i, SW_OFFSET_NONE);
        sw_batch_add(&b, "hr", "Hz", w, i, 0, i, 60);
        sw_batch_add(&b, "steps", "", w, i, 5, i, 60);
    }
    assert_int_equal(b.n_col, 4);
    assert_int_equal(b.rows, 4000);
    for (size_t i = 0; i < b.n_col; i++) assert_int_equal(b.col[i].n, 1000);
    sw_batch_reset(&b);
    assert_int_equal(b.rows, 0);
    assert_int_equal(b.n_origins, 2); /* an index stays true for the whole file */
    assert_int_equal(sw_batch_origin(&b, &phone), p);
    sw_batch_clear(&b);
}

static void values_that_are_no_numbers_are_counted_not_kept(void **state)
{
    const double bad[] = {NAN, INFINITY, -INFINITY};
    struct sw_batch b;
    (void)state;
    sw_batch_init(&b);
    for (int i = 0; i < 3; i++) sw_batch_add(&b, "hr", "", 0, 0, 0, bad[i], 0);
    assert_int_equal(b.rows, 0);
    assert_int_equal(b.rejected, 3);
    sw_batch_clear(&b);
}

static void origins_are_capped_and_their_texts_cut_and_made_valid(void **state)
{
    struct sw_batch b;
    char name[600];
    struct sw_origin_desc o = {.name = name};
    (void)state;
    sw_batch_init(&b);
    memset(name, 'x', sizeof name);
    for (int i = 199; i < 599; i++) name[i] = (i & 1) ? '\xc3' : '\xa9'; /* the cut falls into a letter */
    name[599] = 0;
    sw_batch_origin(&b, &o);
    assert_true(strlen(b.origins[0].name) <= 200 + 3);
    assert_int_equal(sw_utf8_valid(b.origins[0].name, strlen(b.origins[0].name)), strlen(b.origins[0].name));
    assert_string_equal(b.origins[0].ident, "");
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "origin %d", i);
        sw_batch_origin(&b, &o);
    }
    assert_int_equal(b.n_origins, 4096);
    snprintf(name, sizeof name, "one more");
    assert_int_equal(sw_batch_origin(&b, &o), 0);
    sw_batch_clear(&b);
}

static void messages_are_lines_of_json(void **state)
{
    struct sw_batch b;
    struct sw_jtape t;
    struct sw_buf *m;
    (void)state;
    sw_batch_init(&b);
    for (int i = 0; i < 3; i++) {
        m = sw_batch_message(&b, "session");
        sw_json_key(m, "note");
        sw_json_str(m, "a\nb", 3);
        sw_batch_message_end(&b);
    }
    assert_int_equal(b.n_messages, 3);
    sw_jtape_init(&t);
    for (const char *p = sw_buf_str(&b.messages); *p; p = strchr(p, '\n') + 1) {
        assert_int_equal(sw_jtape_parse(&t, p, (size_t)(strchr(p, '\n') - p), NULL), 0);
        assert_true(sw_jtape_eq(&t, sw_jtape_get(&t, 0, "message"), "session"));
    }
    sw_jtape_clear(&t);
    sw_batch_clear(&b);
}

static void reasons_and_notes_are_bounded(void **state)
{
    struct sw_batch b;
    char reason[64];
    (void)state;
    sw_batch_init(&b);
    for (int i = 0; i < 10000; i++) {
        snprintf(reason, sizeof reason, "reason %d", i);
        sw_batch_reject(&b, reason);
        sw_batch_note(&b, "damage at byte %d of this very long and tiresome file", i);
    }
    assert_int_equal(b.rejected, 10000);
    assert_true(b.reasons.n <= 201);
    assert_true(b.notes.len <= 64 << 10);
    sw_batch_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_go_to_the_column_of_their_type_unit_and_origin),
        cmocka_unit_test(values_that_are_no_numbers_are_counted_not_kept),
        cmocka_unit_test(origins_are_capped_and_their_texts_cut_and_made_valid),
        cmocka_unit_test(messages_are_lines_of_json),
        cmocka_unit_test(reasons_and_notes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
