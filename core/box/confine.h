/* SPDX-License-Identifier: MIT
 * Locking a worker in. The order matters and is fixed here: descriptors, environment, session,
 * user id, no new privileges, parent-death signal (a change of user clears it), not dumpable, a
 * look at the parent, resource limits, time zone; the seccomp filter comes last, after the Lua
 * state exists, because it forbids what setting up needs. */
#ifndef SW_BOX_CONFINE_H
#define SW_BOX_CONFINE_H
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sw_confine {
    unsigned uid, gid;        /* taken when started as root */
    size_t memory_bytes;      /* what scripts may allocate; the address space gets 256 MB more */
    int nice;                 /* added to the engine's */
    bool allow_unconfined;    /* an administrator's switch: go on without seccomp */
};

struct sw_confinement {       /* what is in force */
    bool seccomp, unprivileged, limits;
    unsigned uid;
};

#define SW_CONFINE_FD 3 /* the only descriptor a worker keeps: its socket */

/* Everything before the Lua state. fd becomes SW_CONFINE_FD, all other descriptors are closed.
 * parent is the process that must still be there. 0, or SW_E_DENIED: then exit. */
int sw_confine_process(const struct sw_confine *c, int fd, pid_t parent, struct sw_confinement *got,
                       struct sw_err *err);
/* The filter. 0; SW_E_DENIED when it cannot be loaded and that is not allowed. */
int sw_confine_seal(const struct sw_confine *c, struct sw_confinement *got, struct sw_err *err);
#endif
