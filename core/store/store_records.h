/* SPDX-License-Identifier: MIT
 * Records: things with structure (workout, sleep, meal ...). Identity is connection, kind and
 * external id. Records of several origins that describe one real event share a group, whose id is
 * what scripts see. Writers expect a write transaction. */
#ifndef SW_STORE_RECORDS_H
#define SW_STORE_RECORDS_H
#include "store/store.h"

struct sw_record { /* texts borrowed: from the caller when writing, from the row when visited */
    int64_t id;    /* hash of the identity: the same in two homes fed the same data */
    int64_t start_ms, finish_ms;     /* UTC */
    int offset_start, offset_finish; /* minutes east */
    int64_t day;                     /* local day: of waking for sleep, else of the start */
    int64_t connection_id, origin_id, group_id, revision;
    int64_t into_group; /* writing: a new record joins this group whatever it looks like; 0: by matching */
    const char *kind, *type, *external_id;
    const char *zone_from; /* provider | device | user | unknown */
    const char *state;     /* open | final | deleted */
    const char *body;      /* JSON {"attributes":{...},"segments":[...]}, keys sorted */
    size_t body_n;
    /* joined when visited */
    const char *provider, *connection_name, *origin_name, *origin_maker, *origin_class;
    int standing;
    bool may_return; /* deleted by its service: the same one put again lives again */
};

/* The hash by which a change is told from a repetition: of all that the origin says. */
int64_t sw_record_content(const struct sw_record *r);

enum sw_put { SW_PUT_NEW, SW_PUT_CHANGED, SW_PUT_SAME };
struct sw_put_result {
    enum sw_put what;
    bool new_group; /* the event was not known from any origin before */
    int64_t group_id, revision;
    int64_t old_day; /* the day it had before; its own when it is new */
};

/* Insert or update by identity. r->id is computed from person_name, the connection and the external
 * id; group_id is filled in: of a new record into_group or found by matching, and found anew when its times change. What its person deleted stays so,
 * whatever its service says of it later: SW_PUT_SAME. So does one whose attributes.modified_ms (ms UTC) is
 * later than that of r. */
int sw_record_put(struct sw_store *s, int64_t person, const char *person_name, struct sw_record *r,
                  struct sw_put_result *out, struct sw_err *err);
/* Put a record as another home of the same person had it: its group, revision and state with it. In force
 * only while it is not known here and r->id is what this home would call it; else as sw_record_put, which
 * finds its own group and leaves what is deleted here deleted. */
int sw_record_restore(struct sw_store *s, int64_t person, const char *person_name,
                      struct sw_record *r, struct sw_put_result *out, struct sw_err *err);
/* Mark deleted (kept as a tombstone). *was_last: the group has no living member any more. */
int sw_record_delete(struct sw_store *s, int64_t person, int64_t id, bool *was_last, int64_t *group,
                     struct sw_err *err);

/* A record that its service dropped: the same one put again lives again (one its person deleted does not). */
int sw_record_may_return(struct sw_store *s, int64_t person, int64_t id, struct sw_err *err);

/* Put a record, dead or alive, into another group. 1 when it was in another one. */
int sw_record_move(struct sw_store *s, int64_t person, int64_t id, int64_t group, struct sw_err *err);

struct sw_record_filter {
    const char *kind;            /* NULL: any */
    int64_t from_ms, to_ms;      /* by start, half open; with days: 0 and 0 are not asked */
    int64_t first_day, last_day; /* by day, inclusive; first > last: not asked */
    int64_t group_id, id;        /* 0: not asked */
    const char *external_id;     /* of connection_id; NULL: not asked */
    int64_t connection_id;
    const char *by_hand; /* entered by hand under ids that begin so, of any time and kind; NULL: not asked */
    int64_t limit;
    bool deleted; /* tombstones too; goes with kind, from_ms, to_ms and limit */
};
/* Visit living records by (start, id), deleted ones too where the filter says so. */
int sw_record_list(struct sw_store *s, int64_t person, const struct sw_record_filter *f,
                   void (*each)(void *ctx, const struct sw_record *r), void *ctx,
                   struct sw_err *err);
/* Groups of a kind whose members that start between from_ms and to_ms finished by until_ms: *over of them
 * with all, `open` is told those with some. Reads no body. */
int sw_record_count(struct sw_store *s, int64_t person, const struct sw_record_filter *f, int64_t until_ms,
                    int64_t *over, void (*open)(void *ctx, int64_t group), void *ctx, struct sw_err *err);
/* The kinds of which the person has or had a record, in order. */
int sw_record_kinds(struct sw_store *s, int64_t person, void (*each)(void *ctx, const char *kind), void *ctx,
                    struct sw_err *err);
/* The records of one origin are another's from now on. */
int sw_record_move_origin(struct sw_store *s, int64_t person, int64_t from, int64_t into, struct sw_err *err);
#endif
