-- The event as a rule sees it: `w.elapsed_s` a plain number, `w.elapsed` a quantity.
--   local w = event.wrap { kind = "workout", attributes = { elapsed_s = 3480 }, finish = "2026-..." }
-- A known but empty field is nil, an unknown one is an error with a suggestion. Read-only.
local clock = require "clock"
local errors = require "errors"
local fields = require "fields"
local quantity = require "quantity"

local event = {}

local function raw_field(data, name)
  local value = data[name]
  if value == nil and type(data.attributes) == "table" then
    value = data.attributes[name]
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

-- elapsed -> the value of elapsed_s (or elapsed_ms ...) with its unit
local function quantity_field(data, vocabulary, name)
  for _, names in ipairs { vocabulary, data.attributes or {}, data } do
    for full in pairs(names) do
      local bare, unit = fields.split(full)
      if bare == name then
        local value = raw_field(data, full)
        local factor = unit == "kg" and 1000 or unit == "mg" and 0.001 or 1
        return true, type(value) == "number"
          and quantity.of(value * factor, fields.dimension[unit], name) or nil
      end
    end
  end
end

local function read(data, name)
  local vocabulary = fields.of(data.kind)
  if vocabulary[name] == "time" then
    local offset = name == "finish" and data.offset_finish or data.offset_start
    return time_field(name, data[name], type(offset) == "number" and offset or nil)
  end
  local value = raw_field(data, name)
  if value ~= nil or vocabulary[name] then
    return value
  elseif name == "start_ms" or name == "finish_ms" then
    return quantity.instant(read(data, name:sub(1, -4)))
  end
  local known, q = quantity_field(data, vocabulary, tostring(name))
  if known then
    return q
  end
  errors.fail(("a %s has no field '%s'%s"):format(tostring(data.kind or "record"),
    errors.clean(tostring(name)):sub(1, 60), errors.did_you_mean(name, fields.readable(data.kind))))
end

function event.wrap(data)
  return setmetatable({}, {
    __metatable = false,
    __index = function(_, name)
      return read(data, name)
    end,
    __newindex = function()
      errors.fail "the event cannot be changed"
    end,
    __pairs = function()
      return next, data, nil
    end,
  })
end

return event
