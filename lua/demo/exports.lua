-- SPDX-License-Identifier: MIT
-- A few made-up days as the services export them: tables and JSON with each one's habits, and what is in
-- them.
--   for _, f in ipairs(exports.files { first = day, days = 3, zone = "Europe/Berlin" }) do write(f.name,
-- f.text) end
local exports = {}

local DAY_MS = 86400000

-- The same day in every service: figures follow from its number, so that each file can be foretold.
local function facts(plan)
  local list = {}
  for i = 0, plan.days - 1 do
    local day = plan.first + i
    local bed = sw.time.utc(plan.zone, day * DAY_MS) - 3600000 -- 23:00 of the evening before, at the latest
    list[#list + 1] = { day = day, text = sw.time.day_text(day), steps = 4000 + 137 * i,
      weight_kg = 70 + i / 4,
      resting = 50 + i, bed = bed, up = bed + 7 * 3600000, deep_min = 60 + i, rem_min = 90,
        light_min = 250 - i,
      awake_min = 20 }
  end
  return list
end

local function utc_text(ms)
  return (sw.time.iso(ms, 0):gsub("Z$", ""):gsub("%+00:00$", ""))
end

local function wall(plan, ms)
  return sw.time.iso(ms, sw.time.offset(plan.zone, ms)):sub(1, 19)
end

local function us_date(text)
  return ("%s/%s/%s"):format(text:sub(6, 7), text:sub(9, 10), text:sub(3, 4))
end

local function each(list, write)
  local out = {}
  for i, f in ipairs(list) do
    out[i] = write(f, i)
  end
  return out
end

local function json_list(parts)
  return "[" .. table.concat(parts, ",\n  ") .. "]\n"
end

local function rows(header, parts)
  return header .. "\r\n" .. table.concat(parts, "\r\n") .. "\r\n"
end

-- "Takeout/Fitbit": steps a minute in UTC, sleep by the clock on the wall with levels.
local function fitbit(plan, list)
  local steps = each(list, function(f)
    local noon = sw.time.utc(plan.zone, f.day * DAY_MS + 12 * 3600000)
    local t = utc_text(noon)
    return ('{"dateTime":"%s %s","value":"%d"}'):format(us_date(t), t:sub(12, 19), f.steps)
  end)
  local sleep = each(list, function(f, i)
    local at, levels = f.bed, {}
    for _, l in ipairs { { "light", f.light_min }, { "deep", f.deep_min }, { "rem", f.rem_min },
      { "wake", f.awake_min } } do
      levels[#levels + 1] = ('{"dateTime":"%s.000","level":"%s","seconds":%d}'):format(wall(plan, at),
        l[1], l[2] * 60)
      at = at + l[2] * 60000
    end
    return ('{"logId":%d,"dateOfSleep":"%s","startTime":"%s.000","duration":%d,"levels":{"data":[%s],'
      .. '"shortData":[]},"mainSleep":true}'):format(7000 + i, f.text, wall(plan, f.bed), at - f.bed,
      table.concat(levels, ","))
  end)
  local folder = "Takeout/Fitbit/Global Export Data/"
  return { { name = folder .. "steps-2024-01-01.json", text = json_list(steps) },
    { name = folder .. "sleep-2024-01-01.json", text = json_list(sleep) } }
end

local function google_fit(_, list)
  return { { name = "Takeout/Fit/Daily activity metrics/Daily activity metrics.csv",
    text = rows("Date,Move Minutes count,Calories (kcal),Distance (m),Step count", each(list, function(f)
      return ("%s,30,2000,%d,%d"):format(f.text, f.steps // 2, f.steps)
    end)) } }
end

local function garmin(_, list)
  return { { name = "DI_CONNECT/DI-Connect-Wellness/a_sleepData.json", text = json_list(each(list, function(f)
    return ('{"sleepStartTimestampGMT":"%s.0","sleepEndTimestampGMT":"%s.0","calendarDate":"%s",'
      .. '"deepSleepSeconds":%d,"lightSleepSeconds":%d,"remSleepSeconds":%d,"awakeSleepSeconds":%d}'):format(
      utc_text(f.bed), utc_text(f.up), f.text, f.deep_min * 60, f.light_min * 60, f.rem_min * 60,
        f.awake_min * 60)
  end)) } }
end

local function strava(_, list)
  local months = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }
  return { { name = "activities.csv", text = rows("Activity ID,Activity Date,Activity Name,Activity Type,"
    .. "Elapsed Time,Distance,Filename,Elapsed Time,Moving Time,Distance", each(list, function(f, i)
      local _, month, day = f.text:match("(%d+)-(%d+)-(%d+)")
      local row = '%d,"%s %d, %s, 5:00:00 PM","Evening, round %d",Run,1800,5.01,,1800,1750,5012.5'
      return row:format(900 + i, months[tonumber(month)], tonumber(day), f.text:sub(1, 4), i)
    end)) } }
