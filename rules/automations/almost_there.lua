-- In the evening, when a short walk would do.
--   syncwell rules install almost_there --set steps=8000
local sw = require "syncwell"

return sw.rule {
  title = "Almost there",
  doc = "At half past six, when you are within a short walk of your steps for the day.",
  params = { steps = sw.number { default = 10000, min = 1000, max = 50000, doc = "steps you want a day" } },
  on = sw.at "18:30",
  reads = { "steps" },
  uses = { "notify" },
  run = function(_, ctx)
    local walked = ctx.series("steps", { last = "1d" }).last() or 0
    local missing = ctx.params.steps - walked
    if missing > 0 and missing <= ctx.params.steps * 0.25 then
      ctx.notify { title = "Almost there", text = "{steps} steps to go: about {minutes} minutes of walking.",
        values = { steps = math.ceil(missing), minutes = math.ceil(missing / 110) } }
    end
  end,
}
