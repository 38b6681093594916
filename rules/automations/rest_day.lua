-- Six days of training in a row: rest is part of it.
--   syncwell rules install rest_day
local sw = require "syncwell"

return sw.rule {
  title = "A day of rest",
  doc = "After a workout on each of six days in a row: a word for a day without. Once a row.",
  on = sw.streak { records = "workout", per = "day", lengths = { 6 } },
  quiet_hours = "21:00-08:00",
  reads = {},
  uses = { "notify" },
  run = function(_, ctx)
    ctx.notify { title = "Six in a row",
      text = "Six days with a workout each. A day of rest makes you no weaker." }
  end,
}
