-- Quantities: numbers that know their unit. They compare and add with texts that carry one.
--   quantity.of(3480, "duration", "elapsed") > "60min"   --> false;  quantity.seen() words the comparison
--   quantity.time(ms) + "30min"                          --> a time
-- Times and durations mix as in life: time + duration, time - time. A bare number is refused.
local clock = require "clock"
local errors = require "errors"

local type, rawget, getmetatable, setmetatable = type, rawget, getmetatable, setmetatable
local quantity = {}

-- unit -> { dimension, factor to the base unit }; base units are those of the field names
local units = {
  ms = { "duration", 0.001 }, s = { "duration", 1 }, sec = { "duration", 1 }, min = { "duration", 60 },
  h = { "duration", 3600 }, d = { "duration", 86400 }, w = { "duration", 604800 },
  m = { "distance", 1 }, km = { "distance", 1000 }, cm = { "distance", 0.01 }, mi = { "distance", 1609.344 },
  ft = { "distance", 0.3048 }, yd = { "distance", 0.9144 },
  kcal = { "energy", 1 }, cal = { "energy", 0.001 },
  kJ = { "energy", 1 / 4.184 }, kj = { "energy", 1 / 4.184 },
  g = { "mass", 1 }, mg = { "mass", 0.001 }, kg = { "mass", 1000 }, lb = { "mass", 453.59237 },
  bpm = { "rate", 1 }, rpm = { "cadence", 1 },
  W = { "power", 1 }, kW = { "power", 1000 },
  mps = { "speed", 1 }, ["m/s"] = { "speed", 1 }, kmh = { "speed", 1 / 3.6 }, ["km/h"] = { "speed", 1 / 3.6 },
  mph = { "speed", 0.44704 }, ["%"] = { "percent", 1 },
}

local plural = { secs = "s", second = "s", seconds = "s", mins = "min", minute = "min", minutes = "min",
  hour = "h", hours = "h", hr = "h", hrs = "h", day = "d", days = "d", week = "w", weeks = "w",
  watt = "W", watts = "W", metres = "m", meters = "m", miles = "mi" }

local example = { duration = "60min", distance = "5km", energy = "300kcal", mass = "20g", rate = "70bpm",
  cadence = "80rpm", power = "200W", speed = "10km/h", percent = "90%", time = "2026-03-01T07:00" }

local shown = { distance = { 1000, "km", "m" }, mass = { 1000, "kg", "g" } }
local symbol = { energy = "kcal", rate = "bpm", cadence = "rpm", power = "W", speed = "m/s", percent = "%" }

local meta = { __metatable = false }
local last
local noting = false

local function is(value)
  return type(value) == "table" and getmetatable(value) == false and rawget(value, "dim") ~= nil
end
quantity.is = is

local function new(value, dim, name, offset)
  return setmetatable({ value = value, dim = dim, name = name, offset = offset }, meta)
end

-- value in the base unit of dim; name is the field it came from, for messages.
function quantity.of(value, dim, name)
  return new(value, dim, name)
end

function quantity.time(ms, offset, name)
  return new(ms, "time", name, offset)
end

local function read(text)
  local total, dim, rest = 0, nil, text:match "^%s*(.-)%s*$"
  local sign = 1
  if rest:sub(1, 1) == "-" then
    sign, rest = -1, rest:sub(2)
  end
  if rest == "" or #rest > 60 then
    return nil
  end
  while rest ~= "" do
    local number, unit, tail = rest:match "^(%d+%.?%d*)%s*([%a/%%]+)%s*(.*)$"
    local known = unit and units[plural[unit] or unit]
    if not known or (dim and known[1] ~= dim) then
      return nil
    end
    total, dim, rest = total + tonumber(number) * known[2], known[1], tail
  end
  return sign * total, dim
end

local parsed, kept = {}, 0 -- text -> a quantity, or false: a rule says the same ones for each event

