/* SPDX-License-Identifier: MIT
 * The engine's own Lua with its host, for what is measured through it.
 *   bench_lua SHARE BOX FILE WORDS...      FILE runs as a task; it calls bench.done() at its end
 * It is given: bench.cpu() -> seconds of this process, of all beneath it; bench.say(text). */
#include "base/alloc.h"
#include "base/crypto.h"
#include "bench.h"
#include "script/host.h"
#include <lauxlib.h>
#include <signal.h>
#include <stdio.h>

static int l_cpu(lua_State *L)
{
    lua_pushnumber(L, bench_cpu());
    lua_pushnumber(L, bench_children_cpu());
    return 2;
}

static int l_say(lua_State *L)
{
    puts(luaL_checkstring(L, 1));
    fflush(stdout);
    return 0;
}

static int l_done(lua_State *L)
{
    lua_pushboolean(L, 1);
    lua_setglobal(L, "bench_is_done");
    return 0;
}

static bool is_done(lua_State *L)
{
    bool done;
    lua_getglobal(L, "bench_is_done");
    done = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return done;
}

static void start(lua_State *L, int argc, char **argv)
{
    static const luaL_Reg f[] = {{"cpu", l_cpu}, {"say", l_say}, {"done", l_done}, {NULL, NULL}};
    luaL_newlib(L, f);
    lua_setglobal(L, "bench");
    lua_getglobal(L, "sw");
    lua_getfield(L, -1, "spawn");
    if (luaL_loadfile(L, argv[0])) bench_die(lua_tostring(L, -1), NULL);
    for (int i = 1; i < argc; i++) lua_pushstring(L, argv[i]);
    if (lua_pcall(L, argc, 0, 0)) bench_die(lua_tostring(L, -1), NULL);
    lua_pop(L, 1);
}

int main(int argc, char **argv)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_engine *e;
    struct sw_host *h;
    uv_loop_t loop;
    bool done;
    sw_alloc_keep();
    signal(SIGPIPE, SIG_IGN);
    if (argc < 4 || sw_crypto_init()) bench_die("bench_lua SHARE BOX FILE WORDS...", NULL);
    uv_loop_init(&loop);
    e = sw_engine_new(&loop, argv[1]);
    h = sw_host_new(e, argv[2], &err);
    if (!h) bench_die("host", &err);
    start(sw_host_state(h), argc - 3, argv + 3);
    while (!is_done(sw_host_state(h)) && uv_run(&loop, UV_RUN_ONCE)) continue;
    done = is_done(sw_host_state(h));
    sw_host_free(h);
    sw_engine_free(e);
    while (uv_run(&loop, UV_RUN_NOWAIT)) continue;
    return done ? 0 : 1;
}
