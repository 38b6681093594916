/* SPDX-License-Identifier: MIT
 * Operations on the queue for sw.txn: add, claim, keep, finish. */
#include "base/json.h"
#include "script/txn.h"
#include "store/store_jobs.h"
#include <string.h>

static int run_job(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    struct sw_job_new j = {t->who.id, o->i[0],     o->s[0], o->n[1] ? o->s[1] : NULL,
                           o->s[2],   (int)o->i[1], o->i[3] != 0};
    int rc;
    if (o->i[2] > 0 && !t->op[o->i[2] - 1]->changed) return 0;
    rc = sw_job_add(s, &j, &o->made, err);
    sw_json_int(&o->out, o->made);
    return rc;
}

static int l_job(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_job);
    luaL_checktype(L, 2, LUA_TTABLE);
    sw_txn_field(L, o, 0, 2, "kind", NULL);
    sw_txn_field(L, o, 1, 2, "name", "");
    sw_txn_field(L, o, 2, 2, "payload", "{}");
    o->i[0] = sw_txn_field_int(L, 2, "due", sw_txn_check(L)->who.now_ms);
    o->i[1] = sw_txn_field_int(L, 2, "urgency", 0);
    lua_getfield(L, 2, "again"); /* asked for while it runs, it runs once more */
    o->i[3] = lua_toboolean(L, -1);
    lua_getfield(L, 2, "if_changed"); /* only if the record just before it was */
    if (lua_toboolean(L, -1)) o->i[2] = (int64_t)sw_txn_check(L)->n_op - 1;
    return 0;
}

static void put_claimed(void *ctx, struct sw_job *j)
{
    struct sw_buf *b = ctx;
    sw_buf_puts(b, b->data[b->len - 1] == '[' ? "{" : ",{");
    sw_buf_printf(b, "\"id\":%lld,\"person\":%lld,\"generation\":%lld,\"due\":%lld,\"attempts\":%d",
                  (long long)j->id, (long long)j->person_id, (long long)j->generation,
                  (long long)j->due_ms, j->attempts);
    sw_json_key(b, "kind"), sw_json_str(b, j->kind, strlen(j->kind));
    sw_json_key(b, "name"), sw_json_str(b, j->name, strlen(j->name));
    sw_json_key(b, "progress"), sw_json_str(b, j->progress, strlen(j->progress));
    sw_json_key(b, "payload"), sw_buf_puts(b, j->payload);
    sw_buf_puts(b, "}");
    sw_job_clear(j);
}

static int run_claim(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    int64_t only = o->i[2];
    int rc;
    for (size_t i = 0; only < 0 && i < t->n_op && t->op[i] != o; i++)
        if (t->op[i]->run == run_job) only = t->op[i]->made;
    sw_buf_puts(&o->out, "[");
    rc = sw_job_claim(s, o->i[0], sw_wall_ms(), o->i[1], only, (int)o->i[3], o->s[0], put_claimed,
                      &o->out, err);
    sw_buf_puts(&o->out, "]");
    return rc;
}

static int l_claim(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_claim);
    luaL_checktype(L, 2, LUA_TTABLE);
    o->i[0] = sw_txn_field_int(L, 2, "now", sw_txn_check(L)->who.now_ms);
    o->i[1] = sw_txn_field_int(L, 2, "lease", 30000);
    o->i[2] = sw_txn_field_int(L, 2, "only", 0);
    o->i[3] = sw_txn_field_int(L, 2, "most", 10);
    sw_txn_field(L, o, 0, 2, "owner", "");
    return 0;
}

static int run_job_check(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    (void)t;
    return sw_job_check(s, o->i[0], o->i[1], err);
}

static int run_job_extend(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    (void)t;
    return sw_job_extend(s, o->i[0], o->i[1], sw_wall_ms() + o->i[2], o->s[0], err);
}

static int run_job_done(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    return sw_job_done(s, o->i[0], o->i[1], t->who.now_ms, o->s[0], o->s[1], err);
}

