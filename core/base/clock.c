/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include <sys/resource.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t sw_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}
int64_t sw_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}
int64_t sw_mono_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
int64_t sw_clock_now(const struct sw_clock *c)
{
    return c->fixed ? c->fixed_ms : sw_wall_ms();
}

double sw_cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}
