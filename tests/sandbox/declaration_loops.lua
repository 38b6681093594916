-- attack: cpu as rule, 100 ms
-- ends: error 4: stopped: used more than
local sw = require "syncwell"
while true do sw.rule { on = "workout.created", run = print } end
