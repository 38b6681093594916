-- SPDX-License-Identifier: MIT
-- A plan as Apple Health's export.xml: phone, watch, scale and two apps, with the habits of real exports.
-- Records stand grouped by type; about one in 400 is repeated, byte for byte or with another creationDate.
--   local counts = apple.write(plan, function(text) file:write(text) end, { control_byte = true })
local clock = require("demo.clock")
local random = require("demo.random")
local track = require("demo.track")

local apple = {}

local WATCH_DEVICE = "&lt;&lt;HKDevice: 0x2816f3a90&gt;, name:Apple Watch, manufacturer:Apple Inc., "
  .. "model:Watch, hardware:Watch6,2, software:9.6&gt;"
local PHONE_DEVICE = "&lt;&lt;HKDevice: 0x28170c4b0&gt;, name:iPhone, manufacturer:Apple Inc., "
  .. "model:iPhone, hardware:iPhone13,2, software:16.7&gt;"

-- name and version as they stand in the file; the watch's name has the typographic
-- apostrophe and the no-break space that Apple gives it
local SOURCES = {
  watch = { name = "Alex’s Apple\u{a0}Watch", version = "9.6", device = WATCH_DEVICE },
  phone = { name = "Alex’s iPhone", version = "16.7", device = PHONE_DEVICE },
  scale = { name = "Bathroom Scale &amp; Co", version = "5.3.1" },
  food = { name = "Food &quot;Diary&quot;", version = "4.1" },
  calm = { name = "Quiet &lt;Mind&gt;", version = "6.2" },
}
local QUANTITY, CATEGORY = "HKQuantityTypeIdentifier", "HKCategoryTypeIdentifier"
local STAGES = { light = "AsleepCore", deep = "AsleepDeep", rem = "AsleepREM", awake = "Awake" }
local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local DOCTYPE = [=[
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 12 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout|ActivitySummary)*)>
<!ATTLIST HealthData
  locale CDATA #REQUIRED
>
<!ELEMENT ExportDate EMPTY>
<!ATTLIST ExportDate
  value CDATA #REQUIRED
>
<!ELEMENT Record ((MetadataEntry|HeartRateVariabilityMetadataList)*)>
]>
]=]

