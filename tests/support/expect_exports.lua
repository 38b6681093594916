-- What the expectation of a folder of exports says (days, nights, weighings, workouts), compared with what is stored.
-- Each folder's compare takes the tracked expectation e, what is stored, and a name to complain with.
local x = require("expectation")

local check, close = x.check, x.close
local exports = {}

local WORDS = { values = "how the sample was made", notes = "words for people", time_zone = "the home's zone",
  file = "the sample itself", decoder = "who read it" }

local function day_number(text)
  return sw.time.day(tonumber(text:sub(1, 4)), tonumber(text:sub(6, 7)), tonumber(text:sub(9, 10)))
end

-- Sum, count and last value of a metric's samples on each day by the clock on the wall; of one origin, if named.
local function by_day(got, metric, origin)
  local days = {}
  for _, s in ipairs(got.samples[metric]) do
    if not origin or s.origin:find(origin, 1, true) then
      local day = sw.time.day_text(sw.time.day_of(s.ms, s.offset))
      local d = days[day] or { sum = 0, n = 0 }
      days[day], d.sum, d.n, d.last = d, d.sum + s.value, d.n + 1, s.value
    end
  end
  return days
end

local function same_days(e, days, key, slack, what)
  local n, m = 0, 0
  for day, want in pairs(e) do
    n = n + 1
    local d = days[day]
    check(d and close(d[key], want, slack), "%s on %s: %s, not %s", what, day, d and d[key] or "nothing", want)
  end
  for _ in pairs(days) do
    m = m + 1
  end
  check(n == m, "%s: %d days, not %d", what, m, n)
end

local function same_totals(e, got, metric, slack, what)
  for day, want in pairs(e) do
    local have = got.totals[("%s %d"):format(metric, day_number(day))]
    check(close(have, want, slack), "%s on %s: %s, not %s", what, day, tostring(have), want)
  end
end

local PARTS = { wake = "awake_s", light = "light_s", deep = "deep_s", rem = "rem_s" }

-- The sleep of each day by its day of waking; factor: seconds in a unit of the expectation.
local function same_nights(e, nights, factor, what)
  local of_day, days = {}, {}
  for _, r in ipairs(nights) do
    local day = sw.time.day_text(r.day)
    if not r.attributes.nap and r.attributes.asleep_s then
      check(not of_day[day], "%s: two nights on %s", what, day)
      of_day[day] = r
    end
  end
  for day, want in pairs(e) do
    days[day] = true
    local r = of_day[day]
    if want == sw.json.null then
      check(not r, "%s: a night on %s", what, day)
    elseif check(r, "%s: no night on %s", what, day) then
      for part, attribute in pairs(PARTS) do
        check(close(r.attributes[attribute] or 0, want[part] * factor, 0.5), "%s on %s: %s of %s, not %s", what, day,
          tostring(r.attributes[attribute]), part, want[part])
      end
    end
  end
  for day in pairs(of_day) do
    check(days[day], "%s: a night on %s that is not expected", what, day)
  end
end

