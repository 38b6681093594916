/* SPDX-License-Identifier: MIT
 * The box in this very process, so that the sanitizers see its code: no seccomp, no rlimits, no
 * spawner. Contracts, messages, quantities, the sandbox's functions against Lua's own. */
#include "../support/box_library.h"
#include "box/frame_lua.h"
#include "box/worker.h"
#include "script/pack_lua.h"
#include <lauxlib.h>
#include <lualib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define MEMORY (32u << 20)

struct told {
    struct sw_box *box;
    struct sw_buf last;     /* the last frame's value */
    size_t frames;
    lua_State *L;           /* to look at values with */
};

static int on_send(void *ctx, const struct sw_buf *frames)
{
    struct told *t = ctx;
    sw_buf_reset(&t->last);
    sw_buf_put(&t->last, frames->data + 4, frames->len - 4);
    t->frames++;
    return 0;
}

static void feed(struct told *t, const struct sw_buf *b)
{
    struct sw_err err = SW_ERR_INIT;
    if (sw_box_feed(t->box, sw_rd_of(b->data, b->len), &err) < 0) fail_msg("box: %s", err.text);
}

static void feed_library(struct told *t)
{
    struct sw_workers_file lib[SW_TEST_LIBRARY_MAX];
    size_t n = sw_test_library(lib), map;
    struct sw_buf b;
    sw_buf_init(&b, SW_FRAME_MAX);
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) {
        sw_buf_reset(&b);
        map = sw_val_open(&b, SW_V_MAP);
        sw_val_key(&b, "op");
        sw_val_text(&b, "lib");
        sw_val_key(&b, "name");
        sw_val_text(&b, lib[i].name);
        sw_val_key(&b, "source");
        sw_val_str(&b, lib[i].source, lib[i].bytes);
        sw_val_close(&b, map, 3);
        feed(t, &b);
    }
    sw_buf_reset(&b);
    map = sw_val_open(&b, SW_V_MAP);
    sw_val_key(&b, "op");
    sw_val_text(&b, "init");
    sw_val_close(&b, map, 1);
    feed(t, &b);
    sw_buf_clear(&b);
    sw_test_library_free(lib, n);
}

static struct told *open_box(void)
{
    struct told *t = calloc(1, sizeof *t);
    sw_buf_init(&t->last, SW_FRAME_MAX);
    t->box = sw_box_new(MEMORY, NULL, on_send, t);
    t->L = luaL_newstate();
    luaL_openlibs(t->L);
    feed_library(t);
    return t;
}

static void close_box(struct told *t)
{
    sw_box_free(t->box);
    sw_buf_clear(&t->last);
    lua_close(t->L);
    free(t);
}

/* Feed runs = { { n = 1, cpu_ms = 2000, ...spec } }, the spec written as a Lua table. */
static void run(struct told *t, const char *spec)
{
    struct sw_buf b;
    struct sw_err err = SW_ERR_INIT;
    sw_buf_init(&b, SW_FRAME_MAX);
    lua_settop(t->L, 0);
    if (luaL_loadstring(t->L, "local s = ... s.n = 1 s.cpu_ms = 2000 return { op = 'run', runs = { s } }") ||
        luaL_dostring(t->L, spec) || (lua_call(t->L, 1, 1), false))
        fail_msg("%s", lua_tostring(t->L, -1));
    assert_int_equal(sw_frame_encode(t->L, -1, &b, 0, &err), 0);
    feed(t, &b);
    sw_buf_clear(&b);
}

/* What an expression about `r`, the last frame as a table, gives as text. */
static const char *ask(struct told *t, const char *expression)
{
    struct sw_rd r = sw_rd_of(t->last.data, t->last.len);
    char chunk[300];
    lua_settop(t->L, 0);
    sw_frame_push(t->L, &r);
    lua_setglobal(t->L, "r");
    snprintf(chunk, sizeof chunk, "return tostring(%s)", expression);
    if (luaL_dostring(t->L, chunk)) return lua_tostring(t->L, -1);
    return lua_tostring(t->L, -1);
}

