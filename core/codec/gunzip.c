/* SPDX-License-Identifier: MIT
 * gzip through zlib's inflate, a buffer of 64 KiB between the two. Bytes behind the last member are
 * passed over, as every gunzip does. */
#include "codec/gunzip.h"
#include "base/alloc.h"
#include "codec/zip.h"
#include <string.h>
#include <zlib.h>

enum { PACKED = 1 << 16 };

struct sw_gunzip {
    z_stream z;
    sw_gunzip_source *source;
    void *ctx;
    uint8_t *in;
    uint64_t taken, given; /* bytes packed and unpacked so far */
    bool ended, whole;     /* whole: at the end of a member */
};

bool sw_gunzip_is(const uint8_t *p, size_t n)
{
    return n >= 3 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8;
}

struct sw_gunzip *sw_gunzip_open(const uint8_t *first, size_t n, sw_gunzip_source *source,
                                 void *ctx)
{
    struct sw_gunzip *g = sw_zalloc(sizeof *g);
    g->in = sw_alloc(n > PACKED ? n : PACKED);
    memcpy(g->in, first, n);
    g->z.next_in = g->in;
    g->z.avail_in = (uInt)n;
    g->taken = n;
    g->source = source;
    g->ctx = ctx;
    g->ended = inflateInit2(&g->z, 15 + 16) != Z_OK;
    return g;
}

void sw_gunzip_close(struct sw_gunzip *g)
{
    if (!g) return;
    inflateEnd(&g->z);
    sw_free(g->in);
    sw_free(g);
}

static long refill(struct sw_gunzip *g, struct sw_err *err)
{
    long n = g->source(g->ctx, g->in, PACKED, err);
    if (n <= 0) return n;
    g->z.next_in = g->in;
    g->z.avail_in = (uInt)n;
    g->taken += (uint64_t)n;
    return n;
}

/* One round of inflate; 0 goes on, 1 the file has ended, negative: damaged. */
static int round_of(struct sw_gunzip *g, struct sw_err *err)
{
    int rc = inflate(&g->z, Z_NO_FLUSH);
    if (rc == Z_STREAM_END) {
        g->whole = true;
        return inflateReset(&g->z) == Z_OK ? 0 : 1;
    }
    if (rc == Z_OK || rc == Z_BUF_ERROR) {
        if (rc == Z_OK) g->whole = false;
        return 0;
    }
    if (g->whole) return 1; /* no further member: bytes that pad the file */
    return sw_fail(err, SW_E_BAD, "the gzip file is damaged: what could be unpacked is kept");
}

long sw_gunzip_read(struct sw_gunzip *g, void *to, size_t n, struct sw_err *err)
{
    g->z.next_out = to;
    g->z.avail_out = (uInt)n;
    while (!g->ended && g->z.avail_out == n) {
        int rc;
        if (!g->z.avail_in) {
            long got = refill(g, err);
            if (got < 0) return got;
            if (!got && !g->whole)
                return sw_fail(err, SW_E_BAD,
                               "the gzip file is cut off: what could be unpacked is kept");
            if (!got) break;
        }
        rc = round_of(g, err);
        if (rc < 0) return rc;
        g->ended = rc == 1;
    }
    n -= g->z.avail_out;
    g->given += n;
    if (g->given > SW_ZIP_BOMB_BYTES && g->given / g->taken > SW_ZIP_BOMB_RATIO)
        return sw_fail(err, SW_E_LIMIT, "the gzip file unpacks to more than %d times its size",
                       SW_ZIP_BOMB_RATIO);
    return (long)n;
}
