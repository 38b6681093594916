/* SPDX-License-Identifier: MIT */
#include "base/slab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { OBJECTS = 4000 };

struct object {
    unsigned char *p;
    size_t n;
    unsigned char fill;
};

static uint32_t chance = 20261123;

static uint32_t roll(uint32_t below)
{
    chance = chance * 1664525u + 1013904223u;
    return (chance >> 8) % below;
}

static size_t some_size(void)
{
    return roll(10) ? 1 + roll(512) : 1 + roll(5000);
}

static void check(const struct object *o)
{
    for (size_t i = 0; i < o->n; i++)
        if (o->p[i] != o->fill) fail_msg("byte %zu of %zu is another object's", i, o->n);
}

/* What stayed of it is checked, then all of it filled anew. */
static void resize(struct sw_slab *s, struct object *o, size_t n)
{
    size_t common = o->n < n ? o->n : n;
    check(o);
    o->p = sw_slab_resize(s, o->p, o->n, n);
    assert_int_equal(o->p == NULL, n == 0);
    for (size_t i = 0; i < common; i++) assert_int_equal(o->p[i], o->fill);
    o->n = n;
    o->fill = (unsigned char)roll(256);
    if (n) memset(o->p, o->fill, n);
}

static void churn(struct sw_slab *s)
{
    static struct object o[OBJECTS];
    memset(o, 0, sizeof o);
    for (int i = 0; i < 200000; i++) resize(s, &o[roll(OBJECTS)], roll(3) ? some_size() : 0);
    for (int i = 0; i < OBJECTS; i++) resize(s, &o[i], 0);
}

static void objects_of_all_sizes_keep_their_bytes_while_others_come_and_go(void **state)
{
    struct sw_slab *s = sw_slab_new();
    (void)state;
    churn(s);
    sw_slab_free(s);
    churn(NULL);
}

static void objects_are_aligned_for_any_type(void **state)
{
    struct sw_slab *s = sw_slab_new();
    (void)state;
    for (size_t n = 1; n <= 512; n++)
        assert_int_equal((uintptr_t)sw_slab_resize(s, NULL, 0, n) % 16, 0);
    sw_slab_free(s);
}

/* Fill and drop a mebibyte of one size. */
static void wave(struct sw_slab *s, size_t size)
{
    size_t n = (1u << 20) / size;
    void **p = malloc(n * sizeof *p);
    for (size_t i = 0; i < n; i++) p[i] = sw_slab_resize(s, NULL, 0, size);
    for (size_t i = 0; i < n; i++) sw_slab_resize(s, p[i], size, 0);
    free(p);
}

static void memory_of_one_size_serves_another_when_it_is_empty(void **state)
{
    struct sw_slab *s = sw_slab_new();
    size_t held;
    (void)state;
    wave(s, 16);
    held = sw_slab_held(s);
    for (size_t size = 32; size <= 512; size += 16) wave(s, size);
    assert_in_range(held, 1u << 20, 3u << 20);
    assert_in_range(sw_slab_held(s), held, held + (1u << 20));
    sw_slab_free(s);
}

/* One object stays in each page, the others go: pages of that size are all that is left of it. */
static size_t scatter(struct sw_slab *s, size_t size, size_t most)
{
    void **p = calloc(most, sizeof *p), *page = NULL;
    size_t n = 0, kept = 0;
    while (n < most && (p[n] = sw_slab_resize(s, NULL, 0, size))) n++;
    for (size_t i = 0; i < n; i++) {
        void *its = (void *)((uintptr_t)p[i] & ~(uintptr_t)(16 * 1024 - 1));
        if (its == page) sw_slab_resize(s, p[i], size, 0);
        else page = its, kept += size;
    }
    free(p);
    return kept;
}

static void one_object_kept_in_each_page_holds_no_more_than_was_allowed(void **state)
{
    struct sw_slab *s = sw_slab_new();
    size_t kept = 0, refused = 0;
    void *large = sw_slab_resize(s, NULL, 0, 600), *small;
    (void)state;
    sw_slab_set_most(s, 4u << 20);
    for (size_t size = 16; size <= 512; size += 16) {
        size_t more = scatter(s, size, (1u << 20) / size);
        refused += more == 0;
        kept += more;
    }
    assert_in_range(kept, 1, 128 * 1024);
    assert_int_not_equal(refused, 0);
    assert_in_range(sw_slab_held(s), 3u << 20, 4u << 20);
    while (sw_slab_resize(s, NULL, 0, 512)) continue;
    small = sw_slab_resize(s, large, 600, 512); /* what becomes smaller is not refused */
    assert_non_null(small);
    assert_in_range(sw_slab_held(s), 4u << 20, 5u << 20);
    sw_slab_free(s);
}

static void what_comes_after_all_settled_lies_apart_until_something_goes(void **state)
{
    enum { OLD = 4000, NEW = 200 };
    static void *old[OLD];
    struct sw_slab *s = sw_slab_new();
    void *fresh[NEW], *again;
    (void)state;
    for (int i = 0; i < OLD; i++) memset(old[i] = sw_slab_make(s, 48), i & 0xff, 48);
    for (int i = 0; i < OLD; i += 5) {
        sw_slab_drop(s, old[i], 48);
        old[i] = NULL;
    }
    sw_slab_settle(s);
    for (int i = 0; i < NEW; i++) {
        memset(fresh[i] = sw_slab_make(s, 48), 0xee, 48);
        for (int k = 0; k < OLD; k++)
            assert_true(!old[k] || ((uintptr_t)old[k] ^ (uintptr_t)fresh[i]) >> 14);
    }
    for (int i = 0; i < OLD; i++)
        for (int k = 0; old[i] && k < 48; k++) assert_int_equal(((unsigned char *)old[i])[k], i & 0xff);
    sw_slab_drop(s, old[1], 48);
    again = sw_slab_make(s, 48);
    assert_ptr_equal(again, old[1]);
    sw_slab_settle(NULL);
    sw_slab_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_of_all_sizes_keep_their_bytes_while_others_come_and_go),
        cmocka_unit_test(objects_are_aligned_for_any_type),
        cmocka_unit_test(memory_of_one_size_serves_another_when_it_is_empty),
        cmocka_unit_test(what_comes_after_all_settled_lies_apart_until_something_goes),
        cmocka_unit_test(one_object_kept_in_each_page_holds_no_more_than_was_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
