/* SPDX-License-Identifier: MIT */
#include "engine/archive.h"
#include "base/alloc.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512, PIECE = 1 << 20, NAME = 100, PREFIX_AT = 345, PREFIX = 155, SIZE_AT = 124, SUM_AT = 148 };

struct pass { /* one walk over an archive */
    int fd;
    uint8_t *piece;
    int64_t done, total;
    const struct sw_progress *progress;
};

static int io(struct sw_err *err, const char *verb, const char *path)
{
    int full = errno == ENOSPC || errno == EDQUOT;
    return sw_fail(err, full ? SW_E_FULL : SW_E_IO, "cannot %s %s: %s", verb, path,
                   full ? "the disk is full" : strerror(errno));
}

static void told(struct pass *p, int64_t bytes)
{
    p->done += bytes;
    if (p->progress && p->progress->tell) p->progress->tell(p->progress->ctx, p->done, p->total);
}

/* Bytes read, less than n only at the end of the file; -1 on an error. */
static ssize_t get(int fd, void *data, size_t n)
{
    size_t have = 0;
    while (have < n) {
        ssize_t k = read(fd, (uint8_t *)data + have, n - have);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return -1;
        if (!k) break;
        have += (size_t)k;
    }
    return (ssize_t)have;
}

static size_t padding(int64_t size)
{
    return (size_t)((BLOCK - size % BLOCK) % BLOCK);
}

/* A renamed or new file is there after a power cut only when its folder is on the disk too. */
static int sync_folder_of(const char *path, struct sw_err *err)
{
    char dir[1024];
    char *slash;
    int fd, bad;
    snprintf(dir, sizeof dir, "%s", path);
    slash = strrchr(dir, '/');
    if (!slash) strcpy(dir, ".");
    else slash[slash == dir] = 0;
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bad = fd < 0 || fsync(fd);
    if (fd >= 0) close(fd);
    return bad ? io(err, "keep", dir) : 0;
}

/* --- headers --- */

static unsigned sum_of(const uint8_t *h)
{
    unsigned sum = 0;
    for (int i = 0; i < BLOCK; i++) sum += i >= SUM_AT && i < SUM_AT + 8 ? ' ' : h[i];
    return sum;
}

/* Eleven octal digits; from 8 GiB on the number in binary with its first bit set, as tar does it. */
static void put_size(uint8_t *at, int64_t size)
{
    if (size < INT64_C(1) << 33) {
        snprintf((char *)at, 12, "%011llo", (unsigned long long)size);
        return;
    }
    at[0] = 0x80;
    for (int i = 11; i > 0; i--, size >>= 8) at[i] = (uint8_t)(i > 3 ? size & 0xff : 0);
}

static int64_t get_size(const uint8_t *at)
{
    int64_t v = 0;
    if (at[0] & 0x80) {
        for (int i = 4; i < 12; i++) v = (v & (INT64_MAX >> 8)) << 8 | at[i];
        return v;
    }
    for (int i = 0; i < 12 && at[i] >= '0' && at[i] <= '7'; i++) v = v * 8 + (at[i] - '0');
    return v;
}

static int header(uint8_t *h, const char *name, const struct stat *st, struct sw_err *err)
{
    size_t n = strlen(name);
    const char *cut = n > NAME ? strchr(name + n - NAME - 1, '/') : NULL;
    memset(h, 0, BLOCK);
    if (n > NAME && (!cut || cut - name > PREFIX))
        return sw_fail(err, SW_E_LIMIT, "the name %.60s... is too long for a backup: shorten it", name);
    if (cut) memcpy(h + PREFIX_AT, name, (size_t)(cut - name));
    memcpy(h, cut ? cut + 1 : name, cut ? n - (size_t)(cut + 1 - name) : n);
    snprintf((char *)h + 100, 8, "%07o", (unsigned)(st->st_mode & 0777));
    memcpy(h + 108, "0000000\0000000000", 15);
    put_size(h + SIZE_AT, st->st_size);
    snprintf((char *)h + 136, 12, "%011llo", (unsigned long long)st->st_mtime);
    h[156] = '0';
    memcpy(h + 257, "ustar\00000", 8);
    snprintf((char *)h + SUM_AT, 8, "%06o", sum_of(h));
    h[SUM_AT + 7] = ' ';
    return 0;
}

