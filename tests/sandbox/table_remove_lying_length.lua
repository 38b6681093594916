-- expect: error used more than
local t = setmetatable({}, { __len = function() return 1 << 40 end, __newindex = function() end })
table.remove(t, 1)
