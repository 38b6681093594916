-- SPDX-License-Identifier: MIT
-- Apple Health exports: metrics by their HealthKit names; workouts, nights, meals and day totals.
-- Units in workouts and metadata follow the person's settings and are resolved here.
-- Used by the importer: local s = apple.start(); apple.message(s, m, out) per message; apple.finish(s, out)
local apple = { title = "Apple Health (export.xml)", columns = {} }

local QUANTITIES = {
  StepCount = "steps", DistanceWalkingRunning = "distance", FlightsClimbed = "floors",
  DistanceSwimming = "distance_swimming", DistanceCycling = "distance_cycling",
  AppleExerciseTime = "exercise_time", AppleStandTime = "stand_time",
  ActiveEnergyBurned = "active_energy", BasalEnergyBurned = "basal_energy",
  HeartRate = "heart_rate", RestingHeartRate = "resting_heart_rate",
  HeartRateVariabilitySDNN = "hrv_sdnn", RespiratoryRate = "respiratory_rate", VO2Max = "vo2max",
  BodyTemperature = "body_temperature", AppleSleepingWristTemperature = "skin_temperature",
  BodyMass = "weight", LeanBodyMass = "lean_mass", BodyMassIndex = "bmi", Height = "height",
  BloodPressureSystolic = "blood_pressure_systolic", BloodPressureDiastolic = "blood_pressure_diastolic",
  BloodGlucose = "blood_glucose", InsulinDelivery = "insulin",
  DietaryEnergyConsumed = "energy_intake", DietaryProtein = "protein", DietaryCarbohydrates = "carbs",
  DietaryFatTotal = "fat", DietaryFiber = "fiber", DietarySugar = "sugar", DietarySodium = "sodium",
  DietaryWater = "water", DietaryCaffeine = "caffeine",
  RunningSpeed = "speed", CyclingSpeed = "speed", CyclingCadence = "cadence",
  RunningPower = "power", CyclingPower = "power",
}
for name, metric in pairs(QUANTITIES) do
  apple.columns["HKQuantityTypeIdentifier" .. name] = { metric = metric }
end

-- Apple writes these percentages as fractions: 0.97 is 97 %.
apple.columns.HKQuantityTypeIdentifierOxygenSaturation = { metric = "spo2", scale = 100 }
apple.columns.HKQuantityTypeIdentifierBodyFatPercentage = { metric = "body_fat", scale = 100 }

local MINDFUL = { metric = "mindful_minutes", from = "duration_min" }
apple.columns["HKCategoryTypeIdentifierMindfulSession"] = MINDFUL
apple.columns["HKCategoryTypeIdentifierMindfulSession:HKCategoryValueNotApplicable"] = MINDFUL

-- An hour with the Watch on and without a minute on one's feet counts 0, an hour without the Watch nothing.
local STAND_HOUR = "HKCategoryTypeIdentifierAppleStandHour:HKCategoryValueAppleStandHour"
apple.columns[STAND_HOUR .. "Stood"] = { metric = "stand_hours", unit = "1" }
apple.columns[STAND_HOUR .. "Idle"] = { metric = "stand_hours", unit = "1", scale = 0 }

local SPORTS = {
  Running = "running", Cycling = "cycling", HandCycling = "cycling", Swimming = "swimming",
  Walking = "walking", Hiking = "hiking", Rowing = "rowing", Elliptical = "elliptical",
  FunctionalStrengthTraining = "training", TraditionalStrengthTraining = "training",
  CoreTraining = "training", CrossTraining = "training", MixedCardio = "training",
  HighIntensityIntervalTraining = "hiit", Yoga = "yoga", Pilates = "pilates", MindAndBody = "yoga",
  Soccer = "soccer", Tennis = "tennis", Basketball = "basketball", Golf = "golf", Boxing = "boxing",
  DownhillSkiing = "alpine_skiing", CrossCountrySkiing = "cross_country_skiing",
  Snowboarding = "snowboarding", SkatingSports = "ice_skating", Sailing = "sailing",
  PaddleSports = "paddling", SurfingSports = "surfing", EquestrianSports = "horseback_riding",
  Climbing = "rock_climbing", StairClimbing = "floor_climbing", Stairs = "floor_climbing",
  SwimBikeRun = "multisport", Transition = "transition", WheelchairRunPace = "wheelchair_run",
  WheelchairWalkPace = "wheelchair_walk",
}
local SUB_SPORTS = {
  FunctionalStrengthTraining = "strength_training", TraditionalStrengthTraining = "strength_training",
  MixedCardio = "cardio_training",
}

