/* SPDX-License-Identifier: MIT */
#include "net/guard.h"
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <cmocka.h>

struct judged {
    const char *address;
    enum sw_addr_kind kind;
    const char *what; /* part of the words */
};

static void judge_all(const struct judged *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *what = "";
        enum sw_addr_kind kind = sw_guard_address_text(t[i].address, &what);
        if (kind != t[i].kind || !strstr(what, t[i].what))
            fail_msg("%s is kind %d, %s", t[i].address, (int)kind, what);
    }
}

/* Every range of IPv4 that is not everybody's, at both its ends, and the neighbours outside. */
static const struct judged ipv4[] = {
    {"0.0.0.0", SW_ADDR_NEVER, "unspecified"}, {"0.255.255.255", SW_ADDR_NEVER, "unspecified"},
    {"1.0.0.0", SW_ADDR_PUBLIC, "public"}, {"8.8.8.8", SW_ADDR_PUBLIC, "public"},
    {"9.255.255.255", SW_ADDR_PUBLIC, "public"}, {"10.0.0.0", SW_ADDR_LOCAL, "private"},
    {"10.255.255.255", SW_ADDR_LOCAL, "private"}, {"11.0.0.0", SW_ADDR_PUBLIC, "public"},
    {"100.63.255.255", SW_ADDR_PUBLIC, "public"}, {"100.64.0.0", SW_ADDR_LOCAL, "carrier"},
    {"100.127.255.255", SW_ADDR_LOCAL, "carrier"}, {"100.128.0.0", SW_ADDR_PUBLIC, "public"},
    {"126.255.255.255", SW_ADDR_PUBLIC, "public"}, {"127.0.0.0", SW_ADDR_LOCAL, "loopback"},
    {"127.255.255.255", SW_ADDR_LOCAL, "loopback"}, {"128.0.0.0", SW_ADDR_PUBLIC, "public"},
    {"168.63.129.15", SW_ADDR_PUBLIC, "public"}, {"168.63.129.16", SW_ADDR_LOCAL, "cloud"},
    {"168.63.129.17", SW_ADDR_PUBLIC, "public"}, {"169.253.255.255", SW_ADDR_PUBLIC, "public"}, {"169.254.0.0", SW_ADDR_LOCAL, "link-local"},
    {"169.254.169.254", SW_ADDR_LOCAL, "link-local"}, {"169.255.0.0", SW_ADDR_PUBLIC, "public"},
    {"172.15.255.255", SW_ADDR_PUBLIC, "public"}, {"172.16.0.0", SW_ADDR_LOCAL, "private"},
    {"172.31.255.255", SW_ADDR_LOCAL, "private"}, {"172.32.0.0", SW_ADDR_PUBLIC, "public"},
    {"192.0.0.0", SW_ADDR_NEVER, "protocol"}, {"192.0.0.255", SW_ADDR_NEVER, "protocol"},
    {"192.0.1.0", SW_ADDR_PUBLIC, "public"}, {"192.0.2.0", SW_ADDR_NEVER, "documentation"},
    {"192.0.2.255", SW_ADDR_NEVER, "documentation"}, {"192.0.3.0", SW_ADDR_PUBLIC, "public"},
    {"192.88.99.1", SW_ADDR_NEVER, "relay"}, {"192.167.255.255", SW_ADDR_PUBLIC, "public"},
    {"192.168.0.0", SW_ADDR_LOCAL, "private"}, {"192.168.255.255", SW_ADDR_LOCAL, "private"},
    {"192.169.0.0", SW_ADDR_PUBLIC, "public"}, {"198.17.255.255", SW_ADDR_PUBLIC, "public"},
    {"198.18.0.0", SW_ADDR_NEVER, "benchmarking"}, {"198.19.255.255", SW_ADDR_NEVER, "benchmarking"},
    {"198.20.0.0", SW_ADDR_PUBLIC, "public"}, {"198.51.100.7", SW_ADDR_NEVER, "documentation"},
    {"203.0.113.7", SW_ADDR_NEVER, "documentation"}, {"223.255.255.255", SW_ADDR_PUBLIC, "public"},
    {"224.0.0.0", SW_ADDR_NEVER, "multicast"}, {"239.255.255.255", SW_ADDR_NEVER, "multicast"},
    {"240.0.0.0", SW_ADDR_NEVER, "reserved"}, {"255.255.255.255", SW_ADDR_NEVER, "reserved"},
};

static void each_range_of_ipv4_is_known_at_both_its_ends(void **state)
{
    (void)state;
    judge_all(ipv4, sizeof ipv4 / sizeof *ipv4);
}

