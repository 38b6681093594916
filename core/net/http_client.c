/* SPDX-License-Identifier: MIT
 * The HTTP client. libcurl's multi interface tells which sockets and which timer to watch, libuv
 * watches, and both meet in drive(). A call owns an easy handle whose fixed options are set once;
 * finished calls wait in a pool with their handle, so a request costs a dozen options and a URL.
 *
 * libcurl must not be entered from its own callbacks, and callers must not be called from inside
 * sw_http_start; so start, cancel and close only put the call on a list that the `later` timer works
 * off. The guard stands at three places: the origin before each hop, the number in the open-socket
 * callback, and again before the request is sent, since a kept connection may have been opened for
 * somebody who was allowed more.
 *
 * It deliberately has no cookies, no netrc, no proxy, no retries and no limits per service: what a
 * request costs and when it is repeated is decided above. */
#include "net/http_client.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/http_message.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <curl/curl.h>
#include <uv.h>

#define MAX_URL 16384
#define KEEP_CALLS 32                /* finished calls kept with their handle */
#define KEEP_BODY (64u << 10)        /* memory of a collected body kept with them */
#define URL_FLAGS (CURLU_DISALLOW_USER | CURLU_URLENCODE | CURLU_ALLOW_SPACE)

enum stage { NEW, RUNNING, ENDED };

struct sw_http_call {
    struct sw_http *http;
    struct sw_http_call *prev, *next;   /* in http->live, or next in http->pool */
    struct sw_http_call *todo_next;     /* in http->todo while queued */
    enum stage stage;
    bool queued, cancelled;
    struct sw_http_on on;
    CURL *easy;
    CURLU *url;                         /* of the hop under way */
    struct sw_origin origin;
    bool has_origin;
    bool local;                         /* this hop may reach local addresses */
    struct sw_origin *origins;          /* copies: n_allowed, then n_local */
    size_t n_allowed, n_local;
    struct sw_http_out out;
    struct curl_slist *lines;           /* of the hop, for libcurl */
    bool no_redirects;
    int64_t deadline_ms;                /* monotonic */
    size_t max_body, body_bytes;        /* of the hop's answer, decoded */
    struct sw_buf body;                 /* collected */
    struct sw_http_head head;
    bool swallow;                       /* a redirect's own body */
    int status, redirects;
    bool sent;
    enum sw_http_code code;             /* decided by us; SW_HTTP_OK: ask libcurl */
    struct sw_err err;
    char said[CURL_ERROR_SIZE];
};

struct sock {
    uv_poll_t poll;
    struct sw_http *http;
    curl_socket_t fd;
};

struct sw_http {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer;           /* libcurl's */
    uv_timer_t later;           /* ours */
    int handles;                /* not closed yet */
    struct sw_http_call *live, *pool;
    struct sw_http_call *todo, **todo_end;  /* new and cancelled calls, in their order */
    int n_pool;
    bool closing;
    char *user_agent, *ca_file;
    long connect_ms, low_speed_s;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

/* ---- URLs ---- */

/* What a parser might read differently from a person: control bytes, backslashes, "http:///x". */
static int check_spelling(const char *text, struct sw_err *err)
{
    size_t n = strnlen(text, MAX_URL);
    const char *colon = strchr(text, ':');
    if (n == 0 || n == MAX_URL) return sw_fail(err, SW_E_BAD, "the URL is empty or too long");
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f || text[i] == '\\')
            return sw_fail(err, SW_E_BAD, "the URL holds a control byte or a backslash");
    if (colon && strncmp(colon, ":///", 4) == 0)
        return sw_fail(err, SW_E_BAD, "the URL names no host");
    return SW_OK;
}

