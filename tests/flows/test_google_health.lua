-- Fitbit's successor in Google Takeout: an export made up by another program (tests/support/made_takeout.py),
-- around both clock changes and with a night in another zone, against the truth it was made from.
local flow = require("flow")

local function made(how)
  local dir = flow.temp()
  local r = flow.sh(("/usr/bin/python3 %s/tests/support/made_takeout.py %s %s"):format(flow.root, dir, how))
  if r.code ~= 0 then
    skip("needs python3 with zoneinfo: " .. r.err)
  end
  return dir, sw.json.decode(r.out)
end

local function imported(dir)
  local h = flow.home("Europe/Berlin")
  local list, r = h.import(dir)
  expect({ r.code, list[#list].total.rejected }).equals { 0, 0 }
  h.ok("query", "steps", "--from", "2025-10-20", "--to", "2026-04-02")
  return h, h.dump()
end

local function rows(dump, wanted)
  local list = {}
  for line in dump:gmatch("[^\n]+") do
    local row = sw.json.decode(line)
    list[#list + 1] = wanted(row) and row or nil
  end
  return list
end

-- metric -> day -> the merged day
local function merged_days(dump)
  local days = {}
  for _, r in ipairs(rows(dump, function(r)
    return r.table == "rollup" and r.origin == ""
  end)) do
    days[r.metric] = days[r.metric] or {}
    days[r.metric][sw.time.day_text(r.day)] = r
  end
  return days
end

local function near(a, b)
  return math.abs(a - b) < 0.006
end

local function count(t)
  local n = 0
  for _ in pairs(t) do
    n = n + 1
  end
  return n
end

local function records(dump, kind, prefix)
  local list = rows(dump, function(r)
    return r.table == "record" and r.kind == kind and r.external_id:find(prefix, 1, true) == 1
  end)
  table.sort(list, function(a, b)
    return a.start < b.start
  end)
  return list
end

local function same_nights(dump, nights)
  local staged, whole = records(dump, "sleep", "fitbit:stages:"), records(dump, "sleep", "fitbit:night:")
  expect({ #staged, #whole }).equals { #nights, #nights }
  table.sort(nights, function(a, b)
    return a.start < b.start
  end)
  for i, want in ipairs(nights) do
    local a = staged[i].body.attributes
    expect({ staged[i].start, staged[i].finish, sw.time.day_text(staged[i].day) }).equals { want.start, want.finish, want.day }
    expect({ a.asleep_s, a.deep_s, a.rem_s, a.light_s, a.awake_s or 0 }).equals { want.asleep_s, want.deep_s, want.rem_s, want.light_s,
      want.awake_s }
    expect({ whole[i].start, whole[i].finish, whole[i].group }).equals { want.start, want.finish, staged[i].group }
  end
end

local function same_workouts(dump, workouts)
  local list = records(dump, "workout", "fitbit:workout:")
  expect(#list).equals(#workouts)
  for i, want in ipairs(workouts) do
    local a = list[i].body.attributes
    expect({ list[i].start, list[i].finish, a.elapsed_s, a.distance_m, a.energy_kcal, a.steps, a.hr_avg, a.name }).equals { want.start,
      want.finish, want.elapsed_s, want.distance_m, want.energy_kcal, want.steps, want.hr_avg, want.name }
  end
end

describe("a Google Health export", function()
  it("gives the days, nights and workouts it was made from, the band's steps counted once", function()
    local dir, truth = made("PLAIN")
    local h, dump = imported(dir)
    local days = merged_days(dump)
    for day, steps in pairs(truth.steps) do
      expect({ day, days.steps[day] and days.steps[day].sum }).equals { day, steps }
    end
    expect(count(days.resting_heart_rate)).equals(count(truth.resting_heart_rate))
    for day, value in pairs(truth.resting_heart_rate) do
      expect({ day, near(days.resting_heart_rate[day].last, value), near(days.resting_heart_rate[day].n, 1) }).equals { day, true, true }
    end
    for day, want in pairs(truth.heart_rate) do
      local d = days.heart_rate[day]
      expect({ day, d.n, near(d.sum, want.sum), d.min, d.max }).equals { day, want.n, true, want.min, want.max }
    end
    for day, kg in pairs(truth.weight) do
      expect(near(days.weight[day].last, kg)).is_true()
    end
    same_nights(dump, truth.nights)
    same_workouts(dump, truth.workouts)
    h.import(dir)
    expect(h.dump()).equals(dump)
    h.remove()
  end)

  it("means the same with marks and CRLF, with columns moved and added, and in two archives", function()
    local h, plain = imported(made("PLAIN"))
    h.remove()
    for _, how in ipairs { "CRLF", "MOVED", "PARTS" } do
      local other, dump = imported(made(how))
      expect({ how, flow.difference(plain, dump) }).equals { how, "" }
      other.remove()
    end
  end)

  it("of an earlier day takes nothing back that a later one said, whichever is read first and whatever they are called", function()
    local head = "exercise_id,exercise_start,exercise_end,utc_offset,activity_name,tracker_total_distance_mm,exercise_last_updated\n"
    local row = "1000000000000000001,2026-05-30T16:00:00Z,2026-05-30T16:%s:00Z,+02:00,Outdoor Run,%d,2026-05-%s\n"
    local dir, dumps = flow.temp(), {}
    local older = flow.write(dir .. "/UserExercises_2026-05-30.csv", head .. row:format("10", 1500000, "30T16:10:00Z"))
    local newer = flow.write(dir .. "/UserExercises_2026-05-01.csv", head .. row:format("45", 7200000, "31T08:00:00.5Z"))
    local renamed = flow.write(dir .. "/UserExercises_2025-12-01.csv", flow.read(newer) .. "\n")
    for i, order in ipairs { { newer }, { older, newer }, { newer, older }, { newer, renamed, older } } do
      local h = flow.home("Europe/Berlin")
      local new, updated = 0, 0
      for _, path in ipairs(order) do
        local list = h.import(path)
        new, updated = new + list[#list].total.new, updated + list[#list].total.updated
      end
      expect({ i, new, updated }).equals { i, 1, i == 2 and 1 or 0 }
      dumps[i] = h.dump():gsub('"revision":%d', "")
      expect(dumps[i]).equals(dumps[1])
      h.remove()
    end
    expect(dumps[1]).contains('"distance_m":7200')
  end)

  it("of somebody whose days come from another maker's app has them where that app's midnight was", function()
    local dir = flow.temp()
    flow.write(dir .. "/daily_resting_heart_rate.csv", "timestamp,beats per minute,data source\n"
      .. "2026-05-30T16:00:00Z,61.0,Garmin Connect Health Kit\n2026-05-31T16:00:00Z,62.0,Garmin Connect Health Kit\n")
    local h = flow.home("Asia/Singapore")
    h.import(dir)
    local days = h.json("query", "resting_heart_rate", "--from", "2026-05-30", "--to", "2026-06-02")
    expect({ days[1].day, days[#days].day, #days }).equals { "2026-05-31", "2026-06-01", 2 }
    h.remove()
  end)
end)
