/* SPDX-License-Identifier: MIT */
#include "box/limits.h"
#include "base/slab.h"
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

enum { SLAB_SLACK = 1 << 20 }; /* bytes: pages begun of each size */

/* A signal handler takes no argument: this is the one place where the process's state is found. */
static struct sw_limits *volatile ticking;

int64_t sw_limits_cpu_ns(void)
{
    struct timespec t;
    /* A worker has one thread. Its process's clock moves only every few milliseconds once a limit of
     * the process's CPU time is set, which confinement does. */
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct sw_limits *sw_limits_of(lua_State *L) { return *(struct sw_limits **)lua_getextraspace(L); }

static void *alloc(void *ud, void *p, size_t osize, size_t nsize)
{
    struct sw_limits *m = ud;
    void *q;
    if (!p) osize = 0; /* then it is a type tag, no size */
    if (!nsize) {
        m->mem_used -= osize;
        if (osize) sw_slab_drop(m->slab, p, osize);
        return NULL;
    }
    if (nsize > osize && m->mem_used + (nsize - osize) > m->mem_max) {
        m->mem_hit = true;
        return NULL;
    }
    q = osize ? sw_slab_resize(m->slab, p, osize, nsize) : sw_slab_make(m->slab, nsize);
    if (!q) {
        m->mem_hit = true;
        return NULL; /* never of a shrink, on which Lua relies */
    }
    m->mem_used += nsize - osize;
    return q;
}

void sw_limits_note(lua_State *L)
{
    struct sw_limits *m = sw_limits_of(L);
    lua_Debug ar;
    if (m->where_line) return;
    for (int level = 0; level < 20 && lua_getstack(L, level, &ar); level++) {
        if (!lua_getinfo(L, "Sl", &ar) || ar.currentline <= 0) continue;
        if (strncmp(ar.source, "=syncwell/", 10) == 0) continue;
        snprintf(m->where, sizeof m->where, "%s", ar.short_src);
        m->where_line = ar.currentline;
        return;
    }
}

int sw_limits_raise(lua_State *L)
{
    struct sw_limits *m = sw_limits_of(L);
    sw_limits_note(L);
    lua_pushlightuserdata(L, m);
    return lua_error(L);
}

static void on_hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    if (sw_limits_of(L)->expired) sw_limits_raise(L);
    lua_sethook(L, NULL, 0, 0); /* left over from an earlier run */
}

static void arm(lua_State *L)
{
    lua_sethook(L, on_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

void sw_limits_rearm(lua_State *L)
{
    if (sw_limits_of(L)->expired) arm(L);
}

static void see(struct sw_limits *m)
{
    m->seen_ns = sw_limits_cpu_ns();
    m->deadline_ns = m->seen_ns + m->budget_ns;
}

static void on_tick(int sig)
{
    struct sw_limits *m = ticking;
    (void)sig;
    if (!m) return;
    m->ticked = 1;
    if (!m->deadline_ns) return;
    if (m->deadline_ns == SW_LIMITS_UNSEEN) see(m);
    if (!m->expired && sw_limits_cpu_ns() < m->deadline_ns) return;
    m->expired = 1;
    /* once per thread: it walks every call on the stack, and a deep one would take all ticks */
    if (lua_gethook(m->running) != on_hook) arm(m->running);
}

/* The next tick finds the deadline passed. */
static void on_stop(int sig)
{
    struct sw_limits *m = ticking;
    (void)sig;
    if (!m || !m->deadline_ns) return;
    m->stopped = 1;
    m->deadline_ns = 1;
}

lua_State *sw_limits_new(struct sw_limits *m, size_t mem_max_bytes)
{
    struct sigaction sa = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    struct sigaction stop = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
    *m = (struct sw_limits){.mem_max = mem_max_bytes};
    sigaction(SIGALRM, &sa, NULL); /* now: the seccomp filter will not allow it */
    sigaction(SIGUSR1, &stop, NULL);
    m->slab = sw_slab_of_state();
    if (m->slab) sw_slab_set_most(m->slab, mem_max_bytes + mem_max_bytes / 2 + SLAB_SLACK);
    m->L = lua_newstate(alloc, m);
    if (!m->L) return NULL;
    *(struct sw_limits **)lua_getextraspace(m->L) = m; /* new threads inherit it */
    m->running = m->L;
    return m->L;
}

void sw_limits_free(struct sw_limits *m)
{
    if (m->L) lua_close(m->L);
    sw_slab_free(m->slab);
}

static void set_timer(long us)
{
    struct itimerval t = {{0, us}, {0, us}};
    setitimer(ITIMER_REAL, &t, NULL);
}

void sw_limits_tick_start(struct sw_limits *m)
{
    ticking = m;
    set_timer(10000);
}

void sw_limits_tick_stop(struct sw_limits *m)
{
    m->deadline_ns = 0;
    set_timer(0);
}

int64_t sw_limits_begin(struct sw_limits *m, lua_State *thread, int64_t budget_ns)
{
    int64_t now = sw_limits_cpu_ns();
    m->expired = m->stopped = 0;
    m->mem_hit = false;
    m->where_line = 0;
    m->base = m->running = thread;
    m->seen_ns = now;
    m->deadline_ns = now + budget_ns;
    return now;
}

void sw_limits_begin_unseen(struct sw_limits *m, lua_State *thread, int64_t budget_ns)
{
    m->expired = m->stopped = 0;
    m->mem_hit = false;
    m->where_line = 0;
    m->base = m->running = thread;
    m->budget_ns = budget_ns;
    m->deadline_ns = SW_LIMITS_UNSEEN;
}

int64_t sw_limits_used_ns(struct sw_limits *m)
{
    if (m->deadline_ns == SW_LIMITS_UNSEEN) see(m);
    return sw_limits_cpu_ns() - m->seen_ns;
}

void sw_limits_end(struct sw_limits *m)
{
    m->deadline_ns = 0;
    m->running = m->L;
    if (!m->expired) return; /* a hook armed only now goes when it is called */
    m->expired = 0;
    lua_sethook(m->L, NULL, 0, 0);
}
