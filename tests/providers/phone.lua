-- What iPhones post, made up: Health Auto Export, and an SDK's records.
return function(d)
  local function text(s)
    return (s:gsub("DATE", d.date):gsub("BEFORE", d.before))
  end
  local at = function(clock) return d.date .. "T" .. clock .. ":00Z" end
  return { reads = {}, posts = {
    { name = "Health Auto Export, totals and points", body = text [[{"data": {"metrics": [
      {"name": "step_count", "units": "count", "data": [{"date": "DATE 00:00:00 +0100", "qty": 8432, "source": "Apple Watch"}]},
      {"name": "walking_running_distance", "units": "km", "data": [{"date": "DATE 08:00:00 +0100", "qty": 1.5, "source": "iPhone"},
        {"date": "DATE 09:00:00 +0100", "qty": 0.25, "source": "iPhone"}]},
      {"name": "active_energy", "units": "kJ", "data": [{"date": "DATE 08:00:00 +0100", "qty": 418.4, "source": "Apple Watch"}]},
      {"name": "heart_rate", "units": "count/min", "data": [{"date": "DATE 08:00:00 +0100", "Min": 52, "Avg": 68.4, "Max": 141, "source": "Apple Watch"}]},
      {"name": "resting_heart_rate", "units": "bpm", "data": [{"date": "DATE 00:00:00 +0100", "qty": 52}]},
      {"name": "weight_body_mass", "units": "lb", "data": [{"date": "DATE 07:01:00 +0100", "qty": 160, "source": "Scale"}]},
      {"name": "height", "units": "cm", "data": [{"date": "DATE 07:02:00 +0100", "qty": 181, "source": "Scale"}]},
      {"name": "body_fat_percentage", "units": "%", "data": [{"date": "DATE 07:01:00 +0100", "qty": 18.5}]},
      {"name": "blood_pressure", "units": "mmHg", "data": [{"date": "DATE 08:00:00 +0100", "systolic": 118, "diastolic": 76}]},
      {"name": "blood_glucose", "units": "mg/dL", "data": [{"date": "DATE 08:05:00 +0100", "qty": 96, "mealTime": "Before Meal"}]},
      {"name": "body_temperature", "units": "degF", "data": [{"date": "DATE 08:06:00 +0100", "qty": 98.6}]},
      {"name": "dietary_water", "units": "fl_oz_us", "data": [{"date": "DATE 08:07:00 +0100", "qty": 10}]},
      {"name": "mindful_minutes", "units": "min", "data": [{"date": "DATE 21:00:00 +0100", "qty": 10, "source": "Insight Timer"}]},
      {"name": "moon_phase", "units": "count", "data": [{"date": "DATE 21:00:00 +0100", "qty": 1}]}]}}]],
      days = { steps = { [d.date] = 8432 } },
      samples = {
        distance = { { at "07:00", 1500, 3600 }, { at "08:00", 250, 3600 } }, active_energy = { { at "07:00", 100, 60 } },
        heart_rate = { { at "07:00", 68.4 } }, resting_heart_rate = { { d.before .. "T23:00:00Z", 52 } },
        weight = { { at "06:01", 160 * 0.45359237 } }, height = { { at "06:02", 1.81 } }, body_fat = { { at "06:01", 18.5 } },
        blood_pressure_systolic = { { at "07:00", 118 } }, blood_pressure_diastolic = { { at "07:00", 76 } },
        blood_glucose = { { at "07:05", 96 } }, body_temperature = { { at "07:06", 37 } },
        water = { { at "07:07", 295.735295625, 60 } }, mindful_minutes = { { at "20:00", 10, 60 } },
      }, rejected = "the metric 'moon_phase' has no counterpart here=1" },
    { name = "Health Auto Export, sleep and workouts", body = text [[{"data": {"metrics": [
      {"name": "sleep_analysis", "units": "hr", "data": [
        {"date": "DATE", "totalSleep": 6.4, "asleep": 0, "core": 3.9, "deep": 1.1, "rem": 1.4, "awake": 0.3, "inBed": 8,
         "sleepStart": "BEFORE 23:40:00 +0100", "sleepEnd": "DATE 06:22:00 +0100", "inBedStart": "BEFORE 23:20:00 +0100",
         "inBedEnd": "DATE 06:40:00 +0100", "source": "Apple Watch"}]}],
      "workouts": [
        {"id": "0F9A", "name": "Outdoor Run", "start": "DATE 17:00:00 +0100", "end": "DATE 17:30:00 +0100", "duration": 1790.5,
         "distance": {"qty": 3, "units": "mi"}, "activeEnergyBurned": {"qty": 1046, "units": "kJ"},
         "elevationUp": {"qty": 100, "units": "ft"}, "avgHeartRate": {"qty": 150, "units": "bpm"}, "maxHeartRate": {"qty": 171, "units": "bpm"},
         "heartRateData": [{"date": "DATE 17:05:00 +0100", "Min": 140, "Avg": 145.5, "Max": 150, "source": "Apple Watch"}]},
        {"name": "Yoga", "start": "DATE 19:00:00 +0100", "end": "DATE 19:00:00 +0100"}]}}]],
      records = {
        { id = "night:" .. d.date .. ":Apple Watch", kind = "sleep", start = d.before .. "T22:20:00Z", finish = at "05:40", offset = 60,
          attributes = { asleep_s = 23040, in_bed_s = 28800, light_s = 14040, deep_s = 3960, rem_s = 5040, awake_s = 1080, efficiency = 80 } },
        { id = "0F9A", kind = "workout", start = at "16:00", finish = at "16:30", offset = 60,
          attributes = { sport = "running", elapsed_s = 1800, timer_s = 1790.5, distance_m = 4828.032, energy_kcal = 250,
            ascent_m = 30.48, hr_avg = 150, hr_max = 171 } },
      }, samples = { heart_rate = { { at "16:05", 145.5 } } }, rejected = "a workout without its times, or of no length=1" },
    { name = "Health Auto Export, stages", body = text [[{"data": {"metrics": [{"name": "sleep_analysis", "units": "hr", "data": [
        {"startDate": "BEFORE 23:40:00 +0100", "endDate": "DATE 00:25:00 +0100", "qty": 0.75, "value": "Core", "source": "Watch"},
        {"startDate": "DATE 00:25:00 +0100", "endDate": "DATE 01:10:00 +0100", "qty": 0.75, "value": "Deep", "source": "Watch"},
        {"startDate": "DATE 01:10:00 +0100", "endDate": "DATE 01:40:00 +0100", "qty": 0.5, "value": "REM", "source": "Watch"},
        {"startDate": "DATE 01:40:00 +0100", "endDate": "DATE 01:46:00 +0100", "qty": 0.1, "value": "Awake", "source": "Watch"},
        {"startDate": "DATE 14:00:00 +0100", "endDate": "DATE 14:20:00 +0100", "qty": 0.33, "value": "Unspecified", "source": "Watch"}]}]}}]],
      records = {
        { id = "night:" .. d.date .. ":Watch", kind = "sleep", start = d.before .. "T22:40:00Z", finish = at "00:46", offset = 60,
          attributes = { asleep_s = 7200, light_s = 2700, deep_s = 2700, rem_s = 1800, awake_s = 360 }, stages = "light deep rem awake" },
        { id = "nap:" .. d.date .. "T14:00:Watch", kind = "sleep", start = at "13:00", finish = at "13:20", offset = 60,
          attributes = { asleep_s = 1200 }, stages = "asleep" },
      } },
    { name = "an SDK's records", body = text [[{"records": [
        {"id": "ED00", "type": "HKQuantityTypeIdentifierStepCount", "unit": "count", "value": 66, "startDate": "DATET07:56:11Z", "endDate": "DATET08:02:58Z", "source": {"name": "iPhone"}},
        {"id": "ED01", "type": "HKQuantityTypeIdentifierHeartRate", "unit": "bpm", "value": 61, "startDate": "DATET07:56:11Z", "endDate": "DATET07:56:11Z", "source": {"name": "Apple Watch"}},
        {"id": "ED02", "type": "HKQuantityTypeIdentifierOxygenSaturation", "unit": "%", "value": 0.97, "startDate": "DATET07:57:00Z", "endDate": "DATET07:57:00Z", "source": {"name": "Apple Watch"}},
        {"id": "ED03", "type": "HKQuantityTypeIdentifierBodyMass", "unit": "lb", "value": 160, "startDate": "DATET07:58:00Z", "endDate": "DATET07:58:00Z", "source": {"name": "Scale"}},
        {"id": "ED04", "type": "HKQuantityTypeIdentifierMoon", "unit": "x", "value": 1, "startDate": "DATET07:58:00Z", "endDate": "DATET07:58:00Z"}],
      "sleep": [{"id": "S1", "stage": "core", "startDate": "DATET01:00:00Z", "endDate": "DATET02:00:00Z", "source": {"name": "Apple Watch"}},
        {"id": "S2", "stage": "awake", "startDate": "DATET02:00:00Z", "endDate": "DATET02:10:00Z", "source": {"name": "Apple Watch"}}],
      "workouts": [{"id": "W1", "type": "walking", "startDate": "DATET17:27:00Z", "endDate": "DATET18:51:24Z", "source": {"name": "Apple Watch"},
        "values": [{"type": "duration", "unit": "s", "value": 1683.27}, {"type": "activeEnergyBurned", "unit": "kcal", "value": 131.41},
          {"type": "distance", "unit": "m", "value": 2165.35}, {"type": "averageHeartRate", "unit": "bpm", "value": 121.49}]}]}]],
      records = {
        { id = "night:" .. d.date .. ":Apple Watch", kind = "sleep", start = at "01:00", finish = at "02:10",
          attributes = { asleep_s = 3600, light_s = 3600, awake_s = 600 }, stages = "light awake" },
        { id = "W1", kind = "workout", start = at "17:27", finish = d.date .. "T18:51:24Z", attributes = { sport = "walking",
          elapsed_s = 5064, timer_s = 1683.27, energy_kcal = 131.41, distance_m = 2165.35, hr_avg = 121.49 } },
      }, samples = { steps = { { d.date .. "T07:56:11Z", 66, 407 } }, heart_rate = { { d.date .. "T07:56:11Z", 61 } },
        spo2 = { { at "07:57", 97 } }, weight = { { at "07:58", 160 * 0.45359237 } } },
      rejected = "the type 'HKQuantityTypeIdentifierMoon' has no counterpart here=1" },
    { name = "what Android sends", body = text [[{"app_version": "1.9", "steps": [{"count": 4, "start_time": "DATET07:00:00Z", "end_time": "DATET08:00:00Z"}]}]],
      rejected = "a document of no iPhone's app; Android has an address of its own: connect health-connect=1" },
  } }
end
