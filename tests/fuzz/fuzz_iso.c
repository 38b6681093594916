/* SPDX-License-Identifier: MIT
 * Time texts: what is read lies in range and reads the same when written again. */
#include "base/tz.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t ms, again;
    int offset, offset2;
    char text[40];
    size_t n = sw_iso_parse((const char *)data, size, &ms, &offset);
    if (!n) return 0;
    if (n > size || ms < SW_TIME_MIN_MS || ms >= SW_TIME_MAX_MS) abort();
    if (offset == INT16_MIN) offset = 0;
    sw_iso_format(ms, offset, text);
    if (strlen(text) != sw_iso_parse(text, strlen(text), &again, &offset2) || again != ms || offset2 != offset) {
        /* the local time of an instant at the edge may lie outside the accepted years */
        if (ms - SW_TIME_MIN_MS > SW_DAY_MS && SW_TIME_MAX_MS - ms > SW_DAY_MS) abort();
    }
    return 0;
}
