/* SPDX-License-Identifier: MIT
 * Civil time. The one place that converts between instants and wall clocks: an own reader of TZif
 * files, so that each user has a zone and no process-wide TZ exists. Instants are UTC milliseconds
 * since 1970, days are counted from 1970-01-01, offsets are seconds or minutes east of UTC. */
#ifndef SW_BASE_TZ_H
#define SW_BASE_TZ_H
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_DAY_MS INT64_C(86400000)
/* What is accepted at the border: 1900-01-03 to 2079-06-03, so that a local day always fits the 16
 * bits it has in a chunk's key. */
#define SW_TIME_MIN_MS INT64_C(-2208816000000)
#define SW_TIME_MAX_MS INT64_C(3453062400000)

struct sw_date {
    int year, month, day; /* month 1..12, day 1..31 */
};

int64_t sw_day_of_date(int year, int month, int day); /* proleptic Gregorian; no check */
struct sw_date sw_date_of_day(int64_t day);
int sw_weekday(int64_t day);            /* 0 Monday .. 6 Sunday */
int64_t sw_floor_day(int64_t local_ms); /* day of a local time */

struct sw_tz;
/* Load a zone by IANA name ("Europe/Berlin", "UTC"). NULL and a sentence if the name is not known or
 * the file is damaged. Caller closes. */
struct sw_tz *sw_tz_open(const char *name, struct sw_err *err);
struct sw_tz *sw_tz_parse(const char *name, const uint8_t *p, size_t n,
                          struct sw_err *err); /* a TZif image */
void sw_tz_close(struct sw_tz *z);
const char *sw_tz_name(const struct sw_tz *z);
int sw_tz_offset(const struct sw_tz *z, int64_t utc_ms); /* seconds east at that instant */
/* Instant of a wall-clock time. A time that occurs twice gives the first; one that is skipped moves
 * forward by the gap. */
int64_t sw_tz_utc(const struct sw_tz *z, int64_t local_ms);
int64_t sw_tz_day_start(const struct sw_tz *z, int64_t day); /* first instant of a local day */
const char *
sw_tz_local_name(void); /* the machine's zone by /etc/localtime or TZ; "UTC" if unknown; static */

/* "2024-03-10T07:30:00+01:00", with ".123" only if needed; out holds 40 bytes. */
void sw_iso_format(int64_t utc_ms, int offset_min, char out[40]);
void sw_day_format(int64_t day, char out[16]); /* "2024-03-10" */
/* Read ISO 8601 and its common spellings: date or date and time, 'T' or blank, fractions, "Z",
 * "+0100", " -0500", no zone. *offset_min becomes INT16_MIN when there is no zone (the instant is
 * then the wall clock read as UTC). Gives the number of bytes used, 0 if it is no time. Times
 * outside 1900..2079 give 0 too. */
size_t sw_iso_parse(const char *s, size_t n, int64_t *utc_ms, int *offset_min);
#endif
