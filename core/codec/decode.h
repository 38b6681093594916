/* SPDX-License-Identifier: MIT
 * File decoders as push machines: open, feed slices of at most 1 MiB in order, finish, close.
 * A decoder never reads files, never blocks, holds bounded memory and survives any bytes: damage
 * becomes a note in the batch and what precedes it is kept. Each call runs in one pool task at a
 * time; between calls the caller takes the batch's rows and resets it. */
#ifndef SW_CODEC_DECODE_H
#define SW_CODEC_DECODE_H
#include "base/err.h"
#include "codec/batch.h"
#include <stdint.h>

struct sw_decoder {
    const char *name;    /* format word: "fit", "tcx", "gpx", "apple", "csv", "json", "syncwell" */
    void *(*open)(void); /* state; never NULL */
    /* 0, or negative when nothing more can be read: what is in the batch so far stays valid */
    int (*feed)(void *d, const uint8_t *p, size_t n, struct sw_batch *out, struct sw_err *err);
    /* end of input: flush what is held back. Negative only if nothing usable was found at all */
    int (*finish)(void *d, struct sw_batch *out, struct sw_err *err);
    void (*close)(void *d); /* frees the state */
    /* Formats of many shapes only (csv, json), else NULL. head: what the first bytes hold, as JSON,
     * for whoever chooses the plan. plan: what rows mean (codec/rows.h), before the first feed. */
    void (*head)(const uint8_t *p, size_t n, struct sw_buf *out);
    int (*plan)(void *d, const char *json, size_t n, struct sw_err *err);
};

#define SW_HEAD_BYTES 65536 /* head is given no more */

extern const struct sw_decoder sw_decoder_fit, sw_decoder_gpx, sw_decoder_tcx, sw_decoder_apple,
    sw_decoder_csv, sw_decoder_json, sw_decoder_syncwell;

/* The decoder called name, NULL if there is none. */
const struct sw_decoder *sw_decoder_get(const char *name);

/* Guess a format from the first bytes (up to 4 KiB) and the file name (may be NULL): "fit", "gpx",
 * "tcx", "apple", "csv", "json", "sqlite", "syncwell", "zip", or NULL with a sentence in err saying
 * what it looks like instead. */
const char *sw_sniff(const uint8_t *p, size_t n, const char *name, struct sw_err *err);
#endif
