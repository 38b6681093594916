-- A table that no importer knows: what its columns hold, a draft of a mapping to fill in, and on a terminal
-- the questions that fill it in.
--   local head = csv_guide.look(path);  csv_guide.draft(head, "weights.csv") --> the text of a mapping
local term = require("term")

local csv_guide = {}

-- Words of headers, in the languages of people who keep tables -> metric; the unit is in brackets behind
-- it, or this one. What is found first counts.
local WORDS = {
  { "resting_heart_rate", "bpm", "resting", "ruhepuls", "repos", "reposo" },
  { "heart_rate", "bpm", "heart", "pulse", "puls", "herz", "pouls", "cardiaque", "pulso", "cardiaca" },
  { "hrv_rmssd", "ms", "rmssd" }, { "hrv_sdnn", "ms", "sdnn" },
  { "weight", "kg", "weight", "gewicht", "poids", "peso" },
  { "body_fat", "%", "body fat", "körperfett", "graisse corporelle", "masse grasse", "grasa corporal" },
  { "fat", "g", "fat", "fett", "lipides", "grasas" },
  { "protein", "g", "protein", "eiwei", "protéine", "proteína" },
  { "carbs", "g", "carb", "kohlenhydrate", "glucides", "hidratos" },
  { "steps", "{step}", "steps", "step count", "schritte", "nombre de pas", "pasos" },
  { "distance", "m", "distance", "distanz", "strecke", "distancia" },
  { "blood_pressure_systolic", "mmHg", "systol", "sistól" },
  { "blood_pressure_diastolic", "mmHg", "diastol", "diastól" },
  { "blood_glucose", "mg/dL", "glucose", "blutzucker", "glycémie", "glucemia" },
  { "insulin", "IU", "insulin" },
  { "spo2", "%", "spo2", "oxygen", "sauerstoff" },
  { "body_temperature", "Cel", "temperature", "temperatur", "température", "temperatura" },
  { "height", "cm", "height", "größe", "taille", "altura" },
  { "floors", "1", "floors", "stockwerke", "étages", "pisos" },
  { "water", "mL", "water", "wasser", "eau (", "agua" }, { "caffeine", "mg", "caffeine", "koffein" },
  { "mood", "{score}", "mood", "stimmung" }, { "stress", "{score}", "stress" }, { "bmi", "kg/m2", "bmi" },
}
local TIMES = { "date", "time", "day", "timestamp", "datum", "zeit", "when", "fecha", "start" }
local UNITS = { lbs = "lb", pounds = "lb", kgs = "kg", bpm = "bpm", ["°c"] = "Cel", ["°f"] = "degF" }

-- The first rows of a file: { header, rows, delimiter }, or nil and a sentence.
function csv_guide.look(path)
  local decoder, message = sw.import.open(path, "csv")
  if not decoder then
    return nil, message
  end
  local head = decoder:head()
  decoder:close()
  if not head or not head.rows[1] then
    return nil, "the table is empty"
  end
  return { header = head.rows[1], rows = { table.unpack(head.rows, 2) }, delimiter = head.delimiter }
end