static void expect_in(struct told *t, const char *expression, const char *want)
{
    const char *got = ask(t, expression);
    if (!strstr(got, want)) fail_msg("%s gives\n%s\nwanted\n%s", expression, got, want);
}

#define LOAD(source) "return { op = 'load', script = 'rules/x.lua', source = [==[" source "]==] }"

static void declarations_are_closed(void **state)
{
    static const struct { const char *spec, *text; } cases[] = {
        {LOAD("local sw = require 'syncwell'\nreturn sw.rule {\n  on = 'workout.created',\n"
              "  -- run = no\n  execut = function() end,\n}"),
         "rules/x.lua:5: unknown key 'execut' in rule (did you mean 'run'?)\n  execut = function() end,\n  ^"},
        {LOAD("local sw = require 'syncwell'\nreturn sw.rule { on = 'workout.created', runn = print }"),
         "rules/x.lua:2: unknown key 'runn' in rule (did you mean 'run'?)"},
        {LOAD("local sw = require 'syncwell'\nreturn sw.rule { on = 'workout.created' }"),
         "rule lacks 'run'"},
        {LOAD("local sw = require 'syncwell'\nreturn sw.rule { run = print,\n  on = sw.event { 'workout.created',"
              "\n  provder = 'strava' } }"),
         "rules/x.lua:4: unknown key 'provder' in event (did you mean 'provider'?)"},
        {LOAD("local sw = require 'syncwell'\nreturn sw.rule { run = print, on = 'workout.created',\n title = 5 }"),
         "rules/x.lua:3: 'title' in rule must be a text, not 5"},
        {LOAD("local sw = require 'syncwell'\nreturn sw.rule { run = print, on = 'workout.created', mode = 'x' }"),
         "'mode' in rule must be one of parallel, single, restart, queued, not 'x'"},
        {LOAD("local sw = require 'syncwell'\nreturn sw.rule { run = print, on = 'workout.created', max_age = 12 }"),
         "'max_age' in rule must be a duration such as \"60min\", not 12"},
        {LOAD("local sw = require 'syncwell'\nreturn sw.rule { run = print, on = 'workout.created',\n"
              " uses = { 'calender:write' } }"),
         "rules/x.lua:3: unknown grant 'calender:write' in uses (did you mean 'calendar:write'?)"},
        {LOAD("return 5"), "a script returns one declaration"},
        {LOAD("return return"), "rules/x.lua:1: unexpected symbol near 'return'"},
        {LOAD("require 'lfs'"), "a script can require only \"syncwell\""},
    };
    struct told *t = open_box();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run(t, cases[i].spec);
        expect_in(t, "r.ok", "false");
        expect_in(t, "r.error.text", cases[i].text);
    }
    close_box(t);
}

static void every_trigger_is_data(void **state)
{
    static const char spec[] = LOAD(
        "local sw = require 'syncwell'\nreturn sw.rule { run = print, on = sw.any { sw.cron '0 7 * * *',"
        "sw.at 'sunset-30min on mon,wed', sw.every '2h', sw.webhook 'door',"
        "sw.threshold { 'resting_heart_rate', enter = '>70', leave = '<66', lasting = '3d' },"
        "sw.baseline { 'hrv_rmssd', above = 'mean28d+2sd' }, sw.absent { 'weight', lasting = '8d' },"
        "sw.streak { records = 'workout', per = 'day', at_least = 1, lengths = { 7, 30 } },"
        "sw.milestone { 'steps', totals = { 1e6 } }, sw.goal { 'steps', reached = true },"
        "sw.event 'sync.finished' } }");
    struct told *t = open_box();
    (void)state;
    run(t, spec);
    expect_in(t, "r.error and r.error.text or r.ok", "true");
    expect_in(t, "#r.out.declaration.on.of", "11");
    expect_in(t, "r.out.declaration.run", "true");
    expect_in(t, "r.out.declaration.on.of[5].metric .. r.out.declaration.on.of[5].enter", "resting_heart_rate>70");
    close_box(t);
}

#define RULE(when, act) LOAD( \
    "local sw = require 'syncwell'\nreturn sw.rule { on = sw.event { 'workout.created', provider = 'strava' }," \
    "params = { min = sw.duration { default = '60min' } }, uses = { 'calendar:write' }, max_age = '12h',\n" \
    "when = function(w, ctx) return " when " end,\n" \
    "run = function(w, ctx) " act " end }")
