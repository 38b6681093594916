-- attack: memory as rule, 100 ms
-- ends: error nested
local sw = require "syncwell"
local params = {}
local rule = sw.rule { on = "workout.created", run = print, params = params }
params.again = rule
return rule
