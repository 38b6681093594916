/* SPDX-License-Identifier: MIT
 * Where the program's own files are: beside it in a build tree, in share/syncwell of its prefix when
 * installed, or where SYNCWELL_SHARE says. */
#ifndef SW_APP_PATHS_H
#define SW_APP_PATHS_H

struct sw_paths {
    char share[1024]; /* holds lua/, schema/, rules/, providers/ */
    char box[1024];   /* the syncwell-box binary */
};
int sw_paths_find(struct sw_paths *p); /* 0, or SW_E_NOTFOUND */
#endif
