-- SPDX-License-Identifier: MIT
-- Calendar and offsets of a made-up person: two zones by rule, and one trip a year to the other one.
-- Times are UTC seconds, days count from 1970-01-01, offsets are seconds east of UTC.
--   local c = clock.new("Europe/Berlin", first_day, days); c.offset(t); c.utc(day, minutes); clock.iso(day)
local clock = {}

clock.day_of, clock.civil, clock.iso = sw.time.day, sw.time.date, sw.time.day_text

-- nil if text is no date
function clock.parse(text)
  local y, m, d = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  return y and clock.day_of(tonumber(y), tonumber(m), tonumber(d))
end

-- 0 is Monday
function clock.weekday(day)
  return (day + 3) % 7
end

local function sunday_from(day)
  return day + (6 - clock.weekday(day))
end

-- zone -> year -> when summer time begins and ends
local RULES = {
  ["Europe/Berlin"] = { winter = 3600, summer = 7200, change = function(y)
    local march, october = clock.day_of(y, 3, 25), clock.day_of(y, 10, 25)
    return sunday_from(march) * 86400 + 3600, sunday_from(october) * 86400 + 3600
  end },
  ["America/New_York"] = { winter = -18000, summer = -14400, change = function(y)
    local march, november = clock.day_of(y, 3, 8), clock.day_of(y, 11, 1)
    return sunday_from(march) * 86400 + 25200, sunday_from(november) * 86400 + 21600
  end },
}
local AWAY = { ["Europe/Berlin"] = "America/New_York", ["America/New_York"] = "Europe/Berlin" }

local function zone_offset(zone, t)
  local rule = RULES[zone]
  local from, to = rule.change((clock.civil(t // 86400)))
  return t >= from and t < to and rule.summer or rule.winter
end

-- The trip lies over the autumn change of both zones.
local function trip(year)
  return clock.day_of(year, 10, 24) * 86400 + 50400, clock.day_of(year, 11, 8) * 86400 + 57600
end

local function zone_at(home, t)
  local from, to = trip((clock.civil(t // 86400)))
  return t >= from and t < to and AWAY[home] or home
end

local function offset_changes(home, first, days)
  local list, before = {}, nil
  for t = (first - 2) * 86400, (first + days + 2) * 86400, 3600 do
    local offset = zone_offset(zone_at(home, t), t)
    if offset ~= before then list[#list + 1] = { at = t, offset = offset } end
    before = offset
  end
  list[1].at = math.mininteger
  return list
end

-- The list is short and callers go forwards: the last hit is tried first.
local function finder(list)
  local at = 1
  return function(t)
    if t < list[at].at then at = 1 end
    while list[at + 1] and list[at + 1].at <= t do at = at + 1 end
    return list[at].offset
  end
end

function clock.new(home, first, days)
  assert(RULES[home], "zones are Europe/Berlin and America/New_York")
  local c = { offset = finder(offset_changes(home, first, days)) }
  function c.zone(t) return zone_at(home, t) end
  function c.day(t) return (t + c.offset(t)) // 86400 end
  function c.away(t) return zone_at(home, t) ~= home end
  -- A wall-clock time; one that is skipped moves forwards, one that comes twice is the first.
  function c.utc(day, minutes)
    local wall = day * 86400 + minutes * 60
    local early = wall - math.max(c.offset(wall - 86400), c.offset(wall + 86400))
    return early + c.offset(early) == wall and early or wall - c.offset(early)
  end
  return c
end

return clock
