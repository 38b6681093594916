/* SPDX-License-Identifier: MIT
 * Literal addresses only: a server that resolved names could come to listen somewhere else than its
 * owner meant. "localhost" is the loopback address of IPv4, without a question to anybody. */
#include "net/http_listen.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A literal address, in brackets if IPv6, or localhost. */
static bool read_address(char *host, uint16_t port, struct sockaddr_storage *out, socklen_t *len)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    size_t n = strlen(host);
    memset(out, 0, sizeof *out);
    if (host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = 0;
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(port);
        *len = sizeof *six;
        return inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1;
    }
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    *len = sizeof *four;
    return inet_pton(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1", &four->sin_addr) == 1;
}

/* "HOST:PORT" */
static int parse_listen(const char *text, struct sockaddr_storage *out, socklen_t *len,
                        struct sw_err *err)
{
    const char *colon = text ? strrchr(text, ':') : NULL;
    char host[INET6_ADDRSTRLEN + 2], *end = NULL;
    size_t n = colon ? (size_t)(colon - text) : 0;
    long port = colon && colon[1] >= '0' && colon[1] <= '9' ? strtol(colon + 1, &end, 10) : -1;
    bool is_whole = n > 0 && n < sizeof host && port >= 0 && port <= 65535 && !*end;
    if (is_whole) snprintf(host, sizeof host, "%.*s", (int)n, text);
    if (is_whole && read_address(host, (uint16_t)port, out, len)) return SW_OK;
    return sw_fail(
        err, SW_E_BAD,
        "cannot listen on \"%s\": write an address and a port, such as 127.0.0.1:8787 or [::1]:8787",
        text ? text : "");
}

int sw_http_bound_port(int fd)
{
    struct sockaddr_storage sa = {0};
    socklen_t n = sizeof sa;
    getsockname(fd, (struct sockaddr *)&sa, &n);
    return ntohs(sa.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&sa)->sin6_port
                                          : ((struct sockaddr_in *)&sa)->sin_port);
}

int sw_http_listen(const char *text, struct sw_err *err)
{
    struct sockaddr_storage sa;
    socklen_t len = 0;
    int fd, one = 1, rc = parse_listen(text, &sa, &len, err);
    if (rc) return rc;
    fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd >= 0 && !bind(fd, (struct sockaddr *)&sa, len) && !listen(fd, 511)) return fd;
    if (errno == EADDRINUSE)
        rc = sw_fail(err, SW_E_BUSY,
                     "%s is already in use by another program: stop it or listen on another port",
                     text);
    else
        rc = sw_fail(err, errno == EACCES ? SW_E_DENIED : SW_E_IO, "cannot listen on %s: %s", text,
                     strerror(errno));
    if (fd >= 0) close(fd);
    return rc;
}

void sw_http_peer_text(const struct sockaddr *sa, char out[INET6_ADDRSTRLEN])
{
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)sa;
    const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)sa;
    snprintf(out, INET6_ADDRSTRLEN, "unknown");
    if (sa && sa->sa_family == AF_INET) inet_ntop(AF_INET, &four->sin_addr, out, INET6_ADDRSTRLEN);
    else if (sa && sa->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, out, INET6_ADDRSTRLEN);
    else if (sa && sa->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &six->sin6_addr, out, INET6_ADDRSTRLEN);
}
