/* SPDX-License-Identifier: MIT */
/* sw-make-db FILE SQL: a SQLite database in a file, made by these statements, for tests that import
 * one. It is closed as a phone closes its export: one file, no journal beside it. */
#include "store/db.h"
#include <stdio.h>

int main(int argc, char **argv)
{
    struct sw_err err = SW_ERR_INIT;
    void *conn;
    int rc;
    if (argc != 3) return 2;
    rc = sw_db_sqlite.open(argv[1], SW_DB_WRITE, &conn, &err);
    if (rc) goto out;
    rc = sw_db_sqlite.exec(conn, "PRAGMA journal_mode=DELETE", &err);
    if (!rc) rc = sw_db_sqlite.exec(conn, argv[2], &err);
    sw_db_sqlite.close(conn);
out:
    if (rc) fprintf(stderr, "sw-make-db: %s\n", err.text);
    return rc ? 1 : 0;
}
