-- Scheduled rules on data time: due instants in order, once each, through restarts and clock changes.
local flow = require("flow")

local function rule(h, name, on, more)
  flow.write(h.dir .. "/rules/automations/" .. name .. ".lua", ([[local sw = require "syncwell"
return sw.rule { title = "t", on = %s, %s uses = { "notify" },
  run = function(w, ctx) ctx.notify("%s at " .. tostring(w.planned)) end }
]]):format(on, more or "", name))
end

local function notes(h)
  local list = {}
  for line in (flow.read(h.dir .. "/notifications.log") or ""):gmatch("[^\n]+") do
    list[#list + 1] = line:match("^(%S+)")
  end
  return list
end

local function step(h, at)
  return h.ok("--now", at, "run", "--once")
end

describe("scheduled rules", function()
  it("a cron rule fires at each planned instant in order, in the user's zone, across the clock change",
    function()
    local h = flow.home("Europe/Berlin")
    rule(h, "morning", 'sw.cron "0 7 * * *"')
    step(h, "2025-03-28T12:00:00Z")
    step(h, "2025-03-31T12:00:00Z")
    expect(notes(h)).equals { "2025-03-29T07:00:00+01:00", "2025-03-30T07:00:00+02:00",
      "2025-03-31T07:00:00+02:00" }
    h.remove()
  end)

  it("a cron rule with a zone of its own fires by that zone's clock, wherever the user lives", function()
    local h = flow.home("Europe/Berlin")
    rule(h, "abroad", 'sw.cron { "0 7 * * *", zone = "America/New_York" }')
    step(h, "2025-03-07T15:00:00Z")
    step(h, "2025-03-10T15:00:00Z")
    expect(notes(h)).equals { "2025-03-08T13:00:00+01:00", "2025-03-09T12:00:00+01:00", "2025-03-10T12:00:00+01:00" }
    expect(h.ok("rules", "list").out).contains("cron 0 7 * * *, America/New_York")
    h.remove()
  end)

  it("stepping twice to the same instant fires nothing again", function()
    local h = flow.home("UTC")
    rule(h, "hourly", 'sw.every "6h"')
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-02T00:00:00Z")
    local n = #notes(h)
    step(h, "2025-01-02T00:00:00Z")
    expect(n).equals(4)
    expect(#notes(h)).equals(n)
    h.remove()
  end)

  it("at fires on the weekdays it names", function()
    local h = flow.home("UTC")
    rule(h, "gym", 'sw.at "18:30 on mon,thu"')
    step(h, "2025-01-05T00:00:00Z") -- a Sunday
    step(h, "2025-01-12T00:00:00Z")
    expect(notes(h)).equals { "2025-01-06T18:30:00Z", "2025-01-09T18:30:00Z" }
    h.remove()
  end)

  it("a notification for later survives restarts and goes out at its time", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/later.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.at "08:00", uses = { "notify" },
  run = function(w, ctx) ctx.notify { text = "stretch", at = w.planned + "90min" } end }
]])
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T08:30:00Z")
    expect(#notes(h)).equals(0)
    step(h, "2025-01-01T09:29:00Z")
    expect(#notes(h)).equals(0)
    step(h, "2025-01-01T10:00:00Z")
    expect(notes(h)).equals { "2025-01-01T09:30:00Z" }
    h.remove()
  end)

  it("cooldown keeps a rule quiet for its time", function()
    local h = flow.home("UTC")
    rule(h, "often", 'sw.every "1h"', 'cooldown = "5h",')
    step(h, "2025-01-01T00:00:00Z")
    step(h, "2025-01-01T12:00:00Z")
    expect(notes(h)).equals { "2025-01-01T01:00:00Z", "2025-01-01T06:00:00Z", "2025-01-01T11:00:00Z" }
    h.remove()
  end)

  it("run keeps going until SIGTERM, takes a new rule file on its own, and ends with 0", function()
    local h = flow.home("UTC")
    local r = flow.sh(([[%s run 2>%s/log & pid=$!
      for i in $(seq 100); do grep -q running %s/log 2>/dev/null && break; sleep 0.05; done
      cat > %s/rules/automations/broken.lua <<'X'
return nothing
X
      for i in $(seq 200); do grep -q broken %s/log && break; sleep 0.05; done
      kill -HUP $pid; sleep 0.3; kill -TERM $pid; wait $pid; echo "ended $?"]]):format(h.command(), h.dir, h.dir, h.dir, h.dir))
    expect(r.out).contains("ended 0")
    expect(flow.read(h.dir .. "/log")).contains("rules/automations/broken.lua")
    h.remove()
  end)
end)

describe("beside a running daemon", function()
  it("an import keeps its answer to itself, and the daemon fires the rules", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/any.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.event "workout.created", backfill = true, uses = { "notify" },
  run = function(w, ctx) ctx.notify("saw " .. w.sport) end }
]])
    local w = require("world").new(h.dir, { days = 20, zone = "Europe/Berlin" })
    local path = w.activity(1, "fit")
    local r = flow.sh(([[%s run 2>%s/log & pid=$!
      for i in $(seq 100); do grep -q running %s/log 2>/dev/null && break; sleep 0.05; done
      %s --json import %s; echo "import $?"
      for i in $(seq 100); do [ -s %s/notifications.log ] && break; sleep 0.05; done
      kill -TERM $pid; wait $pid; echo "ended $?"]]):format(h.command(), h.dir, h.dir, h.command(), path, h.dir))
    expect(r.out).contains('"status":"ok"')
    expect(r.out).contains("import 0")
    expect(r.out).contains("ended 0")
    expect(#notes(h)).equals(1)
    h.remove()
  end)
end)
