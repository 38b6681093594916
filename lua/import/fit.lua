-- SPDX-License-Identifier: MIT
-- FIT files: which metric each column of the decoder is, and workouts and sleeps out of its messages.
-- A file is judged at its file_end: sessions come first, records stand in for a session that is lost.
-- Used by the importer: local s = fit.start(); fit.message(s, m, out) per message; fit.finish(s, out)
local fit = { title = "FIT (Garmin, Wahoo, Suunto, COROS and others)", together = true }

fit.columns = {
  ["record.heart_rate"] = { metric = "heart_rate" },
  ["record.speed"] = { metric = "speed" },
  ["record.cadence"] = { metric = "cadence" },
  ["record.power"] = { metric = "power" },
  ["record.altitude"] = { metric = "altitude" },
  ["record.latitude"] = { metric = "latitude" },
  ["record.longitude"] = { metric = "longitude" },
  ["record.respiration_rate"] = { metric = "respiratory_rate" },
  ["record.core_temperature"] = { metric = "body_temperature" },
  ["monitoring.heart_rate"] = { metric = "heart_rate" },
  ["monitoring.steps"] = { metric = "steps", unit = "{step}" },
  ["monitoring.distance"] = { metric = "distance" },
  ["monitoring.active_calories"] = { metric = "active_energy" },
  ["monitoring.resting_heart_rate"] = { metric = "resting_heart_rate" },
  ["stress.level"] = { metric = "stress", unit = "{score}" },
  ["spo2.value"] = { metric = "spo2" },
  ["respiration.rate"] = { metric = "respiratory_rate" },
  ["hrv.rmssd"] = { metric = "hrv_rmssd" },
  ["weight.weight"] = { metric = "weight" },
  ["weight.percent_fat"] = { metric = "body_fat" },
  ["weight.percent_hydration"] = { metric = "body_water" },
  ["weight.bone_mass"] = { metric = "bone_mass" },
  ["weight.bmi"] = { metric = "bmi" },
  ["blood_pressure.systolic"] = { metric = "blood_pressure_systolic" },
  ["blood_pressure.diastolic"] = { metric = "blood_pressure_diastolic" },
  ["blood_pressure.pulse"] = { metric = "heart_rate" },
  ["max_met.vo2max"] = { metric = "vo2max" },
}

-- our attribute -> names in the file, the better one first; heart rates are apart, 0 is none there
local PLAIN = {
  elapsed_s = { "total_elapsed_time" }, timer_s = { "total_timer_time" },
  moving_s = { "total_moving_time" }, distance_m = { "total_distance" },
  energy_kcal = { "total_calories" }, ascent_m = { "total_ascent" }, descent_m = { "total_descent" },
  speed_avg_mps = { "enhanced_avg_speed", "avg_speed" },
  speed_max_mps = { "enhanced_max_speed", "max_speed" },
  power_avg_w = { "avg_power" }, power_max_w = { "max_power" },
  power_normalized_w = { "normalized_power" },
  cadence_avg_rpm = { "avg_cadence" }, cadence_max_rpm = { "max_cadence" },
  cycles = { "total_cycles" }, work_j = { "total_work" }, pool_length_m = { "pool_length" },
  lengths = { "num_active_lengths" }, stroke = { "swim_stroke" },
  temperature_avg_c = { "avg_temperature" }, temperature_max_c = { "max_temperature" },
  altitude_min_m = { "enhanced_min_altitude", "min_altitude" },
  altitude_max_m = { "enhanced_max_altitude", "max_altitude" },
  training_effect = { "total_training_effect" },
  training_effect_anaerobic = { "total_anaerobic_training_effect" },
  training_load = { "training_load_peak" }, training_stress_score = { "training_stress_score" },
  respiration_avg_per_min = { "enhanced_avg_respiration_rate", "avg_respiration_rate" },
  sport = { "sport" },
}
local HEART = { hr_avg = "avg_heart_rate", hr_max = "max_heart_rate", hr_min = "min_heart_rate" }

