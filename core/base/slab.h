/* SPDX-License-Identifier: MIT
 * Memory for one Lua state: many small objects that come and go. Sizes up to 512 bytes are rounded to
 * 16 and come from pages of one size each; what was given back last is given out first, so what a run
 * makes and drops stays in the processor's cache. An empty page serves any size again. Larger ones go
 * to malloc. The size is the caller's to remember, as Lua does; nothing is written beside an object.
 * Not for threads. Regions go back to the system only with the whole slab. */
#ifndef SW_BASE_SLAB_H
#define SW_BASE_SLAB_H
#include <stddef.h>

struct sw_slab;

struct sw_slab *sw_slab_new(void); /* NULL: no memory */
void sw_slab_free(struct sw_slab *s); /* and every small object in it; larger ones are the caller's */
/* For Lua states: a slab, but under a sanitizer that has to see each object's end, NULL. */
struct sw_slab *sw_slab_of_state(void);

/* s NULL: every object comes from malloc. Change an object's size, as realloc does. p: NULL for a new one (then from is not looked at);
 * to: 0 gives it back and returns NULL. NULL otherwise: no memory, and the object is as it was. A
 * smaller size never fails: when there is no page left for it the program ends, as with sw_alloc. */
void *sw_slab_resize(struct sw_slab *s, void *p, size_t from, size_t to);
/* The two ends of that: what a state does most. */
void *sw_slab_make(struct sw_slab *s, size_t n); /* n above 0 */
void sw_slab_drop(struct sw_slab *s, void *p, size_t n); /* n: its size, above 0 unless p is NULL */
size_t sw_slab_held(const struct sw_slab *s); /* bytes of its regions */
/* What there is stays, as far as anybody knows: pages that are more than half full are used again only when
 * something in them is given back, so what comes and goes from now on lies close together. Nothing happens when
 * half of what the slab may hold is held. */
void sw_slab_settle(struct sw_slab *s); /* s may be NULL */
/* Regions are added up to so many bytes: one object kept in each page of each size would else hold a
 * multiple of what is in use. An object that becomes smaller goes beyond it. */
void sw_slab_set_most(struct sw_slab *s, size_t bytes);
#endif
