-- Phones: what companion apps post to /in/SECRET. Their shapes are told by their own words: Health Auto
-- Export (iOS: "data"), an SDK's records (iOS: "records" with startDate), Health Connect companions
-- (Android: lists by type, or "records" with start_time_ms). Bodies repeat and overlap: identity is content.
--   { "data": { "metrics": [ { "name": "step_count", "units": "count", "data": [ ... ] } ] } }
local sw = require "syncwell"

local HOUR_MS = 3600000

-- Health Auto Export's name -> metric; amounts add up over a day.
local METRICS = {
  heart_rate_variability = "hrv_sdnn", resting_heart_rate = "resting_heart_rate", weight_body_mass = "weight",
  body_fat_percentage = "body_fat", blood_glucose = "blood_glucose", body_mass_index = "bmi",
    height = "height",
  blood_oxygen_saturation = "spo2", respiratory_rate = "respiratory_rate", vo2_max = "vo2max",
  body_temperature = "body_temperature", lean_body_mass = "lean_mass",
}
local AMOUNTS = {
  step_count = "steps", walking_running_distance = "distance", active_energy = "active_energy",
  basal_energy_burned = "basal_energy", flights_climbed = "floors", mindful_minutes = "mindful_minutes",
  dietary_energy = "energy_intake", carbohydrates = "carbs", protein = "protein", total_fat = "fat",
  fiber = "fiber", dietary_sugar = "sugar", dietary_water = "water", dietary_caffeine = "caffeine",
}
local UNITS = { count = "", ["count/min"] = "/min", hr = "h", bpm = "/min" }
local STAGES = { core = "light", light = "light", deep = "deep", rem = "rem", awake = "awake",
  ["in bed"] = "in_bed", inbed = "in_bed", asleep = "asleep", unspecified = "asleep" }

local function origin(name)
  local word = (name or ""):lower()
  local kind = word:find "watch" and "watch" or word:find "phone" and "phone" or "app"
  return { name = name ~= "" and name or "Phone", maker = kind ~= "app" and "apple" or "", kind = kind }
end

