/* SPDX-License-Identifier: MIT */
#include "codec/decode.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define BYTES(s) s, sizeof(s) - 1

static void formats_are_known_by_their_first_bytes(void **state)
{
    static const struct {
        const char *p;
        size_t n;
        const char *format;
    } rows[] = {
        {BYTES("\x0e\x10\x00\x00\x00\x00\x00\x00.FIT\x00\x00"), "fit"},
        {BYTES("\x0c\x10\x00\x00\x00\x00\x00\x00.FIT"), "fit"},
        {BYTES("PK\x03\x04rest of it"), "zip"},
        {BYTES("<?xml version=\"1.0\"?>\n<gpx version=\"1.1\">"), "gpx"},
        {BYTES("<gpx>"), "gpx"},
        {BYTES("\xef\xbb\xbf<?xml version=\"1.0\"?><g:gpx xmlns:g=\"x\">"), "gpx"},
        {BYTES("\xff\xfe<\0g\0p\0x\0>\0"), "gpx"},
        {BYTES("        <?xml version='1.0'?><TrainingCenterDatabase\n xmlns=\"x\">"), "tcx"},
        {BYTES("<?xml version=\"1.0\"?>\n<!DOCTYPE HealthData [\n<!ELEMENT HealthData (a)>"), "apple"},
        {BYTES("<HealthData locale=\"de_DE\">"), "apple"},
        {BYTES("<Record type=\"HKQuantityTypeIdentifierVO2Max\" value=\"1\"/>"), "apple"},
        {BYTES("{\"line\":\"syncwell\",\"version\":1}\n"), "syncwell"},
        {BYTES("{ \"line\": \"syncwell\", \"version\": 1 }\n"), "syncwell"},
        {BYTES("{\"line\": \"sync\"}\n"), "json"},
        {BYTES("<Workout workoutActivityType=\"HKWorkoutActivityTypeRunning\">"), "apple"},
        {BYTES("SQLite format 3\0"), "sqlite"},
        {BYTES("{\"data\": []}"), "json"},
        {BYTES("\xef\xbb\xbf [{\"dateTime\""), "json"},
        {BYTES("date,steps\n2024-01-01,5\n"), "csv"},
        {BYTES("date;steps\r\n"), "csv"},
        {BYTES("Datum;K\xf6rperfett;Gr\xf6\xdf" "e;\xdc" "bung\r\n31.03.2024;21,5;1;L\xe4uf\r\n"), "csv"},
        {BYTES("\xff\xfe" "d\0\xe4\0\x42\1\t\0s\0\r\0\n\0"), "csv"},
        {BYTES("\xfe\xff\0d\0\xe4\0,\0s\0\n"), "csv"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_err err = SW_ERR_INIT;
        const char *format = sw_sniff((const uint8_t *)rows[i].p, rows[i].n, NULL, &err);
        assert_non_null(format);
        assert_string_equal(format, rows[i].format);
    }
}

static void what_cannot_be_imported_is_named(void **state)
{
    static const struct {
        const char *p;
        size_t n;
        const char *name, *part;
    } rows[] = {
        {BYTES(""), NULL, "empty"},
        {BYTES(" \n\n"), NULL, "blanks"},
        {BYTES("\xff\xfe<\0H\0e\0a\0l\0t\0h\0D\0a\0t\0a\0>\0"), "export.xml", "UTF-16: save it as UTF-8"},
        {BYTES("\xff\xd8\xff\xe0 JFIF"), "a.fit", "a JPEG picture, not a health file"},
        {BYTES("\xff\xfe{\0\"\0d\0\"\0:\0001\0}\0"), "a.json", "UTF-16: save it as UTF-8"},
        {BYTES("\xfe\xff\xd8\x01\x00"), NULL, "binary data"},
        {BYTES("\x89PNG\r\n\x1a\n"), NULL, "PNG picture"},
        {BYTES("%PDF-1.7"), NULL, "PDF document"},
        {BYTES("\x1f\x8b\x08"), "a.gpx.gz", "gzip"},
        {BYTES("<!DOCTYPE html><html>"), "a.gpx", "web page"},
        {BYTES("<?xml version=\"1.0\"?><ClinicalDocument xmlns=\"urn:hl7-org:v3\">"), NULL, "export.xml beside it"},
        {BYTES("<?xml version=\"1.0\"?><kml>"), NULL, "neither GPX, TCX"},
        {BYTES("hello there"), NULL, "plain text"},
        {BYTES("\x01\x02\xfe\xff\x80\x90\x91\x92\x93\x94\x95"), NULL, "binary data"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_err err = SW_ERR_INIT;
        assert_null(sw_sniff((const uint8_t *)rows[i].p, rows[i].n, rows[i].name, &err));
        assert_non_null(strstr(err.text, rows[i].part));
    }
}

static void a_decoder_is_found_by_its_format_word(void **state)
{
    static const char *const names[] = {"fit", "gpx", "tcx", "apple", "csv", "json", "syncwell"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_string_equal(sw_decoder_get(names[i])->name, names[i]);
    assert_null(sw_decoder_get("pdf"));
    assert_null(sw_decoder_get(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_known_by_their_first_bytes),
        cmocka_unit_test(what_cannot_be_imported_is_named),
        cmocka_unit_test(a_decoder_is_found_by_its_format_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
