-- Nightscout: glucose and treatments of a site of your own. Glucose is mg/dL whatever the site displays;
-- readings under 13 are error codes of the sensor. The secret goes out as its SHA-1, as the site wants it.
--   GET /api/v1/entries.json?find[date][$gte]=1781110800000&count=5000
--   [ { "type": "sgv", "sgv": 112, "date": 1781110800000, "device": "dexcom" } ]
local sw = require "syncwell"

local KINDS = { ["Meal Bolus"] = true, ["Carb Correction"] = true, ["Snack Bolus"] = true }

return sw.provider {
  id = "nightscout", title = "Nightscout", self_hosted = true,
  doc = "Your site's address is given at connect: --base-url https://mine.example",
  auth = sw.sealed { header = "api-secret", value = sw.sha1(sw.secret "api_secret") },
  secrets = { api_secret = "API_SECRET of your site" },
  account = { path = "/api/v1/status.json", id = "name", name = "name" },
  limits = { { 120, per = "1min" } },
  poll = "5min",
  policy = { share = false, aggregate = false, llm = false },
  reads = {
    entries = {
      path = "/api/v1/entries.json", window = "7d", bounds = "instant", lookback = "1d",
      query = { ["find[date][$gte]"] = "{from_ms}", ["find[date][$lt]"] = "{to_ms}", count = "10000" },
      series = {
        { metric = "blood_glucose", unit = "mg/dL", time = sw.unix_ms "date", value = "sgv", min = 13,
          offset = "utcOffset", where = "type", is = "sgv",
          origin = { name = "Nightscout", kind = "app" } },
        { metric = "blood_glucose", unit = "mg/dL", time = sw.unix_ms "date", value = "mbg",
          offset = "utcOffset", where = "type", is = "mbg",
          origin = { name = "Fingerstick", kind = "manual" } },
      },
    },
    treatments = {
      path = "/api/v1/treatments.json", window = "30d", bounds = "instant", lookback = "3d",
      query = { ["find[created_at][$gte]"] = "{from_iso}", ["find[created_at][$lt]"] = "{to_iso}",
        count = "10000" },
      kind = "meal", skip = function(item) return not KINDS[item.eventType or ""] or not item.carbs end,
      map = { id = "_id", start = sw.iso "created_at", carbs_g = sw.grams "carbs", meal = "eventType" },
      series = { metric = "insulin", time = sw.iso "created_at", value = "insulin", offset = "utcOffset",
        origin = { name = "Nightscout", kind = "app" } },
    },
  },
}
