/* SPDX-License-Identifier: MIT
 * Documents as scripts see them, and columns out of them, in this very process under the sanitizers.
 * Each case is a document and a piece of Lua that looks at it; base/tz is the judge of wall clocks. */
#include "base/alloc.h"
#include "base/tz.h"
#include "box/limits.h"
#include "box/tape.h"
#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MEMORY (64u << 20)

struct bench {
    struct sw_limits limits;
    lua_State *L;
    struct sw_tape_account documents;
};

static int l_doc(lua_State *L)
{
    struct bench *b = (struct bench *)sw_limits_of(L);
    struct sw_buf text;
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    int given;
    sw_buf_init(&text, SW_TAPE_BODY);
    sw_buf_put(&text, s, n);
    given = sw_tape_push(L, &text, &b->documents);
    sw_buf_clear(&text);
    return given;
}

/* Rows of columns as a list of { start, dur, value, offset } */
static const char help[] =
    "function rows(c)\n"
    "  local list = {}\n"
    "  for i = 1, c.n do\n"
    "    local function at(name, form, size) return (string.unpack(form, c[name], (i - 1) * size + 1)) end\n"
    "    list[i] = { at('start', '<i8', 8), at('dur', '<i8', 8), at('value', '<d', 8), at('offset', '<i2', 2) }\n"
    "  end\n"
    "  return list\n"
    "end\n"
    "function same(a, b) if a ~= b or math.type(a) ~= math.type(b) then\n"
    "  error(('%s, wanted %s'):format(tostring(a), tostring(b)), 2) end end\n"
    "function row(text, spec) local c = columns(doc(text), spec) return rows(c)[1], c end\n"
    "BERLIN = { { 1750000000000, 120 }, { 1761440400000, 60 }, { 1774746000000, 120 }, { 1792890000000, 60 } }\n";

static void run(struct bench *b, const char *lua)
{
    if (luaL_loadstring(b->L, lua) || lua_pcall(b->L, 0, 0, 0))
        fail_msg("%s\nin: %s", lua_tostring(b->L, -1), lua);
}

static int set_up(void **state)
{
    static const luaL_Reg f[] = {{"doc", l_doc}, {"at", sw_tape_at}, {"columns", sw_tape_columns},
                                 {"list", sw_tape_list}, {"drop", sw_tape_drop}, {NULL, NULL}};
    struct bench *b = calloc(1, sizeof *b);
    b->L = sw_limits_new(&b->limits, MEMORY);
    luaL_openlibs(b->L);
    for (const luaL_Reg *r = f; r->name; r++) lua_register(b->L, r->name, r->func);
    run(b, help);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    lua_close(b->L);
    assert_int_equal(b->documents.kept, 0); /* every document gave back what it was charged */
    free(b);
    return 0;
}

static void run_all(void **state, const char *const *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) run(*state, cases[i]);
}
#define RUN(cases) run_all(state, cases, sizeof cases / sizeof *cases)

static void values_come_as_what_they_are(void **state)
{
    static const char *const cases[] = {
        "same(doc '5', 5) same(doc '5.0', 5.0) same(doc '\"x\"', 'x') same(doc 'true', true) same(doc 'null', nil)",
        "local d = doc '{\"a\":{\"b\":[1,{\"c\":\"deep\"}]}}' same(d.a.b[2].c, 'deep') same(d.a.x, nil) same(d.a.b[3], nil)",
        "local d = doc '[1,2]' same(d[0], nil) same(d[-1], nil) same(d.x, nil) same(#d, 2) same(d[1], 1) same(d[4294967297], nil)",
        "local d = doc '{\"a\":1}' same(d[1], nil) same(#d, 1)",
        "same(at(doc '{\"a\":{\"b\":[1,{\"c\":\"deep\"}]}}', 'a.b.1.c'), 'deep')",
        "local d = doc '[[5]]' same(at(d, '0.0'), 5) same(at(d, '0.1'), nil) same(at(d, '0.x'), nil) same(#at(d, ''), 1)",
        "local d = doc '{\"a\":null}' same(at(d, 'a'), nil) same(at(d, 'a.b'), nil) same(at(d, string.rep('x', 300)), nil)",
        "same(list(doc '[]'), true) same(list(doc '{}'), false) same(list('[]'), false) same(list(5), false)",
        "same(tostring(doc '[1]'), 'json list of 1') same(tostring(doc '{}'), 'json object of 0')",
        "local ok, why = pcall(function() doc '{}'.a = 1 end) same(ok, false)",
        "same(getmetatable(doc '{}'), false)",
        "local d = doc '[{\"a\":1}]' local n = d[1] d = nil collectgarbage() collectgarbage() same(n.a, 1)",
    };
    RUN(cases);
}

