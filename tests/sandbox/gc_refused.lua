-- attack: crash, 100 ms
-- ends: error __gc is not allowed
setmetatable({}, { __gc = function() while true do end end })
