/* SPDX-License-Identifier: MIT
 * Reading tar archives (.tar, .tgz) people bring: Google Takeout offers them beside zip. Like codec/zip.h:
 * entries are listed, one at a time is read as a stream, no file is ever written. A packed archive can only
 * be read forwards: entries are cheap in their own order and cost the way from the start in any other. The
 * struct belongs to the caller; one thread at a time. */
#ifndef SW_CODEC_TAR_H
#define SW_CODEC_TAR_H
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

struct sw_tar;

/* 0 and *out, closed by the caller; or SW_E_BAD, SW_E_LIMIT (the caps of codec/zip.h), SW_E_IO with one
 * sentence. An archive that ends early is opened as far as it goes. */
int sw_tar_open(const char *path, struct sw_tar **out, struct sw_err *err);
void sw_tar_close(struct sw_tar *t); /* NULL allowed */
const char *sw_tar_damage(const struct sw_tar *t); /* a sentence where its list broke off, or NULL */

size_t sw_tar_count(const struct sw_tar *t); /* plain files only, numbered from 0 */
const char *sw_tar_name(const struct sw_tar *t, size_t i); /* borrowed */
uint64_t sw_tar_size(const struct sw_tar *t, size_t i);    /* bytes */

int sw_tar_enter(struct sw_tar *t, size_t i, struct sw_err *err); /* leaves the one before */
/* Bytes read, 0 at the end, or negative: cut off, damaged. */
long sw_tar_read(struct sw_tar *t, void *buf, size_t n, struct sw_err *err);
#endif
