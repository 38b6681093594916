-- SPDX-License-Identifier: MIT
-- Triggers on data: each fires where it should, once, live as in a backtest; history fires nothing unasked.
local flow = require("flow")

local function rule(on, more)
  return ([[local sw = require "syncwell"
return sw.rule { title = "T", on = %s, uses = { "notify" }, %s
  run = function(w, ctx) ctx.notify(tostring(w.day) .. " " .. tostring(w.value)) end }
]]):format(on, more or "")
end

-- A home with rules of these triggers and a test file; gives what the tests said.
local function tried(rules, body)
  local dir = flow.temp()
  sw.fs.mkdir(dir .. "/rules/automations")
  for name, on in pairs(rules) do
    flow.write(("%s/rules/automations/%s.lua"):format(dir, name), on:find("^local") and on or rule(on))
  end
  flow.write(dir .. "/t_test.lua", 'it("runs", function(t)\n' .. body .. "\nend)")
  local r = flow.sh(("%s --home %s test %s/t_test.lua"):format(flow.quote(flow.binary), dir, dir))
  return r.out .. r.err
end

local function expect_passes(out)
  expect(out).contains("1 passed, 0 failed")
end

describe("sw.threshold", function()
  it("fires when it has held for long enough, and again only after it was left", function()
    expect_passes(tried({ high = 'sw.threshold { "resting_heart_rate", enter = ">70", leave = "<66", lasting = "3d" }' }, [[
      t.rule "high"
      local function night(v) t.clock.advance "1d" t.sample("resting_heart_rate", v) end
      night(72) night(75)
      t.expect_fired("high", 0)
      night(71)
      t.expect_fired("high", 1)
      night(80) night(68) night(72) night(73) night(74)
      t.expect_fired("high", 1)
      night(60) night(72) night(72)
      t.expect_fired("high", 1)
      night(72)
      t.expect_fired("high", 2)
      expect(t.fired("high")[1].key).contains "since 2026-03-02"]]))
  end)

  it("goes on over days without a value where the metric does not come each day", function()
    expect_passes(tried({ high = 'sw.threshold { "resting_heart_rate", enter = ">70", lasting = "3d" }',
      busy = 'sw.threshold { "steps", enter = ">9000", lasting = "3d" }' }, [[
      t.rule "high" t.rule "busy"
      t.sample("resting_heart_rate", 75) t.sample("steps", 10000)
      t.clock.advance "2d"
      t.sample("resting_heart_rate", 75) t.sample("steps", 10000)
      t.expect_fired("high", 1)
      t.expect_fired("busy", 0)]]))
  end)

  it("knows units, and waits for the end of a day before it calls a sum too little", function()
    expect_passes(tried({ lazy = 'sw.threshold { "steps", enter = "<3000" }', sugar = 'sw.threshold { "blood_glucose", enter = ">10 mmol/L" }' }, [[
      t.rule "lazy" t.rule "sugar"
      t.sample("steps", 1000)
      t.sample("blood_glucose", 170)
      t.expect_fired("lazy", 0) t.expect_fired("sugar", 0)
      t.sample("blood_glucose", 250, { at = t.clock.now() + "1min" })
      t.clock.advance "13h"
      t.expect_fired("lazy", 1)
      t.expect_fired("sugar", 1)]]))
  end)
end)

