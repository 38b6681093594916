/* SPDX-License-Identifier: MIT
 * Any bytes as a URL: what passes has a host of plain letters or an address in its shortest form,
 * and its origin, written out, is read back as the same one. Literals are judged by the guard. */
#include "net/http_client.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_host(const struct sw_origin *o)
{
    uint8_t raw[16];
    size_t n = strlen(o->host);
    if (n == 0 || n > 253 || o->port == 0) abort();
    if (strspn(o->host, "abcdefghijklmnopqrstuvwxyz0123456789-_.:") != n) abort();
    if (o->literal != (inet_pton(AF_INET, o->host, raw) == 1 || inet_pton(AF_INET6, o->host, raw) == 1)) abort();
    if (!o->literal && sw_guard_address_text(o->host, NULL) != SW_ADDR_NEVER) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *url, text[SW_ORIGIN_TEXT];
    struct sw_origin o, again;
    struct sw_err err = SW_ERR_INIT;
    if (size > 1 << 15) return 0;
    url = malloc(size + 1);
    if (size) memcpy(url, data, size);
    url[size] = 0;
    if (sw_http_origin(url, &o, &err) == SW_OK) {
        check_host(&o);
        sw_origin_text(&o, text);
        if (sw_http_origin(text, &again, NULL) != SW_OK || !sw_origin_equal(&o, &again)) abort();
        if (strpbrk(url, "\\\r\n")) abort();
    } else if (err.code == SW_OK || !err.text[0]) {
        abort();
    }
    free(url);
    return 0;
}