exports["fitbit-takeout"] = function(e, got)
  local days = by_day(got, "resting_heart_rate")
  for _, d in ipairs(e.days) do
    local have = days[d.day]
    check(have and close(have.last, d.resting_hr, 0.006), "resting heart rate on %s", d.day)
  end
  check(#e.days == got.samples.resting_heart_rate.n, "%d resting heart rates", got.samples.resting_heart_rate.n)
end

exports["fitbit-takeout-made"] = function(e, got)
  local steps, rest, nights = by_day(got, "steps"), by_day(got, "resting_heart_rate"), {}
  for day, want in pairs(e.days) do
    local rate = want.resting_hr
    check(close(steps[day] and steps[day].sum, want.steps_local_day, 0.5), "steps on %s: %s", day,
      tostring(steps[day] and steps[day].sum))
    check(close(rest[day] and rest[day].last, rate, 0.006), "resting heart rate on %s", day)
    local found
    for _, r in ipairs(got.records.sleep) do
      found = found or r.start == x.ms(want.sleep_start_utc) and r.finish == x.ms(want.sleep_end_utc)
    end
    check(found, "no sleep from %s to %s", want.sleep_start_utc, want.sleep_end_utc)
    nights[day] = want
  end
  same_nights(nights, got.records.sleep, 60, "sleep")
  -- the file gives a tenth of a pound
  same_days(e.weight_kg, by_day(got, "weight"), "last", 0.023, "weight")
  check(got.samples.steps.n == e.steps_rows, "%d rows of steps", got.samples.steps.n)
  check(#got.records.sleep == e.sleep_logs, "%d sleeps", #got.records.sleep)
  -- in the night of the clock change four of the rows state a time a second time
  check(got.samples.heart_rate.n == e.heart_rate_rows - 4, "%d heart rates", got.samples.heart_rate.n)
end

exports["google-fit-takeout-made"] = function(e, got)
  same_totals(e.steps, got, "steps", 0.5, "steps")
  local quarters = by_day(got, "steps")
  for _, day in ipairs { "2024-03-09", "2024-03-10", "2024-03-11" } do -- quarter hours of these days are there
    local d, want = quarters[day], e.steps[day]
    check(d and math.abs(d.sum - want) < d.n, "quarters on %s: %s, not %s", day, tostring(d and d.sum), want)
  end
end

local METRIC_OF = { body_fat_record_table = { "body_fat", "percentage" }, height_record_table = { "height", "height" } }

exports["health-connect"] = function(e, got)
  for name, m in pairs(METRIC_OF) do
    local list, n = e.records[name], 0
    for _, r in ipairs(list) do
      n = n + 1
      local s = got.samples[m[1]][n] or {}
      check(s.ms == r.time and close(s.value, r[m[2]], 1e-6) and s.offset * 60 == r.zone_offset, "%s %d", name, n)
    end
    check(got.samples[m[1]].n == n, "%s: %d", name, got.samples[m[1]].n)
  end
  check(#got.records.workout == 0 and #got.records.sleep == 0, "records out of empty tables")
end

exports["health-connect-made"] = function(e, got)
  local rows, n = e.row_counts, 0
  for app, days in pairs(e.steps_by_app) do
    same_days(days, by_day(got, "steps", app), "sum", 0.5, "steps of " .. app)
  end
  for name, metric in pairs { steps_record_table = "steps", heart_rate_record_series_table = "heart_rate",
    weight_record_table = "weight", resting_heart_rate_record_table = "resting_heart_rate",
    heart_rate_variability_rmssd_record_table = "hrv_rmssd" } do
    check(got.samples[metric].n == rows[name], "%s: %d rows", name, got.samples[metric].n)
  end
  for _, r in ipairs(got.records.sleep) do
    n = n + #r.segments
  end
  check(n == rows.sleep_stages_table, "%d stages", n)
  check(#got.records.sleep == rows.sleep_session_record_table, "%d nights", #got.records.sleep)
  check(#got.records.workout == rows.exercise_session_record_table, "%d workouts", #got.records.workout)
  check(got.records.workout[1].attributes.sport == "running", "sport %s", got.records.workout[1].attributes.sport)
  check(#got.origins == rows.application_info_table, "%d apps", #got.origins)
  same_nights(e.sleep, got.records.sleep, 60, "sleep")
  same_days(e.weight_kg, by_day(got, "weight"), "last", 0.006, "weight")
  same_days(e.resting_hr, by_day(got, "resting_heart_rate"), "last", 0.006, "resting heart rate")
end

exports["garmin-gdpr-made"] = function(e, got)
  local a, w = e.activity, got.records.workout[1] or { attributes = {} }
  same_totals(e.steps, got, "steps", 0.5, "steps")
  same_nights(e.nights, got.records.sleep, 1, "sleep")
  same_days(e.weight_kg, by_day(got, "weight"), "last", 0.006, "weight")
  check(#got.records.workout == 1 and w.start == x.ms(a.start_utc), "workout at %s", tostring(w.start))
  for key, want in pairs { timer_s = a.seconds_timer, elapsed_s = a.seconds_elapsed, distance_m = a.distance_m,
    energy_kcal = a.calories_kcal, ascent_m = a.ascent_m, hr_avg = a.avg_hr } do
    check(close(w.attributes[key], want, 0.06), "workout: %s is %s, not %s", key, tostring(w.attributes[key]), want)
  end
end

local function present(v)
  return v ~= sw.json.null and v ~= 0 and v or nil
end

exports.strava = function(e, got)
  check(#got.records.workout == e.rows, "%d workouts", #got.records.workout)
  for _, a in ipairs(e.activities) do
    local w
    for _, r in ipairs(got.records.workout) do
      w = r.external_id == "strava:" .. a.id and r or w
    end
    if check(w, "no workout %s", a.id) then
      local t = w.attributes
      check(w.start == x.ms(a.start_utc), "%s begins %d", a.id, w.start)
      check(t.name == a.name and t.category == a.type and t.sport == "cycling", "%s: %s %s", a.id, t.name, t.category)
      check((t.recording or "") == a.file, "%s: %s", a.id, tostring(t.recording))
      check(close(t.distance_m, tonumber(a.distance_first_column) * 1000, 10), "%s: metres", a.id)
      for key, want in pairs { elapsed_s = a.elapsed_s, timer_s = a.moving_s, distance_m = a.distance_m,
        ascent_m = a.ascent_m, energy_kcal = present(a.calories) } do
        check(close(t[key], want, 0.001), "%s: %s is %s, not %s", a.id, key, tostring(t[key]), want)
      end
      check(t.hr_avg == present(a.avg_hr) and t.hr_max == present(a.max_hr), "%s: heart rate", a.id)
    end
  end
end

exports["withings-made"] = function(e, got)
  local raw = by_day(got, "steps")
  same_totals(e.steps, got, "steps", 0.5, "steps")
  for day, want in pairs(e.steps) do
    check(raw[day] and raw[day].n == 6 and math.abs(raw[day].sum - want) < 6, "raw steps on %s", day)
  end
  same_days(e.weight_kg, by_day(got, "weight"), "last", 0.006, "weight")
  same_nights(e.sleep, got.records.sleep, 60, "sleep")
end

exports["oura-made"] = function(e, got)
  local nights, trends = {}, {}
  for _, r in ipairs(got.records.sleep) do
    local list = r.external_id:find("^oura:trend:") and trends or nights
    list[#list + 1] = r
  end
  same_totals(e.steps, got, "steps", 0.5, "steps")
  same_nights(e.nights, nights, 60, "sleep")
  same_nights(e.nights, trends, 60, "trend")
  check(#nights == e.usable and e.sleep_periods_total == e.usable + 1, "%d nights", #nights)
end

exports["zepp-made"] = function(e, got)
  same_totals(e.steps, got, "steps", 0.5, "steps")
  same_nights(e.nights, got.records.sleep, 60, "sleep")
  same_days(e.weight_kg, by_day(got, "weight"), "last", 0.006, "weight")
end

exports["samsung-health-made"] = function(e, got)
  same_totals(e.steps_merged, got, "steps", 0.5, "steps")
  -- one hour of the night of the clock change stands twice
  check(got.samples.heart_rate.n == e.heart_rate_rows - 1, "%d heart rates", got.samples.heart_rate.n)
  same_nights(e.sleep, got.records.sleep, 60, "sleep")
  same_days(e.weight_kg, by_day(got, "weight"), "last", 0.006, "weight")
end

exports["cronometer-made"] = function(e, got)
  same_days(e.kcal_by_day, by_day(got, "energy_intake"), "sum", 0.01, "energy")
  same_days(e.weight_kg, by_day(got, "weight"), "last", 0.006, "weight")
end

exports["myfitnesspal-made"] = function(e, got)
  local days = {}
  for key, metric in pairs { kcal = "energy_intake", fat = "fat", carbs = "carbs", protein = "protein" } do
    days[key] = by_day(got, metric)
  end
  for day, want in pairs(e.days) do
    for key, list in pairs(days) do
      check(list[day] and close(list[day].sum, want[key], 0.06), "%s on %s: %s", key, day,
        tostring(list[day] and list[day].sum))
    end
    check(by_day(got, "fiber")[day].sum == 32, "equal amounts of four meals on %s", day)
  end
  for day, want in pairs(e.weight_lb) do
    local d = by_day(got, "weight")[day]
    check(d and close(d.last, want * 0.45359237, 0.006), "weight on %s", day)
  end
end

local READ = { HR = "heart_rate", rMSSD = "hrv_rmssd", SDNN = "hrv_sdnn", Rmssd = "hrv_rmssd", Sdnn = "hrv_sdnn",
  weightkg = "weight", fatpercent = "body_fat", boneskg = "bone_mass", leankg = "lean_mass" }

exports["hrv-csv"] = function(e, got)
  check(#e.delimiter == 1, "delimiter")
  local first, last = e.first_row, e.last_row
  for i, name in ipairs(e.header) do
    local s, from, to = got.samples[READ[name] or ""], first[i], last[i]
    if READ[name] then
      check(s.n == e.rows, "%s: %d", name, s.n)
      check(close(s[1] and s[1].value, tonumber(from), 0.01), "%s: first %s", name, from)
      check(close(s[s.n] and s[s.n].value, tonumber(to), 0.01), "%s: last %s", name, to)
    end
  end
end

exports.reasons = {}
for key, why in pairs(WORDS) do
  exports.reasons[key] = why
end
for key, why in pairs { user_version = "how the file is built", tables = "how the file is built",
  rows = "records are compared themselves", columns = "how the file is built",
  repeated_column_names = "distance and elapsed time are compared",
  ["row_counts.android_metadata"] = "no health data", ["row_counts.sqlite_sequence"] = "no health data",
  ["row_counts.heart_rate_record_table"] = "its series is compared",
  ["row_counts.device_info_table"] = "a device is part of an origin" } do
  exports.reasons[key] = why
end
for _, field in ipairs { "row_id", "uuid", "last_modified_time", "client_record_id", "client_record_version",
  "device_info_id", "app_info_id", "recording_method", "dedupe_hash", "local_date" } do
  exports.reasons["records.body_fat_record_table[]." .. field] = "how the record is kept on the phone"
  exports.reasons["records.height_record_table[]." .. field] = "how the record is kept on the phone"
end

return exports