static void each_range_of_ipv6_is_known(void **state)
{
    static const struct judged table[] = {
        {"::", SW_ADDR_NEVER, "unspecified"}, {"::1", SW_ADDR_LOCAL, "loopback"},
        {"::2", SW_ADDR_NEVER, "reserved"}, {"::127.0.0.1", SW_ADDR_NEVER, "reserved"},
        {"100::1", SW_ADDR_NEVER, "discard"}, {"200::1", SW_ADDR_NEVER, "reserved"},
        {"2001:4860:4860::8888", SW_ADDR_PUBLIC, "public"}, {"2606:4700::1111", SW_ADDR_PUBLIC, "public"},
        {"2001:2::1", SW_ADDR_NEVER, "benchmarking"}, {"2001:10::1", SW_ADDR_NEVER, "protocol"},
        {"2001:1ff::1", SW_ADDR_NEVER, "protocol"}, {"2001:200::1", SW_ADDR_PUBLIC, "public"},
        {"2001:db8::1", SW_ADDR_NEVER, "documentation"}, {"3fff::1", SW_ADDR_NEVER, "documentation"},
        {"3fff:1000::1", SW_ADDR_PUBLIC, "public"}, {"4000::1", SW_ADDR_NEVER, "reserved"},
        {"5f00::1", SW_ADDR_NEVER, "reserved"}, {"fbff::1", SW_ADDR_NEVER, "reserved"},
        {"fc00::1", SW_ADDR_LOCAL, "unique local"}, {"fdff:ffff::1", SW_ADDR_LOCAL, "unique local"},
        {"fe80::1", SW_ADDR_LOCAL, "link-local"}, {"febf::1", SW_ADDR_LOCAL, "link-local"},
        {"fec0::1", SW_ADDR_NEVER, "site-local"}, {"ff02::1", SW_ADDR_NEVER, "multicast"},
        {"fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", SW_ADDR_NEVER, "reserved"}, {"fc00::", SW_ADDR_LOCAL, "unique local"},
        {"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", SW_ADDR_LOCAL, "unique local"}, {"fd00:ec2::254", SW_ADDR_LOCAL, "unique local"},
        {"fe00::", SW_ADDR_NEVER, "reserved"}, {"fe80::", SW_ADDR_LOCAL, "link-local"},
        {"febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", SW_ADDR_LOCAL, "link-local"}, {"fec0::", SW_ADDR_NEVER, "site-local"},
        {"feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", SW_ADDR_NEVER, "site-local"}, {"ff00::", SW_ADDR_NEVER, "multicast"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", SW_ADDR_NEVER, "multicast"}, {"100:0:0:1::1", SW_ADDR_NEVER, "reserved"},
        {"1fff:ffff::1", SW_ADDR_NEVER, "reserved"}, {"2000::1", SW_ADDR_PUBLIC, "public"},
        {"3ffe::1", SW_ADDR_PUBLIC, "public"}, {"::ffff:0:127.0.0.1", SW_ADDR_NEVER, "reserved"},
    };
    (void)state;
    judge_all(table, sizeof table / sizeof *table);
}

static void ipv4_inside_ipv6_is_judged_itself(void **state)
{
    static const struct judged table[] = {
        {"::ffff:127.0.0.1", SW_ADDR_LOCAL, "loopback"}, {"::ffff:8.8.8.8", SW_ADDR_PUBLIC, "public"},
        {"::ffff:0.0.0.0", SW_ADDR_NEVER, "unspecified"}, {"64:ff9b::10.1.2.3", SW_ADDR_LOCAL, "private"},
        {"64:ff9b::8.8.8.8", SW_ADDR_PUBLIC, "public"}, {"64:ff9b::e000:1", SW_ADDR_NEVER, "multicast"},
        {"64:ff9b:0:1::8.8.8.8", SW_ADDR_NEVER, "reserved"},
        {"64:ff9b:1::8.8.8.8", SW_ADDR_PUBLIC, "public"}, {"64:ff9b:1::192.168.1.1", SW_ADDR_LOCAL, "private"},
        {"64:ff9b:1:a00:0:100::", SW_ADDR_NEVER, "unspecified"},      /* cut at 48, 10.0.0.1 */
        {"64:ff9b:1:c0a8:1:100:808:808", SW_ADDR_LOCAL, "private"},   /* 48, 192.168.1.1, a public tail */
        {"64:ff9b:1:a:0:1:808:808", SW_ADDR_LOCAL, "private"},        /* 56, 10.0.0.1 */
        {"64:ff9b:1:0:a:0:108:808", SW_ADDR_LOCAL, "private"},        /* 64, 10.0.0.1 */
        {"2002:7f00:1::1", SW_ADDR_LOCAL, "loopback"}, {"2002:808:808::1", SW_ADDR_PUBLIC, "public"},
        {"2002:c0a8:101::", SW_ADDR_LOCAL, "private"}, {"2002:e000:1::", SW_ADDR_NEVER, "multicast"},
        {"2001:0:808:808::f7f7:f7f7", SW_ADDR_PUBLIC, "public"},      /* client 8.8.8.8 */
        {"2001:0:808:808::80ff:fffe", SW_ADDR_LOCAL, "loopback"},     /* client 127.0.0.1 */
        {"2001:0:a00:1::f7f7:f7f7", SW_ADDR_LOCAL, "private"},        /* server 10.0.0.1 */
        {"2600::5efe:10.0.0.1", SW_ADDR_LOCAL, "private"}, {"2600::200:5efe:127.0.0.1", SW_ADDR_LOCAL, "loopback"},
        {"2600::5efe:8.8.8.8", SW_ADDR_PUBLIC, "public"},
    };
    (void)state;
    judge_all(table, sizeof table / sizeof *table);
}

static void each_range_of_ipv4_is_known_in_every_place_ipv6_has_for_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ipv4 / sizeof *ipv4; i++) {
        uint8_t v4[4];
        char text[5][64];
        assert_int_equal(inet_pton(AF_INET, ipv4[i].address, v4), 1);
        snprintf(text[0], 64, "::ffff:%s", ipv4[i].address);
        snprintf(text[1], 64, "64:ff9b::%s", ipv4[i].address);
        snprintf(text[2], 64, "64:ff9b:1::%s", ipv4[i].address);
        snprintf(text[3], 64, "2002:%02x%02x:%02x%02x::1", v4[0], v4[1], v4[2], v4[3]);
        snprintf(text[4], 64, "2001:0:808:808::%02x%02x:%02x%02x", 255 - v4[0], 255 - v4[1], 255 - v4[2], 255 - v4[3]);
        for (size_t k = 0; k < 5; k++) judge_all(&(struct judged){text[k], ipv4[i].kind, ipv4[i].what}, 1);
    }
}

