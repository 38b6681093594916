/* SPDX-License-Identifier: MIT
 * Who measured: an origin out of the sourceName and device attributes of a record. */
#ifndef SW_CODEC_APPLE_SOURCE_H
#define SW_CODEC_APPLE_SOURCE_H
#include "codec/apple_scan.h"
#include "codec/batch.h"

/* Index in out of the origin these raw attribute values describe (either may be empty).
 * Only what stays the same from export to export is used: never the device's pointer or
 * software version. */
int sw_apple_source(struct sw_batch *out, struct sw_span name, struct sw_span device);
#endif
