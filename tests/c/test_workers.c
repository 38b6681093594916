/* SPDX-License-Identifier: MIT
 * The pool against real workers: lost workers, lying workers, what /proc says about the confinement. Needs the plain syncwell-box (env SW_BOX, default syncwell-box in the working
 * directory or build/). */
#include "box/spawner.c" /* the real spawner; the workers it starts are sw_worker_run below */
#include "script/workers.h"
#include "../support/box_library.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

#define MAX_RUNS 20000

struct got {
    bool done, ok, killed;
    char text[2600];
    char out[600];
};

struct world {
    uv_loop_t loop;
    struct sw_workers *pool;
    struct got *got;        /* by tag */
    size_t done, calls;
    uint64_t held;          /* a call not answered yet */
    bool hold;
};

static const char *box_path(void)
{
    const char *set = getenv("SW_BOX");
    if (set) return set;
    return access("syncwell-box", X_OK) == 0 ? "syncwell-box" : "build/syncwell-box";
}

static void render(struct sw_rd *r, char *out, size_t cap)
{
    struct sw_val v;
    const char *k;
    size_t n, len = strlen(out);
    if (len + 40 > cap || !sw_val_next(r, &v)) return;
    switch (v.kind) {
    case SW_V_NIL: strcat(out, "nil"); break;
    case SW_V_FALSE: strcat(out, "false"); break;
    case SW_V_TRUE: strcat(out, "true"); break;
    case SW_V_INT: snprintf(out + len, cap - len, "%lld", (long long)v.i); break;
    case SW_V_NUM: snprintf(out + len, cap - len, "%g", v.d); break;
    case SW_V_STR: snprintf(out + len, cap - len, "%.*s", (int)(v.n > 100 ? 100 : v.n), v.s); break;
    default:
        strcat(out, "{");
        for (size_t i = 0; i < v.n; i++) {
            if (v.kind == SW_V_MAP) {
                sw_val_key_next(r, &k, &n);
                len = strlen(out);
                if (len + 80 < cap) snprintf(out + len, cap - len, "%.*s=", (int)(n > 30 ? 30 : n), k);
            }
            render(r, out, cap);
            if (strlen(out) + 40 > cap) return;
            strcat(out, i + 1 < v.n ? " " : "");
        }
        strcat(out, "}");
    }
}

static void on_result(void *ctx, const struct sw_run_result *r)
{
    struct world *w = ctx;
    struct got *g = &w->got[r->tag];
    struct sw_rd out = r->out;
    const char *s;
    size_t n;
    assert_false(g->done);
    g->done = true;
    g->ok = r->ok;
    g->killed = r->killed;
    w->done++;
    if (!r->ok && sw_val_get_str(r->error, "text", &s, &n))
        snprintf(g->text, sizeof g->text, "%.*s", (int)(n > 2500 ? 2500 : n), s);
    if (out.p) render(&out, g->out, sizeof g->out);
}

static void on_call(void *ctx, const struct sw_run_call *c)
{
    struct world *w = ctx;
    struct sw_buf b;
    size_t at;
    w->calls++;
    if (w->hold) {
        w->held = c->call;
        return;
    }
    assert_string_equal(c->user, "me");
    sw_buf_init(&b, 4096);
    at = sw_val_open(&b, SW_V_ARR);
    for (int i = 1; i <= 4; i++) sw_val_int(&b, i * 10);
    sw_val_close(&b, at, 4);
    sw_workers_reply(w->pool, c->call, true, sw_rd_of(b.data, b.len), NULL);
    sw_buf_clear(&b);
}

static struct world *open_world(struct sw_workers_config c)
{
    struct world *w = calloc(1, sizeof *w);
    struct sw_workers_file lib[SW_TEST_LIBRARY_MAX];
    struct sw_err err = SW_ERR_INIT;
    w->got = calloc(MAX_RUNS, sizeof *w->got);
    uv_loop_init(&w->loop);
    if (!c.box_path) c.box_path = box_path();
    c.library = lib;
    c.n_library = sw_test_library(lib);
    w->pool = sw_workers_new(&w->loop, &c, &err);
    sw_test_library_free(lib, c.n_library);
    if (!w->pool) fprintf(stderr, "%s (set SW_BOX)\n", err.text);
    assert_non_null(w->pool);
    return w;
}

