-- SPDX-License-Identifier: MIT
-- A made-up person: what one body did on every day, before any device wrote it down.
--
-- The demo and every test that must run without outside data begin here. plan() decides, the writers beside
-- it (apple, fit, tcx, gpx) only put it into a format, and plan.truth says what a correct importer must find.
-- The same options give the same plan anywhere. Built in on purpose: phone and watch count the same steps,
-- days and hours without the watch, both clock changes and a trip abroad each year, a week of illness each
-- winter, a run of workouts on 12 days in a row, weight going down, deeper and longer sleep after long runs.
-- Phone bouts lie inside those of the watch, so the steps of a day have one right answer.
--   local p = person.plan { seed = 1, first = "2024-06-01", days = 730, zone = "Europe/Berlin" }
--   p.truth["2024-06-02"].steps; p.workouts[1].distance_m; p.days[1].heart  -- flat: time, bpm, time, bpm ...
-- Times are UTC seconds; a day is that of the wall clock.
local clock = require("demo.clock")
local random = require("demo.random")
local track = require("demo.track")

local person = {}

local STREAM = { habits = 1, steps = 2, sleep = 3, heart = 4, body = 5, food = 6, sport = 7 }
local HOMES = {
  ["Europe/Berlin"] = { lat = 52.5, lon = 13.4 }, ["America/New_York"] = { lat = 40.77, lon = -73.97 },
}

local function round(x, step)
  return math.floor(x / step + 0.5) * step
end

local function whole(x)
  return math.floor(x + 0.5)
end

local function ill(day)
  local year, month, date = clock.civil(day)
  local from = 8 + random.mix(year, 77) % 12
  return month == 2 and date >= from and date < from + 7
end

-- Twelve days in a row each summer, so that streaks have something to count.
local function in_streak(day)
  local _, month, date = clock.civil(day)
  return month == 7 and date >= 4 and date <= 15
end

local function new_day(plan, day)
  local r = random.new(plan.seed, day, STREAM.habits)
  local weekend = clock.weekday(day) >= 5
  local d = { day = day, iso = clock.iso(day), ill = ill(day), weekend = weekend, workouts = {}, meals = {} }
  d.worn = not r.chance(0.04)
  local late = clock.weekday(day) == 4 and 1450 or 1380
  d.wake = plan.clock.utc(day, whole(r.gauss(weekend and 485 or 400, 22)))
  d.bed = plan.clock.utc(day, whole(r.gauss(late, 28)) - (d.ill and 70 or 0))
  d.travels = plan.clock.zone(plan.clock.utc(day, 0)) ~= plan.clock.zone(plan.clock.utc(day + 1, 0))
  return d
end

local CHARGE_S = 4500

-- In the evening the watch is off the wrist, after any workout and well before bed.
local function add_charge(plan, d)
  local r, w = random.new(plan.seed, d.day, STREAM.habits, 2), d.workouts[1]
  local from = plan.clock.utc(d.day, r.int(1150, 1195))
  if w and w.finish > from - 900 then from = w.finish + 900 end
  d.charge = from + CHARGE_S < d.bed - 1200 and from or d.bed
  d.charged = d.charge < d.bed and d.charge + CHARGE_S or d.bed
end

-- true when the watch measures: worn that day and not on its charger
local function watch_on(d, t)
  return d.worn and not (t >= d.charge and t < d.charged)
end

local SHAPES = { -- km/h, kcal a minute, heart rate, metres of hill to a loop
  running = { speed = 10.2, energy = 11.3, hr = 152, hill = 18, loop = 3000 },
  cycling = { speed = 25.5, energy = 9.6, hr = 136, hill = 60, loop = 15000 },
  swimming = { speed = 2.4, energy = 9.1, hr = 132, hill = 0, loop = 1000 },
}

local function run_minutes(r)
  return r.chance(0.2) and r.int(65, 95) or r.int(25, 55)
end

