-- The closed shapes behind the constructors of `require "syncwell"`: one row per key.
--   shapes.rule.run --> { "function", required = true, doc = "..." }
-- Validation, hints and reference pages read the same rows.
local quantity = require "quantity"

local shapes = {}

local function span(v)
  return type(v) == "string" and v:match "^0*[1-9]%d*/%a+$" ~= nil, 'a count and a period such as "3/day"'
end

local function is_time(text)
  local h, m = text:match "^(%d%d):(%d%d)$"
  return h ~= nil and tonumber(h) < 24 and tonumber(m) < 60
end

local function quiet(v)
  local from, to = tostring(v):match "^(.-)%-(.*)$"
  return type(v) == "string" and from ~= nil and from ~= to and is_time(from) and is_time(to),
    'hours such as "22:00-07:00"'
end

local function id(v)
  return type(v) == "string" and v:match "^[%w_%-]+$" ~= nil and #v <= 40, 'a name such as "acme-rules"'
end

local function trigger(v)
  return type(v) == "string" or type(v) == "table", "a trigger such as sw.event \"workout.created\""
end

local function bound(v)
  return type(v) == "string" and v:match "^[<>]=?%s*%-?[%d.]+%s*%S*$" ~= nil, 'a bound such as ">70"'
end

local function event_kind(v)
  return type(v) == "string" and (v:match "^[%l_]+%.[%l_*]+$" ~= nil), 'an event such as "workout.created"'
end

shapes.rule = {
  title = { "text", doc = "one line, shown in lists" },
  doc = { "text", doc = "what the rule is for" },
  params = { "map", doc = "what a user may set: name = sw.duration { default = ... }" },
  on = { trigger, required = true, doc = "the trigger" },
  when = { "function", doc = "pure: true lets the rule fire" },
  key = { "function", doc = "identity of a firing, default: the event's group" },
  run = { "function", required = true, doc = "what happens, through ctx" },
  uses = { "texts", doc = "grants: calendar:write, notify ..." },
  reads = { "texts", doc = "metrics and kinds of records it reads; without it, everything" },
  max_age = { "duration", doc = "older data fires nothing" },
  cooldown = { "duration", doc = "at least this long between firings" },
  debounce = { "duration", doc = "wait until this long nothing new came" },
  max_per = { span, doc = "at most so many firings per period" },
  quiet_hours = { quiet, doc = "messages wait until these local hours are over" },
  mode = { { "parallel", "single", "restart", "queued" },
    doc = "while a firing of it waits: begin beside it, not at all, in its place, after it" },
  catch_up = { { "skip", "once", "each" }, doc = "planned instants missed while off" },
  backfill = { "boolean", doc = "historical data fires too" },
  on_retract = { "function", doc = "when the data that fired it is taken back" },
  enabled = { "boolean", doc = "default true" },
}

shapes.package = {
  id = { id, required = true, doc = "its name: letters, digits, _ and -" },
  title = { "text", required = true, doc = "one line, shown when it is installed" },
  version = { "text", doc = 'such as "1.2"' },
  doc = { "text", doc = "what it is for" },
}

shapes.triggers = {
  event = { [1] = { event_kind, required = true, name = "event" }, provider = { "text" }, maker = { "text" },
    sport = { "text" }, type = { "text" }, metric = { "text" },
    origin = { "text", doc = "live or backfill, or only of this device or app" } },
  cron = { [1] = { "text", required = true, name = "spec", doc = '"30 7 * * mon-fri"' }, zone = { "text" } },
  at = { [1] = { "text", required = true, name = "spec",
    doc = '"18:30", "sunset-30min on sat,sun", "08:00 on weekdays"' } },
  every = { [1] = { "duration", required = true, name = "spec", doc = '"30min"' } },
  threshold = { [1] = { "text", required = true, name = "metric" }, enter = { bound, required = true },
    leave = { bound }, lasting = { "duration",
      doc = "for so long: by days' values; less than a day by samples, \"0min\": one of them is enough" } },
  baseline = { [1] = { "text", required = true, name = "metric" }, above = { "text" }, below = { "text" },
    lasting = { "duration", doc = "for so many days" } },
  absent = { [1] = { "text", required = true, name = "metric" }, lasting = { "duration", required = true } },
  streak = { records = { "text" }, metric = { "text" }, per = { { "day", "week", "month" } },
    at_least = { "number" }, lengths = { "list", required = true }, sport = { "text" } },
  milestone = { [1] = { "text", required = true, name = "metric" }, totals = { "list", required = true } },
  goal = { [1] = { "text", required = true, name = "metric" }, reached = { "boolean" } },
  webhook = { [1] = { "text", required = true, name = "path",
    doc = "its name: `syncwell rules webhook NAME` shows the address" }, signed = { "boolean" } },
}

function shapes.any(list)
  local shape = {}
  for i = 1, type(list) == "table" and #list or 0 do
    shape[i] = { trigger }
  end
  return shape
end

local common = { default = { "any" }, doc = { "text" } }

local function param(extra)
  for key, rule in pairs(common) do
    extra[key] = extra[key] or rule
  end
  return extra
end

shapes.params = {
  duration = param { default = { "duration" }, min = { "duration" }, max = { "duration" } },
  number = param { default = { "number" }, min = { "number" }, max = { "number" }, unit = { "text" } },
  text = param { default = { "text" } },
  choice = param { [1] = { "texts", name = "of" }, of = { "texts" }, default = { "text" } },
  bool = param { default = { "boolean" } },
}

-- Why a value does not suit a parameter, in words; nil when it does.
function shapes.param_problem(p, value)
  local is = function(v) return p.kind == "duration" and quantity.number(v, "duration") or v end
  local kinds = { number = "number", text = "string", bool = "boolean", choice = "string" }
  local v = is(value)
  if p.kind == "duration" and type(v) ~= "number" then
    return 'must be a duration such as "60min"'
  elseif kinds[p.kind] and type(v) ~= kinds[p.kind] then
    return "must be a " .. p.kind
  end
  local least = p.min or p.kind == "duration" and "0min" or nil
  if least and v < is(least) then
    return "must be at least " .. tostring(least)
  elseif p.max and v > is(p.max) then
    return "must be at most " .. tostring(p.max)
  end
  for _, word in ipairs(p.of or {}) do
    if word == v then
      return nil
    end
  end
  return p.of and "must be one of " .. table.concat(p.of, ", ") or nil
end

-- What `uses` may name, and the actions each grant allows.
shapes.grants = {
  ["calendar:write"] = "calendar entries", ["notify"] = "notifications",
  ["record:write"] = "records and tags",
  ["sync:start"] = "start a sync", ["rule:fire"] = "fire another rule", ["task:write"] = "tasks",
  ["mqtt:publish"] = "MQTT messages", ["http"] = "requests to declared hosts",
}

return shapes
