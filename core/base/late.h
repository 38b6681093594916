/* SPDX-License-Identifier: MIT
 * Libraries that many commands never need are opened with the first call of one of their
 * functions. libcurl, libmicrohttpd, libical and libzip bring thirty others; linked, they
 * were four fifths of reaching main, and half of an idle engine's memory was their pages.
 *
 * A file beside the users of a library (net/curl_late.c) defines each function it is used
 * for under its own name, with SW_LATE; callers include the library's header and call it
 * as ever. The first call looks the function up and keeps where it is, as the dynamic
 * linker does with its tables. Any thread may make it. Names of libraries come from the
 * build (CMakeLists.txt), which reads them from what it would have linked.
 *
 * It does not close a library again, and it does not go on without one: a program that is
 * not whole ends with a sentence, as it would have at its start. */
#ifndef SW_BASE_LATE_H
#define SW_BASE_LATE_H
#include <stdatomic.h>

/* Where the library has the function; kept in *at. Never NULL. */
void *sw_late_find(_Atomic(void *) *at, const char *library, const char *function);

static inline void *sw_late(_Atomic(void *) *at, const char *library, const char *function)
{
    void *there = atomic_load_explicit(at, memory_order_acquire);
    return there ? there : sw_late_find(at, library, function);
}

/* Define `name`, which the library has and its header declares. A header may have a macro
 * of that name, too, to check the types of arguments. */
#define SW_LATE(library, result, name, params, args)                       \
    result(name) params                                                    \
    {                                                                      \
        static _Atomic(void *) sw_at;                                      \
        __typeof__(name) *sw_function = sw_late(&sw_at, library, #name);   \
        return sw_function args;                                           \
    }
#endif
