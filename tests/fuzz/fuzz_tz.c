/* SPDX-License-Identifier: MIT
 * The zone file reader on any bytes: refused or usable at every instant. */
#include "base/tz.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_tz *z = sw_tz_parse("fuzz", data, size, NULL);
    for (int64_t y = 1900; z && y < 2080; y += 9) {
        int64_t t = sw_day_of_date((int)y, 3, 31) * SW_DAY_MS;
        int o = sw_tz_offset(z, t);
        if (o < -200000 || o > 200000) abort();
        sw_tz_utc(z, t);
    }
    sw_tz_close(z);
    return 0;
}
