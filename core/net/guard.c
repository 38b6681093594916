/* SPDX-License-Identifier: MIT
 * The guard of outgoing requests. Addresses are looked up in two tables of prefixes, first match
 * wins; a row either names a kind or says where an IPv4 address is embedded, which is then judged
 * itself. In IPv6 only 2000::/3 is handed out to the public, so the table ends by refusing the rest.
 * It deliberately does not resolve names and does not parse URLs: libcurl does both, once. */
#include "net/guard.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct prefix {
    uint8_t at[16];
    uint8_t bits;
    enum sw_addr_kind kind;
    const char *what;
    int (*embedded)(const uint8_t a[16], uint8_t v4[][4]); /* how many IPv4 addresses it carries */
};

static const struct prefix v4_table[] = {
    {{0}, 8, SW_ADDR_NEVER, "an unspecified address", NULL},
    {{10}, 8, SW_ADDR_LOCAL, "a private address", NULL},
    {{100, 64}, 10, SW_ADDR_LOCAL, "a carrier's private address", NULL},
    {{127}, 8, SW_ADDR_LOCAL, "a loopback address", NULL},
    {{168, 63, 129, 16},
     32,
     SW_ADDR_LOCAL,
     "a cloud host's own address",
     NULL}, /* Azure: secrets */
    {{169, 254}, 16, SW_ADDR_LOCAL, "a link-local address", NULL},
    {{172, 16}, 12, SW_ADDR_LOCAL, "a private address", NULL},
    {{192, 0, 0}, 24, SW_ADDR_NEVER, "a protocol address", NULL},
    {{192, 0, 2}, 24, SW_ADDR_NEVER, "a documentation address", NULL},
    {{192, 88, 99}, 24, SW_ADDR_NEVER, "a relay address", NULL},
    {{192, 168}, 16, SW_ADDR_LOCAL, "a private address", NULL},
    {{198, 18}, 15, SW_ADDR_NEVER, "a benchmarking address", NULL},
    {{198, 51, 100}, 24, SW_ADDR_NEVER, "a documentation address", NULL},
    {{203, 0, 113}, 24, SW_ADDR_NEVER, "a documentation address", NULL},
    {{224}, 4, SW_ADDR_NEVER, "a multicast address", NULL},
    {{240}, 4, SW_ADDR_NEVER, "a reserved address", NULL},
};

static int last_four(const uint8_t a[16], uint8_t v4[][4])
{
    memcpy(v4[0], a + 12, 4);
    return 1;
}

/* The local-use NAT64 prefix may be cut at 48, 56, 64 or 96 bits, and only its owner knows where:
 * each reading that could be a destination has to pass. */
static int nat64_local(const uint8_t a[16], uint8_t v4[][4])
{
    static const uint8_t at[3][4] = {{6, 7, 9, 10}, {7, 9, 10, 11}, {9, 10, 11, 12}};
    int n = last_four(a, v4);
    for (int i = 0; i < 3; i++) {
        if (!a[at[i][0]]) continue;
        for (int k = 0; k < 4; k++) v4[n][k] = a[at[i][k]];
        n++;
    }
    return n;
}

static int six_to_four(const uint8_t a[16], uint8_t v4[][4])
{
    memcpy(v4[0], a + 2, 4);
    return 1;
}

static int teredo(const uint8_t a[16], uint8_t v4[][4])
{
    memcpy(v4[0], a + 4, 4);                                    /* the server */
    for (int i = 0; i < 4; i++) v4[1][i] = (uint8_t)~a[12 + i]; /* the client, inverted */
    return 2;
}

