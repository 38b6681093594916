-- Export as one FHIR R4 bundle (a collection): the patient, a device an origin, an observation a sample.
--   syncwell export fhir --out bundle.json --metric heart_rate --from 2026-03-01
-- Codes are LOINC where lua/metrics names one, else the metric's title; units are UCUM. A night is an
-- observation of its length with its stages, a workout one of its sport with its figures.
local exporting = require("exporting")
local json = sw.json

local fhir = { doc = "a FHIR R4 bundle", extension = "json" }

local LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
local CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"

local vital = { heart_rate = true, resting_heart_rate = true, respiratory_rate = true,
  body_temperature = true, weight = true, height = true, bmi = true, spo2 = true,
  blood_pressure_systolic = true, blood_pressure_diastolic = true }
local active = { steps = true, distance = true, active_energy = true, exercise_time = true, floors = true }

-- R4's profiles of vital signs ask for their own code beside one that says more.
local beside = { spo2 = "2708-6", resting_heart_rate = "8867-4" }

local ucum = { mmHg = "mm[Hg]" }

local function loinc_codes()
  local codes = {}
  for _, file in ipairs(sw.fs.list(sw.sys.share() .. "/lua/metrics")) do
    for _, row in ipairs(file:find("%.lua$") and require("metrics." .. file:sub(1, -5)) or {}) do
      codes[row.name] = row.loinc
    end
  end
  return codes
end

-- An id that a text always has: the same export twice names the same things.
local function uuid(text)
  local h = sw.sys.hash(text)
  return ("urn:uuid:%s-%s-8%s-8%s-%s"):format(h:sub(1, 8), h:sub(9, 12), h:sub(14, 16), h:sub(18, 20),
    h:sub(21, 32))
end

local function concept(code, text, another)
  local coding = code and json.list { { system = LOINC, code = code, display = text } }
  if coding and another then
    coding[2] = { system = LOINC, code = another }
  end
  return { text = text, coding = coding }
end

local function category(word)
  return word and json.list { { coding = json.list { { system = CATEGORY, code = word } } } }
end

local function quantity(value, unit)
  local code = ucum[unit] or unit
  return { value = value, unit = code, system = UCUM, code = code }
end

local function component(code, text, value, unit)
  return value and { code = concept(code, text), valueQuantity = quantity(value, unit) }
end

local function entry(job, url, resource)
  job:put((job.entries and ",\n" or "\n") .. json.encode { fullUrl = url, resource = resource })
  job.entries = true
end

local function observation(job, o, more)
  local r = { resourceType = "Observation", status = "final", subject = { reference = job.patient },
    device = { reference = job.devices[o] } }
  for name, value in pairs(more) do
    r[name] = value
  end
  return r
end

local function samples(job, s)
  local name = s.metric.name
  local word = vital[name] and "vital-signs" or active[name] and "activity"
    or name == "blood_glucose" and "laboratory" or nil
  local function row(effective)
    effective.category, effective.code = category(word), concept(job.loinc[name], s.metric.title,
      beside[name])
    effective.valueQuantity = quantity("@value@", s.metric.unit)
    return ",\n" .. exporting.template { fullUrl = "urn:uuid:@uuid@",
      resource = observation(job, s.origin.id, effective) }
  end
  job:samples(s, { instant = row { effectiveDateTime = "@start@" },
    interval = row { effectivePeriod = { start = "@start@", ["end"] = "@finish@" } },
    seed = ("%x:%s:fhir"):format(s.origin.id, name) })
end

local function present(list, n)
  local out = {}
  for i = 1, n do
    out[#out + 1] = list[i] or nil
  end
  return #out > 0 and json.list(out) or nil
end

local function minutes(seconds)
  return seconds and math.floor(seconds / 60 * 100 + 0.5) / 100
end

local bodies = {}

function bodies.sleep(a)
  local length = a.asleep_s or a.in_bed_s
  return { category = category("activity"), valueQuantity = length and quantity(minutes(length), "min"),
    code = a.asleep_s and concept("93832-4", "Sleep duration") or concept(nil, "Time in bed"),
    component = present({ component("93830-8", "Light sleep duration", minutes(a.light_s), "min"),
      component("93831-6", "Deep sleep duration", minutes(a.deep_s), "min"),
      component("93829-0", "REM sleep duration", minutes(a.rem_s), "min"),
      component(nil, "Time awake", minutes(a.awake_s), "min") }, 4) }
end

function bodies.workout(a, r)
  return { category = category("activity"), code = concept("73985-4", "Exercise activity"),
    valueCodeableConcept = { text = r.type },
    component = present({ component("55411-3", "Exercise duration", minutes(a.timer_s or a.elapsed_s), "min"),
      component("41981-2", "Calories burned", a.energy_kcal, "kcal"),
      component(nil, "Distance", a.distance_m, "m"), component(nil, "Mean heart rate", a.hr_avg, "/min"),
      component(nil, "Highest heart rate", a.hr_max, "/min") }, 5) }
end

local function record(job, r)
  local make = bodies[r.kind]
  local body = make and make(r.body.attributes or {}, r)
  if not body or r.kind == "sleep" and not body.valueQuantity then
    return job:leave_out_record(r)
  end
  body.effectivePeriod = { start = sw.time.iso(r.start, r.offset_start),
    ["end"] = sw.time.iso(r.finish, r.offset_finish) }
  entry(job, uuid(("record %x"):format(r.id)), observation(job, r.origin_id, body))
end

local function device(o)
  return { resourceType = "Device", manufacturer = o.maker ~= "" and o.maker or nil,
    modelNumber = o.model ~= "" and o.model or nil,
    deviceName = json.list { { name = exporting.name(o), type = "user-friendly-name" } } }
end

function fhir.write(job)
  job.loinc, job.devices, job.patient = loinc_codes(), {}, uuid("person " .. job.ctx.name)
  job:put('{"resourceType":"Bundle","type":"collection","entry":[')
  entry(job, job.patient, { resourceType = "Patient", identifier = json.list { { value = job.ctx.name } } })
  for _, o in ipairs(job.origins) do
    job.devices[o.id] = uuid(("origin %x"):format(o.id))
    entry(job, job.devices[o.id], device(o))
  end
  for r in job:records() do
    record(job, r)
  end
  for s in job:series() do
    samples(job, s)
  end
  job:put("\n]}\n")
end

return fhir
