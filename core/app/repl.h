/* SPDX-License-Identifier: MIT
 * Line editing for the REPL on a terminal, by libedit: history in the file that SYNCWELL_HISTORY
 * names, else ~/.syncwell_history; Tab asks the completer what may stand there. */
#ifndef SW_APP_REPL_H
#define SW_APP_REPL_H
#include "script/host.h"

#define SW_REPL_DROPPED "\3" /* what a line is that Ctrl-C ended */

/* A line without its break, freed by the caller with free(); NULL at the end of input. Lines that
 * are not empty go into the history, which is saved at once. `help` may be NULL. */
char *sw_repl_read_line(const char *prompt, const struct sw_completer *help);
#endif