static const struct prefix v6_table[] = {
    {{0}, 128, SW_ADDR_NEVER, "an unspecified address", NULL},
    {{[15] = 1}, 128, SW_ADDR_LOCAL, "a loopback address", NULL},
    {{[10] = 0xff, 0xff}, 96, SW_ADDR_PUBLIC, NULL, last_four},
    {{0, 0x64, 0xff, 0x9b}, 96, SW_ADDR_PUBLIC, NULL, last_four},
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, SW_ADDR_PUBLIC, NULL, nat64_local},
    {{0x01}, 64, SW_ADDR_NEVER, "a discard address", NULL},
    {{0x20, 0x01, 0, 0}, 32, SW_ADDR_PUBLIC, NULL, teredo},
    {{0x20, 0x01, 0, 0x02}, 48, SW_ADDR_NEVER, "a benchmarking address", NULL},
    {{0x20, 0x01}, 23, SW_ADDR_NEVER, "a protocol address", NULL},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, SW_ADDR_NEVER, "a documentation address", NULL},
    {{0x20, 0x02}, 16, SW_ADDR_PUBLIC, NULL, six_to_four},
    {{0x3f, 0xff}, 20, SW_ADDR_NEVER, "a documentation address", NULL},
    {{0xfc}, 7, SW_ADDR_LOCAL, "a unique local address", NULL},
    {{0xfe, 0x80}, 10, SW_ADDR_LOCAL, "a link-local address", NULL},
    {{0xfe, 0xc0}, 10, SW_ADDR_NEVER, "a site-local address", NULL},
    {{0xff}, 8, SW_ADDR_NEVER, "a multicast address", NULL},
    {{0x20}, 3, SW_ADDR_PUBLIC, "a public address", NULL},
    {{0}, 0, SW_ADDR_NEVER, "a reserved address", NULL},
};

static bool has_prefix(const uint8_t *a, const struct prefix *p)
{
    unsigned whole = p->bits / 8u, rest = p->bits % 8u;
    if (memcmp(a, p->at, whole) != 0) return false;
    return rest == 0 || ((a[whole] ^ p->at[whole]) >> (8u - rest)) == 0;
}

static enum sw_addr_kind judge_v4(const uint8_t a[4], const char **what)
{
    for (size_t i = 0; i < sizeof v4_table / sizeof *v4_table; i++) {
        if (!has_prefix(a, &v4_table[i])) continue;
        *what = v4_table[i].what;
        return v4_table[i].kind;
    }
    *what = "a public address";
    return SW_ADDR_PUBLIC;
}

/* The worst of the embedded addresses is what the whole is. */
static enum sw_addr_kind judge_embedded(const struct prefix *p, const uint8_t a[16],
                                        const char **what)
{
    uint8_t v4[4][4];
    enum sw_addr_kind worst = SW_ADDR_PUBLIC;
    int n = p->embedded(a, v4);
    *what = "a public address";
    for (int i = 0; i < n; i++) {
        const char *w;
        enum sw_addr_kind k = judge_v4(v4[i], &w);
        if (k <= worst) continue;
        worst = k;
        *what = w;
    }
    return worst;
}

static enum sw_addr_kind judge_v6(const uint8_t a[16], const char **what)
{
    static const uint8_t isatap[4] = {0, 0, 0x5e, 0xfe};
    const struct prefix *p = v6_table;
    uint8_t id[4];
    while (!has_prefix(a, p)) p++; /* the last row takes everything */
    if (p->embedded) return judge_embedded(p, a, what);
    *what = p->what;
    memcpy(id, a + 8, 4);
    id[0] &= 0xfd; /* the universal bit may be set */
    if (p->kind == SW_ADDR_PUBLIC && memcmp(id, isatap, 4) == 0) return judge_v4(a + 12, what);
    return p->kind;
}

enum sw_addr_kind sw_guard_address(const struct sockaddr *sa, const char **what)
{
    const char *unused;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    if (!what) what = &unused;
    if (sa->sa_family == AF_INET) {
        memcpy(&in4, sa, sizeof in4);
        return judge_v4((const uint8_t *)&in4.sin_addr, what);
    }
    if (sa->sa_family == AF_INET6) {
        memcpy(&in6, sa, sizeof in6);
        return judge_v6(in6.sin6_addr.s6_addr, what);
    }
    *what = "no internet address";
    return SW_ADDR_NEVER;
}

enum sw_addr_kind sw_guard_address_text(const char *text, const char **what)
{
    struct sockaddr_in in4 = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
        return sw_guard_address((struct sockaddr *)&in4, what);
    if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
        return sw_guard_address((struct sockaddr *)&in6, what);
    if (what) *what = "no internet address";
    return SW_ADDR_NEVER;
}

bool sw_guard_is_public(const struct sockaddr *sa)
{
    return sw_guard_address(sa, NULL) == SW_ADDR_PUBLIC;
}

const char *sw_protocol_scheme(enum sw_protocol p, bool tls)
{
    static const char *const scheme[][2] = {
        [SW_PROTO_HTTP] = {"http", "https"},
        [SW_PROTO_STREAM] = {"tcp", "tls"},
        [SW_PROTO_MAIL] = {"smtp", "smtps"},
    };
    return scheme[p][tls];
}

bool sw_origin_equal(const struct sw_origin *a, const struct sw_origin *b)
{
    return a->protocol == b->protocol && a->tls == b->tls && a->port == b->port &&
           strcmp(a->host, b->host) == 0;
}

