/* SPDX-License-Identifier: MIT
 * Layout: version, flags, exponent, zigzag n and four streams, checksum.
 *   starts     zigzag of the first, then runs of (delta, count): a regular minute is one run
 *   durations  runs of (value, count)
 *   offsets    runs of (value, count)
 *   values     zigzag deltas, each one varint
 * Times are divided by the largest of 60 s, 1 s, 1 ms that divides all of them, values by the
 * largest power of ten that divides all of them: a metric kept in hundredths but measured in whole
 * numbers costs what whole numbers cost. The streams are squeezed where that makes the blob smaller. */
#include "codec/series.h"
#include "base/alloc.h"
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { VERSION = 1, PACKED = 1, HEAD = 3, TAIL = 4 };
#define MAX_PLAIN (SW_SQUEEZE_MOST + 1)

static const int64_t time_units[] = {1, 1000, 60000};

void sw_samples_clear(struct sw_samples *s)
{
    sw_free(s->at);
    *s = (struct sw_samples){0};
}

void sw_samples_push(struct sw_samples *s, const struct sw_sample *x)
{
    sw_grow((void **)&s->at, &s->cap, s->n + 1, sizeof *s->at);
    s->at[s->n++] = *x;
}

static inline int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

int sw_sample_cmp(const struct sw_sample *a, const struct sw_sample *b)
{
    int c = order(a->start_ms, b->start_ms);
    if (!c) c = order(a->dur_ms, b->dur_ms);
    if (!c) c = order(a->value, b->value);
    return c ? c : order(a->offset_min, b->offset_min);
}

static int cmp(const void *a, const void *b)
{
    return sw_sample_cmp(a, b);
}

void sw_samples_sort(struct sw_samples *s)
{
    for (size_t i = 1; i < s->n; i++)
        if (sw_sample_cmp(&s->at[i - 1], &s->at[i]) > 0) {
            qsort(s->at, s->n, sizeof *s->at, cmp);
            return;
        }
}

/* Divisors are small and times and values mostly are, too: 32 bits divide in half the time. */
static inline int64_t over(int64_t v, int64_t div)
{
    return (uint64_t)v <= UINT32_MAX ? (int64_t)((uint32_t)v / (uint32_t)div) : v / div;
}

static inline bool divides(int64_t div, int64_t v)
{
    return !v || (v == over(v, div) * div);
}

static int pick_time_unit(const struct sw_sample *x, size_t n)
{
    int unit = 2; /* constants: no division is left of them */
    for (size_t i = 0; i < n && unit; i++) {
        while (unit == 2 && (x[i].start_ms % 60000 || x[i].dur_ms % 60000)) unit--;
        while (unit == 1 && (x[i].start_ms % 1000 || x[i].dur_ms % 1000)) unit--;
    }
    return unit;
}

static int pick_exponent(const struct sw_sample *x, size_t n, int64_t *div)
{
    int e = 9;
    *div = 1000000000;
    for (size_t i = 0; i < n && e; i++)
        while (e && !divides(*div, x[i].value)) e--, *div /= 10;
    return e;
}

/* A time in its unit, as above. */
static inline int64_t in_unit(int64_t ms, int unit)
{
    return unit == 2 ? ms / 60000 : unit == 1 ? ms / 1000 : ms;
}

struct run {
    int64_t v;
    uint64_t n;
};

static void run_put(struct sw_buf *b, struct run *r, int64_t v)
{
    if (r->n && r->v == v) {
        r->n++;
        return;
    }
    if (r->n) {
        sw_buf_zigzag(b, r->v);
        sw_buf_varint(b, r->n);
    }
    *r = (struct run){v, 1};
}

static void run_flush(struct sw_buf *b, struct run *r)
{
    if (!r->n) return;
    sw_buf_zigzag(b, r->v);
    sw_buf_varint(b, r->n);
    *r = (struct run){0, 0};
}

