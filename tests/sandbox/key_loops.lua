-- attack: cpu as rule, 100 ms
-- ends: error 5: stopped: used more than 100 ms of CPU time
local sw = require "syncwell"
return sw.rule { on = "workout.created",
  key = function() while true do end end, run = print }
