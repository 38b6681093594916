-- The hydration rule, end to end: 61 minutes fire and 59 do not, once per real event, never for history.
local flow = require("flow")
local world = require("world")

local json = sw.json

local NOW = "2025-03-20T20:00:00Z"

-- A plain TCX of so many minutes, ending an hour before NOW unless told.
local function tcx(path, minutes, finish)
  local finish_ms = sw.time.parse(finish or "2025-03-20T19:00:00Z")
  local start = finish_ms - minutes * 60000
  local points = {}
  for i = 0, minutes do
    points[#points + 1] = ("<Trackpoint><Time>%s</Time><HeartRateBpm><Value>140</Value></HeartRateBpm></Trackpoint>"):format(
      sw.time.iso(start + i * 60000, 0))
  end
  local id = sw.time.iso(start, 0)
  return flow.write(path, ([[<?xml version="1.0"?><TrainingCenterDatabase><Activities><Activity Sport="Running"><Id>%s</Id>
<Lap StartTime="%s"><TotalTimeSeconds>%d</TotalTimeSeconds><DistanceMeters>9000</DistanceMeters><Calories>500</Calories>
<Track>%s</Track></Lap></Activity></Activities></TrainingCenterDatabase>]]):format(id, id, minutes * 60, table.concat(points)))
end

local function prepared(extra)
  local h = flow.home("Europe/Berlin")
  h.ok("--now", NOW, "rules", "install", "hydrate", table.unpack(extra or {}))
  return h
end

local function step(h, at)
  h.ok("--now", at or NOW, "run", "--once")
end

describe("hydration rule", function()
  it("fires for a workout of 61 minutes and puts the reminder 30 minutes after its end", function()
    local h = prepared()
    h.ok("--now", NOW, "import", tcx(h.dir .. "/a.tcx", 61, "2025-03-20T19:45:00Z"))
    step(h)
    local trace = h.json("rules", "trace")
    expect(#trace).equals(1)
    expect(trace[1].actions[1].state).equals("done")
    local ics = flow.read(h.dir .. "/calendar.ics")
    expect(ics).contains("DTSTART:20250320T201500Z")
    expect(ics).contains("SUMMARY:Hydration reminder")
    h.remove()
  end)

  it("does not fire for 59 minutes, and why says so with the figures", function()
    local h = prepared()
    h.ok("--now", NOW, "import", tcx(h.dir .. "/a.tcx", 59))
    step(h)
    expect(#h.json("rules", "trace")).equals(0)
    local why = h.json("--now", NOW, "rules", "why", "hydrate")
    expect(why[1].verdict).equals("does not fire")
    expect(json.encode(why[1].gates)).contains("59 min")
    h.remove()
  end)

  it("skips a reminder whose time has passed and says so in the trace", function()
    local h = prepared()
    h.ok("--now", NOW, "import", tcx(h.dir .. "/a.tcx", 61, "2025-03-20T15:00:00Z"))
    step(h)
    expect(h.json("rules", "trace")[1].actions[1].state).contains("skipped")
    h.remove()
  end)

  it("fires once although the workout arrives as FIT, TCX and Apple Health, in any order", function()
    local wd
    for _, order in ipairs { { "fit", "tcx", "xml" }, { "xml", "fit", "tcx" }, { "tcx", "xml", "fit" } } do
      local h = flow.home("Europe/Berlin")
      wd = world.new(h.dir, { days = 40, seed = 3 })
      local i, w
      for k, x in ipairs(wd.plan.workouts) do
        if x.finish - x.start > 61 * 60 and x.sport ~= "swimming" then
          i, w = k, x
        end
      end
      local now = sw.time.iso((w.finish + 600) * 1000, 0)
      h.ok("--now", now, "rules", "install", "hydrate")
      for _, format in ipairs(order) do
        h.run("--now", now, "import", format == "xml" and wd.export() or wd.activity(i, format))
        step(h, now)
      end
      local trace, keys = h.json("rules", "trace"), {}
      for _, f in ipairs(trace) do
        expect(keys[f.key]).is_nil()
        keys[f.key] = true
      end
      local mine = 0
      for _, f in ipairs(trace) do
        mine = mine + (f.event.start:find(sw.time.iso(w.start * 1000,
          sw.time.offset("Europe/Berlin", w.start * 1000)), 1, true) and 1 or 0)
      end
      expect(mine).equals(1)
      local _, events = flow.read(h.dir .. "/calendar.ics"):gsub("BEGIN:VEVENT", "")
      expect(events).equals(#trace)
      h.remove()
    end
  end)

  it("leaves back-filled history alone, unless the rule asks for it", function()
    local h = prepared()
    h.ok("--now", NOW, "import", tcx(h.dir .. "/old.tcx", 90, "2024-06-01T10:00:00Z"))
    step(h)
    expect(#h.json("rules", "trace")).equals(0)
    local own = flow.read(flow.root .. "/rules/automations/hydrate.lua"):gsub('max_age = "12h"',
      'backfill = true')
    flow.write(h.dir .. "/rules/automations/asks.lua", own)
    h.ok("--now", NOW, "import", tcx(h.dir .. "/older.tcx", 95, "2024-05-01T10:00:00Z"))
    step(h)
    local trace = h.json("rules", "trace")
    expect(#trace).equals(1)
    expect(trace[1].rule).equals("asks")
    h.remove()
  end)

  it("backtest lists what would have fired and does nothing", function()
    local h = prepared()
    h.ok("--now", NOW, "import", tcx(h.dir .. "/a.tcx", 90, "2024-06-01T10:00:00Z"),
      tcx(h.dir .. "/b.tcx", 30, "2024-06-03T10:00:00Z"))
    local list = h.json("--now", NOW, "rules", "backtest", "hydrate", "--since", "2024-01-01")
    expect(#list).equals(1)
    expect(list[1].event.start).contains("2024-06-01")
    expect(list[1].actions[1].action).equals("calendar.add")
    expect(#h.json("rules", "trace")).equals(0)
    h.remove()
  end)

  it("writes a calendar that a second parser reads", function()
    local h = prepared()
    h.ok("--now", NOW, "import", tcx(h.dir .. "/a.tcx", 75, "2025-03-20T19:50:00Z"))
    step(h)
    local r = flow.sh("/usr/bin/python3 -c 'import icalendar' 2>&1")
    if r.code ~= 0 then
      skip("needs python3-icalendar")
    end
    r = flow.sh(([[/usr/bin/python3 -c "
import icalendar
c = icalendar.Calendar.from_ical(open('%s/calendar.ics','rb').read())
e = [x for x in c.walk('VEVENT')]
print(len(e), e[0]['SUMMARY'], e[0].decoded('DTSTART').isoformat(), (e[0].decoded('DTEND') - e[0].decoded('DTSTART')).total_seconds(), c['VERSION'])"]]):format(h.dir))
    expect(r.out).equals("1 Hydration reminder 2025-03-20T20:20:00+00:00 600.0 2.0\n")
    h.remove()
  end)
end)
