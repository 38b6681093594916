/* SPDX-License-Identifier: MIT
 * URLs by libcurl's parser, the one that will also be used to connect: nobody reads them twice and
 * differently. What a person would read differently is refused. */
#include <curl/curl.h>
#include "net/url.h"
#include "net/http_client.h"
#include <stdlib.h>
#include <string.h>

#define MAX_URL   16384
#define URL_FLAGS (CURLU_DISALLOW_USER | CURLU_URLENCODE | CURLU_ALLOW_SPACE)

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

static int not_spoken(enum sw_protocol p, struct sw_err *err)
{
    return sw_fail(err, SW_E_BAD, "only %s and %s URLs are %s", sw_protocol_scheme(p, false),
                   sw_protocol_scheme(p, true), p == SW_PROTO_HTTP ? "fetched" : "accepted here");
}

static int read_scheme(CURLU *u, enum sw_protocol p, struct sw_origin *o, struct sw_err *err)
{
    char *scheme = NULL;
    bool plain, known = false;
    if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK) {
        plain = strcmp(scheme, sw_protocol_scheme(p, false)) == 0;
        known = plain || strcmp(scheme, sw_protocol_scheme(p, true)) == 0;
        o->tls = !plain;
    }
    curl_free(scheme);
    o->protocol = p;
    return known ? SW_OK : not_spoken(p, err);
}

static int read_host(CURLU *u, struct sw_origin *o, struct sw_err *err)
{
    char *host = NULL, *zone = NULL;
    int rc;
    if (curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_ZONEID, &zone, 0) == CURLUE_OK)
        rc = sw_fail(err, SW_E_BAD, "the URL names no host, or one with a zone");
    else rc = sw_origin_set_host(o, host, err);
    curl_free(host);
    curl_free(zone);
    return rc;
}

/* Only HTTP says more than where: what stands behind the port would be lost, or mean something else. */
static int check_rest(CURLU *u, enum sw_protocol p, struct sw_err *err)
{
    char *path = NULL, *query = NULL, *fragment = NULL;
    bool rest;
    if (p == SW_PROTO_HTTP) return SW_OK;
    rest = (curl_url_get(u, CURLUPART_PATH, &path, 0) == CURLUE_OK && path[0] &&
            strcmp(path, "/")) ||
           curl_url_get(u, CURLUPART_QUERY, &query, 0) == CURLUE_OK ||
           curl_url_get(u, CURLUPART_FRAGMENT, &fragment, 0) == CURLUE_OK;
    curl_free(path);
    curl_free(query);
    curl_free(fragment);
    return rest ? sw_fail(err, SW_E_BAD, "the URL may name only host and port") : SW_OK;
}

static int read_origin(CURLU *u, enum sw_protocol p, struct sw_origin *o, struct sw_err *err)
{
    int rc;
    memset(o, 0, sizeof *o);
    rc = read_scheme(u, p, o, err);
    if (rc == SW_OK) rc = read_host(u, o, err);
    if (rc == SW_OK) rc = read_port(u, o, err);
    return rc == SW_OK ? check_rest(u, p, err) : rc;
}

int sw_url_read(CURLU *u, const char *text, enum sw_protocol p, struct sw_origin *o,
                struct sw_err *err)
{
    int rc = check_spelling(text, err);
    unsigned flags = URL_FLAGS | (p == SW_PROTO_STREAM ? CURLU_NON_SUPPORT_SCHEME : 0);
    CURLUcode c;
    if (rc != SW_OK) return rc;
    c = curl_url_set(u, CURLUPART_URL, text, flags);
    if (c == CURLUE_USER_NOT_ALLOWED)
        return sw_fail(err, SW_E_BAD, "a URL with a user or password in it is not accepted");
    if (c == CURLUE_UNSUPPORTED_SCHEME) return not_spoken(p, err);
    if (c != CURLUE_OK)
        return sw_fail(err, SW_E_BAD, "the URL cannot be read: %s", curl_url_strerror(c));
    return read_origin(u, p, o, err);
}

int sw_url_origin(const char *text, enum sw_protocol p, struct sw_origin *o, struct sw_err *err)
{
    CURLU *u = curl_url();
    int rc = u ? sw_url_read(u, text, p, o, err)
               : sw_fail(err, SW_E_INTERNAL, "no memory for a URL");
    curl_url_cleanup(u);
    return rc;
}

int sw_http_origin(const char *url, struct sw_origin *out, struct sw_err *err)
{
    return sw_url_origin(url, SW_PROTO_HTTP, out, err);
}
