/* SPDX-License-Identifier: MIT */
/* FIT decoder: the framing. A FIT file is one or more segments back to back, each a header,
 * a run of definition and data messages, and a CRC. This machine takes slices cut anywhere:
 * it handles whole headers and messages in place and keeps the unfinished rest (at most one
 * message) for the next call. Local definitions and the time base are reset at each header.
 * Damage never stops the file before its time: a broken message ends its segment with a
 * note, a wrong CRC is only noted, and what came before is kept. What messages mean is
 * fit_gather.c; it does not search for a next header in garbage, because bytes that merely
 * look like data would end up in a health record. */
#include "base/alloc.h"
#include "codec/decode.h"
#include "codec/fit_gather.h"
#include "codec/fit_read.h"
#include <inttypes.h>
#include <string.h>

enum state { HEADER, BODY, SKIP, CHECKSUM, OVER };
enum { LOCALS = 16, MIN_HEADER = 12, MAX_HEADER = 31, MAX_PENDING = 4 << 20 };

struct fit {
    enum state at;
    struct sw_buf rest; /* bytes of an unfinished header or message */
    uint64_t left;      /* bytes of the segment's data still to come */
    uint64_t extra;     /* bytes ignored after the last segment */
    bool open_ended;    /* header says 0 bytes: the file was never closed */
    unsigned segment;   /* 1 for the first */
    uint16_t crc;
    uint16_t crc_of[4][256];
    uint32_t time; /* base of compressed timestamps */
    struct sw_fit_def def[LOCALS];
    struct sw_fit_msg msg;
    struct sw_fit_gather gather;
};

/* Table k gives the effect of a byte that k more bytes follow, so four go in one step. */
static void crc_tables(uint16_t t[4][256])
{
    for (unsigned i = 0; i < 256; i++) {
        unsigned c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xa001 : c >> 1;
        t[0][i] = (uint16_t)c;
    }
    for (int k = 1; k < 4; k++)
        for (unsigned i = 0; i < 256; i++)
            t[k][i] = (uint16_t)(t[k - 1][i] >> 8 ^ t[0][t[k - 1][i] & 0xff]);
}

static uint16_t crc_add(const struct fit *f, uint16_t crc, const uint8_t *p, size_t n)
{
    for (; n >= 4; n -= 4, p += 4)
        crc = f->crc_of[3][(crc ^ p[0]) & 0xff] ^ f->crc_of[2][(crc >> 8) ^ p[1]] ^
              f->crc_of[1][p[2]] ^ f->crc_of[0][p[3]];
    for (; n; n--, p++) crc = (uint16_t)(crc >> 8 ^ f->crc_of[0][(crc ^ *p) & 0xff]);
    return crc;
}

static void *fit_open(void)
{
    struct fit *f = sw_zalloc(sizeof *f);
    crc_tables(f->crc_of);
    sw_buf_init(&f->rest, MAX_PENDING);
    sw_fit_gather_init(&f->gather);
    return f;
}

static void fit_close(void *d)
{
    struct fit *f = d;
    sw_buf_clear(&f->rest);
    sw_fit_gather_clear(&f->gather);
    sw_free(f);
}

static const char *looks_like(const uint8_t *p, size_t n)
{
    if (n >= 2 && p[0] == 0x1f && p[1] == 0x8b) return "gzip data";
    if (n >= 2 && p[0] == 'P' && p[1] == 'K') return "a zip archive";
    if (n && p[0] == '<') return "XML";
    if (n && (p[0] == '{' || p[0] == '[')) return "JSON";
    for (size_t i = 0; i < n; i++)
        if (p[i] < 9 || (p[i] > 13 && p[i] < 32)) return "unknown binary data";
    return "text";
}

static void start_segment(struct fit *f, const uint8_t *p, uint32_t bytes)
{
    f->segment++;
    f->left = bytes;
    f->open_ended = bytes == 0;
    f->crc = crc_add(f, 0, p, p[0]);
    f->time = 0;
    for (int i = 0; i < LOCALS; i++) f->def[i].known = false;
    f->at = BODY;
    sw_fit_gather_segment(&f->gather);
}

/* Each step below returns the bytes it used, 0 when it needs more, or a negative error. */
static long step_header(struct fit *f, const uint8_t *p, size_t n, struct sw_batch *out,
                        struct sw_err *err)
{
    size_t prefix = n < MIN_HEADER ? n : MIN_HEADER;
    bool possible = p[0] >= MIN_HEADER && p[0] <= MAX_HEADER &&
                    (n < 9 || !memcmp(p + 8, ".FIT", prefix - 8));
    uint16_t crc;
    if (!possible && f->segment == 0)
        return sw_fail(err, SW_E_BAD, "not a FIT file: it looks like %s",
                       looks_like(p, prefix));
    if (!possible) {
        f->at = OVER;
        sw_batch_note(out, "what follows part %u is not FIT and was left out", f->segment);
        return (long)n;
    }
    if (n < MIN_HEADER || n < p[0]) return 0;
    crc = p[0] >= 14 ? (uint16_t)(p[12] | p[13] << 8) : 0;
    if (crc && crc != crc_add(f, 0, p, 12))
        sw_batch_note(out, "part %u: the header's checksum does not match", f->segment + 1);
    start_segment(f, p,
                  (uint32_t)p[4] | (uint32_t)p[5] << 8 | (uint32_t)p[6] << 16 |
                      (uint32_t)p[7] << 24);
    return p[0];
}

static long give_up(struct fit *f, struct sw_batch *out, const char *why)
{
    if (f->open_ended) { /* its end is where messages end */
        f->at = OVER;
        return 0;
    }
    sw_batch_note(out, "part %u: %s; what precedes it is kept", f->segment, why);
    sw_fit_gather_damaged(&f->gather);
    f->at = SKIP;
    f->left += 2;
    return 0;
}

