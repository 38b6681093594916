/* SPDX-License-Identifier: MIT
 * Erasure: all rows of a person, or all that one connection brought. Write transaction. What was deleted can
 * still be read from the file until it is written anew (sw_store_compact), and from backups for ever. */
#ifndef SW_STORE_ERASE_H
#define SW_STORE_ERASE_H
#include "store/store.h"

/* Every row of the person in every table, the person too. */
int sw_erase_person(struct sw_store *s, int64_t person, struct sw_err *err);
/* Records, series, totals, ledger, documents, jobs and credentials of the connection, and it; days and nights
 * they had a part in are marked. Samples belong to devices, not to connections: those of the provider go. */
int sw_erase_connection(struct sw_store *s, int64_t person, int64_t id, struct sw_err *err);
/* A series with all it holds; the merged days it had a part in are marked. */
int sw_erase_series(struct sw_store *s, int64_t person, int64_t id, const char *metric, struct sw_err *err);
#endif
