/* SPDX-License-Identifier: MIT
 * Inside sw.txn: a transaction is a list of operations built on the loop thread and run in order on
 * the writer thread. Five files add operations: lua_txn.c (documents, people), txn_data.c (samples,
 * records), txn_jobs.c (the queue), txn_sync.c (connections), txn_raw.c (what services gave),
 * txn_origins.c (devices and apps). */
#ifndef SW_SCRIPT_TXN_H
#define SW_SCRIPT_TXN_H
#include "engine/timeline.h"
#include "script/task.h"

#define SW_TXN "syncwell.txn"
enum {
    SW_TXN_TEXTS = 13,
    SW_TXN_ORIGIN = 6 /* texts from here on describe an origin */,
    SW_TXN_MORE = 12 /* one text beside an origin */,
    SW_TXN_NUMBERS = 14
};
enum { SW_TXN_DECODER = 1, SW_TXN_HELD }; /* user values: what must live until the commit is done */

struct sw_txn;
struct sw_op {
    int (*run)(struct sw_store *s, struct sw_txn *t, struct sw_op *o,
               struct sw_err *err); /* writer thread */
    char *s[SW_TXN_TEXTS];
    size_t n[SW_TXN_TEXTS];
    const char *held; /* a large text that was not copied; its length is where the operation says */
    int64_t i[SW_TXN_NUMBERS];
    double r;
    struct sw_samples samples;
    const struct sw_column *col; /* borrowed: the decoder is kept by the transaction's user value */
    const struct sw_metric *metric;
    struct sw_column_map map;
    struct sw_buf out; /* result as JSON text; empty: true */
    int64_t made;      /* id an operation produced, for later ones */
    bool changed;      /* a record's: it was new or other than before */
};

struct sw_bunch; /* transactions that share a commit: lua_txn.c */
struct sw_txn {
    struct sw_work work;
    struct sw_bunch *bunch; /* NULL: committed alone */
    struct sw_wait wait;
    struct sw_engine *engine;
    struct sw_who who;
    char *name;
    struct sw_op **op;
    size_t n_op, cap_op;
    struct sw_buf events; /* JSON list of what records caused, for dispatch */
    struct sw_counts counts; /* what became of columns, records and totals so far */
    bool busy;
};

typedef int sw_op_run(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err);

struct sw_txn *sw_txn_check(lua_State *L); /* argument 1; raises when committed already */
struct sw_op *sw_txn_add(lua_State *L,
                         sw_op_run *run); /* a new operation; the transaction owns it */
void sw_txn_keep(struct sw_op *o, int k, const char *s, size_t n); /* copy as text k */
void sw_txn_arg(lua_State *L, struct sw_op *o, int k, int arg);    /* argument as text k */
/* The text argument as o->held, its length as that of text k: the transaction keeps it from collection. */
void sw_txn_hold(lua_State *L, struct sw_op *o, int k, int arg);
/* Field of the table at arg as text k; fallback NULL makes it required. */
void sw_txn_field(lua_State *L, struct sw_op *o, int k, int arg, const char *name,
                  const char *fallback);
int64_t sw_txn_field_int(lua_State *L, int arg, const char *name, int64_t fallback);

/* ---- txn_data.c, for those that store data too ---- */

/* The six texts of the origin table at arg, then its id into o->made on the writer thread. */
void sw_txn_read_origin(lua_State *L, struct sw_op *o, int arg);
int sw_txn_find_origin(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err);
const struct sw_metric *sw_txn_metric(lua_State *L, const char *name); /* raises if unknown */
/* Metric, unit (`unit` unless the table at arg says another), scale: raises if they do not fit. */
void sw_txn_read_map(lua_State *L, int arg, const char *unit, struct sw_column_map *map);
void sw_txn_put_counts(struct sw_buf *b, const struct sw_counts *c);
void sw_txn_count(struct sw_txn *t, enum sw_put what); /* one more in t->counts */

extern const luaL_Reg sw_txn_data_methods[], sw_txn_jobs_methods[], sw_txn_sync_methods[],
    sw_txn_raw_methods[], sw_txn_origins_methods[], sw_txn_undo_methods[];
#endif