local FIRST_DATE_MS = 899501056000 -- smaller times count from power-on, unless the file has no others
local EPOCH_MS = 631065600000
local LAST_DATE_MS = 3471206400000 -- after 2079
local DAY_S = 86400

local NOT_DONE = {
  course = "a course: a planned route, nothing that was done",
  workout = "a workout plan, nothing that was done",
  settings = "a device's settings", device = "a device description", sport = "sport settings",
  schedules = "a training calendar", totals = "a device's running totals", goals = "goals",
  segment = "a segment: a route to race on", segment_list = "a list of segments",
}

local function usable(file, ms)
  return ms ~= nil and ms >= (file.dated and FIRST_DATE_MS or EPOCH_MS) and ms <= LAST_DATE_MS
end

local function day_text(ms)
  return os.date("!%Y-%m-%d", ms // 1000)
end

-- Devices without a sensor, and services that did not compute, write 0 where they mean nothing.
local function drop_zeroes(a)
  if a.power_avg_w == 0 and (a.power_max_w or 0) == 0 then
    a.power_avg_w, a.power_max_w, a.power_normalized_w, a.work_j = nil, nil, nil, nil
  end
  if a.cadence_avg_rpm == 0 and (a.cadence_max_rpm or 0) == 0 then
    a.cadence_avg_rpm, a.cadence_max_rpm = nil, nil
  end
  if a.energy_kcal == 0 and (a.elapsed_s or 0) > 300 then a.energy_kcal = nil end
  return a
end

local function attributes_of(m)
  local a = {}
  for name, sources in pairs(PLAIN) do
    a[name] = m[sources[1]]
    if a[name] == nil and sources[2] then a[name] = m[sources[2]] end
  end
  for name, source in pairs(HEART) do
    if m[source] ~= 0 then a[name] = m[source] end
  end
  if m.sub_sport ~= "generic" then a.sub_sport = m.sub_sport end
  return drop_zeroes(a)
end

-- Seconds from start to finish. Both times stay as the file states them, also where they contradict each
-- other; only a clock that jumped, with no record where it says the session ended, is not believed.
local function length_of(a, last_s, what, out)
  local elapsed, timer = a.elapsed_s, a.timer_s
  if elapsed == 0 and timer then a.elapsed_s = timer end
  if not elapsed or not timer or elapsed == 0 then return a.elapsed_s or timer end
  if elapsed > DAY_S and timer < elapsed / 2 and (last_s or 0) < elapsed - DAY_S then
    a.elapsed_stated_s, a.elapsed_s = elapsed, timer
    local text = "%s: the clock jumped, %d s are stated; its length is that of its timer"
    out.note(text:format(what, elapsed // 1))
    return timer
  end
  if timer > elapsed + 60 and timer > elapsed * 1.1 then
    out.note(what .. ": more timer than elapsed time; both are kept as the file states them")
    return timer
  end
  return elapsed
end

local function millis(seconds)
  return math.floor(seconds * 1000 + 0.5)
end

local function silent() end
local QUIET = { note = silent }

local function lap_segment(file, lap, before, last_ms)
  local a = attributes_of(lap)
  local start = usable(file, lap.start_time_ms) and lap.start_time_ms or before
  local length = length_of(a, last_ms and start and (last_ms - start) / 1000, "a lap", QUIET)
  if not start then return nil end
  a.kind, a.trigger = "lap", lap.lap_trigger
  a.start = start
  a.finish = length and start + millis(length) or math.max(start, lap.timestamp_ms or start)
  return a
end

local function in_session(session, lap, position)
  local first, count = session.first_lap_index, session.num_laps
  if first and count then
    local index = lap.message_index or position - 1
    return index >= first and index < first + count
  end
  local at, from = lap.start_time_ms or lap.timestamp_ms, session.start_time_ms
  return at ~= nil and from ~= nil and at >= from and at < from + millis(session.total_elapsed_time or 0)
end

local function segments_of(file, session, r)
  local list, before = {}, nil
  for i, lap in ipairs(file.laps) do
    if #file.sessions < 2 or in_session(session, lap, i) then
      local segment = lap_segment(file, lap, before, r and r.last_ms)
      if segment then
        list[#list + 1] = segment
        before = segment.finish
      end
    end
  end
  table.sort(list, function(x, y) return x.start < y.start end)
  return #list > 0 and list or nil
end

-- What the records say, where the session is silent.
local function fill_from_records(a, r)
  if not r then return end
  a.sample_count = r.n
  if r.heart_rate then
    a.hr_avg = a.hr_avg or math.floor(r.heart_rate.mean + 0.5)
    a.hr_max = a.hr_max or r.heart_rate.max
  end
  if a.distance_m == nil and r.distance_m and r.distance_m > 0 then a.distance_m = r.distance_m end
  if a.power_avg_w == nil and r.power then a.power_avg_w = math.floor(r.power.mean + 0.5) end
  if a.ascent_m == nil and r.ascent_m then a.ascent_m = math.floor(r.ascent_m + 0.5) end
end

local STRIDES = { running = true, walking = true, hiking = true }

-- A cycle is a stroke of the arms, two steps, or a turn of the pedals.
local function name_cycles(a)
  if a.sport == "swimming" then a.strokes, a.cycles = a.cycles, nil end
  if STRIDES[a.sport] and a.cycles then a.steps, a.cycles = a.cycles * 2, nil end
end

local function external_id(file, tail)
  local device = file.ident ~= "" and file.ident or file.model
  return table.concat({ file.maker ~= "" and file.maker or "fit", device, tail }, ":")
end

-- A device may start before it knows the date: then its end, or its first dated record, tells.
local function start_of(file, session, r)
  if usable(file, session.start_time_ms) then return session.start_time_ms end
  if r and r.first_ms then return r.first_ms end
  if session.timestamp_ms and session.total_elapsed_time then
    return session.timestamp_ms - millis(session.total_elapsed_time)
  end
  return session.start_time_ms
end

local function sport_elsewhere(file)
  return file.sport and file.sport.sport or file.laps[1] and file.laps[1].sport
end

-- Two sessions of one file that claim one start stay two.
local function workout_id(file, start)
  local id = external_id(file, ("%d"):format(start))
  local n = (file.ids[id] or 0) + 1
  file.ids[id] = n
  return n == 1 and id or ("%s:%d"):format(id, n)
end

local function emit_workout(file, start, finish, attributes, segments, out)
  attributes.sport = attributes.sport or sport_elsewhere(file)
  attributes.device = file.device ~= "" and file.device or nil
  out.record {
    kind = "workout", external_id = workout_id(file, start),
    start = start, finish = finish,
    offset_start = file.offset_min, offset_finish = file.offset_min, origin = file.origin,
    attributes = attributes, segments = segments,
  }
end

local function workout_of_session(file, session, r, out)
  local start = start_of(file, session, r)
  if not start then return out.reject("a session without any time") end
  if not usable(file, start) then
    local text = "the device's clock was not set (%s): the session has no date"
    return out.reject(text:format(day_text(start)))
  end
  local a = attributes_of(session)
  local what = "the session of " .. day_text(start)
  local length = length_of(a, r and r.last_ms and (r.last_ms - start) / 1000, what, out)
  local finish = length and start + millis(length) or r and r.last_ms or session.timestamp_ms or start
  a.name = session.sport_profile_name
  fill_from_records(a, r)
  name_cycles(a)
  if #file.sessions > 1 then
    a.part_of = external_id(file, ("%d"):format(file.sessions[1].start_time_ms or start))
  end
  emit_workout(file, start, math.max(start, finish), a, segments_of(file, session, r), out)
end

local function workout_of_records(file, out)
  local r = file.summaries[0]
  if not r or not r.first_ms then return out.reject("records without a usable time and no session") end
  local a = { elapsed_s = (r.last_ms - r.first_ms) / 1000 }
  if file.sport and file.sport.sub_sport ~= "generic" then a.sub_sport = file.sport.sub_sport end
  fill_from_records(a, r)
  if r.speed then a.speed_avg_mps, a.speed_max_mps = r.speed.mean, r.speed.max end
  if a.elapsed_s > 7 * DAY_S then return out.reject("records that span more than a week and no session") end
  out.note("the file has no session: the workout is summed up from its records")
  emit_workout(file, r.first_ms, r.last_ms, a, segments_of(file, {}, r), out)
end

local function workouts(file, out)
  for i, session in ipairs(file.sessions) do
    if session.sport ~= "transition" then
      workout_of_session(file, session, file.summaries[i - 1], out)
    end
  end
  if #file.sessions == 0 and (file.records or 0) > 0 then workout_of_records(file, out) end
  if #file.sessions == 0 and (file.records or 0) == 0 and file.type == "activity" then
    out.note("an activity file without sessions or records")
  end
end

local function stage_seconds(segments)
  local total = { light = 0, deep = 0, rem = 0, awake = 0, unknown = 0 }
  local list = {}
  for i, s in ipairs(segments) do
    local stage = total[s[3]] and s[3] or "unknown"
    list[i] = { start = s[1], finish = s[2], stage = stage }
    total[stage] = total[stage] + (s[2] - s[1]) / 1000
  end
  return total, list
end

local function sleep(file, m, out)
  local total, list = stage_seconds(m.segments)
  local in_bed = (m.finish_ms - m.start_ms) / 1000
  local asleep = total.light + total.deep + total.rem
  local scores = m.scores or {}
  if not usable(file, m.start_ms) or in_bed <= 0 then return out.reject("a sleep without a usable time") end
  out.record {
    kind = "sleep", external_id = external_id(file, ("sleep:%d"):format(m.start_ms)),
    start = m.start_ms, finish = m.finish_ms,
    offset_start = m.offset_min, offset_finish = m.offset_min, origin = m.origin,
    attributes = {
      in_bed_s = in_bed, asleep_s = asleep, awake_s = total.awake, light_s = total.light,
      deep_s = total.deep, rem_s = total.rem, efficiency = math.floor(asleep / in_bed * 1000 + 0.5) / 10,
      score = scores.overall_sleep_score, awakenings = scores.awakenings_count,
    },
    segments = list,
  }
end

local function new_file()
  return { sessions = {}, laps = {}, sleeps = {}, summaries = {}, ids = {} }
end

local function file_end(state, m, out)
  local file = state.file
  for _, key in ipairs { "type", "origin", "device", "maker", "model", "ident", "offset_min", "records",
    "dated" } do
    file[key] = m[key]
  end
  state.file = new_file()
  if NOT_DONE[file.type] then return out.note("this is " .. NOT_DONE[file.type]) end
  workouts(file, out)
  for _, night in ipairs(file.sleeps) do sleep(file, night, out) end
end

local take = {
  session = function(file, m) file.sessions[#file.sessions + 1] = m end,
  lap = function(file, m) file.laps[#file.laps + 1] = m end,
  sport = function(file, m) file.sport = file.sport or m end,
  sleep = function(file, m) file.sleeps[#file.sleeps + 1] = m end,
  record_summary = function(file, m) file.summaries[m.session or 0] = m end,
}

function fit.start()
  return { file = new_file() }
end

function fit.message(state, m, out)
  if m.message == "file_end" then return file_end(state, m, out) end
  if take[m.message] then take[m.message](state.file, m) end
end

-- Everything is handed over at each file_end; a file that never got there has none to give.
function fit.finish() end

return fit
