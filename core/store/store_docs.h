/* SPDX-License-Identifier: MIT
 * Small documents of a person, addressed by (kind, name), each with a time and a revision: firings,
 * rule states, files, notifications, calendar entries. The body is JSON text and belongs to whoever
 * writes the kind. Also people, connections, origins: the rows everything else hangs on. */
#ifndef SW_STORE_DOCS_H
#define SW_STORE_DOCS_H
#include "store/store.h"

struct sw_doc { /* texts borrowed from the row being visited */
    const char *name, *body;
    size_t body_n;
    int64_t at_ms, revision;
};

enum sw_doc_mode { SW_DOC_ANY, SW_DOC_NEW, SW_DOC_REVISION };

/* Write. NEW: SW_E_CONFLICT if it exists; REVISION: SW_E_CONFLICT unless it has `revision`. */
int sw_doc_put(struct sw_store *s, int64_t person, const char *kind, const char *name,
               int64_t at_ms, const char *body, size_t body_n, enum sw_doc_mode mode,
               int64_t revision, struct sw_err *err);
int sw_doc_delete(struct sw_store *s, int64_t person, const char *kind, const char *name,
                  struct sw_err *err);
/* 1 and each() called once when it exists, else 0. */
int sw_doc_get(struct sw_store *s, int64_t person, const char *kind, const char *name,
               void (*each)(void *ctx, const struct sw_doc *d), void *ctx, struct sw_err *err);
struct sw_doc_filter {
    const char *prefix; /* of the name; NULL: any */
    int64_t from_ms, to_ms; /* from_ms <= at_ms < to_ms */
    int64_t limit;
    bool newest; /* first; else the oldest */
};
/* Those that fit, by (at_ms, name). */
int sw_doc_list(struct sw_store *s, int64_t person, const char *kind,
                const struct sw_doc_filter *f, void (*each)(void *ctx, const struct sw_doc *d),
                void *ctx, struct sw_err *err);

struct sw_person {
    int64_t id;
    char name[64], zone[64];
};
/* A person by name, made when absent; *id follows from the name, so it is the same in any home. */
int sw_person_add(struct sw_store *s, const char *name, const char *zone, int64_t now_ms,
                  int64_t *id, struct sw_err *err);
int sw_person_get(struct sw_store *s, const char *name, struct sw_person *out,
                  struct sw_err *err); /* 1 found, 0 not */
int sw_person_set_zone(struct sw_store *s, int64_t id, const char *zone, struct sw_err *err);

/* Id of the connection (person, provider, name), made when absent. */
int sw_connection_id(struct sw_store *s, int64_t person, const char *provider, const char *name,
                     int64_t now_ms, int64_t *id, struct sw_err *err);

struct sw_origin {
    const char *provider, *name, *maker, *model, *kind, *ident; /* "" when unknown */
};
/* Id of the origin, made when absent. Identity: provider and ident, or provider, maker, model, name. */
int sw_origin_id(struct sw_store *s, int64_t person, const char *person_name,
                 const struct sw_origin *o, int64_t *id, struct sw_err *err);
/* How good an origin is when several saw the same: 0 best. From its class. */
int sw_origin_standing(const char *kind);
#endif
