/* SPDX-License-Identifier: MIT
 * For tests: the files of lua/box, read from the checkout. Header only, like its neighbours. */
#ifndef SW_TESTS_BOX_LIBRARY_H
#define SW_TESTS_BOX_LIBRARY_H
#include "script/workers.h"
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SW_TEST_LIBRARY_MAX 64

/* A whole file, terminated; NULL if it is not there. The caller frees. */
static inline char *sw_test_slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *s = f ? malloc(1 << 20) : NULL;
    if (!f) return NULL;
    *n = fread(s, 1, (1 << 20) - 1, f);
    s[*n] = 0;
    fclose(f);
    return s;
}

/* The checkout: env SW_ROOT, else the nearest parent of the working directory with lua/box in it. */
static inline const char *sw_test_root(void)
{
    static char root[PATH_MAX];
    char probe[PATH_MAX + 16];
    const char *set = getenv("SW_ROOT");
    if (set) return set;
    if (!getcwd(root, sizeof root)) return ".";
    for (;;) {
        char *slash;
        snprintf(probe, sizeof probe, "%s/lua/box", root);
        if (access(probe, R_OK) == 0) return root;
        slash = strrchr(root, '/');
        if (!slash || slash == root) return ".";
        *slash = 0;
    }
}

/* Fills files; the number read, 0 when the folder is not found. */
static inline size_t sw_test_library(struct sw_workers_file files[SW_TEST_LIBRARY_MAX])
{
    char folder[PATH_MAX + 16], path[PATH_MAX + 320];
    struct dirent *e;
    size_t n = 0;
    DIR *d;
    snprintf(folder, sizeof folder, "%s/lua/box", sw_test_root());
    d = opendir(folder);
    while (d && n < SW_TEST_LIBRARY_MAX && (e = readdir(d))) {
        const char *dot = strrchr(e->d_name, '.');
        if (!dot || strcmp(dot, ".lua") != 0) continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        files[n].source = sw_test_slurp(path, &files[n].bytes);
        files[n].name = strndup(e->d_name, (size_t)(dot - e->d_name));
        n++;
    }
    if (d) closedir(d);
    return n;
}

static inline void sw_test_library_free(struct sw_workers_file *files, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free((char *)files[i].name);
        free((char *)files[i].source);
    }
}
#endif
