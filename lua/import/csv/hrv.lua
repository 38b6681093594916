-- SPDX-License-Identifier: MIT
-- Morning readings of heart rate variability (HRV4Training, Elite HRV) and a plain table of body measures.
-- The two kinds of variability are two metrics. Scores and frequency bands have none. Found by
-- lua/shapes.lua.
local function value(at, metric, unit)
  return { at = at, metric = metric, unit = unit, skip_zero = true }
end

return {
  name = "hrv", title = "HRV4Training, Elite HRV, body measures", origin = { name = "HRV app", kind = "app" },
  tables = {
    { name = "hrv4training", columns = { "timestamp_measurement", "HR", "rMSSD" },
      origin = { name = "HRV4Training", kind = "app" }, time = { at = "timestamp_measurement",
        clock = "utc" },
      values = { value("HR", "heart_rate", "bpm"), value("rMSSD", "hrv_rmssd", "ms"),
        value("SDNN", "hrv_sdnn", "ms") } },
    { name = "elite_hrv", columns = { "Member", "Datetime", "Rmssd", "HR" },
      origin = { name = "Elite HRV", kind = "app" }, time = { at = "Datetime", clock = "wall" },
      values = { value("HR", "heart_rate", "bpm"), value("Rmssd", "hrv_rmssd", "ms"),
        value("Sdnn", "hrv_sdnn", "ms") } },
    { name = "body", columns = { "date", "weightkg", "fatpercent" }, origin = { name = "Body measures" },
      time = { at = "date" },
      values = { value("weightkg", "weight", "kg"), value("fatpercent", "body_fat", "%"),
        value("boneskg", "bone_mass", "kg"), value("leankg", "lean_mass", "kg") } },
  },
}
