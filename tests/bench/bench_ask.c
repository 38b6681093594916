/* SPDX-License-Identifier: MIT
 * G12: requests with a token to 127.0.0.1:PORT/v1/series, at most SIX at a time over kept connections.
 *   bench_ask ours PORT REQUESTS              our client: guard, caps, secrets dropped on redirects
 *   bench_ask limited PORT REQUESTS HOME SCHEMA    each request first spent from a limit in the store
 *   bench_ask floor PORT REQUESTS             libcurl's multi and pooled handles, straight-line */
#include "bench.h"
#include "bench_permit.h"
#include "net/http_client.h"
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define TOKEN "Bearer bench-0123456789abcdef0123456789abcdef"
enum { SIX = 6 }; /* connections to one host, as the client has by default */

struct count {
    long most, sent, good;
    uint64_t bytes;
    char url[80];
};

static void state(const struct count *k, double cpu)
{
    printf("{\"check\": \"%ld answers, %llu bytes\", \"cpu_s\": %.6f}\n", k->good, (unsigned long long)k->bytes, cpu);
}

/* ---- ours ---- */

struct asking {
    struct count k;
    struct sw_http *http;
    struct sw_origin origin;
    struct bench_permits *permits; /* NULL: limits are left out */
};

static void next(struct asking *a);

static void on_done(void *ctx, const struct sw_http_reply *r)
{
    struct asking *a = ctx;
    if (r->code != SW_HTTP_OK || r->status != 200) bench_die(r->error, NULL);
    a->k.good++;
    a->k.bytes += r->body->len;
    next(a);
}

static void send_one(void *ctx)
{
    struct asking *a = ctx;
    const struct sw_http_header headers[] = {{.name = "Accept", .value = "application/json", .kind = SW_HTTP_ENGINE},
                                             {.name = "Authorization", .value = TOKEN, .kind = SW_HTTP_SECRET}};
    struct sw_http_request q = {.url = a->k.url, .headers = headers, .n_headers = 2, .allowed = &a->origin,
                                .n_allowed = 1, .local = &a->origin, .n_local = 1};
    sw_http_start(a->http, &q, &(struct sw_http_on){NULL, on_done, a});
}

static void next(struct asking *a)
{
    if (a->k.sent++ >= a->k.most) return;
    if (a->permits) bench_permit(a->permits, send_one, a);
    else send_one(a);
}

static void ours(struct asking *a, const char *home, const char *schema)
{
    struct sw_err err = SW_ERR_INIT;
    double from;
    uv_loop_t loop;
    uv_loop_init(&loop);
    if (home) a->permits = bench_permits_open(&loop, home, schema);
    a->http = sw_http_open(&loop, NULL, &err);
    if (!a->http || sw_http_origin(a->k.url, &a->origin, &err)) bench_die("client", &err);
    from = bench_cpu();
    for (int i = 0; i < SIX; i++) next(a);
    while (a->k.good < a->k.most && uv_run(&loop, UV_RUN_ONCE)) continue;
    state(&a->k, bench_cpu() - from);
    if (a->permits) bench_permits_close(a->permits);
}

/* ---- the floor ---- */

static size_t on_bytes(char *p, size_t size, size_t n, void *to)
{
    (void)p;
    *(uint64_t *)to += size * n;
    return size * n;
}

static void start(CURLM *m, CURL *e, struct count *k)
{
    if (k->sent >= k->most) return;
    k->sent++;
    curl_multi_add_handle(m, e);
}

static CURL *handle(struct count *k, struct curl_slist *headers)
{
    CURL *e = curl_easy_init();
    curl_easy_setopt(e, CURLOPT_URL, k->url);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, &k->bytes);
    return e;
}

static void bare(struct count *k)
{
    struct curl_slist *headers = curl_slist_append(curl_slist_append(NULL, "Accept: application/json"), "Authorization: " TOKEN);
    CURLM *m;
    double from;
    int running, left;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    m = curl_multi_init();
    from = bench_cpu();
    for (int i = 0; i < SIX; i++) start(m, handle(k, headers), k);
    do {
        CURLMsg *msg;
        curl_multi_perform(m, &running);
        while ((msg = curl_multi_info_read(m, &left))) {
            long status = 0;
            CURL *e = msg->easy_handle;
            curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
            if (msg->msg != CURLMSG_DONE || msg->data.result || status != 200) bench_die("no good answer", NULL);
            k->good++;
            curl_multi_remove_handle(m, e);
            start(m, e, k);
        }
        if (k->good < k->most) curl_multi_poll(m, NULL, 0, 1000, NULL);
    } while (k->good < k->most);
    state(k, bench_cpu() - from);
}

int main(int argc, char **argv)
{
    struct asking a = {0};
    signal(SIGPIPE, SIG_IGN);
    if (argc >= 4) {
        snprintf(a.k.url, sizeof a.k.url, "http://127.0.0.1:%d/v1/series", atoi(argv[2]));
        a.k.most = atol(argv[3]);
    }
    if (argc == 4 && !strcmp(argv[1], "ours")) ours(&a, NULL, NULL);
    else if (argc == 6 && !strcmp(argv[1], "limited")) ours(&a, argv[4], argv[5]);
    else if (argc == 4 && !strcmp(argv[1], "floor")) bare(&a.k);
    else bench_die("bench_ask ours | floor PORT REQUESTS, or limited PORT REQUESTS HOME SCHEMA", NULL);
    return 0;
}
