/* SPDX-License-Identifier: MIT
 * G11: an HTTP server that answers GET /v1/series with 1 kB of JSON to who has the bearer token.
 *   bench_serve ours        our server; the handler routes and compares the token's hash
 *   bench_serve floor       what is left without a server: libuv's sockets, no parsing of HTTP
 *   bench_serve load PORT REQUESTS CONNECTIONS PATH   asks over kept connections, checks each answer
 *   bench_serve body        that answer, for the others
 * A server prints its port, serves until SIGTERM and then states its CPU time. */
#include "base/crypto.h"
#include "bench.h"
#include "net/http_server.h"
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <uv.h>

#define TOKEN "bench-0123456789abcdef0123456789abcdef"
enum { BODY = 1024 };

static char body[BODY + 1];

static void make_body(void)
{
    size_t n = (size_t)snprintf(body, sizeof body, "{\"metric\":\"heart_rate\",\"rows\":[");
    while (n + 20 < BODY) n += (size_t)snprintf(body + n, sizeof body - n, "[%zu,%d.5],", n * 60, 60 + (int)(n % 50));
    memset(body + n, ' ', BODY - n);
    memcpy(body + BODY - 6, "[0,0]]", 6);
    body[BODY - 7] = ' ';
}

/* ---- ours ---- */

struct site {
    uint8_t token[SW_HASH_BYTES]; /* hash of the token, as a home would keep it */
};

static bool may(const struct site *s, struct sw_http_req *r)
{
    const char *a = sw_http_req_header(r, "authorization");
    uint8_t got[SW_HASH_BYTES];
    struct sw_hash h;
    if (!a || strncmp(a, "Bearer ", 7)) return false;
    sw_hash_start(&h);
    sw_hash_add(&h, a + 7, strlen(a + 7));
    sw_hash_end(&h, got);
    return sw_crypto_equal(got, s->token, sizeof got);
}

static void on_request(void *ctx, struct sw_http_req *r)
{
    static const char *const paths[] = {"/healthz", "/metrics", "/v1/records", "/v1/series"};
    const char *path = sw_http_req_path(r);
    size_t i = 0, n = sizeof paths / sizeof *paths;
    while (i < n && strcmp(path, paths[i])) i++;
    if (i == n) sw_http_problem(r, 404, "Not found", NULL);
    else if (!may(ctx, r)) sw_http_problem(r, 401, "Unauthorized", NULL);
    else sw_http_reply(r, 200, NULL, body, BODY);
}

static void on_term(uv_signal_t *s, int number)
{
    (void)number;
    uv_stop(s->loop);
}

static void serve(uv_loop_t *loop, int port)
{
    double from = bench_cpu();
    uv_signal_t s;
    uv_signal_init(loop, &s);
    uv_signal_start(&s, on_term, SIGTERM);
    printf("%d\n", port);
    fflush(stdout);
    uv_run(loop, UV_RUN_DEFAULT);
    printf("{\"cpu_s\": %.6f}\n", bench_cpu() - from);
    fflush(stdout);
    _exit(0);
}

static void ours(void)
{
    struct site site;
    struct sw_err err = SW_ERR_INIT;
    struct sw_http_server_config c = {.listen = "127.0.0.1:0", .on_request = on_request, .ctx = &site};
    struct sw_http_server *s;
    struct sw_hash h;
    uv_loop_t loop;
    uv_loop_init(&loop);
    if (sw_crypto_init()) bench_die("crypto", NULL);
    sw_hash_start(&h);
    sw_hash_add(&h, TOKEN, strlen(TOKEN));
    sw_hash_end(&h, site.token);
    s = sw_http_server_new(&loop, &c, &err);
    if (!s) bench_die("listen", &err);
    serve(&loop, sw_http_server_port(s));
}

/* ---- the floor: bytes in, a prepared answer out for each end of a head ---- */

static char prepared[BODY + 200];
static size_t n_prepared;
static char room[65536];

static void on_room(uv_handle_t *h, size_t n, uv_buf_t *b)
{
    (void)h, (void)n;
    *b = uv_buf_init(room, sizeof room);
}

