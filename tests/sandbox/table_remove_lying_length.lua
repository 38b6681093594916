-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local t = setmetatable({}, { __len = function() return 1 << 40 end, __newindex = function() end })
table.remove(t, 1)
