/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_BYTES = 4 << 20 };

static void *checked(void *p, size_t bytes)
{
    if (p) return p;
    fprintf(stderr, "syncwell: out of memory (%zu bytes)\n", bytes);
    abort();
}

void sw_alloc_keep(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
#endif
}

void *sw_alloc(size_t bytes)
{
    return checked(malloc(bytes ? bytes : 1), bytes);
}
void *sw_zalloc(size_t bytes)
{
    return checked(calloc(1, bytes ? bytes : 1), bytes);
}
void *sw_realloc(void *p, size_t bytes)
{
    return checked(realloc(p, bytes ? bytes : 1), bytes);
}
void sw_free(void *p)
{
    free(p);
}

char *sw_strndup(const char *s, size_t n)
{
    char *p = sw_alloc(n + 1);
    if (n) memcpy(p, s, n);
    p[n] = 0;
    return p;
}

char *sw_strdup(const char *s)
{
    return s ? sw_strndup(s, strlen(s)) : NULL;
}

void sw_grow(void **p, size_t *cap, size_t need, size_t size)
{
    size_t n = *cap ? *cap : 8;
    if (need <= *cap) return;
    while (n < need) n *= 2;
    if (n > SIZE_MAX / size) abort();
    *p = sw_realloc(*p, n * size);
    *cap = n;
}
