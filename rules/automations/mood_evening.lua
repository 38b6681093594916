-- A short question in the evening, for those who write their mood down.
--   syncwell rules install mood_evening
local sw = require "syncwell"

return sw.rule {
  title = "How was today?",
  doc = "At half past nine, when you write your mood down now and then and have not today.",
  on = sw.at "21:30",
  reads = { "mood" },
  uses = { "notify" },
  run = function(_, ctx)
    local today, n = os.date "%Y-%m-%d", 0
    for _, row in ipairs(ctx.series("mood", { last = "15d" }).rows) do
      if row.day == today then return end
      n = n + 1
    end
    if n >= 3 then
      ctx.notify { title = "How was today?", text = "A number from 0 to 10 will do: syncwell log mood 7" }
    end
  end,
}
