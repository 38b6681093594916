/* SPDX-License-Identifier: MIT */
#include "engine/vault.h"
#include "base/alloc.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int bad_key(struct sw_err *err, const char *path)
{
    return sw_fail(err, SW_E_BAD, "%s holds no key (64 hexadecimal digits)", path);
}

static int parse_key(struct sw_vault *v, char *text, ssize_t n, const char *path, struct sw_err *err)
{
    struct sw_buf raw;
    int rc = 0;
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' ')) n--;
    sw_buf_init(&raw, 256);
    if (n != 2 * SW_KEY_BYTES || sw_unhex(text, (size_t)n, &raw)) rc = bad_key(err, path);
    else memcpy(v->key, raw.data, SW_KEY_BYTES);
    if (raw.data) sw_wipe(raw.data, raw.len);
    sw_buf_clear(&raw);
    return rc;
}

/* 1: read; 0: there is none. */
static int read_key(struct sw_vault *v, const char *path, bool ours, struct sw_err *err)
{
    char text[200];
    struct stat st;
    ssize_t n;
    int rc, fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) return 0;
    if (fd < 0) return sw_fail(err, SW_E_IO, "%s cannot be read: %s", path, strerror(errno));
    if (ours && fstat(fd, &st) == 0 && (st.st_mode & 077)) {
        close(fd);
        return sw_fail(err, SW_E_DENIED, "others may read %s, so it keeps nothing secret: chmod 600 %s",
                       path, path);
    }
    n = read(fd, text, sizeof text);
    close(fd);
    rc = parse_key(v, text, n, path, err);
    sw_wipe(text, sizeof text);
    return rc ? rc : 1;
}

/* A new key appears whole or not at all; two processes that make one agree on the first. */
static int make_key(const char *path, struct sw_err *err)
{
    uint8_t key[SW_KEY_BYTES];
    char hex[2 * SW_KEY_BYTES + 2], part[1100];
    bool ok;
    int fd;
    snprintf(part, sizeof part, "%s.%d", path, (int)getpid());
    sw_random(key, sizeof key);
    sw_hex(key, sizeof key, hex);
    strcat(hex, "\n");
    fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ok = fd >= 0 && write(fd, hex, strlen(hex)) == (ssize_t)strlen(hex) && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    ok = ok && (link(part, path) == 0 || errno == EEXIST);
    if (!ok) sw_fail(err, SW_E_IO, "%s cannot be written: %s", path, strerror(errno));
    unlink(part);
    sw_wipe(key, sizeof key);
    sw_wipe(hex, sizeof hex);
    return ok ? 0 : SW_E_IO;
}

int sw_vault_open(struct sw_vault *v, const char *home, struct sw_err *err)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    char path[1024];
    int rc = 0;
    if (v->open) return 0;
    if (credentials && *credentials) {
        snprintf(path, sizeof path, "%s/syncwell.key", credentials);
        rc = read_key(v, path, false, err);
    }
    if (rc == 0) {
        snprintf(path, sizeof path, "%s/syncwell.key", home);
        rc = read_key(v, path, true, err);
        if (rc == 0) rc = make_key(path, err);
        if (rc == 0) rc = read_key(v, path, true, err);
    }
    v->open = rc > 0;
    return rc > 0 ? 0 : rc < 0 ? rc : sw_fail(err, SW_E_IO, "%s vanished", path);
}

void sw_vault_close(struct sw_vault *v)
{
    sw_secrets_clear(&v->known);
    sw_wipe(v->key, sizeof v->key);
    v->open = false;
}

void sw_vault_seal(struct sw_vault *v, const char *purpose, const char *text, size_t n,
                   struct sw_buf *out)
{
    struct sw_buf raw;
    uint8_t *to;
    sw_buf_init(&raw, n + 256);
    sw_seal(v->key, purpose, text, n, &raw);
    to = sw_buf_room(out, 2 * raw.len + 1);
    if (to) {
        sw_hex(raw.data, raw.len, (char *)to); /* ends it too */
        out->len += 2 * raw.len;
    }
    sw_buf_clear(&raw);
}

int sw_vault_unseal(struct sw_vault *v, const char *purpose, const char *hex, size_t n,
                    struct sw_buf *out, struct sw_err *err)
{
    struct sw_buf raw;
    int rc;
    sw_buf_init(&raw, n + 16);
    rc = sw_unhex(hex, n, &raw);
    if (!rc) rc = sw_unseal(v->key, purpose, raw.data, raw.len, out);
    sw_buf_clear(&raw);
    if (!rc) return 0;
    return sw_fail(err, SW_E_DENIED,
                   "a credential does not open with this home's key: was syncwell.key replaced? "
                   "connect that service again, or put the old key back");
}
