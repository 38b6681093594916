/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "codec/tar.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <zlib.h>

struct fixture {
    char path[64];
    uint8_t bytes[1 << 16];
    size_t n;
};

static int set_up(void **state)
{
    struct fixture *f = sw_zalloc(sizeof *f);
    strcpy(f->path, "/tmp/sw-tar-XXXXXX");
    int fd = mkstemp(f->path);
    if (fd < 0) return -1;
    close(fd);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    unlink(f->path);
    sw_free(f);
    return 0;
}

static void add(struct fixture *f, const char *name, const char *prefix, char type, const char *data)
{
    uint8_t *h = f->bytes + f->n;
    size_t n = strlen(data);
    unsigned sum = 8 * ' ';
    snprintf((char *)h, 100, "%s", name);
    snprintf((char *)h + 124, 12, "%011o", (unsigned)n & 0xffff);
    h[156] = (uint8_t)type;
    memcpy(h + 257, "ustar\0" "00", 8);
    snprintf((char *)h + 345, 155, "%s", prefix);
    for (int i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 0 : h[i];
    snprintf((char *)h + 148, 8, "%06o", sum & 0x3ffff);
    memcpy(h + 512, data, n);
    f->n += 512 + (n + 511) / 512 * 512;
}

static void write_plain(struct fixture *f, size_t n)
{
    FILE *out = fopen(f->path, "wb");
    assert_int_equal(fwrite(f->bytes, 1, n, out), n);
    fclose(out);
}

static void write_packed(struct fixture *f, size_t cut)
{
    gzFile out = gzopen(f->path, "wb");
    assert_int_equal(gzwrite(out, f->bytes, (unsigned)f->n), (int)f->n);
    assert_int_equal(gzclose(out), Z_OK);
    if (cut) assert_int_equal(truncate(f->path, (off_t)cut), 0);
}

static void make_three(struct fixture *f)
{
    add(f, "Takeout/", "", '5', "");
    add(f, "a.json", "Takeout/Fitbit", '0', "[1]");
    add(f, "././@LongLink", "", 'L', "Takeout/Fitbit/Global Export Data/a name told before.json");
    add(f, "cut short", "", '0', "[2,2]");
    add(f, "PaxHeaders", "", 'x', "30 mtime=1700000000.123456789\n33 path=Takeout/Schritte \xc3\xa4.json\n");
    add(f, "Schritte", "", '0', "[3,3,3]");
    add(f, "link", "", '2', "");
    f->n += 1024;
}

static void reads(struct sw_tar *t, size_t i, const char *wanted)
{
    char buf[3], all[64] = "";
    long n;
    assert_int_equal(sw_tar_enter(t, i, NULL), 0);
    while ((n = sw_tar_read(t, buf, sizeof buf, NULL)) > 0) strncat(all, buf, (size_t)n);
    assert_int_equal(n, 0);
    assert_string_equal(all, wanted);
}

static void entries_are_read_in_any_order_plain_and_packed(void **state)
{
    struct fixture *f = *state;
    make_three(f);
    for (int packed = 0; packed < 2; packed++) {
        struct sw_tar *t = NULL;
        if (packed) write_packed(f, 0);
        else write_plain(f, f->n);
        assert_int_equal(sw_tar_open(f->path, &t, NULL), 0);
        assert_int_equal(sw_tar_count(t), 3);
        assert_string_equal(sw_tar_name(t, 0), "Takeout/Fitbit/a.json");
        assert_string_equal(sw_tar_name(t, 1), "Takeout/Fitbit/Global Export Data/a name told before.json");
        assert_string_equal(sw_tar_name(t, 2), "Takeout/Schritte \xc3\xa4.json");
        assert_int_equal(sw_tar_size(t, 2), 7);
        assert_null(sw_tar_damage(t));
        reads(t, 0, "[1]");
        reads(t, 2, "[3,3,3]");
        reads(t, 1, "[2,2]");
        sw_tar_close(t);
    }
}

static void one_that_ends_early_keeps_what_is_there_and_says_so(void **state)
{
    struct fixture *f = *state;
    struct sw_tar *t = NULL;
    struct sw_err err = SW_ERR_INIT;
    char buf[16];
    make_three(f);
    write_plain(f, 512 + 1024 + 1024 + 512 + 2); /* within the data of the second file */
    assert_int_equal(sw_tar_open(f->path, &t, NULL), 0);
    assert_int_equal(sw_tar_count(t), 2);
    assert_non_null(strstr(sw_tar_damage(t), "download it again"));
    reads(t, 0, "[1]");
    assert_int_equal(sw_tar_enter(t, 1, NULL), 0);
    assert_int_equal(sw_tar_read(t, buf, sizeof buf, &err), 2);
    assert_int_equal(sw_tar_read(t, buf, sizeof buf, &err), SW_E_BAD);
    assert_non_null(strstr(err.text, "cut off"));
    sw_tar_close(t);
}

static void a_packed_one_cut_at_any_byte_never_loses_more_than_its_end(void **state)
{
    struct fixture *f = *state;
    long whole;
    size_t least = 0;
    FILE *in;
    make_three(f);
    write_packed(f, 0);
    in = fopen(f->path, "rb");
    fseek(in, 0, SEEK_END);
    whole = ftell(in);
    fclose(in);
    for (long cut = 20; cut < whole; cut++) {
        struct sw_tar *t = NULL;
        struct sw_err err = SW_ERR_INIT;
        int rc;
        write_packed(f, (size_t)cut);
        rc = sw_tar_open(f->path, &t, &err);
        assert_true(rc == 0 || err.text[0]);
        if (rc) continue;
        assert_true(sw_tar_count(t) >= least); /* more bytes, no fewer files */
        least = sw_tar_count(t);
        sw_tar_close(t);
    }
    assert_int_equal(least, 3);
}

static void a_header_whose_sum_is_wrong_ends_the_list(void **state)
{
    struct fixture *f = *state;
    struct sw_tar *t = NULL;
    struct sw_err err = SW_ERR_INIT;
    make_three(f);
    f->bytes[512 + 1024] ^= 1; /* the header of the long name */
    write_plain(f, f->n);
    assert_int_equal(sw_tar_open(f->path, &t, NULL), 0);
    assert_int_equal(sw_tar_count(t), 1);
    assert_non_null(sw_tar_damage(t));
    sw_tar_close(t);
    f->bytes[0] ^= 1;
    write_plain(f, f->n);
    assert_int_equal(sw_tar_open(f->path, &t, &err), SW_E_BAD);
    assert_non_null(strstr(err.text, "damaged"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(entries_are_read_in_any_order_plain_and_packed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_ends_early_keeps_what_is_there_and_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_packed_one_cut_at_any_byte_never_loses_more_than_its_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_header_whose_sum_is_wrong_ends_the_list, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
