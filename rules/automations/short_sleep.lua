-- A kind note in the morning after a short night.
--   syncwell rules install short_sleep --set below=6h30min
local sw = require "syncwell"

return sw.rule {
  title = "Short night",
  doc = "Says so in the morning when you slept less than six hours, once per night.",
  params = { below = sw.duration { default = "6h", doc = "a night shorter than this counts as short" } },
  on = sw.event "sleep.created",
  max_age = "18h",
  when = function(w, ctx) return not w.nap and w.asleep ~= nil and w.asleep < ctx.params.below end,
  reads = {},
  uses = { "notify" },
  run = function(w, ctx)
    ctx.notify { title = "Short night", text = "You slept {asleep}. Take it a little easier today.",
      values = { asleep = w.asleep } }
  end,
}