static void close_world(struct world *w)
{
    sw_workers_close(w->pool, NULL, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0); /* no open handle is left */
    free(w->got);
    free(w);
}

static void script_spec(struct sw_buf *b, const char *source, size_t n)
{
    size_t at;
    sw_buf_init(b, SW_FRAME_MAX);
    at = sw_val_open(b, SW_V_MAP);
    sw_val_key(b, "op");
    sw_val_text(b, "script");
    sw_val_key(b, "script");
    sw_val_text(b, "t.lua");
    sw_val_key(b, "source");
    sw_val_str(b, source, n);
    sw_val_close(b, at, 3);
}

static void run_script(struct world *w, const char *package, uint64_t tag, const char *source, size_t n)
{
    struct sw_workers_on on = {on_result, on_call, w};
    struct sw_run_spec spec = {.tag = tag};
    struct sw_buf b;
    script_spec(&b, source, n);
    spec.spec = sw_rd_of(b.data, b.len);
    assert_int_equal(sw_workers_run(w->pool, "me", package, &spec, 1, &on, NULL), 0);
    sw_buf_clear(&b);
}

/* Three runs handed over together, so that one worker has them all under way. */
static void run_three(struct world *w, uint64_t tag, const char *const source[3])
{
    struct sw_workers_on on = {on_result, on_call, w};
    struct sw_run_spec spec[3] = {{0}};
    struct sw_buf b[3];
    for (size_t i = 0; i < 3; i++) {
        script_spec(&b[i], source[i], strlen(source[i]));
        spec[i] = (struct sw_run_spec){tag + i, sw_rd_of(b[i].data, b[i].len), 0};
    }
    assert_int_equal(sw_workers_run(w->pool, "me", "p", spec, 3, &on, NULL), 0);
    for (size_t i = 0; i < 3; i++) sw_buf_clear(&b[i]);
}

static void run_text(struct world *w, uint64_t tag, const char *source)
{
    run_script(w, "p", tag, source, strlen(source));
}

static void wait_done(struct world *w, size_t n)
{
    uint64_t until = uv_hrtime() + 60ull * 1000000000;
    while (w->done < n && uv_hrtime() < until) uv_run(&w->loop, UV_RUN_ONCE);
    assert_int_equal(w->done, n);
}

static void on_alive(uv_timer_t *t) { (void)t; }

static void wait_ms(struct world *w, int ms)
{
    uint64_t until = uv_hrtime() + (uint64_t)ms * 1000000;
    uv_timer_t alive; /* an idle pool does not keep the loop running */
    uv_timer_init(&w->loop, &alive);
    uv_timer_start(&alive, on_alive, 5, 5);
    while (uv_hrtime() < until) uv_run(&w->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&alive, NULL);
    uv_run(&w->loop, UV_RUN_NOWAIT);
}

/* ---- what a worker is ---- */

static void proc_text(pid_t pid, const char *what, char *out, size_t cap)
{
    char path[64];
    size_t n;
    FILE *f;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, what);
    f = fopen(path, "r");
    *out = 0;
    if (!f) return;
    n = fread(out, 1, cap - 1, f);
    out[n] = 0;
    fclose(f);
}

static int count_fds(pid_t pid)
{
    char path[64];
    int n = 0;
    DIR *d;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    if (!(d = opendir(path))) return -1;
    while (readdir(d)) n++;
    closedir(d);
    return n - 2;
}

