-- What the expectation of a FIT file says, compared with what is stored of it.
--   require("expect_fit").compare(e, got, file, ctx); .reasons names what is not looked at, and why
local x = require("expectation")

local check, close = x.check, x.close
local fit = {}

fit.reasons = {
  file = "the sample itself", size = "the sample itself", sha256 = "the sample itself",
  errors = "the words of another reader; that damage is told is checked",
  decoder = "who read it", authority = "who read it", second_reader_differs = "who read it",
  structure = "how the file is built: only what it says is stored",
  message_counts = "how the file is built: only what it says is stored",
  ["file_ids[].timeCreated"] = "when the file was begun; the workout has its own start",
  ["file_ids[].product"] = "compared as the origin's model",
    ["file_ids[].garminProduct"] = "a name of product",
  ["sessions[].timestamp"] = "when the message was written; a session ends by its length",
  ["sessions[].event"] = "how the message came about",
    ["sessions[].eventType"] = "how the message came about",
  ["sessions[].trigger"] = "how the message came about",
  ["sessions[].firstLapIndex"] = "laps are compared themselves",
    ["sessions[].numLaps"] = "compared as num_laps",
  ["raw.sessions[].numLaps"] = "compared as num_laps",
    ["raw.sessions[].sub_sport_number"] = "named in sessions",
  ["raw.sessions[].timestamp"] = "when the message was written; a session ends by its length",
  ["laps[].timestamp"] = "when the message was written; a lap ends by its length",
  ["laps[].numLengths"] = "active lengths are kept, pauses between them are not",
  ["record_stats.distance_first"] = "distance on the way is no metric; the workout has its total",
  ["record_stats.distance_last"] = "distance on the way is no metric; the workout has its total",
  ["record_stats.distance_max"] = "distance on the way is no metric; the workout has its total",
  ["record_stats.temperature"] = "the air around the device is no metric of a person",
  ["record_stats.timestamps_backwards"] = "samples are kept in order of time",
  ["activity.timestamp"] = "when the message was written",
  ["activity.totalTimerTime"] = "each session has its own, which may differ: it is preferred",
  ["activity.localTimestamp"] = "compared as utc_offset_s", ["activity.numSessions"] = "counted by sessions",
  ["activity.type"] = "how the activity was ended",
  developer = "fields of a maker's own have no metric", hrv = "beat to beat intervals have no metric",
  ["lengths.total"] = "active lengths are kept, pauses between them are not",
  ["lengths.idle"] = "active lengths are kept, pauses between them are not",
  user_profile = "settings of a device, nothing that was measured",
  workout_steps = "a plan, nothing that was done",
    ["raw.last_record.compressedSpeedDistance.distance_low12"] =
    "distance on the way is no metric; the workout has its total",
  ["monitoring.first"] = "totals by kind of activity are compared",
  ["monitoring.last"] = "totals by kind of activity are compared",
  ["monitoring.messages"] = "totals by kind of activity are compared",
  monitoring_info = "how the device converts; its results are compared",
}
for _, name in ipairs { "sedentary", "walking", "running" } do
  local kind = "monitoring.by_activity_type." .. name
  fit.reasons[kind .. ".messages"] = "how the file is built"
  fit.reasons[kind .. ".max_cycles"] = "half of the steps"
  fit.reasons[kind .. ".max_activeTime"] = "time in motion has no metric"
end
for _, name in ipairs { "first_record", "last_record", "raw.first_record", "raw.last_record" } do
  for _, field in ipairs { "distance", "temperature", "totalCycles", "cycleLength16", "fractionalCadence",
    "activityType", "gpsAccuracy", "verticalSpeed", "grade", "leftRightBalance", "verticalOscillation",
    "stanceTime", "stanceTimePercent", "stanceTimeBalance", "verticalRatio", "stepLength", "accumulatedPower",
    "leftTorqueEffectiveness", "rightTorqueEffectiveness", "leftPedalSmoothness", "rightPedalSmoothness",
    "saturatedHemoglobinPercent", "totalHemoglobinConc", "depth" } do
    fit.reasons[name .. "." .. field] = "a field without a metric"
  end
