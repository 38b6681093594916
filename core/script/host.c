/* SPDX-License-Identifier: MIT */
#include "script/host.h"
#include "base/alloc.h"
#include "base/slab.h"
#include "script/compiled.h"
#include "script/task.h"
#include "script/workers_host.h"
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAME_BYTES = 2 << 20 };

struct sw_host {
    struct sw_engine *engine;
    char *box_path;
    struct sw_compiled *compiled; /* NULL: all is read as source */
    struct sw_slab *slab; /* where the objects of L lie */
    lua_State *L;
    int doors;                              /* registry reference of the table boot.lua returned */
    int running;                            /* tasks that have not ended */
    size_t came; /* bytes of texts from outside since those of before were collected */
    int status;                             /* what the door returned */
    sw_line_reader *read_line; /* NULL: plain standard input */
};

struct sw_host *sw_lua_host(lua_State *L)
{
    return *(struct sw_host **)lua_getextraspace(L);
}
struct sw_engine *sw_lua_engine(lua_State *L)
{
    return sw_lua_host(L)->engine;
}
lua_State *sw_host_state(struct sw_host *h)
{
    return h->L;
}

/* Answers of services live for a page. The collector begins anew when the heap has doubled
 * and spares what came meanwhile, so a dozen of them would lie about; a collection costs
 * less than a page does. */
void sw_lua_make_room(lua_State *L, size_t bytes)
{
    struct sw_host *h = sw_lua_host(L);
    size_t heap = (size_t)lua_gc(L, LUA_GCCOUNT) << 10;
    h->came += bytes;
    if (h->came < CAME_BYTES || h->came < heap / 2) return;
    h->came = bytes;
    lua_gc(L, LUA_GCCOLLECT);
}

int sw_push_err(lua_State *L, int code, const struct sw_err *err)
{
    lua_pushnil(L);
    lua_pushstring(L, err && *err->text ? err->text : sw_code_name(code));
    lua_pushstring(L, sw_code_name(code));
    return 3;
}

struct sw_wait sw_task_begin(lua_State *L, const char *what)
{
    struct sw_wait w = {sw_lua_host(L), L, LUA_NOREF};
    if (!lua_isyieldable(L))
        luaL_error(L, "cannot wait for %s here (inside a sort, gsub or metamethod callback)", what);
    lua_pushthread(L);
    w.ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return w;
}

int sw_task_yield(lua_State *L)
{
    return lua_yield(L, 0);
}

static void report(struct sw_host *h, lua_State *co)
{
    const char *msg = lua_tostring(co, -1);
    luaL_traceback(h->L, co, msg ? msg : "(error object is no text)", 0);
    fprintf(stderr, "syncwell: internal error: %s\n", lua_tostring(h->L, -1));
    lua_pop(h->L, 1);
    h->status = 1;
}

static void go(struct sw_host *h, lua_State *co, int args)
{
    int n = 0, rc = lua_resume(co, NULL, args, &n);
    if (rc == LUA_YIELD) {
        lua_pop(co, n);
        return;
    }
    if (rc == LUA_OK && n > 0 && lua_isinteger(co, -n)) h->status = (int)lua_tointeger(co, -n);
    if (rc != LUA_OK) report(h, co);
    h->running--;
}

void sw_wake(struct sw_wait *w, int n)
{
    int ref = w->ref;
    struct sw_host *h = w->host;
    w->ref = LUA_NOREF;
    go(h, w->co, n);
    luaL_unref(h->L, LUA_REGISTRYINDEX, ref);
}

/* sw.spawn(f, ...): run f as a task of its own beside the caller. */
static int l_spawn(lua_State *L)
{
    struct sw_host *h = sw_lua_host(L);
    int n = lua_gettop(L), ref;
    lua_State *co;
    luaL_checktype(L, 1, LUA_TFUNCTION);
    co = lua_newthread(L);
    *(struct sw_host **)lua_getextraspace(co) = h;
    ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_xmove(L, co, n);
    h->running++;
    go(h, co, n - 1);
    luaL_unref(h->L, LUA_REGISTRYINDEX, ref); /* whoever made it wait holds it by its sw_wait */
    return 0;
}

/* sw.settle_heap(): what there is now stays; what comes lies apart from it (base/slab.h). */
static int l_settle_heap(lua_State *L)
{
    sw_slab_settle(sw_lua_host(L)->slab);
    return 0;
}

