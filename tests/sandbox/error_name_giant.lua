-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
-- ends: error MB of memory
-- ends: error attempt to
local name = ("n"):rep(3000000)
while true do pcall(function() return #(nil + setmetatable({}, { __name = name })) end) end
