-- NAME: what it does, in one line.
--   syncwell test   |   syncwell rules backtest NAME --since 1y   |   syncwell rules why NAME
local sw = require "syncwell"

return sw.rule {
  title = "NAME",
  doc = "Says so when a workout was long.",
  params = { min = sw.duration { default = "60min", doc = "shorter workouts are left alone" } },
  on = sw.event "workout.created",
  max_age = "12h", -- older data fires nothing
  when = function(w, ctx) return w.elapsed ~= nil and w.elapsed > ctx.params.min end,
  reads = {}, -- metrics and kinds it asks for by ctx.series and ctx.records
  uses = { "notify" },
  run = function(w, ctx)
    ctx.notify { title = "Well done", text = "That was " .. tostring(w.elapsed) .. "." }
  end,
}
