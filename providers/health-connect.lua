-- Android's Health Connect, by companion apps that post to /in/SECRET: lists by type (HC Webhook), or
-- "records" with record_type. Nothing has an id: identity is origin, kind and time. By default the app gives
-- steps, distance and energy as the total of each day so far, which grows and is sent again.
--   { "app_version": "1.9", "steps": [ { "count": 8421, "start_time": "...", "end_time": "..." } ] }
local sw = require "syncwell"

local text, number, objects = sw.word, sw.figure, sw.objects

local HOUR_MS, QUARTER_MS = 3600000, 900000

-- Kind of the app -> metric, member of its value, unit. amount: counted over a stretch of time.
local KINDS = {
  steps = { { "steps", "count" }, amount = true },
  distance = { { "distance", "meters", "m" }, amount = true },
  active_calories = { { "active_energy", "calories", "kcal" }, amount = true },
  hydration = { { "water", "liters", "L" }, amount = true },
  heart_rate = { { "heart_rate", "bpm" } }, resting_heart_rate = { { "resting_heart_rate", "bpm" } },
  heart_rate_variability = { { "hrv_rmssd", "rmssd_millis", "ms" } },
  oxygen_saturation = { { "spo2", "percentage", "%" } },
  respiratory_rate = { { "respiratory_rate", "rate" } },
  blood_glucose = { { "blood_glucose", "mmol_per_liter", "mmol/L" } },
  blood_pressure = { { "blood_pressure_systolic", "systolic", "mmHg" },
    { "blood_pressure_diastolic", "diastolic", "mmHg" } },
  weight = { { "weight", "kilograms", "kg" } }, height = { { "height", "meters", "m" } },
  body_fat = { { "body_fat", "percentage", "%" } }, lean_body_mass = { { "lean_mass", "kilograms", "kg" } },
  bone_mass = { { "bone_mass", "kilograms", "kg" } },
  body_temperature = { { "body_temperature", "celsius", "Cel" } },
  vo2_max = { { "vo2max", "ml_per_kg_per_min", "mL/kg/min" } },
  nutrition = { { "energy_intake", "calories", "kcal" }, { "protein", "protein_grams", "g" },
    { "carbs", "carbs_grams", "g" }, { "fat", "fat_grams", "g" }, { "sugar", "sugar_grams", "g" },
    { "sodium", "sodium_grams", "g" }, { "fiber", "dietary_fiber_grams", "g" }, amount = true, parts = true },
}

-- Numbers of the library that apps use (AndroidX), as texts; they differ from those of the export's database.
local STAGES = { ["1"] = "awake", ["2"] = "asleep", ["4"] = "light", ["5"] = "deep", ["6"] = "rem",
  ["7"] = "awake", awake = "awake", sleeping = "asleep", light = "light", deep = "deep", rem = "rem" }
local SPORTS = { ["2"] = "badminton", ["8"] = "cycling", ["9"] = "indoor_cycling", ["16"] = "dancing",
  ["25"] = "elliptical", ["32"] = "golf", ["36"] = "hiit", ["37"] = "hiking", ["39"] = "ice_skate",
  ["48"] = "pilates", ["50"] = "racquetball", ["51"] = "rock_climbing", ["53"] = "rowing",
  ["54"] = "virtual_row", ["56"] = "running", ["57"] = "treadmill", ["58"] = "sail", ["61"] = "skiing",
  ["62"] = "snowboard", ["63"] = "snowshoe", ["64"] = "soccer", ["66"] = "squash",
  ["68"] = "stair_climbing", ["69"] = "stair_climbing", ["70"] = "strength_training", ["72"] = "surfing",
  ["73"] = "open_water_swimming", ["74"] = "pool_swim", ["75"] = "table_tennis", ["76"] = "tennis",
  ["78"] = "volleyball", ["79"] = "walking", ["81"] = "weight_training", ["83"] = "yoga", ["0"] = "workout" }

