-- attack: escape as rule, 100 ms
-- ends: value hello
local sw = require "syncwell"
return sw.rule { on = "workout.created", run = function(w, ctx)
  rawset(ctx, "user", "anna")
  rawset(ctx, "notify", print)
  pcall(function() ctx.user = "anna" end)
  ctx.notify "hello"
end }
