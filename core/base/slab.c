/* SPDX-License-Identifier: MIT */
#include "base/slab.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { STEP = 16, SMALL = 512, CLASSES = SMALL / STEP, PAGE = 16 * 1024, REGION = 256 * 1024 };

struct hole {
    struct hole *next;
};

struct page { /* at the head of its own memory, which is aligned to its size */
    struct page *next, *prev; /* of the pages of this size that have room; of the empty ones */
    struct hole *holes;
    char *fresh, *end; /* never given out yet */
    unsigned size, live;
    bool listed;
};

struct region {
    struct region *next;
    char *at;
};

struct sw_slab {
    struct page *room[CLASSES]; /* the first one is used */
    struct page *empty;
    struct region *regions;
    size_t held, most; /* bytes of regions */
};

static unsigned class_of(size_t n)
{
    return (unsigned)((n - 1) / STEP);
}

static struct page *page_of(void *p)
{
    return (struct page *)((uintptr_t)p & ~(uintptr_t)(PAGE - 1));
}

struct sw_slab *sw_slab_new(void)
{
    struct sw_slab *s = calloc(1, sizeof *s);
    if (s) s->most = SIZE_MAX;
    return s;
}

void sw_slab_set_most(struct sw_slab *s, size_t bytes)
{
    s->most = bytes;
}

struct sw_slab *sw_slab_of_state(void)
{
#ifdef __SANITIZE_ADDRESS__
    return NULL;
#else
    return sw_slab_new();
#endif
}

size_t sw_slab_held(const struct sw_slab *s)
{
    return s->held;
}

void sw_slab_free(struct sw_slab *s)
{
    struct region *r;
    while (s && (r = s->regions)) {
        s->regions = r->next;
        munmap(r->at, REGION);
        free(r);
    }
    free(s);
}

/* A region aligned to pages: what sticks out at both ends is given back at once. */
static char *map_region(void)
{
    char *p = mmap(NULL, REGION + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t before;
    if (p == MAP_FAILED) return NULL;
    before = (PAGE - ((uintptr_t)p & (PAGE - 1))) & (PAGE - 1);
    if (before) munmap(p, before);
    munmap(p + before + REGION, PAGE - before);
    return p + before;
}

static bool add_region(struct sw_slab *s)
{
    struct region *r;
    if (s->most < REGION || s->held > s->most - REGION) return false;
    r = malloc(sizeof *r);
    if (!r) return false;
    r->at = map_region();
    if (!r->at) {
        free(r);
        return false;
    }
    r->next = s->regions;
    s->regions = r;
    s->held += REGION;
    for (size_t i = REGION / PAGE; i-- > 0;) {
        struct page *page = (struct page *)(void *)(r->at + i * PAGE);
        page->next = s->empty;
        s->empty = page;
    }
    return true;
}

static void list(struct sw_slab *s, struct page *page)
{
    struct page **head = &s->room[class_of(page->size)];
    page->prev = NULL;
    page->next = *head;
    if (*head) (*head)->prev = page;
    *head = page;
    page->listed = true;
}

static void unlist(struct sw_slab *s, struct page *page)
{
    if (page->prev) page->prev->next = page->next;
    else s->room[class_of(page->size)] = page->next;
    if (page->next) page->next->prev = page->prev;
    page->listed = false;
}

static struct page *new_page(struct sw_slab *s, unsigned size)
{
    struct page *page;
    if (!s->empty && !add_region(s)) return NULL;
    page = s->empty;
    s->empty = page->next;
    *page = (struct page){.size = size};
    page->fresh = (char *)page + (sizeof *page + STEP - 1) / STEP * STEP;
    page->end = (char *)page + PAGE;
    list(s, page);
    return page;
}

void sw_slab_settle(struct sw_slab *s)
{
    if (!s || s->held > s->most / 2) return;
    for (size_t c = 0; c < CLASSES; c++)
        for (struct page *page = s->room[c], *next; page; page = next) {
            next = page->next;
            if (page->live > (PAGE - sizeof *page) / page->size / 2) unlist(s, page);
        }
}

/* Where no hole is: the page's untouched end, or another page. */
static void *small_fresh(struct sw_slab *s, unsigned c)
{
    struct page *page = s->room[c];
    void *p;
    if (!page && !(page = new_page(s, (c + 1) * STEP))) return NULL;
    p = page->fresh;
    page->fresh += page->size;
    page->live++;
    if (page->fresh + page->size > page->end) unlist(s, page);
    return p;
}

static inline void *small_new(struct sw_slab *s, size_t n)
{
    unsigned c = class_of(n);
    struct page *page = s->room[c];
    struct hole *h;
    if (!page || !(h = page->holes)) return small_fresh(s, c);
    page->holes = h->next;
    page->live++;
    if (!h->next && page->fresh + page->size > page->end) unlist(s, page);
    return h;
}

/* The first object that comes back to a full page, or the last one of any: it changes its list. The last page
 * of a size that has room is kept, or one object on its edge would make and drop it. */
static void page_changes(struct sw_slab *s, struct page *page)
{
    if (!page->listed) list(s, page);
    if (page->live || (!page->next && !page->prev)) return;
    unlist(s, page);
    page->next = s->empty;
    s->empty = page;
}

/* The page knows the size. */
static inline void small_drop(struct sw_slab *s, void *p)
{
    struct page *page = page_of(p);
    struct hole *h = p;
    h->next = page->holes;
    page->holes = h;
    if (!--page->live || !page->listed) page_changes(s, page);
}

static inline void *make(struct sw_slab *s, size_t n)
{
    return s && n <= SMALL ? small_new(s, n) : malloc(n);
}

/* For what becomes smaller: it cannot stay where it is, since a small one is looked for in a page. */
static void *make_surely(struct sw_slab *s, size_t n)
{
    size_t most = s->most;
    void *p;
    s->most = SIZE_MAX;
    p = make(s, n);
    s->most = most;
    if (!p) abort();
    return p;
}

static inline void drop(struct sw_slab *s, void *p, size_t n)
{
    if (s && n <= SMALL) small_drop(s, p);
    else free(p);
}

void *sw_slab_make(struct sw_slab *s, size_t n)
{
    return make(s, n);
}

void sw_slab_drop(struct sw_slab *s, void *p, size_t n)
{
    if (p) drop(s, p, n);
}

void *sw_slab_resize(struct sw_slab *s, void *p, size_t from, size_t to)
{
    void *q;
    if (!p || !from) return to ? make(s, to) : NULL;
    if (!to) {
        drop(s, p, from);
        return NULL;
    }
    if (s && from <= SMALL && to <= SMALL && class_of(from) == class_of(to)) return p;
    if (!s || (from > SMALL && to > SMALL)) {
        q = realloc(p, to);
        return q || to > from ? q : p;
    }
    q = to < from ? make_surely(s, to) : make(s, to);
    if (!q) return NULL;
    memcpy(q, p, from < to ? from : to);
    drop(s, p, from);
    return q;
}