-- sport, minutes, minute of the day; nil on a day without
local function choose(d, r)
  local weekday = clock.weekday(d.day)
  if d.ill or d.travels or not d.worn then return nil end
  if weekday == 6 and r.chance(0.55) then return "cycling", r.int(60, 180), r.int(560, 660) end
  if weekday == 5 and r.chance(0.7) then return "running", run_minutes(r), r.int(580, 640) end
  if (weekday == 1 or weekday == 3) and r.chance(0.82) then
    return "running", run_minutes(r), r.int(1040, 1090)
  end
  if weekday == 2 and r.chance(0.3) then return "swimming", r.int(25, 55), r.int(1080, 1120) end
  if in_streak(d.day) then return "running", r.int(25, 40), r.int(1040, 1090) end
end

local function give_course(plan, w, shape, r)
  local home = HOMES[plan.clock.zone(w.start)]
  w.lat, w.lon = home.lat + r.gauss(0, 0.01), home.lon + r.gauss(0, 0.01)
  local loops = math.max(1, whole(w.distance_m / shape.loop))
  w.loop_m, w.hill_m, w.base_m = w.distance_m / loops, shape.hill, 40 + r.int(0, 30)
  w.ascent_m = loops * shape.hill
end

local function give_pool(w)
  w.pool_length_m, w.sub_sport = 25, "lap_swimming"
  w.lengths = math.max(4, w.distance_m // 50 * 2)
  w.distance_m = w.lengths * 25
end

local function give_effort(plan, w, minutes, r)
  local shape = SHAPES[w.sport]
  w.distance_m = whole(minutes / 60 * shape.speed * 1000 * r.gauss(1, 0.05))
  w.energy_kcal = whole(minutes * shape.energy * r.gauss(1, 0.05))
  w.hr_target, w.phase, w.waves = shape.hr + r.int(-5, 8), r.float() * 6, math.max(2, minutes // 6)
  if w.sport == "swimming" then give_pool(w) else give_course(plan, w, shape, r) end
  w.hr_avg, w.hr_max = track.heart_summary(w)
end

local function add_workout(plan, d)
  local r = random.new(plan.seed, d.day, STREAM.sport)
  local sport, minutes, at = choose(d, r)
  if not sport then return end
  local w = { sport = sport, seed = random.mix(plan.seed, d.day, 99), hr_rest = 78, day = d.day }
  w.start = plan.clock.utc(d.day, at) + r.int(0, 59)
  w.timer_s = minutes * 60 + r.int(0, 59)
  w.pause_s = sport == "cycling" and r.int(120, 900) or 0
  w.pause_at_s = w.pause_s > 0 and w.timer_s // 2 or w.timer_s
  w.finish = w.start + w.timer_s + w.pause_s
  give_effort(plan, w, minutes, r)
  w.index = #plan.workouts + 1
  d.workouts[1] = w
  plan.workouts[w.index] = w
end

local function during_workout(d, from, to)
  for _, w in ipairs(d.workouts) do
    if from < w.finish + 60 and to > w.start - 60 then return true end
  end
  return false
end

local function add_bout(plan, d, r, from, to, count)
  local watch = watch_on(d, from)
  local torn = watch ~= watch_on(d, to) -- taken off on the way: no single right answer
  if torn or plan.clock.day(from) ~= d.day or plan.clock.day(to) ~= d.day then return end
  local bout = { start = from, finish = to, watch = watch and count or nil }
  if not watch or r.chance(0.8) then
    bout.phone = math.max(1, whole(count * r.gauss(0.96, 0.04)))
    bout.phone_start, bout.phone_finish = from + r.int(0, 4), to - r.int(0, 4)
  end
  d.bouts[#d.bouts + 1] = bout
end

local function add_run_bouts(plan, d, r)
  for _, w in ipairs(d.workouts) do
    if w.sport == "running" then
      for s = 0, w.timer_s - 60, 300 do
        local to = w.timer_s - s < 360 and w.timer_s or s + 300
        add_bout(plan, d, r, w.start + s, w.start + to, whole((to - s) * 2.75))
      end
    end
  end
end

-- Walking, one bout to a slot of the waking day, so that no two of a device overlap.
local function add_steps(plan, d)
  local r = random.new(plan.seed, d.day, STREAM.steps)
  local goal = math.max(900, r.gauss(d.weekend and 8600 or 7400, 2400)) * (d.ill and 0.3 or 1)
  local n = math.max(5, whole(goal / 600))
  local slot = (d.bed - d.wake) // n
  d.bouts = {}
  add_run_bouts(plan, d, r)
  for i = 0, n - 1 do
    local count = math.max(12, whole(goal / n * (0.4 + 1.2 * r.float())))
    local length = math.max(20, math.min(slot - 40, whole(count / 1.75)))
    local from = d.wake + i * slot + r.int(0, slot - length - 20)
    if not during_workout(d, from, from + length) then add_bout(plan, d, r, from, from + length, count) end
  end
  table.sort(d.bouts, function(a, b) return a.start < b.start end)
end

local function long_run(d)
  local w = d.workouts[1]
  return w ~= nil and w.sport == "running" and w.distance_m > 5000
end

-- Cycles of about 90 minutes: deep early, REM late, a little awake between.
local function stages_of(night, r, restless)
  local list, t, cycle = {}, night.start + r.int(8, 20) * 60, 0
  local function add(stage, minutes)
    local to = math.min(night.finish, t + math.max(60, round(minutes * 60, 30)))
    if to > t then list[#list + 1] = { start = t, finish = to, stage = stage } end
    t = to
  end
  while t < night.finish do
    add("light", r.gauss(28, 5))
    add("deep", math.max(5, (30 - 7 * cycle) * night.deep + r.gauss(0, 3)))
    add("light", r.gauss(16, 4))
    add("rem", math.max(5, 9 + 6 * cycle + r.gauss(0, 3)))
    add("awake", restless * (2 + 4 * r.float()))
    cycle = cycle + 1
  end
  return list
end

local function add_night(plan, d, before)
  local r = random.new(plan.seed, d.day, STREAM.sleep)
  local far = long_run(before)
  local night = { start = before.bed, deep = far and 1.35 or 1 }
  if r.chance(0.02) then return end -- nothing recorded
  night.finish = d.wake
  if night.finish - night.start < 3 * 3600 then return end
  night.in_bed_start, night.in_bed_finish = night.start - r.int(2, 10) * 60, night.finish + r.int(1, 6) * 60
  night.stages = before.worn and d.worn and stages_of(night, r, d.ill and 5 or 1) or {}
  d.night = night
end

local function add_nap(plan, d)
  local r = random.new(plan.seed, d.day, STREAM.sleep, 2)
  local from = plan.clock.utc(d.day, 840) + r.int(0, 59) * 60
  local to = from + r.int(4, 9) * 300
  local busy = during_workout(d, from, to)
  if r.chance(0.03) and d.worn and not busy and not d.travels then d.nap = { start = from, finish = to } end
end

local function add_heart(plan, d)
  local r = random.new(plan.seed, d.day, STREAM.heart)
  local rest = 57 - 4 * (d.day - plan.first) / 730 + (d.ill and 9 or 0) + r.gauss(0, 1.1)
  d.heart = {}
  if not d.worn then return end
  d.resting_hr = whole(rest)
  d.hrv_sdnn = round(math.max(14, r.gauss(d.ill and 31 or 52, 6)), 0.001)
  local t, to = plan.clock.utc(d.day, 0) + r.int(0, 599), plan.clock.utc(d.day + 1, 0)
  while t < to do
    local asleep = t < d.wake or t >= d.bed
    local bpm = asleep and rest + math.abs(r.gauss(2, 3)) or rest + 13 + math.abs(r.gauss(7, 9))
    if watch_on(d, t) and not during_workout(d, t, t) then
      d.heart[#d.heart + 1] = t
      d.heart[#d.heart + 1] = whole(bpm)
    end
    t = t + (asleep and 1200 or 600) + r.int(-60, 60)
  end
end

local function add_body(plan, d, at)
  local r = random.new(plan.seed, d.day, STREAM.body)
  d.breaths, d.oxygen = {}, {}
  if d.night and #d.night.stages > 0 then
    for i = 1, 5 do
      local t = d.night.start + i * (d.night.finish - d.night.start) // 6
      d.breaths[i] = { time = t, value = round(r.gauss(d.ill and 16.8 or 14.4, 0.6), 0.1) }
      d.oxygen[i] = { time = t, value = math.min(100, whole(r.gauss(d.ill and 95 or 97, 0.9))) }
    end
  end
  if r.chance(0.4) then
    local kg, fat = 84 - 6 * at / plan.n_days, 24 - 3 * at / plan.n_days
    d.weight = { time = d.wake + 900, kg = round(kg + r.gauss(0, 0.35), 0.05),
      fat_percent = round(fat + r.gauss(0, 0.3), 0.1) }
  end
  if r.chance(0.3) then
    local from = plan.clock.utc(d.day, r.int(760, 800))
    d.mindful = { start = from, finish = from + r.int(5, 20) * 60 }
  end
  if clock.weekday(d.day) == 0 then
    d.pressure = { time = d.wake + 1500,
      systolic = whole(r.gauss(124, 5)), diastolic = whole(r.gauss(79, 4)) }
  end
end

local DISHES = {
  { name = "Oats & milk", meal = "Breakfast", at = 455, kcal = 430 },
  { name = "Bread <rye> with cheese", meal = "Lunch", at = 765, kcal = 640 },
  { name = "Crème \"maison\"", meal = "Dinner", at = 1165, kcal = 780 },
}

local function add_meals(plan, d)
  local r = random.new(plan.seed, d.day, STREAM.food)
  if not r.chance(0.45) then return end
  for i, dish in ipairs(DISHES) do
    local kcal = whole(math.max(120, r.gauss(dish.kcal, dish.kcal / 6)))
    d.meals[i] = {
      time = plan.clock.utc(d.day, dish.at + r.int(-20, 20)), name = dish.name, meal = dish.meal,
      energy_kcal = kcal, protein_g = round(kcal * 0.17 / 4, 0.1),
      carbs_g = round(kcal * 0.48 / 4, 0.1), fat_g = round(kcal * 0.35 / 9, 0.1),
    }
  end
end

local function sleep_truth(night)
  local t = { in_bed_min = (night.in_bed_finish - night.in_bed_start) / 60 }
  if #night.stages == 0 then return t end
  local sum = { light = 0, deep = 0, rem = 0, awake = 0 }
  for _, s in ipairs(night.stages) do sum[s.stage] = sum[s.stage] + (s.finish - s.start) / 60 end
  for stage, minutes in pairs(sum) do t[stage .. "_min"] = minutes end
  t.asleep_min = sum.light + sum.deep + sum.rem
  return t
end

local function truth_of(plan)
  local truth = {}
  for _, d in ipairs(plan.days) do
    truth[d.iso] = { steps = 0, sleep = d.night and sleep_truth(d.night) or nil, workouts = d.workouts,
      nap_min = d.nap and (d.nap.finish - d.nap.start) / 60 or nil, resting_hr = d.resting_hr,
      weight_kg = d.weight and d.weight.kg or nil }
  end
  for _, d in ipairs(plan.days) do
    for _, b in ipairs(d.bouts) do
      truth[d.iso].steps = truth[d.iso].steps + (b.watch or b.phone)
    end
  end
  return truth
end

local function fill(plan, at)
  local d = plan.days[at]
  add_workout(plan, d)
  if long_run(d) then d.bed = d.bed - 20 * 60 end
  add_charge(plan, d)
  add_steps(plan, d)
  if at > 1 then add_night(plan, d, plan.days[at - 1]) end
  add_nap(plan, d)
  add_heart(plan, d)
  add_body(plan, d, at)
  add_meals(plan, d)
end

-- Options: seed, first (ISO day), days, zone, pause (called every 30 days of the plan, so that a caller
-- on an event loop can let others run).
-- Result: seed, first (day number), n_days, zone, clock, days, workouts, truth.
function person.plan(options)
  local first = assert(clock.parse(options.first or "2024-06-01"), "first is a day like 2024-06-01")
  local n, zone = options.days or 730, options.zone or "Europe/Berlin"
  local plan = { seed = options.seed or 1, first = first, n_days = n, zone = zone, days = {}, workouts = {} }
  plan.clock = clock.new(zone, first, n)
  for i = 1, n do plan.days[i] = new_day(plan, first + i - 1) end
  for i = 1, n do
    fill(plan, i)
    if options.pause and i % 30 == 0 then options.pause() end
  end
  plan.truth = truth_of(plan)
  return plan
end

return person
