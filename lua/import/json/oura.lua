-- SPDX-License-Identifier: MIT
-- Oura's data as JSON: lists of nights, days of activity, readiness. A night of type "deleted" is none.
-- Phases are digits of five minutes; gaps in lists of readings are null. Found by lua/shapes.lua.
local sleeps = require("sleeps")

local PHASES = { ["1"] = "deep", ["2"] = "light", ["3"] = "rem", ["4"] = "awake" }
local FIVE_MINUTES = 300000

local function stages_of(m)
  local list, at = {}, m.start_ms
  for digit in (m.phases or ""):gmatch("%d") do
    local last, finish = list[#list], math.min(at + FIVE_MINUTES, m.finish_ms)
    if last and last.stage == PHASES[digit] and last.finish == at then
      last.finish = finish
    elseif PHASES[digit] and finish > at then
      list[#list + 1] = { start = at, finish = finish, stage = PHASES[digit] }
    end
    at = at + FIVE_MINUTES
  end
  return list
end

local function night(_, m, out)
  if not m.start_ms or m.finish_ms <= m.start_ms or not m.id then
    return out.reject("a sleep without any length")
  end
  out.record(sleeps.draft(m, { id = "oura:sleep:" .. m.id, stages = stages_of(m),
    seconds = { light = tonumber(m.light), deep = tonumber(m.deep), rem = tonumber(m.rem),
      awake = tonumber(m.awake) },
    attributes = { type = m.type, efficiency = tonumber(m.efficiency), hr_avg = tonumber(m.hr_avg),
      hr_min = tonumber(m.hr_min), hrv_avg_ms = tonumber(m.hrv_avg),
        respiration_avg = tonumber(m.breath) } }))
end

local KNOWN = { '"bedtime_start"', '"sleep_phase_5_min"' }

return {
  name = "oura", title = "Oura export", provider = "oura",
  origin = { name = "Oura Ring", maker = "oura", kind = "ring" },
  tables = {
    { name = "night", holds = KNOWN, list = ".sleep[]", row = night, time = { at = "bedtime_start" },
      finish = { at = "bedtime_end" }, where = { { at = "type", is_not = "deleted" } },
      arrays = { { at = "heart_rate.items", lasts = "heart_rate.interval", metric = "heart_rate",
        unit = "bpm" },
        { at = "hrv.items", lasts = "hrv.interval", metric = "hrv_rmssd", unit = "ms" } },
      fields = { id = "id", type = "type", phases = "sleep_phase_5_min", light = "light_sleep_duration",
        deep = "deep_sleep_duration", rem = "rem_sleep_duration", awake = "awake_time",
          efficiency = "efficiency",
        hr_avg = "average_heart_rate", hr_min = "lowest_heart_rate", hrv_avg = "average_hrv",
        breath = "average_breath" } },
    { name = "activity", holds = KNOWN, list = ".daily_activity[]", day = { at = "day" },
      totals = { { at = "steps", metric = "steps", unit = "{step}" },
        { at = "active_calories", metric = "active_energy", unit = "kcal" } } },
    { name = "readiness", holds = KNOWN, list = ".daily_readiness[]", time = { at = "day", clock = "wall" },
      lasts_day = true, values = { { at = "score", metric = "readiness", unit = "{score}",
        skip_zero = true } } },
  },
}
