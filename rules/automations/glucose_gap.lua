-- No glucose for a day: the sensor has ended, or its sync.
--   syncwell rules install glucose_gap
local sw = require "syncwell"

return sw.rule {
  title = "Glucose sensor is silent",
  doc = "Tells you when no glucose came for a day. It says nothing if you never measured it.",
  on = sw.absent { "blood_glucose", lasting = "1d" },
  quiet_hours = "22:00-07:00",
  reads = {},
  uses = { "notify" },
  run = function(_, ctx)
    ctx.notify { title = "Glucose sensor", text = "No glucose came for a day. Has the sensor ended? "
      .. "`syncwell connections` tells how the sync is." }
  end,
}
