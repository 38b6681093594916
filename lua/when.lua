-- Times as people type them, in a person's zone.
--   when.span(ctx, "last 7d") --> first day, last day;   when.instant(ctx, "yesterday 16:00") --> ms, offset
--   when.past(ctx, "9pm")     --> ms, offset: the same for what has been
local home = require("home")

local when = {}

local weekdays = { monday = 0, tuesday = 1, wednesday = 2, thursday = 3, friday = 4, saturday = 5,
  sunday = 6 }

local FIRST_YEAR, LAST_YEAR, MOST_DAYS = 1900, 2079, 200 * 366

local function year_of(text)
  local y = tonumber(text)
  return y >= FIRST_YEAR and y <= LAST_YEAR and y or nil
end

-- How many, as typed; nil beyond what days can be counted.
local function count_of(text)
  local n = math.tointeger(tonumber(text))
  return n and n <= MOST_DAYS and n or nil
end

local function today(ctx)
  return home.day(ctx, sw.time.now())
end

local function month_days(year, month)
  local first = sw.time.day(year, month, 1)
  local next_first = month == 12 and sw.time.day(year + 1, 1, 1) or sw.time.day(year, month + 1, 1)
  return first, next_first - 1
end

local function valid_day(y, m, d)
  y, m, d = tonumber(y), tonumber(m), tonumber(d)
  if m < 1 or m > 12 or d < 1 or y < FIRST_YEAR or y > LAST_YEAR then
    return nil
  end
  local first, last = month_days(y, m)
  return first + d - 1 <= last and first + d - 1 or nil
end

-- One day: ISO date, today, yesterday, a weekday (the last one), "3 days ago".
function when.day(ctx, text)
  text = text:lower()
  local y, m, d = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  if y then
    return valid_day(y, m, d)
  elseif text == "today" then
    return today(ctx)
  elseif text == "yesterday" then
    return today(ctx) - 1
  elseif text == "tomorrow" then
    return today(ctx) + 1
  elseif weekdays[text] then
    local now = today(ctx)
    local back = (select(4, sw.time.date(now)) - weekdays[text]) % 7
    return now - (back == 0 and 7 or back)
  end
  local named = text:match("^last (%a+day)$") or text:match("^on (%a+day)$")
  if weekdays[named] then
    return when.day(ctx, named)
  end
  local n = text:match("^(%d+) days? ago$")
  n = n and count_of(n)
  return n and today(ctx) - n
end

local unit_days = { d = 1, day = 1, days = 1, w = 7, week = 7, weeks = 7, m = 30, month = 30, months = 30,
  y = 365, year = 365, years = 365 }

-- A span that has a name of its own.
local function named(ctx, text)
  local day = today(ctx)
  local monday = day - select(4, sw.time.date(day))
  local year, month = sw.time.date(day)
  local spans = { ["this week"] = { monday, monday + 6 }, ["last week"] = { monday - 7, monday - 1 },
    ["this month"] = { month_days(year, month) },
    ["last month"] = { month_days(month > 1 and year or year - 1, (month + 10) % 12 + 1) },
    ["this year"] = { sw.time.day(year, 1, 1), sw.time.day(year, 12, 31) },
    ["last year"] = { sw.time.day(year - 1, 1, 1), sw.time.day(year - 1, 12, 31) },
    ["all"] = { sw.time.day(FIRST_YEAR, 1, 1), sw.time.day(LAST_YEAR, 12, 31) } }
  return table.unpack(spans[text] or {})
end