local DEVICES = { [1] = "watch", [2] = "phone", [3] = "scale", [4] = "ring", [6] = "band", [7] = "strap" }
local APPS = { ["com.garmin.android.apps.connectmobile"] = "Garmin Connect",
  ["com.google.android.apps.fitness"] = "Google Fit", ["com.fitbit.FitbitMobile"] = "Fitbit",
  ["com.sec.android.app.shealth"] = "Samsung Health", ["com.withings.wiscale2"] = "Withings",
  ["com.ouraring.oura"] = "Oura", ["com.strava"] = "Strava", ["fi.polar.polarflow"] = "Polar Flow" }

-- --- who measured ---

local function of(node, name)
  return type(node) == "userdata" and node[name] or nil
end

-- What the app tells of where an item comes from: the app that wrote it, the device, by hand or not.
local function source_of(item)
  local from = of(item, "metadata")
  local model = text(of(of(from, "device"), "model"))
  return text(of(from, "data_origin")), model, text(of(from, "recording_method"))
end

local function origin_of(item)
  local app, model, how = source_of(item)
  local device = of(of(item, "metadata"), "device")
  if app == "" then
    return { name = "Health Connect", kind = "phone" }
  end
  local kind = how == "manual_entry" and "manual" or DEVICES[math.tointeger(of(device, "type"))] or "app"
  return { name = APPS[app] or app, ident = model ~= "" and app .. " " .. model or app,
    maker = text(of(device, "manufacturer")):lower(), model = model, kind = kind }
end

