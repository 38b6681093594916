/* SPDX-License-Identifier: MIT */
/* The FIT decoder on files written here, byte by byte, so that each quirk stands alone. Real files
 * are compared by tests/support/check_fit.py; here they only have to decode alike in any slicing. */
#include "base/buf.h"
#include "codec/decode.h"
#include <math.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <cmocka.h>

enum { T0 = 1000000000, U8 = 2, S8 = 1, U16 = 0x84, U32 = 0x86, S32 = 0x85, STR = 7, BYTES = 0x0d, U8Z = 0x0a, F32 = 0x88 };
#define MS(t) (((int64_t)(t) + 631065600) * 1000)

/* --- a writer --- */

struct out {
    struct sw_buf b;
    size_t start;       /* of the open segment */
    bool big;
};

static uint16_t crc16(const uint8_t *p, size_t n)
{
    unsigned c = 0;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xa001 : c >> 1;
    }
    return (uint16_t)c;
}

static void num(struct out *o, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        sw_buf_byte(&o->b, (uint8_t)(v >> 8 * (o->big ? bytes - 1 - i : i)));
}

static void begin(struct out *o, uint8_t header)
{
    o->start = o->b.len;
    sw_buf_byte(&o->b, header);
    sw_buf_put(&o->b, "\x20\x6c\x08\0\0\0\0.FIT\0", header - 1u);
}

static void end(struct out *o)
{
    uint8_t *h = o->b.data + o->start;
    uint32_t n = (uint32_t)(o->b.len - o->start - h[0]);
    for (int i = 0; i < 4; i++) h[4 + i] = (uint8_t)(n >> 8 * i);
    sw_buf_u16(&o->b, crc16(h, o->b.len - o->start));
}

/* define(o, local, global, n, num, size, base, ...) */
static void define(struct out *o, int local, unsigned global, int n, ...)
{
    va_list ap;
    sw_buf_byte(&o->b, (uint8_t)(0x40 | local));
    sw_buf_byte(&o->b, 0);
    sw_buf_byte(&o->b, o->big);
    num(o, global, 2);
    sw_buf_byte(&o->b, (uint8_t)n);
    va_start(ap, n);
    for (int i = 0; i < 3 * n; i++) sw_buf_byte(&o->b, (uint8_t)va_arg(ap, int));
    va_end(ap);
}

static void head(struct out *o, int byte) { sw_buf_byte(&o->b, (uint8_t)byte); }

static void file_id(struct out *o, unsigned type)
{
    define(o, 0, 0, 4, 0, 1, 0, 1, 2, U16, 2, 2, U16, 4, 4, U32);
    head(o, 0), num(o, type, 1), num(o, 1, 2), num(o, 3113, 2), num(o, T0, 4);
}

/* A record definition with time and heart rate under local 1, and one such record. */
static void define_record(struct out *o) { define(o, 1, 20, 2, 253, 4, U32, 3, 1, U8); }
static void record(struct out *o, uint32_t t, unsigned bpm) { head(o, 1), num(o, t, 4), num(o, bpm, 1); }

/* --- a reader --- */

struct got {
    struct sw_batch b;
    struct sw_err err;
    struct sw_buf messages;
    int rc;
};

static void decode(struct got *g, const uint8_t *p, size_t n, size_t slice)
{
    void *d = sw_decoder_fit.open();
    memset(g, 0, sizeof *g);
    sw_batch_init(&g->b);
    for (size_t i = 0; i < n && g->rc >= 0; i += slice)
        g->rc = sw_decoder_fit.feed(d, p + i, n - i < slice ? n - i : slice, &g->b, &g->err);
    if (g->rc >= 0) g->rc = sw_decoder_fit.finish(d, &g->b, &g->err);
    sw_decoder_fit.close(d);
}

static void decode_out(struct got *g, struct out *o) { decode(g, o->b.data, o->b.len, 1 << 20); }

static void done(struct got *g, struct out *o)
{
    sw_batch_clear(&g->b);
    if (o) sw_buf_clear(&o->b);
}

