/* SPDX-License-Identifier: MIT
 * sw.txn: everything that writes. new(who, name, zone) collects operations; commit() runs them in one
 * savepoint of the writer's group, in order, and gives a list with one result an operation, or
 * nil, message, code: then none of them happened. commit(true) gives the results, and none of it happens.
 * together{t, t ...}: one commit for all, a savepoint each -> list of results (false: it failed), list of
 * {message, code} of those that failed; none of them happened where the commit itself fails.
 *   t:doc(kind, name, body text [, {at, mode = "new", revision, counts = true}])      t:doc_delete(kind, name)
 *                      counts: what became of the columns, records and totals before it stands in the
 *                      document as its member "counts", and is the result
 *   t:doc_of_home(kind, name, body): of person 0, that is nobody's
 *   t:person(name, zone) -> id      t:connection(provider, name) -> id
 *   t:origin{provider, name, maker, model, kind, ident} -> id
 *   t:columns(decoder, provider, index, {metric, scale, from_duration, unit}) -> counts
 *   t:samples(metric, origin id, {{start, dur, value, offset}...}) -> counts
 *   t:samples_gone(metric, origin id, {{start, dur, value, offset}...}) -> how many of them were there
 *   t:record(table with body text and an origin as in t:origin) -> {what, group, new_group, revision, id}
 *   t:restore(the same, {id, group, revision, connection_name, may_return}) -> the same: a record as another home had it
 *   t:record_delete(id, kind [, may return]) -> {group, was_last}
 *   t:day_total(metric, day, origin, value, unit) -> what
 *   t:erase(metric, from, to) -> how many          t:settle(most) -> true while days are left
 *   t:group_move(record, group)   t:group_join(group, into group) -> how many records moved
 *   t:undo(run or 0, body) -> run: what follows can be taken back   t:undo_doc(kind, name)
 *   t:undo_doc_was(kind, name): the document comes back as it is now
 *   t:undo_of(run) ... t:undo_end(body): the same for syncs, listed only where something changed
 *   t:take_back(run, most) -> {records, samples, totals, kept, left}   t:undo_forget(run, most) -> left
 *   t:erase_person()   t:erase_connection(id): with all that it brought
 *   t:again(metric, origin or 0, day): compute the day's figures again
 *   t:job{kind, name, due, payload, urgency, if_changed} -> id; if_changed: only when the record that
 *                      is the operation before it was new or changed
 *   t:claim{now, lease, only, most, owner} -> list of jobs; only = -1: the job added before it here
 *   t:job_check(id, gen)  t:job_extend(id, gen, until, progress)  t:job_done(id, gen, outcome, body)
 *   t:job_retry(id, gen, due, failure)   t:job_release(id, gen)   t:sweep()   a negative due: given up then
 *   t:job_rest(id, gen, due, why): released until due      t:job_cancel(kind, name)
 *   t:job_revive(id, due)   t:jobs_forget(id or 0, before): of those given up
 *   connections, credentials, limits, coverage, packed columns: txn_sync.c     raw archive: txn_raw.c
 *   ranks and merges of origins: txn_origins.c     undo, erasure: txn_undo.c
 *   t:dispatch(live_after ms): one job "dispatch" with the events of the records before it, if any */
#include "base/alloc.h"
#include "base/json.h"
#include "script/txn.h"
#include "store/store_undo.h"
#include <string.h>

struct sw_txn *sw_txn_check(lua_State *L)
{
    struct sw_txn *t = luaL_checkudata(L, 1, SW_TXN);
    if (t->busy) luaL_error(L, "transaction was committed already");
    return t;
}

struct sw_op *sw_txn_add(lua_State *L, sw_op_run *run)
{
    struct sw_txn *t = sw_txn_check(L);
    struct sw_op *o = sw_zalloc(sizeof *o);
    o->run = run;
    sw_buf_init(&o->out, (size_t)64 << 20);
    sw_grow((void **)&t->op, &t->cap_op, t->n_op + 1, sizeof *t->op);
    t->op[t->n_op++] = o;
    return o;
}

void sw_txn_keep(struct sw_op *o, int k, const char *s, size_t n)
{
    o->s[k] = sw_strndup(s, n);
    o->n[k] = n;
}

void sw_txn_arg(lua_State *L, struct sw_op *o, int k, int arg)
{
    size_t n;
    const char *s = luaL_checklstring(L, arg, &n);
    sw_txn_keep(o, k, s, n);
}