describe("sw.baseline", function()
  it("takes a distance in the metric's own unit", function()
    expect_passes(tried({ up = 'sw.baseline { "resting_heart_rate", above = "median30d+5", lasting = "2d" }' }, [[
      t.rule "up"
      for day = 1, 28 do
        t.sample("resting_heart_rate", day == 3 and 90 or 50, { at = ("2026-02-%02dT06:00Z"):format(day) })
      end
      t.sample("resting_heart_rate", 56) t.clock.advance "1d" t.sample("resting_heart_rate", 55)
      t.clock.advance "1d" t.sample("resting_heart_rate", 56)
      t.expect_fired("up", 0)
      t.clock.advance "1d" t.sample("resting_heart_rate", 57)
      t.expect_fired("up", 1)]]))
  end)

  it("fires on a day far from the four weeks before, and not while there are too few of them", function()
    expect_passes(tried({ odd = 'sw.baseline { "resting_heart_rate", above = "mean28d+2sd" }' }, [[
      t.rule "odd"
      for day = 1, 28 do
        t.sample("resting_heart_rate", 50 + day % 3, { at = ("2026-02-%02dT06:00Z"):format(day) })
      end
      t.sample("resting_heart_rate", 53)
      t.expect_fired("odd", 1)
      t.clock.advance "1d" t.sample("resting_heart_rate", 60)
      t.expect_fired("odd", 1)
      t.clock.advance "1d" t.sample("resting_heart_rate", 51)
      t.clock.advance "1d" t.sample("resting_heart_rate", 70)
      t.expect_fired("odd", 2)]]))
    expect_passes(tried({ odd = 'sw.baseline { "resting_heart_rate", above = "mean28d+2sd" }' }, [[
      t.rule "odd"
      for day = 20, 28 do
        t.sample("resting_heart_rate", 50, { at = ("2026-02-%02dT06:00Z"):format(day) })
      end
      t.sample("resting_heart_rate", 90)
      t.expect_fired("odd", 0)]]))
  end)
end)

describe("sw.absent", function()
  it("counts hours from the last value, also from one that comes this instant", function()
    expect_passes(tried({ gone = 'sw.absent { "heart_rate", lasting = "6h" }' }, [[
      t.rule "gone"
      t.sample("heart_rate", 60)
      t.clock.advance "5h"
      t.expect_fired("gone", 0)
      t.clock.advance "2h"
      t.expect_fired("gone", 1)
      expect(t.fired("gone")[1].at).equals "2026-03-01T18:00:00Z"]]))
  end)

  it("fires by time alone, once for each absence", function()
    expect_passes(tried({ gone = 'sw.absent { "weight", lasting = "8d" }' }, [[
      t.rule "gone"
      t.sample("weight", 80)
      t.clock.advance "7d"
      t.expect_fired("gone", 0)
      t.clock.advance "1d"
      t.expect_fired("gone", 1)
      t.clock.advance "20d"
      t.expect_fired("gone", 1)
      t.sample("weight", 81)
      t.clock.advance "9d"
      t.expect_fired("gone", 2)]]))
  end)

  it("fires for an absence that ended on the day it became one", function()
    expect_passes(tried({ gone = 'sw.absent { "weight", lasting = "3d" }' }, [[
      t.rule "gone"
      t.sample("weight", 80, { at = "2026-02-28T20:00Z" })
      t.sample("weight", 81, { at = "2026-02-25T06:00Z" })
      t.expect_fired("gone", 1)
      t.sample("weight", 82, { at = "2026-02-25T21:00Z" })
      t.expect_fired("gone", 1)]]))
  end)

  it("says nothing of what never came", function()
    expect_passes(tried({ gone = 'sw.absent { "weight", lasting = "8d" }' }, [[
      t.rule "gone"
      t.clock.advance "30d"
      t.expect_fired("gone", 0)]]))
  end)
end)

describe("sw.streak", function()
  it("fires on the day a length is reached, begins anew after a gap, and counts sports and weeks", function()
    expect_passes(tried({ days = 'sw.streak { records = "workout", per = "day", lengths = { 3, 5 } }',
      runs = 'sw.streak { records = "workout", sport = "running", per = "week", at_least = 2, lengths = { 2 } }' }, [[
      t.rule "days" t.rule "runs"
      local function workout(sport) t.event { "workout.created", sport = sport, elapsed = "30min" } t.clock.advance "1d" end
      workout "running" workout "cycling"
      t.expect_fired("days", 0)
      workout "running"
      t.expect_fired("days", 1)
      t.clock.advance "1d"
      workout "running" workout "running" workout "running"
      t.expect_fired("days", 2)
      workout "running" workout "running"
      t.expect_fired("days", 3)
      t.expect_fired("runs", 0)
      workout "running"
      t.expect_fired("runs", 1)]]))
  end)
end)

