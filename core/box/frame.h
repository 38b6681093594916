/* SPDX-License-Identifier: MIT
 * What travels between the engine and a worker: a frame is a little-endian length of four bytes
 * and one value. A value is a tag byte and its content: integers as zig-zag varints, doubles as
 * eight bytes, strings with a varint length, arrays and maps with a count of four bytes (so that a
 * writer may fill it in afterwards). Map keys are strings without a tag. Numbers are finite, depth
 * ends at 32, a frame at 256 KiB. The reader trusts nothing: sw_frame_next checks a whole value
 * before it hands it out, and the sw_val readers stay inside their span whatever it holds. */
#ifndef SW_BOX_FRAME_H
#define SW_BOX_FRAME_H
#include "base/buf.h"
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_FRAME_MAX    (256u * 1024u)  /* bytes of the value, without its length */
#define SW_FRAME_DEPTH  32              /* nested arrays and maps */
#define SW_FRAME_CREDIT (1024u * 1024u) /* bytes a side may send without acknowledgement */

enum sw_vkind { SW_V_NIL, SW_V_FALSE, SW_V_TRUE, SW_V_INT, SW_V_NUM, SW_V_STR, SW_V_ARR, SW_V_MAP };

struct sw_val {
    enum sw_vkind kind;
    int64_t i;     /* SW_V_INT */
    double d;      /* SW_V_NUM, and SW_V_INT converted */
    const char *s; /* SW_V_STR: borrowed from the span, not terminated */
    size_t n;      /* SW_V_STR: bytes; SW_V_ARR and SW_V_MAP: elements that follow */
};

/* Writers. A value that does not fit sets b->over, as everywhere in sw_buf. */
void sw_val_nil(struct sw_buf *b);
void sw_val_bool(struct sw_buf *b, bool v);
void sw_val_int(struct sw_buf *b, int64_t v);
void sw_val_num(struct sw_buf *b, double v); /* not finite: written as nil */
void sw_val_str(struct sw_buf *b, const char *s, size_t n);
void sw_val_text(struct sw_buf *b, const char *s);           /* terminated string */
void sw_val_span(struct sw_buf *b, struct sw_rd span);       /* a value encoded before; empty: nil */
void sw_val_key(struct sw_buf *b, const char *key);          /* inside a map, before its value */
void sw_val_keyn(struct sw_buf *b, const char *key, size_t n);
size_t sw_val_open(struct sw_buf *b, enum sw_vkind kind);    /* array or map; pass the result to close */
void sw_val_close(struct sw_buf *b, size_t at, size_t elements);

/* Readers. next gives a scalar, or the head of a container whose elements follow; false at the end
 * or on damage (r->bad is set). skip passes over one whole value. */
bool sw_val_next(struct sw_rd *r, struct sw_val *v);
bool sw_val_key_next(struct sw_rd *r, const char **key, size_t *n);
bool sw_val_skip(struct sw_rd *r);
/* One whole value filling the span exactly, within depth: 0, SW_E_BAD or SW_E_LIMIT. */
int sw_val_check(struct sw_rd span, struct sw_err *err);

/* Member `key` of the map in `map`. find gives its span; the others false when it is absent or of
 * another kind (*out untouched). get_num takes integers too. */
bool sw_val_find(struct sw_rd map, const char *key, struct sw_rd *value);
bool sw_val_get_int(struct sw_rd map, const char *key, int64_t *out);
bool sw_val_get_num(struct sw_rd map, const char *key, double *out);
bool sw_val_get_bool(struct sw_rd map, const char *key, bool *out);
bool sw_val_get_str(struct sw_rd map, const char *key, const char **s, size_t *n);
bool sw_val_is(struct sw_rd map, const char *key, const char *text); /* string member equal to text */

/* Frames. begin reserves the length, end fills it in: 0, or SW_E_LIMIT and the frame is taken back. */
size_t sw_frame_begin(struct sw_buf *b);
int sw_frame_end(struct sw_buf *b, size_t at, struct sw_err *err);
/* The first frame in p: 1 with its checked value and the bytes it used, 0 when more bytes are
 * needed, negative when what stands there can be no frame. */
int sw_frame_next(const uint8_t *p, size_t n, size_t *used, struct sw_rd *value, struct sw_err *err);
#endif