void sw_txn_hold(lua_State *L, struct sw_op *o, int k, int arg)
{
    luaL_checktype(L, arg, LUA_TSTRING);
    o->held = lua_tolstring(L, arg, &o->n[k]);
    if (lua_getiuservalue(L, 1, SW_TXN_HELD) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, 1, SW_TXN_HELD);
    }
    lua_pushvalue(L, arg);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
}

void sw_txn_field(lua_State *L, struct sw_op *o, int k, int arg, const char *name,
                  const char *fallback)
{
    size_t n;
    const char *s;
    lua_getfield(L, arg, name);
    if (lua_isnil(L, -1) && !fallback) luaL_error(L, "'%s' is missing", name);
    s = luaL_optlstring(L, -1, fallback, &n);
    sw_txn_keep(o, k, s, n);
    lua_pop(L, 1);
}

int64_t sw_txn_field_int(lua_State *L, int arg, const char *name, int64_t fallback)
{
    int64_t v = fallback;
    lua_getfield(L, arg, name);
    if (lua_isinteger(L, -1)) v = lua_tointeger(L, -1);
    else if (!lua_isnil(L, -1)) {
        lua_Number x = luaL_checknumber(L, -1);
        if (!(x >= -0x1p63 && x < 0x1p63)) luaL_error(L, "'%s' is too large", name);
        v = (int64_t)x;
    }
    lua_pop(L, 1);
    return v;
}

/* --- documents and people --- */

static int put_doc(struct sw_store *s, struct sw_txn *t, struct sw_op *o, const char *body, size_t n,
                   struct sw_err *err)
{
    return sw_doc_put(s, t->who.id, o->s[0], o->s[1], o->i[0], body, n, (enum sw_doc_mode)o->i[1],
                      o->i[2], err);
}

static int run_doc(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    return put_doc(s, t, o, o->s[2], o->n[2], err);
}

/* The figures are known here and nowhere else before the commit: they share it with the data. */
static int run_doc_counted(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    struct sw_buf b;
    int rc;
    sw_txn_put_counts(&o->out, &t->counts);
    sw_buf_init(&b, o->n[2] + o->out.len + 32);
    sw_buf_put(&b, o->s[2], o->n[2] - 1); /* without its last brace */
    sw_buf_puts(&b, ",\"counts\":");
    sw_buf_put(&b, o->out.data, o->out.len);
    sw_buf_puts(&b, "}");
    rc = put_doc(s, t, o, sw_buf_str(&b), b.len, err);
    sw_buf_clear(&b);
    return rc;
}

static int l_doc(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_doc);
    sw_txn_arg(L, o, 0, 2);
    sw_txn_arg(L, o, 1, 3);
    sw_txn_arg(L, o, 2, 4);
    o->i[0] = sw_txn_check(L)->who.now_ms;
    if (lua_istable(L, 5)) {
        o->i[0] = sw_txn_field_int(L, 5, "at", o->i[0]);
        lua_getfield(L, 5, "mode");
        if (lua_isstring(L, -1) && !strcmp(lua_tostring(L, -1), "new")) o->i[1] = SW_DOC_NEW;
        o->i[2] = sw_txn_field_int(L, 5, "revision", 0);
        if (o->i[2]) o->i[1] = SW_DOC_REVISION;
        lua_getfield(L, 5, "counts");
        if (lua_toboolean(L, -1)) {
            luaL_argcheck(L, o->n[2] > 2 && o->s[2][o->n[2] - 1] == '}', 4, "an object with members");
            o->run = run_doc_counted;
        }
    }
    return 0;
}

static int run_doc_of_home(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    return sw_doc_put(s, 0, o->s[0], o->s[1], t->who.now_ms, o->s[2], o->n[2], SW_DOC_ANY, 0, err);
}

/* t:doc_of_home(kind, name, body): a document of nobody, in the transaction of a person */
static int l_doc_of_home(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_doc_of_home);
    for (int k = 0; k < 3; k++) sw_txn_arg(L, o, k, k + 2);
    return 0;
}

static int run_doc_delete(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    return sw_doc_delete(s, t->who.id, o->s[0], o->s[1], err);
}

static int l_doc_delete(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_doc_delete);
    sw_txn_arg(L, o, 0, 2);
    sw_txn_arg(L, o, 1, 3);
    return 0;
}

static int run_person(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    int rc = sw_person_add(s, o->s[0], o->s[1], t->who.now_ms, &o->made, err);
    if (!rc && o->i[0]) rc = sw_person_set_zone(s, o->made, o->s[1], err);
    sw_json_int(&o->out, o->made);
    return rc;
}

