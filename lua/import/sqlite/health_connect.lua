-- SPDX-License-Identifier: MIT
-- Android Health Connect's export, a SQLite database (also inside its zip): tables and columns by name,
-- those that are not there are left out. Times are milliseconds in UTC with the zone's seconds beside
-- them.
local sleeps = require("sleeps")

local WHO = {
  { table = "application_info_table", alias = "a", on = "a.row_id = r.app_info_id" },
  { table = "device_info_table", alias = "d", on = "d.row_id = r.device_info_id" },
}
local MS = "ms"

local function origin_from()
  return { name = { "a.app_name", "a.package_name" }, ident = "a.package_name", maker = "d.manufacturer",
    model = "d.model" }
end

local function value(column, metric, unit)
  return { at = column, metric = metric, unit = unit }
end

local function table_of(name, more)
  more.name, more.from, more.joins, more.order = name, name .. " r", more.joins or WHO,
    more.order or "r.row_id"
  more.origin_from = origin_from()
  return more
end

local function instant(name, ...)
  return table_of(name, { time = { at = "r.time", order = MS }, offset = { at = "r.zone_offset",
    seconds = true },
    values = { ... } })
end

local function interval(name, ...)
  return table_of(name, { time = { at = "r.start_time", order = MS }, finish = { at = "r.end_time",
    order = MS },
    offset = { at = "r.start_zone_offset", finish = "r.end_zone_offset", seconds = true }, values = { ... } })
end

-- A reading of a series stands in a table of its own; its record says who measured.
local function series(name, record, column, metric, unit)
  local t = table_of(name, { time = { at = "r2.epoch_millis", order = MS },
    offset = { at = "r.start_zone_offset", seconds = true }, values = { value("r2." .. column, metric,
      unit) },
    order = "r2.rowid" })
  t.from = name .. " r2"
  t.joins = { { table = record, alias = "r", on = "r.row_id = r2.parent_key", inner = true }, WHO[1], WHO[2] }
  return t
end

local STAGES = { ["1"] = "awake", ["2"] = "asleep", ["4"] = "light", ["5"] = "deep", ["6"] = "rem",
  ["7"] = "awake" }

local function flush_night(state, out)
  local m = state.night
  state.night = nil
  if not m then
    return
  elseif m.finish_ms <= m.start_ms then
    return out.reject("a sleep without any length")
  end
  out.record(sleeps.draft(m, { id = "health_connect:" .. m.uuid, stages = m.stages,
    attributes = { name = m.title, note = m.notes, modified_ms = math.tointeger(tonumber(m.modified)) } }))
end

-- A row a stage, those of a night after one another; a night without stages is one row.
local function stage(state, m, out)
  if not state.night or state.night.uuid ~= m.uuid then
    flush_night(state, out)
    state.night = m
    m.stages = {}
  end
  local from, to = math.tointeger(tonumber(m.stage_start)), math.tointeger(tonumber(m.stage_end))
  if from and to and to > from and STAGES[m.stage or ""] then
    table.insert(state.night.stages, { start = from, finish = to, stage = STAGES[m.stage] })
  end
end

local function nights()
  local t = interval("sleep_session_record_table")
  t.joins = { { table = "sleep_stages_table", alias = "s", on = "s.parent_key = r.row_id" }, WHO[1], WHO[2] }
  t.order, t.row = "r.row_id, s.stage_start_time", stage
  t.fields = { uuid = "r.uuid", title = "r.title", notes = "r.notes", modified = "r.last_modified_time",
    stage_start = "s.stage_start_time",
    stage_end = "s.stage_end_time", stage = "s.stage_type" }
  return t
end

-- Numbers of the platform, not those of the library that apps use.
local SPORTS = { [4] = "cycling", [5] = "cycling", [20] = "hiit", [21] = "hiking", [26] = "pilates",
  [31] = "rowing",
  [33] = "running", [34] = "running", [41] = "soccer", [45] = "training", [48] = "swimming",
    [49] = "swimming",
  [51] = "tennis", [53] = "walking", [55] = "training", [57] = "yoga", [60] = "elliptical", [61] = "rowing" }

local function workout(_, m, out)
  if m.finish_ms <= m.start_ms then
    return out.reject("a workout without any length")
  end
  out.record { kind = "workout", external_id = "health_connect:" .. m.uuid, start = m.start_ms,
    finish = m.finish_ms, origin = m.origin, offset_start = m.offset_start, offset_finish = m.offset_finish,
    attributes = { sport = SPORTS[tonumber(m.type)], category = m.type, name = m.title, note = m.notes,
      elapsed_s = (m.finish_ms - m.start_ms) / 1000, modified_ms = math.tointeger(tonumber(m.modified)) } }
end

local function workouts()
  local t = interval("exercise_session_record_table")
  t.row, t.fields = workout, { uuid = "r.uuid", type = "r.exercise_type", title = "r.title",
    notes = "r.notes", modified = "r.last_modified_time" }
  return t
end

return {
  name = "health_connect", title = "Health Connect (export database)", provider = "health_connect",
  origin = { name = "Health Connect" },
  finish = flush_night,
  tables = {
    interval("steps_record_table", value("r.count", "steps", "{step}")),
    interval("distance_record_table", value("r.distance", "distance", "m")),
    interval("floors_climbed_record_table", value("r.floors", "floors", "1")),
    interval("active_calories_burned_record_table", value("r.energy", "active_energy", "cal")),
    interval("hydration_record_table", value("r.volume", "water", "L")),
    interval("nutrition_record_table", value("r.energy", "energy_intake", "cal"),
      value("r.protein", "protein", "g"), value("r.total_carbohydrate", "carbs", "g"),
      value("r.total_fat", "fat", "g"), value("r.dietary_fiber", "fiber", "g"), value("r.sugar", "sugar",
        "g"),
      value("r.sodium", "sodium", "g"), value("r.caffeine", "caffeine", "g")),
    series("heart_rate_record_series_table", "heart_rate_record_table", "beats_per_minute", "heart_rate",
      "bpm"),
    series("speed_record_table", "SpeedRecordTable", "speed", "speed", "m/s"),
    series("power_record_table", "PowerRecordTable", "power", "power", "W"),
    instant("weight_record_table", value("r.weight", "weight", "g")),
    instant("height_record_table", value("r.height", "height", "m")),
    instant("body_fat_record_table", value("r.percentage", "body_fat", "%")),
    instant("lean_body_mass_record_table", value("r.mass", "lean_mass", "g")),
    instant("bone_mass_record_table", value("r.mass", "bone_mass", "g")),
    instant("resting_heart_rate_record_table", value("r.beats_per_minute", "resting_heart_rate", "bpm")),
    instant("heart_rate_variability_rmssd_record_table",
      value("r.heart_rate_variability_millis", "hrv_rmssd", "ms")),
    instant("oxygen_saturation_record_table", value("r.percentage", "spo2", "%")),
    instant("respiratory_rate_record_table", value("r.rate", "respiratory_rate", "/min")),
    instant("blood_pressure_record_table", value("r.systolic", "blood_pressure_systolic", "mmHg"),
      value("r.diastolic", "blood_pressure_diastolic", "mmHg")),
    instant("blood_glucose_record_table", value("r.level", "blood_glucose", "mmol/L")),
    instant("body_temperature_record_table", value("r.temperature", "body_temperature", "Cel")),
    instant("vo2_max_record_table", value("r.vo2_milliliters_per_minute_kilogram", "vo2max", "mL/kg/min")),
    nights(), workouts(),
  },
}
