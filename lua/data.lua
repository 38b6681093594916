-- Questions about data that several commands and rules ask: daily values of one truth, series for scripts.
--   data.daily(ctx, "steps", first, last) --> { { day, n, sum, mean, min, max, last, value } ... }
local home = require("home")
local record = require("record")
local record_pages = require("record_pages")
local schema = require("schema")
local term = require("term")

local data = {}

local by_name

function data.metrics()
  if not by_name then
    by_name = {}
    for _, m in ipairs(sw.store.metrics()) do
      by_name[m.name] = m
    end
  end
  return by_name
end

-- Short words people use for metrics.
data.aliases = { sleep = "sleep_duration", hr = "heart_rate", pulse = "heart_rate", energy = "active_energy",
  hrv = "hrv_sdnn", rhr = "resting_heart_rate", glucose = "blood_glucose", temperature = "body_temperature" }

-- The metric, or nil and a sentence with the nearest name.
function data.metric(name)
  local m = data.metrics()[data.aliases[name or ""] or name or ""]
  if m then
    return m
  end
  return nil, ("there is no metric '%s'%s"):format(tostring(name),
    schema.did_you_mean(tostring(name), schema.keys(data.metrics()))), "usage"
end

-- What follows from a row's n, sum, min, max and last.
function data.complete(m, row)
  row.mean = row.n > 0 and row.sum / row.n or nil
  row.value = row[m.daily]
  return row
end

local stale -- said already?

-- Where nothing can be written a person still sees what was worked out before; an engine waits for room.
function data.settle(ctx)
  local ok, message, code = home.settle(ctx)
  if ok or code ~= "full" or ctx.daemon then
    return ok, message, code
  end
  if not stale then
    term.error("nothing can be written, so days that changed since are shown as they were before")
  end
  stale = true
  return true
end

local function stored_daily(ctx, name, first, last, origin)
  local m, why, code = data.metric(name)
  if not m then
    return nil, why, code
  end
  local ok, message, kind = data.settle(ctx)
  if not ok then
    return nil, message, kind
  end
  local rows
  rows, message, kind = sw.store.daily(ctx.who, m.name, first, last, origin or 0)
  if not rows then
    return nil, message, kind
  end
  for _, row in ipairs(rows) do
    data.complete(m, row)
  end
  return rows
end

-- ctx.playing: data that lies ahead of the clock is not known yet (lua/simulation.lua).
function data.daily(ctx, name, first, last, origin)
  if ctx.playing and not origin then
    return data.daily_at(ctx, name, first, last, sw.time.now())
  end
  return stored_daily(ctx, name, first, last, origin)
end

-- Sleep is known when it is over; what else has no samples, such as a service's total of the day, as it is.
local function was_known(ctx, name, day, at)
  if not name:find("^sleep_") then
    return true
  end
  for _, r in ipairs(sw.store.records(ctx.who, { kind = "sleep", first_day = day, last_day = day }) or {}) do
    if r.finish <= at then
      return true
    end
  end
  return false
end

-- Days as they were known at an instant: of its own day, what had been measured by then.
function data.daily_at(ctx, name, first, last, at)
  local today = home.day(ctx, at)
  local rows, message, code = stored_daily(ctx, name, first, math.min(last, today))
  local row = rows and rows[#rows]
  if not row or row.day ~= today then
    return rows, message, code
  end
  local m, part = (data.metric(name))
  part, message, code = sw.store.day_until(ctx.who, ctx.zone, m.name, today, at)
  if not part then
    return nil, message, code
  elseif part.sampled then
    rows[#rows] = part.rows[1] and data.complete(m, part.rows[1]) or nil
  elseif not was_known(ctx, m.name, today, at) then
    rows[#rows] = nil
  end
  return rows
end

function data.hours_at(ctx, name, first, last, at)
  return data.hours(ctx, name, first, math.min(last, home.day(ctx, at)), at)
end

function data.hours(ctx, name, first, last, at)
  at = at or ctx.playing and sw.time.now() or nil
  local m, why, code = data.metric(name)
  if not m then
    return nil, why, code
  end
  local rows, message, kind = sw.store.hours(ctx.who, ctx.zone, m.name, first, last, at)
  for _, row in ipairs(rows or {}) do
    data.complete(m, row)
  end
  return rows, message, kind
end

local weight = { g = 1, kg = 1 }
local shown = { ["{step}"] = "", ["{score}"] = "", ["1"] = "", Cel = "°C" }

-- Its unit as people read it, "" of a plain number.
function data.unit(m)
  return shown[m.unit] or m.unit
end

-- A value with its unit as people read it.
function data.text(m, value)
  local unit = data.unit(m)
  if value == nil then
    return "-"
  elseif m.unit == "min" and value >= 60 then
    return ("%d h %02d min"):format((value + 0.5) // 60, (value + 0.5) // 1 % 60)
  elseif m.unit == "m" and m.kind == "cumulative" then
    return ("%.2f km"):format(value / 1000)
  end
  local digits = (m.unit == "{step}" or m.unit == "kcal" or value >= 1000) and "%.0f" or weight[m.unit]
    and "%.2f" or "%.1f"
  return unit == "" and digits:format(value) or digits:format(value) .. " " .. unit
end

local SPREAD = 2 -- members of one event may be of unlike days, as starts a zone mistake apart are

-- The filter that finds whole groups, and whether a view is of the days that were asked for.
local function whole_groups(kind, filter)
  local f = {}
  for k, v in pairs(filter) do
    f[k] = v
  end
  f.kind = kind
  if not filter.first_day then
    return f, function() return true end
  end
  f.first_day, f.last_day = filter.first_day - SPREAD, filter.last_day + SPREAD
  local first, last = sw.time.day_text(filter.first_day), sw.time.day_text(filter.last_day)
  return f, function(view) return view.day >= first and view.day <= last end
end

-- Members of each group in a span, grouped and merged into one view each, by start. A group is of the day
-- that its view has, whole or not at all.
function data.groups(ctx, kind, filter)
  local f, is_meant = whole_groups(kind, filter)
  f.bare = true
  local pages, members, order = record_pages.of(ctx, f), {}, {}
  for r in pages.next do
    if not members[r.group] then
      members[r.group] = {}
      order[#order + 1] = r.group
    end
    table.insert(members[r.group], r)
  end
  if pages.failed then
    return nil, table.unpack(pages.failed)
  end
  local views = {}
  for i, group in ipairs(order) do
    local view = record.merged(members[group])
    local is_known = not ctx.playing or view.finish <= sw.time.now()
    views[#views + 1] = is_known and is_meant(view) and view or nil
    members[group], order[i] = nil, false
  end
  return views
end

return data
