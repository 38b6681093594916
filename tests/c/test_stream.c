/* SPDX-License-Identifier: MIT
 * Streams against a small server on loopback that does what the first line asks for. */
#include "base/alloc.h"
#include "base/clock.h"
#include "net/stream.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include <uv.h>

/* ---- the server ---- */

static int listener, accepted;
static uint16_t port;
static pthread_t server;

static void echo(int fd)
{
    char buf[65536];
    ssize_t n;
    while ((n = recv(fd, buf, sizeof buf, 0)) > 0)
        for (ssize_t at = 0, k; at < n; at += k)
            if ((k = send(fd, buf + at, (size_t)(n - at), MSG_NOSIGNAL)) <= 0) return;
}

static void drain(int fd)
{
    char buf[4096];
    while (recv(fd, buf, sizeof buf, 0) > 0) continue;
}

static void *talk(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char word[16] = "";
    size_t n = 0;
    while (n < sizeof word - 1 && recv(fd, word + n, 1, 0) == 1 && word[n] != '\n') n++;
    word[n] = 0;
    if (strcmp(word, "echo") == 0) {
        echo(fd);
    } else if (strcmp(word, "split") == 0) {
        send(fd, "he", 2, MSG_NOSIGNAL);
        usleep(30000);
        send(fd, "llo you", 7, MSG_NOSIGNAL);
        drain(fd);
    } else if (strcmp(word, "half") == 0) {
        send(fd, "ha", 2, MSG_NOSIGNAL);
    } else if (strcmp(word, "stall") == 0) {
        usleep(1500000);
    } else {
        drain(fd);
    }
    close(fd);
    return NULL;
}

static void *serve(void *arg)
{
    int fd;
    (void)arg;
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        pthread_t t;
        __atomic_add_fetch(&accepted, 1, __ATOMIC_SEQ_CST);
        pthread_create(&t, NULL, talk, (void *)(intptr_t)fd);
        pthread_detach(t);
    }
    return NULL;
}

static int start_server(void **state)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    (void)state;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&a, n) || listen(listener, 64)) return -1;
    getsockname(listener, (struct sockaddr *)&a, &n);
    port = ntohs(a.sin_port);
    return pthread_create(&server, NULL, serve, NULL);
}

static int stop_server(void **state)
{
    (void)state;
    shutdown(listener, SHUT_RDWR);
    pthread_join(server, NULL);
    return close(listener);
}

/* ---- the fixture ---- */

static uv_loop_t loop;

struct got {
    int dones;
    enum sw_http_code code;
    char error[480];
    struct sw_stream *close_in_done;
};

static void on_done(void *ctx, enum sw_http_code code, const char *error)
{
    struct got *g = ctx;
    g->dones++;
    g->code = code;
    snprintf(g->error, sizeof g->error, "%s", error);
    if (!g->close_in_done) return;
    sw_stream_close(g->close_in_done);
    for (int i = 0; i < 3; i++) uv_run(&loop, UV_RUN_NOWAIT); /* as a task that waits in place does */
}

static void wait_for(struct got *g)
{
    while (!g->dones) uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(g->dones, 1);
}

static int set_up(void **state)
{
    (void)state;
    return uv_loop_init(&loop);
}