static void a_worker_has_one_descriptor_and_nothing_else(void **state)
{
    struct world *w = open_world((struct sw_workers_config){0});
    char text[8192];
    pid_t pid;
    (void)state;
    setenv("SW_TEST_SECRET", "hunter2", 1);
    run_text(w, 0, "return 1");
    wait_done(w, 1);
    pid = sw_workers_pid(w->pool, "me", "p");
    assert_true(pid > 0);
    proc_text(pid, "status", text, sizeof text);
    assert_non_null(strstr(text, "Seccomp:\t2"));
    assert_non_null(strstr(text, "NoNewPrivs:\t1"));
    assert_non_null(strstr(text, "CapEff:\t0000000000000000"));
    assert_non_null(strstr(text, "CapPrm:\t0000000000000000"));
    printf("  %s\n", sw_workers_confinement(w->pool));
    assert_non_null(strstr(sw_workers_confinement(w->pool), "seccomp"));
    if (getuid() == 0) {
        assert_non_null(strstr(text, "Uid:\t65534\t65534\t65534\t65534"));
        assert_non_null(strstr(text, "Gid:\t65534\t65534\t65534\t65534"));
        assert_int_equal(count_fds(pid), 1);
        proc_text(pid, "environ", text, sizeof text);
        assert_int_equal(strlen(text), 0);
        proc_text(pid, "limits", text, sizeof text);
        assert_non_null(strstr(text, "Max processes             0"));
        assert_non_null(strstr(text, "Max file size             0"));
        assert_non_null(strstr(text, "Max core file size        0"));
    }
    close_world(w);
    assert_int_equal(kill(pid, 0), -1);
}

/* ---- lost workers ---- */

static const char *const slow = "local t = os.clock() while os.clock() < t + 0.1 do end return 'slow'";

static void a_signal(int sig)
{
    struct world *w = open_world((struct sw_workers_config){0});
    struct sw_workers_stats s;
    run_text(w, 0, "return 1");
    wait_done(w, 1);
    run_three(w, 1, (const char *const[]){"while true do end", "return 2", "return 3"});
    wait_ms(w, 60);
    assert_int_equal(w->done, 1);
    assert_int_equal(kill(sw_workers_pid(w->pool, "me", "p"), sig), 0);
    wait_done(w, 4);
    assert_true(w->got[1].killed && !w->got[1].ok);
    assert_true(w->got[2].ok && w->got[3].ok);
    sw_workers_get_stats(w->pool, &s);
    assert_int_equal(s.started, 2);
    assert_int_equal(s.requeued, 2);
    printf("  %s\n", w->got[1].text);
    close_world(w);
}

static void a_killed_worker_costs_only_the_run_it_stood_in(void **state)
{
    (void)state;
    a_signal(SIGKILL);
}

static void a_stopped_worker_is_noticed_and_replaced(void **state)
{
    (void)state;
    a_signal(SIGSTOP);
}

static void a_worker_killed_between_runs_costs_nothing(void **state)
{
    struct world *w = open_world((struct sw_workers_config){0});
    (void)state;
    for (uint64_t i = 0; i < 6; i += 2) {
        run_text(w, i, slow);
        wait_done(w, i + 1);
        kill(sw_workers_pid(w->pool, "me", "p"), SIGKILL);
        run_text(w, i + 1, "return 1");
        wait_done(w, i + 2);
        assert_true(w->got[i].ok && w->got[i + 1].ok);
    }
    close_world(w);
}