describe("sw.milestone and sw.goal", function()
  it("fire when a total is passed, and when a goal is reached that day", function()
    expect_passes(tried({ total = 'sw.milestone { "steps", totals = { 20000, 50000 } }' }, [[
      t.rule "total"
      for day = 1, 3 do t.clock.advance "1d" t.sample("steps", 9000) end
      t.expect_fired("total", 1)
      for day = 1, 3 do t.clock.advance "1d" t.sample("steps", 9000) end
      t.expect_fired("total", 2)
      expect(t.fired("total")[2].key).contains "50000"]]))
  end)
end)

describe("sw.any", function()
  it("takes the name of an event alone, as on does", function()
    local any = rule('sw.any { sw.at "20:00", "note.created" }'):gsub("w%.value", "w.kind")
    expect_passes(tried({ any = any }, [[
      t.rule "any"
      t.event { "note.created", text = "x" }
      t.expect_fired("any", 1)
      t.clock.advance "9h"
      t.expect_fired("any", 2)]]))
  end)

  it("fires for each of its triggers", function()
    expect_passes(tried({ both = [[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.any { sw.event "workout.created", sw.threshold { "weight", enter = ">90" } },
  run = function(w, ctx) ctx.log(w.kind) end }]] }, [[
      t.rule "both"
      t.event { "workout.created", elapsed = "30min" }
      t.sample("weight", 91)
      t.expect_fired("both", 2)]]))
  end)

  it("minds the filters of each of them, live, in a backtest and in why", function()
    local text = [[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.any { sw.event { "workout.created", sport = "running" }, sw.event "sleep.created" },
  run = function(w, ctx) ctx.log(w.kind) end }]]
    expect_passes(tried({ both = text }, [[
      t.rule "both"
      t.event { "workout.created", sport = "cycling", elapsed = "30min" }
      t.event { "workout.created", sport = "running", elapsed = "30min", start = "2026-03-01T06:00Z" }
      t.event { "sleep.created", asleep = "7h", start = "2026-02-28T22:00Z" }
      t.expect_fired("both", 2)]]))
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/both.lua", text)
    for i, sport in ipairs { "cycling", "running" } do
      flow.write(h.dir .. "/w.gpx", ([[<gpx version="1.1" creator="t"><trk><type>%s</type><trkseg>
<trkpt lat="50.0" lon="8.0"><time>2025-01-0%dT07:00:00Z</time></trkpt>
<trkpt lat="50.01" lon="8.0"><time>2025-01-0%dT07:30:00Z</time></trkpt></trkseg></trk></gpx>]]):format(sport, i, i))
      h.ok("--now", "2025-01-02T08:00:00Z", "import", h.dir .. "/w.gpx")
    end
    local list = h.json("--now", "2025-01-03T08:00:00Z", "rules", "backtest", "both", "--since", "30d")
    expect(#list).equals(1)
    expect(list[1].event.type).equals("running")
    local why = h.ok("--now", "2025-01-03T08:00:00Z", "rules", "why", "both").out
    expect(why).contains("trigger: it fits none of sw.any")
    h.remove()
  end)
end)

