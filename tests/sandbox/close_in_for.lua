-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local guard = setmetatable({}, { __close = function() while true do end end })
for _ in function() return nil end, nil, nil, guard do end
