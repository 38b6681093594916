/* SPDX-License-Identifier: MIT
 * The process: find the program's files, make the loop, the engine and the host, enter Lua by one
 * door. Everything a user can ask for is a file in lua/cli. */
#include "app/paths.h"
#include "app/repl.h"
#include "base/alloc.h"
#include "base/crypto.h"
#include "script/compiled.h"
#include "script/host.h"
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static int run(uv_loop_t *loop, const struct sw_paths *p, int argc, char **argv)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_engine *e = sw_engine_new(loop, p->share);
    struct sw_host *h = sw_host_new(e, p->box, &err);
    const char *door = argc > 0 && !strcmp(argv[0], "--lua-test") ? "test" : "command";
    int rc = 1;
    if (h) {
        sw_host_set_reader(h, sw_repl_read_line);
        rc = sw_host_run(h, door, argc, argv);
    } else fprintf(stderr, "syncwell: %s\n", err.text);
    sw_host_free(h);
    sw_engine_free(e);
    while (uv_run(loop, UV_RUN_NOWAIT)) continue;
    return rc;
}

/* For the build: syncwell --lua-compile FILE */
static int compile(const struct sw_paths *p, const char *out)
{
    struct sw_err err = SW_ERR_INIT;
    if (!sw_compiled_write(p->share, out, &err)) return 0;
    fprintf(stderr, "syncwell: %s\n", err.text);
    return 1;
}

/* Texts are UTF-8 whatever the environment says, and libedit falls over a prompt that its locale cannot
 * read: where none is set, as in a bare system or a unit, it is the C locale that knows UTF-8. LC_NUMERIC
 * stays C: numbers in files have points. */
static void use_locale(void)
{
    setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1) setlocale(LC_CTYPE, "C.UTF-8");
}

int main(int argc, char **argv)
{
    uv_loop_t loop;
    struct sw_paths paths;
    int rc;
    sw_alloc_keep();
    signal(SIGPIPE, SIG_IGN);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* credentials lie open in memory: no core of it on a disk */
    umask(077); /* what is written here is about somebody's health */
    use_locale();
    argv = uv_setup_args(argc, argv);
    if (sw_crypto_init()) {
        fprintf(stderr, "syncwell: no source of random numbers\n");
        return 1;
    }
    if (sw_paths_find(&paths)) {
        fprintf(
            stderr,
            "syncwell: cannot find the program's Lua files beside it; install it again or set SYNCWELL_SHARE\n");
        return 1;
    }
    if (argc == 3 && !strcmp(argv[1], "--lua-compile")) return compile(&paths, argv[2]);
    uv_loop_init(&loop);
    rc = run(&loop, &paths, argc - 1, argv + 1);
    uv_loop_close(&loop);
    return rc;
}
