/* SPDX-License-Identifier: MIT
 * What every use of libcurl has in common: the fixed options of a handle, the guard and the words for
 * how it ended. The guard stands at three places: the origin before each hop, the number in the
 * open-socket callback, and again before anything is sent, since a kept connection may have been
 * opened for somebody who was allowed more. */
#include <curl/curl.h>
#include "net/transfer.h"
#include "base/alloc.h"
#include "base/log.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* ---- the guard's three places ---- */

void sw_transfer_stop(struct sw_transfer *t, enum sw_http_code code, const char *why)
{
    if (t->code != SW_HTTP_OK) return;
    t->code = code;
    sw_err_clear(&t->err);
    sw_fail(&t->err, SW_E_BAD, "%s", why);
}

/* A refusal that another address of the same name may outlive: only told if nothing better came. */
static void refuse_address(struct sw_transfer *t, enum sw_addr_kind kind, const char *what)
{
    sw_err_clear(&t->err);
    sw_fail(&t->err, SW_E_DENIED, "%s is %s, which %s", t->origin.host, what,
            kind == SW_ADDR_LOCAL ? "only an administrator may allow" : "no request may go to");
}

static bool may_connect(const struct sw_transfer *t, enum sw_addr_kind kind)
{
    return kind == SW_ADDR_PUBLIC || (kind == SW_ADDR_LOCAL && t->local);
}

int sw_transfer_admit(struct sw_transfer *t)
{
    char text[SW_ORIGIN_TEXT];
    t->has_origin = true;
    t->local = sw_origin_in(&t->origin, t->origins + t->n_allowed, t->n_local);
    if (t->local || sw_origin_in(&t->origin, t->origins, t->n_allowed)) return SW_OK;
    sw_origin_text(&t->origin, text);
    t->code = SW_HTTP_REFUSED;
    return sw_fail(&t->err, SW_E_DENIED, "%s is not among the places this request may go to", text);
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct sw_transfer *t = ctx;
    const char *what;
    enum sw_addr_kind kind = sw_guard_address(&a->addr, &what);
    (void)purpose;
    if (!may_connect(t, kind)) {
        refuse_address(t, kind, what);
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->protocol);
}

static int before_sending(void *ctx, char *ip, char *local_ip, int port, int local_port)
{
    struct sw_transfer *t = ctx;
    const char *what;
    enum sw_addr_kind kind = sw_guard_address_text(ip, &what);
    (void)local_ip, (void)port, (void)local_port;
    if (may_connect(t, kind)) {
        t->sent = true;
        return CURL_PREREQFUNC_OK;
    }
    refuse_address(t, kind, what);
    t->code = SW_HTTP_REFUSED;
    return CURL_PREREQFUNC_ABORT;
}

/* ---- how it ended ---- */

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
    {CURLE_USE_SSL_FAILED, SW_HTTP_TLS, "the server offers no encryption"},
    {CURLE_SSL_ISSUER_ERROR, SW_HTTP_TLS, "the server's certificate is not trusted"},
};

/* "https://host: words (libcurl's own, cleaned)". No path and no query: they may hold secrets. */
static void say(struct sw_transfer *t, const char *words, const char *detail)
{
    char text[SW_ORIGIN_TEXT];
    struct sw_buf clean;
    sw_buf_init(&clean, 4 * CURL_ERROR_SIZE);
    sw_text_clean(&clean, detail, strnlen(detail, 160), 1);
    sw_origin_text(&t->origin, text);
    sw_err_clear(&t->err);
    sw_fail(&t->err, SW_E_IO, clean.len ? "%s: %s (%s)" : "%s: %s", text, words,
            sw_buf_str(&clean));
    sw_buf_clear(&clean);
}

void sw_transfer_explain(struct sw_transfer *t, CURLcode rc)
{
    long os_error = 0;
    size_t i = 0, n = sizeof meanings / sizeof *meanings;
    if (t->code != SW_HTTP_OK) return; /* our own reason came first */
    if (t->err.code == SW_E_DENIED && rc == CURLE_COULDNT_CONNECT) {
        t->code = SW_HTTP_REFUSED;
        return;
    }
    while (i < n && meanings[i].curl != rc) i++;
    t->code = i < n ? meanings[i].code : SW_HTTP_NETWORK;
    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_error);
    if (rc == CURLE_SSL_CONNECT_ERROR && (os_error == ECONNRESET || os_error == EPIPE))
        t->code = SW_HTTP_NETWORK; /* the handshake broke off: says nothing about trust */
    say(t, i < n ? meanings[i].says : "the request failed",
        t->said[0] ? t->said : curl_easy_strerror(rc));
}

/* ---- the handle ---- */

CURL *sw_transfer_easy(struct sw_transfer *t, const struct sw_transfer_config *c)
{
    CURL *e = curl_easy_init();
    if (!e) return NULL;
    curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L); /* never wait for a resolver's thread */
    curl_easy_setopt(e, CURLOPT_PROXY, "");      /* whatever the environment says */
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, c->connect_ms);
    if (c->ca_file) curl_easy_setopt(e, CURLOPT_CAINFO, c->ca_file);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->said);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, before_sending);
    curl_easy_setopt(e, CURLOPT_PREREQDATA, t);
    t->easy = e;
    return e;
}

static struct sw_origin *copied(struct sw_origin *to, const struct sw_origin *list, size_t n)
{
    if (n) memcpy(to, list, n * sizeof *list);
    return to + n;
}

void sw_transfer_set_origins(struct sw_transfer *t, const struct sw_origin *allowed,
                             size_t n_allowed, const struct sw_origin *local, size_t n_local)
{
    t->n_allowed = n_allowed;
    t->n_local = n_local;
    t->origins = sw_alloc((n_allowed + n_local + 1) * sizeof *t->origins);
    copied(copied(t->origins, allowed, n_allowed), local, n_local);
}
