/* SPDX-License-Identifier: MIT
 * The HTTP server from the outside: it runs on a loop in a thread of its own, the tests are blocking
 * clients on loopback. What its handler does is chosen by the path. */
#include "base/alloc.h"
#include "base/buf.h"
#include "net/http_server.h"
#include "net/http_target.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

#define HELD_MAX 256

struct world {
    uv_loop_t loop;
    uv_thread_t thread;
    uv_async_t release, stop;
    struct sw_http_server *server;
    struct sw_http_req *held[HELD_MAX]; /* loop thread only */
    struct sw_http_server_stats stats;  /* copied when it stops */
    int n_held, port;
    atomic_int holding, gone, rc, dropped, closed, logged, status;
    char log_path[64];
};

/* ---- the server's side ---- */

static void on_gone(void *ctx, struct sw_http_req *r)
{
    struct world *w = ctx;
    (void)r;
    atomic_fetch_add(&w->gone, 1);
}

struct delayed {
    uv_timer_t timer;
    struct sw_http_req *r;
    struct world *w;
    char text[64];
};

static void on_delayed_closed(uv_handle_t *h)
{
    sw_free(h->data);
}

static void on_delay(uv_timer_t *t)
{
    struct delayed *d = t->data;
    sw_http_reply(d->r, 200, NULL, d->text, strlen(d->text));
    uv_close((uv_handle_t *)t, on_delayed_closed);
}

static void on_flood(uv_timer_t *t)
{
    static char block[16384];
    struct delayed *d = t->data;
    int rc = sw_http_stream_push(d->r, block, sizeof block);
    if (!rc) return;
    atomic_store(&d->w->dropped, rc);
    sw_http_stream_close(d->r);
    uv_close((uv_handle_t *)t, on_delayed_closed);
}

static void start_timer(struct world *w, struct sw_http_req *r, uv_timer_cb cb, uint64_t ms,
                        uint64_t again)
{
    struct delayed *d = sw_zalloc(sizeof *d);
    const char *text = sw_http_req_query(r, "say");
    d->r = r;
    d->w = w;
    snprintf(d->text, sizeof d->text, "%s", text ? text : "");
    uv_timer_init(&w->loop, &d->timer);
    d->timer.data = d;
    uv_timer_start(&d->timer, cb, ms, again);
}

static void reply_echo(struct sw_http_req *r)
{
    static const struct sw_http_field text[] = {{"content-type", "text/plain"}, {NULL, NULL}};
    const char *q = sw_http_req_query(r, "q"), *h = sw_http_req_header(r, "x-TEST");
    size_t n;
    const char *body = sw_http_req_body(r, &n);
    struct sw_buf b;
    sw_buf_init(&b, 1 << 20);
    sw_buf_printf(&b, "%s %s q=%s h=%s n=%zu last=%c from %s", sw_http_req_method(r),
                  sw_http_req_path(r), q ? q : "-", h ? h : "-", n, n ? body[n - 1] : '-',
                  sw_http_req_peer(r));
    assert_int_equal(sw_http_reply(r, 200, text, b.data, b.len), 0);
    sw_buf_clear(&b);
}

static void reply_stream(struct sw_http_req *r)
{
    assert_int_equal(sw_http_stream_open(r, NULL, 65536), 0);
    sw_http_stream_event(r, "greeting", "hello\nworld", 11);
    sw_http_stream_event(r, NULL, "", 0);
    sw_http_stream_close(r);
}

static void reply_bad_header(struct world *w, struct sw_http_req *r)
{
    static const struct sw_http_field bad[][2] = {
        {{"X-A", "a\r\nSet-Cookie: stolen=1"}, {NULL, NULL}},
        {{"X A", "a"}, {NULL, NULL}},
        {{"X-A\r\nY", "a"}, {NULL, NULL}},
        {{"", "a"}, {NULL, NULL}},
        {{"Content-Length", "7"}, {NULL, NULL}},
        {{"connection", "keep-alive"}, {NULL, NULL}}};
    const char *which = sw_http_req_query(r, "n"); /* 0 to 5 */
    atomic_store(&w->rc, sw_http_reply(r, 200, bad[which[0] - '0'], "ok", 2));
}

static void hold(struct world *w, struct sw_http_req *r)
{
    assert_true(w->n_held < HELD_MAX);
    sw_http_on_gone(r, on_gone, w);
    w->held[w->n_held++] = r;
    atomic_fetch_add(&w->holding, 1);
}

static void on_closed(void *ctx);

