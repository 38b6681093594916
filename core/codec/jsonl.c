/* SPDX-License-Identifier: MIT
 * Our own export, JSON lines: {"line":"syncwell","version":1,...} first, then one of a kind a line:
 *   {"line":"origin","id","provider","name","maker","model","class","ident"}
 *   {"line":"samples","metric","unit","origin","at":[[ISO time, duration ms, value] ...]}
 *   anything else (record, day_total ...): a message {"message":LINE,"origin":INDEX,"data":the line}
 * Samples go to the column "metric:provider", since providers are not the batch's. A line is read when it
 * is whole; one that is damaged or longer than 16 MiB costs that line and is told of. What the words mean
 * is lua/import/syncwell.lua's, which export and import share: never this file's. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/jtape.h"
#include "base/tz.h"
#include "codec/decode.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define LINE_MOST ((size_t)16 << 20)
enum { NODES_MOST = 1 << 20, ORIGINS_MOST = 4096, NEWEST = 1, NAME_MOST = 64 };

struct jsonl {
    struct sw_buf line;    /* the beginning of a line whose end is yet to come */
    struct sw_jtape tape;  /* the line being read */
    struct sw_map origins; /* id in the file -> index into the batch's origins */
    char **provider;       /* by the same numbers as `place` */
    int *place;
    size_t n, cap, cap_place;
    size_t lines, damaged;
    bool began, too_long;
    struct sw_batch *out;
};

static void text_at(const struct jsonl *x, uint32_t obj, const char *key, struct sw_buf *to)
{
    uint32_t i = sw_jtape_get(&x->tape, obj, key);
    sw_buf_reset(to);
    if (i) sw_jtape_str(&x->tape, i, to);
}

static char *take(const struct jsonl *x, const char *key)
{
    struct sw_buf b;
    char *text;
    sw_buf_init(&b, 4096);
    text_at(x, 0, key, &b);
    text = sw_strdup(sw_buf_str(&b));
    sw_buf_clear(&b);
    return text;
}

static void damaged(struct jsonl *x, const char *what)
{
    if (x->damaged++ < 5) sw_batch_note(x->out, "line %zu: %s", x->lines, what);
    sw_batch_reject(x->out, what);
}

static void read_origin(struct jsonl *x)
{
    static const char *const key[] = {"name", "maker", "model", "class", "ident"};
    char *id, *text[5];
    struct sw_origin_desc d;
    if (x->n == ORIGINS_MOST) {
        damaged(x, "more than 4096 origins");
        return;
    }
    id = take(x, "id");
    for (int i = 0; i < 5; i++) text[i] = take(x, key[i]);
    d = (struct sw_origin_desc){text[0], text[1], text[2], text[3], text[4]};
    sw_grow((void **)&x->provider, &x->cap, x->n + 1, sizeof *x->provider);
    sw_grow((void **)&x->place, &x->cap_place, x->n + 1, sizeof *x->place);
    x->provider[x->n] = take(x, "provider");
    x->place[x->n] = sw_batch_origin(x->out, &d);
    sw_map_set(&x->origins, id, strlen(id), (intptr_t)x->n++);
    for (int i = 0; i < 5; i++) sw_free(text[i]);
    sw_free(id);
}

/* Number of the origin a line names, -1 when it names none that came before it. */
static int64_t origin_of(const struct jsonl *x)
{
    char *id = take(x, "origin");
    intptr_t at = -1;
    if (!sw_map_get(&x->origins, id, strlen(id), &at)) at = -1;
    sw_free(id);
    return at;
}

static bool read_sample(const struct jsonl *x, uint32_t row, int64_t *start_ms, int64_t *dur_ms,
                        double *value, int *offset)
{
    const struct sw_jnode *n = &x->tape.node[row];
    char time[48];
    if (n->kind != SW_JARR || n->len != 3) return false;
    n = &x->tape.node[row + 1]; /* three scalars follow one another */
    if (n->kind != SW_JSTR || n->len >= sizeof time) return false;
    memcpy(time, x->tape.text + n->at, n->len);
    time[n->len] = 0;
    if (sw_iso_parse(time, n->len, start_ms, offset) != n->len || *offset == INT16_MIN) return false;
    return sw_jtape_int(&x->tape, row + 2, dur_ms) && sw_jtape_num(&x->tape, row + 3, value);
}

static void read_samples(struct jsonl *x)
{
    int64_t k = origin_of(x), start_ms, dur_ms;
    uint32_t list = sw_jtape_get(&x->tape, 0, "at"), row;
    char *metric = take(x, "metric"), *unit = take(x, "unit"), column[2 * NAME_MOST + 4];
    size_t bad = 0;
    double value;
    int offset;
    if (k < 0 || !list || x->tape.node[list].kind != SW_JARR || strlen(metric) > NAME_MOST ||
        strlen(x->provider[k]) > NAME_MOST) {
        damaged(x, "samples without a metric, or of an origin that was not named before");
        goto out;
    }
    snprintf(column, sizeof column, "%s:%s", metric, x->provider[k]);
    row = list + 1;
    for (uint32_t i = 0; i < x->tape.node[list].len; i++, row = x->tape.node[row].next) {
        if (read_sample(x, row, &start_ms, &dur_ms, &value, &offset))
            sw_batch_add(x->out, column, unit, x->place[k], start_ms, dur_ms, value, (int16_t)offset);
        else bad++;
    }
    if (bad) damaged(x, "samples that are not [time, duration, value]");
out:
    sw_free(metric);
    sw_free(unit);
}

