/* SPDX-License-Identifier: MIT
 * For tests: the files of lua/box, read from the checkout (env SW_LUA, default ../lua or lua). */
#ifndef SW_TESTS_BOX_LIBRARY_H
#define SW_TESTS_BOX_LIBRARY_H
#include "script/workers.h"

#define SW_TEST_LIBRARY_MAX 64
/* Fills files; the number read, 0 when the folder is not found. Freed by the end of the process. */
size_t sw_test_library(struct sw_workers_file files[SW_TEST_LIBRARY_MAX]);
/* A whole file, terminated; NULL if it is not there. The caller frees. */
char *sw_test_slurp(const char *path, size_t *n);
/* The checkout: env SW_ROOT, else the nearest parent of the working directory with lua/box in it. */
const char *sw_test_root(void);
#endif
