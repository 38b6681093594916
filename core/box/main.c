/* SPDX-License-Identifier: MIT
 * syncwell-box: the spawner of the workers in which strangers' scripts run. Started by the engine
 * with its control socket as descriptor 3; of no use by hand. Opens no file, reads no environment. */
#include "base/alloc.h"
#include "box/spawner.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int usage(void)
{
    fputs("syncwell-box runs scripts for the SyncWell engine, which starts it by itself.\n", stderr);
    return 2;
}

static bool number(const char *s, unsigned long max, unsigned long *out)
{
    char *end;
    errno = 0;
    *out = strtoul(s, &end, 10);
    return *s && !*end && !errno && *out <= max;
}

int main(int argc, char **argv)
{
    struct sw_confine c = {.uid = 65534, .gid = 65534, .memory_bytes = 32u << 20, .nice = 5};
    int type = 0;
    socklen_t len = sizeof type;
    sw_alloc_keep(); /* workers are forks: a page's document is made and dropped with each run */
    for (int i = 1; i < argc; i++) {
        unsigned long v = 0;
        if (strcmp(argv[i], "--allow-unconfined") == 0) {
            c.allow_unconfined = true;
            continue;
        }
        if (i + 1 >= argc || !number(argv[i + 1], 4294967294ul, &v)) return usage();
        if (strcmp(argv[i], "--uid") == 0 && v) c.uid = (unsigned)v;
        else if (strcmp(argv[i], "--gid") == 0 && v) c.gid = (unsigned)v;
        else if (strcmp(argv[i], "--memory") == 0 && v >= 1 << 20) c.memory_bytes = v;
        else if (strcmp(argv[i], "--nice") == 0 && v < 20) c.nice = (int)v;
        else return usage();
        i++;
    }
    if (getsockopt(SW_SPAWNER_FD, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_SEQPACKET)
        return usage();
    return sw_spawner_run(SW_SPAWNER_FD, &c);
}
