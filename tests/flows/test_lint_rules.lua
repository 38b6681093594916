-- SPDX-License-Identifier: MIT
-- What the author of a rule is told of what could never work, and who sets a parameter of what it cannot be.
local flow = require("flow")

describe("lint of a rule", function()
  local h = flow.home("UTC")
  local path = h.dir .. "/rules/automations/a.lua"

  local function told(on, more)
    flow.write(path, ([[local sw = require "syncwell"
return sw.rule { title = "T", on = %s, %s
  run = function() end }
]]):format(on, more or ""))
    local r = h.run("lint", path)
    return r.code == 0 and "fine" or r.out
  end

  for on, says in pairs {
    ["sw.any {}"] = "sw.any is empty",
    ['sw.cron { "0 7 * * *", zone = "Mars/Base" }'] = "there is no time zone 'Mars/Base' here",
    ['sw.at "25:00"'] = "'25:00': a day has the times 00:00 to 23:59",
    ['sw.at "sunset on noday"'] = "days are mon, tue, wed",
    ['sw.threshold { metric = "steps", enter = ">5" }'] = "unknown key 'metric' in threshold (write it first and without its name",
    ['sw.threshold { enter = ">5" }'] = "threshold lacks 'metric'",
    ['sw.threshold { "weight", enter = ">80", leave = ">85" }'] = "is no way out of enter",
    ['sw.threshold { "weight", enter = ">80", leave = "<90" }'] = "is no way out of enter",
    ['sw.threshold { "blood_glucose", enter = ">180", leave = "<11 mmol/L" }'] = "is no way out of enter",
    ['sw.threshold { "steps", enter = ">5", maker = "acme" }'] = "unknown key 'maker' in threshold",
  } do
    it(("refuses %s, which would never do what it seems to say"):format(on), function()
      expect(told(on)).contains(says)
    end)
  end

  it("names what a rule would read that does not exist, with its place", function()
    flow.write(path, [[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.at "08:00", run = function(_, ctx)
  local n = ctx.series("stpes", { last = "7d" }).mean() or ctx.count "workuot" or #ctx.records('meal', {})
  return ctx.series "hr"
end }
]])
    local r = h.run("lint", path)
    expect(r.code).equals(1)
    expect(r.out).contains("a.lua:3: there is no metric 'stpes' (did you mean 'steps'?)")
    expect(r.out).contains("a.lua:3: there are no records of kind 'workuot' (did you mean 'workout'?)")
    expect(select(2, r.out:gsub("did you mean", ""))).equals(2)
  end)

  it("reads no comments, and finds the place of a word that stands in one too", function()
    flow.write(path, [==[local sw = require "syncwell"
-- ctx.series("stpes") and ctx.records "workuot" were here
--[=[ ctx.count "mael"
  ]=] local s = "-- \"" .. '--' .. [[ -- ' ]]
return sw.rule { title = "T", on = sw.at "08:00", run = function(_, ctx) ctx.log(s, #ctx.series("steps")) end }
]==])
    expect(h.run("lint", path).out).contains(": fine")
    flow.write(path, [[local sw = require "syncwell" -- not "stpes"
return sw.rule { title = "T", on = sw.at "08:00", run = function(_, ctx) ctx.log(#ctx.series("stpes")) end }
]])
    expect(h.run("lint", path).out).contains("a.lua:2: there is no metric 'stpes'")
  end)

  -- What lint says of a rule whose run has this body, each finding by its line and message.
  local function said_of(body, more)
    flow.write(path, ('local sw = require "syncwell"\nreturn sw.rule { title = "T", on = sw.at "08:00", %s\n'
      .. "  run = function(_, ctx)\n%s\n  end }\n"):format(more or 'uses = { "notify", "calendar:write" },', body))
    return h.run("lint", path).out
  end

  it("names all that is wrong, not the first of it, in the order of the lines", function()
    flow.write(path, [[local sw = require "syncwell"
return sw.rule { titel = "T", max_per = "3/fortnight", reads = { "stpes", "workuot" },
  on = sw.any { sw.threshold { "weigth", enter = ">80" }, sw.event { "workout.created", sport = "runing", maker = "garmni" },
    sw.event "sleep.make" },
  run = function(_, ctx)
    ctx.series("pulze")
    ctx.notify { txt = "x", priority = "urgent" }
  end }
]])
    local out = h.run("lint", path).out
    local last = 0
    for _, part in ipairs { "a.lua:2: unknown key 'titel' in rule (did you mean 'title'?)", "a.lua:2: max_per: '3/fortnight'",
      "a.lua:2: reads: there is no metric or kind of record 'stpes' (did you mean 'steps'?)", "kind of record 'workuot'",
      "a.lua:3: there is no metric 'weigth' (did you mean 'weight'?)", "a.lua:3: there is no sport 'runing'",
      "a.lua:3: there is no maker 'garmni'", "a.lua:4: there is no event 'sleep.make'", "a.lua:6: there is no metric 'pulze'",
      "a.lua:7: ctx.notify is not granted to this rule", "ctx.notify lacks 'text'",
      "'priority' in ctx.notify must be one of low, normal, high, not 'urgent'", "unknown key 'txt' in ctx.notify (did you mean 'text'?)" } do
      local at = out:find(part, 1, true)
      expect(part .. (at and " is there" or " in: " .. out)).equals(part .. " is there")
      if part:find("a.lua", 1, true) then
        expect(at > last).is_true()
        last = at
      end
    end
  end)

  for body, says in pairs {
    ['ctx.wait_for("sleep.creatd", { timeout = "2h" })'] = "a.lua:4: there is no event 'sleep.creatd' (did you mean 'sleep.created'?)",
    ['local w = ctx.wait_for(sw.event { "workout.created", sport = "runing" }, { timeout = "2h" })'] = "a.lua:4: there is no sport 'runing'",
    ['ctx.wait_for(sw.any { sw.threshold { "hart_rate", enter = ">5" } }, { timeout = "2h" })'] = "a.lua:4: there is no metric 'hart_rate'",
    ['ctx.wait_for(sw.event { "workout.created", sprot = "running" }, { timeout = "2h" })'] = "unknown key 'sprot' in event (did you mean 'sport'?)",
    ['ctx.wait_for(sw.at "08:00", { timeout = "2h" })'] = "for a time there is ctx.sleep",
    ['ctx.wait_for "sleep.created"'] = "ctx.wait_for takes a timeout",
    ['ctx.wait_for("sleep.created", { timeout = "soon" })'] = "'timeout' in ctx.wait_for must be a duration",
    ['ctx.notify { text = "x", channel = "emial" }'] = "there is no channel 'emial' (did you mean 'email'?)",
    ['ctx.notify { text = "x", buttons = { { text = "y", fire = "z" } } }'] = 'a button that fires a rule needs the line: uses = { ..., "rule:fire" }',
    ['ctx.notify { text = "x", buttons = { { text = "y", call = "z" } } }'] = "a button is { text = ..., and one of",
    ['ctx.notify { text = "x", buttons = { { text = "y", tag = "two words" } } }'] = "'two words' is no tag: one word",
    ['ctx.notify { text = "x", buttons = { { text = "y", tag = "z" } } }'] = 'a button that tags needs the line: uses = { ..., "record:write" }',
    ['ctx.notify { text = "x", buttons = { { text = "y", tag = "hard" } } }'] = "and no record fires this one",
    ['ctx.calendar.list()'] = "ctx.calendar has no 'list'; it has add, remove, update",
    ['ctx.calender.add { title = "x", at = ctx.now }'] = "ctx has no 'calender' (did you mean 'calendar'?)",
    ['ctx.series("steps", { last = "today" })'] = "'last' in ctx.series must be a duration such as \"60min\", not 'today'",
    ['ctx.records("workout", { form = ctx.now - "2d" })'] = "unknown key 'form' in ctx.records (did you mean 'from'?)",
  } do
    it(("sees that %s cannot be"):format(body), function()
      expect(said_of(body)).contains(says)
    end)
  end

  it("names what is asked for and not listed in reads", function()
    expect(said_of('ctx.series "steps"', 'reads = { "weight" },')).contains(
      "this rule does not say that it reads 'steps'; add it to: reads = { ... }")
    expect(said_of('ctx.wait_for("sleep.created", { timeout = "2h" })', 'reads = { "weight" },')).contains("reads 'sleep'")
  end)

  it("leaves alone what only a run knows, and what stands in brackets and functions", function()
    for _, body in ipairs { 'local c = "em" .. "ial" ctx.notify { text = "x", channel = c }', 'local k = "text" ctx.notify { [k] = "x" }',
      'ctx.notify { text = ("a"):rep(3), values = { n = #{ 1, 2 }, f = (function(a, b) return a, b end)(1, 2) } }',
      'for _, t in ipairs { "sleep.created" } do ctx.wait_for(t, { timeout = "1h" }) end',
      'local o = { timeout = "1h" } ctx.wait_for("sleep.created", o)', 'local x = { ctx = { calender = 1 } } ctx.log(x.ctx.calender)',
      'ctx.series("st" .. "eps", { last = 7 .. "d" })' } do
      expect(said_of(body)).contains("a.lua: fine")
    end
  end)

  it("names a field that the event cannot have and that is nearly one it has", function()
    flow.write(path, [[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.any { "workout.created", sw.at "08:00" }, uses = { "notify" },
  when = function(w) return w.elapsd and w.elapsd > "1h" end,
  run = function(it, ctx)
    local w = { elapsd = 1, t = { it = { elapsd = 2 } } }
    ctx.notify(tostring(w.elapsd) .. tostring(w.t.it.elapsd) .. tostring(it.distnce) .. tostring(it.air_quality) .. tostring(it.planned))
  end }
]])
    local out = h.run("lint", path).out
    expect(out).contains("a.lua:3: the event has no field 'elapsd' (did you mean 'elapsed'?)")
    expect(out).contains("a.lua:6: the event has no field 'distnce' (did you mean 'distance'?)")
    expect(select(2, out:gsub("the event has no field", ""))).equals(3)
    for kind, field in pairs { ["sync.failed"] = "error", ["backfill.finished"] = "added", ["rule.fired"] = "body" } do
      expect(said_of("", ("when = function(w) return w.%s ~= nil end, on = %q,"):format(field, kind))).contains(": fine")
    end
  end)

  it("tells what when and key cannot do: ask for history, or keep something", function()
    for body, says in pairs { ['return ctx.count "workout" > 3'] = "ctx.count stands in when, which only decides",
      ["ctx.state.n = 1 return true"] = "ctx.state stands in when", ["local s = ctx.state s.n = 1 return true"] = "ctx.state stands in when" } do
      expect(said_of("", "when = function(w, ctx) " .. body .. " end,")).contains(says)
    end
    expect(said_of("ctx.state.n = 1", "when = function(w, ctx) local s = ctx.state return s.n == 1 and ctx.state.n == 1 end,")).contains(": fine")
  end)

  it("says what is wrong with a plain table of odd types", function()
    for _, odd in ipairs { "uses = { {} }", "uses = 7", "reads = { {} }", "on = 5" } do
      flow.write(path, ('local d = { kind = "rule", run = true, on = { kind = "event", event = "workout.created" } }\nd.%s\nreturn d\n')
        :format(odd))
      local r = h.run("lint", path)
      expect(r.code).equals(1)
      expect(r.err).equals("")
      expect(r.out:find("fine", 1, true)).is_nil()
    end
  end)

  it("names a file that lies where no rules are read, and one whose name none can have", function()
    flow.write(h.dir .. "/rules/b.lua", "return 1\n")
    flow.write(h.dir .. "/rules/automations/my rule.lua", "return 1\n")
    for _, words in ipairs { { "lint" }, { "rules", "list" } } do
      local out = h.run(table.unpack(words)).out
      expect(out).contains("rules/b.lua is not read: rules lie in rules/automations/; move it there")
      expect(out).contains("rules/automations/my rule.lua is not read")
    end
    os.remove(h.dir .. "/rules/b.lua")
    os.remove(h.dir .. "/rules/automations/my rule.lua")
  end)

  for on, says in pairs {
    ['sw.event { "workout.created", sport = "runing" }'] = "there is no sport 'runing' (did you mean 'running'?)",
    ['sw.event { "workout.created", provider = "stravaa" }'] = "there is no provider 'stravaa' (did you mean 'strava'?)",
    ['sw.event { "workout.created", maker = "garmn" }'] = "there is no maker 'garmn' (did you mean 'garmin'?)",
    ['sw.streak { records = "workout", lengths = { 3 }, sport = "cylcing" }'] = "did you mean 'cycling'?",
    ['sw.event { "sleep.created", sport = "running" }'] = "only workouts have a sport, and this looks at sleep",
    ['sw.any { sw.goal "steps", sw.event { "workout.created", sport = "swiming" } }'] = "did you mean 'swimming'?",
  } do
    it(("names what was meant in %s"):format(on), function()
      expect(told(on)).contains(says)
    end)
  end

  it("leaves a word alone that is like none of ours, or that the data has", function()
    for _, filter in ipairs { 'sport = "kubb"', 'sport = "underwater_chess"', 'provider = "acme"', 'sport = "virtual_run"',
      'sport = "running"', 'provider = "intervals-icu"', 'maker = "apple"' } do
      expect(told(('sw.event { "workout.created", %s }'):format(filter))).equals("fine")
    end
    expect(told('sw.event { "workout.created", sport = "runnning" }')).contains("did you mean")
    h.ok("log", "workout", "runnning", "45min")
    expect(told('sw.event { "workout.created", sport = "runnning" }')).equals("fine")
  end)

  it("tells of a slip and keeps the rule: data may come that has this very word", function()
    local own = flow.home("UTC")
    flow.write(own.dir .. "/rules/automations/a.lua", [[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.event { "workout.created", sport = "runnning" }, run = function() end }
]])
    expect(own.run("lint").out).contains("did you mean 'running'?")
    own.ok("log", "workout", "runnning", "45min")
    own.ok("run", "--once")
    expect(own.json("rules", "list")[1].state).equals("on")
    expect(own.json("rules", "trace")[1].event.type).equals("runnning")
    own.remove()
  end)

  it("points at the word that the engine does not know", function()
    local text = told('sw.threshold { "stepz", enter = ">5" }')
    expect(text).contains("a.lua:2: there is no metric 'stepz' (did you mean 'steps'?)\n  return sw.rule {")
    local line, caret = text:match("\n  (return[^\n]*)\n  ( *)^")
    expect(line:sub(#caret + 1, #caret + 7)).equals('"stepz"')
  end)

  it("takes a way out that lies at the bound or before it, in another unit too", function()
    for _, more in ipairs { 'enter = ">80", leave = "<80"', 'enter = "<80", leave = ">=82"' } do
      expect(told(('sw.threshold { "weight", %s }'):format(more))).equals("fine")
    end
    expect(told('sw.threshold { "blood_glucose", enter = ">180", leave = "<9 mmol/L" }')).equals("fine")
  end)

  it("refuses hours that no day has, and a count that lets nothing through", function()
    for _, hours in ipairs { "25:00-07:00", "22:00-07:60", "22:00-24:00", "22:00-22:00" } do
      expect(told('sw.every "1h"', ('quiet_hours = "%s",'):format(hours))).contains("must be hours such as")
    end
    expect(told('sw.every "1h"', 'quiet_hours = "00:00-23:59",')).equals("fine")
    expect(told('sw.every "1h"', 'max_per = "0/day",')).contains("'max_per' in rule must be a count and a period")
  end)

  it("knows what can be read, and names what was meant", function()
    expect(told('sw.every "1h"', 'reads = { "stepz" },')).contains("no metric or kind of record 'stepz' (did you mean 'steps'?)")
    expect(told('sw.every "1h"', 'reads = { "workuot" },')).contains("did you mean 'workout'?")
    expect(told('sw.every "1h"', 'reads = { "steps", "workout", "note" },')).equals("fine")
  end)
end)

describe("rules install --set", function()
  it("refuses a word that is no such value instead of taking the default", function()
    local h = flow.home("UTC")
    local function refused(...)
      local r = h.run("rules", "install", ...)
      expect(r.code).equals(2)
      return r.err
    end
    expect(refused("glucose_range", "--set", "high=lots")).contains("parameter 'high' must be a number, not 'lots'")
    expect(refused("glucose_range", "--set", "hgih=200")).contains("has no parameter 'hgih' (did you mean 'high'?)")
    expect(refused("glucose_range", "--set", "high")).contains("'high' is not like NAME=VALUE")
    expect(refused("hydrate", "--set", "min=-5min")).contains("parameter 'min' must be at least 0min")
    expect(h.json("rules", "show", "glucose_range").state).equals("not installed")
    h.ok("rules", "install", "glucose_range", "--set", "high=200")
    h.remove()
  end)
end)

describe("origin of an event", function()
  it("tells live data from history, and names a device", function()
    local h = flow.home("UTC")
    for name, origin in pairs { live = "live", old = "backfill", hand = "by hand" } do
      flow.write(("%s/rules/automations/%s.lua"):format(h.dir, name), ([[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.event { "workout.created", origin = "%s" }, backfill = true,
  run = function(_, ctx) ctx.log "x" end }
]]):format(origin))
    end
    h.ok("--now", "2026-03-10T12:00:00Z", "log", "workout", "running", "45min", "2026-03-10 09:00")
    h.ok("--now", "2026-03-10T12:00:00Z", "log", "workout", "hiking", "45min", "2026-01-10 09:00")
    h.ok("--now", "2026-03-10T12:00:01Z", "run", "--once")
    local fired = {}
    for _, f in ipairs(h.json("rules", "trace")) do
      fired[#fired + 1] = f.rule .. " " .. f.event.type
    end
    table.sort(fired)
    expect(fired).equals { "hand hiking", "hand running", "live running", "old hiking" }
    h.remove()
  end)
end)

describe("looking at rules", function()
  it("says what is wrong with a span or a firing that cannot be, and shows no address of a table", function()
    local h = flow.home("UTC")
    local r = h.run("rules", "backtest", "hydrate", "--since", "2026-02-01", "--until", "2026-01-01")
    expect(r.code).equals(2)
    expect(r.err).contains("--since (2026-02-01) lies behind --until (2026-01-01)")
    expect(h.run("rules", "backtest", "hydrate", "--until", "soon").err).contains("--until: 'soon' is not a day")
    r = h.run("rules", "trace", "hydrate|never")
    expect(r.code).equals(2)
    expect(r.err).contains("there is no firing 'hydrate|never'")
    flow.write(h.dir .. "/rules/automations/say.lua", [[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.every "1h", uses = { "notify" },
  run = function(_, ctx) ctx.notify { text = "{far} km", values = { far = 5 } } end }
]])
    expect(h.ok("rules", "fire", "say").out).contains('values = {"far":"5"}')
    h.remove()
  end)

  it("leaves out of the list what fired and did nothing, and says how often that was", function()
    local h = flow.home("UTC", "--test")
    flow.write(h.dir .. "/rules/automations/idle.lua", [[local sw = require "syncwell"
return sw.rule { title = "I", on = sw.every "1h", run = function() end }]])
    flow.write(h.dir .. "/rules/automations/busy.lua", [[local sw = require "syncwell"
return sw.rule { title = "B", on = sw.every "2h", uses = { "notify" }, run = function(_, ctx) ctx.notify "x" end }]])
    h.ok("--now", "2026-03-01T00:30:00Z", "run", "--once")
    h.ok("--now", "2026-03-01T06:30:00Z", "run", "--once")
    local out, all = h.ok("rules", "trace").out, h.ok("rules", "trace", "--all").out
    expect(out:find("idle|", 1, true)).is_nil()
    expect(out).contains("busy|2026-03-01T06:00:00Z")
    expect(out).contains("6 fired and did nothing: --all shows them, too")
    expect(select(2, all:gsub("idle|", ""))).equals(6)
    expect(select(2, h.ok("rules", "trace", "idle").out:gsub("idle|", ""))).equals(6)
    h.remove()
  end)

  it("finds the firings of a rule behind a thousand newer ones of others", function()
    local h = flow.home("UTC")
    for name, on in pairs { rare = 'sw.at "00:30"', busy = 'sw.every "1min"' } do
      flow.write(("%s/rules/automations/%s.lua"):format(h.dir, name), ([[local sw = require "syncwell"
return sw.rule { title = "T", on = %s, run = function(_, ctx) if "%s" == "rare" then ctx.log "x" end end }
]]):format(on, name))
    end
    h.ok("--now", "2025-01-01T00:00:00Z", "run", "--once")
    h.ok("--now", "2025-01-01T18:00:00Z", "run", "--once")
    expect(#h.json("rules", "trace", "busy")).equals(1000)
    expect(h.json("rules", "trace", "rare")[1].key).equals("2025-01-01T00:30:00Z")
    local out = h.ok("rules", "trace").out
    expect(out).contains("2025-01-01 00:30  rare|2025-01-01T00:30:00Z")
    expect(out:match("(%d+) fired and did nothing")).equals("1080")
    h.remove()
  end)
end)

describe("a rule written as plain tables", function()
  -- What each trigger must have, for the key in question to be looked at.
  local needed = { event = 'event = "workout.created"', cron = 'spec = "0 7 * * *"', at = 'spec = "07:00"',
    every = 'spec = "1h"', threshold = 'metric = "steps", enter = ">1"', baseline = 'metric = "steps", above = "mean28d+2sd"',
    absent = 'metric = "steps", lasting = "2d"', streak = 'records = "workout", lengths = { 3 }',
    milestone = 'metric = "steps", totals = { 5 }', goal = 'metric = "steps"', webhook = 'path = "x"' }

  -- Of each type a value that is none.
  local wrong = { text = "{}", number = '"x"', boolean = '"x"', duration = "{}", list = "5", choice = "5", texts = "5",
    map = "5", custom = "5", ["function"] = '"x"' }

  local function source(name, key, value)
    local on = name == "rule" and 'kind = "event", event = "workout.created"' or ('kind = "%s", %s, %s = %s'):format(name, needed[name], key, value)
    return ('return { kind = "rule", on = { %s }, run = function() end, %s }'):format(on, name == "rule" and key .. " = " .. value or "")
  end

  it("is asked the type of every key that the reference has", function()
    local dir, count = flow.temp(), 0
    for name, c in pairs(sw.json.decode(flow.sh(flow.binary .. " --json doc").out).constructors) do
      for _, key in ipairs((name == "rule" or c.group == "triggers") and c.keys or {}) do
        if not key.position and key.key ~= "on" then
          expect({ name, key.key, needed[name] ~= nil or name == "rule", wrong[key.type] ~= nil }).equals { name, key.key, true, true }
          flow.write(("%s/%s__%s.lua"):format(dir, name, key.key), source(name, key.key, wrong[key.type]))
          count = count + 1
        end
      end
    end
    local list = sw.json.decode(flow.sh(("%s --json lint %s"):format(flow.binary, dir)).out)
    expect(#list).equals(count)
    for _, one in ipairs(list) do
      local name, key = one.file:match("([%l_]+)__([%l_]+)%.lua$")
      expect(("%s: %s"):format(name, one.error or "nothing is said")).contains(("'%s'"):format(key))
    end
    expect(count > 35).is_true()
    sw.fs.remove_tree(dir)
  end)
end)