/* --- writing --- */

static int write_body(struct pass *p, int in, const char *path, int64_t size, struct sw_err *err)
{
    static const uint8_t zero[BLOCK];
    for (int64_t left = size; left > 0;) {
        size_t want = left < PIECE ? (size_t)left : PIECE;
        ssize_t n = get(in, p->piece, want);
        if (n < 0) return io(err, "read", path);
        if ((size_t)n < want) return sw_fail(err, SW_E_IO, "%s became shorter while it was read", path);
        if (sw_write_all(p->fd, p->piece, want)) return io(err, "write", "the backup");
        left -= (int64_t)want;
        told(p, (int64_t)want);
    }
    return sw_write_all(p->fd, zero, padding(size)) ? io(err, "write", "the backup") : 0;
}

static int write_entry(struct pass *p, const struct sw_archive_entry *e, struct sw_err *err)
{
    uint8_t h[BLOCK];
    struct stat st;
    int rc, in = open(e->path, O_RDONLY | O_CLOEXEC);
    if (in < 0 || fstat(in, &st)) rc = io(err, "read", e->path);
    else rc = header(h, e->name, &st, err);
    if (!rc && sw_write_all(p->fd, h, sizeof h)) rc = io(err, "write", "the backup");
    if (!rc) rc = write_body(p, in, e->path, st.st_size, err);
    if (in >= 0) close(in);
    return rc;
}

int sw_archive_write(const char *to, const struct sw_archive_entry *at, size_t n,
                     const struct sw_progress *progress, struct sw_err *err)
{
    static const uint8_t end[2 * BLOCK];
    struct pass p = {.progress = progress};
    struct stat st;
    char part[1100];
    int rc = 0;
    snprintf(part, sizeof part, "%s.part", to);
    p.fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (p.fd < 0) return io(err, "write", part);
    p.piece = sw_alloc(PIECE);
    for (size_t i = 0; i < n; i++) p.total += stat(at[i].path, &st) ? 0 : st.st_size;
    for (size_t i = 0; i < n && !rc; i++) rc = write_entry(&p, &at[i], err);
    if (!rc && (sw_write_all(p.fd, end, sizeof end) || fsync(p.fd))) rc = io(err, "write", part);
    if (close(p.fd) && !rc) rc = io(err, "write", part);
    if (!rc && rename(part, to)) rc = io(err, "write", to);
    if (rc) unlink(part);
    sw_free(p.piece);
    return rc ? rc : sync_folder_of(to, err);
}

/* --- reading --- */

static bool name_is_safe(const char *name)
{
    for (const char *part = name;; part = strchr(part, '/') + 1) {
        size_t n = strcspn(part, "/");
        if (!n || (part[0] == '.' && (n == 1 || (n == 2 && part[1] == '.')))) return false;
        if (!part[n]) return true;
    }
}

/* The next header: 1 with its name and size, 0 at the end. */
static int next(struct pass *p, char name[PREFIX + NAME + 2], int64_t *size, struct sw_err *err)
{
    uint8_t h[BLOCK];
    ssize_t n = get(p->fd, h, sizeof h);
    char prefix[PREFIX + 1] = "";
    if (n < 0) return io(err, "read", "the backup");
    if (n == BLOCK && !h[0]) return 0;
    if (n != BLOCK || strtoul((char *)h + SUM_AT, NULL, 8) != sum_of(h) || (h[156] && h[156] != '0'))
        return sw_fail(err, SW_E_BAD, "this is no backup of syncwell, or it is damaged or cut short");
    snprintf(prefix, sizeof prefix, "%.*s", PREFIX, (char *)h + PREFIX_AT);
    snprintf(name, PREFIX + NAME + 2, "%s%s%.*s", prefix, *prefix ? "/" : "", NAME, (char *)h);
    *size = get_size(h + SIZE_AT);
    if (!name_is_safe(name))
        return sw_fail(err, SW_E_BAD, "the backup holds a name that leads out of its folder");
    if (*size < 0 || *size > p->total)
        return sw_fail(err, SW_E_BAD, "the backup is damaged or cut short at %s", name);
    return 1;
}

