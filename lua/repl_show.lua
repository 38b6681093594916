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

function show.value(v)
  local list, n, rows = numbers(v.value)
  if rows then
    term.line("%d values  %s", n, term.spark(list, n))
    term.line(rows[#rows] and "newest: " .. json.encode(rows[#rows]) or "no value")
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

-- A column for each name that any row has; rows that are no tables have one column.
local function columns(list)
  local seen = {}
  for _, row in ipairs(list) do
    for name, cell in pairs(type(row) == "table" and row or { value = row }) do
      seen[name] = type(cell) ~= "table" or seen[name]
    end
  end
  local names = {}
  for _, name in ipairs(schema.keys(seen)) do
    names[#names + 1] = seen[name] and #names < 12 and tostring(name) or nil
  end
  return names
end

function show.table(v)
  local list = type(v.value) == "table" and (v.value.rows or v.value)
  if type(list) ~= "table" or #list == 0 then
    return nil, 'there is no list to show: .table records("workout", { last = "30d" })'
  end
  local names, rows = columns(list), {}
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
