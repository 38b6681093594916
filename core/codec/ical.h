/* SPDX-License-Identifier: MIT
 * Calendar entries -> iCalendar text (RFC 5545), by libical: never written by hand. Pure. */
#ifndef SW_CODEC_ICAL_H
#define SW_CODEC_ICAL_H
#include "base/buf.h"
#include "base/err.h"
#include <stdint.h>

struct sw_ical_event { /* texts borrowed; empty or NULL when absent */
    const char *uid;   /* globally unique and stable: the same entry keeps it */
    const char *title, *text;
    int64_t start_ms; /* UTC */
    int64_t dur_s;
    int64_t stamp_ms; /* when the entry was last written, data time */
    int sequence;     /* revision, 0 at first */
    int todo;         /* a task: start_ms is when it is due, 0 for no date */
    int64_t done_ms;  /* of a task: when it was done, 0 while it is open */
};
/* Append one VCALENDAR with the events and tasks in the order given. */
int sw_ical_write(const struct sw_ical_event *e, size_t n, const char *name, struct sw_buf *out,
                  struct sw_err *err);
#endif