static int l_person(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_person);
    sw_txn_arg(L, o, 0, 2);
    sw_txn_arg(L, o, 1, 3);
    o->i[0] = lua_toboolean(L, 4);
    return 0;
}

static int run_connection(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    int rc = sw_connection_id(s, t->who.id, o->s[0], o->s[1], t->who.now_ms, &o->made, err);
    sw_json_int(&o->out, o->made);
    return rc;
}

static int l_connection(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_connection);
    sw_txn_arg(L, o, 0, 2);
    sw_txn_arg(L, o, 1, 3);
    return 0;
}

/* --- commit --- */

/* What an engine, a phone's post or an import was at when its person was erased comes too late: it would leave
 * rows that belong to nobody. Person 0 is one who is only made here. */
static int is_there(struct sw_store *s, int64_t person, struct sw_err *err)
{
    int64_t one;
    int rc = person ? sw_ask_int(s, err, &one, "SELECT 1 FROM person WHERE id = $1", "i", person) : 1;
    return rc ? rc : sw_fail(err, SW_E_NOTFOUND, "this person was erased meanwhile: nothing was stored");
}

static int on_writer(struct sw_store *s, struct sw_work *w, struct sw_err *err)
{
    struct sw_txn *t = (struct sw_txn *)w;
    int rc = is_there(s, t->who.id, err);
    for (size_t i = 0; i < t->n_op && rc >= 0; i++)
        if (t->op[i]->run) rc = t->op[i]->run(s, t, t->op[i], err);
    sw_undo_begin(s, 0, 0); /* the next transaction is another one's */
    return rc < 0 ? rc : 0;
}

static void free_ops(struct sw_txn *t)
{
    for (size_t i = 0; i < t->n_op; i++) {
        for (int k = 0; k < SW_TXN_TEXTS; k++) sw_free(t->op[i]->s[k]);
        sw_samples_clear(&t->op[i]->samples);
        sw_buf_clear(&t->op[i]->out);
        sw_free(t->op[i]);
    }
    sw_free(t->op);
    t->op = NULL;
    t->n_op = t->cap_op = 0;
    sw_buf_clear(&t->events);
    sw_counts_clear(&t->counts);
}

/* Push the list of results of a transaction that succeeded, or nil, message, code. */
static int push_results(lua_State *L, const struct sw_txn *t)
{
    int n = 1;
    lua_Integer k = 0;
    lua_createtable(L, (int)t->n_op, 0);
    for (size_t i = 0; i < t->n_op && n == 1; i++) {
        struct sw_buf *b = &t->op[i]->out;
        if (!t->op[i]->run) continue;
        if (b->len)
            n = sw_push_json(L, sw_buf_str(b), b->len); /* 3: nil and why, as the whole answer */
        else lua_pushboolean(L, 1);
        if (n == 1) lua_rawseti(L, -2, ++k);
    }
    return n;
}

static int push_answer(lua_State *L, struct sw_txn *t)
{
    return t->work.rc < 0 ? sw_push_err(L, t->work.rc, &t->work.err) : push_results(L, t);
}

static void committed(struct sw_work *w)
{
    struct sw_txn *t = (struct sw_txn *)w;
    struct sw_wait wait = t->wait;
    int n = push_answer(wait.co, t);
    free_ops(t);
    sw_wake(&wait, n);
}

static int l_commit(lua_State *L)
{
    struct sw_txn *t = sw_txn_check(L);
    if (!t->engine->writer) return luaL_error(L, "no home is open");
    t->wait = sw_task_begin(L, "the store");
    t->busy = true;
    t->work.discard = lua_toboolean(L, 2);
    t->work.run = on_writer;
    t->work.done = committed;
    sw_worker_submit(t->engine->writer, &t->work);
    return sw_task_yield(L);
}

/* --- several for one commit --- */

struct sw_bunch {
    struct sw_wait wait;
    size_t n, left;
    struct sw_work *work[]; /* the first member of each sw_txn; the caller's list keeps them alive */
};

/* Results at done, reasons at failed: both stand on L. */
static void put_one(lua_State *L, struct sw_txn *t, lua_Integer i, int done, int failed)
{
    int top = lua_gettop(L), n = push_answer(L, t);
    if (n == 1) {
        lua_rawseti(L, done, i);
        return;
    }
    lua_createtable(L, 0, 2);
    lua_pushvalue(L, -3), lua_setfield(L, -2, "message");
    lua_pushvalue(L, -2), lua_setfield(L, -2, "code");
    lua_rawseti(L, failed, i);
    lua_settop(L, top);
    lua_pushboolean(L, 0);
    lua_rawseti(L, done, i);
}

