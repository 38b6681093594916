-- When a scheduled trigger is due next, in a person's zone; days are stepped by the calendar.
--   schedule.next(ctx, { kind = "cron", spec = "0 7 * * *" }, after_ms) --> ms | nil, why not
local home = require("home")
local sun = require("sun")

local schedule = {}

local LEAP_MS = 3 * 3600000 -- further than clocks leap, unless they leap a day

local names = {
  month = { jan = 1, feb = 2, mar = 3, apr = 4, may = 5, jun = 6, jul = 7, aug = 8, sep = 9, oct = 10,
    nov = 11, dec = 12 },
  weekday = { sun = 0, mon = 1, tue = 2, wed = 3, thu = 4, fri = 5, sat = 6 },
}

local function number(text, words)
  return words and words[text:lower()] or (text:find("^%d+$") and math.tointeger(tonumber(text)))
end

-- One cron field as a set; nil when it is wrong.
local function field(text, low, high, words)
  local set = {}
  for part in text:gmatch("[^,]+") do
    local range, step = part:match("^(.-)/(%d+)$")
    range, step = range or part, tonumber(step) or 1
    local a, b = range:match("^(%w+)%-(%w+)$")
    if range == "*" then
      a, b = low, high
    elseif a then
      a, b = number(a, words), number(b, words)
      b = words == names.weekday and b == 0 and a ~= 0 and 7 or b -- fri-sun
    else
      a = number(range, words)
      b = part:find("/") and high or a
    end
    if not a or not b or a < low or b > high or a > b or step < 1 then
      return nil
    end
    for v = a, b, step do
      set[math.tointeger(v)] = true
    end
  end
  return next(set) and set or nil
end

