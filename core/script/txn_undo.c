/* SPDX-License-Identifier: MIT
 * Operations of sw.txn that take things back or away: runs with a journal (engine/undo.h), and erasure. */
#include "engine/undo.h"
#include "base/json.h"
#include "script/txn.h"
#include "store/store_erase.h"
#include "store/store_undo.h"
#include <stdio.h>

/* --- runs that can be taken back --- */

static int run_undo_begin(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    char name[32];
    int rc = 0;
    o->made = o->i[0];
    if (!o->made) rc = sw_store_number(s, "job", &o->made, err);
    snprintf(name, sizeof name, "%lld", (long long)o->made);
    if (!rc)
        rc = sw_doc_put(s, t->who.id, ".undo_run", name, t->who.now_ms, o->s[0], o->n[0],
                        o->i[0] ? SW_DOC_ANY : SW_DOC_NEW, 0, err);
    if (!rc) sw_undo_begin(s, t->who.id, o->made);
    sw_json_int(&o->out, o->made);
    return rc;
}

/* t:undo(run or 0, body text) -> the run's number: what follows in this transaction can be taken back by it */
static int l_undo_begin(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_undo_begin);
    o->i[0] = luaL_checkinteger(L, 2);
    sw_txn_arg(L, o, 0, 3);
    return 0;
}

static int run_undo_of(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    (void)err;
    sw_undo_begin(s, t->who.id, o->i[0]);
    return 0;
}

/* t:undo_of(run): as t:undo of a run that has a number, but it is listed only by t:undo_end */
static int l_undo_of(lua_State *L)
{
    sw_txn_add(L, run_undo_of)->i[0] = luaL_checkinteger(L, 2);
    return 0;
}

static int run_undo_end(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    char name[32];
    int64_t run = sw_store_undo(s)->run;
    int rc = sw_undo_any(s, t->who.id, run, err);
    sw_undo_begin(s, 0, 0);
    snprintf(name, sizeof name, "%lld", (long long)run);
    if (rc > 0)
        rc = sw_doc_put(s, t->who.id, ".undo_sync", name, t->who.now_ms, o->s[0], o->n[0], SW_DOC_ANY, 0, err);
    return rc < 0 ? rc : 0;
}

/* t:undo_end(body text): the run of t:undo_of is listed among the syncs if it changed anything; what follows
 * in this transaction is noted no more */
static int l_undo_end(lua_State *L)
{
    sw_txn_arg(L, sw_txn_add(L, run_undo_end), 0, 2);
    return 0;
}

static int run_undo_doc(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    (void)t;
    return sw_undo_doc(s, o->s[0], o->s[1], err);
}

/* t:undo_doc(kind, name): that document goes when the run is taken back */
static int l_undo_doc(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_undo_doc);
    sw_txn_arg(L, o, 0, 2);
    sw_txn_arg(L, o, 1, 3);
    return 0;
}

static int run_undo_doc_was(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    return sw_undo_doc_was(s, t->who.id, o->s[0], o->s[1], err);
}

/* t:undo_doc_was(kind, name): before it is written or deleted; it is as it was when the run is taken back */
static int l_undo_doc_was(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_undo_doc_was);
    sw_txn_arg(L, o, 0, 2);
    sw_txn_arg(L, o, 1, 3);
    return 0;
}

static void put_gone(void *ctx, const char *kind, int64_t group, int64_t id)
{
    struct sw_buf *b = &((struct sw_txn *)ctx)->events;
    sw_buf_printf(b, "%s{\"event\":\"%s.retracted\",\"group\":%lld,\"record\":%lld,\"start\":0,\"finish\":0}",
                  b->len ? "," : "", kind, (long long)group, (long long)id);
}

static int run_undo(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    struct sw_undone u = {0};
    int rc = sw_undo_run(s, t->engine->metrics, &t->who, o->i[0], o->i[1], &u, put_gone, t, err);
    sw_buf_printf(&o->out, "{\"records\":%lld,\"samples\":%lld,\"totals\":%lld,\"kept\":%lld,\"left\":%s}",
                  (long long)u.records, (long long)u.samples, (long long)u.totals, (long long)u.kept,
                  u.left ? "true" : "false");
    return rc;
}

static int run_undo_forget(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    int rc = sw_undo_forget(s, t->who.id, o->i[0], o->i[1], err);
    sw_buf_puts(&o->out, rc > 0 ? "true" : "false");
    return rc < 0 ? rc : 0;
}

/* t:take_back(run, most rows) -> {records, samples, totals, kept, left} */
static int l_undo(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_undo);
    o->i[0] = luaL_checkinteger(L, 2);
    o->i[1] = luaL_checkinteger(L, 3);
    return 0;
}

/* t:undo_forget(run, most rows) -> true while some are left */
static int l_undo_forget(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_undo_forget);
    o->i[0] = luaL_checkinteger(L, 2);
    o->i[1] = luaL_checkinteger(L, 3);
    return 0;
}

/* --- erasure --- */

static int run_erase_person(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    (void)o;
    return sw_erase_person(s, t->who.id, err);
}

/* t:erase_person(): every row of the transaction's person */
static int l_erase_person(lua_State *L)
{
    sw_txn_add(L, run_erase_person);
    return 0;
}

static int run_erase_connection(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    return sw_erase_connection(s, t->who.id, o->i[0], err);
}

/* t:erase_connection(id): the connection with all that it brought */
static int l_erase_connection(lua_State *L)
{
    sw_txn_add(L, run_erase_connection)->i[0] = luaL_checkinteger(L, 2);
    return 0;
}

const luaL_Reg sw_txn_undo_methods[] = {{"erase_person", l_erase_person},
                                        {"erase_connection", l_erase_connection},
                                        {"undo", l_undo_begin},
                                        {"undo_of", l_undo_of},
                                        {"undo_end", l_undo_end},
                                        {"undo_doc", l_undo_doc},
                                        {"undo_doc_was", l_undo_doc_was},
                                        {"take_back", l_undo},
                                        {"undo_forget", l_undo_forget},
                                        {NULL, NULL}};