-- "2024-06-01 07:30:00 +0200"; days and times of day are looked up, not formatted
local function stamper(c)
  local days, times, offsets = {}, {}, {}
  for s = 0, 86399 do times[s] = (" %02d:%02d:%02d "):format(s // 3600, s // 60 % 60, s % 60) end
  local function day_text(day)
    days[day] = days[day] or clock.iso(day)
    return days[day]
  end
  local function offset_text(offset)
    local m = math.abs(offset) // 60
    offsets[offset] = offsets[offset] or ("%s%02d%02d"):format(offset < 0 and "-" or "+", m // 60, m % 60)
    return offsets[offset]
  end
  return function(t)
    local offset = c.offset(t)
    local wall = t + offset
    return day_text(wall // 86400) .. times[wall % 86400] .. offset_text(offset)
  end
end

local function writer(plan, put)
  local o = { plan = plan, stamp = stamper(plan.clock), counts = {}, repeated = 0, part = {}, n = 0 }
  o.random = random.new(plan.seed, 4711)
  function o.add(text)
    o.n = o.n + 1
    o.part[o.n] = text
    if o.n == 2000 then o.flush() end
  end
  function o.flush()
    put(table.concat(o.part, "", 1, o.n))
    o.n = 0
  end
  return o
end

local function count(o, name)
  o.counts[name] = (o.counts[name] or 0) + 1
end

-- Repeat what was just written now and then, as exports do; again() gives it with a later creationDate.
local function maybe_repeat(o, name, text, again)
  local dice = o.random.int(1, 800)
  if dice > 2 then return end
  o.add(dice == 1 and text or again())
  count(o, name)
  o.repeated = o.repeated + 1
end

-- A function that writes records of one type and source: f(start, finish, value, inner, lag_s).
local function recorder(o, type, source, unit, with_device)
  local s = SOURCES[source]
  local head = (' <Record type="%s" sourceName="%s" sourceVersion="%s"'):format(type, s.name, s.version)
  if with_device and s.device then head = head .. ' device="' .. s.device .. '"' end
  if unit then head = head .. ' unit="' .. unit .. '"' end
  head = head .. ' creationDate="'
  return function(start, finish, value, inner, lag_s)
    local from = o.stamp(start)
    local tail = '" startDate="' .. from .. '" endDate="' .. (finish == start and from or o.stamp(finish))
      .. '" value="' .. value .. (inner and '">\n' .. inner .. " </Record>\n" or '"/>\n')
    local text = head .. o.stamp(finish + (lag_s or 35)) .. tail
    o.add(text)
    count(o, type)
    maybe_repeat(o, type, text, function() return head .. o.stamp(finish + 86435) .. tail end)
  end
end

local function each_bout(o, phone, watch)
  for _, d in ipairs(o.plan.days) do
    for _, b in ipairs(d.bouts) do
      if b.phone then phone(b.phone_start, b.phone_finish, b.phone) end
    end
  end
  for _, d in ipairs(o.plan.days) do
    for _, b in ipairs(d.bouts) do
      if b.watch then watch(b.start, b.finish, b.watch) end
    end
  end
end

local function steps(o)
  local type = QUANTITY .. "StepCount"
  each_bout(o, recorder(o, type, "phone", "count", true), recorder(o, type, "watch", "count", true))
end

local function walked(write)
  return function(from, to, n) write(from, to, ("%.5f"):format(n * 0.00074)) end
end

local function distance(o)
  local type = QUANTITY .. "DistanceWalkingRunning"
  each_bout(o, walked(recorder(o, type, "phone", "km")), walked(recorder(o, type, "watch", "km")))
end

local MOTION = '  <MetadataEntry key="HKMetadataKeyHeartRateMotionContext" value="%d"/>\n'
local SITTING, ACTIVE = MOTION:format(1), MOTION:format(2)

-- Inside a workout every so many seconds of its timer.
local function workout_heart(write, w, every_s)
  for s = 0, w.timer_s, every_s do
    local t = track.time(w, s)
    write(t, t, track.heart_rate(w, s), s == 0 and ACTIVE or nil, 3)
  end
end

local function heart(o, options)
  local write = recorder(o, QUANTITY .. "HeartRate", "watch", "count/min")
  for _, d in ipairs(o.plan.days) do
    local list = d.heart
    for i = 1, #list, 2 do write(list[i], list[i], list[i + 1], i % 40 == 1 and SITTING or nil, 4) end
    for _, w in ipairs(d.workouts) do workout_heart(write, w, options.workout_heart_s or 30) end
  end
end

local function daily_heart(o)
  local resting = recorder(o, QUANTITY .. "RestingHeartRate", "watch", "count/min")
  local hrv = recorder(o, QUANTITY .. "HeartRateVariabilitySDNN", "watch", "ms", true)
  local c = o.plan.clock
  for _, d in ipairs(o.plan.days) do
    if d.resting_hr then resting(c.utc(d.day, 1), c.utc(d.day, 1430), d.resting_hr) end
  end
  for _, d in ipairs(o.plan.days) do
    if d.hrv_sdnn then hrv(d.wake - 3600, d.wake - 3540, ("%.3f"):format(d.hrv_sdnn)) end
  end
end

local function breath(o)
  local rate = recorder(o, QUANTITY .. "RespiratoryRate", "watch", "count/min", true)
  local oxygen = recorder(o, QUANTITY .. "OxygenSaturation", "watch", "%", true)
  for _, d in ipairs(o.plan.days) do
    for _, b in ipairs(d.breaths) do rate(b.time, b.time, ("%.1f"):format(b.value)) end
  end
  for _, d in ipairs(o.plan.days) do
    for _, b in ipairs(d.oxygen) do oxygen(b.time, b.time, ("%.2f"):format(b.value / 100)) end
  end
end

-- Blocks of an hour while the watch is worn, and the workout as a block of its own.
local function energy(o)
  local write = recorder(o, QUANTITY .. "ActiveEnergyBurned", "watch", "kcal", true)
  for _, d in ipairs(o.plan.days) do
    for _, w in ipairs(d.workouts) do write(w.start, w.finish, w.energy_kcal) end
    local t = d.wake
    while d.worn and t + 3600 <= d.charge do
      local w = d.workouts[1]
      local apart = not w or t >= w.finish or t + 3600 <= w.start
      if apart then write(t, t + 3600, ("%.3f"):format(math.abs(o.random.gauss(30, 13)))) end
      t = t + 3600
    end
  end
end

local function body(o)
  local mass = recorder(o, QUANTITY .. "BodyMass", "scale", "kg")
  local fat = recorder(o, QUANTITY .. "BodyFatPercentage", "scale", "%")
  for _, d in ipairs(o.plan.days) do
    local w = d.weight
    if w then mass(w.time, w.time, ("%.2f"):format(w.kg)) end
  end
  for _, d in ipairs(o.plan.days) do
    local w = d.weight
    if w then fat(w.time, w.time, ("%.3f"):format(w.fat_percent / 100)) end
  end
end

local function sleep(o)
  local type, value = CATEGORY .. "SleepAnalysis", "HKCategoryValueSleepAnalysis"
  local phone, watch = recorder(o, type, "phone"), recorder(o, type, "watch")
  for _, d in ipairs(o.plan.days) do
    local night = d.night
    if night then phone(night.in_bed_start, night.in_bed_finish, value .. "InBed") end
  end
  for _, d in ipairs(o.plan.days) do
    for _, s in ipairs(d.night and d.night.stages or {}) do
      watch(s.start, s.finish, value .. STAGES[s.stage])
    end
    if d.nap then watch(d.nap.start, d.nap.finish, value .. "AsleepCore") end
  end
end

local function mindful(o)
  local write = recorder(o, CATEGORY .. "MindfulSession", "calm")
  for _, d in ipairs(o.plan.days) do
    local m = d.mindful
    if m then write(m.start, m.finish, "HKCategoryValueNotApplicable") end
  end
end

local NUTRIENTS = {
  { "DietaryEnergyConsumed", "energy_kcal", "kcal" }, { "DietaryProtein", "protein_g", "g" },
  { "DietaryCarbohydrates", "carbs_g", "g" }, { "DietaryFatTotal", "fat_g", "g" },
}

local function each_meal(o, visit)
  for _, d in ipairs(o.plan.days) do
    for _, meal in ipairs(d.meals) do visit(meal) end
  end
end

local function nutrients(o)
  for _, n in ipairs(NUTRIENTS) do
    local write = recorder(o, QUANTITY .. n[1], "food", n[3])
    each_meal(o, function(meal) write(meal.time, meal.time, ("%.1f"):format(meal[n[2]])) end)
  end
end

local function pressure_records(o)
  local write = {}
  for _, d in ipairs(o.plan.days) do
    for _, part in ipairs(d.pressure and { "systolic", "diastolic" } or {}) do
      local name = QUANTITY .. "BloodPressure" .. part:sub(1, 1):upper() .. part:sub(2)
      write[part] = write[part] or recorder(o, name, "scale", "mmHg")
      write[part](d.pressure.time, d.pressure.time, d.pressure[part])
    end
  end
end

local MEMBER = '  <Record type="%s" sourceName="%s" sourceVersion="%s" unit="%s" creationDate="%s" '
  .. 'startDate="%s" endDate="%s" value="%s"/>\n'
local GROUP = ' <Correlation type="HKCorrelationTypeIdentifier%s" sourceName="%s" sourceVersion="%s" '
  .. 'creationDate="%s" startDate="%s" endDate="%s">\n'

-- Members stand inside the correlation and, as in real exports, also on their own.
local function correlation(o, kind, source, time, metadata, members)
  local s, at, made = SOURCES[source], o.stamp(time), o.stamp(time + 35)
  o.add(GROUP:format(kind, s.name, s.version, made, at, at) .. metadata)
  count(o, "Correlation")
  for _, m in ipairs(members) do
    o.add(MEMBER:format(QUANTITY .. m[1], s.name, s.version, m[3], made, at, at, m[2]))
    count(o, QUANTITY .. m[1])
  end
  o.add(" </Correlation>\n")
end

local function metadata(key, text)
  return ('  <MetadataEntry key="%s" value="%s"/>\n'):format(key, (text:gsub('[&<>"]', ESCAPES)))
end

local function correlations(o, options)
  local odd = options.control_byte and "\11" or "" -- XML forbids it; exports have it once in a while
  each_meal(o, function(meal)
    local members = {}
    for i, n in ipairs(NUTRIENTS) do members[i] = { n[1], ("%.1f"):format(meal[n[2]]), n[3] } end
    local text = metadata("HKFoodType", meal.name .. odd) .. metadata("HKFoodMeal", meal.meal)
    odd = ""
    correlation(o, "Food", "food", meal.time, text, members)
  end)
  for _, d in ipairs(o.plan.days) do
    local p = d.pressure
    if p then
      correlation(o, "BloodPressure", "scale", p.time, "", {
        { "BloodPressureSystolic", p.systolic, "mmHg" }, { "BloodPressureDiastolic", p.diastolic, "mmHg" } })
    end
  end
end

local WORKOUT = ' <Workout workoutActivityType="HKWorkoutActivityType%s" duration="%.6f" durationUnit="min" '
  .. 'sourceName="%s" sourceVersion="%s" device="%s" creationDate="%s" startDate="%s" endDate="%s">\n'
local ROUTE = '  <WorkoutRoute sourceName="%s" creationDate="%s">\n   <FileReference path="%s"/>\n'
  .. "  </WorkoutRoute>\n"
local DISTANCES = {
  running = { "DistanceWalkingRunning", "km", 1000 }, cycling = { "DistanceCycling", "km", 1000 },
  swimming = { "DistanceSwimming", "m", 1 },
}

local function pause_events(o, w)
  if w.pause_s == 0 then return end
  local at = w.start + w.pause_at_s
  local event = '  <WorkoutEvent type="HKWorkoutEventType%s" date="%s"/>\n'
  o.add(event:format("Pause", o.stamp(at)))
  o.add(event:format("Resume", o.stamp(at + w.pause_s)))
end

local HEART_STATISTICS = '  <WorkoutStatistics type="%sHeartRate" %s average="%d" minimum="%d" '
  .. 'maximum="%d" unit="count/min"/>\n'

local function statistics(o, w)
  local span = ('startDate="%s" endDate="%s"'):format(o.stamp(w.start), o.stamp(w.finish))
  local sum = '  <WorkoutStatistics type="' .. QUANTITY .. '%s" %s sum="%s" unit="%s"/>\n'
  local far = DISTANCES[w.sport]
  o.add(sum:format("ActiveEnergyBurned", span, w.energy_kcal, "kcal"))
  o.add(sum:format(far[1], span, ("%.6g"):format(w.distance_m / far[3]), far[2]))
  o.add(HEART_STATISTICS:format(QUANTITY, span, w.hr_avg, w.hr_rest, w.hr_max))
end

-- The path a route would have; the GPX itself is written by gpx.lua.
function apple.route_path(plan, w)
  local wall = w.finish + plan.clock.offset(w.finish)
  return ("/workout-routes/route_%s_%02d.%02d.gpx"):format(clock.iso(wall // 86400),
    wall % 86400 // 3600, wall % 3600 // 60)
end

local function workout(o, w)
  local s, made = SOURCES.watch, o.stamp(w.finish + 9)
  local name = w.sport:sub(1, 1):upper() .. w.sport:sub(2)
  local start, finish = o.stamp(w.start), o.stamp(w.finish)
  o.add(WORKOUT:format(name, w.timer_s / 60, s.name, s.version, s.device, made, start, finish))
  o.add(metadata("HKIndoorWorkout", w.sport == "swimming" and "1" or "0"))
  o.add(metadata("HKTimeZone", o.plan.clock.zone(w.start)))
  if w.ascent_m then o.add(metadata("HKElevationAscended", ("%d cm"):format(w.ascent_m * 100))) end
  if w.pool_length_m then o.add(metadata("HKLapLength", w.pool_length_m .. " m")) end
  pause_events(o, w)
  statistics(o, w)
  if w.lat then o.add(ROUTE:format(s.name, made, apple.route_path(o.plan, w))) end
  o.add(" </Workout>\n")
  count(o, "Workout")
end

local function summaries(o)
  local text = ' <ActivitySummary dateComponents="%s" activeEnergyBurned="%d" activeEnergyBurnedGoal="500" '
    .. 'activeEnergyBurnedUnit="kcal" appleExerciseTime="%d" appleExerciseTimeGoal="30" '
    .. 'appleStandHours="%d" appleStandHoursGoal="12"/>\n'
  for _, d in ipairs(o.plan.days) do
    local w = d.workouts[1]
    local kcal = d.worn and 380 + o.random.int(0, 120) + (w and w.energy_kcal or 0) or 0
    o.add(text:format(d.iso, kcal, w and w.timer_s // 60 or 0, d.worn and o.random.int(9, 14) or 0))
    count(o, "ActivitySummary")
  end
end

local function head(o)
  o.add(DOCTYPE)
  o.add(('<HealthData locale="en_DE">\n <ExportDate value="%s"/>\n'):format(
    o.stamp(o.plan.clock.utc(o.plan.first + o.plan.n_days, 480))))
  o.add(' <Me HKCharacteristicTypeIdentifierDateOfBirth="1985-06-15" '
    .. 'HKCharacteristicTypeIdentifierBiologicalSex="HKBiologicalSexNotSet"/>\n')
end

-- Options: control_byte (a byte XML forbids in one text), workout_heart_s (30).
-- Result: how many elements of each type were written, "repeated" among them. Text goes to put() in pieces.
function apple.write(plan, put, options)
  options = options or {}
  local o = writer(plan, put)
  head(o)
  body(o)
  heart(o, options)
  steps(o)
  distance(o)
  energy(o)
  daily_heart(o)
  breath(o)
  pressure_records(o)
  nutrients(o)
  sleep(o)
  mindful(o)
  correlations(o, options)
  for _, w in ipairs(plan.workouts) do workout(o, w) end
  summaries(o)
  o.add("</HealthData>\n")
  o.flush()
  o.counts.repeated = o.repeated
  return o.counts
end

return apple