static void ids_of_64_bits_stay_exact_and_longer_ones_stay_texts(void **state)
{
    static const char *const cases[] = {
        "same(doc '9223372036854775807', math.maxinteger) same(doc '-9223372036854775808', math.mininteger)",
        "same(doc '9007199254740993', 9007199254740993) same(doc '154504250376823', 154504250376823)",
        "same(doc '9223372036854775808', '9223372036854775808') same(doc '18446744073709551615', '18446744073709551615')",
        "same(doc '1e999', nil) same(doc '[1e999,2]'[2], 2) same(doc '1e3', 1000.0)",
    };
    RUN(cases);
}

static void texts_and_names_are_read_past_their_escapes(void **state)
{
    static const char *const cases[] = {
        "same(doc [[\"a\\n\\u00e9\\ud83d\\ude00\\\\\"]], 'a\\n\\u{e9}\\u{1f600}\\\\')",
        "same(doc [[{\"a\\u0062\":7}]].ab, 7) same(at(doc [[{\"a\\u0062\":{\"c\":7}}]], 'ab.c'), 7)",
        "same(doc '{\"a\":1,\"a\":2}'.a, 2)",
        "local n = 0 for k, v in pairs(doc '{\"a\":1,\"a\":2}') do n = n + v end same(n, 3)",
        "same(#doc [[\"x\\u0000y\"]], 3)",
    };
    RUN(cases);
}

static void walks_pass_over_nulls_and_lose_nothing(void **state)
{
    static const char *const cases[] = {
        "local t = {} for i, v in pairs(doc '[null,7,null,null,8]') do t[#t + 1] = i .. '=' .. v end same(table.concat(t, ' '), '2=7 5=8')",
        "local t = {} for k, v in pairs(doc '{\"a\":null,\"b\":1,\"c\":null,\"d\":[],\"e\":null}') do t[#t + 1] = k end same(table.concat(t, ' '), 'b d')",
        "local big = doc('{' .. ('\"a\":1,'):rep(5000) .. '\"b\":2}') local go = pairs(big) for _ = 1, 4000 do go(big) end\n"
        "local fine, why = pcall(go, doc '{\"x\":1}') same(fine, false) assert(why:find 'another object') same(go(big), 'a')",
        "for _ in pairs(doc '[null,null]') do error 'nothing is there' end for _ in pairs(doc '{\"a\":null}') do error '' end",
        "local n = 0 for _, v in ipairs(doc '[1,2,[3],{}]') do n = n + 1 end same(n, 4)",
        "for _ in pairs(doc '[]') do error '' end for _ in ipairs(doc '{\"a\":1}') do error '' end",
        "local d = doc('[' .. ('1,'):rep(20000) .. '9]') same(d[20001], 9) same(d[1], 1) same(d[10000], 1) same(d[20002], nil)",
    };
    RUN(cases);
}

static void what_is_no_json_or_too_much_is_refused_with_a_sentence(void **state)
{
    struct bench *b = *state;
    static const char *const cases[] = {
        "local d, why = doc '{\"a\":' same(d, nil) assert(why:find 'line 1', why)",
        "local d, why = doc '<html>' same(d, nil) assert(#why > 5)",
        "local d, why = doc '' same(d, nil) assert(#why > 5)",
        "local d, why = doc(('['):rep(100) .. (']'):rep(100)) same(d, nil) assert(#why > 5)",
        "local d, why = doc '\"\\xff\"' same(d, nil)",
    };
    RUN(cases);
    run(b, "local d, why = doc('[' .. ('1,'):rep(4 << 20) .. '1]') same(d, nil) assert(why:find 'value', why)");
    run(b, "local big = '[\"' .. ('x'):rep(10 << 20) .. '\"]' local all, why = {}\n"
           "for i = 1, 12 do local d d, why = doc(big) if not d then break end all[i] = d end\n"
           "assert(why and why:find 'MB of answers', why) all = nil assert(doc(big), 'those nobody reads make room')");
}