static int read_port(CURLU *u, struct sw_origin *o, struct sw_err *err)
{
    char *port = NULL;
    unsigned long n = 0;
    if (curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
        n = strtoul(port, NULL, 10);
    curl_free(port);
    if (n == 0 || n > 65535) return sw_fail(err, SW_E_BAD, "the URL's port is not in 1 to 65535");
    o->port = (uint16_t)n;
    return SW_OK;
}

static int read_origin(CURLU *u, struct sw_origin *o, struct sw_err *err)
{
    char *scheme = NULL, *host = NULL, *zone = NULL;
    int rc = SW_OK;
    memset(o, 0, sizeof *o);
    if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        rc = sw_fail(err, SW_E_BAD, "only http and https URLs are fetched");
    else if (curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
             curl_url_get(u, CURLUPART_ZONEID, &zone, 0) == CURLUE_OK)
        rc = sw_fail(err, SW_E_BAD, "the URL names no host, or one with a zone");
    else
        rc = sw_origin_set_host(o, host, err);
    o->tls = scheme && strcmp(scheme, "https") == 0;
    curl_free(scheme);
    curl_free(host);
    curl_free(zone);
    return rc == SW_OK ? read_port(u, o, err) : rc;
}

/* Set u, empty or holding the URL that `text` may be relative to. */
static int read_url(CURLU *u, const char *text, struct sw_origin *o, struct sw_err *err)
{
    int rc = check_spelling(text, err);
    CURLUcode c;
    if (rc != SW_OK) return rc;
    c = curl_url_set(u, CURLUPART_URL, text, URL_FLAGS);
    if (c == CURLUE_USER_NOT_ALLOWED)
        return sw_fail(err, SW_E_BAD, "a URL with a user or password in it is not accepted");
    if (c == CURLUE_UNSUPPORTED_SCHEME)
        return sw_fail(err, SW_E_BAD, "only http and https URLs are fetched");
    if (c != CURLUE_OK)
        return sw_fail(err, SW_E_BAD, "the URL cannot be read: %s", curl_url_strerror(c));
    return read_origin(u, o, err);
}

int sw_http_origin(const char *url, struct sw_origin *out, struct sw_err *err)
{
    CURLU *u = curl_url();
    int rc = u ? read_url(u, url, out, err) : sw_fail(err, SW_E_INTERNAL, "no memory for a URL");
    curl_url_cleanup(u);
    return rc;
}

/* ---- the guard's three places ---- */

/* End the call for a reason of ours; the first one counts. */
static void stop(struct sw_http_call *c, enum sw_http_code code, const char *why)
{
    if (c->code != SW_HTTP_OK) return;
    c->code = code;
    sw_err_clear(&c->err);
    sw_fail(&c->err, SW_E_BAD, "%s", why);
}

/* A refusal that another address of the same name may outlive: only told if nothing better came. */
static void refuse_address(struct sw_http_call *c, enum sw_addr_kind kind, const char *what)
{
    sw_err_clear(&c->err);
    sw_fail(&c->err, SW_E_DENIED, "%s is %s, which %s", c->origin.host, what,
            kind == SW_ADDR_LOCAL ? "only an administrator may allow" : "no request may go to");
}

static bool may_connect(const struct sw_http_call *c, enum sw_addr_kind kind)
{
    return kind == SW_ADDR_PUBLIC || (kind == SW_ADDR_LOCAL && c->local);
}

/* May the hop go to c->origin? */
static int admit(struct sw_http_call *c)
{
    char text[SW_ORIGIN_TEXT];
    c->has_origin = true;
    c->local = sw_origin_in(&c->origin, c->origins + c->n_allowed, c->n_local);
    if (c->local || sw_origin_in(&c->origin, c->origins, c->n_allowed)) return SW_OK;
    sw_origin_text(&c->origin, text);
    c->code = SW_HTTP_REFUSED;
    return sw_fail(&c->err, SW_E_DENIED, "%s is not among the places this request may go to", text);
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct sw_http_call *c = ctx;
    const char *what;
    enum sw_addr_kind kind = sw_guard_address(&a->addr, &what);
    (void)purpose;
    if (!may_connect(c, kind)) {
        refuse_address(c, kind, what);
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->protocol);
}

static int before_sending(void *ctx, char *ip, char *local_ip, int port, int local_port)
{
    struct sw_http_call *c = ctx;
    const char *what;
    enum sw_addr_kind kind = sw_guard_address_text(ip, &what);
    (void)local_ip, (void)port, (void)local_port;
    if (may_connect(c, kind)) {
        c->sent = true;
        return CURL_PREREQFUNC_OK;
    }
    refuse_address(c, kind, what);
    c->code = SW_HTTP_REFUSED;
    return CURL_PREREQFUNC_ABORT;
}

/* ---- what comes in ---- */

static bool is_redirect(const struct sw_http_call *c)
{
    return !c->no_redirects && (c->status == 301 || c->status == 302 || c->status == 303 ||
                                c->status == 307 || c->status == 308);
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
    struct sw_http_call *c = ctx;
    long status = 0;
    int rc = sw_http_head_line(&c->head, p, size * n);
    if (rc < 0) {
        stop(c, SW_HTTP_TOO_LARGE, "the answer has too many headers");
        return 0;
    }
    if (rc == 1) {
        curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
        c->status = (int)status;
        c->swallow = is_redirect(c) && sw_http_head_find(&c->head, "Location");
    }
    return size * n;
}

/* Decoded bytes of a body. */
static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    struct sw_http_call *c = ctx;
    n *= size;
    if (c->cancelled) stop(c, SW_HTTP_CANCELLED, "the request was cancelled");
    if (n > c->max_body - c->body_bytes)
        stop(c, SW_HTTP_TOO_LARGE, "the answer is larger than allowed");
    if (c->code != SW_HTTP_OK) return CURL_WRITEFUNC_ERROR;
    c->body_bytes += n;
    if (c->swallow || n == 0) return n;
    if (!c->on.body) sw_buf_put(&c->body, p, n);
    else if (c->on.body(c->on.ctx, c->status, (const uint8_t *)p, n) != 0)
        stop(c, SW_HTTP_CANCELLED, "the receiver wanted no more");
    return c->code == SW_HTTP_OK ? n : CURL_WRITEFUNC_ERROR;
}

