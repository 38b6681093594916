/* SPDX-License-Identifier: MIT */
#include "engine/check_priv.h"
#include "base/alloc.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

void sw_check_say(struct check *c, const struct sw_finding *f, const char *fmt, ...)
{
    char text[480];
    struct sw_finding whole = *f;
    va_list ap;
    if (c->n->findings++ >= SW_FINDINGS_MOST) return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    whole.text = text;
    if (!whole.metric) whole.metric = "";
    c->each(c->ctx, &whole);
}

void sw_check_step(struct check *c, int64_t n)
{
    c->done += n;
    if (c->done > c->total) c->total = c->done;
    if (c->progress && c->progress->tell) c->progress->tell(c->progress->ctx, c->done, c->total);
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * (fabs(a) + fabs(b)) + 1e-9;
}

/* The sum may differ in its last digits: addition is not associative. */
bool sw_check_same(const struct sw_rollup *a, const struct sw_rollup *b)
{
    return a->n == b->n && (!a->n || (near(a->sum, b->sum) && near(a->min, b->min) &&
                                      near(a->max, b->max) && near(a->last, b->last)));
}

/* Days come nearly in order, so the place is looked for from the end. */
struct sw_rollup *sw_check_day(struct day_rolls *d, int64_t day)
{
    size_t i = d->n;
    while (i && d->at[i - 1].day > day) i--;
    if (i && d->at[i - 1].day == day) return &d->at[i - 1].r;
    sw_grow((void **)&d->at, &d->cap, d->n + 1, sizeof *d->at);
    memmove(d->at + i + 1, d->at + i, (d->n - i) * sizeof *d->at);
    d->n++;
    d->at[i] = (struct day_roll){.day = day};
    return &d->at[i].r;
}

static void keep_day(void *ctx, int64_t day, const struct sw_rollup *r)
{
    *sw_check_day(ctx, day) = *r;
}

int sw_check_stored(struct check *c, int64_t series, struct day_rolls *out, struct sw_err *err)
{
    return sw_rollup_range(c->s, series, SW_TIME_MIN_MS / SW_DAY_MS - 2, SW_TIME_MAX_MS / SW_DAY_MS + 2,
                           keep_day, out, err);
}

static void say_database(void *ctx, const char *finding)
{
    sw_check_say(ctx, &(struct sw_finding){.what = "database"}, "the database file: %.300s", finding);
}

/* How much there is to look at: a chunk is a step, and so is a day and a record. */
static int count_steps(struct check *c, struct sw_err *err)
{
    static const char *const sql[] = {"SELECT count(*) FROM chunk",
                                      "SELECT count(*) FROM rollup", "SELECT count(*) FROM record",
                                      "SELECT count(*) FROM raw_body"};
    int rc = 1;
    for (int i = 0; i < 4 && rc >= 0; i++) {
        int64_t n = 0;
        rc = sw_ask_int(c->s, err, &n, sql[i], "");
        c->total += n;
    }
    return rc < 0 ? rc : 0;
}

int sw_check(struct sw_store *s, const struct sw_metrics *metrics,
             void (*each)(void *ctx, const struct sw_finding *f), void *ctx,
             struct sw_check_counts *counts, const struct sw_progress *progress, struct sw_err *err)
{
    struct check c = {.s = s, .metrics = metrics, .each = each, .ctx = ctx, .n = counts,
                      .progress = progress};
    int rc = count_steps(&c, err);
    if (!rc) rc = sw_store_integrity(s, say_database, &c, err);
    if (!rc) rc = sw_check_chunks(&c, err);
    if (!rc) rc = sw_check_merged(&c, err);
    if (!rc) rc = sw_check_records(&c, err);
    if (!rc) rc = sw_check_rows(&c, err);
    if (!rc) rc = sw_check_raw(&c, err);
    return rc;
}
