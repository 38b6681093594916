-- SPDX-License-Identifier: MIT
-- GPX files: a track with times is a workout; a route, or a track without any time, is only a plan.
-- Sports come as free text in many languages: known words give one vocabulary, others stay a remark.
-- Used by the importer: local s = gpx.start(); gpx.message(s, m, out) per message; gpx.finish(s, out)
local gpx = { title = "GPX (tracks of watches, phones and route planners)", together = true }

gpx.columns = {
  ["trkpt.heart_rate"] = { metric = "heart_rate" },
  ["trkpt.cadence"] = { metric = "cadence" },
  ["trkpt.power"] = { metric = "power" },
  ["trkpt.speed"] = { metric = "speed" },
  ["trkpt.altitude"] = { metric = "altitude" },
  ["trkpt.latitude"] = { metric = "latitude" },
  ["trkpt.longitude"] = { metric = "longitude" },
}

local SPORTS = {
  run = "running", running = "running", jogging = "running", trail_running = "running",
  treadmill_running = "running", track_running = "running", virtual_running = "running", ["9"] = "running",
  ride = "cycling", cycling = "cycling", biking = "cycling", bike = "cycling", road_biking = "cycling",
  road_cycling = "cycling", mountain_biking = "cycling", gravel_cycling = "cycling",
  indoor_cycling = "cycling", virtual_ride = "cycling", ["1"] = "cycling",
  e_biking = "e_biking", ebikeride = "e_biking",
  walk = "walking", walking = "walking", ["10"] = "walking",
  hike = "hiking", hiking = "hiking", ["4"] = "hiking", mountaineering = "mountaineering",
  swim = "swimming", swimming = "swimming", open_water_swimming = "swimming",
  lap_swimming = "swimming", ["16"] = "swimming",
  rowing = "rowing", kayaking = "kayaking", paddling = "paddling", sailing = "sailing",
  stand_up_paddleboarding = "stand_up_paddleboarding",
  skiing = "alpine_skiing", alpine_skiing = "alpine_skiing", snowboarding = "snowboarding",
  cross_country_skiing = "cross_country_skiing", nordic_ski = "cross_country_skiing",
  inline_skating = "inline_skating", skating = "ice_skating", ice_skating = "ice_skating",
  riding = "horseback_riding", horseback_riding = "horseback_riding",
}

-- Types come as words of any case with blanks or dashes. Second result: a text that is no known sport.
local function sport_of(text)
  if not text or #text > 60 then return nil end
  local word = text:lower():gsub("^%s+", ""):gsub("%s+$", ""):gsub("[%s%-]+", "_")
  if word == "" or word == "other" or word == "unknown" or word == "unclassified" then return nil end
  if SPORTS[word] then return SPORTS[word] end
  return nil, text
end

local function segments_of(m)
  local list = {}
  for _, s in ipairs(m.segments or {}) do
    if s.start_ms and s.points > 0 then
      list[#list + 1] = {
        start = s.start_ms, finish = s.finish_ms, distance_m = s.distance_m,
        elapsed_s = (s.finish_ms - s.start_ms) / 1000,
      }
    end
  end
  return #list > 1 and list or nil
end

-- Time between segments is a pause; within one nothing says so.
local function timer_s(segments, elapsed_s)
  local sum = 0
  for _, s in ipairs(segments or {}) do sum = sum + s.elapsed_s end
  return sum > 0 and sum or elapsed_s
end

local function attributes_of(m, segments)
  local elapsed_s = (m.finish_ms - m.start_ms) / 1000
  local sport, category = sport_of(m.type)
  return {
    sport = sport, category = category, name = m.name,
    elapsed_s = elapsed_s, timer_s = timer_s(segments, elapsed_s),
    distance_m = m.distance_m > 0 and m.distance_m or nil,
    ascent_m = m.ascent_m and m.ascent_m > 0 and m.ascent_m or nil,
    hr_avg = m.hr_mean, hr_max = m.hr_max, sample_count = m.points,
  }
end

-- The route of a workout that stands in the main file of the same export: whoever imports that
-- export as a whole has the workout already.
local function is_apple_route(m)
  return m.creator == "Apple Health Export" or nil
end

local function plan(state, m)
  state.plans = state.plans + 1
  state.plan_name = state.plan_name or m.name
end

function gpx.start()
  return { plans = 0, tracks = 0 }
end

function gpx.message(state, m, out)
  if m.message ~= "track" then return end
  if m.points == 0 then return out.note("a track without points") end
  if m.planned or not m.start_ms then return plan(state, m) end
  state.tracks = state.tracks + 1
  if m.finish_ms == m.start_ms then return out.reject("a track of a single instant is no workout") end
  local segments = segments_of(m)
  out.record {
    kind = "workout", external_id = ("%s:%d"):format(m.creator or "gpx", m.start_ms),
    start = m.start_ms, finish = m.finish_ms, origin = m.origin,
    offset_start = m.offset_start, offset_finish = m.offset_finish,
    zone_unknown = m.zone == "unknown" or nil, route_of_export = is_apple_route(m),
    attributes = attributes_of(m, segments), segments = segments,
  }
end

function gpx.finish(state, out)
  if state.plans == 0 then return end
  local what = state.plan_name and (' ("%s")'):format(state.plan_name) or ""
  local count = state.plans == 1 and "a route or track" or ("%d routes or tracks"):format(state.plans)
  out.note(("%s without times%s: a plan, nothing that was done"):format(count, what))
end

return gpx
