/* SPDX-License-Identifier: MIT
 * Mail by libcurl's SMTP in a thread. What became of the message is decided by the server's last reply
 * and by whether libcurl had read the message to its end before: only then can the mark that ends it
 * have left, and a silence afterwards is a real "unknown". The loop thread checks and copies; the
 * thread owns the struct until it signals. */
#include <curl/curl.h>
#include <uv.h>
#include "net/mail.h"
#include "base/alloc.h"
#include "base/log.h"
#include "net/transfer.h"
#include "net/url.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ADDRESS 320
#define MAX_LINE    998

struct mail {
    struct sw_transfer t;
    uv_thread_t thread;
    uv_async_t ended;
    bool threaded;
    struct sw_mail_on on;
    enum sw_mail_code code;
    char *user, *password, *from, *ca_file, *message;
    struct curl_slist *to;
    size_t bytes, at;
    bool all_read;    /* the end of the message may be on its way */
    int reply, final; /* the server's last reply; the last since all_read */
    char words[300];  /* its text, clean */
    long timeout_ms;
    enum sw_mail_tls starttls;
};

const char *sw_mail_code_name(enum sw_mail_code code)
{
    static const char *const names[] = {"sent", "rejected", "later",   "network",    "unknown",
                                        "tls",  "refused",  "bad_url", "bad_request"};
    return (size_t)code < sizeof names / sizeof *names ? names[code] : "unknown";
}

int sw_mail_origin(const char *url, struct sw_origin *out, struct sw_err *err)
{
    return sw_url_origin(url, SW_PROTO_MAIL, out, err);
}

/* ---- checking ---- */

/* libcurl puts it between < and > into a command line. */
static int check_address(const char *a, struct sw_err *err)
{
    size_t n = a ? strnlen(a, MAX_ADDRESS) : 0;
    const char *at = a ? strchr(a, '@') : NULL;
    if (n == 0 || n == MAX_ADDRESS || !at || at == a || !at[1])
        return sw_fail(err, SW_E_BAD, "a mail address looks like name@host");
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)a[i] <= 0x20 || a[i] == 0x7f || strchr("<>\"\\(),;:", a[i]))
            return sw_fail(err, SW_E_BAD, "a mail address holds a byte that it may not");
    return SW_OK;
}

/* A lone CR or LF before a dot is the end of the message to one server and not to the next. */
static int check_message(const char *p, size_t n, struct sw_err *err)
{
    size_t line = 0;
    if (n == 0 || n > SW_MAIL_MAX_BYTES)
        return sw_fail(err, SW_E_LIMIT, "the message is empty or larger than %u bytes",
                       SW_MAIL_MAX_BYTES);
    for (size_t i = 0; i < n; i++) {
        bool end = p[i] == '\r' && i + 1 < n && p[i + 1] == '\n';
        if (!end && (p[i] == '\r' || p[i] == '\n' || p[i] == 0))
            return sw_fail(err, SW_E_BAD,
                           "the message holds a NUL, or a line break that is not CR LF");
        if (!end && ++line > MAX_LINE)
            return sw_fail(err, SW_E_LIMIT, "the message has a line of more than %d bytes",
                           MAX_LINE);
        if (end) line = 0, i++;
    }
    return SW_OK;
}

static int check(const struct sw_mail_request *q, struct sw_err *err)
{
    int rc = check_address(q->from, err);
    if (q->n_to == 0 || q->n_to > SW_MAIL_MAX_TO)
        return sw_fail(err, SW_E_LIMIT, "a mail has 1 to %d receivers", SW_MAIL_MAX_TO);
    for (size_t i = 0; i < q->n_to && rc == SW_OK; i++) rc = check_address(q->to[i], err);
    if (rc == SW_OK && q->password && !q->user)
        rc = sw_fail(err, SW_E_BAD, "a password without a user");
    if (rc == SW_OK && q->user && q->starttls == SW_MAIL_TLS_TRY &&
        strncmp(q->url, "smtps:", 6) != 0)
        rc = sw_fail(err, SW_E_BAD, "a password is not sent where encryption is only tried");
    return rc == SW_OK ? check_message(q->message, q->message_bytes, err) : rc;
}

/* ---- in the thread ---- */

static size_t read_message(char *to, size_t size, size_t n, void *ctx)
{
    struct mail *m = ctx;
    size_t most = size * n, left = m->bytes - m->at;
    if (left < most) most = left;
    memcpy(to, m->message + m->at, most);
    m->at += most;
    m->all_read = m->at == m->bytes;
    return most;
}

/* A line that the server said. */
static size_t on_line(char *p, size_t size, size_t n, void *ctx)
{
    struct mail *m = ctx;
    struct sw_buf clean;
    int reply;
    n *= size;
    if (n < 3 || p[0] < '2' || p[0] > '5') return n;
    reply = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
    if (reply == 221) return n; /* the goodbye, which libcurl also says after a refusal */
    m->reply = reply;
    if (m->all_read) m->final = reply;
    sw_buf_init(&clean, 4096);
    sw_text_clean(&clean, p, n < 200 ? n : 200, 1);
    snprintf(m->words, sizeof m->words, "%s", sw_buf_str(&clean));
    sw_buf_clear(&clean);
    return n;
}

