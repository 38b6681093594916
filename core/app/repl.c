/* SPDX-License-Identifier: MIT */
#include "app/repl.h"
#include <editline/readline.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HISTORY_LINES = 1000 };

/* libedit's callbacks carry no context of ours: the line being read leaves its completer here. */
static const struct sw_completer *helper;
static char **found;
static size_t given;

static char *next_word(const char *word, int again)
{
    (void)word;
    if (!again) given = 0;
    if (!found || !found[given]) return NULL;
    return strdup(found[given++]);
}

static void forget_words(void)
{
    for (size_t i = 0; found && found[i]; i++) free(found[i]);
    free(found);
    found = NULL;
}

static char **complete(const char *word, int start, int end)
{
    char line[4096];
    (void)start;
    rl_attempted_completion_over = 1; /* no names of files */
    if (!helper || end < 0 || (size_t)end >= sizeof line) return NULL;
    memcpy(line, rl_line_buffer, (size_t)end);
    line[end] = 0;
    forget_words();
    found = helper->words(helper->ctx, line, word);
    return rl_completion_matches(word, next_word);
}

static void start_editing(const char *path)
{
    using_history();
    stifle_history(HISTORY_LINES);
    read_history(path); /* none yet is fine */
    rl_attempted_completion_function = complete;
    rl_basic_word_break_characters = " \t\n\"'=<>;(){}[],+-*/%^#~";
    rl_completion_append_character = 0;
}

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

char *sw_repl_read_line(const char *prompt, const struct sw_completer *help)
{
    char path[1024], *line;
    if (!isatty(0) || !isatty(1)) return plain_line();
    history_path(path, sizeof path);
    if (!rl_attempted_completion_function) start_editing(path);
    helper = help;
    line = readline(prompt);
    helper = NULL;
    forget_words();
    if (line && *line) {
        add_history(line);
        write_history(path);
    }
    return line;
}