local function parse(text)
  local known = parsed[text]
  if known == nil then
    local value, dim = read(text)
    known = value and new(value, dim) or false
    if #text > 60 then
      return known
    elseif kept == 200 then
      parsed, kept = {}, 0
    end
    parsed[text], kept = known, kept + 1
  end
  return known
end

-- "1h30min" -> 5400, "duration"; nil when the text is no quantity.
function quantity.parse(text)
  local known = parse(text)
  if known then
    return known.value, known.dim
  end
end

local function short(number)
  return (("%.1f"):format(number):gsub("%.0$", ""))
end

local function duration_text(s)
  local a = math.abs(s)
  if a < 120 and a % 60 ~= 0 then
    return short(s) .. " s"
  elseif a < 7200 and a % 3600 ~= 0 then
    return short(s / 60) .. " min"
  elseif a < 2 * 86400 or a % 86400 ~= 0 then
    local minutes = math.floor(a / 60 + 0.5)
    local rest = minutes % 60 > 0 and (" " .. minutes % 60 .. " min") or ""
    return (s < 0 and "-" or "") .. minutes // 60 .. " h" .. rest
  end
  return short(s / 86400) .. " d"
end

function quantity.text(q)
  if q.dim == "time" then
    return clock.iso(q.value, q.offset)
  elseif q.dim == "duration" then
    return duration_text(q.value)
  end
  local scale = shown[q.dim]
  if scale and math.abs(q.value) >= scale[1] then
    return short(q.value / scale[1]) .. " " .. scale[2]
  end
  return short(q.value) .. " " .. (scale and scale[3] or symbol[q.dim])
end

local function what(q)
  return (q.name and q.name .. " is" or "this is") .. " a " .. q.dim
end

local function refuse(q, other, verb)
  local kind = type(other)
  if kind == "number" then
    errors.fail(("%s: %s it with a text that carries a unit, not with the number %s"):format(what(q), verb,
      tostring(other)), ('write "%s"%s'):format(example[q.dim],
      q.name and q.dim ~= "time" and (", or use the plain number " .. q.name .. "_...") or ""))
  elseif kind == "string" then
    errors.fail(("%s, but '%s' is not"):format(what(q), errors.clean(other):sub(1, 60)),
      ('a %s is written like "%s"'):format(q.dim, example[q.dim]))
  elseif kind == "nil" then
    errors.fail(what(q) .. ", the other value is empty")
  end
  errors.fail(("%s and does not go with a %s"):format(what(q), is(other) and other.dim or kind))
end

-- The other operand as a quantity of dimension dim, or an error about q.
local function operand(q, other, dim, verb)
  if is(other) then
    return other.dim == dim and other or refuse(q, other, verb)
  elseif type(other) ~= "string" then
    return refuse(q, other, verb)
  elseif dim == "time" then
    local ms, offset = clock.parse(other)
    return ms and new(ms, "time", nil, offset) or refuse(q, other, verb)
  end
  local known = parse(other) -- shared by all who say it: it goes to no script
  return known and known.dim == dim and known or refuse(q, other, verb)
end

local function compare(a, b, holds, sign, mirrored)
  local q, other = a, b
  if not is(a) or (is(b) and b.name and not a.name) then
    q, other, sign = b, a, mirrored
  end
  local o = operand(q, other, q.dim, "compare")
  local result
  if rawequal(q, a) then
    result = holds(q.value, o.value)
  else
    result = holds(o.value, q.value)
  end
  if noting then
    last = { q = q, other = o, sign = sign, result = result }
  end
  return result
end

local function less(x, y) return x < y end
local function less_or_same(x, y) return x <= y end

meta.__lt = function(a, b)
  return compare(a, b, less, "<", ">")
end
meta.__le = function(a, b)
  return compare(a, b, less_or_same, "<=", ">=")
end
meta.__eq = function(a, b)
  return a.dim == b.dim and a.value == b.value
end

