/* SPDX-License-Identifier: MIT
 * The tar reader on any bytes: opened or refused, no entry longer than it says, read twice it is the same.
 * With the first bit of the input set the sums of headers are made right, so that changes get behind them. */
#include "base/alloc.h"
#include "codec/tar.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BLOCK = 512, ENTRIES_MOST = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mend_sums(uint8_t *p, size_t n)
{
    size_t at = 0;
    while (at + BLOCK <= n) {
        uint8_t *h = p + at;
        unsigned sum = 8 * ' ';
        char digits[9];
        for (int i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0 : h[i];
        snprintf(digits, sizeof digits, "%06o", sum & 0777777);
        memcpy(h + 148, digits, 7);
        h[155] = ' ';
        memcpy(digits, h + 127, 8);
        digits[8] = 0;
        at += BLOCK + (strtoul(digits, NULL, 8) + BLOCK - 1) / BLOCK * BLOCK;
    }
}

/* The bytes of an entry, added up; more than it said is a fault. */
static uint64_t sum_of(struct sw_tar *t, size_t i)
{
    uint8_t buf[700];
    uint64_t sum = 0, bytes = 0;
    long n;
    if (sw_tar_enter(t, i, NULL)) return 1;
    while ((n = sw_tar_read(t, buf, sizeof buf, NULL)) > 0) {
        bytes += (uint64_t)n;
        for (long k = 0; k < n; k++) sum = sum * 31 + buf[k];
    }
    if (bytes > sw_tar_size(t, i) || (n == 0 && bytes < sw_tar_size(t, i))) abort();
    return sum + bytes;
}

static void read_twice(struct sw_tar *t)
{
    uint64_t first[ENTRIES_MOST];
    size_t n = sw_tar_count(t) < ENTRIES_MOST ? sw_tar_count(t) : ENTRIES_MOST;
    for (size_t i = 0; i < n; i++) {
        if (strlen(sw_tar_name(t, i)) > 1 << 20) abort();
        first[i] = sum_of(t, i);
    }
    for (size_t i = n; i > 0; i--)
        if (sum_of(t, i - 1) != first[i - 1]) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct sw_tar *t = NULL;
    uint8_t *copy;
    int fd;
    if (size < 2 || size > 1 << 20) return 0;
    fd = memfd_create("tar", MFD_CLOEXEC);
    copy = sw_alloc(size);
    memcpy(copy, data + 1, size - 1);
    if (data[0] & 1) mend_sums(copy, size - 1);
    if (fd < 0 || write(fd, copy, size - 1) != (ssize_t)(size - 1)) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (!sw_tar_open(path, &t, NULL)) read_twice(t);
    sw_tar_close(t);
    close(fd);
    sw_free(copy);
    return 0;
}
