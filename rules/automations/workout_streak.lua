-- A warm word when you moved so many days in a row.
--   syncwell rules install workout_streak
local sw = require "syncwell"

local words = { [7] = "A whole week", [30] = "Thirty days", [100] = "A hundred days" }

return sw.rule {
  title = "Workout streak",
  doc = "Says so when there was a workout on 7, 30 and 100 days in a row. A gap is never mentioned.",
  on = sw.streak { records = "workout", per = "day", lengths = { 7, 30, 100 } },
  quiet_hours = "21:00-08:00",
  reads = {},
  uses = { "notify" },
  run = function(w, ctx)
    ctx.notify { title = "Well done", text = "{days} with a workout each day. Rest counts too.",
      values = { days = words[w.n] } }
  end,
}
