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
    else rc = sw_origin_set_host(o, host, err);
    o->tls = scheme && strcmp(scheme, "https") == 0;
    curl_free(scheme);
    curl_free(host);
    curl_free(zone);
    return rc == SW_OK ? read_port(u, o, err) : rc;
}

/* Set u, empty or holding the URL that `text` may be relative to. */
int sw_url_read(CURLU *u, const char *text, struct sw_origin *o, struct sw_err *err)
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
    int rc = u ? sw_url_read(u, url, out, err) : sw_fail(err, SW_E_INTERNAL, "no memory for a URL");
    curl_url_cleanup(u);
    return rc;
}
