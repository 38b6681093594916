/* SPDX-License-Identifier: MIT
 * Lists of objects in JSON files of any length. A scanner follows brackets, texts and the names of
 * members; an object whose place is that of a list of the plan is gathered, read as a whole
 * (base/jtape) and handed to the plan as a row. Places are written as paths: "[]" is a member of
 * the list that is the file, ".sleep[]" one of the list "sleep", "[].items[]" one further down, ""
 * the file itself. A gathered object is at most 8 MiB; what lies outside is scanned, not checked. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/jtape.h"
#include "codec/decode.h"
#include "codec/rows.h"
#include <string.h>

enum { MAX_DEPTH = 64, MAX_PATH = 512, MAX_KEY = 120, MAX_ROW = 8 << 20, HEAD_TEXT = 8192 };

struct jsonrows {
    struct sw_rows_plan *plan;
    struct sw_jtape tape;
    char stack[MAX_DEPTH];      /* '[' or '{' */
    uint16_t cut[MAX_DEPTH];    /* length of the path before this container was entered */
    char path[MAX_PATH];        /* place of the value that is read now */
    int depth, row_depth;       /* row_depth: depth of the object gathered, 0: none */
    bool in_text, escaped, key; /* key: the text that is read names a member */
    char name[MAX_KEY];
    size_t name_len;
    bool began, too_long;
    int64_t at; /* bytes read */
    struct sw_rows_table *table;
    struct sw_buf row;
    struct sw_cell *cell;
    struct sw_buf *text; /* of cells that were escaped */
    int64_t rows;        /* entries read */
};

static void *json_open(void)
{
    struct jsonrows *d = sw_zalloc(sizeof *d);
    sw_jtape_init(&d->tape);
    sw_buf_init(&d->row, MAX_ROW);
    d->cell = sw_zalloc(SW_ROWS_MAX_FIELDS * sizeof *d->cell);
    d->text = sw_zalloc(SW_ROWS_MAX_FIELDS * sizeof *d->text);
    for (int i = 0; i < SW_ROWS_MAX_FIELDS; i++) sw_buf_init(&d->text[i], MAX_ROW);
    return d;
}

static void json_close(void *state)
{
    struct jsonrows *d = state;
    for (int i = 0; i < SW_ROWS_MAX_FIELDS; i++) sw_buf_clear(&d->text[i]);
    sw_rows_close(d->plan);
    sw_jtape_clear(&d->tape);
    sw_buf_clear(&d->row);
    sw_free(d->text);
    sw_free(d->cell);
    sw_free(d);
}

static int json_plan(void *state, const char *json, size_t n, struct sw_err *err)
{
    struct jsonrows *d = state;
    struct sw_rows_plan *p;
    int rc = sw_rows_open(json, n, &p, err);
    if (rc) return rc;
    sw_rows_close(d->plan);
    d->plan = p;
    return 0;
}

/* --- one gathered object --- */

/* "value.bpm": the member of a member; "items.0" the first of a list. 0 when it is not there. */
static uint32_t find(const struct sw_jtape *t, const char *path)
{
    uint32_t at = 0;
    char key[MAX_KEY];
    while (path && *path) {
        size_t n = strcspn(path, ".");
        if (n >= sizeof key) return 0;
        memcpy(key, path, n);
        key[n] = 0;
        if (t->node[at].kind == SW_JARR) at = !strcmp(key, "0") && t->node[at].len ? at + 1 : 0;
        else at = t->node[at].kind == SW_JOBJ ? sw_jtape_get(t, at, key) : 0;
        if (!at) return 0;
        path += n + (path[n] == '.');
    }
    return at;
}

/* Bytes from the bracket at p to the one that closes it; the text is known to be valid. */
static size_t bracketed(const char *p, size_t n)
{
    int open = 0;
    bool in = false;
    for (size_t i = 0; i < n; i++) {
        if (in && p[i] == '\\') i++;
        else if (p[i] == '"') in = !in;
        else if (!in && (p[i] == '[' || p[i] == '{')) open++;
        else if (!in && (p[i] == ']' || p[i] == '}') && !--open) return i + 1;
    }
    return 0;
}

static struct sw_cell cell_of(struct jsonrows *d, uint32_t at, struct sw_buf *text)
{
    const struct sw_jnode *v = &d->tape.node[at];
    const char *p = d->tape.text + v->at;
    if (!at || v->kind == SW_JNULL) return (struct sw_cell){0};
    if (v->kind == SW_JTRUE) return (struct sw_cell){"true", 4};
    if (v->kind == SW_JFALSE) return (struct sw_cell){"false", 5};
    if (v->kind == SW_JARR || v->kind == SW_JOBJ)
        return (struct sw_cell){p, bracketed(p, d->tape.text_len - v->at)};
    if (v->kind != SW_JSTR || !v->escaped) return (struct sw_cell){p, v->len};
    sw_buf_reset(text);
    sw_jtape_str(&d->tape, at, text);
    return (struct sw_cell){sw_buf_str(text), text->len};
}