static const struct sw_column *col(const struct got *g, const char *type)
{
    for (size_t i = 0; i < g->b.n_col; i++)
        if (!strcmp(g->b.col[i].type, type) && g->b.col[i].n) return &g->b.col[i];
    return NULL;
}

static bool says(const struct got *g, const char *text) { return strstr(sw_buf_str(&g->b.messages), text) != NULL; }
static bool notes(const struct got *g, const char *text) { return strstr(sw_buf_str(&g->b.notes), text) != NULL; }
static struct out fresh(void)
{
    struct out o = {.big = false};
    sw_buf_init(&o.b, 1 << 20);
    return o;
}

/* --- framing --- */

static struct out small_file(uint8_t header)
{
    struct out o = fresh();
    begin(&o, header);
    file_id(&o, 4);
    define_record(&o);
    for (unsigned i = 0; i < 10; i++) record(&o, T0 + i, 100 + i);
    end(&o);
    return o;
}

static void headers_of_12_and_14_bytes_are_read(void **s)
{
    (void)s;
    for (uint8_t h = 12; h <= 14; h += 2) {
        struct out o = small_file(h);
        struct got g;
        decode_out(&g, &o);
        assert_int_equal(g.rc, 0);
        assert_int_equal(col(&g, "record.heart_rate")->n, 10);
        assert_int_equal(col(&g, "record.heart_rate")->start_ms[9], MS(T0 + 9));
        assert_int_equal(g.b.notes.len, 0);
        assert_string_equal(g.b.origins[0].name, "Forerunner 945");
        done(&g, &o);
    }
}

static void any_slicing_gives_the_same_result(void **s)
{
    struct out o = small_file(14);
    struct got whole;
    (void)s;
    decode_out(&whole, &o);
    for (size_t slice = 1; slice < 40; slice++) {
        struct got g;
        decode(&g, o.b.data, o.b.len, slice);
        assert_string_equal(sw_buf_str(&g.b.messages), sw_buf_str(&whole.b.messages));
        assert_int_equal(g.b.rows, whole.b.rows);
        done(&g, NULL);
    }
    done(&whole, &o);
}

static void a_wrong_checksum_is_a_note_and_the_data_is_kept(void **s)
{
    struct out o = small_file(14);
    struct got g;
    (void)s;
    o.b.data[o.b.len - 1] ^= 1;
    decode_out(&g, &o);
    assert_int_equal(col(&g, "record.heart_rate")->n, 10);
    assert_true(notes(&g, "checksum"));
    done(&g, &o);
}

static void a_cut_file_keeps_what_precedes_the_cut(void **s)
{
    struct out o = small_file(14);
    (void)s;
    for (size_t n = 0; n < o.b.len; n++) {
        struct got g;
        decode(&g, o.b.data, n, 1 << 20);
        assert_true(g.rc < 0 ? g.err.text[0] : g.b.notes.len > 0);
        if (n + 9 > o.b.len) assert_true(col(&g, "record.heart_rate")->n >= 9);
        done(&g, NULL);
    }
    sw_buf_clear(&o.b);
}

static void a_foreign_file_is_refused_in_one_sentence(void **s)
{
    static const struct {
        const char *bytes, *says;
    } t[] = {{"", "empty"}, {"<?xml version", "XML"}, {"{\"a\":1}", "JSON"}, {"PK\3\4zzzzzzzzz", "zip"},
             {"hello, this is text", "text"}, {"\x0e\x10\x01\x01\x01\x01\x01\x01NOPE", "binary"}};
    (void)s;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct got g;
        decode(&g, (const uint8_t *)t[i].bytes, strlen(t[i].bytes), 1 << 20);
        assert_true(g.rc < 0);
        assert_non_null(strstr(g.err.text, "not a FIT file"));
        assert_non_null(strstr(g.err.text, t[i].says));
        done(&g, NULL);
    }
}

static void a_file_that_was_never_closed_is_read_to_its_end(void **s)
{
    struct out o = small_file(12);
    struct got g;
    (void)s;
    memset(o.b.data + 4, 0, 4);
    decode(&g, o.b.data, o.b.len - 2, 1 << 20);
    assert_int_equal(g.rc, 0);
    assert_int_equal(col(&g, "record.heart_rate")->n, 10);
    assert_true(notes(&g, "never closed"));
    done(&g, &o);
}

