/* SPDX-License-Identifier: MIT */
/* sw-decode FORMAT FILE [SLICE_BYTES]: a developer's view into a file decoder. Feeds the
 * file in slices (default 1 MiB) and prints JSON lines: the messages as they come, one line
 * per column with its statistics, the notes, the rejects. Exit 1 when the decoder refuses
 * the file. It stores nothing and maps nothing. */
#include "base/alloc.h"
#include "base/json.h"
#include "codec/decode.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stat_row { /* one column over all slices; columns keep their index in a batch */
    size_t n;
    double sum, min, max;
    int64_t first_ms, last_ms;
};

struct tool {
    struct sw_batch batch;
    struct stat_row *row;
    size_t cap, known;
};

static void add_column(struct stat_row *r, const struct sw_column *c)
{
    for (size_t i = 0; i < c->n; i++) {
        if (!r->n++) *r = (struct stat_row){1, 0, INFINITY, -INFINITY, c->start_ms[i], 0};
        r->sum += c->value[i];
        if (c->value[i] < r->min) r->min = c->value[i];
        if (c->value[i] > r->max) r->max = c->value[i];
        r->last_ms = c->start_ms[i];
    }
}

static void take(struct tool *t)
{
    if (t->batch.messages.len)
        fwrite(t->batch.messages.data, 1, t->batch.messages.len, stdout);
    sw_grow((void **)&t->row, &t->cap, t->batch.n_col, sizeof *t->row);
    for (; t->known < t->batch.n_col; t->known++) t->row[t->known] = (struct stat_row){0};
    for (size_t i = 0; i < t->batch.n_col; i++) add_column(&t->row[i], &t->batch.col[i]);
    sw_batch_reset(&t->batch);
}

static void text(struct sw_buf *b, const char *key, const char *s)
{
    sw_json_key(b, key);
    sw_json_str(b, s, strlen(s));
}

static void column_line(struct sw_buf *b, const struct sw_column *c,
                        const struct sw_origin_desc *o, const struct stat_row *r)
{
    sw_buf_byte(b, '{');
    text(b, "column", c->type);
    text(b, "unit", c->unit);
    sw_json_key(b, "origin");
    sw_buf_byte(b, '{');
    text(b, "name", o->name);
    text(b, "maker", o->maker);
    text(b, "model", o->model);
    text(b, "kind", o->kind);
    text(b, "ident", o->ident);
    sw_buf_byte(b, '}');
    sw_json_key(b, "n"), sw_json_int(b, (int64_t)r->n);
    sw_json_key(b, "mean"), sw_json_num(b, r->sum / (double)r->n);
    sw_json_key(b, "min"), sw_json_num(b, r->min);
    sw_json_key(b, "max"), sw_json_num(b, r->max);
    sw_json_key(b, "sum"), sw_json_num(b, r->sum);
    sw_json_key(b, "first_ms"), sw_json_int(b, r->first_ms);
    sw_json_key(b, "last_ms"), sw_json_int(b, r->last_ms);
    sw_buf_puts(b, "}\n");
}

static void note_lines(struct sw_buf *b, char *notes)
{
    char *save = NULL;
    for (char *s = notes ? strtok_r(notes, "\n", &save) : NULL; s;
         s = strtok_r(NULL, "\n", &save)) {
        sw_buf_byte(b, '{');
        text(b, "note", s);
        sw_buf_puts(b, "}\n");
    }
}

static void reject_lines(struct sw_buf *b, const struct sw_map *m)
{
    for (size_t i = 0; i < m->cap; i++) {
        if (!m->slot[i].key) continue;
        sw_buf_byte(b, '{');
        text(b, "reject", m->slot[i].key);
        sw_json_key(b, "n"), sw_json_int(b, (int64_t)m->slot[i].value);
        sw_buf_puts(b, "}\n");
    }
}

static void report(struct tool *t, int rc, const struct sw_err *err)
{
    struct sw_buf b;
    sw_buf_init(&b, (size_t)64 << 20);
    for (size_t i = 0; i < t->batch.n_col; i++)
        if (t->row[i].n)
            column_line(&b, &t->batch.col[i], &t->batch.origins[t->batch.col[i].origin],
                        &t->row[i]);
    note_lines(&b, (char *)t->batch.notes.data);
    reject_lines(&b, &t->batch.reasons);
    if (rc < 0) {
        sw_buf_byte(&b, '{');
        text(&b, "error", err->text);
        sw_buf_puts(&b, "}\n");
    }
    if (b.len) fwrite(b.data, 1, b.len, stdout);
    sw_buf_clear(&b);
}

static int run(struct tool *t, const struct sw_decoder *dec, FILE *in, size_t slice,
               struct sw_err *err)
{
    uint8_t *buf = sw_alloc(slice);
    void *d = dec->open();
    size_t n;
    int rc = 0;
    while (rc >= 0 && (n = fread(buf, 1, slice, in)) > 0) {
        rc = dec->feed(d, buf, n, &t->batch, err);
        take(t);
    }
    if (rc >= 0) rc = dec->finish(d, &t->batch, err);
    take(t);
    dec->close(d);
    sw_free(buf);
    return rc;
}

int main(int argc, char **argv)
{
    struct tool t = {.row = NULL};
    struct sw_err err = SW_ERR_INIT;
    const struct sw_decoder *dec = argc > 2 ? sw_decoder_get(argv[1]) : NULL;
    long slice = argc > 3 ? atol(argv[3]) : 1 << 20;
    FILE *in;
    int rc;
    if (!dec || slice < 1 || slice > 1 << 20) {
        fprintf(stderr, "usage: sw-decode FORMAT FILE [SLICE_BYTES up to 1 MiB]\n");
        return 2;
    }
    in = fopen(argv[2], "rb");
    if (!in) {
        fprintf(stderr, "sw-decode: %s: %s\n", argv[2], strerror(errno));
        return 1;
    }
    sw_batch_init(&t.batch);
    rc = run(&t, dec, in, (size_t)slice, &err);
    report(&t, rc, &err);
    fclose(in);
    sw_batch_clear(&t.batch);
    sw_free(t.row);
    return rc < 0;
}
