/* SPDX-License-Identifier: MIT */
#include "app/repl.h"
#include <editline/readline.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { HISTORY_LINES = 1000 };

static void history_path(char *out, size_t n)
{
    const char *named = getenv("SYNCWELL_HISTORY"), *home = getenv("HOME");
    if (named) snprintf(out, n, "%s", named);
    else snprintf(out, n, "%s/.syncwell_history", home ? home : "/tmp");
}

static char *plain_line(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n = getline(&line, &room, stdin);
    if (n > 0 && line[n - 1] == '\n') line[n - 1] = 0;
    if (n >= 0) return line;
    free(line);
    return NULL;
}

char *sw_repl_read_line(const char *prompt)
{
    char path[1024], *line;
    if (!isatty(0) || !isatty(1)) return plain_line();
    history_path(path, sizeof path);
    if (!history_length) {
        using_history();
        stifle_history(HISTORY_LINES);
        read_history(path); /* none yet is fine */
    }
    line = readline(prompt);
    if (line && *line) {
        add_history(line);
        write_history(path);
    }
    return line;
}
