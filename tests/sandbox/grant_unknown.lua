-- attack: escape as rule, 100 ms
-- ends: error 4: unknown grant 'root' in uses
local sw = require "syncwell"
return sw.rule { on = "workout.created", run = print, uses = { "root" } }