static uint64_t late_ms(const struct sw_http_req *r)
{
    const char *ms = sw_http_req_query(r, "ms");
    return ms ? strtoul(ms, NULL, 10) % 100 : 0;
}

static void stop_inside(struct world *w, struct sw_http_req *r)
{
    sw_http_server_close(w->server, on_closed, w);
    atomic_store(&w->rc, sw_http_reply(r, 200, NULL, NULL, 0));
}

static void on_request(void *ctx, struct sw_http_req *r)
{
    static const char big[1 << 20];
    struct world *w = ctx;
    const char *path = sw_http_req_path(r);
    if (!strcmp(path, "/late")) start_timer(w, r, on_delay, late_ms(r), 0);
    else if (!strcmp(path, "/hold")) hold(w, r);
    else if (!strcmp(path, "/stream")) reply_stream(r);
    else if (!strcmp(path, "/bad-header")) reply_bad_header(w, r);
    else if (!strcmp(path, "/big")) sw_http_reply_static(r, 200, NULL, big, sizeof big);
    else if (!strcmp(path, "/stop")) stop_inside(w, r);
    else if (!strcmp(path, "/empty")) sw_http_reply(r, 204, NULL, NULL, 0);
    else if (!strcmp(path, "/problem")) sw_http_problem(r, 404, "Not Found", "no such \"thing\"");
    else if (!strcmp(path, "/flood")) {
        sw_http_stream_open(r, NULL, 256 * 1024);
        start_timer(w, r, on_flood, 0, 1);
    } else if (!strcmp(path, "/open")) {
        sw_http_on_gone(r, on_gone, w);
        sw_http_stream_open(r, NULL, 4096);
        sw_http_stream_event(r, NULL, "first", 5);
        w->held[w->n_held++] = r;
        atomic_fetch_add(&w->holding, 1);
    } else {
        reply_echo(r);
    }
}

static void on_access(void *ctx, const struct sw_http_access *a)
{
    struct world *w = ctx;
    snprintf(w->log_path, sizeof w->log_path, "%s", a->path);
    atomic_store(&w->status, a->status);
    atomic_fetch_add(&w->logged, 1);
}

/* Answer what is held, the youngest first. */
static void on_release(uv_async_t *h)
{
    struct world *w = h->data;
    while (w->n_held) {
        struct sw_http_req *r = w->held[--w->n_held];
        const char *say = sw_http_req_query(r, "say");
        if (!strcmp(sw_http_req_path(r), "/open")) sw_http_stream_close(r);
        else
            atomic_store(&w->rc,
                         sw_http_reply(r, 200, NULL, say ? say : "", say ? strlen(say) : 0));
        atomic_fetch_sub(&w->holding, 1);
    }
}

static void on_closed(void *ctx)
{
    struct world *w = ctx;
    on_release(&w->release); /* what the server answered in the handler's place is still owed */
    uv_close((uv_handle_t *)&w->release, NULL);
    uv_close((uv_handle_t *)&w->stop, NULL);
    atomic_store(&w->closed, 1);
}

static void on_stop(uv_async_t *h)
{
    struct world *w = h->data;
    sw_http_server_stats(w->server, &w->stats);
    sw_http_server_close(w->server, on_closed, w);
}

static void run_loop(void *arg)
{
    struct world *w = arg;
    uv_run(&w->loop, UV_RUN_DEFAULT);
}

static struct world *begin(struct sw_http_server_config c)
{
    struct world *w = sw_zalloc(sizeof *w);
    struct sw_err err = SW_ERR_INIT;
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&w->loop);
    if (!c.listen) c.listen = "127.0.0.1:0";
    c.on_request = on_request;
    c.on_access = on_access;
    c.ctx = w;
    w->server = sw_http_server_new(&w->loop, &c, &err);
    if (!w->server) fail_msg("%s", err.text);
    w->port = sw_http_server_port(w->server);
    uv_async_init(&w->loop, &w->release, on_release);
    uv_async_init(&w->loop, &w->stop, on_stop);
    w->release.data = w->stop.data = w;
    uv_thread_create(&w->thread, run_loop, w);
    return w;
}

static struct world *begin_plain(void)
{
    return begin((struct sw_http_server_config){0});
}

/* Stop, and see that nothing is left on the loop. */
static struct sw_http_server_stats end(struct world *w)
{
    struct sw_http_server_stats stats;
    if (!atomic_load(&w->closed)) uv_async_send(&w->stop);
    uv_thread_join(&w->thread);
    assert_int_equal(atomic_load(&w->closed), 1);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    stats = w->stats;
    sw_free(w);
    return stats;
}

