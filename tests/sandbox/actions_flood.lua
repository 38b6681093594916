-- attack: memory as rule, 100 ms
-- ends: error 6: more than 200 actions in one firing
local sw = require "syncwell"
return sw.rule { on = "workout.created", uses = { "notify" },
  run = function(w, ctx)
    while true do ctx.notify "x" end
  end }