end

local function zero_heart(e)
  local r = e.record_stats
  assert(r.hr_max == 0)
  r.hr_samples, r.hr_mean, r.hr_min, r.hr_max = 0, nil, nil, nil
  e.first_record.heartRate, e.last_record.heartRate = nil, nil
end

-- Files on which the importer judges otherwise than the expectation, which says what a strict reader sees:
-- why, and exactly what is expected instead. Everything else in them is compared as in any file.
fit.judged = {
  ["empty-activities.fit"] = {
    why = "never closed by its device: read as far as it goes, not given up at the header",
    instead = function(e)
      e.sessions = { { totalElapsedTime = 2318, totalDistance = 18294.4 } }
      e.raw, e.record_stats, e.num_records = nil, { hr_samples = 2319 }, 2319
    end },
  ["strava-android-app-201.10-b1218918.fit"] = {
    why = "its last record is of 2085, after the border, and is rejected",
    rejected = 1,
    instead = function(e)
      local s, a = e.record_stats.speed, e.record_stats.altitude
      local last = e.last_record
      s.mean, a.mean = (s.mean * s.samples - last.speed) / (s.samples - 1), (a.mean * a.samples
        - last.enhancedAltitude) / (a.samples - 1)
      s.samples, a.samples, s.max = s.samples - 1, a.samples - 1, nil
      e.record_stats.with_position, e.num_records = e.record_stats.with_position - 1, e.num_records - 1
      e.last_record, e.raw.last_record, e.raw.num_records = nil, nil, nil
      e.record_stats.last_position, e.record_stats.time_last, e.record_stats.largest_gap_s = nil, nil, nil
    end },
  ["broken-dates.fit"] = { why = "131 heart rates below 20 /min are rejected", rejected = 131,
    instead = function(e)
      local r = e.record_stats
      r.hr_samples, r.hr_mean, r.hr_min = r.hr_samples - 131, nil, nil
    end },
  ["inverted-times.fit"] = { why = "heart rates of 0 are none", instead = zero_heart },
  ["null_compressed_speed_dist.fit"] = { why = "heart rates of 0 and the place 0, 0 are none",
    instead = function(e)
      zero_heart(e)
      e.sessions[1].startPositionLat, e.sessions[1].startPositionLong = nil, nil
    end },
  ["sdk-WeightScaleMultiUser.fit"] = { why = "the second person on the scale is someone else", rejected = 1,
    instead = function(e)
      e.weight.items, e.weight.messages = { e.weight.items[1] }, 1
    end },
  ["sdk-DeveloperData.fit"] = { why = "its three records have no time to stand on", rejected = 4,
    instead = function(e)
    e.num_records, e.record_stats, e.first_record, e.last_record = 0, nil, nil, nil
  end },
}

-- lapSwimming -> lap_swimming
local function snake(name)
  return (name:gsub("%u", "_%0"):lower())
end

-- A figure of 0 may be absent: devices without a sensor write it.
local function same(a, key, want, slack, what)
  check(want == nil or close(a[key], want, slack) or want == 0 and a[key] == nil, "%s: %s is %s, not %s",
    what,
    key, tostring(a[key]), tostring(want))
end