static void pass_on(struct jsonl *x, const char *kind, const char *line, size_t n)
{
    struct sw_buf *b = sw_batch_message(x->out, kind);
    int64_t k = origin_of(x);
    if (k >= 0) sw_json_key(b, "origin"), sw_json_int(b, x->place[k]);
    if (k >= 0) sw_json_key(b, "provider"), sw_json_str(b, x->provider[k], strlen(x->provider[k]));
    sw_json_key(b, "data");
    sw_buf_put(b, line, n);
    sw_batch_message_end(x->out);
}

static int begin(struct jsonl *x, const char *kind, struct sw_err *err)
{
    int64_t version = 0;
    uint32_t i = sw_jtape_get(&x->tape, 0, "version");
    if (strcmp(kind, "syncwell") || !i || !sw_jtape_int(&x->tape, i, &version))
        return sw_fail(err, SW_E_BAD, "not an export of SyncWell: its first line does not say so");
    if (version > NEWEST)
        return sw_fail(err, SW_E_BAD,
                       "this export was written by a newer SyncWell (format %lld): use that or a newer one",
                       (long long)version);
    x->began = true;
    return 0;
}

/* One whole line, without its end. */
static int read_line(struct jsonl *x, const char *line, size_t n, struct sw_err *err)
{
    char *kind;
    int rc = 0;
    x->lines++;
    while (n && (line[n - 1] == '\r' || line[n - 1] == ' ')) n--;
    if (!n) return 0;
    x->tape.max = NODES_MOST;
    if (sw_jtape_parse(&x->tape, line, n, NULL) || x->tape.node[0].kind != SW_JOBJ) {
        if (!x->began) return begin(x, "", err);
        damaged(x, "a line that is damaged");
        return 0;
    }
    kind = take(x, "line");
    if (!x->began) rc = begin(x, kind, err);
    if (!rc && !strcmp(kind, "origin")) read_origin(x);
    else if (!rc && !strcmp(kind, "samples")) read_samples(x);
    else if (!rc) pass_on(x, kind, line, n);
    sw_free(kind);
    return rc;
}

static int end_line(struct jsonl *x, struct sw_err *err)
{
    int rc = 0;
    if (x->too_long) {
        x->lines++;
        damaged(x, "a line that is longer than 16 MiB");
    } else {
        rc = read_line(x, sw_buf_str(&x->line), x->line.len, err);
    }
    x->too_long = false;
    sw_buf_reset(&x->line);
    return rc;
}

static void keep(struct jsonl *x, const char *p, size_t n)
{
    if (x->line.len + n > LINE_MOST) x->too_long = true;
    if (!x->too_long) sw_buf_put(&x->line, p, n);
}

static int jsonl_feed(void *d, const uint8_t *bytes, size_t n, struct sw_batch *out,
                      struct sw_err *err)
{
    struct jsonl *x = d;
    const char *p = (const char *)bytes, *end = p + n, *nl;
    int rc = 0;
    x->out = out;
    for (; !rc && (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1) {
        if (!x->line.len && !x->too_long && (size_t)(nl - p) <= LINE_MOST) {
            rc = read_line(x, p, (size_t)(nl - p), err);
        } else {
            keep(x, p, (size_t)(nl - p));
            rc = end_line(x, err);
        }
    }
    if (!rc) keep(x, p, (size_t)(end - p));
    return rc;
}

static int jsonl_finish(void *d, struct sw_batch *out, struct sw_err *err)
{
    struct jsonl *x = d;
    int rc = 0;
    x->out = out;
    if (x->line.len || x->too_long) rc = end_line(x, err);
    if (!rc && !x->began) return begin(x, "", err);
    return rc;
}

static void *jsonl_open(void)
{
    struct jsonl *x = sw_zalloc(sizeof *x);
    sw_buf_init(&x->line, LINE_MOST);
    sw_jtape_init(&x->tape);
    return x;
}

static void jsonl_close(void *d)
{
    struct jsonl *x = d;
    for (size_t i = 0; i < x->n; i++) sw_free(x->provider[i]);
    sw_free(x->provider);
    sw_free(x->place);
    sw_map_clear(&x->origins);
    sw_jtape_clear(&x->tape);
    sw_buf_clear(&x->line);
    sw_free(x);
}

const struct sw_decoder sw_decoder_syncwell = {"syncwell", jsonl_open, jsonl_feed, jsonl_finish,
                                               jsonl_close, NULL, NULL};
