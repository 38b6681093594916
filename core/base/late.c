/* SPDX-License-Identifier: MIT */
#include "base/late.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

void *sw_late_find(_Atomic(void *) *at, const char *library, const char *function)
{
    void *l = dlopen(library, RTLD_LAZY | RTLD_LOCAL); /* each call keeps it open */
    void *f = l ? dlsym(l, function) : NULL;
    if (!f) {
        fprintf(stderr,
                "syncwell: %s cannot be used (%s): if packages were just upgraded start "
                "syncwell again, otherwise install the library again\n",
                library, dlerror());
        abort();
    }
    atomic_store_explicit(at, f, memory_order_release);
    return f;
}
