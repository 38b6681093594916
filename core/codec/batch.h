/* SPDX-License-Identifier: MIT
 * What a file decoder hands over per slice: columns of samples, structured messages, rejects and
 * notes. A decoder fills the batch in a pool task; the importer maps it and stores it. Names and
 * units are the file's own: meaning is given by lua/import/<format>.lua, never here.
 *
 * A column is keyed by (type, unit, origin). Messages are JSON objects, one per line, each with a
 * member "message" that names it; an "origin" member is an index into origins. All strings are
 * valid UTF-8. The batch owns everything; sw_batch_reset keeps the memory for the next slice but
 * keeps origins too, so that an index stays true for a whole file. */
#ifndef SW_CODEC_BATCH_H
#define SW_CODEC_BATCH_H
#include "base/buf.h"
#include "base/map.h"
#include <stdint.h>

#define SW_OFFSET_NONE INT16_MIN /* the file does not say which zone a time is in */

struct sw_origin_desc { /* who measured; empty string where the file does not say */
    char *name;         /* "Robin's Apple Watch", "fenix 5" */
    char *maker;        /* "apple", "garmin": lower case, no blanks */
    char *model;        /* maker's own name or number of the product */
    char *kind;         /* watch phone ring band scale strap bike app manual, or "" */
    char *ident;        /* serial number or bundle id, when it is stable; else "" */
};

struct sw_column {
    char *type;          /* "record.heart_rate", "HKQuantityTypeIdentifierStepCount" */
    char *unit;          /* as the file writes it; "" where the format fixes it */
    int origin;          /* index into sw_batch.origins */
    size_t n, cap;       /* rows in use, allocated */
    int64_t *start_ms;   /* UTC */
    int64_t *dur_ms;     /* 0: an instant */
    double *value;       /* finite */
    int16_t *offset_min; /* minutes east of UTC, or SW_OFFSET_NONE */
};

struct sw_batch {
    struct sw_column *col;
    size_t n_col, cap_col;
    size_t rows;            /* over all columns of this slice */
    struct sw_buf messages; /* JSON lines */
    size_t n_messages;
    struct sw_origin_desc *origins;
    size_t n_origins, cap_origins;
    struct sw_map by_key;    /* (type, unit, origin) -> index into col */
    struct sw_map by_origin; /* fields of an origin -> index into origins */
    struct sw_map reasons;   /* reject reason -> count, whole file */
    size_t rejected;         /* whole file */
    struct sw_buf notes;     /* damage found, one sentence a line, whole file */
    char *zone;              /* zone name if the file has one, or NULL */
    int last_col;            /* cache of the column looked up last, -1 */
};

/* Empty; clear frees everything, origins too. */
void sw_batch_init(struct sw_batch *b);
void sw_batch_clear(struct sw_batch *b);
void sw_batch_reset(struct sw_batch *b); /* rows and messages only */

/* Index of the origin with these fields, added if new. NULL fields mean "". Cap 4,096 origins: then
 * index 0 is given. Texts are copied, cut at 200 bytes, made valid UTF-8. */
int sw_batch_origin(struct sw_batch *b, const struct sw_origin_desc *o);

/* Append one sample. A value that is not finite is dropped and counted as rejected. */
void sw_batch_add(struct sw_batch *b, const char *type, const char *unit, int origin,
                  int64_t start_ms, int64_t dur_ms, double value, int16_t offset_min);

/* The same in two steps, for many samples of one column: its index, true as long as the batch. */
int sw_batch_column(struct sw_batch *b, const char *type, const char *unit, int origin);
void sw_batch_room(struct sw_batch *b, int column, size_t n); /* n more samples are about to come */
void sw_batch_push(struct sw_batch *b, int column, int64_t start_ms, int64_t dur_ms, double value,
                   int16_t offset_min);

/* Start a message: writes {"message":"NAME" into b->messages; add members with sw_json_*, then end. */
struct sw_buf *sw_batch_message(struct sw_batch *b, const char *name);
void sw_batch_message_end(struct sw_batch *b);

void sw_batch_reject(struct sw_batch *b, const char *reason); /* one value or record refused */
void sw_batch_note(struct sw_batch *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#endif
