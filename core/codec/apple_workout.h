/* SPDX-License-Identifier: MIT
 * A Workout or Correlation element of Apple's export, gathered tag by tag into one message.
 * Memory is bounded: parts beyond their caps are dropped. Units stay as written; Lua
 * resolves them. */
#ifndef SW_CODEC_APPLE_WORKOUT_H
#define SW_CODEC_APPLE_WORKOUT_H
#include "codec/apple_scan.h"
#include "codec/batch.h"
#include "codec/text.h"

struct sw_apple_span { /* when something was */
    struct sw_text_time start, finish;
    bool has_start, has_finish;
};

struct sw_apple_group {
    bool open; /* inside its element */
    bool in_activity, in_event,
        in_route; /* inside a part that repeats or has its own metadata */
    bool food;    /* correlation only */
    struct sw_apple_span when;
    int origin;
    struct sw_buf attributes, statistics, metadata, events, routes, activities, members;
};

/* Empty; what a group gathered is freed. */
void sw_apple_group_init(struct sw_apple_group *g);
void sw_apple_group_clear(struct sw_apple_group *g);

/* Start and end of a tag; false when it has no start that can be read (counted as
 * rejected). */
bool sw_apple_when(const struct sw_apple_tag *tag, struct sw_batch *out,
                   struct sw_apple_span *when);

/* The element's own tag: keeps its attributes. Its time and origin were read by the caller.
 */
void sw_apple_group_begin(struct sw_apple_group *g, const struct sw_apple_tag *tag,
                          const struct sw_apple_span *when, int origin);
/* A tag inside it, opening or closing. */
void sw_apple_group_child(struct sw_apple_group *g, const struct sw_apple_tag *tag,
                          struct sw_batch *out);
/* A Record inside a correlation. */
void sw_apple_group_member(struct sw_apple_group *g, const char *type, double value,
                           const char *unit);
/* Write the message, named "workout" or "meal", and be empty again. */
void sw_apple_group_end(struct sw_apple_group *g, const char *message,
                        struct sw_batch *out);

/* "attributes" of a tag as a JSON object's members, all but dates, source and device. */
void sw_apple_put_attributes(struct sw_buf *b, const struct sw_apple_tag *tag);
#endif
