-- attack: crash, 100 ms
-- ends: value true
-- ends: error 4: attempt to call a nil value
local closed = 0
for _ in function() return 1 end, nil, nil, setmetatable({}, { __close = function() closed = closed + 1 end }) do break end
return closed == 1
