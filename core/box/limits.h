/* SPDX-License-Identifier: MIT
 * What keeps one script from holding up the others: a counting allocator, a deadline on the CPU
 * clock, and the rule that nothing a script can call swallows its expiry. A 10 ms tick, running
 * only while work is there, compares the CPU clock with the deadline; once past, it arms a hook
 * that raises at every instruction, so there is no standing hook to pay for. C functions of the
 * sandbox that loop call sw_limits_check. One struct per lua_State, reached from it through its
 * extra space. These limits give clean errors; the process boundary gives safety. */
#ifndef SW_BOX_LIMITS_H
#define SW_BOX_LIMITS_H
#include <lua.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_LIMITS_UNSEEN INT64_MAX

struct sw_slab;

struct sw_limits {
    lua_State *L;                     /* main thread */
    lua_State *base;                  /* the thread the current run began on; not looked into */
    lua_State *volatile running;      /* the thread whose instructions are executed now */
    volatile sig_atomic_t expired;    /* the current run is over its budget, or to end */
    volatile sig_atomic_t stopped;    /* the engine asked for its end (SIGUSR1) */
    volatile int64_t deadline_ns;     /* on the CPU clock; 0: none; or SW_LIMITS_UNSEEN */
    volatile int64_t budget_ns;       /* of a run whose beginning was not timed, see below */
    volatile int64_t seen_ns;         /* CPU clock then */
    volatile sig_atomic_t ticked;     /* a tick has passed; who waits for one sets it back */
    struct sw_slab *slab;             /* where objects lie; NULL: malloc */
    size_t mem_used, mem_max;         /* bytes */
    bool mem_hit;                     /* an allocation was refused since the run began */
    char where[96];                   /* script and line at which a limit struck; line 0: unknown */
    int where_line;
};

/* A state with the allocator in place and no library; NULL when there is no memory for it. Also
 * installs the handlers for SIGALRM (one state per process has its tick running at a time) and for
 * SIGUSR1, by which the engine ends the run under way; without one it means nothing. */
lua_State *sw_limits_new(struct sw_limits *m, size_t mem_max_bytes);
void sw_limits_free(struct sw_limits *m); /* closes the state */
struct sw_limits *sw_limits_of(lua_State *L);

/* The tick runs between start and stop only: an idle worker wakes for nothing. */
void sw_limits_tick_start(struct sw_limits *m);
void sw_limits_tick_stop(struct sw_limits *m);

/* Around each stretch of a run: budget in nanoseconds of CPU; begin gives the clock. Read expired and
 * where before end, which forgets the former. */
int64_t sw_limits_begin(struct sw_limits *m, lua_State *thread, int64_t budget_ns);
void sw_limits_end(struct sw_limits *m);
/* The same without a look at the clock, for runs that are many and short: the budget counts from the
 * first tick that finds the run, so one may use up to a tick more. */
void sw_limits_begin_unseen(struct sw_limits *m, lua_State *thread, int64_t budget_ns);
/* Since the run was first seen; looks at the clock. */
int64_t sw_limits_used_ns(struct sw_limits *m);

/* Keep the place in a script where L stands, or stood when an error ended it, unless one is kept. */
void sw_limits_note(lua_State *L);
/* Raise the expiry in L. Not a normal error: sandbox functions pass it on, whoever catches it. */
int sw_limits_raise(lua_State *L);
/* Arm the hook in L when its run expired while another thread was running. */
void sw_limits_rearm(lua_State *L);

static inline void sw_limits_check(lua_State *L)
{
    struct sw_limits *m = *(struct sw_limits **)lua_getextraspace(L);
    if (m->expired) sw_limits_raise(L);
}
int64_t sw_limits_cpu_ns(void); /* CPU time of this thread: a worker has one */
#endif
