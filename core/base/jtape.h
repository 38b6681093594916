/* SPDX-License-Identifier: MIT
 * The one JSON reader: text in, a flat tape of nodes out, no allocation per value. Everything is
 * validated (RFC 8259 grammar, UTF-8, no duplicate work on access). Numbers are kept as text spans
 * and read on demand, so 64-bit integers stay exact. The text must outlive the tape: nodes point
 * into it. Caps: depth, nodes (hence memory). Thread: a tape belongs to one thread. */
#ifndef SW_BASE_JTAPE_H
#define SW_BASE_JTAPE_H
#include "base/buf.h"
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sw_jkind { SW_JNULL, SW_JFALSE, SW_JTRUE, SW_JINT, SW_JREAL, SW_JSTR, SW_JARR, SW_JOBJ };

struct sw_jnode {
    uint32_t
        at; /* byte offset in the text: first byte of the value (after the quote of a string) */
    uint32_t
        len; /* scalar: bytes of its text (string: between the quotes); container: number of elements */
    uint32_t next;   /* index of the node after this value and all it holds */
    uint8_t kind;    /* enum sw_jkind */
    uint8_t escaped; /* string holds a backslash: read it with sw_jtape_str */
};

struct sw_jtape {
    const char *text;
    size_t text_len;
    struct sw_jnode *node; /* node[0] is the root; an object's children alternate key, value */
    uint32_t n;
    size_t cap;
    size_t max; /* nodes at most, judged before any is made; 0: as many as the text has */
};

#define SW_JTAPE_MAX_DEPTH 64

/* Empty; clear frees the tape, not the text it was made of. */
void sw_jtape_init(struct sw_jtape *t);
void sw_jtape_clear(struct sw_jtape *t);

/* Parse n bytes (at most 1 GiB). 0, SW_E_BAD with line and column in err, or SW_E_LIMIT (depth, nodes).
 * The tape may be used again for another text; its memory is kept. */
int sw_jtape_parse(struct sw_jtape *t, const char *text, size_t n, struct sw_err *err);

/* Index of the value of member `key` of object node `obj`, or 0 when absent (0 is the root, never a
 * member). The last of duplicate keys wins. */
uint32_t sw_jtape_get(const struct sw_jtape *t, uint32_t obj, const char *key);

/* Value readers. false when the node has another kind or does not fit; *out is untouched then. */
bool sw_jtape_int(const struct sw_jtape *t, uint32_t i,
                  int64_t *out); /* integers in the text only */
bool sw_jtape_num(const struct sw_jtape *t, uint32_t i,
                  double *out); /* any number; correctly rounded */
bool sw_jtape_bool(const struct sw_jtape *t, uint32_t i, bool *out);
/* Append the string's bytes, unescaped, to out. false if the node is no string. */
bool sw_jtape_str(const struct sw_jtape *t, uint32_t i, struct sw_buf *out);
bool sw_jtape_eq(const struct sw_jtape *t, uint32_t i, const char *s); /* string equal to s */
#endif
