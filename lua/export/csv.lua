-- Export as CSV (RFC 4180): samples in long form, one a line; into a folder records.csv beside samples.csv.
--   syncwell export csv --out FOLDER/
-- time,metric,value,unit,duration_s,origin,provider
-- 2026-03-01T08:00:00+01:00,steps,12,{step},60,Robin's watch,file
local exporting = require("exporting")
local json = sw.json

local csv = { doc = "samples one a line; into a folder (--out tables/) records too", extension = "csv" }

-- A cell. A spreadsheet would run one that begins like a formula, and names are strangers' words.
local function cell(value)
  local text = value == nil and "" or type(value) == "table" and json.encode(value) or tostring(value)
  if type(value) == "string" and text:find("^[=+%-@\t\r]") then
    text = "'" .. text
  end
  return text:find('[",\r\n]') and '"' .. text:gsub('"', '""') .. '"' or text
end

local function line(cells, n)
  local out = {}
  for i = 1, n do
    out[i] = cell(cells[i])
  end
  return table.concat(out, ",") .. "\r\n"
end

local function samples(job)
  local text = function(value)
    return exporting.literal(cell(value))
  end
  job:put("time,metric,value,unit,duration_s,origin,provider\r\n")
  for s in job:series() do
    job:samples(s, { instant = "{start}," .. s.metric.name .. ",{value}," .. text(s.metric.unit)
      .. ",{duration_s}," .. text(exporting.name(s.origin)) .. "," .. text(s.origin.provider) .. "\r\n" })
  end
end

local columns = { "elapsed_s", "timer_s", "distance_m", "energy_kcal", "hr_avg", "hr_max", "ascent_m",
  "in_bed_s", "asleep_s", "awake_s", "light_s", "deep_s", "rem_s", "efficiency", "nap", "name", "title",
  "text" }
local known = {}
for _, name in ipairs(columns) do
  known[name] = true
end

local function record_cells(r)
  local out = { ("%x"):format(r.id), r.kind, r.type, sw.time.iso(r.start, r.offset_start),
    sw.time.iso(r.finish, r.offset_finish), sw.time.day_text(r.day), r.provider, r.origin, r.maker,
    ("%x"):format(r.group), r.revision }
  local attributes, others = r.body.attributes or {}, {}
  for name, value in pairs(attributes) do
    others[name] = not known[name] and value or nil
  end
  for i, name in ipairs(columns) do
    out[11 + i] = attributes[name]
  end
  out[12 + #columns] = next(others) and others or nil
  return out
end

local function records(job)
  job:put("id,kind,type,start,finish,day,provider,origin,maker,group,revision," .. table.concat(columns, ",")
    .. ",other\r\n")
  for r in job:records() do
    job:put(line(record_cells(r), 12 + #columns))
  end
end

-- The tables of a folder; without one a single table, samples unless only records are asked for.
function csv.parts(job)
  local parts = { { name = "samples.csv", write = samples }, { name = "records.csv", write = records } }
  if job.wanted.metrics.none then
    return { parts[2] }
  elseif job.wanted.kinds.none then
    return { parts[1] }
  end
  return parts
end

return csv
