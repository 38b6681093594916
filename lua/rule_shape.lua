-- The types of what a rule declares: scripts may return plain tables, and the engine reads what they say.
-- Nothing is taken from the constructors' word; what is well typed may still be wrong (triggers.lua).
--   rule_shape.problem({ kind = "rule", on = 5, run = true })   --> "'on' in rule is a table, not a number"
local matching = require("box.matching")

local rule_shape = {}

local NAMES_MOST, TEXT_MOST = 200, 4096

local fields = { kind = "string", title = "string", doc = "string", params = "table", on = "table",
  when = "boolean", key = "boolean", run = "boolean", on_retract = "boolean", uses = "texts", reads = "texts",
  max_age = "span", cooldown = "span", debounce = "span", max_per = "string", quiet_hours = "string",
  mode = "string", catch_up = "string", backfill = "boolean", enabled = "boolean" }

-- What is no text or flag of a trigger is looked at by whoever reads it: watch_shape.lua, schedule.lua.
local trigger_fields = { kind = "string", "string", event = "string", spec = "string", zone = "string",
  path = "string", records = "string", per = "string", metric = "string", enter = "string", leave = "string",
  above = "string", below = "string", signed = "boolean" }
for _, name in ipairs(matching.names) do
  trigger_fields[name] = "string"
end

local params = { duration = "span", number = "number", text = "string", choice = "string", bool = "boolean" }

local checks = {}

function checks.span(v)
  return type(v) == "string" or type(v) == "number", "a span such as \"60min\""
end

function checks.texts(v)
  if type(v) ~= "table" or #v > NAMES_MOST then
    return false, "a list of texts"
  end
  for key, item in pairs(v) do
    if math.type(key) ~= "integer" or type(item) ~= "string" or #item > TEXT_MOST then
      return false, "a list of texts"
    end
  end
  return true
end

-- Nil when a value is as wanted; else a sentence.
local function mistyped(where, name, v, wanted)
  local good, words
  if checks[wanted] then
    good, words = checks[wanted](v)
  else
    good, words = type(v) == wanted and not (wanted == "string" and #v > TEXT_MOST), "a " .. wanted
  end
  return not good and ("'%s' in %s is %s, not a %s"):format(name, where, words, type(v)) or nil
end

local function mistyped_trigger(t)
  if type(t) ~= "table" then
    return "a trigger in rule is made with sw.event, sw.cron, sw.threshold ..."
  end
  for name, v in pairs(t) do
    local wanted = trigger_fields[name]
    if wanted and mistyped("trigger", name, v, wanted) then
      return ("'%s' in sw.%s is %s"):format(name, type(t.kind) == "string" and t.kind or "event",
        wanted == "string" and "a text" or "true or false")
    end
  end
end

local function mistyped_param(name, p)
  local wanted = type(name) == "string" and type(p) == "table" and params[p.kind]
  if not wanted then
    return ("parameter '%s' is made with sw.duration, sw.number, sw.text, sw.choice or sw.bool")
      :format(tostring(name))
  end
  for key, kind in pairs { default = wanted, min = wanted, max = wanted, doc = "string", unit = "string",
    of = "texts" } do
    local why = p[key] ~= nil and mistyped("parameter " .. name, key, p[key], kind)
    if why then
      return why
    end
  end
end

local function gather(found, list, check)
  local here = {}
  for key, value in pairs(list or {}) do
    here[#here + 1] = check(key, value)
  end
  table.sort(here) -- `pairs` has no order
  table.move(here, 1, #here, #found + 1, found)
end

local function triggers_of(on)
  return on.kind == "any" and (type(on.of) == "table" and on.of or { false }) or { on }
end

-- All that is wrong, as sentences.
function rule_shape.problems(d)
  if type(d) ~= "table" or d.kind ~= "rule" then
    return { "this is no rule: return sw.rule { ... }" }
  elseif d.on == nil or not d.run then
    return { ("rule lacks '%s'"):format(d.on == nil and "on" or "run") }
  end
  local found = {}
  gather(found, d, function(name, v)
    return fields[name] and mistyped("rule", name, v, fields[name])
  end)
  if type(d.on) == "table" then
    gather(found, triggers_of(d.on), function(_, t)
      return mistyped_trigger(t)
    end)
  end
  gather(found, type(d.params) == "table" and d.params or {}, mistyped_param)
  return found
end

function rule_shape.problem(d)
  return rule_shape.problems(d)[1]
end

return rule_shape
