-- Caffeine in the afternoon, said in the evening, when there is still something to do about tomorrow.
--   syncwell rules install late_caffeine --set after=15 --set most=60
local sw = require "syncwell"

return sw.rule {
  title = "Late caffeine",
  doc = "In the evening, when more caffeine was written down after two o'clock than you want.",
  params = {
    after = sw.number { default = 14, min = 0, max = 23, doc = "the hour from which on it counts" },
    most = sw.number { default = 40, min = 0, max = 1000, doc = "milligrams that are fine" },
  },
  on = sw.at "20:30",
  reads = { "caffeine" },
  uses = { "notify" },
  run = function(_, ctx)
    local today, late = os.date "%Y-%m-%d", 0
    for _, row in ipairs(ctx.series("caffeine", { last = "1d", every = "hour" }).rows) do
      if row.hour:sub(1, 10) == today and tonumber(row.hour:sub(12, 13)) >= ctx.params.after then
        late = late + row.value
      end
    end
    if late > ctx.params.most then
      ctx.notify { title = "Caffeine",
        text = "{amount} mg of caffeine after {hour}:00 today. If sleep comes late tonight, that may be why.",
        values = { amount = math.floor(late + 0.5), hour = ctx.params.after } }
    end
  end,
}