local SESSION = {
  { "elapsed_s", "totalElapsedTime", 0.01 }, { "timer_s", "totalTimerTime", 0.01 },
  { "moving_s", "totalMovingTime", 0.01 }, { "distance_m", "totalDistance", 0.01 },
  { "energy_kcal", "totalCalories", 0.5 }, { "ascent_m", "totalAscent", 0.5 },
  { "descent_m", "totalDescent", 0.5 }, { "speed_avg_mps", "avgSpeed", 0.001 },
  { "speed_avg_mps", "enhancedAvgSpeed", 0.001 }, { "speed_max_mps", "maxSpeed", 0.001 },
  { "speed_max_mps", "enhancedMaxSpeed", 0.001 }, { "hr_avg", "avgHeartRate", 0.5 },
  { "hr_max", "maxHeartRate", 0.5 }, { "hr_min", "minHeartRate", 0.5 },
  { "cadence_avg_rpm", "avgCadence", 0.5 }, { "cadence_max_rpm", "maxCadence", 0.5 },
  { "power_avg_w", "avgPower", 0.5 }, { "power_max_w", "maxPower", 0.5 },
  { "power_normalized_w", "normalizedPower", 0.5 }, { "temperature_avg_c", "avgTemperature", 0.5 },
  { "pool_length_m", "poolLength", 0.005 }, { "lengths", "numActiveLengths", 0 },
}
local LAP = {
  { "elapsed_s", "totalElapsedTime", 0.01 }, { "timer_s", "totalTimerTime", 0.01 },
  { "distance_m", "totalDistance", 0.01 }, { "energy_kcal", "totalCalories", 0.5 },
  { "hr_avg", "avgHeartRate", 0.5 }, { "hr_max", "maxHeartRate", 0.5 },
}
local ARMS = { swimming = "strokes" }
local FEET = { running = true, walking = true, hiking = true }

local function same_words(a, want, what)
  local sport, sub, stroke = want.sport, want.subSport, want.swimStroke
  check(sport == nil or a.sport == snake(sport), "%s: sport %s, not %s", what, tostring(a.sport),
    tostring(sport))
  check(sub == nil or sub == "generic" or a.sub_sport == snake(sub), "%s: sub-sport %s, not %s", what,
    tostring(a.sub_sport), tostring(sub))
  check(stroke == nil or a.stroke == snake(stroke), "%s: stroke %s, not %s", what, tostring(a.stroke),
    tostring(stroke))
end

local function same_cycles(a, cycles, what)
  if FEET[a.sport] then
    same(a, "steps", cycles and cycles * 2, 0.5, what)
  else
    same(a, ARMS[a.sport] or "cycles", cycles, 0.5, what)
  end
end

-- the first position at or after the start
local function same_place(got, s, start, what)
  for _, part in ipairs { { "latitude", s.startPositionLat }, { "longitude", s.startPositionLong } } do
    local at
    for _, sample in ipairs(got.samples[part[1]]) do
      at = at or sample.ms >= start and sample.value or nil
    end
    check(part[2] == nil or close(at, part[2], 0.0005), "%s: it starts at %s %s, not %s", what, part[1],
      tostring(at), tostring(part[2]))
  end
end

local function same_session(got, w, s, what)
  local a = w.attributes
  for _, row in ipairs(SESSION) do
    same(a, row[1], s[row[2]], row[3], what)
  end
  check(s.startTime == nil or w.start == x.ms(s.startTime), "%s: it starts at %d, not %s", what, w.start,
    tostring(s.startTime))
  same_words(a, s, what)
  same_cycles(a, s.totalCycles, what)
  same_place(got, s, w.start, what)
end

-- Sessions that are workouts: no transitions, and a copy of one chained behind it is the same workout.
local function real_sessions(list)
  local real, seen, left_out = {}, {}, 0
  for _, s in ipairs(list or {}) do
    local key = ("%s %s"):format(s.startTime, s.totalElapsedTime)
    if s.sport == "transition" or s.startTime and seen[key] then
      left_out = left_out + 1
    else
      real[#real + 1] = s
    end
    seen[key] = true
  end
  table.sort(real, function(a, b)
    return (a.startTime or "") < (b.startTime or "")
  end)
  return real, left_out
end

local function same_lap(lap, want, what)
  for _, row in ipairs(LAP) do
    same(lap, row[1], want[row[2]], row[3], what)
  end
  local trigger = want.lapTrigger
  check(trigger == nil or lap.trigger == snake(trigger), "%s: trigger %s, not %s", what,
    tostring(lap.trigger),
    tostring(trigger))
  same_words(lap, want, what)
end

-- Each stored lap is the one of the file that starts with it; none is missing but those of left out sessions.
local function compare_laps(e, workouts, left_out, file)
  local wanted, n = {}, 0
  for i, lap in ipairs(e.laps or {}) do
    local start = lap.startTime and x.ms(lap.startTime) or i
    wanted[start] = wanted[start] or {}
    table.insert(wanted[start], lap)
  end
  for _, w in ipairs(workouts) do
    for _, lap in ipairs(w.segments) do
      n = n + 1
      local of_start = wanted[lap.start] or {}
      local want = table.remove(of_start, 1)
      if #(e.laps or {}) > 0 and check(want, "%s: a lap at %d that the file does not have", file,
        lap.start) then
        same_lap(lap, want, ("%s: lap %d"):format(file, n))
      end
    end
  end
  local most = e.num_laps
  check(left_out > 0 and n < most and n > 0 or n == most, "%s: %d laps, not %d", file, n, most)
