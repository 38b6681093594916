-- attack: cpu, 100 ms
-- ends: error 3: stopped: used more than 100 ms of CPU time
return setmetatable({}, { __index = function() while true do end end }).x
