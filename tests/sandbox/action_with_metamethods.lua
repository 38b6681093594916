-- attack: escape as rule, 100 ms
-- ends: error 5: ctx.notify takes a plain table
local sw = require "syncwell"
return sw.rule { on = "workout.created", uses = { "notify" }, run = function(w, ctx)
  ctx.notify(setmetatable({ text = "x" }, { __index = function() return "evil" end, __len = function() return 1e9 end }))
end }