static void chained_files_start_without_definitions(void **s)
{
    struct out o = small_file(14);
    struct got g;
    (void)s;
    begin(&o, 14);
    record(&o, T0 + 20, 99);
    end(&o);
    begin(&o, 14);
    file_id(&o, 4);
    define_record(&o);
    record(&o, T0 + 30, 99);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(col(&g, "record.heart_rate")->n, 11);
    assert_true(notes(&g, "part 2: a message without a definition"));
    done(&g, &o);
}

/* --- values --- */

static void byte_order_is_swapped_by_type_and_may_change_between_definitions(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    o.big = true;
    define(&o, 1, 20, 3, 253, 4, U32, 7, 2, U16, 5, 4, U32);
    head(&o, 1), num(&o, T0, 4), num(&o, 250, 2), num(&o, 12345, 4);
    o.big = false;
    define(&o, 2, 20, 3, 253, 4, U32, 7, 2, U16, 5, 4, U32);
    head(&o, 2), num(&o, T0 + 1, 4), num(&o, 260, 2), num(&o, 12445, 4);
    end(&o);
    decode_out(&g, &o);
    assert_true(col(&g, "record.power")->value[0] == 250 && col(&g, "record.power")->value[1] == 260);
    assert_true(col(&g, "record.distance")->value[0] == 123.45);
    done(&g, &o);
}

static void an_invalid_value_is_absent_for_each_type(void **s)
{
    static const struct {
        int base, size;
        uint64_t invalid;
    } t[] = {{U8, 1, 0xff}, {S8, 1, 0x7f}, {U16, 2, 0xffff}, {0x83, 2, 0x7fff}, {U32, 4, 0xffffffff},
             {S32, 4, 0x7fffffff}, {F32, 4, 0xffffffff}, {U8Z, 1, 0}, {0x8b, 2, 0}, {0x8c, 4, 0},
             {0x8e, 8, INT64_MAX}, {0x8f, 8, UINT64_MAX}, {0x89, 8, UINT64_MAX}};
    (void)s;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct out o = fresh();
        struct got g;
        begin(&o, 14);
        file_id(&o, 4);
        define(&o, 1, 20, 2, 253, 4, U32, 7, t[i].size, t[i].base);
        head(&o, 1), num(&o, T0, 4), num(&o, t[i].invalid, (size_t)t[i].size);
        head(&o, 1), num(&o, T0, 4), num(&o, t[i].base == F32 ? 0x42c80000 : t[i].base == 0x89 ? 0x4059000000000000 : 100, (size_t)t[i].size);
        end(&o);
        decode_out(&g, &o);
        assert_int_equal(col(&g, "record.power")->n, 1);
        assert_true(col(&g, "record.power")->value[0] == 100);
        done(&g, &o);
    }
}

static void a_field_of_odd_size_is_skipped_and_the_rest_stays_aligned(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 1, 20, 3, 253, 4, U32, 7, 3, U16, 3, 1, U8);
    head(&o, 1), num(&o, T0, 4), num(&o, 0x010203, 3), num(&o, 77, 1);
    end(&o);
    decode_out(&g, &o);
    assert_null(col(&g, "record.power"));
    assert_true(col(&g, "record.heart_rate")->value[0] == 77);
    done(&g, &o);
}

static void a_string_without_its_zero_is_cut_at_its_size(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 1, 12, 2, 3, 4, STR, 0, 1, 0);
    head(&o, 1), sw_buf_puts(&o.b, "Swim"), num(&o, 5, 1);
    end(&o);
    decode_out(&g, &o);
    assert_true(says(&g, "\"name\":\"Swim\",\"sport\":\"swimming\""));
    done(&g, &o);
}

static void an_unknown_sport_keeps_its_number(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 1, 18, 2, 2, 4, U32, 5, 1, 0);
    head(&o, 1), num(&o, T0, 4), num(&o, 63, 1);
    end(&o);
    decode_out(&g, &o);
    assert_true(says(&g, "\"sport\":\"sport_63\""));
    done(&g, &o);
}

