-- attack: data as rule, 100 ms
-- ends: error a number that is not finite
local sw = require "syncwell"
return sw.rule { on = "workout.created", run = function(w, ctx) ctx.state.x = 1 / 0 end }
