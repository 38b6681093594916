/* SPDX-License-Identifier: MIT
 * The small process between the engine and the workers. It holds no secret and no database, so a
 * fork of it is cheap and clean. One control socket (SOCK_SEQPACKET) to the engine: a request makes
 * a worker, the answer carries the worker's socket, its shared page and its pidfd. End of file there
 * ends every worker and the spawner: a killed engine leaves no process behind. */
#ifndef SW_BOX_SPAWNER_H
#define SW_BOX_SPAWNER_H
#include "box/confine.h"
#include <stdatomic.h>
#include <stdint.h>

#define SW_SPAWNER_FD 3 /* the control socket of the spawner */

struct sw_spawn_request {
    uint64_t id;            /* given back in the answer */
};

struct sw_spawn_answer {
    uint64_t id;
    int32_t pid;            /* 0: no worker, and no descriptors come along */
    int32_t error;          /* errno then */
};

enum { SW_SPAWN_SOCKET, SW_SPAWN_PAGE, SW_SPAWN_PIDFD, SW_SPAWN_FDS };

/* The page shared by engine and worker: where the worker stands. Nothing in it is trusted beyond
 * deciding which of a worker's own runs a death is charged to. */
struct sw_shared_page {
    _Atomic uint64_t run;   /* number of the run being executed, 0: none */
};
#define SW_SHARED_PAGE_BYTES 4096

/* Serve until the control socket ends. The exit status of the process. */
int sw_spawner_run(int control_fd, const struct sw_confine *c);
#endif
