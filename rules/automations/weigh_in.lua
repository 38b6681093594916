-- A hint when the scale was not stepped on for a while.
--   syncwell rules install weigh_in
local sw = require "syncwell"

return sw.rule {
  title = "Weigh-in",
  doc = "Reminds you when there is no weight for 8 days. It says nothing if you never weighed yourself.",
  on = sw.absent { "weight", lasting = "8d" },
  quiet_hours = "21:00-07:00",
  reads = {},
  uses = { "notify" },
  run = function(_, ctx)
    ctx.notify { title = "Weigh-in", text = "There is no weight for eight days. Tomorrow morning, perhaps?" }
  end,
}
