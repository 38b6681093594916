-- expect: error used more than
local t = setmetatable({}, { __len = function() return 1 << 40 end, __newindex = function() end })
table.insert(t, 1, "x")