static void set_options(struct mail *m)
{
    static const long use[] = {[SW_MAIL_TLS_REQUIRE] = CURLUSESSL_ALL,
                               [SW_MAIL_TLS_TRY] = CURLUSESSL_TRY,
                               [SW_MAIL_TLS_NEVER] = CURLUSESSL_NONE};
    CURL *e = m->t.easy;
    char url[SW_ORIGIN_TEXT];
    sw_origin_text(&m->t.origin, url);
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(e, CURLOPT_USE_SSL, use[m->starttls]);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, m->timeout_ms);
    curl_easy_setopt(e, CURLOPT_USERNAME, m->user);
    curl_easy_setopt(e, CURLOPT_PASSWORD, m->password);
    curl_easy_setopt(e, CURLOPT_MAIL_FROM, m->from);
    curl_easy_setopt(e, CURLOPT_MAIL_RCPT, m->to);
    curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)m->bytes);
    curl_easy_setopt(e, CURLOPT_READFUNCTION, read_message);
    curl_easy_setopt(e, CURLOPT_READDATA, m);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_line);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, m);
}

static void say(struct mail *m, enum sw_mail_code code, const char *how)
{
    char text[SW_ORIGIN_TEXT];
    m->code = code;
    sw_origin_text(&m->t.origin, text);
    sw_err_clear(&m->t.err);
    sw_fail(&m->t.err, SW_E_IO, "%s: %s: %s", text, how, m->words);
}

static void judge(struct mail *m, CURLcode rc)
{
    if (rc == CURLE_OK || m->final / 100 == 2) {
        m->code = SW_MAIL_SENT;
        sw_err_clear(&m->t.err);
        return;
    }
    if (m->reply / 100 == 5) say(m, SW_MAIL_REJECTED, "the server refuses it for good");
    else if (m->reply / 100 == 4) say(m, SW_MAIL_LATER, "the server refuses it for now");
    else if (rc == CURLE_LOGIN_DENIED)
        say(m, SW_MAIL_REJECTED, "no way to log in that both sides know");
    else {
        sw_transfer_explain(&m->t, rc);
        m->code = m->t.code == SW_HTTP_REFUSED ? SW_MAIL_REFUSED
                  : m->t.code == SW_HTTP_TLS   ? SW_MAIL_TLS
                  : m->all_read                ? SW_MAIL_UNKNOWN
                                               : SW_MAIL_NETWORK;
    }
}

static void run(void *ctx)
{
    struct mail *m = ctx;
    judge(m, curl_easy_perform(m->t.easy));
    curl_easy_cleanup(m->t.easy); /* says goodbye, and waits for the answer */
    uv_async_send(&m->ended);
}

/* ---- on the loop ---- */

static void on_closed(uv_handle_t *h)
{
    struct mail *m = h->data;
    if (m->password) memset(m->password, 0, strlen(m->password));
    sw_free(m->user), sw_free(m->password), sw_free(m->from), sw_free(m->ca_file);
    sw_free(m->message);
    curl_slist_free_all(m->to);
    sw_free(m->t.origins);
    sw_free(m);
    curl_global_cleanup();
}

static void on_ended(uv_async_t *h)
{
    struct mail *m = h->data;
    if (m->threaded) uv_thread_join(&m->thread);
    m->on.done(m->on.ctx, m->code, m->t.err.text);
    uv_close((uv_handle_t *)h, on_closed);
}

static void take(struct mail *m, const struct sw_mail_request *q)
{
    m->user = sw_strdup(q->user);
    m->password = sw_strdup(q->password);
    m->from = sw_strdup(q->from);
    m->ca_file = sw_strdup(q->ca_file);
    m->message = sw_alloc(q->message_bytes);
    memcpy(m->message, q->message, q->message_bytes);
    m->bytes = q->message_bytes;
    for (size_t i = 0; i < q->n_to; i++) m->to = curl_slist_append(m->to, q->to[i]);
    m->timeout_ms = q->timeout_ms > 0 ? q->timeout_ms : 60000;
    m->starttls = q->starttls;
}

/* Not SW_MAIL_SENT: it does not start, for the reason in t.err. */
static enum sw_mail_code prepare(struct mail *m, const struct sw_mail_request *q)
{
    struct sw_transfer_config c = {NULL, 15000};
    if (sw_mail_origin(q->url ? q->url : "", &m->t.origin, &m->t.err) != SW_OK)
        return SW_MAIL_BAD_URL;
    if (check(q, &m->t.err) != SW_OK) return SW_MAIL_BAD_REQUEST;
    sw_transfer_set_origins(&m->t, q->allowed, q->n_allowed, q->local, q->n_local);
    if (sw_transfer_admit(&m->t) != SW_OK) return SW_MAIL_REFUSED;
    take(m, q);
    c.ca_file = m->ca_file;
    if (!sw_transfer_easy(&m->t, &c)) {
        sw_fail(&m->t.err, SW_E_INTERNAL, "libcurl gave no handle");
        return SW_MAIL_NETWORK;
    }
    set_options(m);
    return SW_MAIL_SENT;
}

void sw_mail_send(struct uv_loop_s *loop, const struct sw_mail_request *q,
                  const struct sw_mail_on *on)
{
    struct mail *m = sw_zalloc(sizeof *m);
    curl_global_init(CURL_GLOBAL_DEFAULT); /* a failure shows in the handle */
    m->on = *on;
    if (uv_async_init(loop, &m->ended, on_ended) != 0)
        abort(); /* no descriptors: cannot even tell */
    m->ended.data = m;
    m->code = prepare(m, q);
    if (m->code == SW_MAIL_SENT) m->threaded = uv_thread_create(&m->thread, run, m) == 0;
    if (m->threaded) return;
    if (m->t.easy) curl_easy_cleanup(m->t.easy);
    if (m->code == SW_MAIL_SENT) {
        m->code = SW_MAIL_NETWORK;
        sw_fail(&m->t.err, SW_E_INTERNAL, "no thread for a mail could be started");
    }
    uv_async_send(&m->ended);
}
