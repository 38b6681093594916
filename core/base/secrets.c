/* SPDX-License-Identifier: MIT */
#include "base/secrets.h"
#include "base/alloc.h"
#include "base/crypto.h"
#include <string.h>

enum { SHORTEST = 6, SHORTEST_IN_DATA = 8, MOST = 10000 };
enum { BLOCK = 3, STEPS = 4096, FAR = 64 };

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

static bool counts(const char *value, size_t len, size_t shortest)
{
    return len >= shortest && (shortest <= SHORTEST || strspn(value, "0123456789") < len);
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
        if (len <= n && len > longest && !memcmp(p, s->value[i], len) && counts(s->value[i], len, shortest))
            longest = len;
    }
    return longest;
}

/* Where no value begins (Wu and Manber): the last bytes of a window as long as the shortest value say how
 * far the window may go on, since no value has them earlier. Most of a text is not looked at. */
struct skip {
    size_t window;       /* bytes; 0: no value counts */
    uint8_t step[STEPS]; /* by a hash of BLOCK bytes */
};

static unsigned slot(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    uint32_t v = u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16;
    return v * 2654435761u >> 20;
}

static void skip_make(struct skip *k, const struct sw_secrets *s, size_t shortest)
{
    k->window = 0;
    for (size_t i = 0; i < s->n; i++) {
        size_t len = strlen(s->value[i]);
        if (counts(s->value[i], len, shortest) && (!k->window || len < k->window)) k->window = len;
    }
    if (k->window > FAR) k->window = FAR;
    if (!k->window) return;
    memset(k->step, (int)(k->window - BLOCK + 1), sizeof k->step);
    for (size_t i = 0; i < s->n; i++) {
        const char *value = s->value[i];
        if (!counts(value, strlen(value), shortest)) continue;
        for (size_t at = 0; at + BLOCK <= k->window; at++) {
            uint8_t *step = &k->step[slot(value + at)];
            size_t left = k->window - BLOCK - at;
            if (left < *step) *step = (uint8_t)left;
        }
    }
}

/* Bytes at p at which no value begins; 0: look. */
static inline size_t skip_step(const struct skip *k, const char *p, size_t n)
{
    if (!k->window || n < k->window) return n;
    return k->step[slot(p + k->window - BLOCK)];
}

/* Appends with each value replaced; gives how many were. */
static size_t replace(const struct sw_secrets *s, struct sw_buf *out, const char *text, size_t n,
                      size_t shortest, const struct skip *skip)
{
    size_t from = 0, found = 0;
    for (size_t i = 0; s && s->n && i < n;) {
        size_t step = skip ? skip_step(skip, text + i, n - i) : 0;
        size_t len = step ? 0 : secret_at(s, text + i, n - i, shortest);
        if (!len) {
            i += step ? step : 1;
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
    replace(s, out, text, n, SHORTEST, NULL);
}

bool sw_secrets_redact(const struct sw_secrets *s, struct sw_buf *out, const char *text, size_t n)
{
    struct skip skip;
    if (!s || !s->n) return false;
    skip_make(&skip, s, SHORTEST_IN_DATA);
    return replace(s, out, text, n, SHORTEST_IN_DATA, &skip) > 0;
}
