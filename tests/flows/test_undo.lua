-- Editing, tagging, deleting, logging, and taking each of them back: afterwards everything is as it was, and what
-- origins told is never lost.
local flow = require("flow")
local world = require("world")

local function filled(days)
  local h = flow.home("Europe/Berlin")
  local w = world.new(h.dir, { first = "2025-01-01", days = days or 30, seed = 5 })
  h.ok("import", w.export(), w.activity(1, "fit"))
  return h, w
end

-- What an undo cannot give back: revisions only go up.
local function settled(dump)
  return (dump:gsub('"revision":%d+', '"revision":0'))
end

local function one(h, kind)
  return h.json("records", kind)[1]
end

describe("undo", function()
  it("takes an import back, and the same file brings it all again", function()
    local h, w = filled()
    local before = h.dump()
    local path = w.activity(2, "fit")
    h.ok("log", "weight", "81kg", "2025-01-03")
    local with_weight = h.dump()
    expect(with_weight ~= before).is_true()
    h.import(path)
    local full = h.dump()
    expect(full ~= with_weight).is_true()
    local r = h.json("undo", "--last")
    expect(r.what).equals("import")
    expect(r.records + r.samples > 0).is_true()
    expect(h.run("check").code).equals(0)
    -- origins that an import made known stay; everything they said is gone
    local function data(dump)
      local lines = {}
      for line in settled(dump):gmatch("[^\n]+") do
        lines[#lines + 1] = not line:find('"table":"origin"', 1, true) and line or nil
      end
      return table.concat(lines, "\n")
    end
    expect(flow.difference(data(with_weight), data(h.dump()))).equals("")
    h.import(path)
    expect(flow.difference(settled(full), settled(h.dump()))).equals("")
    h.remove()
  end)

  it("takes a whole export back and leaves what came from elsewhere", function()
    local h = flow.home("Europe/Berlin")
    local w = world.new(h.dir, { first = "2025-01-01", days = 40, seed = 3 })
    h.ok("import", w.activity(1, "fit"))
    h.ok("import", w.export())
    local r = h.json("undo", "--last")
    expect(r.samples > 1000).is_true()
    expect(h.run("check").code).equals(0)
    local s = h.json("status")
    expect(s.records).equals(1)
    expect(h.run("undo", "--last").code).equals(0)
    s = h.json("status")
    expect(s.records + s.samples).equals(0)
    expect(h.run("undo", "--last").code).equals(2)
    h.remove()
  end)

  it("gives back the value that a logged one replaced, and keeps what was changed since", function()
    local h = flow.home("UTC")
    local at = "2025-01-03T10:00:00Z"
    h.ok("log", "weight", "80kg", at)
    h.ok("log", "weight", "81kg", at)
    h.ok("undo", "--last")
    expect(h.json("query", "weight", "--from", "2025-01-03", "--to", "2025-01-03")[1].value).equals(80)
    h.ok("log", "weight", "82kg", at)
    local runs = h.json("undo")
    -- the first run's value was replaced by the last one's: nothing to take back there
    local r, raw = h.json("undo", tostring(runs[#runs].run))
    expect(raw.code).equals(4)
    expect(r.kept).equals(1)
    expect(h.json("query", "weight", "--from", "2025-01-03", "--to", "2025-01-03")[1].value).equals(82)
    h.remove()
  end)

  it("of an edit, a tag and a deletion leaves what was before", function()
    local h = filled()
    local before = settled(h.dump())
    for _, words in ipairs {
      { "records", "delete", "--where", "kind=workout" },
      { "records", "tag", "--where", "kind=workout day=2025-01-01..2025-01-15", "race" },
      { "records", "edit", "--where", "kind=sleep day=2025-01-05..2025-01-20", "--set", "asleep_s=20000" },
    } do
      local r = h.json(table.unpack(words))
      expect(r.changed > 0).is_true()
      expect(h.run("check").code).equals(0)
      expect(settled(h.dump()) ~= before).is_true()
      h.ok("undo", tostring(r.run))
      local lines = {}
      for line in settled(h.dump()):gmatch("[^\n]+") do
        -- the person's own hand is an origin and a connection from now on
        lines[#lines + 1] = not line:find('"manual"', 1, true) and line or nil
      end
      expect(flow.difference(before, table.concat(lines, "\n") .. "\n")).equals("")
      expect(h.run("check").code).equals(0)
    end
    h.remove()
  end)

  it("of one run after the other goes back step by step, and undone they are what was before", function()
    local h = filled()
    h.ok("records", "tag", "--where", "kind=workout day=2025-01-01", "first") -- the person's own hand is there now
    local steps = { settled(h.dump()) }
    for i, words in ipairs {
      { "tag", "--where", "kind=workout day=2025-01-01..2025-01-20", "race" },
      { "edit", "--where", "kind=workout day=2025-01-01..2025-01-20", "--set", "title=Before work" },
      { "edit", "--where", "kind=workout day=2025-01-01..2025-01-10", "--set", "distance_m=1200" },
      { "delete", "--where", "kind=workout day=2025-01-01..2025-01-20" },
    } do
      h.ok("records", table.unpack(words))
      steps[i + 1] = settled(h.dump())
      expect(steps[i + 1] ~= steps[i]).is_true()
    end
    for i = #steps - 1, 1, -1 do
      h.ok("undo", "--last")
      expect(flow.difference(steps[i], settled(h.dump()))).equals("")
    end
    expect(h.run("check").code).equals(0)
    h.remove()
  end)
end)

describe("records", function()
  it("an edit shows everywhere and the original stays", function()
    local h = filled()
    local w = one(h, "workout")
    local r = h.json("records", "edit", "--where", "group=" .. w.group, "--set", "title=Along the river", "--set",
      "distance_m=1234", "--set", "sport=rowing")
    expect(r.matched).equals(1)
    for _, now in ipairs(h.json("records", "workout")) do
      if now.group == w.group then
        expect(now.attributes.title).equals("Along the river")
        expect(now.attributes.distance_m).equals(1234)
        expect(now.type).equals("rowing")
        expect(table.concat(now.edited, " ")).equals("distance_m sport title")
      else
        expect(now.edited).equals(nil)
      end
    end
    expect(#h.json("records", "workout", "--id", w.group) >= 1).is_true()
    -- the origin's own words are still there
    expect(h.dump():find(('"distance_m":%g'):format(w.attributes.distance_m), 1, true) ~= nil).is_true()
    -- edited twice: both are kept, and one undo gives back the first edit
    h.ok("records", "edit", "--where", "group=" .. w.group, "--set", "distance_m=99")
    h.ok("undo", "--last")
    local now = h.json("records", "workout", "--id", w.group)[1]
    expect(now.attributes.distance_m).equals(1234)
    expect(now.attributes.title).equals("Along the river")
    h.remove()
  end)

  it("an edit takes figures with their unit and times of the day, and refuses what is neither", function()
    local h = flow.home("Europe/Berlin")
    h.ok("log", "workout", "running", "45min", "8.2km", "2026-03-29", "01:30") -- the clock goes forward at two
    local function edit(...)
      return h.run("records", "edit", "--where", "kind=workout", "--set", ...)
    end
    for set, said in pairs { ["distance_m=abc"] = "is no figure for distance_m", ["distance=9km"] = "distance_m=9km",
      ["elapsed_s=9km"] = "is no figure", ["hr_avg=1e999"] = "is no figure", ["distance_m=-3"] = "less than nothing",
      ["finish=25:00"] = "is no time", ["finish=2026-05-01 10:00"] = "over a week", ["start=2026-03-28 23:00"] = "another day",
      ["day=2026-01-01"] = "cannot be set" } do
      local r = edit(set)
      expect(("%s: %d %s"):format(set, r.code, r.err:find(said, 1, true) and said or r.err)).equals(
        ("%s: 2 %s"):format(set, said))
    end
    expect(edit("distance_m=9,5km", "--set", "energy_kcal=2092kJ", "--set", "title=12", "--set",
      "finish=03:40").code).equals(0)
    local w = h.json("records", "workout")[1]
    expect(w.attributes.distance_m).equals(9500)
    expect(w.attributes.energy_kcal).equals(500)
    expect(w.attributes.title).equals("12")
    expect(w.start).equals("2026-03-29T01:30:00+01:00")
    expect(w.finish).equals("2026-03-29T03:40:00+02:00")
    expect(w.attributes.elapsed_s).equals(70 * 60)
    expect(table.concat(w.edited, " ")).equals("distance_m elapsed_s energy_kcal finish title")
    expect(h.ok("records", "workout", "--where", "distance_m>9km").out:find("1 h 10 min", 1, true) ~= nil).is_true()
    expect(h.ok("records", "workout", "--where", "distance_m>10km").out:find("no records", 1, true) ~= nil).is_true()
    expect(h.run("records", "workout", "--where", "distance_m>far").code).equals(2)
    h.remove()
  end)

  it("what the file says again does not undo an edit or a deletion", function()
    local h, w = filled()
    local first = one(h, "workout")
    h.ok("records", "edit", "--where", "group=" .. first.group, "--set", "title=mine")
    local others = h.json("records", "delete", "--where", "kind=workout day=2025-01-10..2025-01-30")
    expect(others.changed > 0).is_true()
    local n = #h.json("records", "workout")
    h.import(w.export())
    expect(#h.json("records", "workout")).equals(n)
    expect(h.json("records", "workout", "--id", first.group)[1].attributes.title).equals("mine")
    h.remove()
  end)

  it("conditions choose by figures, words and origin, and a slip of the finger changes nothing", function()
    local h = filled()
    local all = h.json("records", "workout")
    local longer = 0
    for _, r in ipairs(all) do
      longer = longer + ((r.attributes.elapsed_s or 0) > 2400 and 1 or 0)
    end
    local dry = h.json("records", "delete", "--where", "kind=workout elapsed_s>2400", "--dry-run")
    expect(dry.dry_run).equals(true)
    expect(dry.matched > 0 and dry.matched <= longer).is_true()
    expect(#h.json("records", "workout")).equals(#all)
    local bad = h.run("records", "delete", "--where", "kind=workout elapsed>2400")
    expect(bad.code).equals(2)
    expect(bad.err:find("elapsed_s", 1, true) ~= nil).is_true()
    expect(h.run("records", "delete").code).equals(2)
    expect(h.run("records", "delete", "--where", "nonsense").code).equals(2)
    expect(h.run("records", "edit", "--where", "kind=workout").code).equals(2)
    expect(h.run("records", "edit", "--where", "kind=workout", "--set", "group=1").code).equals(2)
    expect(h.json("records", "delete", "--where", "kind=workout provider=nobody").changed).equals(0)
    expect(#h.json("records", "workout")).equals(#all)
    h.ok("records", "workout", "tag", "--where", "day=2025-01-01..2025-01-10", "race", "cold")
    local tagged = h.json("records", "edit", "--where", "kind=workout tag=race", "--set", "x=1", "--dry-run")
    expect(tagged.matched > 0 and tagged.matched < #all).is_true()
    h.remove()
  end)
end)

describe("goals", function()
  it("are set in people's units, show how far today is, and go again", function()
    local h = flow.home("UTC")
    local function at(...)
      return h.json("--now", "2025-06-10T20:00:00Z", ...)
    end
    expect(at("goals", "set", "steps", "10000/day").target).equals(10000)
    expect(at("goals", "set", "sleep", "7.5h").target).equals(450)
    h.ok("--now", "2025-06-10T20:00:00Z", "log", "steps", "4000")
    h.ok("--now", "2025-06-10T20:00:00Z", "log", "steps", "12000", "yesterday")
    for _, g in ipairs(at("goals")) do
      if g.metric == "steps" then
        expect(g.today).equals(4000)
        expect(g.met_of_7_days).equals(1)
      end
    end
    expect(#at("goals")).equals(2)
    h.ok("goals", "remove", "steps")
    expect(#at("goals")).equals(1)
    expect(h.run("goals", "set", "steps", "-5").code).equals(2)
    expect(h.run("goals", "steps", "9000").err).contains("syncwell goals set steps 9000")
    expect(h.ok("goals", "set", "weight", "75").out).contains("75.00 kg or more a day; --at-most")
    expect(h.run("goals", "set", "steps", "5kg").code).equals(2)
    expect(h.run("goals", "remove", "steps").code).equals(2)
    h.remove()
  end)
end)

describe("goals that are a most", function()
  it("are met by what is less, and of what adds up only when the day is over", function()
    local h = flow.home("UTC")
    local function at(...)
      return h.ok("--now", "2025-06-10T20:00:00Z", ...)
    end
    at("goals", "set", "weight", "75kg", "--at-most")
    at("goals", "set", "caffeine", "400mg", "--at-most")
    for _, words in ipairs { "weight 76kg", "weight 74.8kg yesterday", "caffeine 80mg", "caffeine 300mg yesterday",
      "caffeine 500mg 2025-06-08" } do
      at("log", table.unpack(flow.words(words)))
    end
    expect(at("goals").out).contains("at most 75.00 kg")
    for _, g in ipairs(h.json("--now", "2025-06-10T20:00:00Z", "goals")) do
      expect(g.metric .. " " .. g.met_of_7_days).equals(g.metric .. " 1")
      expect(g.most).is_true()
    end
    h.ok("export", "json", "--out", h.dir .. "/all.jsonl")
    local other = flow.home("UTC")
    other.import(h.dir .. "/all.jsonl")
    expect(other.json("goals")[1].most).is_true()
    h.remove()
    other.remove()
  end)
end)

describe("log", function()
  it("writes workouts, nights and meals as people say them", function()
    local h = flow.home("Europe/Berlin")
    local function log(...)
      return h.json("--now", "2025-06-10T20:00:00Z", "log", ...)
    end
    local w = log("workout", "running", "45min", "8.2km", "yesterday", "18:00")
    expect(w.start).equals("2025-06-09T18:00:00+02:00")
    expect(w.finish).equals("2025-06-09T18:45:00+02:00")
    expect(w.attributes.distance_m).equals(8200)
    expect(w.attributes.sport).equals("running")
    expect(log("workout", "rowing", "1h30min").finish).equals("2025-06-10T22:00:00+02:00")
    local s = log("sleep", "23:10-06:40")
    expect(s.start).equals("2025-06-09T23:10:00+02:00")
    expect(s.attributes.asleep_s).equals(27000)
    expect(h.json("query", "sleep", "--from", "2025-06-10", "--to", "2025-06-10")[1].value).equals(450)
    local m = log("meal", "pasta", "al", "forno", "650kcal", "20g", "protein", "today", "13:00")
    expect(m.attributes.name).equals("pasta al forno")
    expect(m.attributes.protein_g).equals(20)
    expect(m.start).equals("2025-06-10T13:00:00+02:00")
    h.ok("undo", tostring(s.run))
    expect(#h.json("query", "sleep", "--from", "2025-06-10", "--to", "2025-06-10")).equals(0)
    for _, bad in ipairs { { "workout", "running" }, { "workout", "running", "fast", "45min" },
      { "workout", "45min", "50min" }, { "sleep", "25:10-06:40" },
      { "workout", "running", "45min", "2030-01-01" } } do
      expect(h.run("--now", "2025-06-10T20:00:00Z", "log", table.unpack(bad)).code).equals(2)
    end
    h.remove()
  end)

  it("means the last night that is over, and calls a sport as devices do", function()
    local h = flow.home("Europe/Berlin")
    local function log(at, ...)
      return h.json("--now", at, "log", table.unpack(flow.words(...)))
    end
    for at, start in pairs { ["2025-06-10T23:30:00Z"] = "2025-06-09T23:10:00+02:00", -- half past one, still up
      ["2025-06-11T04:30:00Z"] = "2025-06-10T23:10:00+02:00" } do -- ten minutes before the end
      expect(log(at, "sleep 23:10-06:40").start).equals(start)
    end
    expect(log("2025-06-11T08:00:00Z", "sleep 13:00-14:00").start).equals("2025-06-10T13:00:00+02:00")
    local run = log("2025-06-11T08:00:00Z", "workout TrailRun 45min").attributes
    expect({ run.sport, run.sub_sport }).equals { "running", "trail" }
    expect(log("2025-06-11T08:00:00Z", "workout Läufchen 45min").attributes.sport).equals("läufchen")
    expect(h.ok("--now", "2025-06-11T07:00:00Z", "log", "workout", "ride", "20min").out).contains("cycling at ")
    h.ok("records", "edit", "--where", "kind=workout sport=cycling", "--set", "sport=Swim")
    expect(#h.json("records", "workout", "--where", "sport=swimming")).equals(1)
    h.remove()
  end)

  it("understands the times people say, which are times that were", function()
    local h = flow.home("Europe/Berlin")
    for words, at in pairs { ["9am"] = "10T09:00", ["at 9:30pm"] = "09T21:30", ["12am"] = "10T00:00",
      ["12 pm"] = "09T12:00", ["20:15"] = "09T20:15", ["10:40"] = "10T10:40", -- half an hour ahead is a clock that goes wrong
      ["friday"] = "06T12:00", ["on friday at 7am"] = "06T07:00", ["last tuesday"] = "03T12:00",
      ["2025-06-05"] = "05T12:00", ["2 days ago 18:00"] = "08T18:00" } do
      local r = h.json("--now", "2025-06-10T08:10:00Z", "log", "weight", "80", table.unpack(flow.words(words)))
      expect(words .. " " .. r.at).equals(("%s 2025-06-%s:00+02:00"):format(words, at))
    end
    h.remove()
  end)

  it("takes values in the units and words people have for them", function()
    local h, now = flow.home("Europe/Berlin"), "2025-06-10T20:00:00Z"
    for words, value in pairs { ["weight 12st 5lb"] = 78.471, ["weight 81,2 kg yesterday 8:00"] = 81.2,
      ["body_temperature 98.6F"] = 37, ["height 5ft 11in"] = 1.803, ["water 2 cups"] = 473.177,
      ["active_energy 300cal"] = 300, ["energy_intake 2092kJ"] = 500, ["sleep_duration 7h30min"] = 450,
      ["insulin 5 units"] = 5, ["blood_glucose 5.5mmol/L"] = 99.086, ["cadence 170spm"] = 170 } do
      local got = h.json("--now", now, "log", table.unpack(flow.words(words)))
      expect(("%s: %.2f"):format(words, got.value)).equals(("%s: %.2f"):format(words, value))
    end
    for words, said in pairs { ["weight 8O"] = "no amount of weight", ["weight 12st5lb3"] = "no amount",
      ["mood 11"] = "mood of 11 is not plausible (0 to 10)", ["water 2h"] = "no amount of water",
      ["body_temperature 37C 2C"] = "not a time", ["weight 80 2025-06-20"] = "in the future",
      ["blood_pressure 120"] = "as 120/80", ["blood_pressure 999/80"] = "not plausible", mindful = "how long",
      measurement = "a name and a figure", mood = "needs a value", ["steps 8,000"] = "write 8000 or 8.000",
      ["workout running 8,250km 45min"] = "in two ways", ["blood_glucose 6.1"] = "write 6.1mmol/L",
      ["pushups 40"] = "log measurement pushups 40", headache = "log note headache",
      ["weight 80 13pm"] = "not a time", ["weight 80 25:00"] = "not a time" } do
      local r = h.run("--now", now, "log", table.unpack(flow.words(words)))
      expect(("%s: %d %s"):format(words, r.code, r.err:find(said, 1, true) and said or r.err)).equals(
        ("%s: 2 %s"):format(words, said))
    end
    h.remove()
  end)

  it("writes a blood pressure as one, and what is eaten and the minutes of quiet count for their day", function()
    local h, now = flow.home("Europe/Berlin"), "2025-06-10T20:00:00Z"
    local function today(metric)
      local rows = h.json("query", metric, "--from", "2025-06-10", "--to", "2025-06-10")
      return rows[1] and rows[1].value or "nothing"
    end
    h.ok("--now", now, "log", "bp", "121/79", "today", "7:30")
    expect(today("blood_pressure_systolic")).equals(121)
    expect(today("blood_pressure_diastolic")).equals(79)
    h.ok("undo", "--last")
    expect(today("blood_pressure_systolic")).equals("nothing")
    h.ok("--now", now, "log", "meal", "soup", "300kcal", "10g", "protein", "today", "13:00")
    h.ok("--now", now, "log", "meal", "bread", "836.8kJ", "today", "13:00")
    expect(today("energy_intake")).equals(500)
    expect(today("protein")).equals(10)
    local meals = h.json("records", "meal")
    expect(meals[1].group ~= meals[2].group).is_true() -- two meals, told by one person
    h.ok("undo", "--last")
    expect(today("energy_intake")).equals(300)
    h.ok("--now", now, "log", "mindful", "10min", "today", "7:00")
    expect(today("mindful_minutes")).equals(10)
    h.ok("--now", now, "log", "measurement", "waist", "84cm")
    expect(h.ok("records", "measurement").out:find("waist 84 cm", 1, true) ~= nil).is_true()
    expect(h.run("check").code).equals(0)
    h.remove()
  end)

  it("of a meal changes and goes with it, also what it gave its day, and comes back with it", function()
    local h, now = flow.home("Europe/Berlin"), "2025-06-10T20:00:00Z"
    local function today(metric)
      local rows = h.json("query", metric, "--from", "2025-06-10", "--to", "2025-06-10")
      return rows[1] and rows[1].value or "nothing"
    end
    h.ok("--now", now, "log", "meal", "pasta", "500kcal", "20g", "protein", "today", "13:00")
    h.ok("--now", now, "log", "meal", "soup", "300kcal", "today", "13:00")
    h.ok("--now", now, "log", "mindful", "10min", "today", "7:00")
    h.ok("records", "edit", "--where", "kind=meal name=pasta", "--set", "energy_kcal=700", "--set", "start=14:00")
    h.ok("records", "edit", "--where", "kind=mindful", "--set", "elapsed_s=20min")
    expect({ today("energy_intake"), today("protein"), today("mindful_minutes") }).equals { 1000, 20, 20 }
    h.ok("records", "delete", "--where", "kind=meal name=pasta")
    h.ok("records", "delete", "--where", "kind=mindful")
    expect({ today("energy_intake"), today("protein"), today("mindful_minutes") })
      .equals { 300, "nothing", "nothing" }
    for _ = 1, 4 do
      h.ok("undo", "--last")
    end
    expect({ today("energy_intake"), today("protein"), today("mindful_minutes") }).equals { 800, 20, 10 }
    expect(h.run("check").code).equals(0)
    h.remove()
  end)
end)