-- The texts a field takes in a list, "" for items that lack it.
local function distinct(list, read)
  local seen, names = {}, {}
  for _, item in ipairs(list) do
    local name = read(item) or ""
    if type(name) == "string" and not seen[name] then
      seen[name], names[#names + 1] = true, name
    end
  end
  return names
end

local function source_of(item)
  return item.source
end

-- --- Health Auto Export ---

local function is_midnight(text)
  return type(text) == "string" and text:find " 00:00:00" ~= nil
end

-- Seconds between neighbours: how long each amount is for; the app groups by minute or hour.
local function step_of(list)
  local least, before
  for _, item in ipairs(list) do
    local ms = sw.moment(item.date)
    local gap = ms and before and math.abs(ms - before) // 1000
    least = gap and gap > 0 and math.min(least or gap, gap) or least
    before = ms or before
  end
  return math.min(least or 60, 3600)
end

local function all_midnight(list)
  for _, item in ipairs(list) do
    if not is_midnight(item.date) then
      return false
    end
  end
  return #list > 0
end

local function amounts(metric, m, unit, out)
  if all_midnight(m.data) then
    for _, item in ipairs(m.data) do
      out.day(item.date:sub(1, 10), metric, item.qty, unit, origin(item.source))
    end
    return
  end
  for _, name in ipairs(distinct(m.data, source_of)) do
    out.series(m.data, { metric = metric, unit = unit, time = "date", value = "qty", length = step_of(m.data),
      where = "source", is = name, origin = origin(name) })
  end
end

local function values(metric, m, unit, field, out)
  for _, name in ipairs(distinct(m.data, source_of)) do
    out.series(m.data, { metric = metric, unit = unit, time = "date", value = field, where = "source",
      is = name,
      origin = origin(name) })
  end
end

local function seconds(hours)
  return type(hours) == "number" and hours > 0 and hours * 3600 or nil
end

-- A night known by its day and source: its start moves when it is sent again.
local function whole_night(n, out)
  local start, offset = sw.moment(n.inBedStart or n.sleepStart)
  local finish, offset_finish = sw.moment(n.inBedEnd or n.sleepEnd)
  if not start or not finish then
    return out.reject "a night without its times"
  end
  local asleep = seconds(n.totalSleep) or seconds(n.asleep)
  local in_bed = seconds(n.inBed)
  out.record { kind = "sleep", id = ("night:%s:%s"):format(n.date, n.source or ""), start = start,
    finish = finish,
    offset = offset, offset_finish = offset_finish, origin = origin(n.source),
    attributes = { asleep_s = asleep, in_bed_s = in_bed, light_s = seconds(n.core), deep_s = seconds(n.deep),
      rem_s = seconds(n.rem), awake_s = seconds(n.awake),
      efficiency = asleep and in_bed and asleep <= in_bed and asleep / in_bed * 100 or nil } }
end

local function finish_night(night, out)
  local spent = {}
  for _, s in ipairs(night.segments) do
    spent[s.stage] = (spent[s.stage] or 0) + (s.finish - s.start) / 1000
  end
  local light, deep, rem, other = spent.light or 0, spent.deep or 0, spent.rem or 0, spent.asleep or 0
  local asleep = light + deep + rem + other
  local wake = sw.moment(night.last)
  out.record { kind = "sleep", id = ("night:%s:%s"):format(night.last:sub(1, 10), night.source),
    start = night.start, finish = wake, offset = night.offset, origin = origin(night.source),
    segments = night.segments, attributes = { asleep_s = asleep > 0 and asleep or nil, light_s = spent.light,
      deep_s = spent.deep, rem_s = spent.rem, awake_s = spent.awake, in_bed_s = spent.in_bed } }
end

-- Stages of a night, cut where over three hours lie between two.
local function staged_nights(list, name, from, to, out)
  local night
  for _, s in ipairs(list) do
    local start, offset = sw.moment(s[from])
    local finish = sw.moment(s[to])
    local stage = STAGES[tostring(s.value or s.stage):lower()]
    if start and finish and stage and finish > start and (s.source or "") == name then
      if night and start - night.finish > 3 * HOUR_MS then
        finish_night(night, out)
        night = nil
      end
      night = night or { start = start, offset = offset, finish = finish, last = s[to], segments = {},
        source = name }
      night.segments[#night.segments + 1] = { start = start, finish = finish, stage = stage }
      if finish >= night.finish then
        night.finish, night.last = finish, s[to]
      end
    end
  end
  if night then
    finish_night(night, out)
  end
end

local function sleep(m, out)
  local staged = false
  for _, n in ipairs(m.data) do
    if n.startDate then
      staged = true
    else
      whole_night(n, out)
    end
  end
  if staged then
    for _, name in ipairs(distinct(m.data, source_of)) do
      staged_nights(m.data, name, "startDate", "endDate", out)
    end
  end
end

local function metric(m, out)
  local unit = UNITS[m.units] or m.units
  if type(m.data) ~= "userdata" then
    return
  elseif m.name == "sleep_analysis" then
    sleep(m, out)
  elseif m.name == "heart_rate" then
    values("heart_rate", m, "/min", "Avg", out)
  elseif m.name == "blood_pressure" then
    values("blood_pressure_systolic", m, "mmHg", "systolic", out)
    values("blood_pressure_diastolic", m, "mmHg", "diastolic", out)
  elseif AMOUNTS[m.name] then
    amounts(AMOUNTS[m.name], m, unit, out)
  elseif METRICS[m.name] then
    values(METRICS[m.name], m, unit, "qty", out)
  else
    out.reject(("the metric '%s' has no counterpart here"):format(tostring(m.name):sub(1, 60)))
  end
end

local TO_METRES = { km = 1000, m = 1, mi = 1609.344, yd = 0.9144, ft = 0.3048 }
local TO_KCAL = { kcal = 1, kJ = 1 / 4.184, Cal = 1 }

local function amount(q, factors)
  local factor = type(q) == "userdata" and factors[q.units]
  return factor and type(q.qty) == "number" and q.qty * factor or nil
end

local function rate(q)
  return type(q) == "userdata" and q.qty or nil
end

local function workout(w, out)
  local start, offset = sw.moment(w.start)
  local finish, offset_finish = sw.moment(w["end"])
  if not start or not finish or finish <= start then
    return out.reject "a workout without its times, or of no length"
  end
  local sport, sub_sport = sw.sport_name(w.name)
  out.record { kind = "workout", id = w.id or ("%d:%s"):format(start, w.name or ""), start = start,
    finish = finish,
    offset = offset, offset_finish = offset_finish, origin = { name = "Health Auto Export", kind = "app" },
    attributes = { sport = sport, sub_sport = sub_sport, elapsed_s = (finish - start) / 1000,
      timer_s = w.duration, distance_m = amount(w.distance, TO_METRES),
      energy_kcal = amount(w.activeEnergyBurned or w.activeEnergy, TO_KCAL),
      ascent_m = amount(w.elevationUp, TO_METRES), hr_avg = rate(w.avgHeartRate),
        hr_max = rate(w.maxHeartRate) } }
  if type(w.heartRateData) == "userdata" then
    values("heart_rate", { data = w.heartRateData }, "/min", "Avg", out)
  end
end

local function health_auto_export(data, out)
  for _, m in ipairs(data.metrics or {}) do
    metric(m, out)
  end
  for _, w in ipairs(data.workouts or {}) do
    workout(w, out)
  end
end

-- --- an SDK's records: HealthKit names, instants in UTC ---

local HEALTHKIT = {
  HKQuantityTypeIdentifierStepCount = { "steps", "" }, HKQuantityTypeIdentifierHeartRate = { "heart_rate",
  "/min" },
  HKQuantityTypeIdentifierDistanceWalkingRunning = { "distance" },
  HKQuantityTypeIdentifierActiveEnergyBurned = { "active_energy" },
  HKQuantityTypeIdentifierBasalEnergyBurned = { "basal_energy" },
  HKQuantityTypeIdentifierFlightsClimbed = { "floors", "" },
  HKQuantityTypeIdentifierRestingHeartRate = { "resting_heart_rate", "/min" },
  HKQuantityTypeIdentifierHeartRateVariabilitySDNN = { "hrv_sdnn" },
  HKQuantityTypeIdentifierBodyMass = { "weight" },
  HKQuantityTypeIdentifierRespiratoryRate = { "respiratory_rate", "/min" },
  HKQuantityTypeIdentifierOxygenSaturation = { "spo2", "1" },
    HKQuantityTypeIdentifierBodyFatPercentage = { "body_fat", "1" },
}

local function unit_of(list, kind)
  for _, r in ipairs(list) do
    if r.type == kind then
      return UNITS[r.unit] or r.unit
    end
  end
end

local function sdk_source(item)
  return item.source and item.source.name
end

local function sdk_records(list, out)
  local kinds = distinct(list, function(r) return r.type end)
  for _, kind in ipairs(kinds) do
    local known = HEALTHKIT[kind]
    if known then
      out.series(list, { metric = known[1], unit = known[2] or unit_of(list, kind), time = "startDate",
        finish = "endDate", value = "value", where = "type", is = kind,
        origin = origin(sdk_source(list[1])) })
    else
      out.reject(("the type '%s' has no counterpart here"):format(kind:sub(1, 60)))
    end
  end
end

local SDK_VALUES = { activeEnergyBurned = "energy_kcal", distance = "distance_m", averageHeartRate = "hr_avg",
  maxHeartRate = "hr_max", elevationAscended = "ascent_m", duration = "timer_s" }

local function sdk_workout(w, out)
  local start, finish = sw.moment(w.startDate), sw.moment(w.endDate)
  if not start or not finish or finish <= start then
    return out.reject "a workout without its times, or of no length"
  end
  local sport, sub_sport = sw.sport_name(w.type)
  local attributes = { sport = sport, sub_sport = sub_sport, elapsed_s = (finish - start) / 1000 }
  for _, v in ipairs(w.values or {}) do
    local name = SDK_VALUES[v.type]
    if name then
      attributes[name] = v.value
    end
  end
  out.record { kind = "workout", id = w.id or tostring(start), start = start, finish = finish,
    origin = origin(sdk_source(w)), attributes = attributes }
end

local function sdk(doc, out)
  sdk_records(doc.records, out)
  for _, w in ipairs(doc.workouts or {}) do
    sdk_workout(w, out)
  end
  for _, name in ipairs(type(doc.sleep) == "userdata" and { "" } or {}) do
    staged_nights(doc.sleep, name, "startDate", "endDate", out)
  end
end

-- --- Android: Health Connect companions ---

local ANDROID = {
  steps = { "steps", "count" }, heart_rate = { "heart_rate", "bpm" },
  heart_rate_variability = { "hrv_rmssd", "rmssd_millis", "ms" },
    resting_heart_rate = { "resting_heart_rate", "bpm" },
  weight = { "weight", "kilograms", "kg" }, distance = { "distance", "meters", "m" },
  active_calories = { "active_energy", "calories", "kcal" }, oxygen_saturation = { "spo2", "percentage",
    "%" },
  respiratory_rate = { "respiratory_rate", "rate" }, blood_glucose = { "blood_glucose", "mmol_per_liter",
    "mmol/L" },
}
local ANDROID_ORIGIN = { name = "Health Connect", kind = "phone" }

-- A whole stretch of a day counted so far is a total of that day: it grows and is sent again.
local function android_records(list, out)
  for _, r in ipairs(list) do
    local known = ANDROID[r.record_type]
    local long = known and r.start_time_ms and r.end_time_ms and r.end_time_ms - r.start_time_ms > 2 * HOUR_MS
    if not known then
      out.reject(("the type '%s' has no counterpart here"):format(tostring(r.record_type):sub(1, 60)))
    elseif long and (known[1] == "steps" or known[1] == "distance" or known[1] == "active_energy") then
      out.day(os.date("%Y-%m-%d", r.start_time_ms // 1000), known[1], r.value, known[3], ANDROID_ORIGIN)
    end
  end
  for _, kind in ipairs(distinct(list, function(r) return r.record_type end)) do
    local known = ANDROID[kind]
    if known and known[1] ~= "steps" and known[1] ~= "distance" and known[1] ~= "active_energy" then
      out.series(list, { metric = known[1], unit = known[3], time = sw.unix_ms "end_time_ms", value = "value",
        where = "record_type", is = kind, origin = ANDROID_ORIGIN })
    end
  end
end

local function android_sleep(list, out)
  for _, n in ipairs(list) do
    local finish, length = sw.moment(n.session_end_time), tonumber(n.duration_seconds)
    if finish and length and length > 0 then
      out.record { kind = "sleep", id = "night:" .. n.session_end_time:sub(1, 10),
        start = finish - length * 1000 // 1,
        finish = finish, origin = ANDROID_ORIGIN, attributes = { in_bed_s = length } }
    else
      out.reject "a night without its end or its length"
    end
  end
end

local function android(doc, out)
  for name, known in pairs(ANDROID) do
    local list = doc[name]
    if type(list) == "userdata" and #list > 0 then
      out.series(list, { metric = known[1], unit = known[3], time = list[1].time and "time" or "start_time",
        finish = "end_time", value = known[2], origin = ANDROID_ORIGIN })
    end
  end
  if type(doc.sleep) == "userdata" then
    android_sleep(doc.sleep, out)
  end
end

return sw.provider {
  id = "phone", title = "Phone apps",
  doc = "Health Auto Export (iOS) and Health Connect companions (Android) post to an address of their own.",
  policy = { share = true, aggregate = true, llm = false },
  posts = function(doc, out)
    if doc.data then
      health_auto_export(doc.data, out)
    elseif doc.records and #doc.records > 0 and doc.records[1].record_type then
      android_records(doc.records, out)
    elseif doc.records then
      sdk(doc, out)
    else
      android(doc, out)
    end
  end,
}
