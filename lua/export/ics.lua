-- Export workouts and sleep as events of a calendar, one for each real event whatever saw it.
--   syncwell export ics --kind workout --out workouts.ics
local data = require("data")
local term = require("term")

local ics = { doc = "workouts and sleep for a calendar", extension = "ics" }

local FIRST, LAST = sw.time.day(1900, 1, 3), sw.time.day(2079, 6, 1)

local function words(v)
  local a, out = v.attributes, {}
  out[#out + 1] = a.distance_m and a.distance_m > 0 and ("%.2f km"):format(a.distance_m / 1000) or nil
  out[#out + 1] = a.energy_kcal and ("%.0f kcal"):format(a.energy_kcal) or nil
  out[#out + 1] = a.hr_avg and ("%.0f /min"):format(a.hr_avg) or nil
  out[#out + 1] = v.kind == "sleep" and a.asleep_s and term.duration(a.asleep_s) .. " asleep" or nil
  out[#out + 1] = a.efficiency and ("efficiency %.0f %%"):format(a.efficiency) or nil
  return table.concat(out, ", ")
end

local function title(v)
  local name = v.attributes.title or v.attributes.name
    or v.kind == "sleep" and (v.attributes.nap and "nap" or "sleep") or v.type
  name = tostring(name):gsub("_", " ")
  return name:sub(1, 1):upper() .. name:sub(2)
end

local function event(v)
  return { uid = v.id .. "@syncwell", title = title(v), text = words(v), start = v.start,
    dur_s = math.max(0, (v.finish - v.start) // 1000), stamp = v.start, sequence = v.revision - 1 }
end

local function events_of(job, kind)
  local views, message, code = data.groups(job.ctx, kind, { first_day = job.first or FIRST,
    last_day = job.last or LAST })
  if not views then
    job.failed = { message, code }
  end
  return views or {}
end

function ics.write(job)
  local list = {}
  for _, kind in ipairs { "sleep", "workout" } do
    for _, v in ipairs(job:wants_kind(kind) and events_of(job, kind) or {}) do
      list[#list + 1] = event(v)
    end
  end
  table.sort(list, function(a, b)
    return a.start < b.start or a.start == b.start and a.uid < b.uid
  end)
  local text, message, code = sw.ical.write("SyncWell", list)
  job.n_records = #list
  if not text then
    job.failed = { message, code }
    return
  end
  job:put(text)
end

return ics
