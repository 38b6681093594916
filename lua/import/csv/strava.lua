-- SPDX-License-Identifier: MIT
-- Strava's bulk export: activities.csv, one workout a row; the recordings in activities/ are read on their
-- own and meet their row in one group. Several columns stand twice: the second time in metres and seconds.
local sports = require("box.sports")

local MONTHS = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10,
  Nov = 11, Dec = 12 }

-- "May 23, 2023, 12:40:57 PM", in UTC
local function start_ms(text)
  local month, day, year, h, mi, s, half = (text or ""):match(
    "^(%a+)%.?%s+(%d+),%s+(%d%d%d%d),%s+(%d+):(%d%d):(%d%d)%s*([AP]?)M?$")
  local number = MONTHS[(month or ""):sub(1, 3)]
  if not number then
    return (sw.time.parse(text or ""))
  end
  h = tonumber(h)
  if half ~= "" then
    h = h % 12 + (half == "P" and 12 or 0)
  end
  local days = sw.time.day(tonumber(year), number, tonumber(day))
  return ((days * 24 + h) * 60 + tonumber(mi)) * 60000 + tonumber(s) * 1000
end

local function positive(text)
  local v = tonumber(text)
  return v and v > 0 and v or nil
end

local function attributes_of(m, elapsed)
  local km = positive(m.distance_km)
  local sport, sub_sport = sports.of(m.type)
  return { sport = sport, sub_sport = sub_sport, category = m.type, name = m.name, note = m.description,
    elapsed_s = elapsed,
    timer_s = positive(m.moving), distance_m = positive(m.distance_m) or km and km * 1000,
    ascent_m = positive(m.ascent), energy_kcal = positive(m.calories), hr_avg = positive(m.hr_avg),
    hr_max = positive(m.hr_max), speed_max_mps = positive(m.speed_max), power_avg_w = positive(m.power),
    cadence_avg = positive(m.cadence), recording = m.file }
end

local function workout(_, m, out)
  local start, elapsed = start_ms(m.date), positive(m.elapsed)
  if not start then
    return out.reject("a date in another language: set Strava to English and export again")
  elseif not elapsed or not m.id then
    return out.reject("a workout without any length")
  end
  out.record { kind = "workout", external_id = "strava:" .. m.id, start = start,
    finish = start + math.floor(elapsed * 1000 + 0.5), origin = m.origin, attributes = attributes_of(m,
      elapsed) }
end

return {
  name = "strava", title = "Strava (bulk export)", provider = "strava", origin = { name = "Strava",
    maker = "strava" },
  tables = {
    { name = "activities", columns = { "Activity ID", "Activity Date", "Activity Type", "Elapsed Time" },
      row = workout, fields = { id = "Activity ID", date = "Activity Date", name = "Activity Name",
        type = "Activity Type", description = "Activity Description", elapsed = "Elapsed Time",
        moving = "Moving Time", distance_km = "Distance", distance_m = "Distance#2",
          ascent = "Elevation Gain",
        calories = "Calories", hr_avg = "Average Heart Rate", hr_max = { "Max Heart Rate#2",
          "Max Heart Rate" },
        speed_max = "Max Speed", power = "Average Watts", cadence = "Average Cadence", file = "Filename" } },
  },
}
