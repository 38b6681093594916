/* SPDX-License-Identifier: MIT */
#include "app/paths.h"
#include "base/err.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int has_boot(const char *dir)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/lua/boot.lua", dir);
    return access(path, R_OK) == 0;
}

int sw_paths_find(struct sw_paths *p)
{
    static const char *const places[] = {"share", "../share/syncwell"};
    const char *forced = getenv("SYNCWELL_SHARE");
    char exe[800], *slash, joined[1024];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0) return SW_E_NOTFOUND;
    exe[n] = 0;
    slash = strrchr(exe, '/');
    *slash = 0;
    snprintf(p->box, sizeof p->box, "%s/syncwell-box", exe);
    if (access(p->box, X_OK))
        snprintf(p->box, sizeof p->box, "%s/../libexec/syncwell/syncwell-box", exe);
    if (forced && has_boot(forced)) {
        snprintf(p->share, sizeof p->share, "%s", forced);
        return 0;
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(joined, sizeof joined, "%s/%s", exe, places[i]);
        if (!has_boot(joined)) continue;
        snprintf(p->share, sizeof p->share, "%s", joined);
        return 0;
    }
    return SW_E_NOTFOUND;
}