static void on_read(uv_stream_t *c, ssize_t n, const uv_buf_t *b)
{
    if (n < 0) {
        uv_close((uv_handle_t *)c, (uv_close_cb)free);
        return;
    }
    for (const char *p = b->base; n > 3 && (p = memmem(p, (size_t)(b->base + n - p), "\r\n\r\n", 4)); p += 4) {
        uv_buf_t out = uv_buf_init(prepared, (unsigned)n_prepared);
        uv_try_write(c, &out, 1);
    }
}

static void on_connection(uv_stream_t *s, int status)
{
    uv_tcp_t *c = calloc(1, sizeof *c);
    (void)status;
    uv_tcp_init(s->loop, c);
    uv_accept(s, (uv_stream_t *)c);
    uv_tcp_nodelay(c, 1);
    uv_read_start((uv_stream_t *)c, on_room, on_read);
}

static void bare(void)
{
    uv_loop_t loop;
    uv_tcp_t s;
    struct sockaddr_in a;
    int n = sizeof a;
    n_prepared = (size_t)snprintf(prepared, sizeof prepared,
                                  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", BODY, body);
    uv_loop_init(&loop);
    uv_tcp_init(&loop, &s);
    uv_ip4_addr("127.0.0.1", 0, &a);
    uv_tcp_bind(&s, (struct sockaddr *)&a, 0);
    if (uv_listen((uv_stream_t *)&s, 128, on_connection)) bench_die("listen", NULL);
    uv_tcp_getsockname(&s, (struct sockaddr *)&a, &n);
    serve(&loop, ntohs(a.sin_port));
}

/* ---- load ---- */

struct conn {
    int fd;
    size_t have, want; /* of the answer under way; want 0: its head is not complete */
    char in[8192];
};

static char head[300];

static void ask(struct conn *c)
{
    size_t n = strlen(head);
    c->have = c->want = 0;
    if (write(c->fd, head, n) != (ssize_t)n) bench_die("write", NULL);
}

/* Is the answer complete? It ends the program unless it is the expected one. */
static bool take(struct conn *c)
{
    ssize_t n = read(c->fd, c->in + c->have, sizeof c->in - 1 - c->have);
    char *end, *length;
    if (n <= 0) bench_die("the server hung up", NULL);
    c->have += (size_t)n;
    c->in[c->have] = 0;
    if (!c->want) {
        if (!(end = strstr(c->in, "\r\n\r\n"))) return false;
        length = strcasestr(c->in, "\ncontent-length:");
        if (strncmp(c->in, "HTTP/1.1 200", 12) || !length || length > end) bench_die(c->in, NULL);
        c->want = (size_t)(end + 4 - c->in) + strtoul(length + 16, NULL, 10);
    }
    if (c->have < c->want) return false;
    if (memcmp(c->in + c->want - BODY, body, BODY)) bench_die("another body than expected", NULL);
    return true;
}

static void load(int port, long most, int n, const char *path)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct conn *c = calloc((size_t)n, sizeof *c);
    struct epoll_event e[64];
    long sent = 0, got = 0;
    int ep = epoll_create1(0);
    snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nAuthorization: Bearer " TOKEN "\r\n\r\n",
             path);
    for (int i = 0; i < n; i++, sent++) {
        c[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(c[i].fd, (struct sockaddr *)&a, sizeof a)) bench_die("connect", NULL);
        epoll_ctl(ep, EPOLL_CTL_ADD, c[i].fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = &c[i]});
        ask(&c[i]);
    }
    while (got < most) {
        int k = epoll_wait(ep, e, 64, 10000);
        if (k <= 0) bench_die("no answer within ten seconds", NULL);
        for (int i = 0; i < k; i++) {
            struct conn *one = e[i].data.ptr;
            if (!take(one)) continue;
            got++;
            if (sent < most) ask(one), sent++;
        }
    }
    printf("{\"check\": %ld}\n", got);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    make_body();
    if (argc == 2 && !strcmp(argv[1], "ours")) ours();
    else if (argc == 2 && !strcmp(argv[1], "floor")) bare();
    else if (argc == 2 && !strcmp(argv[1], "body")) fputs(body, stdout);
    else if (argc == 6 && !strcmp(argv[1], "load")) load(atoi(argv[2]), atol(argv[3]), atoi(argv[4]), argv[5]);
    else bench_die("bench_serve ours | floor | body | load PORT REQUESTS CONNECTIONS PATH", NULL);
    return 0;
}