static void an_interrupted_run_ends_and_its_worker_lives_on(void **state)
{
    struct world *w = open_world((struct sw_workers_config){0});
    struct sw_workers_on on = {on_result, on_call, w};
    struct sw_run_spec spec = {.tag = 1, .cpu_ms = 20000};
    struct sw_buf b;
    const char *loop = "while true do pcall(function() while true do end end) end";
    pid_t pid;
    (void)state;
    assert_false(sw_workers_interrupt(w->pool, "me", "p")); /* nobody is there yet */
    run_text(w, 0, "return 1");
    wait_done(w, 1);
    pid = sw_workers_pid(w->pool, "me", "p");
    assert_false(sw_workers_interrupt(w->pool, "me", "p"));
    script_spec(&b, loop, strlen(loop));
    spec.spec = sw_rd_of(b.data, b.len);
    assert_int_equal(sw_workers_run(w->pool, "me", "p", &spec, 1, &on, NULL), 0);
    sw_buf_clear(&b);
    for (int i = 0; w->done < 2 && i < 1000; i++) { /* the first may come before the run has begun */
        wait_ms(w, 20);
        sw_workers_interrupt(w->pool, "me", "p");
    }
    assert_int_equal(w->done, 2);
    assert_true(!w->got[1].ok && !w->got[1].killed);
    assert_non_null(strstr(w->got[1].text, "stopped"));
    assert_null(strstr(w->got[1].text, "CPU"));
    run_text(w, 2, "return 3");
    wait_done(w, 3);
    assert_true(w->got[2].ok);
    assert_int_equal(sw_workers_pid(w->pool, "me", "p"), pid);
    close_world(w);
}

static void waiting_for_the_engine_delays_nobody(void **state)
{
    static const char asks[] =
        "local sw = require 'syncwell'\n"
        "return sw.rule { on = 'workout.created', run = function(w, ctx)\n"
        "  local co = coroutine.wrap(function() return ctx.series('steps', { last = '7d' }).sum() end)\n"
        "  ctx.log('sum ' .. math.tointeger(co()))\nend }";
    struct world *w = open_world((struct sw_workers_config){0});
    struct sw_workers_file f = {"rules/asks.lua", asks, sizeof asks - 1};
    struct sw_workers_on on = {on_result, on_call, w};
    struct sw_run_spec spec = {.tag = 1};
    struct sw_buf b;
    size_t at;
    (void)state;
    assert_int_equal(sw_workers_load(w->pool, "me", "p", &f, 1, &on, NULL), 0);
    wait_done(w, 1);
    assert_true(w->got[0].ok);
    sw_buf_init(&b, 4096);
    at = sw_val_open(&b, SW_V_MAP);
    sw_val_key(&b, "op");
    sw_val_text(&b, "rule");
    sw_val_key(&b, "script");
    sw_val_text(&b, "rules/asks.lua");
    sw_val_close(&b, at, 2);
    spec.spec = sw_rd_of(b.data, b.len);
    w->hold = true;
    assert_int_equal(sw_workers_run(w->pool, "me", "p", &spec, 1, &on, NULL), 0);
    run_text(w, 2, "return 'not delayed'");
    wait_done(w, 2);
    assert_true(w->got[2].ok && !w->got[1].done && w->held);
    assert_int_equal(sw_workers_reply(w->pool, w->held + 99, true, sw_rd_of(NULL, 0), NULL), SW_E_NOTFOUND);
    w->hold = false;
    sw_buf_reset(&b);
    at = sw_val_open(&b, SW_V_ARR);
    sw_val_int(&b, 40);
    sw_val_int(&b, 2);
    sw_val_close(&b, at, 2);
    assert_int_equal(sw_workers_reply(w->pool, w->held, true, sw_rd_of(b.data, b.len), NULL), 0);
    wait_done(w, 3);
    assert_true(w->got[1].ok);
    assert_non_null(strstr(w->got[1].out, "sum 42"));
    sw_buf_clear(&b);
    close_world(w);
}

static void packages_and_users_share_the_workers(void **state)
{
    struct world *w = open_world((struct sw_workers_config){.max_live = 3, .max_running = 2});
    struct sw_workers_stats s;
    char package[16];
    (void)state;
    for (uint64_t i = 0; i < 40; i++) {
        snprintf(package, sizeof package, "p%d", (int)(i % 8));
        run_script(w, package, i, "return 1", 8);
    }
    wait_done(w, 40);
    for (int i = 0; i < 40; i++) assert_true(w->got[i].ok);
    sw_workers_get_stats(w->pool, &s);
    assert_true(s.live <= 3);
    close_world(w);
}