-- One item of each source in a list.
local function sources(list)
  local seen, first = {}, {}
  for _, item in ipairs(list) do
    local key = table.concat({ source_of(item) }, "\0")
    if not seen[key] then
      seen[key], first[#first + 1] = true, item
    end
  end
  return first
end

-- --- figures ---

-- How each shape says when, what and how much.
local LISTS = { clock = sw.iso, start = "start_time", finish = "end_time", at = "time",
  read = function(v) return (sw.moment(v)) end }
local RECORDS = { clock = sw.unix_ms, start = "start_time_ms", finish = "end_time_ms", at = "end_time_ms",
  value = "value", typed = true,
  read = function(v) return number(v) and math.abs(v) < 4e15 and v // 1 | 0 end }

-- A day's total is of a stretch of over two hours from some zone's midnight: the day it is of; "" for the
-- rest of a day, cut off where the app's window begins; nil for what is no total.
local function total_day(item, shape)
  local from, to = shape.read(item[shape.start]), shape.read(item[shape.finish])
  if not from or not to or to - from <= 2 * HOUR_MS then
    return nil
  elseif from % QUARTER_MS == 0 then
    return os.date("%Y-%m-%d", (from + 12 * HOUR_MS) // 1000)
  end
  return to % QUARTER_MS == 0 and to - from < 24 * HOUR_MS and "" or nil
end

-- The totals of days among the items; true when there are some.
local function totals(kind, items, shape, out)
  local metric, field, unit = table.unpack(KINDS[kind][1])
  local found = false
  for _, item in ipairs(items) do
    local day = total_day(item, shape)
    if day == "" then
      out.reject(("%s of a part of a day"):format(kind))
    elseif day then
      out.day(day, metric, item[shape.value or field], unit, origin_of(item))
    end
    found = found or day ~= nil
  end
  return found
end

-- The member that holds the value: of averages over minutes the mean. beside: totals are among them.
local function value_of(row, item, shape, beside)
  local field = shape.value or item.avg ~= nil and "avg" or row[2]
  return beside and function(r)
    return not total_day(r, shape) and number(r[field]) or nil
  end or field
end

local function figures(kind, list, items, shape, out)
  local known = KINDS[kind]
  local beside = known.amount and not known.parts and totals(kind, items, shape, out)
  for _, item in ipairs(sources(items)) do
    local app, model, how = source_of(item)
    local where = { ["metadata.data_origin"] = app, ["metadata.device.model"] = model,
      ["metadata.recording_method"] = how, record_type = shape.typed and kind or nil }
    for _, row in ipairs(known) do
      out.series(list, { metric = row[1], unit = row[3], value = value_of(row, item, shape, beside),
        time = shape.clock(known.amount and shape.start or shape.at), finish = known.amount and shape.finish,
        where = where, origin = origin_of(item) })
    end
  end
end

local function records(list, out)
  local by_kind, order = {}, {}
  for _, item in ipairs(objects(list)) do
    local kind = text(item.record_type)
    if not by_kind[kind] then
      by_kind[kind], order[#order + 1] = {}, kind
    end
    table.insert(by_kind[kind], item)
  end
  for _, kind in ipairs(order) do
    if KINDS[kind] and #KINDS[kind] == 1 then
      figures(kind, list, by_kind[kind], RECORDS, out)
    else
      out.reject(("the type '%s' has no counterpart here"):format(kind:sub(1, 60)), #by_kind[kind])
    end
  end
end

-- --- nights and workouts ---

local function stages_of(night)
  local segments, spent = {}, {}
  for _, s in ipairs(objects(night.stages)) do
    local start, finish, stage = sw.moment(s.start_time), sw.moment(s.end_time), STAGES[text(s.stage):lower()]
    if start and finish and finish > start and stage then
      segments[#segments + 1] = { start = start, finish = finish, stage = stage }
      spent[stage] = (spent[stage] or 0) + (finish - start) / 1000
    end
  end
  return segments, spent
end

-- The app tells the end and the length of a sleep; where it began is what stays when it is sent again.
local function night(n, out)
  local finish, length = sw.moment(n.session_end_time), number(n.duration_seconds)
  if not finish or not length or length <= 0 or length > 172800 then
    return out.reject "a night without its end or its length"
  end
  local start, segments, spent = finish - math.floor(length * 1000), stages_of(n)
  local asleep = (spent.light or 0) + (spent.deep or 0) + (spent.rem or 0) + (spent.asleep or 0)
  out.record { kind = "sleep", id = ("sleep:%d:%s"):format(start // 60000, (source_of(n))), start = start,
    finish = finish, origin = origin_of(n), segments = #segments > 0 and segments or nil,
    attributes = { in_bed_s = length, asleep_s = asleep > 0 and asleep or nil, light_s = spent.light,
      deep_s = spent.deep, rem_s = spent.rem, awake_s = spent.awake } }
end

local function workout(w, out)
  local start, finish = sw.moment(w.start_time), sw.moment(w.end_time)
  if not start or not finish or finish <= start then
    return out.reject "a workout without its times, or of no length"
  end
  local word = text(w.type)
  local sport, sub_sport = sw.sport_name(SPORTS[word] or not word:find "^%d*$" and word or "workout")
  out.record { kind = "workout", id = ("workout:%d:%s"):format(start // 60000, (source_of(w))), start = start,
    finish = finish, origin = origin_of(w),
    attributes = { sport = sport, sub_sport = sub_sport, elapsed_s = (finish - start) / 1000,
      distance_m = number(w.distance_meters), steps = number(w.steps) } }
end

local EVENTS = { sleep = night, exercise = workout }

local function lists(doc, out)
  for name, list in pairs(doc) do
    local items = objects(list)
    if #items > 0 and KINDS[name] then
      figures(name, list, items, LISTS, out)
    elseif EVENTS[name] then
      for _, item in ipairs(items) do
        EVENTS[name](item, out)
      end
    elseif #items > 0 then
      out.reject(("the type '%s' has no counterpart here"):format(text(name):sub(1, 60)), #items)
    end
  end
end

return sw.provider {
  id = "health-connect", title = "Health Connect (Android)",
  doc = "Companion apps such as HC Webhook post what Health Connect knows to an address of their own.",
  policy = { share = true, aggregate = true, llm = false },
  posts = function(doc, out)
    if type(doc) ~= "userdata" then
      out.reject "a document that is no object"
    elseif type(doc.data) == "userdata" then
      out.reject "a document of an iPhone's app, which has an address of its own: connect phone"
    elseif doc.records then
      records(doc.records, out)
    else
      lists(doc, out)
    end
  end,
}
