/* SPDX-License-Identifier: MIT
 * What is secret: sealing, the key's file, and values that must not leave by a line of text. */
#include "base/log.h"
#include "engine/vault.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char home[64];

static int set_up(void **state)
{
    (void)state;
    unsetenv("CREDENTIALS_DIRECTORY");
    strcpy(home, "/tmp/sw-vault-XXXXXX");
    return mkdtemp(home) ? 0 : -1;
}

static int tear_down(void **state)
{
    char cmd[100];
    (void)state;
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", home);
    return system(cmd);
}

static const char *key_path(void)
{
    static char path[100];
    snprintf(path, sizeof path, "%s/syncwell.key", home);
    return path;
}

static int opened(struct sw_vault *v)
{
    *v = (struct sw_vault){0};
    return sw_vault_open(v, home, NULL);
}

static void write_key(const char *text, mode_t mode)
{
    FILE *f = fopen(key_path(), "w");
    fputs(text, f);
    fclose(f);
    chmod(key_path(), mode);
}

static int unseal(struct sw_vault *v, const char *purpose, const char *hex, size_t n, struct sw_buf *out)
{
    sw_buf_reset(out);
    return sw_vault_unseal(v, purpose, hex, n, out, NULL);
}

static void what_is_sealed_opens_for_its_purpose_only(void **state)
{
    struct sw_vault v, other = {.key = {1}, .open = true};
    struct sw_buf hex, out;
    (void)state;
    assert_int_equal(opened(&v), 0);
    sw_buf_init(&hex, 4096), sw_buf_init(&out, 4096);
    sw_vault_seal(&v, "1:connection:4", "top secret", 10, &hex);
    assert_null(memmem(hex.data, hex.len, "746f7020", 8)); /* "top " in hexadecimal */
    assert_int_equal(unseal(&v, "1:connection:4", sw_buf_str(&hex), hex.len, &out), 0);
    assert_string_equal(sw_buf_str(&out), "top secret");
    assert_int_equal(unseal(&v, "1:connection:5", sw_buf_str(&hex), hex.len, &out), SW_E_DENIED);
    assert_int_equal(unseal(&v, "2:connection:4", sw_buf_str(&hex), hex.len, &out), SW_E_DENIED);
    assert_int_equal(unseal(&other, "1:connection:4", sw_buf_str(&hex), hex.len, &out), SW_E_DENIED);
    sw_buf_clear(&hex), sw_buf_clear(&out);
    sw_vault_close(&v);
    assert_int_equal(v.key[0] | v.key[15] | v.key[31], 0);
}

static void any_changed_or_missing_byte_closes_it(void **state)
{
    struct sw_vault v;
    struct sw_buf hex, out;
    char *bad;
    (void)state;
    assert_int_equal(opened(&v), 0);
    sw_buf_init(&hex, 4096), sw_buf_init(&out, 4096);
    sw_vault_seal(&v, "p", "x", 1, &hex);
    bad = malloc(hex.len + 1);
    for (size_t i = 0; i < hex.len; i++) {
        memcpy(bad, hex.data, hex.len);
        bad[i] = bad[i] == '0' ? '1' : '0';
        assert_int_equal(unseal(&v, "p", bad, hex.len, &out), SW_E_DENIED);
        assert_int_equal(unseal(&v, "p", sw_buf_str(&hex), i, &out), SW_E_DENIED);
    }
    assert_int_equal(unseal(&v, "p", "zz", 2, &out), SW_E_DENIED);
    free(bad);
    sw_buf_clear(&hex), sw_buf_clear(&out);
    sw_vault_close(&v);
}

static void two_sealings_of_one_text_differ(void **state)
{
    struct sw_vault v;
    struct sw_buf a, b;
    (void)state;
    assert_int_equal(opened(&v), 0);
    sw_buf_init(&a, 4096), sw_buf_init(&b, 4096);
    sw_vault_seal(&v, "p", "same", 4, &a);
    sw_vault_seal(&v, "p", "same", 4, &b);
    assert_string_not_equal(sw_buf_str(&a), sw_buf_str(&b));
    sw_buf_clear(&a), sw_buf_clear(&b);
    sw_vault_close(&v);
}

