/* SPDX-License-Identifier: MIT
 * The JSON reader on any bytes: what it accepts can be walked, and jansson agrees on what is JSON. */
#include "base/jtape.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void walk(const struct sw_jtape *t)
{
    for (uint32_t i = 0; i < t->n; i++) {
        struct sw_buf b;
        int64_t n;
        double d;
        sw_buf_init(&b, 1 << 20);
        sw_jtape_str(t, i, &b);
        sw_jtape_int(t, i, &n);
        sw_jtape_num(t, i, &d);
        sw_jtape_get(t, i, "id");
        if (t->node[i].next <= i || t->node[i].next > t->n) abort();
        sw_buf_clear(&b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_jtape t;
    struct sw_err err = SW_ERR_INIT;
    json_error_t why;
    int rc;
    sw_jtape_init(&t);
    rc = sw_jtape_parse(&t, (const char *)data, size, &err);
    if (!rc) walk(&t);
    json_t *j = json_loadb((const char *)data, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    /* jansson passes over a NUL byte behind a number, which RFC 8259 forbids; it refuses numbers beyond a double and goes deeper; everything else must agree */
    if (!rc && !j && json_error_code(&why) != json_error_numeric_overflow &&
        json_error_code(&why) != json_error_null_byte_in_key)
        abort();
    if (rc == SW_E_BAD && j && !memchr(data, 0, size)) abort();
    json_decref(j);
    sw_jtape_clear(&t);
    return 0;
}
