-- Sample answers of Strava's API v3, made up. start_date_local ends in a false Z; ids need 64 bits.
return function(d)
  local function page(text)
    return (text:gsub("DATE", d.date))
  end
  return {
    account = { body = '{"id": 134815, "username": "test_person", "firstname": "Test"}', id = "134815", name = "test_person" },
    reads = { activities = {
      answers = {
        page [==[[{"id": 154504250376823, "name": "Morning", "distance": 24931.4, "moving_time": 4500, "elapsed_time": 4561,
          "total_elevation_gain": 210.5, "type": "Ride", "sport_type": "MountainBikeRide", "start_date": "DATET05:10:00Z",
          "start_date_local": "DATET06:10:00Z", "timezone": "(GMT+01:00) Europe/Berlin", "utc_offset": 3600.0,
          "average_speed": 5.54, "average_cadence": 67.1, "average_watts": 175.3, "kilojoules": 788.7, "device_watts": false,
          "has_heartrate": true, "average_heartrate": 140.3, "max_heartrate": 178, "device_name": "Edge 530", "calories": 640},
         {"id": 11223344556677, "name": "Lap", "distance": 1500, "moving_time": 1900, "elapsed_time": 2000, "type": "Swim",
          "sport_type": "Swim", "start_date": "DATET16:00:00Z", "start_date_local": "DATET17:00:00Z", "utc_offset": 3600}]]==],
        page [==[[{"id": 9223372036854775807, "name": "Evening walk", "distance": 3000.0, "moving_time": 2400, "elapsed_time": 2400,
          "type": "Walk", "sport_type": "Walk", "start_date": "DATET19:00:00Z", "start_date_local": "DATET20:00:00Z",
          "utc_offset": 3600.0, "manual": true}]]==],
      },
      records = {
        { id = "154504250376823", kind = "workout", start = d.date .. "T05:10:00Z", finish = d.date .. "T06:26:01Z", offset = 60,
          attributes = { sport = "cycling", sub_sport = "mountain", title = "Morning", elapsed_s = 4561, timer_s = 4500,
            distance_m = 24931.4, ascent_m = 210.5, energy_kcal = 640, hr_avg = 140.3, hr_max = 178, speed_avg_mps = 5.54,
            power_avg_w = 175.3, cadence_avg_rpm = 67.1 } },
        { id = "11223344556677", kind = "workout", start = d.date .. "T16:00:00Z", finish = d.date .. "T16:33:20Z", offset = 60,
          attributes = { sport = "swimming", title = "Lap", elapsed_s = 2000, timer_s = 1900, distance_m = 1500 } },
        { id = "9223372036854775807", kind = "workout", start = d.date .. "T19:00:00Z", finish = d.date .. "T19:40:00Z", offset = 60,
          attributes = { sport = "walking", title = "Evening walk", elapsed_s = 2400, timer_s = 2400, distance_m = 3000 } },
      } } },
  }
end
