-- What one reading of an answer gave and another does not: records, totals of days and samples that go.
--   for _, g in ipairs(difference.of(r, before, now)) do g.write(t) end    -- g.name: of which kind or metric
-- A sample at the same place with another value is no difference here: it is replaced by being written.
local data = require("data")
local intake = require("intake")

local difference = {}

local function origin_key(o)
  return table.concat({ o.provider, o.name, o.maker, o.model, o.kind, o.ident }, "\1")
end

function difference.record_key(d)
  return d.kind .. "\0" .. d.id
end

function difference.total_key(d)
  return table.concat({ d.metric.name, d.day, origin_key(d.origin) }, "\0")
end

-- --- records ---

local function records(r, before, list)
  for _, d in ipairs(before.records) do
    if not r.owner[difference.record_key(d)] then
      for _, row in ipairs(sw.store.records(r.ctx.who, { connection = r.c.id, external = d.id,
        kind = d.kind }) or {}) do
        list[#list + 1] = { name = d.kind, write = function(t)
          t:record_delete(row.id, d.kind, true) -- may come again: it is the mapping that dropped it
        end }
      end
    end
  end
end

-- --- totals of days ---

local function totals(r, before, list)
  for _, d in ipairs(before.days) do
    if d.metric.kind == "cumulative" and not r.total_of[difference.total_key(d)] then
      list[#list + 1] = { name = d.metric.name, write = function(t)
        t:total_gone(d.metric.name, d.day, d.origin, d.value, d.unit or d.metric.unit)
      end }
    end
  end
end

-- --- samples ---

-- Columns of an intake, the values of days that are no amounts among them.
local function columns(taken)
  local list = table.move(taken.columns, 1, #taken.columns, 1, {})
  for _, d in ipairs(taken.days) do
    if d.metric.kind ~= "cumulative" then
      local c = intake.day_sample(taken, d)
      c.origin = d.origin
      list[#list + 1] = c
    end
  end
  return list
end

-- Where a sample stands; where a metric may have two at one time, its value belongs to it.
local function place(c, i, by_value)
  local at = c.start:sub(8 * i + 1, 8 * i + 8) .. c.dur:sub(8 * i + 1, 8 * i + 8)
  return by_value and at .. c.value:sub(8 * i + 1, 8 * i + 8) .. (c.unit or "") or at
end

local function series_key(c)
  return c.metric .. "\0" .. origin_key(c.origin)
end

local function places(list)
  local of = {}
  for _, c in ipairs(list) do
    local key = series_key(c)
    of[key] = of[key] or {}
    for i = 0, #c.start // 8 - 1 do
      of[key][place(c, i, data.metrics()[c.metric].by_value)] = true
    end
  end
  return of
end

local function without(c, there)
  local rest = { start = {}, dur = {}, value = {}, offset = {} }
  for i = 0, #c.start // 8 - 1 do
    if not (there and there[place(c, i, data.metrics()[c.metric].by_value)]) then
      for _, name in ipairs { "start", "dur", "value" } do
        table.insert(rest[name], c[name]:sub(8 * i + 1, 8 * i + 8))
      end
      table.insert(rest.offset, c.offset:sub(2 * i + 1, 2 * i + 2))
    end
  end
  local column = { metric = c.metric, unit = c.unit }
  for name, parts in pairs(rest) do
    column[name] = table.concat(parts)
  end
  return column
end

local function samples(before, now, list)
  local there = places(columns(now))
  for _, c in ipairs(columns(before)) do
    local column = without(c, there[series_key(c)])
    if #column.start > 0 then
      list[#list + 1] = { name = c.metric, write = function(t)
        t:packed_gone(column, c.origin)
      end }
    end
  end
end

function difference.of(r, before, now)
  local list = {}
  records(r, before, list)
  totals(r, before, list)
  samples(before, now, list)
  return list
end

return difference
