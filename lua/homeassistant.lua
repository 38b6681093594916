-- What Home Assistant is told about a person by MQTT discovery: a device with a sensor for each metric that
-- has values, and a switch that holds the rules. Pure words; who speaks them is ha_link.lua.
--   local p = homeassistant.person(id, "Jo Müller")          --> { node, base, ... }
--   homeassistant.discovery(p, metrics)                   --> { { topic, payload } ... }
--   homeassistant.states(p, values, held)                 --> { { topic, payload } ... }
local json = sw.json
local homeassistant = {}

homeassistant.PREFIX = "homeassistant"

-- The metrics worth a sensor; each is shown when it has a value in the last month.
homeassistant.metrics = { "steps", "distance", "active_energy", "exercise_time", "floors", "sleep_duration",
  "sleep_score", "sleep_efficiency", "resting_heart_rate", "heart_rate", "hrv_rmssd", "hrv_sdnn", "spo2",
  "respiratory_rate", "weight", "body_fat", "body_temperature", "blood_glucose", "blood_pressure_systolic",
  "blood_pressure_diastolic", "recovery", "readiness", "stress", "training_readiness", "vo2max" }

local units = { ["{step}"] = "steps", ["{score}"] = "", ["1"] = "", Cel = "°C", ["/min"] = "bpm" }
local unit_of_metric = { respiratory_rate = "/min", floors = "floors" }
local classes = { distance = "distance", exercise_time = "duration", sleep_duration = "duration",
  weight = "weight", body_temperature = "temperature", blood_pressure_systolic = "pressure",
  blood_pressure_diastolic = "pressure", blood_glucose = "blood_glucose_concentration" }
local icons = { steps = "mdi:shoe-print", sleep_duration = "mdi:sleep",
  resting_heart_rate = "mdi:heart-pulse", heart_rate = "mdi:heart",
  active_energy = "mdi:fire", blood_glucose = "mdi:diabetes" }

-- A part of a topic: letters, digits and _ alone. Names that lose something get a mark, so that two of them
-- stay two.
function homeassistant.slug(name)
  local slug = name:lower():gsub("[^%w]+", "_"):gsub("^_+", ""):gsub("_+$", "")
  if slug == name then
    return slug
  end
  return (slug ~= "" and slug:sub(1, 40) .. "_" or "") .. sw.sys.hash(name):sub(1, 6)
end

function homeassistant.person(id, name)
  local slug = homeassistant.slug(name)
  return { name = name, id = id, slug = slug, node = ("syncwell_%s_%s"):format(id, slug),
    base = ("syncwell/%s/%s"):format(id, slug), available = homeassistant.available(id) }
end

function homeassistant.available(id)
  return ("syncwell/%s/available"):format(id)
end

local function common(p, name, object)
  return { name = name, unique_id = p.node .. "_" .. object, object_id = p.node .. "_" .. object,
    availability_topic = p.available,
    device = { identifiers = json.list { p.node }, name = "SyncWell " .. sw.sys.clean(p.name),
      manufacturer = "SyncWell", model = "Health data", sw_version = require("commands").version },
    origin = { name = "SyncWell", sw_version = require("commands").version } }
end

local function sensor(p, m)
  local c = common(p, m.title, m.name)
  c.state_topic, c.json_attributes_topic = p.base .. "/" .. m.name, p.base .. "/" .. m.name
  c.value_template = "{{ value_json.value }}"
  local unit = unit_of_metric[m.name] or units[m.unit] or m.unit
  c.unit_of_measurement = unit ~= "" and unit or nil
  c.device_class, c.icon = classes[m.name], icons[m.name]
  c.state_class = m.kind == "cumulative" and "total_increasing" or "measurement"
  return c
end

local function switch(p)
  local c = common(p, "Pause rules", "pause")
  c.state_topic, c.command_topic = p.base .. "/pause", p.base .. "/pause/set"
  c.icon = "mdi:pause-circle-outline"
  return c
end

local function config_topic(p, component, object)
  return ("%s/%s/%s/%s/config"):format(homeassistant.PREFIX, component, p.node, object)
end

-- mute: without the switch; nothing in its place takes away one that was told before.
function homeassistant.discovery(p, metrics, mute)
  local list = { { topic = config_topic(p, "switch", "pause"),
    payload = mute and "" or json.encode(switch(p)) } }
  for _, m in ipairs(metrics) do
    list[#list + 1] = { topic = config_topic(p, "sensor", m.name), payload = json.encode(sensor(p, m)) }
  end
  return list
end

-- values: metric -> { value, day }
function homeassistant.states(p, values, held, mute)
  local list = { { topic = p.base .. "/pause", payload = mute and "" or held and "ON" or "OFF" } }
  for name, v in pairs(values) do
    list[#list + 1] = { topic = p.base .. "/" .. name,
      payload = json.encode { value = v.value, day = v.day } }
  end
  table.sort(list, function(a, b) return a.topic < b.topic end)
  return list
end

return homeassistant
