-- Sample answers of intervals.icu, made up; fields and units as its OpenAPI states them.
return function(d)
  local activities = ([[
[{"id": "i81000001", "name": "Hills", "type": "TrailRun", "source": "GARMIN_CONNECT", "device_name": "Fenix 7",
  "start_date_local": "DATET07:30:00", "start_date": "DATET06:30:00Z", "timezone": "Europe/Berlin",
  "elapsed_time": 4000, "moving_time": 3600, "distance": 10250.5, "total_elevation_gain": 420.0, "calories": 812,
  "average_heartrate": 151, "max_heartrate": 178, "average_speed": 2.847, "icu_average_watts": 240, "average_watts": 231,
  "average_cadence": 84.5, "icu_training_load": 95},
 {"id": "i81000002", "name": "Commute", "type": "VirtualRide", "source": "UPLOAD",
  "start_date_local": "DATET18:00:00", "start_date": "DATET17:00:00Z", "moving_time": 1800, "distance": 15000,
  "average_watts": 180},
 {"id": "i81000003", "type": "Yoga", "start_date_local": "DATET20:15:00", "moving_time": 900},
 {"id": "s55", "source": "STRAVA", "start_date_local": "DATET21:00:00", "_note": "not available via the API"}]
]]):gsub("DATE", d.date)
  local wellness = ([[
[{"id": "DATE", "weight": 73.4, "restingHR": 48, "hrv": 61.2, "hrvSDNN": 70.5, "sleepSecs": 27000, "sleepScore": 81,
  "spO2": 97, "steps": 11234, "vo2max": 52.5, "bodyFat": 14.2, "respiration": 13.8, "systolic": 118, "diastolic": 76,
  "bloodGlucose": 5.2, "kcalConsumed": 2400, "carbohydrates": 300, "protein": 120, "fatTotal": 80, "locked": false},
 {"id": "BEFORE", "steps": 4000, "restingHR": null}]
]]):gsub("DATE", d.date):gsub("BEFORE", d.before)
  local start = assert(sw.time.parse(d.date .. "T06:30:00Z"))
  local function after(s)
    return sw.time.iso(start + s * 1000, 0)
  end
  return {
    details = { activities = { item = { id = "i81000001", start = start },
      answer = [=[[{"type": "time", "data": [0, 1, 4]}, {"type": "heartrate", "data": [95, null, 99]}, {"type": "watts", "data": [200, 210, 220]},
        {"type": "velocity_smooth", "data": [2.5, 2.6, 2.7]}, {"type": "altitude", "data": [300.5, 301.0, 302.5]},
        {"type": "cadence", "data": [80, 81, 82]}, {"type": "temp", "data": [20, 20, 20]}]]=],
      samples = { heart_rate = { { after(0), 95 }, { after(4), 99 } }, power = { { after(0), 200 }, { after(1), 210 }, { after(4), 220 } },
        speed = { { after(0), 2.5 }, { after(1), 2.6 }, { after(4), 2.7 } }, altitude = { { after(0), 300.5 }, { after(1), 301 }, { after(4), 302.5 } },
        cadence = { { after(0), 80 }, { after(1), 81 }, { after(4), 82 } } } } },
    account = { body = '{"id": "i123456", "name": "Test Person", "email": "x@y.example"}', id = "i123456", name = "Test Person" },
    reads = {
      activities = { answers = { activities }, records = {
        { id = "i81000001", kind = "workout", start = d.date .. "T06:30:00Z", finish = d.date .. "T07:36:40Z", offset = 60,
          attributes = { sport = "running", sub_sport = "trail", title = "Hills", elapsed_s = 4000, timer_s = 3600,
            distance_m = 10250.5, ascent_m = 420, energy_kcal = 812, hr_avg = 151, hr_max = 178, speed_avg_mps = 2.847,
            power_avg_w = 240, cadence_avg_rpm = 84.5, load = 95 } },
        { id = "i81000002", kind = "workout", start = d.date .. "T17:00:00Z", finish = d.date .. "T17:30:00Z", offset = 60,
          attributes = { sport = "cycling", sub_sport = "virtual", title = "Commute", elapsed_s = 1800, timer_s = 1800,
            distance_m = 15000, power_avg_w = 180 } },
        -- no instant given: the wall clock of the user's zone
        { id = "i81000003", kind = "workout", start = d.date .. "T19:15:00Z", finish = d.date .. "T19:30:00Z", offset = 60,
          attributes = { sport = "yoga", elapsed_s = 900, timer_s = 900 } },
      } },
      wellness = { answers = { wellness }, days = {
        steps = { [d.date] = 11234, [d.before] = 4000 }, weight = { [d.date] = 73.4 }, resting_heart_rate = { [d.date] = 48 },
        hrv_rmssd = { [d.date] = 61.2 }, hrv_sdnn = { [d.date] = 70.5 }, sleep_score = { [d.date] = 81 },
        spo2 = { [d.date] = 97 }, vo2max = { [d.date] = 52.5 }, body_fat = { [d.date] = 14.2 },
        respiratory_rate = { [d.date] = 13.8 }, blood_pressure_systolic = { [d.date] = 118 },
        blood_pressure_diastolic = { [d.date] = 76 }, blood_glucose = { [d.date] = 5.2 * 18.0156 },
        energy_intake = { [d.date] = 2400 }, carbs = { [d.date] = 300 }, protein = { [d.date] = 120 }, fat = { [d.date] = 80 },
      } },
    },
  }
end
