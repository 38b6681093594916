/* SPDX-License-Identifier: MIT
 * What we use of libmicrohttpd, opened when a server starts (base/late.h): it brings
 * GnuTLS, which we do not ask it for. */
#include "base/late.h"
#include <microhttpd.h>
#include <stdarg.h>

#define LATE(result, name, params, args) \
    SW_LATE(SW_LIBMICROHTTPD, result, name, params, args)

LATE(void, MHD_stop_daemon, (struct MHD_Daemon *d), (d))
LATE(MHD_socket, MHD_quiesce_daemon, (struct MHD_Daemon *d), (d))
LATE(enum MHD_Result, MHD_run, (struct MHD_Daemon *d), (d))
LATE(enum MHD_Result, MHD_get_timeout, (struct MHD_Daemon *d, MHD_UNSIGNED_LONG_LONG *ms),
     (d, ms))

LATE(int, MHD_get_connection_values_n,
     (struct MHD_Connection *c, enum MHD_ValueKind kind, MHD_KeyValueIteratorN each,
      void *ctx),
     (c, kind, each, ctx))
LATE(void, MHD_suspend_connection, (struct MHD_Connection *c), (c))
LATE(void, MHD_resume_connection, (struct MHD_Connection *c), (c))

LATE(struct MHD_Response *, MHD_create_response_from_buffer,
     (size_t n, void *p, enum MHD_ResponseMemoryMode mode), (n, p, mode))
LATE(struct MHD_Response *, MHD_create_response_from_callback,
     (uint64_t n, size_t block, MHD_ContentReaderCallback read, void *ctx,
      MHD_ContentReaderFreeCallback end),
     (n, block, read, ctx, end))
LATE(enum MHD_Result, MHD_add_response_header,
     (struct MHD_Response *r, const char *name, const char *text), (r, name, text))
LATE(enum MHD_Result, MHD_queue_response,
     (struct MHD_Connection *c, unsigned status, struct MHD_Response *r), (c, status, r))
LATE(void, MHD_destroy_response, (struct MHD_Response *r), (r))
LATE(const char *, MHD_get_reason_phrase_for, (unsigned code), (code))

/* Kinds of information that need a further argument are not asked for. */
const union MHD_DaemonInfo *MHD_get_daemon_info(struct MHD_Daemon *d,
                                                enum MHD_DaemonInfoType what, ...)
{
    static _Atomic(void *) at;
    __typeof__(MHD_get_daemon_info) *get =
        sw_late(&at, SW_LIBMICROHTTPD, "MHD_get_daemon_info");
    return get(d, what);
}

const union MHD_ConnectionInfo *
MHD_get_connection_info(struct MHD_Connection *c, enum MHD_ConnectionInfoType what, ...)
{
    static _Atomic(void *) at;
    __typeof__(MHD_get_connection_info) *get =
        sw_late(&at, SW_LIBMICROHTTPD, "MHD_get_connection_info");
    return get(c, what);
}

LATE(struct MHD_Daemon *, MHD_start_daemon_va,
     (unsigned flags, uint16_t port, MHD_AcceptPolicyCallback accept, void *accept_ctx,
      MHD_AccessHandlerCallback each, void *ctx, va_list options),
     (flags, port, accept, accept_ctx, each, ctx, options))

struct MHD_Daemon *MHD_start_daemon(unsigned flags, uint16_t port,
                                    MHD_AcceptPolicyCallback accept, void *accept_ctx,
                                    MHD_AccessHandlerCallback each, void *ctx, ...)
{
    struct MHD_Daemon *d;
    va_list options;
    va_start(options, ctx);
    d = MHD_start_daemon_va(flags, port, accept, accept_ctx, each, ctx, options);
    va_end(options);
    return d;
}
