/* SPDX-License-Identifier: MIT
 * Memory. Small allocations abort when the machine has none left, so code is not half clean-up;
 * anything whose size comes from outside passes a cap before it gets here. */
#ifndef SW_BASE_ALLOC_H
#define SW_BASE_ALLOC_H
#include <stddef.h>

/* Once, before the first of them: buffers of up to four mebibytes, made and dropped with each transaction or
 * page of a service, stay with the process instead of being mapped, cleared and unmapped each time. */
void sw_alloc_keep(void);

void *sw_alloc(size_t bytes);              /* never NULL */
void *sw_zalloc(size_t bytes);             /* zeroed, never NULL */
void *sw_realloc(void *p, size_t bytes);   /* never NULL */
char *sw_strdup(const char *s);            /* caller frees; NULL gives NULL */
char *sw_strndup(const char *s, size_t n); /* caller frees; always terminated */
void sw_free(void *p);                     /* NULL allowed */

/* Grow *p, an array of elements of `size` bytes, so that it holds at least `need`. */
void sw_grow(void **p, size_t *cap, size_t need, size_t size);
#endif