static int run_job_retry(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    (void)t;
    return sw_job_retry(s, o->i[0], o->i[1], o->i[2], o->s[0], err);
}

static int run_job_release(struct sw_store *s, struct sw_txn *t, struct sw_op *o,
                           struct sw_err *err)
{
    (void)t;
    return sw_job_release(s, o->i[0], o->i[1], err);
}

static int run_job_rest(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    (void)t;
    return sw_job_rest(s, o->i[0], o->i[1], o->i[2], o->s[0], err);
}

static int run_job_revive(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    return sw_job_revive(s, t->who.id, o->i[0], o->i[1], err);
}

static int run_jobs_forget(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    return sw_jobs_forget(s, t->who.id, o->i[0], o->i[1], err);
}

static int run_sweep(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    (void)t, (void)o;
    return sw_job_sweep(s, err);
}

/* id, generation (or another integer), then `ints` more integers and `texts` texts */
static int lease_op(lua_State *L,
                    int (*run)(struct sw_store *, struct sw_txn *, struct sw_op *, struct sw_err *),
                    int ints, int texts)
{
    struct sw_op *o = sw_txn_add(L, run);
    for (int i = 0; i < 2 + ints; i++)
        o->i[i] = lua_isinteger(L, 2 + i) ? lua_tointeger(L, 2 + i)
                                          : (int64_t)luaL_checknumber(L, 2 + i);
    for (int i = 0; i < texts; i++) sw_txn_arg(L, o, i, 4 + ints + i);
    return 0;
}

static int l_job_check(lua_State *L)
{
    return lease_op(L, run_job_check, 0, 0);
}
static int l_job_extend(lua_State *L)
{
    return lease_op(L, run_job_extend, 1, 1);
}
static int l_job_done(lua_State *L)
{
    return lease_op(L, run_job_done, 0, 2);
}
static int l_job_retry(lua_State *L)
{
    return lease_op(L, run_job_retry, 1, 1);
}
static int l_job_release(lua_State *L)
{
    return lease_op(L, run_job_release, 0, 0);
}
static int l_job_rest(lua_State *L)
{
    return lease_op(L, run_job_rest, 1, 1);
}
static int l_job_revive(lua_State *L)
{
    return lease_op(L, run_job_revive, 0, 0);
}
static int l_jobs_forget(lua_State *L)
{
    return lease_op(L, run_jobs_forget, 0, 0);
}

static int run_job_cancel(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    return sw_job_cancel(s, t->who.id, o->s[0], o->s[1], err);
}

static int l_job_cancel(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_job_cancel);
    sw_txn_arg(L, o, 0, 2);
    sw_txn_arg(L, o, 1, 3);
    return 0;
}

static int run_runs_prune(struct sw_store *s, struct sw_txn *t, struct sw_op *o, struct sw_err *err)
{
    int64_t gone;
    int rc = sw_runs_prune(s, t->who.id, o->i[0], o->i[1], &gone, err);
    sw_json_int(&o->out, gone);
    return rc;
}

static int l_runs_prune(lua_State *L)
{
    struct sw_op *o = sw_txn_add(L, run_runs_prune);
    o->i[0] = luaL_checkinteger(L, 2);
    o->i[1] = luaL_checkinteger(L, 3);
    return 0;
}

static int l_sweep(lua_State *L)
{
    sw_txn_add(L, run_sweep);
    return 0;
}

const luaL_Reg sw_txn_jobs_methods[] = {{"job", l_job},
                                        {"claim", l_claim},
                                        {"job_check", l_job_check},
                                        {"job_extend", l_job_extend},
                                        {"job_done", l_job_done},
                                        {"job_retry", l_job_retry},
                                        {"job_release", l_job_release},
                                        {"job_cancel", l_job_cancel},
                                        {"job_rest", l_job_rest},
                                        {"job_revive", l_job_revive},
                                        {"jobs_forget", l_jobs_forget},
                                        {"runs_prune", l_runs_prune},
                                        {"sweep", l_sweep},
                                        {NULL, NULL}};