static void other_families_and_no_addresses_are_never_public(void **state)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x08080808)};
    (void)state;
    assert_false(sw_guard_is_public((struct sockaddr *)&un));
    assert_true(sw_guard_is_public((struct sockaddr *)&in));
    assert_int_equal(sw_guard_address_text("localhost", NULL), SW_ADDR_NEVER);
    assert_int_equal(sw_guard_address_text("", NULL), SW_ADDR_NEVER);
}

static void a_host_is_a_plain_name_or_an_address_in_its_usual_spelling(void **state)
{
    static const struct { const char *in, *out; bool literal; } good[] = {
        {"API.Example.com", "api.example.com", false}, {"a_b-c.de", "a_b-c.de", false},
        {"localhost", "localhost", false}, {"127.0.0.1", "127.0.0.1", true},
        {"[::1]", "::1", true}, {"[0:0:0:0:0:0:0:1]", "::1", true}, {"[FE80::0:1]", "fe80::1", true},
        {"1.example", "1.example", false}, {"0xab.example", "0xab.example", false},
    };
    static const char *const bad[] = {"", ".", "a..b", ".a", "a.", "127.1", "0", "2130706433", "0x7f.1",
        "0x7f000001", "0177.0.0.1", "1.2.3.4.5", "a.0x", "a b", "a%b", "a@b", "a/b", "\xc3\xa4.de", "[::1",
        "[127.0.0.1]", "[fe80::1%25eth0]", "::1", "a:b"};
    struct sw_origin o;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(sw_origin_set_host(&o, good[i].in, NULL), SW_OK);
        assert_string_equal(o.host, good[i].out);
        assert_int_equal(o.literal, good[i].literal);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (sw_origin_set_host(&o, bad[i], NULL) != SW_E_BAD) fail_msg("%s passes as a host", bad[i]);
}

