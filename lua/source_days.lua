-- What one origin says of each day: its samples, the totals it states, of sleep its records. Not the truth
-- that all of them agree on, which is data.daily.
--   local days = source_days.new(ctx, m, first, last);  days.of(origin) --> rows as data.daily gives, by day
local data = require("data")
local record = require("record")

local source_days = {}

local PARTS = { sleep_duration = "asleep_s", sleep_in_bed = "in_bed_s", sleep_awake = "awake_s",
  sleep_light = "light_s", sleep_deep = "deep_s", sleep_rem = "rem_s" }

-- by[origin][day] = value
local function put(by, origin, day, value)
  by[origin] = by[origin] or {}
  by[origin][day] = value
end

local function totals_of(ctx, m, first, last)
  local list, message, code = sw.store.totals(ctx.who)
  if not list then
    return nil, message, code
  end
  local by = {}
  for _, t in ipairs(list) do
    if t.metric == m.name and t.day >= first and t.day <= last then
      put(by, t.origin, t.day, t.value)
    end
  end
  return by
end

-- Of one night in parts what follows one another adds up; naps are none of the night's.
local function add_night(nights, r)
  local a, key = r.body.attributes or {}, ("%x %d"):format(r.origin_id, r.day)
  local n = nights[key] or { origin = r.origin_id, day = r.day, until_ms = r.start, parts = {} }
  if record.is_layer(r) or a.nap == true or r.start < n.until_ms then
    return
  end
  for _, name in pairs(PARTS) do
    local seconds = tonumber(a[name])
    n.parts[name] = seconds and (n.parts[name] or 0) + seconds or n.parts[name]
  end
  n.until_ms, nights[key] = r.finish, n
end

local function value_of_night(m, parts)
  if m.name == "sleep_efficiency" then
    local lain = parts.in_bed_s or 0
    return parts.asleep_s and lain > 0 and 100 * parts.asleep_s / lain or nil
  end
  local seconds = parts[PARTS[m.name]]
  return seconds and seconds / 60
end

local function nights_of(ctx, m, first, last)
  local rows, message, code = sw.store.records(ctx.who, { kind = "sleep", first_day = first,
    last_day = last })
  if not rows then
    return nil, message, code
  end
  local nights, by = {}, {}
  for _, r in ipairs(rows) do
    add_night(nights, r)
  end
  for _, n in pairs(nights) do
    put(by, n.origin, n.day, value_of_night(m, n.parts))
  end
  return by
end

-- A stated total counts where the samples say less, as it does in the timeline.
local function with_stated(rows, stated)
  local seen = {}
  for _, r in ipairs(rows) do
    local total = stated[r.day]
    if total and (not r.value or total > r.value) then
      r.value, r.sum = total, total
    end
    seen[r.day] = true
  end
  for day, total in pairs(stated) do
    if not seen[day] then
      rows[#rows + 1] = { day = day, n = 0, sum = total, value = total }
    end
  end
  table.sort(rows, function(a, b) return a.day < b.day end)
  return rows
end

-- What records say of a night goes before samples of its length.
local function without(rows, nights)
  local left = {}
  for _, r in ipairs(rows) do
    left[#left + 1] = not nights[r.day] and r or nil
  end
  return left
end

function source_days.new(ctx, m, first, last)
  local is_night = PARTS[m.name] or m.name == "sleep_efficiency"
  local by, message, code = (is_night and nights_of or totals_of)(ctx, m, first, last)
  if not by then
    return nil, message, code
  end
  return { of = function(origin)
    local rows, why, kind = data.daily(ctx, m.name, first, last, origin)
    if not rows then
      return nil, why, kind
    end
    local stated = by[origin] or {}
    return with_stated(is_night and without(rows, stated) or rows, stated)
  end }
end

return source_days