static void an_idle_worker_is_stopped(void **state)
{
    struct world *w = open_world((struct sw_workers_config){.idle_ms = 100});
    pid_t pid;
    (void)state;
    run_text(w, 0, "return 1");
    wait_done(w, 1);
    pid = sw_workers_pid(w->pool, "me", "p");
    assert_true(pid > 0);
    wait_ms(w, 500);
    assert_int_equal(sw_workers_pid(w->pool, "me", "p"), 0);
    close_world(w);
}

static pid_t parent_of(pid_t pid)
{
    char text[1000], *at;
    proc_text(pid, "status", text, sizeof text);
    at = strstr(text, "PPid:");
    return at ? (pid_t)atoi(at + 5) : 0;
}

/* Ended: gone, or a zombie that a first process without manners has not reaped. */
static bool ended(pid_t pid)
{
    char text[1000];
    if (kill(pid, 0) < 0 && errno == ESRCH) return true;
    proc_text(pid, "status", text, sizeof text);
    return strstr(text, "State:\tZ") != NULL;
}

static void gone_soon(pid_t pid)
{
    for (int i = 0; i < 100 && !ended(pid); i++) usleep(10000);
    assert_true(ended(pid));
}

static void a_killed_engine_leaves_no_process(void **state)
{
    int fds[2];
    pid_t engine, worker = 0, spawner;
    (void)state;
    assert_int_equal(pipe(fds), 0);
    fflush(stdout);
    engine = fork();
    if (engine == 0) {
        struct world *w = open_world((struct sw_workers_config){0});
        run_text(w, 0, "return 1");
        wait_done(w, 1);
        worker = sw_workers_pid(w->pool, "me", "p");
        run_text(w, 1, "while true do end");
        (void)!write(fds[1], &worker, sizeof worker);
        for (;;) uv_run(&w->loop, UV_RUN_ONCE);
    }
    assert_int_equal(read(fds[0], &worker, sizeof worker), sizeof worker);
    usleep(50000);
    spawner = parent_of(worker);
    assert_int_equal(parent_of(spawner), engine);
    kill(engine, SIGKILL);
    waitpid(engine, NULL, 0);
    gone_soon(worker);
    gone_soon(spawner);
    close(fds[0]);
    close(fds[1]);
}

static void a_missing_box_is_said_at_once(void **state)
{
    uv_loop_t loop;
    struct sw_workers_config c = {.box_path = "/nonexistent/syncwell-box"};
    struct sw_err err = SW_ERR_INIT;
    (void)state;
    uv_loop_init(&loop);
    assert_null(sw_workers_new(&loop, &c, &err));
    assert_int_equal(err.code, SW_E_NOTFOUND);
    uv_loop_close(&loop);
}

static void a_box_that_ends_at_once_fails_the_runs(void **state)
{
    struct world *w = open_world((struct sw_workers_config){.box_path = "/bin/true"});
    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        run_text(w, i, "return 1");
        wait_done(w, i + 1);
        assert_false(w->got[i].ok);
        printf("  %s\n", w->got[i].text);
    }
    close_world(w);
}

/* ---- workers that lie: this program serves as the box, sw_worker_run below is the worker ---- */

enum lie { GARBAGE, GARBAGE_LATER, HUGE_FRAME, UNKNOWN_RUN, STRANGE_CALL, FALSE_ACK, WRONG_TYPES, FLOOD,
           SILENT, TWICE, HALF_FRAME, EMPTY_FRAMES, HUGE_COUNT, DEEP_NEST, ENDLESS_NOISE, HELLO_AGAIN,
           REPLY_TO_NOBODY, CALL_TWICE, DIRTY_BYE, DIRTY_ERROR, LIES, REFUSES = LIES };

static void put(int fd, struct sw_buf *b)
{
    (void)!write(fd, b->data, b->len);
    sw_buf_reset(b);
}

static size_t begin(struct sw_buf *b, const char *op, size_t *map)
{
    size_t at = sw_frame_begin(b);
    *map = sw_val_open(b, SW_V_MAP);
    sw_val_key(b, "op");
    sw_val_text(b, op);
    return at;
}