static void make_folders(const char *path, size_t from)
{
    char dir[1400];
    snprintf(dir, sizeof dir, "%s", path);
    for (char *s = strchr(dir + from, '/'); s; s = strchr(s + 1, '/')) {
        *s = 0;
        mkdir(dir, 0700);
        *s = '/';
    }
}

static int read_body(struct pass *p, int out, const char *path, int64_t size, struct sw_err *err)
{
    for (int64_t left = size; left > 0;) {
        size_t want = left < PIECE ? (size_t)left : PIECE;
        ssize_t n = get(p->fd, p->piece, want);
        if (n < 0) return io(err, "read", "the backup");
        if ((size_t)n < want) return sw_fail(err, SW_E_BAD, "the backup is cut short in %s", path);
        if (sw_write_all(out, p->piece, want)) return io(err, "write", path);
        left -= (int64_t)want;
        told(p, (int64_t)want);
    }
    if (get(p->fd, p->piece, padding(size)) != (ssize_t)padding(size))
        return sw_fail(err, SW_E_BAD, "the backup is cut short in %s", path);
    return fsync(out) ? io(err, "write", path) : 0;
}

static int read_entry(struct pass *p, const char *into, const char *name, int64_t size,
                      struct sw_err *err)
{
    char path[1400];
    int rc, out;
    if (snprintf(path, sizeof path, "%s/%s", into, name) >= (int)sizeof path)
        return sw_fail(err, SW_E_LIMIT, "the folder's name is too long: %.60s...", into);
    make_folders(path, strlen(into) + 1);
    out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (out < 0) return io(err, "write", path);
    rc = read_body(p, out, path, size, err);
    if (close(out) && !rc) rc = io(err, "write", path);
    return rc;
}

static int open_pass(struct pass *p, const char *from, struct sw_err *err)
{
    struct stat st;
    p->fd = open(from, O_RDONLY | O_CLOEXEC);
    if (p->fd < 0 || fstat(p->fd, &st)) return io(err, "read", from);
    p->total = st.st_size;
    p->piece = sw_alloc(PIECE);
    return 0;
}

static void close_pass(struct pass *p)
{
    if (p->fd >= 0) close(p->fd);
    sw_free(p->piece);
}

int sw_archive_read(const char *from, const char *into, const struct sw_progress *progress,
                    struct sw_err *err)
{
    struct pass p = {.progress = progress};
    char name[PREFIX + NAME + 2];
    int64_t size;
    int rc = open_pass(&p, from, err);
    while (!rc && (rc = next(&p, name, &size, err)) > 0) rc = read_entry(&p, into, name, size, err);
    close_pass(&p);
    return rc;
}

int sw_archive_first(const char *from, const char *name, struct sw_buf *out, struct sw_err *err)
{
    struct pass p = {.progress = NULL};
    char found[PREFIX + NAME + 2];
    int64_t size = 0;
    int rc = open_pass(&p, from, err);
    if (!rc) rc = next(&p, found, &size, err);
    if (rc == 0 || (rc > 0 && strcmp(found, name)))
        rc = sw_fail(err, SW_E_BAD, "%s is no backup of syncwell", from);
    else if (rc > 0) {
        bool whole = size <= PIECE && get(p.fd, p.piece, (size_t)size) == size;
        rc = whole ? 0 : sw_fail(err, SW_E_BAD, "%s is damaged", from);
        if (!rc) sw_buf_put(out, p.piece, (size_t)size);
    }
    close_pass(&p);
    return rc;
}
