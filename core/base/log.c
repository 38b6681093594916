/* SPDX-License-Identifier: MIT */
#include "base/log.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/tz.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST = 2000 }; /* bytes of a line's text */

void sw_log_init(struct sw_log *l, enum sw_log_level level)
{
    *l = (struct sw_log){.level = level, .fd = 2, .terminal = isatty(2)};
}

/* Marks that let a text change how its neighbours are shown: U+200E/F, U+202A..E, U+2066..9, U+061C,
 * and the C1 controls U+0080..9F. p points at a valid sequence of k bytes. */
static int unsafe_seq(const unsigned char *p, size_t k)
{
    if (k == 1) return p[0] < 0x20 || p[0] == 0x7f;
    if (k == 2) return (p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xd8 && p[1] == 0x9c);
    if (k == 3 && p[0] == 0xe2 && p[1] == 0x80)
        return (p[2] >= 0xaa && p[2] <= 0xae) || p[2] == 0x8e || p[2] == 0x8f;
    return k == 3 && p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9;
}

/* Bytes of the character at s, 1 for what is none. */
static size_t sequence(const char *s, size_t n)
{
    size_t most = n < 4 ? n : 4, k = 2;
    if ((unsigned char)*s < 0x80) return 1;
    while (k <= most && sw_utf8_valid(s, k) != k) k++;
    return k > most ? 1 : k;
}

/* Colours and "clear to the end of the line", which we write ourselves: bytes of one, 0 for anything else. */
static size_t own_escape(const char *s, size_t n)
{
    size_t k = 2;
    if (n < 3 || s[0] != '\033' || s[1] != '[') return 0;
    while (k < n && k < 12 && ((s[k] >= '0' && s[k] <= '9') || s[k] == ';')) k++;
    return k < n && (s[k] == 'm' || s[k] == 'K') ? k + 1 : 0;
}

void sw_text_for_terminal(struct sw_buf *out, const char *s, size_t n)
{
    for (size_t i = 0, k; i < n; i += k) {
        const unsigned char *p = (const unsigned char *)s + i;
        size_t escape = own_escape(s + i, n - i);
        k = escape ? escape : sequence(s + i, n - i);
        if (escape || *p == '\n' || *p == '\t' || *p == '\r') sw_buf_put(out, p, k);
        else if (k == 1 && *p >= 0x80) sw_buf_puts(out, "\xef\xbf\xbd");
        else if (!unsafe_seq(p, k)) sw_buf_put(out, p, k);
    }
}

void sw_text_clean(struct sw_buf *out, const char *s, size_t n, int one_line)
{
    for (size_t i = 0; i < n;) {
        const unsigned char *p = (const unsigned char *)s + i;
        size_t k = sequence(s + i, n - i);
        if ((*p == '\n' || *p == '\t') && !one_line) sw_buf_byte(out, *p);
        else if (*p == '\n' || *p == '\t' || *p == '\r') sw_buf_byte(out, ' ');
        else if (k == 1 && *p >= 0x80) sw_buf_puts(out, "\xef\xbf\xbd");
        else if (!unsafe_seq(p, k)) sw_buf_put(out, p, k);
        i += k;
    }
}

int sw_write_all(int fd, const void *p, size_t n)
{
    const uint8_t *s = p;
    while (n) {
        ssize_t k = write(fd, s, n);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return -1;
        s += k;
        n -= (size_t)k;
    }
    return 0;
}

int sw_write_shown(int fd, const char *s, size_t n)
{
    struct sw_buf shown;
    int rc, why;
    if (!isatty(fd)) return sw_write_all(fd, s, n);
    sw_buf_init(&shown, n * 3 + 16);
    sw_text_for_terminal(&shown, s, n);
    rc = sw_write_all(fd, sw_buf_str(&shown), shown.len);
    why = errno;
    sw_buf_clear(&shown);
    errno = why;
    return rc;
}

void sw_log_line(const struct sw_log *l, enum sw_log_level level, const char *area, const char *fmt,
                 ...)
{
    static const char *const words[] = {"debug", "info", "warn", "error"};
    char *raw = NULL, when[40];
    struct sw_buf safe, text, line;
    ssize_t gone;
    va_list ap;
    if (!l || level < l->level) return;
    va_start(ap, fmt);
    if (vasprintf(&raw, fmt, ap) < 0) raw = NULL;
    va_end(ap);
    if (!raw) return;
    sw_buf_init(&text, 8192);
    sw_buf_init(&line, 16384);
    sw_buf_init(&safe, 2 * strlen(raw) + 16);
    sw_secrets_hide(l->secrets, &safe, raw, strlen(raw)); /* first: a cut would leave the head of one */
    sw_text_clean(&text, sw_buf_str(&safe), safe.len < LONGEST ? safe.len : LONGEST, 1);
    sw_buf_clear(&safe);
    free(raw);
    sw_iso_format(sw_wall_ms(), 0, when);
    if (l->terminal) {
        sw_buf_printf(&line, "%s %-5s %s: %s\n", when, words[level], area, sw_buf_str(&text));
    } else {
        sw_buf_printf(&line, "{\"at\":\"%s\",\"level\":\"%s\",\"area\":\"%s\",\"text\":", when,
                      words[level], area);
        sw_json_str(&line, sw_buf_str(&text), text.len);
        sw_buf_puts(&line, "}\n");
    }
    gone = write(l->fd, line.data, line.len);
    (void)gone; /* nowhere left to complain */
    sw_buf_clear(&text);
    sw_buf_clear(&line);
}