#define EVENT(mode, elapsed) \
    "return { op = 'rule', script = 'rules/x.lua', mode = '" mode "', at = 1772350000000, event = { kind = " \
    "'workout', id = 'w1', group = 'g1', provider = 'strava', finish = '2026-03-01T08:26:00+01:00', " \
    "attributes = { elapsed_s = " elapsed ", distance_m = 12000, hr_avg = 151 } } }"

static void rules_fire_with_their_values_told(void **state)
{
    static const struct { const char *load, *event, *expression, *want; } cases[] = {
        {RULE("w.elapsed > ctx.params.min", ""), EVENT("run", "3480"), "r.out.gates[3].text",
         "elapsed 58 min, needs > 1 h"},
        {RULE("w.elapsed > ctx.params.min", ""), EVENT("run", "3480"), "r.out.fired", "false"},
        {RULE("w.elapsed >= '1h'", ""), EVENT("run", "3600"), "r.out.fired", "true"},
        {RULE("w.distance < '5km'", ""), EVENT("why", "3600"), "r.out.gates[3].text",
         "distance 12 km, needs < 5 km"},
        {RULE("true", ""), EVENT("run", "1"), "r.out.gates[2].text", "age 40 s, which is <= 12 h"},
        {RULE("w.elapsed > 60", ""), EVENT("run", "3480"), "r.error.text",
         "elapsed is a duration: compare it with a text that carries a unit, not with the number 60"},
        {RULE("w.elapsd > '60min'", ""), EVENT("run", "3480"), "r.error.text",
         "rules/x.lua:3: a workout has no field 'elapsd' (did you mean 'elapsed'?)"},
        {RULE("w.elapsed > '60km'", ""), EVENT("run", "3480"), "r.error.text", "'60km' is not"},
        {RULE("w.elapsed_s > '60min'", ""), EVENT("run", "3480"), "r.error.hint", "plain number"},
        {RULE("w.timer == nil and w.ascent_m == nil", ""), EVENT("run", "1"), "r.out.fired", "true"},
        {RULE("w.elapsed_s == 3480 and w.hr_avg > 150", ""), EVENT("run", "3480"), "r.out.fired", "true"},
        {RULE("w.finish.hour == 8 and w.finish + '30min' > w.finish", ""), EVENT("run", "1"), "r.out.fired", "true"},
        {RULE("w.finish - '1h' < '2026-03-01T07:30:00+01:00'", ""), EVENT("run", "1"), "r.out.fired", "true"},
        {RULE("ctx.now - w.finish == ctx.now - w.finish", ""), EVENT("run", "1"), "r.out.fired", "true"},
        {RULE("os.time() == 1772350000 and os.date('!%F') == '2026-03-01'", ""), EVENT("run", "1"), "r.out.fired",
         "true"},
        {RULE("ctx.calendar", ""), EVENT("run", "1"), "r.error.text", "actions belong in run"},
        {RULE("true", "ctx.calendar.add { title = 'Drink', at = w.finish + '30min', duration = '10min' }"),
         EVENT("run", "1"), "r.out.actions[1].args.at .. ' ' .. r.out.actions[1].args.duration",
         "1772351760000 600"},
        {RULE("true", "ctx.calendar.add { title = 'a', at = w.finish } ctx.calendar.add { title = 'b', at = w.finish }"),
         EVENT("dry", "1"), "r.out.actions[2].action .. r.out.actions[2].occurrence .. tostring(r.out.dry)",
         "calendar.add2true"},
        {RULE("true", "ctx.notify 'hi'"), EVENT("run", "1"), "r.error.text", "ctx.notify is not granted to this rule\n"},
        {RULE("true", "ctx.notify 'hi'"), EVENT("run", "1"), "r.error.hint", "uses = { \"notify\" },"},
        {RULE("true", "ctx.calendar.add { titel = 'x' }"), EVENT("run", "1"), "r.error.text",
         "rules/x.lua:4: unknown key 'titel' in ctx.calendar.add (did you mean 'title'?)"},
        {RULE("true", "w.x = 1"), EVENT("run", "1"), "r.error.text", "the event cannot be changed"},
        {RULE("true", "print(w.elapsed, w.finish, w.distance)"), EVENT("run", "90"), "r.out.log[1]",
         "90 s 2026-03-01T08:26:00+01:00 12 km"},
        {RULE("true", "ctx.log(math.random(1e9 // 1))"), EVENT("when", "90"), "#(r.out.log or {})", "0"},
        {RULE("true", "ctx.state.seen = { w.elapsed }"), EVENT("run", "90"), "r.out.state.seen[1]", "90"},
        {RULE("true", ""), EVENT("run", "90"), "r.out.key", "g1"},
    };
    struct told *t = open_box();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run(t, cases[i].load);
        expect_in(t, "r.error and r.error.text or r.ok", "true");
        run(t, cases[i].event);
        expect_in(t, cases[i].expression, cases[i].want);
    }
    close_box(t);
}

