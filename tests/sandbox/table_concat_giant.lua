-- expect: error
local t = setmetatable({}, { __len = function() return 1 << 40 end, __index = function() return "" end })
return #table.concat(t)
