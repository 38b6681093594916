-- Export as Open mHealth data points, one a line: a header that names the schema, and the body.
--   syncwell export omh --out points.jsonl
-- Metrics without a schema of theirs are left out and counted. Systolic and diastolic values that were
-- measured together are one blood pressure; workouts are physical activities, nights sleep episodes.
local exporting = require("exporting")

local omh = { doc = "Open mHealth data points", extension = "jsonl" }

-- metric -> schema, version, name in the body, unit; over: an amount over a time, never an instant.
local schemas = {
  steps = { "step-count", "2.0", "step_count", nil, over = true },
  active_energy = { "calories-burned", "2.0", "kcal_burned", "kcal", over = true },
  heart_rate = { "heart-rate", "2.0", "heart_rate", "beats/min" },
  resting_heart_rate = { "heart-rate", "2.0", "heart_rate", "beats/min",
    more = { temporal_relationship_to_physical_activity = "at rest" } },
  spo2 = { "oxygen-saturation", "2.0", "oxygen_saturation", "%" },
  respiratory_rate = { "respiratory-rate", "2.0", "respiratory_rate", "breaths/min" },
  blood_glucose = { "blood-glucose", "3.0", "blood_glucose", "mg/dL" },
  body_temperature = { "body-temperature", "3.0", "body_temperature", "C" },
  weight = { "body-weight", "2.0", "body_weight", "kg" },
  height = { "body-height", "1.0", "body_height", "m" },
  bmi = { "body-mass-index", "2.0", "body_mass_index", "kg/m^2" },
  body_fat = { "body-fat-percentage", "1.0", "body_fat_percentage", "%" },
  speed = { "speed", "1.0", "speed", "m/s" },
}

local function header(job, id, schema, version, o)
  return { id = id, creation_date_time = job.created, user_id = job.ctx.name,
    schema_id = { namespace = "omh", name = schema, version = version },
    acquisition_provenance = { source_name = exporting.name(o),
      modality = o.class == "manual" and "self-reported" or "sensed" } }
end

local function instant(start)
  return { date_time = start }
end

local function interval(start, finish)
  return { time_interval = { start_date_time = start, end_date_time = finish } }
end

local function point(job, s, x, frame)
  local body = { effective_time_frame = frame }
  for name, value in pairs(x.more or {}) do
    body[name] = value
  end
  body[x[3]] = x[4] and { value = "@value@", unit = x[4] } or "@value@"
  return exporting.template { header = header(job, "@uuid@", x[1], x[2], s.origin), body = body } .. "\n"
end

local function samples(job, s, x)
  local lasting = point(job, s, x, interval("@start@", "@finish@"))
  job:samples(s, { instant = x.over and lasting or point(job, s, x, instant("@start@")), interval = lasting,
    seed = ("%x:%s"):format(s.origin.id, s.metric.name) })
end

local function quantity(value, unit)
  return value and { value = value, unit = unit }
end

local function frame_of(r)
  return interval(sw.time.iso(r.start, r.offset_start), sw.time.iso(r.finish, r.offset_finish))
end

local bodies = {}

function bodies.workout(r, a)
  return "physical-activity", "1.2", { activity_name = a.title or r.type, effective_time_frame = frame_of(r),
    distance = quantity(a.distance_m, "m"), kcal_burned = quantity(a.energy_kcal, "kcal") }
end

function bodies.sleep(r, a)
  return "sleep-episode", "1.1", { effective_time_frame = frame_of(r), is_main_sleep = not a.nap,
    total_sleep_time = quantity(a.asleep_s, "sec"), wake_after_sleep_onset = quantity(a.awake_s, "sec"),
    sleep_maintenance_efficiency_percentage = quantity(a.efficiency, "%") }
end

local function record(job, r)
  local make = bodies[r.kind]
  if not make then
    return job:leave_out_record(r)
  end
  local schema, version, body = make(r, r.body.attributes or {})
  local o = job.origins[r.origin_id]
  job:line { header = header(job, ("%x"):format(r.id), schema, version, o), body = body }
end

-- Values of a series by their start; blood pressure is measured a few times a day.
local function by_start(job, s)
  local values, order = {}, {}
  local sink, put = job.sink, { put = function(text)
    for start, value in text:gmatch("(%S+) (%S+)\n") do
      values[start], order[#order + 1] = tonumber(value), start
    end
    return true
  end }
  job.sink = put
  job:samples(s, { instant = "{start} {value}\n" })
  job.sink = sink
  return values, order
end

local function pressure(job, high, low)
  local top, order = by_start(job, high)
  local bottom = by_start(job, low)
  for _, start in ipairs(order) do
    if bottom[start] then
      local id = sw.sys.hash(("%x:%s:pressure"):format(high.origin.id, start)):sub(1, 32)
      job:line { header = header(job, id, "blood-pressure", "2.0", high.origin), body = {
        systolic_blood_pressure = quantity(top[start], "mmHg"),
        diastolic_blood_pressure = quantity(bottom[start], "mmHg"), effective_time_frame = instant(start) } }
    end
  end
end

function omh.write(job)
  local highs = {}
  job.created = sw.time.iso(sw.time.now(), 0)
  for s in job:series() do
    if s.metric.name == "blood_pressure_systolic" then
      highs[s.origin.id] = s
    end
  end
  for s in job:series() do
    local x, high = schemas[s.metric.name], highs[s.origin.id]
    if x then
      samples(job, s, x)
    elseif s.metric.name == "blood_pressure_diastolic" and high then
      pressure(job, high, s)
    elseif s ~= high then
      job:leave_out(s)
    end
  end
  for r in job:records() do
    record(job, r)
  end
end

return omh
