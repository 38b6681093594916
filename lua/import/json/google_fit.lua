-- SPDX-License-Identifier: MIT
-- Google Fit in Google Takeout, "All Data": data points with times in nanoseconds since 1970. Amounts
-- repeat what "Daily activity metrics" holds, from several sources that overlap: not counted twice.
local REPEATS = "repeats what the tables in 'Daily activity metrics' hold: import those"

local function instant(name, word, value)
  value.at, value.skip_zero = "fitValue.0.value.fpVal", true
  return { name = name, list = ".Data Points[]", holds = { '"Data Points"', '"com.google.' .. word .. '"' },
    time = { at = "startTimeNanos", order = "ns" }, values = { value } }
end

local function repeated(name, word)
  return { name = name, list = ".Data Points[]", holds = { '"Data Points"', '"com.google.' .. word .. '"' },
    values = function()
      return {}, REPEATS
    end }
end

return {
  name = "google_fit", title = "Google Fit (Google Takeout)", provider = "google_fit",
  origin = { name = "Google Fit", maker = "google", kind = "phone" },
  tables = {
    instant("heart_rate", "heart_rate.bpm", { metric = "heart_rate", unit = "bpm" }),
    instant("weight", "weight", { metric = "weight", unit = "kg" }),
    instant("height", "height", { metric = "height", unit = "m" }),
    instant("body_fat", "body.fat.percentage", { metric = "body_fat", unit = "%" }),
    instant("spo2", "oxygen_saturation", { metric = "spo2", unit = "%" }),
    instant("temperature", "body.temperature", { metric = "body_temperature", unit = "Cel" }),
    repeated("steps", "step_count.delta"),
    repeated("distance", "distance.delta"),
    repeated("energy", "calories.expended"),
  },
}
