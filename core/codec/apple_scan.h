/* SPDX-License-Identifier: MIT
 * A lenient push scanner for Apple's export.xml: it finds tags and their attributes with
 * memchr and hands them over without a copy or an allocation. It knows nothing of what they
 * mean. It skips the DOCTYPE whatever that holds, comments, CDATA and text; it does not
 * check that tags nest. The tag's spans point into the scanner's buffer and are valid
 * during the call only. */
#ifndef SW_CODEC_APPLE_SCAN_H
#define SW_CODEC_APPLE_SCAN_H
#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SW_APPLE_MAX_ATTRS = 64 };

struct sw_span {
    const char *p;
    size_t n;
};
struct sw_apple_attr {
    struct sw_span name, value; /* value as written: entities still in it */
};
struct sw_apple_tag {
    struct sw_span name;
    bool opens, closes; /* <a>: opens; </a>: closes; <a/>: both */
    int n;
    struct sw_apple_attr attr[SW_APPLE_MAX_ATTRS];
};

typedef void (*sw_apple_tag_fn)(void *ctx, const struct sw_apple_tag *tag);

struct sw_apple_scan {
    struct sw_buf buf; /* bytes not yet understood */
    int state;         /* what we are inside of */
    size_t lost;       /* tags given up: over 256 KiB or not readable */
    struct sw_apple_tag tag;
};

/* A document in pieces of any size; fn is called for each tag, which is borrowed for the call. */
void sw_apple_scan_init(struct sw_apple_scan *s);
void sw_apple_scan_clear(struct sw_apple_scan *s);
void sw_apple_scan_feed(struct sw_apple_scan *s, const uint8_t *p, size_t n,
                        sw_apple_tag_fn fn, void *ctx);
/* true if the input ended inside a tag, comment or document type */
bool sw_apple_scan_open_end(const struct sw_apple_scan *s);

static inline bool sw_span_eq(struct sw_span a, struct sw_span b)
{
    return a.n == b.n && (a.p == b.p || !__builtin_memcmp(a.p, b.p, a.n));
}
bool sw_span_is(struct sw_span a, const char *s);
/* Raw value of the attribute called name; n is 0 and p is NULL when it is absent. */
struct sw_span sw_apple_attr(const struct sw_apple_tag *tag, const char *name);

/* Text of a raw value: entities resolved, control bytes dropped, line breaks made blanks,
 * at most cap - 1 bytes, terminated. Result: its length. */
size_t sw_apple_text(struct sw_span raw, char *to, size_t cap);
#endif
