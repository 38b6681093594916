-- Every sample file of ../shared through the real importer, its figures compared with what is expected.
local flow = require("flow")

local json = sw.json

local function load(path)
  return json.decode(assert(flow.read(path)))
end

local function close(a, b, tolerance)
  return a ~= nil and b ~= nil and math.abs(a - b) <= tolerance
end

local problems

local function check(ok, text, ...)
  if not ok then
    problems[#problems + 1] = text:format(...)
  end
end

local function mean_of(h, metric)
  local r = h.run("--json", "query", metric, "--every", "raw", "--from", "1900-01-01", "--to", "2079-12-31")
  local rows = json.decode(r.out) or {}
  local sum = 0
  for _, row in ipairs(rows) do
    sum = sum + row.value
  end
  return #rows, #rows > 0 and sum / #rows or nil
end

-- What each metric's roll-ups add up to over all days and origins of the dump: { n, sum, min, max, day, last }.
local function totals_of(dump)
  local total = {}
  for line in dump:gmatch("[^\n]+") do
    local r = line:find('"table":"rollup"', 1, true) and json.decode(line)
    if r and r.origin ~= "" then
      local t = total[r.metric] or { n = 0, sum = 0, min = math.huge, max = -math.huge, day = r.day }
      t.n, t.sum, t.min, t.max = t.n + r.n, t.sum + r.sum, math.min(t.min, r.min), math.max(t.max, r.max)
      t.day, t.last = math.max(t.day, r.day), r.day >= t.day and r.last or t.last
      total[r.metric] = t
    end
  end
  return total
end

-- The expectation rounds half turns of the pedals off; the importer adds fractional_cadence.
local tolerance = { speed = 0.002, altitude = 0.01, power = 0.01, cadence = 0.5 }

-- One origin has one value at a time: where times repeat, as many fewer samples, of the same range.
local function compare_streams(total, stats, copies, file)
  local repeats, times = stats.timestamps_repeated, copies + 1
  for metric, slack in pairs(tolerance) do
    local want, got = stats[metric], total[metric] or { n = 0, sum = 0, min = 0, max = 0 }
    local most = want and want.samples // times
    local ok = not want or got.n <= most and got.n >= most - repeats
      and got.min >= want.min - slack and got.max <= want.max + slack
    if want and repeats == 0 then
      ok = ok and close(got.sum / got.n, want.mean, slack) and close(got.min, want.min, slack)
        and close(got.max, want.max, slack)
    end
    check(ok, "%s: %d of %s, sum %s, %s to %s; not %s", file, got.n, metric, got.sum, got.min, got.max,
      want and json.encode(want))
  end
  local lat, lon = total.latitude or { n = 0 }, total.longitude or { n = 0 }
  local places, last = stats.with_position // times, stats.last_position
  check(lat.n == lon.n and lat.n <= places and lat.n >= places - repeats, "%s: %d positions, not %d", file,
    lat.n, places)
  check(not last or repeats > 0 or close(lat.last, last[1], 1e-6) and close(lon.last, last[2], 1e-6),
    "%s: it ends at %s, %s", file, tostring(lat.last), tostring(lon.last))
end

-- Sessions a person would call workouts: dated, no transitions, and a copy of one chained behind it is
-- the same workout, not a second one.
local function real_sessions(e)
  local list, seen, copies = {}, {}, 0
  for _, s in ipairs(e.sessions or {}) do
    if s.sport ~= "transition" and s.startTime and s.startTime > "1998" and s.startTime < "2080" then
      local key = s.startTime .. tostring(s.totalElapsedTime)
      copies = copies + (seen[key] and 1 or 0)
      list[#list + 1] = not seen[key] and s or nil
      seen[key] = true
    end
  end
  return list, copies
end

local function compare_session(a, s, name)
  local same = { { "distance_m", s.totalDistance, 0.5 }, { "ascent_m", s.totalAscent, 0.5 } }
  if s.avgHeartRate and s.avgHeartRate > 0 then
    same[#same + 1] = { "hr_avg", s.avgHeartRate, 0.5 }
    same[#same + 1] = { "hr_max", s.maxHeartRate, 0.5 }
  end
  if s.totalCalories and s.totalCalories > 0 then
    same[#same + 1] = { "energy_kcal", s.totalCalories, 0.5 }
  end
  for _, row in ipairs(same) do
    check(row[2] == nil or close(a[row[1]], row[2], row[3]), "%s: %s is %s, not %s", name, row[1],
      tostring(a[row[1]]), tostring(row[2]))
  end
  local elapsed, timer = s.totalElapsedTime, s.totalTimerTime
  local sane = elapsed and timer and elapsed < 86400 and timer <= elapsed + 60 and elapsed > 0
  check(not sane or (close(a.elapsed_s, elapsed, 0.01) and close(a.timer_s, timer, 0.01)),
    "%s: elapsed %s timer %s", name,
    tostring(a.elapsed_s), tostring(a.timer_s))
  check(s.sport == nil or s.sport:lower() == a.sport or a.sport:find("sport_")
    or a.sport:gsub("_", "") == s.sport:lower(),
    "%s: sport %s, not %s", name, tostring(a.sport), tostring(s.sport))
end

-- Files on which the importer judges otherwise than the expectation, which says what a strict reader sees:
-- why, and exactly what it makes of them. What the expectation says of the rest of the file holds for them too.
local fit_judged = {
  ["empty-activities.fit"] = { why = "never closed by its device: read as far as it goes, not given up at the header",
    workouts = 1, elapsed_s = 2318, distance_m = 18294.4, heart_rates = 2319 },
  ["strava-android-app-201.10-b1218918.fit"] = { why = "one record is of 2085 and is rejected",
    workouts = 1, elapsed_s = 3558, distance_m = 11274.04, heart_rates = 0 },
  ["broken-dates.fit"] = { why = "heart rates of 1 /min are rejected; of the five records in each second one is kept",
    workouts = 1, elapsed_s = 658.083, distance_m = 3599.62, heart_rates = 634 },
  ["compressed-speed-distance.fit"] = { why = "its clock was never set (1990): it has no date to stand on",
    workouts = 0, heart_rates = 0 },
  ["31-days-activity.fit"] = { why = "the clock jumped by 31 days: its length is that of its timer",
    workouts = 1, elapsed_s = 1477.123, distance_m = 9997.42, heart_rates = 0 },
  ["inverted-times.fit"] = { why = "elapsed and timer time are exchanged; heart rates of 0 are none",
    workouts = 1, elapsed_s = 21680, distance_m = 7861.02, heart_rates = 0 },
}
local judged = {}

local function check_judged(h, wanted, file, workouts)
  local a, n = workouts[1] and workouts[1].attributes or {}, mean_of(h, "heart_rate")
  judged[#judged + 1] = ("note %s: judged otherwise: %s\n"):format(file, wanted.why)
  check(#workouts == wanted.workouts, "%s: %d workouts, not %d", file, #workouts, wanted.workouts)
  check(n == wanted.heart_rates, "%s: %d heart rates, not %d", file, n, wanted.heart_rates)
  for _, key in ipairs { "elapsed_s", "distance_m" } do
    check(a[key] == wanted[key] or close(a[key], wanted[key], 0.01), "%s: %s is %s, not %s", file, key,
      tostring(a[key]), tostring(wanted[key]))
  end
end

local function kept_by_order(workouts)
  table.sort(workouts, function(a, b)
    return a.start < b.start
  end)
  return workouts
end

local function check_fit(h, e, file)
  local workouts = kept_by_order(h.json("records", "workout"))
  local sessions, copies = real_sessions(e)
  if fit_judged[file] then
    check_judged(h, fit_judged[file], file, workouts)
  end
  local kind = e.file_ids and e.file_ids[1] and e.file_ids[1].type
  if kind and kind ~= "activity" then
    check(#workouts == 0, "%s: a %s file gave %d workouts", file, kind, #workouts)
    return
  end
  if #sessions > 0 then
    check(#workouts == #sessions, "%s: %d workouts for %d sessions", file, #workouts, #sessions)
    table.sort(sessions, function(a, b)
      return a.startTime < b.startTime
    end)
    for i, s in ipairs(sessions) do
      if workouts[i] then
        compare_session(workouts[i].attributes, s, file)
      end
    end
    local laps = 0
    for _, w in ipairs(workouts) do
      laps = laps + #w.segments
    end
    check(copies > 0 or #e.sessions ~= #sessions or laps == e.num_laps or e.num_laps == 0,
      "%s: %d laps, not %s", file, laps, tostring(e.num_laps))
  elseif (e.record_stats or {}).time_first then
    check(#workouts >= 1, "%s: records without session gave no workout", file)
  end
  local stats = e.record_stats or {}
  if stats.time_first then
    compare_streams(totals_of(h.dump()), stats, copies, file)
  end
  local n, mean = mean_of(h, "heart_rate")
  if stats.hr_samples and stats.time_first and copies == 0 and (stats.timestamps_repeated or 0) == 0
    and not e.hr_messages_merged and (stats.hr_min or 1) > 0 then
    check(n == stats.hr_samples and close(mean, stats.hr_mean, 0.05),
      "%s: %d heart rates of mean %s, not %d of %s", file, n,
      tostring(mean), stats.hr_samples, tostring(stats.hr_mean))
  end
end

local function same_stream(total, metric, want, file)
  local got = total[metric] or { n = 0, sum = 0 }
  check(not want or got.n == want.samples and close(got.sum / got.n, want.mean, 0.01)
    and close(got.min, want.min, 0.01) and close(got.max, want.max, 0.01),
    "%s: %d of %s, sum %s, not %s", file, got.n, metric, got.sum, want and json.encode(want))
end

local function check_tcx(h, e, file)
  local workouts = kept_by_order(h.json("records", "workout"))
  local wanted = {}
  for _, a in ipairs(e.activities or {}) do
    if a.start and a.elapsed_s and a.elapsed_s > 0 then
      wanted[#wanted + 1] = a
    end
  end
  check(#workouts == #wanted, "%s: %d workouts, not %d", file, #workouts, #wanted)
  if #wanted == 1 and #e.activities == 1 then
    same_stream(totals_of(h.dump()), "altitude", wanted[1].altitude, file)
  end
  for i, a in ipairs(wanted) do
    local w = workouts[i] and workouts[i].attributes or {}
    check(close(w.timer_s or 0, a.total_seconds or 0, 0.01), "%s: timer %s", file, tostring(w.timer_s))
    check((a.total_distance_m or 0) == 0 or close(w.distance_m, a.total_distance_m, 0.01), "%s: distance %s",
      file, tostring(w.distance_m))
    check((a.total_calories or 0) == 0 or close(w.energy_kcal, a.total_calories, 0.01), "%s: energy %s",
      file, tostring(w.energy_kcal))
    check(w.sample_count == a.trackpoints, "%s: %s points, not %s", file, tostring(w.sample_count),
      tostring(a.trackpoints))
    check(#(workouts[i] or { segments = {} }).segments == a.num_laps, "%s: laps", file)
    check(not a.hr or close(w.hr_avg, a.hr.mean, 0.5), "%s: hr %s", file, tostring(w.hr_avg))
  end
end

local function check_gpx(h, e, file)
  local workouts = h.json("records", "workout")
  local timed = (e.timed_points or 0) > 1 and (e.elapsed_s or 0) ~= 0
  check(not timed or #workouts >= 1, "%s: no workout from a track with times", file)
  check(timed or #workouts == 0, "%s: a workout from a track without times", file)
  if #workouts == 1 and #(e.tracks or {}) == 1 and e.distance_haversine_m
    and file ~= "legacy_gpx_pause_resume.gpx" then
    local d = workouts[1].attributes.distance_m or 0
    check(math.abs(d - e.distance_haversine_m) <= math.max(1, e.distance_haversine_m * 0.005),
      "%s: distance %s, not %s", file, d, e.distance_haversine_m)
  end
  local total = totals_of(h.dump())
  if (e.repeated_times or 0) == 0 and e.timed_points == e.points then
    same_stream(total, "altitude", e.ele, file)
    same_stream(total, "power", e.power, file)
  end
  local n, mean = mean_of(h, "heart_rate")
  if e.hr and (e.repeated_times or 0) == 0 and e.timed_points == e.points then
    check(n == e.hr.samples and close(mean, e.hr.mean, 0.05), "%s: %d heart rates, not %d", file, n,
      e.hr.samples)
  end
end

local apple_metric = { HeartRate = "heart_rate", BodyMassIndex = "bmi", VO2Max = "vo2max",
  HeartRateVariabilitySDNN = "hrv_sdnn", BodyMass = "weight", Height = "height", StepCount = "steps",
  DistanceWalkingRunning = "distance", ActiveEnergyBurned = "active_energy", BasalEnergyBurned = "basal_energy",
  RestingHeartRate = "resting_heart_rate", RespiratoryRate = "respiratory_rate", OxygenSaturation = "spo2",
  DietaryEnergyConsumed = "energy_intake", DietaryProtein = "protein", DietaryCarbohydrates = "carbs",
  DietaryFatTotal = "fat", BloodPressureSystolic = "blood_pressure_systolic",
  BloodPressureDiastolic = "blood_pressure_diastolic" }

-- One of Apple's units in ours.
local apple_unit = { km = 1000, mi = 1609.344, cm = 0.01, ft = 0.3048, lb = 0.45359237, kJ = 1 / 4.184,
  ["%"] = 100 }

-- Sums are rounded to four places in the file's unit. Exact duplicates count once: so many may be missing.
local function compare_quantities(total, e, file)
  local duplicates, missing = e.exact_duplicate_records or 0, 0
  for name, want in pairs(e.numeric or {}) do
    local kind = name:gsub("^HKQuantityTypeIdentifier", "")
    local got, unit = total[apple_metric[kind]] or { n = 0, sum = 0 }, next((e.units or {})[name] or {})
    local scale = apple_unit[unit] or 1
    if apple_metric[kind] then
      missing = missing + want.n - got.n
      check(got.n <= want.n, "%s: %d %s, only %d are there", file, got.n, kind, want.n)
      check(got.n < want.n or close(got.sum, want.sum * scale, math.max(5e-5 * scale, 1e-3 * want.sum * scale))
        or next(e.units[name], unit) ~= nil, "%s: %d %s that sum up to %s, not %s %s", file, got.n, kind, got.sum,
        want.sum, tostring(unit))
    end
  end
  check(missing <= duplicates, "%s: %d values are missing, %d are duplicates", file, missing, duplicates)
end

local function check_apple(h, e, file)
  local workouts = h.json("records", "workout")
  check(#workouts == (e.workouts_total or 0), "%s: %d workouts, not %s", file, #workouts,
    tostring(e.workouts_total))
  for i, w in ipairs(e.workouts or {}) do
    local a = workouts[i] and workouts[i].attributes
    local unit = ({ min = 60, s = 1, hr = 3600 })[w.duration_unit or "min"]
    check(not a or not w.duration or close(a.timer_s, w.duration * unit, 0.01), "%s: workout %d timer", file,
      i)
  end
  compare_quantities(totals_of(h.dump()), e, file)
end

local function check_wellness(h, e, file)
  local m, _ = {}, nil
  if e.monitoring then
    m.n, m.mean = mean_of(h, "heart_rate")
    check(m.n == e.monitoring.heart_rate_samples_valid and close(m.mean, e.monitoring.heart_rate_mean, 0.01),
      "%s: heart rate %s", file, tostring(m.mean))
    local sum = 0
    for _, d in ipairs(h.json("query", "steps", "--from", "2000-01-01", "--to", "2079-12-31")) do
      sum = sum + d.value
    end
    check(sum == e.monitoring.final_walking_steps, "%s: %s steps, not %s", file, sum,
      e.monitoring.final_walking_steps)
  end
  if e.sleep then
    local s = h.json("records", "sleep")
    check(#s == 1 and #s[1].segments == #e.sleep.levels, "%s: sleep segments", file)
    for stage, minutes in pairs(e.sleep.minutes) do
      check(s[1] and close(s[1].attributes[stage .. "_s"], minutes * 60, 0.5), "%s: %s", file, stage)
    end
  end
  if e.weight then
    local n, mean = mean_of(h, "weight")
    local sum = 0
    for _, w in ipairs(e.weight) do
      sum = sum + w.weight
    end
    check(n == #e.weight and close(mean, sum / #e.weight, 0.001), "%s: weight %s", file, tostring(mean))
  end
  if e.blood_pressure then
    local _, sys = mean_of(h, "blood_pressure_systolic")
    check(sys == e.blood_pressure[1].systolic, "%s: systolic %s", file, tostring(sys))
  end
  if e.spo2 then
    local n, mean = mean_of(h, "spo2")
    check(n == e.spo2.values and close(mean, e.spo2.mean, 0.01), "%s: spo2", file)
    n, mean = mean_of(h, "stress")
    check(n == e.stress.valid and close(mean, e.stress.mean, 0.01), "%s: stress", file)
  end
  if e.hrv then
    local n, mean = mean_of(h, "hrv_rmssd")
    check(n == e.hrv.values and close(mean, e.hrv.value_mean, 0.01), "%s: hrv %s of %s", file,
      tostring(mean), n)
  end
end

local folders = { { "fit", check_fit }, { "fit-wellness-made", check_wellness }, { "tcx", check_tcx },
  { "gpx", check_gpx },
  { "apple-health", check_apple }, { "apple-health-made", check_apple } }

local function run_file(folder, file, compare)
  local path = ("%s/samples/%s/%s"):format(flow.shared, folder, file)
  local e = load(path .. ".expected.json")
  local h = flow.home("UTC")
  local first, r = h.import(path)
  check(r.code == 0 or r.code == 4 or r.code == 1, "%s: exit %d %s", file, r.code, r.err)
  local refused = first[1] and first[1].status == "refused"
  check(first[1] ~= nil, "%s: no answer", file)
  if not refused then
    local before = h.dump()
    compare(h, e, file)
    local again = h.import(path)
    check(again[#again].total.new == 0 and again[#again].total.updated == 0,
      "%s: the second time added something", file)
    check(h.dump() == before, "%s: the second time changed the dump", file)
  else
    check(e.is_fit == false or (e.well_formed == false) or e.num_records == 0
      or (e.activities and #e.activities == 0), "%s: refused: %s", file,
      first[1].reasons[1] or "")
    check(#(first[1].reasons[1] or "") > 10, "%s: refused without a sentence", file)
  end
  h.remove()
end

describe("sample files", function()
  for _, f in ipairs(folders) do
    it(("every file of %s gives what its expectation says"):format(f[1]), function()
      if not flow.has_shared() then
        skip("needs ../shared")
      end
      local n, matched = 0, 0
      judged = {}
      local all = {}
      for _, name in ipairs(sw.fs.list(flow.shared .. "/samples/" .. f[1])) do
        if sw.fs.stat(("%s/samples/%s/%s.expected.json"):format(flow.shared, f[1], name)) then
          problems = {}
          run_file(f[1], name, f[2])
          n = n + 1
          matched = matched + (#problems == 0 and 1 or 0)
          table.move(problems, 1, #problems, #all + 1, all)
        end
      end
      sw.sys.out(("note %s: %d of %d files match their expectation%s\n"):format(f[1], matched - #judged, n,
        #judged > 0 and (", %d judged otherwise"):format(#judged) or ""))
      sw.sys.out(table.concat(judged))
      expect(table.concat(all, "\n")).equals("")
    end)
  end
end)