static int tear_down(void **state)
{
    (void)state;
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

static struct got open_at(struct sw_stream **s, const char *url, bool administrator)
{
    struct got g = {0};
    struct sw_origin o = {0};
    struct sw_stream_request q = {.url = url, .timeout_ms = 3000};
    bool known = sw_stream_origin(url, &o, NULL) == SW_OK;
    q.allowed = q.local = &o;
    q.n_allowed = known;
    q.n_local = known && administrator;
    *s = sw_stream_open(&loop, &q, &(struct sw_stream_on){on_done, &g});
    assert_int_equal(g.dones, 0);
    wait_for(&g);
    return g;
}

static struct got send_bytes(struct sw_stream *s, const void *p, size_t n, long timeout_ms)
{
    struct got g = {0};
    sw_stream_send(s, p, n, timeout_ms, &(struct sw_stream_on){on_done, &g});
    assert_int_equal(g.dones, 0);
    wait_for(&g);
    return g;
}

static struct got receive(struct sw_stream *s, size_t n, long timeout_ms)
{
    struct got g = {0};
    sw_stream_recv(s, n, timeout_ms, &(struct sw_stream_on){on_done, &g});
    assert_int_equal(g.dones, 0);
    wait_for(&g);
    return g;
}

static struct sw_stream *opened(const char *word)
{
    struct sw_stream *s;
    char url[64];
    struct got g;
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
    g = open_at(&s, url, true);
    if (g.code != SW_HTTP_OK) fail_msg("%s", g.error);
    g = send_bytes(s, word, strlen(word), 1000);
    assert_int_equal(g.code, SW_HTTP_OK);
    return s;
}

/* ---- what holds ---- */

static void bytes_go_out_and_come_back(void **state)
{
    struct sw_stream *s = opened("echo\n");
    uint8_t *out = sw_alloc(SW_STREAM_MAX), *in = sw_alloc(SW_STREAM_MAX);
    struct got sent = {0}, there = {0};
    (void)state;
    for (size_t i = 0; i < SW_STREAM_MAX; i++) out[i] = (uint8_t)(i * 7 + i / 256);
    for (int round = 0; round < 3; round++) { /* both ways at once: the echo waits for nobody */
        sent.dones = there.dones = 0;
        sw_stream_send(s, out, SW_STREAM_MAX, 5000, &(struct sw_stream_on){on_done, &sent});
        sw_stream_recv(s, SW_STREAM_MAX, 5000, &(struct sw_stream_on){on_done, &there});
        wait_for(&sent);
        wait_for(&there);
        assert_int_equal(sent.code, SW_HTTP_OK);
        assert_int_equal(there.code, SW_HTTP_OK);
        assert_int_equal(sw_stream_take(s, in, SW_STREAM_MAX), SW_STREAM_MAX);
        assert_memory_equal(in, out, SW_STREAM_MAX);
    }
    assert_int_equal(sw_stream_available(s), 0);
    sw_stream_close(s);
    sw_free(out);
    sw_free(in);
}

static void a_receive_waits_for_as_many_bytes_as_it_asked_for(void **state)
{
    struct sw_stream *s = opened("split\n");
    char text[16] = "";
    (void)state;
    assert_int_equal(receive(s, 5, 1000).code, SW_HTTP_OK);
    assert_true(sw_stream_available(s) >= 5);
    assert_int_equal(receive(s, 9, 1000).code, SW_HTTP_OK);
    assert_int_equal(sw_stream_take(s, text, 5), 5);
    assert_string_equal(text, "hello");
    assert_int_equal(receive(s, 4, 1000).code, SW_HTTP_OK); /* is there already */
    sw_stream_close(s);
}

static void a_late_answer_is_a_timeout_that_costs_nothing(void **state)
{
    struct sw_stream *s = opened("split\n");
    struct got g;
    int64_t from = sw_mono_ms();
    (void)state;
    g = receive(s, 50, 120);
    assert_int_equal(g.code, SW_HTTP_TIMEOUT);
    assert_non_null(strstr(g.error, "in time"));
    assert_in_range(sw_mono_ms() - from, 110, 1000);
    assert_int_equal(sw_stream_available(s), 9);
    assert_int_equal(receive(s, 9, 1000).code, SW_HTTP_OK);
    sw_stream_close(s);
}

static void an_end_in_the_middle_is_told_and_stays(void **state)
{
    struct sw_stream *s = opened("half\n");
    struct got g;
    (void)state;
    for (int i = 0; i < 2; i++) {
        g = receive(s, 4, 1000);
        assert_int_equal(g.code, SW_HTTP_NETWORK);
        assert_non_null(strstr(g.error, "closed the connection"));
    }
    assert_int_equal(send_bytes(s, "x", 1, 1000).code, SW_HTTP_NETWORK);
    assert_int_equal(sw_stream_available(s), 2); /* what came is not lost */
    sw_stream_close(s);
}

static void who_takes_nothing_ends_a_send_in_time(void **state)
{
    struct sw_stream *s = opened("stall\n");
    uint8_t *out = sw_zalloc(SW_STREAM_MAX);
    struct got g;
    int64_t from = sw_mono_ms();
    (void)state;
    do g = send_bytes(s, out, SW_STREAM_MAX, 150);
    while (g.code == SW_HTTP_OK && sw_mono_ms() - from < 1400);
    assert_int_equal(g.code, SW_HTTP_TIMEOUT);
    assert_int_equal(send_bytes(s, "x", 1, 100).code, SW_HTTP_TIMEOUT); /* half a message is out */
    sw_stream_close(s);
    sw_free(out);
}

static void more_than_the_cap_is_refused(void **state)
{
    struct sw_stream *s = opened("echo\n");
    (void)state;
    assert_int_equal(receive(s, SW_STREAM_MAX + 1, 100).code, SW_HTTP_TOO_LARGE);
    sw_stream_close(s);
}

static void the_guard_stands_before_streams_too(void **state)
{
    static const struct { const char *url, *why; enum sw_http_code code; } table[] = {
        {"tcp://127.0.0.1:%u", "is a loopback address", SW_HTTP_REFUSED}, {"tls://localhost:%u", "is a loopback address", SW_HTTP_REFUSED},
        {"tcp://[::1]:%u", "is a loopback address", SW_HTTP_REFUSED}, {"tcp://10.0.0.1:%u", "is a private address", SW_HTTP_REFUSED},
        {"tcp://[::ffff:127.0.0.1]:%u", "is a loopback address", SW_HTTP_REFUSED}, {"tcp://169.254.169.254:%u", "is a link-local", SW_HTTP_REFUSED},
        {"tcp://2130706433:%u", "", SW_HTTP_REFUSED}, {"tcp://127.1:%u", "", SW_HTTP_REFUSED}, {"tcp://0x7f000001:%u", "", SW_HTTP_REFUSED},
        {"http://127.0.0.1:%u", "only tcp and tls", SW_HTTP_BAD_URL}, {"unix:///tmp/x%u", "names no host", SW_HTTP_BAD_URL},
        {"file://x/%u", "cannot be read", SW_HTTP_BAD_URL}, {"tcp://u:p@127.0.0.1:%u", "user or password", SW_HTTP_BAD_URL},
        {"tcp://127.0.0.1:%u/x", "only host and port", SW_HTTP_BAD_URL}, {"tcp://127.0.0.1:%u?x", "only host and port", SW_HTTP_BAD_URL},
        {"tcp://a.example/%u", "port", SW_HTTP_BAD_URL}, {"", "empty", SW_HTTP_BAD_URL}, {"tcp://a.example:%u0000", "", SW_HTTP_BAD_URL},
    };
    struct sw_stream *echoes = opened("echo\n"); /* once it answers, all before it are counted */
    int before;
    (void)state;
    send_bytes(echoes, "x", 1, 1000);
    assert_int_equal(receive(echoes, 1, 1000).code, SW_HTTP_OK);
    sw_stream_close(echoes);
    before = __atomic_load_n(&accepted, __ATOMIC_SEQ_CST);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sw_stream *s;
        char url[96];
        struct got g;
        snprintf(url, sizeof url, table[i].url, port);
        g = open_at(&s, url, false);
        if ((g.code != table[i].code && table[i].why[0]) || g.code == SW_HTTP_OK || !strstr(g.error, table[i].why) || strlen(g.error) < 10)
            fail_msg("%s: %s %s", url, sw_http_code_name(g.code), g.error);
        assert_int_equal(receive(s, 1, 100).code, g.code); /* and so it stays */
        sw_stream_close(s);
    }
    assert_int_equal(__atomic_load_n(&accepted, __ATOMIC_SEQ_CST), before);
}

