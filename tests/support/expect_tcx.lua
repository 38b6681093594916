-- What the expectation of a TCX file says, compared with what is stored of it.
local x = require("expectation")

local check, close = x.check, x.close
local tcx = {}

tcx.reasons = {
  file = "the sample itself", size = "the sample itself", sha256 = "the sample itself",
    decoder = "who read it",
  leading_bytes_before_xml = "how the file is built", well_formed = "a file that is not is refused",
  ["activities[].laps[].start_text"] = "compared as start",
  ["activities[].backward_time_steps"] = "samples are kept in order of time",
  ["activities[].backward_distance_steps"] = "distance on the way is no metric; the workout has its total",
  ["activities[].first.dist"] = "distance on the way is no metric; the workout has its total",
  ["activities[].last.dist"] = "distance on the way is no metric; the workout has its total",
}

local SPORT = { Running = "running", Biking = "cycling" }

-- A figure of 0 may be absent.
local function same(got, want, slack, what, ...)
  check(want == nil or close(got, want, slack) or want == 0 and got == nil, what .. ": %s, not %s",
    ..., tostring(got), tostring(want))
end

local function compare_lap(lap, want, file)
  local start, intensity, trigger = want.start, want.intensity, want.trigger
  check(not start or lap.start == x.ms(start), "%s: a lap starts at %s, not %s", file, lap.start,
    tostring(start))
  same(lap.timer_s, want.seconds, 0.001, "%s: seconds of a lap", file)
  same(lap.distance_m, want.distance_m, 0.001, "%s: metres of a lap", file)
  same(lap.energy_kcal, want.calories, 0.001, "%s: calories of a lap", file)
  same(lap.hr_avg, want.avg_hr, 0.001, "%s: mean heart rate of a lap", file)
  same(lap.hr_max, want.max_hr, 0.001, "%s: highest heart rate of a lap", file)
  same(lap.sample_count, want.trackpoints, 0, "%s: points of a lap", file)
  check(not intensity or lap.intensity == intensity:lower(), "%s: intensity %s", file,
    tostring(lap.intensity))
  check(not trigger or lap.trigger == trigger:lower(), "%s: trigger %s", file, tostring(lap.trigger))
end

local function compare_workout(w, want, file)
  local a = w.attributes
  same(a.timer_s, want.total_seconds, 0.001, "%s: timer", file)
  local total, last = want.total_distance_m, want.last_distance_m
  same(a.distance_m, total ~= 0 and total or last, 0.01,
    "%s: distance", file)
  same(a.energy_kcal, want.total_calories, 0.001, "%s: energy", file)
  same(a.hr_max, want.max_hr, 0, "%s: highest heart rate", file)
  same(a.sample_count, want.trackpoints, 0, "%s: points", file)
  check(a.sport == SPORT[want.sport], "%s: sport %s, not %s", file, tostring(a.sport), tostring(want.sport))
  local notes, id, bare = want.notes, want.id, want.trackpoints_without_zone
  check(a.notes == notes, "%s: notes %s", file, tostring(a.notes))
  check(not id or w.external_id:find(id, 1, true) == 1, "%s: id %s", file, w.external_id)
  check(bare == 0 or w.zone_from == "unknown", "%s: %s points without a zone", file, tostring(bare))
  check(#w.segments == want.num_laps, "%s: %d laps, not %d", file, #w.segments, want.num_laps)
  for i, lap in ipairs(want.laps) do
    compare_lap(w.segments[i] or {}, lap, file)
  end
end

-- Samples of each metric from the first point of an activity to its last.
local function within(got, metric, from, to)
  local s = { n = 0, sum = 0, min = math.huge, max = -math.huge }
  for _, one in ipairs(got.samples[metric]) do
    if one.ms >= from and one.ms <= to then
      s.n, s.sum = s.n + 1, s.sum + one.value
      s.min, s.max = math.min(s.min, one.value), math.max(s.max, one.value)
      s[s.n] = one
    end
  end
  s.mean = s.n > 0 and s.sum / s.n or nil
  return s
end

local FIELD = { lat = "latitude", lon = "longitude", alt = "altitude", hr = "heart_rate", cad = "cadence",
  watts = "power", speed = "speed" }
local STREAM = { hr = "heart_rate", cadence = "cadence", watts = "power", speed = "speed",
  altitude = "altitude" }

local function compare_point(got, point, what)
  local ms = x.ms(point.t)
  for field, metric in pairs(FIELD) do
    local want, value = point[field], nil
    for _, s in ipairs(want and got.samples[metric] or {}) do
      value = s.ms == ms and s.value or value
    end
    check(not want or close(value, want, 0.006) or want == 0 and metric == "heart_rate",
      "%s: %s is %s, not %s", what,
      metric, tostring(value), tostring(want))
  end
end

local function compare_points(got, w, want, file)
  local from, to, elapsed = x.ms(want.start), x.ms(want["end"]), want.elapsed_s
  check(close((to - from) / 1000, elapsed, 0.001) and w.start <= from and w.finish >= to,
    "%s: it lasts from %d to %d",
    file, w.start, w.finish)
  for name, metric in pairs(STREAM) do
    x.same_stream(within(got, metric, from, to), want[name], 0.01, ("%s: %s"):format(file, metric))
  end
  local places = want.trackpoints_with_position
  check(within(got, "latitude", from, to).n == places and within(got, "longitude", from, to).n == places,
    "%s: %d positions, not %d", file, within(got, "latitude", from, to).n, places)
  compare_point(got, want.first, file .. ": first point")
  compare_point(got, want.last, file .. ": last point")
end

-- Activities without a time or a length are no workouts.
local function timed(list)
  local wanted = {}
  for _, a in ipairs(list or {}) do
    if a.start and a.elapsed_s and a.elapsed_s > 0 then
      wanted[#wanted + 1] = a
    end
  end
  return wanted
end

local function origin_of(got, w)
  for _, o in ipairs(got.origins) do
    if o.id == w.origin then
      return o.name
    end
  end
end

function tcx.compare(e, got, file)
  local wanted, workouts = timed(e.activities), got.records.workout
  check(#workouts == #wanted, "%s: %d workouts, not %d", file, #workouts, #wanted)
  for i, a in ipairs(wanted) do
    local w = workouts[i]
    if w then
      compare_workout(w, a, file)
      compare_points(got, w, a, file)
      local creator = a.creator
      check(not creator or origin_of(got, w) == creator, "%s: origin %s, not %s", file,
        tostring(origin_of(got, w)),
        tostring(creator))
    end
  end
end

return tcx
