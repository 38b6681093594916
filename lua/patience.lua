-- How long a server that refused a request says to wait: Retry-After, or what its limits say of themselves.
--   patience.told(headers, wall ms)   --> ms, a day at most | nil where nothing is said
local patience = {}

local DAY_MS = 86400000

local months = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10,
  Nov = 11, Dec = 12 }

-- "Sun, 22 Nov 2026 10:00:00 GMT" in milliseconds.
local function http_date(text)
  local d, mon, y, h, m, s = text:match("(%d%d?) (%a+) (%d%d%d%d) (%d%d):(%d%d):(%d%d)")
  if not months[mon or ""] then
    return nil
  end
  return sw.time.day(tonumber(y), months[mon], tonumber(d)) * DAY_MS + (h * 3600 + m * 60 + s) * 1000 // 1
end

-- Seconds to wait as milliseconds: none for nonsense, a day at most, since a mistake must not last a century.
local function wait_ms(seconds)
  seconds = seconds and seconds == seconds and math.max(0, math.min(seconds, DAY_MS // 1000))
  return seconds and math.tointeger(math.ceil(seconds * 1000)) or nil
end

-- How long a refused request says to wait: seconds, a date, an epoch, or the rest of a window.
function patience.told(list, wall)
  local headers = {}
  for name, value in pairs(list) do
    headers[name:lower()] = value
  end
  local after = headers["retry-after"]
  if after then
    local date = not tonumber(after) and http_date(after)
    return wait_ms(tonumber(after) or date and (date - wall) / 1000)
  end
  local fields = headers["ratelimit"] or ""
  local reset = tonumber(headers["x-ratelimit-reset"] or headers["ratelimit-reset"]
    or fields:match("[;,%s]t=(%d+)") or fields:match("reset=(%d+)"))
  return wait_ms(reset and (reset > 1e9 and reset - wall / 1000 or reset))
end

return patience