bool sw_origin_in(const struct sw_origin *o, const struct sw_origin *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (sw_origin_equal(o, &list[i])) return true;
    return false;
}

void sw_origin_text(const struct sw_origin *o, char *out)
{
    bool v6 = strchr(o->host, ':') != NULL;
    int n = snprintf(out, SW_ORIGIN_TEXT, "%s://%s%s%s", sw_protocol_scheme(o->protocol, o->tls),
                     v6 ? "[" : "", o->host, v6 ? "]" : "");
    if (o->protocol != SW_PROTO_HTTP || o->port != (o->tls ? 443 : 80))
        snprintf(out + n, SW_ORIGIN_TEXT - (size_t)n, ":%u", (unsigned)o->port);
}

/* Letters, digits, '-', '_' and single dots inside: anything else is no name of a server. */
static bool plain_name(const char *s, size_t n)
{
    if (n == 0 || n > 253 || s[0] == '.' || s[n - 1] == '.') return false;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!word && (c != '.' || s[i + 1] == '.')) return false;
    }
    return true;
}

/* "127.1", "0x7f.1", "2130706433": resolvers take a name that ends in a number for an address. */
static bool ends_in_number(const char *s)
{
    const char *last = strrchr(s, '.');
    last = last ? last + 1 : s;
    if (last[0] == '0' && last[1] == 'x')
        return last[2 + strspn(last + 2, "0123456789abcdef")] == 0;
    return last[strspn(last, "0123456789")] == 0;
}

int sw_origin_set_host(struct sw_origin *o, const char *host, struct sw_err *err)
{
    size_t n = strlen(host);
    uint8_t raw[16];
    bool v6 = n > 2 && host[0] == '[' && host[n - 1] == ']';
    if (n >= sizeof o->host) return sw_fail(err, SW_E_BAD, "the host name is too long");
    memcpy(o->host, v6 ? host + 1 : host, v6 ? n - 2 : n);
    o->host[v6 ? n - 2 : n] = 0;
    for (char *p = o->host; *p; p++)
        if (*p >= 'A' && *p <= 'Z') *p = (char)(*p + 32);
    o->literal = inet_pton(v6 ? AF_INET6 : AF_INET, o->host, raw) == 1;
    if (o->literal) {
        inet_ntop(v6 ? AF_INET6 : AF_INET, raw, o->host, sizeof o->host);
        return SW_OK;
    }
    if (v6 || !plain_name(o->host, strlen(o->host)) || ends_in_number(o->host))
        return sw_fail(err, SW_E_BAD, "the host is neither a plain name nor an address");
    return SW_OK;
}

static bool is_token(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        bool word = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (!word && (!c || !strchr("!#$%&'*+-.^_`|~", c))) return false;
    }
    return n > 0;
}

static bool is_engines(const char *name, size_t n)
{
    static const char *const own[] = {
        "host", "content-length", "connection", "transfer-encoding", "keep-alive", "upgrade",
        "te",   "trailer",        "expect",     "http2-settings"};
    if (n >= 6 && strncasecmp(name, "proxy-", 6) == 0) return true;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strlen(own[i]) == n && strncasecmp(name, own[i], n) == 0) return true;
    return false;
}

int sw_guard_header(const char *name, size_t name_len, const char *value, size_t value_len,
                    struct sw_err *err)
{
    if (name_len > 256 || !is_token(name, name_len))
        return sw_fail(err, SW_E_BAD,
                       "a header's name may hold only letters, digits and !#$%%&'*+-.^_`|~");
    if (is_engines(name, name_len))
        return sw_fail(err, SW_E_DENIED, "the header %.*s is set by the engine", (int)name_len,
                       name);
    for (size_t i = 0; i < value_len; i++) {
        unsigned char c = (unsigned char)value[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return sw_fail(err, SW_E_BAD,
                           "the value of the header %.*s holds a control byte or a line break",
                           (int)name_len, name);
    }
    return SW_OK;
}

int sw_guard_method(const char *method, struct sw_err *err)
{
    size_t n = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (n == 0 || n > 16 || method[n])
        return sw_fail(err, SW_E_BAD, "the method must be one word in capitals, like GET");
    if (strcmp(method, "CONNECT") == 0 || strcmp(method, "TRACE") == 0)
        return sw_fail(err, SW_E_DENIED, "the method %s is not for scripts", method);
    return SW_OK;
}
