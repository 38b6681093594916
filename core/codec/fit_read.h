/* SPDX-License-Identifier: MIT */
/* One FIT message between the framing (fit.c) and what is made of it (fit_gather.c): a
 * compiled definition, and a message decoded against it with its values addressed by field
 * number. Values are scaled; invalid ones are absent. A message borrows the input bytes and
 * lives for one call. */
#ifndef SW_CODEC_FIT_READ_H
#define SW_CODEC_FIT_READ_H
#include "base/buf.h"
#include "base/err.h"
#include "codec/fit_profile.h"

#define SW_FIT_EPOCH_S  631065600   /* 1989-12-31T00:00:00Z in Unix seconds */
#define SW_FIT_MIN_DATE 0x10000000u /* smaller counts from power-on, it is no date */
#define SW_FIT_MAX_DATE 2840140800u /* 2079-12-31: later is damage */
enum { SW_FIT_TIMESTAMP = 253, SW_FIT_FIELDS = 255 };

struct sw_fit_slot {         /* one field of a definition */
    uint8_t num, size, base; /* as in the file; base is the index 0..16 of the type */
    uint8_t count;           /* elements, 0: bytes that fit no element */
    uint16_t at;             /* offset in the message */
    const struct sw_fit_field *field; /* NULL: unknown */
};

struct sw_fit_dev { /* one developer field of a definition */
    uint8_t num, size, index;
    uint32_t at;
};

struct sw_fit_def {
    bool known; /* defined in this segment */
    bool big;   /* byte order of this definition */
    uint16_t global;
    const struct sw_fit_message *message; /* NULL: not one of ours */
    uint32_t bytes;                       /* of a message, its header byte not counted */
    uint16_t n, n_dev;
    struct sw_fit_slot slot[SW_FIT_FIELDS];
    struct sw_fit_dev dev[SW_FIT_FIELDS];
};

struct sw_fit_msg {
    const struct sw_fit_def *def;
    const uint8_t *p; /* def->bytes bytes */
    bool has_time;
    uint32_t time; /* FIT seconds, from field 253 or a compressed header */
    double v[256]; /* by field number, first element, scaled; see set */
    uint64_t set[4];
};

/* Compile the body of a definition message (after its header byte) into d. Bytes used, 0
 * when n is too few. */
size_t sw_fit_define(struct sw_fit_def *d, const uint8_t *p, size_t n, bool developer);
/* Decode a message of definition d at p into m; has_time is true only if field 253 is
 * valid. */
void sw_fit_decode(struct sw_fit_msg *m, const struct sw_fit_def *d, const uint8_t *p);
/* Element i of the field in slot s, unscaled. false: invalid, text, or outside. */
bool sw_fit_raw(const struct sw_fit_msg *m, const struct sw_fit_slot *s, size_t i,
                double *out);
/* A number of base type `base` at p, `size` bytes long. false: invalid value or no single
 * number. */
bool sw_fit_number(const uint8_t *p, uint8_t base, size_t size, bool big, double *out);
/* The slot of field num, NULL if the definition lacks it. */
const struct sw_fit_slot *sw_fit_find(const struct sw_fit_def *d, uint8_t num);
/* Copy the text of field num, cut to size; false if absent or empty. */
bool sw_fit_text(const struct sw_fit_msg *m, uint8_t num, char *out, size_t size);
/* Append ,"name":value for all known and valid fields. */
void sw_fit_json(const struct sw_fit_msg *m, struct sw_buf *out);
/* Name of v in e, or its prefix and number ("sport_63"), in buf. */
const char *sw_fit_label(const struct sw_fit_enum *e, uint32_t v, char *buf, size_t size);

static inline bool sw_fit_has(const struct sw_fit_msg *m, uint8_t num)
{
    return m->set[num >> 6] >> (num & 63) & 1;
}
static inline bool sw_fit_get(const struct sw_fit_msg *m, uint8_t num, double *out)
{
    if (!sw_fit_has(m, num)) return false;
    *out = m->v[num];
    return true;
}
static inline double sw_fit_or(const struct sw_fit_msg *m, uint8_t num, double other)
{
    return sw_fit_has(m, num) ? m->v[num] : other;
}
/* A field may be declared with any type: no number from the file is converted unchecked. */
static inline uint32_t sw_fit_u32(double v)
{
    return v > 0 ? v < UINT32_MAX ? (uint32_t)v : UINT32_MAX : 0;
}
static inline int64_t sw_fit_ms(uint32_t time)
{
    return ((int64_t)time + SW_FIT_EPOCH_S) * 1000;
}
#endif