-- A span of days: a day, a month (2026-03), a year, "last 7d", "this week", "last month", "A..B".
function when.span(ctx, text)
  text = (text or "last 7d"):lower()
  local from, to = text:match("^(.+)%.%.(.+)$")
  if from then
    local a, b = when.day(ctx, from), when.day(ctx, to)
    return a and b and math.min(a, b), a and b and math.max(a, b)
  end
  local y, m = text:match("^(%d%d%d%d)%-(%d%d)$")
  if y and year_of(y) and tonumber(m) >= 1 and tonumber(m) <= 12 then
    return month_days(year_of(y), tonumber(m))
  end
  y = text:match("^(%d%d%d%d)$")
  y = y and year_of(y)
  if y then
    return sw.time.day(y, 1, 1), sw.time.day(y, 12, 31)
  end
  local n, unit = text:match("^last (%d+) ?(%a+)$")
  if not n then
    n, unit = text:match("^(%d+) ?(%a+)$")
  end
  local days = n and unit_days[unit] and count_of(n)
  if days and days >= 1 and days * unit_days[unit] <= MOST_DAYS then
    return today(ctx) - days * unit_days[unit] + 1, today(ctx)
  end
  local first, last = named(ctx, text)
  if first then
    return first, last
  end
  local one = when.day(ctx, text)
  return one, one
end

-- The days of the options --from and --to, else the ones given; nil, message, code when one is no day.
function when.range(ctx, options, first, last)
  if options.from then
    first = when.span(ctx, options.from)
  end
  if options.to then
    last = select(2, when.span(ctx, options.to))
  end
  local wrong = options.from and not first and "from" or options.to and not last and "to"
  if wrong then
    local hint = "--%s: '%s' is not a day I understand (try 2026-03-01, yesterday, last 7d)"
    return nil, hint:format(wrong, options[wrong]), "usage"
  elseif first and last and first > last then
    return nil, ("--from (%s) lies behind --to (%s)"):format(sw.time.day_text(first),
      sw.time.day_text(last)), "usage"
  end
  return { first = first, last = last }
end

local HOUR_MS, NOON = 3600000, 12 * 60

local function at(ctx, day, minute)
  local ms = sw.time.utc(ctx.zone, day * 86400000 + minute * 60000)
  return ms, home.offset(ctx, ms)
end

-- "yesterday at 9:30pm" --> "yesterday", minute of the day; nil when no clock stands at the end.
local function clock_of(text)
  text = text:lower()
  local rest, h, min = text:match("^(.-) ?(%d?%d):(%d%d)$")
  local half
  if not h then
    rest, h, min, half = text:match("^(.-) ?(%d?%d):?(%d?%d?) ?([ap])m$")
  end
  h, min = tonumber(h), min ~= "" and tonumber(min) or 0
  if not h or min > 59 or h > (half and 12 or 23) or half and h < 1 then
    return nil
  end
  return rest:gsub("^at$", ""):gsub(" at$", ""), (half and h % 12 + (half == "p" and 12 or 0) or h) * 60 + min
end

-- An instant: ISO time, or a day and an optional clock ("yesterday 16:00", "08:30", "9pm").
function when.instant(ctx, text)
  if text == nil or text == "now" then
    local now = sw.time.now()
    return now, home.offset(ctx, now)
  end
  local ms, offset = sw.time.parse(text)
  if ms and offset then
    return ms, offset
  elseif ms then
    ms = sw.time.utc(ctx.zone, ms)
    return ms, home.offset(ctx, ms)
  end
  local rest, minute = clock_of(text)
  local day = when.day(ctx, rest == "" and "today" or rest or text)
  if day then
    return at(ctx, day, minute or NOON)
  end
end

-- An instant of what has been: a clock that lies ahead and has no day is yesterday's, a day alone its noon.
function when.past(ctx, text)
  local day = text and when.day(ctx, text)
  if day then
    return at(ctx, day, NOON)
  end
  local ms, offset = when.instant(ctx, text)
  local rest, minute = clock_of(text or "")
  if rest == "" and ms and ms > sw.time.now() + HOUR_MS then
    return at(ctx, today(ctx) - 1, minute)
  end
  return ms, offset
end

function when.text(ms, offset)
  return sw.time.iso(ms, offset)
end

-- "Mon 2 Mar" and "07:30", for people.
function when.short_day(day)
  local _, m, d, wd = sw.time.date(day)
  local names = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" }
  local months = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }
  return ("%s %2d %s"):format(names[wd + 1], d, months[m])
end

function when.clock(ms, offset)
  local minute = (ms // 60000 + offset) % 1440
  return ("%02d:%02d"):format(minute // 60, minute % 60)
end

return when