static void put_streams(const struct sw_sample *x, size_t n, int unit, int64_t div,
                        struct sw_buf *b)
{
    struct run r = {0, 0};
    int64_t last = in_unit(x[0].start_ms, unit);
    sw_buf_zigzag(b, last);
    for (size_t i = 1; i < n; i++) {
        int64_t t = in_unit(x[i].start_ms, unit);
        run_put(b, &r, (int64_t)((uint64_t)t - (uint64_t)last));
        last = t;
    }
    run_flush(b, &r);
    for (size_t i = 0; i < n; i++) run_put(b, &r, in_unit(x[i].dur_ms, unit));
    run_flush(b, &r);
    for (size_t i = 0; i < n; i++) run_put(b, &r, x[i].offset_min);
    run_flush(b, &r);
    last = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t v = over(x[i].value, div);
        sw_buf_zigzag(b, (int64_t)((uint64_t)v - (uint64_t)last));
        last = v;
    }
}

/* Appends plain, or made small when that is smaller. Says which. */
static bool put_packed(struct sw_squeezer *z, struct sw_buf *out, const struct sw_buf *plain)
{
    size_t from = out->len;
    if (plain->len >= 64 && !plain->over && !sw_squeeze(z, plain->data, plain->len, out, NULL) &&
        out->len - from < plain->len)
        return true;
    out->len = from;
    sw_buf_put(out, plain->data, plain->len);
    return false;
}

int sw_series_encode(struct sw_squeezer *z, const struct sw_sample *x, size_t n,
                     struct sw_buf *out, struct sw_err *err)
{
    struct sw_buf plain;
    size_t from = out->len;
    int64_t div;
    int unit, exponent;
    if (!n || n > SW_CHUNK_MAX_SAMPLES)
        return sw_fail(err, SW_E_LIMIT, "a chunk cannot hold %zu samples", n);
    unit = pick_time_unit(x, n);
    exponent = pick_exponent(x, n, &div);
    sw_buf_init(&plain, MAX_PLAIN);
    put_streams(x, n, unit, div, &plain);
    sw_buf_byte(out, VERSION);
    sw_buf_byte(out, (uint8_t)(unit << 1));
    sw_buf_byte(out, (uint8_t)exponent);
    sw_buf_varint(out, n);
    if (put_packed(z, out, &plain)) out->data[from + 1] |= PACKED;
    sw_buf_u32(out, (uint32_t)crc32(0, out->data + from, (uInt)(out->len - from)));
    sw_buf_clear(&plain);
    return out->over || plain.over ? sw_fail(err, SW_E_LIMIT, "a chunk is too large") : 0;
}

/* One-byte varints are the rule for values: read them without a call. */
static inline int64_t quick_zigzag(struct sw_rd *r)
{
    uint8_t c;
    if (r->p < r->end && !((c = *r->p) & 0x80)) {
        r->p++;
        return (int64_t)(c >> 1) ^ -(int64_t)(c & 1);
    }
    return sw_rd_zigzag(r);
}

/* The next run of at most `left` values; false: damage. */
static bool next_run(struct sw_rd *r, size_t left, struct run *run)
{
    run->v = quick_zigzag(r);
    run->n = sw_rd_varint(r);
    return !r->bad && run->n && run->n <= left;
}

static bool get_starts(struct sw_rd *r, struct sw_sample *x, size_t n, int64_t unit)
{
    uint64_t t = (uint64_t)sw_rd_zigzag(r) * (uint64_t)unit;
    struct run run;
    x[0].start_ms = (int64_t)t;
    for (size_t i = 1; i < n;) {
        if (!next_run(r, n - i, &run)) return false;
        for (uint64_t step = (uint64_t)run.v * (uint64_t)unit; run.n--; i++)
            x[i].start_ms = (int64_t)(t += step);
    }
    return !r->bad;
}

static bool get_durations(struct sw_rd *r, struct sw_sample *x, size_t n, int64_t unit)
{
    struct run run;
    for (size_t i = 0; i < n;) {
        if (!next_run(r, n - i, &run)) return false;
        for (int64_t dur = (int64_t)((uint64_t)run.v * (uint64_t)unit); run.n--; i++) x[i].dur_ms = dur;
    }
    return true;
}

static bool get_offsets(struct sw_rd *r, struct sw_sample *x, size_t n)
{
    struct run run;
    for (size_t i = 0; i < n;) {
        if (!next_run(r, n - i, &run)) return false;
        for (; run.n--; i++) x[i].offset_min = (int32_t)run.v;
    }
    return true;
}

