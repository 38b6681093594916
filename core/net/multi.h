/* SPDX-License-Identifier: MIT
 * A set of libcurl handles on the loop. Embedded by its owner, who adds and removes handles and must
 * not do so from libcurl's callbacks. Thread: the loop's. */
#ifndef SW_NET_MULTI_H
#define SW_NET_MULTI_H
#ifndef UV_H
#error "uv.h and curl/curl.h come first"
#endif
#include "net/transfer.h"

struct sw_multi {
    uv_loop_t *loop;
    CURLM *curl;
    uv_timer_t timer; /* libcurl's */
    int handles;      /* not closed yet */
    void (*closed)(struct sw_multi *m);
};

/* Start on the loop. Each handle that ends calls the done of its transfer, from the loop. */
int sw_multi_open(struct sw_multi *m, uv_loop_t *loop, struct sw_err *err);
/* All handles are removed. closed comes from the loop, when m may be freed. */
void sw_multi_close(struct sw_multi *m, void (*closed)(struct sw_multi *m));
#endif
