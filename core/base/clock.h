/* SPDX-License-Identifier: MIT
 * Two kinds of time. Data time is what scripts see and what is stored: it can be set and then
 * stands still. Real time drives leases, timeouts and back-off and cannot be set. */
#ifndef SW_BASE_CLOCK_H
#define SW_BASE_CLOCK_H
#include <stdbool.h>
#include <stdint.h>

struct sw_clock {
    bool fixed;       /* data time stands still at fixed_ms */
    int64_t fixed_ms; /* UTC milliseconds since 1970 */
};
int64_t sw_clock_now(const struct sw_clock *c); /* data time, UTC ms */
int64_t sw_wall_ms(void);                       /* real UTC ms */
int64_t sw_mono_ms(void);                       /* never goes back; origin unspecified */
int64_t sw_mono_ns(void);                       /* the same in nanoseconds */
double sw_cpu_seconds(void);                    /* user + system of this process */
#endif
