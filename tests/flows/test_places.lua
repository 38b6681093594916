-- SPDX-License-Identifier: MIT
-- Where and when people were: the day that Samoa left out, a flight over the date line, nights and workouts across
-- changes of the clock, zones of half and quarter hours. A day is the data's own, wherever its person lives later.
local flow = require("flow")

local HEAD = '{"line":"syncwell","version":1}\n{"line":"origin","id":"1","provider":"file","name":"Watch","maker":"acme","class":"watch"}\n'

-- Samples at times with offsets: { { "2011-12-29T10:00:00-10:00", 100 } ... }
local function samples(list)
  local rows = {}
  for i, x in ipairs(list) do
    rows[i] = ('["%s",60000,%d]'):format(x[1], x[2])
  end
  return ('{"line":"samples","origin":"1","metric":"steps","unit":"{step}","at":[%s]}\n'):format(table.concat(rows, ","))
end

local function import(h, ...)
  h.ok("import", flow.write(h.dir .. "/in.jsonl", HEAD .. table.concat { ... }))
end

-- { "2011-12-29 100", ... } as the day's values stand in the store.
local function days(h, from, to)
  local list = {}
  for _, r in ipairs(h.json("query", "steps", "--from", from, "--to", to)) do
    list[#list + 1] = r.day .. " " .. math.tointeger(r.value)
  end
  return list
end

local function view(h)
  local r = flow.sh(([[python3 -c "
import sqlite3
for r in sqlite3.connect('file:%s/syncwell.db?mode=ro', uri=True).execute('SELECT day, total FROM v_daily WHERE metric = ? ORDER BY day', ('steps',)): print(r[0], int(r[1]))"]])
    :format(h.dir))
  local list = {}
  for line in r.out:gmatch("[^\n]+") do
    list[#list + 1] = line
  end
  return list
end

-- A manual sleep or workout: its day and how long it was.
local function record(h, kind)
  local r = h.json("records", kind)[1]
  return { r.day, r.start:sub(12), r.finish:sub(12), (sw.time.parse(r.finish) - sw.time.parse(r.start)) // 60000 }
end

describe("the date line", function()
  it("has no 2011-12-30 in Apia: what was written there without an offset is on the days around it", function()
    local h = flow.home("Pacific/Apia")
    for _, at in ipairs { "2011-12-29 23:00", "2011-12-31 01:00" } do
      h.ok("log", "steps", "100", at)
    end
    expect(days(h, "2011-12-28", "2012-01-01")).equals { "2011-12-29 100", "2011-12-31 100" }
    expect(view(h)).equals { "2011-12-29 100", "2011-12-31 100" }
    local got = h.json("explain", "steps", "2011-12-29").intervals[1].start
    expect({ got, h.json("explain", "steps", "2011-12-31").intervals[1].start }).equals { "2011-12-29T23:00:00-10:00", "2011-12-31T01:00:00+14:00" }
    expect(sw.time.parse("2011-12-31T01:00:00+14:00") - sw.time.parse(got)).equals(2 * 3600000)
    expect(#h.json("query", "steps", "--from", "2011-12-30", "--to", "2011-12-30")).equals(0)
    h.remove()
  end)

  it("flown over from Auckland to Honolulu gives one day twice, and its steps add up", function()
    local h = flow.home("Pacific/Auckland")
    import(h, samples { { "2025-06-10T20:00:00+12:00", 1000 }, { "2025-06-10T23:30:00+12:00", 10 }, -- the flight leaves at midnight
      { "2025-06-10T09:00:00-10:00", 2000 }, { "2025-06-10T21:00:00-10:00", 300 }, { "2025-06-11T08:00:00-10:00", 7 } })
    expect(days(h, "2025-06-01", "2025-06-30")).equals { "2025-06-10 3310", "2025-06-11 7" }
    expect(view(h)).equals { "2025-06-10 3310", "2025-06-11 7" }
    h.remove()
  end)

  it("and a home that moves leaves history where it was", function()
    local list = samples { { "2025-06-10T00:30:00+12:00", 1 }, { "2025-06-10T23:30:00+12:00", 2 }, { "2025-06-11T00:30:00+12:00", 4 } }
    local dumps = {}
    for i, zone in ipairs { "Pacific/Auckland", "Pacific/Honolulu", "Asia/Kathmandu" } do
      local h = flow.home(zone)
      import(h, list)
      expect(days(h, "2025-06-01", "2025-06-30")).equals { "2025-06-10 3", "2025-06-11 4" }
      expect(view(h)).equals { "2025-06-10 3", "2025-06-11 4" }
      dumps[i] = h.dump():gsub('"zone":"[^"]*"', "")
      h.remove()
    end
    expect(flow.difference(dumps[1], dumps[2])).equals("")
    expect(flow.difference(dumps[1], dumps[3])).equals("")
  end)
end)

describe("a change of the clock", function()
  it("makes a night an hour shorter or longer than the clock on the wall says, and it is the day of waking", function()
    for _, case in ipairs { { "2025-03-30", "+01:00", "+02:00", 420 }, { "2025-10-26", "+02:00", "+01:00", 540 } } do
      local h = flow.home("Europe/Berlin")
      h.ok("log", "sleep", "23:00-07:00", case[1])
      expect(record(h, "sleep")).equals { case[1], "23:00:00" .. case[2], "07:00:00" .. case[3], case[4] }
      local asleep = h.json("query", "sleep_in_bed", "--from", case[1], "--to", case[1])[1]
        or h.json("query", "sleep_duration", "--from", case[1], "--to", case[1])[1]
      expect(asleep and asleep.value).equals(case[4])
      h.remove()
    end
  end)

  it("gives days of 23 and 25 hours all their minutes, and an hour that was there twice is two", function()
    for _, case in ipairs { { "Europe/Berlin", "2025-03-30", 23 * 60 }, { "Europe/Berlin", "2025-10-26", 25 * 60 },
      { "Australia/Lord_Howe", "2025-04-06", 24 * 60 + 30 }, { "Australia/Lord_Howe", "2025-10-05", 24 * 60 - 30 },
      { "Pacific/Chatham", "2025-04-06", 25 * 60 }, { "Asia/Kathmandu", "2025-04-06", 24 * 60 } } do
      local zone, day, minutes = case[1], case[2], case[3]
      local h = flow.home(zone)
      local noon = sw.time.parse(day .. "T12:00:00Z")
      local rows = {}
      for ms = noon - 30 * 3600000, noon + 30 * 3600000 - 60000, 60000 do
        rows[#rows + 1] = { sw.time.iso(ms, sw.time.offset(zone, ms)), 1 }
      end
      import(h, samples(rows))
      expect({ zone, days(h, day, day)[1] }).equals { zone, day .. " " .. minutes }
      local sum = 0
      for _, hour in ipairs(h.json("query", "steps", "--every", "hour", "--from", day, "--to", day)) do
        sum = sum + hour.value
      end
      expect({ zone, sum }).equals { zone, minutes }
      expect(h.run("check").code).equals(0)
      h.remove()
    end
  end)

  it("in a workout, and midnight, leave it whole and on the day it began", function()
    for _, case in ipairs { { "2025-10-26 01:30", "2025-10-26", "01:30:00+02:00", "02:30:00+01:00", 120 },
      { "2025-03-30 01:30", "2025-03-30", "01:30:00+01:00", "04:30:00+02:00", 120 },
      { "2025-03-29 23:30", "2025-03-29", "23:30:00+01:00", "03:30:00+02:00", 180 } } do
      local h = flow.home("Europe/Berlin")
      h.ok("log", "workout", "cycling", case[5] .. "min", case[1])
      expect(record(h, "workout")).equals { table.unpack(case, 2) }
      h.remove()
    end
  end)
end)
