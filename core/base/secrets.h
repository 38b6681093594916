/* SPDX-License-Identifier: MIT
 * The secret values this process knows, so that none of them leaves by a log line or a message: each
 * occurrence is replaced. Values stay until the end of the process, or 10,000 newer ones came. Thread: the loop's. */
#ifndef SW_BASE_SECRETS_H
#define SW_BASE_SECRETS_H
#include "base/buf.h"
#include <stdbool.h>

struct sw_secrets {
    char **value;
    size_t n, cap, oldest;
    bool first[256]; /* does a value begin with this byte? */
};
/* Values under 6 bytes are not kept: hiding them would garble ordinary text. Copies. */
void sw_secrets_add(struct sw_secrets *s, const char *value, size_t n);
void sw_secrets_clear(struct sw_secrets *s); /* wipes and frees */
/* Append text to out with every known value as "(hidden)". s may be NULL. */
void sw_secrets_hide(const struct sw_secrets *s, struct sw_buf *out, const char *text, size_t n);
/* The same for data that stays in use: values under 8 bytes or of digits alone stay, since figures look
 * like them. False, and nothing appended, when there is none. */
bool sw_secrets_redact(const struct sw_secrets *s, struct sw_buf *out, const char *text, size_t n);
/* Printable ASCII in which no value can begin: nothing to hide, nothing to clean. */
static inline bool sw_secrets_plain(const struct sw_secrets *s, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ' || c > '~' || s->first[c]) return false;
    }
    return true;
}
#endif