local METRES = { m = 1, km = 1000, cm = 0.01, mi = 1609.344, yd = 0.9144, ft = 0.3048, ["in"] = 0.0254 }
local KCAL = { kcal = 1, Cal = 1, cal = 0.001, kJ = 1 / 4.184, J = 1 / 4184 }
local MPS = { ["m/s"] = 1, ["km/hr"] = 1 / 3.6, ["mi/hr"] = 0.44704 }
local SECONDS = { s = 1, sec = 1, min = 60, hr = 3600, h = 3600 }
local GRAMS = { g = 1, mg = 0.001, oz = 28.349523125, kg = 1000 }

local function positive(v)
  return v and v > 0 and v or nil
end

local function convert(value, unit, factors)
  local v, factor = tonumber(value), factors[unit or ""]
  return v and factor and v * factor or nil
end

-- "6575 cm", "61.9694 degF", "6400 %": a figure and its unit
local function quantity(text)
  if not text or #text > 60 then return nil end
  local value, unit = text:match("^(%-?[%d.]+)%s+(%S+)$")
  return tonumber(value), unit
end

local function celsius(text)
  local v, unit = quantity(text)
  if not v then return nil end
  return unit == "degF" and (v - 32) / 1.8 or unit == "degC" and v or nil
end

-- Humidity is written as a hundred times its percentage in newer exports.
local function percent(text)
  local v, unit = quantity(text)
  if not v or unit ~= "%" then return nil end
  return v > 100 and v / 100 or v
end

-- A triathlon has a sum per kind of distance, any other workout one.
local function distance_m(m)
  local sum = 0
  for name, s in pairs(m.statistics or {}) do
    if name:find("^HKQuantityTypeIdentifierDistance") then
      sum = sum + (convert(s.sum, s.unit, METRES) or 0)
    end
  end
  local a = m.attributes
  return positive(sum) or positive(convert(a.totalDistance, a.totalDistanceUnit, METRES))
end

local function energy_kcal(m)
  local s, a = (m.statistics or {}).HKQuantityTypeIdentifierActiveEnergyBurned, m.attributes
  if s then return positive(convert(s.sum, s.unit, KCAL)) end
  return positive(convert(a.totalEnergyBurned, a.totalEnergyBurnedUnit, KCAL))
end

-- A single figure of a statistic in its own unit
local function statistic(m, name, key)
  local s = (m.statistics or {})["HKQuantityTypeIdentifier" .. name]
  return s and positive(s[key]) or nil
end

local function speed_mps(m, key)
  local s = (m.statistics or {}).HKQuantityTypeIdentifierRunningSpeed
    or (m.statistics or {}).HKQuantityTypeIdentifierCyclingSpeed
  return s and positive(convert(s[key], s.unit, MPS))
end

local function sport_of(m)
  local name = (m.attributes.workoutActivityType or ""):gsub("^HKWorkoutActivityType", "")
  if name == "" or name == "Other" then return nil end
  return SPORTS[name] or name:gsub("(%l)(%u)", "%1_%2"):lower(), SUB_SPORTS[name]
end

local function weather(meta, attributes)
  attributes.weather_temperature_c = celsius(meta.HKWeatherTemperature)
  attributes.weather_humidity_percent = percent(meta.HKWeatherHumidity)
end

