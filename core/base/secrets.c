/* SPDX-License-Identifier: MIT */
#include "base/secrets.h"
#include "base/alloc.h"
#include "base/crypto.h"
#include <string.h>

enum { SHORTEST = 6, MOST = 10000 };

void sw_secrets_add(struct sw_secrets *s, const char *value, size_t n)
{
    if (n < SHORTEST || s->n >= MOST) return;
    for (size_t i = 0; i < s->n; i++)
        if (strlen(s->value[i]) == n && !memcmp(s->value[i], value, n)) return;
    sw_grow((void **)&s->value, &s->cap, s->n + 1, sizeof *s->value);
    s->value[s->n++] = sw_strndup(value, n);
}

void sw_secrets_clear(struct sw_secrets *s)
{
    for (size_t i = 0; i < s->n; i++) {
        sw_wipe(s->value[i], strlen(s->value[i]));
        sw_free(s->value[i]);
    }
    sw_free(s->value);
    *s = (struct sw_secrets){0};
}

/* Length of the longest known value that begins at p; 0: none. */
static size_t secret_at(const struct sw_secrets *s, const char *p, size_t n)
{
    size_t longest = 0;
    for (size_t i = 0; i < s->n; i++) {
        size_t len = strlen(s->value[i]);
        if (len <= n && len > longest && *p == *s->value[i] && !memcmp(p, s->value[i], len))
            longest = len;
    }
    return longest;
}

void sw_secrets_hide(const struct sw_secrets *s, struct sw_buf *out, const char *text, size_t n)
{
    size_t from = 0;
    for (size_t i = 0; s && s->n && i < n;) {
        size_t len = secret_at(s, text + i, n - i);
        if (!len) {
            i++;
            continue;
        }
        sw_buf_put(out, text + from, i - from);
        sw_buf_puts(out, "(hidden)");
        from = i += len;
    }
    sw_buf_put(out, text + from, n - from);
}
