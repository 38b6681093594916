-- attack: data as rule, 100 ms
-- ends: error 5:
local sw = require "syncwell"
return sw.rule { on = "workout.created", uses = { "calendar:write" }, run = function(w, ctx)
  ctx.calendar.add { title = "x", at = 0 / 0 }
end }
