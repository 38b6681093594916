-- What a person says about a table of their own: a closed Lua table, checked, made into a description of a
-- table (lua/shapes.lua). It is evaluated in a worker without any host call.
--   local family, message = csv_mapping.load("weights.csv.map.lua")
local fields = require("box.fields")
local schema = require("schema")

local csv_mapping = {}

local SHAPE = {
  time = { column = "string", with = "string", order = "string", zone = "string" },
  finish = { column = "string", with = "string" },
  lasts = { column = "string", unit = "string" },
  columns = "table", decimal = "string",
  origin = { name = "string", maker = "string", model = "string", kind = "string" },
  record = { kind = "string", id = "string", sport = "string", attributes = "table" },
}
local COLUMN = { metric = "string", unit = "string", zero = "string", total = "boolean" }
local ORDERS = { "ymd", "mdy", "dmy", "s", "ms", "ns" }
local CLOCKS = { ["local"] = "wall", utc = "utc", stated = "stated" }
local SECONDS = { s = 1, min = 60, h = 3600, ms = 0.001 }

local function among(value, list, what)
  for _, word in ipairs(list) do
    if value == word then
      return nil
    end
  end
  return ("%s '%s' is none of %s%s"):format(what, tostring(value), table.concat(list, ", "),
    schema.did_you_mean(tostring(value), list))
end

local function metrics()
  local by_name, names = {}, {}
  for _, m in ipairs(sw.store.metrics()) do
    by_name[m.name], names[#names + 1] = m, m.name
  end
  return by_name, names
end

local function column_problem(name, c, by_name, names)
  if type(name) ~= "string" then
    return "columns: each is named by the header it has in the file"
  end
  local where = ("column '%s'"):format(name)
  local problem = schema.check(c, COLUMN, where)
  local metric = not problem and by_name[c.metric or ""]
  if problem then
    return problem
  elseif not metric then
    return ("%s: there is no metric '%s'%s"):format(where, c.metric or "",
      schema.did_you_mean(c.metric or "", names))
  elseif c.unit and not sw.store.convert(1, c.unit, metric.unit) then
    return ("%s: '%s' is no unit of %s, which is kept in %s"):format(where, c.unit, c.metric, metric.unit)
  elseif c.zero and c.zero ~= "missing" then
    return ("%s: zero = \"missing\" says that 0 means not measured; nothing else goes"):format(where)
  end
end

local function columns_problem(value)
  local by_name, names = metrics()
  for _, name in ipairs(schema.keys(value.columns or {})) do
    local problem = column_problem(name, value.columns[name], by_name, names)
    if problem then
      return problem
    end
  end
  if not next(value.columns or {}) and not value.record then
    return "it names no column with a metric and no record: uncomment what the file holds"
  end
end

local function record_problem(r)
  for name, column in pairs(r.attributes or {}) do
    if type(name) ~= "string" or type(column) ~= "string" then
      return "record: attributes are name = \"Column\""
    end
  end
  return among(r.kind, fields.record_kinds, "record: kind")
end

local function time_problem(t)
  if not t or not t.column then
    return "time = { column = \"...\" } is missing: which column says when?"
  end
  return t.order and among(t.order, ORDERS, "time: order")
    or t.zone and not CLOCKS[t.zone] and among(t.zone, { "local", "utc", "stated" }, "time: zone") or nil
end

local function problem_of(value)
  return schema.check(value, SHAPE, "the mapping") or time_problem(value.time) or columns_problem(value)
    or value.record and record_problem(value.record)
    or value.decimal and among(value.decimal, { ",", "." }, "decimal")
    or value.lasts and among(value.lasts.unit, { "s", "min", "h", "ms" }, "lasts: unit") or nil
end

-- --- from words to a description ---

local function when(w, time)
  return w and { at = w.column, with = w.with, order = time.order, clock = CLOCKS[time.zone or "stated"] }
end

local function needed(value)
  local list = { value.time.column }
  list[#list + 1] = value.time.with
  for _, name in ipairs(schema.keys(value.columns or {})) do
    list[#list + 1] = name
  end
  list[#list + 1] = value.finish and value.finish.column
  list[#list + 1] = value.lasts and value.lasts.column
  list[#list + 1] = value.record and value.record.id
  return list
end

-- A record is known by the id in the file, or by its kind and start where there is none.
local function record_hook(r)
  return function(state, m, out)
    if not m.start_ms then
      return out.reject("a record without a time")
    end
    local attributes = { sport = r.sport, elapsed_s = (m.finish_ms - m.start_ms) / 1000 }
    for name in pairs(r.attributes or {}) do
      attributes[name] = state.number(m["a_" .. name]) or m["a_" .. name]
    end
    out.record { kind = r.kind, external_id = ("csv:%s:%s"):format(r.kind, m.record_id or m.start_ms),
      start = m.start_ms, finish = m.finish_ms, offset_start = m.offset_start,
        offset_finish = m.offset_finish,
      origin = m.origin, attributes = attributes }
  end
end

local function record_fields(r)
  local columns = { record_id = r.id }
  for name, column in pairs(r.attributes or {}) do
    columns["a_" .. name] = column
  end
  return columns
end

local function table_of(value)
  local t = { name = "rows", columns = needed(value), time = when(value.time, value.time),
    finish = when(value.finish, value.time), values = {}, totals = {}, apart = true }
  for _, name in ipairs(schema.keys(value.columns or {})) do
    local c = value.columns[name]
    local list = c.total and t.totals or t.values
    list[#list + 1] = { at = name, metric = c.metric, unit = c.unit, skip_zero = c.zero == "missing" or nil }
  end
  if #t.totals > 0 then
    t.day = { at = value.time.column, order = value.time.order }
  else
    t.totals = nil
  end
  if value.lasts then
    t.lasts = { at = value.lasts.column, factor = SECONDS[value.lasts.unit] * 1000 }
  end
  if value.record then
    t.row, t.fields = record_hook(value.record), record_fields(value.record)
  end
  return t
end

-- The description of a checked mapping. Units left out are those in which the metric is kept.
function csv_mapping.family(value)
  local by_name = metrics()
  for _, c in pairs(value.columns or {}) do
    c.unit = c.unit or by_name[c.metric].unit
  end
  local comma
  if value.decimal then
    comma = value.decimal == ","
  end
  return { title = "a table of your own", origin = value.origin or { name = "CSV" }, comma = comma,
    tables = { table_of(value) } }
end

local function evaluate(name, source)
  local results, message = sw.box.run("mapping", "mapping", {
    { spec = { op = "script", script = name, source = source }, cpu_ms = 500 },
  })
  local r = results and results[1]
  if not r then
    return nil, message
  elseif not r.ok then
    return nil, r.error and (r.error.text or r.error.message) or name .. ": stopped"
  end
  local first = r.out and r.out.values and r.out.values[1]
  if not first or first.type ~= "table" then
    return nil, name .. ": it must return one table: return { time = { column = \"Date\" } }"
  end
  return first.value
end

-- The mapping in a file, checked: plain data. nil, a sentence, "usage" otherwise.
function csv_mapping.load(path)
  local source, message, code = sw.fs.read(path, 1 << 18)
  if not source then
    return nil, message, code
  end
  local name = path:match("([^/]+)$")
  local value, why = evaluate(name, source)
  local problem = why or problem_of(value)
  if problem then
    return nil, problem:find(name, 1, true) and problem or ("%s: %s"):format(name, problem), "usage"
  end
  return value
end

-- What is wrong with one column of a mapping, nil if nothing.
function csv_mapping.column_problem(name, column)
  return column_problem(name, column, metrics())
end

return csv_mapping
