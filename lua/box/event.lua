-- The event as a rule sees it: `w.elapsed_s` a plain number, `w.elapsed` a quantity.
--   local w = event.wrap { kind = "workout", attributes = { elapsed_s = 3480 }, finish = "2026-..." }
-- A known but empty field is nil, an unknown one is an error with a suggestion. Read-only. The events of
-- a batch are made by the box (core.event), which asks here for what is no plain field.
-- luacheck: read globals core load_text where
local clock = require "clock"
local errors = require "errors"
local fields = require "fields"
local quantity = require "quantity"

local event = {}

-- source: an event's data, or an event of a batch
local function raw(source, name)
  if type(source) == "userdata" then
    return core.raw(source, name)
  end
  local value = source[name]
  if value == nil and type(source.attributes) == "table" then
    value = source.attributes[name]
  end
  return value
end

local function time_field(name, value, offset)
  if value == nil then
    return nil
  elseif type(value) == "number" then
    return quantity.time(math.floor(value), offset, name)
  end
  local ms, own = clock.parse(tostring(value))
  return ms and quantity.time(ms, own, name)
end

local function to_quantity(value, dimension, factor, name)
  return type(value) == "number" and quantity.of(value * factor, dimension, name) or nil
end

-- A name with a unit that the vocabulary lacks, but the record has.
local function foreign_quantity(source, name)
  local data = event.data(source) or source
  for _, names in ipairs { data.attributes or {}, data } do
    for full in pairs(names) do
      local bare, dimension, factor = fields.quantity(full)
      if bare == name then
        return true, to_quantity(raw(source, full), dimension, factor, name)
      end
    end
  end
end

local alone = { schedule = true, webhook = true, rule = true, series = true } -- they are no records

local function read(source, name)
  local kind = raw(source, "kind")
  local unit = fields.of(kind)[name]
  if unit == "time" then
    local offset = raw(source, name == "finish" and "offset_finish" or "offset_start")
    return time_field(name, raw(source, name), type(offset) == "number" and offset or nil)
  end
  local known = fields.bare(kind)[name]
  local value = raw(source, name)
  if value ~= nil or unit then
    return value
  elseif name == "start_ms" or name == "finish_ms" then
    return quantity.instant(read(source, name:sub(1, -4)))
  elseif known then
    return to_quantity(raw(source, known[1]), known[2], known[3], name)
  end
  local there, q = foreign_quantity(source, tostring(name))
  if there then
    return q
  end
  errors.fail(("a %s has no field '%s'%s"):format(tostring(kind or "record"),
    errors.clean(tostring(name)):sub(1, 60), errors.did_you_mean(name, fields.readable(kind))),
    alone[kind] and "a rule with several triggers asks first what came: w.kind == \"sleep\"" or nil)
end

local quantities = {} -- known kind -> the bare names that are no fields, with what they are made of

local function quantities_of(kind)
  local names, found = fields.of(kind), {}
  kind = names == fields.of "" and "" or kind
  if quantities[kind] then
    return quantities[kind]
  end
  for bare, known in pairs(fields.bare(kind)) do
    found[bare] = not names[bare] and known or nil
  end
  quantities[kind] = found
  return found
end

-- The same for an event of a batch: most of what is asked for here is a quantity.
local function read_packed(w, name)
  local get = core.raw
  local kind = get(w, "kind") or ""
  local known = (quantities[kind] or quantities_of(kind))[name]
  if not known then
    return read(w, name)
  end
  local value = get(w, name)
  if value == nil then
    return to_quantity(get(w, known[1]), known[2], known[3], name)
  end
  return value
end

-- The tables of an event of a batch; nil when it is none.
function event.data(w)
  return type(w) == "userdata" and core.data(w) or nil
end

local function refuse()
  errors.fail "the event cannot be changed"
end

function event.wrap(data)
  return setmetatable({}, {
    __metatable = false,
    __index = function(_, name)
      return read(data, name)
    end,
    __newindex = refuse,
    __pairs = function()
      return next, data, nil
    end,
  })
end

core.event_open(read_packed, fields.times, {
  __metatable = false,
  __newindex = refuse,
  __pairs = function(w)
    return next, core.data(w), nil
  end,
})

return event
