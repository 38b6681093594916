/* SPDX-License-Identifier: MIT
 * sw.care: long work on whole files and the whole store. Each call starts a chore on a thread of the pool,
 * with a connection of its own where it needs one, and gives a handle:
 *   handle:wait() -> result | nil, message, code        handle:progress() -> done, total (any time)
 *   copy(database, to)       a consistent copy, whoever writes meanwhile           -> true
 *   pack(to, {{name, path}}) files into an archive                                 -> true
 *   unpack(archive, folder)  an archive's files into a folder                      -> true
 *   look(database)           open it, migrate it, count -> {schema, damage = {text}, people = {...}}
 *   check(database)          engine/check.h -> {findings = {...}, chunks, samples, records, ...}
 *   compact(database)        write the file anew without what was deleted          -> true
 *   alone(database)          true where no other process has it open
 *   manifest(archive, name)  text of its first file, which must have that name; at once, no handle */
#include "base/alloc.h"
#include "base/json.h"
#include "engine/archive.h"
#include "engine/check.h"
#include "script/query.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define CHORE         "syncwell.chore"
#define RESULT_MOST   ((size_t)64 << 20)
#define MANIFEST_MOST ((size_t)1 << 20)

struct chore { /* beside Lua, whose handle points to it: a state may close while the thread works */
    uv_work_t work;
    struct sw_wait wait;
    struct sw_engine *engine;
    lua_State *main;
    int (*run)(struct chore *c, struct sw_err *err); /* on a thread of the pool */
    char url[1100], schema[1100];
    char *s[2];
    struct sw_archive_entry *entry;
    size_t n_entry;
    struct sw_buf out; /* result as JSON; empty: true */
    _Atomic int64_t done, total;
    int rc, self; /* self: the registry keeps the handle while it works */
    struct sw_err err;
    bool waited, ended;
    bool orphan; /* the state is gone: whoever ends it frees it */
};

static void tell(void *ctx, int64_t done, int64_t total)
{
    struct chore *c = ctx;
    atomic_store(&c->total, total);
    atomic_store(&c->done, done);
}

static struct sw_progress progress_of(struct chore *c)
{
    return (struct sw_progress){tell, c};
}

/* --- the handle --- */

static void chore_main(uv_work_t *w)
{
    struct chore *c = w->data;
    c->rc = c->run(c, &c->err);
}

static int push_result(lua_State *L, struct chore *c)
{
    if (c->rc < 0) return sw_push_err(L, c->rc, &c->err);
    if (c->out.len) return sw_push_json(L, sw_buf_str(&c->out), c->out.len);
    lua_pushboolean(L, 1);
    return 1;
}

static void chore_free(struct chore *c)
{
    for (int i = 0; i < 2; i++) sw_free(c->s[i]);
    for (size_t i = 0; i < c->n_entry; i++) {
        sw_free(c->entry[i].name);
        sw_free(c->entry[i].path);
    }
    sw_free(c->entry);
    sw_buf_clear(&c->out);
    sw_free(c);
}

static void chore_ended(uv_work_t *w, int status)
{
    struct chore *c = w->data;
    struct sw_wait wait = c->wait;
    int self = c->self;
    (void)status;
    c->ended = true;
    if (c->orphan) {
        chore_free(c);
        return;
    }
    if (c->waited) sw_wake(&wait, push_result(wait.co, c));
    luaL_unref(c->main, LUA_REGISTRYINDEX, self);
}

static struct chore *check_chore(lua_State *L)
{
    return *(struct chore **)luaL_checkudata(L, 1, CHORE);
}

static int l_wait(lua_State *L)
{
    struct chore *c = check_chore(L);
    if (c->ended) return push_result(L, c);
    if (c->waited) return luaL_error(L, "somebody waits for this already");
    c->wait = sw_task_begin(L, "a chore");
    c->waited = true;
    return sw_task_yield(L);
}

static int l_progress(lua_State *L)
{
    struct chore *c = check_chore(L);
    lua_pushinteger(L, atomic_load(&c->done));
    lua_pushinteger(L, atomic_load(&c->total));
    return 2;
}

static int l_gc(lua_State *L)
{
    struct chore **at = luaL_checkudata(L, 1, CHORE);
    if (*at && (*at)->ended) chore_free(*at);
    else if (*at) (*at)->orphan = true;
    *at = NULL;
    return 0;
}

