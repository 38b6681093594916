-- attack: information as rule, 100 ms
-- ends: error 5: ctx has no 'sql'
local sw = require "syncwell"
return sw.rule { on = "workout.created", run = function(w, ctx)
  return ctx.sql "select * from person"
end }