/* ---- a call's memory ---- */

static CURL *new_easy(struct sw_http_call *c)
{
    CURL *e = curl_easy_init();
    if (!e) return NULL;
    curl_easy_setopt(e, CURLOPT_PRIVATE, c);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L); /* never wait for a resolver's thread */
    curl_easy_setopt(e, CURLOPT_PROXY, "");      /* whatever the environment says */
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(e, CURLOPT_USERAGENT, c->http->user_agent);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, c->http->connect_ms);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 10L);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, c->http->low_speed_s);
    if (c->http->ca_file) curl_easy_setopt(e, CURLOPT_CAINFO, c->http->ca_file);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->said);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, c);
    curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, before_sending);
    curl_easy_setopt(e, CURLOPT_PREREQDATA, c);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
    return e;
}

static void clear_call(struct sw_http_call *c)
{
    sw_http_out_clear(&c->out);
    sw_free(c->origins);
    curl_slist_free_all(c->lines);
    curl_url_cleanup(c->url);
    if (c->body.cap > KEEP_BODY) sw_buf_clear(&c->body);
}

static void free_call(struct sw_http_call *c)
{
    curl_easy_cleanup(c->easy);
    sw_buf_clear(&c->body);
    sw_buf_clear(&c->head.text);
    sw_free(c);
}

/* Give the call back: its handle and buffers wait for the next one. */
static void put_call(struct sw_http_call *c)
{
    struct sw_http *h = c->http;
    struct sw_http_call kept = {.http = h, .easy = c->easy, .next = h->pool};
    clear_call(c);
    if (!c->easy || h->closing || h->n_pool >= KEEP_CALLS) {
        free_call(c);
        return;
    }
    kept.body = c->body;
    kept.head = c->head;
    *c = kept;
    h->pool = c;
    h->n_pool++;
}

static struct sw_http_call *get_call(struct sw_http *h)
{
    struct sw_http_call *c = h->pool;
    if (c) {
        h->pool = c->next;
        h->n_pool--;
        c->next = NULL;
        sw_buf_reset(&c->body);
        sw_http_head_reset(&c->head);
        return c;
    }
    c = sw_zalloc(sizeof *c);
    c->http = h;
    c->easy = new_easy(c);
    sw_buf_init(&c->body, SW_HTTP_MAX_BODY);
    sw_http_head_init(&c->head);
    return c;
}

/* ---- what goes out ---- */

