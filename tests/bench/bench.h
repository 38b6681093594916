/* SPDX-License-Identifier: MIT
 * What the benchmark programs share. Each prints one line of JSON; whatever fails ends the program
 * with a sentence. */
#ifndef SW_BENCH_H
#define SW_BENCH_H
#include "base/err.h"
#include <stddef.h>

double bench_cpu(void);     /* user + system seconds of this process, all threads */
void bench_die(const char *what, const struct sw_err *err) __attribute__((noreturn)); /* err may be NULL */
double bench_children_cpu(void);    /* of the living processes beneath this one */
char *bench_read(const char *path, size_t *n);  /* whole file; caller frees */
#endif