/* ---- the client's side ---- */

static void nap(void)
{
    nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static void wait_for(atomic_int *v, int at_least)
{
    for (int i = 0; i < 10000 && atomic_load(v) < at_least; i++) nap();
    assert_true(atomic_load(v) >= at_least);
}

static int dial_with(int port, int receive_bytes)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval limit = {10, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (receive_bytes) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    return fd;
}

static int dial(struct world *w)
{
    return dial_with(w->port, 0);
}

static void say_bytes(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
        if (k <= 0) return; /* the server closed: what it said decides */
        p += k;
        n -= (size_t)k;
    }
}

static void say(int fd, const char *text)
{
    say_bytes(fd, text, strlen(text));
}

struct answer {
    struct sw_buf all; /* head and body as they came */
    int status;        /* 0: the connection ended without one */
    const char *body;
    size_t n;
};

static const char *head_value(const struct answer *a, const char *name)
{
    static char value[512];
    char key[64];
    const char *at;
    snprintf(key, sizeof key, "\n%s: ", name);
    at = strcasestr(sw_buf_str(&a->all), key);
    if (!at || at > a->body) return NULL;
    at += strlen(key);
    snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r\n"), at);
    return value;
}

/* Read one byte at a time: pipelined answers stay apart. */
static bool read_until(int fd, struct sw_buf *b, const char *what)
{
    char c;
    while (!b->len || !strstr((char *)b->data, what)) {
        if (recv(fd, &c, 1, 0) != 1) return false;
        sw_buf_byte(b, (uint8_t)c);
    }
    return true;
}

static void read_more(int fd, struct sw_buf *b, size_t n)
{
    char part[16384];
    while (n) {
        ssize_t k = recv(fd, part, n < sizeof part ? n : sizeof part, 0);
        if (k <= 0) return;
        sw_buf_put(b, part, (size_t)k);
        n -= (size_t)k;
    }
}

static struct answer hear(int fd, bool head_only)
{
    struct answer a = {0};
    const char *length;
    size_t head;
    sw_buf_init(&a.all, 16 << 20);
    if (!read_until(fd, &a.all, "\r\n\r\n")) return a;
    head = a.all.len;
    a.status = atoi((char *)a.all.data + 9);
    a.body = (char *)a.all.data + head;
    length = head_value(&a, "Content-Length");
    if (head_only || a.status == 204) read_more(fd, &a.all, 0);
    else if (length) read_more(fd, &a.all, strtoul(length, NULL, 10));
    else if (head_value(&a, "Transfer-Encoding")) read_until(fd, &a.all, "\r\n0\r\n\r\n");
    else read_more(fd, &a.all, 15 << 20);
    a.body = (char *)a.all.data + head;
    a.n = a.all.len - head;
    return a;
}

static void drop(struct answer *a)
{
    sw_buf_clear(&a->all);
}

static void hear_text(int fd, int status, const char *body)
{
    struct answer a = hear(fd, false);
    assert_int_equal(a.status, status);
    assert_string_equal(a.body, body);
    drop(&a);
}

static int hear_status(int fd)
{
    struct answer a = hear(fd, false);
    int status = a.status;
    drop(&a);
    return status;
}

static bool is_closed(int fd)
{
    char c;
    ssize_t n = recv(fd, &c, 1, 0);
    return n == 0 || (n < 0 && errno == ECONNRESET);
}

/* ---- tests ---- */

