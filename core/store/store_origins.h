/* SPDX-License-Identifier: MIT
 * What a person says of origins. A rank puts origins before all others, the first one best, for a
 * metric, a kind of record, or everything; a rank for one thing goes before the rank for everything,
 * and that before what the class of a device says. A rank may be for a part of each day ("the ring from
 * 22:00 to 07:00"): there it goes before those of whole days. A merge makes two origins one: what the first has
 * is the second's from then on, and so is what will come under its name. Inside a transaction. */
#ifndef SW_STORE_STORE_ORIGINS_H
#define SW_STORE_STORE_ORIGINS_H
#include "model/metric.h"
#include "store/store.h"

enum { SW_RANK_OF_ONE = 1000, SW_RANK_OF_ALL = 500 }; /* taken off a place */

/* SQL: how good the origin in the row `o` is for what the text `metric` (SQL too) names; 0 is the best
 * that a class gives, ranked ones are below it. */
#define SW_STANDING(metric)                                                                         \
    "coalesce((SELECT k.place - 1000 FROM origin_rank k WHERE k.person_id = o.person_id AND "       \
    "k.metric = " metric " AND k.origin_id = o.id), (SELECT k.place - 500 FROM origin_rank k "      \
    "WHERE k.person_id = o.person_id AND k.metric = '' AND k.origin_id = o.id), o.standing)"

/* These n origins in this order, for a metric or a kind ("": everything), instead of those ranked for it
 * before; n 0: none. Days they have a part in are marked. SW_E_NOTFOUND: one is not the person's. */
int sw_origin_rank(struct sw_store *s, int64_t person, const char *metric, const int64_t *origin,
                   size_t n, struct sw_err *err);
/* The same for a part of each day. SW_E_BAD: it overlaps another part that is ranked for the same. */
struct sw_hours {
    int from_min, to_min; /* minutes of the local day, 0..1439; to_min at or before from_min: over midnight */
};
int sw_origin_rank_hours(struct sw_store *s, int64_t person, const char *metric, struct sw_hours part,
                         const int64_t *origin, size_t n, struct sw_err *err);
/* What is ranked for parts of the day for a metric and for everything. *out is the caller's to free. */
struct sw_hours_rank {
    struct sw_hours part;
    int64_t origin;
    int standing; /* below all that SW_STANDING gives */
};
int sw_origin_hours(struct sw_store *s, int64_t person, const char *metric, struct sw_hours_rank **out,
                    size_t *n, struct sw_err *err);
/* All of `from` becomes `into`'s; where both have a sample of one time, into's stays. Undo of runs that
 * brought samples of `from` ends. SW_E_NOTFOUND, SW_E_BAD: they are one already. */
int sw_origin_merge(struct sw_store *s, int64_t person, const struct sw_metrics *all, int64_t from,
                    int64_t into, struct sw_err *err);
#endif
