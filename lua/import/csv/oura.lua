-- SPDX-License-Identifier: MIT
-- Oura's trends: one row a day with the night that ended on it. The JSON beside it (json/oura.lua) says
-- more; the two describe the same nights and meet in one group. Durations are seconds.
local sleeps = require("sleeps")

local function night(_, m, out)
  if not m.start_ms or m.finish_ms <= m.start_ms then
    return -- a day without a night
  end
  out.record(sleeps.draft(m, { id = "oura:trend:" .. m.day_text, seconds = { light = tonumber(m.light),
    deep = tonumber(m.deep), rem = tonumber(m.rem), awake = tonumber(m.awake) },
    attributes = { hr_avg = tonumber(m.hr_avg), hr_min = tonumber(m.hr_min),
      hrv_avg_ms = tonumber(m.hrv) } }))
end

return {
  name = "oura", title = "Oura export", provider = "oura", origin = { name = "Oura Ring", maker = "oura",
    kind = "ring" },
  tables = {
    { name = "trend", columns = { "date", "Total Sleep Duration", "Bedtime Start", "Bedtime End" },
      row = night,
      day = { at = "date" }, time = { at = "Bedtime Start" }, finish = { at = "Bedtime End" },
      totals = { { at = "Steps", metric = "steps", unit = "{step}" } },
      fields = { light = "Light Sleep Duration", deep = "Deep Sleep Duration", rem = "REM Sleep Duration",
        awake = "Awake Time", hr_avg = "Average Resting Heart Rate", hr_min = "Lowest Resting Heart Rate",
        hrv = "Average HRV" } },
  },
}