static void the_same_firing_draws_the_same_numbers(void **state)
{
    struct told *t = open_box();
    char first[64];
    (void)state;
    run(t, RULE("true", "ctx.log(math.random(1000000000))"));
    run(t, EVENT("run", "90"));
    snprintf(first, sizeof first, "%s", ask(t, "r.out.log[1]"));
    run(t, "return { op = 'script', script = 't.lua', source = 'return math.random()' }");
    run(t, EVENT("run", "90"));
    expect_in(t, "r.out.log[1]", first);
    close_box(t);
}

/* ---- the sandbox against Lua's own library ---- */

static const char compare[] =
    "local out, seed = {}, 12345\n"
    "local function r(n) seed = (seed * 1103515245 + 12345) % 2147483648 return seed // 65536 % n + 1 end\n"
    "local parts = { 'a', 'b', '.', '%a', '%d', '[ab]', '[^a]', '(a)', '(b*)', '()', 'a*', 'b-', '.-', 'a+', 'b?',\n"
    "  '%1', '^', '$', '%b()', '%f[a]', '[a-c]', '(', ')', '%', '[', ' ', '%s*', '[%w_]+', '(.-)', '%%' }\n"
    "local subjects = { '', 'a', 'ab', 'aabb', 'abcabc', '(a(b)c)', 'a b  c', '12ab34', 'bbb', 'a%b', 'xyzzy' }\n"
    "local function show(...)\n"
    "  local t = table.pack(...)\n"
    "  for i = 1, t.n do t[i] = tostring(t[i]) end\n"
    "  return (table.concat(t, ',', 1, t.n):gsub('^.*:%d+: ', ''))\n"
    "end\n"
    "for i = 1, 1500 do\n"
    "  local p = ''\n"
    "  for _ = 1, r(4) do p = p .. parts[r(#parts)] end\n"
    "  local s = subjects[r(#subjects)]\n"
    "  out[#out + 1] = show(pcall(string.find, s, p, r(3) - 1))\n"
    "  out[#out + 1] = show(pcall(string.gsub, s, p, '<%0>', r(5)))\n"
    "  out[#out + 1] = show(pcall(function() local n = {} for x, y in s:gmatch(p) do n[#n + 1] = x .. (y or '') \n"
    "    if #n > 20 then break end end return table.concat(n, '|') end))\n"
    "end\n"
    "for _, f in ipairs { '%5d|%-5d|%05d', '%x %X %o', '%5.2f|%g|%e', '%q', '%10s|%-10s|%.2s', '%c%%', '%i %u', '%a',\n"
    "  '%y', '%' } do\n"
    "  out[#out + 1] = show(pcall(string.format, f, 65, 66, 67))\n"
    "end\n"
    "out[#out + 1] = show(pcall(string.format, '%q', 'a\\n\\0001\"\\\\'))\n"
    "local t = {} for i = 1, 200 do t[i] = r(1000) end table.sort(t) out[#out + 1] = table.concat(t, ' ')\n"
    "table.sort(t, function(a, b) return a > b end) out[#out + 1] = table.concat(t, ' ', 5, 90)\n"
    "local f, x = {}, {} for i = 1, 99 do f[i] = r(1000) / 7 - 60 x[i] = i % 3 == 0 and f[i] + 0.05 or r(90) - 45 end\n"
    "f[7], f[8], x[9] = math.huge, -math.huge, math.mininteger\n"
    "table.sort(f) table.sort(x) out[#out + 1] = table.concat(f, ' ') .. table.concat(x, ' ')\n"
    "local w = { 'b', 'a', 'c', 'ab' } table.sort(w) out[#out + 1] = table.concat(w, ' ')\n"
    "out[#out + 1] = show(pcall(table.sort, { 3, 'a', 1 }))\n"
    "table.insert(t, 3, 'x') table.insert(t, 'y') out[#out + 1] = table.remove(t, 1) .. table.remove(t)\n"
    "out[#out + 1] = show(table.unpack(table.move({ 1, 2, 3, 4 }, 2, 4, 1)))\n"
    "out[#out + 1] = show(table.unpack(table.move({ 1, 2, 3, 4 }, 1, 3, 2)))\n"
    "out[#out + 1] = show(('x'):rep(3, '-'), ('ab'):rep(0), select('#', table.unpack({}, 1, 3)))\n"
    "local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) error('e' .. b, 0) end)\n"
    "out[#out + 1] = show(co(1)) .. show(pcall(co, 2)) .. show(pcall(co))\n"
    "out[#out + 1] = show(xpcall(function(...) error({ ... }) end, function(e) return e[1] end, 7))\n"
    "return table.concat(out, '\\n')";

