/* SPDX-License-Identifier: MIT
 * Reading archives people upload: walk the entries, open one at a time as a stream, never
 * write a file. An archive that would grow beyond reason is refused as a whole when it is opened; a
 * name that leads out of it costs that entry. The struct belongs to the caller; one thread at a time.
 * Sizes are bytes after unpacking. */
#ifndef SW_CODEC_ZIP_H
#define SW_CODEC_ZIP_H
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_ZIP_MAX_ENTRIES 100000
#define SW_ZIP_MAX_BYTES   ((uint64_t)64 << 30)
#define SW_ZIP_BOMB_BYTES  ((uint64_t)64 << 20) /* below this any ratio is harmless */
#define SW_ZIP_BOMB_RATIO  200

struct sw_zip;

/* 0 and *out, closed by the caller; or SW_E_BAD (no archive, half of one),
 * SW_E_LIMIT (caps, bomb), SW_E_IO, with one sentence. */
int sw_zip_open(const char *path, struct sw_zip **out, struct sw_err *err);
void sw_zip_close(struct sw_zip *z); /* NULL allowed */

/* Entries are numbered from 0; sizes are bytes when unpacked, as the archive states them. */
size_t sw_zip_count(const struct sw_zip *z);
const char *sw_zip_name(const struct sw_zip *z,
                        size_t i); /* borrowed; ends in '/' for a folder */
uint64_t sw_zip_size(const struct sw_zip *z, size_t i);

/* Begin reading entry i; leaves the one before. SW_E_BAD when it is encrypted or damaged.
 */
int sw_zip_enter(struct sw_zip *z, size_t i, struct sw_err *err);
/* Bytes read, 0 at the end, or negative: damaged (checksum), or larger than it said. */
long sw_zip_read(struct sw_zip *z, void *buf, size_t n, struct sw_err *err);
void sw_zip_leave(struct sw_zip *z);

/* false for what no importer wants by its name alone: folders, hidden files, a Mac's
 * resource forks, the clinical copy export_cda.xml. What passes is judged by its content
 * (sw_sniff). */
bool sw_zip_wanted(const char *name);
/* true for a name that is no path below the archive's own folder, with either kind of stroke. */
bool sw_zip_outside(const char *name);
#endif
