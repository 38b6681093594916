/* SPDX-License-Identifier: MIT
 * The chunk codec: sorted samples of one series <-> a compact blob. Lossless for scaled integers;
 * a checksum over the whole blob catches any changed byte. Pure. */
#ifndef SW_CODEC_SERIES_H
#define SW_CODEC_SERIES_H
#include "base/buf.h"
#include "base/err.h"
#include "codec/squeeze.h"
#include <stdbool.h>
#include <stdint.h>

struct sw_sample {
    int64_t start_ms;   /* UTC */
    int64_t dur_ms;     /* 0: an instant */
    int64_t value;      /* value x the metric's scale */
    int32_t offset_min; /* minutes east of UTC where it was measured */
};

struct sw_samples { /* a growing array, sorted by (start, duration[, value]) where it says so */
    struct sw_sample *at;
    size_t n, cap;
};
/* Frees; {0} is an empty one. Push aborts without memory: callers cap what they read. */
void sw_samples_clear(struct sw_samples *s);
void sw_samples_push(struct sw_samples *s, const struct sw_sample *x);
/* Order by start, then duration, then value; offset last so that the order is total. */
int sw_sample_cmp(const struct sw_sample *a, const struct sw_sample *b);
void sw_samples_sort(struct sw_samples *s); /* quick when already sorted */

#define SW_CHUNK_MAX_SAMPLES 1000000

/* Append the blob of n sorted samples to out. z may be NULL. */
int sw_series_encode(struct sw_squeezer *z, const struct sw_sample *x, size_t n,
                     struct sw_buf *out, struct sw_err *err);
/* Append the samples of a blob to out. SW_E_BAD when a byte is wrong, out is unchanged then. z may be NULL. */
int sw_series_decode(struct sw_squeezer *z, const void *blob, size_t bytes,
                     struct sw_samples *out, struct sw_err *err);

/* What a merge did; the caller may ask for the samples that are new or changed. */
struct sw_merge {
    size_t added, changed, same;
};
/* Merge `in` (sorted) into `have` (sorted); the incoming value wins. by_value: samples of one time
 * with unlike values are two samples, so nothing is ever "changed". News (may be NULL) receives
 * copies of added and changed samples. */
void sw_series_merge(struct sw_samples *have, const struct sw_samples *in, bool by_value,
                     struct sw_merge *stat, struct sw_samples *news);
#endif
