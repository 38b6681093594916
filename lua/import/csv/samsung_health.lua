-- SPDX-License-Identifier: MIT
-- Samsung Health's export: the table's name and version stand above the header, times are in UTC with an
-- offset beside them. Steps of a day have a row a source: the merged one (-2) is the day. Found by
-- lua/shapes.lua.
local sleeps = require("sleeps")

local STAGES = { ["40001"] = "awake", ["40002"] = "light", ["40003"] = "deep", ["40004"] = "rem" }

local function prefixed(prefix, name)
  return { ("com.samsung.%s.%s"):format(prefix, name), name }
end

local function timed(prefix, t)
  t.time = { at = prefixed(prefix, "start_time"), clock = "utc" }
  t.offset = { at = prefixed(prefix, "time_offset") }
  return t
end

local function until_end(prefix, t)
  t.finish = { at = prefixed(prefix, "end_time"), clock = "utc" }
  return timed(prefix, t)
end

-- The night as a whole: how long in bed. Its stages stand in another file, as another record of one group.
local function in_bed(_, m, out)
  if m.start_ms and m.finish_ms > m.start_ms and m.id then
    local draft = sleeps.draft(m, { id = "samsung:bed:" .. m.id, seconds = {},
      attributes = { score = tonumber(m.score), efficiency = tonumber(m.efficiency) } })
    out.record(draft)
  end
end

local function stage(state, m)
  if not m.start_ms or not STAGES[m.stage or ""] or not m.night or m.finish_ms <= m.start_ms then
    return
  end
  local n = state.nights[m.night]
  if not n then
    n = { id = m.night, start_ms = m.start_ms, finish_ms = m.finish_ms, origin = m.origin, stages = {},
      offset_start = m.offset_start, offset_finish = m.offset_finish }
    state.nights[m.night], state.order[#state.order + 1] = n, n
  end
  n.start_ms, n.finish_ms = math.min(n.start_ms, m.start_ms), math.max(n.finish_ms, m.finish_ms)
  n.stages[#n.stages + 1] = { start = m.start_ms, finish = m.finish_ms, stage = STAGES[m.stage] }
end

local function finish(state, out)
  for _, n in ipairs(state.order) do
    table.sort(n.stages, function(a, b)
      return a.start < b.start
    end)
    out.record(sleeps.draft(n, { id = "samsung:sleep:" .. n.id, stages = n.stages }))
  end
end

local HEART, SLEEP = "health.heart_rate", "health.sleep"

return {
  name = "samsung_health", title = "Samsung Health export", provider = "samsung_health",
  origin = { name = "Samsung Health", maker = "samsung", kind = "watch" },
  start = function()
    return { nights = {}, order = {} }
  end,
  finish = finish,
  tables = {
    { name = "steps", columns = { "day_time", "source_type", "count", "binning_data" },
      day = { at = "day_time" },
      where = { { at = "source_type", is = "-2" } },
      totals = { { at = "count", metric = "steps", unit = "{step}" },
        { at = "distance", metric = "distance", unit = "m" } } },
    timed("health.weight", { name = "weight", columns = { "weight", "body_fat", "start_time" },
      values = { { at = "weight", metric = "weight", unit = "kg", skip_zero = true },
        { at = "body_fat", metric = "body_fat", unit = "%", skip_zero = true },
        { at = "height", metric = "height", unit = "cm", skip_zero = true } } }),
    until_end(HEART, { name = "heart_rate", columns = { prefixed(HEART, "heart_rate"), prefixed(HEART,
      "start_time"),
      prefixed(HEART, "heart_beat_count") }, values = { { at = prefixed(HEART, "heart_rate"),
        metric = "heart_rate",
        unit = "bpm", skip_zero = true } } }),
    until_end(SLEEP, { name = "night", row = in_bed, columns = { prefixed(SLEEP, "start_time"),
      prefixed(SLEEP, "end_time"), prefixed(SLEEP, "datauuid"), "sleep_duration" },
      fields = { id = prefixed(SLEEP, "datauuid"), score = "sleep_score", efficiency = "efficiency" } }),
    until_end("health.sleep_stage", { name = "stages", row = stage, columns = { "sleep_id", "stage",
      "start_time" },
      fields = { night = "sleep_id", stage = "stage" } }),
  },
}
