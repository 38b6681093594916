/* SPDX-License-Identifier: MIT
 * For tests of decoders: run a text through one in slices of a given size, and look at the rows. */
#ifndef SW_TESTS_FEED_H
#define SW_TESTS_FEED_H
#include "codec/decode.h"
#include <string.h>

/* Result of the last call; the batch is initialised here and cleared by the caller. */
static inline int feed_bytes(const struct sw_decoder *dec, const char *p, size_t n, size_t slice,
                             struct sw_batch *out, struct sw_err *err)
{
    void *d = dec->open();
    int rc = 0;
    sw_batch_init(out);
    for (size_t i = 0; i < n && rc >= 0; i += slice)
        rc = dec->feed(d, (const uint8_t *)p + i, n - i < slice ? n - i : slice, out, err);
    if (rc >= 0) rc = dec->finish(d, out, err);
    dec->close(d);
    return rc;
}

static inline int feed_text(const struct sw_decoder *dec, const char *text, struct sw_batch *out,
                            struct sw_err *err)
{
    return feed_bytes(dec, text, strlen(text), 1 << 20, out, err);
}

static inline const struct sw_column *column_of(const struct sw_batch *b, const char *type)
{
    for (size_t i = 0; i < b->n_col; i++)
        if (!strcmp(b->col[i].type, type)) return &b->col[i];
    return NULL;
}

static inline bool says(const struct sw_batch *b, const char *part)
{
    return strstr(sw_buf_str(&b->messages), part) != NULL;
}
#endif