static void compressed_timestamps_roll_over(void **s)
{
    static const unsigned step[] = {1, 3, 31, 30, 5};
    uint32_t t = T0, want[5];
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define_record(&o);
    record(&o, t, 90);
    define(&o, 2, 20, 1, 3, 1, U8);
    for (size_t i = 0; i < 5; i++) {
        want[i] = t += step[i];
        head(&o, (int)(0x80 | 2 << 5 | (t & 31))), num(&o, 100, 1);
    }
    end(&o);
    decode_out(&g, &o);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(col(&g, "record.heart_rate")->start_ms[i + 1], MS(want[i]));
    done(&g, &o);
}

static void compressed_speed_and_distance_accumulate(void **s)
{
    uint32_t far = 0;
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 1, 20, 2, 253, 4, U32, 8, 3, BYTES);
    for (unsigned i = 0; i < 6; i++) {
        far += 1000;
        head(&o, 1), num(&o, T0 + i, 4), num(&o, 345 | (far & 0xfff) << 12, 3);
    }
    head(&o, 1), num(&o, T0 + 9, 4), num(&o, 0xffffff, 3);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(col(&g, "record.distance")->n, 6);
    assert_true(col(&g, "record.distance")->value[5] == 6000 / 16.0);
    assert_true(col(&g, "record.speed")->value[0] == 3.45);
    done(&g, &o);
}

static void enhanced_fields_win_over_short_ones(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 1, 20, 5, 253, 4, U32, 2, 2, U16, 78, 4, U32, 6, 2, U16, 73, 4, U32);
    head(&o, 1), num(&o, T0, 4), num(&o, 2600, 2), num(&o, 2522, 4), num(&o, 0xffff, 2), num(&o, 70123, 4);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(col(&g, "record.altitude")->n, 1);
    assert_true(col(&g, "record.altitude")->value[0] == 4.4);
    assert_true(col(&g, "record.speed")->value[0] == 70.123);
    done(&g, &o);
}

static void developer_fields_become_columns_when_described_and_are_skipped_otherwise(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 2, 206, 5, 0, 1, U8, 1, 1, U8, 2, 1, U8, 3, 12, STR, 8, 6, STR);
    head(&o, 2), num(&o, 0, 1), num(&o, 8, 1), num(&o, U16, 1);
    sw_buf_put(&o.b, "Form Power\0\0Watts\0", 18);
    sw_buf_put(&o.b, "\x61\0\0\x14\0\x01\xfd\x04\x86\x03\x05\x03\0\x08\x02\0\x08\x02\x07", 19);
    head(&o, 1), num(&o, T0, 4), num(&o, 0, 3), num(&o, 55, 2), num(&o, 66, 2);
    define_record(&o);
    record(&o, T0 + 1, 88);
    end(&o);
    decode_out(&g, &o);
    assert_true(col(&g, "record.dev.form_power")->value[0] == 55);
    assert_string_equal(col(&g, "record.dev.form_power")->unit, "Watts");
    assert_true(col(&g, "record.heart_rate")->value[0] == 88);
    done(&g, &o);
}

static void heart_rate_zero_and_position_zero_are_no_readings(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 1, 20, 4, 253, 4, U32, 3, 1, U8, 0, 4, S32, 1, 4, S32);
    head(&o, 1), num(&o, T0, 4), num(&o, 0, 1), num(&o, 0, 4), num(&o, 0, 4);
    head(&o, 1), num(&o, T0, 4), num(&o, 0, 1), num(&o, 1u << 29, 4), num(&o, 0xc0000000, 4);
    end(&o);
    decode_out(&g, &o);
    assert_null(col(&g, "record.heart_rate"));
    assert_int_equal(col(&g, "record.latitude")->n, 1);
    assert_true(col(&g, "record.latitude")->value[0] == 45);
    assert_true(col(&g, "record.longitude")->value[0] == -90);
    done(&g, &o);
}

/* --- time --- */

