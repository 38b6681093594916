/* SPDX-License-Identifier: MIT
 * Schema versions: numbered SQL files (001.sql, 002.sql ...), forward only, each in one transaction. */
#ifndef SW_STORE_MIGRATE_H
#define SW_STORE_MIGRATE_H
#include "store/store.h"

/* Bring the database to the newest version in dir. With check_only nothing is written: an older
 * database is SW_E_BAD, a newer one SW_E_NEWER in both cases. */
int sw_migrate(struct sw_store *s, const char *dir, bool check_only, struct sw_err *err);
#endif