local function dimension_of(other)
  if is(other) then
    return other.dim
  end
  local _, dim = quantity.parse(type(other) == "string" and other or "")
  return dim or (type(other) == "string" and clock.parse(other) and "time")
end

meta.__add = function(a, b)
  local q, other = a, b
  if not is(a) or (is(b) and b.dim == "time") then
    q, other = b, a
  end
  if q.dim == "time" then
    return new(q.value + operand(q, other, "duration", "add").value * 1000, "time", q.name, q.offset)
  end
  return new(q.value + operand(q, other, q.dim, "add").value, q.dim)
end

meta.__sub = function(a, b)
  if not is(a) then
    a = operand(b, a, b.dim, "subtract")
  end
  if a.dim ~= "time" then
    return new(a.value - operand(a, b, a.dim, "subtract").value, a.dim)
  elseif dimension_of(b) == "time" then
    return new((a.value - operand(a, b, "time", "subtract").value) / 1000, "duration")
  end
  return new(a.value - operand(a, b, "duration", "subtract").value * 1000, "time", a.name, a.offset)
end

meta.__mul = function(a, b)
  local q, n = a, b
  if not is(a) then
    q, n = b, a
  end
  if type(n) ~= "number" or q.dim == "time" then
    errors.fail(what(q) .. ": it can be multiplied by a plain number only")
  end
  return new(q.value * n, q.dim)
end

meta.__div = function(a, b)
  if is(a) and type(b) == "number" and a.dim ~= "time" then
    return new(a.value / b, a.dim)
  elseif is(a) and a.dim ~= "time" then
    return a.value / operand(a, b, a.dim, "divide").value
  end
  errors.fail(what(is(a) and a or b) .. ": it cannot be divided like that")
end

meta.__unm = function(a)
  return new(-a.value, a.dim)
end

meta.__tostring = quantity.text

local parts = { year = true, month = true, day = true, hour = true, min = true, sec = true, wday = true }

meta.__index = function(q, key)
  if q.dim == "time" then
    if key == "ms" then
      return q.value
    elseif key == "iso" then
      return clock.iso(q.value, q.offset)
    elseif parts[key] then
      return clock.parts(math.floor(q.value), q.offset)[key]
    end
  elseif key == "name" or key == "offset" then
    return nil
  elseif units[key] and units[key][1] == q.dim then
    return q.value / units[key][2]
  end
  if key == "name" or key == "offset" then
    return nil
  end
  errors.fail(("a %s has no '%s'"):format(rawget(q, "dim"), tostring(key)),
    q.dim == "time" and "it has ms, iso, year, month, day, hour, min, sec, wday"
    or ("its number is in .value, or in a unit: ." .. example[q.dim]:match "%a.*$"))
end

meta.__newindex = function()
  errors.fail "a quantity cannot be changed; add to it instead"
end

-- Any value a script gives for a duration or another quantity, in the base unit; nil if it is none.
function quantity.number(value, dim)
  if is(value) then
    return value.dim == dim and value.value or nil
  elseif type(value) == "string" then
    local number, found = quantity.parse(value)
    return found == dim and number or nil
  end
end

function quantity.example(dim)
  return example[dim]
end

-- A time from a quantity, ISO text or milliseconds; nil if it is none.
function quantity.instant(value)
  if is(value) then
    return value.dim == "time" and math.floor(value.value) or nil
  elseif type(value) == "string" then
    return (clock.parse(value))
  end
  return math.tointeger(value)
end

-- The last comparison since forget(), in words: "elapsed 58 min, needs > 60 min".
function quantity.seen()
  noting = false
  if not last then
    return nil
  end
  local text = (last.q.name and last.q.name .. " " or "") .. quantity.text(last.q)
  local join = last.result and ", which is " or ", needs "
  return text .. join .. last.sign .. " " .. quantity.text(last.other), last.result
end

function quantity.forget()
  last, noting = nil, true
end

return quantity
