-- Strava: activities by OAuth 2, with the key of an app of your own (single-player mode). Two limits at once,
-- all calls and reads, each for a quarter hour and a day; answers tell what is spent of them.
--   GET /athlete/activities?after=1772323200&before=1772928000&page=1&per_page=100
--   [ { "id": 154504250376823, "sport_type": "Run", "start_date": "2026-03-01T06:00:00Z", ... } ]
local sw = require "syncwell"

local ALL, READS = "X-RateLimit-Usage", "X-ReadRateLimit-Usage"

return sw.provider {
  id = "strava", title = "Strava", hosts = { "www.strava.com" }, base = "https://www.strava.com/api/v3",
  doc = "Register an app at strava.com/settings/api (needs a subscription) and give its client id.",
  auth = sw.oauth2 {
    authorize = "https://www.strava.com/oauth/authorize", token = "https://www.strava.com/oauth/token",
    scopes = { "read", "activity:read_all", "profile:read_all" }, separator = ",", client = "body",
    refresh = "rotating", extra = { approval_prompt = "auto" },
      revoke = "https://www.strava.com/oauth/revoke",
  },
  account = { path = "/athlete", id = "id", name = "username" },
  limits = {
    { 200, per = "15min", bucket = "app", aligned = true, usage = ALL, part = 1 },
    { 2000, per = "1d", bucket = "app", aligned = true, usage = ALL, part = 2 },
    { 100, per = "15min", bucket = "app", of = "read", aligned = true, usage = READS, part = 1 },
    { 1000, per = "1d", bucket = "app", of = "read", aligned = true, usage = READS, part = 2 },
  },
  policy = { share = false, aggregate = false, llm = false },
  reads = {
    activities = {
      path = "/athlete/activities", query = { after = "{from_s}", before = "{to_s}" }, window = "90d",
      bounds = "instant", lookback = "3d", page = sw.pages { size = 100 }, kind = "workout", complete = true,
      map = {
        id = "id", start = sw.iso "start_date", offset = sw.seconds_east "utc_offset",
        sport = sw.sport "sport_type", sub_sport = sw.sub_sport "sport_type", title = "name",
        elapsed_s = sw.seconds "elapsed_time", timer_s = sw.seconds "moving_time",
        distance_m = sw.metres "distance", ascent_m = sw.metres "total_elevation_gain",
        energy_kcal = sw.kcal "calories", hr_avg = sw.per_min "average_heartrate",
        hr_max = sw.per_min "max_heartrate", speed_avg_mps = "average_speed",
        power_avg_w = sw.watts "average_watts", cadence_avg_rpm = sw.per_min "average_cadence",
      },
      origin = { name = "device_name", kind = sw.const "app" },
      detail = {
        path = "/activities/{id}/streams",
        query = { keys = "time,latlng,altitude,velocity_smooth,heartrate,cadence,watts",
          key_by_type = "true" },
        streams = { time = "time.data", altitude = "altitude.data", speed = "velocity_smooth.data",
          heart_rate = "heartrate.data", cadence = "cadence.data", power = "watts.data" },
        pairs = { latitude = { "latlng.data", 1 }, longitude = { "latlng.data", 2 } },
      },
    },
  },
  -- One subscription an app; the signature is checked when it is sent, the address is a secret anyway.
  webhook = {
    challenge = { param = "hub.challenge", token = "hub.verify_token" },
    verify = sw.hmac { header = "X-Strava-Signature", over = "timestamp.body", timestamp = "t,v1",
      optional = true },
    parse = function(req)
      local e = req.json or {}
      if e.object_type == "athlete" then
        return { account = e.owner_id, revoked = e.updates and e.updates.authorized == "false" }
      end
      return { account = e.owner_id, id = e.object_id }
    end,
  },
}
