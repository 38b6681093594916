-- The vocabulary of records: which names an event has, by kind, and what unit each carries.
--   fields.of("workout") -> { elapsed_s = "s", distance_m = "m", sport = "text", ... }
-- The plain name (elapsed_s) is the number of `records --json`; without its unit (elapsed) it is a
-- quantity. hr_avg and the like have no unit in their name and stay plain numbers.
local fields = {}

fields.common = {
  id = "text", kind = "text", type = "text", start = "time", finish = "time", day = "text",
  provider = "text", providers = "list", origin = "text", maker = "text", makers = "list", group = "text",
  revision = "number", offset_start = "number", offset_finish = "number", segments = "list",
  attributes = "map", tags = "list", state = "text", live = "text", zone = "text", at = "time",
}

local body = { elapsed_s = "s", energy_kcal = "kcal" }

local kinds = {
  workout = {
    sport = "text", sub_sport = "text", elapsed_s = "s", timer_s = "s", distance_m = "m",
    energy_kcal = "kcal", hr_avg = "number", hr_max = "number", ascent_m = "m", descent_m = "m",
    source_file = "text", sample_count = "number", title = "text", speed_avg_mps = "mps",
    power_avg_w = "w", cadence_avg_rpm = "rpm", pool_length_m = "m", lengths = "number",
    steps = "number", load = "number",
  },
  sleep = {
    in_bed_s = "s", asleep_s = "s", awake_s = "s", light_s = "s", deep_s = "s", rem_s = "s",
    efficiency = "number", bed_day = "text", nap = "flag", score = "number", elapsed_s = "s",
    hr_avg = "number", hr_min = "number",
  },
  meal = {
    energy_kcal = "kcal", protein_g = "g", carbs_g = "g", fat_g = "g", fiber_g = "g", sugar_g = "g",
    sodium_mg = "mg", name = "text", meal = "text",
  },
  mindful = { elapsed_s = "s", title = "text" },
  measurement = { metric = "text", value = "number", unit = "text" },
  note = { text = "text" },
  series = {
    metric = "text", from = "time", to = "time", n = "number", min = "number", max = "number",
    last = "number", sum = "number", mean = "number", value = "number",
  },
  sync = { connection = "text", added = "number", updated = "number", error = "text", job = "text" },
  webhook = { name = "text", body = "map" },
  connection = { connection = "text", text = "text" }, backup = { error = "text" },
  job = { job = "text", name = "text", error = "text" },
  rule = { by = "text", body = "map" },
  schedule = { planned = "time" },
}

-- The dimension behind each unit suffix; several names may share one.
fields.dimension = {
  s = "duration", m = "distance", kcal = "energy", g = "mass", mg = "mass", kg = "mass", mps = "speed",
  w = "power", rpm = "cadence", bpm = "rate",
}

-- The kinds of records, in the order people are shown them, and the same to ask: fields.is_record[kind].
fields.record_kinds = { "workout", "sleep", "meal", "mindful", "measurement", "note" }
fields.is_record = {}
for _, kind in ipairs(fields.record_kinds) do
  fields.is_record[kind] = true
end

local function merged(kind)
  local names = {}
  for _, from in ipairs { fields.common, kinds[kind] or body } do
    for name, unit in pairs(from) do
      names[name] = unit
    end
  end
  return names
end

local cache = {}

function fields.of(kind)
  kind = type(kind) == "string" and kind or ""
  if not kinds[kind] then
    kind = ""
  end
  cache[kind] = cache[kind] or merged(kind)
  return cache[kind]
end

-- "elapsed_s" -> "elapsed", "s"; nil for names without a unit.
function fields.split(name)
  local bare, unit = name:match "^(.+)_(%l+)$"
  if unit and fields.dimension[unit] then
    return bare, unit
  end
end

-- Names that hold a time in some kind of record.
fields.times = {}
for _, names in pairs(kinds) do
  for name, unit in pairs(names) do
    fields.times[name] = unit == "time" or fields.times[name]
  end
end
for name, unit in pairs(fields.common) do
  fields.times[name] = unit == "time" or fields.times[name]
end

local factors = { kg = 1000, mg = 0.001 }

-- "elapsed_s" -> "elapsed", its dimension and what makes a value the base unit; nil without a unit.
function fields.quantity(name)
  local bare, unit = fields.split(name)
  return bare, bare and fields.dimension[unit], factors[unit] or 1
end

local bare_names = {}

-- The quantities of a kind by their bare names: elapsed -> { "elapsed_s", "duration", 1 }
function fields.bare(kind)
  local names = fields.of(kind)
  if not bare_names[names] then
    local found = {}
    for full in pairs(names) do
      local bare, dimension, factor = fields.quantity(full)
      if bare then
        found[bare] = { full, dimension, factor }
      end
    end
    bare_names[names] = found
  end
  return bare_names[names]
end

-- What a script may write after the dot: plain names and bare quantities.
function fields.readable(kind)
  local names = {}
  for name in pairs(fields.of(kind)) do
    names[name] = true
    local bare = fields.split(name)
    if bare then
      names[bare] = true
    end
  end
  return names
end

return fields
