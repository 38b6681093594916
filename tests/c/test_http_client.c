/* SPDX-License-Identifier: MIT
 * The HTTP client against real sockets: a small server in a thread per connection answers by path.
 * Nothing leaves the machine. */
#include "base/alloc.h"
#include "base/clock.h"
#include "net/http_client.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include <uv.h>
#include <zlib.h>

/* ---- the server ---- */

#define MAX_CONNECTIONS 512
#define BOMB_BYTES (48u << 20)

struct server {
    int fd;
    uint16_t port;
    pthread_t thread, each[MAX_CONNECTIONS];
    int conn[MAX_CONNECTIONS];
    int accepted, requests;     /* under the lock */
    struct sw_buf bomb;         /* made when first asked for */
    pthread_mutex_t lock;
};

struct talk {
    struct server *s;
    int fd;
};

static void say(int fd, const void *p, size_t n)
{
    while (n > 0) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
        if (k <= 0) return;
        p = (const char *)p + k;
        n -= (size_t)k;
    }
}

static void says(int fd, const char *s) { say(fd, s, strlen(s)); }

static void answer(int fd, int status, const char *headers, const void *body, size_t n)
{
    char head[8192];
    snprintf(head, sizeof head, "HTTP/1.1 %d Words\r\nContent-Length: %zu\r\n%s\r\n", status, n, headers);
    says(fd, head);
    say(fd, body, n);
}

static void gzipped(struct sw_buf *out, size_t zeros)
{
    static uint8_t block[65536];
    z_stream z = {0};
    int rc = Z_OK;
    sw_buf_init(out, 16u << 20);
    deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    for (size_t left = zeros; rc != Z_STREAM_END;) {
        if (z.avail_in == 0 && left > 0) {
            z.next_in = block;
            z.avail_in = left < sizeof block ? (uInt)left : (uInt)sizeof block;
            left -= z.avail_in;
        }
        z.next_out = sw_buf_room(out, 65536);
        z.avail_out = 65536;
        rc = deflate(&z, left == 0 ? Z_FINISH : Z_NO_FLUSH);
        out->len += 65536 - z.avail_out;
    }
    deflateEnd(&z);
}

/* Wait until the client hangs up, at most ten seconds. */
static void wait_for_end(int fd)
{
    struct pollfd p = {fd, POLLIN, 0};
    poll(&p, 1, 10000);
}

static void drip(int fd)
{
    struct pollfd p = {fd, POLLIN, 0};
    says(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 1000 && poll(&p, 1, 50) == 0; i++) says(fd, ".");
}

