/* SPDX-License-Identifier: MIT
 * Headers are 512 bytes, data follows in blocks of as many. The list of entries is made by one pass over
 * the archive; a second one gives their data. Names that do not fit come in entries of their own before
 * (GNU's "L", the "path" of a pax header). Links, folders and devices are passed over: they hold nothing.
 * Our own because half an archive is what people have: libarchive gives nothing of the last 64 KiB of a
 * download that broke off, nor of the file in which it broke, and brings thirteen libraries. */
#include "codec/tar.h"
#include "base/alloc.h"
#include "codec/gunzip.h"
#include "codec/zip.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 512, SKIP = 1 << 16, MAX_EXTRA = 1 << 20 };

struct entry {
    char *name;
    uint64_t size, offset; /* in the unpacked archive */
};

struct sw_tar {
    int fd;
    struct sw_gunzip *gz; /* NULL: plain */
    bool packed;
    uint64_t at, left; /* where the stream stands; what is left of the entered entry */
    struct entry *entry;
    size_t n, cap, entered;
    char *name;         /* of the next entry, told before it, or NULL */
    int64_t size;       /* the same; -1: not told */
    const char *damage; /* or NULL */
    uint8_t *skip;
};

/* --- the stream --- */

static long from_file(void *ctx, void *to, size_t n, struct sw_err *err)
{
    struct sw_tar *t = ctx;
    ssize_t k;
    do k = read(t->fd, to, n);
    while (k < 0 && errno == EINTR);
    if (k < 0) return sw_fail(err, SW_E_IO, "cannot read the archive: %s", strerror(errno));
    return (long)k;
}

static int rewind_to_start(struct sw_tar *t, struct sw_err *err)
{
    uint8_t first[BLOCK];
    long n;
    sw_gunzip_close(t->gz);
    t->gz = NULL;
    t->at = 0;
    if (lseek(t->fd, 0, SEEK_SET) < 0)
        return sw_fail(err, SW_E_IO, "cannot read the archive: %s", strerror(errno));
    n = from_file(t, first, sizeof first, err);
    if (n < 0) return (int)n;
    t->packed = sw_gunzip_is(first, (size_t)n);
    if (t->packed) t->gz = sw_gunzip_open(first, (size_t)n, from_file, t);
    else if (lseek(t->fd, 0, SEEK_SET) < 0)
        return sw_fail(err, SW_E_IO, "cannot read the archive: %s", strerror(errno));
    return 0;
}

/* Up to n bytes; fewer only at the end. Negative: damaged. */
static long take(struct sw_tar *t, void *to, size_t n, struct sw_err *err)
{
    size_t have = 0;
    while (have < n) {
        uint8_t *p = (uint8_t *)to + have;
        long k = t->gz ? sw_gunzip_read(t->gz, p, n - have, err) : from_file(t, p, n - have, err);
        if (k < 0) return k;
        if (!k) break;
        have += (size_t)k;
        t->at += (uint64_t)k;
    }
    return (long)have;
}

/* Go on by n bytes. 0, or SW_E_NOTFOUND at the end, or another negative code. */
static int pass_over(struct sw_tar *t, uint64_t n, struct sw_err *err)
{
    while (n) {
        size_t part = n < SKIP ? (size_t)n : SKIP;
        long k = take(t, t->skip, part, err);
        if (k < 0) return (int)k;
        if ((size_t)k < part) return SW_E_NOTFOUND;
        n -= part;
    }
    return 0;
}

/* --- headers --- */

static int64_t number_of(const uint8_t *p, size_t n)
{
    int64_t v = 0;
    if (*p & 0x80) { /* beyond what octal digits hold: big-endian bytes */
        for (size_t i = n - 8; i < n; i++) v = (int64_t)((uint64_t)v << 8 | p[i]);
        return v;
    }
    for (size_t i = 0; i < n && p[i]; i++)
        if (p[i] >= '0' && p[i] <= '7') v = v << 3 | (p[i] - '0');
    return v;
}

