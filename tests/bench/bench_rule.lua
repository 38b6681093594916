-- G1: the rule whose dispatch is measured: a switch and a message.
local sw = require "syncwell"

return sw.rule {
  title = "Drink", on = sw.event "workout.created", uses = { "notify" },
  when = function(w) return w.elapsed_s > 3600 end,
  run = function(w, ctx)
    ctx.notify { text = "drink after " .. w.sport, title = "Hydration" }
  end,
}
