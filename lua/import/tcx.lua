-- SPDX-License-Identifier: MIT
-- TCX files: every activity is a workout with its laps. Distance and energy come from the laps,
-- because points often lack them; what laps leave out comes from the points.
-- Used by the importer: local s = tcx.start(); tcx.message(s, m, out) per message; tcx.finish(s, out)
local tcx = { title = "TCX (Garmin Training Center and services)", together = true }

tcx.columns = {
  ["trackpoint.heart_rate"] = { metric = "heart_rate" },
  ["trackpoint.cadence"] = { metric = "cadence" },
  ["trackpoint.power"] = { metric = "power" },
  ["trackpoint.speed"] = { metric = "speed" },
  ["trackpoint.altitude"] = { metric = "altitude" },
  ["trackpoint.latitude"] = { metric = "latitude" },
  ["trackpoint.longitude"] = { metric = "longitude" },
}

local SPORTS = { running = "running", biking = "cycling", cycling = "cycling", swimming = "swimming",
  walking = "walking", hiking = "hiking", rowing = "rowing" }

local function positive(v)
  return v and v > 0 and v or nil
end

-- "Other" is what the format says of every sport but two.
local function sport_of(text)
  local word = (text or ""):lower():gsub("%s+", "_")
  if word == "" or word == "other" or #word > 60 then return nil end
  return SPORTS[word] or word
end

local function lap_of(lap)
  if not lap.start_ms then return nil end
  local seconds = lap.seconds or 0
  return {
    start = lap.start_ms, finish = lap.start_ms + math.floor(seconds * 1000 + 0.5),
    elapsed_s = positive(seconds), timer_s = positive(seconds), distance_m = positive(lap.distance_m),
    energy_kcal = positive(lap.calories), hr_avg = positive(lap.avg_hr), hr_max = positive(lap.max_hr),
    sample_count = lap.trackpoints, intensity = lap.intensity and lap.intensity:lower(),
    trigger = lap.trigger and lap.trigger:lower(),
  }
end

local function laps_of(m)
  local list = {}
  for _, lap in ipairs(m.laps or {}) do list[#list + 1] = lap_of(lap) end
  return list
end

-- Mean heart rate of the points, else of the laps by their length.
local function hr_avg(m)
  if m.hr_mean then return m.hr_mean end
  local sum, seconds = 0, 0
  for _, lap in ipairs(m.laps or {}) do
    if positive(lap.avg_hr) and positive(lap.seconds) then
      sum, seconds = sum + lap.avg_hr * lap.seconds, seconds + lap.seconds
    end
  end
  return seconds > 0 and sum / seconds or nil
end

local function attributes_of(m)
  return {
    sport = sport_of(m.sport), notes = m.notes, elapsed_s = (m.finish_ms - m.start_ms) / 1000,
    timer_s = positive(m.total_seconds),
    distance_m = positive(m.total_distance_m) or positive(m.last_distance_m),
    energy_kcal = positive(m.total_calories), ascent_m = positive(m.ascent_m),
    hr_avg = hr_avg(m), hr_max = positive(m.max_hr) or positive(m.hr_max),
    sample_count = m.trackpoints,
  }
end

function tcx.start()
  return { activities = 0 }
end

local function file(m, state, out)
  if (m.planned or 0) > 0 then
    out.note("a course or planned workout: nothing that was done")
  elseif state.activities == 0 then
    out.note("the file holds no activity")
  end
end

function tcx.message(state, m, out)
  if m.message == "file" then return file(m, state, out) end
  if m.message ~= "activity" then return end
  state.activities = state.activities + 1
  if not m.start_ms then return out.reject("an activity without any time") end
  if m.finish_ms <= m.start_ms then return out.reject("an activity without any length") end
  local laps = laps_of(m)
  out.record {
    kind = "workout", external_id = ("%s:%s"):format(m.id or m.start_ms, m.sport or ""),
    start = m.start_ms, finish = m.finish_ms, origin = m.origin,
    offset_start = m.offset_start, offset_finish = m.offset_finish,
    zone_unknown = m.zone == "unknown" or nil,
    attributes = attributes_of(m), segments = #laps > 0 and laps or nil,
  }
end

function tcx.finish() end

return tcx
