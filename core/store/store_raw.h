/* SPDX-License-Identifier: MIT
 * The raw archive: what services gave, as they gave it, so that it can be mapped again without them. An item
 * is one run of a provider script with all the answers it got; the same answers to the same question are one
 * item that was seen several times. Items are forgotten by age and by size, the oldest first. Writers expect
 * a write transaction. */
#ifndef SW_STORE_RAW_H
#define SW_STORE_RAW_H
#include "store/store.h"

struct sw_raw { /* texts borrowed */
    int64_t id, connection_id, body_id;
    const char *resource, *op;
    const char *page, *item, *parts;             /* JSON, or "" */
    const char *mapping;                         /* hash of the script's source */
    int64_t first_day, last_day, from_ms, to_ms; /* what was asked for; 0 where it is no window */
    int64_t first_ms, last_ms, times, run_id;
    int64_t bytes, stored; /* of the body: as it came, as it lies here */
};

struct sw_raw_caps { /* bytes as stored, of one connection and of a person */
    int64_t connection, person;
};

/* Keep an item with its body, seen at last_ms. Over a cap the oldest go. */
int sw_raw_put(struct sw_store *s, int64_t person, const struct sw_raw *r, const void *body,
               size_t n, const struct sw_raw_caps *caps, struct sw_err *err);
/* Append the body. 1; 0 when it is not there; SW_E_BAD when it is not what was stored. */
int sw_raw_body(struct sw_store *s, int64_t person, int64_t id, struct sw_buf *out,
                struct sw_err *err);

struct sw_raw_filter {
    int64_t connection_id; /* 0: all */
    const char *resource;  /* NULL: all */
    int64_t since_ms;      /* last seen from here on */
    int64_t limit;
    bool newest; /* first */
};
/* Items that fit, the oldest first unless `newest`; what each() is given is borrowed for the call. */
int sw_raw_list(struct sw_store *s, int64_t person, const struct sw_raw_filter *f,
                void (*each)(void *ctx, const struct sw_raw *r), void *ctx, struct sw_err *err);
/* Items, bytes as stored and bytes as they came, of a connection or (0) a person. */
int sw_raw_totals(struct sw_store *s, int64_t person, int64_t connection, int64_t out[3],
                  struct sw_err *err);

/* A remap read it: by which mapping, in which run, as an answer about which item. Noted for undo. */
int sw_raw_mapped(struct sw_store *s, int64_t person, int64_t id, const char *mapping, int64_t run,
                  const char *item, struct sw_err *err);
/* Forget items last seen before before_ms and those beyond the caps, at most `most`. 1 while some are left. */
int sw_raw_prune(struct sw_store *s, int64_t person, int64_t before_ms,
                 const struct sw_raw_caps *caps, int64_t most, int64_t *gone, struct sw_err *err);
int sw_raw_erase(struct sw_store *s, int64_t person, int64_t connection,
                 struct sw_err *err); /* 0: all */
#endif
