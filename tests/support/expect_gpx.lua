-- What the expectation of a GPX file says, compared with what is stored of it.
local x = require("expectation")

local check, close = x.check, x.close
local gpx = {}

local AROUND = "around the points, not in them: no metric"
gpx.reasons = {
  file = "the sample itself", size = "the sample itself", sha256 = "the sample itself",
    decoder = "who read it",
  version = "how the file is built", namespace = "how the file is built",
  well_formed = "a file that is not is refused", metadata_time = "when the file was written",
  waypoints = "places without a time: nothing that was done", routes = "a plan: nothing that was done",
  backward_steps = "samples are kept in order of time",
    temp = "the air around the device is no metric of a person",
  ["first_point.time_text"] = "compared as time", ["last_point.time_text"] = "compared as time",
  ["extension_elements.url"] = AROUND, ["extension_elements.urlname"] = AROUND,
    ["extension_elements.last"] = AROUND,
  ["extension_elements.temp"] = AROUND, ["extension_elements.atemp"] = AROUND,
    ["extension_elements.gain"] = AROUND,
  ["extension_elements.loss"] = AROUND, ["extension_elements.accuracy_horizontal"] = AROUND,
  ["extension_elements.distance"] = AROUND, ["extension_elements.course"] = AROUND,
  ["extension_elements.hacc"] = AROUND, ["extension_elements.vacc"] = AROUND,
}

gpx.judged = {
  ["legacy_gpx_pause_resume.gpx"] = {
    why = "points at latitude 100 and 200 mark a pause: no place, no distance",
    rejected = 2,
    instead = function(e)
      local metres = 222.08
      e.largest_gap_s = 3.093
      e.distance_haversine_m, e.tracks[1].distance_m, e.tracks[1].segments[1].distance_m = metres, metres,
        metres
      e.without_position = 2
    end },
}

-- A track of one instant is no workout.
gpx.rejected = { ["gpx1.0_with_all_fields.gpx"] = 1, ["gpx1.1_with_all_fields.gpx"] = 1,
  ["gpx_timezone.gpx"] = 1 }

local STREAM = { hr = "heart_rate", cad = "cadence", ele = "altitude", power = "power" }
local FIELD = { lat = "latitude", lon = "longitude", ele = "altitude", hr = "heart_rate", cad = "cadence" }
local FINE = { latitude = 1e-6, longitude = 1e-6, altitude = 0.006, heart_rate = 0, cadence = 0 }

local SPORT = { run = "running", mountain_biking = "cycling" }

local function same_distance(got, want)
  return close(got, want, math.max(0.01, want * 0.005))
end

-- The sample at its time; of several points in one second the first or the last. Without a time: none.
local function compare_point(got, point, last, what)
  local ms = point.time and x.ms(point.time)
  for field, metric in pairs(FIELD) do
    local want, value = point[field], nil
    for _, s in ipairs(ms and want and got.samples[metric] or {}) do
      if s.ms >= ms and s.ms < ms + 1000 and (last or not value) then
        value = s.value
      end
    end
    check(not ms or not want or close(value, want, FINE[metric]), "%s: %s is %s, not %s", what, metric,
      tostring(value),
      tostring(want))
  end
end

