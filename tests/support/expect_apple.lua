-- What the expectation of an Apple Health export says, compared with what is stored of it.
local flow = require("flow")
local x = require("expectation")

local check, close = x.check, x.close
local apple = {}

local SUMMARY = "activity_summaries[]."
apple.reasons = {
  file = "the sample itself", size = "the sample itself", decoder = "who read it",
  fragment = "how the sample was made", locale = "how the file is written",
  export_date = "when the file was written; times of the data are its own",
  heartbeat_entries = "beat to beat intervals have no metric",
  metadata_keys = "which keys there are; those that mean something are compared in workouts and meals",
  units = "read with the sums: a sum is compared in its unit",
  [SUMMARY .. "activeEnergyBurnedGoal"] = "a goal, nothing that was measured",
  [SUMMARY .. "appleExerciseTimeGoal"] = "a goal, nothing that was measured",
  [SUMMARY .. "appleStandHoursGoal"] = "a goal, nothing that was measured",
  [SUMMARY .. "appleMoveTimeGoal"] = "a goal, nothing that was measured",
  [SUMMARY .. "appleMoveTime"] = "a day without: for people who count minutes instead of energy",
}
for _, event in ipairs { "Segment", "Pause", "Resume" } do
  apple.reasons["workouts[].events.HKWorkoutEventType" .. event] = "laps are kept; pauses are in the timer"
end
for _, name in ipairs { "BasalEnergyBurned", "RunningGroundContactTime", "RunningVerticalOscillation",
  "RunningStrideLength", "RunningPower.minimum", "RunningSpeed.minimum" } do
  apple.reasons["workouts[].statistics.HKQuantityTypeIdentifier" .. name] = "a figure without an attribute"
end

local METRIC = { HeartRate = "heart_rate", BodyMassIndex = "bmi", VO2Max = "vo2max",
  HeartRateVariabilitySDNN = "hrv_sdnn", BodyMass = "weight", Height = "height", StepCount = "steps",
  DistanceWalkingRunning = "distance", ActiveEnergyBurned = "active_energy",
    BasalEnergyBurned = "basal_energy",
  RestingHeartRate = "resting_heart_rate", RespiratoryRate = "respiratory_rate", OxygenSaturation = "spo2",
  DietaryEnergyConsumed = "energy_intake", DietaryProtein = "protein", DietaryCarbohydrates = "carbs",
  DietaryFatTotal = "fat", BloodPressureSystolic = "blood_pressure_systolic",
  BloodPressureDiastolic = "blood_pressure_diastolic", AppleExerciseTime = "exercise_time",
  AppleStandTime = "stand_time", AppleStandHour = "stand_hours", MindfulSession = "mindful_minutes" }

-- One of Apple's units in ours.
local UNIT = { km = 1000, mi = 1609.344, cm = 0.01, ft = 0.3048, lb = 0.45359237, kJ = 1 / 4.184,
  ["%"] = 100 }

local function kind_of(name)
  return (name:gsub("^HK%a-TypeIdentifier", ""))
end

-- ms of "2024-01-01 01:01:36 +0200"
local function ms_of(text)
  local day, time, sign, h, m = text:match("^(%S+) (%S+) ([+-])(%d%d)(%d%d)$")
  local offset = (tonumber(h) * 60 + tonumber(m)) * 60000
  return x.ms(day .. "T" .. time .. "Z") - (sign == "+" and offset or -offset)
end

