/* SPDX-License-Identifier: MIT
 * Log lines on standard error: one JSON object each, or a readable form on a terminal. The struct
 * is handed down; there is no global logger. Control bytes and bidirectional marks never pass.
 * What else goes out to people and files is written here, too. */
#ifndef SW_BASE_LOG_H
#define SW_BASE_LOG_H
#include "base/secrets.h"

enum sw_log_level { SW_LOG_DEBUG, SW_LOG_INFO, SW_LOG_WARN, SW_LOG_ERROR };

struct sw_log {
    enum sw_log_level level; /* lines below it are dropped */
    int fd;                  /* usually 2 */
    int terminal;            /* readable form */
    const struct sw_secrets *secrets; /* replaced wherever they occur; may be NULL */
};
/* JSON lines on standard error, from this level on; no secrets yet. */
void sw_log_init(struct sw_log *l, enum sw_log_level level);
/* One line: cleaned, cut, secrets replaced. Nothing below the level. */
void sw_log_line(const struct sw_log *l, enum sw_log_level level, const char *area, const char *fmt,
                 ...) __attribute__((format(printf, 4, 5)));
/* Append s for a terminal: lines, colours and clearing a line stay, all else that a terminal obeys goes. */
void sw_text_for_terminal(struct sw_buf *out, const char *s, size_t n);
/* Append s without control bytes, C1 or bidirectional marks; line breaks become blanks if one_line. */
void sw_text_clean(struct sw_buf *out, const char *s, size_t n, int one_line);
/* Write all of it. 0, or -1 and errno says why. */
int sw_write_all(int fd, const void *p, size_t n);
/* The same of a text that may hold what a file or service said: a terminal gets it as above, files and
 * other programs each byte. */
int sw_write_shown(int fd, const char *s, size_t n);
#endif