static bool sound(const uint8_t *h)
{
    int64_t sum = 0;
    for (int i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? ' ' : h[i];
    return sum == number_of(h + 148, 8);
}

static char *joined_name(const uint8_t *h)
{
    char text[260];
    const char *prefix = (const char *)h + 345;
    bool ustar = !memcmp(h + 257, "ustar", 6); /* GNU's own kind keeps other things there */
    size_t n = ustar ? strnlen(prefix, 155) : 0;
    snprintf(text, sizeof text, "%.*s%s%.100s", (int)n, prefix, n ? "/" : "", (const char *)h);
    return sw_strdup(text);
}

/* "27 path=Takeout/Fitbit/...\n": length in decimal, key, value. */
static void read_pax(struct sw_tar *t, const char *p, const char *end)
{
    while (p < end) {
        char *stop;
        long n = strtol(p, &stop, 10);
        const char *next = p + n, *key = stop + 1;
        if (n <= 0 || n > end - p || *stop != ' ' || next[-1] != '\n') return;
        if (key + 5 < next && !memcmp(key, "path=", 5)) {
            sw_free(t->name);
            t->name = sw_strndup(key + 5, (size_t)(next - 1 - key - 5));
        } else if (key + 5 < next && !memcmp(key, "size=", 5)) {
            t->size = strtoll(key + 5, NULL, 10);
        }
        p = next;
    }
}

/* What tells of the entry after it. */
static int read_extra(struct sw_tar *t, char type, int64_t size, struct sw_err *err)
{
    char *text;
    long n;
    if (size < 0 || size > MAX_EXTRA) return SW_E_BAD;
    text = sw_zalloc((size_t)size + 1);
    n = take(t, text, (size_t)size, err);
    if (n == size && type == 'x') read_pax(t, text, text + n);
    if (n == size && type == 'L') {
        sw_free(t->name);
        t->name = sw_strdup(text);
    }
    sw_free(text);
    if (n < 0) return (int)n;
    return n < size ? SW_E_NOTFOUND : pass_over(t, (uint64_t)(-size & (BLOCK - 1)), err);
}

static void add_entry(struct sw_tar *t, const uint8_t *h, int64_t size)
{
    struct entry *e;
    sw_grow((void **)&t->entry, &t->cap, t->n + 1, sizeof *t->entry);
    e = &t->entry[t->n++];
    e->name = t->name ? t->name : joined_name(h);
    e->size = (uint64_t)size;
    e->offset = t->at;
    t->name = NULL;
}

/* 1 one more, 0 the end, SW_E_NOTFOUND cut off, SW_E_BAD no header: */
static int read_header(struct sw_tar *t, struct sw_err *err)
{
    static const uint8_t zeroes[BLOCK];
    uint8_t h[BLOCK];
    int64_t size;
    int rc;
    long n = take(t, h, sizeof h, err);
    if (n < 0) return (int)n;
    if (!n) return 0;
    if (n < BLOCK) return SW_E_NOTFOUND;
    if (!memcmp(h, zeroes, BLOCK)) return 0;
    if (!sound(h)) return SW_E_BAD;
    size = number_of(h + 124, 12);
    if (h[156] == 'x' || h[156] == 'L' || h[156] == 'g' || h[156] == 'K') {
        rc = read_extra(t, (char)h[156], size, err);
        return rc ? rc : 1;
    }
    if (t->size >= 0) size = t->size;
    t->size = -1;
    if (size < 0 || (uint64_t)size > SW_ZIP_MAX_BYTES) return SW_E_BAD;
    if (h[156] == '0' || !h[156]) add_entry(t, h, size);
    sw_free(t->name);
    t->name = NULL;
    rc = pass_over(t, ((uint64_t)size + BLOCK - 1) / BLOCK * BLOCK, err);
    return rc ? rc : 1;
}

static int scan(struct sw_tar *t, struct sw_err *err)
{
    int rc;
    while ((rc = read_header(t, err)) == 1) {
        if (t->n > SW_ZIP_MAX_ENTRIES)
            return sw_fail(err, SW_E_LIMIT, "the archive is refused: it holds more than %d files",
                           SW_ZIP_MAX_ENTRIES);
        if (t->at > SW_ZIP_MAX_BYTES)
            return sw_fail(err, SW_E_LIMIT, "the archive is refused: it unpacks to more than 64 GiB");
    }
    if (rc == SW_E_IO || rc == SW_E_LIMIT) return rc;
    if (rc < 0 && !t->n)
        return sw_fail(err, SW_E_BAD, "the archive is cut short or damaged: copy or download it again");
    if (rc < 0)
        t->damage = "the archive is cut short or damaged: what stands before that was read; "
                    "copy or download it again for the rest";
    sw_err_clear(err);
    return 0;
}

/* --- for the caller --- */

int sw_tar_open(const char *path, struct sw_tar **out, struct sw_err *err)
{
    struct sw_tar *t = sw_zalloc(sizeof *t);
    int rc;
    *out = NULL;
    t->size = -1;
    t->skip = sw_alloc(SKIP);
    t->fd = open(path, O_RDONLY | O_CLOEXEC);
    rc = t->fd < 0 ? sw_fail(err, SW_E_IO, "the archive cannot be opened: %s", strerror(errno))
                   : rewind_to_start(t, err);
    if (!rc) rc = scan(t, err);
    if (rc) sw_tar_close(t);
    else *out = t;
    return rc;
}

void sw_tar_close(struct sw_tar *t)
{
    if (!t) return;
    for (size_t i = 0; i < t->n; i++) sw_free(t->entry[i].name);
    sw_gunzip_close(t->gz);
    if (t->fd >= 0) close(t->fd);
    sw_free(t->entry);
    sw_free(t->name);
    sw_free(t->skip);
    sw_free(t);
}

const char *sw_tar_damage(const struct sw_tar *t)
{
    return t->damage;
}

size_t sw_tar_count(const struct sw_tar *t)
{
    return t->n;
}

const char *sw_tar_name(const struct sw_tar *t, size_t i)
{
    return t->entry[i].name;
}

uint64_t sw_tar_size(const struct sw_tar *t, size_t i)
{
    return t->entry[i].size;
}

int sw_tar_enter(struct sw_tar *t, size_t i, struct sw_err *err)
{
    const struct entry *e;
    int rc = 0;
    if (i >= t->n) return sw_fail(err, SW_E_NOTFOUND, "the archive has no such file");
    e = &t->entry[i];
    if (t->at > e->offset) rc = rewind_to_start(t, err);
    if (!rc) rc = pass_over(t, e->offset - t->at, err);
    if (rc) return sw_fail(err, SW_E_BAD, "%.80s cannot be unpacked: the archive has changed", e->name);
    t->left = e->size;
    t->entered = i;
    return 0;
}

long sw_tar_read(struct sw_tar *t, void *buf, size_t n, struct sw_err *err)
{
    long got;
    if (n > t->left) n = (size_t)t->left;
    if (!n) return 0;
    got = take(t, buf, n, err);
    if (got < 0) return got;
    if (!got)
        return sw_fail(err, SW_E_BAD, "%.80s is cut off inside the archive: what could be unpacked is kept",
                       t->entry[t->entered].name);
    t->left -= (uint64_t)got;
    return got;
}
