-- In the evening, when a short walk would do.
--   syncwell rules install almost_there --set steps=8000
local sw = require "syncwell"

return sw.rule {
  title = "Almost there",
  doc = "At half past six, when you are within a short walk of your steps for the day.",
  params = {
    steps = sw.number { min = 1000, max = 50000, doc = "steps you want a day; else your goal, else 10000" },
  },
  on = sw.at "18:30",
  reads = { "steps" },
  uses = { "notify" },
  run = function(_, ctx)
    local wanted = ctx.params.steps or ctx.goal "steps" or 10000
    local missing = wanted - (ctx.series("steps", { last = "1d" }).last() or 0)
    if missing > 0 and missing <= wanted * 0.25 then
      ctx.notify { title = "Almost there", text = "{steps} steps to go: about {minutes} minutes of walking.",
        values = { steps = math.ceil(missing), minutes = math.ceil(missing / 110) } }
    end
  end,
}
