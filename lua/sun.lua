-- Sunrise and sunset of a place, to the minute between 1900 and 2079: the equation of time and the sun's
-- declination from its mean longitude and anomaly, the rim on the horizon through the air (-0.833 degrees).
--   sun.times(52.52, 13.405, day) --> sunrise_ms, sunset_ms (UTC) of that local day | nil: it stays so
-- `day` counts from 1970-01-01; the noon looked at is that of the place's own longitude.
local sun = {}

local DAY_MS = 86400000
local J2000_DAY = 10957.5 -- 2000-01-01 12:00 UTC, in days since 1970

local function sin(degrees) return math.sin(math.rad(degrees)) end
local function cos(degrees) return math.cos(math.rad(degrees)) end

-- Of the sun at an instant (days since 1970): declination in degrees, equation of time in minutes.
local function position(at)
  local t = (at - J2000_DAY) / 36525
  local longitude = (280.46646 + t * (36000.76983 + t * 0.0003032)) % 360
  local anomaly = 357.52911 + t * (35999.05029 - t * 0.0001537)
  local eccentricity = 0.016708634 - t * (0.000042037 + t * 0.0000001267)
  local centre = sin(anomaly) * (1.914602 - t * (0.004817 + t * 0.000014))
    + sin(2 * anomaly) * (0.019993 - t * 0.000101) + sin(3 * anomaly) * 0.000289
  local node = 125.04 - 1934.136 * t
  local apparent = longitude + centre - 0.00569 - 0.00478 * sin(node)
  local tilt = 23.4392911 - t * 0.0130042 + 0.00256 * cos(node)
  local declination = math.deg(math.asin(sin(tilt) * sin(apparent)))
  local y = math.tan(math.rad(tilt / 2)) ^ 2
  local minutes = 4 * math.deg(y * sin(2 * longitude) - 2 * eccentricity * sin(anomaly)
    + 4 * eccentricity * y * sin(anomaly) * cos(2 * longitude) - 0.5 * y * y * sin(4 * longitude)
    - 1.25 * eccentricity ^ 2 * sin(2 * anomaly))
  return declination, minutes
end

-- Days between noon and the horizon; nil where the sun does not reach it.
local function half_day(latitude, declination)
  local c = (sin(-0.833) - sin(latitude) * sin(declination)) / (cos(latitude) * cos(declination))
  if c < -1 or c > 1 then
    return nil
  end
  return math.deg(math.acos(c)) / 360
end

local function event(latitude, longitude, day, side)
  local at = day + 0.5 - longitude / 360
  for _ = 1, 3 do -- the sun moves on while the day passes
    local declination, minutes = position(at)
    local half = half_day(latitude, declination)
    if not half then
      return nil
    end
    at = day + 0.5 - longitude / 360 - minutes / 1440 + side * half
  end
  return math.floor(at * DAY_MS + 0.5)
end

function sun.times(latitude, longitude, day)
  local rise, set = event(latitude, longitude, day, -1), event(latitude, longitude, day, 1)
  if not rise or not set then
    return nil
  end
  return rise, set
end

return sun
