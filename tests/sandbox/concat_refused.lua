-- expect: error __concat is not allowed
setmetatable({}, { __concat = function() return "" end })
