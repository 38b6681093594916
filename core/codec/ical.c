/* SPDX-License-Identifier: MIT */
#include "codec/ical.h"
#include <libical/ical.h>

static struct icaltimetype utc(int64_t ms)
{
    return icaltime_from_timet_with_zone((time_t)(ms / 1000), 0, icaltimezone_get_utc_timezone());
}

static void add_span(icalcomponent *c, const struct sw_ical_event *e)
{
    icalcomponent_add_property(c, icalproperty_new_dtstart(utc(e->start_ms)));
    icalcomponent_add_property(c, icalproperty_new_dtend(utc(e->start_ms + e->dur_s * 1000)));
}

static void add_task(icalcomponent *c, const struct sw_ical_event *e)
{
    if (e->start_ms) icalcomponent_add_property(c, icalproperty_new_due(utc(e->start_ms)));
    if (e->done_ms) icalcomponent_add_property(c, icalproperty_new_completed(utc(e->done_ms)));
    icalcomponent_add_property(
        c, icalproperty_new_status(e->done_ms ? ICAL_STATUS_COMPLETED : ICAL_STATUS_NEEDSACTION));
}

static icalcomponent *event(const struct sw_ical_event *e)
{
    icalcomponent *c =
        icalcomponent_new(e->todo ? ICAL_VTODO_COMPONENT : ICAL_VEVENT_COMPONENT);
    icalcomponent_add_property(c, icalproperty_new_uid(e->uid));
    icalcomponent_add_property(c, icalproperty_new_dtstamp(utc(e->stamp_ms)));
    (e->todo ? add_task : add_span)(c, e);
    icalcomponent_add_property(c, icalproperty_new_summary(e->title ? e->title : ""));
    if (e->text && *e->text) icalcomponent_add_property(c, icalproperty_new_description(e->text));
    icalcomponent_add_property(c, icalproperty_new_sequence(e->sequence));
    return c;
}

int sw_ical_write(const struct sw_ical_event *e, size_t n, const char *name, struct sw_buf *out,
                  struct sw_err *err)
{
    icalcomponent *cal = icalcomponent_new(ICAL_VCALENDAR_COMPONENT);
    icalproperty *x = icalproperty_new_x(name);
    char *text;
    icalproperty_set_x_name(x, "X-WR-CALNAME");
    icalcomponent_add_property(cal, icalproperty_new_version("2.0"));
    icalcomponent_add_property(cal, icalproperty_new_prodid("-//SyncWell//SyncWell//EN"));
    icalcomponent_add_property(cal, x);
    for (size_t i = 0; i < n; i++) icalcomponent_add_component(cal, event(&e[i]));
    text = icalcomponent_as_ical_string_r(cal);
    sw_buf_puts(out, text);
    icalmemory_free_buffer(text);
    icalcomponent_free(cal);
    return out->over ? sw_fail(err, SW_E_LIMIT, "the calendar is too large") : 0;
}
