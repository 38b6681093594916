/* SPDX-License-Identifier: MIT
 * Where a decoder's bytes come from: a plain file or the entered entry of an archive, unpacked on
 * the way when it is gzip'd. Used by lua_import.c and lua_archive.c; one thread at a time. */
#ifndef SW_SCRIPT_IMPORT_INPUT_H
#define SW_SCRIPT_IMPORT_INPUT_H
#include "codec/gunzip.h"
#include "codec/tar.h"
#include "codec/zip.h"
#include <sys/types.h>

enum { SW_INPUT_SLICE = 1 << 20 };

struct sw_import_input { /* zeroed, fd -1, then fd, zip or tar is set */
    int fd;              /* plain file, or -1 */
    struct sw_zip *zip;  /* archive whose entered entry is read, or NULL */
    struct sw_tar *tar;  /* the same */
    struct sw_gunzip *gz;
    size_t room;   /* of buf; 0 before the first read: SW_INPUT_SLICE. More is never of use */
    uint8_t *buf;  /* made by the first read */
    size_t have;   /* bytes in buf that nobody took yet */
    int64_t bytes; /* taken so far */
};

/* Before the first read of a plain file: no more room than the file needs, or `most` bytes. */
void sw_input_fit(struct sw_import_input *in, size_t most);
/* The first bytes, for a look at them: they stay to be taken. Their number, or negative. */
ssize_t sw_input_first(struct sw_import_input *in, struct sw_err *err);
/* The next slice in buf, taken: its bytes, 0 at the end, negative with a sentence. */
ssize_t sw_input_take(struct sw_import_input *in, struct sw_err *err);
/* All that is left into a new file in /tmp, whose name is written to path: for readers that need a
 * whole file. The caller removes it, as soon as it is open. */
int sw_input_copy(struct sw_import_input *in, char path[64], struct sw_err *err);
void sw_input_close(struct sw_import_input *in); /* may be called twice */
#endif
