-- SPDX-License-Identifier: MIT
-- Garmin's account export (DI_CONNECT): days, nights, activities and weighings as JSON lists. Summaries
-- count in centimetres, milliseconds and kilojoules. Recordings are FIT files beside them.
local sleeps = require("sleeps")

local function number(text)
  return tonumber(text)
end

local function positive(text, factor)
  local v = tonumber(text)
  return v and v > 0 and v * (factor or 1) or nil
end

-- A night without a beginning holds no data: the watch was not worn.
local function night(_, m, out)
  if not m.start_ms or not m.day then
    return
  elseif m.finish_ms <= m.start_ms then
    return out.reject("a sleep without any length")
  end
  out.record(sleeps.draft(m, { id = "garmin:sleep:" .. m.day,
    seconds = { light = number(m.light), deep = number(m.deep), rem = number(m.rem),
      awake = number(m.awake) },
    attributes = { respiration_avg = positive(m.respiration), score = positive(m.score) } }))
end

local SPORTS = { running = "running", trail_running = "running", treadmill_running = "running",
  cycling = "cycling", road_biking = "cycling", mountain_biking = "cycling", indoor_cycling = "cycling",
  virtual_ride = "cycling", walking = "walking", casual_walking = "walking", hiking = "hiking",
  lap_swimming = "swimming", open_water_swimming = "swimming", strength_training = "training",
  indoor_cardio = "training", yoga = "yoga", pilates = "pilates", indoor_rowing = "rowing", rowing = "rowing",
  elliptical = "elliptical", multi_sport = "multisport", hiit = "hiit" }

-- startTimeLocal is the wall clock written as if it were UTC: the two together give the offset.
local function offset_of(m)
  local there, here = tonumber(m.start_local), tonumber(m.start_gmt)
  local minutes = there and here and math.floor((there - here) / 60000)
  return minutes and math.abs(minutes) <= 18 * 60 and minutes or nil
end

local function activity(_, m, out)
  local elapsed = positive(m.elapsed) or positive(m.timer)
  if not m.start_ms or not m.id or not elapsed then
    return out.reject("a workout without any length")
  end
  out.record { kind = "workout", external_id = "garmin:activity:" .. m.id, start = m.start_ms,
    finish = m.start_ms + math.floor(elapsed + 0.5), origin = m.origin, offset_start = offset_of(m),
    attributes = { sport = SPORTS[m.type], category = m.type, name = m.name, elapsed_s = elapsed / 1000,
      timer_s = positive(m.timer, 0.001), moving_s = positive(m.moving, 0.001),
      distance_m = positive(m.distance, 0.01), ascent_m = positive(m.ascent, 0.01),
      speed_avg_mps = positive(m.speed, 10), energy_kcal = positive(m.energy, 1 / 4.184),
      hr_avg = positive(m.hr_avg), hr_max = positive(m.hr_max) } }
end

return {
  name = "garmin", title = "Garmin account export", provider = "garmin",
  origin = { name = "Garmin Connect", maker = "garmin", kind = "watch" },
  tables = {
    { name = "day", holds = { '"calendarDate"', '"totalSteps"' }, time = { at = "calendarDate",
      clock = "wall" },
      lasts_day = true, day = { at = "calendarDate" },
      values = { { at = "restingHeartRate", metric = "resting_heart_rate", unit = "bpm", skip_zero = true } },
      totals = { { at = "totalSteps", metric = "steps", unit = "{step}" },
        { at = "totalDistanceMeters", metric = "distance", unit = "m" },
        { at = "activeKilocalories", metric = "active_energy", unit = "kcal" },
        { at = "bmrKilocalories", metric = "basal_energy", unit = "kcal" } } },
    { name = "night", holds = { '"sleepStartTimestampGMT"' }, row = night,
      time = { at = "sleepStartTimestampGMT", clock = "utc" },
      finish = { at = "sleepEndTimestampGMT", clock = "utc" },
      fields = { day = "calendarDate", light = "lightSleepSeconds", deep = "deepSleepSeconds",
        rem = "remSleepSeconds", awake = "awakeSleepSeconds", respiration = "averageRespiration",
        score = "sleepScores.overallScore" } },
    { name = "activity", holds = { '"summarizedActivitiesExport"' }, list = "[].summarizedActivitiesExport[]",
      row = activity, time = { at = { "startTimeGmt" }, order = "ms" },
      fields = { id = "activityId", name = "name", type = "activityType", start_gmt = "startTimeGmt",
        start_local = "startTimeLocal", timer = "duration", elapsed = "elapsedDuration",
        moving = "movingDuration", distance = "distance", speed = "avgSpeed", hr_avg = "avgHr",
        hr_max = "maxHr", energy = "calories", ascent = "elevationGain" } },
    { name = "weight", holds = { '"weight"', '"timestampGMT"', '"metaData"' },
      time = { at = "weight.timestampGMT", clock = "utc" },
      origin = { name = "Garmin scale", maker = "garmin", kind = "scale" },
      values = { { at = "weight.weight", metric = "weight", unit = "g", skip_zero = true } } },
  },
}
