-- SPDX-License-Identifier: MIT
-- Fitbit in Google Takeout as tables: the daily values of the older folders (a "Z" in them is false: the time
-- is that of the clock on the wall), and the folders "..._GoogleData" of Fitbit and of Google Health, its
-- successor since May 2026. There times are true, and each row names the device or app that measured:
-- a phone and a band count the same steps. Calories there include those at rest: no metric. What "Live
-- Pace" and "Activity Probabilities" repeat is left. Found by lua/shapes.lua.
local sleeps = require("sleeps")
local sports = require("fitbit_sports")

local NIGHT = { at = "timestamp", clock = "wall" }
local SOURCE = { name = { "data source", "data_source" } }
local BAND = { name = "Fitbit", kind = "band" }

local function number(text, least)
  local v = tonumber(text)
  return v and v > (least or 0) and v or nil
end

-- --- what was measured, one row a time ---

local function measured(name, column, metric, unit, lasts_s)
  return { name = name, file = "^" .. name .. "[_.]", columns = { "timestamp", column }, lasts_s = lasts_s,
    time = { at = "timestamp" }, origin = BAND, origin_from = SOURCE,
    values = { { at = column, metric = metric, unit = unit, skip_zero = not lasts_s or nil } } }
end

-- A value of a day stands at midnight or noon "Z" and means the day that is written; exports of people whose
-- data comes from another maker's app state the instant of their own midnight instead.
local function is_labelled(head, resolver)
  local at = resolver("timestamp").at + 1
  for i = 2, #head.rows do
    local clock = (head.rows[i][at] or ""):match("T(%d%d:%d%d:%d%d)")
    if clock and clock ~= "00:00:00" and clock ~= "12:00:00" then
      return false
    end
  end
  return true
end

