/* SPDX-License-Identifier: MIT
 * The journal of a run: while one is named on a store, what is written of samples, records and totals is
 * noted with what stood there before, in the same transaction. engine/undo.c takes a run back. Nothing is
 * noted while no run is named. */
#ifndef SW_STORE_UNDO_H
#define SW_STORE_UNDO_H
#include "codec/series.h"
#include "store/store.h"

/* From here on, until it is called with run 0. */
void sw_undo_begin(struct sw_store *s, int64_t person, int64_t run);
bool sw_undo_on(const struct sw_store *s);

/* 1 when something of the run is noted, else 0. */
int sw_undo_any(struct sw_store *s, int64_t person, int64_t run, struct sw_err *err);

/* Samples of one chunk: `fresh` stand there now, `old` stood in the place of some of them. packed: the blob
 * of `fresh` where the caller has it (a chunk that is all new), else NULL. */
int sw_undo_samples(struct sw_store *s, int64_t series, const struct sw_samples *old,
                    const struct sw_samples *fresh, const struct sw_buf *packed, struct sw_err *err);
/* Before a record is written (there: it exists) or deleted; of several changes in a run the first counts.
 * fresh_revision is what the record has afterwards. */
int sw_undo_record(struct sw_store *s, int64_t id, bool there, int64_t fresh_revision,
                   struct sw_err *err);
/* old NULL: there was none; fresh NULL: there is none any more. */
int sw_undo_total(struct sw_store *s, const char *metric, int64_t day, int64_t origin, const double *old,
                  const double *fresh, struct sw_err *err);
/* A document that goes when the run is taken back, such as the mark of a file that was read. */
int sw_undo_doc(struct sw_store *s, const char *kind, const char *name, struct sw_err *err);
/* A document that is as it is now when the run is taken back: before it is written or deleted. */
int sw_undo_doc_was(struct sw_store *s, int64_t person, const char *kind, const char *name, struct sw_err *err);
/* A record, of whatever revision then, goes back to the group it was in while it is still in the new one. */
int sw_undo_move(struct sw_store *s, int64_t id, int64_t old_group, int64_t new_group, struct sw_err *err);
/* An item of the raw archive is read by another mapping from now on. */
int sw_undo_raw(struct sw_store *s, int64_t id, const char *old_mapping, const char *old_item,
                struct sw_err *err);
/* Forget the journal of a run, at most `most` rows of each kind; 1 while some are left. */
int sw_undo_forget(struct sw_store *s, int64_t person, int64_t run, int64_t most, struct sw_err *err);
#endif
