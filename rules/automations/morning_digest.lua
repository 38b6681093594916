-- The night and the day before in one message at seven: sleep, pulse at rest, steps, workouts.
--   syncwell rules install morning_digest
local sw = require "syncwell"

local DAY_S = 86400

local function hours(minutes)
  return ("%d h %02d min"):format(minutes // 60, math.floor(minutes % 60))
end

local function whole(value)
  return ("%.0f"):format(value)
end

-- The value of a day, and how it compares with the two weeks before where there are enough of them.
local function told(ctx, metric, day, form)
  local value, sum, n = nil, 0, 0
  for _, row in ipairs(ctx.series(metric, { last = "16d" }).rows) do
    if row.day == day then
      value = row.value
    elseif row.day < day then
      sum, n = sum + row.value, n + 1
    end
  end
  if not value or n < 7 or sum <= 0 then return value and form(value) end
  local percent = (value / (sum / n) - 1) * 100
  if math.abs(percent) < 5 then return form(value) .. " (as usual)" end
  return ("%s (%+.0f %%)"):format(form(value), percent)
end

-- Some phones know no more of a night than how long it was.
local function in_bed(ctx, today)
  for _, night in ipairs(ctx.records("sleep", { last = "24h" })) do
    if night.day == today and night.in_bed_s and not night.asleep_s then
      return hours(night.in_bed_s / 60)
    end
  end
end

local function workout_line(w)
  local length = w.elapsed_s and (" " .. hours(w.elapsed_s / 60)) or ""
  local far = w.distance_m and (", %.1f km"):format(w.distance_m / 1000) or ""
  return (w.sport or "workout") .. length .. far
end

return sw.rule {
  title = "Morning digest",
  doc = "Last night, and yesterday's steps and workouts, in one message at 07:00, beside your usual.",
  params = { channel = sw.text { default = "", doc = "where to: ntfy, email ...; empty: the default" } },
  on = sw.cron "0 7 * * *",
  catch_up = "skip",
  reads = { "steps", "sleep_duration", "sleep", "resting_heart_rate", "workout" },
  uses = { "notify" },
  run = function(_, ctx)
    local now = os.time()
    local today, yesterday = os.date("%Y-%m-%d", now), os.date("%Y-%m-%d", now - DAY_S // 2)
    local parts = {}
    local function add(label, text)
      parts[#parts + 1] = text and label .. " " .. text
    end
    add("slept", told(ctx, "sleep_duration", today, hours))
    if #parts == 0 then add("in bed", in_bed(ctx, today)) end
    add("resting pulse", told(ctx, "resting_heart_rate", today, whole))
    add("yesterday: steps", told(ctx, "steps", yesterday, whole))
    for _, w in ipairs(ctx.records("workout", { last = "31h" })) do
      if w.day == yesterday then add("yesterday: did", workout_line(w)) end
    end
    local channel = ctx.params.channel ~= "" and ctx.params.channel or nil
    ctx.notify { title = "Good morning", channel = channel,
      text = #parts > 0 and table.concat(parts, "\n") or "Nothing has come of last night and yesterday yet." }
  end,
}
