/* SPDX-License-Identifier: MIT
 * A backup's container: a plain tar file (ustar), so that `tar tf` shows what is in it and nobody needs us
 * to get at it. Regular files only. Written beside its place, brought to the disk, then renamed. Blocking:
 * for the pool. It does not compress: chunks are compressed already. */
#ifndef SW_ENGINE_ARCHIVE_H
#define SW_ENGINE_ARCHIVE_H
#include "base/buf.h"
#include "store/db.h"

struct sw_archive_entry {
    char *name; /* in the archive: relative, at most 100 bytes, or 155 and 100 around a slash */
    char *path; /* the file */
};

/* A new archive of these files, made beside `to` and put in its place when it is on disk. SW_E_FULL, SW_E_IO. */
int sw_archive_write(const char *to, const struct sw_archive_entry *at, size_t n,
                     const struct sw_progress *progress, struct sw_err *err);
/* Every file of the archive into the folder `into`, made where missing. SW_E_BAD when it is cut short,
 * damaged, or holds a name that leads out of the folder. */
int sw_archive_read(const char *from, const char *into, const struct sw_progress *progress,
                    struct sw_err *err);
/* The first file of the archive, which must be `name`, appended to out. */
int sw_archive_first(const char *from, const char *name, struct sw_buf *out, struct sw_err *err);
#endif