static void lines_equal(const char *a, const char *b)
{
    for (int line = 1; *a && *b; line++) {
        size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");
        if (n != m || memcmp(a, b, n) != 0)
            fail_msg("line %d: Lua says\n%.*s\nthe box says\n%.*s", line, (int)n, a, (int)m, b);
        a += n + (a[n] != 0);
        b += m + (b[m] != 0);
    }
    assert_int_equal(*a, *b);
}

static void library_functions_answer_like_lua(void **state)
{
    struct told *t = open_box();
    char *want;
    (void)state;
    lua_settop(t->L, 0);
    assert_int_equal(luaL_dostring(t->L, compare), LUA_OK);
    want = strdup(lua_tostring(t->L, -1));
    lua_pushstring(t->L, compare);
    lua_setglobal(t->L, "compare");
    /* in pieces, because what a run hands over is bounded */
    for (size_t at = 0; at < strlen(want); at += 20000) {
        char spec[300], *part;
        snprintf(spec, sizeof spec, "return { op = 'script', script = 't.lua', args = {}, source = "
                 "'local all = (function() ' .. compare .. ' end)() return all:sub(%zu, %zu)' }", at + 1, at + 20000);
        run(t, spec);
        part = strndup(want + at, 20000);
        expect_in(t, "r.error and r.error.text or r.ok", "true");
        lines_equal(part, ask(t, "r.out.values[1].value"));
        free(part);
    }
    free(want);
    close_box(t);
}

static void only_listed_names_can_be_reached(void **state)
{
    static const char walk[] =
        "return { op = 'script', script = 't.lua', source = [==["
        "local seen, out = {}, {}\n"
        "local function walk(t, path)\n"
        "  if seen[t] then return end\n"
        "  seen[t] = true\n"
        "  for k, v in next, t do\n"
        "    out[#out + 1] = path .. tostring(k)\n"
        "    if type(v) == 'table' then walk(v, path .. tostring(k) .. '.') end\n"
        "  end\n"
        "  local m = getmetatable(t)\n"
        "  if type(m) == 'table' then walk(m, path .. '<meta>.') end\n"
        "end\n"
        "walk(_G, '') walk(require 'syncwell', 'sw.') walk({ s = getmetatable('') }, 'string metatable ')\n"
        "table.sort(out)\n"
        "return table.concat(out, '\\n') .. '\\n']==] }";
    struct told *t = open_box();
    char path[PATH_MAX + 64];
    const char *now;
    char *list;
    size_t n;
    (void)state;
    run(t, walk);
    now = ask(t, "r.out.values[1].value");
    snprintf(path, sizeof path, "%s/tests/sandbox/reach.txt", sw_test_root());
    if (getenv("SW_WRITE_REACH")) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(now, f);
        assert_int_equal(fclose(f), 0);
    }
    list = sw_test_slurp(path, &n);
    assert_non_null(list);
    if (strcmp(list, now))
        print_error("tests/sandbox/reach.txt lists what a script can reach, and that is not so any more; where the "
                    "change is meant, `SW_WRITE_REACH=1 ./run test test_box` writes it anew\n");
    assert_string_equal(list, now);
    free(list);
    close_box(t);
}

