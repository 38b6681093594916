-- attack: cpu, 100 ms
-- ends: error 3: stopped: used more than 100 ms of CPU time
local mt = { __eq = function() while true do end end }
return setmetatable({}, mt) == setmetatable({}, mt)
