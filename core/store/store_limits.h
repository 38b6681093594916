/* SPDX-License-Identifier: MIT
 * What several processes share so that together they keep a service's limits: requests spent, the
 * instant a service asked us to wait for, and leases (only one may refresh a credential at a time).
 * Spending and holding is in data time, leases are in real time. Writers expect a write transaction. */
#ifndef SW_STORE_LIMITS_H
#define SW_STORE_LIMITS_H
#include "store/store.h"

struct sw_limit {
    const char *name;  /* of the bucket: "strava/app/read/900000" */
    int64_t most;      /* requests in a period */
    int64_t period_ms;
    bool aligned;      /* windows begin at multiples of the period (:00 :15 :30 :45, midnight UTC);
                        * else the period slides, counted in sixtieths, the current one in full */
    int64_t reserve;   /* of `most`, kept back from this caller */
};

/* Spend `count` of every limit, or of none: 0 and *wait_ms 0, or *wait_ms until it is worth asking
 * again. */
int sw_limit_spend(struct sw_store *s, const struct sw_limit *l, size_t n, int64_t count,
                   int64_t now_ms, int64_t *wait_ms, struct sw_err *err);
/* The service says that `used` are spent in the current window: ours becomes at least that. */
int sw_limit_seen(struct sw_store *s, const struct sw_limit *l, int64_t used, int64_t now_ms,
                  struct sw_err *err);
/* Requests counted in the window that ends now. */
int sw_limit_used(struct sw_store *s, const struct sw_limit *l, int64_t now_ms, int64_t *used,
                  struct sw_err *err);

/* Not before until_ms; an earlier one than is known changes nothing. */
int sw_hold_put(struct sw_store *s, const char *name, int64_t until_ms, const char *reason,
                struct sw_err *err);
/* *until_ms, 0 when nothing holds at now_ms. */
int sw_hold_get(struct sw_store *s, const char *name, int64_t now_ms, int64_t *until_ms,
                struct sw_err *err);

/* Take or extend the lease until until_ms: 0 it is ours, 1 another's, whose name is put into other. */
int sw_lease_take(struct sw_store *s, const char *name, const char *holder, int64_t real_ms,
                  int64_t until_ms, char *other, size_t other_cap, struct sw_err *err);
int sw_lease_drop(struct sw_store *s, const char *name, const char *holder, struct sw_err *err);
#endif
