/* SPDX-License-Identifier: MIT */
#include "store/store_limits.h"
#include <stdio.h>

enum { PARTS = 60 }; /* of a sliding period: who is told to wait waits at most two of them too long */

static int64_t slot_ms(const struct sw_limit *l)
{
    return l->aligned ? l->period_ms : (l->period_ms + PARTS - 1) / PARTS; /* they cover the period */
}

/* The first slot that counts at slot `now`: a sliding period that ends inside `now` reaches back into
 * the part before the last sixty, which counts in full. */
static int64_t first_slot(const struct sw_limit *l, int64_t now)
{
    return l->aligned ? now : now - PARTS;
}

static int used_since(struct sw_store *s, const char *name, int64_t from, int64_t *used,
                      struct sw_err *err)
{
    int rc = sw_ask_int(s, err, used,
                        "SELECT coalesce(CAST(sum(used) AS BIGINT), 0) FROM bucket WHERE name = $1 AND slot >= $2",
                        "si", name, from);
    return rc < 0 ? rc : 0;
}

int sw_limit_used(struct sw_store *s, const struct sw_limit *l, int64_t now_ms, int64_t *used,
                  struct sw_err *err)
{
    return used_since(s, l->name, first_slot(l, now_ms / slot_ms(l)), used, err);
}

/* How long until enough of the counted slots have left the window. */
static int wait_for(struct sw_store *s, const struct sw_limit *l, int64_t excess, int64_t now_ms,
                    int64_t *wait_ms, struct sw_err *err)
{
    int64_t slot = slot_ms(l), now = now_ms / slot, first = first_slot(l, now);
    struct sw_q *q;
    int rc;
    *wait_ms = (now + 1) * slot - now_ms;
    if (l->aligned) return 0;
    q = sw_ask(s, err, "SELECT slot, used FROM bucket WHERE name = $1 AND slot >= $2 ORDER BY slot",
               "si", l->name, first);
    rc = q ? 0 : SW_E_INTERNAL;
    while (q && (rc = sw_q_next(q, err)) > 0) {
        excess -= sw_q_int(q, 1);
        *wait_ms = (sw_q_int(q, 0) + PARTS + 1) * slot - now_ms;
        if (excess <= 0) {
            sw_q_stop(q);
            break;
        }
    }
    return rc < 0 ? rc : 0;
}

static int check(struct sw_store *s, const struct sw_limit *l, int64_t count, int64_t now_ms,
                 int64_t *wait_ms, struct sw_err *err)
{
    int64_t used, excess, wait = 0;
    int rc = sw_limit_used(s, l, now_ms, &used, err);
    if (rc) return rc;
    excess = used + count - (l->most - l->reserve);
    if (excess <= 0) return 0;
    rc = wait_for(s, l, excess, now_ms, &wait, err);
    if (wait > *wait_ms) *wait_ms = wait;
    return rc;
}

static int add(struct sw_store *s, const struct sw_limit *l, int64_t count, int64_t now_ms,
               struct sw_err *err)
{
    int64_t now = now_ms / slot_ms(l);
    int rc = sw_run(s, err,
                    "INSERT INTO bucket (name, slot, used) VALUES ($1, $2, $3) "
                    "ON CONFLICT (name, slot) DO UPDATE SET used = bucket.used + excluded.used",
                    "sii", l->name, now, count);
    if (rc) return rc;
    return sw_run(s, err, "DELETE FROM bucket WHERE name = $1 AND slot < $2", "si", l->name,
                  first_slot(l, now));
}

int sw_limit_spend(struct sw_store *s, const struct sw_limit *l, size_t n, int64_t count,
                   int64_t now_ms, int64_t *wait_ms, struct sw_err *err)
{
    int rc = 0;
    *wait_ms = 0;
    for (size_t i = 0; i < n && !rc; i++) rc = check(s, &l[i], count, now_ms, wait_ms, err);
    for (size_t i = 0; i < n && !rc && !*wait_ms; i++) rc = add(s, &l[i], count, now_ms, err);
    return rc;
}

int sw_limit_seen(struct sw_store *s, const struct sw_limit *l, int64_t used, int64_t now_ms,
                  struct sw_err *err)
{
    int64_t ours;
    int rc = sw_limit_used(s, l, now_ms, &ours, err);
    return rc || used <= ours ? rc : add(s, l, used - ours, now_ms, err);
}

int sw_hold_put(struct sw_store *s, const char *name, int64_t until_ms, const char *reason,
                struct sw_err *err)
{
    return sw_run(s, err,
                  "INSERT INTO hold (name, until_ms, reason) VALUES ($1, $2, $3) ON CONFLICT (name) "
                  "DO UPDATE SET until_ms = excluded.until_ms, reason = excluded.reason "
                  "WHERE hold.until_ms < excluded.until_ms",
                  "sis", name, until_ms, reason);
}

int sw_hold_get(struct sw_store *s, const char *name, int64_t now_ms, int64_t *until_ms,
                struct sw_err *err)
{
    int rc;
    *until_ms = 0;
    rc = sw_ask_int(s, err, until_ms,
                    "SELECT until_ms FROM hold WHERE name = $1 AND until_ms > $2", "si", name, now_ms);
    return rc < 0 ? rc : 0;
}

int sw_lease_take(struct sw_store *s, const char *name, const char *holder, int64_t real_ms,
                  int64_t until_ms, char *other, size_t other_cap, struct sw_err *err)
{
    int64_t until;
    struct sw_q *q;
    int rc = sw_ask_int(s, err, &until,
                        "INSERT INTO lease (name, holder, until_ms) VALUES ($1, $2, $3) ON CONFLICT (name) "
                        "DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms "
                        "WHERE lease.holder = excluded.holder OR lease.until_ms < $4 RETURNING until_ms",
                        "ssii", name, holder, until_ms, real_ms);
    if (rc) return rc < 0 ? rc : 0;
    q = sw_ask(s, err, "SELECT holder FROM lease WHERE name = $1", "s", name);
    rc = q ? sw_q_next(q, err) : SW_E_INTERNAL;
    if (rc < 0) return rc;
    snprintf(other, other_cap, "%s", rc ? sw_q_text(q, 0, NULL) : "");
    if (rc) sw_q_stop(q);
    return 1;
}

int sw_lease_drop(struct sw_store *s, const char *name, const char *holder, struct sw_err *err)
{
    return sw_run(s, err, "DELETE FROM lease WHERE name = $1 AND holder = $2", "ss", name, holder);
}