/* A chore with the texts of its first arguments, not yet started; its handle is on top. */
static struct chore *chore_new(lua_State *L, int (*run)(struct chore *c, struct sw_err *err), int texts)
{
    const char *s[2] = {luaL_checkstring(L, 1), texts > 1 ? luaL_checkstring(L, 2) : NULL};
    struct chore **at = lua_newuserdatauv(L, sizeof *at, 0), *c;
    *at = NULL;
    luaL_setmetatable(L, CHORE);
    *at = c = sw_zalloc(sizeof *c);
    c->ended = true; /* until it starts */
    c->engine = sw_lua_engine(L);
    c->main = sw_host_state(sw_lua_host(L));
    c->run = run;
    for (int i = 0; i < texts; i++) c->s[i] = sw_strdup(s[i]);
    snprintf(c->url, sizeof c->url, "sqlite:%s", s[0]);
    snprintf(c->schema, sizeof c->schema, "%s/schema", c->engine->share);
    sw_buf_init(&c->out, RESULT_MOST);
    return c;
}

static int start(lua_State *L, struct chore *c)
{
    lua_pushvalue(L, -1);
    c->self = luaL_ref(L, LUA_REGISTRYINDEX);
    c->ended = false;
    c->work.data = c;
    uv_queue_work(c->engine->loop, &c->work, chore_main, chore_ended);
    return 1;
}

/* --- files --- */

static int run_copy(struct chore *c, struct sw_err *err)
{
    struct sw_store *s = NULL;
    struct sw_progress p = progress_of(c);
    int rc = sw_store_open(c->url, c->schema, true, &s, err);
    if (!rc) rc = sw_store_copy(s, c->s[1], &p, err);
    sw_store_close(s);
    return rc;
}

static int l_copy(lua_State *L)
{
    return start(L, chore_new(L, run_copy, 2));
}

static int run_pack(struct chore *c, struct sw_err *err)
{
    struct sw_progress p = progress_of(c);
    return sw_archive_write(c->s[0], c->entry, c->n_entry, &p, err);
}

static char *field(lua_State *L, int table, int k)
{
    char *copy;
    lua_rawgeti(L, table, k);
    copy = sw_strdup(luaL_checkstring(L, -1));
    lua_pop(L, 1);
    return copy;
}

static int l_pack(lua_State *L)
{
    size_t n;
    struct chore *c;
    luaL_checktype(L, 2, LUA_TTABLE);
    n = lua_rawlen(L, 2);
    c = chore_new(L, run_pack, 1);
    c->entry = sw_zalloc((n + 1) * sizeof *c->entry);
    for (; c->n_entry < n; c->n_entry++) {
        struct sw_archive_entry *e = &c->entry[c->n_entry];
        lua_rawgeti(L, 2, (lua_Integer)c->n_entry + 1);
        luaL_checktype(L, -1, LUA_TTABLE);
        e->name = field(L, lua_gettop(L), 1);
        e->path = field(L, lua_gettop(L), 2);
        lua_pop(L, 1);
    }
    return start(L, c);
}

static int run_unpack(struct chore *c, struct sw_err *err)
{
    struct sw_progress p = progress_of(c);
    return sw_archive_read(c->s[0], c->s[1], &p, err);
}

static int l_unpack(lua_State *L)
{
    return start(L, chore_new(L, run_unpack, 2));
}

static int l_manifest(lua_State *L)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_buf b;
    int rc;
    const char *path = luaL_checkstring(L, 1), *name = luaL_checkstring(L, 2);
    sw_buf_init(&b, MANIFEST_MOST);
    rc = sw_archive_first(path, name, &b, &err);
    if (!rc) lua_pushlstring(L, sw_buf_str(&b), b.len);
    sw_buf_clear(&b);
    return rc ? sw_push_err(L, rc, &err) : 1;
}

/* --- the store --- */

static void put_damage(void *ctx, const char *finding)
{
    struct sw_buf *b = ctx;
    if (b->data[b->len - 1] != '[') sw_buf_byte(b, ',');
    sw_json_str(b, finding, strlen(finding));
}

