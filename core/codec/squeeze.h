/* SPDX-License-Identifier: MIT
 * Bytes made small and whole again, by zstd: for texts that are kept and seldom read. Pure. */
#ifndef SW_CODEC_SQUEEZE_H
#define SW_CODEC_SQUEEZE_H
#include "base/buf.h"
#include "base/err.h"

#define SW_SQUEEZE_MOST ((size_t)64 << 20) /* bytes of a text */

/* Append n bytes made small to out. SW_E_LIMIT when there are too many. */
int sw_squeeze(const void *p, size_t n, struct sw_buf *out, struct sw_err *err);
/* Append what they were: exactly `whole` bytes, or SW_E_BAD and out as it was. */
int sw_unsqueeze(const void *p, size_t n, size_t whole, struct sw_buf *out, struct sw_err *err);
#endif
