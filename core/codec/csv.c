/* SPDX-License-Identifier: MIT
 * Tables as text (RFC 4180) with the damage they have in the wild: a byte order mark, ';' or tab
 * between cells, any line ends, breaks and doubled quotes inside quotes, cells missing or in excess.
 * A machine over bytes gathers one row and hands it to the plan (codec/rows.h), so a file of any
 * length needs the memory of its longest row. Without a plan rows are counted only. It does not
 * guess what columns mean. UTF-16 is read, and a cell that is no UTF-8 as Windows-1252. */
#include "base/alloc.h"
#include "base/json.h"
#include "codec/charset.h"
#include "codec/decode.h"
#include "codec/rows.h"
#include <string.h>

enum { MAX_ROW = 1 << 20, MAX_WIDE = 2 << 20, MAX_CELLS = 2000, HEAD_ROWS = 12, HEAD_CELL = 200 };

enum state { AT_CELL, PLAIN, QUOTED, QUOTE, SKIPPED };

struct csv {
    struct sw_rows_plan *plan;
    enum state state;
    char delimiter;
    struct sw_charset charset;
    struct sw_buf wide; /* a slice that had to be converted */
    bool began, after_cr;
    int marked;         /* bytes of a byte order mark seen; 3: past it */
    int64_t line, rows; /* number of the row being read, from 1, empty ones left out; handed over */
    struct sw_buf text; /* the cells of a row, one after another */
    size_t end[MAX_CELLS];
    size_t n; /* cells that are complete */
    struct sw_cell *cell;
};

static void *csv_open(void)
{
    struct csv *d = sw_zalloc(sizeof *d);
    sw_buf_init(&d->text, 3 * MAX_ROW + 1); /* a row of Windows-1252 may grow */
    sw_buf_init(&d->wide, MAX_WIDE);
    d->cell = sw_zalloc(SW_ROWS_MAX_FIELDS * sizeof *d->cell);
    d->line = 1;
    return d;
}

static void csv_close(void *state)
{
    struct csv *d = state;
    sw_rows_close(d->plan);
    sw_buf_clear(&d->text);
    sw_buf_clear(&d->wide);
    sw_free(d->cell);
    sw_free(d);
}

static int csv_plan(void *state, const char *json, size_t n, struct sw_err *err)
{
    struct csv *d = state;
    struct sw_rows_plan *p;
    int rc = sw_rows_open(json, n, &p, err);
    if (rc) return rc;
    sw_rows_close(d->plan);
    d->plan = p;
    if (p->delimiter) d->delimiter = p->delimiter;
    return 0;
}

/* --- rows --- */

/* The cell that ends is no UTF-8: an old spreadsheet wrote it. */
static void convert_cell(struct csv *d, size_t from)
{
    struct sw_buf as;
    sw_buf_init(&as, 3 * MAX_ROW);
    sw_charset_windows(sw_buf_str(&d->text) + from, d->text.len - from, &as);
    d->text.len = from;
    sw_buf_put(&d->text, as.data, as.len);
    sw_buf_clear(&as);
}

static bool is_ascii(const char *s, size_t n)
{
    unsigned char any = 0;
    for (size_t i = 0; i < n; i++) any |= (unsigned char)s[i];
    return any < 0x80;
}

static void cell_end(struct csv *d)
{
    size_t from = d->n ? d->end[d->n - 1] : 0, n = d->text.len - from;
    const char *s = sw_buf_str(&d->text) + from;
    d->state = AT_CELL;
    if (d->n >= MAX_CELLS) return;
    if (!is_ascii(s, n) && sw_utf8_valid(s, n) < n) convert_cell(d, from);
    d->end[d->n++] = d->text.len;
}

static struct sw_cell cell_at(const struct csv *d, int at)
{
    size_t from;
    if (at < 0 || (size_t)at >= d->n) return (struct sw_cell){0};
    from = at ? d->end[at - 1] : 0;
    return (struct sw_cell){sw_buf_str(&d->text) + from, d->end[at] - from};
}

static void put_row(struct csv *d, struct sw_batch *out)
{
    for (size_t k = 0; d->plan && k < d->plan->n_table; k++) {
        struct sw_rows_table *t = &d->plan->table[k];
        for (size_t i = 0; i < t->n_field; i++) d->cell[i] = cell_at(d, t->field[i].at);
        sw_rows_put(t, d->cell, (struct sw_cell){0}, out);
    }
    d->rows++;
}

static void row_end(struct csv *d, struct sw_batch *out)
{
    bool blank = d->state == AT_CELL && !d->n;
    if (d->state == SKIPPED) sw_batch_reject(out, "a row longer than 1 MiB");
    else if (!blank) {
        cell_end(d);
        if (!d->plan || d->line > d->plan->skip) put_row(d, out);
    }
    sw_buf_reset(&d->text);
    d->n = 0;
    d->state = AT_CELL;
    if (!blank) d->line++;
}

static void keep(struct csv *d, char c)
{
    if (d->text.len >= MAX_ROW) d->state = SKIPPED;
    else sw_buf_byte(&d->text, (uint8_t)c);
}

static void byte(struct csv *d, char c, struct sw_batch *out)
{
    bool after_cr = d->after_cr;
    d->after_cr = c == '\r';
    if (d->state == QUOTED) {
        if (c == '"') d->state = QUOTE;
        else keep(d, c);
        return;
    }
    if (c == '\n' && after_cr) return;
    if (d->state == QUOTE && c == '"') {
        d->state = QUOTED;
        keep(d, c);
    } else if (c == '\n' || c == '\r') {
        row_end(d, out);
    } else if (d->state == SKIPPED) {
        return;
    } else if (c == d->delimiter) {
        cell_end(d);
    } else if (c == '"' && d->state == AT_CELL) {
        d->state = QUOTED;
    } else {
        if (d->state != QUOTE)
            d->state = PLAIN; /* after a closing quote: keep it, whatever it is */
        keep(d, c);
    }
}