static int put_people(struct sw_store *s, struct sw_buf *b, struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        s, err,
        "SELECT name, (SELECT count(*) FROM record WHERE record.person_id = person.id AND state <> 'deleted'), "
        "(SELECT CAST(coalesce(sum(chunk.n), 0) AS BIGINT) FROM series JOIN chunk ON chunk.id >= series.id * 65536 "
        "AND chunk.id < (series.id + 1) * 65536 WHERE series.person_id = person.id), "
        "(SELECT count(*) FROM connection WHERE connection.person_id = person.id) FROM person ORDER BY name",
        "");
    return sw_json_rows(b, q, "name:s records:i samples:i connections:i", err);
}

static int run_look(struct chore *c, struct sw_err *err)
{
    struct sw_store *s = NULL;
    int64_t schema = 0;
    int rc = sw_store_open(c->url, c->schema, false, &s, err);
    if (rc) return rc;
    rc = sw_ask_int(s, err, &schema, "SELECT next FROM schema_version WHERE name = 'schema'", "");
    sw_buf_printf(&c->out, "{\"schema\":%lld,\"damage\":[", (long long)schema);
    if (rc >= 0) rc = sw_store_integrity(s, put_damage, &c->out, err);
    sw_buf_puts(&c->out, "],\"people\":[");
    if (!rc) rc = put_people(s, &c->out, err);
    sw_buf_puts(&c->out, "]}");
    sw_store_close(s);
    return rc;
}

static int l_look(lua_State *L)
{
    return start(L, chore_new(L, run_look, 1));
}

static int run_compact(struct chore *c, struct sw_err *err)
{
    struct sw_store *s = NULL;
    int rc = sw_store_open(c->url, c->schema, false, &s, err);
    if (!rc) rc = sw_store_compact(s, err);
    sw_store_close(s);
    return rc;
}

static int l_compact(lua_State *L)
{
    return start(L, chore_new(L, run_compact, 1));
}

static int run_alone(struct chore *c, struct sw_err *err)
{
    return sw_store_alone(c->url, err);
}

static int l_alone(lua_State *L)
{
    return start(L, chore_new(L, run_alone, 1));
}

static void put_finding(void *ctx, const struct sw_finding *f)
{
    struct sw_buf *b = ctx;
    sw_json_item(b);
    sw_json_put_text(b, "what", f->what);
    sw_json_put_text(b, "text", f->text);
    if (f->mend) {
        sw_json_put_text(b, "mend", f->mend);
        sw_json_put_int(b, "person", f->person);
        sw_json_put_text(b, "metric", f->metric);
        sw_json_put_int(b, "origin", f->origin);
        sw_json_put_int(b, "day", f->day);
    }
    sw_buf_byte(b, '}');
}

static int run_check(struct chore *c, struct sw_err *err)
{
    struct sw_store *s = NULL;
    struct sw_progress p = progress_of(c);
    struct sw_check_counts n = {0};
    int rc = sw_store_open(c->url, c->schema, true, &s, err);
    if (rc) return rc;
    sw_buf_puts(&c->out, "{\"findings\":[");
    rc = sw_store_begin(s, false, err);
    if (!rc) rc = sw_check(s, c->engine->metrics, put_finding, &c->out, &n, &p, err);
    sw_store_rollback(s);
    sw_buf_printf(&c->out,
                  "],\"found\":%lld,\"chunks\":%lld,\"samples\":%lld,\"records\":%lld,\"days\":%lld}",
                  (long long)n.findings, (long long)n.chunks, (long long)n.samples,
                  (long long)n.records, (long long)n.days);
    sw_store_close(s);
    return rc;
}

static int l_check(lua_State *L)
{
    return start(L, chore_new(L, run_check, 1));
}

int sw_open_care(lua_State *L)
{
    static const luaL_Reg methods[] = {{"wait", l_wait}, {"progress", l_progress}, {NULL, NULL}};
    static const luaL_Reg f[] = {{"copy", l_copy},     {"pack", l_pack},       {"unpack", l_unpack},
                                 {"look", l_look},     {"compact", l_compact}, {"alone", l_alone},
                                 {"check", l_check},   {"manifest", l_manifest},
                                 {NULL, NULL}};
    luaL_newmetatable(L, CHORE);
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, l_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
    luaL_newlib(L, f);
    return 1;
}
