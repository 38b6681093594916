/* SPDX-License-Identifier: MIT */
#include "base/err.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int sw_fail(struct sw_err *err, int code, const char *fmt, ...)
{
    va_list ap;
    if (!err || err->code) return code;
    err->code = code;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    return code;
}

void sw_err_clear(struct sw_err *err)
{
    if (!err) return;
    err->code = SW_OK;
    err->text[0] = 0;
}

const char *sw_code_name(int code)
{
    static const char *const names[] = {"ok",   "bad",    "limit", "io",   "notfound", "conflict",
                                        "busy", "denied", "newer", "full", "internal"};
    int i = -code;
    return i >= 0 && i < (int)(sizeof names / sizeof *names) ? names[i] : "unknown";
}
