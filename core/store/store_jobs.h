/* SPDX-License-Identifier: MIT
 * The durable queue. Everything that takes time is a job. A claim takes a lease with a generation;
 * whoever lost the lease can no longer finish the job. Due times are data time, leases are real
 * time, both UTC ms. All functions expect a write transaction unless they only read. */
#ifndef SW_STORE_JOBS_H
#define SW_STORE_JOBS_H
#include "store/store.h"

enum sw_job_state { SW_JOB_READY, SW_JOB_LEASED, SW_JOB_GIVEN_UP };

struct sw_job { /* owned copies; sw_job_clear frees */
    int64_t id, person_id, due_ms, generation;
    int attempts, urgency;
    enum sw_job_state state;
    char *kind, *name, *payload, *progress, *failure;
};
/* Frees the texts. */
void sw_job_clear(struct sw_job *j);

struct sw_job_new {
    int64_t person_id, due_ms;
    const char *kind;
    const char *name; /* unique among this person's jobs of the kind; NULL: the number of the job */
    const char *payload; /* JSON */
    int urgency;         /* 0 normal; larger runs later */
    bool again; /* asked for while it runs, it runs once more: what it looks at may have changed */
};
/* Add a job. One of the same name that waits already keeps the earlier due time and the older
 * payload; *id is its number then. One that was given up starts afresh with the new due time,
 * payload and attempts. */
int sw_job_add(struct sw_store *s, const struct sw_job_new *j, int64_t *id, struct sw_err *err);

/* Claim up to `most` jobs that are due (data time now_ms) and free (no lease, or one that ended
 * before real_ms): lease until real_ms + lease_ms. only_id other than 0 claims just that job.
 * `owner` (JSON) becomes the progress of each, in the same
 * transaction, so that a lease never stands without its holder. each() gets every claimed job; it may
 * keep the struct's contents by clearing nothing. */
int sw_job_claim(struct sw_store *s, int64_t now_ms, int64_t real_ms, int64_t lease_ms,
                 int64_t only_id, int most, const char *owner,
                 void (*each)(void *ctx, struct sw_job *j), void *ctx, struct sw_err *err);
/* These give SW_E_CONFLICT when the lease is no longer ours (id, generation). */
int sw_job_extend(struct sw_store *s, int64_t id, int64_t generation, int64_t lease_until_ms,
                  const char *progress, struct sw_err *err);
int sw_job_check(struct sw_store *s, int64_t id, int64_t generation, struct sw_err *err);
/* Finished: the row goes, a line of history stays. */
int sw_job_done(struct sw_store *s, int64_t id, int64_t generation, int64_t at_ms,
                const char *outcome, const char *body, struct sw_err *err);
/* Forget lines of history from before before_ms, the oldest first and at most `most`; the last one of each
 * sync stays. *gone: how many went. */
int sw_runs_prune(struct sw_store *s, int64_t person, int64_t before_ms, int64_t most,
                  int64_t *gone, struct sw_err *err);
/* Is there a line that sw_runs_prune would forget? 1 or 0. */
int sw_runs_old(struct sw_store *s, int64_t person, int64_t before_ms, struct sw_err *err);
/* Failed: due again at due_ms; a negative one is the instant, negated, at which it is given up. */
int sw_job_retry(struct sw_store *s, int64_t id, int64_t generation, int64_t due_ms,
                 const char *failure, struct sw_err *err);
/* Without a word in the history: what it was for is gone. Nothing where there is none of that name. */
int sw_job_cancel(struct sw_store *s, int64_t person, const char *kind, const char *name, struct sw_err *err);
/* Hand back the lease without counting an attempt (drain at shutdown). */
int sw_job_release(struct sw_store *s, int64_t id, int64_t generation, struct sw_err *err);
/* The same until due_ms, with the reason: what it waits for is known not to be there. */
int sw_job_rest(struct sw_store *s, int64_t id, int64_t generation, int64_t due_ms, const char *why,
                struct sw_err *err);
/* Of those that were given up: try one anew; forget one (0: all) given up before before_ms. */
int sw_job_revive(struct sw_store *s, int64_t person, int64_t id, int64_t due_ms, struct sw_err *err);
int sw_jobs_forget(struct sw_store *s, int64_t person, int64_t only_id, int64_t before_ms, struct sw_err *err);

/* Earliest instant at which something can be claimed: 1 and *due_ms, or 0 when nothing waits. */
int sw_job_next_due(struct sw_store *s, int64_t real_ms, int64_t *due_ms, struct sw_err *err);
int sw_job_list(struct sw_store *s, int64_t person, void (*each)(void *ctx, struct sw_job *j),
                void *ctx, struct sw_err *err);
/* Repair hints: every person with a waiting job has a due row that is not late. */
int sw_job_sweep(struct sw_store *s, struct sw_err *err);
#endif