static void copy_origins(struct sw_http_call *c, const struct sw_http_request *q)
{
    c->n_allowed = q->n_allowed;
    c->n_local = q->n_local;
    c->origins = sw_alloc((q->n_allowed + q->n_local + 1) * sizeof *c->origins);
    if (q->n_allowed) memcpy(c->origins, q->allowed, q->n_allowed * sizeof *c->origins);
    if (q->n_local) memcpy(c->origins + q->n_allowed, q->local, q->n_local * sizeof *c->origins);
}

/* Copy and check all of the request; c->code says what is wrong. */
static void take_request(struct sw_http_call *c, const struct sw_http_request *q)
{
    c->no_redirects = q->no_redirects;
    c->max_body = q->max_body_bytes ? q->max_body_bytes : SW_HTTP_MAX_BODY;
    c->body.max = c->max_body;
    c->deadline_ms = sw_mono_ms() + (q->timeout_ms > 0 ? q->timeout_ms : 60000);
    copy_origins(c, q);
    c->code = SW_HTTP_BAD_REQUEST;
    if (sw_http_out_take(&c->out, q, &c->err) != SW_OK) return;
    c->code = SW_HTTP_BAD_URL;
    c->url = curl_url();
    if (!c->url || !c->easy) sw_fail(&c->err, SW_E_INTERNAL, "libcurl gave no handle");
    else if (read_url(c->url, q->url ? q->url : "", &c->origin, &c->err) == SW_OK &&
             admit(c) == SW_OK)
        c->code = SW_HTTP_OK;
}

static void build_lines(struct sw_http_call *c)
{
    curl_slist_free_all(c->lines);
    c->lines = NULL;
    for (size_t i = 0; i < c->out.n_lines; i++)
        c->lines = curl_slist_append(c->lines, c->out.line[i].text);
    c->lines = curl_slist_append(c->lines, "Expect:"); /* no waiting for a 100 */
    if (!sw_http_out_has(&c->out, "Content-Type"))
        c->lines = curl_slist_append(c->lines, "Content-Type:"); /* no guess of libcurl's */
}

static void set_method(struct sw_http_call *c)
{
    CURL *e = c->easy;
    const struct sw_http_out *o = &c->out;
    bool body = sw_http_out_posts(o);
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, NULL);
    curl_easy_setopt(e, CURLOPT_NOBODY, 0L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
    if (body) {
        curl_easy_setopt(e, CURLOPT_POST, 1L);
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)o->body_bytes);
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, o->has_body ? o->body : "");
    }
    if (strcmp(o->method, "HEAD") == 0) curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    else if (strcmp(o->method, body ? "POST" : "GET") != 0)
        curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, o->method);
}

/* Send the hop that c->url and c->out describe. */
static void launch(struct sw_http_call *c)
{
    int64_t left_ms = c->deadline_ms - sw_mono_ms();
    sw_http_head_reset(&c->head);
    c->body_bytes = 0;
    c->swallow = false;
    c->status = 0;
    c->said[0] = 0;
    sw_err_clear(&c->err);
    build_lines(c);
    set_method(c);
    curl_easy_setopt(c->easy, CURLOPT_CURLU, c->url);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->lines);
    curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, left_ms > 0 ? (long)left_ms : 1L);
    c->stage = RUNNING;
    if (curl_multi_add_handle(c->http->multi, c->easy) == CURLM_OK) return;
    c->stage = ENDED;
    stop(c, SW_HTTP_NETWORK, "libcurl could not take the request");
}

/* ---- the end of a call ---- */

static void unlink_call(struct sw_http_call *c)
{
    if (c->prev) c->prev->next = c->next;
    else c->http->live = c->next;
    if (c->next) c->next->prev = c->prev;
}

/* Tell the caller and put the call away. */
static void finish(struct sw_http_call *c)
{
    struct sw_http_reply r = {.code = c->code, .status = c->status, 
        .n_headers = c->head.n,
        .body = &c->body, .origin = c->has_origin ? &c->origin : NULL, .redirects = c->redirects,
        .sent = c->sent};
    struct sw_http_header *list = sw_http_head_list(&c->head);
    if (c->stage == RUNNING) curl_multi_remove_handle(c->http->multi, c->easy);
    unlink_call(c);
    c->stage = ENDED;
    r.headers = list;
    if (r.code == SW_HTTP_OK) sw_err_clear(&c->err);
    r.error = c->err.text;
    c->on.done(c->on.ctx, &r);
    sw_free(list);
    put_call(c);
}

