/* SPDX-License-Identifier: MIT
 * The raw archive: every body is read back and must be called what its bytes say; an item has a body and a
 * body an item. What is damaged here costs no data: it only cannot be mapped again. */
#include "engine/check_priv.h"
#include "store/store_raw.h"

/* The next body after `id`: 1 and its row. One by one, since each may be large. */
static int next_body(struct check *c, int64_t *id, int64_t *person, int64_t *items,
                     struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        c->s, err,
        "SELECT b.id, b.person_id, (SELECT count(*) FROM raw_item WHERE body_id = b.id) FROM raw_body b "
        "WHERE b.id > $1 ORDER BY b.id LIMIT 1",
        "i", *id);
    int rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    if (rc <= 0) return rc;
    *id = sw_q_int(q, 0), *person = sw_q_int(q, 1), *items = sw_q_int(q, 2);
    sw_q_stop(q);
    return 1;
}

static int look_at_bodies(struct check *c, struct sw_err *err)
{
    int64_t id = INT64_MIN, person, items;
    int rc;
    while ((rc = next_body(c, &id, &person, &items, err)) > 0) {
        struct sw_buf b;
        struct sw_err why = SW_ERR_INIT;
        sw_buf_init(&b, (size_t)128 << 20);
        if (sw_raw_body(c->s, person, id, &b, &why) < 0)
            sw_check_say(
                c, &(struct sw_finding){.what = "raw"},
                "the answer %llx of a service is damaged: it cannot be mapped again, nothing else needs it",
                (unsigned long long)id);
        if (!items)
            sw_check_say(c, &(struct sw_finding){.what = "raw"},
                         "the answer %llx of a service belongs to nothing", (unsigned long long)id);
        sw_buf_clear(&b);
        sw_err_clear(&why);
        sw_check_step(c, 1);
    }
    return rc;
}

int sw_check_raw(struct check *c, struct sw_err *err)
{
    struct sw_q *q = sw_ask(
        c->s, err,
        "SELECT id FROM raw_item WHERE NOT EXISTS (SELECT 1 FROM raw_body WHERE raw_body.id = "
        "raw_item.body_id) ORDER BY id LIMIT 20",
        "");
    int rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0)
        sw_check_say(
            c, &(struct sw_finding){.what = "raw"},
            "what a service gave (%llx) is listed, but not there: it cannot be mapped again",
            (unsigned long long)sw_q_int(q, 0));
    return rc < 0 ? rc : look_at_bodies(c, err);
}
