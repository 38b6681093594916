-- What a worker needs to know of the user's zone: the changes around the data, since it opens no file.
--   zones.between("Europe/Berlin", from_ms, to_ms) --> { { from_ms, offset_min }, ... }, in order
local zones = {}

local DAY_MS = 86400000
local MOST_DAYS = 4000

-- The instant between lo and hi at which the offset becomes `after`, to the second.
local function change(zone, lo, hi, after)
  while hi - lo > 1000 do
    local mid = (lo + hi) // 2
    if sw.time.offset(zone, mid) == after then
      hi = mid
    else
      lo = mid
    end
  end
  return hi // 1000 * 1000
end

local cache, cached = {}, 0

local function find(zone, first, last)
  local before = sw.time.offset(zone, first * DAY_MS)
  local list = { { first * DAY_MS, before } }
  for day = first + 1, math.min(last, first + MOST_DAYS) do
    local now = sw.time.offset(zone, day * DAY_MS)
    if now ~= before then
      list[#list + 1] = { change(zone, (day - 1) * DAY_MS, day * DAY_MS, now), now }
      before = now
    end
  end
  return list
end

function zones.between(zone, from_ms, to_ms)
  local first, last = from_ms // DAY_MS - 2, to_ms // DAY_MS + 2
  local mark = ("%s %d %d"):format(zone, first, last)
  if not cache[mark] then
    if cached > 200 then
      cache, cached = {}, 0
    end
    cache[mark], cached = find(zone, first, last), cached + 1
  end
  return cache[mark]
end

-- Around the instants from `low` to `high`: enough for what rules may say of them.
function zones.span(zone, low, high)
  return zones.between(zone, (low // DAY_MS - 38) * DAY_MS, (high // DAY_MS + 10) * DAY_MS)
end

function zones.around(zone, ms)
  return zones.span(zone, ms, ms)
end

return zones
