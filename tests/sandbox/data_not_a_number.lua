-- attack: data as rule, 100 ms
-- ends: error 5:
local sw = require "syncwell"
return sw.rule { on = "workout.created", uses = { "record:write" }, run = function(w, ctx)
  ctx.record.add { kind = "note", start = w.finish, value = 0 / 0 }
end }
