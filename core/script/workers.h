/* SPDX-License-Identifier: MIT
 * The engine's pool of boxes: worker processes in which strangers' Lua runs, one per (user, script
 * package). The pool starts them when there is work, stops them when they idle, and treats what
 * they send as hostile: every field checked, only known ids answered, never waited for. A run that
 * loops, crashes or grows is the only one charged for it; the other runs of its worker are queued
 * again. Values cross this interface in the frame encoding (box/frame.h, box/frame_lua.h). Thread:
 * the loop's. Callbacks come from the loop, never from inside a call into this header, and may call
 * back into it (but for sw_workers_close). */
#ifndef SW_SCRIPT_WORKERS_H
#define SW_SCRIPT_WORKERS_H
#include "box/frame.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct uv_loop_s;
struct sw_workers;

struct sw_workers_file {
    const char *name;   /* relative path: the chunk's name in errors */
    const char *source; /* borrowed during the call */
    size_t bytes;       /* at most 64 KiB */
};

struct sw_workers_config {
    const char *box_path;                  /* the syncwell-box binary */
    const struct sw_workers_file *library; /* lua/box: "init", "errors" ... without .lua */
    size_t n_library;
    int max_live;          /* workers at a time; 0: 16 */
    int max_running;       /* of them executing; 0: one per core */
    size_t memory_bytes;   /* what the scripts of a worker may allocate; 0: 32 MiB */
    uint32_t idle_ms;      /* stop a worker without work after this; 0: 60 s */
    unsigned uid, gid;     /* taken by workers of an engine run as root; 0: nobody */
    bool allow_unconfined; /* administrator: run without seccomp if it must be */
};

struct sw_run_spec {
    uint64_t tag;      /* the caller's own number, given back */
    struct sw_rd spec; /* a map: op = "rule" | "script" ..., script = name, event = ... */
    uint32_t cpu_ms;   /* budget; 0: 200 */
};

struct sw_batch_spec { /* many events for one rule: box/packed.h */
    struct sw_rd head;   /* a map: what their runs share: script, params, zone ... */
    struct sw_rd names;  /* a list of texts, which the items refer to */
    const uint8_t *items;
    const uint32_t *ends; /* of each item, in bytes from items */
    size_t n;             /* items; their tags are 0 .. n-1 */
    uint32_t cpu_ms;      /* budget of each; 0: 200 */
};

struct sw_run_result {
    uint64_t tag;     /* of a run; of a load: the index of the file */
    const char *name; /* of a load: the file's name; else NULL */
    bool ok;
    bool killed;        /* the worker was lost with this run */
    bool unserved;      /* no worker could be had: it did not run, and its script is not to blame */
    int64_t cpu_us;     /* as the worker states it */
    struct sw_rd out;   /* what the operation left: see lua/box/ops.lua; may be nil. Of a batch: no
                           bytes at all when the run has nothing to tell */
    struct sw_rd error; /* when not ok, a map: message, text, and where known script, line, hint */
};

struct sw_run_call {            /* a script asks the engine for something and waits */
    uint64_t call;              /* for sw_workers_reply */
    uint64_t tag;               /* of the run that asks */
    const char *user, *package; /* from the worker's identity, never from its words */
    const char *name;           /* "series", "records" ... */
    struct sw_rd args;
};

struct sw_workers_on {
    void (*result)(void *ctx, const struct sw_run_result *r);
    void (*call)(void *ctx, const struct sw_run_call *c); /* NULL: calls are refused */
    void *ctx;
};

/* A pool that has started nothing yet. NULL with err when the box is not there. Copies the config. */
struct sw_workers *sw_workers_new(struct uv_loop_s *loop, const struct sw_workers_config *c,
                                  struct sw_err *err);
/* End everything; runs under way get no result. done may be NULL; it comes from the loop when the
 * last handle is closed and the pool is freed. */
void sw_workers_close(struct sw_workers *p, void (*done)(void *ctx), void *ctx);

/* Make these the scripts of the package, in place of those it had; result comes once per file. Runs
 * under way end with the old ones, runs still queued get the new. 0, SW_E_LIMIT or SW_E_BAD: then
 * nothing has changed. */
int sw_workers_load(struct sw_workers *p, const char *user, const char *package,
                    const struct sw_workers_file *files, size_t n, const struct sw_workers_on *on,
                    struct sw_err *err);
/* Queue runs; result comes once per run. 0, or SW_E_LIMIT / SW_E_BAD and none was queued. */
int sw_workers_run(struct sw_workers *p, const char *user, const char *package,
                   const struct sw_run_spec *runs, size_t n, const struct sw_workers_on *on,
                   struct sw_err *err);
/* The same for the events of a batch, each a run with its budget, its result and its failure. */
int sw_workers_batch(struct sw_workers *p, const char *user, const char *package,
                     const struct sw_batch_spec *batch, const struct sw_workers_on *on, struct sw_err *err);
/* A document that goes with the answer to this call, before sw_workers_reply; at most 32 MiB, copied
 * in pieces the worker may take its time with. SW_E_NOTFOUND, SW_E_LIMIT. */
int sw_workers_body(struct sw_workers *p, uint64_t call, const char *body, size_t n, struct sw_err *err);
/* Answer a call: a value, or when not ok a text with the reason. SW_E_NOTFOUND: its run is over.
 * SW_E_LIMIT: too large for a frame; the script is told so instead. */
int sw_workers_reply(struct sw_workers *p, uint64_t call, bool ok, struct sw_rd value,
                     struct sw_err *err);

/* What confines scripts, for `status`: "not started", "seccomp, uid 65534, resource limits" ... */
const char *sw_workers_confinement(const struct sw_workers *p);
/* The process serving a package, 0 if none does (for status and tests). */
pid_t sw_workers_pid(const struct sw_workers *p, const char *user, const char *package);

/* End the run that the package's worker executes now: it fails with "stopped", and the worker, with the
 * names its scripts hold, lives on. false: nothing of it runs just now. */
bool sw_workers_interrupt(struct sw_workers *p, const char *user, const char *package);

struct sw_workers_stats {
    uint64_t started, killed, crashed, retired, runs, requeued; /* since the pool was made */
    int live, running;
};
/* Filled in as of now. */
void sw_workers_get_stats(const struct sw_workers *p, struct sw_workers_stats *s);
#endif