local function of_day(list, name, column, metric, unit)
  for _, labelled in ipairs { true, false } do
    local t = measured(name, column, metric, unit)
    t.name, t.file = labelled and name or name .. "_instant", "^" .. name
    t.lasts_day = metric == "resting_heart_rate"
    t.time = { at = "timestamp", clock = labelled and "wall" or "stated" }
    t.fits = function(head, resolver)
      return is_labelled(head, resolver) == labelled
    end
    list[#list + 1] = t
  end
end

-- When the service changed a row last; an older export does not undo it.
local function modified(m)
  return m.modified and (sw.time.parse(m.modified)) or nil
end

-- --- nights: the whole in one table, its stages in another, joined in one group ---

local function night(_, m, out)
  local asleep, awake = number(m.asleep, -1), number(m.awake, -1)
  if not m.start_ms or not m.id or m.finish_ms <= m.start_ms then
    return out.reject("a sleep without any length")
  end
  out.record(sleeps.draft(m, { id = "fitbit:night:" .. m.id,
    seconds = { asleep = asleep and asleep * 60, awake = awake and awake * 60 },
    attributes = { modified_ms = modified(m) } }))
end

local STAGES = { AWAKE = "awake", WAKE = "awake", RESTLESS = "awake", LIGHT = "light", DEEP = "deep",
  REM = "rem", ASLEEP = "asleep" }

local function stage(state, m)
  local known = STAGES[m.stage or ""]
  if not m.start_ms or not m.id or not known or m.finish_ms <= m.start_ms then
    return
  end
  local n = state.nights[m.id]
  if not n then
    n = { id = m.id, start_ms = m.start_ms, finish_ms = m.finish_ms, origin = m.origin, stages = {} }
    state.nights[m.id], state.order[#state.order + 1] = n, n
  end
  if m.start_ms <= n.start_ms then
    n.start_ms, n.offset_start = m.start_ms, m.offset_start
  end
  if m.finish_ms >= n.finish_ms then
    n.finish_ms, n.offset_finish = m.finish_ms, m.offset_finish
  end
  n.modified = math.max(n.modified or 0, modified(m) or 0)
  n.stages[#n.stages + 1] = { start = m.start_ms, finish = m.finish_ms, stage = known }
end

local function finish(state, out)
  for _, n in ipairs(state.order) do
    table.sort(n.stages, function(a, b)
      return a.start < b.start
    end)
    out.record(sleeps.draft(n, { id = "fitbit:stages:" .. n.id, stages = n.stages,
      attributes = { modified_ms = n.modified > 0 and n.modified or nil } }))
  end
end

-- --- exercises ---

local function workout(_, m, out)
  if not m.start_ms or not m.id or m.finish_ms <= m.start_ms then
    return out.reject("a workout without any length")
  end
  local distance, ascent = number(m.distance) or number(m.distance_said), number(m.ascent)
  out.record { kind = "workout", external_id = "fitbit:workout:" .. m.id, start = m.start_ms,
    finish = m.finish_ms, origin = m.origin, offset_start = m.offset_start, offset_finish = m.offset_finish,
    attributes = { sport = sports[m.name], name = m.name, elapsed_s = (m.finish_ms - m.start_ms) / 1000,
      distance_m = distance and distance / 1000, ascent_m = ascent and ascent / 1000,
      energy_kcal = number(m.energy) or number(m.energy_said),
      steps = number(m.steps) or number(m.steps_said),
      hr_avg = number(m.hr_avg), hr_max = number(m.hr_max),
      modified_ms = modified(m) } }
end

local tables = {
  { name = "hrv_day", columns = { "timestamp", "rmssd", "nremhr", "entropy" }, time = NIGHT,
    values = { { at = "rmssd", metric = "hrv_rmssd", unit = "ms", skip_zero = true } } },
  { name = "spo2_day", columns = { "timestamp", "average_value", "lower_bound", "upper_bound" }, time = NIGHT,
    values = { { at = "average_value", metric = "spo2", unit = "%", skip_zero = true } } },
  { name = "sleep_score", columns = { "sleep_log_entry_id", "timestamp", "overall_score" }, time = NIGHT,
    values = { { at = "overall_score", metric = "sleep_score", unit = "{score}", skip_zero = true } } },
  measured("steps", "steps", "steps", "{step}", 60),
  measured("distance", "distance", "distance", "m", 60),
  measured("floors", "floors", "floors", "1", 60),
  measured("heart_rate", "beats per minute", "heart_rate", "bpm"),
  measured("heart_rate_variability", { "root mean square of successive differences milliseconds",
    "root mean square of successive differences ms" }, "hrv_rmssd", "ms"),
  measured("oxygen_saturation", "oxygen saturation percentage", "spo2", "%"),
  measured("body_temperature", "temperature celsius", "skin_temperature", "Cel"),
  measured("weight", "weight grams", "weight", "g"),
  measured("body_fat", { "body fat percentage", "fat percentage" }, "body_fat", "%"),
  { name = "night", columns = { "sleep_id", "sleep_start", "sleep_end", "minutes_asleep" }, row = night,
    time = { at = "sleep_start" }, finish = { at = "sleep_end" }, origin = BAND,
    offset = { at = "start_utc_offset", finish = "end_utc_offset" },
    fields = { id = "sleep_id", asleep = "minutes_asleep", awake = "minutes_awake",
      modified = "sleep_last_updated" } },
  { name = "stages", columns = { "sleep_id", "sleep_stage_type", "sleep_stage_start", "sleep_stage_end" },
    row = stage, time = { at = "sleep_stage_start" }, finish = { at = "sleep_stage_end" }, origin = BAND,
    offset = { at = "start_utc_offset", finish = "end_utc_offset" },
    fields = { id = "sleep_id", stage = "sleep_stage_type", modified = "sleep_stage_last_updated" } },
  { name = "workout", columns = { "exercise_id", "exercise_start", "exercise_end", "activity_name" },
    row = workout, time = { at = "exercise_start" }, finish = { at = "exercise_end" }, origin = BAND,
    offset = { at = "utc_offset" }, fields = { id = "exercise_id", name = "activity_name",
      distance = "tracker_total_distance_mm", distance_said = "manually_logged_total_distance_mm",
      ascent = "tracker_total_altitude_mm", energy = "tracker_total_calories",
      energy_said = "manually_logged_total_calories", steps = "tracker_total_steps",
      steps_said = "manually_logged_total_steps", hr_avg = "tracker_avg_heart_rate",
      hr_max = "tracker_peak_heart_rate", modified = "exercise_last_updated" } },
}
of_day(tables, "daily_resting_heart_rate", "beats per minute", "resting_heart_rate", "bpm")
of_day(tables, "daily_heart_rate_variability", "average heart rate variability milliseconds", "hrv_rmssd",
  "ms")
of_day(tables, "daily_oxygen_saturation", "average percentage", "spo2", "%")
of_day(tables, "daily_respiratory_rate", "breaths per minute", "respiratory_rate", "/min")
of_day(tables, "daily_sleep_temperature_derivations", "nightly temperature celsius", "skin_temperature",
  "Cel")

return {
  name = "fitbit", title = "Fitbit (Google Takeout)", provider = "fitbit",
  origin = { name = "Fitbit", maker = "fitbit", kind = "band" },
  start = function()
    return { nights = {}, order = {} }
  end,
  finish = finish,
  tables = tables,
}
