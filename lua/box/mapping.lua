-- Mappers: how a field of a service's answer becomes a value of ours. A provider declares them as data,
-- they are read here, once per item.
--   map = { id = "id", start = sw.iso "start_date", energy_kcal = sw.kj "kilojoules" }
-- A text alone is the path of a field ("device.name", "0" is the first of a list). Missing stays absent.
-- luacheck: read globals core
local clock = require "clock"
local errors = require "errors"
local sports = require "sports"

local mapping = {}

-- The value at a path of a node or a table; nil when something on the way is missing.
function mapping.at(item, path)
  if type(item) == "userdata" then
    return core.at(item, path)
  end
  local name, rest = path:match "^([^.]*)%.?(.*)$"
  if name == "" or type(item) ~= "table" then
    return name == "" and item or nil
  end
  local value = item[name]
  if value == nil and tonumber(name) then
    value = item[tonumber(name) + 1]
  end
  return rest == "" and value or mapping.at(value, rest)
end
local at = mapping.at

-- A finite number, or a text that is one.
local function number(item, path)
  local v = at(item, path)
  v = (type(v) == "number" or type(v) == "string" and #v < 64) and tonumber(v) or nil
  return v and v - v == 0 and v or nil
end

local function wall(text)
  return type(text) == "string"
    and clock.parse(text:gsub(" ?[zZ]$", ""):gsub(" ?[+-]%d%d:?%d%d$", "") .. "Z") or nil
end

local kinds = {}

-- Times give milliseconds and, where the text says it, minutes east of UTC.
function kinds.iso(m, item)
  local text = at(item, m.path)
  if type(text) ~= "string" then
    return nil
  end
  local ms, offset = clock.parse(text)
  return ms, offset ~= 0 and offset or nil
end

-- A wall-clock time of the user's zone, whatever stands behind it (a false Z among others).
function kinds.wall(m, item)
  local shown = wall(at(item, m.path))
  if not shown then
    return nil
  end
  local ms = clock.from_wall(shown)
  return ms, clock.offset_at(ms)
end

function kinds.unix(m, item)
  local s = number(item, m.path)
  return s and math.floor(s * 1000 + 0.5)
end

function kinds.unix_ms(m, item)
  local ms = number(item, m.path)
  return ms and math.floor(ms + 0.5)
end

-- Minutes between two texts of one instant: the wall clock first, then UTC.
function kinds.offset_between(m, item)
  local shown, utc = wall(at(item, m.path)), wall(at(item, m.other))
  return shown and utc and math.tointeger((shown - utc) // 60000) or nil
end

function kinds.scaled(m, item)
  local v = number(item, m.path)
  return v and v * m.factor
end

-- A number in a unit of the service; the engine converts to the metric's own.
function kinds.value(m, item)
  return number(item, m.path)
end

function kinds.first(m, item)
  for _, one in ipairs(m.of) do
    local v, more = mapping.value(one, item)
    if v ~= nil then
      return v, more
    end
  end
end

function kinds.lookup(m, item)
  local v = at(item, m.path)
  return v ~= nil and m.words[tostring(v)] or m.default
end

function kinds.sport(m, item)
  return (sports.of(at(item, m.path)))
end

function kinds.sub_sport(m, item)
  return (select(2, sports.of(at(item, m.path))))
end

function kinds.const(m)
  return m.value
end

function mapping.value(m, item)
  if type(m) == "string" then
    return at(item, m)
  elseif type(m) == "function" then
    return m(item)
  end
  return kinds[m.mapper](m, item)
end

-- Constructors: one path, and what else they need. sw.km "distance" -> metres.
local factors = { km = 1000, miles = 1609.344, minutes = 60, hours = 3600, milliseconds = 0.001,
  kj = 1 / 4.184, joules = 1 / 4184, calories = 0.001, fraction = 100, seconds_east = 1 / 60,
  feet = 0.3048, kmh = 1 / 3.6,
  both_legs = 2 }
local same = { "percent", "metres", "seconds", "kcal", "per_min", "watts", "grams" }
local paths = { "iso", "wall", "unix", "unix_ms", "sport", "sub_sport" }

local function path_of(what, path)
  if type(path) ~= "string" or path == "" or #path > 200 then
    errors.fail(("%s takes the path of a field, such as %s \"duration\""):format(what, what))
  end
  return path
end

local function add(to, name, make)
  to[name] = function(path)
    return make(path_of("sw." .. name, path))
  end
end

local function open_plain(to)
  for _, name in ipairs(paths) do
    add(to, name, function(path) return { mapper = name, path = path } end)
  end
  for name, factor in pairs(factors) do
    add(to, name, function(path) return { mapper = "scaled", path = path, factor = factor } end)
  end
  for _, name in ipairs(same) do
    add(to, name, function(path) return { mapper = "scaled", path = path, factor = 1 } end)
  end
end

-- Is this something that mapping.value understands?
function mapping.is(m)
  return type(m) == "string" or type(m) == "function" or type(m) == "table" and kinds[m.mapper] ~= nil
end

local function check_all(what, list)
  for _, m in ipairs(list) do
    if not mapping.is(m) then
      errors.fail(what .. " takes paths and mappers such as sw.iso \"start\"")
    end
  end
end

-- What hooks ask of a document whose values may be of any kind.
local function open_readers(to)
  function to.word(v)
    return type(v) == "string" and v:sub(1, 200) or ""
  end
  function to.figure(v)
    return type(v) == "number" and v or nil
  end
  function to.objects(list)
    local found = {}
    for _, item in ipairs(type(list) == "userdata" and list or {}) do
      if type(item) == "userdata" then
        found[#found + 1] = item
      end
    end
    return found
  end
end

function mapping.open(to)
  open_plain(to)
  open_readers(to)
  to.sport_name = sports.of
  -- Milliseconds and minutes east of "2026-08-17 08:00:00 +0200"; without a zone of the user's clock. Nil for
  -- what is no such text.
  function to.moment(text)
    if type(text) ~= "string" or #text > 60 then
      return nil
    end
    local ms, offset = clock.parse((text:gsub(" ([+-]%d%d:?%d%d)$", "%1")))
    return ms, offset
  end
  function to.value(spec)
    spec = type(spec) == "table" and spec or { spec }
    return { mapper = "value", path = path_of("sw.value", spec[1]), unit = spec.unit }
  end
  function to.offset_between(shown, utc)
    return { mapper = "offset_between", path = path_of("sw.offset_between", shown),
      other = path_of("sw.offset_between", utc) }
  end
  function to.first(list)
    check_all("sw.first", list)
    return { mapper = "first", of = list }
  end
  function to.lookup(spec)
    return { mapper = "lookup", path = path_of("sw.lookup", spec[1]), words = spec[2],
      default = spec.default }
  end
  function to.const(value)
    return { mapper = "const", value = value }
  end
end

return mapping
