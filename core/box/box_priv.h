/* SPDX-License-Identifier: MIT
 * A box as its files share it: the state, its runs, and what ends them. */
#ifndef SW_BOX_BOX_PRIV_H
#define SW_BOX_BOX_PRIV_H
#include "box/limits.h"
#include "box/packed.h"
#include "box/random.h"
#include "box/tape.h"
#include "box/worker.h"
#include <lua.h>

#define SW_BOX_OUTPUT_MAX (64u * 1024u) /* what one run may hand over */
#define SW_BOX_ACTIONS    16            /* kinds of actions */

struct sw_events;

/* Events for one rule that came together. Kept as long as one of its runs is under way. */
struct sw_batch {
    int head, meta; /* registry references: what they share; the metatable of their events (event.h) */
    int step;       /* the rule as a function of an event, made by the first run */
    struct sw_events *events;
    unsigned users;
    int64_t budget_ns;
};

struct sw_run {
    uint64_t n;      /* the engine's number; 0: free slot */
    uint64_t call;   /* the call it waits for, 0: none */
    int thread, cur; /* registry references: coroutine, { run = ..., out = ... } */
    lua_State *co;   /* the coroutine, alive as long as its reference */
    unsigned calls;
    int64_t budget_ns, used_ns;
    struct sw_buf body; /* what came with the last answer beside its value: a document */
    int64_t at;         /* its instant, ms */
    struct sw_random random;
    struct sw_batch *batch; /* NULL: a run of its own */
    size_t item;            /* its event in the batch */
    const char *key;        /* that came with the event; not terminated */
    size_t n_key;
    struct sw_buf actions;  /* encoded one after another */
    unsigned n_actions, count[SW_BOX_ACTIONS];
    bool stopped; /* it ended in its middle, to be continued in another run */
};

struct sw_box {
    struct sw_limits limits; /* first: the state's extra space points here */
    lua_State *L;
    struct sw_shared_page *page;
    sw_box_send_fn *send;
    void *ctx;
    struct sw_run *runs;
    size_t cap;
    struct sw_run *now; /* executing */
    uint64_t last_call;
    struct sw_tape_account documents; /* that scripts hold */
    struct sw_buf call; /* arguments of the call being made */
    char call_name[64];
    int drive, explain, enter; /* registry references to the library's doors */
    int spare;                 /* a coroutine that ended well, for the next run of a batch */
    lua_State *spare_co;       /* the same */
    struct sw_buf packed;      /* results of a batch, not sent yet */
    uint64_t packed_first;     /* number of the first of them */
    size_t packed_n;
    int64_t packed_since;    /* CPU clock at the first of them */
    struct sw_random random; /* while no run is executed: a file is loaded */
    struct sw_err fault;     /* why a run that ended well has no result, until its end is told */
    size_t ran;              /* events of batches; a kilobyte of a document counts as one */
    size_t settled;          /* bytes of the heap when all of it became old */
    bool ready, retire;
};

static inline struct sw_box *sw_box_of(lua_State *L)
{
    return (struct sw_box *)sw_limits_of(L);
}

/* ---- box.c ---- */

/* Say in the shared page which run is executed. */
void sw_box_stand(struct sw_box *b, uint64_t run);
/* Run f protected with a pointer as its argument. */
int sw_box_protect(struct sw_box *b, lua_CFunction f, void *arg, struct sw_err *err);
struct sw_run *sw_box_free_slot(struct sw_box *b); /* NULL: too many wait */
int sw_box_refuse_waiting(lua_State *L, const char *name); /* where Lua cannot wait: raises */

/* ---- box_end.c ---- */

/* The run is over, or waits: send what it has to say. Status is Lua's. */
int sw_box_after(struct sw_box *b, struct sw_run *r, int status, bool expired, struct sw_err *err);
/* It is over: its output, or what went wrong, and its place is free. */
int sw_box_finish(struct sw_box *b, struct sw_run *r, int status, bool expired, struct sw_err *err);
/* The same for a run of a batch that waited for the engine, or stopped; its neighbours are gone. */
int sw_box_finish_waited(struct sw_box *b, struct sw_run *r, struct sw_err *err);
void sw_box_consider_retiring(struct sw_box *b); /* after a run that took much memory */

/* ---- box_steps.c ---- */

/* For the library: push its functions into the table on top. */
void sw_box_push_steps_core(lua_State *L);

/* ---- box_batch.c ---- */

/* Take a batch in and begin its first run. An error when the frame is no batch: the worker then ends. */
int sw_box_start_batch(struct sw_box *b, struct sw_rd frame, struct sw_err *err);
/* Put the result of a run of a batch that ended well with those that wait to be sent; the two values it
 * returned are at the top of its coroutine. false: it cannot be handed over, b->fault says why. */
bool sw_box_pack_result(struct sw_box *b, struct sw_run *r);
/* The key of its firing unless the rule says another: what came with it, else what identifies the
 * event. Borrowed from the item, or written to text. */
const char *sw_box_key_of(const struct sw_run *r, char *text, size_t size, size_t *n);
int sw_box_send_packed(struct sw_box *b, struct sw_err *err);
void sw_box_leave_batch(struct sw_box *b, struct sw_batch *batch);
/* Before much is made that goes at once: a box that has had much to do collects what is young alone. */
void sw_box_settle_heap(struct sw_box *b);
/* For the library: push its functions into the table on top. */
void sw_box_push_batch_core(lua_State *L);
struct sw_run *sw_box_current_run(lua_State *L); /* of a batch; raises when there is none */
/* Push { run, out } of a run, made when it is asked for. */
void sw_box_push_current(lua_State *L, struct sw_run *r);

/* ---- box_actions.c: for the library ---- */

/* act(name, id, args): args are plain data */
int sw_box_act(lua_State *L);
/* action(name, id, names of its texts (true: must be there), function for all else) -> function(args) */
int sw_box_action(lua_State *L);
#endif
