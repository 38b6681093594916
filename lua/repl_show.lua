-- Values of the REPL as people read them: numbers with a sparkline, charts, tables, indented JSON.
--   show.value(v)   show.plot(v)   show.table(v)      -- v is { type, text, value } as the box hands it over
local chart = require("chart")
local schema = require("schema")
local term = require("term")

local json = sw.json
local show = {}

-- The numbers of a value: a series, or a list of numbers; nil when it is neither.
local function numbers(value)
  if type(value) ~= "table" then
    return nil
  elseif type(value.rows) == "table" and value.n then
    local list = {}
    for i = 1, value.n do
      list[i] = value[tostring(i)] or value[i]
    end
    return list, value.n, value.rows
  end
  for i = 1, #value do
    if type(value[i]) ~= "number" then
      return nil
    end
  end
  return #value > 1 and value or nil, #value
end

-- The newest row in words: when, and what is all there is to say of it in most series.
local function newest(row)
  local at = row.day or row.hour or row.start
  local value = math.tointeger(row.value) or row.value
  return ("newest: %s, %s"):format(tostring(at), type(value) == "number" and ("%.10g"):format(value)
    or tostring(value))
end

function show.value(v)
  local list, n, rows = numbers(v.value)
  if rows then
    term.line("%d values  %s", n, term.spark(list, n))
    term.line(rows[#rows] and newest(rows[#rows]) or "no value")
  elseif list then
    term.line("%s\n%s", term.spark(list, n), json.encode(v.value))
  elseif v.type == "table" then
    term.line("%s", json.encode(v.value, true))
  else
    term.line("%s", v.text)
  end
end

function show.plot(v)
  local list, n, rows = numbers(v.value)
  if not list then
    return nil, 'there is nothing to draw: .plot series("steps", { last = "30d" }), or a list of numbers'
  end
  local first, last = rows and rows[1] and rows[1].day, rows and rows[#rows] and rows[#rows].day
  for _, line in ipairs(chart.lines(list, n, { first = first, last = last })) do
    term.line("%s", line)
  end
  return true
end

-- Records have more fields than a table holds: when and what first, then what is known of them.
local LEADING = { "day", "start", "finish", "sport", "type", "title", "name", "elapsed_s", "asleep_s",
  "distance_m", "energy_kcal", "hr_avg" }

local function is_record(row)
  return type(row) == "table" and type(row.attributes) == "table" and row.kind ~= nil
end

local function flat(row)
  local out = {}
  for _, name in ipairs(LEADING) do
    local v = row[name]
    if v == nil then
      v = row.attributes[name]
    end
    out[name] = v
  end
  out.type = out.type ~= out.sport and out.type or nil
  return out
end

-- A column for each name that any row has; rows that are no tables have one column.
local function columns(list, record)
  local seen = {}
  for _, row in ipairs(list) do
    for name, cell in pairs(type(row) == "table" and row or { value = row }) do
      seen[name] = type(cell) ~= "table" or seen[name]
    end
  end
  local names = {}
  for _, name in ipairs(record and LEADING or schema.keys(seen)) do
    names[#names + 1] = seen[name] and #names < 12 and tostring(name) or nil
  end
  return names
end

function show.table(v)
  local list = type(v.value) == "table" and (v.value.rows or v.value)
  if type(list) ~= "table" or #list == 0 then
    return nil, 'there is no list to show: .table records("workout", { last = "30d" })'
  end
  local record = is_record(list[1])
  for i, row in ipairs(record and list or {}) do
    list[i] = is_record(row) and flat(row) or {}
  end
  local names, rows = columns(list, record), {}
  for i, row in ipairs(list) do
    rows[i] = {}
    for k, name in ipairs(names) do
      local cell = type(row) == "table" and row[name] or name == "value" and row
      rows[i][k] = (type(cell) == "string" or type(cell) == "number") and cell or ""
    end
  end
  term.table(names, rows)
  return true
end

return show
