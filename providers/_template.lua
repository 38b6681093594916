-- NAME: what the service is, in one line, and what is odd about it (units, ids, times).
--   GET /v1/sleep?from=2026-03-01&to=2026-03-07&cursor=...
--   { "data": [ { "id": "n1", "bedtime_start": "2026-03-01T22:50:00+01:00", ... } ], "next": "abc" }
-- Copy this to providers/<id>.lua of your home; a file that begins with _ is left alone.
local sw = require "syncwell"

return sw.provider {
  id = "acme-ring", title = "Acme Ring", hosts = { "api.acme.example" }, base = "https://api.acme.example/v1",
  doc = "Your key: app.acme.example > Settings > API.",
  auth = sw.key { header = "Authorization", prefix = "Bearer ", secret = "api_key" },
  secrets = { api_key = "Acme Ring, Settings, API" },
  account = { path = "/me", id = "id", name = "name" },
  limits = { { 60, per = "1min" } },
  policy = { share = false, aggregate = false, llm = false },
  reads = {
    sleep = {
      path = "/sleep", query = { from = "{from_day}", to = "{to_day}" }, window = "30d",
      bounds = "inclusive day", lookback = "3d", page = sw.token { field = "next", param = "cursor" },
      items = "data", kind = "sleep",
      map = { id = "id", start = sw.iso "bedtime_start", finish = sw.iso "bedtime_end",
        deep_s = sw.minutes "deep", rem_s = sw.minutes "rem", efficiency = sw.fraction "efficiency" },
    },
    days = {
      path = "/days", query = { from = "{from_day}", to = "{to_day}" }, window = "90d", items = "data",
      days = { day = "date", values = { steps = "steps", weight = sw.value { "weight", unit = "lb" } } },
    },
    pulse = {
      path = "/pulse", query = { since = "{from_s}", before = "{to_s}" }, window = "7d", bounds = "instant",
      series = { metric = "heart_rate", unit = "/min", time = sw.unix "t", value = "bpm", min = 20 },
    },
  },
}
