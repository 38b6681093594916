/* SPDX-License-Identifier: MIT
 * A thin guard over libzip. Declared sizes are checked before anything is unpacked and
 * counted again while it is, because an archive may lie about them. Nested archives are
 * entries like any other: they are not opened here. */
#include "codec/zip.h"
#include "base/alloc.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <zip.h>

struct sw_zip {
    zip_t *za;
    zip_file_t *file; /* entry being read, or NULL */
    size_t n;
    size_t at;            /* its index */
    uint64_t packed, got; /* its packed size; bytes unpacked so far */
};

static bool is_archive_start(const char *path)
{
    char head[4] = {0};
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(head, 1, sizeof head, f) : 0;
    if (f) fclose(f);
    return n >= 2 && head[0] == 'P' && head[1] == 'K';
}

static int open_failure(const char *path, int code, struct sw_err *err)
{
    zip_error_t ze;
    int rc;
    zip_error_init_with_code(&ze, code);
    if (code == ZIP_ER_OPEN || code == ZIP_ER_READ || code == ZIP_ER_NOENT)
        rc = sw_fail(err, SW_E_IO, "the archive cannot be opened: %s",
                     zip_error_strerror(&ze));
    else if (is_archive_start(path))
        rc = sw_fail(err, SW_E_BAD,
                     "the archive is cut short or damaged: copy or download it again");
    else
        rc = sw_fail(err, SW_E_BAD, "this is not a zip archive");
    zip_error_fini(&ze);
    return rc;
}

bool sw_zip_outside(const char *name)
{
    if (!*name || *name == '/' || *name == '\\' || (name[1] == ':' && name[2])) return true;
    for (const char *p = name; p; p = *p ? p + 1 : NULL) {
        if (!strncmp(p, "..", 2) && strchr("/\\", p[2])) return true;
        p += strcspn(p, "/\\");
    }
    return false;
}

static bool bomb(uint64_t size, uint64_t packed)
{
    return size > SW_ZIP_BOMB_BYTES && size / SW_ZIP_BOMB_RATIO > packed;
}

static int check_entry(struct sw_zip *z, size_t i, uint64_t *total, struct sw_err *err)
{
    zip_stat_t st;
    if (zip_stat_index(z->za, i, 0, &st) || !(st.valid & ZIP_STAT_NAME))
        return sw_fail(err, SW_E_BAD, "the archive's list of files is damaged");
    if (!(st.valid & ZIP_STAT_SIZE)) return 0;
    if (bomb(st.size, st.valid & ZIP_STAT_COMP_SIZE ? st.comp_size : 0))
        return sw_fail(err, SW_E_LIMIT,
                       "the archive is refused: %.80s unpacks to over %d times its size",
                       st.name, SW_ZIP_BOMB_RATIO);
    if (st.size > SW_ZIP_MAX_BYTES - *total)
        return sw_fail(err, SW_E_LIMIT,
                       "the archive is refused: it unpacks to more than 64 GiB");
    *total += st.size;
    return 0;
}

static int check(struct sw_zip *z, struct sw_err *err)
{
    uint64_t total = 0;
    int rc = 0;
    if (z->n > SW_ZIP_MAX_ENTRIES)
        return sw_fail(err, SW_E_LIMIT,
                       "the archive is refused: it holds more than %d files",
                       SW_ZIP_MAX_ENTRIES);
    for (size_t i = 0; i < z->n && !rc; i++) rc = check_entry(z, i, &total, err);
    return rc;
}

int sw_zip_open(const char *path, struct sw_zip **out, struct sw_err *err)
{
    int code = 0, rc;
    struct sw_zip *z;
    zip_t *za = zip_open(path, ZIP_RDONLY, &code);
    zip_int64_t n;
    *out = NULL;
    if (!za) return open_failure(path, code, err);
    z = sw_zalloc(sizeof *z);
    z->za = za;
    n = zip_get_num_entries(za, 0);
    z->n = n > 0 ? (size_t)n : 0;
    rc = check(z, err);
    if (rc)
        sw_zip_close(z);
    else
        *out = z;
    return rc;
}

void sw_zip_close(struct sw_zip *z)
{
    if (!z) return;
    sw_zip_leave(z);
    zip_discard(z->za);
    sw_free(z);
}

size_t sw_zip_count(const struct sw_zip *z)
{
    return z->n;
}

const char *sw_zip_name(const struct sw_zip *z, size_t i)
{
    const char *name = zip_get_name(z->za, i, ZIP_FL_ENC_GUESS);
    return name ? name : "";
}

uint64_t sw_zip_size(const struct sw_zip *z, size_t i)
{
    zip_stat_t st;
    return !zip_stat_index(z->za, i, 0, &st) && st.valid & ZIP_STAT_SIZE ? st.size : 0;
}

int sw_zip_enter(struct sw_zip *z, size_t i, struct sw_err *err)
{
    zip_stat_t st;
    sw_zip_leave(z);
    if (i >= z->n || zip_stat_index(z->za, i, 0, &st))
        return sw_fail(err, SW_E_NOTFOUND, "the archive has no such file");
    if (st.valid & ZIP_STAT_ENCRYPTION_METHOD && st.encryption_method != ZIP_EM_NONE)
        return sw_fail(err, SW_E_DENIED,
                       "%.80s is encrypted: unpack the archive with its password first",
                       st.name);
    z->file = zip_fopen_index(z->za, i, 0);
    if (!z->file)
        return sw_fail(err, SW_E_BAD, "%.80s cannot be unpacked: %s", st.name,
                       zip_strerror(z->za));
    z->at = i;
    z->packed = st.valid & ZIP_STAT_COMP_SIZE ? st.comp_size : 0;
    z->got = 0;
    return 0;
}

long sw_zip_read(struct sw_zip *z, void *buf, size_t n, struct sw_err *err)
{
    zip_int64_t got;
    if (!z->file) return sw_fail(err, SW_E_INTERNAL, "no file of the archive is open");
    got = zip_fread(z->file, buf, n);
    if (got < 0)
        return sw_fail(err, SW_E_BAD, "%.80s is damaged inside the archive: %s",
                       sw_zip_name(z, z->at), zip_file_strerror(z->file));
    z->got += (uint64_t)got;
    if (bomb(z->got, z->packed))
        return sw_fail(err, SW_E_LIMIT, "%.80s unpacks to over %d times its size",
                       sw_zip_name(z, z->at), SW_ZIP_BOMB_RATIO);
    return (long)got;
}

void sw_zip_leave(struct sw_zip *z)
{
    if (z->file) zip_fclose(z->file);
    z->file = NULL;
}

bool sw_zip_wanted(const char *name)
{
    const char *base = name + strlen(name);
    while (base > name && !strchr("/\\", base[-1])) base--;
    if (!*base || *base == '.' || strstr(name, "__MACOSX/")) return false;
    return strcasecmp(base, "export_cda.xml") != 0;
}
