/* SPDX-License-Identifier: MIT
 * The canonical dump: JSON lines in one order whatever the path that led there. Interned keys are
 * replaced by names, tails are merged into chunks; queues, runs and wall-clock columns are left out
 * unless `all`. */
#ifndef SW_STORE_DUMP_H
#define SW_STORE_DUMP_H
#include "model/metric.h"
#include "store/store.h"

/* Write the dump to a file descriptor, inside the caller's read transaction. */
int sw_dump(struct sw_store *s, const struct sw_metrics *metrics, bool all, int fd,
            struct sw_err *err);
#endif