static void member(struct sw_buf *b, const char *key, int64_t v)
{
    sw_val_key(b, key);
    sw_val_int(b, v);
}

static void lie(int fd, struct sw_buf *b, enum lie how, int64_t run)
{
    size_t map, at = begin(b, how == STRANGE_CALL ? "call" : how == FALSE_ACK ? "ack" : "result", &map);
    member(b, "run", how == UNKNOWN_RUN || how == FLOOD ? 123456789 : how == STRANGE_CALL ? 77 : run);
    member(b, "call", 1);
    member(b, "bytes", INT64_MAX);
    sw_val_key(b, how == WRONG_TYPES ? "error" : "name");
    sw_val_text(b, "x");
    sw_val_key(b, "args");
    sw_val_nil(b);
    sw_val_close(b, map, 6);
    sw_frame_end(b, at, NULL);
    do write(fd, b->data, b->len) < 0 ? exit(0) : (void)0;
    while (how == FLOOD);
    if (how == TWICE) put(fd, b);
}

/* Bytes that are no frame, or none that ends. */
static void lie_in_bytes(int fd, enum lie how)
{
    static uint8_t bytes[70000];
    size_t n = sizeof bytes;
    memset(bytes, how == DEEP_NEST ? SW_V_ARR : how == EMPTY_FRAMES ? 0 : 'x', n);
    if (how == HALF_FRAME) memcpy(bytes, "\0\0\3\0", 4); /* 192 KiB, of which 70,000 bytes come */
    if (how == HUGE_COUNT) memcpy(bytes, "\5\0\0\0\6\xff\xff\xff\xff", n = 9);
    if (how == DEEP_NEST) {
        memcpy(bytes, "\0\1\0\0", 4);
        for (size_t at = 4; at + 5 <= 260; at += 5) memcpy(bytes + at, "\6\1\0\0\0", 5);
    }
    do
        if (write(fd, bytes, n) < 0) exit(0);
    while (how == ENDLESS_NOISE || how == EMPTY_FRAMES);
}

/* Well-formed messages that no worker may send, or only once, or not with such words. */
static void lie_in_words(int fd, struct sw_buf *b, enum lie how, int64_t run)
{
    static const char *const ops[] = {[HELLO_AGAIN] = "hello", [REPLY_TO_NOBODY] = "reply", [CALL_TWICE] = "call",
                                      [DIRTY_BYE] = "bye", [DIRTY_ERROR] = "result"};
    static const char dirty[] = "\33[2J\1\302\233red\342\200\256 words";
    size_t map, error, at = begin(b, ops[how], &map);
    member(b, "run", run);
    member(b, "call", 7);
    sw_val_key(b, how == DIRTY_BYE ? "text" : "name");
    sw_val_text(b, how == DIRTY_BYE ? dirty : "series");
    sw_val_key(b, "args");
    sw_val_nil(b);
    sw_val_key(b, "error");
    error = sw_val_open(b, SW_V_MAP);
    sw_val_key(b, "text");
    sw_val_text(b, dirty);
    sw_val_close(b, error, 1);
    sw_val_close(b, map, 6);
    sw_frame_end(b, at, NULL);
    if (write(fd, b->data, b->len) < 0) exit(0);
    if (how == CALL_TWICE) put(fd, b);
    if (how == DIRTY_BYE) exit(0);
}

/* The number of a run in the frames read so far; there is one run in these tests. */
static int64_t find_run(const uint8_t *p, size_t n)
{
    struct sw_rd frame, list;
    struct sw_val v;
    size_t used;
    int64_t run = 0;
    for (; sw_frame_next(p, n, &used, &frame, NULL) == 1; p += used, n -= used)
        if (sw_val_find(frame, "runs", &list) && sw_val_next(&list, &v)) sw_val_get_int(list, "n", &run);
    return run;
}

