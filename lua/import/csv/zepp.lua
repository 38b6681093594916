-- SPDX-License-Identifier: MIT
-- Zepp (Amazfit, Mi Band): times in UTC written "+0000", days and the heart rate's minutes by the clock on
-- the wall. 0 and -1 stand for what was not measured. The real export is a zip with a password: unpack it
-- first.
local sleeps = require("sleeps")

local function minutes(text)
  local v = tonumber(text)
  return v and v * 60
end

-- A night that starts when it ends is a placeholder.
local function night(_, m, out)
  if m.start_ms and m.finish_ms > m.start_ms then
    out.record(sleeps.draft(m, { id = "zepp:sleep:" .. m.day, seconds = { light = minutes(m.light),
      deep = minutes(m.deep), rem = minutes(m.rem), awake = minutes(m.awake) } }))
  end
end

local SPORTS = { ["1"] = "running", ["6"] = "walking", ["8"] = "running", ["9"] = "cycling" }

local function positive(text)
  local v = tonumber(text)
  return v and v > 0 and v or nil
end

local function workout(_, m, out)
  if not m.start_ms or m.finish_ms <= m.start_ms then
    return out.reject("a workout without any length")
  end
  out.record { kind = "workout", external_id = ("zepp:workout:%d"):format(m.start_ms), start = m.start_ms,
    finish = m.finish_ms, origin = m.origin,
    attributes = { sport = SPORTS[m.type], category = m.type, elapsed_s = (m.finish_ms - m.start_ms) / 1000,
      distance_m = positive(m.distance), energy_kcal = positive(m.calories) } }
end

local function utc(name)
  return { at = name, clock = "utc" }
end

local function measured(at, metric, unit)
  return { at = at, metric = metric, unit = unit, skip_zero = true }
end

return {
  name = "zepp", title = "Zepp export", provider = "zepp",
  origin = { name = "Zepp", maker = "amazfit", kind = "band" },
  tables = {
    { name = "activity", columns = { "date", "steps", "distance", "runDistance" }, day = { at = "date" },
      totals = { { at = "steps", metric = "steps", unit = "{step}" },
        { at = "distance", metric = "distance", unit = "m" } } },
    { name = "body", columns = { "time", "weight", "height", "fatRate" }, time = utc("time"),
      values = { measured("weight", "weight", "kg"), measured("height", "height", "cm"),
        measured("fatRate", "body_fat", "%"), measured("bodyWaterRate", "body_water", "%"),
        measured("boneMass", "bone_mass", "kg"), measured("bmi", "bmi", "kg/m2") } },
    { name = "heart_rate", file = "^HEARTRATE", columns = { "date", "time", "heartRate" },
      time = { at = "date", with = "time", clock = "wall" }, values = { measured("heartRate", "heart_rate",
        "bpm") } },
    { name = "night", columns = { "date", "deepSleepTime", "shallowSleepTime", "start", "stop" }, row = night,
      time = utc("start"), finish = utc("stop"), fields = { day = "date", light = "shallowSleepTime",
        deep = "deepSleepTime", rem = "REMTime", awake = "wakeTime" } },
    { name = "sport", columns = { "type", "startTime", "sportTime(s)" }, row = workout,
      time = utc("startTime"),
      lasts = { at = "sportTime(s)" }, fields = { type = "type", distance = "distance(m)",
        calories = "calories(kcal)" } },
  },
}