local function samples(head, i)
  local list = {}
  for _, row in ipairs(head.rows) do
    local cell = row[i]
    if cell and cell ~= "" and #list < 3 then
      list[#list + 1] = sw.sys.clean(cell):sub(1, 30)
    end
  end
  return list
end

local function is_number(text)
  return tonumber((text:gsub(",", "."))) ~= nil
end

local function looks_like_time(name, values)
  local text = values[1] or ""
  if text:find("%d+[-/.]%d+[-/.]%d+") then
    return true
  end
  for _, word in ipairs(TIMES) do
    if name:lower() == word then
      return true
    end
  end
  return false
end

-- Where a year comes last, a day above 12 tells which of the other two it is; nothing tells if there is none.
local function order_of(head, i)
  local order
  for _, row in ipairs(head.rows) do
    local a, b = (row[i] or ""):match("^(%d+)[-/.](%d+)[-/.]%d+")
    local digits = (row[i] or ""):match("^(%d+)$")
    if a and #a == 4 then
      return "ymd"
    elseif digits then
      return #digits >= 18 and "ns" or #digits >= 12 and "ms" or "s"
    elseif a and tonumber(a) > 12 then
      order = "dmy"
    elseif b and tonumber(b) > 12 then
      order = "mdy"
    end
  end
  return order
end

-- Whose clock the times are of: "utc" where they count since 1970, "stated" where each tells its own offset.
local function zone_of(head, i, order)
  if order == "s" or order == "ms" or order == "ns" then
    return "utc"
  end
  local told = 0
  for _, row in ipairs(head.rows) do
    local text = row[i] or ""
    if text:find("%d[Zz]%s*$") or text:find("%d%d:%d%d.*[+-]%d%d:?%d%d%s*$") then
      told = told + 1
    elseif text ~= "" then
      return "local"
    end
  end
  return told > 0 and "stated" or "local"
end

local function unit_in(name)
  local unit = name:lower():match("[%(%[]%s*([^%)%]]+)%s*[%)%]]")
  return unit and (UNITS[unit] or unit)
end

local function guess(name)
  local plain = name:lower():gsub("Ö", "ö"):gsub("É", "é")
  for _, w in ipairs(WORDS) do
    for i = 3, #w do
      if plain:find(w[i], 1, true) then
        return w[1], unit_in(name) or w[2]
      end
    end
  end
end

local function metric_of(name)
  for _, m in ipairs(sw.store.metrics()) do
    if m.name == name then
      return m
    end
  end
end

-- The unit that the header names, if that can be one of the metric; else the one it is kept in.
local function unit_for(name, metric)
  local unit, m = unit_in(name), metric_of(metric)
  return m and (unit and sw.store.convert(1, unit, m.unit) and unit or m.unit)
end

-- An amount beside days without a clock is what the day came to, not something that happened at midnight.
local function is_total(head, time, metric)
  local m = metric_of(metric)
  if not m or m.kind ~= "cumulative" or not time then
    return nil
  end
  for _, row in ipairs(head.rows) do
    local text = row[time.at] or ""
    if text ~= "" and not text:find("^%s*%d+[-/.]%d+[-/.]%d+%s*$") then
      return nil
    end
  end
  return #head.rows > 0 or nil
end

-- What the columns are: { name, values, time = true?, numeric, metric, unit }.
function csv_guide.columns(head)
  local list = {}
  for i, name in ipairs(head.header) do
    local values = samples(head, i)
    local c = { name = name, values = values, at = i, time = looks_like_time(name, values) }
    c.numeric = not c.time and values[1] ~= nil and is_number(values[1])
    if c.numeric then
      c.metric, c.unit = guess(name)
    end
    list[i] = c
  end
  return list
end

local function time_column(columns)
  for _, c in ipairs(columns) do
    if c.time then
      return c
    end
  end
end

local function mapped(name, c)
  return ("[%q] = { metric = %q, unit = %q%s },"):format(name, c.metric or "", c.unit or "",
    c.total and ", total = true" or "")
end

local function column_line(c)
  return ("    %s%s  -- %s"):format(c.metric and "" or "-- ", mapped(c.name, c), table.concat(c.values, ", "))
end

-- The text of a mapping: what could be guessed is filled in, the rest waits in comments.
function csv_guide.draft(head, file)
  local columns = csv_guide.columns(head)
  local time, out = time_column(columns), {}
  local order = time and order_of(head, time.at)
  out[1] = ("-- What the columns of %s mean. Fill in what is missing, then:"):format(file)
  out[2] = ("--   syncwell import %s --as csv --map %s.map.lua"):format(file, file)
  out[3] = "-- `syncwell metrics` lists the metrics. zone: \"local\" is yours, or \"utc\", or \"stated\"."
  out[4] = "return {"
  out[5] = ("  time = { column = %q, order = %q, zone = %q },%s"):format(time and time.name or "",
    order or "", time and zone_of(head, time.at, order) or "local",
    order and "" or "  -- order: ymd, mdy, dmy, s, ms or ns")
  out[6] = ("  decimal = %q,"):format(head.delimiter == ";" and "," or ".")
  out[7] = "  columns = {"
  for _, c in ipairs(columns) do
    if c.numeric then
      c.total = is_total(head, time, c.metric)
      out[#out + 1] = column_line(c)
    end
  end
  out[#out + 1] = "  },\n}\n"
  return table.concat(out, "\n")
end

function csv_guide.show(head)
  local rows = {}
  for i, c in ipairs(csv_guide.columns(head)) do
    rows[i] = { tostring(i), sw.sys.clean(c.name), table.concat(c.values, ", "),
      c.time and "a time" or c.metric or (c.numeric and "a number" or "") }
  end
  term.table({ "", "column", "first values", "looks like" }, rows)
end

-- --- the questions ---

local function ask(question, default, ok)
  while true do
    local line = sw.sys.read_line(("%s%s: "):format(question, default and (" [%s]"):format(default) or ""))
    if not line then
      return nil, "nothing was imported: the questions were left", "usage"
    end
    local answer = line:match("^%s*(.-)%s*$")
    answer = answer == "" and default or answer
    local problem = ok(answer)
    if not problem then
      return answer
    end
    term.error(problem)
  end
end

local function ask_time(head, columns)
  local time = time_column(columns)
  local number, message, code = ask("Which column says when (its number)?", time and tostring(time.at),
    function(a)
    return not columns[tonumber(a)] and "a number of the list above, please" or nil
  end)
  if not number then
    return nil, message, code
  end
  local at = math.tointeger(tonumber(number))
  local order
  order, message, code = ask("Its order (ymd, mdy, dmy, or s, ms, ns since 1970)", order_of(head, at),
    function(a)
    return not (" ymd mdy dmy s ms ns "):find(" " .. tostring(a) .. " ", 1, true)
      and "one of these words, please"
      or nil
  end)
  if not order then
    return nil, message, code
  end
  return { column = columns[at].name, order = order, zone = zone_of(head, at, order) }
end

local function ask_columns(head, columns, time, check)
  local out = {}
  for _, c in ipairs(columns) do
    local function ask_one(metric, unit)
      return metric ~= "-" and check(c.name, { metric = metric, unit = unit }) or nil
    end
    if c.numeric then
      local what = ("'%s' (%s): which metric, - for none"):format(sw.sys.clean(c.name),
        table.concat(c.values, ", "))
      local metric, message, code = ask(what, c.metric or "-", ask_one)
      if not metric then
        return nil, message, code
      elseif metric ~= "-" then
        local unit
        local likely = c.metric == metric and c.unit or unit_for(c.name, metric)
        unit, message, code = ask("   in which unit", likely, function(a)
          return ask_one(metric, a)
        end)
        if not unit then
          return nil, message, code
        end
        out[c.name] = { metric = metric, unit = unit, total = is_total(head, time, metric) }
      end
    end
  end
  return out
end

local function time_of(columns, name)
  for _, c in ipairs(columns) do
    if c.name == name then
      return c
    end
  end
end

-- A mapping by questions and answers; check(name, column) says what is wrong with a column, nil if nothing.
function csv_guide.interview(head, check)
  local columns = csv_guide.columns(head)
  local time, message, code = ask_time(head, columns)
  if not time then
    return nil, message, code
  end
  local filled
  filled, message, code = ask_columns(head, columns, time_of(columns, time.column), check)
  if not filled then
    return nil, message, code
  end
  return { time = time, columns = filled, decimal = head.delimiter == ";" and "," or "." }
end

-- The text of a mapping that was answered, to be kept and used again.
function csv_guide.text(mapping, file)
  local out = { ("-- What the columns of %s mean, as answered at its first import."):format(file), "return {",
    ("  time = { column = %q, order = %q, zone = %q },"):format(mapping.time.column, mapping.time.order,
      mapping.time.zone), ("  decimal = %q,"):format(mapping.decimal), "  columns = {" }
  local names = {}
  for name in pairs(mapping.columns) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    out[#out + 1] = "    " .. mapped(name, mapping.columns[name])
  end
  out[#out + 1] = "  },\n}\n"
  return table.concat(out, "\n")
end

return csv_guide
