/* SPDX-License-Identifier: MIT */
#include "base/secrets.h"
#include "base/alloc.h"
#include "base/crypto.h"
#include <string.h>

enum { SHORTEST = 6, SHORTEST_IN_DATA = 8, MOST = 10000 };

void sw_secrets_add(struct sw_secrets *s, const char *value, size_t n)
{
    if (n < SHORTEST) return;
    for (size_t i = 0; i < s->n; i++)
        if (strlen(s->value[i]) == n && !memcmp(s->value[i], value, n)) return;
    if (s->n >= MOST) { /* the oldest gives way: tokens come and go for years */
        char **old = &s->value[s->oldest++ % MOST];
        sw_wipe(*old, strlen(*old));
        sw_free(*old);
        *old = sw_strndup(value, n);
    } else {
        sw_grow((void **)&s->value, &s->cap, s->n + 1, sizeof *s->value);
        s->value[s->n++] = sw_strndup(value, n);
    }
    s->first[(unsigned char)*value] = true;
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
static size_t secret_at(const struct sw_secrets *s, const char *p, size_t n, size_t shortest)
{
    size_t longest = 0;
    if (!s->first[(unsigned char)*p]) return 0;
    for (size_t i = 0; i < s->n; i++) {
        size_t len;
        if (*p != *s->value[i]) continue;
        len = strlen(s->value[i]);
        if (len <= n && len > longest && len >= shortest && !memcmp(p, s->value[i], len) &&
            (shortest <= SHORTEST || strspn(s->value[i], "0123456789") < len))
            longest = len;
    }
    return longest;
}

/* Appends with each value replaced; gives how many were. */
static size_t replace(const struct sw_secrets *s, struct sw_buf *out, const char *text, size_t n,
                      size_t shortest)
{
    size_t from = 0, found = 0;
    for (size_t i = 0; s && s->n && i < n;) {
        size_t len = secret_at(s, text + i, n - i, shortest);
        if (!len) {
            i++;
            continue;
        }
        sw_buf_put(out, text + from, i - from);
        sw_buf_puts(out, "(hidden)");
        from = i += len;
        found++;
    }
    if (found || shortest <= SHORTEST) sw_buf_put(out, text + from, n - from);
    return found;
}

void sw_secrets_hide(const struct sw_secrets *s, struct sw_buf *out, const char *text, size_t n)
{
    replace(s, out, text, n, SHORTEST);
}

bool sw_secrets_redact(const struct sw_secrets *s, struct sw_buf *out, const char *text, size_t n)
{
    return replace(s, out, text, n, SHORTEST_IN_DATA) > 0;
}
