/* SPDX-License-Identifier: MIT
 * A name whose answer changes. The resolver and connect() are this file's own: libcurl asks ours, and a
 * public address leads to a small server on loopback, so that nothing leaves the machine. What counts
 * is the address that is connected to, whenever and whatever the resolver was asked. */
#include "base/alloc.h"
#include "net/http_client.h"
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include <uv.h>

#define PUBLIC "93.184.215.14"

static struct {
    const char *answers[4][3];  /* per question: addresses; the last answer stays */
    int asked, connected;       /* connected: to whatever but the stand-in of PUBLIC */
    uint16_t port;
} world;

static struct addrinfo *address(const char *text, struct addrinfo *next)
{
    struct addrinfo *a = calloc(1, sizeof *a + sizeof(struct sockaddr_in6));
    struct sockaddr_in *in = (struct sockaddr_in *)(a + 1);
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(a + 1);
    bool v6 = strchr(text, ':') != NULL;
    a->ai_family = v6 ? AF_INET6 : AF_INET;
    a->ai_socktype = SOCK_STREAM;
    a->ai_protocol = IPPROTO_TCP;
    a->ai_addrlen = v6 ? sizeof *in6 : sizeof *in;
    a->ai_addr = (struct sockaddr *)in;
    a->ai_addr->sa_family = (sa_family_t)a->ai_family;
    in->sin_port = htons(world.port); /* at the same place in both */
    inet_pton(a->ai_family, text, v6 ? (void *)&in6->sin6_addr : (void *)&in->sin_addr);
    a->ai_next = next;
    return a;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    int n = world.asked++;
    (void)node, (void)service, (void)hints;
    *out = NULL;
    while (n > 0 && (n > 3 || !world.answers[n][0])) n--;
    for (int i = 2; i >= 0; i--)
        if (world.answers[n][i]) *out = address(world.answers[n][i], *out);
    return *out ? 0 : EAI_NONAME;
}

void freeaddrinfo(struct addrinfo *a)
{
    while (a) {
        struct addrinfo *next = a->ai_next;
        free(a);
        a = next;
    }
}

/* The stand-in keeps its part: asked who it is, it is the public address. */
int getpeername(int fd, struct sockaddr *to, socklen_t *n)
{
    int (*really)(int, struct sockaddr *, socklen_t *) = (int (*)(int, struct sockaddr *, socklen_t *))(uintptr_t)dlsym(RTLD_NEXT, "getpeername");
    int rc = really(fd, to, n);
    struct sockaddr_in *in = (struct sockaddr_in *)to;
    if (rc == 0 && to->sa_family == AF_INET && in->sin_port == htons(world.port)) in->sin_addr.s_addr = inet_addr(PUBLIC);
    return rc;
}

int connect(int fd, const struct sockaddr *to, socklen_t n)
{
    int (*really)(int, const struct sockaddr *, socklen_t) = (int (*)(int, const struct sockaddr *, socklen_t))(uintptr_t)dlsym(RTLD_NEXT, "connect");
    struct sockaddr_in in;
    if (to->sa_family == AF_INET || to->sa_family == AF_INET6) {
        memcpy(&in, to, sizeof in);
        if (to->sa_family == AF_INET && in.sin_addr.s_addr == inet_addr(PUBLIC)) {
            in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            return really(fd, (struct sockaddr *)&in, sizeof in);
        }
        world.connected++;
    }
    return really(fd, to, n);
}

static void *serve(void *arg)
{
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    int listener = *(int *)arg, fd;
    char request[4096];
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        if (recv(fd, request, sizeof request, 0) > 0) send(fd, reply, sizeof reply - 1, MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
        while (recv(fd, request, sizeof request, 0) > 0) continue;
        close(fd);
    }
    return NULL;
}

static int listener;
static pthread_t server;

static int set_up(void **state)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    (void)state;
    memset(&world, 0, sizeof world);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&a, n) || listen(listener, 8)) return -1;
    getsockname(listener, (struct sockaddr *)&a, &n);
    world.port = ntohs(a.sin_port);
    return pthread_create(&server, NULL, serve, &listener);
}

static int tear_down(void **state)
{
    (void)state;
    shutdown(listener, SHUT_RDWR);
    pthread_join(server, NULL);
    return close(listener);
}

struct got {
    int dones;
    enum sw_http_code code;
    char error[480];
};

static void on_done(void *ctx, const struct sw_http_reply *r)
{
    struct got *g = ctx;
    g->dones++;
    g->code = r->code;
    strncpy(g->error, r->error, sizeof g->error - 1);
}

/* One request to the name, by a client of its own: no kept connection, no remembered answer. */
static struct got ask(int requests)
{
    uv_loop_t loop;
    struct got g = {0};
    char url[64];
    struct sw_origin own = {.host = "rebind.example", .port = world.port};
    struct sw_http_request q = {.url = url, .allowed = &own, .n_allowed = 1, .timeout_ms = 5000};
    struct sw_http_on on = {NULL, on_done, &g};
    struct sw_http *h;
    snprintf(url, sizeof url, "http://rebind.example:%u/", world.port);
    uv_loop_init(&loop);
    h = sw_http_open(&loop, NULL, NULL);
    for (int i = 0; i < requests; i++) {
        g.dones = 0;
        sw_http_start(h, &q, &on);
        while (!g.dones) uv_run(&loop, UV_RUN_ONCE);
    }
    sw_http_close(h, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    return g;
}

static void the_first_answer_is_public_and_the_second_is_refused(void **state)
{
    struct got g;
    (void)state;
    world.answers[0][0] = PUBLIC;
    world.answers[1][0] = "127.0.0.1";
    g = ask(1);
    if (g.code != SW_HTTP_OK) fail_msg("%s", g.error);
    g = ask(1);
    assert_int_equal(g.code, SW_HTTP_REFUSED);
    assert_non_null(strstr(g.error, "rebind.example is a loopback address"));
    assert_int_equal(world.asked, 2); /* once each: there is no check that a later answer could differ from */
    assert_int_equal(world.connected, 0);
}

static void one_client_stays_with_the_answer_it_judged(void **state)
{
    struct got g;
    (void)state;
    world.answers[0][0] = PUBLIC;
    world.answers[1][0] = "169.254.169.254";
    g = ask(3);
    assert_true(g.code == SW_HTTP_OK || g.code == SW_HTTP_REFUSED);
    assert_int_equal(world.connected, 0);
}

static void each_address_of_an_answer_is_judged_itself(void **state)
{
    static const char *const local[] = {"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"};
    (void)state;
    for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
        struct got g;
        memset(world.answers, 0, sizeof world.answers);
        world.answers[0][0] = local[i];
        g = ask(1);
        if (g.code != SW_HTTP_REFUSED) fail_msg("%s: %s", local[i], g.error);
        world.answers[0][1] = PUBLIC; /* the one that may be used is used */
        g = ask(1);
        if (g.code != SW_HTTP_OK) fail_msg("%s beside a public one: %s", local[i], g.error);
    }
    assert_int_equal(world.connected, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_answer_is_public_and_the_second_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_client_stays_with_the_answer_it_judged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_address_of_an_answer_is_judged_itself, set_up, tear_down),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("rebind", tests, NULL, NULL);
}
