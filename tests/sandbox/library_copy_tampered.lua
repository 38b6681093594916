-- attack: escape as rule, 100 ms
-- ends: value fired, 0 actions
local sw = require "syncwell"
sw.event = function() return { kind = "event", "workout.created", provider = "\27" } end
sw.rule, sw.quantity = sw.rule, nil
string.match = function() error("caught you") end
return sw.rule { on = "workout.created", run = function() end }
