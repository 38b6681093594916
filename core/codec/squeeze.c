/* SPDX-License-Identifier: MIT
 * zstd level 1: of the levels from -7 to 3 the one that makes answers of services smallest for its time, a
 * tenth and less of JSON at a gigabyte a second (level 3 took a third longer for more bytes). The checksum is
 * the caller's business, who knows the text by its hash or keeps one. */
#include "codec/squeeze.h"
#include "base/alloc.h"
#include <zstd.h>

enum { LEVEL = 1 };

struct sw_squeezer {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
};

struct sw_squeezer *sw_squeezer_new(void)
{
    return sw_zalloc(sizeof(struct sw_squeezer));
}

void sw_squeezer_free(struct sw_squeezer *z)
{
    if (!z) return;
    ZSTD_freeCCtx(z->pack);
    ZSTD_freeDCtx(z->unpack);
    sw_free(z);
}

static size_t pack(struct sw_squeezer *z, uint8_t *to, size_t room, const void *p, size_t n)
{
    if (z && !z->pack) z->pack = ZSTD_createCCtx();
    return z && z->pack ? ZSTD_compressCCtx(z->pack, to, room, p, n, LEVEL)
                        : ZSTD_compress(to, room, p, n, LEVEL);
}

static size_t unpack(struct sw_squeezer *z, uint8_t *to, size_t room, const void *p, size_t n)
{
    if (z && !z->unpack) z->unpack = ZSTD_createDCtx();
    return z && z->unpack ? ZSTD_decompressDCtx(z->unpack, to, room, p, n)
                          : ZSTD_decompress(to, room, p, n);
}

int sw_squeeze(struct sw_squeezer *z, const void *p, size_t n, struct sw_buf *out, struct sw_err *err)
{
    size_t room = ZSTD_compressBound(n), made;
    uint8_t *to;
    if (n > SW_SQUEEZE_MOST)
        return sw_fail(err, SW_E_LIMIT, "a text of over %zu MiB is not kept",
                       SW_SQUEEZE_MOST >> 20);
    to = sw_buf_room(out, room);
    made = to ? pack(z, to, room, p, n) : 0;
    if (!to || ZSTD_isError(made))
        return sw_fail(err, SW_E_LIMIT, "the text cannot be made smaller");
    out->len += made;
    out->data[out->len] = 0;
    return 0;
}

int sw_unsqueeze(struct sw_squeezer *z, const void *p, size_t n, size_t whole, struct sw_buf *out,
                 struct sw_err *err)
{
    uint8_t *to = whole <= SW_SQUEEZE_MOST ? sw_buf_room(out, whole + 1) : NULL;
    size_t made = to ? unpack(z, to, whole + 1, p, n) : 0;
    if (!to || ZSTD_isError(made) || made != whole)
        return sw_fail(err, SW_E_BAD, "a kept text is damaged");
    out->len += made;
    out->data[out->len] = 0;
    return 0;
}

bool sw_squeezed_size(const void *p, size_t n, size_t *whole)
{
    unsigned long long size = ZSTD_getFrameContentSize(p, n);
    if (size > SW_SQUEEZE_MOST) return false; /* also the two error values */
    *whole = (size_t)size;
    return true;
}
