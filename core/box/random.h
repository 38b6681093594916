/* SPDX-License-Identifier: MIT
 * Random numbers for scripts: xoshiro256** (Blackman and Vigna, public domain), a state per run, so
 * that runs which take turns do not move each other's. A firing draws the same numbers whenever it
 * is repeated. Not for secrets. */
#ifndef SW_BOX_RANDOM_H
#define SW_BOX_RANDOM_H
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sw_random {
    uint64_t s[4];
    bool seeded;
};

/* The same bytes, the same numbers: a run that is repeated sees what it saw. */
void sw_random_seed(struct sw_random *r, const void *p, size_t n);
uint64_t sw_random_next(struct sw_random *r);
double sw_random_unit(struct sw_random *r);                  /* in [0, 1) */
uint64_t sw_random_upto(struct sw_random *r, uint64_t most); /* in [0, most], each as likely */
#endif