local function times_of(got)
  local set, list, gap = {}, {}, 0
  for _, samples in pairs(got.samples) do
    for _, s in ipairs(samples) do
      list[#list + 1] = not set[s.ms] and s.ms or nil
      set[s.ms] = true
    end
  end
  table.sort(list)
  for i = 2, #list do
    gap = math.max(gap, list[i] - list[i - 1])
  end
  return list, gap / 1000
end

local function compare_times(e, got, file)
  local list, gap = times_of(got)
  local first, last, most = math.min(x.ms(e.start), x.ms(e.earliest)), math.max(x.ms(e["end"]),
    x.ms(e.latest)),
    e.largest_gap_s
  local timed, repeated = e.timed_points - (e.without_position or 0), e.repeated_times
  check(#list == timed, "%s: samples at %d times, not %d", file, #list, timed)
  if repeated > 0 then -- the last of one second comes within it
    first, last = first // 1000, last // 1000
    list[1], list[#list] = list[1] // 1000, list[#list] // 1000
  end
  check(list[1] == first and list[#list] == last, "%s: samples from %s to %s", file, tostring(list[1]),
    tostring(list[#list]))
  check(close(gap, most, repeated > 0 and 1 or 0.001), "%s: the largest gap is %s s, not %s", file, gap,
    tostring(most))
end

local function compare_streams(e, got, file)
  local timed, points, elements = e.timed_points, e.points, e.extension_elements or {}
  for name, metric in pairs(STREAM) do
    if timed == points then
      x.same_stream(got.samples[metric], e[name], 0.01, ("%s: %s"):format(file, metric))
    elseif e[name] then -- points without a time are counted there too
      local want, s = e[name], got.samples[metric]
      check(s.n <= want.samples and (s.n == 0 or s.min >= want.min - 0.01 and s.max <= want.max + 0.01
        and close(s.mean, want.mean, want.max - want.min + 0.01)), "%s: %s", file, metric)
    end
  end
  local hr, cad, power, speed = elements.hr, elements.cad, elements.powerinwatts, elements.speed
  check(timed ~= points or got.samples.heart_rate.n == (hr or 0) and got.samples.cadence.n == (cad or 0)
    and got.samples.power.n == (power or 0), "%s: extension elements", file)
  check(not speed or got.samples.speed.n == speed, "%s: %d speeds, not %s", file, got.samples.speed.n,
    tostring(speed))
  local without = e.without_position or 0
  local places = got.samples.latitude.n
  check(places == got.samples.longitude.n and (places == timed - without or not e.first_point.lat
    and places < timed),
    "%s: %d positions, not %d", file, places, timed - without)
end

-- Each workout is one of the tracks: its name, kind, points and metres.
local function compare_tracks(e, got, file)
  local taken, points = {}, 0
  for _, w in ipairs(got.records.workout) do
    local a, found = w.attributes, nil
    for i, t in ipairs(e.tracks) do
      if not taken[i] and a.name == t.name and same_distance(a.distance_m or 0, t.distance_m or 0) then
        found = found or i
      end
    end
    if check(found, "%s: no track %s of %s m", file, tostring(a.name), tostring(a.distance_m)) then
      local t, n, kind = e.tracks[found], 0, e.tracks[found].type
      local word = kind and kind:lower():gsub("%s+", "_")
      word = SPORT[word] or word
      taken[found] = true
      for i, s in ipairs(t.segments or {}) do
        n = n + s.points
        local metres = s.distance_m
        local part = #t.segments == 1 and (a.distance_m or 0)
          or #w.segments == #t.segments and w.segments[i].distance_m or nil
        check(not part or same_distance(part, metres), "%s: segment %d: %s m", file, i, tostring(part))
      end
      check(a.sample_count == n, "%s: %s points, not %d", file, tostring(a.sample_count), n)
      check(not kind or word == "other" or word == "unknown" or a.sport == word or a.category == kind,
        "%s: sport %s, not %s", file, tostring(a.sport or a.category),
        tostring(kind))
      points = points + n
    end
  end
  local total, metres = 0, 0
  for i, t in ipairs(e.tracks) do
    check(taken[i] or e.timed_points < e.points or e.elapsed_s == 0, "%s: no workout of track %d", file, i)
    t = taken[i] and t or x.plain(t) -- without times, or of one instant: no workout
    metres = metres + (t.distance_m or 0)
    for _, s in ipairs(t.segments or {}) do
      total = total + s.points
    end
  end
  check(points <= total and total == e.points, "%s: %d points of %d", file, points, total)
  return metres
end

local function compare_span(e, got, metres, file)
  local workouts, elapsed, bare = got.records.workout, e.elapsed_s, e.points_without_zone
  local whole = e.distance_haversine_m
  check(elapsed == 0 or #workouts >= 1, "%s: no workout from a track with times", file)
  check(elapsed ~= 0 or #workouts == 0, "%s: a workout without any length", file)
  check(same_distance(metres, whole), "%s: %s m, not %s", file, metres, tostring(whole))
  if #workouts == 1 and e.timed_points == e.points then
    local w = workouts[1]
    check(same_distance(w.attributes.distance_m or 0, whole), "%s: %s m", file,
      tostring(w.attributes.distance_m))
    check(w.start == x.ms(e.earliest) and w.finish == x.ms(e.latest), "%s: from %d to %d", file, w.start,
      w.finish)
    check(close(w.attributes.elapsed_s, (w.finish - w.start) / 1000, 0.001)
      and (e.backward_steps > 0 or close(w.attributes.elapsed_s, elapsed, 0.001)), "%s: %s s", file,
      tostring(w.attributes.elapsed_s))
    check(bare == 0 or w.zone_from ~= "provider", "%s: %d points without a zone", file, bare)
  end
end

function gpx.compare(e, got, file, ctx)
  local creator = e.creator
  check(not creator or got.origins[1] == nil or got.origins[1].name == creator, "%s: origin %s", file,
    (got.origins[1] or {}).name)
  if (e.timed_points or 0) == 0 then
    check(next(got.samples) == nil and next(got.records) == nil, "%s: something without a time", file)
    return ctx.all_seen()
  end
  compare_times(e, got, file)
  compare_streams(e, got, file)
  compare_point(got, e.first_point, false, file .. ": first point")
  compare_point(got, e.last_point, true, file .. ": last point")
  compare_span(e, got, compare_tracks(e, got, file), file)
end

return gpx
