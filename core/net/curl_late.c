/* SPDX-License-Identifier: MIT
 * What we use of libcurl, opened with the first request (base/late.h). Options come in
 * three sizes, so each is handed on as what its number says it is. */
#include "base/late.h"
#include <curl/curl.h>
#include <stdarg.h>

#define LATE(result, name, params, args) SW_LATE(SW_LIBCURL, result, name, params, args)

LATE(CURLcode, curl_global_init, (long flags), (flags))
LATE(void, curl_global_cleanup, (void), ())
LATE(void, curl_free, (void *p), (p))
LATE(struct curl_slist *, curl_slist_append, (struct curl_slist *list, const char *text),
     (list, text))
LATE(void, curl_slist_free_all, (struct curl_slist *list), (list))

LATE(CURL *, curl_easy_init, (void), ())
LATE(void, curl_easy_cleanup, (CURL *e), (e))
LATE(CURLcode, curl_easy_perform, (CURL *e), (e))
LATE(CURLcode, curl_easy_recv, (CURL *e, void *to, size_t room, size_t *n),
     (e, to, room, n))
LATE(CURLcode, curl_easy_send, (CURL *e, const void *p, size_t len, size_t *n),
     (e, p, len, n))
LATE(const char *, curl_easy_strerror, (CURLcode code), (code))

LATE(CURLM *, curl_multi_init, (void), ())
LATE(CURLMcode, curl_multi_cleanup, (CURLM *m), (m))
LATE(CURLMcode, curl_multi_add_handle, (CURLM *m, CURL *e), (m, e))
LATE(CURLMcode, curl_multi_remove_handle, (CURLM *m, CURL *e), (m, e))
LATE(CURLMcode, curl_multi_assign, (CURLM *m, curl_socket_t fd, void *ctx), (m, fd, ctx))
LATE(CURLMcode, curl_multi_socket_action,
     (CURLM *m, curl_socket_t fd, int events, int *running), (m, fd, events, running))
LATE(CURLMsg *, curl_multi_info_read, (CURLM *m, int *left), (m, left))

LATE(CURLU *, curl_url, (void), ())
LATE(void, curl_url_cleanup, (CURLU *u), (u))
LATE(CURLUcode, curl_url_get, (CURLU *u, CURLUPart part, char **out, unsigned flags),
     (u, part, out, flags))
LATE(CURLUcode, curl_url_set, (CURLU *u, CURLUPart part, const char *text, unsigned flags),
     (u, part, text, flags))
LATE(const char *, curl_url_strerror, (CURLUcode code), (code))

/* Numbers of options of easy and multi handles: ten thousand a type. */
enum {
    SPAN = 10000,
    TYPE_LONG = CURLOPTTYPE_LONG / SPAN,
    TYPE_OFF_T = CURLOPTTYPE_OFF_T / SPAN
};

CURLcode(curl_easy_setopt)(CURL *e, CURLoption option, ...)
{
    static _Atomic(void *) at;
    __typeof__(curl_easy_setopt) *set = sw_late(&at, SW_LIBCURL, "curl_easy_setopt");
    CURLcode rc;
    va_list v;
    va_start(v, option);
    if (option / SPAN == TYPE_LONG) rc = set(e, option, va_arg(v, long));
    else if (option / SPAN == TYPE_OFF_T) rc = set(e, option, va_arg(v, curl_off_t));
    else rc = set(e, option, va_arg(v, void *));
    va_end(v);
    return rc;
}

CURLMcode(curl_multi_setopt)(CURLM *m, CURLMoption option, ...)
{
    static _Atomic(void *) at;
    __typeof__(curl_multi_setopt) *set = sw_late(&at, SW_LIBCURL, "curl_multi_setopt");
    CURLMcode rc;
    va_list v;
    va_start(v, option);
    if (option / SPAN == TYPE_LONG) rc = set(m, option, va_arg(v, long));
    else if (option / SPAN == TYPE_OFF_T) rc = set(m, option, va_arg(v, curl_off_t));
    else rc = set(m, option, va_arg(v, void *));
    va_end(v);
    return rc;
}

CURLcode(curl_easy_getinfo)(CURL *e, CURLINFO what, ...)
{
    static _Atomic(void *) at;
    __typeof__(curl_easy_getinfo) *get = sw_late(&at, SW_LIBCURL, "curl_easy_getinfo");
    CURLcode rc;
    va_list v;
    va_start(v, what);
    rc = get(e, what, va_arg(v, void *)); /* always where to put it */
    va_end(v);
    return rc;
}
