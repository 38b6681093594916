-- SPDX-License-Identifier: MIT
-- Groups by hand: what a person joins or splits stays so, whatever comes later; names live on, rules fire once.
local flow = require("flow")

local RULE = [[local sw = require "syncwell"
return sw.rule { title = "drink", on = sw.event { "workout.created" }, backfill = true, uses = { "calendar:write" },
  run = function(w, ctx) ctx.calendar.add { title = "drink " .. w.group, at = w.finish + "30min", if_past = "now" } end,
  on_retract = function(w, ctx) ctx.calendar.add { title = "not " .. w.group, at = sw.now(), if_past = "now" } end }
]]

local HEAD = [[<?xml version="1.0"?><TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"><Activities>]]

-- A run as a TCX file of a device.
local function tcx(h, name, device, start, seconds, sport)
  local at = sw.time.parse(start)
  local points = {}
  for i = 0, seconds, 60 do
    points[#points + 1] = ("<Trackpoint><Time>%s</Time><DistanceMeters>%d</DistanceMeters></Trackpoint>"):format(
      os.date("!%Y-%m-%dT%H:%M:%SZ", at // 1000 + i), i * 3)
  end
  return flow.write(h.dir .. "/" .. name, ('%s<Activity Sport="%s"><Id>%s</Id><Lap StartTime="%s"><TotalTimeSeconds>%d</TotalTimeSeconds>'
    .. '<DistanceMeters>%d</DistanceMeters><Calories>300</Calories><Track>%s</Track></Lap><Creator xsi:type="Device_t" '
    .. 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Name>%s</Name><UnitId>%d</UnitId><ProductID>1</ProductID></Creator></Activity>'
    .. "</Activities></TrainingCenterDatabase>"):format(HEAD, sport or "Running", start, start, seconds, seconds * 3, table.concat(points),
    device, #device))
end

local function groups(h)
  local seen, n = {}, 0
  for _, r in ipairs(h.json("records", "workout")) do
    n = n + (seen[r.group] and 0 or 1)
    seen[r.group] = (seen[r.group] or 0) + 1
  end
  return n, seen
end

local function of(h, start)
  for _, r in ipairs(h.json("records", "workout")) do
    if r.start:find(start, 1, true) then
      return r
    end
  end
end

local function settled(dump)
  return (dump:gsub('"revision":%d+', '"revision":0'))
end

-- Two runs of one morning, hours apart as the devices tell it.
local function two()
  local h = flow.home("UTC")
  h.import(tcx(h, "a.tcx", "Edge", "2025-03-01T08:00:00Z", 3600))
  h.import(tcx(h, "b.tcx", "Forerunner", "2025-03-01T11:30:00Z", 1800))
  expect((groups(h))).equals(2)
  return h, of(h, "T08:00"), of(h, "T11:30")
end

describe("records join", function()
  it("makes one event of two, which undo takes back", function()
    local h, a, b = two()
    local before = settled(h.dump())
    local r = h.json("records", "join", b.id, a.id)
    expect(r.group).equals(a.group) -- the one that started first
    expect(r.gone[1]).equals(b.group)
    expect((groups(h))).equals(1)
    for _, id in ipairs { a.id, b.id, a.group, b.group } do
      expect(#h.json("records", id) > 0).is_true()
      expect(h.ok("explain", id).out).contains("2 members")
    end
    expect(h.run("records", "join", a.id, b.id).code).equals(2)
    expect(h.run("check").code).equals(0)
    expect(h.json("undo", "--last").kept).equals(0)
    expect(flow.difference(before, settled(h.dump()))).equals("")
    h.remove()
  end)

  it("stands when the records come anew, and later members find the event", function()
    local h, a, b = two()
    h.ok("records", "join", a.id, b.id)
    local wanted = settled(h.dump())
    for _ = 1, 2 do -- the files are taken out and come again, in the other order
      for _, r in ipairs(h.json("undo")) do
        if r.what == "import" and not r.undone then
          h.run("undo", tostring(r.run))
        end
      end
      flow.sh(([[/usr/bin/python3 -c "
import sqlite3
c = sqlite3.connect('%s/syncwell.db'); c.execute('DELETE FROM record'); c.execute('DELETE FROM doc WHERE kind = ?', ('.file',)); c.commit()"]]):format(h.dir))
      expect((groups(h))).equals(0)
      h.import(h.dir .. "/b.tcx")
      h.import(h.dir .. "/a.tcx")
      expect((groups(h))).equals(1)
      expect(of(h, "T11:30").group).equals(a.group)
    end
    expect(flow.difference(wanted, settled(h.dump()))).equals("")
    h.import(tcx(h, "c.tcx", "Phone app", "2025-03-01T11:30:20Z", 1790))
    local n, members = groups(h)
    expect(n).equals(1)
    expect(members[a.group]).equals(3)
    h.remove()
  end)

  it("refuses what cannot be one event", function()
    local h, a = two()
    h.import(tcx(h, "d.tcx", "Edge", "2025-03-09T08:00:00Z", 3600))
    h.ok("log", "sleep", "23:00-06:00", "2025-03-01")
    local far, night = of(h, "03-09"), h.json("records", "sleep")[1]
    for _, words in ipairs { { a.id }, { a.id, "zz" }, { a.id, far.id }, { a.id, night.id }, { a.id, a.group } } do
      expect(h.run("records", "join", table.unpack(words)).code).equals(2)
    end
    expect(h.run("records", "join", a.id, "123456789").code > 0).is_true()
    expect((groups(h))).equals(3)
    h.remove()
  end)
end)

describe("records split", function()
  local function matched()
    local h = flow.home("UTC")
    h.import(tcx(h, "a.tcx", "Edge", "2025-03-01T08:00:00Z", 3600))
    h.import(tcx(h, "b.tcx", "Forerunner", "2025-03-01T08:00:30Z", 3560))
    local n, members = groups(h)
    expect(n).equals(1)
    local a, b = of(h, "T08:00:00"), of(h, "T08:00:30")
    expect(members[a.group]).equals(2)
    return h, a, b
  end

  it("makes an event of its own, and a later import does not join them again", function()
    local h, a, b = matched()
    local before = settled(h.dump())
    local r = h.json("records", "split", b.id)
    expect(r.from).equals(a.group)
    expect((groups(h))).equals(2)
    expect(of(h, "T08:00:00").group).equals(a.group)
    expect(h.ok("explain", a.group).out).contains("1 member;")
    h.import(tcx(h, "b2.tcx", "Forerunner", "2025-03-01T08:00:30Z", 3500))
    expect((groups(h))).equals(2)
    expect(h.run("check").code).equals(0)
    h.ok("undo", "--last")
    h.ok("undo", tostring(r.run))
    expect(flow.difference(before, settled(h.dump()))).equals("")
    h.remove()
  end)

  it("of the record that named the group leaves the name to the rest", function()
    local h, a, b = matched()
    expect(a.id).equals(a.group)
    local r = h.json("records", "split", a.id)
    expect(r.from).equals(a.group)
    expect(r.group ~= a.group).is_true()
    expect(of(h, "T08:00:30").group).equals(a.group)
    expect(h.json("explain", a.group).group.group ~= nil).is_true()
    expect(h.run("records", "split", b.id).code).equals(2) -- alone already
    -- joined once more, the name that was made still leads there
    h.ok("records", "join", a.id, b.id)
    expect((groups(h))).equals(1)
    expect(h.ok("explain", r.group).out).contains("2 members")
    h.remove()
  end)

  it("gives a record that was joined its own name back", function()
    local h, a, b = two()
    h.ok("records", "join", a.id, b.id)
    expect(h.json("records", "split", b.id).group).equals(b.group)
    local n, members = groups(h)
    expect(n).equals(2)
    expect(members[b.group]).equals(1)
    expect(h.ok("explain", b.group).out).contains("1 member;")
    h.remove()
  end)
end)

describe("rules and groups by hand", function()
  local function firings(h)
    local list = {}
    for _, f in ipairs(h.json("rules", "trace")) do
      list[#list + 1] = f.outcome .. " " .. f.key
    end
    table.sort(list)
    return table.concat(list, ", ")
  end

  it("fire once for an event: joined, the second is taken back; split, neither fires again", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/drink.lua", RULE)
    h.import(tcx(h, "a.tcx", "Edge", "2025-03-01T08:00:00Z", 3600))
    h.import(tcx(h, "b.tcx", "Forerunner", "2025-03-01T11:30:00Z", 1800))
    h.ok("run", "--once")
    local a, b = of(h, "T08:00"), of(h, "T11:30")
    local keys = { "fired " .. a.group, "fired " .. b.group, "retracted " .. b.group .. " retracted" }
    table.sort(keys, function(x, y) return x < y end)
    h.ok("records", "join", a.id, b.id)
    h.ok("run", "--once")
    expect(firings(h)).equals(table.concat(keys, ", "))
    expect(h.ok("rules", "why", "drink", "--event", b.group).out).contains("fired on")
    h.ok("records", "split", b.id)
    h.ok("run", "--once")
    expect(firings(h)).equals(table.concat(keys, ", "))
    h.remove()
  end)

  it("a new part of an event that was seen as one fires for itself alone", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/drink.lua", RULE)
    h.import(tcx(h, "a.tcx", "Edge", "2025-03-01T08:00:00Z", 3600))
    h.import(tcx(h, "b.tcx", "Forerunner", "2025-03-01T08:00:30Z", 3560))
    h.ok("run", "--once")
    local a, b = of(h, "T08:00:00"), of(h, "T08:00:30")
    expect(firings(h)).equals("fired " .. a.group)
    h.ok("records", "split", b.id)
    h.ok("run", "--once")
    local both = { "fired " .. a.group, "fired " .. b.id }
    table.sort(both)
    expect(firings(h)).equals(table.concat(both, ", "))
    h.remove()
  end)
end)

describe("nights", function()
  it("are computed again when sleeps are joined or split", function()
    local h = flow.home("UTC")
    h.ok("log", "sleep", "22:00-02:00", "2025-03-02")
    h.ok("log", "sleep", "01:30-06:00", "2025-03-02")
    local function night()
      local r = h.json("query", "sleep", "--from", "2025-03-02", "--to", "2025-03-02")[1]
      return r and r.value
    end
    local list, was = h.json("records", "sleep"), night()
    expect(#list).equals(2)
    local one = list[1].group == list[2].group
    h.ok("records", table.unpack(one and { "split", list[2].id } or { "join", list[1].id, list[2].id }))
    local now = night()
    expect(h.run("check").code).equals(0)
    h.ok("undo", "--last")
    expect(night()).equals(was)
    expect(type(now)).equals("number")
    expect(h.run("check").code).equals(0)
    h.remove()
  end)

  -- Sleeps of 2 March 2025 in the order they are told: { id, origin, from, to (minutes past midnight), attributes }.
  local SLEPT = { watch = { "watch", 1, -60, 360, '{"asleep_s":24000,"in_bed_s":25200}' },
    first = { "first", 2, -60, 120, '{"asleep_s":10000,"in_bed_s":10800}' },
    second = { "second", 2, 150, 360, '{"asleep_s":12000,"in_bed_s":12600}' },
    bed = { "bed", 3, -75, 365, '{"in_bed_s":26400}' } }
  local LINE = '{"line":"record","id":"1","kind":"sleep","type":"sleep","start_ms":%d,"finish_ms":%d,"offset_start":0,'
    .. '"offset_finish":0,"day":"2025-03-02","connection":{"provider":"file","name":"files"},"origin":"%d",'
    .. '"external_id":"%s","attributes":%s}\n'

  local function tell(h, ...)
    for _, name in ipairs { ... } do
      local s, midnight = SLEPT[name], 1740873600000
      local lines = { '{"line":"syncwell","version":1,"zone":"UTC"}\n' }
      for i, kind in ipairs { "watch", "ring", "phone" } do
        lines[i + 1] = ('{"line":"origin","id":"%d","provider":"file","name":"%s","maker":"","class":"%s"}\n'):format(i, kind, kind)
      end
      lines[#lines + 1] = LINE:format(midnight + s[3] * 60000, midnight + s[4] * 60000, s[2], s[1], s[5])
      local list = h.import(flow.write(("%s/%s.jsonl"):format(h.dir, name), table.concat(lines)))
      expect(list[1].new).equals(1)
    end
  end

  local function minutes(h, metric)
    local r = h.json("query", metric, "--from", "2025-03-02", "--to", "2025-03-02")[1]
    return r and r.value
  end

  it("count nobody as asleep twice at once, whatever came first", function()
    for _, order in ipairs { { "watch", "first", "second" }, { "first", "second", "watch" }, { "second", "watch", "first" } } do
      local h = flow.home("UTC")
      tell(h, table.unpack(order))
      expect({ minutes(h, "sleep"), minutes(h, "sleep_in_bed") }).equals { 400, 420 }
      local used = {}
      for _, n in ipairs(h.json("explain", "sleep", "2025-03-02").nights) do
        used[#used + 1] = n.used and n.origin or nil
      end
      expect(used).equals { "watch" }
      h.remove()
    end
  end)

  it("add up what one tracker tells of a broken night under one in-bed, and keep it when the night is tagged", function()
    for _, order in ipairs { { "bed", "first", "second" }, { "first", "second", "bed" } } do
      local h = flow.home("UTC")
      tell(h, table.unpack(order))
      local was = { minutes(h, "sleep"), minutes(h, "sleep_in_bed") }
      expect(was).equals { 22000 / 60, 440 }
      h.ok("records", "tag", "--where", "kind=sleep", "restless")
      expect({ minutes(h, "sleep"), minutes(h, "sleep_in_bed") }).equals(was)
      h.remove()
    end
  end)

  it("are what a person set, also where others state more", function()
    local h = flow.home("UTC")
    tell(h, "watch", "bed")
    h.ok("records", "edit", "--where", "kind=sleep", "--set", "in_bed_s=400min", "--set", "asleep_s=6h")
    expect({ minutes(h, "sleep"), minutes(h, "sleep_in_bed"), minutes(h, "sleep_efficiency") }).equals { 360, 400, 90 }
    h.ok("undo", "--last")
    expect({ minutes(h, "sleep"), minutes(h, "sleep_in_bed") }).equals { 400, 440 }
    h.remove()
  end)
end)
