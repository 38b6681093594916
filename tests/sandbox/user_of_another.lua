-- attack: information as rule, 100 ms
-- ends: value me only
local sw = require "syncwell"
return sw.rule { on = "workout.created", run = function(w, ctx)
  local found = #ctx.records("note", { last = "4000d" }) + #ctx.series("weight", { last = "4000d" })
  for _, name in ipairs { "user", "who", "person", "person_id", "home" } do
    found = found + (pcall(ctx.series, "weight", { last = "40d", [name] = "anna" }) and 1 or 0)
  end
  ctx.log(found == 0 and "me only" or "somebody else's " .. found)
end }