static const struct {
    CURLcode curl;
    enum sw_http_code code;
    const char *says;
} meanings[] = {
    {CURLE_COULDNT_RESOLVE_HOST, SW_HTTP_NETWORK, "the name cannot be found"},
    {CURLE_COULDNT_CONNECT, SW_HTTP_NETWORK, "no connection"},
    {CURLE_OPERATION_TIMEDOUT, SW_HTTP_TIMEOUT, "no answer in time"},
    {CURLE_PARTIAL_FILE, SW_HTTP_NETWORK, "the connection broke off in the middle of the answer"},
    {CURLE_GOT_NOTHING, SW_HTTP_NETWORK, "the server closed the connection without an answer"},
    {CURLE_RECV_ERROR, SW_HTTP_NETWORK, "the connection broke off"},
    {CURLE_SEND_ERROR, SW_HTTP_NETWORK, "the connection broke off while sending"},
    {CURLE_HTTP2, SW_HTTP_NETWORK, "the HTTP/2 connection failed"},
    {CURLE_HTTP2_STREAM, SW_HTTP_NETWORK, "the server reset the HTTP/2 stream"},
    {CURLE_BAD_CONTENT_ENCODING, SW_HTTP_BROKEN, "the answer's compression is damaged"},
    {CURLE_WEIRD_SERVER_REPLY, SW_HTTP_BROKEN, "the answer is no valid HTTP"},
    {CURLE_UNSUPPORTED_PROTOCOL, SW_HTTP_BROKEN, "the answer is no valid HTTP"},
    {CURLE_OUT_OF_MEMORY, SW_HTTP_TOO_LARGE, "a header line of the answer is too long"},
    {CURLE_PEER_FAILED_VERIFICATION, SW_HTTP_TLS, "the server's certificate is not trusted"},
    {CURLE_SSL_CONNECT_ERROR, SW_HTTP_TLS, "no encrypted connection could be agreed on"},
    {CURLE_SSL_CACERT_BADFILE, SW_HTTP_TLS, "the file of trusted authorities cannot be read"},
    {CURLE_SSL_CIPHER, SW_HTTP_TLS, "no encrypted connection could be agreed on"},
    {CURLE_SSL_ISSUER_ERROR, SW_HTTP_TLS, "the server's certificate is not trusted"},
};

/* "https://host: words (libcurl's own, cleaned)". No path and no query: they may hold secrets. */
static void say(struct sw_http_call *c, const char *words, const char *detail)
{
    char text[SW_ORIGIN_TEXT];
    struct sw_buf clean;
    sw_buf_init(&clean, 4 * CURL_ERROR_SIZE);
    sw_text_clean(&clean, detail, strnlen(detail, 160), 1);
    sw_origin_text(&c->origin, text);
    sw_err_clear(&c->err);
    sw_fail(&c->err, SW_E_IO, clean.len ? "%s: %s (%s)" : "%s: %s", text, words, sw_buf_str(&clean));
    sw_buf_clear(&clean);
}

static void explain(struct sw_http_call *c, CURLcode rc)
{
    long os_error = 0;
    size_t i = 0, n = sizeof meanings / sizeof *meanings;
    if (c->code != SW_HTTP_OK) return; /* our own reason came first */
    if (c->err.code == SW_E_DENIED && rc == CURLE_COULDNT_CONNECT) {
        c->code = SW_HTTP_REFUSED;
        return;
    }
    while (i < n && meanings[i].curl != rc) i++;
    c->code = i < n ? meanings[i].code : SW_HTTP_NETWORK;
    curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os_error);
    if (rc == CURLE_SSL_CONNECT_ERROR && (os_error == ECONNRESET || os_error == EPIPE))
        c->code = SW_HTTP_NETWORK; /* the handshake broke off: says nothing about trust */
    say(c, i < n ? meanings[i].says : "the request failed",
        c->said[0] ? c->said : curl_easy_strerror(rc));
}

/* ---- redirects ---- */

