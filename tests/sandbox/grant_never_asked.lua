-- attack: escape as rule, 100 ms
-- ends: error 5: ctx.notify is not granted to this rule
local sw = require "syncwell"
return sw.rule { on = "workout.created", run = function(w, ctx)
  ctx.notify "hello"
end }
