-- SPDX-License-Identifier: MIT
-- Rules that set off themselves and each other end, whatever they try; and what they wait for holds up nobody.
local flow = require("flow")

local MORNING, LATER = "2025-01-01T00:00:00Z", "2025-01-01T08:10:00Z"

local function rule(h, name, on, uses, text)
  flow.write(("%s/rules/automations/%s.lua"):format(h.dir, name), ([[local sw = require "syncwell"
return sw.rule { title = "t", on = %s, uses = { %s }, %s }
]]):format(on, uses, text))
end

local function home(name, on, uses, text)
  local h = flow.home("UTC")
  rule(h, name, on, uses, text)
  h.ok("--now", MORNING, "run", "--once")
  return h
end

local function firings(h, name)
  return h.json("rules", "trace", name)
end

describe("a rule that fires itself six times under new keys", function()
  it("comes to two hundred firings and no more, and the trace says why", function()
    local h = home("start", 'sw.at "08:00"', '"rule:fire"', [[
      run = function(w, ctx) ctx.rule.fire { rule = "bomb", event = { n = "k" } } end]])
    rule(h, "bomb", 'sw.webhook "bomb"', '"rule:fire"', [[
      key = function(w) return w.body.n end,
      run = function(w, ctx)
        for i = 1, 6 do
          ctx.rule.fire { rule = "bomb", event = { n = w.body.n .. i } }
        end
      end]])
    h.ok("--now", MORNING, "run", "--once")
    h.ok("--now", LATER, "run", "--once")
    local list, refused = firings(h, "bomb"), false
    for _, f in ipairs(list) do
      for _, a in ipairs(f.actions) do
        refused = refused or a.state:find("has set off 200 firings, which is the most", 1, true) ~= nil
      end
    end
    expect(#list).equals(200)
    expect(refused).is_true()
    h.remove()
  end)
end)

describe("a rule that hears of the records it adds", function()
  it("adds a chain of eight at most", function()
    local h = home("more", 'sw.event "note.created"', '"record:write"', [[
      run = function(w, ctx)
        ctx.record.add { kind = "note", start = w.start - "17min", attributes = { text = "again" } }
      end]])
    h.ok("--now", "2025-01-01T08:00:00Z", "log", "note", "hello")
    local r = h.ok("--now", LATER, "run", "--once")
    expect(#h.json("records", "note")).equals(9)
    expect(r.err).contains("what a rule added sets off nothing more: a chain has at most 8 rules")
    h.remove()
  end)

  it("is heard by another rule as any record is", function()
    local h = home("first", 'sw.event "note.created"', '"record:write"', [[
      run = function(w, ctx) ctx.record.add { kind = "meal", start = w.start } end]])
    rule(h, "second", 'sw.event "meal.created"', '"notify"', [[run = function(w, ctx) ctx.notify "a meal" end]])
    h.ok("--now", "2025-01-01T08:00:00Z", "log", "note", "hello")
    h.ok("--now", LATER, "run", "--once")
    expect(flow.read(h.dir .. "/notifications.log")).contains("a meal")
    h.remove()
  end)
end)

describe("a rule that tags anew with each update", function()
  it("gives a record 32 tags at most", function()
    local h = home("tagger", 'sw.any { sw.event "note.created", sw.event "note.updated" }', '"record:write"', [[
      key = function(w) return "k" .. #(w.tags or {}) end,
      run = function(w, ctx) ctx.record.tag("t" .. #(w.tags or {})) end]])
    h.ok("--now", "2025-01-01T08:00:00Z", "log", "note", "hello")
    h.ok("--now", LATER, "run", "--once")
    expect(#h.json("records", "note")[1].attributes.tags).equals(32)
    local skipped = false
    for _, f in ipairs(firings(h, "tagger")) do
      skipped = skipped or f.actions[1].state == "skipped: it has 32 tags already"
    end
    expect(skipped).is_true()
    h.remove()
  end)
end)

describe("a rule that sleeps no time in a loop", function()
  it("goes on once a second, not as fast as it can", function()
    local h = home("nap", 'sw.at "08:00"', '"notify"', [[
      run = function(w, ctx) while true do ctx.sleep "0s" end end]])
    h.ok("--now", "2025-01-01T08:00:10Z", "run", "--once")
    local list = firings(h, "nap")
    expect(list[1].waits).equals("waiting until 2025-01-01T08:00:11Z")
    h.remove()
  end)
end)

-- Each is written as a plain table, past the constructors.
local forged = {
  ['{ kind = "streak", records = "workout", lengths = { "x" } }'] = "'lengths' in sw.streak",
  ['{ kind = "streak", records = "workout", lengths = { 3 }, at_least = "x" }'] = "'at_least' in sw.streak",
  ['{ kind = "threshold", metric = "steps", enter = ">5", leave = {} }'] = "'leave' in sw.threshold",
  ['{ kind = "threshold", metric = {}, enter = ">5" }'] = "'metric' in sw.threshold",
  ['{ kind = "baseline", metric = "steps", above = "mean99999999999999999999d+2sd" }'] = "looks back",
  ['{ kind = "milestone", metric = "steps", totals = { "x", 5 } }'] = "'totals' in sw.milestone",
  ['{ kind = "absent", metric = "steps", lasting = "99999999999999d" }'] = "ten years",
  ['{ kind = "any", of = {} }'] = "any of 1 to 20 triggers",
}

describe("a trigger that is waited for and cannot be meant", function()
  it("fails its rule with a sentence, and the rules beside it see their data", function()
    local h = flow.home("UTC")
    local says, n = {}, 0
    for trigger, words in pairs(forged) do
      n = n + 1
      says["bad" .. n] = words
      rule(h, "bad" .. n, 'sw.at "08:00"', '"notify"',
        ([[run = function(w, ctx) ctx.wait_for(%s, { timeout = "10h" }) end]]):format(trigger))
    end
    rule(h, "watcher", 'sw.threshold { "steps", enter = ">10" }', '"notify"', [[run = function(w, ctx) ctx.notify "seen" end]])
    h.ok("--now", MORNING, "run", "--once")
    local r = h.ok("--now", LATER, "run", "--once")
    for name, words in pairs(says) do
      local line = r.err:match("[^\n]*" .. name .. "%.lua[^\n]*") or ""
      expect(line).contains(words)
    end
    expect(r.err:find("attempt to", 1, true) == nil).is_true()
    expect(r.err:find("table: 0x", 1, true) == nil).is_true()
    h.ok("--now", "2025-01-01T09:00:00Z", "log", "steps", "500")
    h.ok("--now", "2025-01-01T09:01:00Z", "run", "--once")
    expect(flow.read(h.dir .. "/notifications.log")).contains("seen")
    h.remove()
  end)
end)
