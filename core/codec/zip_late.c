/* SPDX-License-Identifier: MIT
 * What we use of libzip, opened with the first archive (base/late.h). */
#include "base/late.h"
#include <zip.h>

#define LATE(result, name, params, args) SW_LATE(SW_LIBZIP, result, name, params, args)

LATE(zip_t *, zip_open, (const char *path, int flags, int *code), (path, flags, code))
LATE(void, zip_discard, (zip_t *z), (z))
LATE(zip_int64_t, zip_get_num_entries, (zip_t *z, zip_flags_t flags), (z, flags))
LATE(const char *, zip_get_name, (zip_t *z, zip_uint64_t i, zip_flags_t flags),
     (z, i, flags))
LATE(int, zip_stat_index,
     (zip_t *z, zip_uint64_t i, zip_flags_t flags, zip_stat_t *out), (z, i, flags, out))
LATE(zip_file_t *, zip_fopen_index, (zip_t *z, zip_uint64_t i, zip_flags_t flags),
     (z, i, flags))
LATE(zip_int64_t, zip_fread, (zip_file_t *f, void *to, zip_uint64_t n), (f, to, n))
LATE(int, zip_fclose, (zip_file_t *f), (f))
LATE(const char *, zip_strerror, (zip_t *z), (z))
LATE(const char *, zip_file_strerror, (zip_file_t *f), (f))
LATE(void, zip_error_init_with_code, (zip_error_t *e, int code), (e, code))
LATE(const char *, zip_error_strerror, (zip_error_t *e), (e))
LATE(void, zip_error_fini, (zip_error_t *e), (e))
