/* SPDX-License-Identifier: MIT
 * What we use of libical, opened with the first calendar that is written (base/late.h): it
 * brings ICU and the library of C++. */
#include "base/late.h"
#include <libical/ical.h>

#define LATE(result, name, params, args) SW_LATE(SW_LIBICAL, result, name, params, args)

LATE(icaltimezone *, icaltimezone_get_utc_timezone, (void), ())
LATE(struct icaltimetype, icaltime_from_timet_with_zone,
     (const time_t at, const int is_date, const icaltimezone *zone), (at, is_date, zone))

LATE(icalcomponent *, icalcomponent_new, (icalcomponent_kind kind), (kind))
LATE(void, icalcomponent_free, (icalcomponent *c), (c))
LATE(void, icalcomponent_add_component, (icalcomponent *c, icalcomponent *child),
     (c, child))
LATE(void, icalcomponent_add_property, (icalcomponent *c, icalproperty *p), (c, p))
LATE(char *, icalcomponent_as_ical_string_r, (icalcomponent *c), (c))
LATE(void, icalmemory_free_buffer, (void *p), (p))

LATE(icalproperty *, icalproperty_new_completed, (struct icaltimetype v), (v))
LATE(icalproperty *, icalproperty_new_dtend, (struct icaltimetype v), (v))
LATE(icalproperty *, icalproperty_new_dtstamp, (struct icaltimetype v), (v))
LATE(icalproperty *, icalproperty_new_dtstart, (struct icaltimetype v), (v))
LATE(icalproperty *, icalproperty_new_due, (struct icaltimetype v), (v))
LATE(icalproperty *, icalproperty_new_sequence, (int v), (v))
LATE(icalproperty *, icalproperty_new_status, (enum icalproperty_status v), (v))
LATE(icalproperty *, icalproperty_new_description, (const char *v), (v))
LATE(icalproperty *, icalproperty_new_prodid, (const char *v), (v))
LATE(icalproperty *, icalproperty_new_summary, (const char *v), (v))
LATE(icalproperty *, icalproperty_new_uid, (const char *v), (v))
LATE(icalproperty *, icalproperty_new_version, (const char *v), (v))
LATE(icalproperty *, icalproperty_new_x, (const char *v), (v))
LATE(void, icalproperty_set_x_name, (icalproperty *p, const char *name), (p, name))
