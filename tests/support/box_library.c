/* SPDX-License-Identifier: MIT */
#include "support/box_library.h"
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *sw_test_slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *s = f ? malloc(1 << 20) : NULL;
    if (!f) return NULL;
    *n = fread(s, 1, (1 << 20) - 1, f);
    s[*n] = 0;
    fclose(f);
    return s;
}

const char *sw_test_root(void)
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

size_t sw_test_library(struct sw_workers_file files[SW_TEST_LIBRARY_MAX])
{
    char folder[PATH_MAX], path[PATH_MAX + 300];
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
