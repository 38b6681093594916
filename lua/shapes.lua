-- Files of many shapes (tables as text, JSON, databases): which service wrote one, and what its rows mean.
-- A family (lua/import/<carrier>/*.lua) describes tables; they become a plan for the decoder and a format.
--   local choice = shapes.choose("csv", head, "weight.csv");  d:plan(shapes.plan(ctx, choice, name))
local columns_of = require("shape_columns")
local csv_mapping = require("csv_mapping")

local json = sw.json
local shapes = {}

local families = {}

-- Every family of a carrier, found by its file, in the order of their names.
function shapes.families(carrier)
  if not families[carrier] then
    local list = {}
    for _, name in ipairs(sw.fs.list(sw.sys.share() .. "/lua/import/" .. carrier) or {}) do
      local module = name:match("^([%w_]+)%.lua$")
      if module then
        local family = require(("import.%s.%s"):format(carrier, module))
        list[#list + 1] = { name = family.name or module, family = family }
      end
    end
    families[carrier] = list
  end
  return families[carrier]
end

-- --- which tables a file has ---

local matches = {}

-- The header is one of the first rows: some exports put a line of their own before it. The table that
-- knows most of the columns wins.
function matches.csv(t, head, name)
  if t.file and not name:find(t.file) then
    return nil
  end
  for row = 1, math.min(#head.rows, 3) do
    local resolver = columns_of.csv(head.rows[row])
    if columns_of.has_all(resolver, t.columns) and (not t.fits or t.fits(head, resolver)) then
      return #t.columns + (t.file and 100 or 0), resolver, row
    end
  end
end

function matches.json(t, head, name)
  if t.file and not name:find(t.file) then
    return nil
  end
  for _, text in ipairs(t.holds or {}) do
    if not head.text:find(text, 1, true) then
      return nil
    end
  end
  return 1 + (t.file and 100 or 0) + #(t.holds or {}), columns_of.json()
end

function matches.sqlite(t, head)
  local resolver = columns_of.sqlite(t, head.tables or {})
  return resolver and 1, resolver
end

local function matching(carrier, family, head, name)
  local found, best = {}, 0
  for _, t in ipairs(family.tables) do
    local score, resolver, row = matches[carrier](t, head, name)
    if score then
      found[#found + 1] = { table = t, resolver = resolver, row = row, score = score }
      best = math.max(best, score)
    end
  end
  return found, best
end

-- Values that depend on what the file shows are worked out before it is read.
local function settle_values(choice, options)
  for _, x in ipairs(choice.found) do
    x.values = x.table.values
    if type(x.values) == "function" then
      x.values, x.note = x.table.values(choice.head, options)
    end
  end
  return choice
end

-- The family that knows the file, with those of its tables that are in it; nil when nobody does.
function shapes.choose(carrier, head, name, options)
  local choice
  for _, f in ipairs(shapes.families(carrier)) do
    local found, best = matching(carrier, f.family, head, name)
    if #found > 0 and (not choice or best > choice.score) then
      choice = { carrier = carrier, name = f.name, family = f.family, score = best, found = found,
        head = head }
    end
  end
  if choice and carrier ~= "sqlite" then -- one meaning a file, unless tables share it on purpose
    local kept = {}
    for _, x in ipairs(choice.found) do
      kept[#kept + 1] = x.score == choice.score and x or nil
    end
    choice.found = kept
  end
  return choice and settle_values(choice, options)
end

-- The choice for a table that a person described themselves.
function shapes.described(mapping, head)
  local t = mapping.tables[1]
  for row = 1, math.min(#head.rows, 3) do
    local resolver = columns_of.csv(head.rows[row])
    if columns_of.has_all(resolver, t.columns) then
      return settle_values({ carrier = "csv", name = "csv", family = mapping, head = head,
        found = { { table = t, resolver = resolver, row = row } } }, {})
    end
  end
  local missing = columns_of.missing(columns_of.csv(head.rows[1] or {}), t.columns)
  return nil, ("the table has no column '%s' that the mapping names"):format(missing), "bad"
end

-- --- the plan ---

local function fields_of(found)
  local list, known = {}, {}
  local function field(at, key)
    local place = at and found.resolver(at)
    if not place then
      return nil
    end
    local id = json.encode(place)
    if not known[id] or key then
      list[#list + 1] = { key = key, at = place.at, path = place.path, expression = place.expression }
      known[id] = known[id] or #list - 1
    end
    return known[id]
  end
  return list, field
end

local function when_of(w, field)
  if not w then
    return nil
  end
  local at, with = field(w.at), w.with and field(w.with)
  return at and { fields = json.list { at, with }, order = w.order, clock = w.clock } or nil
end

local function value_of(t, i, v, field)
  local at, unit_at = field(v.at), v.unit_at and field(v.unit_at)
  if not at then
    return nil
  end
  local only = v.only and { field = field(v.only.at), is = v.only.is }
  return { type = ("%s.%d"):format(t.name, i), unit = v.unit or "", field = at, unit_field = unit_at,
    part = v.part,
    skip_zero = v.skip_zero, lasts = v.lasts and field(v.lasts), only = only and only.field and only or nil }
end

local function values_of(t, list, from, field)
  local out = {}
  for i, v in ipairs(list or {}) do
    out[#out + 1] = value_of(t, from + i, v, field)
  end
  return json.list(out)
end

local function where_of(t, field)
  local out = {}
  for _, w in ipairs(t.where or {}) do
    local at = field(w.at)
    out[#out + 1] = at and { field = at, is = w.is or w.is_not, differs = w.is_not ~= nil } or nil
  end
  return json.list(out)
end

local function origin_fields(t, field)
  local out, any = {}, false
  for part, at in pairs(t.origin_from or {}) do
    out[part] = field(at)
    any = any or out[part] ~= nil
  end
  return any and out or nil
end

-- What hooks are given of a row: the named fields, and a key for each total.
local function message_fields(t, field)
  for key, at in pairs(t.fields or {}) do
    field(at, key)
  end
  for i, total in ipairs(t.totals or {}) do
    field(total.at, "total_" .. i)
  end
  if t.day then
    field(t.day.at, "day_text")
  end
end

local function table_plan(choice, found, name)
  local t = found.table
  local list, field = fields_of(found)
  local p = { name = t.name, list = t.list, start = when_of(t.time, field), finish = when_of(t.finish, field),
    values = values_of(t, found.values, 0, field),
    arrays = values_of(t, t.arrays, #(found.values or {}), field),
    where = where_of(t, field), origin = t.origin or choice.family.origin,
    origin_from = origin_fields(t, field), lasts_ms = t.lasts_s and t.lasts_s * 1000 or nil,
    lasts_day = t.lasts_day, data = t.data, apart = t.apart, message = (t.row or t.totals) and true or nil }
  if t.lasts then
    p.lasts, p.lasts_factor = field(t.lasts.at), t.lasts.factor or 1000
  end
  if t.offset then
    p.offset, p.offset_s = field(t.offset.at), t.offset.seconds
    p.offset_finish = t.offset.finish and field(t.offset.finish)
  end
  p.day = t.day_from_name and name:match(t.day_from_name) or nil
  message_fields(t, field)
  p.fields = json.list(list)
  p.sql = choice.carrier == "sqlite" and columns_of.select(t, list) or nil
  return p
end

-- Figures of the file have decimal commas, by what is said of it or where commas cannot part its columns.
local function has_comma(choice)
  if choice.family.comma == nil then
    return choice.head.delimiter == ";"
  end
  return choice.family.comma
end

function shapes.plan(ctx, choice, name)
  local plan, head = { zone = ctx.zone, tables = {} }, choice.head
  plan.delimiter = head.delimiter
  plan.skip = choice.found[1].row
  plan.comma = has_comma(choice)
  for i, found in ipairs(choice.found) do
    plan.tables[i] = table_plan(choice, found, name)
  end
  plan.tables = json.list(plan.tables)
  return json.encode(plan)
end

-- --- the format ---

local function column_rows(found)
  local out = {}
  for _, x in ipairs(found) do
    local t, n = x.table, 0
    for _, list in ipairs { x.values or {}, t.arrays or {} } do
      for _, v in ipairs(list) do
        n = n + 1
        out[("%s.%d"):format(t.name, n)] = { metric = v.metric, scale = v.scale }
      end
    end
  end
  return out
end

-- "2024-03-01", "3/1/24": as the former, nil where there is no such day.
local function day_of(text, order)
  local a, b, c = (text or ""):match("^%s*(%d%d?%d?%d?)[-/.](%d%d?)[-/.](%d%d?%d?%d?)%f[%D]")
  if not a then
    return nil
  end
  local year, month, day = c, a, b
  if #a == 4 then
    year, month, day = a, b, c
  elseif order == "dmy" then
    month, day = b, a
  end
  if #year == 2 then
    year = (tonumber(year) < 70 and "20" or "19") .. year
  end
  local written = ("%s-%02d-%02d"):format(year, month, day)
  local known = sw.time.day(tonumber(written:sub(1, 4)), tonumber(month), tonumber(day))
  return known and sw.time.day_text(known) == written and written or nil
end

-- Totals that the service states for a day; what is not there is not known.
local function emit_totals(t, m, out, number)
  local day = day_of(m.day_text, t.day.order)
  if not day or day < "1900-01-03" or day > "2079-06-03" then
    return out.reject("a day that cannot be read")
  end
  for i, total in ipairs(t.totals) do
    local value = number(m["total_" .. i])
    if value and (value > 0 or not total.skip_zero) then
      out.day_total { metric = total.metric, day = day, value = value * (total.scale or 1), unit = total.unit,
        origin = m.origin }
    end
  end
end

local COUNTED = { s = true, ms = true, ns = true }

-- A clock on the wall without a zone is read in the person's; what is told by it is marked as guessed, so
-- that a record of somebody who was elsewhere is known again by its minute and second.
local function guessed(t, m, out)
  local time = t.time or {}
  if time.clock == "utc" or COUNTED[time.order or ""] or m.offset_start then
    return out
  end
  return setmetatable({ record = function(draft)
    draft.zone_guessed = true
    out.record(draft)
  end }, { __index = out })
end

-- A format as import_file.lua knows it. State: what the family's start gives, with zone and name of the file,
-- and number(text): a figure as the file writes them.
function shapes.format(ctx, choice, name)
  local family, by_name, comma = choice.family, {}, has_comma(choice)
  local function number(text)
    return sw.import.number(text, comma)
  end
  for _, x in ipairs(choice.found) do
    by_name[x.table.name] = x.table
  end
  return {
    title = family.title, provider = family.provider, columns = column_rows(choice.found),
    start = function()
      local state = family.start and family.start() or {}
      state.notes = {}
      for _, x in ipairs(choice.found) do
        state.notes[#state.notes + 1] = x.note
      end
      state.zone, state.file, state.number = ctx.zone, name, number
      return state
    end,
    message = function(state, m, out)
      local t = by_name[m.message]
      if t.totals then
        emit_totals(t, m, out, number)
      end
      if t.row then
        t.row(state, m, guessed(t, m, out))
      end
    end,
    finish = function(state, out)
      for _, note in ipairs(state.notes) do
        out.note(note)
      end
      if family.finish then
        family.finish(state, out)
      end
    end,
  }
end

-- --- for the job ---

local CARRIERS = { csv = true, json = true, sqlite = true }

local UNKNOWN = {
  csv = "a table (CSV) whose columns no importer knows; by itself it can be imported with a mapping",
  json = "JSON that no importer knows (it goes by the names that the export gave its files)",
  sqlite = "a SQLite database, but not the export of Health Connect",
}

-- Formats of many shapes: find out whose file it is and tell the decoder what its rows mean.
function shapes.take(ctx, job, file, decoder)
  local carrier = decoder:format()
  if carrier == "zip" or carrier == "tar" then
    return nil, "an archive within an archive: unpack the outer one and import what is in it"
  elseif not CARRIERS[carrier] then
    return true
  end
  local head, message, code = decoder:head()
  if not head then
    return nil, message, code
  end
  local mapping, choice = carrier == "csv" and job.payload.mapping
  if mapping then
    choice, message = shapes.described(csv_mapping.family(mapping), head)
  else
    choice = shapes.choose(carrier, head, file.name, job.payload)
    message = "this looks like " .. UNKNOWN[carrier]
  end
  if not choice then
    return nil, message, "unknown"
  end
  file.shape, file.format = shapes.format(ctx, choice, file.name), choice.name
  return decoder:plan(shapes.plan(ctx, choice, file.name))
end

return shapes
