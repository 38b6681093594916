-- SPDX-License-Identifier: MIT
-- Google Fit in Google Takeout, "Daily activity metrics": a table of days, and one of quarter hours for
-- each day. Calories there include those at rest: no metric. Headers in English only. Found by
-- lua/shapes.lua.
return {
  name = "google_fit", title = "Google Fit (Google Takeout)", provider = "google_fit",
  origin = { name = "Google Fit", maker = "google", kind = "phone" },
  tables = {
    { name = "quarters", columns = { "Start time", "End time", "Step count" },
      file = "^%d%d%d%d%-%d%d%-%d%d%.csv$", day_from_name = "^(%d%d%d%d%-%d%d%-%d%d)%.csv$",
      time = { at = "Start time" }, finish = { at = "End time" },
      values = { { at = "Step count", metric = "steps", unit = "{step}" },
        { at = "Distance (m)", metric = "distance", unit = "m" },
        { at = "Average heart rate (bpm)", metric = "heart_rate", unit = "bpm", skip_zero = true },
        { at = "Average weight (kg)", metric = "weight", unit = "kg", skip_zero = true } } },
    { name = "days", columns = { "Date", "Step count", "Move Minutes count" }, day = { at = "Date" },
      totals = { { at = "Step count", metric = "steps", unit = "{step}" },
        { at = "Distance (m)", metric = "distance", unit = "m" } } },
  },
}