local function workout_attributes(m)
  local a, meta = m.attributes, m.metadata or {}
  local ascent, ascent_unit = quantity(meta.HKElevationAscended)
  local lap, lap_unit = quantity(meta.HKLapLength)
  local sport, sub_sport = sport_of(m)
  local attributes = {
    sport = sport, sub_sport = sub_sport,
    elapsed_s = (m.finish_ms - m.start_ms) / 1000,
    timer_s = positive(convert(a.duration, a.durationUnit or "min", SECONDS)),
    distance_m = distance_m(m), energy_kcal = energy_kcal(m),
    ascent_m = positive(convert(ascent, ascent_unit, METRES)),
    hr_avg = statistic(m, "HeartRate", "average"), hr_max = statistic(m, "HeartRate", "maximum"),
    hr_min = statistic(m, "HeartRate", "minimum"), steps = statistic(m, "StepCount", "sum"),
    power_avg_w = statistic(m, "RunningPower", "average") or statistic(m, "CyclingPower", "average"),
    power_max_w = statistic(m, "RunningPower", "maximum") or statistic(m, "CyclingPower", "maximum"),
    speed_avg_mps = speed_mps(m, "average"), speed_max_mps = speed_mps(m, "maximum"),
    strokes = statistic(m, "SwimmingStrokeCount", "sum"),
    pool_length_m = positive(convert(lap, lap_unit, METRES)),
    route_file = m.routes and m.routes[1] or nil,
  }
  if meta.HKIndoorWorkout then attributes.indoor = meta.HKIndoorWorkout == "1" end
  weather(meta, attributes)
  return attributes
end

local function laps_of(m)
  local list = {}
  for _, e in ipairs(m.events or {}) do
    if e.type == "HKWorkoutEventTypeLap" and e.at_ms and positive(e.duration_s) then
      list[#list + 1] = {
        start = e.at_ms, finish = e.at_ms + math.floor(e.duration_s * 1000 + 0.5),
        elapsed_s = e.duration_s, timer_s = e.duration_s,
      }
    end
  end
  return list
end

-- Legs of a multi-sport workout; a single activity only repeats the workout.
local function legs_of(m)
  local list = {}
  for _, leg in ipairs(m.activities or {}) do
    if leg.start_ms and leg.finish_ms and leg.finish_ms > leg.start_ms then
      list[#list + 1] = {
        start = leg.start_ms, finish = leg.finish_ms, timer_s = leg.duration_s,
        elapsed_s = (leg.finish_ms - leg.start_ms) / 1000, sport = sport_of(leg),
      }
    end
  end
  return #list > 1 and list or nil
end

local function common(m, kind, id)
  return {
    kind = kind, external_id = id, start = m.start_ms, finish = m.finish_ms, origin = m.origin,
    offset_start = m.offset_start, offset_finish = m.offset_finish,
    zone_unknown = m.zone == "unknown" or nil,
  }
end

local handlers = {}

