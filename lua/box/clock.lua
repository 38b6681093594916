-- Time for scripts: the clock shows the firing's instant, in the user's zone as the engine sent it.
--   clock.now() -> milliseconds;  clock.parts(ms) -> { year, month, ..., offset_min };  clock.date "%F"
-- A worker opens no file, so the zone comes with each run: `offset_min` now, and `zone`, a list of
-- { from_ms, offset_min } in rising order, where the zone changes around the data.
-- luacheck: read globals core load_text where
local clock = {}

local function current_run()
  local current = core.current()
  return current and current.run or {}
end

function clock.now()
  return core.instant()
end

function clock.offset_at(ms)
  local run = current_run()
  local offset = run.offset_min or 0
  if type(run.zone) == "table" then
    for _, change in ipairs(run.zone) do
      if change[1] <= ms then
        offset = change[2]
      end
    end
  end
  return offset
end

-- Days since 1970-01-01 of a civil date, and back (proleptic Gregorian calendar).
function clock.days(year, month, day)
  local y = month <= 2 and year - 1 or year
  local era = y // 400
  local yoe = y - era * 400
  local doy = (153 * (month + (month > 2 and -3 or 9)) + 2) // 5 + day - 1
  return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468
end

function clock.civil(days)
  local z = days + 719468
  local era = z // 146097
  local doe = z - era * 146097
  local yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
  local doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
  local mp = (5 * doy + 2) // 153
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - (153 * mp + 2) // 5 + 1
end

function clock.parts(ms, offset_min)
  offset_min = offset_min or clock.offset_at(ms)
  local s = ms // 1000 + offset_min * 60
  local days = s // 86400
  local year, month, day = clock.civil(days)
  local rest = s - days * 86400
  return { year = year, month = month, day = day, hour = rest // 3600, min = rest // 60 % 60,
    sec = rest % 60, wday = (days + 4) % 7 + 1, yday = days - clock.days(year, 1, 1) + 1,
    isdst = false, offset_min = offset_min }
end