static void each_kind_of_clock_says_the_same_instant(void **state)
{
    static const char *const cases[] = {
        "local r = row('[{\"t\":\"2026-03-01T07:00:00+01:00\",\"v\":60}]', { time = 't', value = 'v' }) same(r[1], 1772344800000) same(r[4], 60) same(r[3], 60.0) same(r[2], 0)",
        "same(row('[{\"t\":\"2026-03-01 07:00:00 +0100\",\"v\":60}]', { time = 't', value = 'v' })[1], 1772344800000)",
        "local r = row('[{\"t\":\"2026-03-01T06:00:00.250Z\",\"v\":60}]', { time = 't', value = 'v' }) same(r[1], 1772344800250) same(r[4], -32768)",
        "local r = row('[{\"t\":\"2026-03-01T07:00:00\",\"v\":60}]', { time = 't', value = 'v', zone = BERLIN }) same(r[1], 1772344800000) same(r[4], 60)",
        "local r = row('[{\"t\":\"2026-03-01T07:00:00Z\",\"v\":60}]', { time = 't', value = 'v', clock = 'local', zone = BERLIN }) same(r[1], 1772344800000) same(r[4], 60)",
        "local r = row('[{\"t\":\"2026-07-01T07:00:00Z\",\"v\":60}]', { time = 't', value = 'v', clock = 'local', zone = BERLIN }) same(r[1], 1782882000000) same(r[4], 120)",
        "same(row('[{\"t\":1772344800,\"v\":60}]', { time = 't', value = 'v', clock = 'unix' })[1], 1772344800000)",
        "same(row('[{\"t\":\"1772344800.5\",\"v\":60}]', { time = 't', value = 'v', clock = 'unix' })[1], 1772344800500)",
        "same(row('[{\"t\":1772344800000.4,\"v\":60}]', { time = 't', value = 'v', clock = 'unix_ms' })[1], 1772344800000)",
        "local r = row('[{\"t\":1772344800000,\"v\":60,\"o\":-300}]', { time = 't', value = 'v', clock = 'unix_ms', offset = 'o' }) same(r[4], -300)",
        "same(row('[{\"t\":1772344800000,\"v\":60,\"o\":9000}]', { time = 't', value = 'v', clock = 'unix_ms', offset = 'o' })[4], -32768)",
        "local ok, why = pcall(row, '[]', { time = 't', value = 'v', clock = 'moon' }) same(ok, false)",
        "local ok, why = pcall(row, '[]', { time = 't' }) same(ok, false) assert(why:find 'missing')",
    };
    RUN(cases);
}

/* Every ten minutes of the days around both changes, as a text without a zone. */
static void wall_clocks_around_both_changes_are_those_of_the_zone(void **state)
{
    static const char *const days[] = {"2026-03-28", "2026-03-29", "2026-03-30", "2026-10-24", "2026-10-25", "2026-10-26"};
    struct bench *b = *state;
    struct sw_tz *tz = sw_tz_open("Europe/Berlin", NULL);
    assert_non_null(tz);
    for (size_t d = 0; d < 6; d++) {
        for (int m = 0; m < 1440; m += 10) {
            char text[32], lua[400];
            int64_t local, want;
            int none;
            snprintf(text, sizeof text, "%sT%02d:%02d:00", days[d], m / 60, m % 60);
            assert_true(sw_iso_parse(text, strlen(text), &local, &none) > 0);
            want = sw_tz_utc(tz, local);
            snprintf(lua, sizeof lua, "local r = row('[{\"t\":\"%s\",\"v\":1}]', { time = 't', value = 'v', zone = BERLIN }) "
                     "same(r[1], %lld) same(r[4], %d)", text, (long long)want, sw_tz_offset(tz, want) / 60);
            run(b, lua);
        }
    }
    sw_tz_close(tz);
}

