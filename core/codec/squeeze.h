/* SPDX-License-Identifier: MIT
 * Bytes made small and whole again, by zstd: chunks of samples, and texts that are kept and seldom read. Pure. */
#ifndef SW_CODEC_SQUEEZE_H
#define SW_CODEC_SQUEEZE_H
#include "base/buf.h"
#include "base/err.h"

#define SW_SQUEEZE_MOST ((size_t)64 << 20) /* bytes of a text */

/* zstd's working memory, kept from one to the next: making it asks the processor what it can do, which a
 * virtual machine answers slower than a chunk is decoded. Belongs to one thread; NULL is allowed below. */
struct sw_squeezer;
/* Never NULL; free takes NULL. */
struct sw_squeezer *sw_squeezer_new(void);
void sw_squeezer_free(struct sw_squeezer *z);

/* Append n bytes made small to out. SW_E_LIMIT when there are too many. */
int sw_squeeze(struct sw_squeezer *z, const void *p, size_t n, struct sw_buf *out, struct sw_err *err);
/* Append what they were: exactly `whole` bytes, or SW_E_BAD and out as it was. */
int sw_unsqueeze(struct sw_squeezer *z, const void *p, size_t n, size_t whole, struct sw_buf *out,
                 struct sw_err *err);
/* What they were as they say themselves, at most SW_SQUEEZE_MOST; false when that is not so. */
bool sw_squeezed_size(const void *p, size_t n, size_t *whole);
#endif