static void the_key_is_made_once_for_its_owner_alone(void **state)
{
    struct sw_vault v, w;
    struct stat st;
    mode_t old = umask(0);
    (void)state;
    assert_int_equal(opened(&v), 0);
    umask(old);
    assert_int_equal(stat(key_path(), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(opened(&w), 0);
    assert_memory_equal(v.key, w.key, SW_KEY_BYTES);
    sw_vault_close(&v), sw_vault_close(&w);
}

static void a_key_others_may_read_or_that_is_none_is_refused(void **state)
{
    static const char good[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
    static const struct { const char *text; mode_t mode; int rc; } rows[] = {
        {good, 0600, 0}, {good, 0400, 0}, {good, 0640, SW_E_DENIED}, {good, 0604, SW_E_DENIED}, {good, 0666, SW_E_DENIED},
        {"", 0600, SW_E_BAD}, {"0011", 0600, SW_E_BAD}, {"zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 0600, SW_E_BAD},
        {"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00", 0600, SW_E_BAD},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_vault v;
        unlink(key_path());
        write_key(rows[i].text, rows[i].mode);
        if (opened(&v) != rows[i].rc) fail_msg("row %zu", i);
        assert_int_equal(v.open, rows[i].rc == 0);
        sw_vault_close(&v);
    }
}

static void the_machines_credential_goes_first(void **state)
{
    struct sw_vault v;
    char path[120];
    FILE *f;
    (void)state;
    write_key("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 0600);
    snprintf(path, sizeof path, "%s/credentials", home);
    mkdir(path, 0700);
    setenv("CREDENTIALS_DIRECTORY", path, 1);
    assert_int_equal(opened(&v), 0); /* none there: the home's */
    assert_int_equal(v.key[1], 0x11);
    sw_vault_close(&v);
    strcat(path, "/syncwell.key");
    f = fopen(path, "w");
    fputs("ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", f);
    fclose(f);
    assert_int_equal(opened(&v), 0);
    assert_int_equal(v.key[0], 0xff);
    sw_vault_close(&v);
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void processes_that_make_it_at_once_agree(void **state)
{
    int fd[2], left;
    uint8_t first[SW_KEY_BYTES], key[SW_KEY_BYTES];
    (void)state;
    assert_int_equal(pipe(fd), 0);
    for (int i = 0; i < 8; i++) {
        if (fork()) continue;
        struct sw_vault v;
        if (opened(&v) || write(fd[1], v.key, SW_KEY_BYTES) != SW_KEY_BYTES) _exit(1);
        _exit(0);
    }
    for (int i = 0; i < 8; i++) {
        int status;
        wait(&status);
        assert_int_equal(status, 0);
    }
    for (left = 8; left > 0; left--) {
        assert_int_equal(read(fd[0], key, sizeof key), SW_KEY_BYTES);
        if (left == 8) memcpy(first, key, sizeof key);
        assert_memory_equal(first, key, sizeof key);
    }
    close(fd[0]), close(fd[1]);
}

static void hide(const struct sw_secrets *s, const char *text, const char *want)
{
    struct sw_buf b;
    sw_buf_init(&b, 1000);
    sw_secrets_hide(s, &b, text, strlen(text));
    assert_string_equal(sw_buf_str(&b), want);
    sw_buf_clear(&b);
}

static void known_values_are_replaced_wherever_they_stand(void **state)
{
    struct sw_secrets s = {0};
    (void)state;
    hide(NULL, "abc", "abc");
    sw_secrets_add(&s, "token-1", 7);
    sw_secrets_add(&s, "token-1-long", 12);
    sw_secrets_add(&s, "short", 5);
    sw_secrets_add(&s, "token-1", 7);
    assert_int_equal(s.n, 2);
    hide(&s, "a token-1 b", "a (hidden) b");
    hide(&s, "token-1-long", "(hidden)"); /* the longest, so that no tail is left */
    hide(&s, "token-1token-1", "(hidden)(hidden)");
    hide(&s, "token-", "token-");
    hide(&s, "short", "short");
    hide(&s, "", "");
    sw_secrets_clear(&s);
    hide(&s, "token-1", "token-1");
}

static void the_newest_values_are_kept(void **state)
{
    struct sw_secrets s = {0};
    char value[32];
    (void)state;
    for (int i = 0; i < 10005; i++) {
        snprintf(value, sizeof value, "<token-%d>", i);
        sw_secrets_add(&s, value, strlen(value));
    }
    assert_int_equal(s.n, 10000);
    hide(&s, "<token-10004>", "(hidden)");
    hide(&s, "<token-5>", "(hidden)");
    hide(&s, "<token-4>", "<token-4>");
    sw_secrets_clear(&s);
}

static void answers_lose_long_secrets_and_keep_figures(void **state)
{
    struct sw_secrets s = {0};
    struct sw_buf b;
    (void)state;
    sw_secrets_add(&s, "12345678", 8);
    sw_secrets_add(&s, "abc1234", 7);
    sw_secrets_add(&s, "secret-token", 12);
    sw_buf_init(&b, 1000);
    assert_false(sw_secrets_redact(&s, &b, "{\"steps\":12345678,\"x\":\"abc1234\"}", 32));
    assert_int_equal(b.len, 0);
    assert_true(sw_secrets_redact(&s, &b, "{\"you\":\"secret-token\",\"n\":12345678}", 35));
    assert_string_equal(sw_buf_str(&b), "{\"you\":\"(hidden)\",\"n\":12345678}");
    sw_buf_clear(&b);
    sw_secrets_clear(&s);
}

/* The longest of the values at p, found by comparing all of them; figures and short values stay. */
static size_t value_at(char value[][101], int n, const char *p, size_t left)
{
    size_t longest = 0;
    for (int i = 0; i < n; i++) {
        size_t len = strlen(value[i]);
        if (len >= 8 && len <= left && len > longest && !memcmp(p, value[i], len) &&
            strspn(value[i], "0123456789") < len)
            longest = len;
    }
    return longest;
}

static unsigned chance(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

static void random_text(unsigned *seed, char *to, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] = "ab1\xc3"[chance(seed, 4)];
    to[n] = 0;
}

/* Random texts of four letters, full of values and of what is nearly one: nothing is passed over. */
static void no_secret_in_an_answer_is_passed_over(void **state)
{
    unsigned seed = 7;
    size_t hidden = 0;
    (void)state;
    for (int round = 0; round < 3000; round++) {
        char value[5][101], text[1201], want[9700];
        struct sw_secrets s = {0};
        struct sw_buf b;
        size_t n = 0, found = 0, made = 0;
        int values = 1 + (int)chance(&seed, 5);
        for (int i = 0; i < values; i++) {
            random_text(&seed, value[i], 6 + chance(&seed, i ? 12 : 95));
            sw_secrets_add(&s, value[i], strlen(value[i]));
        }
        while (n < 1000) {
            const char *v = value[chance(&seed, (unsigned)values)];
            size_t len = strlen(v) - chance(&seed, 3);
            if (chance(&seed, 2)) memcpy(text + n, v, len);
            else random_text(&seed, text + n, len = chance(&seed, 40));
            n += len;
        }
        for (size_t i = 0; i < n;) {
            size_t len = value_at(value, values, text + i, n - i);
            if (len) memcpy(want + made, "(hidden)", 8), made += 8, found++;
            else want[made++] = text[i];
            i += len ? len : 1;
        }
        sw_buf_init(&b, 20000);
        assert_int_equal(sw_secrets_redact(&s, &b, text, n), found > 0);
        assert_int_equal(b.len, found ? made : 0);
        if (found) assert_memory_equal(b.data, want, made);
        hidden += found;
        sw_buf_clear(&b);
        sw_secrets_clear(&s);
    }
    assert_true(hidden > 10000);
}

static void a_long_line_is_cut_after_its_secrets_are_gone(void **state)
{
    struct sw_secrets s = {0};
    struct sw_log l = {.level = SW_LOG_DEBUG, .secrets = &s};
    char text[2100], out[5000];
    int fd[2];
    (void)state;
    sw_secrets_add(&s, "a-secret-that-straddles-the-cut", 31);
    for (int at = 1960; at < 2001; at += 5) {
        ssize_t n;
        memset(text, '.', sizeof text);
        memcpy(text + at, "a-secret-that-straddles-the-cut", 31);
        text[sizeof text - 1] = 0;
        assert_int_equal(pipe(fd), 0);
        l.fd = fd[1];
        sw_log_line(&l, SW_LOG_INFO, "test", "%s", text);
        n = read(fd[0], out, sizeof out - 1);
        close(fd[0]), close(fd[1]);
        assert_true(n > 1900);
        out[n] = 0;
        assert_null(strstr(out, "a-secr"));
    }
    sw_secrets_clear(&s);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_sealed_opens_for_its_purpose_only),
        CASE(any_changed_or_missing_byte_closes_it),
        CASE(two_sealings_of_one_text_differ),
        CASE(the_key_is_made_once_for_its_owner_alone),
        CASE(a_key_others_may_read_or_that_is_none_is_refused),
        CASE(the_machines_credential_goes_first),
        CASE(processes_that_make_it_at_once_agree),
        CASE(known_values_are_replaced_wherever_they_stand),
        CASE(the_newest_values_are_kept), CASE(answers_lose_long_secrets_and_keep_figures),
        CASE(no_secret_in_an_answer_is_passed_over),
        CASE(a_long_line_is_cut_after_its_secrets_are_gone),
    };
    if (sw_crypto_init()) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