static void values_lengths_and_filters_are_read_by_path(void **state)
{
    static const char *const cases[] = {
        "same(row('[{\"t\":0,\"v\":\"12.5\"}]', { time = 't', value = 'v', clock = 'unix' })[3], 12.5)",
        "for _, v in ipairs { '\"0x10\"', '\" 5\"', '\"5 \"', '\"\"', '\"nan\"', '\"inf\"', '\"x\"', '{}', '[]', 'true', '1e999', '\"1e999\"', '\"5-\"' } do\n"
        "  local r, c = row('[{\"t\":0,\"v\":' .. v .. '}]', { time = 't', value = 'v', clock = 'unix' })\n"
        "  same(r, nil) same(c.rejected['with a value that is no number'], 1) end",
        "for _, v in ipairs { '{\"t\":0}', '{\"t\":0,\"v\":null}' } do local r, c = row('[' .. v .. ']', { time = 't', value = 'v', clock = 'unix' }) same(r, nil) same(next(c.rejected), nil) end",
        "for t, why in pairs { ['null'] = 'without a time', ['\"soon\"'] = 'with a time that is none', ['5'] = 'with a time that is none',\n"
        "  ['\"2026-13-01\"'] = 'with a time that is none', ['\"2026-03-01T10:00:00junk\"'] = 'with a time that is none' } do\n"
        "  local r, c = row('[{\"t\":' .. t .. ',\"v\":1}]', { time = 't', value = 'v' }) same(r, nil) same(c.rejected[why], 1) end",
        "same(row('[{\"a\":{\"t\":1,\"q\":{\"v\":3}}}]', { time = 'a.t', value = 'a.q.v', clock = 'unix' })[3], 3.0)",
        "same(row('[{\"t\":10,\"e\":70,\"v\":3}]', { time = 't', finish = 'e', value = 'v', clock = 'unix' })[2], 60000)",
        "local r, c = row('[{\"t\":10,\"e\":9,\"v\":3}]', { time = 't', finish = 'e', value = 'v', clock = 'unix' }) same(r, nil) same(c.rejected['that ends before it starts'], 1)",
        "same(row('[{\"t\":10,\"s\":\"2.5\",\"v\":3}]', { time = 't', seconds = 's', value = 'v', clock = 'unix' })[2], 2500)",
        "same(row('[{\"t\":10,\"v\":3}]', { time = 't', seconds = 's', value = 'v', length = 60, clock = 'unix' })[2], 60000)",
        "same(row('[{\"t\":10,\"v\":3}]', { time = 't', value = 'v', length = 0 / 0, clock = 'unix' })[2], 0)",
        "local c = columns(doc '[{\"t\":1,\"v\":1,\"k\":\"a\"},{\"t\":2,\"v\":2,\"k\":\"b\"},{\"t\":3,\"v\":3},{\"t\":4,\"v\":4,\"k\":null},{\"t\":5,\"v\":5,\"k\":7},7,null]', { time = 't', value = 'v', clock = 'unix', where = 'k', is = 'b' }) same(c.n, 1) same(rows(c)[1][3], 2.0)",
        "local c = columns(doc '[{\"t\":1,\"v\":1,\"k\":\"a\"},{\"t\":3,\"v\":3},{\"t\":4,\"v\":4,\"k\":null}]', { time = 't', value = 'v', clock = 'unix', where = 'k', is = '' }) same(c.n, 2)",
        "local d = doc '[{\"t\":1,\"v\":1,\"k\":\"a\",\"s\":{\"n\":\"w\"}},{\"t\":2,\"v\":2,\"k\":\"a\",\"s\":5},{\"t\":3,\"v\":3,\"k\":\"b\",\"s\":{\"n\":\"w\"}}]'\n"
        "local function n(w) return columns(d, { time = 't', value = 'v', clock = 'unix', where = w }).n end\n"
        "same(n { k = 'a', ['s.n'] = 'w' }, 1) same(n { k = 'a', ['s.n'] = '' }, 1) same(n { k = 'a' }, 2) same(n {}, 3) same(n(nil), 3) same(pcall(n, { 5 }), false)",
        "local r, c = row('[{\"t\":1,\"v\":12},{\"t\":2,\"v\":401}]', { time = 't', value = 'v', clock = 'unix', min = 13, max = 400 }) same(r, nil) same(c.rejected['with a value that is a code of the service'], 2)",
        "local c = columns(doc '[{\"t\":1,\"v\":[4,5]},{\"t\":2},{\"t\":3,\"v\":[6,\"x\"]},{\"t\":4,\"v\":7}]', { time = 't', clock = 'unix', value = function(x)\n"
        "  if x.v == 7 then error 'seven' end return x.v and x.v[2] end }) same(c.n, 1) same(rows(c)[1][3], 5.0)\n"
        "same(c.rejected['with a value that is no number'], 1) same(c.rejected[\"that the script's function stumbled over\"], 1)",
        /* what it raises costs its element, wherever that stands and however the list is cut; it may ask for columns itself */
        "local t = {} for i = 1, 20 do t[i] = ('{\"t\":%d,\"v\":%d}'):format(i, i) end local d = doc('[' .. table.concat(t, ',') .. ']')\n"
        "local function value(x) if x.v % 3 == 1 then error 'third' end columns(d, { time = 't', value = 'v', clock = 'unix' }, 2, 3) return x.v end\n"
        "for most = 1, 21 do local from, seen, bad = 1, {}, 0\n"
        "  while from do local c = columns(d, { time = 't', clock = 'unix', value = value }, from, most)\n"
        "    for _, r in ipairs(rows(c)) do seen[#seen + 1] = r[3] end\n"
        "    bad, from = bad + (c.rejected[\"that the script's function stumbled over\"] or 0), c.next end\n"
        "  same(#seen, 13) same(bad, 7) for k, v in ipairs(seen) do same(v, (k - 1) // 2 * 3 + 2.0 + (k - 1) % 2) end end",
        "local w = { k = 'a' } local c = columns(doc '[{\"t\":1,\"k\":\"a\"},{\"t\":2,\"k\":\"b\"},{\"t\":3,\"k\":\"a\"}]', { time = 't', clock = 'unix', where = w, value = function()\n"
        "  w.k = nil collectgarbage() return 1 end }) same(c.n, 2)",
        "local c = columns(doc '[1,\"x\",null,[],true]', { time = 't', value = 'v' }) same(c.n, 0) same(c.next, nil)",
        "local c = columns(doc '{\"t\":1}', { time = 't', value = 'v' }) same(c.n, 0) same(c.next, nil)",
        "same(pcall(columns, {}, { time = 't', value = 'v' }), false) same(pcall(columns, doc '[]', 5), false)",
        "local r = row('[{\"t\":\"2026-03-01T07:00:00\",\"v\":60}]', { time = 't', value = 'v', zone = { { 0 / 0, 1e300 }, { -1e300, 1e300 } } }) same(r[4], 1000)",
    };
    RUN(cases);
}