function handlers.workout(_, m, out)
  m.attributes = m.attributes or {}
  if not m.finish_ms or m.finish_ms <= m.start_ms then return out.reject("a workout without any length") end
  local record = common(m, "workout", ("%s:workout:%d"):format(m.source or "", m.start_ms))
  local laps = laps_of(m)
  record.zone = m.metadata and m.metadata.HKTimeZone or nil
  record.attributes = workout_attributes(m)
  record.segments = legs_of(m) or (#laps > 0 and laps or nil)
  out.record(record)
end

-- Seconds covered by segments of the given stages; overlaps count once. Segments come in order.
local function covered_s(segments, stages)
  local total, until_ms = 0, nil
  for _, s in ipairs(segments) do
    if stages[s[3]] then
      local from = until_ms and math.max(s[1], until_ms) or s[1]
      if s[2] > from then total = total + s[2] - from end
      until_ms = math.max(until_ms or s[2], s[2])
    end
  end
  return total > 0 and total / 1000 or nil
end

local STAGE_NAMES = { core = "light" }
local ASLEEP = { asleep = true, core = true, deep = true, rem = true }

local function sleep_attributes(m)
  local s = m.segments
  local in_bed, asleep = covered_s(s, { in_bed = true }), covered_s(s, ASLEEP)
  return {
    in_bed_s = in_bed, asleep_s = asleep, awake_s = covered_s(s, { awake = true }),
    light_s = covered_s(s, { core = true }), deep_s = covered_s(s, { deep = true }),
    rem_s = covered_s(s, { rem = true }),
    efficiency = in_bed and asleep and asleep <= in_bed and asleep / in_bed * 100 or nil,
  }
end

local function stages_of(m)
  local list = {}
  for _, s in ipairs(m.segments) do
    list[#list + 1] = { start = s[1], finish = s[2], stage = STAGE_NAMES[s[3]] or s[3] }
  end
  return list
end

-- A night is known by the day it belongs to, noon to noon by the clock on the wall, never by its
-- start, which moves when a night is sent again. A second sleep of that day is number 2.
local function sleep_id(state, m)
  local day = (m.start_ms // 60000 + (m.offset_start or 0) - 720) // 1440
  local key = ("%s:sleep:%d"):format(m.source or "", day)
  state.nights[key] = (state.nights[key] or 0) + 1
  return ("%s:%d"):format(key, state.nights[key])
end

function handlers.sleep(state, m, out)
  if m.finish_ms <= m.start_ms then return out.reject("a sleep without any length") end
  local record = common(m, "sleep", sleep_id(state, m))
  record.attributes = sleep_attributes(m)
  record.segments = stages_of(m)
  out.record(record)
end

local NUTRIENTS = {
  HKQuantityTypeIdentifierDietaryEnergyConsumed = { "energy_kcal", KCAL },
  HKQuantityTypeIdentifierDietaryProtein = { "protein_g", GRAMS },
  HKQuantityTypeIdentifierDietaryCarbohydrates = { "carbs_g", GRAMS },
  HKQuantityTypeIdentifierDietaryFatTotal = { "fat_g", GRAMS },
  HKQuantityTypeIdentifierDietaryFiber = { "fiber_g", GRAMS },
  HKQuantityTypeIdentifierDietarySugar = { "sugar_g", GRAMS },
}

-- Two equal foods of one moment are legal: they are numbered.
local function meal_id(state, m, name)
  local key = ("%s:meal:%d:%s"):format(m.source or "", m.start_ms, name or "")
  state.meals[key] = (state.meals[key] or 0) + 1
  return state.meals[key] == 1 and key or ("%s:%d"):format(key, state.meals[key])
end

function handlers.meal(state, m, out)
  local meta = m.metadata or {}
  local record = common(m, "meal", meal_id(state, m, meta.HKFoodType))
  local attributes = { name = meta.HKFoodType, meal = meta.HKFoodMeal }
  for _, member in ipairs(m.members or {}) do
    local nutrient = NUTRIENTS[member.type]
    if nutrient then attributes[nutrient[1]] = convert(member.value, member.unit, nutrient[2]) end
  end
  record.finish = record.finish or record.start
  record.attributes = attributes
  out.record(record)
end

local DAY_TOTALS = {
  { metric = "active_energy", from = "activeEnergyBurned", unit = "kcal", factors = KCAL },
  { metric = "exercise_time", from = "appleExerciseTime", unit = "min" },
  { metric = "stand_hours", from = "appleStandHours", unit = "1" },
}

-- The Watch's own totals of a day. A day of 0 is a day without the Watch.
function handlers.activity_summary(_, m, out)
  local a = m.attributes or {}
  local day = (a.dateComponents or ""):match("^%d%d%d%d%-%d%d%-%d%d$")
  if not day or day < "1900" or day >= "2080" then return end
  for _, t in ipairs(DAY_TOTALS) do
    local stated = a[t.from]
    local value = positive(t.factors and convert(stated, a[t.from .. "Unit"], t.factors) or
      not t.factors and tonumber(stated) or nil)
    if value then
      out.day_total { metric = t.metric, day = day, value = value, unit = t.unit, origin = m.origin }
    end
  end
end

function apple.start()
  return { nights = {}, meals = {} }
end

function apple.message(state, m, out)
  local handle = handlers[m.message]
  if handle then handle(state, m, out) end
end

function apple.finish() end

return apple