static void many_headers(int fd, int n)
{
    char line[64];
    says(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n");
    for (int i = 0; i < n; i++) {
        snprintf(line, sizeof line, "X-%d: v\r\n", i);
        says(fd, line);
    }
    says(fd, "\r\nok");
}

static void long_header(int fd, size_t n)
{
    char *v = sw_alloc(n + 1);
    memset(v, 'v', n);
    v[n] = 0;
    says(fd, "HTTP/1.1 200 OK\r\nX-Long: ");
    says(fd, v);
    says(fd, "\r\nContent-Length: 2\r\n\r\nok");
    sw_free(v);
}

static void big(int fd, size_t n)
{
    char *p = sw_alloc(n);
    memset(p, 'b', n);
    answer(fd, 200, "", p, n);
    sw_free(p);
}

static void bomb(struct server *s, int fd)
{
    pthread_mutex_lock(&s->lock);
    if (!s->bomb.len) gzipped(&s->bomb, BOMB_BYTES);
    pthread_mutex_unlock(&s->lock);
    answer(fd, 200, "Content-Encoding: gzip\r\n", s->bomb.data, s->bomb.len);
}

static void redirect(int fd, const char *rest) /* "307/where" */
{
    char line[8000];
    snprintf(line, sizeof line, "Location: %s\r\nX-Hop: 1\r\n", rest + 4);
    answer(fd, atoi(rest), line, "moved", 5);
}

static void chain(int fd, int left)
{
    char line[64];
    snprintf(line, sizeof line, "Location: ../chain/%d\r\n", left - 1);
    if (left > 0) answer(fd, 302, line, "on", 2);
    else answer(fd, 200, "", "end", 3);
}

static const struct {
    const char *path, *raw;
    int close;
} fixed[] = {
    {"/truncated", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", 1},
    {"/cut_chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhe", 1},
    {"/bad_chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n", 1},
    {"/chunked",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\nX-Trailer: t\r\n\r\n", 0},
    {"/empty", "", 1},
    {"/garbage", "this is not HTTP at all\r\n\r\n", 1},
    {"/bad_gzip",
     "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", 1},
    {"/204", "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n", 0},
    {"/304", "HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\n\r\n", 0},
    {"/interim", "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
     "HTTP/1.1 200 OK\r\nX-Late:  two \r\nX-Empty:\r\nContent-Length: 2\r\n\r\nok", 0},
    {"/no_location", "HTTP/1.1 302 Found\r\nContent-Length: 4\r\n\r\nbody", 0},
};

/* Answer one request; not 0: close the connection. */
static int route(struct talk *t, const char *request, const char *method, const char *path)
{
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (strcmp(path, fixed[i].path) != 0) continue;
        says(t->fd, fixed[i].raw);
        return fixed[i].close;
    }
    if (strcmp(method, "HEAD") == 0) says(t->fd, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    else if (strcmp(path, "/echo") == 0) answer(t->fd, 200, "", request, strlen(request));
    else if (strncmp(path, "/r/", 3) == 0) redirect(t->fd, path + 3);
    else if (strncmp(path, "/chain/", 7) == 0) chain(t->fd, atoi(path + 7));
    else if (strncmp(path, "/headers/", 9) == 0) many_headers(t->fd, atoi(path + 9));
    else if (strncmp(path, "/long/", 6) == 0) long_header(t->fd, (size_t)atoi(path + 6));
    else if (strncmp(path, "/big/", 5) == 0) big(t->fd, (size_t)atoi(path + 5));
    else if (strcmp(path, "/bomb") == 0) bomb(t->s, t->fd);
    else if (strcmp(path, "/slow") == 0) wait_for_end(t->fd);
    else if (strcmp(path, "/drip") == 0) drip(t->fd);
    else answer(t->fd, 200, "Content-Type: text/plain\r\n", "hello", 5);
    return 0;
}

/* The length of the first whole request in buf, 0 when it is not complete. */
static size_t whole(const char *buf, size_t n)
{
    const char *end = memmem(buf, n, "\r\n\r\n", 4), *cl;
    size_t head, body = 0;
    if (!end) return 0;
    head = (size_t)(end - buf) + 4;
    cl = memmem(buf, head, "Content-Length: ", 16);
    if (cl) body = (size_t)atol(cl + 16);
    return head + body <= n ? head + body : 0;
}

static void *serve_connection(void *arg)
{
    struct talk *t = arg;
    char buf[16384], method[24], path[4096];
    size_t have = 0, n;
    ssize_t k;
    while (have < sizeof buf - 1 && (k = recv(t->fd, buf + have, sizeof buf - 1 - have, 0)) > 0) {
        have += (size_t)k;
        buf[have] = 0;
        if (buf[0] == 0x16) { /* somebody speaks TLS */
            says(t->fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
            wait_for_end(t->fd);
            break;
        }
        if (!(n = whole(buf, have))) continue;
        pthread_mutex_lock(&t->s->lock);
        t->s->requests++;
        pthread_mutex_unlock(&t->s->lock);
        if (sscanf(buf, "%23s %4095s", method, path) != 2 || route(t, buf, method, path)) break;
        have -= n;
        memmove(buf, buf + n, have);
    }
    shutdown(t->fd, SHUT_RDWR);
    sw_free(t);
    return NULL;
}

static void *serve(void *arg)
{
    struct server *s = arg;
    int fd;
    while ((fd = accept(s->fd, NULL, NULL)) >= 0 && s->accepted < MAX_CONNECTIONS) {
        struct talk *t = sw_zalloc(sizeof *t);
        *t = (struct talk){s, fd};
        pthread_mutex_lock(&s->lock);
        s->conn[s->accepted] = fd;
        pthread_create(&s->each[s->accepted++], NULL, serve_connection, t);
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

static struct server *start_server(void)
{
    struct server *s = sw_zalloc(sizeof *s);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    pthread_mutex_init(&s->lock, NULL);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(s->fd, 128), 0);
    getsockname(s->fd, (struct sockaddr *)&a, &n);
    s->port = ntohs(a.sin_port);
    pthread_create(&s->thread, NULL, serve, s);
    return s;
}

static void stop_server(struct server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    for (int i = 0; i < s->accepted; i++) {
        shutdown(s->conn[i], SHUT_RDWR);
        pthread_join(s->each[i], NULL);
        close(s->conn[i]);
    }
    close(s->fd);
    pthread_mutex_destroy(&s->lock);
    sw_buf_clear(&s->bomb);
    sw_free(s);
}

static int count(struct server *s, const int *what)
{
    pthread_mutex_lock(&s->lock);
    int n = *what;
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* ---- the fixture ---- */

struct fixture {
    struct server *a, *b;       /* two origins */
    uv_loop_t loop;
    struct sw_http *http;
    struct sw_origin local[3];  /* a and b by number, a by name */
    bool closing, closed;
};

struct got { /* what became of a request */
    int dones, pieces, status, redirects;
    enum sw_http_code code;
    size_t n_headers, piece_bytes;
    bool sent;
    char error[480], body[16384], location[256], late[64], early[64], trailer[64];
    size_t body_bytes;
    struct sw_http_call *call;
    struct fixture *f;
    int cancel_at;  /* cancel at the nth piece */
    int stop_at;    /* say "no more" at the nth piece */
    bool close_in_done;
};

static void copy(char *to, size_t size, const char *from) { snprintf(to, size, "%s", from ? from : "-"); }

static void on_closed(void *ctx) { ((struct fixture *)ctx)->closed = true; }

static void close_client(struct fixture *f)
{
    f->closing = true;
    sw_http_close(f->http, on_closed, f);
}

static void on_done(void *ctx, const struct sw_http_reply *r)
{
    struct got *g = ctx;
    g->dones++;
    g->code = r->code;
    g->status = r->status;
    g->redirects = r->redirects;
    g->n_headers = r->n_headers;
    g->sent = r->sent;
    g->body_bytes = r->body->len;
    copy(g->error, sizeof g->error, r->error);
    copy(g->body, sizeof g->body, sw_buf_str(r->body));
    copy(g->location, sizeof g->location, sw_http_header(r, "location"));
    copy(g->late, sizeof g->late, sw_http_header(r, "x-late"));
    copy(g->early, sizeof g->early, sw_http_header(r, "x-early"));
    copy(g->trailer, sizeof g->trailer, sw_http_header(r, "x-trailer"));
    if (g->close_in_done) close_client(g->f);
}

static int on_piece(void *ctx, int status, const uint8_t *p, size_t n)
{
    struct got *g = ctx;
    (void)p;
    g->status = status;
    g->piece_bytes += n;
    g->pieces++;
    if (g->pieces == g->cancel_at) sw_http_cancel(g->call);
    return g->pieces == g->stop_at;
}

static const struct sw_http_on collect = {NULL, on_done, NULL}, pieces = {on_piece, on_done, NULL};

static void start(struct fixture *f, struct got *g, const struct sw_http_request *q, struct sw_http_on on)
{
    on.ctx = g;
    g->f = f;
    g->call = sw_http_start(f->http, q, &on);
    assert_non_null(g->call);
    assert_int_equal(g->dones, 0);
}

static void finish(struct fixture *f, struct got *g)
{
    while (!g->dones) uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(g->dones, 1);
}

/* A request to server a at this path, to an administrator's origins, run to its end. */
static void fetch(struct fixture *f, struct got *g, struct sw_http_request *q, const char *path)
{
    char url[4200];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", f->a->port, path);
    memset(g, 0, sizeof *g);
    q->url = url;
    q->local = f->local;
    q->n_local = 3;
    start(f, g, q, collect);
    finish(f, g);
}

static void get(struct fixture *f, struct got *g, const char *path)
{
    struct sw_http_request q = {0};
    fetch(f, g, &q, path);
}

static struct sw_origin origin(const char *host, uint16_t port)
{
    struct sw_origin o = {.port = port};
    assert_int_equal(sw_origin_set_host(&o, host, NULL), SW_OK);
    return o;
}

static int set_up_with(void **state, const struct sw_http_config *c)
{
    struct fixture *f = sw_zalloc(sizeof *f);
    f->a = start_server();
    f->b = start_server();
    f->local[0] = origin("127.0.0.1", f->a->port);
    f->local[1] = origin("127.0.0.1", f->b->port);
    f->local[2] = origin("localhost", f->a->port);
    uv_loop_init(&f->loop);
    f->http = sw_http_open(&f->loop, c, NULL);
    *state = f;
    return f->http ? 0 : -1;
}

static int set_up(void **state) { return set_up_with(state, NULL); }

static int set_up_impatient(void **state)
{
    static const struct sw_http_config c = {.low_speed_s = 1, .max_per_host = 2, .user_agent = "Test/1"};
    return set_up_with(state, &c);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (!f->closing) close_client(f);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    int rc = f->closed && uv_loop_close(&f->loop) == 0 ? 0 : -1;
    stop_server(f->a);
    stop_server(f->b);
    sw_free(f);
    return rc;
}

/* ---- what is allowed ---- */

/* A spelling and part of the sentence that refuses it although the script declared that very place. */
static const struct { const char *url, *why; } loopback[] = {
    {"http://127.0.0.1:%u/", "is a loopback address"}, {"http://localhost:%u/", "is a loopback address"},
    {"http://0:%u/", "unspecified|nor an address"}, {"http://127.1:%u/", "is a loopback address|nor an address"},
    {"http://2130706433:%u/", "is a loopback address"}, {"http://0x7f000001:%u/", "is a loopback address"},
    {"http://0177.0.0.1:%u/", "is a loopback address"}, {"http://[::1]:%u/", "is a loopback address"},
    {"http://[::ffff:127.0.0.1]:%u/", "is a loopback address"}, {"http:///127.0.0.1:%u/", "names no host"},
    {"http://user:pw@127.0.0.1:%u/", "user or password"}, {"http://017700000001:%u/", "is a loopback address"},
    {"http://localhost.:%u/", "neither a plain name"}, {"http://0.0.0.0:%u/", "is an unspecified address"},
    {"http://127.0.1:%u/", "is a loopback address"}, {"http://0x7f.1:%u/", "is a loopback address"},
    {"http://0x7f.0x0.0x0.0x1:%u/", "is a loopback address"}, {"http://127.000.000.001:%u/", "is a loopback address"},
    {"http://127.0.0.1.:%u/", "neither a plain name"}, {"http://127.255.255.254:%u/", "is a loopback address"},
    {"http://LOCALHOST:%u/", "is a loopback address"}, {"http://a.localhost:%u/", "is a loopback address"},
    {"http://%%6cocalhost:%u/", "is a loopback address"}, {"http://%%31%%32%%37.0.0.1:%u/", "is a loopback address|neither a plain name"},
    {"http://[0:0:0:0:0:0:0:1]:%u/", "is a loopback address"}, {"http://[::ffff:7f00:1]:%u/", "is a loopback address"},
    {"http://[::127.0.0.1]:%u/", "is a reserved address"}, {"http://[64:ff9b::127.0.0.1]:%u/", "is a loopback address"},
    {"http://[64:ff9b:1::127.0.0.1]:%u/", "is a loopback address"}, {"http://[2002:7f00:1::1]:%u/", "is a loopback address"},
    {"http://[2001:0:808:808::80ff:fffe]:%u/", "is a loopback address"}, {"http://[::1%%25lo]:%u/", "with a zone"},
    {"http://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1:%u/", "neither a plain name"}, {"http://127\xe3\x80\x82""0\xe3\x80\x82""0\xe3\x80\x82""1:%u/", "neither a plain name"},
    {"http://127.0.0.1%%00.a.example:%u/", "cannot be read"}, {"http:\\\\127.0.0.1:%u/", "a backslash"}, {"http://127.0.0.1\t:%u/", "a control byte"},
    {"http://127.0.0.1:%u:80/", "cannot be read"}, {"http://a.example@127.0.0.1:%u/", "user or password"}, {"http://4294967296:%u/", "neither a plain name"},
};

/* Does the sentence hold one of the reasons, which '|' separates? */
static bool names_the_reason(const char *sentence, const char *why)
{
    for (const char *p = why; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
        if (memmem(sentence, strlen(sentence), p, strcspn(p, "|"))) return true;
    return false;
}

static void every_spelling_of_loopback_is_refused_by_its_reason(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof loopback / sizeof *loopback; i++) {
        char url[96];
        struct sw_origin own[1];
        struct got g = {0}, listed = {0};
        struct sw_http_request q = {.url = url};
        snprintf(url, sizeof url, loopback[i].url, f->a->port);
        start(f, &g, &q, collect);
        finish(f, &g);
        if (g.code != SW_HTTP_REFUSED && g.code != SW_HTTP_BAD_URL) fail_msg("%s: %s", url, g.error);
        q.allowed = own; /* the script declares that very place: only the address is left to refuse */
        q.n_allowed = sw_http_origin(url, &own[0], NULL) == SW_OK;
        start(f, &listed, &q, collect);
        finish(f, &listed);
        if (listed.code != SW_HTTP_REFUSED && listed.code != SW_HTTP_BAD_URL) fail_msg("%s: %s", url, listed.error);
        if (!names_the_reason(listed.error, loopback[i].why)) fail_msg("%s: %s", url, listed.error);
        assert_false(listed.sent);
    }
    assert_int_equal(count(f->a, &f->a->accepted), 0);
    print_message("  %zu spellings\n", sizeof loopback / sizeof *loopback);
}

static const struct { const char *host, *why; } forbidden[] = {
    {"0.0.0.0", "unspecified"}, {"0.255.255.255", "unspecified"}, {"10.0.0.1", "private"}, {"10.255.255.255", "private"},
    {"100.64.0.1", "carrier"}, {"100.127.255.255", "carrier"}, {"127.0.0.2", "loopback"}, {"169.254.169.254", "link-local"},
    {"168.63.129.16", "cloud"}, {"172.16.0.1", "private"}, {"172.31.255.255", "private"}, {"192.0.0.1", "protocol"},
    {"192.0.2.1", "documentation"}, {"192.168.0.1", "private"}, {"192.168.255.255", "private"}, {"198.18.0.1", "benchmarking"},
    {"198.19.255.255", "benchmarking"}, {"224.0.0.1", "multicast"}, {"239.255.255.255", "multicast"}, {"240.0.0.1", "reserved"},
    {"255.255.255.255", "reserved"}, {"[::]", "unspecified"}, {"[::1]", "loopback"}, {"[fc00::1]", "unique local"},
    {"[fd00:ec2::254]", "unique local"}, {"[fe80::1]", "link-local"}, {"[febf::1]", "link-local"}, {"[fec0::1]", "site-local"},
    {"[ff02::1]", "multicast"}, {"[2001:db8::1]", "documentation"}, {"[::ffff:10.0.0.1]", "private"},
    {"[::ffff:169.254.169.254]", "link-local"}, {"[64:ff9b::10.0.0.1]", "private"}, {"[64:ff9b::169.254.169.254]", "link-local"},
    {"[64:ff9b:1::10.0.0.1]", "private"}, {"[2002:a00:1::1]", "private"}, {"[2002:c0a8:101::]", "private"},
    {"[2001:0:a00:1::f7f7:f7f7]", "private"}, {"[2001:0:808:808::f5ff:fffe]", "private"}, {"[2600::5efe:10.0.0.1]", "private"},
};

static void every_range_of_both_families_is_refused_at_the_socket_by_its_reason(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        char url[64];
        struct sw_origin own = origin(forbidden[i].host, 80);
        struct got g = {0};
        struct sw_http_request q = {.url = url, .allowed = &own, .n_allowed = 1, .timeout_ms = 2000};
        snprintf(url, sizeof url, "http://%s/", forbidden[i].host);
        start(f, &g, &q, collect);
        finish(f, &g);
        if (g.code != SW_HTTP_REFUSED || !strstr(g.error, forbidden[i].why))
            fail_msg("%s: %s %s", url, sw_http_code_name(g.code), g.error);
    }
}

static void urls_that_are_odd_are_refused_as_bad(void **state)
{
    static const char *const url[] = {"", "x", "//a.example/", "file:///etc/passwd", "gopher://a.example/", "ftp://a.example/",
        "http://", "http:///a.example/", "http://a.example\\@b.example/", "http://a.example:0/", "http://a.example:70000/",
        "http://a.example:x/", "http://a.example/\r\nX: y", "http://u@a.example/", "http://:p@a.example/", "http://a..b/",
        "http://a.example#@b.example:x@/\x01", "http://%31%32%37.1/", "http://[fe80::1%25lo]/", "http://\xe2\x91\xa0.example/"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof url / sizeof *url; i++) {
        struct got g = {0};
        struct sw_http_request q = {.url = url[i]};
        start(f, &g, &q, collect);
        finish(f, &g);
        if (g.code != SW_HTTP_BAD_URL && !(g.code == SW_HTTP_REFUSED && strstr(url[i], "%31")))
            fail_msg("%s: %s %s", url[i], sw_http_code_name(g.code), g.error);
        assert_false(sw_http_again(g.code));
    }
}

static void a_kept_connection_is_not_lent_to_who_may_not_open_it(void **state)
{
    struct fixture *f = *state;
    struct got g = {0};
    char url[64];
    struct sw_http_request q = {.url = url, .allowed = &f->local[2], .n_allowed = 1};
    struct sw_http_request admin = {.url = url, .local = &f->local[2], .n_local = 1};
    snprintf(url, sizeof url, "http://localhost:%u/", f->a->port);
    start(f, &g, &admin, collect);
    finish(f, &g);
    assert_int_equal(g.code, SW_HTTP_OK);
    memset(&g, 0, sizeof g);
    start(f, &g, &q, collect);
    finish(f, &g);
    assert_int_equal(g.code, SW_HTTP_REFUSED);
    assert_non_null(strstr(g.error, "loopback"));
    assert_int_equal(count(f->a, &f->a->requests), 1);
}

static void proxies_of_the_environment_are_ignored(void **state)
{
    static const char *const name[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    struct fixture *f = *state;
    struct got g;
    char proxy[64];
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        snprintf(proxy, sizeof proxy, "%s://127.0.0.1:%u", i % 3 == 2 ? "socks5h" : "http", f->b->port);
        setenv(name[i], proxy, 1);
        get(f, &g, "/truncated"); /* the server closes: each request connects anew */
        unsetenv(name[i]);
        assert_int_equal(g.status, 200);
    }
    assert_int_equal(count(f->b, &f->b->accepted), 0);
    assert_int_equal(count(f->a, &f->a->accepted), (int)(sizeof name / sizeof *name));
}

/* ---- what goes out ---- */

static void a_request_is_sent_as_it_was_given(void **state)
{
    static const struct sw_http_header h[] = {{.name = "X-One", .value = "1"}, {.name = "X-Empty", .value = " "},
        {.name = "Authorization", .value = "Bearer t", .kind = SW_HTTP_SECRET}};
    static const char *const method[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "POST", "GET"};
    struct fixture *f = *state;
    struct got g;
    for (size_t i = 0; i < sizeof method / sizeof *method; i++) {
        char first[64];
        struct sw_http_request q = {.method = method[i], .headers = h, .n_headers = 3};
        if (i > 0 && i < 6) q.body = "a\0b", q.body_bytes = 3;
        fetch(f, &g, &q, "/echo");
        assert_int_equal(g.code, SW_HTTP_OK);
        snprintf(first, sizeof first, "%s /echo HTTP/1.1\r\n", method[i]);
        assert_true(strncmp(g.body, first, strlen(first)) == 0);
        assert_non_null(strstr(g.body, "\r\nX-One: 1\r\n"));
        assert_non_null(strstr(g.body, "\r\nX-Empty:\r\n"));
        assert_non_null(strstr(g.body, "\r\nAuthorization: Bearer t\r\n"));
        assert_non_null(strstr(g.body, "\r\nUser-Agent: SyncWell\r\n"));
        assert_null(strstr(g.body, "Expect:"));
        assert_null(strstr(g.body, "Content-Type:"));
        assert_null(strstr(g.body, "Cookie:"));
        assert_int_equal(strstr(g.body, "\r\nContent-Length: 3\r\n") != NULL, q.body_bytes == 3);
        if (i == 6) assert_non_null(strstr(g.body, "\r\nContent-Length: 0\r\n"));
    }
}

static void what_cannot_be_sent_is_a_bad_request_with_its_reason(void **state)
{
    static const struct { struct sw_http_header header; const char *why; } line[] = {
        {{.name = "X", .value = "a\r\nY: b"}, "a control byte or a line break"}, {{.name = "X", .value = "a\rb"}, "line break"},
        {{.name = "X", .value = "a\n b"}, "line break"}, {{.name = "X", .value = "a\0b", .value_len = 3}, "line break"},
        {{.name = "X", .value = "a\x7f"}, "control byte"}, {{.name = "X Y", .value = "a"}, "may hold only letters"},
        {{.name = "X:", .value = "a"}, "may hold only letters"}, {{.name = "X\r\nY", .value = "a"}, "may hold only letters"},
        {{.name = "X\0Y", .name_len = 3, .value = "a"}, "may hold only letters"}, {{.name = "\xc3\xa4", .value = "a"}, "may hold only letters"},
        {{.name = "Host", .value = "b"}, "set by the engine"}, {{.name = "content-LENGTH", .value = "1"}, "set by the engine"},
        {{.name = "Transfer-Encoding", .value = "chunked"}, "set by the engine"}, {{.name = "Proxy-Authorization", .value = "b"}, "set by the engine"},
    };
    struct fixture *f = *state;
    struct sw_http_header many[65];
    const struct { struct sw_http_request q; const char *why; } bad[] = {
        {{.method = "get"}, "in capitals"}, {{.method = "CONNECT"}, "not for scripts"}, {{.headers = many, .n_headers = 65}, "more than 64"},
        {{.method = "GET /x HTTP/1.1\r\nY:"}, "in capitals"}, {{.method = "HEAD", .body = "x", .body_bytes = 1}, "no body"},
        {{.body = "x", .body_bytes = (64u << 20) + 1}, "larger than"},
    };
    struct got g;
    for (size_t i = 0; i < 65; i++) many[i] = (struct sw_http_header){.name = "X", .value = "y"};
    for (size_t i = 0; i < sizeof line / sizeof *line; i++) {
        struct sw_http_request q = {.headers = &line[i].header, .n_headers = 1};
        fetch(f, &g, &q, "/");
        if (g.code != SW_HTTP_BAD_REQUEST || !strstr(g.error, line[i].why)) fail_msg("header %zu: %s", i, g.error);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sw_http_request q = bad[i].q;
        fetch(f, &g, &q, "/");
        if (g.code != SW_HTTP_BAD_REQUEST || !strstr(g.error, bad[i].why)) fail_msg("request %zu: %s", i, g.error);
    }
    assert_int_equal(count(f->a, &f->a->accepted), 0);
}

/* ---- redirects ---- */

static const struct sw_http_header three[] = {{.name = "X-Script", .value = "s"},
    {.name = "X-Api-Key", .value = "k", .kind = SW_HTTP_SECRET}, {.name = "Accept", .value = "a/b", .kind = SW_HTTP_ENGINE}};

static void a_redirect_within_the_origin_keeps_headers(void **state)
{
    struct fixture *f = *state;
    struct got g;
    struct sw_http_request q = {.headers = three, .n_headers = 3};
    fetch(f, &g, &q, "/r/302//echo");
    assert_int_equal(g.code, SW_HTTP_OK);
    assert_int_equal(g.redirects, 1);
    assert_string_equal(g.location, "-"); /* the head is the last answer's */
    assert_non_null(strstr(g.body, "X-Script: s"));
    assert_non_null(strstr(g.body, "X-Api-Key: k"));
}

static void a_redirect_to_another_origin_drops_what_is_secret_or_the_scripts(void **state)
{
    struct fixture *f = *state;
    struct got g;
    char path[128];
    struct sw_http_request q = {.headers = three, .n_headers = 3};
    snprintf(path, sizeof path, "/r/302/http://127.0.0.1:%u/echo", f->b->port);
    fetch(f, &g, &q, path);
    assert_int_equal(g.code, SW_HTTP_OK);
    assert_null(strstr(g.body, "X-Script"));
    assert_null(strstr(g.body, "X-Api-Key"));
    assert_non_null(strstr(g.body, "Accept: a/b"));
    snprintf(path, sizeof path, "/r/302/http://127.0.0.1:%u/r/302/http://127.0.0.1:%u/echo", f->b->port, f->a->port);
    fetch(f, &g, &q, path);
    assert_int_equal(g.redirects, 2);
    assert_null(strstr(g.body, "X-Api-Key")); /* and they do not come back */
}

static void three_redirects_are_followed_and_a_fourth_is_refused(void **state)
{
    struct fixture *f = *state;
    struct got g;
    get(f, &g, "/chain/3");
    assert_int_equal(g.code, SW_HTTP_OK);
    assert_string_equal(g.body, "end");
    assert_int_equal(g.redirects, 3);
    get(f, &g, "/chain/4");
    assert_int_equal(g.code, SW_HTTP_REFUSED);
    assert_int_equal(count(f->a, &f->a->requests), 8);
}

static void redirects_to_forbidden_places_are_refused(void **state)
{
    static const char *const where[] = {"file:///etc/passwd", "gopher://127.0.0.1/", "http://169.254.169.254/",
        "http://127.0.0.1:1/", "//10.0.0.1/", "http://u:p@127.0.0.1/", "http:///x", "https://127.0.0.1/", "\\\\b.example"};
    struct fixture *f = *state;
    struct sw_origin meta = origin("169.254.169.254", 80);
    for (size_t i = 0; i < sizeof where / sizeof *where; i++) {
        char path[128];
        struct got g;
        struct sw_http_request q = {.allowed = &meta, .n_allowed = 1};
        snprintf(path, sizeof path, "/r/302/%s", where[i]);
        fetch(f, &g, &q, path);
        if (where[i][0] == '\\') assert_int_equal(g.code, SW_HTTP_BAD_URL); /* in our own path already */
        else if (g.code != SW_HTTP_REFUSED) fail_msg("%s: %s %s", where[i], sw_http_code_name(g.code), g.error);
        assert_true(strlen(g.error) > 20);
    }
}

static void each_hop_of_a_redirect_is_checked_at_the_socket(void **state)
{
    static const char *const before[] = {"", "/r/302/", "/r/302//r/302/"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        char path[256];
        struct got g;
        struct sw_origin own = origin(forbidden[i].host, 80);
        struct sw_http_request q = {.allowed = &own, .n_allowed = 1};
        snprintf(path, sizeof path, "%s/r/302/http://%s/", before[i % 3], forbidden[i].host);
        fetch(f, &g, &q, path);
        if (g.code != SW_HTTP_REFUSED || !strstr(g.error, forbidden[i].why) || g.redirects != (int)(i % 3) + 1)
            fail_msg("%s: %s %s", path, sw_http_code_name(g.code), g.error);
    }
}

static void the_method_after_a_redirect_follows_the_status(void **state)
{
    static const struct { const char *method, *path, *then; bool body; } table[] = {
        {"POST", "/r/301//echo", "GET", false}, {"POST", "/r/302//echo", "GET", false}, {"POST", "/r/303//echo", "GET", false},
        {"PUT", "/r/303//echo", "GET", false}, {"POST", "/r/307//echo", "POST", true}, {"PUT", "/r/308//echo", "PUT", true},
        {"PUT", "/r/302//echo", "PUT", true},
    };
    static const struct sw_http_header type = {.name = "Content-Type", .value = "a/b"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct got g;
        struct sw_http_request q = {.method = table[i].method, .body = "abc", .body_bytes = 3, .headers = &type, .n_headers = 1};
        fetch(f, &g, &q, table[i].path);
        assert_int_equal(g.code, SW_HTTP_OK);
        assert_true(strncmp(g.body, table[i].then, strlen(table[i].then)) == 0);
        assert_int_equal(strstr(g.body, "\r\n\r\nabc") != NULL, table[i].body);
        assert_int_equal(strstr(g.body, "Content-Type") != NULL, table[i].body);
    }
}

static void a_body_is_not_handed_on_to_another_origin(void **state)
{
    struct fixture *f = *state;
    struct got g;
    char path[128];
    struct sw_http_request q = {.method = "POST", .body = "secret", .body_bytes = 6};
    snprintf(path, sizeof path, "/r/307/http://127.0.0.1:%u/echo", f->b->port);
    fetch(f, &g, &q, path);
    assert_int_equal(g.code, SW_HTTP_REFUSED);
    assert_int_equal(count(f->b, &f->b->accepted), 0);
}

static void a_redirect_is_handed_out_when_asked_for_or_without_a_place(void **state)
{
    struct fixture *f = *state;
    struct got g;
    struct sw_http_request q = {.no_redirects = true};
    fetch(f, &g, &q, "/r/302//echo");
    assert_int_equal(g.status, 302);
    assert_string_equal(g.location, "/echo");
    assert_string_equal(g.body, "moved");
    get(f, &g, "/no_location");
    assert_int_equal(g.status, 302);
    assert_string_equal(g.body, "body");
}

/* ---- what comes in ---- */

static void answers_of_every_shape_are_read(void **state)
{
    static const struct { const char *method, *path; int status; const char *body; } table[] = {
        {"GET", "/", 200, "hello"}, {"GET", "/chunked", 200, "hello world"}, {"GET", "/204", 204, ""},
        {"GET", "/304", 304, ""}, {"HEAD", "/", 200, ""}, {"GET", "/interim", 200, "ok"}, {"GET", "/headers/200", 200, "ok"},
        {"GET", "/long/60000", 200, "ok"}, {"DELETE", "/204", 204, ""}, {"POST", "/", 200, "hello"},
    };
    struct fixture *f = *state;
    struct got g;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sw_http_request q = {.method = table[i].method};
        fetch(f, &g, &q, table[i].path);
        assert_int_equal(g.code, SW_HTTP_OK);
        assert_int_equal(g.status, table[i].status);
        assert_string_equal(g.body, table[i].body);
        assert_string_equal(g.error, "");
        assert_string_equal(g.early, "-");
        assert_string_equal(g.trailer, "-");
        assert_string_equal(g.late, strcmp(table[i].path, "/interim") == 0 ? "two" : "-");
    }
    assert_int_equal(count(f->a, &f->a->accepted), 3); /* one kept for questions, each write has its own */
}

static void broken_answers_say_what_is_wrong_and_whether_to_try_again(void **state)
{
    static const struct { const char *path; enum sw_http_code code; bool again; } table[] = {
        {"/truncated", SW_HTTP_NETWORK, true}, {"/cut_chunk", SW_HTTP_NETWORK, true}, {"/empty", SW_HTTP_NETWORK, true},
        {"/garbage", SW_HTTP_BROKEN, true}, {"/bad_gzip", SW_HTTP_BROKEN, true}, {"/bad_chunk", SW_HTTP_NETWORK, true},
        {"/headers/300", SW_HTTP_TOO_LARGE, false}, {"/long/70000", SW_HTTP_TOO_LARGE, false},
        {"/long/200000", SW_HTTP_TOO_LARGE, false}, {"/bomb", SW_HTTP_TOO_LARGE, false},
    };
    struct fixture *f = *state;
    struct got g;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        get(f, &g, table[i].path);
        if (g.code != table[i].code)
            fail_msg("%s: %s %s", table[i].path, sw_http_code_name(g.code), g.error);
        assert_int_equal(sw_http_again(g.code), table[i].again);
        assert_true(g.sent);
        assert_true(strlen(g.error) > 20);
    }
}

static void the_cap_counts_bytes_after_decompression(void **state)
{
    struct fixture *f = *state;
    struct got g;
    struct sw_http_request q = {.max_body_bytes = BOMB_BYTES - 1}, enough = {.max_body_bytes = BOMB_BYTES};
    fetch(f, &g, &q, "/bomb");
    assert_int_equal(g.code, SW_HTTP_TOO_LARGE);
    assert_in_range(f->a->bomb.len, 1, 100000);
    fetch(f, &g, &enough, "/bomb");
    assert_int_equal(g.code, SW_HTTP_OK);
    assert_int_equal(g.body_bytes, BOMB_BYTES);
    q.max_body_bytes = 1000;
    fetch(f, &g, &q, "/big/1001");
    assert_int_equal(g.code, SW_HTTP_TOO_LARGE);
    fetch(f, &g, &q, "/big/1000");
    assert_int_equal(g.code, SW_HTTP_OK);
}

static void a_slow_answer_ends_at_the_total_time(void **state)
{
    static const char *const path[] = {"/slow", "/drip"};
    struct fixture *f = *state;
    for (size_t i = 0; i < 2; i++) {
        struct got g;
        struct sw_http_request q = {.timeout_ms = 200};
        int64_t from = sw_mono_ms();
        fetch(f, &g, &q, path[i]);
        assert_int_equal(g.code, SW_HTTP_TIMEOUT);
        assert_in_range(sw_mono_ms() - from, 190, 1500);
        assert_true(sw_http_again(g.code));
    }
}

static void too_slow_for_too_long_ends_too(void **state)
{
    struct fixture *f = *state;
    struct got g;
    int64_t from = sw_mono_ms();
    get(f, &g, "/slow");
    assert_int_equal(g.code, SW_HTTP_TIMEOUT);
    assert_in_range(sw_mono_ms() - from, 900, 5000);
}

static void nobody_listening_is_a_network_error_and_plain_text_no_tls(void **state)
{
    struct fixture *f = *state;
    struct got g = {0};
    char url[64];
    struct sw_origin dead = origin("127.0.0.1", 1), tls = f->local[0];
    struct sw_http_request q = {.url = "http://127.0.0.1:1/?token=secret", .local = &dead, .n_local = 1};
    start(f, &g, &q, collect);
    finish(f, &g);
    assert_int_equal(g.code, SW_HTTP_NETWORK);
    assert_false(g.sent);
    assert_null(strstr(g.error, "secret"));
    memset(&g, 0, sizeof g);
    tls.tls = true;
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", f->a->port);
    q = (struct sw_http_request){.url = url, .local = &tls, .n_local = 1, .timeout_ms = 3000};
    start(f, &g, &q, collect);
    finish(f, &g);
    if (g.code != SW_HTTP_TLS) fail_msg("%s", g.error);
    assert_false(sw_http_again(g.code));
}

/* ---- many, cancel, close ---- */

static void fifty_at_once_go_over_few_connections(void **state)
{
    struct fixture *f = *state;
    struct got *g = sw_zalloc(50 * sizeof *g);
    char url[64];
    struct sw_http_request q = {.url = url, .local = f->local, .n_local = 3};
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", f->a->port);
    for (int i = 0; i < 50; i++) start(f, &g[i], &q, collect);
    for (int i = 0; i < 50; i++) {
        finish(f, &g[i]);
        assert_string_equal(g[i].body, "hello");
    }
    assert_in_range(count(f->a, &f->a->accepted), 1, 6);
    sw_free(g);
}

static void fetch_pieces(struct fixture *f, struct got *g, const char *path)
{
    char url[64];
    struct sw_http_request q = {.url = url, .local = f->local, .n_local = 3};
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", f->a->port, path);
    start(f, g, &q, pieces);
    finish(f, g);
}

static void pieces_of_a_body_come_without_those_of_a_redirect(void **state)
{
    struct fixture *f = *state;
    struct got g = {0};
    fetch_pieces(f, &g, "/r/302//big/3000000");
    assert_int_equal(g.code, SW_HTTP_OK);
    assert_int_equal(g.piece_bytes, 3000000);
    assert_true(g.pieces > 10);
    assert_int_equal(g.body_bytes, 0);
}

static void cancel_in_the_middle_of_a_body_is_the_last_piece(void **state)
{
    struct fixture *f = *state;
    struct got g = {.cancel_at = 2}, no_more = {.stop_at = 3};
    fetch_pieces(f, &g, "/big/3000000");
    assert_int_equal(g.code, SW_HTTP_CANCELLED);
    assert_int_equal(g.pieces, 2);
    fetch_pieces(f, &no_more, "/big/3000000");
    assert_int_equal(no_more.code, SW_HTTP_CANCELLED);
    assert_int_equal(no_more.pieces, 3);
}

static void cancel_before_anything_and_while_waiting_works(void **state)
{
    struct fixture *f = *state;
    struct got g[5] = {0};
    char url[64];
    struct sw_http_request q = {.url = url, .local = f->local, .n_local = 3};
    snprintf(url, sizeof url, "http://127.0.0.1:%u/slow", f->a->port);
    for (int i = 0; i < 5; i++) start(f, &g[i], &q, collect);
    sw_http_cancel(g[0].call);
    sw_http_cancel(g[0].call);
    while (count(f->a, &f->a->requests) < 2) uv_run(&f->loop, UV_RUN_NOWAIT);
    for (int i = 1; i < 5; i++) sw_http_cancel(g[i].call);
    for (int i = 0; i < 5; i++) {
        finish(f, &g[i]);
        assert_int_equal(g[i].code, SW_HTTP_CANCELLED);
    }
}

static void close_ends_what_is_under_way_as_cancelled(void **state)
{
    struct fixture *f = *state;
    struct got g[6] = {0};
    char url[64];
    struct sw_http_request q = {.url = url, .local = f->local, .n_local = 3};
    struct sw_http_on on = {NULL, on_done, NULL};
    snprintf(url, sizeof url, "http://127.0.0.1:%u/slow", f->a->port);
    for (int i = 0; i < 5; i++) start(f, &g[i], &q, i % 2 ? collect : pieces);
    while (count(f->a, &f->a->requests) < 2) uv_run(&f->loop, UV_RUN_NOWAIT);
    start(f, &g[5], &q, collect);
    close_client(f);
    assert_null(sw_http_start(f->http, &q, &on));
    for (int i = 0; i < 6; i++) assert_int_equal(g[i].dones, 0);
    while (!f->closed) uv_run(&f->loop, UV_RUN_ONCE);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(g[i].dones, 1);
        assert_int_equal(g[i].code, SW_HTTP_CANCELLED);
    }
}

static void close_from_inside_a_callback_works(void **state)
{
    struct fixture *f = *state;
    struct got g = {.close_in_done = true};
    char url[64];
    struct sw_http_request q = {.url = url, .local = f->local, .n_local = 3};
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", f->a->port);
    start(f, &g, &q, collect);
    finish(f, &g);
    assert_int_equal(g.code, SW_HTTP_OK);
}

#define ON(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define IMPATIENT(test) cmocka_unit_test_setup_teardown(test, set_up_impatient, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(every_spelling_of_loopback_is_refused_by_its_reason),
        ON(every_range_of_both_families_is_refused_at_the_socket_by_its_reason),
        ON(urls_that_are_odd_are_refused_as_bad),
        ON(a_kept_connection_is_not_lent_to_who_may_not_open_it),
        ON(proxies_of_the_environment_are_ignored),
        ON(a_request_is_sent_as_it_was_given),
        ON(what_cannot_be_sent_is_a_bad_request_with_its_reason),
        ON(a_redirect_within_the_origin_keeps_headers),
        ON(a_redirect_to_another_origin_drops_what_is_secret_or_the_scripts),
        ON(three_redirects_are_followed_and_a_fourth_is_refused),
        ON(redirects_to_forbidden_places_are_refused),
        ON(each_hop_of_a_redirect_is_checked_at_the_socket),
        ON(the_method_after_a_redirect_follows_the_status),
        ON(a_body_is_not_handed_on_to_another_origin),
        ON(a_redirect_is_handed_out_when_asked_for_or_without_a_place),
        ON(answers_of_every_shape_are_read),
        ON(broken_answers_say_what_is_wrong_and_whether_to_try_again),
        ON(the_cap_counts_bytes_after_decompression),
        ON(a_slow_answer_ends_at_the_total_time),
        IMPATIENT(too_slow_for_too_long_ends_too),
        ON(nobody_listening_is_a_network_error_and_plain_text_no_tls),
        ON(fifty_at_once_go_over_few_connections),
        ON(pieces_of_a_body_come_without_those_of_a_redirect),
        ON(cancel_in_the_middle_of_a_body_is_the_last_piece),
        IMPATIENT(cancel_before_anything_and_while_waiting_works),
        IMPATIENT(close_ends_what_is_under_way_as_cancelled),
        ON(close_from_inside_a_callback_works),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("http_client", tests, NULL, NULL);
}
