-- attack: escape as rule, 100 ms
-- ends: error key must return a text or a number
local sw = require "syncwell"
return sw.rule { on = "workout.created", key = function() return {} end, run = function() end }
