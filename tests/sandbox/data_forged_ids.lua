-- attack: data as rule, 100 ms
-- ends: error 7: 'uid' in ctx.calendar.remove must be a text
local sw = require "syncwell"
return sw.rule { on = "workout.created", uses = { "calendar:write" }, run = function(w, ctx)
  ctx.calendar.remove "../../anna/calendar"
  ctx.calendar.update { uid = "x' OR 1=1 --\27[2J", title = "y" }
  ctx.calendar.remove { uid = ("u"):rep(10000) }
end }
