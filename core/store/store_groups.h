/* SPDX-License-Identifier: MIT
 * Which records are one event. A new record looks among the living records of its kind around its time
 * and joins the group of the one with the best score; so does one whose times or type were changed, since
 * a service often tells of a workout while it is still on. What a person joined or split stands. A record
 * that fits two groups does not join them to one. For store_records.c; expects its write transaction. */
#ifndef SW_STORE_GROUPS_H
#define SW_STORE_GROUPS_H
#include "store/store_records.h"

/* A document of this kind, named by a record's id in hexadecimal, holds the id of the group its person put it
 * into: by hand, for good, also when the record comes anew. */
#define SW_GROUP_CHOICE "group_choice"
/* Named by a group that is no more: the id of the one its event is in now. */
#define SW_GROUP_ALIAS "group_alias"
/* How the external id of a person's edit of a group begins: it stays in the group it was made for. */
#define SW_GROUP_LAYER "edit:"

/* The group whose member matches r best, 0: none. */
int sw_group_find(struct sw_store *s, int64_t person, const struct sw_record *r, int64_t *group,
                  struct sw_err *err);
/* The group a person chose for the record, 0: none. */
int sw_group_chosen(struct sw_store *s, int64_t person, int64_t id, int64_t *group, struct sw_err *err);
int sw_group_living(struct sw_store *s, int64_t person, int64_t group, int64_t *n, struct sw_err *err);

/* The stored record r was changed: r->group_id becomes the group it matches best now. It stays where it is
 * while it matches there, or resembles it and matches nothing else, and leaves for a group of its own (*alone) where nothing does. */
int sw_group_again(struct sw_store *s, int64_t person, struct sw_record *r, bool *alone, struct sw_err *err);
#endif