static void a_call_to_the_engine_waits_in_any_coroutine(void **state)
{
    struct told *t = open_box();
    struct sw_buf b;
    size_t map, arr;
    (void)state;
    run(t, RULE("true", "local f = coroutine.wrap(function() return pcall(ctx.series, 'steps') end) "
                        "local ok, s = f() ctx.log(ok, s.sum(), s.mean(), s.percentile(50), s[2], s.last())"));
    run(t, EVENT("run", "90"));
    expect_in(t, "r.op .. r.name .. r.args.metric", "callseriessteps");
    sw_buf_init(&b, 4096);
    map = sw_val_open(&b, SW_V_MAP);
    sw_val_key(&b, "op");
    sw_val_text(&b, "reply");
    sw_val_key(&b, "call");
    sw_val_int(&b, 1);
    sw_val_key(&b, "ok");
    sw_val_bool(&b, true);
    sw_val_key(&b, "value");
    arr = sw_val_open(&b, SW_V_ARR);
    for (int i = 1; i <= 3; i++) sw_val_int(&b, i * 10);
    sw_val_close(&b, arr, 3);
    sw_val_close(&b, map, 4);
    feed(t, &b);
    expect_in(t, "r.error and r.error.text or r.out.log[1]", "true 60 20.0 20.0 20 30");
    sw_buf_clear(&b);
    close_box(t);
}

/* Feed a batch of events, written as a Lua list, for the rule that is loaded. */
static void run_batch(struct told *t, const char *events)
{
    struct sw_err err = SW_ERR_INIT;
    struct sw_batch_spec s;
    struct sw_buf b, head;
    size_t map, list;
    lua_settop(t->L, 0);
    luaL_dostring(t->L, "return { script = 'rules/x.lua', user = 'me', offset_min = 60 }");
    if (luaL_dostring(t->L, events)) fail_msg("%s", lua_tostring(t->L, -1));
    sw_buf_init(&head, SW_FRAME_MAX);
    assert_int_equal(sw_frame_encode(t->L, 1, &head, SW_ENCODE_STRICT, &err), 0);
    assert_int_equal(sw_pack_push(t->L, 2, &err), 0);
    s = sw_pack_spec(sw_pack_at(t->L, 3), sw_rd_of(head.data, head.len), 200);
    sw_buf_init(&b, SW_FRAME_MAX);
    map = sw_val_open(&b, SW_V_MAP);
    sw_val_key(&b, "op"), sw_val_text(&b, "batch");
    sw_val_key(&b, "n"), sw_val_int(&b, 7);
    sw_val_key(&b, "cpu_ms"), sw_val_int(&b, 200);
    sw_val_key(&b, "head"), sw_val_span(&b, s.head);
    sw_val_key(&b, "names"), sw_val_span(&b, s.names);
    sw_val_key(&b, "items");
    list = sw_val_open(&b, SW_V_ARR);
    for (size_t i = 0; i < s.n; i++) {
        size_t from = i ? s.ends[i - 1] : 0;
        sw_val_str(&b, (const char *)s.items + from, s.ends[i] - from);
    }
    sw_val_close(&b, list, s.n);
    sw_val_close(&b, map, 6);
    feed(t, &b);
    sw_buf_clear(&b);
    sw_buf_clear(&head);
}