local function zone_text(offset, colon)
  local a = math.abs(offset)
  return ("%s%02d%s%02d"):format(offset < 0 and "-" or "+", a // 60, colon, a % 60)
end

function clock.iso(ms, offset_min)
  local p = clock.parts(math.floor(ms), offset_min)
  local zone = p.offset_min == 0 and "Z" or zone_text(p.offset_min, ":")
  return ("%04d-%02d-%02dT%02d:%02d:%02d%s"):format(p.year, p.month, p.day, p.hour, p.min, p.sec, zone)
end

-- The instant of a wall-clock time of the user's zone: the first where it occurs twice, moved forward by
-- the gap where it is skipped (as the engine does).
function clock.from_wall(local_ms)
  local before = clock.offset_at(local_ms - 43200000)
  local first = local_ms - before * 60000
  local after = clock.offset_at(first)
  local second = local_ms - after * 60000
  return after ~= before and clock.offset_at(second) == after and second or first
end

local function month_days(y, m)
  return clock.days(m == 12 and y + 1 or y, m % 12 + 1, 1) - clock.days(y, m, 1)
end

local function date_ms(y, m, d)
  y, m, d = tonumber(y), tonumber(m), tonumber(d)
  return m >= 1 and m <= 12 and d >= 1 and d <= month_days(y, m) and clock.days(y, m, d) * 86400000 or nil
end

-- "T07:30", "T07:30:05.123" to milliseconds and what follows it.
local function clock_ms(rest)
  local h, min, behind = rest:match "^[Tt ](%d%d):(%d%d)(.*)$"
  if not h then
    return nil
  end
  local s, after = behind:match "^:(%d%d)(.*)$"
  local fraction, zone = (after or ""):match "^([.,]%d+)(.*)$"
  h, min, s = tonumber(h), tonumber(min), tonumber(s or 0)
  local ms = math.floor((tonumber("0." .. (fraction or ".0"):sub(2)) or 0) * 1000 + 1e-6)
  if h > 24 or min > 59 or s > 60 or h == 24 and (min > 0 or s > 0 or ms > 0) then
    return nil
  end
  return (h * 3600 + min * 60 + s) * 1000 + ms, zone or after or behind
end

-- "Z", "+02:00", " -0500", "+02" to minutes; nil for no zone; false for what is none.
local function zone_min(zone)
  if zone == "" then
    return nil
  elseif zone:find "^ ?[Zz]$" then
    return 0
  end
  local sign, h, m = zone:match "^ ?([+-])(%d%d):?(%d?%d?)$"
  if not sign or #m == 1 or tonumber(h) > 15 or m ~= "" and tonumber(m) > 59 then
    return false
  end
  return (sign == "-" and -1 or 1) * (tonumber(h) * 60 + (tonumber(m) or 0))
end

-- ISO 8601 text to milliseconds and offset; without a zone it is the user's wall clock, a date alone its
-- midnight. nil if it is no time.
function clock.parse(text)
  local y, m, d, rest = text:sub(1, 60):match "^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$"
  local day = y and date_ms(y, m, d)
  local ms, zone = 0, ""
  if day and rest ~= "" then
    ms, zone = clock_ms(rest)
  end
  local offset = ms and zone_min(zone)
  if not day or not ms or offset == false then
    return nil
  elseif offset then
    return day + ms - offset * 60000, offset
  end
  local utc = clock.from_wall(day + ms)
  return utc, clock.offset_at(utc)
end

local days_long = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" }
local months_long = { "January", "February", "March", "April", "May", "June", "July", "August",
  "September", "October", "November", "December" }

local codes = {
  Y = "%04d year", m = "%02d month", d = "%02d day", H = "%02d hour", M = "%02d min", S = "%02d sec",
  j = "%03d yday", e = "%2d day",
}

local composed = { D = "%m/%d/%y", F = "%Y-%m-%d", T = "%H:%M:%S", R = "%H:%M", x = "%m/%d/%y",
  X = "%H:%M:%S", c = "%a %b %e %H:%M:%S %Y", r = "%I:%M:%S %p" }

local spelled = {
  A = function(p) return days_long[p.wday] end,
  a = function(p) return days_long[p.wday]:sub(1, 3) end,
  B = function(p) return months_long[p.month] end,
  b = function(p) return months_long[p.month]:sub(1, 3) end,
  y = function(p) return ("%02d"):format(p.year % 100) end,
  I = function(p) return ("%02d"):format((p.hour + 11) % 12 + 1) end,
  p = function(p) return p.hour < 12 and "AM" or "PM" end,
  w = function(p) return tostring(p.wday - 1) end,
  u = function(p) return tostring((p.wday + 5) % 7 + 1) end,
  z = function(p) return zone_text(p.offset_min, "") end,
  Z = function(p) return p.offset_min == 0 and "UTC" or zone_text(p.offset_min, ":") end,
  n = function() return "\n" end,
  t = function() return "\t" end,
  ["%"] = function() return "%" end,
}

local function format(text, p)
  return (text:gsub("%%(.?)", function(code)
    if codes[code] then
      local form, field = codes[code]:match "^(%S+) (%S+)$"
      return form:format(p[field])
    elseif composed[code] then
      return format(composed[code], p)
    end
    local spell = spelled[code] or error("invalid conversion '%" .. code .. "' in os.date", 4)
    return spell(p)
  end))
end

function clock.date(form, s)
  form = form or "%c"
  if type(form) ~= "string" or #form > 1000 then
    error("os.date takes a short text", 2)
  end
  local ms = s and math.floor(tonumber(s) or error("os.date takes a number of seconds", 2)) * 1000
    or clock.now()
  local utc = form:sub(1, 1) == "!"
  local p = clock.parts(ms, utc and 0 or nil)
  form = utc and form:sub(2) or form
  if form:sub(1, 2) == "*t" then
    p.offset_min = nil
    return p
  end
  return format(form, p)
end

local function field(t, name, default)
  local v = math.tointeger(t[name] or default)
  if not v then
    error("field '" .. name .. "' missing in date table", 3)
  end
  return v
end

function clock.time(t)
  if t == nil then
    return clock.now() // 1000
  elseif type(t) ~= "table" then
    error("os.time takes a table", 2)
  end
  local month = field(t, "month") - 1
  local days = clock.days(field(t, "year") + month // 12, month % 12 + 1, 1) + field(t, "day") - 1
  local s = days * 86400 + field(t, "hour", 12) * 3600 + field(t, "min", 0) * 60 + field(t, "sec", 0)
  return s - clock.offset_at(s * 1000) * 60
end

function clock.difftime(a, b)
  return a - b + 0.0
end

return clock
