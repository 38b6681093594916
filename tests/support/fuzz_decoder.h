/* SPDX-License-Identifier: MIT
 * The body of a decoder's fuzz target: the first byte of the input chooses a slice size, the rest is
 * the file. It must not crash, its messages must be JSON, and slices must not change the outcome. */
#ifndef SW_TESTS_FUZZ_DECODER_H
#define SW_TESTS_FUZZ_DECODER_H
#include "base/jtape.h"
#include "codec/decode.h"
#include <stdlib.h>
#include <string.h>

static inline void check_messages(const struct sw_batch *b)
{
    struct sw_jtape tape;
    const char *line = sw_buf_str(&b->messages), *end;
    sw_jtape_init(&tape);
    for (; (end = strchr(line, '\n')); line = end + 1)
        if (sw_jtape_parse(&tape, line, (size_t)(end - line), NULL)) abort();
    sw_jtape_clear(&tape);
}

static inline int decode_all(const struct sw_decoder *dec, const char *plan, struct sw_batch *b,
                             const uint8_t *p, size_t n, size_t slice)
{
    void *d = dec->open();
    int rc = 0;
    sw_batch_init(b);
    if (plan && dec->plan(d, plan, strlen(plan), NULL)) abort();
    for (size_t i = 0; i < n && rc >= 0; i += slice)
        rc = dec->feed(d, p + i, n - i < slice ? n - i : slice, b, NULL);
    if (rc >= 0) rc = dec->finish(d, b, NULL);
    dec->close(d);
    return rc;
}

/* plan: what rows mean, for decoders that are told; NULL for the others */
static inline int fuzz_planned(const struct sw_decoder *dec, const char *plan, const uint8_t *data,
                               size_t size)
{
    struct sw_batch whole, cut;
    int a, b;
    if (size < 1 || size > 64 << 10) return 0;
    a = decode_all(dec, plan, &whole, data + 1, size - 1, 1 << 20);
    b = decode_all(dec, plan, &cut, data + 1, size - 1, data[0] ? data[0] : 1);
    check_messages(&whole);
    if (a != b || whole.rows != cut.rows || whole.rejected != cut.rejected ||
        whole.messages.len != cut.messages.len)
        abort();
    sw_batch_clear(&whole);
    sw_batch_clear(&cut);
    return 0;
}

static inline int fuzz_decoder(const struct sw_decoder *dec, const uint8_t *data, size_t size)
{
    return fuzz_planned(dec, NULL, data, size);
}
#endif
