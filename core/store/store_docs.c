/* SPDX-License-Identifier: MIT */
#include "store/store_docs.h"
#include "base/alloc.h"
#include "base/crypto.h"
#include <stdio.h>
#include <string.h>

int sw_doc_put(struct sw_store *s, int64_t person, const char *kind, const char *name,
               int64_t at_ms, const char *body, size_t body_n, enum sw_doc_mode mode,
               int64_t revision, struct sw_err *err)
{
    int64_t rev;
    int rc;
    if (mode == SW_DOC_ANY)
        return sw_run(
            s, err,
            "INSERT INTO doc (person_id, kind, name, at_ms, revision, body) VALUES ($1, $2, $3, $4, 1, $5) "
            "ON CONFLICT (person_id, kind, name) DO UPDATE SET at_ms = excluded.at_ms, revision = doc.revision + 1, "
            "body = excluded.body",
            "issit", person, kind, name, at_ms, body, body_n);
    if (mode == SW_DOC_NEW)
        rc = sw_ask_int(
            s, err, &rev,
            "INSERT INTO doc (person_id, kind, name, at_ms, revision, body) VALUES ($1, $2, $3, $4, 1, $5) "
            "ON CONFLICT (person_id, kind, name) DO NOTHING RETURNING revision",
            "issit", person, kind, name, at_ms, body, body_n);
    else
        rc = sw_ask_int(
            s, err, &rev,
            "UPDATE doc SET at_ms = $4, revision = revision + 1, body = $5 WHERE person_id = $1 AND kind = $2 "
            "AND name = $3 AND revision = $6 RETURNING revision",
            "issiti", person, kind, name, at_ms, body, body_n, revision);
    if (rc > 0) return 0;
    return rc ? rc
              : sw_fail(err, SW_E_CONFLICT, "%s '%.80s' %s", kind, name,
                        mode == SW_DOC_NEW ? "exists already" : "was changed meanwhile");
}

int sw_doc_delete(struct sw_store *s, int64_t person, const char *kind, const char *name,
                  struct sw_err *err)
{
    return sw_run(s, err, "DELETE FROM doc WHERE person_id = $1 AND kind = $2 AND name = $3", "iss",
                  person, kind, name);
}

static int visit(struct sw_q *q, void (*each)(void *ctx, const struct sw_doc *d), void *ctx,
                 struct sw_err *err)
{
    int rc = q ? 0 : SW_E_INTERNAL, any = 0;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        struct sw_doc d = {
            .name = sw_q_text(q, 0, NULL), .at_ms = sw_q_int(q, 1), .revision = sw_q_int(q, 2)};
        d.body = sw_q_text(q, 3, &d.body_n);
        each(ctx, &d);
        any = 1;
    }
    return rc ? rc : any;
}

int sw_doc_get(struct sw_store *s, int64_t person, const char *kind, const char *name,
               void (*each)(void *ctx, const struct sw_doc *d), void *ctx, struct sw_err *err)
{
    return visit(
        sw_ask(
            s, err,
            "SELECT name, at_ms, revision, body FROM doc WHERE person_id = $1 AND kind = $2 AND name = $3",
            "iss", person, kind, name),
        each, ctx, err);
}

#define DOC "SELECT name, at_ms, revision, body FROM doc WHERE person_id = $1 AND kind = $2 "
#define BY_TIME DOC "AND at_ms >= $3 AND at_ms < $4 "
#define BY_NAME DOC "AND name >= $3 AND name < $4 AND +at_ms >= $5 AND +at_ms < $6 " /* not by the index of times */
#define OLDEST "ORDER BY at_ms, name LIMIT "
#define NEWEST "ORDER BY at_ms DESC, name DESC LIMIT "

static int list_named(struct sw_store *s, int64_t person, const char *kind,
                      const struct sw_doc_filter *f, void (*each)(void *ctx, const struct sw_doc *d),
                      void *ctx, struct sw_err *err)
{
    static const char *const sql[] = {BY_NAME OLDEST "$7", BY_NAME NEWEST "$7"};
    size_t n = strlen(f->prefix);
    char *beyond = sw_strndup(f->prefix, n);
    int rc;
    beyond[n - 1]++; /* no name has a byte of 255: they are UTF-8 */
    rc = visit(sw_ask(s, err, sql[f->newest], "isssiii", person, kind, f->prefix, beyond,
                      f->from_ms, f->to_ms, f->limit),
               each, ctx, err);
    sw_free(beyond);
    return rc;
}