static long define(struct fit *f, const uint8_t *p, size_t n)
{
    size_t used = sw_fit_define(&f->def[p[0] & 15], p + 1, n - 1, p[0] & 0x20);
    return used ? (long)used + 1 : 0;
}

/* A compressed header has 5 bits of time, counted on from the last time seen. */
static uint32_t roll(uint32_t base, uint8_t head)
{
    return base + ((head - base) & 31);
}

static long data(struct fit *f, const uint8_t *p, size_t n, struct sw_batch *out)
{
    bool packed = p[0] & 0x80;
    const struct sw_fit_def *d = &f->def[packed ? p[0] >> 5 & 3 : p[0] & 15];
    if (!d->known) return -1;
    if (n - 1 < d->bytes) return 0;
    if (!f->open_ended && d->bytes + 1 > f->left) return -1;
    sw_fit_decode(&f->msg, d, p + 1);
    if (packed && !f->msg.has_time) {
        f->msg.time = roll(f->time, p[0] & 31);
        f->msg.has_time = true;
    }
    if (f->msg.has_time) f->time = f->msg.time;
    sw_fit_gather_take(&f->gather, &f->msg, out);
    return (long)d->bytes + 1;
}

/* A file that was never closed says 0 bytes: it goes on for as long as messages make sense.
 */
static long step_body(struct fit *f, const uint8_t *p, size_t n, struct sw_batch *out)
{
    size_t can = !f->open_ended && n > f->left ? (size_t)f->left : n;
    long used;
    if (!f->open_ended && f->left == 0) {
        f->at = CHECKSUM;
        return 0;
    }
    used = (p[0] & 0xc0) == 0x40 ? define(f, p, can) : data(f, p, can, out);
    if (used < 0)
        return give_up(f, out, "a message without a definition, or longer than the part");
    if (used == 0 && can == f->left && !f->open_ended)
        return give_up(f, out, "a message runs past its end");
    if (!f->open_ended) f->left -= (uint64_t)used;
    f->crc = crc_add(f, f->crc, p, (size_t)used);
    return used;
}

static long step_checksum(struct fit *f, const uint8_t *p, size_t n, struct sw_batch *out)
{
    if (n < 2) return 0;
    if ((uint16_t)(p[0] | p[1] << 8) != f->crc) {
        sw_batch_note(
            out, "part %u: its checksum does not match; its data was read all the same",
            f->segment);
        sw_fit_gather_damaged(&f->gather);
    }
    f->at = HEADER;
    return 2;
}

/* The rest of a damaged segment and its checksum, so that a segment chained behind it is
 * found. */
static long step_skip(struct fit *f, size_t n)
{
    uint64_t used = n < f->left ? n : f->left;
    f->left -= used;
    if (f->left == 0) f->at = HEADER;
    return (long)used;
}

static long step(struct fit *f, const uint8_t *p, size_t n, struct sw_batch *out,
                 struct sw_err *err)
{
    switch (f->at) {
    case HEADER: return step_header(f, p, n, out, err);
    case BODY: return step_body(f, p, n, out);
    case CHECKSUM: return step_checksum(f, p, n, out);
    case SKIP: return step_skip(f, n);
    default: f->extra += n; return (long)n;
    }
}

static int fit_feed(void *d, const uint8_t *p, size_t n, struct sw_batch *out,
                    struct sw_err *err)
{
    struct fit *f = d;
    size_t at = 0;
    bool held = f->rest.len > 0;
    if (held) {
        sw_buf_put(&f->rest, p, n);
        if (f->rest.over)
            return sw_fail(err, SW_E_LIMIT, "a slice is larger than a decoder takes");
        p = f->rest.data;
        n = f->rest.len;
    }
    while (at < n) {
        enum state before = f->at;
        long used = step(f, p + at, n - at, out, err);
        if (used < 0) return (int)used;
        if (used == 0 && f->at == before) break;
        at += (size_t)used;
    }
    if (held)
        sw_buf_cut(&f->rest, at);
    else if (at < n)
        sw_buf_put(&f->rest, p + at, n - at);
    return 0;
}

static void note_end(struct fit *f, struct sw_batch *out)
{
    if (f->open_ended) {
        sw_batch_note(
            out, "part %u was never closed by its device; it was read as far as it goes",
            f->segment);
        sw_fit_gather_damaged(&f->gather);
    } else if (f->at == BODY && !f->open_ended && f->left) {
        sw_batch_note(
            out, "part %u: its last %" PRIu64 " bytes are missing; what is there was kept",
            f->segment, f->left - f->rest.len);
        sw_fit_gather_damaged(&f->gather);
    } else if (f->at == CHECKSUM || (f->at == BODY && !f->open_ended)) {
        sw_batch_note(out, "part %u: the file ends before its checksum", f->segment);
    } else if (f->at == HEADER && f->rest.len) {
        sw_batch_note(out, "the file ends inside the header of part %u", f->segment + 1);
    }
}

static int fit_finish(void *d, struct sw_batch *out, struct sw_err *err)
{
    struct fit *f = d;
    if (f->segment == 0 && f->rest.len == 0)
        return sw_fail(err, SW_E_BAD, "not a FIT file: it is empty");
    if (f->segment == 0)
        return sw_fail(err, SW_E_BAD, "not a FIT file: it ends inside its header");
    note_end(f, out);
    if (!sw_fit_gather_any(&f->gather))
        return sw_fail(err, SW_E_BAD, "a FIT header with nothing readable behind it");
    sw_fit_gather_flush(&f->gather, out);
    return 0;
}

const struct sw_decoder sw_decoder_fit = {"fit", fit_open, fit_feed, fit_finish, fit_close, NULL, NULL};
