/* SPDX-License-Identifier: MIT
 * What the rows of a table mean: a plan, made from the tables of lua/import, turns rows of named
 * cells into samples and messages. The same plan serves rows of a CSV file, the objects of a list
 * in a JSON file and the rows of a database, so a format is described once, in Lua.
 *
 * A plan is a JSON object:
 *   zone       the person's zone: wall clocks without a zone are read in it
 *   delimiter, comma, skip    of a CSV file: separator, decimal comma, lines before the first row
 *   tables     list of { name, list, sql, fields, where, origin, origin_from, start, finish,
 *              offset, lasts_ms, lasts, values, arrays, message, data } (rows_plan.c reads them)
 * A row without a readable start is refused where samples need one; a cell that is empty is absent,
 * never 0. The plan belongs to its decoder; one thread at a time. */
#ifndef SW_CODEC_ROWS_H
#define SW_CODEC_ROWS_H
#include "base/err.h"
#include "base/tz.h"
#include "codec/batch.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SW_ROWS_MAX_FIELDS = 256, SW_ROWS_MAX_PARTS = 4 };

struct sw_cell { /* text of a cell, borrowed; p is NULL where the row has none */
    const char *p;
    size_t n;
};

enum sw_rows_order { SW_ROWS_YMD, SW_ROWS_MDY, SW_ROWS_DMY, SW_ROWS_S, SW_ROWS_MS, SW_ROWS_NS };
enum sw_rows_clock { SW_ROWS_STATED, SW_ROWS_UTC, SW_ROWS_WALL };

struct sw_rows_when { /* a time made of cells, joined by a blank */
    int field[SW_ROWS_MAX_PARTS];
    int n; /* 0: there is none */
    enum sw_rows_order order;
    enum sw_rows_clock
        clock; /* whose clock a text without a zone is; WALL: the zone in it is false */
};

struct sw_rows_test { /* the cell has this text, or (differs) has another */
    int field;
    char *is;
    bool differs;
};

struct sw_rows_value {
    char *type, *unit;
    int field, unit_field; /* unit_field -1: unit is fixed */
    int lasts;             /* arrays: field with the duration or durations in seconds */
    int part;              /* 1 or 2: that side of "121/78"; 0: the whole cell */
    bool skip_zero;        /* 0 stands for "not measured" */
    struct sw_rows_test only;
};

struct sw_rows_table {
    char *name, *list, *sql, *day; /* day: put before every time, for clocks without a date */
    struct {
        char *key, *path;
        int at; /* number of the cell; -1: found by path */
    } * field;
    size_t n_field;
    struct sw_rows_test *where;
    size_t n_where;
    struct sw_rows_when start, finish;
    int offset_field; /* -1: none */
    bool offset_s;    /* it counts seconds; otherwise text such as "UTC-0500" */
    int finish_offset_field;
    int lasts_field; /* -1: none */
    double lasts_factor;
    int64_t lasts_ms;
    bool lasts_day, comma, message, data;
    char *origin[5]; /* name, maker, model, kind, ident; NULL: "" */
    int origin_field[5];
    struct sw_rows_value *value, *array;
    size_t n_value, n_array;
    struct sw_tz *zone; /* of the plan */
    /* Rows of one time that follow one another (meals of a day) are put a millisecond apart, so that
     * equal ones stay two. */
    bool apart;
    int64_t last_ms, same;
};

struct sw_rows_plan {
    struct sw_tz *zone;
    char delimiter; /* 0: found by looking */
    bool comma;
    int64_t skip;
    struct sw_rows_table *table;
    size_t n_table;
};

/* Read a plan. 0 and *out, closed by the caller; or SW_E_BAD with a sentence. */
int sw_rows_open(const char *json, size_t n, struct sw_rows_plan **out, struct sw_err *err);
void sw_rows_close(struct sw_rows_plan *p); /* NULL allowed */

/* One row: cell[i] belongs to t->field[i]. `data` is the whole row as JSON for messages that carry
 * it, or empty. */
void sw_rows_put(struct sw_rows_table *t, const struct sw_cell *cell, struct sw_cell data,
                 struct sw_batch *out);

/* A figure as people's tables write it: thousands apart, decimal comma, quotes kept away by the
 * reader. 1 a number, 0 nothing stands there, -1 something that is no number. */
int sw_rows_num(struct sw_cell c, bool comma, double *out);

/* A time in any of the orders; *day_only when no clock is there. 0, or what sw_text_time says. */
struct sw_text_time;
int sw_rows_time(const char *s, size_t n, enum sw_rows_order order, enum sw_rows_clock clock,
                 struct sw_text_time *out, bool *day_only);
#endif