/* Go where the answer points, if the guard lets us. Else c->code says why not. */
static void follow(struct sw_http_call *c, const char *location)
{
    struct sw_origin from = c->origin;
    bool moved;
    struct sw_err why = SW_ERR_INIT;
    if (c->redirects == SW_HTTP_MAX_REDIRECTS) {
        stop(c, SW_HTTP_REFUSED, "the server redirects more than three times");
        return;
    }
    if (read_url(c->url, location, &c->origin, &why) != SW_OK) {
        c->origin = from;
        c->code = SW_HTTP_REFUSED;
        sw_fail(&c->err, SW_E_DENIED, "the server redirects to a place that is not accepted: %s",
                why.text);
        return;
    }
    if (admit(c) != SW_OK) return;
    moved = !sw_origin_equal(&from, &c->origin);
    sw_http_out_redirect(&c->out, c->status);
    if (moved && c->out.has_body) {
        stop(c, SW_HTTP_REFUSED, "the server wants the request's body sent to another place");
        return;
    }
    if (moved) sw_http_out_leave_home(&c->out);
    c->redirects++;
    launch(c);
}

/* libcurl is through with the hop. */
static void hop_done(struct sw_http_call *c, CURLcode rc)
{
    const char *location = NULL;
    curl_multi_remove_handle(c->http->multi, c->easy);
    c->stage = ENDED;
    if (rc != CURLE_OK) explain(c, rc);
    if (c->cancelled) stop(c, SW_HTTP_CANCELLED, "the request was cancelled");
    if (c->code == SW_HTTP_OK && is_redirect(c)) location = sw_http_head_find(&c->head, "Location");
    if (location) follow(c, location);
    if (c->stage == ENDED && !c->queued) finish(c);
}

/* ---- libcurl on libuv ---- */

static void drive(struct sw_http *h, curl_socket_t fd, int events)
{
    CURLMsg *m;
    int running, left;
    curl_multi_socket_action(h->multi, fd, events, &running);
    while ((m = curl_multi_info_read(h->multi, &left))) {
        struct sw_http_call *c = NULL;
        if (m->msg != CURLMSG_DONE) continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
        hop_done(c, m->data.result);
    }
}

static void on_poll(uv_poll_t *p, int status, int events)
{
    struct sock *s = p->data;
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    drive(s->http, s->fd, status < 0 ? CURL_CSELECT_ERR : flags);
}

static void on_timer(uv_timer_t *t) { drive(t->data, CURL_SOCKET_TIMEOUT, 0); }

static int want_timer(CURLM *m, long ms, void *ctx)
{
    struct sw_http *h = ctx;
    (void)m;
    if (ms < 0) uv_timer_stop(&h->timer);
    else uv_timer_start(&h->timer, on_timer, (uint64_t)ms, 0);
    return 0;
}

static void handle_closed(struct sw_http *h)
{
    void (*closed)(void *ctx) = h->closed;
    void *ctx = h->closed_ctx;
    if (--h->handles > 0) return;
    sw_free(h->user_agent);
    sw_free(h->ca_file);
    sw_free(h);
    curl_global_cleanup();
    if (closed) closed(ctx);
}

static void timer_closed(uv_handle_t *t) { handle_closed(t->data); }

static void sock_closed(uv_handle_t *p)
{
    struct sock *s = p->data;
    struct sw_http *h = s->http;
    sw_free(s);
    handle_closed(h);
}

/* A watcher of its own each time libcurl asks: one kept for later would, when closed, stop whoever
 * else has the number by then. */
static struct sock *new_sock(struct sw_http *h, curl_socket_t fd)
{
    struct sock *s = sw_zalloc(sizeof *s);
    s->http = h;
    s->fd = fd;
    s->poll.data = s;
    if (uv_poll_init(h->loop, &s->poll, fd) != 0) {
        sw_free(s);
        return NULL;
    }
    h->handles++;
    return s;
}

static int want_socket(CURL *e, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct sw_http *h = ctx;
    struct sock *s = socket_ctx;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    (void)e;
    if (what == CURL_POLL_REMOVE) {
        if (s) uv_close((uv_handle_t *)&s->poll, sock_closed);
        curl_multi_assign(h->multi, fd, NULL);
        return 0;
    }
    if (!s && !(s = new_sock(h, fd))) return -1;
    curl_multi_assign(h->multi, fd, s);
    return uv_poll_start(&s->poll, events, on_poll) == 0 ? 0 : -1;
}

