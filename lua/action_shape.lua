-- What the arguments of an action may be when they come out of a box: checked here once, so that whoever
-- performs it need not ask. Scripts get better sentences from the box; this is for a box that lies.
--   action_shape.problem("notify", { text = {} })   --> "notify: 'text' is no text" | nil
local type, next = type, next -- asked for each firing
local action_shape = {}

local INSTANT_MOST, TEXT_MOST = 1e16, 65536

local function text(v)
  return type(v) == "string" and #v <= TEXT_MOST
end

local function number(v)
  return type(v) == "number" and v == v and math.abs(v) < math.huge
end

local function instant(v)
  return number(v) and math.abs(v) <= INSTANT_MOST
end

local function map(v)
  return type(v) == "table"
end

local function flag(v)
  return type(v) == "boolean"
end

local function anything()
  return true
end

local priorities = { low = true, normal = true, high = true }

-- A name means the same in every action.
local names = { text = { text, "text" }, number = { number, "number" }, instant = { instant, "time" },
  table = { map, "table" }, flag = { flag, "yes or no" }, any = { anything } }
local of, plain = {}, names.text
for kind, list in pairs {
  text = { "text", "title", "channel", "group", "if_past", "on_unknown", "notes", "location", "uid",
    "calendar", "kind", "metric", "unit", "id", "tag", "connection", "rule", "topic", "url", "method",
    "body", "key" },
  number = { "duration", "alarm", "within", "once_per", "value", "qos" },
  instant = { "at", "start", "finish", "due" },
  table = { "buttons", "attributes", "headers", "values" },
  flag = { "retain" }, any = { "event", "payload", "json" },
} do
  for _, name in ipairs(list) do
    of[name] = names[kind]
  end
end
of.priority = { function(v) return priorities[v] end, "priority (low, normal, high)" }

local needs = {
  ["calendar.add"] = { "title", "at" }, ["calendar.update"] = { "uid" }, ["calendar.remove"] = { "uid" },
  notify = { "text" }, ["record.add"] = { "start" }, ["record.tag"] = { "tag" },
  ["sync.start"] = { "connection" }, ["rule.fire"] = { "rule" }, ["task.add"] = { "title" },
  ["mqtt.publish"] = { "topic" }, ["http.request"] = { "url" },
}

-- What sw.box.plain is asked with: the names of texts, and of granted actions what each of them needs.
action_shape.texts = {}
for name, kind in pairs(of) do
  action_shape.texts[name] = kind == plain or nil
end

function action_shape.plainly(is_granted)
  local allowed = {}
  for action, needed in pairs(needs) do
    if #needed == 1 and is_granted(action) then
      allowed[action] = needed[1]
    end
  end
  return allowed
end

-- nil when all is well.
function action_shape.problem(action, args)
  for name, value in next, args do -- mostly texts, which need no call
    local kind = of[name]
    if not kind then
      return action .. " was given an argument that it does not have"
    elseif not (kind == plain and type(value) == "string" and #value <= TEXT_MOST)
      and not kind[1](value) then
      return ("%s: '%s' is no %s"):format(action, name, kind[2])
    end
  end
  local needed = needs[action]
  for i = 1, needed and #needed or 0 do
    if args[needed[i]] == nil then
      return ("%s was given no '%s'"):format(action, needed[i])
    end
  end
end

-- A list of texts, as `log` of a run is.
function action_shape.is_log(list)
  if type(list) ~= "table" then
    return list == nil
  end
  for _, line in ipairs(list) do
    if type(line) ~= "string" then
      return false
    end
  end
  return true
end

return action_shape