end

local function withings(_, list)
  return { { name = "withings/weight.csv", text = rows("Date,\"Weight (kg)\",\"Fat mass (kg)\",Comments",
    each(list, function(f)
      return ('"%s 07:05:00",%.2f,,""'):format(f.text, f.weight_kg)
    end)) } }
end

local function zepp(_, list)
  return { { name = "SLEEP/SLEEP_1.csv", text = "\u{feff}" .. rows(
    "date,deepSleepTime,shallowSleepTime,wakeTime,start,stop,REMTime", each(list, function(f)
      return ("%s,%d,%d,%d,%s+0000,%s+0000,%d"):format(f.text, f.deep_min, f.light_min, f.awake_min,
        utc_text(f.bed):gsub("T", " "), (utc_text(f.up):gsub("T", " ")), f.rem_min)
    end)) } }
end

local function samsung_health(_, list)
  return { { name = "samsung/com.samsung.health.weight.2024.csv",
    text = "com.samsung.health.weight,612,3\n" .. rows(
    "start_time,body_fat,height,weight,time_offset,datauuid", each(list, function(f)
      return ("%s.000,21.5,180.0,%.2f,UTC+0100,u%d,"):format(utc_text(f.up):gsub("T", " "), f.weight_kg,
        f.day)
    end)) } }
end

local function cronometer(_, list)
  return { { name = "cronometer/servings.csv",
    text = rows("Day,Group,Food Name,Amount,Energy (kcal),Protein (g)",
    each(list, function(f)
      local meal = ('%s,Lunch,"Lentil ""dal"", red",1.00 cup,250.5,12'):format(f.text)
      return meal .. "\r\n" .. meal
    end)) } }
end

local function myfitnesspal(_, list)
  return { { name = "mfp/Nutrition-Summary.csv", text = rows("Date,Meal,Calories,Fat (g),Fiber",
    each(list, function(f)
      return ('%s,Lunch,"1,050.0",20,8\r\n%s,Dinner,600,10,8'):format(f.text, f.text)
    end)) } }
end

local function oura(plan, list)
  return { { name = "oura/oura.json", text = '{"sleep":' .. json_list(each(list, function(f, i)
    return ('{"id":"n%d","day":"%s","type":"%s","bedtime_start":"%s","bedtime_end":"%s",'
      .. '"deep_sleep_duration":%d,'
      .. '"light_sleep_duration":%d,"rem_sleep_duration":%d,"awake_time":%d,"sleep_phase_5_min":"4%s",'
      .. '"heart_rate":{"interval":300.0,"items":[null,51,52]}}'):format(i, f.text,
      i == plan.days and "deleted" or "long_sleep", sw.time.iso(f.bed, 60), sw.time.iso(f.up, 60),
        f.deep_min * 60,
      f.light_min * 60, f.rem_min * 60, f.awake_min * 60, ("2"):rep(83))
  end)) .. "}" } }
end

local WRITERS = { fitbit = fitbit, google_fit = google_fit, garmin = garmin, strava = strava,
  withings = withings,
  zepp = zepp, samsung_health = samsung_health, cronometer = cronometer, myfitnesspal = myfitnesspal,
    oura = oura }

-- Files by service, and the facts that are in them. plan: first (day number), days, zone.
function exports.files(plan)
  local list, out = facts(plan), {}
  for name, write in pairs(WRITERS) do
    out[name] = write(plan, list)
  end
  return out, list
end

return exports
