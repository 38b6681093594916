-- attack: escape as rule, 100 ms
-- ends: value 0 ways in
local sw = require "syncwell"
return sw.rule { on = "workout.created", run = function(w, ctx)
  local ways = 0
  for _, thing in ipairs { w, ctx, ctx.params, w.elapsed, w.finish, ctx.now } do
    ways = ways + (getmetatable(thing) and 1 or 0) + (pcall(setmetatable, thing, {}) and 1 or 0)
  end
  ctx.log(ways .. " ways in")
end }
