/* SPDX-License-Identifier: MIT
 * Errors. A function that can fail returns 0 or a negative SW_E code and, when its last argument
 * is not NULL, leaves one sentence for a person in it. The first error wins: later ones are kept
 * out, so the cause is what is reported. The caller owns the struct. Thread: any, one at a time. */
#ifndef SW_BASE_ERR_H
#define SW_BASE_ERR_H

enum sw_code {
    SW_OK = 0,
    SW_E_BAD = -1,      /* input that breaks its own format or our contract */
    SW_E_LIMIT = -2,    /* a cap was reached: size, depth, count, time */
    SW_E_IO = -3,       /* the file system or the database said no */
    SW_E_NOTFOUND = -4, /* named thing does not exist */
    SW_E_CONFLICT = -5, /* revision or lease changed under us: stage again */
    SW_E_BUSY = -6,     /* somebody else holds it: try later */
    SW_E_DENIED = -7,   /* not granted, or confinement refused it */
    SW_E_NEWER = -8,    /* data written by a newer program */
    SW_E_FULL = -9,     /* disk full or read-only */
    SW_E_INTERNAL = -10 /* our own mistake */
};

struct sw_err {
    int code;       /* SW_OK while nothing went wrong */
    char text[480]; /* one sentence, UTF-8, no line break */
};

#define SW_ERR_INIT                                                                                \
    {                                                                                              \
        0,                                                                                         \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

/* Set err (when not NULL and still clean) and return code: `return sw_fail(err, SW_E_BAD, ...)`. */
int sw_fail(struct sw_err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void sw_err_clear(struct sw_err *err);
const char *sw_code_name(int code); /* "bad", "limit" ...; static text */
#endif
