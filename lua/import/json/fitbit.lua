-- SPDX-License-Identifier: MIT
-- Fitbit in Google Takeout, "Global Export Data": one JSON list a file, its kind known by the file's name.
-- Steps and heart rate are in UTC, sleep and weight by the clock on the wall. Found by lua/shapes.lua.
local sleeps = require("sleeps")
local sports = require("fitbit_sports")

local STAGES = { wake = "awake", awake = "awake", restless = "awake", light = "light", deep = "deep",
  rem = "rem",
  asleep = "asleep", unknown = nil }

-- The number of a log, be it written as a number, as text, or larger than any; nil: it has none.
local function id_of(log)
  local id = log.logId
  if math.type(id) == "float" and id == id then
    return ("%.0f"):format(id)
  end
  return math.type(id) and tostring(id) or type(id) == "string" and id:match("^%d+$")
end

-- Levels follow one another, so lengths are added to the start: the clock may change within the night.
local function stages_of(m, levels)
  local list, at = {}, m.start_ms
  for _, l in ipairs(levels.data or {}) do
    local seconds = tonumber(l.seconds) or 0
    if STAGES[l.level] and seconds > 0 then
      list[#list + 1] = { start = at, finish = at + math.floor(seconds * 1000), stage = STAGES[l.level] }
    end
    at = at + math.floor(seconds * 1000)
  end
  return list
end

local function short_awakenings(state, levels)
  local list = {}
  for _, l in ipairs(levels.shortData or {}) do
    local from = sleeps.local_ms(state, l.dateTime)
    if from and tonumber(l.seconds) then
      list[#list + 1] = { start = from, finish = from + math.floor(l.seconds * 1000), stage = "awake" }
    end
  end
  return list
end

local function night(state, m, out)
  local log = m.data
  m.finish_ms = m.start_ms + (tonumber(log.duration) or 0)
  if m.finish_ms <= m.start_ms then
    return out.reject("a sleep without any length")
  elseif not id_of(log) then
    return out.reject("a sleep without the number of its log")
  end
  local levels = type(log.levels) == "table" and log.levels or {}
  local stages = sleeps.overlay(stages_of(m, levels), short_awakenings(state, levels))
  out.record(sleeps.draft(m, { id = "fitbit:sleep:" .. id_of(log), stages = stages,
    attributes = { efficiency = tonumber(log.efficiency), main = log.mainSleep } }))
end

local METRES = { Kilometer = 1000, Mile = 1609.344 }

local function workout(_, m, out)
  local log = m.data
  m.finish_ms = m.start_ms + (tonumber(log.duration) or 0)
  if m.finish_ms <= m.start_ms then
    return out.reject("a workout without any length")
  elseif not id_of(log) then
    return out.reject("a workout without the number of its log")
  end
  local active, distance = tonumber(log.activeDuration), tonumber(log.distance)
  local metres = distance and METRES[log.distanceUnit] and distance * METRES[log.distanceUnit]
  out.record { kind = "workout", external_id = "fitbit:exercise:" .. id_of(log), start = m.start_ms,
    finish = m.finish_ms, origin = m.origin,
    attributes = { sport = sports[log.activityName], name = log.activityName,
      elapsed_s = (m.finish_ms - m.start_ms) / 1000, timer_s = active and active / 1000,
      energy_kcal = tonumber(log.calories), hr_avg = tonumber(log.averageHeartRate),
        steps = tonumber(log.steps), distance_m = metres and metres > 0 and metres or nil } }
end

-- The unit is that of the account, which the file does not name. The index beside it tells: of the heights
-- that bmi = kg / m2 gives, only one unit's is that of a grown person. nil: not even that is sure.
local function weight_unit(text)
  local weight = tonumber(text:match('"weight"%s*:%s*([%d.]+)'))
  local bmi = tonumber(text:match('"bmi"%s*:%s*([%d.]+)'))
  if not weight or not bmi or bmi <= 0 then
    return nil
  end
  local metres = math.sqrt(weight / bmi)
  for _, u in ipairs { { "kg", 1.3, 2.15 }, { "lb", 2.25, 3.2 }, { "st", 0.5, 0.86 } } do
    if metres >= u[2] and metres <= u[3] then
      return u[1]
    end
  end
end

local function weighing(head, options)
  local list = { { at = "fat", metric = "body_fat", unit = "%", skip_zero = true },
    { at = "bmi", metric = "bmi", unit = "kg/m2", skip_zero = true } }
  local unit = options.weight_unit or weight_unit(head.text)
  if not unit then
    return list, "the unit of the weights is not in the file: say it with --weight-unit kg, lb or st"
  end
  list[3] = { at = "weight", metric = "weight", unit = unit, skip_zero = true }
  return list
end

local MDY = "mdy"

return {
  name = "fitbit", title = "Fitbit (Google Takeout)", provider = "fitbit",
  origin = { name = "Fitbit", maker = "fitbit", kind = "band" },
  tables = {
    { name = "steps", file = "^steps%-", holds = { '"dateTime"' }, lasts_s = 60,
      time = { at = "dateTime", order = MDY, clock = "utc" },
      values = { { at = "value", metric = "steps", unit = "{step}" } } },
    { name = "heart_rate", file = "^heart_rate%-", holds = { '"bpm"' },
      time = { at = "dateTime", order = MDY, clock = "utc" },
      values = { { at = "value.bpm", metric = "heart_rate", unit = "bpm", skip_zero = true } } },
    { name = "resting", file = "^resting_heart_rate%-", holds = { '"value"' }, lasts_day = true,
      time = { at = "value.date", order = MDY, clock = "wall" },
      values = { { at = "value.value", metric = "resting_heart_rate", unit = "bpm", skip_zero = true } } },
    { name = "vo2max", file = "^demographic_vo2_max%-", holds = { '"filteredDemographicVO2Max"' },
      time = { at = "dateTime", order = MDY, clock = "wall" },
      values = { { at = "value.filteredDemographicVO2Max", metric = "vo2max", unit = "mL/kg/min",
        skip_zero = true } } },
    { name = "weight", file = "^weight%-", holds = { '"weight"', '"date"' },
      time = { at = "date", with = "time", order = MDY, clock = "wall" }, values = weighing,
      origin = { name = "Fitbit Aria", maker = "fitbit", kind = "scale" } },
    { name = "sleep", file = "^sleep%-", holds = { '"logId"', '"levels"' },
      time = { at = "startTime", clock = "wall" }, data = true, row = night },
    { name = "exercise", file = "^exercise%-", holds = { '"logId"', '"startTime"' },
      time = { at = "startTime", order = MDY, clock = "utc" }, data = true, row = workout },
  },
}
