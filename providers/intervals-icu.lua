-- intervals.icu: activities and wellness by a personal key; also the way in for what Garmin, COROS, Polar
-- and others send there. Activities that came from Strava arrive as stubs (its terms) and are left out.
--   GET /athlete/0/activities?oldest=2026-03-01&newest=2026-03-07
--   [ { "id": "i42", "type": "Ride", "start_date": "2026-03-01T06:00:00Z", "distance": 40000, ... } ]
local sw = require "syncwell"

return sw.provider {
  id = "intervals-icu", title = "intervals.icu", hosts = { "intervals.icu" },
  base = "https://intervals.icu/api/v1",
  doc = "Free. Your key: intervals.icu > Settings > Developer settings > API key.",
  auth = sw.basic { user = "API_KEY", password = "api_key" },
  secrets = { api_key = "intervals.icu, Settings, Developer settings" },
  account = { path = "/athlete/0", id = "id", name = "name" },
  limits = { { 60, per = "1min" } }, -- not published: be gentle
  policy = { share = false, aggregate = false, llm = false },
  reads = {
    activities = {
      path = "/athlete/0/activities", query = { oldest = "{from_day}", newest = "{to_day}" },
      window = "90d", bounds = "inclusive day", lookback = "3d", kind = "workout", complete = true,
      skip = function(item) return item.source == "STRAVA" end,
      map = {
        id = "id", start = sw.first { sw.iso "start_date", sw.wall "start_date_local" },
        offset = sw.offset_between("start_date_local", "start_date"),
        sport = sw.sport "type", sub_sport = sw.sub_sport "type", title = "name",
        elapsed_s = sw.first { sw.seconds "elapsed_time", sw.seconds "moving_time" },
        timer_s = sw.seconds "moving_time",
        distance_m = sw.metres "distance", ascent_m = sw.metres "total_elevation_gain",
        energy_kcal = sw.kcal "calories", hr_avg = sw.per_min "average_heartrate",
        hr_max = sw.per_min "max_heartrate", speed_avg_mps = "average_speed",
        power_avg_w = sw.first { "icu_average_watts", "average_watts" },
          cadence_avg_rpm = sw.per_min "average_cadence",
        load = "icu_training_load",
      },
      origin = { name = sw.first { "device_name", "source" }, kind = sw.const "app" },
      detail = {
        path = "/activity/{id}/streams.json",
        query = { types = "time,altitude,velocity_smooth,heartrate,cadence,watts" },
        by = "type", data = "data",
        streams = { time = "time", altitude = "altitude", speed = "velocity_smooth", heart_rate = "heartrate",
          cadence = "cadence", power = "watts" },
      },
    },
    wellness = {
      path = "/athlete/0/wellness", query = { oldest = "{from_day}", newest = "{to_day}" },
      window = "90d", bounds = "inclusive day", lookback = "7d",
      days = { day = "id", values = {
        steps = "steps", weight = sw.value { "weight", unit = "kg" },
        resting_heart_rate = "restingHR", hrv_rmssd = sw.value { "hrv", unit = "ms" },
        hrv_sdnn = sw.value { "hrvSDNN", unit = "ms" }, sleep_score = "sleepScore",
        spo2 = sw.value { "spO2", unit = "%" }, vo2max = "vo2max", body_fat = sw.value { "bodyFat",
          unit = "%" },
        respiratory_rate = "respiration", blood_pressure_systolic = "systolic",
        blood_pressure_diastolic = "diastolic", blood_glucose = sw.value { "bloodGlucose", unit = "mmol/L" },
        energy_intake = sw.value { "kcalConsumed", unit = "kcal" }, carbs = sw.value { "carbohydrates",
          unit = "g" },
        protein = sw.value { "protein", unit = "g" }, fat = sw.value { "fatTotal", unit = "g" },
      } },
    },
  },
}
