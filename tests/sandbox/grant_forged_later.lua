-- attack: escape as rule, 100 ms
-- ends: error an action was asked for that was not granted
-- The box believes its own table; the engine goes by what was declared when the file was loaded.
local sw = require "syncwell"
local mine
mine = sw.rule { on = "workout.created", uses = {}, run = function(w, ctx)
  mine.uses[1] = "calendar:write"
  ctx.calendar.add { title = "x", at = w.finish + "30min" }
end }
return mine
