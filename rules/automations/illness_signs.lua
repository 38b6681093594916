-- Several signs at once that often come before a cold, worded with care.
--   syncwell rules install illness_signs
local sw = require "syncwell"

-- How far the newest value lies from the 28 days before, in their spread; nil when that cannot be said.
local function off(ctx, metric)
  local s = ctx.series(metric, { last = "29d" })
  if s.n < 15 then return nil end
  local sum, squares, n = 0, 0, s.n - 1
  for i = 1, n do sum, squares = sum + s[i], squares + s[i] * s[i] end
  local mean = sum / n
  local spread = math.sqrt(math.max(0, squares / n - mean * mean))
  return spread > 0 and (s.last() - mean) / spread or nil
end

return sw.rule {
  title = "Signs of strain",
  doc = "In the morning, when resting pulse is up and heart rate variability down, far from your usual.",
  on = sw.at "08:30",
  cooldown = "5d",
  reads = { "resting_heart_rate", "hrv_rmssd", "respiratory_rate" },
  uses = { "notify" },
  run = function(_, ctx)
    local pulse, hrv = off(ctx, "resting_heart_rate"), off(ctx, "hrv_rmssd")
    local breath = off(ctx, "respiratory_rate")
    local signs = (pulse and pulse > 1.5 and 1 or 0) + (hrv and hrv < -1.5 and 1 or 0)
      + (breath and breath > 1.5 and 1 or 0)
    if signs >= 2 then
      ctx.notify { title = "An easy day, perhaps",
        text = "Several of your figures are far from your usual this "
        .. "morning. That can be strain, little sleep or a cold coming; it need not be anything." }
    end
  end,
}
