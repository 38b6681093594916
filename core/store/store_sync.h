/* SPDX-License-Identifier: MIT
 * Connections to services and what is known about them: their state, their sealed credentials, and
 * the coverage ledger, which says for each local day of a resource whether it was received. Writers
 * expect a write transaction. */
#ifndef SW_STORE_SYNC_H
#define SW_STORE_SYNC_H
#include "store/store.h"

struct sw_connection { /* texts borrowed from the row being visited */
    int64_t id, created_ms;
    const char *provider, *name, *state, *body; /* active | needs_user | paused | revoked | error */
};
/* A person's connections by provider and name. */
int sw_connection_list(struct sw_store *s, int64_t person,
                       void (*each)(void *ctx, const struct sw_connection *c), void *ctx,
                       struct sw_err *err);
/* Set state and body (JSON). SW_E_NOTFOUND when it is not this person's. */
int sw_connection_set(struct sw_store *s, int64_t person, int64_t id, const char *state,
                      const char *body, struct sw_err *err);
/* The connection goes, with its credentials and ledger; data it brought stays. SW_E_NOTFOUND when it is
 * not this person's. */
int sw_connection_remove(struct sw_store *s, int64_t person, int64_t id, struct sw_err *err);

/* A sealed text by name; revision 0: whatever is there, else SW_E_CONFLICT unless it has it. */
int sw_secret_put(struct sw_store *s, int64_t person, const char *name, const char *sealed,
                  int64_t at_ms, int64_t revision, struct sw_err *err);
int sw_secret_delete(struct sw_store *s, int64_t person, const char *name, struct sw_err *err);

enum sw_coverage {
    SW_WANTED, SW_REQUESTED, SW_RECEIVED, SW_EMPTY, SW_FAILED, SW_UNOBTAINABLE
};
/* "wanted", "requested" ...; static text. */
const char *sw_coverage_name(enum sw_coverage c);
int sw_coverage_of(const char *name); /* -1 if unknown */

struct sw_coverage_mark {
    int64_t connection_id;
    const char *resource;
    int64_t first, last;    /* local days, both included */
    enum sw_coverage state;
    int64_t at_ms, next_ms; /* when known; when to try again, 0: not planned */
    const char *reason;     /* "" unless it failed */
};
/* Write the state of each day. A failure counts an attempt. Nothing but a new answer replaces `received`
 * and `empty`: that day is known, only its newest fetch is not. */
int sw_coverage_put(struct sw_store *s, const struct sw_coverage_mark *m, struct sw_err *err);
/* Runs of days with one state, in order: each(ctx, resource, first, last, state, attempts, at, reason). */
typedef void sw_coverage_each(void *ctx, const char *resource, int64_t first, int64_t last,
                              enum sw_coverage state, int64_t attempts, int64_t at_ms,
                              const char *reason);
int sw_coverage_list(struct sw_store *s, int64_t connection, sw_coverage_each *each, void *ctx,
                     struct sw_err *err);
#endif
