-- The longest run (ride, swim ...) of a year.
--   syncwell rules install longest_yet --set least=10
local sw = require "syncwell"

return sw.rule {
  title = "Longest of the year",
  doc = "Says so when a workout went further than all of its sport in the year before.",
  params = { least = sw.number { default = 5, min = 1, max = 100, doc = "so many to compare with" } },
  on = sw.event "workout.created",
  max_age = "2d",
  when = function(w) return w.sport ~= nil and w.distance ~= nil and w.distance > "1km" end,
  quiet_hours = "21:00-08:00",
  reads = { "workout" },
  uses = { "notify" },
  run = function(w, ctx)
    local n, far = 0, 0
    for _, past in ipairs(ctx.records("workout", { last = "365d", sport = w.sport, limit = 2000 })) do
      if past.id ~= w.id and past.distance_m then
        n, far = n + 1, math.max(far, past.distance_m)
      end
    end
    if n >= ctx.params.least and w.distance_m > far * 1.02 then
      ctx.notify { title = "Further than all year",
        text = "{distance} of {sport}: the longest in twelve months.",
        values = { distance = w.distance, sport = w.sport } }
    end
  end,
}