end

local FIELD = { positionLat = "latitude", positionLong = "longitude", altitude = "altitude",
  enhancedAltitude = "altitude", speed = "speed", enhancedSpeed = "speed", heartRate = "heart_rate",
  cadence = "cadence", power = "power", enhancedRespirationRate = "respiratory_rate" }
local FINE = { latitude = 1e-6, longitude = 1e-6, altitude = 0.1, speed = 0.0011, cadence = 1, heart_rate = 0,
  power = 0.05, respiratory_rate = 0.011 }

-- The values of the first or last record are those of the sample at its second.
local function compare_record(got, record, last, what)
  if not record or not record.timestamp then
    return
  end
  local ms, packed = x.ms(record.timestamp), record.compressedSpeedDistance
  local wanted = { { "speed", packed and packed.speed } }
  for field, metric in pairs(FIELD) do
    wanted[#wanted + 1] = { metric, record[field] }
  end
  for _, row in ipairs(wanted) do
    local at
    for _, s in ipairs(row[2] and got.samples[row[1]] or {}) do
      if s.ms // 1000 * 1000 == ms and (last or not at) then
        at = s.value
      end
    end
    local none = row[2] == 0 and (row[1] == "heart_rate" or row[1] == "respiratory_rate") and at == nil
    check(row[2] == nil or none or close(at, row[2], FINE[row[1]]), "%s: %s is %s, not %s", what, row[1],
      tostring(at), tostring(row[2]))
  end
end

-- Seconds in which anything was recorded, over all metrics: how many, the first, the last, the largest gap.
local function seconds_of(got)
  local set, list = {}, {}
  for _, samples in pairs(got.samples) do
    for _, s in ipairs(samples) do
      local second = s.ms // 1000
      list[#list + 1] = not set[second] and second or nil
      set[second] = true
    end
  end
  table.sort(list)
  local gap = 0
  for i = 2, #list do
    gap = math.max(gap, list[i] - list[i - 1])
  end
  return #list, list[1], list[#list], gap
end

-- A record may have nothing that is a metric; then fewer seconds are there, within the same first and last.
local function compare_times(e, got, times, file)
  local stats = e.record_stats
  local records, repeated = e.num_records // times, stats.timestamps_repeated
  local n, first, last, gap = seconds_of(got)
  local from, to, most = stats.time_first, stats.time_last, stats.largest_gap_s
  if n == records - repeated then
    check(first == x.ms(from) // 1000, "%s: the first sample is at %s, not %s", file, first, from)
    check(not to or last == x.ms(to) // 1000, "%s: the last sample is at %s, not %s", file, last,
      tostring(to))
    check(not most or gap == most, "%s: the largest gap is %s s, not %s", file, gap, tostring(most))
  else
    check(n < records - repeated, "%s: samples in %d seconds, not %d", file, n, records - repeated)
    check(n == 0 or first * 1000 >= x.ms(from) and (not to or last * 1000 <= x.ms(to)),
      "%s: samples outside the records", file)
  end
end

local SLACK = { speed = 0.002, altitude = 0.01, power = 0.01, cadence = 0.5 }

local function compare_streams(e, got, times, file)
  local stats = e.record_stats
  for metric, slack in pairs(SLACK) do
    local s = stats[metric]
    x.same_stream(got.samples[metric], s and { samples = s.samples // times, mean = s.mean, min = s.min,
      max = s.max }, slack, ("%s: %s"):format(file, metric))
  end
  local places, first, last = stats.with_position // times, stats.first_position, stats.last_position
  local lat, lon = got.samples.latitude, got.samples.longitude
  check(lat.n == places and lon.n == places, "%s: %d positions, not %d", file, lat.n, places)
  check(not first or close(lat[1].value, first[1], 1e-6) and close(lon[1].value, first[2], 1e-6),
    "%s: the first position", file)
  check(not last or close(lat[lat.n].value, last[1], 1e-6) and close(lon[lon.n].value, last[2], 1e-6),
    "%s: the last position", file)
end

local function compare_heart(e, got, times, file)
  local r, merged, raw = e.record_stats or {}, e.hr_messages_merged, (e.raw or {}).hr
  local what = file .. ": heart rate"
  local own = r.hr_samples and { samples = r.hr_samples // times, mean = r.hr_mean, min = r.hr_min,
    max = r.hr_max }
  local late = merged and { samples = merged.hr_samples, mean = merged.hr_mean, max = merged.hr_max }
  x.same_stream(got.samples.heart_rate, late or own, 0.5, what)
  x.same_stream(got.samples.heart_rate, raw and { samples = raw.samples, mean = raw.mean, min = raw.min,
    max = raw.max }, 0.05, what)
end

local SPORT_NUMBER = { [0] = "generic", [1] = "running", [2] = "cycling", [5] = "swimming" }

-- What a second reader recovers of a damaged file must be there too.
local function compare_raw(e, got, sessions_missing, file)
  local raw, workouts = e.raw, got.records.workout
  if not raw then
    return
  end
  local real = real_sessions(raw.sessions)
  for i, s in ipairs(real) do
    local w = workouts[i]
    if check(w, "%s: no workout for session %d", file, i) then
      for _, row in ipairs(SESSION) do
        same(w.attributes, row[1], s[row[2]], row[3], file)
      end
      check(w.start == x.ms(s.startTime), "%s: raw start", file)
      check(w.attributes.sport == SPORT_NUMBER[s.sport_number], "%s: sport %s, not %s", file,
        tostring(w.attributes.sport), s.sport_number)
    end
  end
  check(not sessions_missing or #workouts == math.max(#real, raw.num_records > 0 and 1 or 0),
    "%s: %d workouts",
    file, #workouts)
  local laps, n = raw.num_laps, 0
  for _, w in ipairs(workouts) do
    n = n + #w.segments
  end
  check(n == laps or #(raw.sessions or {}) > #real, "%s: %d laps, not %s", file, n, tostring(laps))
  local a, way, records = workouts[1] and workouts[1].attributes or {}, raw.accumulated_distance_m,
    raw.num_records
  check(not way or close(a.distance_m, way, 0.05), "%s: distance %s", file, tostring(a.distance_m))
  check(not records or #workouts * (a.sample_count or 0) == records or #(raw.sessions or {}) > #real,
    "%s: %s records, not %s", file, tostring(a.sample_count), tostring(records))
  compare_record(got, raw.first_record, false, file .. ": raw first record")
  compare_record(got, raw.last_record, true, file .. ": raw last record")
end

local function compare_workouts(e, got, real, left_out, file)
  local workouts, samples = got.records.workout, 0
  local raw = e.raw and e.raw.hr and e.raw
  local given = e.num_records -- the first reader may have given up
  local records = raw and raw.num_records or given
  check(#workouts == math.max(#real, math.min(records, 1)), "%s: %d workouts for %d sessions", file,
    #workouts, #real)
  for i, s in ipairs(real) do
    if workouts[i] then
      same_session(got, workouts[i], s, file)
    end
  end
  for _, w in ipairs(workouts) do
    samples = samples + (w.attributes.sample_count or 0)
    local east = (e.activity or {}).utc_offset_s
    check(not east or math.abs(east) > 14 * 3600 or w.offset_start * 60 == east,
      "%s: offset %s min, not %s s", file,
      tostring(w.offset_start), tostring(east))
  end
  check(samples == records or left_out > 0 and samples < records, "%s: %d records, not %d", file, samples,
    records)
  compare_laps(e, workouts, left_out, file)
  local active = (e.lengths or {}).active
  check(not active or active == (workouts[1].attributes.lengths or active), "%s: lengths", file)
end

local function compare_scale(e, got, file)
  local items, w, f = e.weight.items, got.samples.weight, got.samples.body_fat
  check(#items == e.weight.messages and w.n == #items, "%s: %d weights, not %d", file, w.n, #items)
  for n, item in ipairs(items) do
    local ms, kg, fat, person = x.ms(item.timestamp), item.weight, item.percentFat, item.userProfileIndex
    check(w[n] and w[n].ms == ms and close(w[n].value, kg, 0.001), "%s: weight %d of %s", file, n,
      tostring(person))
    check(not fat or f[n] and f[n].ms == ms and close(f[n].value, fat, 0.01), "%s: body fat %d", file, n)
  end
end

local function compare_monitoring(e, got, file)
  local steps, kcal = 0, 0
  for _, kind in pairs(e.monitoring.by_activity_type) do
    steps, kcal = steps + (kind.max_steps or 0), kcal + (kind.max_activeCalories or 0)
  end
  check(close(got.samples.steps.sum, steps, 0.5), "%s: %s steps, not %s", file, got.samples.steps.sum, steps)
  check(close(got.samples.active_energy.sum, kcal, 0.5), "%s: %s kcal, not %s", file,
    got.samples.active_energy.sum,
    kcal)
  check(got.samples.heart_rate.n == e.monitoring.heart_rate_samples, "%s: heart rates", file)
end

local function nothing_stored(got)
  return next(got.samples) == nil and next(got.records) == nil
end

local function compare_file(e, got, file, ctx)
  local id, is_fit, sound = (e.file_ids or {})[1] or {}, e.is_fit, e.integrity_ok
  check(is_fit, "%s: no FIT file, but it is read", file)
  check(sound or #ctx.first.notes > 0, "%s: damaged, but nothing is said", file)
  local origin, maker, product = got.origins[1], id.manufacturer, id.product
  if origin and maker then
    local word = math.type(maker) and ("maker_%d"):format(maker) or snake(maker)
    check(origin.maker == word, "%s: maker %s, not %s", file, origin.maker, word)
    check((product or 0) == 0 or origin.model == ("%d"):format(product), "%s: model %s, not %s", file,
      origin.model,
      tostring(product))
  end
  return id.type
end

function fit.compare(e, got, file, ctx)
  local kind = compare_file(e, got, file, ctx)
  if e.weight or e.monitoring then
    local by = e.weight and compare_scale or compare_monitoring
    check(e.num_records == 0 and e.num_laps == 0 and next(got.records) == nil, "%s: a workout", file)
    return by(e, got, file)
  end
  if kind and kind ~= "activity" then
    check(nothing_stored(got), "%s: a %s file is nothing that was done", file, kind)
    return ctx.all_seen()
  end
  local real, left_out = real_sessions(e.sessions)
  compare_workouts(e, got, real, left_out, file)
  local copies = left_out > 0 and #real == 1 and left_out or 0
  if (e.record_stats or {}).time_first then
    compare_times(e, got, copies + 1, file)
    compare_streams(e, got, copies + 1, file)
    compare_record(got, e.first_record, false, file .. ": first record")
    compare_record(got, e.last_record, true, file .. ": last record")
  end
  if e.record_stats or e.raw then
    compare_heart(e, got, copies + 1, file)
  end
  compare_raw(e, got, #real == 0, file)
end

return fit
