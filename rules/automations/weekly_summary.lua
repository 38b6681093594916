-- The week in one message, Sunday evening, compared with the four weeks before.
--   syncwell rules install weekly_summary
local sw = require "syncwell"

local function average(s)
  return s.mean()
end

-- Mean of the four weeks that ended a week ago: 28 days before the last 7.
local function before(ctx, metric)
  local all, week = ctx.series(metric, { last = "35d" }), ctx.series(metric, { last = "7d" })
  if all.n <= week.n then return nil end
  return (all.sum() - (week.sum() or 0)) / (all.n - week.n)
end

local function compared(now, past)
  if not past or past == 0 then return "" end
  local percent = (now / past - 1) * 100
  if math.abs(percent) < 3 then return " (as usual)" end
  return (" (%+.0f %% against the four weeks before)"):format(percent)
end

-- "best day Thursday with 12000" and how many days have no steps at all.
local function days_of(s)
  local best = s.rows[1]
  for _, row in ipairs(s.rows) do
    best = row.value > best.value and row or best
  end
  local year, month, day = best.day:match "(%d+)-(%d+)-(%d+)"
  local noon = os.time { year = tonumber(year), month = tonumber(month), day = tonumber(day), hour = 12 }
  local name = os.date("%A", noon)
  local gaps = 7 - #s.rows
  return ("best day %s with %.0f%s"):format(name, best.value, gaps == 0 and ""
    or gaps == 1 and ", one day without any" or (", %d days without any"):format(gaps))
end

return sw.rule {
  title = "Weekly summary",
  doc = "Steps, best day, gaps, sleep, weight and workouts of the week, every Sunday at 19:00.",
  on = sw.cron "0 19 * * sun",
  catch_up = "once",
  reads = { "steps", "sleep_duration", "weight", "workout" },
  uses = { "notify" },
  run = function(_, ctx)
    local parts = {}
    local steps, sleep = ctx.series("steps", { last = "7d" }), ctx.series("sleep_duration", { last = "7d" })
    local weight, workouts = ctx.series("weight", { last = "7d" }), ctx.records("workout", { last = "7d" })
    if steps.n > 0 then
      parts[#parts + 1] = ("%.0f steps, %.0f a day%s, %s"):format(steps.sum(), average(steps),
        compared(average(steps), before(ctx, "steps")), days_of(steps))
    end
    if sleep.n > 0 then
      local minutes = average(sleep)
      parts[#parts + 1] = ("%d h %02d min of sleep a night%s"):format(minutes // 60, math.floor(minutes % 60),
        compared(minutes, before(ctx, "sleep_duration")))
    end
    if weight.n > 0 then parts[#parts + 1] = ("weight %.1f kg"):format(weight.last()) end
    if #parts + #workouts == 0 then
      return ctx.notify { title = "Your week",
        text = "Nothing came of this week: is everything still connected?" }
    end
    parts[#parts + 1] = #workouts == 1 and "1 workout" or #workouts .. " workouts"
    ctx.notify { title = "Your week", text = table.concat(parts, "; ") .. "." }
  end,
}
