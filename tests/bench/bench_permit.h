/* SPDX-License-Identifier: MIT
 * G12: requests spent from limits in the store before they are sent. Apart from bench_ask.c because
 * the network and the store each have a struct sw_origin. */
#ifndef SW_BENCH_PERMIT_H
#define SW_BENCH_PERMIT_H
struct uv_loop_s;
struct bench_permits;

struct bench_permits *bench_permits_open(struct uv_loop_s *loop, const char *home, const char *schema);
/* go comes from the loop once the request was spent from both limits and nothing holds it back. */
void bench_permit(struct bench_permits *p, void (*go)(void *ctx), void *ctx);
void bench_permits_close(struct bench_permits *p);
#endif
