/* SPDX-License-Identifier: MIT
 * Units (UCUM names, with the spellings files use) and the linear conversions between them. Values
 * are converted once, at the border; inside, each metric has exactly one unit. */
#ifndef SW_MODEL_UNIT_H
#define SW_MODEL_UNIT_H
#include <stdbool.h>

struct sw_convert { /* out = in * factor + shift */
    double factor, shift;
};

/* The conversion from one unit text to another. false when either is unknown or they measure
 * different things. "" converts to anything unchanged. */
bool sw_unit_convert(const char *from, const char *to, struct sw_convert *out);
bool sw_unit_known(const char *unit);
#endif
