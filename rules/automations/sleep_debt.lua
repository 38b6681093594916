-- The week's sleep in the morning, when it is short.
--   syncwell rules install sleep_debt --set need=7h30min
local sw = require "syncwell"

return sw.rule {
  title = "Sleep debt",
  doc = "On weekday mornings, when the last seven nights fell short of what you need by three hours or more.",
  params = { need = sw.duration { default = "7h", doc = "sleep you need a night" } },
  on = sw.at "08:00 on weekdays",
  cooldown = "3d",
  reads = { "sleep_duration" },
  uses = { "notify" },
  run = function(_, ctx)
    local nights = ctx.series("sleep_duration", { last = "7d" })
    if nights.n < 5 then return end
    local missing = (ctx.params.need.min * nights.n - nights.sum()) / 60
    if missing >= 3 then
      ctx.notify { title = "Sleep", values = { hours = math.floor(missing + 0.5) },
        text = "{hours} hours of sleep are missing since a week ago. An early evening would do you good." }
    end
  end,
}
