/* SPDX-License-Identifier: MIT */
#include "model/metric.h"
#include "base/alloc.h"
#include "model/unit.h"
#include <math.h>
#include <string.h>

static const char *const kinds[] = {"instant", "interval", "cumulative", "category"};
static const char *const aggregates[] = {"sum", "mean", "min", "max", "last"};

static int index_of(const char *const *list, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(list[i], name)) return i;
    return -1;
}

const char *sw_metric_kind_name(enum sw_metric_kind k)
{
    return kinds[k];
}
const char *sw_aggregate_name(enum sw_aggregate a)
{
    return aggregates[a];
}
int sw_metric_kind_of(const char *name)
{
    return index_of(kinds, 4, name);
}
int sw_aggregate_of(const char *name)
{
    return index_of(aggregates, 5, name);
}

struct sw_metrics *sw_metrics_new(void)
{
    return sw_zalloc(sizeof(struct sw_metrics));
}

void sw_metrics_free(struct sw_metrics *m)
{
    if (!m) return;
    for (size_t i = 0; i < m->n; i++) {
        sw_free(m->row[i]->name);
        sw_free(m->row[i]->unit);
        sw_free(m->row[i]->title);
        sw_free(m->row[i]);
    }
    sw_free(m->row);
    sw_map_clear(&m->by_name);
    sw_free(m);
}

const struct sw_metric *sw_metrics_get(const struct sw_metrics *m, const char *name)
{
    intptr_t at;
    return sw_map_get(&m->by_name, name, strlen(name), &at) ? m->row[at] : NULL;
}

int sw_metrics_add(struct sw_metrics *m, const struct sw_metric *row, struct sw_err *err)
{
    struct sw_metric *r;
    double digits = log10(row->scale);
    if (sw_metrics_get(m, row->name))
        return sw_fail(err, SW_E_BAD, "metric '%s' is defined twice", row->name);
    if (!sw_unit_known(row->unit))
        return sw_fail(err, SW_E_BAD, "metric '%s' has the unknown unit '%s'", row->name,
                       row->unit);
    if (!(row->min < row->max))
        return sw_fail(err, SW_E_BAD, "metric '%s' has an empty range", row->name);
    if (digits != floor(digits) || digits < 0 || digits > 9)
        return sw_fail(err, SW_E_BAD, "metric '%s': scale must be a power of ten from 1 to 1e9",
                       row->name);
    r = sw_alloc(sizeof *r);
    *r = *row;
    r->name = sw_strdup(row->name);
    r->unit = sw_strdup(row->unit);
    r->title = sw_strdup(row->title ? row->title : row->name);
    sw_grow((void **)&m->row, &m->cap, m->n + 1, sizeof *m->row);
    sw_map_set(&m->by_name, r->name, strlen(r->name), (intptr_t)m->n);
    m->row[m->n++] = r;
    return 0;
}
