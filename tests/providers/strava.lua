-- Sample answers of Strava's API v3, made up. start_date_local ends in a false Z; ids need 64 bits.
return function(d)
  local function page(text)
    return (text:gsub("DATE", d.date))
  end
  local start = assert(sw.time.parse(d.date .. "T05:10:00Z"))
  local function after(s)
    return sw.time.iso(start + s * 1000, 0)
  end
  local event = [[{"object_type":"activity","aspect_type":"create","object_id":154504250376823,"owner_id":134815,"updates":{},"event_time":1772953800,"subscription_id":120475}]]
  return {
    -- the signature was made by openssl dgst -sha256 -hmac over "1772953802." and the body
    webhook = { key = "a-client-secret-of-tests", at = 1772953802, body = event, hint = { account = 134815, id = 154504250376823 },
      headers = { ["x-strava-signature"] = "t=1772953802,v1=3c10e8bb7521220108a1e461b0d1e23c6be4962108e702ce7ac6ec7b1e834887" },
      more = { { body = '{"object_type":"athlete","aspect_type":"update","object_id":134815,"owner_id":134815,"updates":{"authorized":"false"}}',
        hint = { account = 134815, revoked = true } },
        { body = '{"object_type":"activity","aspect_type":"delete","object_id":9223372036854775807,"owner_id":134815}',
          hint = { account = 134815, id = 9223372036854775807 } } } },
    details = { activities = { item = { id = "154504250376823", start = start },
      answer = [=[{"time": {"data": [0, 2, 5], "series_type": "time", "original_size": 3, "resolution": "high"},
        "heartrate": {"data": [98, 101, null]}, "cadence": {"data": [60, 61, 62]}, "watts": {"data": [null, 150, 151]},
        "altitude": {"data": [510.2, 510.4, 511.0]}, "velocity_smooth": {"data": [0.0, 3.2, 4.1]},
        "latlng": {"data": [[48.1, 11.5], [48.2, 11.6], [48.3, 11.7]]}}]=],
      samples = { heart_rate = { { after(0), 98 }, { after(2), 101 } }, cadence = { { after(0), 60 }, { after(2), 61 }, { after(5), 62 } },
        power = { { after(2), 150 }, { after(5), 151 } }, altitude = { { after(0), 510.2 }, { after(2), 510.4 }, { after(5), 511 } },
        speed = { { after(0), 0 }, { after(2), 3.2 }, { after(5), 4.1 } }, latitude = { { after(0), 48.1 }, { after(2), 48.2 }, { after(5), 48.3 } },
        longitude = { { after(0), 11.5 }, { after(2), 11.6 }, { after(5), 11.7 } } } } },
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
