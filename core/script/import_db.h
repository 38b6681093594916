/* SPDX-License-Identifier: MIT
 * A database that somebody uploaded, read like a file: its tables and columns first, then the rows
 * of a plan's questions in batches. Used by lua_import.c only. The file is opened as foreign
 * (store/db.h): nothing in it is trusted. One thread at a time; calls may take long. */
#ifndef SW_SCRIPT_IMPORT_DB_H
#define SW_SCRIPT_IMPORT_DB_H
#include "base/buf.h"
#include "base/err.h"
#include "codec/batch.h"

struct sw_import_db;

/* Opens the file at path, which may be removed afterwards. 0, or negative with a sentence. */
int sw_import_db_open(const char *path, struct sw_import_db **out, struct sw_err *err);
void sw_import_db_close(struct sw_import_db *d); /* NULL allowed */
/* {"tables":{"steps_record_table":["row_id","uuid"]}} */
int sw_import_db_head(struct sw_import_db *d, struct sw_buf *out, struct sw_err *err);
int sw_import_db_plan(struct sw_import_db *d, const char *json, size_t n, struct sw_err *err);
/* Rows of the plan into out until `rows` are there. 1 there may be more, 0 the end, negative. Damage
 * becomes a note, and the next table is read. */
int sw_import_db_next(struct sw_import_db *d, size_t rows, struct sw_batch *out,
                      struct sw_err *err);
#endif