static void row_end(struct jsonrows *d, struct sw_batch *out)
{
    struct sw_rows_table *t = d->table;
    struct sw_cell whole = {sw_buf_str(&d->row), d->row.len};
    int rc = d->too_long ? SW_E_LIMIT : sw_jtape_parse(&d->tape, whole.p, whole.n, NULL);
    if (rc)
        sw_batch_reject(out, d->too_long ? "an entry larger than 8 MiB"
                                         : "an entry that is not valid JSON");
    for (size_t i = 0; !rc && i < t->n_field; i++)
        d->cell[i] = cell_of(d, find(&d->tape, t->field[i].path), &d->text[i]);
    if (!rc) sw_rows_put(t, d->cell, whole, out);
    d->rows++;
    d->row_depth = 0;
    d->too_long = false;
    sw_buf_reset(&d->row);
}

/* --- the scanner --- */

static struct sw_rows_table *table_here(const struct jsonrows *d)
{
    for (size_t i = 0; d->plan && i < d->plan->n_table; i++) {
        const char *list = d->plan->table[i].list;
        if (!strcmp(list ? list : "[]", d->path)) return &d->plan->table[i];
    }
    return NULL;
}

static void path_add(struct jsonrows *d, const char *a, size_t n)
{
    size_t have = strlen(d->path);
    if (have + n + 1 > sizeof d->path) n = 0; /* too deep to be in a plan */
    memcpy(d->path + have, a, n);
    d->path[have + n] = 0;
}

static int enter(struct jsonrows *d, char c, struct sw_err *err)
{
    if (d->depth == MAX_DEPTH)
        return sw_fail(err, SW_E_LIMIT, "the JSON is nested deeper than %d levels", MAX_DEPTH);
    if (!d->row_depth && c == '{' && (d->table = table_here(d))) {
        d->row_depth = d->depth + 1;
        sw_buf_reset(&d->row);
    }
    d->cut[d->depth] = (uint16_t)strlen(d->path);
    d->stack[d->depth++] = c;
    if (c == '[') path_add(d, "[]", 2);
    d->key = c == '{';
    return 0;
}

static int leave(struct jsonrows *d, char c, struct sw_batch *out, struct sw_err *err)
{
    char open = c == ']' ? '[' : '{';
    if (!d->depth || d->stack[d->depth - 1] != open)
        return sw_fail(err, SW_E_BAD, "the file is not valid JSON: a '%c' too many at byte %lld", c,
                       (long long)d->at);
    if (d->row_depth == d->depth) row_end(d, out);
    d->path[d->cut[--d->depth]] = 0;
    return 0;
}

/* The next value or name belongs to the container again. */
static void comma(struct jsonrows *d)
{
    if (!d->depth) return;
    if (d->stack[d->depth - 1] == '{') {
        d->path[d->cut[d->depth - 1]] = 0;
        d->key = true;
    }
}

static void colon(struct jsonrows *d)
{
    if (!d->depth || d->stack[d->depth - 1] != '{') return;
    d->path[d->cut[d->depth - 1]] = 0;
    path_add(d, ".", 1);
    path_add(d, d->name, d->name_len);
    d->key = false;
}

static void in_text(struct jsonrows *d, char c)
{
    if (d->escaped) d->escaped = false;
    else if (c == '\\') d->escaped = true;
    else if (c == '"') d->in_text = false;
    if (d->in_text && d->key && d->name_len < sizeof d->name) d->name[d->name_len++] = c;
}

static void gather(struct jsonrows *d, char c)
{
    if (d->row.len < MAX_ROW - 1) sw_buf_byte(&d->row, (uint8_t)c);
    else d->too_long = true;
}

static int byte(struct jsonrows *d, char c, struct sw_batch *out, struct sw_err *err)
{
    int rc = 0;
    d->at++;
    if (!d->in_text && (c == '{' || c == '[')) rc = enter(d, c, err);
    if (d->row_depth) gather(d, c);
    if (d->in_text) {
        in_text(d, c);
        return 0;
    }
    switch (c) {
    case '"':
        d->in_text = true;
        if (d->key) d->name_len = 0;
        return 0;
    case ']':
    case '}': return leave(d, c, out, err);
    case ',': comma(d); return 0;
    case ':': colon(d); return 0;
    default: return rc;
    }
}

static int json_feed(void *state, const uint8_t *p, size_t n, struct sw_batch *out,
                     struct sw_err *err)
{
    struct jsonrows *d = state;
    int rc = 0;
    d->began = true; /* a byte order mark is outside of everything */
    for (size_t i = 0; i < n && !rc; i++) rc = byte(d, (char)p[i], out, err);
    return rc;
}

static int json_finish(void *state, struct sw_batch *out, struct sw_err *err)
{
    struct jsonrows *d = state;
    if (!d->began) return sw_fail(err, SW_E_BAD, "the file is empty");
    if (d->depth || d->in_text)
        sw_batch_note(out,
                      "the file ends in the middle of its JSON: the %lld entries before are kept",
                      (long long)d->rows);
    return 0;
}

/* The first bytes as {"text":"..."}: shapes are known by the names of members. */
static void json_head(const uint8_t *p, size_t n, struct sw_buf *b)
{
    sw_buf_puts(b, "{\"text\":");
    sw_json_str(b, (const char *)p, n < HEAD_TEXT ? n : HEAD_TEXT);
    sw_buf_byte(b, '}');
}

const struct sw_decoder sw_decoder_json = {.name = "json",
                                           .open = json_open,
                                           .feed = json_feed,
                                           .finish = json_finish,
                                           .close = json_close,
                                           .head = json_head,
                                           .plan = json_plan};
