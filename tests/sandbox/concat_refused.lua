-- attack: crash, 100 ms
-- ends: error __concat is not allowed
setmetatable({}, { __concat = function() return "" end })
