/* SPDX-License-Identifier: MIT
 * Numbers, times and names as text formats write them, and JSON members for the messages of
 * decoders. Pure functions over spans that need not be terminated; no locale, no
 * allocation, no libc calendar. Thread: any. */
#ifndef SW_CODEC_TEXT_H
#define SW_CODEC_TEXT_H
#include "base/buf.h"
#include <stdbool.h>
#include <stdint.h>

/* A decimal number with blanks around it. true only if the whole text is one finite number.
 */
bool sw_text_num(const char *s, size_t n, double *out);

struct sw_text_time {
    int64_t ms; /* UTC; the wall clock read as if it were UTC where `known` is false */
    int16_t
        offset_min; /* minutes east of UTC; SW_OFFSET_NONE for "Z" and for no zone at all:
                     * "Z" fixes the instant but says nothing about where the person was */
    bool known;     /* the text fixes the instant */
};

/* "2024-03-01T07:08:09.5Z", "2024-03-01 07:08:09 +0100", "20240301070809+0100" and what
 * lies between. 0, SW_E_BAD when it is no time, SW_E_LIMIT outside 1900 to 2079. */
int sw_text_time(const char *s, size_t n, struct sw_text_time *out);

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
int64_t sw_text_days(int year, int month, int day);

/* The reason to count for a time that sw_text_time refused with code. */
const char *sw_text_time_reason(int code);

/* The maker a device or program name speaks of ("Garmin Connect" -> "garmin"), "" if
 * unknown. */
const char *sw_text_maker(const char *name);
/* What sort of thing it is by its name ("Forerunner 255" -> "watch", "Strava" -> "app"), "" if unknown. */
const char *sw_text_kind(const char *name);

/* "key":value into an object; nothing is written for a value that is not finite, a text
 * that is NULL or empty, an offset that is SW_OFFSET_NONE. */
void sw_text_put_num(struct sw_buf *b, const char *key, double v);
void sw_text_put_int(struct sw_buf *b, const char *key, int64_t v);
void sw_text_put_str(struct sw_buf *b, const char *key, const char *s);
void sw_text_put_offset(struct sw_buf *b, const char *key, int16_t offset_min);
/* The instant of point i of n that state the same time. Times are mostly whole seconds: points of
 * one second follow one another within it. A finer time is left as it is. */
int64_t sw_text_spread(int64_t ms, size_t i, size_t n);
#endif
