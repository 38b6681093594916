-- Nothing came from the wrist for two days: a dead battery, or a sync that stopped.
--   syncwell rules install silent_watch
local sw = require "syncwell"

return sw.rule {
  title = "Silent watch",
  doc = "Tells you when no heart rate came for two days, so that a gap does not grow unseen.",
  on = sw.absent { "heart_rate", lasting = "2d" },
  quiet_hours = "21:00-08:00",
  reads = {},
  uses = { "notify" },
  run = function(_, ctx)
    ctx.notify { title = "Your watch is silent",
      text = "No heart rate came for two days. Is it charged, worn and "
      .. "connected? `syncwell connections` tells how the sync is." }
  end,
}