/* --- the head --- */

/* The separator that stands most often outside quotes in the first lines. */
static char look_for_delimiter(const char *p, size_t n)
{
    static const char known[] = {',', ';', '\t'};
    size_t count[3] = {0}, best = 0, lines = 0;
    bool quoted = false;
    for (size_t i = 0; i < n && lines < 3; i++) {
        if (p[i] == '"') quoted = !quoted;
        if (quoted) continue;
        lines += p[i] == '\n';
        for (size_t k = 0; k < 3; k++) count[k] += p[i] == known[k];
    }
    for (size_t k = 1; k < 3; k++)
        if (count[k] > count[best]) best = k;
    return known[best];
}

static size_t mark(const uint8_t *p, size_t n)
{
    return n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3) ? 3 : 0;
}

/* The byte order mark may come in slices; what only began like one is text. */
static size_t pass_mark(struct csv *d, const uint8_t *p, size_t n, struct sw_batch *out)
{
    static const char mark_of[] = "\xef\xbb\xbf";
    size_t i = 0;
    while (d->marked < 3 && i < n && p[i] == (uint8_t)mark_of[d->marked]) {
        d->marked++;
        i++;
    }
    if (d->marked < 3 && i < n) {
        for (int k = 0; k < d->marked; k++) byte(d, mark_of[k], out);
        d->marked = 3;
    }
    return i;
}

static void take(struct csv *d, const uint8_t *p, size_t n, struct sw_batch *out)
{
    if (!n) return;
    if (!d->began && !d->delimiter) d->delimiter = look_for_delimiter((const char *)p, n);
    d->began = true;
    for (size_t i = d->marked < 3 ? pass_mark(d, p, n, out) : 0; i < n; i++) byte(d, (char)p[i], out);
}

static int csv_feed(void *state, const uint8_t *p, size_t n, struct sw_batch *out,
                    struct sw_err *err)
{
    struct csv *d = state;
    (void)err;
    if (d->charset.kind == SW_CHARSET_BYTES) {
        sw_buf_clear(&d->wide);
        take(d, p, n, out);
        return 0;
    }
    for (size_t i = 0, k; i < n; i += k) {
        k = n - i < MAX_WIDE / 2 ? n - i : MAX_WIDE / 2;
        sw_buf_reset(&d->wide);
        sw_charset_put(&d->charset, p + i, k, &d->wide);
        take(d, d->wide.data, d->wide.len, out);
    }
    return 0;
}

static int csv_finish(void *state, struct sw_batch *out, struct sw_err *err)
{
    struct csv *d = state;
    sw_buf_reset(&d->wide);
    sw_charset_end(&d->charset, &d->wide);
    take(d, d->wide.data, d->wide.len, out);
    if (d->state == QUOTED) {
        sw_batch_note(out,
                      "the file ends inside quotes opened in row %lld: rows before it are kept",
                      (long long)d->line);
        d->state = SKIPPED;
    } else if (d->state != AT_CELL || d->n) {
        row_end(d, out);
    }
    if (!d->began) return sw_fail(err, SW_E_BAD, "the file is empty");
    return 0;
}

static void head_row(struct csv *d, struct sw_buf *b, bool first)
{
    if (!first) sw_buf_byte(b, ',');
    sw_buf_byte(b, '[');
    for (size_t i = 0; i < d->n; i++) {
        struct sw_cell c = cell_at(d, (int)i);
        if (i) sw_buf_byte(b, ',');
        sw_json_str(b, c.p, c.n < HEAD_CELL ? c.n : HEAD_CELL);
    }
    sw_buf_byte(b, ']');
}

/* First rows as {"delimiter":",","rows":[["a","b"]]}: what a mapping is chosen by. */
static void csv_head(const uint8_t *p, size_t n, struct sw_buf *b)
{
    struct csv *d = csv_open();
    struct sw_batch none;
    bool whole = n < SW_HEAD_BYTES;
    int rows = 0;
    sw_batch_init(&none);
    sw_charset_put(&d->charset, p, n < SW_HEAD_BYTES ? n : SW_HEAD_BYTES, &d->wide);
    if (whole) sw_charset_end(&d->charset, &d->wide);
    p = d->wide.data, n = d->wide.len;
    d->delimiter = look_for_delimiter((const char *)p, n);
    sw_buf_puts(b, "{\"delimiter\":");
    sw_json_str(b, &d->delimiter, 1);
    sw_buf_puts(b, ",\"rows\":[");
    for (size_t i = mark(p, n); i < n && rows < HEAD_ROWS; i++) {
        bool ends = p[i] == '\n' || (p[i] == '\r' && (i + 1 >= n || p[i + 1] != '\n'));
        if (p[i] == '\r' && !ends && d->state != QUOTED) continue;
        if (ends && d->state != QUOTED && (d->n || d->state != AT_CELL)) {
            cell_end(d);
            head_row(d, b, !rows++);
        }
        byte(d, (char)p[i], &none);
    }
    if (rows < HEAD_ROWS && whole && (d->n || d->state != AT_CELL)) {
        cell_end(d);
        head_row(d, b, !rows);
    }
    sw_buf_puts(b, "]}");
    sw_batch_clear(&none);
    csv_close(d);
}

const struct sw_decoder sw_decoder_csv = {.name = "csv",
                                          .open = csv_open,
                                          .feed = csv_feed,
                                          .finish = csv_finish,
                                          .close = csv_close,
                                          .head = csv_head,
                                          .plan = csv_plan};