function schedule.cron(text)
  local f = {}
  for part in text:gmatch("%S+") do
    f[#f + 1] = part
  end
  if #f ~= 5 then
    return nil, ("cron '%s' needs five fields: minute hour day month weekday"):format(text)
  end
  local c = { minute = field(f[1], 0, 59), hour = field(f[2], 0, 23), day = field(f[3], 1, 31),
    month = field(f[4], 1, 12, names.month),
    weekday = field(f[5], 0, 7, names.weekday), any_day = f[3] == "*", any_weekday = f[5] == "*" }
  for _, k in ipairs { "minute", "hour", "day", "month", "weekday" } do
    if not c[k] then
      return nil, ("cron '%s': the field for the %s is wrong"):format(text, k)
    end
  end
  if c.weekday[7] then
    c.weekday[0] = true
  end
  return c
end

local function day_matches(c, day)
  local _, month, date, monday_based = sw.time.date(day)
  local weekday = (monday_based + 1) % 7
  if not c.month[month] then
    return false
  elseif c.any_day or c.any_weekday then
    return c.day[date] and c.weekday[weekday]
  end
  return c.day[date] or c.weekday[weekday] -- both restricted: either, as cron does
end

-- First matching instant after `after` on that local day. A time the clocks skip runs when they have
-- moved on, which may be behind a later one that they did not skip; one that comes twice runs the first time.
local function on_day(ctx, c, day, after)
  local soonest
  for minute = 0, 1439 do
    if c.hour[minute // 60] and c.minute[minute % 60] then
      local ms = sw.time.utc(ctx.zone, day * 86400000 + minute * 60000)
      soonest = ms > after and math.min(soonest or ms, ms) or soonest
      if soonest and sw.time.offset(ctx.zone, soonest) == sw.time.offset(ctx.zone, soonest - LEAP_MS) then
        break -- none that was moved lies before it
      end
    end
  end
  return soonest
end

local function next_cron(ctx, c, after)
  local day = sw.time.day_of(after, sw.time.offset(ctx.zone, after))
  for d = day, day + 366 * 5 do
    local ms = day_matches(c, d) and on_day(ctx, c, d, after)
    if ms then
      return ms
    end
  end
  return nil, "that time never comes"
end

-- The days behind a time, "on mon,wed" or nothing, as a field of cron.
local function days_field(spec, days)
  local list = days:match("^on%s+([%a,%- ]+)$")
  if days ~= "" and not list then
    return nil, ("'%s': after the time comes \"on mon,wed\""):format(spec)
  end
  local text = list and list:gsub("%s+", "") or "*"
  text = text == "weekdays" and "mon-fri" or text == "weekends" and "sat,sun" or text
  if not field(text, 0, 7, names.weekday) then
    return nil, ("'%s': days are mon, tue, wed, thu, fri, sat, sun, weekdays or weekends"):format(spec)
  end
  return text
end

-- "07:30 on mon,wed" or "07:30"
local function at_as_cron(spec)
  local h, m, days = spec:match("^(%d%d?):(%d%d)%s*(.*)$")
  if not h then
    return nil, ("'%s' is not a time like \"07:30 on mon,wed\" or \"sunset-30min\""):format(spec)
  end
  local weekdays, why = days_field(spec, days)
  if not weekdays then
    return nil, why
  elseif tonumber(h) > 23 or tonumber(m) > 59 then
    return nil, ("'%s': a day has the times 00:00 to 23:59"):format(spec)
  end
  return schedule.cron(("%d %d * * %s"):format(tonumber(m), tonumber(h), weekdays))
end

local units = { s = 1, sec = 1, min = 60, m = 60, h = 3600, d = 86400, w = 604800 }

-- "sunset-30min on mon,wed": { side, offset_ms, days }; nil when it is no such text.
local function at_sun(spec)
  local side, sign, n, unit, days = spec:match("^(sun%l+)%s*([+-]?)%s*(%d*)(%l*)%s*(.*)$")
  if side ~= "sunrise" and side ~= "sunset" then
    return nil
  elseif sign == "" then
    n, unit, days = "0", "s", spec:match("^sun%l+%s*(.*)$")
  elseif not tonumber(n) or not units[unit] or tonumber(n) * units[unit] > 43200 then
    return nil, ("'%s': \"sunset-30min\" is what such a time looks like, half a day at most"):format(spec)
  end
  local weekdays, why = days_field(spec, days)
  local c
  if weekdays then
    c, why = schedule.cron("0 0 * * " .. weekdays)
  end
  if not c then
    return nil, why
  end
  local ms = tonumber(n) * units[unit] * 1000
  return { side = side, offset = sign == "-" and -ms or ms, days = c }
end

-- The date line bends: a place that keeps the date of its other side has its noon a turn further on or back.
local function longitude_of(ctx, place, day)
  local clock = sw.time.offset(ctx.zone, day * 86400000) / 4 -- degrees east by the clock
  return place.longitude + 360 * math.floor((clock - place.longitude) / 360 + 0.5)
end

local function next_sun(ctx, s, after)
  local place = ctx.place or home.setting(ctx, "home").place
  if not place then
    return nil, "sunrise and sunset need to know where you are: syncwell init --place 52.52,13.40"
  end
  local today = sw.time.day_of(after, sw.time.offset(ctx.zone, after))
  for day = today - 1, today + 400 do -- an offset may reach into the next day
    local rise, set = sun.times(place.latitude, longitude_of(ctx, place, day), day)
    local at = rise and math.tointeger(((s.side == "sunrise" and rise or set) + s.offset) // 60000 * 60000)
    if at and at > after and day_matches(s.days, day) then
      return at
    end
  end
  return nil, "the sun does not rise or set there on such a day"
end

local function every_seconds(spec)
  local n, unit = tostring(spec):match("^(%d+%.?%d*)%s*(%a+)$")
  local s = n and units[unit] and tonumber(n) * units[unit]
  if not s or s < 60 or s > 366 * 86400 then
    return nil, ("every '%s' must be a duration from a minute to a year"):format(tostring(spec))
  end
  return math.floor(s)
end

-- A trigger may name a zone of its own.
local function in_zone(ctx, trigger)
  if trigger.zone == nil then
    return ctx
  elseif type(trigger.zone) ~= "string" or not sw.time.zone_ok(trigger.zone) then
    return nil, ("there is no time zone '%s' here; names look like Europe/Berlin"):format(
      sw.sys.clean(tostring(trigger.zone)):sub(1, 60))
  end
  return setmetatable({ zone = trigger.zone }, { __index = ctx })
end

function schedule.next(ctx, trigger, after)
  local spec = tostring(trigger.spec or trigger[1] or "")
  local c, why
  ctx, why = in_zone(ctx, trigger)
  if not ctx then
    return nil, why
  end
  if trigger.kind == "every" then
    local s
    s, why = every_seconds(spec)
    if not s then
      return nil, why
    end
    return (after // (s * 1000) + 1) * s * 1000
  end
  if trigger.kind == "at" and spec:find("^sun") then
    c, why = at_sun(spec)
    if c then
      return next_sun(ctx, c, after)
    end
    return nil, why or ("'%s' is not a time like \"sunset-30min on mon,wed\""):format(spec)
  elseif trigger.kind == "cron" then
    c, why = schedule.cron(spec)
  else
    c, why = at_as_cron(spec)
  end
  if not c then
    return nil, why
  end
  return next_cron(ctx, c, after)
end

return schedule
