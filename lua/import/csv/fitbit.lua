-- SPDX-License-Identifier: MIT
-- Fitbit in Google Takeout, the newer folders: daily values as tables. A "Z" in them is false: the time is
-- that of the clock on the wall. The unused columns are ranges and parts of scores. Found by
-- lua/shapes.lua.
local NIGHT = { at = "timestamp", clock = "wall" }

return {
  name = "fitbit", title = "Fitbit (Google Takeout)", provider = "fitbit",
  origin = { name = "Fitbit", maker = "fitbit", kind = "band" },
  tables = {
    { name = "hrv_day", columns = { "timestamp", "rmssd", "nremhr", "entropy" }, time = NIGHT,
      values = { { at = "rmssd", metric = "hrv_rmssd", unit = "ms", skip_zero = true } } },
    { name = "spo2_day", columns = { "timestamp", "average_value", "lower_bound", "upper_bound" },
      time = NIGHT,
      values = { { at = "average_value", metric = "spo2", unit = "%", skip_zero = true } } },
    { name = "sleep_score", columns = { "sleep_log_entry_id", "timestamp", "overall_score" }, time = NIGHT,
      values = { { at = "overall_score", metric = "sleep_score", unit = "{score}", skip_zero = true } } },
  },
}
