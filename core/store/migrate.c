/* SPDX-License-Identifier: MIT */
#include "store/migrate.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILE = 1 << 20 };

static int version_of(struct sw_store *s, int64_t *v, struct sw_err *err)
{
    int rc = sw_ask_int(s, err, v, "SELECT next FROM schema_version WHERE name = 'schema'", "");
    if (rc > 0) return 0;
    if (!rc) *v = 0;
    return rc;
}

static bool file_exists(const char *dir, int version, char *path, size_t n)
{
    snprintf(path, n, "%s/%03d.sql", dir, version);
    return access(path, R_OK) == 0;
}

/* Text of a schema file with {blob}, {key}, {end} and the views' words replaced by the dialect's. */
static int load(const char *path, const struct sw_dialect *d, struct sw_buf *out,
                struct sw_err *err)
{
    const char *const word[][2] = {{"{blob}", d->blob},       {"{key}", d->key},
                                   {"{end}", d->table_end},   {"{date(}", d->date[0]},
                                   {"{)date}", d->date[1]},   {"{time(}", d->time[0]},
                                   {"{)time}", d->time[1]}};
    const size_t words = sizeof word / sizeof *word;
    char text[65536];
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f) fclose(f);
    if (!n || n == sizeof text - 1)
        return sw_fail(err, SW_E_IO, "schema file %s cannot be read", path);
    text[n] = 0;
    for (const char *p = text; *p;) {
        size_t k = 0;
        while (k < words && strncmp(p, word[k][0], strlen(word[k][0]))) k++;
        if (k < words) sw_buf_puts(out, word[k][1]);
        else sw_buf_byte(out, (uint8_t)*p);
        p += k < words ? strlen(word[k][0]) : 1;
    }
    return 0;
}

static int apply(struct sw_store *s, const char *path, int version, struct sw_err *err)
{
    struct sw_buf sql;
    char mark[200];
    int64_t have = 0;
    int rc;
    sw_buf_init(&sql, MAX_FILE);
    rc = load(path, sw_store_dialect(s), &sql, err);
    if (!rc) rc = sw_store_begin(s, true, err);
    if (!rc && !(rc = version_of(s, &have, err)) &&
        have >= version) { /* another process was first */
        sw_store_rollback(s);
    } else if (!rc) {
        snprintf(
            mark, sizeof mark,
            "DELETE FROM schema_version WHERE name = 'schema'; INSERT INTO schema_version (name, next) VALUES ('schema', %d)",
            version);
        rc = sw_store_exec(s, sw_buf_str(&sql), err);
        if (!rc) rc = sw_store_exec(s, mark, err);
        if (!rc) rc = sw_store_commit(s, err);
        else sw_store_rollback(s);
    }
    sw_buf_clear(&sql);
    return rc;
}

int sw_migrate(struct sw_store *s, const char *dir, bool check_only, struct sw_err *err)
{
    char path[1024];
    int64_t have = 0;
    int rc = 0, newest = 0;
    while (file_exists(dir, newest + 1, path, sizeof path)) newest++;
    if (!newest)
        return sw_fail(err, SW_E_IO, "no schema files in %s: the installation is incomplete", dir);
    if (!check_only)
        rc = sw_store_exec(
            s,
            "CREATE TABLE IF NOT EXISTS schema_version (name TEXT NOT NULL PRIMARY KEY, next BIGINT NOT NULL)",
            err);
    if (!rc) rc = version_of(s, &have, err);
    if (rc) return rc;
    if (have > newest)
        return sw_fail(
            err, SW_E_NEWER,
            "the database has schema %d, this program knows up to %d: use a newer syncwell",
            (int)have, newest);
    if (check_only && have < newest)
        return sw_fail(err, SW_E_BAD, "the database has schema %d and must be migrated to %d",
                       (int)have, newest);
    for (int v = (int)have + 1; v <= newest && !rc; v++) {
        file_exists(dir, v, path, sizeof path);
        rc = apply(s, path, v, err);
    }
    return rc;
}