static void a_time_since_power_on_is_rejected_but_still_summed_up(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define_record(&o);
    record(&o, 5000, 100), record(&o, 5001, 120);
    end(&o);
    decode_out(&g, &o);
    assert_null(col(&g, "record.heart_rate"));
    assert_int_equal(g.b.rejected, 2);
    assert_true(says(&g, "\"heart_rate\":{\"n\":2,\"mean\":110"));
    done(&g, &o);
}

static void local_time_gives_the_offset_of_all_samples(void **s)
{
    static const struct {
        int64_t local;
        int offset;
    } t[] = {{T0 + 7200, 120}, {T0 - 12600, -210}, {T0 + 20700, 345}, {T0 + 7195, 120},
             {T0 + 1234, SW_OFFSET_NONE}, {T0 + 500000, SW_OFFSET_NONE}, {0, SW_OFFSET_NONE}};
    (void)s;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct out o = fresh();
        struct got g;
        begin(&o, 14);
        file_id(&o, 4);
        define_record(&o);
        record(&o, T0 - 60, 100);
        define(&o, 2, 34, 2, 253, 4, U32, 5, 4, U32);
        head(&o, 2), num(&o, T0, 4), num(&o, (uint64_t)t[i].local, 4);
        end(&o);
        decode_out(&g, &o);
        assert_int_equal(col(&g, "record.heart_rate")->offset_min[0], t[i].offset);
        done(&g, &o);
    }
}

/* --- activities --- */

static void records_are_summed_up_per_session(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define_record(&o);
    for (unsigned i = 0; i < 10; i++) record(&o, T0 + i, i < 4 ? 100 : 150);
    define(&o, 2, 18, 3, 2, 4, U32, 7, 4, U32, 5, 1, 0);
    head(&o, 2), num(&o, T0, 4), num(&o, 4000, 4), num(&o, 5, 1);
    head(&o, 2), num(&o, T0 + 4, 4), num(&o, 6000, 4), num(&o, 2, 1);
    end(&o);
    decode_out(&g, &o);
    assert_true(says(&g, "\"session\":0,\"n\":4"));
    assert_true(says(&g, "\"session\":1,\"n\":6"));
    assert_true(says(&g, "\"heart_rate\":{\"n\":6,\"mean\":150"));
    done(&g, &o);
}

static void heart_rate_sent_after_a_swim_is_spread_over_its_records(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define(&o, 1, 20, 1, 253, 4, U32);
    for (unsigned i = 0; i < 4; i++) head(&o, 1), num(&o, T0 + i, 4);
    end(&o);
    begin(&o, 14);
    define(&o, 1, 132, 3, 253, 4, U32, 9, 4, U32, 6, 1, U8);
    head(&o, 1), num(&o, T0, 4), num(&o, 2048, 4), num(&o, 100, 1);
    define(&o, 2, 132, 2, 10, 3, BYTES, 6, 2, U8);
    head(&o, 2), num(&o, ((2048 + 1024) & 0xfff) | ((2048 + 2048) & 0xfff) << 12, 3), num(&o, 110 | 120 << 8, 2);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(g.b.n_origins, 1);
    assert_int_equal(col(&g, "record.heart_rate")->n, 4);
    assert_true(col(&g, "record.heart_rate")->value[1] == 100);
    assert_true(col(&g, "record.heart_rate")->value[2] == 110);
    assert_true(col(&g, "record.heart_rate")->value[3] == 120);
    done(&g, &o);
}

static void a_course_has_records_but_no_samples(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 6);
    define_record(&o);
    record(&o, T0, 100);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(g.b.rows, 0);
    assert_true(says(&g, "\"type\":\"course\""));
    done(&g, &o);
}

static void rr_intervals_follow_one_another(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 4);
    define_record(&o);
    record(&o, T0, 60);
    define(&o, 2, 78, 1, 0, 6, U16);
    head(&o, 2), num(&o, 1000, 2), num(&o, 900, 2), num(&o, 0xffff, 2);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(col(&g, "record.rr_interval")->n, 2);
    assert_int_equal(col(&g, "record.rr_interval")->start_ms[1], MS(T0) + 1000);
    assert_true(col(&g, "record.rr_interval")->value[1] == 900);
    done(&g, &o);
}

