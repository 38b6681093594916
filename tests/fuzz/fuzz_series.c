/* SPDX-License-Identifier: MIT
 * The chunk codec: any bytes are refused or give samples that encode again; any samples made from the
 * bytes come back unchanged, and no single changed byte goes unseen. */
#include "codec/series.h"
#include "base/alloc.h"
#include <stdlib.h>

static int same(const struct sw_samples *a, const struct sw_samples *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (sw_sample_cmp(&a->at[i], &b->at[i])) return 0;
    return 1;
}

static void back_and_forth(const uint8_t *data, size_t size)
{
    struct sw_samples in = {0}, out = {0};
    struct sw_buf blob;
    int64_t t = 0;
    for (size_t i = 0; i + 4 <= size && in.n < 5000; i += 4) {
        struct sw_sample x = {0};
        t += data[i] * (data[i + 1] & 1 ? 1000 : 60000) + (data[i + 1] == 7);
        x.start_ms = t;
        x.dur_ms = data[i + 1] & 2 ? data[i + 2] * 1000 : 0;
        x.value = (int64_t)(int8_t)data[i + 3] * (data[i + 2] & 4 ? 100 : 1);
        x.offset_min = data[i + 2] & 8 ? 60 : 120;
        sw_samples_push(&in, &x);
    }
    if (in.n) {
        sw_buf_init(&blob, 1 << 22);
        if (sw_series_encode(NULL, in.at, in.n, &blob, NULL)) abort();
        if (sw_series_decode(NULL, blob.data, blob.len, &out, NULL) || out.n != in.n || !same(&in, &out)) abort();
        blob.data[size % blob.len] ^= (uint8_t)(1 + data[0] % 255);
        if (!sw_series_decode(NULL, blob.data, blob.len, &out, NULL)) abort();
        sw_buf_clear(&blob);
    }
    sw_samples_clear(&in);
    sw_samples_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_samples x = {0};
    struct sw_buf again;
    if (!sw_series_decode(NULL, data, size, &x, NULL)) {
        sw_buf_init(&again, 1 << 24);
        if (sw_series_encode(NULL, x.at, x.n, &again, NULL)) abort();
        sw_buf_clear(&again);
    }
    sw_samples_clear(&x);
    back_and_forth(data, size);
    return 0;
}
