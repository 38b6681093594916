/* SPDX-License-Identifier: MIT
 * What lua_box.c needs from the host to start the box. */
#ifndef SW_SCRIPT_WORKERS_HOST_H
#define SW_SCRIPT_WORKERS_HOST_H
struct sw_host;
const char *sw_host_box_path(struct sw_host *h); /* path of the syncwell-box binary; borrowed */
#endif
