-- SPDX-License-Identifier: MIT
-- sw.threshold for less than a day: it looks at the samples, live, after a restart and in a backtest alike.
local flow = require("flow")

-- A home with one rule "high" on this trigger; gives what a test of its own said.
local function tried(on, body)
  local dir = flow.temp()
  sw.fs.mkdir(dir .. "/rules/automations")
  flow.write(dir .. "/rules/automations/high.lua", ([[local sw = require "syncwell"
return sw.rule { title = "T", on = %s, uses = { "notify" },
  run = function(w, ctx) ctx.notify(("%%s %%s %%s %%s"):format(w.value, w.n, w.from, w.to)) end }
]]):format(on))
  flow.write(dir .. "/t_test.lua", ([[it("runs", function(t)
  local function reading(value, more) t.sample("blood_glucose", value, more) t.clock.advance "10min" end
  local function readings(...) for _, v in ipairs { ... } do reading(v) end end
  t.rule "high"
  %s
end)]]):format(body))
  local r = flow.sh(("%s --home %s test %s/t_test.lua"):format(flow.quote(flow.binary), dir, dir))
  sw.fs.remove_tree(dir)
  return r.out .. r.err
end

local HALF_AN_HOUR = 'sw.threshold { "blood_glucose", enter = ">180", leave = "<170", lasting = "30min" }'

describe("sw.threshold for less than a day", function()
  for says, body in pairs {
    ["fires when it held for so long, with what was measured in between"] = [[readings(150, 190, 200, 210)
      t.expect_fired("high", 0)
      readings(220)
      t.expect_fired("high", 1)
      expect(t.notifications()[1].text).equals "220 4 2026-03-01T12:10:00Z 2026-03-01T12:40:00Z"]],
    ["fires again the same day, but only after it was left"] = [[readings(190, 190, 190, 190, 175, 190, 190, 190, 190)
      t.expect_fired("high", 1)
      readings(160, 190, 190, 190, 190)
      t.expect_fired("high", 2)]],
    ["begins anew after a value below, and after a time without any"] = [[readings(190, 190, 190, 175, 190, 190, 190)
      t.expect_fired("high", 0)
      t.clock.advance "40min"
      readings(190, 190, 190)
      t.expect_fired("high", 0)
      readings(190)
      t.expect_fired("high", 1)]],
    ["goes on over midnight, and is told once however long it lasts"] = [[t.clock.set "2026-03-01T23:40Z"
      readings(190, 190, 190)
      t.expect_fired("high", 0)
      readings(190)
      t.expect_fired("high", 1)
      for _ = 1, 6 * 30 do reading(200) end
      t.expect_fired("high", 1)]],
    ["tells nothing twice when what came late moves its beginning"] = [[readings(190, 190, 190, 190)
      t.expect_fired("high", 1)
      t.sample("blood_glucose", 195, { at = "2026-03-01T11:50Z" })
      t.sample("blood_glucose", 195, { at = "2026-03-01T11:40Z" })
      t.expect_fired("high", 1)]],
    ["does not take for high what a device says that is not believed for that time"] = [[
      for _ = 1, 6 do
        t.sample("blood_glucose", 190, { at = t.clock.now() - "4d" })
        reading(100)
      end
      t.expect_fired("high", 0)]],
  } do
    it(says, function()
      expect(tried(HALF_AN_HOUR, body)).contains("1 passed, 0 failed")
    end)
  end

  it("takes a single reading with 0min, and looks for what is too little as well", function()
    expect(tried('sw.threshold { "blood_glucose", enter = "<3.9 mmol/L", lasting = "0min" }', [[readings(100, 100, 65)
      t.expect_fired("high", 1)
      readings(66, 100, 60)
      t.expect_fired("high", 2)]])).contains("1 passed, 0 failed")
  end)

  it("is refused for what adds up over a day, and has no meaning for what is usual", function()
    local h = flow.home("UTC")
    for on, says in pairs { ['sw.threshold { "steps", enter = ">100", lasting = "30min" }'] = "steps adds up over a day, so write whole days",
      ['sw.baseline { "weight", above = "mean28d+2sd", lasting = "6h" }'] = "'lasting' in sw.baseline is in whole days",
      ['sw.absent { "weight", lasting = "0min" }'] = "'lasting' in sw.absent is longer than nothing",
      ['sw.threshold { "body_temperature", enter = ">38 C" }'] = "body_temperature, which is in degrees Celsius (Cel)" } do
      flow.write(h.dir .. "/rules/automations/a.lua",
        ('local sw = require "syncwell"\nreturn sw.rule { title = "T", on = %s, run = function() end }\n'):format(on))
      expect(h.run("lint").out).contains(says)
    end
    h.remove()
  end)

  it("fires in a backtest where it fired live, and is waited for", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/high.lua", ([[local sw = require "syncwell"
return sw.rule { title = "T", on = %s, uses = { "notify" }, run = function(w, ctx) ctx.notify("high") end }
]]):format(HALF_AN_HOUR))
    flow.write(h.dir .. "/rules/automations/meal.lua", ([[local sw = require "syncwell"
return sw.rule { title = "T", on = sw.event "meal.created", uses = { "notify" }, run = function(_, ctx)
  local high = ctx.wait_for(%s, { timeout = "3h" })
  ctx.notify(high and "high after the meal" or "fine") end }
]]):format(HALF_AN_HOUR))
    h.ok("--now", "2026-03-01T10:50:00Z", "run", "--once")
    h.ok("--now", "2026-03-01T11:00:00Z", "log", "meal", "pasta", "2026-03-01 10:59")
    h.ok("--now", "2026-03-01T11:00:00Z", "run", "--once")
    for i, value in ipairs { 150, 190, 195, 200, 205, 150 } do
      local now = ("2026-03-01T11:%02d:00Z"):format(i * 11 - 8)
      h.ok("--now", now, "log", "blood_glucose", tostring(value))
      h.ok("--now", now, "run", "--once")
    end
    local said = flow.read(h.dir .. "/notifications.log")
    expect(select(2, said:gsub("high after the meal", ""))).equals(1)
    expect(select(2, said:gsub("high\n", ""))).equals(0)
    h.ok("--now", "2026-03-01T12:05:00Z", "log", "blood_glucose", "190", "2026-03-01 11:52")
    local list = h.json("--now", "2026-03-01T18:00:00Z", "rules", "backtest", "high", "meal", "--since", "2026-02-25")
    expect(list[1].rule).equals("meal")
    expect(list[1].actions[1].args.text).equals("high after the meal")
    expect(list[2].rule .. " " .. list[2].key).equals("high threshold blood_glucose from 2026-03-01T11:14")
    expect(#list).equals(2)
    h.remove()
  end)
end)
