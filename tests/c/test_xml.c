/* SPDX-License-Identifier: MIT */
/* Documents are read in two ways: whole in the first slice (xml_plain.c, where they are plain) and in pieces
 * (expat). Both must tell the same of every document, sound or damaged. */
#include "codec/xml.h"
#include "base/buf.h"
#include "codec/xml_plain.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const char tcx[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
    "<TrainingCenterDatabase xmlns=\"http://x/v2\" xmlns:ns3='http://x/v1'>\n <Activities>\r\n"
    "  <Activity Sport=\"Running\"><Id>2020-01-15T19:27:16Z</Id><Lap StartTime='2020-01-15T19:27:16Z' ><Track>\n"
    "<Trackpoint><Time>2020-01-15T19:27:17Z</Time><HeartRateBpm><Value> 93\r\n</Value></HeartRateBpm>"
    "<Extensions><ns3:TPX><ns3:Speed>2.5</ns3:Speed></ns3:TPX></Extensions></Trackpoint><Empty/><Empty a=\"1\" />"
    "</Track></Lap ><Notes>f\xc3\xbcnf\rZeilen\r\n</Notes></Activity></Activities></TrainingCenterDatabase>\n\n";

static const char *const others[] = {
    "<a/>",
    "<a></a>",
    "<a>1</a><b/>",
    "<a>1</a> x",
    "<a b='1' b='2'/>",
    "<a b='1'c='2'/>",
    "<a b=1/>",
    "<a><b></a></b>",
    "<a>&amp;&#65;&lt;</a>",
    "<a>]]></a>",
    "<a><![CDATA[<x>]]></a>",
    "<!-- c --><a>1<!-- d -->2</a>",
    "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
    "<?xml version=\"1.0\"?><a/>",
    "<?xml version=\"1.1\"?><a/>",
    "<?xml encoding=\"utf-8\"?><a/>",
    "<?xml version=\"1.0\" standalone=\"maybe\"?><a/>",
    "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><a>\xfc</a>",
    "<?xml version=\"1.0\" standalone=\"yes\" ?><a/>",
    "<a>\xfc</a>",
    "<a>\xef\xbf\xbf</a>",
    "<a>\x01 b</a>",
    "\xef\xbb\xbf<a>1</a>",
    "<a b='x\ty\nz'/>",
    "<a b='<'/>",
    "<a b='>'>></a>",
    "<1a/>",
    "<:a/>",
    "<a:b:c/>",
    "< a/>",
    "<a / >",
    "</a>",
    "<a",
    "",
    "plain text",
};

static void told_start(void *ctx, const char *name, const char **attr)
{
    sw_buf_printf(ctx, "<%s", name);
    for (; *attr; attr += 2) sw_buf_printf(ctx, " %s=[%s]", attr[0], attr[1]);
    sw_buf_puts(ctx, ">");
}

static void told_end(void *ctx, const char *name, const char *text, size_t n)
{
    assert_int_equal(strlen(text), n);
    sw_buf_printf(ctx, "[%s]</%s>", text, name);
}

/* What is told of a document that comes in slices of `step` bytes. */
static void tell(const char *p, size_t n, size_t step, struct sw_buf *log)
{
    static const struct sw_xml_handler h = {told_start, told_end};
    struct sw_xml *x = sw_xml_new(&h, log);
    int rc = 0;
    for (size_t i = 0; i < n && !rc; i += step)
        rc = sw_xml_feed(x, (const uint8_t *)p + i, n - i < step ? n - i : step, NULL);
    if (!rc) rc = sw_xml_finish(x, NULL);
    sw_buf_printf(log, " %s", rc ? "broken" : "whole");
    sw_xml_free(x);
}

static void compare(const char *p, size_t n)
{
    struct sw_buf whole, pieces;
    sw_buf_init(&whole, 1 << 20), sw_buf_init(&pieces, 1 << 20);
    tell(p, n, n + 1, &whole);
    tell(p, n, 1, &pieces);
    if (strcmp(sw_buf_str(&whole), sw_buf_str(&pieces)))
        fail_msg("of\n%.*s\nis told\n%s\nand in pieces\n%s", (int)n, p, sw_buf_str(&whole), sw_buf_str(&pieces));
    sw_buf_clear(&whole), sw_buf_clear(&pieces);
}

static void nothing_start(void *ctx, const char *name, const char **attr)
{
    (void)name, (void)attr;
    ++*(int *)ctx;
}

static void nothing_end(void *ctx, const char *name, const char *text, size_t n)
{
    (void)ctx, (void)name, (void)text, (void)n;
}

static void a_file_of_a_tracker_is_read_without_expat(void **state)
{
    int elements = 0;
    const struct sw_xml_plain to = {&elements, nothing_start, nothing_end};
    (void)state;
    assert_true(sw_xml_plain(tcx, strlen(tcx), &to));
    assert_int_equal(elements, 16);
    elements = 0;
    assert_false(sw_xml_plain(tcx, strlen(tcx) - 4, &to)); /* its end is missing: nothing is told yet */
    assert_int_equal(elements, 0);
}

static void every_document_tells_the_same_whole_and_in_pieces(void **state)
{
    (void)state;
    compare(tcx, strlen(tcx));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) compare(others[i], strlen(others[i]));
}

static void damaged_documents_tell_the_same_whole_and_in_pieces(void **state)
{
    static const char bytes[] = "<>/='\"&;]!?-: \t\r\nax1\x01\x7f\xc3\xbc";
    char doc[sizeof tcx + 8];
    uint32_t seed = 1;
    (void)state;
    for (int round = 0; round < 6000; round++) {
        size_t n = strlen(tcx), at, changes;
        memcpy(doc, tcx, n);
        seed = seed * 1664525 + 1013904223;
        for (changes = 1 + (seed >> 30); changes--;) {
            seed = seed * 1664525 + 1013904223;
            at = (seed >> 8) % n;
            if (seed >> 31) {
                doc[at] = bytes[(seed >> 3) % (sizeof bytes - 1)];
            } else {
                memmove(doc + at, doc + at + 1, n - at - 1);
                n--;
            }
        }
        compare(doc, n);
    }
}

static void something_behind_a_whole_document_is_damage_in_a_later_slice_too(void **state)
{
    static const struct sw_xml_handler h = {told_start, told_end};
    struct sw_err err = SW_ERR_INIT;
    struct sw_buf log;
    struct sw_xml *x;
    (void)state;
    sw_buf_init(&log, 1000);
    x = sw_xml_new(&h, &log);
    assert_int_equal(sw_xml_feed(x, (const uint8_t *)"<a/>", 4, &err), 0);
    assert_int_equal(sw_xml_feed(x, (const uint8_t *)" \n", 2, &err), 0);
    assert_true(sw_xml_feed(x, (const uint8_t *)"<b/>", 4, &err) < 0);
    assert_non_null(strstr(err.text, "follows the end"));
    assert_string_equal(sw_buf_str(&log), "<a>[]</a>");
    sw_xml_free(x);
    sw_buf_clear(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_a_tracker_is_read_without_expat),
        cmocka_unit_test(every_document_tells_the_same_whole_and_in_pieces),
        cmocka_unit_test(damaged_documents_tell_the_same_whole_and_in_pieces),
        cmocka_unit_test(something_behind_a_whole_document_is_damage_in_a_later_slice_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