/* --- days and bodies --- */

static void steps_counted_through_the_day_become_amounts_that_do_not_overlap(void **s)
{
    struct out o = fresh();
    struct got g;
    const struct sw_column *c;
    double sum = 0;
    (void)s;
    begin(&o, 14);
    file_id(&o, 32);
    define(&o, 1, 103, 2, 253, 4, U32, 0, 4, U32);
    head(&o, 1), num(&o, T0, 4), num(&o, T0 / 86400 * 86400, 4);
    define(&o, 2, 55, 3, 253, 4, U32, 5, 1, 0, 3, 4, U32);
    head(&o, 2), num(&o, T0 + 60, 4), num(&o, 6, 1), num(&o, 100, 4);
    head(&o, 2), num(&o, T0 + 60, 4), num(&o, 1, 1), num(&o, 10, 4);
    head(&o, 2), num(&o, T0 + 120, 4), num(&o, 6, 1), num(&o, 150, 4);
    head(&o, 2), num(&o, T0 + 180, 4), num(&o, 6, 1), num(&o, 20, 4);
    end(&o);
    decode_out(&g, &o);
    c = col(&g, "monitoring.steps");
    assert_int_equal(c->n, 3);
    for (size_t i = 0; i < c->n; i++) {
        sum += c->value[i];
        if (i) assert_true(c->start_ms[i - 1] + c->dur_ms[i - 1] <= c->start_ms[i]);
    }
    assert_true(c->value[0] == 110 && sum == 180);
    done(&g, &o);
}

static void sixteen_bit_times_count_on_from_the_last_full_one(void **s)
{
    struct out o = fresh();
    struct got g;
    uint32_t t = T0;
    (void)s;
    begin(&o, 14);
    file_id(&o, 32);
    define(&o, 1, 55, 2, 253, 4, U32, 27, 1, U8);
    head(&o, 1), num(&o, t, 4), num(&o, 60, 1);
    define(&o, 2, 55, 2, 26, 2, U16, 27, 1, U8);
    for (int i = 0; i < 4; i++) t += 40000, head(&o, 2), num(&o, t & 0xffff, 2), num(&o, i ? 60 : 0, 1);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(col(&g, "monitoring.heart_rate")->n, 4);
    assert_int_equal(col(&g, "monitoring.heart_rate")->start_ms[3], MS(t));
    done(&g, &o);
}

static void a_sleep_level_holds_until_the_next_and_the_last_until_the_stop(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 49);
    define(&o, 1, 275, 2, 253, 4, U32, 0, 1, 0);
    head(&o, 1), num(&o, T0, 4), num(&o, 2, 1);
    head(&o, 1), num(&o, T0 + 60, 4), num(&o, 3, 1);
    define(&o, 2, 21, 3, 253, 4, U32, 0, 1, 0, 1, 1, 0);
    head(&o, 2), num(&o, T0 + 100, 4), num(&o, 74, 1), num(&o, 1, 1);
    end(&o);
    decode_out(&g, &o);
    assert_true(says(&g, "\"segments\":[[1631065600000,1631065660000,\"light\"],[1631065660000,1631065700000,\"deep\"]]"));
    done(&g, &o);
}

static void a_scale_with_two_users_gives_the_samples_of_the_first(void **s)
{
    struct out o = fresh();
    struct got g;
    (void)s;
    begin(&o, 14);
    file_id(&o, 9);
    define(&o, 1, 30, 3, 253, 4, U32, 0, 2, U16, 12, 2, U16);
    head(&o, 1), num(&o, T0, 4), num(&o, 7580, 2), num(&o, 0, 2);
    head(&o, 1), num(&o, T0 + 60, 4), num(&o, 5820, 2), num(&o, 1, 2);
    end(&o);
    decode_out(&g, &o);
    assert_int_equal(col(&g, "weight.weight")->n, 1);
    assert_true(col(&g, "weight.weight")->value[0] == 75.8);
    assert_int_equal(g.b.rejected, 1);
    done(&g, &o);
}

