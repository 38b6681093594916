-- attack: memory as rule, 100 ms
-- ends: error of data
local sw = require "syncwell"
return sw.rule { on = "workout.created", uses = { "notify" },
  run = function(w, ctx)
    for _ = 1, 100 do ctx.notify(("x"):rep(10000)) end
  end }
