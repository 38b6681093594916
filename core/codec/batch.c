/* SPDX-License-Identifier: MIT */
#include "codec/batch.h"
#include "base/alloc.h"
#include "base/json.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_ORIGINS = 4096, MAX_TEXT = 200, MAX_REASONS = 200 };
#define MAX_MESSAGES ((size_t)64 << 20)
#define MAX_NOTES    ((size_t)64 << 10)

void sw_batch_init(struct sw_batch *b)
{
    *b = (struct sw_batch){.last_col = -1};
    sw_buf_init(&b->messages, MAX_MESSAGES);
    sw_buf_init(&b->notes, MAX_NOTES);
    sw_map_init(&b->by_key);
    sw_map_init(&b->by_origin);
    sw_map_init(&b->reasons);
}

static void free_columns(struct sw_batch *b)
{
    for (size_t i = 0; i < b->n_col; i++) {
        struct sw_column *c = &b->col[i];
        sw_free(c->type);
        sw_free(c->unit);
        sw_free(c->start_ms);
        sw_free(c->dur_ms);
        sw_free(c->value);
        sw_free(c->offset_min);
    }
    sw_free(b->col);
}

void sw_batch_clear(struct sw_batch *b)
{
    free_columns(b);
    for (size_t i = 0; i < b->n_origins; i++) {
        struct sw_origin_desc *o = &b->origins[i];
        sw_free(o->name);
        sw_free(o->maker);
        sw_free(o->model);
        sw_free(o->kind);
        sw_free(o->ident);
    }
    sw_free(b->origins);
    sw_map_clear(&b->by_key);
    sw_map_clear(&b->by_origin);
    sw_map_clear(&b->reasons);
    sw_buf_clear(&b->messages);
    sw_buf_clear(&b->notes);
    sw_free(b->zone);
    sw_batch_init(b);
}

void sw_batch_reset(struct sw_batch *b)
{
    for (size_t i = 0; i < b->n_col; i++) b->col[i].n = 0;
    b->rows = 0;
    sw_buf_reset(&b->messages);
    b->n_messages = 0;
}

static char *clean(const char *s)
{
    size_t n = s ? strlen(s) : 0;
    if (n > MAX_TEXT) n = MAX_TEXT;
    n = n ? sw_utf8_valid(s, n) : 0;
    return sw_strndup(s ? s : "", n);
}

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

int sw_batch_origin(struct sw_batch *b, const struct sw_origin_desc *o)
{
    char key[1200];
    intptr_t at;
    int n = snprintf(key, sizeof key, "%.200s%c%.200s%c%.200s%c%.200s%c%.200s", or_empty(o->name),
                     1, or_empty(o->maker), 1, or_empty(o->model), 1, or_empty(o->kind), 1,
                     or_empty(o->ident));
    if (sw_map_get(&b->by_origin, key, (size_t)n, &at)) return (int)at;
    if (b->n_origins == MAX_ORIGINS) return 0;
    sw_grow((void **)&b->origins, &b->cap_origins, b->n_origins + 1, sizeof *b->origins);
    b->origins[b->n_origins] = (struct sw_origin_desc){
        clean(o->name), clean(o->maker), clean(o->model), clean(o->kind), clean(o->ident)};
    sw_map_set(&b->by_origin, key, (size_t)n, (intptr_t)b->n_origins);
    return (int)b->n_origins++;
}

int sw_batch_column(struct sw_batch *b, const char *type, const char *unit, int origin)
{
    char key[600];
    intptr_t at;
    int n;
    if (b->last_col >= 0) {
        struct sw_column *c = &b->col[b->last_col];
        if (c->origin == origin && !strcmp(c->type, type) && !strcmp(c->unit, unit))
            return b->last_col;
    }
    n = snprintf(key, sizeof key, "%.300s%c%.200s%c%d", type, 1, unit, 1, origin);
    if (!sw_map_get(&b->by_key, key, (size_t)n, &at)) {
        sw_grow((void **)&b->col, &b->cap_col, b->n_col + 1, sizeof *b->col);
        b->col[b->n_col] = (struct sw_column){clean(type), clean(unit), origin, 0, 0, 0, 0, 0, 0};
        at = (intptr_t)b->n_col++;
        sw_map_set(&b->by_key, key, (size_t)n, at);
    }
    b->last_col = (int)at;
    return (int)at;
}

static void widen(struct sw_column *c, size_t cap)
{
    c->start_ms = sw_realloc(c->start_ms, cap * sizeof *c->start_ms);
    c->dur_ms = sw_realloc(c->dur_ms, cap * sizeof *c->dur_ms);
    c->value = sw_realloc(c->value, cap * sizeof *c->value);
    c->offset_min = sw_realloc(c->offset_min, cap * sizeof *c->offset_min);
    c->cap = cap;
}

void sw_batch_room(struct sw_batch *b, int column, size_t n)
{
    struct sw_column *c = &b->col[column];
    if (c->n + n > c->cap) widen(c, c->n + n);
}

void sw_batch_push(struct sw_batch *b, int column, int64_t start_ms, int64_t dur_ms, double value,
                   int16_t offset_min)
{
    struct sw_column *c = &b->col[column];
    if (!isfinite(value)) {
        sw_batch_reject(b, "value is not a number");
        return;
    }
    if (c->n == c->cap) widen(c, c->cap ? c->cap * 2 : 64);
    c->start_ms[c->n] = start_ms;
    c->dur_ms[c->n] = dur_ms;
    c->value[c->n] = value;
    c->offset_min[c->n] = offset_min;
    c->n++;
    b->rows++;
}

void sw_batch_add(struct sw_batch *b, const char *type, const char *unit, int origin,
                  int64_t start_ms, int64_t dur_ms, double value, int16_t offset_min)
{
    if (!isfinite(value)) sw_batch_reject(b, "value is not a number");
    else
        sw_batch_push(b, sw_batch_column(b, type, unit, origin), start_ms, dur_ms, value, offset_min);
}

struct sw_buf *sw_batch_message(struct sw_batch *b, const char *name)
{
    sw_buf_puts(&b->messages, "{\"message\":");
    sw_json_str(&b->messages, name, strlen(name));
    return &b->messages;
}

void sw_batch_message_end(struct sw_batch *b)
{
    sw_buf_puts(&b->messages, "}\n");
    b->n_messages++;
}

void sw_batch_reject(struct sw_batch *b, const char *reason)
{
    intptr_t n = 0;
    b->rejected++;
    if (!sw_map_get(&b->reasons, reason, strlen(reason), &n) && b->reasons.n >= MAX_REASONS) return;
    sw_map_set(&b->reasons, reason, strlen(reason), n + 1);
}

void sw_batch_note(struct sw_batch *b, const char *fmt, ...)
{
    char t[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t, sizeof t, fmt, ap);
    va_end(ap);
    if (b->notes.len + strlen(t) + 2 > b->notes.max) return;
    sw_buf_puts(&b->notes, t);
    sw_buf_byte(&b->notes, '\n');
}