describe("what lies in the past", function()
  it("fires nothing when a rule is turned on, unless it asks for it", function()
    expect_passes(tried({ quiet = 'sw.threshold { "weight", enter = ">90" }',
      loud = rule('sw.threshold { "weight", enter = ">90" }', "backfill = true,") }, [[
      t.sample("weight", 95, { at = "2026-01-10T08:00Z" })
      t.sample("weight", 85, { at = "2026-01-20T08:00Z" })
      t.sample("weight", 96, { at = "2026-02-10T08:00Z" })
      t.rule "quiet" t.rule "loud"
      t.clock.advance "1min"
      t.expect_fired("quiet", 0)
      t.expect_fired("loud", 2)]]))
  end)

  it("fires in a backtest as it did live", function()
    local h = flow.home("Europe/Berlin")
    local triggers = { threshold = 'sw.threshold { "resting_heart_rate", enter = ">56", leave = "<53", lasting = "2d" }',
      baseline = 'sw.baseline { "resting_heart_rate", above = "mean14d+1sd" }',
      absent = 'sw.absent { "weight", lasting = "4d" }',
      milestone = 'sw.milestone { "water", totals = { 20, 40 } }' }
    for name, on in pairs(triggers) do
      flow.write(("%s/rules/automations/%s.lua"):format(h.dir, name), rule(on))
    end
    local seed = 7
    local function random(n)
      seed = (seed * 1103515245 + 12345) % 2147483648
      return seed // 65536 % n
    end
    for day = 0, 59 do
      local date = os.date("!%Y-%m-%d", 1767225600 + day * 86400)
      local function log(metric, value, clock)
        local r = h.run("--now", ("%sT%sZ"):format(date, clock), "log", metric, tostring(value))
        expect({ r.code, r.code == 0 and "" or r.err }).equals { 0, "" }
      end
      log("resting_heart_rate", 48 + random(14), "06:00:00")
      log("water", 500, "09:00:00")
      if random(5) == 0 then
        log("weight", 80, "07:00:00")
      end
      h.ok("--now", date .. "T22:30:00Z", "run", "--once")
    end
    local live = {}
    for _, f in ipairs(h.json("rules", "trace")) do
      live[#live + 1] = f.rule .. " " .. f.key
    end
    local past = {}
    for _, f in ipairs(h.json("--now", "2026-03-01T22:30:00Z", "rules", "backtest", "threshold", "baseline", "absent", "milestone", "--since", "2026-01-01")) do
      past[#past + 1] = f.rule .. " " .. f.key
    end
    table.sort(live)
    table.sort(past)
    expect(#live > 6).is_true()
    expect(table.concat(past, "\n")).equals(table.concat(live, "\n"))
    h.remove()
  end)
end)

describe("debounce", function()
  it("waits on for its event when one for which it fired before is corrected", function()
    expect_passes(tried({ calm = [[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.event { "workout.created", sport = "running" }, debounce = "2h", uses = { "notify" },
  run = function(w, ctx) ctx.notify(w.title) end }]] }, [[
      t.rule "calm"
      local function workout(id, length, start)
        t.event { "workout.created", id = id, title = id, sport = "running", elapsed = length, start = start }
      end
      workout("w1", "30min", "2026-03-01T06:00Z")
      t.clock.advance "3h"
      workout("w2", "30min", "2026-03-01T14:00Z")
      t.clock.advance "10min"
      workout("w1", "31min", "2026-03-01T06:00Z")
      t.clock.advance "3h"
      t.expect_fired("calm", 2)]]))
  end)
end)

describe("late data", function()
  it("that moves the beginning of what was told tells nothing twice", function()
    expect_passes(tried({ high = 'sw.threshold { "resting_heart_rate", enter = ">70", leave = "<66", lasting = "2d" }',
      days = 'sw.streak { records = "workout", per = "day", lengths = { 2 } }' }, [[
      t.rule "high" t.rule "days"
      local function on(day, value)
        t.sample("resting_heart_rate", value, { at = ("2026-03-%02dT06:00Z"):format(day) })
        t.event { "workout.created", elapsed = "30min", start = ("2026-03-%02dT07:00Z"):format(day) }
      end
      t.clock.advance "5d"
      on(5, 75) on(6, 75)
      t.expect_fired("high", 1) t.expect_fired("days", 1)
      on(4, 75)
      t.expect_fired("high", 1) t.expect_fired("days", 1)
      t.clock.advance "4d"
      on(8, 60) on(9, 75) on(10, 75)
      t.expect_fired("high", 2) t.expect_fired("days", 2)]]))
  end)

  it("does not wake who waits for what it knew already", function()
    expect_passes(tried({ w = rule('sw.event "note.created"'):gsub("ctx.notify.*$",
      'local e = ctx.wait_for(sw.threshold { "resting_heart_rate", enter = ">70", lasting = "2d" }, { timeout = "2d" })\n'
      .. 'ctx.notify(e and e.day or "nothing") end }') }, [[
      t.rule "w"
      t.sample("resting_heart_rate", 75, { at = "2026-02-28T06:00Z" })
      t.sample("resting_heart_rate", 75, { at = "2026-03-01T06:00Z" })
      t.event { "note.created", text = "x" }
      t.sample("resting_heart_rate", 75, { at = "2026-02-27T06:00Z" })
      t.clock.advance "3d"
      expect(t.notifications()[1].text).equals "nothing"]]))
  end)
end)

describe("a trigger that cannot be meant", function()
  it("is refused with a sentence by lint", function()
    local h = flow.home("UTC")
    for on, says in pairs { ['sw.threshold { "stepz", enter = ">5" }'] = "did you mean 'steps'?",
      ['sw.threshold { "steps", enter = ">5 kg" }'] = "is no bound for steps", ['sw.baseline { "steps", above = "usual+2sd" }'] = "is no range such as",
      ['sw.streak { lengths = { 3 } }'] = "counts records",
      ['sw.streak { records = "workout", lengths = { "7" } }'] = "numbers from 1 to 10000",
      ['sw.streak { records = "workot", lengths = { 7 } }'] = "'records' in sw.streak is workout",
      ['{ kind = "streak", records = "workout", lengths = { 7 }, per = {} }'] = "'per' in sw.streak is a text",
      ['sw.milestone { "steps", totals = { "many" } }'] = "numbers from -1e+15",
      ['{ kind = "threshold", metric = {}, enter = ">5" }'] = "'metric' in sw.threshold is a text",
      ['sw.baseline { "steps", above = "mean99999999999999999999d+2sd" }'] = "looks back 2 to 400 days",
      ['sw.absent { "steps", lasting = "99999d" }'] = "of up to ten years" } do
      flow.write(h.dir .. "/r.lua", rule(on))
      local r = h.run("lint", h.dir .. "/r.lua")
      expect(r.out).contains(says)
      expect(r.code).equals(1)
    end
    h.remove()
  end)
end)

describe("quiet hours", function()
  it("let messages wait until they are over, unless they are urgent", function()
    local text = [[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.event "workout.created", quiet_hours = "22:00-07:00", uses = { "notify", "calendar:write" },
  run = function(w, ctx)
    ctx.notify "calm"
    ctx.notify { text = "urgent", priority = "high" }
    ctx.calendar.add { title = "x", at = w.finish + "1d" }
  end }]]
    expect_passes(tried({ night = text }, [[
      t.rule "night"
      t.clock.set "2026-03-01T23:30Z"
      t.event { "workout.created", elapsed = "30min" }
      t.expect_fired("night", 1)
      expect(#t.calendar()).equals(1)
      local state = {}
      for _, n in ipairs(t.notifications()) do state[n.text] = n.state end
      expect(state.urgent).equals "done"
      expect(state.calm).equals "planned"
      t.clock.set "2026-03-02T06:59Z"
      for _, n in ipairs(t.notifications()) do state[n.text] = n.state end
      expect(state.calm).equals "planned"
      t.clock.set "2026-03-02T07:00Z"
      for _, n in ipairs(t.notifications()) do state[n.text] = n.state end
      expect(state.calm).equals "done"]]))
  end)
end)

describe("max_per", function()
  it("lets a rule fire so often and no more, live as in a backtest", function()
    expect_passes(tried({ some = rule('sw.event "workout.created"', 'max_per = "2/day",'):gsub("w.value", "w.kind") }, [[
      t.rule "some"
      for hour = 1, 4 do
        t.event { "workout.created", elapsed = "10min" }
        t.clock.advance "1h"
      end
      t.expect_fired("some", 2)
      t.clock.advance "1d"
      t.event { "workout.created", elapsed = "10min" }
      t.expect_fired("some", 3)]]))
    local h = flow.home("UTC")
    flow.write(h.dir .. "/r.lua", rule('sw.event "workout.created"', 'max_per = "2/fortnight",'))
    expect(h.run("lint", h.dir .. "/r.lua").out).contains("is not like \"3/day\"")
    flow.write(h.dir .. "/r.lua", rule('sw.event "workout.created"', 'max_per = "201/month",'))
    expect(h.run("lint", h.dir .. "/r.lua").out).contains("is more than the last 200 firings")
    h.remove()
  end)
end)

describe("on_retract", function()
  it("runs once when the last source takes the real event back, with what the rule fired for", function()
    local text = [[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.event "workout.created", uses = { "notify" },
  when = function(w) return w.elapsed > "60min" end,
  run = function(w, ctx) ctx.notify "fired" end,
  on_retract = function(w, ctx) ctx.notify("back " .. tostring(w.elapsed)) end }]]
    expect_passes(tried({ back = text }, [[
      t.rule "back"
      t.event { "workout.created", id = "w1", elapsed = "90min" }
      t.event { "workout.created", id = "w2", provider = "other", elapsed = "90min" }
      t.event { "workout.created", id = "w3", elapsed = "30min", start = "2026-03-01T06:00Z" }
      expect(#t.notifications()).equals(1)
      t.event { "workout.retracted", id = "w1" }
      expect(#t.notifications()).equals(1)
      t.event { "workout.retracted", id = "w2", provider = "other" }
      t.event { "workout.retracted", id = "w3" }
      local said = {}
      for i, n in ipairs(t.notifications()) do said[i] = n.text end
      table.sort(said)
      expect(said).equals { "back 90 min", "fired" }]]))
  end)

  it("runs once when the real event is corrected to one that the rule would not have fired for", function()
    local text = [[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.event { "workout.created", sport = "running" }, uses = { "notify" }, max_age = "12h",
  when = function(w) return w.elapsed > "60min" end,
  run = function(w, ctx) ctx.notify(w.title) end,
  on_retract = function(w, ctx) ctx.notify("back " .. w.title) end }]]
    expect_passes(tried({ back = text }, [[
      t.rule "back"
      local function workout(id, sport, length)
        local hour = ({ w1 = 1, w2 = 4, w3 = 7 })[id]
        t.event { "workout.created", id = id, title = id, sport = sport, elapsed = length,
          start = ("2026-03-01T%02d:00Z"):format(hour), finish = ("2026-03-01T%02d:00Z"):format(hour + 2) }
      end
      workout("w1", "running", "90min") workout("w2", "running", "90min") workout("w3", "running", "90min")
      t.clock.advance "2d"
      workout("w1", "running", "80min") workout("w2", "running", "30min") workout("w3", "cycling", "90min")
      workout("w2", "running", "20min")
      local said = {}
      for i, n in ipairs(t.notifications()) do said[i] = n.text end
      table.sort(said)
      expect(said).equals { "back w2", "back w3", "w1", "w2", "w3" }]]))
  end)

  it("finds what it fired for under a key of its own behind thousands of firings of others", function()
    expect_passes(tried({ back = [[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.event "workout.created", uses = { "notify" },
  key = function(w) return "of " .. w.title end,
  run = function(w, ctx) ctx.notify "fired" end,
  on_retract = function(w, ctx) ctx.notify("back " .. w.title) end }]],
      busy = [[local sw = require "syncwell"
return sw.rule { title = "B", on = sw.every "10min", run = function() end }]] }, [[
      t.rule "back"
      t.rule "busy"
      t.event { "workout.created", id = "w1", title = "long ago", elapsed = "90min" }
      t.clock.advance "15d" -- 2,160 firings
      t.event { "workout.retracted", id = "w1" }
      expect(t.notifications()[2].text).equals "back long ago"]]))
  end)
end)