static void a_place_that_is_not_listed_is_refused(void **state)
{
    struct got g = {0};
    struct sw_origin o;
    char url[64];
    struct sw_stream_request q = {.url = url, .local = &o, .n_local = 1};
    struct sw_stream *s;
    (void)state;
    snprintf(url, sizeof url, "tls://127.0.0.1:%u", port);
    assert_int_equal(sw_stream_origin(url, &o, NULL), SW_OK);
    memcpy(url, "tcp", 3); /* the same place without encryption is another one */
    s = sw_stream_open(&loop, &q, &(struct sw_stream_on){on_done, &g});
    wait_for(&g);
    assert_int_equal(g.code, SW_HTTP_REFUSED);
    assert_non_null(strstr(g.error, "not among the places"));
    sw_stream_close(s);
}

static void nobody_there_is_a_network_error_and_plain_bytes_are_no_tls(void **state)
{
    struct sw_stream *s;
    char url[64];
    struct got g = open_at(&s, "tcp://127.0.0.1:1", true);
    (void)state;
    assert_int_equal(g.code, SW_HTTP_NETWORK);
    assert_non_null(strstr(g.error, "tcp://127.0.0.1:1: no connection"));
    sw_stream_close(s);
    snprintf(url, sizeof url, "tls://127.0.0.1:%u", port);
    g = open_at(&s, url, true);
    assert_true(g.code == SW_HTTP_TIMEOUT || g.code == SW_HTTP_TLS || g.code == SW_HTTP_NETWORK);
    assert_non_null(strstr(g.error, "tls://127.0.0.1"));
    sw_stream_close(s);
}

static void closing_and_cancelling_work_at_every_moment(void **state)
{
    struct got g = {0}, r = {0};
    struct sw_origin o;
    char url[64];
    struct sw_stream_request q = {.url = url, .local = &o, .n_local = 1};
    struct sw_stream *s;
    (void)state;
    snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
    assert_int_equal(sw_stream_origin(url, &o, NULL), SW_OK);
    s = sw_stream_open(&loop, &q, &(struct sw_stream_on){on_done, &g});
    sw_stream_close(s); /* before it is connected */
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(g.dones, 0);
    s = sw_stream_open(&loop, &q, &(struct sw_stream_on){on_done, &g});
    sw_stream_cancel(s);
    wait_for(&g);
    assert_int_equal(g.code, SW_HTTP_CANCELLED);
    sw_stream_close(s);
    s = opened("silent\n");
    r.close_in_done = s;
    sw_stream_recv(s, 1, 5000, &(struct sw_stream_on){on_done, &r});
    for (int i = 0; i < 5; i++) uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(r.dones, 0);
    sw_stream_cancel(s);
    wait_for(&r);
    assert_int_equal(r.code, SW_HTTP_CANCELLED);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(bytes_go_out_and_come_back),
        T(a_receive_waits_for_as_many_bytes_as_it_asked_for),
        T(a_late_answer_is_a_timeout_that_costs_nothing),
        T(an_end_in_the_middle_is_told_and_stays),
        T(who_takes_nothing_ends_a_send_in_time),
        T(more_than_the_cap_is_refused),
        T(the_guard_stands_before_streams_too),
        T(a_place_that_is_not_listed_is_refused),
        T(nobody_there_is_a_network_error_and_plain_bytes_are_no_tls),
        T(closing_and_cancelling_work_at_every_moment),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("stream", tests, start_server, stop_server);
}
