/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "codec/zip.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <zip.h>

struct fixture {
    char dir[64], path[96];
};

static int set_up(void **state)
{
    struct fixture *f = sw_zalloc(sizeof *f);
    strcpy(f->dir, "/tmp/sw-zip-XXXXXX");
    if (!mkdtemp(f->dir)) return -1;
    snprintf(f->path, sizeof f->path, "%s/a.zip", f->dir);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    unlink(f->path);
    rmdir(f->dir);
    sw_free(f);
    return 0;
}

/* An archive of one entry; password NULL: not encrypted. */
static void make(const char *path, const char *name, const void *p, size_t n, const char *password)
{
    zip_t *za = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    zip_int64_t i = zip_file_add(za, name, zip_source_buffer(za, p, n, 0), ZIP_FL_ENC_UTF_8);
    assert_true(i >= 0);
    if (password) assert_int_equal(zip_file_set_encryption(za, (zip_uint64_t)i, ZIP_EM_AES_256, password), 0);
    assert_int_equal(zip_close(za), 0);
}

static void write_file(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
}

static void an_entry_is_read_as_a_stream(void **state)
{
    struct fixture *f = *state;
    struct sw_zip *z = NULL;
    char buf[4], all[32] = "";
    long n;
    make(f->path, "apple_health_export/Exportaci\xc3\xb3n.xml", "<HealthData/>", 13, NULL);
    assert_int_equal(sw_zip_open(f->path, &z, NULL), 0);
    assert_int_equal(sw_zip_count(z), 1);
    assert_string_equal(sw_zip_name(z, 0), "apple_health_export/Exportaci\xc3\xb3n.xml");
    assert_int_equal(sw_zip_size(z, 0), 13);
    assert_int_equal(sw_zip_enter(z, 0, NULL), 0);
    while ((n = sw_zip_read(z, buf, sizeof buf, NULL)) > 0) strncat(all, buf, (size_t)n);
    assert_int_equal(n, 0);
    assert_string_equal(all, "<HealthData/>");
    sw_zip_close(z);
}

static void names_that_lead_out_of_the_archive_are_known(void **state)
{
    static const char *const out[] = {"../a.xml", "a/../../b", "/etc/a", "a\\..\\..\\b.xml", "\\a", "C:/a", "a/..", ""};
    static const char *const in[] = {"a\\b.xml", "a..b/c", "a/b..", "..a/b", "a/...", "a"};
    (void)state;
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) assert_true(sw_zip_outside(out[i]));
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) assert_false(sw_zip_outside(in[i]));
}

static void dots_inside_a_name_are_allowed(void **state)
{
    struct fixture *f = *state;
    struct sw_zip *z = NULL;
    make(f->path, "a..b/route_2024..gpx", "x", 1, NULL);
    assert_int_equal(sw_zip_open(f->path, &z, NULL), 0);
    sw_zip_close(z);
}

static void a_bomb_is_refused_before_it_is_unpacked(void **state)
{
    struct fixture *f = *state;
    struct sw_zip *z = NULL;
    struct sw_err err = SW_ERR_INIT;
    size_t n = (size_t)SW_ZIP_BOMB_BYTES + 1;
    char *zeroes = sw_zalloc(n);
    make(f->path, "a.xml", zeroes, n, NULL);
    sw_free(zeroes);
    assert_int_equal(sw_zip_open(f->path, &z, &err), SW_E_LIMIT);
    assert_non_null(strstr(err.text, "200 times"));
}

static void half_an_archive_is_told_from_no_archive(void **state)
{
    struct fixture *f = *state;
    struct sw_zip *z = NULL;
    struct sw_err err = SW_ERR_INIT;
    char big[4000];
    for (size_t i = 0; i < sizeof big; i++) big[i] = (char)(i * 7919 >> 3);
    make(f->path, "a.bin", big, sizeof big, NULL);
    assert_int_equal(truncate(f->path, 200), 0);
    assert_int_equal(sw_zip_open(f->path, &z, &err), SW_E_BAD);
    assert_non_null(strstr(err.text, "cut short"));
    sw_err_clear(&err);
    write_file(f->path, "no zip at all, only some text", 29);
    assert_int_equal(sw_zip_open(f->path, &z, &err), SW_E_BAD);
    assert_non_null(strstr(err.text, "not a zip"));
    sw_err_clear(&err);
    unlink(f->path);
    assert_int_equal(sw_zip_open(f->path, &z, &err), SW_E_IO);
}

static void an_encrypted_entry_says_so(void **state)
{
    struct fixture *f = *state;
    struct sw_zip *z = NULL;
    struct sw_err err = SW_ERR_INIT;
    make(f->path, "a.xml", "secret", 6, "word");
    assert_int_equal(sw_zip_open(f->path, &z, &err), 0);
    assert_int_equal(sw_zip_enter(z, 0, &err), SW_E_DENIED);
    assert_non_null(strstr(err.text, "encrypted"));
    sw_zip_close(z);
}

static void a_changed_byte_inside_an_entry_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct sw_zip *z = NULL;
    struct sw_err err = SW_ERR_INIT;
    char big[2000], buf[4096];
    long n;
    FILE *file;
    for (size_t i = 0; i < sizeof big; i++) big[i] = (char)(i * i * 31 >> 4);
    make(f->path, "a.bin", big, sizeof big, NULL);
    file = fopen(f->path, "r+b");
    fseek(file, 400, SEEK_SET);
    fputc(0x55, file), fputc(0xaa, file), fputc(0x55, file);
    fclose(file);
    assert_int_equal(sw_zip_open(f->path, &z, &err), 0);
    assert_int_equal(sw_zip_enter(z, 0, &err), 0);
    while ((n = sw_zip_read(z, buf, sizeof buf, &err)) > 0) continue;
    assert_true(n < 0);
    assert_non_null(strstr(err.text, "damaged inside"));
    sw_zip_close(z);
}

static void unwanted_entries_are_known_by_name(void **state)
{
    (void)state;
    assert_true(sw_zip_wanted("apple_health_export/export.xml"));
    assert_true(sw_zip_wanted("a.fit"));
    assert_true(sw_zip_wanted("export\\a.fit"));
    assert_false(sw_zip_wanted("export\\.DS_Store"));
    assert_false(sw_zip_wanted("apple_health_export/export_cda.xml"));
    assert_false(sw_zip_wanted("apple_health_export/"));
    assert_false(sw_zip_wanted("__MACOSX/._a.fit"));
    assert_false(sw_zip_wanted("x/.DS_Store"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_entry_is_read_as_a_stream, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_that_lead_out_of_the_archive_are_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(dots_inside_a_name_are_allowed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bomb_is_refused_before_it_is_unpacked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_an_archive_is_told_from_no_archive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_encrypted_entry_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_changed_byte_inside_an_entry_is_noticed, set_up, tear_down),
        cmocka_unit_test(unwanted_entries_are_known_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
