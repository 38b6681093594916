-- attack: data as rule, 100 ms
-- ends: error 7: 'where' in ctx.records must be a table with names
local sw = require "syncwell"
return sw.rule { on = "workout.created", run = function(w, ctx)
  local deep = {}
  for _ = 1, 100 do deep = { deep } end
  ctx.records("note", { where = deep })
end }
