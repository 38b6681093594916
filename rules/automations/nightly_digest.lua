-- The day in one message, every evening: steps, movement, last night's sleep, resting pulse.
--   syncwell rules install nightly_digest --set channel=ntfy
local sw = require "syncwell"

local function hours(minutes)
  return ("%d h %02d min"):format(minutes // 60, math.floor(minutes % 60))
end

-- Today's value and, where the last two weeks say what is usual, how it compares.
local function today(ctx, metric, form)
  local s = ctx.series(metric, { last = "1d" })
  if s.n == 0 then return nil end
  local text, past = form(s.last()), ctx.series(metric, { last = "15d" })
  if past.n < 8 then return text end
  local usual = (past.sum() - s.last()) / (past.n - 1)
  if usual <= 0 then return text end
  local percent = (s.last() / usual - 1) * 100
  if math.abs(percent) < 5 then return text .. " (as usual)" end
  return ("%s (%+.0f %%)"):format(text, percent)
end

local function workout_line(w)
  local length = w.elapsed_s and (" " .. hours(w.elapsed_s / 60)) or ""
  local far = w.distance_m and (", %.1f km"):format(w.distance_m / 1000) or ""
  return (w.sport or "workout") .. length .. far
end

return sw.rule {
  title = "Nightly digest",
  doc = "The day in one message at 21:00: steps, workouts, sleep and resting pulse beside your usual.",
  params = { channel = sw.text { default = "", doc = "where to: ntfy, email ...; empty: the default" } },
  on = sw.cron "0 21 * * *",
  catch_up = "skip",
  reads = { "steps", "sleep_duration", "resting_heart_rate", "workout" },
  uses = { "notify" },
  run = function(_, ctx)
    local parts = {}
    local function add(label, text)
      parts[#parts + 1] = text and label .. " " .. text
    end
    add("steps", today(ctx, "steps", function(v) return ("%.0f"):format(v) end))
    add("slept", today(ctx, "sleep_duration", hours))
    add("resting pulse", today(ctx, "resting_heart_rate", function(v) return ("%.0f"):format(v) end))
    for _, w in ipairs(ctx.records("workout", { last = "1d" })) do
      add("did", workout_line(w))
    end
    local channel = ctx.params.channel ~= "" and ctx.params.channel or nil
    ctx.notify { title = "Your day", channel = channel,
      text = #parts > 0 and table.concat(parts, "\n") or "Nothing was recorded today." }
  end,
}
