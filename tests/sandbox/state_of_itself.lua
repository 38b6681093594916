-- attack: memory as rule, 100 ms
-- ends: error nested too deeply
local sw = require "syncwell"
return sw.rule { on = "workout.created",
  run = function(w, ctx) ctx.state.all = ctx.state end }
