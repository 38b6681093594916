/* SPDX-License-Identifier: MIT */
/* Lines of a person at a terminal, by libedit: history, completion, and Ctrl-C that drops the line. The
 * terminal stays in its usual mode, so Ctrl-C is a signal, and any thread may get it: its handler writes
 * to an eventfd that is watched beside the keys. That ends readline() as the end of input would; a flag
 * tells the two apart. */
#include "app/repl.h"
#include <editline/readline.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <wchar.h>

enum { HISTORY_LINES = 1000 };

/* libedit's callbacks carry no context of ours: the line being read leaves its completer here. */
static const struct sw_completer *helper;
static char **found;
static size_t given;
static atomic_int dropped; /* set on whichever thread took the signal */
static int bell = -1; /* what the handler of Ctrl-C writes to */

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

static void on_interrupt(int sig)
{
    uint64_t one = 1;
    int kept = errno;
    (void)sig;
    dropped = 1;
    if (write(bell, &one, sizeof one) < 0) dropped = 1; /* the flag is all there is then */
    errno = kept;
}

/* A byte of the terminal; negative at its end or after Ctrl-C. */
static int read_byte(void)
{
    struct pollfd p[2] = {{.fd = 0, .events = POLLIN}, {.fd = bell, .events = POLLIN}};
    unsigned char c;
    while (!dropped && poll(p, 2, -1) < 0 && errno == EINTR) continue;
    return !dropped && read(0, &c, 1) == 1 ? c : -1;
}

/* A character, which may be several bytes; what is none in this locale comes as it is. */
static int read_key(FILE *f)
{
    mbstate_t state = {0};
    wchar_t wide;
    int c;
    (void)f;
    for (int n = 0; n < 8; n++) {
        char byte = (char)(c = read_byte());
        size_t got;
        if (c < 0) return -1;
        got = mbrtowc(&wide, &byte, 1, &state);
        if (got == (size_t)-1) return c;
        if (got != (size_t)-2) return got ? (int)wide : 0;
    }
    return c;
}

/* readline(); SW_REPL_DROPPED after Ctrl-C, NULL at the end of input. */
static char *edited_line(const char *prompt)
{
    struct sigaction mine = {.sa_handler = on_interrupt}, before;
    uint64_t rung;
    char *line;
    if (bell < 0) bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    while (read(bell, &rung, sizeof rung) > 0) continue;
    dropped = 0;
    sigaction(SIGINT, &mine, &before);
    line = readline(prompt);
    sigaction(SIGINT, &before, NULL);
    if (!dropped) return line;
    free(line);
    puts("");
    return strdup(SW_REPL_DROPPED);
}

static void start_editing(const char *path)
{
    using_history();
    stifle_history(HISTORY_LINES);
    read_history(path); /* none yet is fine */
    rl_attempted_completion_function = complete;
    rl_basic_word_break_characters = " \t\n\"'=<>;(){}[],+-*/%^#~";
    rl_completion_append_character = 0;
    rl_getc_function = read_key;
}

/* Bytes that are no character of this locale would end libedit. */
static void make_readable(char *text)
{
    if (mbstowcs(NULL, text, 0) != (size_t)-1) return;
    for (char *p = text; *p; p++)
        if (*p & 0x80) *p = '?';
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
    char path[1024], *line, *asked;
    if (!isatty(0) || !isatty(1)) return plain_line();
    history_path(path, sizeof path);
    if (!rl_attempted_completion_function) start_editing(path);
    asked = strdup(prompt);
    if (!asked) return NULL;
    make_readable(asked);
    helper = help;
    line = edited_line(asked);
    helper = NULL;
    free(asked);
    forget_words();
    if (line && *line && strcmp(line, SW_REPL_DROPPED) != 0) {
        add_history(line);
        write_history(path);
    }
    return line;
}
