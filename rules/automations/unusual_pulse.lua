-- The resting heart rate left its usual range for two days.
--   syncwell rules install unusual_pulse
local sw = require "syncwell"

return sw.rule {
  title = "Unusual resting pulse",
  doc = "Tells you when your resting heart rate stays well above your last four weeks for two days.",
  on = sw.baseline { "resting_heart_rate", above = "mean28d+2sd", lasting = "2d" },
  quiet_hours = "21:00-08:00",
  reads = {},
  uses = { "notify" },
  run = function(w, ctx)
    ctx.notify { title = "Resting pulse",
      text = "Your resting heart rate is {pulse}, higher than in the last four weeks. Poor sleep, stress, "
      .. "a drink or a cold do that; this is no diagnosis.", values = { pulse = math.floor(w.value + 0.5) } }
  end,
}
