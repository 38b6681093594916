/* SPDX-License-Identifier: MIT
 * A worker: one Lua state with the scripts of one package, one socket. Split in two so that tests
 * can run the same code in their own process: sw_worker_run confines the process and serves a
 * socket; a struct sw_box holds state and runs and is fed frames. */
#ifndef SW_BOX_WORKER_H
#define SW_BOX_WORKER_H
#include "box/confine.h"
#include "box/frame.h"
#include "box/spawner.h"

/* Confine this process, say hello, serve until the socket ends. The exit status. */
int sw_worker_run(const struct sw_confine *c, int sock, struct sw_shared_page *page, pid_t parent);

struct sw_box;
/* Everything a box sends leaves through out, which may block: 0, or negative to end the box. */
typedef int sw_box_send_fn(void *ctx, const struct sw_buf *frames);

/* A box without library yet; NULL when there is no memory for it. page may be NULL. */
struct sw_box *sw_box_new(size_t memory_bytes, struct sw_shared_page *page, sw_box_send_fn *send,
                          void *ctx);
void sw_box_free(struct sw_box *b);
/* Handle one frame from the engine. 0; negative when the box must end (protocol, or memory gone). */
int sw_box_feed(struct sw_box *b, struct sw_rd frame, struct sw_err *err);
#endif
