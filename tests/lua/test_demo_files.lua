-- SPDX-License-Identifier: MIT
-- The made-up data: plans agree with themselves, and the decoders find in each file what the plan put there.
--   syncwell --lua-test tests/lua/test_demo_files.lua
-- luacheck: read globals describe it expect
local apple = require("demo.apple")
local clock = require("demo.clock")
local damage = require("demo.damage")
local fit = require("demo.fit")
local gpx = require("demo.gpx")
local person = require("demo.person")
local tcx = require("demo.tcx")
local zip = require("demo.zip")

local plan = person.plan { seed = 3, first = "2024-09-20", days = 75, zone = "Europe/Berlin" }
local dir = sw.fs.temp_dir()

local function save(name, bytes)
  local path = dir .. "/" .. name
  local f = assert(io.open(path, "wb"))
  f:write(bytes)
  f:close()
  return path
end

local function text_of(write, ...)
  local part, args = {}, { ... }
  table.insert(args, 2, function(text) part[#part + 1] = text end)
  local result = write(table.unpack(args))
  return table.concat(part), result
end

-- What a decoder says of a file: messages by their name, rows by column type, notes; nil, message if refused.
local function decode(path, format)
  local d, message = sw.import.open(path, format)
  if not d then return nil, message end
  local seen = { messages = {}, rows = {}, notes = {} }
  while true do
    local more, why = d:next()
    if more == nil then return nil, why end
    for _, m in ipairs(d:messages()) do
      local list = seen.messages[m.message] or {}
      seen.messages[m.message], list[#list + 1] = list, m
    end
    for _, c in ipairs(d:columns()) do seen.rows[c.type] = (seen.rows[c.type] or 0) + c.n end
    if not more then break end
  end
  seen.notes = d:report().notes or {}
  d:close()
  return seen
end

local function first(sport)
  for _, w in ipairs(plan.workouts) do
    if w.sport == sport then return w end
  end
end

describe("a plan", function()
  it("is the same when it is made again", function()
    local again = person.plan { seed = 3, first = "2024-09-20", days = 75, zone = "Europe/Berlin" }
    expect(again.truth).equals(plan.truth)
  end)

  it("differs for another seed", function()
    local other = person.plan { seed = 4, first = "2024-09-20", days = 75, zone = "Europe/Berlin" }
    expect(other.truth["2024-09-25"].steps ~= plan.truth["2024-09-25"].steps).is_true()
  end)

  it("never counts two bouts of one device over the same minute", function()
    local all = {}
    for _, d in ipairs(plan.days) do table.move(d.bouts, 1, #d.bouts, #all + 1, all) end
    table.sort(all, function(a, b) return a.start < b.start end)
    for i = 2, #all do expect(all[i].start >= all[i - 1].finish).is_true() end
  end)

  it("keeps the phone's bout inside the watch's", function()
    for _, d in ipairs(plan.days) do
      for _, b in ipairs(d.bouts) do
        expect(not b.phone or b.phone_start >= b.start and b.phone_finish <= b.finish).is_true()
      end
    end
  end)

  it("goes abroad and comes back over the change of clocks", function()
    expect(plan.clock.zone(clock.parse("2024-10-30") * 86400)).equals("America/New_York")
    expect(plan.clock.offset(clock.parse("2024-10-20") * 86400)).equals(7200)
    expect(plan.clock.offset(clock.parse("2024-11-05") * 86400)).equals(-18000)
    expect(plan.clock.offset(clock.parse("2024-11-20") * 86400)).equals(3600)
  end)
end)

describe("an Apple Health export", function()
  local text, counts = text_of(apple.write, plan, { control_byte = true })
  local seen = assert(decode(save("export.xml", text), "apple"))

  it("holds every record that was written", function()
    local found = seen.messages.counts[1].by_type
    for type, n in pairs(counts) do
      if type:find("^HK") then expect(found[type]).equals(n) end
    end
  end)

  it("has the plan's workouts to the second", function()
    expect(#seen.messages.workout).equals(#plan.workouts)
    for i, m in ipairs(seen.messages.workout) do
      expect(m.start_ms).equals(plan.workouts[i].start * 1000)
      expect(m.finish_ms).equals(plan.workouts[i].finish * 1000)
    end
  end)

  it("has the plan's minutes asleep on each day of waking", function()
    local minutes = {}
    for _, m in ipairs(seen.messages.sleep) do
      local day = clock.iso(plan.clock.day(m.finish_ms // 1000))
      for _, s in ipairs(m.segments) do
        local asleep = s[3] == "core" or s[3] == "deep" or s[3] == "rem"
        minutes[day] = (minutes[day] or 0) + (asleep and (s[2] - s[1]) / 60000 or 0)
      end
    end
    for day, t in pairs(plan.truth) do
      local wanted = (t.sleep and t.sleep.asleep_min or 0) + (t.nap_min or 0)
      expect(minutes[day] or 0).near(wanted, 0.01)
    end
  end)
end)

describe("a workout", function()
  for _, sport in ipairs { "running", "cycling", "swimming" } do
    local w = first(sport)
    for name, options in pairs {
      plain = { every_s = 1 }, big = { every_s = 5, big = true },
      compressed = { every_s = 5, compressed = true },
      everything = { every_s = 4, big = true, compressed = true, developer = true },
    } do
      it(("of %s as a %s FIT file says what the plan says"):format(sport, name), function()
        local seen = assert(decode(save(sport .. name .. ".fit", fit.activity(plan, w, options)), "fit"))
        local s = seen.messages.session[1]
        expect(seen.notes).equals({})
        expect(s.sport).equals(sport)
        expect(s.start_time_ms).equals(w.start * 1000)
        expect(s.total_elapsed_time).near(w.finish - w.start, 0.001)
        expect(s.total_distance).near(w.distance_m, 0.01)
        expect(s.avg_heart_rate).equals(w.hr_avg)
        local points = (w.timer_s + options.every_s - 1) // options.every_s + 1
        expect(seen.rows["record.heart_rate"]).equals(points)
      end)
    end

    it(("of %s as a TCX file says what the plan says"):format(sport), function()
      local seen = assert(decode(save(sport .. ".tcx", (text_of(tcx.write, w))), "tcx"))
      local a = seen.messages.activity[1]
      expect(a.total_distance_m).near(w.distance_m, 0.01)
      expect(a.total_calories).equals(w.energy_kcal)
      expect(a.total_seconds).near(w.timer_s, 0.001)
      expect(a.finish_ms).equals(w.finish * 1000)
    end)
  end

  it("of running as a GPX file has a track as long as the plan says", function()
    local w = first("running")
    local seen = assert(decode(save("running.gpx", (text_of(gpx.write, w))), "gpx"))
    expect(seen.messages.track[1].distance_m).near(w.distance_m, w.distance_m * 0.001)
  end)

  it("in a pool has no GPX file", function()
    local text, written = text_of(gpx.write, first("swimming"))
    expect(text).equals("")
    expect(written).equals(false)
  end)
end)

describe("files of days", function()
  it("chain into one FIT file with two workouts", function()
    local bytes = fit.activity(plan, plan.workouts[1], { every_s = 5 })
      .. fit.activity(plan, plan.workouts[2], { every_s = 5, big = true })
    expect(#decode(save("chain.fit", bytes), "fit").messages.session).equals(2)
  end)

  it("hold the night with the plan's stages", function()
    for _, d in ipairs(plan.days) do
      local bytes = fit.sleep(plan, d)
      if bytes then
        local m = decode(save("sleep.fit", bytes), "fit").messages.sleep[1]
        expect(m.start_ms).equals(d.night.stages[1].start * 1000)
        expect(m.finish_ms).equals(d.night.stages[#d.night.stages].finish * 1000)
      end
    end
  end)

  it("hold every weighing", function()
    local n = 0
    for _, d in ipairs(plan.days) do n = n + (d.weight and 1 or 0) end
    local seen = decode(save("weight.fit", fit.weight(plan, 1, #plan.days)), "fit")
    expect(seen.rows["weight.weight"]).equals(n)
  end)
end)

describe("damaged files", function()
  local w = first("running")
  local good = fit.activity(plan, w, { every_s = 5, developer = true })
  for _, f in ipairs(damage.all(good, (text_of(gpx.write, w)))) do
    local format = f.name:match("%.(%a+)$")
    if format == "zip" then
      save(f.name, f.bytes)
    else
      it(f.name .. " is met with: " .. f.expect, function()
        local seen = decode(save(f.name, f.bytes), format)
        if f.expect == "refuse" then return expect(seen).is_nil() end
        expect(f.name:find("blanks") or #seen.notes > 0).is_true()
        local rows = seen.rows["record.heart_rate"] or seen.rows["trkpt.heart_rate"] or 0
        expect(f.expect == "tell" or rows > 0).is_true()
      end)
    end
  end

  it("bomb-with-a-lie.zip is read up to the cap, and the notes say so", function()
    local archive = assert(sw.import.zip(dir .. "/bomb-with-a-lie.zip"))
    local d = assert(archive:open(1))
    repeat until not d:next()
    expect(table.concat(d:report().notes, " ")).contains("200 times")
    expect(d:bytes() <= 64 << 20).is_true()
    d:close()
    archive:close()
  end)

  it("a bomb of 65 KB states 67 MB, and an archive of stored files keeps its names", function()
    local bomb = zip.bomb("a.fit", 262144)
    expect(bomb.size).equals(67633153)
    expect(#bomb.packed < 200000).is_true()
    local bytes = zip.archive { { name = "a/b.fit", bytes = good } }
    local archive = assert(sw.import.zip(save("good.zip", bytes)))
    expect(archive:entries()[1].name).equals("a/b.fit")
    archive:close()
  end)
end)
