/* SPDX-License-Identifier: MIT
 * Bytes of files and of entries of archives, a slice at a time. It does not know what they mean. */
#include "script/import_input.h"
#include "base/alloc.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long read_raw(void *ctx, void *to, size_t n, struct sw_err *err)
{
    struct sw_import_input *in = ctx;
    ssize_t k;
    if (in->zip) return sw_zip_read(in->zip, to, n, err);
    if (in->tar) return sw_tar_read(in->tar, to, n, err);
    do k = read(in->fd, to, n);
    while (k < 0 && errno == EINTR);
    if (k < 0) return sw_fail(err, SW_E_IO, "cannot read the file: %s", strerror(errno));
    return (long)k;
}

static ssize_t read_slice(struct sw_import_input *in, struct sw_err *err)
{
    if (in->gz) return (ssize_t)sw_gunzip_read(in->gz, in->buf, in->room, err);
    return (ssize_t)read_raw(in, in->buf, in->room, err);
}

void sw_input_fit(struct sw_import_input *in, size_t most)
{
    struct stat st;
    if (fstat(in->fd, &st) || !S_ISREG(st.st_mode)) return;
    in->room = (uint64_t)st.st_size < most ? (size_t)st.st_size + 1 : most; /* the 1 finds its end */
}

ssize_t sw_input_first(struct sw_import_input *in, struct sw_err *err)
{
    ssize_t n;
    if (!in->room) in->room = SW_INPUT_SLICE;
    in->buf = sw_alloc(in->room);
    n = read_slice(in, err);
    if (n > 0 && sw_gunzip_is(in->buf, (size_t)n)) {
        in->gz = sw_gunzip_open(in->buf, (size_t)n, read_raw, in);
        in->room = SW_INPUT_SLICE;
        in->buf = sw_realloc(in->buf, in->room);
        n = read_slice(in, err);
    }
    in->have = n > 0 ? (size_t)n : 0;
    return n;
}

ssize_t sw_input_take(struct sw_import_input *in, struct sw_err *err)
{
    ssize_t n = (ssize_t)in->have;
    if (!n) n = read_slice(in, err);
    in->have = 0;
    if (n > 0) in->bytes += n;
    return n;
}

int sw_input_copy(struct sw_import_input *in, char path[64], struct sw_err *err)
{
    int fd, rc = 0;
    ssize_t n;
    snprintf(path, 64, "/tmp/syncwell-import-XXXXXX");
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) return sw_fail(err, SW_E_IO, "cannot make a file in /tmp: %s", strerror(errno));
    while (!rc && (n = sw_input_take(in, err)) != 0) {
        if (n < 0) rc = (int)n;
        else if ((uint64_t)in->bytes > SW_ZIP_MAX_BYTES || write(fd, in->buf, (size_t)n) != n)
            rc = sw_fail(err, SW_E_FULL,
                         "there is no room in /tmp to unpack a file of this archive");
    }
    close(fd);
    if (rc) unlink(path);
    if (rc) *path = 0;
    return rc;
}

void sw_input_close(struct sw_import_input *in)
{
    if (in->fd >= 0) close(in->fd);
    if (in->zip) sw_zip_leave(in->zip);
    sw_gunzip_close(in->gz);
    sw_free(in->buf);
    *in = (struct sw_import_input){.fd = -1};
}
