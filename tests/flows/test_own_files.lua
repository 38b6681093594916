-- Importers on files the generator wrote: every format, one truth, damage. Needs nothing from outside.
local damage = require("demo.damage")
local flow = require("flow")
local world = require("world")

local function daily(h, metric)
  local list = {}
  for _, r in ipairs(h.json("query", metric, "--from", "2000-01-01", "--to", "2079-01-01")) do
    list[r.day] = r.value
  end
  return list
end

describe("own files", function()
  it("an Apple Health export across the clock change gives the steps and nights of the plan on every day",
    function()
    local h = flow.home("Europe/Berlin")
    local w = world.new(h.dir, { first = "2025-02-20", days = 60 })
    local list = h.import(w.export())
    expect(list[1].status).equals("ok")
    local steps, asleep, wrong = daily(h, "steps"), daily(h, "sleep_duration"), {}
    for day, t in pairs(w.plan.truth) do
      if t.steps and t.steps > 0 and math.abs((steps[day] or -1) - t.steps) > 0.01 then
        wrong[#wrong + 1] = ("%s steps %s, not %s"):format(day, tostring(steps[day]), t.steps)
      end
      local minutes = t.sleep and t.sleep.asleep_min
      if minutes and math.abs((asleep[day] or -1) - minutes) > 0.02 then
        wrong[#wrong + 1] = ("%s asleep %s, not %s"):format(day, tostring(asleep[day]), minutes)
      end
    end
    expect(table.concat(wrong, "\n")).equals("")
    expect(#h.json("records", "workout")).equals(#w.plan.workouts)
    h.remove()
  end)

  it("an Apple Health export keeps walked, swum and cycled metres apart and counts exercise and standing",
    function()
    local h, records = flow.home("UTC"), {}
    local function add(type, hour, value, unit)
      records[#records + 1] = ('<Record type="HK%s" sourceName="Watch" unit="%s" startDate="2024-05-01 %02d:00:00 '
        .. '+0000" endDate="2024-05-01 %02d:00:00 +0000" value="%s"/>'):format(type, unit, hour, hour + 1, value)
    end
    for kind, km in pairs { WalkingRunning = 1, Swimming = 2, Cycling = 3 } do
      add("QuantityTypeIdentifierDistance" .. kind, 10, km, "km")
    end
    add("QuantityTypeIdentifierAppleExerciseTime", 10, 31, "min")
    add("QuantityTypeIdentifierAppleStandTime", 10, 4, "min")
    for hour, value in pairs { [10] = "Stood", [11] = "Idle", [12] = "Stood" } do
      add("CategoryTypeIdentifierAppleStandHour", hour, "HKCategoryValueAppleStandHour" .. value, "")
    end
    local path = flow.write(h.dir .. "/export.xml", "<HealthData>" .. table.concat(records) .. "</HealthData>")
    expect(h.import(path)[1].new).equals(#records)
    for metric, value in pairs { distance = 1000, distance_swimming = 2000, distance_cycling = 3000,
      exercise_time = 31, stand_time = 4, stand_hours = 2 } do
      expect(daily(h, metric)["2024-05-01"]).equals(value)
    end
    h.remove()
  end)

  it("FIT, TCX, GPX and Apple Health of one run are one group with four members", function()
    local h = flow.home("Europe/Berlin")
    local w = world.new(h.dir, { days = 30 })
    local i = w.find("running")
    h.import(w.activity(i, "fit"), w.activity(i, "tcx"), w.activity(i, "gpx"), w.export())
    local groups, members = {}, 0
    for _, r in ipairs(h.json("records", "workout")) do
      groups[r.group] = (groups[r.group] or 0) + 1
      members = math.max(members, groups[r.group])
    end
    local n = 0
    for _ in pairs(groups) do
      n = n + 1
    end
    expect(members).equals(4)
    expect(n).equals(#w.plan.workouts)
    h.remove()
  end)

  it("a folder imported twice adds nothing and leaves the dump as it was", function()
    local h = flow.home("Europe/Berlin")
    local w = world.new(h.dir, { days = 20 })
    sw.fs.mkdir(h.dir .. "/in")
    for i = 1, math.min(6, #w.plan.workouts) do
      flow.write(("%s/in/%d.fit"):format(h.dir, i), w.bytes(i, "fit",
        { every_s = 5, big = i % 2 == 0, compressed = i % 3 == 0 }))
    end
    local first = h.import(h.dir .. "/in")
    local before = h.dump()
    local second = h.import(h.dir .. "/in")
    expect(first[#first].total.new > 0).is_true()
    expect(second[#second].total.new + second[#second].total.updated).equals(0)
    expect(second[#second].total.unchanged).equals(first[#first].total.new + first[#first].total.unchanged)
    expect(h.dump()).equals(before)
    h.remove()
  end)

  it("damaged files keep what stands before the damage, say so in one sentence, and never stop the others",
    function()
    local h = flow.home("Europe/Berlin")
    local w = world.new(h.dir, { days = 20 })
    local i = w.find("running")
    sw.fs.mkdir(h.dir .. "/bad")
    local owed = {}
    for _, f in ipairs(damage.all(w.bytes(i, "fit"), w.bytes(i, "gpx"))) do
      flow.write(h.dir .. "/bad/" .. f.name, f.bytes)
      owed[f.name] = f
    end
    local wrong = {}
    for name, f in pairs(owed) do
      local one = flow.home("Europe/Berlin")
      local list, r = one.import(h.dir .. "/bad/" .. name)
      local kept, status = list[#list] and list[#list].total.new or -1, list[1] and list[1].status or "none"
      local sentence = r.code == 0 or (list[1] and ((list[1].reasons[1] or "")
        .. (list[1].notes[1] or "")) ~= "")
      local owes = f.expect
      local ok = r.code == 0 or r.code == 1 or r.code == 4
      if owes == "keep" then ok = ok and kept > 0 and status == "partial" end
      if owes == "read" then ok = ok and kept > 0 end
      if owes == "refuse" then ok = ok and kept == 0 and status == "refused" end
      if owes == "tell" then ok = ok and status ~= "ok" end
      if not ok or not sentence or r.err:find("internal error") then
        wrong[#wrong + 1] = ("%s (%s): exit %d, %s, %d new, %s%s"):format(name, tostring(owes), r.code,
          status, kept, list[1] and
          sw.json.encode(list[1].reasons) .. sw.json.encode(list[1].notes) or "", r.err:sub(1, 200))
      end
      one.remove()
    end
    table.sort(wrong)
    expect(table.concat(wrong, "\n")).equals("")
    h.remove()
  end)
end)
