/* SPDX-License-Identifier: MIT */
/* Any bytes through the FIT decoder, whole and cut into slices chosen by the first byte: it
 * must not crash, and both ways must agree. The rest of the input is the file. */
#include "codec/decode.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int decode(struct sw_batch *b, const uint8_t *p, size_t n, size_t slice)
{
    void *d = sw_decoder_fit.open();
    int rc = 0;
    sw_batch_init(b);
    for (size_t i = 0; i < n && rc >= 0; i += slice)
        rc = sw_decoder_fit.feed(d, p + i, n - i < slice ? n - i : slice, b, NULL);
    if (rc >= 0) rc = sw_decoder_fit.finish(d, b, NULL);
    sw_decoder_fit.close(d);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_batch whole, cut;
    int a, b;
    if (size < 1 || size > 1 << 20) return 0;
    a = decode(&whole, data + 1, size - 1, 1 << 20);
    b = decode(&cut, data + 1, size - 1, data[0] ? data[0] : 1);
    if (a != b || whole.rows != cut.rows || whole.rejected != cut.rejected ||
        whole.messages.len != cut.messages.len)
        abort();
    sw_batch_clear(&whole);
    sw_batch_clear(&cut);
    return 0;
}
