-- attack: memory, 100 ms
-- ends: error used more than 100 ms of CPU time
local t = setmetatable({}, { __len = function() return 1 << 40 end, __index = function() return "" end })
return #table.concat(t)