/* ---- start, cancel, close ---- */

static void shut(struct sw_http *h)
{
    struct sw_http_call *c;
    while ((c = h->pool)) {
        h->pool = c->next;
        free_call(c);
    }
    curl_multi_cleanup(h->multi);
    uv_close((uv_handle_t *)&h->timer, timer_closed);
    uv_close((uv_handle_t *)&h->later, timer_closed);
}

/* A call that start or cancel left for us. */
static void attend(struct sw_http_call *c)
{
    c->queued = false;
    if (c->cancelled) stop(c, SW_HTTP_CANCELLED, "the request was cancelled");
    if (c->stage == NEW && c->code == SW_HTTP_OK) launch(c);
    if (c->code != SW_HTTP_OK) finish(c);
}

static void on_later(uv_timer_t *t)
{
    struct sw_http *h = t->data;
    struct sw_http_call *c;
    while ((c = h->todo)) {
        h->todo = c->todo_next;
        if (!h->todo) h->todo_end = &h->todo;
        attend(c);
    }
    if (!h->closing) return;
    while ((c = h->live)) {
        stop(c, SW_HTTP_CANCELLED, "the request was cancelled");
        finish(c);
    }
    shut(h);
}

static void do_later(struct sw_http *h, struct sw_http_call *c)
{
    if (c && !c->queued) {
        c->queued = true;
        c->todo_next = NULL;
        *h->todo_end = c;
        h->todo_end = &c->todo_next;
    }
    if (!uv_is_active((uv_handle_t *)&h->later)) uv_timer_start(&h->later, on_later, 0, 0);
}

static long or_default(long n, long otherwise) { return n > 0 ? n : otherwise; }

struct sw_http *sw_http_open(struct uv_loop_s *loop, const struct sw_http_config *c,
                             struct sw_err *err)
{
    static const struct sw_http_config none = {0};
    struct sw_http *h;
    CURLM *m;
    if (!c) c = &none;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(m = curl_multi_init())) {
        sw_fail(err, SW_E_INTERNAL, "libcurl could not be started");
        return NULL;
    }
    h = sw_zalloc(sizeof *h);
    h->loop = loop;
    h->multi = m;
    h->handles = 2; /* the timers */
    h->connect_ms = or_default(c->connect_ms, 10000);
    h->low_speed_s = or_default(c->low_speed_s, 30);
    h->user_agent = sw_strdup(c->user_agent ? c->user_agent : "SyncWell");
    h->ca_file = sw_strdup(c->ca_file);
    uv_timer_init(loop, &h->timer); /* cannot fail */
    uv_timer_init(loop, &h->later);
    h->timer.data = h->later.data = h;
    h->todo_end = &h->todo;
    curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(m, CURLMOPT_SOCKETDATA, h);
    curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, want_timer);
    curl_multi_setopt(m, CURLMOPT_TIMERDATA, h);
    curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, or_default(c->max_connections, 64));
    curl_multi_setopt(m, CURLMOPT_MAX_TOTAL_CONNECTIONS, or_default(c->max_connections, 64));
    curl_multi_setopt(m, CURLMOPT_MAX_HOST_CONNECTIONS, or_default(c->max_per_host, 6));
    return h;
}

void sw_http_close(struct sw_http *h, void (*done)(void *ctx), void *ctx)
{
    assert(!h->closing);
    h->closing = true;
    h->closed = done;
    h->closed_ctx = ctx;
    do_later(h, NULL);
}

struct sw_http_call *sw_http_start(struct sw_http *h, const struct sw_http_request *q,
                                   const struct sw_http_on *on)
{
    struct sw_http_call *c;
    if (h->closing) return NULL;
    c = get_call(h);
    c->on = *on;
    take_request(c, q);
    c->next = h->live;
    if (h->live) h->live->prev = c;
    h->live = c;
    do_later(h, c);
    return c;
}

void sw_http_cancel(struct sw_http_call *call)
{
    if (call->stage == ENDED) return; /* its done is due or running */
    call->cancelled = true;
    do_later(call->http, call);
}