static void bunch_done(struct sw_work *w)
{
    struct sw_bunch *b = ((struct sw_txn *)w)->bunch;
    struct sw_wait wait = b->wait;
    lua_State *L = wait.co;
    int done;
    if (--b->left) return;
    lua_createtable(L, (int)b->n, 0);
    lua_newtable(L);
    done = lua_gettop(L) - 1;
    for (size_t i = 0; i < b->n; i++) {
        struct sw_txn *t = (struct sw_txn *)b->work[i];
        put_one(L, t, (lua_Integer)i + 1, done, done + 1);
        free_ops(t);
    }
    sw_free(b);
    sw_wake(&wait, 2);
}

static int l_together(lua_State *L)
{
    struct sw_engine *e = sw_lua_engine(L);
    size_t n = (luaL_checktype(L, 1, LUA_TTABLE), (size_t)lua_rawlen(L, 1));
    struct sw_bunch *b;
    if (!e->writer) return luaL_error(L, "no home is open");
    luaL_argcheck(L, n > 0, 1, "no transaction");
    for (size_t i = 0; i < n; i++, lua_pop(L, 1)) {
        struct sw_txn *t;
        lua_rawgeti(L, 1, (lua_Integer)i + 1);
        t = luaL_checkudata(L, -1, SW_TXN);
        if (t->busy) luaL_error(L, "transaction was committed already");
    }
    b = sw_zalloc(sizeof *b + n * sizeof *b->work);
    b->wait = sw_task_begin(L, "the store");
    b->n = b->left = n;
    for (size_t i = 0; i < n; i++, lua_pop(L, 1)) {
        struct sw_txn *t;
        lua_rawgeti(L, 1, (lua_Integer)i + 1);
        t = lua_touserdata(L, -1);
        t->busy = true;
        t->bunch = b;
        t->work.run = on_writer;
        t->work.done = bunch_done;
        b->work[i] = &t->work;
    }
    sw_worker_submit_all(e->writer, b->work, n);
    return sw_task_yield(L);
}

static int l_gc(lua_State *L)
{
    struct sw_txn *t = luaL_checkudata(L, 1, SW_TXN);
    free_ops(t);
    sw_free(t->name);
    t->name = NULL;
    return 0;
}

static int l_new(lua_State *L)
{
    int64_t who = luaL_optinteger(L, 1, 0);
    const char *name = luaL_optstring(L, 2, ""), *zone = luaL_optstring(L, 3, "UTC");
    struct sw_err err = SW_ERR_INIT;
    struct sw_engine *e = sw_lua_engine(L);
    const struct sw_tz *z = sw_engine_zone(e, zone, &err);
    struct sw_txn *t;
    if (!z) return luaL_error(L, "%s", err.text);
    t = lua_newuserdatauv(L, sizeof *t, SW_TXN_HELD);
    memset(t, 0, sizeof *t);
    t->engine = e;
    t->name = sw_strdup(name);
    t->who = (struct sw_who){who, t->name, z, sw_clock_now(&e->clock)};
    sw_buf_init(&t->events, (size_t)16 << 20);
    luaL_setmetatable(L, SW_TXN);
    return 1;
}

int sw_open_txn(lua_State *L)
{
    static const luaL_Reg methods[] = {{"doc", l_doc},
                                       {"doc_delete", l_doc_delete},
                                       {"doc_of_home", l_doc_of_home},
                                       {"person", l_person},
                                       {"connection", l_connection},
                                       {"commit", l_commit},
                                       {NULL, NULL}};
    static const luaL_Reg f[] = {{"new", l_new}, {"together", l_together}, {NULL, NULL}};
    luaL_newmetatable(L, SW_TXN);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    luaL_setfuncs(L, sw_txn_data_methods, 0);
    luaL_setfuncs(L, sw_txn_jobs_methods, 0);
    luaL_setfuncs(L, sw_txn_sync_methods, 0);
    luaL_setfuncs(L, sw_txn_raw_methods, 0);
    luaL_setfuncs(L, sw_txn_origins_methods, 0);
    luaL_setfuncs(L, sw_txn_undo_methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_newlib(L, f);
    return 1;
}
