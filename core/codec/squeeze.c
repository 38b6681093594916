/* SPDX-License-Identifier: MIT
 * zstd level 3: JSON of services becomes about a tenth, at a few hundred MB a second. The checksum is the
 * caller's business, who knows the text by its hash. */
#include "codec/squeeze.h"
#include <zstd.h>

enum { LEVEL = 3 };

int sw_squeeze(const void *p, size_t n, struct sw_buf *out, struct sw_err *err)
{
    size_t room = ZSTD_compressBound(n), made;
    uint8_t *to;
    if (n > SW_SQUEEZE_MOST)
        return sw_fail(err, SW_E_LIMIT, "a text of over %zu MiB is not kept",
                       SW_SQUEEZE_MOST >> 20);
    to = sw_buf_room(out, room);
    made = to ? ZSTD_compress(to, room, p, n, LEVEL) : 0;
    if (!to || ZSTD_isError(made))
        return sw_fail(err, SW_E_LIMIT, "the text cannot be made smaller");
    out->len += made;
    return 0;
}

int sw_unsqueeze(const void *p, size_t n, size_t whole, struct sw_buf *out, struct sw_err *err)
{
    uint8_t *to = whole <= SW_SQUEEZE_MOST ? sw_buf_room(out, whole + 1) : NULL;
    size_t made = to ? ZSTD_decompress(to, whole + 1, p, n) : 0;
    if (!to || ZSTD_isError(made) || made != whole)
        return sw_fail(err, SW_E_BAD, "a kept text is damaged");
    out->len += made;
    return 0;
}
