-- The great round numbers of a life of walking.
--   syncwell rules install million_steps
local sw = require "syncwell"

return sw.rule {
  title = "A million steps",
  doc = "Says so when your steps pass one, five and ten million since the first day that is known.",
  on = sw.milestone { "steps", totals = { 1e6, 5e6, 10e6 } },
  quiet_hours = "21:00-08:00",
  reads = {},
  uses = { "notify" },
  run = function(w, ctx)
    ctx.notify { title = "A milestone", text = "You have walked {millions} million steps.",
      values = { millions = math.floor(w.value / 1e6 + 0.5) } }
  end,
}