static void a_batch_gives_a_byte_for_each_run_that_has_nothing_to_tell(void **state)
{
    struct told *t = open_box();
    int tries = 0;
    (void)state;
    run(t, RULE("w.n > 2", "ctx.log(w.id, w.elapsed, w.attributes.title)"));
    do { /* a tick in its middle sends what there is: such a batch is asked for again */
        run_batch(t, "local list = {} for i = 1, 3 do list[i] = { at = i, event = { kind = 'workout', provider = 'strava', id = 'w' .. i, "
                     "attributes = { n = i, elapsed_s = i * 60, title = ('long'):rep(50) } } } end return list");
    } while (tries++ < 50 && strcmp(ask(t, "r.op .. r.run .. r.n"), "results73"));
    expect_in(t, "r.op .. r.run .. r.n", "results73");
    expect_in(t, "r.packed:byte(1) .. r.packed:byte(2) .. r.packed:byte(3)", "001");
    expect_in(t, "r.packed:match 'w3 .*'", "w3 3 min longlong");
    run_batch(t, "return { { at = 1, event = { kind = 'workout', provider = 'strava', id = 'w4' } } }");
    expect_in(t, "r.op .. r.run .. r.error.text", "result7rules/x.lua:3: a workout has no field 'n'");
    close_box(t);
}

static void a_run_that_stops_hands_over_what_it_has_and_is_gone(void **state)
{
    struct told *t = open_box();
    (void)state;
    run(t, RULE("true", "ctx.log('one') pcall(function() ctx.sleep '90min' end) ctx.log('two')"));
    run(t, "return { op = 'rule', script = 'rules/x.lua', at = 5, steps = {}, event = { kind = 'workout', provider = 'strava', id = 'n' } }");
    expect_in(t, "r.op .. tostring(r.ok) .. #r.out.log .. r.out.wait.action .. r.out.wait.args.seconds",
              "resulttrue1sleep5400");
    expect_in(t, "#r.out.wait.hash .. r.out.key", "16n");
    run(t, "return { op = 'rule', script = 'rules/x.lua', at = 5, event = { kind = 'workout', provider = 'strava', id = 'n' }, retract = true }");
    expect_in(t, "r.error and r.error.text or #r.out.log", "2"); /* caught: it cannot wait there */
    run(t, RULE("w.n ~= 2", "local f = coroutine.wrap(function() ctx.state.n = w.n end) f()"));
    for (int i = 0; i < 1500; i++) /* more than there are places for runs that wait */
        run_batch(t, "return { { at = 1, event = { kind = 'workout', provider = 'strava', id = 'a', attributes = { n = 1 } } } }");
    expect_in(t, "r.op .. r.n .. r.packed:byte(1)", "results11");
    expect_in(t, "r.packed:find('steps', 1, true) ~= nil and r.packed:find('key', 1, true) == nil", "true");
    close_box(t);
}

/* An item of four fields as it is packed; its length. */
static size_t pack_one(uint8_t *to)
{
    static const char *const fields[] = {"a", "b", "c"};
    struct sw_pack_names names = {0};
    struct sw_buf b;
    size_t n;
    sw_buf_init(&b, 4096);
    sw_pack_begin(&b, &names, 7, "k", 1);
    for (size_t i = 0; i < 3; i++) sw_pack_name(&b, &names, fields[i], 1), sw_val_text(&b, "text");
    sw_pack_attributes(&b);
    sw_pack_name(&b, &names, "d", 1), sw_val_num(&b, 1.5);
    sw_pack_end(&b, &names);
    memcpy(to, b.data, n = b.len);
    sw_buf_clear(&b);
    return n;
}

/* All that is read of an item lies in it. */
static void read_everything(const uint8_t *p, size_t n)
{
    struct sw_pack_field f = {0};
    struct sw_packed k;
    struct sw_rd value;
    for (size_t id = 0; id < 256; id++) {
        const uint8_t *at = sw_packed_place(p, p + n, id);
        struct sw_val v;
        value = sw_rd_of(at, at ? (size_t)(p + n - at) : 0);
        if (at) assert_true(at > p && at < p + n), sw_val_next(&value, &v);
    }
    if (!sw_packed_open(sw_rd_of(p, n), &k)) return;
    assert_true(k.fields.p >= p && k.fields.end <= p + n);
    sw_packed_find(k.fields, -1, "x", 1, &value);
    for (int i = 0; i < 99 && sw_packed_next(&k.fields, &f); i++)
        assert_true(f.value.p >= p && f.value.end <= p + n);
}

