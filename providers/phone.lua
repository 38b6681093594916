-- iPhones: what companion apps post to /in/SECRET. Their shapes are told by their own words: Health Auto
-- Export ("data"), an SDK's records ("records" with startDate). Bodies repeat and overlap: identity is
-- content. Android's companions: health-connect.lua.
--   { "data": { "metrics": [ { "name": "step_count", "units": "count", "data": [ ... ] } ] } }
local sw = require "syncwell"

local text, number, objects = sw.word, sw.figure, sw.objects

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
  for _, item in ipairs(objects(list)) do
    local name = text(read(item))
    if not seen[name] then
      seen[name], names[#names + 1] = true, name
    end
  end
  return names
end

local function source_of(item)
  return text(item.source)
end

local function named_source(item)
  return text(type(item.source) == "userdata" and item.source.name or item.source)
end

-- --- Health Auto Export ---

local function is_midnight(date)
  return type(date) == "string" and date:find " 00:00:00" ~= nil
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
  local list = objects(m.data)
  if all_midnight(list) then
    for _, item in ipairs(list) do
      if item.qty ~= nil then
        out.day(item.date:sub(1, 10), metric, item.qty, unit, origin(source_of(item)))
      end
    end
    return
  end
  for _, name in ipairs(distinct(m.data, source_of)) do
    out.series(m.data, { metric = metric, unit = unit, time = "date", value = "qty", length = step_of(list),
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
  if not start or not finish or finish <= start then
    return out.reject "a night without its times"
  end
  local asleep = seconds(n.totalSleep) or seconds(n.asleep)
  local in_bed = seconds(n.inBed)
  local day = text(n.date):match "^%d%d%d%d%-%d%d%-%d%d" or (n.inBedEnd or n.sleepEnd):sub(1, 10)
  out.record { kind = "sleep", id = ("night:%s:%s"):format(day, source_of(n)), start = start, finish = finish,
    offset = offset, offset_finish = offset_finish, origin = origin(source_of(n)),
    attributes = { asleep_s = asleep, in_bed_s = in_bed, light_s = seconds(n.core), deep_s = seconds(n.deep),
      rem_s = seconds(n.rem), awake_s = seconds(n.awake),
      efficiency = asleep and in_bed and asleep <= in_bed and asleep / in_bed * 100 or nil } }
end

-- The name of a sleep: the day of waking, or the start for a nap; a second one of a day is numbered.
local function sleep_id(night, wake, taken)
  local hour = tonumber(night.first:sub(12, 13)) or 0
  local nap = wake - night.start < 3 * HOUR_MS and hour >= 8 and hour < 20
  local id = nap and ("nap:%sT%s:%s"):format(night.first:sub(1, 10), night.first:sub(12, 16), night.source)
    or ("night:%s:%s"):format(night.last:sub(1, 10), night.source)
  taken[id] = (taken[id] or 0) + 1
  return taken[id] > 1 and ("%s:%d"):format(id, taken[id]) or id
end

local function finish_night(night, taken, out)
  local spent = {}
  for _, s in ipairs(night.segments) do
    spent[s.stage] = (spent[s.stage] or 0) + (s.finish - s.start) / 1000
  end
  local light, deep, rem, other = spent.light or 0, spent.deep or 0, spent.rem or 0, spent.asleep or 0
  local asleep = light + deep + rem + other
  local wake, offset_finish = sw.moment(night.last)
  out.record { kind = "sleep", id = sleep_id(night, wake, taken), start = night.start, finish = wake,
    offset = night.offset, offset_finish = offset_finish ~= 0 and offset_finish or nil,
    origin = origin(night.source), segments = night.segments,
    attributes = { asleep_s = asleep > 0 and asleep or nil, light_s = spent.light, deep_s = spent.deep,
      rem_s = spent.rem, awake_s = spent.awake, in_bed_s = spent.in_bed } }
end

-- The stages of one source in the order of time.
local function stages_of(list, name, source, out)
  local found = {}
  for _, s in ipairs(objects(list)) do
    local start, offset = sw.moment(s.startDate)
    local finish = sw.moment(s.endDate)
    local stage = STAGES[text(s.value or s.stage):lower()]
    if source(s) == name then
      if start and finish and stage and finish > start then
        found[#found + 1] = { start = start, finish = finish, stage = stage, first = s.startDate,
          last = s.endDate, offset = offset ~= 0 and offset or nil }
      else
        out.reject "a stage of sleep without its times or its name"
      end
    end
  end
  table.sort(found, function(a, b)
    return a.start < b.start or a.start == b.start and (a.finish < b.finish or a.finish == b.finish
      and a.stage < b.stage)
  end)
  return found
end

-- Stages of a night, cut where over three hours lie between two.
local function staged_nights(list, source, out)
  for _, name in ipairs(distinct(list, source)) do
    local night, taken
    taken = {}
    for _, s in ipairs(stages_of(list, name, source, out)) do
      if night and s.start - night.finish > 3 * HOUR_MS then
        finish_night(night, taken, out)
        night = nil
      end
      night = night or { start = s.start, offset = s.offset, finish = s.finish, first = s.first,
        last = s.last, segments = {}, source = name }
      night.segments[#night.segments + 1] = { start = s.start, finish = s.finish, stage = s.stage }
      if s.finish > night.finish then
        night.finish, night.last = s.finish, s.last
      end
    end
    if night then
      finish_night(night, taken, out)
    end
  end
end

local function sleep(m, out)
  local list, staged = objects(m.data), false
  for _, n in ipairs(list) do
    if n.startDate then
      staged = true
    else
      whole_night(n, out)
    end
  end
  if staged then
    staged_nights(m.data, source_of, out)
  end
end

local function metric(m, out)
  local unit = UNITS[text(m.units)] or m.units
  if type(m.data) ~= "userdata" then
    return out.reject(("the metric '%s' without data"):format(text(m.name):sub(1, 60)))
  elseif m.name == "sleep_analysis" then
    sleep(m, out)
  elseif m.name == "heart_rate" then
    values("heart_rate", m, "/min", "Avg", out)
  elseif m.name == "blood_pressure" then
    values("blood_pressure_systolic", m, "mmHg", "systolic", out)
    values("blood_pressure_diastolic", m, "mmHg", "diastolic", out)
  elseif AMOUNTS[text(m.name)] then
    amounts(AMOUNTS[text(m.name)], m, unit, out)
  elseif METRICS[text(m.name)] then
    values(METRICS[text(m.name)], m, unit, "qty", out)
  else
    out.reject(("the metric '%s' has no counterpart here"):format(text(m.name):sub(1, 60)))
  end
end

local TO_METRES = { km = 1000, m = 1, mi = 1609.344, yd = 0.9144, ft = 0.3048 }
local TO_KCAL = { kcal = 1, kJ = 1 / 4.184, Cal = 1 }

local function amount(q, factors)
  local factor = type(q) == "userdata" and factors[text(q.units)]
  return factor and type(q.qty) == "number" and q.qty * factor or nil
end

local function rate(q)
  return type(q) == "userdata" and number(q.qty) or nil
end

local function workout(w, out)
  local start, offset = sw.moment(w.start)
  local finish, offset_finish = sw.moment(w["end"])
  if not start or not finish or finish <= start then
    return out.reject "a workout without its times, or of no length"
  end
  local sport, sub_sport = sw.sport_name(w.name)
  out.record { kind = "workout", id = w.id or ("%d:%s"):format(start, text(w.name)), start = start,
    finish = finish,
    offset = offset, offset_finish = offset_finish, origin = { name = "Health Auto Export", kind = "app" },
    attributes = { sport = sport, sub_sport = sub_sport, elapsed_s = (finish - start) / 1000,
      timer_s = w.duration, distance_m = amount(w.distance, TO_METRES),
      energy_kcal = amount(w.activeEnergyBurned or w.activeEnergy, TO_KCAL),
      ascent_m = amount(w.elevationUp, TO_METRES), hr_avg = rate(w.avgHeartRate),
        hr_max = rate(w.maxHeartRate) } }
  values("heart_rate", { data = w.heartRateData }, "/min", "Avg", out)
end

local function health_auto_export(data, out)
  for _, m in ipairs(objects(data.metrics)) do
    metric(m, out)
  end
  for _, w in ipairs(objects(data.workouts)) do
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
  HKQuantityTypeIdentifierOxygenSaturation = { "spo2", "ratio" },
  HKQuantityTypeIdentifierBodyFatPercentage = { "body_fat", "ratio" },
}

local function unit_of(list, kind)
  for _, r in ipairs(list) do
    if r.type == kind then
      return UNITS[text(r.unit)] or r.unit
    end
  end
end

local function sdk_records(list, out)
  local items = objects(list)
  for _, kind in ipairs(distinct(list, function(r) return r.type end)) do
    local known = HEALTHKIT[kind]
    for _, name in ipairs(known and distinct(list, named_source) or {}) do
      out.series(list, { metric = known[1], unit = known[2] or unit_of(items, kind), time = "startDate",
        finish = "endDate", value = "value", where = { type = kind, ["source.name"] = name },
        origin = origin(name) })
    end
    if not known then
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
  for _, v in ipairs(objects(w.values)) do
    local name = SDK_VALUES[text(v.type)]
    if name then
      attributes[name] = v.value
    end
  end
  out.record { kind = "workout", id = w.id or tostring(start), start = start, finish = finish,
    origin = origin(named_source(w)), attributes = attributes }
end

local function sdk(doc, out)
  sdk_records(doc.records, out)
  for _, w in ipairs(objects(doc.workouts)) do
    sdk_workout(w, out)
  end
  staged_nights(doc.sleep, named_source, out)
end

local function first_of(list)
  return objects(list)[1] or {}
end

return sw.provider {
  id = "phone", title = "iPhone apps",
  doc = "Health Auto Export and the like post to an address of their own; for Android: health-connect.",
  policy = { share = true, aggregate = true, llm = false },
  posts = function(doc, out)
    if type(doc) ~= "userdata" then
      out.reject "a document that is no object"
    elseif type(doc.data) == "userdata" then
      health_auto_export(doc.data, out)
    elseif first_of(doc.records).startDate or doc.workouts or first_of(doc.sleep).startDate then
      sdk(doc, out)
    else
      out.reject "a document of no iPhone's app; Android has an address of its own: connect health-connect"
    end
  end,
}
