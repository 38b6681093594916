-- attack: escape as rule, 100 ms
-- ends: error rule takes a plain table
local sw = require "syncwell"
local spec = setmetatable({ on = "workout.created", run = function() end },
  { __index = function() return "\27" end, __pairs = function() return function() end end })
return sw.rule(spec)
