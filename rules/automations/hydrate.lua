-- A reminder to drink, half an hour after a long workout ends.
--   syncwell rules install hydrate --set min=45min
local sw = require "syncwell"

return sw.rule {
  title = "Hydration reminder",
  doc = "Puts a reminder to drink into the calendar 30 minutes after a workout over an hour.",
  params = { min = sw.duration { default = "60min", doc = "shorter workouts are ignored" } },
  on = sw.event "workout.created",
  max_age = "12h",
  when = function(w, ctx) return w.elapsed > ctx.params.min end,
  reads = {},
  uses = { "calendar:write" },
  run = function(w, ctx)
    ctx.calendar.add { title = "Hydration reminder", at = w.finish + "30min", duration = "10min",
      if_past = "skip" }
  end,
}
