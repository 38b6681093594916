/* SPDX-License-Identifier: MIT
 * A gzip file as a stream: bytes are pulled from a source and given out unpacked. Several members
 * one after another are one file, as with gunzip. What would grow beyond reason is refused by the
 * rules of archives (codec/zip.h). One thread at a time. */
#ifndef SW_CODEC_GUNZIP_H
#define SW_CODEC_GUNZIP_H
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_gunzip;
/* Up to n bytes of the packed file: the number, 0 at its end, negative with a sentence. */
typedef long sw_gunzip_source(void *ctx, void *to, size_t n, struct sw_err *err);

bool sw_gunzip_is(const uint8_t *p, size_t n); /* the first bytes say gzip */
/* first: packed bytes read already, copied. Closed by the caller. */
struct sw_gunzip *sw_gunzip_open(const uint8_t *first, size_t n, sw_gunzip_source *source,
                                 void *ctx);
void sw_gunzip_close(struct sw_gunzip *g); /* NULL allowed */
/* Bytes unpacked, 0 at the end, negative: damaged, cut off, or too large. */
long sw_gunzip_read(struct sw_gunzip *g, void *to, size_t n, struct sw_err *err);
#endif
