/* SPDX-License-Identifier: MIT
 * Packages, their jobs and queues, kept by workers_queue.c for the files of the pool. No libuv and no
 * process: those are in workers_pool.h. */
#ifndef SW_SCRIPT_WORKERS_PRIV_H
#define SW_SCRIPT_WORKERS_PRIV_H
#include "script/workers.h"

struct sw_worker;

struct sw_job_batch;

struct sw_job {
    struct sw_job *next;
    uint64_t n; /* number on the wire, unique in the pool */
    uint64_t tag;
    struct sw_workers_on on;
    struct sw_buf spec; /* map without n and cpu_ms; empty for one of a batch */
    struct sw_job_batch *batch; /* NULL: it came alone */
    struct sw_rd item;  /* of the batch: its event */
    uint32_t cpu_ms;
    int file;            /* index of the file this job loads, or -1 */
    unsigned generation; /* of the files that index refers to */
    unsigned tries, calls;
    uint64_t call;      /* the pool's number of its open call, 0: none */
    int64_t their_call; /* the worker's number of it */
};

/* What jobs that came together share, and those jobs: one piece of memory, freed with the last. */
struct sw_job_batch {
    size_t left;              /* jobs not freed yet */
    struct sw_rd head, names; /* both behind the jobs, as are the items */
    struct sw_job job[];
};

struct sw_jobs {
    struct sw_job *first, **last;
    size_t n;
};

struct sw_pfile {
    char *name, *source;
    size_t bytes;
    bool reported; /* its result was given */
    bool poisoned; /* loading it failed or cost a worker: not tried again */
    struct sw_workers_on on;
};

struct sw_user {
    struct sw_user *next;
    char *name;
    uint64_t turn;
};

struct sw_package {
    struct sw_package *next;
    struct sw_user *user;
    char *name;
    struct sw_pfile *files;
    size_t n_files;
    unsigned generation; /* counts replacements of files */
    struct sw_jobs queue;
    struct sw_worker *worker; /* NULL: none */
    unsigned barren;          /* workers lost in a row without one result */
    int64_t avg_us;           /* of its runs, for the size of a batch */
    bool known;               /* one of its runs has ended */
    uint64_t long_until_ms;   /* loop time until which a long run is held against it */
};

/* A queue of jobs, which it owns while they are in it; pop gives NULL when it is empty. */
void sw_jobs_init(struct sw_jobs *q);
void sw_jobs_push(struct sw_jobs *q, struct sw_job *j);
void sw_jobs_push_front(struct sw_jobs *q, struct sw_job *j);
struct sw_job *sw_jobs_pop(struct sw_jobs *q);
struct sw_job *sw_jobs_take(struct sw_jobs *q, uint64_t n); /* by wire number; NULL: not there */
void sw_jobs_clear(struct sw_jobs *q);

/* What runs: one spec, a batch, the loading of a file of a package. Never NULL; freed by sw_job_free. */
struct sw_job *sw_job_new(const struct sw_workers_on *on, uint64_t tag, uint32_t cpu_ms);
struct sw_job_batch *sw_job_batch_new(const struct sw_workers_on *on, const struct sw_batch_spec *s);
struct sw_job *sw_job_load(const struct sw_package *p, int file);
void sw_job_free(struct sw_job *j);
/* Append the run as the worker reads it: the spec with its number and budget in front. */
void sw_job_write(const struct sw_job *j, struct sw_buf *b);
/* How a run ended that gave no result of its own. */
enum sw_job_end {
    SW_END_RAN,
    SW_END_KILLED,   /* its worker was lost with it */
    SW_END_UNSERVED, /* no worker could be had */
};
/* Hand over a result made here, not by a worker: the run failed with this text. */
void sw_job_fail(const struct sw_job *j, const struct sw_package *p, enum sw_job_end end, const char *text);
/* Hand over a result, to the caller of the run or of the load. */
void sw_job_give(const struct sw_job *j, struct sw_package *p, struct sw_run_result *r);

/* The scripts that share a box. Files replace those there were; on is told of each load. */
struct sw_package *sw_package_new(const char *name, struct sw_user *user);
void sw_package_free(struct sw_package *p);
int sw_package_set_files(struct sw_package *p, const struct sw_workers_file *files, size_t n,
                         const struct sw_workers_on *on, struct sw_err *err);
/* The file that j loads; NULL when it is a run, or the files were replaced meanwhile. */
struct sw_pfile *sw_package_file(struct sw_package *p, const struct sw_job *j);
/* Put loads of all files before what is queued: a new worker knows nothing. */
void sw_package_queue_loads(struct sw_package *p);
/* Fail everything queued now with this text; what the callbacks queue meanwhile stays. */
void sw_package_fail_queue(struct sw_package *p, const char *text);
#endif
