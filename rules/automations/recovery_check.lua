-- Low recovery on the morning of a day that is meant to be hard.
--   syncwell rules install recovery_check --set hard=tue,sat --set below=50
local sw = require "syncwell"

return sw.rule {
  title = "Recovery before a hard day",
  doc = "In the morning of the days you train hard, when recovery (or readiness) is low.",
  params = {
    hard = sw.text { default = "tue,thu,sat", doc = "days you train hard" },
    below = sw.number { default = 40, min = 1, max = 99, doc = "recovery below this is low" },
  },
  on = sw.at "07:30",
  reads = { "recovery", "readiness" },
  uses = { "notify" },
  run = function(_, ctx)
    local day = os.date("%a"):lower()
    if not ("," .. ctx.params.hard:lower():gsub("%s", "") .. ","):find("," .. day .. ",", 1, true) then
      return
    end
    local value = ctx.series("recovery", { last = "1d" }).last()
      or ctx.series("readiness", { last = "1d" }).last()
    if value and value < ctx.params.below then
      ctx.notify { title = "A hard day?", values = { recovery = math.floor(value + 0.5) },
        text = "Your recovery is {recovery} this morning. An easy session today and the hard one tomorrow "
        .. "loses nothing." }
    end
  end,
}