/* Says why it will not work and ends, with the library unread: that makes its end an error. */
static int refuse(int sock)
{
    struct pollfd p = {.fd = sock, .events = POLLIN};
    struct sw_buf b;
    size_t map, at;
    sw_buf_init(&b, SW_FRAME_MAX);
    at = begin(&b, "hello", &map);
    sw_val_key(&b, "refused");
    sw_val_text(&b, "no filter today");
    sw_val_close(&b, map, 2);
    sw_frame_end(&b, at, NULL);
    poll(&p, 1, 5000);
    put(sock, &b);
    return 1;
}

int sw_worker_run(const struct sw_confine *c, int sock, struct sw_shared_page *page, pid_t parent)
{
    static uint8_t in[1 << 20];
    static const uint8_t noise[] = "\x30\0\0\0 this is no value at all, but forty-eight bytes of noise";
    enum lie how = (enum lie)(c->memory_bytes - (1u << 20));
    struct sw_buf b;
    size_t map, at, n = 0;
    ssize_t got;
    (void)page;
    (void)parent;
    if (how == REFUSES) return refuse(sock);
    sw_buf_init(&b, SW_FRAME_MAX);
    if (how == GARBAGE) (void)!write(sock, noise, sizeof noise);
    at = begin(&b, "hello", &map);
    member(&b, "uid", 1);
    sw_val_close(&b, map, 2);
    sw_frame_end(&b, at, NULL);
    put(sock, &b);
    while (!find_run(in, n) && (got = read(sock, in + n, sizeof in - n)) > 0) n += (size_t)got;
    if (how == GARBAGE_LATER) (void)!write(sock, noise, sizeof noise);
    else if (how == HUGE_FRAME) (void)!write(sock, "\xff\xff\xff\x7f", 4);
    else if (how >= HELLO_AGAIN) lie_in_words(sock, &b, how, find_run(in, n));
    else if (how >= HALF_FRAME) lie_in_bytes(sock, how);
    else if (how != SILENT) lie(sock, &b, how, find_run(in, n));
    sleep(20);
    return 0;
}

static int be_the_box(int argc, char **argv)
{
    struct sw_confine c = {.memory_bytes = 1};
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], "--memory") == 0) c.memory_bytes = strtoul(argv[i + 1], NULL, 10);
    return sw_spawner_run(SW_SPAWNER_FD, &c);
}

static void a_lying_worker_harms_only_its_own_run(void **state)
{
    (void)state;
    for (int how = 0; how < LIES; how++) {
        struct world *w = open_world((struct sw_workers_config){.box_path = "/proc/self/exe",
            .memory_bytes = (1u << 20) + (unsigned)how});
        run_text(w, 0, "return 1");
        wait_done(w, 1);
        assert_false(w->got[0].ok);
        printf("  lie %d: %s\n", how, w->got[0].text);
        assert_null(how == DIRTY_ERROR ? NULL : strpbrk(w->got[0].text, "\33\1"));
        close_world(w);
    }
}

static void a_refusal_is_told_however_late_it_is_read(void **state)
{
    struct world *w = open_world((struct sw_workers_config){.box_path = "/proc/self/exe",
        .memory_bytes = (1u << 20) + REFUSES});
    (void)state;
    run_text(w, 0, "return 1");
    for (int i = 0; i < 100 && !w->done; i++) {
        uv_run(&w->loop, UV_RUN_NOWAIT);
        usleep(50000); /* a busy machine: the worker has ended when the engine looks */
    }
    assert_int_equal(w->done, 1);
    assert_non_null(strstr(w->got[0].text, "no filter today"));
    close_world(w);
}

static const char bench_rule[] =
    "local sw = require 'syncwell'\n"
    "return sw.rule { on = sw.event { 'workout.created', provider = 'strava' },\n"
    "  params = { min = sw.duration { default = '60min' } },\n"
    "  when = function(w, ctx) return w.elapsed > ctx.params.min end, uses = { 'calendar:write' },\n"
    "  run = function(w, ctx) ctx.calendar.add { title = 'x', at = w.finish + '30min' } end }";

