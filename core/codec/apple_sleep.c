/* SPDX-License-Identifier: MIT
 * A night is a run of samples of one origin without a gap of more than an hour. In-bed
 * samples and stages overlap by design and both stay: adding them up is a question of
 * meaning, answered in Lua. Samples are sorted once, at the end; nothing is merged across
 * origins. */
#include "codec/apple_sleep.h"
#include "base/alloc.h"
#include "base/json.h"
#include "codec/text.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_SEGMENTS = 2000000 };
#define NIGHT_GAP_MS ((int64_t)60 * 60000)

static const char *const stage_names[SW_N_STAGES] = {"in_bed", "asleep", "core",
                                                     "deep",   "rem",    "awake"};

int sw_apple_stage_of(const char *value, size_t n)
{
    static const struct {
        const char *tail;
        int stage;
    } known[] = {
        {"InBed", SW_IN_BED},    {"Asleep", SW_ASLEEP},   {"AsleepUnspecified", SW_ASLEEP},
        {"AsleepCore", SW_CORE}, {"AsleepDeep", SW_DEEP}, {"AsleepREM", SW_REM},
        {"Awake", SW_AWAKE}};
    static const char head[] = "HKCategoryValueSleepAnalysis";
    if (n < sizeof head - 1 || memcmp(value, head, sizeof head - 1)) return -1;
    value += sizeof head - 1;
    n -= sizeof head - 1;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].tail) == n && !memcmp(known[i].tail, value, n))
            return known[i].stage;
    return -1;
}

void sw_apple_sleep_add(struct sw_apple_sleep *s, const struct sw_apple_segment *seg)
{
    if (s->n == MAX_SEGMENTS) {
        s->dropped++;
        return;
    }
    sw_grow((void **)&s->seg, &s->cap, s->n + 1, sizeof *s->seg);
    s->seg[s->n++] = *seg;
}

#define CMP(a, b) (((a) > (b)) - ((a) < (b)))

static int by_origin_and_time(const void *va, const void *vb)
{
    const struct sw_apple_segment *a = va, *b = vb;
    int c = CMP(a->origin, b->origin);
    if (!c) c = CMP(a->start_ms, b->start_ms);
    if (!c) c = CMP(a->finish_ms, b->finish_ms);
    return c ? c : CMP(a->stage, b->stage);
}

static void unique(struct sw_apple_sleep *s)
{
    size_t to = 0;
    for (size_t i = 0; i < s->n; i++)
        if (!i || by_origin_and_time(&s->seg[i], &s->seg[to - 1])) s->seg[to++] = s->seg[i];
    s->n = to;
}

static void emit_night(const struct sw_apple_segment *seg, size_t n, struct sw_batch *out)
{
    struct sw_buf *b = sw_batch_message(out, "sleep");
    const struct sw_apple_segment *last = seg;
    for (size_t i = 1; i < n; i++)
        if (seg[i].finish_ms > last->finish_ms) last = &seg[i];
    sw_text_put_int(b, "origin", seg->origin);
    if ((size_t)seg->origin < out->n_origins)
        sw_text_put_str(b, "source", out->origins[seg->origin].name);
    sw_text_put_int(b, "start_ms", seg->start_ms);
    sw_text_put_int(b, "finish_ms", last->finish_ms);
    sw_text_put_offset(b, "offset_start", seg->offset_start);
    sw_text_put_offset(b, "offset_finish", last->offset_finish);
    if (seg->offset_start == SW_OFFSET_NONE) sw_text_put_str(b, "zone", "unknown");
    sw_buf_puts(b, ",\"segments\":[");
    for (size_t i = 0; i < n; i++) {
        sw_buf_puts(b, i ? ",[" : "[");
        sw_json_int(b, seg[i].start_ms);
        sw_buf_byte(b, ',');
        sw_json_int(b, seg[i].finish_ms);
        sw_buf_printf(b, ",\"%s\"]", stage_names[seg[i].stage]);
    }
    sw_buf_byte(b, ']');
    sw_batch_message_end(out);
}

void sw_apple_sleep_emit(struct sw_apple_sleep *s, struct sw_batch *out)
{
    size_t from = 0;
    int64_t until = 0;
    if (s->n) qsort(s->seg, s->n, sizeof *s->seg, by_origin_and_time);
    unique(s);
    for (size_t i = 0; s->n && i <= s->n; i++) {
        const struct sw_apple_segment *g = &s->seg[i];
        if (i > from && (i == s->n || g->origin != g[-1].origin ||
                         g->start_ms - until > NIGHT_GAP_MS)) {
            emit_night(s->seg + from, i - from, out);
            from = i;
        }
        if (i < s->n && (i == from || g->finish_ms > until)) until = g->finish_ms;
    }
    if (s->dropped)
        sw_batch_note(out, "%zu sleep samples beyond %d are left out", s->dropped,
                      MAX_SEGMENTS);
    s->n = s->dropped = 0;
}

void sw_apple_sleep_clear(struct sw_apple_sleep *s)
{
    sw_free(s->seg);
    *s = (struct sw_apple_sleep){0};
}