static void two_lists_beside_each_other_become_samples(void **state)
{
    static const char *const cases[] = {
        "local d = doc '{\"t\":[0,1,2.5,4],\"v\":[100,null,\"102\",103,104]}' local c = columns(d.t, { times = d.t, values = d.v, base = 1000000 })\n"
        "same(c.n, 3) same(rows(c)[2][1], 1002500) same(rows(c)[2][3], 102.0) same(rows(c)[3][1], 1004000)",
        "local d = doc '{\"t\":[\"x\",1],\"v\":[1,\"x\"]}' local c = columns(d.t, { times = d.t, values = d.v, base = 0 })\n"
        "same(c.n, 0) same(c.rejected['with a time that is none'], 1) same(c.rejected['with a value that is no number'], 1)",
        "local a, b = doc '[1]', doc '[1]' local ok, why = pcall(columns, a, { times = a, values = b, base = 0 }) assert(not ok and why:find 'two answers', why)",
        "local d = doc '{\"t\":{},\"v\":[1]}' same(columns(d.t, { times = d.t, values = d.v, base = 0 }).n, 0)",
        "local d = doc '{\"t\":[1e9,1],\"v\":[1,1]}' same(columns(d.t, { times = d.t, values = d.v, base = 1e300 }).n, 1)",
        "local d = doc '{\"t\":[0,1,2,3,4],\"v\":[0,1,2,3,4]}' local c = columns(d.t, { times = d.t, values = d.v, base = 0 }, 1, 2)\n"
        "same(c.n, 2) same(c.next, 3) c = columns(d.t, { times = d.t, values = d.v, base = 0 }, c.next, 10) same(c.n, 3) same(rows(c)[1][3], 2.0) same(c.next, nil)",
    };
    RUN(cases);
}

static void a_long_list_comes_in_batches_and_nothing_twice(void **state)
{
    static const char *const cases[] = {
        "local t = {} for i = 1, 20000 do t[i] = ('{\"t\":%d,\"v\":%d}'):format(i, i) end\n"
        "local d, n, from, sum, calls = doc('[' .. table.concat(t, ',') .. ']'), 0, 1, 0, 0\n"
        "while from do local c = columns(d, { time = 't', value = 'v', clock = 'unix' }, from) from, n, calls = c.next, n + c.n, calls + 1\n"
        "  for _, r in ipairs(rows(c)) do sum = sum + r[3] end assert(c.n <= 8192) end\n"
        "same(n, 20000) same(sum, 200010000.0) same(calls, 3)",
        "local d = doc '[{\"t\":1,\"v\":1},{\"t\":2,\"v\":2},{\"t\":3,\"v\":3}]' local s = { time = 't', value = 'v', clock = 'unix' }\n"
        "same(columns(d, s, 3).n, 1) same(columns(d, s, 1, 1).next, 2) same(rows(columns(d, s, 2, 1))[1][3], 2.0) same(columns(d, s, 9).n, 0)\n"
        "same(columns(d, s, -5).n, 3) same(columns(d, s, math.mininteger).n, 3) same(d[3].v, 3) same(columns(d, s, 1, 0).n, 3)",
    };
    RUN(cases);
}

