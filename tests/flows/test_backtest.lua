-- SPDX-License-Identifier: MIT
-- rules backtest: several rules at once in order of time, what an edit changed, a calendar.
local flow = require("flow")

local NOW = "2025-02-01T12:00:00Z"

local function rule(h, name, on, body, more)
  flow.write(("%s/rules/automations/%s.lua"):format(h.dir, name), ([[local sw = require "syncwell"
return sw.rule { title = "T", on = %s, uses = { "notify" }, %s
  run = function(w, ctx) %s end }
]]):format(on, more or "", body))
end

local function weighed()
  local h = flow.home("UTC")
  for day = 1, 20 do
    h.ok("--now", NOW, "log", "weight", tostring(80 + day % 7), ("2025-01-%02d 08:00"):format(day))
  end
  return h
end

local function backtest(h, ...)
  return h.json("--now", NOW, "rules", "backtest", "heavy", "--since", "2025-01-01", ...)
end

local heavy = 'sw.threshold { "weight", enter = ">%d" }'

describe("rules backtest", function()
  it("tells several rules in one order of time", function()
    local h = weighed()
    rule(h, "heavy", heavy:format(85), 'ctx.notify "heavy"')
    rule(h, "early", 'sw.at "07:00 on mon"', 'ctx.notify "monday"')
    local list = backtest(h, "early")
    local at = {}
    for i, f in ipairs(list) do
      at[i] = f.at
      expect(i == 1 or at[i - 1] <= f.at).is_true()
    end
    expect(#list).equals(7)
    h.remove()
  end)

  it("says what the last edit changed: more, fewer and with other words", function()
    local h = weighed()
    rule(h, "heavy", heavy:format(85), 'ctx.notify("heavy " .. w.value)')
    local r = h.ok("--now", NOW, "rules", "backtest", "heavy", "--since", "2025-01-01", "--diff")
    expect(r.out).contains("no version of 'heavy' is known before this one")
    h.ok("--now", NOW, "run", "--once")
    h.ok("--now", NOW, "log", "weight", "81", "2025-02-01 08:00")
    h.ok("--now", NOW, "run", "--once")
    rule(h, "heavy", heavy:format(85), 'ctx.notify((w.day > "2025-01-10" and "very " or "") .. "heavy " .. w.value)')
    local d = backtest(h, "--diff")
    expect({ d.changes[1].added, d.changes[1].removed, d.changes[1].changed }).equals { 0, 0, 2 }
    rule(h, "heavy", heavy:format(84), 'ctx.notify("heavy " .. w.value)', 'when = function(w) return w.day > "2025-01-10" end,')
    d = backtest(h, "--diff")
    expect({ d.changes[1].added, d.changes[1].removed }).equals { 2, 3 }
    expect(#backtest(h)).equals(2)
    local text = h.ok("--now", NOW, "rules", "backtest", "heavy", "--since", "2025-01-01", "--diff").out
    expect(text).contains("heavy: 2 more, 3 fewer, 0 with other words than before its edit of 2025-02-01 12:00")
    h.remove()
  end)

  it("compares with what was live before once the edit is live", function()
    local h = weighed()
    rule(h, "heavy", heavy:format(85), 'ctx.notify "heavy"')
    h.ok("--now", NOW, "log", "weight", "81", "2025-02-01 08:00")
    h.ok("--now", NOW, "run", "--once")
    rule(h, "heavy", heavy:format(99), 'ctx.notify "heavy"')
    h.ok("--now", NOW, "log", "weight", "82", "2025-02-01 09:00")
    h.ok("--now", NOW, "run", "--once")
    expect(backtest(h, "--diff").changes[1].removed).equals(3)
    h.remove()
  end)

  it("plays rules that wait and then ask how many there are, and what the goal is", function()
    local h = weighed()
    h.ok("--now", NOW, "goals", "set", "weight", "75kg", "--at-most")
    rule(h, "heavy", heavy:format(85), [[ctx.sleep "1h" ctx.notify(ctx.count("workout") .. " of " .. ctx.goal "weight")]])
    expect(backtest(h)[1].actions[1].args.text).equals("0 of 75")
    h.remove()
  end)

  it("writes a calendar with an entry for each firing", function()
    local h = weighed()
    rule(h, "heavy", heavy:format(85), 'ctx.notify "too heavy"')
    local text = h.ok("--now", NOW, "rules", "backtest", "heavy", "--since", "2025-01-01", "--calendar").out
    local n = select(2, text:gsub("BEGIN:VEVENT", ""))
    expect(n).equals(3)
    expect(text).contains("SUMMARY:heavy: too heavy")
    expect(text).contains("DTSTART:20250106T235959Z")
    h.remove()
  end)

  it("says so when a rule is planned more often than it can be played", function()
    local h = flow.home("UTC")
    rule(h, "often", 'sw.every "1min"', 'ctx.log "x"')
    local r = h.run("--now", NOW, "rules", "backtest", "often", "--since", "1y")
    expect(r.code ~= 0).is_true()
    expect(r.err).contains("planned more than 120000 times")
    h.remove()
  end)
end)