static void open_all(lua_State *L)
{
    static const luaL_Reg parts[] = {
        {"json", sw_open_json},     {"time", sw_open_time},   {"fs", sw_open_fs},
        {"sys", sw_open_sys},       {"store", sw_open_store}, {"txn", sw_open_txn},
        {"import", sw_open_import}, {"box", sw_open_box},     {"ical", sw_open_ical},
        {"qr", sw_open_qr},
        {"http", sw_open_http},     {"serve", sw_open_serve},
        {"stream", sw_open_stream}, {"smtp", sw_open_smtp},
        {"care", sw_open_care},
        {"crypto", sw_open_crypto}};
    lua_newtable(L);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        luaL_requiref(L, parts[i].name, parts[i].func, 0);
        lua_setfield(L, -2, parts[i].name);
    }
    lua_pushcfunction(L, l_spawn);
    lua_setfield(L, -2, "spawn");
    lua_pushcfunction(L, l_settle_heap);
    lua_setfield(L, -2, "settle_heap");
    lua_setglobal(L, "sw");
}

static void set_path(lua_State *L, const char *share)
{
    lua_getglobal(L, "package");
    lua_pushfstring(L, "%s/lua/?.lua;%s/lua/?/init.lua", share, share);
    lua_setfield(L, -2, "path");
    lua_pushliteral(L, "");
    lua_setfield(L, -2, "cpath");
    lua_pop(L, 1);
}

static void *alloc(void *slab, void *p, size_t from, size_t to)
{
    return sw_slab_resize(slab, p, from, to);
}

static int on_panic(lua_State *L)
{
    const char *s = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "not a text";
    fprintf(stderr, "syncwell: an error outside any protected call: %s\n", s);
    return 0; /* Lua aborts */
}

static lua_State *new_state(struct sw_host *h)
{
    lua_State *L;
    h->slab = sw_slab_of_state();
    L = lua_newstate(alloc, h->slab);
    if (!L) abort(); /* as sw_alloc does */
    lua_atpanic(L, on_panic);
    *(struct sw_host **)lua_getextraspace(L) = h;
    return L;
}

struct sw_host *sw_host_new(struct sw_engine *e, const char *box_path, struct sw_err *err)
{
    struct sw_host *h = sw_zalloc(sizeof *h);
    char boot[1024];
    h->engine = e;
    h->box_path = sw_strdup(box_path);
    h->L = new_state(h);
    luaL_openlibs(h->L);
    set_path(h->L, e->share);
    h->compiled = sw_compiled_open(e->share);
    sw_compiled_search(h->L, h->compiled);
    open_all(h->L);
    snprintf(boot, sizeof boot, "%s/lua/boot.lua", e->share);
    if ((!sw_compiled_push(h->L, h->compiled, "boot") && luaL_loadfile(h->L, boot)) || lua_pcall(h->L, 0, 1, 0) || !lua_istable(h->L, -1)) {
        sw_fail(err, SW_E_INTERNAL, "boot.lua does not load: %s", lua_tostring(h->L, -1));
        sw_host_free(h);
        return NULL;
    }
    h->doors = luaL_ref(h->L, LUA_REGISTRYINDEX);
    return h;
}

void sw_host_set_reader(struct sw_host *h, sw_line_reader *reader)
{
    h->read_line = reader;
}

char *sw_host_read_line(struct sw_host *h, const char *prompt, const struct sw_completer *help)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    if (h->read_line) return h->read_line(prompt, help);
    n = getline(&line, &room, stdin);
    if (n > 0 && line[n - 1] == '\n') line[n - 1] = 0;
    if (n >= 0) return line;
    free(line);
    return NULL;
}

const char *sw_host_box_path(struct sw_host *h)
{
    return h->box_path;
}

void sw_host_free(struct sw_host *h)
{
    if (!h) return;
    lua_close(h->L);
    sw_slab_free(h->slab);
    sw_compiled_free(h->compiled);
    uv_run(h->engine->loop, UV_RUN_NOWAIT); /* let closed handles go */
    sw_free(h->box_path);
    sw_free(h);
}

int sw_host_run(struct sw_host *h, const char *door, int argc, char **argv)
{
    lua_State *L = h->L;
    h->status = 0;
    lua_pushcfunction(L, l_spawn);
    lua_rawgeti(L, LUA_REGISTRYINDEX, h->doors);
    lua_getfield(L, -1, door);
    lua_remove(L, -2);
    lua_createtable(L, argc, 0);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i + 1);
    }
    if (lua_pcall(L, 2, 0, 0)) {
        fprintf(stderr, "syncwell: %s\n", lua_tostring(L, -1));
        lua_pop(L, 1);
        return 1;
    }
    while (h->running && uv_run(h->engine->loop, UV_RUN_ONCE)) continue;
    return h->status;
}