static void a_walk_ends_with_its_time(void **state)
{
    struct bench *b = *state;
    run(b, "big = doc('[' .. ('{\"t\":1,\"v\":1},'):rep(60000) .. '0]')");
    luaL_loadstring(b->L, "columns(big, { time = 't', value = 'v', clock = 'unix' })");
    b->limits.expired = 1; /* as the tick would */
    assert_int_not_equal(lua_pcall(b->L, 0, 0, 0), LUA_OK);
    b->limits.expired = 0;
    lua_settop(b->L, 0);
    run(b, "big = nil");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void documents_nobody_reads_do_not_gather(void **state)
{
    struct bench *b = *state;
    run(b, "text = '[' .. ('7,'):rep(200000) .. '7]' first = doc(text)");
    for (int i = 0; i < 40; i++) {
        run(b, "last = doc(text)");
        assert_true(b->documents.kept < 24u << 20); /* two are read; 180 MB came */
    }
    run(b, "same(first[200001], 7) same(last[200001], 7)");
}

static void documents_that_are_read_are_all_kept(void **state)
{
    static const char *const cases[] = {
        "text = ('\"%s\"'):format(('x'):rep(1 << 20)) kept = {}",
        "for i = 1, 12 do kept[i] = doc('[' .. i .. ',' .. text .. ']') end",
        "for i = 1, 12 do same(kept[i][1], i) same(#kept[i][2], 1 << 20) end"};
    RUN(cases);
    assert_true(((struct bench *)*state)->documents.kept > 12u << 20);
}

static void a_document_that_is_let_go_gives_its_memory_back_and_says_so_when_it_is_read(void **state)
{
    static const char *const reads[] = {"return kept.a", "return kept.list", "return kept[1]", "return #list", "return list[1]",
        "for _ in pairs(kept) do end", "for _ in ipairs(list) do end", "return each(kept, key)", "return at(kept, 'a')",
        "return list_of(list)", "return columns(list, { time = 't', value = 'v' })", "return tostring(kept)"};
    struct bench *b = *state;
    size_t drop_size;
    run(b, "list_of = list kept = doc('{\"a\":1,\"list\":[{\"t\":1,\"v\":2}]}') list, other = kept.list, doc '[7]' each = pairs(kept) key = each(kept)");
    drop_size = b->documents.kept;
    run(b, "drop(kept)");
    assert_true(b->documents.kept < drop_size);
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        char lua[200];
        snprintf(lua, sizeof lua, "local ok, why = pcall(function() %s end) assert(not ok and why:find('went with its page', 1, true), why)", reads[i]);
        run(b, lua);
    }
    run(b, "same(other[1], 7) drop(kept) drop(list) drop(5) drop(nil) drop({}) same(other[1], 7) drop(other)");
    assert_int_equal(b->documents.kept, 0);
    run(b, "kept, list, other, each = nil collectgarbage()");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_document_that_is_let_go_gives_its_memory_back_and_says_so_when_it_is_read),
        CASE(values_come_as_what_they_are),
        CASE(ids_of_64_bits_stay_exact_and_longer_ones_stay_texts),
        CASE(texts_and_names_are_read_past_their_escapes),
        CASE(walks_pass_over_nulls_and_lose_nothing),
        CASE(what_is_no_json_or_too_much_is_refused_with_a_sentence),
        CASE(each_kind_of_clock_says_the_same_instant),
        CASE(wall_clocks_around_both_changes_are_those_of_the_zone),
        CASE(values_lengths_and_filters_are_read_by_path),
        CASE(two_lists_beside_each_other_become_samples),
        CASE(a_long_list_comes_in_batches_and_nothing_twice),
        CASE(a_walk_ends_with_its_time),
        CASE(documents_nobody_reads_do_not_gather),
        CASE(documents_that_are_read_are_all_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