static void a_request_is_seen_decoded_and_answered_with_safe_headers(void **state)
{
    struct world *w = begin_plain();
    int fd = dial(w);
    struct answer a;
    (void)state;
    say(fd,
        "POST /echo/a%20b%2Fc?q=1%2B1+%C3%A4&q=two HTTP/1.1\r\nHost: x\r\nX-Test: yes\r\nContent-Length: 5\r\n\r\nabcde");
    a = hear(fd, false);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "POST /echo/a b/c q=1+1 \xC3\xA4 h=yes n=5 last=e from 127.0.0.1");
    assert_string_equal(head_value(&a, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(head_value(&a, "Cache-Control"), "no-store");
    assert_string_equal(head_value(&a, "X-Frame-Options"), "DENY");
    assert_non_null(strstr(head_value(&a, "Content-Security-Policy"), "default-src 'none'"));
    assert_string_equal(head_value(&a, "content-type"), "text/plain");
    assert_non_null(head_value(&a, "Date"));
    drop(&a);
    close(fd);
    assert_int_equal(end(w).requests, 1);
}

static void one_connection_serves_requests_one_after_another_and_pipelined(void **state)
{
    struct world *w = begin_plain();
    int fd = dial(w);
    (void)state;
    for (int i = 0; i < 3; i++) {
        say(fd, "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
        hear_text(fd, 200, "GET /echo q=- h=- n=0 last=- from 127.0.0.1");
    }
    say(fd,
        "GET /late?ms=40&say=a HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo?q=b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nxy"
        "GET /late?ms=1&say=c HTTP/1.1\r\nHost: x\r\n\r\nGET /empty HTTP/1.1\r\nHost: x\r\n\r\n");
    hear_text(fd, 200, "a");
    hear_text(fd, 200, "POST /echo q=b h=- n=2 last=y from 127.0.0.1");
    hear_text(fd, 200, "c");
    hear_text(fd, 204, "");
    close(fd);
    assert_int_equal(end(w).requests, 7);
}

static void late_answers_find_their_clients_in_any_order(void **state)
{
    struct world *w = begin_plain();
    int fd[20];
    char text[80];
    (void)state;
    for (int i = 0; i < 20; i++) {
        fd[i] = dial(w);
        snprintf(text, sizeof text, "GET /hold?say=%d HTTP/1.1\r\nHost: x\r\n\r\n", i);
        say(fd[i], text);
        wait_for(&w->holding, i + 1);
    }
    uv_async_send(&w->release);
    for (int i = 0; i < 20; i++) {
        snprintf(text, sizeof text, "%d", i);
        hear_text(fd[i], 200, text);
        close(fd[i]);
    }
    assert_int_equal(atomic_load(&w->gone), 0);
    assert_int_equal(end(w).waiting, 0);
}

static void a_hundred_connections_are_served_at_once(void **state)
{
    struct world *w = begin_plain();
    int fd[100];
    (void)state;
    for (int i = 0; i < 100; i++) {
        fd[i] = dial(w);
        say(fd[i], "GET /hold?say=x HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    wait_for(&w->holding, 100);
    uv_async_send(&w->release);
    for (int i = 0; i < 100; i++) hear_text(fd[i], 200, "x");
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 100; i++)
            say(fd[i], "GET /late?ms=2&say=y HTTP/1.1\r\nHost: x\r\n\r\n");
        for (int i = 0; i < 100; i++) hear_text(fd[i], 200, "y");
    }
    for (int i = 0; i < 100; i++) close(fd[i]);
    assert_int_equal(end(w).requests, 600);
}

static void more_connections_than_allowed_wait_for_their_turn(void **state)
{
    struct world *w = begin((struct sw_http_server_config){.max_connections = 2});
    int fd[6];
    (void)state;
    for (int i = 0; i < 6; i++) {
        fd[i] = dial(w);
        say(fd[i], "GET /late?ms=5&say=z HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }
    for (int i = 0; i < 6; i++) {
        hear_text(fd[i], 200, "z");
        close(fd[i]);
    }
    assert_int_equal(end(w).requests, 6);
}

static void slow_heads_in_all_places_make_way_for_whoever_waits(void **state)
{
    struct world *w = begin((struct sw_http_server_config){.max_connections = 3});
    int slow[3], fd;
    (void)state;
    for (int i = 0; i < 3; i++) {
        slow[i] = dial(w);
        say(slow[i], "GET /echo HTTP/1.1\r\nX: ");
    }
    fd = dial(w);
    say(fd, "GET /late?ms=1&say=in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    hear_text(fd, 200, "in"); /* within the ten seconds of dial(), not the thirty of a head */
    close(fd);
    for (int i = 0; i < 3; i++) close(slow[i]);
    assert_int_equal(end(w).requests, 1);
}

static void a_body_over_the_cap_is_refused_before_the_handler(void **state)
{
    static const char *const heads[] = {
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"};
    struct world *w = begin((struct sw_http_server_config){.max_body_bytes = 1000});
    char body[1001];
    (void)state;
    memset(body, 'b', sizeof body);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        int fd = dial(w);
        say(fd, heads[i]);
        if (i != 1) say_bytes(fd, body, sizeof body);
        assert_int_equal(hear_status(fd), 413);
        assert_true(is_closed(fd));
        close(fd);
    }
    int fd = dial(w);
    say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n");
    say_bytes(fd, body, 1000);
    say(fd, "\r\n0\r\n\r\n");
    hear_text(fd, 200, "POST /echo q=- h=- n=1000 last=b from 127.0.0.1");
    close(fd);
    assert_int_equal(end(w).requests, 1);
}

static void a_client_that_asks_first_is_told_to_continue(void **state)
{
    struct world *w = begin_plain();
    int fd = dial(w);
    (void)state;
    say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    struct answer a = hear(fd, true);
    assert_int_equal(a.status, 100);
    drop(&a);
    say(fd, "abc");
    hear_text(fd, 200, "POST /echo q=- h=- n=3 last=c from 127.0.0.1");
    close(fd);
    end(w);
}

static void what_is_malformed_is_refused_before_the_handler(void **state)
{
    static const struct {
        const char *text;
        size_t n; /* 0: its length */
        int status;
    } table[] = {
        {"GET /a/../b HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
        {"GET /a/%2e%2E/b HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
        {"GET /..%2fetc HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
        {"GET /. HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
        {"GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
        {"GET /a%0d%0ab HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
        {"GET /a%5c..%5cb HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
        {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
        {"GET /%4 HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
        {"GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
        {"GET /a?q=%00 HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
        {"GET /a?q=%f HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
        {"GET a HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
        {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
        {"BREW /echo HTTP/1.1\r\nHost: x\r\n\r\n", 0, 501},
        {"GET /echo HTTP/1.1\r\n\r\n", 0, 400},
        {"GET /echo HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 0, 400},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", 0,
         400},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         0, 400},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 0, 400},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 0, 400},
        {"GET /echo HTTP/1.1\r\nHost: x\r\nX-Test: a\001b\r\n\r\n", 0, 400},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0,
         400},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\ncontent-length: 2\r\n\r\nab", 0,
         400},
        {"GET /echo HTTP/7.1\r\nHost: x\r\n\r\n", 0, 0},
        {"\026\003\001\002\000\001\000\001\374\003\003\r\n\r\n", 15, 0},
    };
    struct world *w = begin_plain();
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int fd = dial(w), status;
        say_bytes(fd, table[i].text, table[i].n ? table[i].n : strlen(table[i].text));
        shutdown(fd, SHUT_WR);
        status = hear_status(fd);
        if (table[i].status ? status != table[i].status : status && status < 400)
            fail_msg("row %zu: %d instead of %d", i, status, table[i].status);
        close(fd);
    }
    assert_int_equal(end(w).requests, 0);
}

static void heads_that_are_too_long_are_refused(void **state)
{
    struct world *w = begin_plain();
    struct sw_buf b;
    (void)state;
    sw_buf_init(&b, 1 << 20);
    for (int i = 0; i < 3; i++) {
        int fd = dial(w), status;
        sw_buf_reset(&b);
        sw_buf_puts(&b, "GET /");
        for (int k = 0; i == 0 && k < 5000; k++) sw_buf_byte(&b, 'p');
        sw_buf_puts(&b, " HTTP/1.1\r\nHost: x\r\n");
        for (int k = 0; i == 1 && k < 200; k++) sw_buf_puts(&b, "A: b\r\n");
        sw_buf_puts(&b, "C: ");
        for (int k = 0; i == 2 && k < 60000; k++) sw_buf_byte(&b, 'p');
        sw_buf_puts(&b, "\r\n\r\n");
        say_bytes(fd, (char *)b.data, b.len);
        status = hear_status(fd);
        assert_int_equal(status, i == 0 ? 414 : 431);
        close(fd);
    }
    sw_buf_clear(&b);
    assert_int_equal(end(w).requests, 0);
}

static void a_head_that_trickles_in_is_cut_off_in_spite_of_its_bytes(void **state)
{
    struct world *w = begin((struct sw_http_server_config){.idle_ms = 200});
    int fd = dial(w), quiet = dial(w), used = dial(w), n = 0;
    (void)state;
    say(fd, "GET /echo HTTP/1.1\r\n");
    while (n < 5000 && send(fd, "X: y\r\n", 6, MSG_NOSIGNAL) == 6 && atomic_load(&w->logged) == 0) {
        nap();
        n++;
    }
    assert_true(n < 5000);
    assert_int_equal(hear_status(fd), 408);
    assert_true(is_closed(quiet)); /* said nothing: no reason is given */
    say(used, "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    close(fd);
    close(quiet);
    close(used);
    end(w);
}

static void an_end_that_comes_with_the_last_bytes_is_noticed(void **state)
{
    static const char *const text[] = {
        "GET /ec", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na"};
    struct world *w = begin_plain(); /* idle connections may stay for half a minute */
    (void)state;
    for (int i = 0; i < 6; i++) {
        int fd = dial(w);
        say(fd, text[i % 2]);
        shutdown(fd, SHUT_WR);
        assert_true(is_closed(fd));
        close(fd);
    }
    end(w);
}

static void a_body_that_trickles_in_is_answered_408(void **state)
{
    struct world *w = begin((struct sw_http_server_config){.idle_ms = 150});
    int fd = dial(w);
    (void)state;
    say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 5000 && !atomic_load(&w->logged) && send(fd, "b", 1, MSG_NOSIGNAL) == 1;
         i++) {
        nap();
        if (recv(fd, &(char){0}, 1, MSG_PEEK | MSG_DONTWAIT) > 0) break;
    }
    assert_int_equal(hear_status(fd), 408);
    close(fd);
    assert_int_equal(end(w).requests, 0);
}

static void headers_that_would_split_a_reply_become_an_error(void **state)
{
    struct world *w = begin_plain();
    int fd = dial(w);
    char text[80];
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct answer a;
        snprintf(text, sizeof text, "GET /bad-header?n=%d HTTP/1.1\r\nHost: x\r\n\r\n", i);
        say(fd, text);
        a = hear(fd, false);
        assert_int_equal(a.status, 500);
        assert_null(strstr(sw_buf_str(&a.all), "stolen"));
        assert_int_equal(atomic_load(&w->rc), SW_E_BAD);
        drop(&a);
    }
    close(fd);
    end(w);
}

static void problems_are_json_and_head_sends_no_body(void **state)
{
    struct world *w = begin_plain();
    int fd = dial(w);
    struct answer a;
    (void)state;
    say(fd, "GET /problem HTTP/1.1\r\nHost: x\r\n\r\n");
    a = hear(fd, false);
    assert_int_equal(a.status, 404);
    assert_string_equal(head_value(&a, "Content-Type"), "application/problem+json");
    assert_string_equal(
        a.body,
        "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"detail\":\"no such \\\"thing\\\"\"}");
    drop(&a);
    say(fd, "HEAD /big HTTP/1.1\r\nHost: x\r\n\r\nHEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    a = hear(fd, true);
    assert_int_equal(a.status, 200);
    assert_string_equal(head_value(&a, "Content-Length"), "1048576");
    drop(&a);
    a = hear(fd, true);
    assert_int_equal(a.status, 200);
    drop(&a);
    say(fd, "GET /big HTTP/1.0\r\n\r\n");
    a = hear(fd, false);
    assert_int_equal(a.n, 1 << 20);
    drop(&a);
    assert_true(is_closed(fd)); /* 1.0 */
    close(fd);
    end(w);
}

static void an_answer_to_a_client_that_has_gone_goes_nowhere(void **state)
{
    struct world *w = begin_plain();
    (void)state;
    for (int i = 0; i < 4; i++) {
        int fd = dial(w);
        say(fd, "GET /hold?say=x HTTP/1.1\r\nHost: x\r\n\r\n");
        wait_for(&w->holding, i + 1);
        if (i % 2)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
        close(fd);
    }
    wait_for(&w->gone, 4);
    assert_int_equal(atomic_load(&w->status), 499);
    uv_async_send(&w->release);
    for (int i = 0; i < 5000 && atomic_load(&w->holding); i++) nap();
    assert_int_equal(atomic_load(&w->rc), SW_E_NOTFOUND);
    assert_int_equal(end(w).gone, 4);
}

static void events_arrive_as_they_are_pushed_and_the_stream_ends(void **state)
{
    struct world *w = begin_plain();
    int fd = dial(w);
    struct answer a;
    (void)state;
    say(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\nGET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    a = hear(fd, false);
    assert_int_equal(a.status, 200);
    assert_string_equal(head_value(&a, "Content-Type"), "text/event-stream");
    assert_non_null(strstr(a.body, "event: greeting\ndata: hello\ndata: world\n\ndata: \n\n"));
    drop(&a);
    assert_int_equal(hear_status(fd), 200);
    close(fd);
    end(w);
}

static void a_streams_client_that_leaves_is_noticed(void **state)
{
    struct world *w = begin_plain();
    int fd = dial(w);
    struct sw_buf b;
    (void)state;
    sw_buf_init(&b, 65536);
    say(fd, "GET /open HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(read_until(fd, &b, "data: first\n\n"));
    sw_buf_clear(&b);
    close(fd);
    wait_for(&w->gone, 1);
    assert_int_equal(end(w).streams, 0);
}

static void a_reader_that_does_not_read_is_dropped(void **state)
{
    struct world *w = begin_plain();
    int fd = dial_with(w->port, 4096), other = dial(w);
    (void)state;
    say(fd, "GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
    say(other, "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(hear_status(other), 200); /* nobody else waits for it */
    for (int i = 0; i < 10000 && !atomic_load(&w->dropped); i++) nap();
    assert_int_equal(atomic_load(&w->dropped), SW_E_LIMIT);
    close(fd);
    close(other);
    end(w);
}

static void closing_answers_503_to_whoever_waits_and_ends(void **state)
{
    struct world *w = begin_plain();
    int held = dial(w), stream = dial(w), half = dial(w), idle = dial(w), part = dial(w);
    struct answer a;
    (void)state;
    say(half, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    say(part, "GET /ec");
    say(idle, "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(hear_status(idle), 200);
    say(held, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    say(stream, "GET /open HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&w->holding, 2);
    uv_async_send(&w->stop);
    assert_int_equal(hear_status(held), 503);
    assert_true(is_closed(held));
    a = hear(stream, false);
    assert_non_null(strstr(a.body, "data: first\n\n"));
    assert_non_null(strstr(a.body, "\r\n0\r\n\r\n"));
    drop(&a);
    assert_true(is_closed(stream));
    assert_int_equal(hear_status(half), 503);
    assert_true(is_closed(idle));
    assert_true(is_closed(part));
    wait_for(&w->gone, 2);
    close(held), close(stream), close(half), close(idle), close(part);
    wait_for(&w->closed, 1);
    end(w);
}

static void closing_does_not_wait_for_a_reader_that_does_not_read(void **state)
{
    struct world *w = begin_plain();
    int fd[8];
    (void)state;
    for (int i = 0; i < 8; i++) {
        fd[i] = dial_with(w->port, 4096);
        for (int k = 0; k < 8; k++) say(fd[i], "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    for (int i = 0; i < 8; i++) assert_int_equal(recv(fd[i], &(char){0}, 1, 0), 1);
    uv_async_send(&w->stop);
    wait_for(&w->closed, 1);
    for (int i = 0; i < 8; i++) close(fd[i]);
    end(w);
}

static void a_handler_may_close_the_server(void **state)
{
    struct world *w = begin_plain();
    int fd = dial(w);
    (void)state;
    say(fd, "GET /stop HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(hear_status(fd), 503);
    assert_true(is_closed(fd));
    close(fd);
    wait_for(&w->closed, 1);
    end(w);
}

static unsigned next_random(unsigned *seed)
{
    return (*seed = *seed * 1664525u + 1013904223u) >> 8;
}

static void no_bytes_upset_the_server(void **state)
{
    static const char *const seeds[] = {
        "GET /echo?q=1&b=%41 HTTP/1.1\r\nHost: x\r\nX-Test: a\r\n\r\nGET /late?ms=0&say=b HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
        "HEAD /stream HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n"};
    static const char odd[] = "\r\n\0 %:;,/?.&=+0\377\200A";
    struct world *w = begin((struct sw_http_server_config){.idle_ms = 40});
    unsigned seed = 7;
    (void)state;
    for (int round = 0; round < 600; round++) {
        char text[512];
        const char *from = seeds[(unsigned)round % 3];
        size_t n = strlen(from);
        int fd = dial(w);
        memcpy(text, from, n);
        for (unsigned k = next_random(&seed) % 6; k-- > 0;) {
            char c = odd[next_random(&seed) % (sizeof odd - 1)];
            text[next_random(&seed) % n] = c;
        }
        if (round % 5 == 0) n = next_random(&seed) % n;
        say_bytes(fd, text, n);
        shutdown(fd, SHUT_WR);
        while (recv(fd, text, sizeof text, 0) > 0) continue;
        close(fd);
    }
    int fd = dial(w);
    say(fd, "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(hear_status(fd), 200);
    close(fd);
    end(w);
}

static void a_server_nobody_talks_to_closes_at_once(void **state)
{
    (void)state;
    end(begin_plain());
}

static void it_serves_ipv6(void **state)
{
    struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sw_http_server_config c = {.listen = "[::1]:0"};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)state;
    if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof sa)) {
        print_message("no IPv6 here: skipped\n");
        if (fd >= 0) close(fd);
        skip();
    }
    close(fd);
    struct world *w = begin(c);
    fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sa.sin6_port = htons((uint16_t)w->port);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    say(fd, "GET http://proxied.example/echo HTTP/1.1\r\nHost: x\r\n\r\n");
    hear_text(fd, 200, "GET /echo q=- h=- n=0 last=- from ::1");
    close(fd);
    end(w);
}

static void an_address_that_cannot_be_had_gives_one_sentence(void **state)
{
    static const struct {
        const char *listen;
        int code;
    } table[] = {{"", SW_E_BAD},
                 {"8787", SW_E_BAD},
                 {":8787", SW_E_BAD},
                 {"127.0.0.1", SW_E_BAD},
                 {"127.0.0.1:", SW_E_BAD},
                 {"127.0.0.1:65536", SW_E_BAD},
                 {"127.0.0.1:1x", SW_E_BAD},
                 {"::1:80", SW_E_BAD},
                 {"[::1:80", SW_E_BAD},
                 {"[127.0.0.1]:80", SW_E_BAD},
                 {"example.org:80", SW_E_BAD},
                 {"203.0.113.7:0", SW_E_IO}};
    struct world *w = begin_plain();
    struct sw_http_server_config c = {.on_request = on_request};
    struct sw_err err = SW_ERR_INIT;
    char taken[40];
    uv_loop_t loop;
    (void)state;
    uv_loop_init(&loop);
    snprintf(taken, sizeof taken, "127.0.0.1:%d", w->port);
    c.listen = taken;
    assert_null(sw_http_server_new(&loop, &c, &err));
    assert_int_equal(err.code, SW_E_BUSY);
    assert_non_null(strstr(err.text, taken));
    assert_non_null(strstr(err.text, "already in use"));
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        sw_err_clear(&err);
        c.listen = table[i].listen;
        assert_null(sw_http_server_new(&loop, &c, &err));
        if (err.code != table[i].code) fail_msg("%s: %d, %s", c.listen, err.code, err.text);
    }
    assert_int_equal(uv_loop_close(&loop), 0);
    end(w);
}

static void the_log_names_the_path_without_its_query(void **state)
{
    struct world *w = begin_plain();
    int fd = dial(w);
    (void)state;
    say(fd, "GET /echo?q=secret HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(hear_status(fd), 200);
    wait_for(&w->logged, 1);
    assert_int_equal(atomic_load(&w->status), 200);
    assert_string_equal(w->log_path, "/echo");
    close(fd);
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_seen_decoded_and_answered_with_safe_headers),
        cmocka_unit_test(one_connection_serves_requests_one_after_another_and_pipelined),
        cmocka_unit_test(late_answers_find_their_clients_in_any_order),
        cmocka_unit_test(a_hundred_connections_are_served_at_once),
        cmocka_unit_test(more_connections_than_allowed_wait_for_their_turn),
        cmocka_unit_test(slow_heads_in_all_places_make_way_for_whoever_waits),
        cmocka_unit_test(a_body_over_the_cap_is_refused_before_the_handler),
        cmocka_unit_test(a_client_that_asks_first_is_told_to_continue),
        cmocka_unit_test(what_is_malformed_is_refused_before_the_handler),
        cmocka_unit_test(heads_that_are_too_long_are_refused),
        cmocka_unit_test(a_head_that_trickles_in_is_cut_off_in_spite_of_its_bytes),
        cmocka_unit_test(an_end_that_comes_with_the_last_bytes_is_noticed),
        cmocka_unit_test(a_body_that_trickles_in_is_answered_408),
        cmocka_unit_test(headers_that_would_split_a_reply_become_an_error),
        cmocka_unit_test(problems_are_json_and_head_sends_no_body),
        cmocka_unit_test(an_answer_to_a_client_that_has_gone_goes_nowhere),
        cmocka_unit_test(events_arrive_as_they_are_pushed_and_the_stream_ends),
        cmocka_unit_test(a_streams_client_that_leaves_is_noticed),
        cmocka_unit_test(a_reader_that_does_not_read_is_dropped),
        cmocka_unit_test(closing_answers_503_to_whoever_waits_and_ends),
        cmocka_unit_test(closing_does_not_wait_for_a_reader_that_does_not_read),
        cmocka_unit_test(a_handler_may_close_the_server),
        cmocka_unit_test(no_bytes_upset_the_server),
        cmocka_unit_test(a_server_nobody_talks_to_closes_at_once),
        cmocka_unit_test(it_serves_ipv6),
        cmocka_unit_test(an_address_that_cannot_be_had_gives_one_sentence),
        cmocka_unit_test(the_log_names_the_path_without_its_query),
    };
    return cmocka_run_group_tests_name("http_server", tests, NULL, NULL);
}
