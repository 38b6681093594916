-- SPDX-License-Identifier: MIT
-- `syncwell test` and `syncwell new`: tests of scripts run confined, on a home made for them, offline.
local flow = require("flow")

local function names(folder)
  local list = {}
  for _, file in ipairs(sw.fs.list(flow.root .. "/" .. folder)) do
    list[#list + 1] = file:match("^(%l[%w_%-]*)%.lua$")
  end
  return list
end

-- Run one test file; gives its results by name, and the answer of the command.
local function tried(source, more)
  local dir = flow.temp()
  flow.write(dir .. "/x_test.lua", source)
  for name, text in pairs(more or {}) do
    flow.write(dir .. "/" .. name, text)
  end
  local r = flow.sh(("%s --json --home %s test %s"):format(flow.quote(flow.binary), flow.quote(dir .. "/home"),
    flow.quote(dir .. "/x_test.lua")))
  local by_name = {}
  for _, one in ipairs((sw.json.decode(r.out) or {}).tests or {}) do
    by_name[one.name] = one
  end
  return by_name, r
end

local function text_of(one)
  return one.error and (one.error.text or one.error.message) or ""
end

describe("tests of what is shipped", function()
  for _, folder in ipairs { "rules/automations", "providers" } do
    for _, name in ipairs(names(folder)) do
      it(("of %s/%s.lua pass"):format(folder, name), function()
        local path = ("%s/tests/scripts/%s_test.lua"):format(flow.root, name:gsub("-", "_"))
        local r = flow.sh(("%s --home %s test %s"):format(flow.quote(flow.binary), flow.quote(flow.temp() .. "/none"), path))
        expect(r.out).contains(" passed, 0 failed, 0 skipped")
        expect(r.out:find("^ok ") ~= nil).is_true()
        expect(r.code).equals(0)
      end)
    end
  end
end)

describe("several test files", function()
  it("know nothing of each other: a test of each is a person of its own", function()
    local dir = flow.temp()
    sw.fs.mkdir(dir .. "/tests")
    for _, name in ipairs { "a", "b" } do
      flow.write(("%s/tests/%s_test.lua"):format(dir, name), ([[it("%s has one workout", function(t)
  t.event { "workout.created", sport = "running", elapsed = "30min" }
  expect(#t.records "workout").equals(1)
end)]]):format(name))
    end
    local r = flow.sh(("%s --home %s test %s/tests"):format(flow.quote(flow.binary), flow.quote(dir), flow.quote(dir)))
    expect(r.out).contains("2 passed, 0 failed")
    sw.fs.remove_tree(dir)
  end)
end)

describe("a failing test", function()
  it("says file, line, what was expected and why the rule did not fire", function()
    local got, r = tried([[
it("counts", function(t)
  expect(1 + 1).equals(3)
end)
it("fires", function(t)
  t.rule "hydrate"
  t.event { "workout.created", elapsed = "58min" }
  t.expect_fired("hydrate", 1)
end)
it("passes", function(t)
  expect(function() error "boom" end).fails "boom"
  expect({ a = { 1, 2 } }).equals { a = { 1, 2 } }
end)
it("waits", function() skip "not yet" end)]])
    expect(r.code).equals(1)
    expect(text_of(got.counts)).contains("x_test.lua:2: expected 3, got 2")
    expect(text_of(got.fires)).contains("x_test.lua:7: hydrate fired 0 times, not 1")
    expect(text_of(got.fires)).contains("58 min, needs > 1 h")
    expect(got.passes.ok).is_true()
    expect(got.waits.skipped).equals("not yet")
  end)

  it("names what was meant where a name is misspelt", function()
    local got = tried([[
it("rule", function(t) t.rule "hydrat" end)
it("field", function(t) t.event { "workout.created", elapsd = "58min" } end)
it("word", function(t) t.clock.advanc "3d" end)
it("unit", function(t) t.event { "workout.created", elapsed = "58 parsec" } end)
it("not part", function(t) t.expect_fired("hydrate", 0) end)]])
    expect(text_of(got.rule)).contains("did you mean 'hydrate'?")
    expect(text_of(got.field)).contains("a workout has no field 'elapsd' (did you mean 'elapsed'?)")
    expect(text_of(got.word)).contains("t.clock has no 'advanc' (did you mean 'advance'?)")
    expect(text_of(got.unit)).contains("is no duration such as 60min")
    expect(text_of(got["not part"])).contains('begin with: t.rule "hydrate"')
  end)

  it("of an error in a rule shows the rule's own line", function()
    local dir = flow.temp()
    sw.fs.mkdir(dir .. "/rules/automations")
    flow.write(dir .. "/rules/automations/odd.lua", [[local sw = require "syncwell"
return sw.rule { title = "Odd", on = sw.event "workout.created",
  run = function(w, ctx)
    error("oh no")
  end }]])
    flow.write(dir .. "/o_test.lua", 'it("fires", function(t) t.rule "odd" t.event { "workout.created", elapsed = "1h" } t.expect_fired("odd", 1) end)')
    local r = flow.sh(("%s --home %s test %s/o_test.lua"):format(flow.quote(flow.binary), dir, dir))
    expect(r.out).contains("it failed: rules/automations/odd.lua:4: oh no")
  end)
end)

describe("a test", function()
  it("that loops is stopped and counted as failed, the files after it still run", function()
    local dir = flow.temp()
    flow.write(dir .. "/a_test.lua", 'it("loops", function() while true do end end)')
    flow.write(dir .. "/b_test.lua", 'it("is fine", function() expect(1).equals(1) end)')
    local r = flow.sh(("%s --home %s/none test %s"):format(flow.quote(flow.binary), dir, dir))
    expect(r.out).contains("ok   is fine")
    expect(r.out).contains("1 passed, 1 failed")
    expect(r.code).equals(1)
  end)

  it("sees no data, no file and no other test", function()
    local got = tried([[
it("one", function(t) t.sample("weight", 80, "kg") t.rule "hydrate" end)
it("two", function(t) expect(#t.days "weight").equals(0) expect(function() t.fired "hydrate" end).fails "not part of this test" end)
it("three", function() expect(io).is_nil() expect(os.getenv).is_nil() end)]])
    expect(got.one.ok and got.two.ok and got.three.ok).is_true()
  end)

  it("reaches no network: what was not recorded is no answer", function()
    local asked = 0
    local port = assert(sw.serve.listen("127.0.0.1:0", function(_, answer)
      asked = asked + 1
      answer(200, {}, "[]")
    end))
    local dir = flow.temp()
    flow.write(dir .. "/n_test.lua", ([[it("asks", function(t)
  t.connect("nightscout", { base_url = "http://127.0.0.1:%d" })
  local got = t.sync "nightscout"
  expect(got.error).contains "no recorded answer fits GET http://127.0.0.1:%d/api/v1/entries.json"
end)]]):format(port, port))
    local r = flow.beside(("%s --home %s/none test %s/n_test.lua"):format(flow.quote(flow.binary), dir, dir), 30)
    expect(r.out).contains("1 passed")
    expect(asked).equals(0)
  end)

  it("reads recorded answers beside it and nowhere else", function()
    local got = tried([[
it("beside", function(t) expect(t.http.replay "a.json").equals(1) end)
it("above", function(t) t.http.replay "../a.json" end)
it("anywhere", function(t) t.http.replay "/etc/hostname" end)
it("broken", function(t) t.http.replay "b.json" end)]], { ["a.json"] = '{"answers":[{"path":"/x"}]}', ["b.json"] = "{" })
    expect(got.beside.ok).is_true()
    expect(text_of(got.above)).contains("beside the test or below it")
    expect(text_of(got.anywhere)).contains("beside the test or below it")
    expect(text_of(got.broken)).contains("b.json is no JSON")
  end)

  it("moves time through what is due, in order", function()
    local got, r = tried([[
it("ticks", function(t)
  t.rule "nightly_digest"
  t.clock.advance "9h"
  t.expect_fired("nightly_digest", 1)
  t.clock.set "2026-03-04T22:00"
  t.expect_fired("nightly_digest", 4)
  expect(t.clock.now() >= "2026-03-04T22:00").is_true()
  expect(t.fired("nightly_digest")[4].at).contains "2026-03-04T21:00"
end)]])
    expect(text_of(got.ticks or {}) .. r.err).equals("")
  end)
end)

describe("syncwell new", function()
  it("begins a rule and a provider whose tests pass and which lint finds fine", function()
    local h = flow.home("UTC")
    h.ok("new", "rule", "long_run")
    h.ok("new", "provider", "acme-ring")
    local r = h.ok("test")
    expect(r.out).contains("4 passed, 0 failed")
    expect(h.ok("lint").out).contains("it may: read your workout; send you notifications")
    expect(h.json("rules", "show", "long_run").state).equals("on")
    local again = h.run("new", "rule", "long_run")
    expect(again.code).equals(2)
    expect(again.err).contains("is there already")
    expect(h.run("new", "rul", "x").err).contains("did you mean 'rule'?")
    expect(h.run("new", "rule", "../x").err).contains("is no name for a rule")
    h.remove()
  end)
end)

describe("the one script", function()
  it("runs a person's own tests by the words that the program's hints say, not ours", function()
    local h = flow.home("UTC")
    h.ok("new", "rule", "long_run")
    local r = flow.sh(("SW_BUILD=%s %s/run syncwell --home %s test"):format(flow.quote(flow.binary:match("^(.*)/")),
      flow.quote(flow.root), flow.quote(h.dir)))
    expect(r.err).equals("")
    expect(r.out).contains("ok   long_run: ")
    expect(r.out).contains("2 passed, 0 failed, 0 skipped\n")
    h.remove()
  end)
end)
