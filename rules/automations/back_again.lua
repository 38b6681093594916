-- The first run (ride, swim ...) after a while without.
--   syncwell rules install back_again --set sport=cycling --set away=21d
local sw = require "syncwell"

return sw.rule {
  title = "Back again",
  doc = "A kind word for the first run after two weeks without one.",
  params = {
    sport = sw.text { default = "running", doc = "which sport" },
    away = sw.duration { default = "14d", min = "3d", max = "365d", doc = "so long without it" },
  },
  on = sw.event "workout.created",
  max_age = "12h",
  when = function(w, ctx) return w.sport == ctx.params.sport end,
  quiet_hours = "21:00-08:00",
  reads = { "workout" },
  uses = { "notify" },
  run = function(w, ctx)
    local before = { sport = w.sport, to = w.start }
    if ctx.count("workout", before) == 0 then return end -- the first of all is no return
    before.from = w.start - ctx.params.away
    if ctx.count("workout", before) == 0 then
      ctx.notify { title = "Good to see you out there",
        text = "{length} of {sport}, the first after a while. Nothing has to be caught up.",
        values = { sport = w.sport, length = w.elapsed or "some" } }
    end
  end,
}