/* --- real files --- */

static bool read_whole(const char *path, struct sw_buf *b)
{
    FILE *f = fopen(path, "rb");
    uint8_t chunk[65536];
    size_t n;
    if (!f) return false;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0) sw_buf_put(b, chunk, n);
    fclose(f);
    return true;
}

static void same_in_slices(const char *path)
{
    struct sw_buf b;
    struct got whole, cut;
    sw_buf_init(&b, 16 << 20);
    assert_true(read_whole(path, &b));
    decode(&whole, b.data, b.len, 1 << 20);
    decode(&cut, b.data, b.len, 997);
    assert_int_equal(whole.rc, cut.rc);
    assert_int_equal(whole.b.rows, cut.b.rows);
    assert_string_equal(sw_buf_str(&whole.b.messages), sw_buf_str(&cut.b.messages));
    done(&whole, NULL);
    done(&cut, NULL);
    sw_buf_clear(&b);
}

static void real_files_decode_alike_in_any_slicing(void **s)
{
    const char *shared = getenv("SW_SHARED");
    char path[1024];
    DIR *dir;
    struct dirent *e;
    (void)s;
    snprintf(path, sizeof path, "%s/samples/fit", shared ? shared : "../shared");
    dir = opendir(path);
    if (!dir) {
        print_message("skipped: no sample files at %s\n", path);
        skip();
    }
    while ((e = readdir(dir))) {
        size_t n = strlen(e->d_name);
        if (n < 4 || strcasecmp(e->d_name + n - 4, ".fit")) continue;
        snprintf(path, sizeof path, "%s/samples/fit/%.200s", shared ? shared : "../shared", e->d_name);
        same_in_slices(path);
    }
    closedir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_of_12_and_14_bytes_are_read),
        cmocka_unit_test(any_slicing_gives_the_same_result),
        cmocka_unit_test(a_wrong_checksum_is_a_note_and_the_data_is_kept),
        cmocka_unit_test(a_cut_file_keeps_what_precedes_the_cut),
        cmocka_unit_test(a_foreign_file_is_refused_in_one_sentence),
        cmocka_unit_test(a_file_that_was_never_closed_is_read_to_its_end),
        cmocka_unit_test(chained_files_start_without_definitions),
        cmocka_unit_test(byte_order_is_swapped_by_type_and_may_change_between_definitions),
        cmocka_unit_test(an_invalid_value_is_absent_for_each_type),
        cmocka_unit_test(a_field_of_odd_size_is_skipped_and_the_rest_stays_aligned),
        cmocka_unit_test(a_string_without_its_zero_is_cut_at_its_size),
        cmocka_unit_test(an_unknown_sport_keeps_its_number),
        cmocka_unit_test(compressed_timestamps_roll_over),
        cmocka_unit_test(compressed_speed_and_distance_accumulate),
        cmocka_unit_test(enhanced_fields_win_over_short_ones),
        cmocka_unit_test(developer_fields_become_columns_when_described_and_are_skipped_otherwise),
        cmocka_unit_test(heart_rate_zero_and_position_zero_are_no_readings),
        cmocka_unit_test(a_time_since_power_on_is_rejected_but_still_summed_up),
        cmocka_unit_test(local_time_gives_the_offset_of_all_samples),
        cmocka_unit_test(records_are_summed_up_per_session),
        cmocka_unit_test(heart_rate_sent_after_a_swim_is_spread_over_its_records),
        cmocka_unit_test(a_course_has_records_but_no_samples),
        cmocka_unit_test(rr_intervals_follow_one_another),
        cmocka_unit_test(steps_counted_through_the_day_become_amounts_that_do_not_overlap),
        cmocka_unit_test(sixteen_bit_times_count_on_from_the_last_full_one),
        cmocka_unit_test(a_sleep_level_holds_until_the_next_and_the_last_until_the_stop),
        cmocka_unit_test(a_scale_with_two_users_gives_the_samples_of_the_first),
        cmocka_unit_test(real_files_decode_alike_in_any_slicing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