static bool get_streams(struct sw_rd *r, struct sw_sample *x, size_t n, int64_t unit, int64_t mul)
{
    uint64_t v = 0;
    if (!get_starts(r, x, n, unit) || !get_durations(r, x, n, unit) || !get_offsets(r, x, n)) return false;
    for (size_t i = 0; i < n; i++) {
        v += (uint64_t)quick_zigzag(r);
        x[i].value = (int64_t)(v * (uint64_t)mul);
    }
    return !r->bad && r->p == r->end;
}

static bool unpack(struct sw_squeezer *z, struct sw_rd *r, bool packed, struct sw_buf *plain)
{
    size_t size;
    if (!packed) return true;
    if (!sw_squeezed_size(r->p, sw_rd_left(r), &size) ||
        sw_unsqueeze(z, r->p, sw_rd_left(r), size, plain, NULL))
        return false;
    *r = sw_rd_of(plain->data, plain->len);
    return true;
}

static bool decode(struct sw_squeezer *z, const uint8_t *p, size_t bytes, struct sw_samples *out)
{
    struct sw_rd r = sw_rd_of(p, bytes < TAIL ? 0 : bytes - TAIL), sum;
    struct sw_buf plain;
    unsigned flags, exponent;
    int64_t mul = 1;
    uint64_t n;
    bool ok;
    if (bytes < HEAD + TAIL + 1) return false;
    sum = sw_rd_of(p + bytes - TAIL, TAIL);
    if (sw_rd_u32(&sum) != (uint32_t)crc32(0, p, (uInt)(bytes - TAIL)) || sw_rd_byte(&r) != VERSION)
        return false;
    flags = sw_rd_byte(&r);
    exponent = sw_rd_byte(&r);
    n = sw_rd_varint(&r);
    if (r.bad || flags >> 1 > 2 || exponent > 9 || !n || n > SW_CHUNK_MAX_SAMPLES) return false;
    while (exponent--) mul *= 10;
    sw_buf_init(&plain, MAX_PLAIN);
    ok = unpack(z, &r, flags & PACKED, &plain) && n <= sw_rd_left(&r);
    if (ok) {
        sw_grow((void **)&out->at, &out->cap, out->n + n, sizeof *out->at);
        ok = get_streams(&r, out->at + out->n, n, time_units[flags >> 1], mul);
    }
    if (ok) out->n += n;
    sw_buf_clear(&plain);
    return ok;
}

int sw_series_decode(struct sw_squeezer *z, const void *blob, size_t bytes,
                     struct sw_samples *out, struct sw_err *err)
{
    return decode(z, blob, bytes, out)
               ? 0
               : sw_fail(err, SW_E_BAD, "a chunk of %zu bytes is damaged", bytes);
}

/* Same sample? Identity is (start, duration), and the value too where two foods may share a time. */
static int identity_cmp(const struct sw_sample *a, const struct sw_sample *b, bool by_value)
{
    int c = order(a->start_ms, b->start_ms);
    if (!c) c = order(a->dur_ms, b->dur_ms);
    return c || !by_value ? c : order(a->value, b->value);
}

static void take(struct sw_samples *out, const struct sw_sample *x, struct sw_samples *news)
{
    sw_samples_push(out, x);
    if (news) sw_samples_push(news, x);
}

void sw_series_merge(struct sw_samples *have, const struct sw_samples *in, bool by_value,
                     struct sw_merge *stat, struct sw_samples *news)
{
    struct sw_samples out = {0};
    size_t i = 0, k = 0;
    *stat = (struct sw_merge){0, 0, 0};
    sw_grow((void **)&out.at, &out.cap, have->n + in->n + 1, sizeof *out.at);
    while (i < have->n || k < in->n) {
        int c = i == have->n ? 1
                : k == in->n ? -1
                             : identity_cmp(&have->at[i], &in->at[k], by_value);
        if (k < in->n && k + 1 < in->n && !identity_cmp(&in->at[k], &in->at[k + 1], by_value)) {
            k++; /* the same sample twice in one delivery: the last one counts */
            stat->same++;
        } else if (c < 0) {
            out.at[out.n++] = have->at[i++];
        } else if (c > 0) {
            take(&out, &in->at[k++], news);
            stat->added++;
        } else {
            if (have->at[i].value != in->at[k].value) {
                stat->changed++;
                take(&out, &in->at[k], news);
            } else {
                stat->same++;
                out.at[out.n++] = have->at[i];
            }
            i++, k++;
        }
    }
    sw_samples_clear(have);
    *have = out;
}
