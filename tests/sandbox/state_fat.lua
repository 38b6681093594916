-- attack: memory as rule, 100 ms
-- ends: error of data
local sw = require "syncwell"
return sw.rule { on = "workout.created",
  run = function(w, ctx) ctx.state.all = ("x"):rep(200000) end }