-- How many samples there are of a type, and of sleep: of its segments. nil: an unknown type.
local function stored_of(got, kind)
  if kind ~= "SleepAnalysis" then
    return METRIC[kind] and got.samples[METRIC[kind]]
  end
  local list = {}
  for _, night in ipairs(got.records.sleep) do
    for _, s in ipairs(night.segments) do
      list[#list + 1] = { ms = s.start, dur = s.finish - s.start, stage = s.stage }
    end
  end
  table.sort(list, function(a, b)
    return a.ms < b.ms
  end)
  list.n = #list
  return list
end

-- Exact duplicates count once: that many are missing over all types, and no more.
local function compare_counts(e, got, file)
  local missing, all = 0, 0
  for name, n in pairs(e.records_by_type or {}) do
    local s = stored_of(got, kind_of(name))
    if check(s, "%s: nothing is made of %s", file, name) then
      check(s.n <= n, "%s: %d of %s, only %d are there", file, s.n, name, n)
      missing, all = missing + n - s.n, all + n
    end
  end
  local duplicates, records = e.exact_duplicate_records, e.records
  check(missing == duplicates and all == records, "%s: %d of %d records are missing, %d are duplicates", file,
    missing, records, duplicates)
end

-- Sums are rounded to four places in the file's unit; one with duplicates or in two units cannot be compared.
local function compare_sums(e, got, file)
  for name, want in pairs(e.numeric or {}) do
    local s, unit, several = got.samples[METRIC[kind_of(name)]], nil, nil
    for u in pairs(e.units[name]) do
      unit, several = u, unit ~= nil
    end
    local scale, n, sum = UNIT[unit] or 1, want.n, want.sum
    check(s.n < n or several or close(s.sum, sum * scale, math.max(5e-5 * scale, 1e-5 * sum * scale)),
      "%s: %d of %s add up to %s, not %s %s", file, s.n, name, s.sum, sum, unit)
    check(s.n == n or s.sum < sum * scale * (1 + 1e-9) or several, "%s: %s add up to more", file, name)
  end
end

local function compare_ends(e, got, file)
  for name, text in pairs(e.first_start or {}) do
    local s, last, finish = stored_of(got, kind_of(name)) or {}, e.last_end[name], 0
    for _, one in ipairs(s) do
      finish = math.max(finish, one.ms + one.dur)
    end
    check(s[1] and s[1].ms == ms_of(text), "%s: %s begins at %s, not %s", file, name, s[1] and s[1].ms, text)
    check(finish == ms_of(last), "%s: %s ends at %s, not %s", file, name, finish, last)
  end
end

local function minutes_east(text)
  local sign, h, m = text:match("^([+-])(%d%d)(%d%d)$")
  return (sign == "+" and 1 or -1) * (h * 60 + m)
end

-- The offsets of the file, each with at least as many samples as the file has records less duplicates.
local function compare_offsets(e, got, file)
  local count, left = {}, e.exact_duplicate_records
  for _, samples in pairs(got.samples) do
    for _, s in ipairs(samples) do
      count[s.offset] = (count[s.offset] or 0) + 1
    end
  end
  for _, night in ipairs(got.records.sleep) do
    count[night.offset_start] = (count[night.offset_start] or 0) + #night.segments
  end
  for text, n in pairs(e.offsets_seen or {}) do
    local here = count[minutes_east(text)] or 0
    check(here > 0 and math.abs(n - here) <= left + #stored_of(got, "SleepAnalysis"), "%s: %d at %s, not %d",
      file,
      here, text, n)
    count[minutes_east(text)] = nil
  end
  check(next(count) == nil, "%s: an offset that the file does not have", file)
end

local function compare_sources(e, got, file)
  local known = {}
  for _, o in ipairs(got.origins) do
    known[o.name] = o.key
  end
  for name, n in pairs(e.records_by_source or {}) do
    check(n > 0 and known[name], "%s: no origin %s", file, name)
  end
  return known
end

-- The truth beside a made file knows the steps without duplicates.
local function compare_days(e, got, known, file, path)
  local text = flow.read(path .. ".truth.json")
  local truth = text and sw.json.decode(text).steps.by_local_day_and_source
  for source, days in pairs(e.steps_by_source_and_local_day or {}) do
    for day, n in pairs(days) do
      local y, m, d = day:match("^(%d+)-(%d+)-(%d+)$")
      local row = got.days[("steps %s %d"):format(known[source], sw.time.day(tonumber(y), tonumber(m),
        tonumber(d)))]
      local want = truth and truth[source][day] or n
      check(row and close(row.sum, want, 1e-6) and want <= n, "%s: %s steps of %s on %s, not %s", file,
        row and row.sum, source, day, want)
    end
  end
end

local STAGE = { InBed = "in_bed", Asleep = "asleep", AsleepUnspecified = "asleep", AsleepCore = "light",
  AsleepDeep = "deep", AsleepREM = "rem", Awake = "awake" }

local function compare_sleep(e, got, file)
  for value, n in pairs(e.sleep_values or {}) do
    local stage = STAGE[value:gsub("^HKCategoryValueSleepAnalysis", "")]
    local count, ms, minutes = 0, 0, e.sleep_minutes[value]
    for _, s in ipairs(stored_of(got, "SleepAnalysis")) do
      if s.stage == stage then
        count, ms = count + 1, ms + s.dur
      end
    end
    check(count == n and close(ms / 60000, minutes, 0.01), "%s: %d of %s in %s min, not %d in %s", file,
      count,
      value, ms / 60000, n, minutes)
  end
end

local function compare_correlations(e, got, file)
  local all = e.correlations or {}
  local meals, readings = all.HKCorrelationTypeIdentifierFood, all.HKCorrelationTypeIdentifierBloodPressure
  local nested, dup = e.records_nested_in_correlations, e.exact_duplicate_records
  check(#got.records.meal == (meals or 0), "%s: %d meals, not %s", file, #got.records.meal, tostring(meals))
  check(not readings or got.samples.blood_pressure_systolic.n == readings, "%s: readings", file)
  check(not nested or nested <= dup, "%s: each nested record stands outside as well", file)
end

local DAY_TOTAL = { activeEnergyBurned = "active_energy", appleExerciseTime = "exercise_time",
  appleStandHours = "stand_hours" }

local function compare_summaries(e, got, file)
  local n = 0
  for _, s in ipairs(e.activity_summaries or {}) do
    n = n + 1
    local y, m, d = s.dateComponents:match("^(%d+)-(%d+)-(%d+)$")
    local kcal = s.activeEnergyBurnedUnit == "kcal"
    for field, metric in pairs(DAY_TOTAL) do
      local want = tonumber(s[field])
      local total = got.totals[("%s %d"):format(metric, sw.time.day(tonumber(y), tonumber(m), tonumber(d)))]
      check(kcal and (close(total, want, 1e-6) or want == 0 and total == nil),
        "%s: %s of %s-%s-%s is %s, not %s", file,
        metric, y, m, d, tostring(total), tostring(want))
    end
  end
  check(n == e.activity_summaries_total, "%s: %d summaries", file, n)
end

local SECONDS = { min = 60, s = 1, hr = 3600 }
local METRES = { m = 1, km = 1000, mi = 1609.344, yd = 0.9144 }
local MPS = { ["km/hr"] = 1 / 3.6 }
local STATISTIC = {
  DistanceWalkingRunning = { sum = "distance_m", units = METRES },
  DistanceSwimming = { sum = "distance_m", units = METRES },
  DistanceCycling = { sum = "distance_m", units = METRES },
  ActiveEnergyBurned = { sum = "energy_kcal", units = { kcal = 1 } },
  StepCount = { sum = "steps", units = { count = 1 } },
  SwimmingStrokeCount = { sum = "strokes", units = { count = 1 } },
  HeartRate = { average = "hr_avg", minimum = "hr_min", maximum = "hr_max", units = { ["count/min"] = 1 } },
  RunningPower = { average = "power_avg_w", maximum = "power_max_w", units = { W = 1 } },
  RunningSpeed = { average = "speed_avg_mps", maximum = "speed_max_mps", units = MPS },
}

local function same(a, key, want, what)
  check(want == nil or close(a[key], want, 0.01) or want == 0 and a[key] == nil, "%s: %s is %s, not %s", what,
    key,
    tostring(a[key]), tostring(want))
end

local function compare_statistics(a, statistics, what)
  for name, s in pairs(statistics or {}) do
    local row = STATISTIC[kind_of(name)]
    for _, figure in ipairs(row and { "sum", "average", "minimum", "maximum" } or {}) do
      local factor = row[figure] and row.units[s.unit]
      if row[figure] and check(factor, "%s: %s in an unknown unit", what, name) then
        same(a, row[figure], s[figure] and s[figure] * factor, what)
      end
    end
  end
end

local function compare_workout(w, want, origins, what)
  local a, events = w.attributes, want.events or {}
  local sport = want.type:gsub("^HKWorkoutActivityType", ""):lower()
  check(a.sport == sport or sport == "other" and a.sport == nil or a.sport == "training"
    and sport:find("training"),
    "%s: sport %s, not %s", what, tostring(a.sport), sport)
  check(origins[w.origin] == want.source, "%s: origin %s", what, tostring(origins[w.origin]))
  check(w.start == x.ms(want.start) and w.finish == x.ms(want["end"]), "%s: from %d to %d", what, w.start,
    w.finish)
  same(a, "timer_s", want.duration and want.duration * SECONDS[want.duration_unit or "min"], what)
  same(a, "distance_m", want.distance_attr and want.distance_attr * METRES[want.distance_unit], what)
  same(a, "energy_kcal", want.energy_unit == "kcal" and want.energy_attr or nil, what)
  compare_statistics(a, want.statistics, what)
  local laps, route, parts = events.HKWorkoutEventTypeLap, (want.route_files or {})[1], want.activities
  check(#w.segments == (laps or 0) or (parts or 0) > 1, "%s: %d laps, not %s", what, #w.segments,
    tostring(laps))
  check(a.route_file == route, "%s: route %s", what, tostring(a.route_file))
end

local function compare_workouts(e, got, file)
  local workouts, origins = got.records.workout, {}
  for _, o in ipairs(got.origins) do
    origins[o.id] = o.name
  end
  check(#workouts == e.workouts_total, "%s: %d workouts, not %d", file, #workouts, e.workouts_total)
  local wanted = {}
  for i, w in ipairs(e.workouts or {}) do
    wanted[i] = w
  end
  table.sort(wanted, function(a, b)
    return a.start < b.start
  end)
  for i, want in ipairs(wanted) do
    if workouts[i] then
      compare_workout(workouts[i], want, origins, ("%s: workout %d"):format(file, i))
    end
  end
end

function apple.compare(e, got, file, ctx)
  compare_counts(e, got, file)
  compare_sums(e, got, file)
  compare_ends(e, got, file)
  compare_offsets(e, got, file)
  compare_days(e, got, compare_sources(e, got, file), file, ctx.path)
  compare_sleep(e, got, file)
  compare_correlations(e, got, file)
  compare_summaries(e, got, file)
  compare_workouts(e, got, file)
end

return apple
