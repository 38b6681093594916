/* SPDX-License-Identifier: MIT
 * Texts that are not UTF-8, as spreadsheets of old write them: UTF-16 with or without a byte order
 * mark, and Windows-1252, of which the letters of Latin-1 are a part. Nothing is refused: what no
 * character is becomes U+FFFD. Pure; thread: any. */
#ifndef SW_CODEC_CHARSET_H
#define SW_CODEC_CHARSET_H
#include "base/buf.h"

enum sw_charset_kind { SW_CHARSET_LOOKING, SW_CHARSET_BYTES, SW_CHARSET_LITTLE, SW_CHARSET_BIG };

struct sw_charset { /* of a stream; begins as zeroes */
    enum sw_charset_kind kind;
    uint8_t held[4]; /* what is not enough to judge by, or half a unit */
    size_t n_held;
    uint16_t high; /* first half of a pair, 0: none */
};

/* The next bytes of a stream, behind what out holds: UTF-16 as UTF-8, all else as it is. Up to four of the
 * first bytes are held back until it is known which. */
void sw_charset_put(struct sw_charset *c, const uint8_t *p, size_t n, struct sw_buf *out);
/* Its end: what was held back. */
void sw_charset_end(struct sw_charset *c, struct sw_buf *out);

/* Bytes of Windows-1252 as UTF-8 (at most three times as many), behind what out holds. */
void sw_charset_windows(const char *s, size_t n, struct sw_buf *out);
#endif
