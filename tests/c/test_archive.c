/* SPDX-License-Identifier: MIT */
#include "engine/archive.h"
#include "../support/store_fixture.h"
#include <sys/stat.h>

struct place {
    char dir[64], from[120], to[120], tar[120];
    struct sw_err err;
};

static int up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    strcpy(p->dir, "/tmp/sw-archive-XXXXXX");
    if (!mkdtemp(p->dir)) return -1;
    snprintf(p->from, sizeof p->from, "%s/from", p->dir);
    snprintf(p->to, sizeof p->to, "%s/to", p->dir);
    snprintf(p->tar, sizeof p->tar, "%s/a.tar", p->dir);
    mkdir(p->from, 0700), mkdir(p->to, 0700);
    *state = p;
    return 0;
}

static int down(void **state)
{
    struct place *p = *state;
    remove_folder(p->dir);
    free(p);
    return 0;
}

static void write_file(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}

static size_t read_file(const char *path, char *out, size_t room)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(out, 1, room, f) : 0;
    if (f) fclose(f);
    return n;
}

static void pack_two(struct place *p, const char *second)
{
    char one[200], two[200];
    snprintf(one, sizeof one, "%s/one", p->from), snprintf(two, sizeof two, "%s/two", p->from);
    write_file(one, "{\"format\":1}", 12);
    write_file(two, second, strlen(second));
    struct sw_archive_entry e[] = {{(char *)"manifest.json", one}, {(char *)"rules/deep/two.lua", two}};
    ok(sw_archive_write(p->tar, e, 2, NULL, &p->err), &p->err, "write", __LINE__);
}

static void what_was_packed_comes_out_again_in_its_folders(void **state)
{
    struct place *p = *state;
    char path[200], text[2000], long_text[1500];
    struct sw_buf b;
    memset(long_text, 'x', sizeof long_text - 1), long_text[sizeof long_text - 1] = 0;
    pack_two(p, long_text);
    ok(sw_archive_read(p->tar, p->to, NULL, &p->err), &p->err, "read", __LINE__);
    snprintf(path, sizeof path, "%s/rules/deep/two.lua", p->to);
    assert_int_equal(read_file(path, text, sizeof text), strlen(long_text));
    assert_memory_equal(text, long_text, strlen(long_text));
    sw_buf_init(&b, 1000);
    ok(sw_archive_first(p->tar, "manifest.json", &b, &p->err), &p->err, "first", __LINE__);
    assert_string_equal(sw_buf_str(&b), "{\"format\":1}");
    assert_int_equal(sw_archive_first(p->tar, "other", &b, NULL), SW_E_BAD);
    sw_buf_clear(&b);
}

static void the_tar_of_the_system_reads_it(void **state)
{
    struct place *p = *state;
    char command[400], text[100];
    pack_two(p, "hello");
    snprintf(command, sizeof command, "tar xOf %s rules/deep/two.lua > %s/out", p->tar, p->dir);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "%s/out", p->dir);
    assert_int_equal(read_file(command, text, sizeof text), 5);
    assert_memory_equal(text, "hello", 5);
}

/* Cut anywhere before the mark at its end, it is refused or gives files that are whole. */
static void an_archive_cut_short_within_a_file_is_refused(void **state)
{
    struct place *p = *state;
    struct stat st;
    char whole[6000];
    size_t n;
    pack_two(p, "some text that is not very long");
    n = read_file(p->tar, whole, sizeof whole);
    assert_int_equal(stat(p->tar, &st), 0);
    assert_int_equal(n, st.st_size);
    for (size_t cut = 1; cut < 4 * 512; cut += 7) {
        struct sw_err err = SW_ERR_INIT;
        write_file(p->tar, whole, cut);
        assert_int_equal(sw_archive_read(p->tar, p->to, NULL, &err), SW_E_BAD);
    }
}

static void put_sum(char *h)
{
    unsigned sum = 0;
    memset(h + 148, ' ', 8);
    for (int i = 0; i < 512; i++) sum += (uint8_t)h[i];
    snprintf(h + 148, 8, "%06o", sum);
}

static void a_name_that_leads_out_of_the_folder_is_refused(void **state)
{
    struct place *p = *state;
    static const char *const bad[] = {"../x", "/etc/x", "a/../../x", "a//b", "..", "a/..", ".", ""};
    char whole[6000];
    size_t n;
    pack_two(p, "x");
    n = read_file(p->tar, whole, sizeof whole);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sw_err err = SW_ERR_INIT;
        memset(whole, 0, 100), strcpy(whole, bad[i]);
        if (!*bad[i]) whole[1] = 'x', whole[0] = '/';
        put_sum(whole);
        write_file(p->tar, whole, n);
        assert_int_equal(sw_archive_read(p->tar, p->to, NULL, &err), SW_E_BAD);
        assert_non_null(strstr(err.text, "leads out"));
    }
}

static void a_header_of_which_a_byte_changed_is_refused(void **state)
{
    struct place *p = *state;
    char whole[6000];
    size_t n;
    int refused = 0;
    pack_two(p, "x");
    n = read_file(p->tar, whole, sizeof whole);
    for (int i = 0; i < 512; i++) {
        struct sw_err err = SW_ERR_INIT;
        if (i >= 154 && i < 156) continue; /* after the checksum's digits */
        whole[i] ^= 1;
        write_file(p->tar, whole, n);
        refused += sw_archive_read(p->tar, p->to, NULL, &err) == SW_E_BAD;
        whole[i] ^= 1;
    }
    assert_int_equal(refused, 510);
}

static void names_up_to_255_bytes_are_kept_and_longer_ones_refused(void **state)
{
    struct place *p = *state;
    char one[200], name[400], path[700];
    struct stat st;
    snprintf(one, sizeof one, "%s/one", p->from);
    write_file(one, "1", 1);
    memset(name, 'd', 120), name[120] = '/', memset(name + 121, 'f', 100), name[221] = 0;
    struct sw_archive_entry e = {name, one};
    ok(sw_archive_write(p->tar, &e, 1, NULL, &p->err), &p->err, "write", __LINE__);
    ok(sw_archive_read(p->tar, p->to, NULL, &p->err), &p->err, "read", __LINE__);
    snprintf(path, sizeof path, "%s/%s", p->to, name);
    assert_int_equal(stat(path, &st), 0);
    name[221] = 'f', name[222] = 0; /* the last part is over 100 now */
    assert_int_equal(sw_archive_write(p->tar, &e, 1, NULL, NULL), SW_E_LIMIT);
}

static void a_file_that_is_not_there_leaves_no_archive(void **state)
{
    struct place *p = *state;
    struct sw_archive_entry e = {(char *)"a", (char *)"/nonexistent/a"};
    struct stat st;
    assert_int_equal(sw_archive_write(p->tar, &e, 1, NULL, &p->err), SW_E_IO);
    assert_int_not_equal(stat(p->tar, &st), 0);
}

#define HERE(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HERE(what_was_packed_comes_out_again_in_its_folders),
        HERE(the_tar_of_the_system_reads_it),
        HERE(an_archive_cut_short_within_a_file_is_refused),
        HERE(a_name_that_leads_out_of_the_folder_is_refused),
        HERE(a_header_of_which_a_byte_changed_is_refused),
        HERE(names_up_to_255_bytes_are_kept_and_longer_ones_refused),
        HERE(a_file_that_is_not_there_leaves_no_archive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