int sw_doc_list(struct sw_store *s, int64_t person, const char *kind,
                const struct sw_doc_filter *f, void (*each)(void *ctx, const struct sw_doc *d),
                void *ctx, struct sw_err *err)
{
    static const char *const sql[] = {BY_TIME OLDEST "$5", BY_TIME NEWEST "$5"};
    int rc = f->prefix && *f->prefix
                 ? list_named(s, person, kind, f, each, ctx, err)
                 : visit(sw_ask(s, err, sql[f->newest], "isiii", person, kind, f->from_ms,
                                f->to_ms, f->limit),
                         each, ctx, err);
    return rc < 0 ? rc : 0;
}

int sw_person_add(struct sw_store *s, const char *name, const char *zone, int64_t now_ms,
                  int64_t *id, struct sw_err *err)
{
    *id = sw_id_of(name, strlen(name));
    return sw_run(
        s, err,
        "INSERT INTO person (id, name, zone, created_ms, body) VALUES ($1, $2, $3, $4, '{}') "
        "ON CONFLICT (id) DO NOTHING",
        "issi", *id, name, zone, now_ms);
}

int sw_person_get(struct sw_store *s, const char *name, struct sw_person *out, struct sw_err *err)
{
    struct sw_q *q = sw_ask(s, err, "SELECT id, name, zone FROM person WHERE name = $1", "s", name);
    int rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    if (rc <= 0) return rc;
    out->id = sw_q_int(q, 0);
    snprintf(out->name, sizeof out->name, "%s", sw_q_text(q, 1, NULL));
    snprintf(out->zone, sizeof out->zone, "%s", sw_q_text(q, 2, NULL));
    sw_q_stop(q);
    return 1;
}

int sw_person_set_zone(struct sw_store *s, int64_t id, const char *zone, struct sw_err *err)
{
    return sw_run(s, err, "UPDATE person SET zone = $2 WHERE id = $1", "is", id, zone);
}

int sw_connection_id(struct sw_store *s, int64_t person, const char *provider, const char *name,
                     int64_t now_ms, int64_t *id, struct sw_err *err)
{
    char key[400];
    int n = snprintf(key, sizeof key, "connection%c%lld%c%.150s%c%.150s", 1, (long long)person, 1,
                     provider, 1, name);
    *id = sw_id_of(key, (size_t)n);
    return sw_run(
        s, err,
        "INSERT INTO connection (id, person_id, provider, name, state, created_ms, body) VALUES ($1, $2, $3, $4, 'active', $5, '{}') "
        "ON CONFLICT (id) DO NOTHING",
        "iissi", *id, person, provider, name, now_ms);
}

int sw_origin_standing(const char *kind)
{
    static const struct {
        const char *kind;
        int standing;
    } list[] = {{"manual", 0}, {"watch", 10}, {"ring", 12},  {"band", 14}, {"strap", 16},
                {"bike", 18},  {"scale", 20}, {"phone", 40}, {"app", 60},  {"", 70}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (!strcmp(list[i].kind, kind)) return list[i].standing;
    return 70;
}

int sw_origin_id(struct sw_store *s, int64_t person, const char *person_name,
                 const struct sw_origin *o, int64_t *id, struct sw_err *err)
{
    char key[1400], text[1300];
    int64_t known;
    int n, rc;
    if (*o->ident)
        snprintf(text, sizeof text, "%.200s|%.200s|%.200s", o->provider, o->maker, o->ident);
    else
        snprintf(text, sizeof text, "%.200s|%.200s|%.200s|%.200s", o->provider, o->maker, o->model,
                 o->name);
    n = snprintf(key, sizeof key, "origin%c%.64s%c%s", 1, person_name, 1, text);
    *id = sw_id_of(key, (size_t)n);
    rc = sw_ask_int(s, err, &known, "SELECT merged_into FROM origin WHERE id = $1", "i", *id);
    if (rc > 0 && known) *id = known; /* it is known as another one now */
    if (rc) return rc > 0 ? 0 : rc;
    return sw_run(
        s, err,
        "INSERT INTO origin (id, person_id, key_text, provider, name, maker, model, class, standing) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING",
        "iissssssi", *id, person, text, o->provider, o->name, o->maker, o->model, o->kind,
        (int64_t)sw_origin_standing(o->kind));
}
