-- NAME: what the service is, in one line, and what is odd about it (units, ids, times).
--   GET /v1/workouts?from=2026-03-01&to=2026-03-07
--   { "data": [ { "id": "w1", "start": "2026-03-01T08:00:00+01:00", "minutes": 61, ... } ] }
local sw = require "syncwell"

return sw.provider {
  id = "NAME", title = "NAME", hosts = { "api.acme.example" }, base = "https://api.acme.example/v1",
  doc = "Your key: app.acme.example > Settings > API.",
  auth = sw.key { header = "Authorization", prefix = "Bearer ", secret = "api_key" },
  secrets = { api_key = "app.acme.example, Settings, API" },
  limits = { { 60, per = "1min" } },
  reads = {
    workouts = {
      path = "/workouts", query = { from = "{from_day}", to = "{to_day}" }, items = "data",
      window = "30d", bounds = "inclusive day", lookback = "3d", kind = "workout",
      map = { id = "id", start = sw.iso "start", elapsed_s = sw.minutes "minutes", sport = sw.sport "type",
        distance_m = sw.km "km" },
    },
    days = {
      path = "/days", query = { from = "{from_day}", to = "{to_day}" }, items = "data", window = "90d",
      days = { day = "date", values = { steps = "steps", weight = sw.value { "weight", unit = "lb" } } },
    },
  },
}
