-- SPDX-License-Identifier: MIT
-- Withings' export: weighings and blood pressure by the clock on the wall, nights with their offsets,
-- steps both as totals of days and as lists inside cells. Fat and muscle in kilograms have no metric.
local sleeps = require("sleeps")

local function night(state, m, out)
  if not m.start_ms or m.finish_ms <= m.start_ms then
    return out.reject("a sleep without any length")
  end
  out.record(sleeps.draft(m, { id = sleeps.id(state, "withings", m),
    seconds = { light = tonumber(m.light), deep = tonumber(m.deep), rem = tonumber(m.rem),
      awake = tonumber(m.awake) },
    attributes = { hr_avg = tonumber(m.hr), hr_min = tonumber(m.hr_min), hr_max = tonumber(m.hr_max) } }))
end

local SCALE = { name = "Withings scale", maker = "withings", kind = "scale" }
local LOCAL = { at = "Date", clock = "wall" }

local function total(name, metric, unit)
  return { name = name, file = "^aggregates_" .. metric, columns = { "date", "value" }, day = { at = "date" },
    totals = { { at = "value", metric = metric, unit = unit } } }
end

local function lists(file, metric, unit)
  return { name = file, file = "^" .. file, columns = { "start", "duration", "value" },
    time = { at = "start" },
    arrays = { { at = "value", lasts = "duration", metric = metric, unit = unit } } }
end

return {
  name = "withings", title = "Withings export", provider = "withings",
  origin = { name = "Withings", maker = "withings", kind = "watch" },
  tables = {
    { name = "weight", columns = { "Date", { "Weight (kg)", "Weight (lb)" },
      { "Fat mass (kg)", "Fat mass (lb)" } }, origin = SCALE, time = LOCAL,
      values = { { at = "Weight (kg)", metric = "weight", unit = "kg" },
        { at = "Weight (lb)", metric = "weight", unit = "lb" },
        { at = "Bone mass (kg)", metric = "bone_mass", unit = "kg" },
        { at = "Bone mass (lb)", metric = "bone_mass", unit = "lb" } } },
    { name = "pressure", columns = { "Date", "Heart rate", "Systolic", "Diastolic", "Comments" },
      time = LOCAL,
      origin = { name = "Withings BPM", maker = "withings", kind = "" },
      values = { { at = "Systolic", metric = "blood_pressure_systolic", unit = "mmHg" },
        { at = "Diastolic", metric = "blood_pressure_diastolic", unit = "mmHg" },
        { at = "Heart rate", metric = "heart_rate", unit = "bpm", skip_zero = true } } },
    { name = "night", columns = { "from", "to", "light (s)", "deep (s)" }, row = night,
      time = { at = "from" },
      finish = { at = "to" }, fields = { light = "light (s)", deep = "deep (s)", rem = "rem (s)",
        awake = "awake (s)", hr = "Average heart rate", hr_min = "Heart rate (min)",
          hr_max = "Heart rate (max)" } },
    total("steps_day", "steps", "{step}"), total("distance_day", "distance", "m"),
    lists("raw_tracker_steps", "steps", "{step}"), lists("raw_tracker_distance", "distance", "m"),
    lists("raw_hr_hr", "heart_rate", "bpm"),
  },
}