static void damaged_items_are_read_no_further_than_they_reach(void **state)
{
    uint8_t whole[256], *copy;
    size_t n = pack_one(whole);
    (void)state;
    for (size_t i = 0; i < 4; i++) assert_non_null(sw_packed_place(whole, whole + n, i));
    assert_null(sw_packed_place(whole, whole + n, 4));
    for (size_t cut = 1; cut <= n; cut++) { /* each byte changed, at each length: the sanitizer watches */
        copy = malloc(cut);
        for (size_t at = 0; at < cut; at++) {
            for (unsigned c = 0; c < 256; c += 5) {
                memcpy(copy, whole, cut);
                copy[at] = (uint8_t)(c ^ at);
                read_everything(copy, cut);
            }
        }
        memcpy(copy, whole + n - cut, cut);
        read_everything(copy, cut);
        free(copy);
    }
}

static void calls_where_nothing_can_wait_are_refused(void **state)
{
    struct told *t = open_box();
    (void)state;
    run(t, RULE("true", "table.sort({ 1, 2, 3 }, function() ctx.series('steps') end)"));
    run(t, EVENT("run", "90"));
    expect_in(t, "r.error.text", "series cannot be used here: a sort, gsub or metamethod is under way");
    run(t, RULE("true", "('x'):gsub('x', coroutine.wrap(function() ctx.series('steps') end))"));
    run(t, EVENT("run", "90"));
    expect_in(t, "r.error.text", "cannot wait for the engine here");
    close_box(t);
}

static void lines_of_a_console_share_their_names(void **state)
{
    struct told *t = open_box();
    (void)state;
    run(t, "return { op = 'expr', source = 'x = sw.quantity \"90min\"' }");
    expect_in(t, "r.error and r.error.text or #r.out.values", "0");
    run(t, "return { op = 'expr', source = 'x + \"30min\", { 1, 2 }' }");
    expect_in(t, "r.out.values[1].text .. ' ' .. r.out.values[1].type .. #r.out.values[2].value", "2 h duration2");
    run(t, "return { op = 'expr', source = 'for i = 1, 3 do' }");
    expect_in(t, "tostring(r.ok) .. tostring(r.out.incomplete)", "falsetrue");
    run(t, "return { op = 'expr', source = 'x = = 1' }");
    expect_in(t, "r.error.text .. tostring(r.out.incomplete)", "repl:1: unexpected symbol near '='nil");
    close_box(t);
}

static void budgets_end_runs_here_too(void **state)
{
    static const char *const loops[] = {"while true do end", "while true do pcall(error) end",
        "for _ in (('a'):rep(200)):gmatch(('.-'):rep(20) .. 'b') do end",
        "xpcall(function() while true do end end, function() while true do end end)"};
    struct told *t = open_box();
    (void)state;
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) {
        lua_pushstring(t->L, loops[i]);
        lua_setglobal(t->L, "source");
        run(t, "return { op = 'script', script = 't.lua', source = source }");
        expect_in(t, "r.error.text", "t.lua:1: stopped: used more than 2000 ms of CPU time");
    }
    close_box(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declarations_are_closed),
        cmocka_unit_test(every_trigger_is_data),
        cmocka_unit_test(rules_fire_with_their_values_told),
        cmocka_unit_test(the_same_firing_draws_the_same_numbers),
        cmocka_unit_test(library_functions_answer_like_lua),
        cmocka_unit_test(only_listed_names_can_be_reached),
        cmocka_unit_test(a_call_to_the_engine_waits_in_any_coroutine),
        cmocka_unit_test(a_batch_gives_a_byte_for_each_run_that_has_nothing_to_tell),
        cmocka_unit_test(a_run_that_stops_hands_over_what_it_has_and_is_gone),
        cmocka_unit_test(damaged_items_are_read_no_further_than_they_reach),
        cmocka_unit_test(calls_where_nothing_can_wait_are_refused),
        cmocka_unit_test(lines_of_a_console_share_their_names),
        cmocka_unit_test(budgets_end_runs_here_too),
    };
    return cmocka_run_group_tests_name("box", tests, NULL, NULL);
}