static void origins_are_equal_in_scheme_host_and_port(void **state)
{
    struct sw_origin a = {.host = "a.example", .port = 443, .tls = true}, list[5] = {a, a, a, a, a};
    char text[SW_ORIGIN_TEXT];
    (void)state;
    list[0].port = 444;
    list[1].tls = false;
    strcpy(list[2].host, "b.example");
    list[3].protocol = SW_PROTO_STREAM;
    assert_false(sw_origin_in(&a, list, 4));
    assert_true(sw_origin_in(&a, list, 5));
    assert_false(sw_origin_in(&a, NULL, 0));
    sw_origin_text(&a, text);
    assert_string_equal(text, "https://a.example");
    sw_origin_text(&list[1], text);
    assert_string_equal(text, "http://a.example:443");
    sw_origin_text(&list[3], text);
    assert_string_equal(text, "tls://a.example:443");
    strcpy(a.host, "::1");
    sw_origin_text(&a, text);
    assert_string_equal(text, "https://[::1]");
}

static void header_lines_are_held_to_the_grammar(void **state)
{
    static const struct { const char *name, *value; size_t value_len; int rc; } table[] = {
        {"X-Api-Key", "abc", 3, SW_OK}, {"accept", "", 0, SW_OK}, {"x", "a\tb \xc3\xa4", 6, SW_OK},
        {"", "a", 1, SW_E_BAD}, {"a b", "a", 1, SW_E_BAD}, {"a:", "a", 1, SW_E_BAD},
        {"a\r\nb", "a", 1, SW_E_BAD}, {"\xc3\xa4", "a", 1, SW_E_BAD}, {"a(b)", "a", 1, SW_E_BAD},
        {"x", "a\r\nHost: b", 10, SW_E_BAD}, {"x", "a\nb", 3, SW_E_BAD}, {"x", "a\rb", 3, SW_E_BAD},
        {"x", "a\0b", 3, SW_E_BAD}, {"x", "\x1b[0m", 4, SW_E_BAD}, {"x", "\x7f", 1, SW_E_BAD},
        {"Host", "a", 1, SW_E_DENIED}, {"hOST", "a", 1, SW_E_DENIED}, {"Content-Length", "1", 1, SW_E_DENIED},
        {"Connection", "a", 1, SW_E_DENIED}, {"Transfer-Encoding", "a", 1, SW_E_DENIED},
        {"Proxy-Authorization", "a", 1, SW_E_DENIED}, {"proxy-x", "a", 1, SW_E_DENIED},
        {"TE", "a", 1, SW_E_DENIED}, {"Upgrade", "a", 1, SW_E_DENIED}, {"Expect", "a", 1, SW_E_DENIED},
        {"Hostess", "a", 1, SW_OK}, {"Content-Type", "a", 1, SW_OK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    {
        struct sw_err err = SW_ERR_INIT;
        const char *name = table[i].name, *reason = "";
        int rc = sw_guard_header(name, strlen(name), table[i].value, table[i].value_len, &err);
        if (rc == SW_E_DENIED) reason = "is set by the engine";
        if (rc == SW_E_BAD) reason = strstr(err.text, "name may") ? "may hold only letters" : "line break";
        if (rc != table[i].rc || !strstr(err.text, reason))
            fail_msg("%s: %s is judged wrongly: %s", name, table[i].value, err.text);
    }
    assert_int_equal(sw_guard_header("a\0b", 3, "", 0, NULL), SW_E_BAD);
}

static void methods_are_words_in_capitals_without_connect_and_trace(void **state)
{
    (void)state;
    assert_int_equal(sw_guard_method("GET", NULL), SW_OK);
    assert_int_equal(sw_guard_method("PROPFIND", NULL), SW_OK);
    assert_int_equal(sw_guard_method("get", NULL), SW_E_BAD);
    assert_int_equal(sw_guard_method("", NULL), SW_E_BAD);
    assert_int_equal(sw_guard_method("GET /x", NULL), SW_E_BAD);
    assert_int_equal(sw_guard_method("ABCDEFGHIJKLMNOPQ", NULL), SW_E_BAD);
    assert_int_equal(sw_guard_method("CONNECT", NULL), SW_E_DENIED);
    assert_int_equal(sw_guard_method("TRACE", NULL), SW_E_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_range_of_ipv4_is_known_at_both_its_ends),
        cmocka_unit_test(each_range_of_ipv6_is_known),
        cmocka_unit_test(ipv4_inside_ipv6_is_judged_itself),
        cmocka_unit_test(each_range_of_ipv4_is_known_in_every_place_ipv6_has_for_it),
        cmocka_unit_test(other_families_and_no_addresses_are_never_public),
        cmocka_unit_test(a_host_is_a_plain_name_or_an_address_in_its_usual_spelling),
        cmocka_unit_test(origins_are_equal_in_scheme_host_and_port),
        cmocka_unit_test(header_lines_are_held_to_the_grammar),
        cmocka_unit_test(methods_are_words_in_capitals_without_connect_and_trace),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
