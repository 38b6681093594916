/* SPDX-License-Identifier: MIT */
#include "store/db.h"
#include <string.h>

static const struct {
    const char *scheme;
    const struct sw_db *db;
} drivers[] = {{"sqlite:", &sw_db_sqlite}, {"scratch:", &sw_db_scratch}};

const struct sw_db *sw_db_for(const char *url, const char **rest, struct sw_err *err)
{
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
        size_t n = strlen(drivers[i].scheme);
        if (strncmp(url, drivers[i].scheme, n)) continue;
        *rest = url + n;
        return drivers[i].db;
    }
    sw_fail(err, SW_E_BAD,
            "database address '%.80s' is not one this build can open (use sqlite:PATH)", url);
    return NULL;
}