static void event_spec(struct sw_buf *b)
{
    size_t at, event;
    sw_buf_init(b, 4096);
    at = sw_val_open(b, SW_V_MAP);
    sw_val_key(b, "op");
    sw_val_text(b, "rule");
    sw_val_key(b, "script");
    sw_val_text(b, "rules/bench.lua");
    sw_val_key(b, "event");
    event = sw_val_open(b, SW_V_MAP);
    sw_val_key(b, "kind");
    sw_val_text(b, "workout");
    sw_val_key(b, "provider");
    sw_val_text(b, "strava");
    member(b, "elapsed_s", 4000);
    member(b, "finish", 1772350000000);
    sw_val_close(b, event, 4);
    sw_val_close(b, at, 3);
}

static void measure_rules(struct world *w, uint64_t first, size_t n)
{
    struct sw_workers_file f = {"rules/bench.lua", bench_rule, sizeof bench_rule - 1};
    struct sw_workers_on on = {on_result, on_call, w};
    struct sw_run_spec *specs = calloc(n, sizeof *specs);
    struct sw_buf b;
    size_t before = w->done;
    uint64_t t;
    event_spec(&b);
    sw_workers_load(w->pool, "me", "bench", &f, 1, &on, NULL); /* its result has tag 0 */
    w->got[0].done = false;
    wait_done(w, before + 1);
    for (size_t i = 0; i < n; i++) specs[i] = (struct sw_run_spec){first + i, sw_rd_of(b.data, b.len), 0};
    t = uv_hrtime();
    assert_int_equal(sw_workers_run(w->pool, "me", "bench", specs, n, &on, NULL), 0);
    wait_done(w, before + 1 + n);
    printf("  rules that fire: %.0f runs/s\n", (double)n * 1e9 / (double)(uv_hrtime() - t));
    for (size_t i = 0; i < n; i++) assert_true(w->got[first + i].ok);
    free(specs);
    sw_buf_clear(&b);
}

static void measure(void **state)
{
    struct world *w = open_world((struct sw_workers_config){0});
    uint64_t t;
    size_t n = 5000;
    (void)state;
    run_text(w, 0, "return 1");
    wait_done(w, 1);
    t = uv_hrtime();
    for (size_t i = 1; i <= n; i++) {
        run_text(w, i, "return 1");
        wait_done(w, i + 1);
    }
    printf("  one at a time: %.0f runs/s\n", (double)n * 1e9 / (double)(uv_hrtime() - t));
    t = uv_hrtime();
    for (size_t i = n + 1; i <= 2 * n; i++) run_text(w, i, "return 1");
    wait_done(w, 2 * n + 1);
    printf("  queued together: %.0f runs/s\n", (double)n * 1e9 / (double)(uv_hrtime() - t));
    measure_rules(w, 2 * n + 1, 5000);
    close_world(w);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--uid") == 0) return be_the_box(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_has_one_descriptor_and_nothing_else),
        cmocka_unit_test(a_killed_worker_costs_only_the_run_it_stood_in),
        cmocka_unit_test(a_stopped_worker_is_noticed_and_replaced),
        cmocka_unit_test(a_worker_killed_between_runs_costs_nothing),
        cmocka_unit_test(an_interrupted_run_ends_and_its_worker_lives_on),
        cmocka_unit_test(waiting_for_the_engine_delays_nobody),
        cmocka_unit_test(packages_and_users_share_the_workers),
        cmocka_unit_test(an_idle_worker_is_stopped),
        cmocka_unit_test(a_killed_engine_leaves_no_process),
        cmocka_unit_test(a_missing_box_is_said_at_once),
        cmocka_unit_test(a_box_that_ends_at_once_fails_the_runs),
        cmocka_unit_test(a_lying_worker_harms_only_its_own_run),
        cmocka_unit_test(a_refusal_is_told_however_late_it_is_read),
        cmocka_unit_test(measure),
    };
    return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
